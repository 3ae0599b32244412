"""A client of the live stream that goes on at another server, written from the contract alone."""

import asyncio
import json
import time

import websockets

bytes_per_second = 32_000
piece_seconds = 0.1
# A server that says nothing for so long, though it is pinged, is taken for gone.
silence_seconds = 0.8


class ResumableClient:
    """Sends 16 kHz mono audio and collects finals; when a connection breaks it asks its servers in turn."""

    def __init__(self, urls, audio, speed=4):
        self.urls = urls
        self.audio = audio
        self.speed = speed
        self.finals = []
        self.resumptions = []  # (url, next_sample, seconds since the last message of the server before)
        self.restarts = 0
        self.errors = []
        self.sent = 0  # samples
        self.finalised = 0
        self.ack = None
        self.last_heard = time.monotonic()

    @property
    def last_sequence(self):
        return self.finals[-1]["sequence"] if self.finals else 0

    async def run(self, seconds=120):
        """Until the server says that everything was heard."""
        deadline = time.monotonic() + seconds
        at = 0
        while time.monotonic() < deadline:
            url = self.urls[at % len(self.urls)]
            at += 1
            try:
                async with asyncio.timeout(5):
                    socket = await websockets.connect(url, open_timeout=1, close_timeout=0.1, ping_interval=None)
            except (OSError, TimeoutError, websockets.InvalidHandshake):
                await asyncio.sleep(0.05)
                continue
            try:
                if await self.converse(socket, url):
                    return
            except (websockets.ConnectionClosed, TimeoutError):
                pass
            finally:
                socket.transport.abort()
            await asyncio.sleep(0.05)
        raise AssertionError(f"not over within {seconds} s: {self.last_sequence} finals, {self.resumptions}")

    async def converse(self, socket, url):
        start = {"type": "start", "sample_rate": 16000, "channels": 1, "language": "en"}
        if self.ack:
            start = {
                "type": "start", "session_id": self.ack["session_id"], "resume_token": self.ack["resume_token"],
                "last_sequence": self.last_sequence}
        await socket.send(json.dumps(start))
        sender = None
        try:
            while True:
                message = json.loads(await self.receive(socket))
                if message["type"] == "error":
                    self.errors.append(message)
                match message["type"]:
                    case "error" if message["code"] in ("not-primary", "not-ready", "overloaded"):
                        return False
                    case "error" if message["code"] == "session-unknown" and self.ack:
                        raise AssertionError(f"the session is lost: {message}")
                    case "ack":
                        self.ack = message
                        sender = asyncio.create_task(self.send(socket, 0))
                    case "resumed":
                        self.resumptions.append((url, message["next_sample"], time.monotonic() - self.last_heard))
                        assert message["next_sample"] >= self.finalised, "asked for audio that was finalised"
                        sender = asyncio.create_task(self.send(socket, message["next_sample"]))
                    case "final":
                        if message["sequence"] > self.last_sequence:
                            self.finals.append(message)
                    case "finalised":
                        self.finalised = message["through_sample"]
                    case "ended":
                        return True
                self.last_heard = time.monotonic()
        finally:
            if sender:
                sender.cancel()

    async def receive(self, socket):
        """The next message. A quiet server is pinged; one that does not answer either is gone."""
        while True:
            pong = await socket.ping()
            receiving = asyncio.create_task(socket.recv())
            done, _ = await asyncio.wait([receiving, pong], timeout=silence_seconds, return_when=asyncio.FIRST_COMPLETED)
            if receiving in done:
                return receiving.result()
            receiving.cancel()
            if not done:
                raise TimeoutError
            self.last_heard = time.monotonic()
            # Answered, and with nothing to say.
            try:
                return await asyncio.wait_for(socket.recv(), 0.2)
            except TimeoutError:
                continue

    async def send(self, socket, sample):
        if sample:
            await socket.send(json.dumps({"type": "position", "sample": sample}))
        at = sample * 2
        step = int(bytes_per_second * piece_seconds)
        try:
            while at < len(self.audio):
                await socket.send(self.audio[at : at + step])
                at = min(len(self.audio), at + step)
                # What was sent before the cut is sent again as fast as it is taken.
                if at // 2 > self.sent:
                    self.sent = at // 2
                    await asyncio.sleep(piece_seconds / self.speed)
            await socket.send('{"type":"end"}')
        except websockets.ConnectionClosed:
            pass

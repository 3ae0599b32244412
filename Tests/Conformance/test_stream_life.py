"""How a live stream begins, is taken over, and ends, and what the server does when it has to stop."""

import asyncio
import json
import os
import signal
import subprocess
import urllib.request

import pytest
import websockets
from conftest import free_port
from test_stream import START, collect, finals, url

text = "go forward ten meters"


def decoders(server):
    """The template's children."""
    def children(process):
        found = subprocess.run(["pgrep", "-P", str(process)], capture_output=True, text=True).stdout.split()
        return [int(child) for child in found]
    return [decoder for template in children(server.process.pid) for decoder in children(template)]


def test_a_session_can_begin_with_the_query(server, speech):
    async def run():
        async with websockets.connect(url(server) + "?sample_rate=16000&channels=1&language=en") as socket:
            await socket.send(speech.goforward.read_bytes() + bytes(32_000))
            await socket.send('{"type":"end"}')
            return await collect(socket, lambda m: m["type"] == "ended")

    messages = asyncio.run(run())
    assert messages[0]["type"] == "ack"
    assert [f["text"] for f in finals(messages)] == [text]


def test_a_query_that_makes_no_sense_is_refused_before_the_upgrade(server):
    async def run():
        async with websockets.connect(url(server) + "?sample_rate=fast"):
            pass

    with pytest.raises(websockets.InvalidStatus) as refusal:
        asyncio.run(run())
    assert refusal.value.response.status_code == 400
    assert json.loads(refusal.value.response.body)["code"] == "invalid-parameter"


def test_audio_after_the_end_is_an_error(server, speech):
    async def run():
        async with websockets.connect(url(server)) as socket:
            await socket.send(json.dumps(START))
            # Speech that is still being recognised keeps the session open.
            await socket.send(speech.goforward.read_bytes())
            await socket.send('{"type":"end"}')
            await socket.send(bytes(640))
            return await collect(socket, lambda m: m["type"] in ("error", "ended"))

    assert asyncio.run(run())[-1]["code"] == "unexpected-message"


def test_the_newest_connection_wins(server):
    async def run():
        async with websockets.connect(url(server)) as old:
            await old.send(json.dumps(START))
            ack = json.loads(await old.recv())
            resume = {"type": "start", "session_id": ack["session_id"], "resume_token": ack["resume_token"], "last_sequence": 0}
            async with websockets.connect(url(server)) as new:
                await new.send(json.dumps(resume))
                assert json.loads(await new.recv()) == {"type": "resumed", "next_sample": 0, "last_sequence": 0}
                assert json.loads(await old.recv())["code"] == "session-replaced"
                await new.send('{"type":"end"}')
                assert (await collect(new, lambda m: m["type"] == "ended"))[-1]["last_sequence"] == 0

    asyncio.run(run())


def test_a_server_that_stops_finalises_what_was_said(start_server, speech):
    async def run(server):
        async with websockets.connect(url(server)) as socket:
            await socket.send(json.dumps(START))
            await socket.recv()
            # No silence after it: the utterance is open.
            await socket.send(speech.goforward.read_bytes())
            await asyncio.sleep(1)
            server.process.send_signal(signal.SIGTERM)
            return await collect(socket, lambda m: m["type"] == "ended")

    with start_server() as server:
        messages = asyncio.run(run(server))
        assert [f["text"] for f in finals(messages)] == [text]
        assert messages[-1]["last_sequence"] == 1
        assert server.process.wait(10) == 0


def test_operators_have_a_listener_of_their_own(start_server):
    port = free_port()
    with start_server("--set", f"server.metrics_listen=127.0.0.1:{port}"):
        for path in ("/metrics", "/status", "/readyz"):
            assert urllib.request.urlopen(f"http://127.0.0.1:{port}{path}").status == 200


def test_an_utterance_that_is_lost_twice_is_told_and_the_session_goes_on(start_server, speech):
    async def run(server):
        audio = speech.goforward.read_bytes()
        async with websockets.connect(url(server)) as socket:
            await socket.send(json.dumps(START))
            await socket.send(audio[:48_000])
            await collect(socket, lambda m: m["type"] == "partial")
            for _ in range(2):
                (victim,) = decoders(server)
                os.kill(victim, signal.SIGKILL)
                # Its successor has heard everything again when it answers.
                while victim in decoders(server) or not decoders(server):
                    await asyncio.sleep(0.05)
                await asyncio.sleep(1)
            error = (await collect(socket, lambda m: m["type"] == "error"))[-1]
            assert error["code"] == "recogniser-failed"
            await socket.send(bytes(48_000) + audio + bytes(32_000))
            await socket.send('{"type":"end"}')
            return await collect(socket, lambda m: m["type"] == "ended")

    with start_server("--set", "stt.decoders=1", "--set", "stt.fallback=none") as server:
        assert finals(asyncio.run(run(server)))[-1]["text"] == text

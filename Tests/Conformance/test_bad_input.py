"""What a new user gets wrong and a hostile client does on purpose, against the real program."""

import array
import asyncio
import base64
import itertools
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

import pytest
import websockets
from conftest import free_port, repository, write_wav
from test_program import program
from test_stream import START, collect, finals, url

rate = 16_000
hour = 3600 * rate
text = "go forward ten meters"
mebibyte = 1 << 20


# MARK: audio


def silence(seconds):
    return bytes(2 * int(seconds * rate))


def fmt(channels=1):
    return b"fmt " + struct.pack("<IHHIIHH", 16, 1, channels, rate, 2 * channels * rate, 2 * channels, 16)


def riff(size, samples=b""):
    """A WAV whose header declares `size` bytes of samples, whatever follows."""
    whole = min(size + 36, 0xFFFF_FFFF)
    return b"RIFF" + struct.pack("<I", whole) + b"WAVE" + fmt() + b"data" + struct.pack("<I", size) + samples


def rf64(size, samples=b""):
    sizes = b"ds64" + struct.pack("<IQQQI", 28, size + 72, size, size // 2, 0)
    unknown = struct.pack("<I", 0xFFFF_FFFF)
    return b"RF64" + unknown + b"WAVE" + sizes + fmt() + b"data" + unknown + samples


def square(seconds, hertz=220):
    half = rate // hertz // 2
    period = [32767] * half + [-32767] * half
    return array.array("h", itertools.islice(itertools.cycle(period), seconds * rate)).tobytes()


def white(seconds):
    dice = random.Random(1)
    return array.array("h", (dice.choice((32767, -32767)) for _ in range(seconds * rate))).tobytes()


@pytest.fixture(scope="module")
def go_forward(speech):
    return speech.goforward.read_bytes()


@pytest.fixture
def recording(go_forward, tmp_path):
    return write_wav(tmp_path / "go.wav", go_forward)


# MARK: the program and its processes


def run(*arguments, stdout=subprocess.PIPE):
    """Runs to the end; what takes a minute hangs."""
    command = [program, *map(str, arguments)]
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, timeout=60)


def lines(done):
    return done.stderr.decode().splitlines()


def is_own_line(line):
    """Whether the program wrote the line, as a message or into its log, and not a library past it."""
    return line.startswith("mynah: ") or line.startswith('{"timestamp"')


def metrics(server):
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=10) as answer:
        samples = [line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in samples}


def resident_bytes(process):
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def children(pid):
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for thread in threads for child in thread.read_text().split()]


def decoders(server):
    return sorted(fork for template in children(server.process.pid) for fork in children(template))


def processes_that_name(words):
    """Processes whose command line holds `words`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if words.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            pass  # it ended meanwhile
    return found


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what() if callable(what) else what
        time.sleep(0.05)


# MARK: clients


async def caption(server, audio, pause=0.02):
    """Says `audio` on a session of its own; all messages up to `ended` or a close."""
    async with websockets.connect(url(server)) as socket:
        await socket.send(json.dumps(START))
        reader = asyncio.create_task(collect(socket, lambda m: m["type"] in ("ended", "error")))
        for at in range(0, len(audio), 6400):
            await socket.send(audio[at : at + 6400])
            await asyncio.sleep(pause)
        await socket.send('{"type":"end"}')
        return await asyncio.wait_for(reader, 30)


class RawClient:
    """A client made of a socket alone, so that nothing is read, and nothing is closed, unless the test does."""

    def __init__(self, server, receive_buffer=None):
        self.socket = socket.socket()
        self.received = b""
        if receive_buffer:
            # Small segments as well, because the kernel of the server buffers a number of segments.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        self.socket.connect(("127.0.0.1", server.port))
        self.socket.settimeout(20)
        self.socket.sendall(
            f"GET /v1/asr/stream HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\n\r\n".encode())
        while b"\r\n\r\n" not in self.received:
            self.receive()
        head, self.received = self.received.split(b"\r\n\r\n", 1)
        assert b" 101 " in head.splitlines()[0], head

    def receive(self):
        more = self.socket.recv(65536)
        if not more:
            raise ConnectionError("the server closed the socket")
        self.received += more

    def send(self, opcode, body):
        length = len(body)
        if length < 126:
            head = struct.pack(">BB", 0x80 | opcode, 0x80 | length)
        elif length < 1 << 16:
            head = struct.pack(">BBH", 0x80 | opcode, 0xFE, length)
        else:
            head = struct.pack(">BBQ", 0x80 | opcode, 0xFF, length)
        self.socket.sendall(head + bytes(4) + body)  # the mask is zero

    def start(self):
        self.send(1, json.dumps(START).encode())
        return json.loads(self.next_frame()[1])

    def next_frame(self):
        """The opcode and the body of the next frame."""
        while True:
            data = self.received
            if len(data) >= 2:
                length, at = data[1], 2
                if length == 126 and len(data) >= 4:
                    length, at = struct.unpack(">H", data[2:4])[0], 4
                assert length != 127, "no message of the server is that long"
                if (length != 126 or at == 4) and len(data) >= at + length:
                    self.received = data[at + length :]
                    return data[0] & 15, data[at : at + length]
            self.receive()

    def vanish(self):
        """Ends the connection with a reset, as a client does whose machine forgot it."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


# MARK: an hour of silence


def test_an_hour_of_silence_is_heard_live_in_bounded_memory(server):
    seconds_per_frame = 16  # 500 KiB: half of what a frame may have
    resident = []

    async def run():
        async with websockets.connect(url(server)) as socket:
            await socket.send(json.dumps(START))
            assert json.loads(await socket.recv())["type"] == "ack"

            async def send():
                for sent in range(0, 3600, seconds_per_frame):
                    await socket.send(silence(seconds_per_frame))
                    # What the first minutes take is the session's own: a detector, buffers, the allocator's arenas.
                    if sent >= 300:
                        resident.append(resident_bytes(server.process))
                await socket.send('{"type":"end"}')

            sender = asyncio.create_task(send())
            messages = await asyncio.wait_for(collect(socket, lambda m: m["type"] == "ended"), 60)
            await sender
            return messages

    messages = asyncio.run(run())
    assert {m["type"] for m in messages} == {"finalised", "ended"}
    assert messages[-1] == {"type": "ended", "last_sequence": 0}
    through = [m["through_sample"] for m in messages[:-1]]
    assert through[-1] == hour
    # A client forgets its audio a little behind, all the time.
    assert all(0 < b - a <= 5 * rate for a, b in itertools.pairwise([0, *through]))
    assert max(resident) - resident[0] < 6 * mebibyte


def test_an_hour_of_silence_in_a_file_is_an_empty_text(tmp_path):
    path = tmp_path / "silence.wav"
    path.write_bytes(riff(2 * hour))
    os.truncate(path, 44 + 2 * hour)
    process = subprocess.Popen([program, "transcribe", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    peak = 0
    while process.poll() is None:
        # Read until it ends, because what the kernel tells afterwards is the most of this very test runner, too.
        peak = max(peak, resident_bytes(process)) if process.poll() is None else peak
        time.sleep(0.1)
    output, errors = process.communicate()
    assert process.returncode == 0 and not errors
    assert output.strip() == b""
    assert peak < 200 * mebibyte


# MARK: headers that lie

ten_gigabytes = 10_000_000_000


@pytest.mark.parametrize("header", [
    pytest.param(rf64(ten_gigabytes), id="RF64"),
    pytest.param(rf64((1 << 64) - 73), id="RF64 of 16 EiB"),
    pytest.param(riff(0xFFFF_FFFF), id="RIFF of unknown size"),
    pytest.param(riff(3_500_000_000), id="RIFF of 3.5 GB"),
])
def test_a_file_that_declares_far_more_than_it_has_is_transcribed_as_far_as_it_goes(go_forward, tmp_path, header):
    path = tmp_path / "liar.wav"
    path.write_bytes(header + go_forward)
    done = run("transcribe", path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().strip() == text
    # Only a writer that did not know the size may leave it open; else something is missing, and that is told.
    unknown = header[-4:] == b"\xff" * 4 and header.startswith(b"RIFF")
    assert len(lines(done)) == (0 if unknown else 1)
    assert unknown or "cut off" in lines(done)[0]


@pytest.mark.parametrize("header", [
    pytest.param(rf64(ten_gigabytes), id="RF64"), pytest.param(riff(0xFFFF_FFFF), id="RIFF of unknown size")])
def test_listen_ends_where_a_file_that_declares_far_more_ends(server, go_forward, tmp_path, header):
    path = tmp_path / "liar.wav"
    path.write_bytes(header + go_forward)
    started = time.monotonic()
    done = run("listen", "--file", path, "--to", server.stream_url)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().split("\n")[0].endswith(text)
    assert time.monotonic() - started < 15


def test_a_wav_header_and_text_sent_as_samples_harm_nobody(server, go_forward):
    # An odd number of bytes, too: the last sample is half.
    garbage = riff(len(go_forward)) + b"It was a dark and stormy night; the rain fell in torrents.\n" * 4001

    async def run():
        return await asyncio.gather(caption(server, go_forward + silence(1)), caption(server, garbage, pause=0))

    neighbour, messages = asyncio.run(run())
    assert [f["text"] for f in finals(neighbour)] == [text] and neighbour[-1]["type"] == "ended"
    assert messages[-1]["type"] == "ended"
    assert [f["sequence"] for f in finals(messages)] == list(range(1, messages[-1]["last_sequence"] + 1))


# MARK: noise at full scale


@pytest.mark.parametrize("noise", [square, white])
def test_clipped_noise_is_answered_live(server, noise):
    messages = asyncio.run(caption(server, noise(10), pause=0.005))
    assert messages[-1]["type"] == "ended", messages[-1]
    assert messages[-2] == {"type": "finalised", "through_sample": 10 * rate}
    assert messages[-1]["last_sequence"] == len(finals(messages))
    for final in finals(messages):
        assert 0 <= final["confidence"] <= 1
        assert 0 <= final["start_ms"] <= final["end_ms"] <= 10_000


@pytest.mark.parametrize("noise", [square, white])
def test_clipped_noise_in_a_file_is_transcribed(tmp_path, noise):
    path = tmp_path / "noise.wav"
    samples = noise(10)
    path.write_bytes(riff(len(samples), samples))
    done = run("transcribe", "--format", "json", path)
    assert done.returncode == 0 and not done.stderr
    transcript = json.loads(done.stdout)
    assert transcript["duration_seconds"] == 10
    for segment in transcript["segments"]:
        assert 0 <= segment["confidence"] <= 1 and 0 <= segment["start_ms"] <= segment["end_ms"] <= 10_000


# MARK: clients that do not read, and clients that vanish


@pytest.fixture(scope="module")
def patient_server(start_server):
    """Few decoders, and long patience with them, so that a busy machine is not taken for a stuck decoder."""
    with start_server("--set", "stt.decoders=3", "--set", "stt.hang_timeout_ms=30000") as running:
        yield running


def test_a_client_that_does_not_read_is_closed_and_loses_nothing(patient_server, go_forward):
    server = patient_server
    taken = 'rtap_frames_processed_total{stage="capture"}'
    slow = RawClient(server, receive_buffer=2048)
    ack = slow.start()
    before = resident_bytes(server.process)
    spoken = 0

    def is_taken(audio):
        """Sends and waits until a session has it; a connection that is being closed is read, but nothing is taken."""
        count = metrics(server)[taken]
        slow.send(2, audio)
        deadline = time.monotonic() + 2.5  # a closing server waits 5 s for the answer
        while metrics(server)[taken] == count:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def is_open_after_a_round():
        nonlocal spoken
        # One utterance at a time, so that the decoders are never the reason to be refused.
        if not is_taken(go_forward + silence(2)):
            return False
        spoken += 1
        wait_until(lambda: metrics(server)["mynah_decoders_busy"] == 0, 20, "no final")
        # Then silence, of which the client is told once a second.
        return all(is_taken(silence(30)) for _ in range(40))

    # Results pile up for the one, while the other goes on as if nothing were.
    neighbour = Neighbour(server, go_forward)
    try:
        for _ in range(3):
            assert is_open_after_a_round()
    finally:
        waits = neighbour.stop()
    assert len(waits) >= 2 and max(waits) < 5, waits

    while is_open_after_a_round():
        assert spoken < 100, "hours of results wait for a client that does not read"
    # Detectors for two sessions, and what the allocator keeps; what waits for the client is counted below.
    assert resident_bytes(server.process) - before < 32 * mebibyte

    slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, mebibyte)
    read, waited = [], 0
    while (frame := slow.next_frame())[0] != 8:
        waited += len(frame[1])
        if frame[0] == 1:
            read.append(json.loads(frame[1]))
    assert (struct.unpack(">H", frame[1][:2])[0], frame[1][2:]) == (1013, b"slow-reader")
    slow.vanish()
    assert waited < mebibyte  # 256 KiB in the server, the rest in the kernel
    shown = finals(read)[:2]  # as far as it came before it stopped to read

    async def resume():
        async with websockets.connect(url(server)) as socket:
            await socket.send(json.dumps({
                "type": "start", "session_id": ack["session_id"], "resume_token": ack["resume_token"],
                "last_sequence": shown[-1]["sequence"]}))
            resumed = json.loads(await socket.recv())
            assert resumed["type"] == "resumed" and resumed["last_sequence"] == spoken
            await socket.send(go_forward + silence(1))
            await socket.send('{"type":"end"}')
            return await asyncio.wait_for(collect(socket, lambda m: m["type"] == "ended"), 30)

    got = shown + finals(asyncio.run(resume()))
    assert finals(read) == got[: len(finals(read))]
    assert [f["sequence"] for f in got] == list(range(1, spoken + 2))
    assert {f["text"] for f in got} == {text}


class Neighbour:
    """Speaks the same sentence again and again on a session of its own, until it is stopped."""

    def __init__(self, server, sentence):
        self.server, self.sentence = server, sentence
        self.is_stopping = threading.Event()
        self.waits = []
        self.failure = None
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def stop(self):
        """Seconds from the end of each sentence to its final."""
        self.is_stopping.set()
        self.thread.join(30)
        if self.failure:
            raise self.failure
        return self.waits

    def run(self):
        try:
            asyncio.run(self.converse())
        except Exception as failure:
            self.failure = failure

    async def converse(self):
        async with websockets.connect(url(self.server)) as socket:
            await socket.send(json.dumps(START))
            while not self.is_stopping.is_set() or len(self.waits) < 2:
                audio = self.sentence + silence(0.7)
                for at in range(0, len(audio), 6400):
                    await socket.send(audio[at : at + 6400])
                    await asyncio.sleep(0.1)
                spoken = time.monotonic()
                messages = await asyncio.wait_for(collect(socket, lambda m: m["type"] in ("final", "error")), 20)
                assert messages[-1].get("text") == text, messages[-1]
                self.waits.append(time.monotonic() - spoken)


def test_clients_that_vanish_in_mid_sentence_leave_nothing_behind(start_server, go_forward):
    count = 30
    flags = ["session.resume_window_seconds=1", "stt.decoders=2", "stt.hang_timeout_ms=30000"]
    with start_server(*itertools.chain(*(("--set", flag) for flag in flags))) as server:
        asyncio.run(caption(server, go_forward + silence(1)))
        wait_until(lambda: metrics(server)["mynah_active_sessions"] == 0, 10, "the first session stays")
        before = metrics(server)
        assert len(decoders(server)) == 2

        clients = [RawClient(server) for _ in range(count)]
        for client in clients:
            client.start()
            client.send(2, go_forward[: 3 * rate])  # up to the middle of "forward"
        wait_until(lambda: metrics(server)["mynah_decoders_busy"] == 2, 10, "no utterance began")
        assert metrics(server)["mynah_active_sessions"] == count
        for client in clients:
            client.vanish()

        def is_clean():
            now = metrics(server)
            quiet = ("mynah_active_sessions", "mynah_websocket_connections", "mynah_decoders_busy", "mynah_utterances_waiting")
            return all(now[name] == 0 for name in quiet) and now["process_open_fds"] <= before["process_open_fds"]

        wait_until(is_clean, 15, lambda: str(metrics(server)))
        # A decoder is taken back by replacing its process.
        wait_until(lambda: metrics(server)["mynah_decoders_ready"] == 2, 5, "decoders are missing")
        now = metrics(server)
        assert len(decoders(server)) == 2
        assert now["mynah_worker_crashes_total"] == now["mynah_worker_hangs_total"] == 0
        messages = asyncio.run(caption(server, go_forward + silence(1)))
        assert [f["text"] for f in finals(messages)] == [text]


def test_clients_that_vanish_do_not_keep_the_decoders_from_others(start_server, go_forward):
    with start_server("--set", "stt.decoders=2", "--set", "stt.hang_timeout_ms=30000") as server:
        clients = [RawClient(server) for _ in range(2)]
        for client in clients:
            client.start()
            client.send(2, go_forward[: 3 * rate])
        wait_until(lambda: metrics(server)["mynah_decoders_busy"] == 2, 10, "no utterance began")
        for client in clients:
            client.vanish()
        wait_until(lambda: metrics(server)["mynah_websocket_connections"] == 0, 10, "the connections stay")
        # Their sessions wait for them for a minute; somebody who is there need not.
        messages = asyncio.run(caption(server, go_forward + silence(1)))
        assert [m for m in messages if m["type"] == "error"] == []
        assert [f["text"] for f in finals(messages)] == [text]


def test_a_decoder_that_is_stuck_is_replaced_and_its_utterance_repeated(start_server, go_forward):
    with start_server("--set", "stt.decoders=1", "--set", "stt.hang_timeout_ms=3000") as server:
        (stuck,) = decoders(server)
        os.kill(stuck, signal.SIGSTOP)
        messages = asyncio.run(caption(server, go_forward + silence(1)))
        assert [f["text"] for f in finals(messages)] == [text]
        assert server.process.poll() is None
        assert metrics(server)["mynah_worker_hangs_total"] == 1
        assert decoders(server) != [stuck] and not Path(f"/proc/{stuck}").exists()


# MARK: broken models

model_files = ["pocketsphinx/en-us/en-us/mdef", "pocketsphinx/en-us/en-us.lm.bin", "silero/silero_vad.onnx"]


@pytest.fixture(params=model_files, ids=[Path(file).name for file in model_files])
def broken(request, tmp_path):
    """A folder of models, and the file in it that is cut off in its middle."""
    models = tmp_path / "models"
    shutil.copytree(repository / ".native/models", models, copy_function=os.symlink)
    file = models / request.param
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content[: len(content) // 2])
    return models, file


def check_refusal(done, models, file):
    """The last line names the file, or the folder of the recogniser's files; before it there is nothing but the log."""
    assert done.returncode == 69 and not done.stdout
    message = lines(done)[-1]
    assert message.startswith("mynah: ")
    assert str(file if "silero" in str(file) else models / "pocketsphinx/en-us") in message, message
    assert "Scripts/setup" in message or "mynah doctor" in message, message
    assert [line for line in lines(done) if not is_own_line(line)] == []
    wait_until(lambda: not processes_that_name(str(models)), 3, "worker processes are left")


def test_transcribe_tells_that_a_model_is_broken(broken, recording):
    models, file = broken
    check_refusal(run("transcribe", "--set", f"models.directory={models}", recording), models, file)


def test_serve_tells_that_a_model_is_broken(broken):
    models, file = broken
    address = ("127.0.0.1", free_port())
    done = run(
        "serve", "--listen", "{}:{}".format(*address), "--set", f"models.directory={models}", "--set", "stt.decoders=2",
        "--set", "output.enabled=false")
    check_refusal(done, models, file)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, 1)


def test_doctor_finds_a_broken_model(broken):
    """The errors above advise to run it: it says which file is missing or broken."""
    models, file = broken
    done = run("doctor", "--set", f"models.directory={models}")
    assert done.returncode == 69 and file.name in done.stdout.decode(), done.stdout.decode()


# MARK: full disks


@pytest.fixture
def full_disk(tmp_path):
    """A folder on a file system of 64 KiB, with an earlier transcript and no room for another byte."""
    folder = tmp_path / "full"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        (folder / "go.txt").write_text("an earlier transcript\n")
        with (folder / "fill").open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
            while True:
                file.write(bytes(4096))
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("format", ["text", "json", "srt", "vtt", "tsv"])
def test_a_full_disk_is_told_and_nothing_half_written_stays(full_disk, recording, format):
    before = sorted(path.name for path in full_disk.iterdir())
    done = run("transcribe", "--format", format, "-o", full_disk, recording)
    assert done.returncode == 73
    assert len(lines(done)) == 1 and str(full_disk) in lines(done)[0] and "room" in lines(done)[0].lower()
    assert (full_disk / "go.txt").read_text() == "an earlier transcript\n"
    assert sorted(path.name for path in full_disk.iterdir()) == before


def test_a_full_standard_output_is_told(recording):
    with open("/dev/full", "wb") as full:
        done = run("transcribe", recording, stdout=full)
    assert done.returncode == 73
    assert len(lines(done)) == 1 and lines(done)[0].startswith("mynah: The transcript cannot be written")


def test_transcripts_that_waited_for_a_full_standard_output_are_not_lost_silently(recording, go_forward, tmp_path):
    # The long one is first, so that the others are done before their text can be written.
    long = write_wav(tmp_path / "long.wav", go_forward * 6)
    with open("/dev/full", "wb") as full:
        done = run("transcribe", "--format", "json", long, recording, recording, stdout=full)
    assert done.returncode == 73
    # Its own, and what waited for it.
    assert len(lines(done)) >= 2 and all(line.startswith("mynah: The transcript cannot be written") for line in lines(done))


def test_two_inputs_of_one_name_are_refused_before_either_is_lost(recording, tmp_path):
    (tmp_path / "other").mkdir()
    other = shutil.copy(recording, tmp_path / "other")
    done = run("transcribe", "-o", tmp_path / "out", recording, other)
    assert done.returncode == 64 and str(other) in lines(done)[0]
    assert not list((tmp_path / "out").glob("*"))


def test_a_folder_that_cannot_be_made_is_told_in_words(recording, tmp_path):
    (tmp_path / "taken").write_text("a file")
    done = run("transcribe", "-o", tmp_path / "taken/deeper", recording)
    assert done.returncode == 73 and len(lines(done)) == 1
    assert str(tmp_path / "taken/deeper") in lines(done)[0]
    # The reason in words, not a library's number.
    assert "NSCocoaErrorDomain" not in lines(done)[0] and ".." not in lines(done)[0], lines(done)[0]


# MARK: contradictory configuration

contradictions = """\
server:
  listen: 0.0.0.0:9000
  metrics_listen: 0.0.0.0:9000
  idle_timeout_seconds: 4
  max_conections: 12
audio:
  sample_rate: loud
  ring_buffer_size_ms: 1000
endpointing:
  minimum_speech_ms: 2000
  maximum_utterance_ms: 1000
  silence_ms: 1500
stt:
  engine: whisper
  wait_for_decoder_ms: 30000
sttt:
  decoders: 3
log: loud
"""
# The line of each fault, and words that its message must have.
told = {
    2: ["server.listen", "server.token_file"],
    3: ["server.metrics_listen", "server.listen"],
    4: ["server.idle_timeout_seconds", "`4`", "from 5 to 3600"],
    5: ["server.max_conections", "server.max_connections"],
    7: ["audio.sample_rate", "`loud`", "from 8000 to 48000"],
    10: ["endpointing.minimum_speech_ms", "endpointing.maximum_utterance_ms"],
    12: ["endpointing.silence_ms", "endpointing.maximum_utterance_ms"],
    14: ["stt.engine", "`whisper`", "pocketsphinx"],
    15: ["stt.wait_for_decoder_ms", "audio.ring_buffer_size_ms"],
    16: ["sttt", "`stt`"],
    18: ["log", "level"],
}


@pytest.mark.parametrize("command", [["config", "check"], ["serve"], ["transcribe", "none.wav"]], ids=" ".join)
def test_every_fault_of_a_contradictory_configuration_is_told_at_once(tmp_path, command):
    file = tmp_path / "default.yaml"
    file.write_text(contradictions)
    started = time.monotonic()
    done = run(*command, "--config", tmp_path, "--set", "session.max_sessions=0")
    assert done.returncode == 78 and not done.stdout
    for number, words in told.items():
        (message,) = [line for line in lines(done) if line.startswith(f"mynah: {file}:{number}:")]
        assert all(word in message for word in words), message
    assert sum("session.max_sessions" in line and "--set" in line for line in lines(done)) == 1
    assert len(lines(done)) == len(told) + 2  # the flag, and what to do
    assert time.monotonic() - started < 5


# MARK: a port in use


@pytest.mark.parametrize("setting", ["server.listen", "server.metrics_listen"])
def test_a_port_of_another_program_is_told_by_its_number(setting):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        ports = {"server.listen": free_port(), "server.metrics_listen": free_port()} | {setting: taken}
        flags = itertools.chain(*(("--set", f"{key}=127.0.0.1:{port}") for key, port in ports.items()))
        done = run("serve", "--set", "stt.decoders=1", "--set", "output.enabled=false", *flags)
    assert done.returncode == 69
    message = lines(done)[-1]
    assert message.startswith(f"mynah: {setting}: 127.0.0.1:{taken} ") and "in use" in message, message
    # The reason in words, not a call's name.
    assert "bind(" not in message and "errno" not in message, message
    # Known before models are loaded for nothing.
    assert not any("models are warm" in line for line in lines(done))


# MARK: no such microphone


def test_a_microphone_that_does_not_exist_is_told_in_one_line(server):
    done = run("listen", "--device", "nosuchdevice", "--to", server.stream_url)
    assert done.returncode == 69 and not done.stdout
    assert "nosuchdevice" in lines(done)[-1] and "arecord -L" in lines(done)[-1]
    assert len(lines(done)) == 1, "a library writes past the program: " + "\n".join(lines(done)[:-1])

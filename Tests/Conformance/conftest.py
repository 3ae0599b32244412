"""What every conformance test shares: the real program as a server, and recordings of human speech."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
import wave
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

repository = Path(__file__).resolve().parents[2]
ready_seconds = 60
stop_seconds = 10


@dataclass
class Server:
    """A running `mynah serve` on ports of its own."""

    port: int
    process: subprocess.Popen
    log: Path
    events_port: int
    transcripts_port: int
    feed_port: int

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def stream_url(self):
        return f"ws://127.0.0.1:{self.port}/v1/asr/stream"

    @property
    def feed_url(self):
        """The WebSocket that publishes results."""
        return f"ws://127.0.0.1:{self.feed_port}/stream"

    def kill(self):
        """Ends the server as a power cut would."""
        self.process.kill()
        self.process.wait()


@dataclass
class Speech:
    """Recordings of human speech, 16 kHz mono 16-bit."""

    goforward: Path  # raw, "go forward ten meters"
    cards: list[Path]  # WAV
    librivox: list[Path]  # WAV


@pytest.fixture(scope="session")
def start_server(tmp_path_factory):
    """A context manager that starts a server and stops it on leaving: `with start_server() as server`.

    It listens on loopback unless another `host` is given, and never on a port by default: tests may run beside a server. Nor does it
    refuse sessions because the machine is slow, unless it is told to.
    """
    program = Path(os.environ.get("MYNAH_BIN", repository / ".build/debug/mynah"))
    if not program.exists():
        pytest.fail(f"{program} does not exist: run `swift build` or set MYNAH_BIN")

    @contextmanager
    def start(*flags, host="127.0.0.1", port=None, stdin=None, awaited="/readyz", data=None):
        folder = tmp_path_factory.mktemp("server")
        any_port, *outputs = free_ports(4)
        port = port or any_port
        log = folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [program, "serve", "--listen", f"{host}:{port}", *output_flags(*outputs),
                 "--set", "resilience.overload_lag_ms=0", *flags],
                stdin=stdin, stdout=output, stderr=output, cwd=folder, env=os.environ | {"MYNAH_DATA": str(data or folder / "data")})
        server = Server(port, process, log, *outputs)
        try:
            wait_until_ready(server, awaited)
            yield server
        finally:
            stop(process)

    return start


@pytest.fixture(scope="session")
def server(start_server):
    """One server for all tests that leave it as they found it."""
    with start_server() as running:
        yield running


@pytest.fixture(scope="session")
def speech():
    folder = repository / ".native/speech"
    if not folder.exists():
        pytest.fail(f"{folder} does not exist: run `Scripts/setup`")
    return Speech(folder / "goforward.raw", sorted(folder.glob("cards/*.wav")), sorted(folder.glob("librivox/*.wav")))


def write_wav(path, *parts, rate=16000):
    """A mono WAV: bytes are 16-bit samples, numbers are seconds of silence. Returns the path."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        for part in parts:
            file.writeframes(part if isinstance(part, bytes) else bytes(2 * int(part * rate)))
    return path


def free_port():
    return free_ports(1)[0]


def free_ports(count):
    """Ports that differ from each other."""
    with ExitStack() as probes:
        sockets = [probes.enter_context(socket.socket()) for _ in range(count)]
        for probe in sockets:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in sockets]


def output_flags(events, transcripts, feed):
    """The flags for the ports of the outputs."""
    ports = {"zmq_pub_port_events": events, "zmq_pub_port_transcripts": transcripts, "websocket_port": feed}
    return [flag for key, port in ports.items() for flag in ("--set", f"output.{key}={port}")]


def wait_until_ready(server, path):
    deadline = time.monotonic() + ready_seconds
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            pytest.fail(f"the server ended with {server.process.returncode}:\n{server.log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(f"{server.url}{path}", timeout=1) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(0.1)
    pytest.fail(f"not ready after {ready_seconds} s:\n{server.log.read_text()[-2000:]}")


def stop(process):
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(stop_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        pytest.fail(f"the server did not end within {stop_seconds} s of SIGTERM")

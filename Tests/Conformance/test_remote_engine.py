"""A remote engine behind the real server: a stand-in that asks of a request what OpenAI's own server asks, and goes away and comes back."""

import email
import io
import json
import os
import socket
import subprocess
import threading
import time
import wave
from contextlib import contextmanager
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import free_port, write_wav
from test_feed import fetch, metrics, sample
from test_resilience import Client, faulty_server, state, text, wait_for

key = "sk-conformance-0123456789"
far = "this was heard far away"


class Refusal(Exception):
    """What OpenAI answers a request with that is wrong."""

    def __init__(self, status, code, message):
        self.status, self.code, self.message = status, code, message


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def handle(self):
        self.server.provider.sockets.add(self.connection)
        try:
            super().handle()
        except OSError:
            pass  # the stand-in was killed

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        self.respond(lambda _: {"object": "list", "data": [{"id": "whisper-1", "object": "model"}]}, b"")

    def do_POST(self):
        self.respond(self.transcribe, self.rfile.read(int(self.headers["Content-Length"])))

    def respond(self, make, body):
        try:
            if self.headers["Authorization"] != f"Bearer {key}":
                raise Refusal(401, "invalid_api_key", f"Incorrect API key provided: {self.headers['Authorization']}.")
            self.answer(200, make(body))
        except Refusal as refusal:
            error = {"message": refusal.message, "type": "invalid_request_error", "param": None, "code": refusal.code}
            self.answer(refusal.status, {"error": error})

    def transcribe(self, body):
        if self.path != "/v1/audio/transcriptions":
            raise Refusal(404, "unknown_url", f"Unknown request URL: POST {self.path}.")
        form = email.message_from_bytes(
            b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n" + body, policy=HTTP)
        assert form.is_multipart() and not form.defects
        fields = {}
        for part in form.iter_parts():
            assert part.get_content_disposition() == "form-data" and not part.defects
            fields.setdefault(part.get_param("name", header="Content-Disposition"), []).append(part)
        value = {name: parts[0].get_payload(decode=True) for name, parts in fields.items()}
        plain = {name: content.decode() for name, content in value.items() if name != "file"}
        if set(fields) - {"file", "model", "language", "prompt", "response_format", "temperature", "timestamp_granularities[]"}:
            raise Refusal(400, "unknown_parameter", "Unknown parameter.")
        if plain.get("model") != "whisper-1":
            raise Refusal(404, "model_not_found", "The model does not exist.")
        if "timestamp_granularities[]" in plain and plain.get("response_format") != "verbose_json":
            raise Refusal(400, "invalid_parameter", "timestamp_granularities needs verbose_json.")
        if not fields["file"][0].get_filename().endswith(".wav"):
            raise Refusal(400, None, "Invalid file format.")
        with wave.open(io.BytesIO(value["file"])) as audio:
            assert (audio.getframerate(), audio.getnchannels(), audio.getsampwidth()) == (16000, 1, 2)
            seconds = audio.getnframes() / 16000
        if seconds < 0.1:
            raise Refusal(400, "audio_too_short", "Minimum audio length is 0.1 seconds.")
        provider = self.server.provider
        provider.requests.append(plain | {"seconds": seconds})
        time.sleep(provider.delay)
        if provider.holds.is_set():
            provider.released.wait(60)
        words = far.split()
        step = seconds / len(words)
        timed = [{"word": word, "start": at * step, "end": (at + 1) * step} for at, word in enumerate(words)]
        return {"task": "transcribe", "language": "english", "duration": seconds, "text": far, "words": timed}


class Provider:
    """A stand-in on a port that stays the same when it goes away and comes back."""

    def __init__(self):
        self.port = free_port()
        self.requests = []
        self.delay = 0
        self.holds = threading.Event()
        self.start()

    @property
    def settings(self):
        return [f"stt.openai.base_url=http://127.0.0.1:{self.port}", "stt.openai.timeout_ms=4000"]

    def start(self):
        self.sockets = set()
        self.released = threading.Event()
        self.holds.clear()
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.server.provider = self
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def kill(self):
        """As a crash would: connections break in the middle."""
        self.server.shutdown()
        self.server.server_close()
        for one in self.sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.released.set()


@pytest.fixture
def provider(monkeypatch):
    monkeypatch.setenv("MYNAH_STT_OPENAI_API_KEY", key)
    provider = Provider()
    yield provider
    provider.kill()


@contextmanager
def remote_server(start_server, provider, *settings):
    flags = [flag for setting in ["stt.engine=openai", *provider.settings, *settings] for flag in ("--set", setting)]
    with start_server(*flags) as server:
        yield server


def test_a_live_stream_is_recognised_far_away(start_server, speech, provider):
    with remote_server(start_server, provider, "stt.openai.price_per_minute=0.006") as server, Client(server) as client:
        status = fetch(f"{server.url}/status")
        assert status["engine"] == "openai (127.0.0.1)" and status["model"] == "whisper-1"
        client.say(speech)
        message = json.loads(client.socket.recv(timeout=20))
        while message["type"] != "final":
            message = json.loads(client.socket.recv(timeout=20))
        assert message["text"] == far
        times = [(word["start_ms"], word["end_ms"]) for word in message["words"]]
        assert len(times) == 5 and times == sorted(times) and all(start < end for start, end in times)
        (request,) = provider.requests
        assert request["language"] == "en" and request["response_format"] == "verbose_json"
        assert request["timestamp_granularities[]"] == "word" and 1 < request["seconds"] < 5
        seen = metrics(server)
        assert sample(seen, "mynah_remote_requests_total", kind="transcription", outcome="ok", provider="127.0.0.1") == 2
        assert sample(seen, "mynah_remote_audio_seconds_total") == pytest.approx(request["seconds"])
        assert sample(seen, "mynah_remote_cost_total") == pytest.approx(request["seconds"] * 0.0001)
        assert sample(seen, "mynah_remote_request_seconds_count") == 2
        assert client.rest() == []
        assert key not in server.log.read_text()


def test_what_is_said_while_the_provider_is_away_is_heard_by_the_fall_back(start_server, speech, provider):
    with remote_server(
        start_server, provider, "resilience.circuit_breaker.failure_threshold=2", "resilience.circuit_breaker.reset_timeout=2"
    ) as server, Client(server) as client:
        assert client.ask(speech) == far
        provider.holds.set()
        client.say(speech)
        wait_for(lambda: len(provider.requests) == 2)
        provider.kill()  # in the middle of an utterance
        assert client.outcome() == text
        assert client.ask(speech) == text
        assert state(server) == 2
        (fallback,) = fetch(f"{server.url}/status")["resilience"]["fallbacks"]
        assert fallback == {"engine": "pocketsphinx", "circuit_breaker": "closed", "started": True, "finals": 2}
        assert sample(metrics(server), "mynah_fallback_finals_total", engine="pocketsphinx") == 2
        assert sample(metrics(server), "mynah_remote_requests_total", outcome="unreachable") > 1
        provider.start()
        wait_for(lambda: client.ask(speech) == far, 30)
        assert state(server) == 0
        assert client.ask(speech) == far
        client.socket.send('{"type":"end"}')
        messages = [json.loads(message) for message in client.socket]
        assert messages[-1]["type"] == "ended" and messages[-1]["last_sequence"] >= 5
        log = server.log.read_text()
        assert "the remote engine failed" in log and "the fall-back takes over" in log and key not in log


def test_a_remote_engine_stands_in_before_the_built_in_one(start_server, speech, provider):
    with faulty_server(
        start_server, "crash=1-100", *provider.settings, "stt.fallback=openai,pocketsphinx",
        "resilience.circuit_breaker.failure_threshold=1", "resilience.circuit_breaker.reset_timeout=3",
    ) as server, Client(server) as client:
        assert client.ask(speech) == far
        assert client.ask(speech) == far
        provider.kill()
        assert client.ask(speech) == text
        assert client.ask(speech) == text
        first, second = fetch(f"{server.url}/status")["resilience"]["fallbacks"]
        assert first["engine"] == "openai" and first["circuit_breaker"] == "open" and first["finals"] == 2
        assert second["engine"] == "pocketsphinx" and second["circuit_breaker"] == "closed" and second["finals"] == 2
        assert sample(metrics(server), "mynah_circuit_breaker_state", name_="stt_fallback_openai") == 2
        provider.start()
        wait_for(lambda: client.ask(speech) == far, 30)
        assert sample(metrics(server), "mynah_fallback_failures_total") == 0


def test_a_slow_provider_keeps_nobody_out(start_server, speech, provider):
    provider.delay = 0.3
    with remote_server(start_server, provider, "resilience.overload_lag_ms=100") as server, Client(server) as client:
        for _ in range(6):
            assert client.ask(speech) == far
        with Client(server) as other:
            assert other.first["type"] == "ack" and other.ask(speech) == far


def test_a_server_starts_while_its_provider_is_away(start_server, speech, provider):
    provider.kill()
    with remote_server(start_server, provider, "resilience.circuit_breaker.failure_threshold=1") as server, Client(
        server
    ) as client:
        assert client.ask(speech) == text


def test_a_wrong_key_is_told_at_the_start_and_not_shown(provider, tmp_path):
    wrong = tmp_path / "key"
    wrong.write_text("sk-wrong-key-0123456789\n")
    flags = ["--set", "stt.engine=openai", "--set", f"stt.openai.api_key_file={wrong}"]
    flags += [flag for setting in provider.settings for flag in ("--set", setting)]
    environment = {name: value for name, value in os.environ.items() if name != "MYNAH_STT_OPENAI_API_KEY"}
    program = os.environ["MYNAH_BIN"]
    ended = subprocess.run(
        [program, "serve", "--listen", "127.0.0.1:0", "--set", "output.enabled=false", *flags], capture_output=True, timeout=60,
        env=environment)
    told = ended.stdout + ended.stderr
    assert ended.returncode == 78 and b"refuses the key (401)" in told and b"stt.openai.api_key_file" in told
    shown = subprocess.run([program, "config", "show"], capture_output=True, timeout=30, env=os.environ | {"LC_ALL": "C.UTF-8"})
    assert "‹redacted›".encode() in shown.stdout
    assert b"sk-wrong" not in told and key.encode() not in told + shown.stdout
    # Both at once leave open which one is meant.
    both = subprocess.run([program, "config", "check", *flags], capture_output=True, timeout=30)
    assert both.returncode == 78 and b"Only one of" in both.stderr and key.encode() not in both.stderr


def test_files_are_transcribed_far_away_too(provider, speech, tmp_path):
    file = write_wav(tmp_path / "a.wav", speech.goforward.read_bytes(), 1.0, speech.goforward.read_bytes())
    done = subprocess.run(
        [os.environ["MYNAH_BIN"], "transcribe", str(file), "--set", "stt.engine=openai",
         *[flag for setting in provider.settings for flag in ("--set", setting)]],
        capture_output=True, timeout=60, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:2] == [far, far] or done.stdout.split() == 2 * far.split()
    assert len(provider.requests) == 2


def test_no_word_of_a_file_is_lost_in_silence_when_the_provider_is_away(provider, speech, tmp_path):
    file = write_wav(tmp_path / "a.wav", speech.goforward.read_bytes(), 1.0, speech.goforward.read_bytes())

    def transcribe(*settings):
        flags = [flag for setting in (*provider.settings, "stt.engine=openai", *settings) for flag in ("--set", setting)]
        return subprocess.run(
            [os.environ["MYNAH_BIN"], "transcribe", str(file), *flags], capture_output=True, timeout=120, text=True)

    provider.kill()
    done = transcribe("stt.fallback=pocketsphinx")
    assert done.returncode == 0 and done.stdout.split() == 2 * "go forward ten meters".split(), done
    assert "pocketsphinx stands in" in done.stderr
    done = transcribe("stt.fallback=")
    assert done.returncode != 0 and "2 of its utterances could not be recognised" in done.stderr, done

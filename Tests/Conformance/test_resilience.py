"""What a fault of one part does to the others: the real server with faults on purpose (MYNAH_FAULTS)."""

import json
import os
import signal
import subprocess
import time
import urllib.request
from contextlib import ExitStack, contextmanager

import pytest
import websockets
from test_feed import fetch, metrics, sample
from test_stream import START
from test_stream_life import decoders
from websockets.sync.client import connect
from zmq_helpers import subscribed

text = "go forward ten meters"
pause = bytes(48_000)  # 1.5 s: an utterance ends in it


@contextmanager
def faulty_server(start_server, faults, *settings):
    os.environ["MYNAH_FAULTS"] = faults
    try:
        flags = [flag for setting in settings for flag in ("--set", setting)]
        with start_server(*flags) as server:
            yield server
    finally:
        del os.environ["MYNAH_FAULTS"]


class Client:
    """A client of the live stream."""

    def __init__(self, server, start=START):
        self.connection = connect(server.stream_url)
        self.socket = self.connection.__enter__()
        self.socket.send(json.dumps(start))
        self.first = json.loads(self.socket.recv(timeout=10))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.connection.__exit__(*error)

    def say(self, speech):
        """The utterance, at once, and a pause."""
        self.socket.send(speech.goforward.read_bytes() + pause)

    def outcome(self, seconds=30):
        """What becomes of an utterance: the text of its final, or the code of an error."""
        while True:
            message = json.loads(self.socket.recv(timeout=seconds))
            if message["type"] == "final":
                return message["text"]
            if message["type"] == "error":
                return message["code"]

    def ask(self, speech):
        self.say(speech)
        return self.outcome()

    def rest(self):
        """The finals up to the end."""
        self.socket.send('{"type":"end"}')
        messages = [json.loads(message) for message in self.socket]
        assert messages[-1]["type"] == "ended"
        return [message["text"] for message in messages if message["type"] == "final"]


def state(server):
    return sample(metrics(server), "mynah_circuit_breaker_state", name_="stt")


def wait_for(condition, seconds=15):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


# MARK: the recogniser


def test_the_fall_back_takes_over_and_gives_back(start_server, speech):
    with faulty_server(
        start_server, "crash=1-2", "resilience.circuit_breaker.failure_threshold=2", "resilience.circuit_breaker.reset_timeout=3"
    ) as server, subscribed(server.events_port, "event.failover", "event.stage_error") as events, Client(server) as client:
        assert state(server) == 0 and fetch(f"{server.url}/status")["resilience"]["fallback"] == "idle"
        # Each is lost twice by the recogniser, and heard by the fall-back all the same.
        assert client.ask(speech) == text
        assert state(server) == 0
        assert client.ask(speech) == text
        told = events.until(lambda topic, _: topic == "event.failover", 10)
        assert [event["event_type"] for _, event in told] == ["stage_error", "failover"]
        assert told[0][1]["source"] == "stt" and told[0][1]["metadata"]["error_type"] == "recogniser-failed"
        assert told[1][1]["metadata"] == {"component": "recogniser", "from": "main", "to": "fallback"}
        assert state(server) == 2
        status = fetch(f"{server.url}/status")
        assert status["resilience"]["circuit_breaker"] == "open" and status["resilience"]["fallback"] == "started"
        assert status["is_healthy"]
        # Open: the recogniser is not asked.
        crashes = sample(metrics(server), "mynah_worker_crashes_total")
        assert client.ask(speech) == text
        assert sample(metrics(server), "mynah_worker_crashes_total") == crashes == 4
        assert sample(metrics(server), "mynah_fallback_finals_total") == 3
        time.sleep(3)
        assert client.ask(speech) == text  # the probe
        assert events.receive(10)[1]["metadata"] == {"component": "recogniser", "from": "fallback", "to": "main"}
        assert state(server) == 0
        assert sample(metrics(server), "mynah_fallback_finals_total") == 3
        assert client.rest() == []
        log = server.log.read_text()
        assert "FAULTS ARE INJECTED" in log and "the fall-back takes over" in log and "works again" in log
        # Beside a register there may be audio.
        assert "Registers" not in log and "Backtrace" not in log and log.count("worker: ") <= crashes


def test_without_a_fall_back_an_open_breaker_fails_at_once(start_server, speech):
    with faulty_server(
        start_server, "crash=1", "resilience.circuit_breaker.failure_threshold=1", "resilience.circuit_breaker.reset_timeout=2",
        "stt.fallback=none",
    ) as server, Client(server) as client:
        assert client.ask(speech) == "recogniser-failed"
        assert state(server) == 2
        begun = time.monotonic()
        assert client.ask(speech) == "recogniser-failed"
        assert time.monotonic() - begun < 1
        time.sleep(2)
        assert client.ask(speech) == text
        assert state(server) == 0


def test_a_recogniser_that_hangs_is_stood_in_for(start_server, speech):
    with faulty_server(start_server, "hang=1", "stt.hang_timeout_ms=500") as server, Client(server) as client:
        assert client.ask(speech) == text
        assert sample(metrics(server), "mynah_worker_hangs_total") == 2
        assert sample(metrics(server), "mynah_fallback_finals_total") == 1
        assert client.ask(speech) == text


def test_a_model_that_is_gone_leaves_the_fall_back(start_server, speech, tmp_path):
    gone = tmp_path / "gone"
    with faulty_server(
        start_server, f"model={gone}", "resilience.circuit_breaker.failure_threshold=1",
        "resilience.circuit_breaker.reset_timeout=2", "stt.wait_for_decoder_ms=500",
    ) as server, Client(server) as client:
        assert client.ask(speech) == text
        gone.touch()
        (template,) = {parent(decoder) for decoder in decoders(server)}
        os.kill(template, signal.SIGKILL)
        wait_for(lambda: fetch(f"{server.url}/status")["decoders"]["ready"] == 0)
        # It waits for a decoder in vain, and is not lost.
        assert client.ask(speech) == text
        assert state(server) == 2
        with urllib.request.urlopen(f"{server.url}/readyz", timeout=10) as answer:
            assert answer.status == 200
        assert client.ask(speech) == text
        gone.unlink()
        wait_for(lambda: client.ask(speech) == text and state(server) == 0, 30)


def parent(process):
    return int(subprocess.run(["ps", "-o", "ppid=", "-p", str(process)], capture_output=True, text=True).stdout)


def test_what_finds_no_place_in_the_queue_is_refused_at_once(start_server, speech):
    with start_server(
        "--set", "resilience.bulkhead.max_concurrent=1", "--set", "resilience.bulkhead.max_queue_size=0",
        "--set", "stt.wait_for_decoder_ms=4000",
    ) as server:
        assert fetch(f"{server.url}/status")["decoders"]["capacity"] == 1
        audio = speech.goforward.read_bytes()
        with Client(server) as first, Client(server) as second:
            first.socket.send(audio)  # and goes on speaking
            wait_for(lambda: fetch(f"{server.url}/status")["decoders"]["busy"] == 1)
            begun = time.monotonic()
            second.socket.send(audio)
            assert second.outcome() == "overloaded"
            assert time.monotonic() - begun < 2
            assert first.rest() == [text]
            second.socket.send(pause)
            assert second.ask(speech) == text


# MARK: threads


def test_a_stuck_stage_is_named_and_the_others_on_its_lane_lose_nothing(start_server, speech):
    lanes = min(4, os.cpu_count())
    with faulty_server(start_server, "stall=preprocess:1:20000", "resilience.watchdog_timeout_ms=1000") as server, subscribed(
        server.events_port
    ) as events:
        time.sleep(0.5)  # the subscription is on its way
        with ExitStack() as clients:
            ill = clients.enter_context(Client(server))
            others = [clients.enter_context(Client(server)) for _ in range(2 * lanes)]
            ill.say(speech)
            time.sleep(0.3)
            begun = time.monotonic()
            for other in others:
                other.say(speech)
            assert ill.outcome() == "stage-stuck"
            with pytest.raises(websockets.ConnectionClosed):
                ill.socket.recv(timeout=5)
            assert ill.socket.close_code == 1013
            assert [other.outcome() for other in others] == [text] * len(others)
            assert time.monotonic() - begun < 18
            told = events.until(
                lambda _, event: event["event_type"] == "pipeline_stopped" and event["session_id"] == ill.first["session_id"])
            of_ill = [event for _, event in told if event["session_id"] == ill.first["session_id"]]
            (failure,) = [event for event in of_ill if event["event_type"] == "stage_error"]
            assert failure["metadata"]["stage"] == "preprocess" and failure["metadata"]["error_type"] == "stage-stuck"
            assert failure["source"] == "preprocess" and failure["level"] == "error"
            assert sample(metrics(server), "mynah_stuck_stages_total", stage="preprocess") == 1
            # It is forgotten: who asks for it hears so, and begins anew.
            resume = {
                "type": "start", "session_id": ill.first["session_id"], "resume_token": ill.first["resume_token"],
                "last_sequence": 0}
            with Client(server, resume) as again:
                assert again.first["code"] == "session-unknown"
            time.sleep(20 - (time.monotonic() - begun))  # the old thread comes back
            with Client(server) as anew:
                assert anew.ask(speech) == text
            assert [other.ask(speech) for other in others] == [text] * len(others)
            assert [other.rest() for other in others] == [[]] * len(others)
            assert sample(metrics(server), "mynah_active_sessions") <= len(others) + 1
            assert "its session is given up" in server.log.read_text()
            assert server.process.poll() is None


# MARK: load


def test_late_results_keep_new_sessions_out_until_they_are_in_time_again(start_server, speech):
    with faulty_server(start_server, "slow=1-6:600", "resilience.overload_lag_ms=300") as server, Client(server) as client:
        for _ in range(6):
            assert client.ask(speech) == text
        with connect(server.stream_url) as refused:
            refused.send(json.dumps(START))
            error = json.loads(refused.recv(timeout=10))
            assert error["type"] == "error" and error["code"] == "overloaded" and "late" in error["message"]
            with pytest.raises(websockets.ConnectionClosed):
                refused.recv(timeout=5)
            assert refused.close_code == 1013
        # With the start in the query it is refused before the upgrade, and told when to come back.
        with pytest.raises(websockets.InvalidStatus) as refusal:
            with connect(server.stream_url + "?sample_rate=16000"):
                pass
        assert refusal.value.response.status_code == 503 and refusal.value.response.headers["Retry-After"]
        assert json.loads(refusal.value.response.body)["code"] == "overloaded"
        assert sample(metrics(server), "mynah_sessions_refused_total", reason="lag") == 2
        with urllib.request.urlopen(f"{server.url}/readyz", timeout=10) as answer:
            assert answer.status == 200
        # Whoever is there goes on, and so does who was cut off.
        assert client.ask(speech) == text
        resume = {
            "type": "start", "session_id": client.first["session_id"], "resume_token": client.first["resume_token"],
            "last_sequence": 7}
        with Client(server, resume) as again:
            assert again.first["type"] == "resumed"
            wait_for(lambda: begins(server), 20)


def begins(server):
    with Client(server) as client:
        return client.first["type"] == "ack"


# MARK: the switch


@pytest.mark.parametrize("faults", ["crash", "dance=1", "stall=publish:1:5"])
def test_a_plan_of_faults_that_makes_no_sense_is_refused(faults):
    program = os.environ["MYNAH_BIN"]
    ended = subprocess.run(
        [program, "serve", "--listen", "127.0.0.1:0", "--set", "output.enabled=false"], capture_output=True, timeout=30,
        env=os.environ | {"MYNAH_FAULTS": faults})
    assert ended.returncode == 78
    assert b"MYNAH_FAULTS" in ended.stderr and faults.encode() in ended.stderr

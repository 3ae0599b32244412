"""Wake words: what subscribers and clients hear of a session before the phrase, at it, and after it."""

import json
import signal
import socket
import subprocess
import time
import wave
from contextlib import contextmanager

import pytest
from conftest import free_port
from feed_models import Event
from test_program import run
from websockets.sync.client import connect
from zmq_helpers import subscribed

phrase, command = "hey computer", "open the window"
pause = bytes(48_000)  # 1.5 s
window_seconds = 3
piece_seconds = 0.1


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    """A function that has a sentence spoken: 16 kHz, mono, 16-bit."""
    folder = tmp_path_factory.mktemp("spoken")

    def speak(text):
        file = folder / f"{text.replace(' ', '-')}.wav"
        subprocess.run(["flite", "-voice", "slt", "-t", text, "-o", file], check=True)
        with wave.open(str(file)) as recording:
            assert recording.getframerate() == 16_000
            return recording.readframes(recording.getnframes())

    return speak


@pytest.fixture(scope="module")
def server(start_server):
    """A server in whose sessions nothing is recognised before the phrase."""
    flags = {"enabled": "true", "phrases": f"{phrase},jarvis", "window_ms": window_seconds * 1000}
    with start_server(*[flag for key, value in flags.items() for flag in ("--set", f"wakeword.{key}={value}")]) as running:
        yield running


class Client:
    """A client that speaks at twice the real tempo, and keeps what it is told."""

    def __init__(self, socket, **fields):
        self.socket = socket
        self.told = []
        socket.send(json.dumps({"type": "start", "sample_rate": 16_000} | fields))
        self.session = self.receive()["session_id"]

    def receive(self):
        self.told.append(json.loads(self.socket.recv(timeout=20)))
        return self.told[-1]

    def say(self, *sounds):
        for sound in sounds:
            size = int(32_000 * piece_seconds)
            for at in range(0, len(sound), size):
                self.socket.send(sound[at : at + size])
                time.sleep(piece_seconds / 2)

    def end(self):
        self.socket.send('{"type":"end"}')
        while self.receive()["type"] != "ended":
            pass
        return self

    def messages(self, kind):
        return [message for message in self.told if message["type"] == kind]


@contextmanager
def client(server, **fields):
    with connect(server.stream_url) as socket:
        yield Client(socket, **fields)


@contextmanager
def listening(server):
    """Subscribers to everything that is published: events, transcripts."""
    with subscribed(server.events_port) as events, subscribed(server.transcripts_port) as transcripts:
        time.sleep(0.5)  # the subscriptions are on their way
        yield events, transcripts


def of(session, messages):
    return [Event.model_validate(message) for _, message in messages if message["session_id"] == session]


def until_stopped(events, session):
    """Every event of a session that is over."""
    return of(session, events.until(
        lambda topic, message: topic == "event.pipeline_stopped" and message["session_id"] == session))


def names(events):
    return [event.event_type for event in events if event.event_type != "state_changed"]


def states(events):
    return [event.metadata["to"] for event in events if event.event_type == "state_changed"]


def test_nothing_is_published_before_the_phrase_and_everything_after(server, speech, spoken):
    with listening(server) as (events, transcripts), client(server) as speaker:
        speaker.say(speech.goforward.read_bytes(), pause)
        asleep = events.receive(1), transcripts.receive(1), events.receive(1)
        assert asleep[0][1]["event_type"] == "pipeline_started" and asleep[1:] == (None, None)
        speaker.say(spoken(phrase), pause, *[speech.goforward.read_bytes(), pause] * 2)
        # The window is over: the phrase is needed again.
        speaker.say(pause * window_seconds, speech.goforward.read_bytes(), pause)
        speaker.end()
        heard = until_stopped(events, speaker.session)
        published = [transcripts.receive(10)[1] for _ in range(2)]
        assert transcripts.receive(0.5) is None

    texts = ["go forward ten meters"] * 2
    assert [one["transcript"] for one in published] == [one["text"] for one in speaker.messages("final")] == texts
    assert [one["sequence_number"] for one in published] == [1, 2]
    assert all(one["stage_latencies"]["wakeword"] >= 0 for one in published)
    assert names(heard)[0] == "wake_word_detected" and names(heard).count("wake_word_detected") == 1
    assert names(heard).count("transcript_ready") == 2
    woken = heard[0]
    assert woken.source == "wakeword" and woken.level == "info"
    assert woken.metadata["phrase"] == phrase and 0.45 <= woken.metadata["score"] <= 1
    # Listening until somebody speaks, and idle at the end of the window.
    assert states(heard)[0] == "listening" and states(heard)[-1] == "idle" and states(heard).count("processing") == 2
    # Not one partial before the phrase, and the client may forget what was said then.
    before = speaker.told.index(speaker.messages("final")[0])
    assert any(message["type"] == "finalised" for message in speaker.told[:before])
    first = speaker.messages("final")[0]
    assert all(partial["start_ms"] >= first["start_ms"] for partial in speaker.messages("partial"))


def test_what_is_said_in_the_same_breath_is_recognised(server, spoken):
    with listening(server) as (events, _), client(server) as speaker:
        speaker.say(pause, spoken(f"{phrase} {command}"), pause)
        speaker.end()
        heard = until_stopped(events, speaker.session)
    assert [final["text"] for final in speaker.messages("final")] == [command]
    assert names(heard)[:3] == ["pipeline_started", "wake_word_detected", "speech_started"]


def test_any_phrase_wakes_and_a_cut_connection_does_not_put_to_sleep(server, spoken, speech):
    with listening(server) as (events, _):
        with connect(server.stream_url) as socket:
            first = Client(socket)
            first.say(pause, spoken("jarvis"), bytes(16_000))
            woken = events.until(lambda topic, _: topic == "event.wake_word_detected")
            assert of(first.session, woken)[-1].metadata["phrase"] == "jarvis"
            ack = first.messages("ack")[0]
        with connect(server.stream_url) as socket:
            socket.send(json.dumps({
                "type": "start", "session_id": ack["session_id"], "resume_token": ack["resume_token"], "last_sequence": 0}))
            assert json.loads(socket.recv(timeout=10))["type"] == "resumed"
            again = Client.__new__(Client)
            again.socket, again.told, again.session = socket, [], first.session
            again.say(speech.goforward.read_bytes(), pause)
            again.end()
        assert [final["text"] for final in again.messages("final")] == ["go forward ten meters"]
        assert "transcript_ready" in names(until_stopped(events, first.session))


@pytest.mark.parametrize("in_query", [False, True])
def test_a_client_can_do_without(server, speech, in_query):
    if in_query:
        with connect(server.stream_url + "?sample_rate=16000&wake_word=false") as socket:
            speaker = Client.__new__(Client)
            speaker.socket, speaker.told = socket, []
            speaker.say(speech.goforward.read_bytes(), pause)
            speaker.end()
    else:
        with client(server, wake_word=False) as speaker:
            speaker.say(speech.goforward.read_bytes(), pause)
            speaker.end()
    assert [final["text"] for final in speaker.messages("final")] == ["go forward ten meters"]


def test_a_client_can_ask_for_it_where_it_is_off(start_server, speech, spoken):
    with start_server() as running, client(running, wake_word=True) as speaker:
        speaker.say(speech.goforward.read_bytes(), pause, spoken(f"{phrase} {command}"), pause)
        assert [final["text"] for final in speaker.end().messages("final")] == [command]


def test_a_client_cannot_ask_for_what_is_not_configured(start_server):
    with start_server("--set", "wakeword.phrases=") as running, connect(running.stream_url) as socket:
        socket.send('{"type":"start","wake_word":true}')
        refused = json.loads(socket.recv(timeout=10))
        assert refused["code"] == "invalid-parameter" and "wakeword.phrases" in refused["message"]


def test_a_source_of_the_servers_own_waits_for_the_phrase(start_server, speech, spoken, tmp_path):
    tape = tmp_path / "tape.wav"
    with wave.open(str(tape), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(pause + speech.goforward.read_bytes() + pause + spoken(f"{phrase} {command}") + pause * 4)
    flags = ["--set", "wakeword.enabled=true", "--set", f"audio.mock={tape}", "--set", "wakeword.window_ms=2000"]
    with start_server(*flags) as running, subscribed(running.transcripts_port, "transcript.") as finals:
        assert [finals.receive(40)[1]["transcript"] for _ in range(2)] == [command] * 2


@pytest.mark.parametrize("phrases, told", [
    ("hey computer,hello mynahbird", ["hello mynahbird", "“mynahbird”", "dictionary"]),
    ("hey", ["“hey”", "too short"]),
])
def test_a_phrase_that_cannot_be_heard_is_refused_before_anything_is_bound(phrases, told):
    port = free_port()
    with socket.socket() as taken:
        # A port that is taken would be the fault that is told, if it was looked at first.
        taken.bind(("127.0.0.1", port))
        taken.listen()
        done = run("serve", "--listen", f"127.0.0.1:{port}", "--set", "output.enabled=false", "--set", "wakeword.enabled=true", "--set", f"wakeword.phrases={phrases}")
    text = done.stderr.decode()
    assert done.returncode == 78 and all(part in text for part in told), text
    checked = run("config", "check", "--set", f"wakeword.phrases={phrases}")
    assert checked.returncode == 78 and told[0] in checked.stderr.decode()


def test_phrases_are_read_again_and_one_that_cannot_be_heard_leaves_the_old_ones(start_server, spoken, tmp_path):
    file = tmp_path / "default.yaml"
    file.write_text("wakeword:\n  enabled: true\n")
    with start_server("--config", tmp_path) as running, subscribed(
        running.events_port, "event.config_changed", "event.error_occurred", "event.wake_word_detected"
    ) as events:
        time.sleep(0.5)

        def change(phrases):
            file.write_text(f"wakeword:\n  enabled: true\n  phrases: [{phrases}]\n")
            running.process.send_signal(signal.SIGHUP)
            return events.receive(10)[1]

        assert change("jarvis, mynahbird")["event_type"] == "error_occurred"
        assert "mynahbird" in running.log.read_text()
        assert change("jarvis")["metadata"]["applied"] == "wakeword.phrases"
        with client(running) as speaker:
            speaker.say(pause, spoken("jarvis"), pause)
            assert events.receive(10)[1]["metadata"]["phrase"] == "jarvis"
            speaker.end()

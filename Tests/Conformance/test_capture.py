"""Sources of the server's own: recordings and devices that become sessions without a client."""

import json
import subprocess
import time
import urllib.request
import wave

import pytest
from conftest import write_wav
from test_program import run
from websockets.sync.client import connect
from zmq_helpers import subscribed


@pytest.fixture(scope="module")
def tape(speech, tmp_path_factory):
    """A sentence and enough silence for its end to be noticed."""
    return write_wav(tmp_path_factory.mktemp("tape") / "tape.wav", 0.5, speech.goforward.read_bytes(), 1)


def status(server):
    with urllib.request.urlopen(server.url + "/status", timeout=10) as answer:
        return json.load(answer)


def until(subscriber, kind, seconds=30, **fields):
    """The messages up to the one of this kind whose metadata has these fields."""
    return [
        message for _, message in subscriber.until(
            lambda topic, message: topic == f"event.{kind}" and fields.items() <= message["metadata"].items(), seconds)
    ]


def test_a_looped_recording_is_heard_again_and_again(start_server, tape):
    with start_server("--set", f"audio.mock={tape}") as server, subscribed(server.transcripts_port, "transcript.") as finals:
        heard = [finals.receive(30)[1] for _ in range(2)]
        assert [one["transcript"] for one in heard] == ["go forward ten meters"] * 2
        assert len({one["session_id"] for one in heard}) == 1
        assert heard[1]["sequence_number"] == heard[0]["sequence_number"] + 1
        # In real time: as far apart as the recording is long.
        with wave.open(str(tape)) as file:
            length = file.getnframes() / file.getframerate()
        assert heard[1]["audio_start_time"] - heard[0]["audio_start_time"] == pytest.approx(length, abs=0.2)
        assert status(server)["frames_processed"] > 0


def test_the_status_shows_the_state_of_the_source(start_server, tape):
    with start_server("--set", f"audio.mock={tape}") as server:
        seen = set()
        deadline = time.monotonic() + 20
        while not {"idle", "listening"} <= seen and time.monotonic() < deadline:
            seen.add(status(server)["state"])
            time.sleep(0.05)
        assert {"idle", "listening"} <= seen <= {"idle", "listening", "processing", "emit"}


def test_several_sources_are_sessions_with_names_and_one_that_is_missing_harms_nobody(start_server, tape, tmp_path):
    later = tmp_path / "later.wav"
    sources = f"audio.sources=one=file:{tape},two=file:{tape},three=loop:{later}"
    with start_server("--set", sources, "--set", "audio.device=nowhere") as server:
        with subscribed(server.events_port) as events, subscribed(server.transcripts_port, "transcript.") as finals:
            heard = [finals.receive(30)[1] for _ in range(2)]
            # What was never there is told, too.
            sources = {source["name"]: source for source in status(server)["sources"]}
            assert {name: source["state"] == "lost" for name, source in sources.items()} == {
                "capture": True, "one": False, "two": False, "three": True}
            assert "nowhere" in sources["capture"]["reason"]
            with urllib.request.urlopen(server.url + "/metrics", timeout=10) as answer:
                assert 'rtap_errors_total{stage="capture",error_type="device-unavailable"} 1' in answer.read().decode()
            assert [one["transcript"] for one in heard] == ["go forward ten meters"] * 2
            assert len({one["session_id"] for one in heard}) == 2
            # It appears while the server runs, and is heard without a restart.
            later.write_bytes(tape.read_bytes())
            until(events, "pipeline_started", 40, source="three")
            assert finals.receive(30)[1]["transcript"] == "go forward ten meters"
            # And it goes.
            assert status(server)["is_healthy"]


def test_a_server_that_stops_finishes_what_a_source_was_saying_and_tells_everybody(start_server, tape):
    with (
        start_server("--set", f"audio.mock={tape}") as server,
        subscribed(server.transcripts_port) as finals,
        subscribed(server.events_port, "event.state_changed", "event.speech_started") as events,
        connect(server.feed_url) as stream,
    ):
        events.until(lambda topic, _: topic == "event.speech_started", 20)
        time.sleep(1)
        server.process.terminate()
        final = finals.receive(10)[1]
        assert final["transcript"].startswith("go forward")
        events.until(lambda _, event: event["metadata"].get("to") == "shutdown", 10)
        # Who reads the stream hears the last words, too, before its connection is closed.
        messages = [json.loads(message) for message in stream]
        assert final in [message.get("transcript") for message in messages]
        assert server.process.wait(10) == 0


def test_samples_on_the_standard_input_are_a_source_and_their_end_is_the_sessions(start_server, speech):
    with start_server("--set", "audio.sources=pipe=stdin:16000", stdin=subprocess.PIPE) as server:
        with subscribed(server.events_port) as events, subscribed(server.transcripts_port, "transcript.") as finals:
            # Its session begins when it is opened, which needs no samples; they are taken as they come.
            pipe = server.process.stdin
            pipe.write(speech.goforward.read_bytes() + bytes(48000))
            pipe.flush()
            heard = finals.receive(30)[1]
            assert heard["transcript"] == "go forward ten meters"
            # What is said last is a final, too, although no pause ends it.
            pipe.write(speech.goforward.read_bytes())
            pipe.close()
            assert finals.receive(30)[1]["transcript"] == "go forward ten meters"
            stopped = until(events, "pipeline_stopped", 10)[-1]
            assert stopped["session_id"] == heard["session_id"] and status(server)["is_healthy"]


def test_a_thousand_sources_are_refused_with_their_number():
    sources = ",".join(f"s{number}=loop:/x.wav" for number in range(1000))
    done = run("config", "check", "--set", f"audio.sources={sources}")
    assert done.returncode == 78
    assert b"audio.sources" in done.stderr and b"at most 64, not 1000" in done.stderr


def test_as_many_sources_as_are_allowed_run_beside_each_other(start_server, tmp_path):
    quiet = write_wav(tmp_path / "quiet.wav", 1)
    sources = ",".join(f"s{number}=loop:{quiet}" for number in range(64))
    with start_server("--set", f"audio.sources={sources}") as server:
        deadline = time.monotonic() + 30
        while (now := status(server))["sessions"] < 64 or now["frames_processed"] < 64 * 50:
            assert time.monotonic() < deadline, now
            time.sleep(0.1)


@pytest.mark.parametrize("settings, named", [
    (["audio.sources=kitchen"], "kitchen"), (["audio.sources=kitchen=tape:x"], "kitchen=tape:x"),
    (["audio.sources=pipe=stdin"], "pipe=stdin"), (["audio.sources=pipe=stdin:7"], "pipe=stdin:7"),
    (["audio.sources=a=stdin:8000,b=stdin:8000"], "standard input"),
    (["audio.sources=a=loop:x.wav,a=loop:y.wav"], "a"), (["audio.mock=yes"], "yes"), (["audio.sources==loop:x"], "=loop:x"),
])
def test_a_source_that_makes_no_sense_is_refused(settings, named):
    flags = [flag for setting in ["output.enabled=false", *settings] for flag in ("--set", setting)]
    done = run("serve", "--listen", "127.0.0.1:0", *flags)
    assert done.returncode == 78 and named in done.stderr.decode() and b"audio.sources" in done.stderr or b"RTAP_AUDIO_MOCK" in done.stderr
    # And is told before.
    checked = run("config", "check", *flags)
    assert (checked.returncode, checked.stderr) == (78, done.stderr)


def test_what_ends_a_start_is_told_by_the_check(tmp_path):
    (tmp_path / "token").write_text("0123456789abcdef" * 4)
    (tmp_path / "token").chmod(0o600)
    beyond = ["--listen", "0.0.0.0:0", "--set", f"server.token_file={tmp_path / 'token'}"]
    here = ["--listen", "127.0.0.1:0", "--set", "output.enabled=false", "--set"]
    for flags, named in [(beyond, b"zmq_curve_key_file"), ([*here, "tts.voice=nobody"], b"nobody"), ([*here, "language.default=xx"], b"xx")]:
        for command in (["config", "check"], ["serve"]):
            done = run(*command, *flags)
            assert done.returncode == 78 and named in done.stderr, (command, flags, done.stderr)

"""Recordings to text over HTTP, as OpenAI's clients ask for it; and a server behind a server."""

import json
import os
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
import uuid

import pytest
from conftest import write_wav
from test_models import add, data, fixture, live, recordings, sentences  # noqa: F401
from test_resilience import Client

heard = "go forward ten meters"


def ask(server, content, name="speech.wav", **fields):
    """Content type and text of the answer."""
    boundary = uuid.uuid4().hex
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
        for field, values in fields.items() for value in (values if isinstance(values, list) else [values]))
    body += (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n").encode() + content + f"\r\n--{boundary}--\r\n".encode()
    request = urllib.request.Request(
        f"{server.url}/v1/audio/transcriptions", body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


def refused(server, content, **fields):
    with pytest.raises(urllib.error.HTTPError) as error:
        ask(server, content, **fields)
    return error.value.code, json.load(error.value)


@pytest.fixture
def recording(speech, tmp_path):
    return write_wav(tmp_path / "a.wav", speech.goforward.read_bytes(), 1.0, speech.goforward.read_bytes()).read_bytes()


def test_a_recording_becomes_text_in_every_form(start_server, recording):
    with start_server() as server:
        assert json.loads(ask(server, recording, model="whisper-1")[1]) == {"text": f"{heard} {heard}"}
        type_, text = ask(server, recording, response_format="text")
        assert type_.startswith("text/plain") and text == f"{heard}\n{heard}\n"
        detailed = json.loads(ask(
            server, recording, response_format="verbose_json", language="en",
            **{"timestamp_granularities[]": ["word", "segment"]})[1])
        assert detailed["language"] == "en" and 4 < detailed["duration"] < 8 and len(detailed["segments"]) == 2
        words = detailed["words"]
        assert [word["word"] for word in words] == 2 * heard.split()
        assert all(word["start"] <= word["end"] for word in words) and words[4]["start"] > detailed["segments"][0]["end"] - 0.5
        assert ask(server, recording, response_format="srt")[1].startswith("1\n00:00:0")
        type_, text = ask(server, recording, response_format="vtt")
        assert type_.startswith("text/vtt") and text.startswith("WEBVTT\n")


def test_models_and_languages_can_be_named(data, recordings, start_server):  # noqa: F811
    add(data, fixture, "--name", "commands")
    add(data, fixture.parent / "canary-en-de", "--name", "canary")
    with start_server(data=data) as server:
        sound = recordings[0].read_bytes()
        assert json.loads(ask(server, sound)[1])["text"] == sentences[0]
        assert json.loads(ask(server, sound, language="de")[1])["text"] == "guten tag."
        assert json.loads(ask(server, sound, model="canary")[1])["text"] == "good day."
        code, problem = refused(server, sound, model="nobody")
        assert code == 400 and "commands" in json.dumps(problem)
        code, problem = refused(server, sound, language="fr")
        assert code == 400 and "fr" in problem["detail"]


def test_bad_uploads_are_told(start_server, recording):
    with start_server() as server:
        for content, fields, reason in [
            (b"", {}, "file"), (b"not a recording", {}, "does not begin like any audio"), (recording, {"response_format": "xml"}, "xml"),
            (recording[:30], {}, ""),
        ]:
            code, problem = refused(server, content, **fields)
            assert 400 <= code < 500 and reason in problem["detail"] and "/tmp" not in problem["detail"], problem
        request = urllib.request.Request(f"{server.url}/v1/audio/transcriptions", b"{}", {"Content-Type": "application/json"})
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(request, timeout=10)
        assert error.value.code == 400
        code, problem = refused(server, bytes(26 << 20))
        assert code == 413, problem
        # Nothing of it stays behind, and the next one is served.
        assert json.loads(ask(server, recording)[1])["text"] == f"{heard} {heard}"


def test_a_recording_takes_nothing_from_those_who_speak(start_server, speech, tmp_path):
    """Of one decoder live sessions get what they need, and the recording the rest."""
    long = write_wav(tmp_path / "long.wav", *(12 * [speech.goforward.read_bytes(), 1.0])).read_bytes()
    with start_server("--set", "stt.decoders=1", "--set", "stt.wait_for_decoder_ms=3000") as server:
        answers = []
        upload = threading.Thread(target=lambda: answers.append(json.loads(ask(server, long)[1])["text"]))
        upload.start()
        for _ in range(3):
            with Client(server) as client:
                client.say(speech)
                message = json.loads(client.socket.recv(timeout=30))
                while message["type"] != "final":
                    message = json.loads(client.socket.recv(timeout=30))
                assert message["text"] == heard
        upload.join(60)
        assert answers == [" ".join(12 * [heard])]


def test_a_server_that_is_to_end_does_not_wait_for_a_recording(start_server, speech, tmp_path):
    hours = write_wav(tmp_path / "hours.wav", *(150 * [speech.goforward.read_bytes()])).read_bytes()
    with start_server() as server:
        problems = []
        upload = threading.Thread(target=lambda: problems.append(refused(server, hours)))
        upload.start()
        time.sleep(1.5)
        began = time.monotonic()
        os.kill(server.process.pid, signal.SIGTERM)
        upload.join(30)
        server.process.wait(30)
        assert time.monotonic() - began < 20
        assert problems[0][0] == 503 and problems[0][1]["code"] == "shutting-down", problems


def test_nobody_works_for_a_client_that_is_gone(start_server, speech, tmp_path):
    hours = write_wav(tmp_path / "hours.wav", *(150 * [speech.goforward.read_bytes()])).read_bytes()
    with start_server() as server:
        host, port = server.url.removeprefix("http://").split(":")
        body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n' + hours + b"\r\n--x--\r\n"
        with socket.create_connection((host, int(port))) as client:
            client.sendall(
                f"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {len(body)}\r\n"
                "Content-Type: multipart/form-data; boundary=x\r\n\r\n".encode() + body)
            time.sleep(1.5)
        # With one place for recordings on a small machine, the next one is served when that one is given up.
        began = time.monotonic()
        assert json.loads(ask(server, write_wav(tmp_path / "a.wav", speech.goforward.read_bytes()).read_bytes())[1])["text"] == heard
        assert time.monotonic() - began < 15


def test_another_server_stands_behind_a_server(start_server, speech, monkeypatch):
    monkeypatch.setenv("MYNAH_STT_OPENAI_API_KEY", "unused")
    with start_server() as far:
        settings = ["stt.engine=openai", f"stt.openai.base_url={far.url}", "tts.engine=openai", f"tts.openai.base_url={far.url}",
                    "tts.openai.voices=rms"]
        monkeypatch.setenv("MYNAH_TTS_OPENAI_API_KEY", "unused")
        with start_server(*[flag for setting in settings for flag in ("--set", setting)]) as near, Client(near) as client:
            client.say(speech)
            message = json.loads(client.socket.recv(timeout=20))
            while message["type"] != "final":
                message = json.loads(client.socket.recv(timeout=20))
            assert message["text"] == heard
            request = urllib.request.Request(
                f"{near.url}/v1/audio/speech", json.dumps({"input": "Good morning.", "response_format": "wav"}).encode(),
                {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=30) as answer:
                assert len(answer.read()) > 20_000

"""Neural models, with one that was trained for these tests (Tools/fixture-model): added, used, damaged, replaced, crashed."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import repository
from websockets.sync.client import connect

program = os.environ.get("MYNAH_BIN", str(repository / ".build/debug/mynah"))
fixture = repository / "Tests/Fixtures/models/commands-en"
# Writes `a` for each stretch of loud sound (Tools/loudness-model).
loudness = repository / "Tests/Fixtures/models/loudness"
# Said by a voice that the model was trained with; how it hears others is in Tools/fixture-model/RESULTS.md.
sentences = ["turn on the kitchen light", "zero four seven nine", "open the window please"]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("speech")
    files = []
    for index, sentence in enumerate(sentences):
        file = folder / f"{index}.wav"
        subprocess.run(["flite", "-voice", "slt", "-t", sentence, "-o", file], check=True)
        files.append(file)
    return files


@pytest.fixture
def data(tmp_path):
    """A data directory of its own: what a test adds is nobody else's."""
    return tmp_path / "data"


def mynah(data, *arguments):
    return subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, timeout=120, env=os.environ | {"MYNAH_DATA": str(data)})


def add(data, folder=fixture, *flags):
    done = mynah(data, "models", "add", folder, *flags)
    assert done.returncode == 0, done.stderr
    return done.stdout


def manifest(data):
    return json.loads(mynah(data, "models", "list", "--json").stdout)


def test_a_folder_added_with_one_command_transcribes_a_file(data, recordings):
    assert "serves en" in add(data)
    done = mynah(data, "transcribe", "--format", "json", "--words", recordings[0])
    assert done.returncode == 0, done.stderr
    transcript = json.loads(done.stdout)
    assert transcript["text"] == sentences[0]
    starts = [word["start_ms"] for word in transcript["words"]]
    assert starts == sorted(starts) and starts[-1] > 500
    assert all(word["start_ms"] <= word["end_ms"] for word in transcript["words"])


def test_what_is_added_is_listed_told_verified_and_removed(data):
    add(data, fixture, "--name", "commands")
    models = manifest(data)
    model = models["models"]["commands"]
    assert model["description"]["family"] == "streaming-nemo-ctc" and model["description"]["languages"] == ["en"]
    assert model["trial"]["timesRealTime"] >= 1 and models["defaults"]["recognition"] == {"en": "commands"}
    assert "commands *" in mynah(data, "models", "list").stdout
    assert "sha256:" in mynah(data, "models", "info", "commands").stdout
    assert mynah(data, "models", "verify").returncode == 0
    with open(data / "models/added/commands/tokens.txt", "a") as file:
        file.write("x")
    damaged = mynah(data, "models", "verify")
    assert damaged.returncode == 69 and "tokens.txt" in damaged.stdout
    assert mynah(data, "models", "remove", "commands").returncode == 0
    assert manifest(data)["models"] == {} and not (data / "models/added/commands").exists()


def test_a_second_model_serves_when_it_is_chosen(data):
    add(data, fixture, "--name", "one")
    assert "Another model serves" in add(data, fixture, "--name", "two")
    assert mynah(data, "models", "use", "two").returncode == 0
    assert manifest(data)["defaults"]["recognition"] == {"en": "two"}


def broken(tmp_path, **files):
    """The model's folder with other contents of some files; None leaves one out."""
    folder = tmp_path / "broken"
    shutil.copytree(fixture, folder)
    for name, content in files.items():
        path = folder / name.replace("_", ".")
        path.unlink()
        if content is not None:
            path.write_bytes(content)
    return folder


@pytest.mark.parametrize("files, told", [
    ({"model_onnx": b"not a model"}, "not an ONNX file"),
    ({"model_onnx": (fixture / "model.onnx").read_bytes()[:10_000]}, "cut off"),
    ({"model_onnx": None}, "no .onnx file"),
    ({"tokens_txt": None}, "without its tokens"),
    ({"tokens_txt": b"a 0\n"}, "<blk>"),
    ({"tokens_txt": b"three columns 0\n"}, "line 1"),
    ({"model_onnx": (fixture / "model.onnx").read_bytes().replace(b"chunk_shift", b"chunk_shrft")}, "chunk_shift"),
])
def test_a_model_that_is_not_whole_is_refused_with_the_reason_and_nothing_changes(data, tmp_path, files, told):
    done = mynah(data, "models", "add", broken(tmp_path, **files))
    assert done.returncode == 69 and told in done.stderr, done.stderr
    assert manifest(data)["models"] == {}


def test_a_model_that_ends_the_process_is_refused_with_its_last_words(data, tmp_path):
    # The library calls _Exit over a length below 0, which no look at the names of the keys can foresee.
    content = (fixture / "model.onnx").read_bytes().replace(b"window_size\x12\x0216", b"window_size\x12\x02-6")
    done = mynah(data, "models", "add", broken(tmp_path, model_onnx=content))
    assert done.returncode == 69 and "window_size" in done.stderr, done.stderr
    assert manifest(data)["models"] == {} and not list((data / "models/added").glob(".incoming*"))


@pytest.mark.parametrize("arguments, status", [
    (["add", "/nonexistent"], 66), (["add", fixture, "--name", "../x"], 64), (["use", "none"], 64), (["remove", "none"], 64),
    (["info", "none"], 64), (["verify", "none"], 64),
])
def test_what_is_not_there_is_told(data, arguments, status):
    done = mynah(data, "models", *arguments)
    assert done.returncode == status and done.stderr.strip(), (done.returncode, done.stderr)


def stream(server, file, **start):
    """A session that hears a recording in real time: its messages."""
    samples = file.read_bytes()[44:] + bytes(32_000)
    with connect(server.stream_url) as socket:
        socket.send(json.dumps({"type": "start", "sample_rate": 16_000, "channels": 1} | start))
        for at in range(0, len(samples), 3200):
            socket.send(samples[at:at + 3200])
            time.sleep(0.1)
        socket.send('{"type":"end"}')
        return [json.loads(message) for message in socket]


def texts(messages):
    return [message["text"] for message in messages if message["type"] == "final"]


def test_live_streams_are_decoded_together_with_partials_and_word_times(start_server, data, recordings):
    add(data)
    with start_server(data=data) as server:
        status = json.load(urllib.request.urlopen(server.url + "/status"))
        assert "sherpa-onnx" in json.dumps(status) and "commands-en" in json.dumps(status)
        with ThreadPoolExecutor(12) as pool:
            heard = list(pool.map(lambda index: stream(server, recordings[index % 3]), range(12)))
        metrics = urllib.request.urlopen(server.url + "/metrics").read().decode()
    steps, taken_along = (
        float(re.search(rf"^mynah_model_step_{name} (.*)$", metrics, re.MULTILINE)[1])
        for name in ("seconds_count", "utterances_total"))
    assert taken_along >= steps > 12
    for index, messages in enumerate(heard):
        assert texts(messages) == [sentences[index % 3]]
        assert any(message["type"] == "partial" for message in messages)
        words = [message for message in messages if message["type"] == "final"][0]["words"]
        assert [word["word"] for word in words] == sentences[index % 3].split()


@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP])
def test_a_process_that_crashes_or_hangs_costs_a_repetition_and_no_word(start_server, data, recordings, fault):
    add(data)
    with start_server(data=data) as server:
        def worker():
            children = subprocess.run(["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True).stdout.split()
            return next(int(child) for child in children if b"neural" in Path(f"/proc/{child}/cmdline").read_bytes())

        with ThreadPoolExecutor(3) as pool:
            heard = [pool.submit(stream, server, recording) for recording in recordings]
            time.sleep(1.2)
            os.kill(worker(), fault)
            assert [texts(result.result()) for result in heard] == [[sentence] for sentence in sentences]


def test_a_model_that_reads_whole_utterances_gives_partials_too(start_server, speech):
    with start_server("--set", f"stt.model_path={loudness}") as server:
        messages = stream(server, speech.librivox[0])
    shown = [f"{message['text']} {message['unstable_text']}".strip() for message in messages if message["type"] == "partial"]
    final = texts(messages)[-1]
    assert set(final.split()) == {"a"} and len(shown) > 1
    # Each reads the whole again.
    assert len(shown[-1].split()) <= len(" ".join(texts(messages)).split())


def test_a_server_uses_a_folder_where_it_lies(start_server, recordings):
    with start_server("--set", f"stt.model_path={fixture}") as server:
        assert texts(stream(server, recordings[1])) == [sentences[1]]


def test_a_damaged_model_that_nobody_named_stops_no_server(start_server, data, speech):
    add(data)
    (data / "models/added/commands-en/model.onnx").write_bytes(b"damaged")
    with start_server(data=data) as server:
        assert "pocketsphinx" in json.dumps(json.load(urllib.request.urlopen(server.url + "/status")))
        assert "cannot be used" in server.log.read_text()
    # A file can wait until it is mended.
    done = mynah(data, "transcribe", "--rate", 16000, speech.goforward)
    assert done.returncode == 69 and "commands-en/model.onnx" in done.stderr and not done.stdout, done
    checks = json.loads(mynah(data, "doctor", "--json").stdout)["checks"]
    assert [check["state"] for check in checks if check["name"] == "recognition model"] == ["limited"]


@pytest.mark.parametrize("flags, told", [
    (["--set", "stt.engine=sherpa"], "models add"),
    (["--set", "stt.engine=sherpa", "--set", "stt.model_name=none"], "none"),
    (["--set", "stt.model_path=/nonexistent"], "/nonexistent"),
    (["--set", f"stt.model_path={fixture}", "--set", "wakeword.enabled=true", "--set", "wakeword.phrases=xyzzy"], "xyzzy"),
])
def test_a_server_tells_what_model_it_misses(data, flags, told):
    done = mynah(data, "serve", "--listen", "127.0.0.1:0", "--set", "output.enabled=false", *flags)
    assert done.returncode in (66, 69, 78) and told in done.stderr, (done.returncode, done.stderr)


def until_ended(socket):
    """The messages up to the end of the session."""
    messages = []
    while not messages or messages[-1]["type"] != "ended":
        messages.append(json.loads(socket.recv(timeout=60)))
    return messages


def live(server, file, **start):
    """What a session hears of a file, sent at once."""
    with connect(server.stream_url) as socket:
        socket.send(json.dumps({"type": "start", "sample_rate": 16000, "channels": 1, **start}))
        socket.send(file.read_bytes()[44:])
        socket.send('{"type": "end"}')
        messages = until_ended(socket)
    assert not [message for message in messages if message["type"] == "error"], messages
    return " ".join(message["text"] for message in messages if message["type"] == "final")


def refused(server, model):
    """What a session is told that asks for a model that is not there."""
    with connect(server.stream_url) as socket:
        socket.send(json.dumps({"type": "start", "model": model}))
        refusal = json.loads(socket.recv())
    assert refusal["code"] == "invalid-parameter", refusal
    return refusal["message"]


def serves(server, model):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"{server.url}/status", timeout=5) as answer:
            if json.load(answer)["model"] == model:
                return True
        time.sleep(0.2)
    return False


def test_a_new_default_serves_new_sessions_while_old_ones_finish(data, recordings, start_server):
    add(data, loudness, "--name", "loudness")
    add(data, fixture, "--name", "commands")
    mynah(data, "models", "use", "loudness", "--language", "en")
    with start_server("--set", "session.resume_window_seconds=1", data=data) as server:
        assert serves(server, "loudness")
        sound = recordings[0].read_bytes()[44:] + bytes(48_000)
        with connect(server.stream_url) as old:
            old.send(json.dumps({"type": "start", "sample_rate": 16000, "channels": 1}))
            old.send(sound)
            assert mynah(data, "models", "use", "commands").returncode == 0
            assert serves(server, "commands")
            # By name both can be had; nothing else can.
            assert live(server, recordings[1]) == sentences[1]
            assert live(server, recordings[1], model="loudness").startswith("a")
            assert live(server, recordings[1], model="commands", language="en") == sentences[1]
            old.send(sound)
            old.send('{"type": "end"}')
            finals = [message for message in until_ended(old) if message["type"] == "final"]
            assert len(finals) == 2 and all(set(final["text"]) <= {"a", " "} for final in finals)
        assert "commands, en-us, loudness" in refused(server, "nobody")
        deadline = time.monotonic() + 20
        while "was freed" not in server.log.read_text() and time.monotonic() < deadline:
            time.sleep(0.2)
        assert "was freed" in server.log.read_text()
        # What was removed cannot be had any more; the default is, until there is another.
        mynah(data, "models", "remove", "loudness")
        deadline = time.monotonic() + 20
        while "loudness" in refused(server, "nobody") and time.monotonic() < deadline:
            time.sleep(0.2)
        assert "commands, en-us" in refused(server, "loudness")
        mynah(data, "models", "remove", "commands")
        assert serves(server, "en-us")


def test_the_built_in_recogniser_listens_for_the_wake_word_of_a_neural_one(data, recordings, start_server, tmp_path):
    add(data, fixture, "--name", "commands")
    phrase = tmp_path / "phrase.wav"
    subprocess.run(["flite", "-voice", "slt", "-t", "hey computer", "-o", phrase], check=True)
    pause = bytes(48_000)
    parts = [recordings[0], phrase, recordings[2]]
    together = tmp_path / "together.wav"
    together.write_bytes(recordings[0].read_bytes()[:44] + b"".join(part.read_bytes()[44:] + pause for part in parts))
    with start_server("--set", "wakeword.enabled=true", data=data) as server:
        assert live(server, together) == sentences[2]
        assert live(server, recordings[0], wake_word=False) == sentences[0]


def test_a_default_that_is_damaged_does_not_replace_the_one_that_works(data, recordings, start_server):
    add(data, fixture, "--name", "commands")
    add(data, loudness, "--name", "loudness")
    with start_server(data=data) as server:
        assert serves(server, "commands")
        (data / "models/added/loudness/model.onnx").write_bytes(b"nothing of the kind")
        mynah(data, "models", "use", "loudness", "--language", "en")
        deadline = time.monotonic() + 20
        while "a model cannot be used" not in server.log.read_text() and time.monotonic() < deadline:
            time.sleep(0.2)
        assert "a model cannot be used" in server.log.read_text()
        assert serves(server, "commands") and live(server, recordings[2]) == sentences[2]

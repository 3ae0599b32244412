"""The program on the command line, as a user types it."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import write_wav

repository = Path(__file__).resolve().parents[2]
program = os.environ.get("MYNAH_BIN", str(repository / ".build/debug/mynah"))


def run(*arguments, stdin=None):
    return subprocess.run([program, *map(str, arguments)], input=stdin, capture_output=True, timeout=120)


@pytest.fixture(scope="module")
def recording(speech, tmp_path_factory):
    return write_wav(tmp_path_factory.mktemp("audio") / "goforward.wav", speech.goforward.read_bytes())


@pytest.mark.parametrize("format", ["text", "json", "srt", "vtt", "tsv"])
def test_a_recording_becomes_a_transcript(recording, format):
    done = run("transcribe", "--format", format, "--words", recording)
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    assert "forward" in text
    if format == "json":
        transcript = json.loads(text)
        assert transcript["text"] == "go forward ten meters"
        assert [w["word"] for w in transcript["words"]] == ["go", "forward", "ten", "meters"]


def test_transcripts_go_into_a_folder_and_raw_audio_comes_from_standard_input(recording, speech, tmp_path):
    assert run("transcribe", "-o", tmp_path / "out", recording).returncode == 0
    assert (tmp_path / "out/goforward.txt").read_text().strip() == "go forward ten meters"
    done = run("transcribe", "--rate", 16000, "-", stdin=speech.goforward.read_bytes())
    assert done.stdout.decode().strip() == "go forward ten meters"


def test_transcripts_of_several_files_come_in_the_order_of_the_files(recording, speech, tmp_path):
    # The long one is first, so that the other is done before it.
    long = write_wav(tmp_path / "long.wav", speech.goforward.read_bytes() * 4)
    done = run("transcribe", "--format", "json", long, recording)
    assert done.returncode == 0, done.stderr
    first, second = map(json.loads, done.stdout.decode().replace("}\n{", "}\0{").split("\0"))
    assert len(first["words"]) > len(second["words"]) == 4


@pytest.mark.parametrize("content, word", [
    (b"", "empty"), (b"It was a dark and stormy night.\n" * 50, "audio"), (b"RIFF\xff\xff\xff\x7fWAVE", ""),
])
def test_a_file_that_is_no_audio_is_refused_with_advice(tmp_path, content, word):
    path = tmp_path / "bad.wav"
    path.write_bytes(content)
    done = run("transcribe", path)
    assert done.returncode == 65 and not done.stdout
    assert word in done.stderr.decode() and "bad.wav" in done.stderr.decode()


def test_a_missing_file_and_a_missing_model_are_told(recording, tmp_path):
    assert run("transcribe", tmp_path / "none.wav").returncode == 66
    done = run("transcribe", "--set", f"models.directory={tmp_path}", recording)
    assert done.returncode == 69 and b"Scripts/setup" in done.stderr


def test_listen_captions_a_file_through_the_server(server, recording):
    done = run("listen", "--file", recording, "--to", server.stream_url)
    assert done.returncode == 0, done.stderr
    assert "go forward ten meters" in done.stdout.decode()
    events = run("listen", "--json", "--file", recording, "--to", server.stream_url).stdout.decode().splitlines()
    assert any("go forward ten meters" in line for line in events) and all(json.loads(line) for line in events)


def test_listen_tells_that_no_server_and_no_microphone_is_there(server):
    assert run("listen", "--stdin", "--to", "ws://127.0.0.1:9/v1/asr/stream", stdin=bytes(3200)).returncode == 69
    assert run("listen", "--device", "nowhere", "--to", server.stream_url).returncode == 69


def test_the_demo_shows_real_speech_and_ends():
    done = run("demo", "--once", "--listen", "127.0.0.1:0")
    assert done.returncode == 0, done.stderr
    assert "consider how much there might be" in done.stdout.decode()


def test_a_port_in_use_is_told(server):
    done = run("serve", "--listen", f"127.0.0.1:{server.port}", "--set", "output.enabled=false")
    assert done.returncode == 69 and b"--listen" in done.stderr


def test_configuration_commands():
    assert run("config", "check").returncode == 0
    assert run("config", "check", "--set", "audio.frame_ms=7").returncode == 78
    assert "audio.frame_ms" in run("config", "show").stdout.decode()
    assert json.loads(run("config", "show", "--json").stdout)
    assert json.loads(run("config", "schema").stdout)["$schema"]


def test_the_references_in_the_documentation_are_those_of_the_program():
    assert run("errors", "--markdown").stdout.decode() == (repository / "docs/errors.md").read_text()
    assert run("config", "reference").stdout.decode() == (repository / "docs/configuration.md").read_text()
    assert "overloaded" in run("errors").stdout.decode()


@pytest.mark.parametrize("profile, isMet", [("main_pc", False), ("pc2", True)])
def test_what_the_engine_does_not_have_is_told_and_it_goes_on_without(monkeypatch, recording, profile, isMet):
    monkeypatch.setenv("RTAP_ENVIRONMENT", profile)
    done = run("doctor", "--json", "--config", repository / "config")
    assert done.returncode == 0
    (check,) = [one for one in json.loads(done.stdout)["checks"] if one["name"] == "recogniser"]
    assert check["state"] == ("ok" if isMet else "limited")
    for word in ["stt.device is cuda", "stt.compute_dtype is float16"]:
        assert (word in check["detail"]) != isMet
    done = run("transcribe", "--config", repository / "config", recording)
    assert done.returncode == 0 and done.stdout.decode().strip() == "go forward ten meters"


def test_a_server_on_a_machine_without_a_graphics_card_warns(start_server):
    with start_server("--set", "stt.device=cuda") as server:
        assert "stt.device is cuda" in server.log.read_text()


def test_the_model_is_chosen_by_its_name(recording, tmp_path):
    done = run("transcribe", "--set", "stt.model_name=de-de", recording)
    assert done.returncode == 69
    assert b"pocketsphinx/de-de/de-de/mdef" in done.stderr and b"stt.model_name" in done.stderr
    # The same model under another name.
    installed = repository / ".native/models"
    for name in ["silero", "language", "sentiment"]:
        (tmp_path / name).symlink_to(installed / name)
    model = tmp_path / "pocketsphinx/en-mine"
    model.mkdir(parents=True)
    for file in (installed / "pocketsphinx/en-us").iterdir():
        (model / file.name.replace("en-us", "en-mine")).symlink_to(file)
    done = run("transcribe", "--set", f"models.directory={tmp_path}", "--set", "stt.model_name=en-mine", recording)
    assert done.stdout.decode().strip() == "go forward ten meters", done.stderr


def test_doctor_finds_what_is_there():
    assert run("doctor").returncode == 0
    assert json.loads(run("doctor", "--json").stdout)
    assert run("--version").stdout.startswith(b"mynah ")


def test_a_program_without_its_pages_says_so_and_does_the_rest(recording, tmp_path):
    alone = shutil.copy(program, tmp_path / "mynah")
    environment = os.environ | {"MYNAH_MODELS_DIRECTORY": str(repository / ".native/models")}
    for command in (["serve"], ["demo", "--once"]):
        done = subprocess.run([alone, *command], capture_output=True, text=True, timeout=120, env=environment)
        assert done.returncode == 69 and "mynah_Web.resources" in done.stderr, done.stderr
    checks = json.loads(subprocess.run([alone, "doctor", "--json"], capture_output=True, timeout=120, env=environment).stdout)["checks"]
    assert {check["name"]: check["state"] for check in checks}["pages"] == "missing"
    assert subprocess.run([alone, "transcribe", recording], capture_output=True, timeout=120, env=environment).returncode == 0

"""Text to speech, who speaks, and where sentences end: with the built-in voices and with models made for these tests (Tools/)."""

import array
import io
import json
import math
import os
import signal
import string
import subprocess
import urllib.error
import urllib.request
import wave

import pytest
from conftest import repository
from test_model_download import serving
from test_models import add, data, mynah, until_ended  # noqa: F401
from websockets.sync.client import connect

models = repository / "Tests/Fixtures/models"


def synthesise(server, **body):
    request = urllib.request.Request(
        f"{server.url}/v1/audio/speech", json.dumps({"model": "tts-1", **body}).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.headers, answer.read()


def refusal(server, body):
    request = urllib.request.Request(f"{server.url}/v1/audio/speech", body, {"Content-Type": "application/json"})
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request, timeout=30)
    return error.value.code, json.load(error.value)


def samples(wav):
    """Of a WAV file whose header may not know its length."""
    with wave.open(io.BytesIO(wav)) as file:
        rate = file.getframerate()
        assert file.getnchannels() == 1 and file.getsampwidth() == 2
    return rate, array.array("h", wav[44:])


def strength(audio, rate, frequency):
    """How strong one frequency is (Goertzel)."""
    real = sum(sample * math.cos(2 * math.pi * frequency * at / rate) for at, sample in enumerate(audio))
    imaginary = sum(sample * math.sin(2 * math.pi * frequency * at / rate) for at, sample in enumerate(audio))
    return math.hypot(real, imaginary)


def spelled(audio, rate, octaves, alphabet=string.ascii_lowercase):
    """The letters that the voice of tones said: 60 ms each, 500 Hz and 40 Hz more for each letter, for the second speaker two octaves
    higher (Tools/tones-model)."""
    letters = ""
    for at in range(0, len(audio) - 1000, 1323):
        part = audio[at : at + 1323]
        if max(map(abs, part)) > 1000:
            letters += max(alphabet, key=lambda letter: strength(part, rate, (500 + 40 * alphabet.index(letter)) * 2**octaves))
    return letters


def test_a_voice_is_added_with_one_command_and_says_each_letter_in_order(data, tmp_path):
    assert "mynah speak" in add(data, models / "tones-en")
    file = tmp_path / "a.wav"
    for voice, octaves in [("tones-en/0", 0), ("tones-en/1", 2), ("tones-en", 0)]:
        done = mynah(data, "speak", "--voice", voice, "mynah speaks", "-o", file)
        assert done.returncode == 0, done.stderr
        rate, audio = samples(file.read_bytes())
        assert rate == 22050 and spelled(audio, rate, octaves) == "mynahspeaks"
    slow, fast = (
        len(samples(speech)[1])
        for speech in (
            subprocess.run([*command(data), "speak", "--voice", "tones-en", "abc", "--speed", speed], capture_output=True).stdout
            for speed in ["0.5", "2"]))
    assert 3 < slow / fast < 5
    # The voice that was added for English is the default now.
    default = subprocess.run([*command(data), "speak", "abc"], capture_output=True).stdout
    assert samples(default)[0] == 22050
    built_in = subprocess.run([*command(data), "speak", "abc", "--set", "tts.engine=flite"], capture_output=True).stdout
    assert samples(built_in)[0] == 16000


def command(data):
    from test_models import program

    return ["env", f"MYNAH_DATA={data}", str(program)]


def test_a_voice_that_needs_a_lexicon_says_so_before_it_is_added(data, tmp_path):
    folder = tmp_path / "vits-coqui-en-ljspeech"
    subprocess.run(["cp", "-r", models / "tones-en", folder], check=True)
    model = (folder / "model.onnx").read_bytes()
    assert b"characters" in model
    (folder / "model.onnx").write_bytes(model.replace(b"characters", b"phonemes__"))
    done = mynah(data, "models", "add", folder)
    assert done.returncode == 69 and "lexicon.txt" in done.stderr


# The sounds of the voice of phonemes, in the order of their tones (Tools/tones-model).
phonemes = "abdefhijklmnopstuvwzæðŋɐɑɔəɚɛɜɡɪɹɾʃʊʌʒθᵻ"


@pytest.fixture
def piper_voice(tmp_path):
    """As Piper publishes it: a network without metadata, which come last in the file, and a description beside it."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    model = (models / "tones-ipa/model.onnx").read_bytes()
    (folder / "en_US-tones-low.onnx").write_bytes(model[: model.index(b"model_type") - 4])
    lines = (models / "tones-ipa/tokens.txt").read_text().splitlines()
    # A space is written as its number alone.
    numbers = {line[0] if " " in line else " ": [int(line.split()[-1])] for line in lines}
    description = {
        "audio": {"sample_rate": 22050}, "espeak": {"voice": "en-us"}, "phoneme_type": "espeak", "num_speakers": 2,
        "language": {"code": "en_US", "family": "en"}, "phoneme_id_map": numbers}
    (folder / "en_US-tones-low.onnx.json").write_text(json.dumps(description))
    return folder / "en_US-tones-low.onnx"


def test_a_piper_voice_is_added_as_it_is_published_and_reads_phonemes(data, piper_voice, tmp_path):
    # Where nothing knows how words are pronounced, that is said.
    done = subprocess.run(
        ["/usr/bin/env", "PATH=/nowhere", *command(data)[1:], "models", "add", piper_voice], capture_output=True, text=True)
    assert done.returncode == 69 and "apt-get install espeak-ng" in done.stderr, done
    assert "mynah speak" in add(data, piper_voice)
    done = mynah(data, "speak", "Hello, world!", "-o", tmp_path / "hello.wav")
    assert done.returncode == 0, done.stderr
    rate, audio = samples((tmp_path / "hello.wav").read_bytes())
    assert rate == 22050 and spelled(audio, rate, 0, phonemes) == "həloʊwɜld"
    # The published folder of the same voice, with its description within the network.
    add(data, models / "tones-ipa")
    again = subprocess.run([*command(data), "speak", "--voice", "tones-ipa", "Hello, world!"], capture_output=True)
    assert spelled(samples(again.stdout)[1], rate, 0, phonemes) == "həloʊwɜld", again.stderr


def test_a_piper_voice_is_downloaded_with_its_description(data, piper_voice):
    contents = {f"/voices/{file.name}": file.read_bytes() for file in piper_voice.parent.iterdir()}
    with serving(contents) as server:
        done = mynah(data, "models", "add", f"{server.url}/voices/{piper_voice.name}?download=true")
        assert done.returncode == 0, done.stderr
        assert [path for path, _ in server.requests][-1] == f"/voices/{piper_voice.name}.json?download=true"
        # Without it, it is a network that says nothing of itself.
        del contents[f"/voices/{piper_voice.name}.json"]
        done = mynah(data, "models", "add", f"{server.url}/voices/{piper_voice.name}", "--name", "other")
        assert done.returncode == 69 and ".onnx.json beside it" in done.stderr, done


def copied(data, name, tmp_path, **voices):
    """Adds a voice that copies the voices of recordings: tones of one second each."""
    folder = tmp_path / name
    subprocess.run(["cp", "-r", models / name, folder], check=True)
    (folder / "voices").mkdir()
    for person, hertz in voices.items():
        with wave.open(str(folder / f"voices/{person}.wav"), "wb") as file:
            file.setparams((1, 2, 24000, 0, "NONE", ""))
            file.writeframes(array.array("h", (int(9000 * math.sin(math.tau * hertz * at / 24000)) for at in range(24000))).tobytes())
        (folder / f"voices/{person}.txt").write_text("hello")
    return add(data, folder)


def tone(audio, rate, *frequencies):
    return max(frequencies, key=lambda hertz: strength(audio, rate, hertz))


@pytest.mark.parametrize("name", ["zipvoice", "pocket"])
def test_a_voice_is_copied_from_a_recording(data, tmp_path, name):
    bare = mynah(data, "models", "add", models / name)
    assert bare.returncode == 69 and "voices/NAME.wav" in bare.stderr, bare
    assert "mynah speak" in copied(data, name, tmp_path, anna=440, tom=220)
    assert {f"{name}/anna", f"{name}/tom"} <= {line.split("\t")[0] for line in mynah(data, "speak", "--voices").stdout.splitlines()}
    for person, hertz in [("anna", 440), ("tom", 220)]:
        done = subprocess.run([*command(data), "speak", "--voice", f"{name}/{person}", "hello"], capture_output=True)
        rate, audio = samples(done.stdout)
        second = audio[len(audio) // 5 : len(audio) // 5 * 2]
        assert rate == 24000 and tone(second, rate, 220, 440, 880) == hertz, done.stderr


def test_a_voice_of_many_languages_is_told_which(data, start_server):
    # What it is called here tells nothing of what it speaks.
    add(data, models / "supertonic", "--name", "supertonic-en")

    def marks(audio):
        """The language that the voice was told, which it says before the text: frames of 3072 samples, letters from 3000 Hz up."""
        letters = string.ascii_lowercase
        return "".join(
            letters[int((tone(audio[3072 * at : 3072 * (at + 1)], 44100, *(3000 + 93.75 * n for n in range(26))) - 3000) / 93.75)]
            for at in (1, 2))

    text = "Das ist ein schöner Tag, und wir gehen mit den Kindern spazieren."
    for flags, language in [([], "de"), (["--language", "fr"], "fr")]:
        done = subprocess.run([*command(data), "speak", *flags, text], capture_output=True)
        assert marks(samples(done.stdout)[1]) == language, done.stderr
    with start_server(data=data) as server:
        for body, language in [({}, "en"), ({"language": "pl"}, "pl")]:
            _, audio = synthesise(server, input="Good morning, how are you today?", response_format="wav", **body)
            assert marks(samples(audio)[1]) == language
        code, problem = refusal(server, json.dumps({"input": "hello", "language": "xx"}).encode())
        assert code == 400 and "No voice speaks the language xx" in problem["detail"], problem
        code, problem = refusal(server, json.dumps({"input": "hello", "voice": "supertonic-en/1", "language": "xx"}).encode())
        assert code == 400 and "does not speak the language xx" in problem["detail"], problem
    # Another voice for a language that the default one speaks, too, is taken when the language is named.
    add(data, models / "tones-en")
    assert mynah(data, "models", "use", "tones-en", "--language", "fr").returncode == 0
    spoken = subprocess.run([*command(data), "speak", "--language", "fr", "abc"], capture_output=True)
    assert samples(spoken.stdout)[0] == 22050, spoken.stderr


def test_openai_clients_hear_the_default_voice(start_server):
    with start_server() as server:
        headers, audio = synthesise(server, input="Good morning. How are you?", voice="alloy", response_format="wav")
        assert headers["Content-Type"] == "audio/wav"
        rate, sound = samples(audio)
        assert rate == 16000 and 1.5 < len(sound) / rate < 6
        # Raw samples of OpenAI have 24,000 a second.
        _, raw = synthesise(server, input="Good morning. How are you?", voice="alloy", response_format="pcm")
        assert abs(len(raw) / 2 / 24000 - len(sound) / rate) < 0.05
        for name, beginning in {"mp3": (b"\xff\xf3", b"\xff\xfb", b"\xff\xf2"), "opus": (b"OggS",), "flac": (b"fLaC",)}.items():
            _, audio = synthesise(server, input="Good morning.", voice="nova", response_format=name)
            assert audio.startswith(beginning), name
        with urllib.request.urlopen(f"{server.url}/v1/audio/voices") as answer:
            assert [voice["id"] for voice in json.load(answer)["voices"]] == ["slt", "awb", "rms", "kal16"]


def test_what_cannot_be_spoken_is_told(start_server):
    with start_server() as server:
        for body, code, part in [
            (b"{}", "malformed-message", "`input` is missing"),
            (b"nonsense", "malformed-message", "not JSON"),
            (b'{"input": 5}', "malformed-message", "another type"),
            (b'{"input": "  "}', "invalid-parameter", "no text"),
            (b'{"input": "..."}', "invalid-parameter", "nothing in this text"),
            (b'{"input": "a", "voice": "nobody"}', "invalid-parameter", "slt"),
            (b'{"input": "a", "speed": 5}', "invalid-parameter", "0.25"),
            (b'{"input": "a", "response_format": "midi"}', "invalid-parameter", "mp3"),
        ]:
            status, problem = refusal(server, body)
            assert status == 400 and problem["code"] == code and part in problem["detail"], problem
        status, problem = refusal(server, json.dumps({"input": "a " * 6000}).encode())
        assert status == 413 and problem["code"] == "too-large"
        assert refusal(server, b" " * 500_000)[0] == 413
        # It goes on.
        assert synthesise(server, input="Good.", response_format="wav")[1]


@pytest.fixture(scope="module")
def conversation(tmp_path_factory):
    """Two people in turns, and what each says."""
    folder = tmp_path_factory.mktemp("conversation")
    turns = [
        ("slt", "go forward ten meters and turn around"), ("rms", "it is a nice day and the sun is out"),
        ("slt", "we will go to the house in the evening"), ("rms", "they have been there for a long time now")]
    sound = b""
    for voice, text in turns:
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", folder / "turn.wav"], check=True)
        with wave.open(str(folder / "turn.wav")) as file:
            sound += file.readframes(1 << 30) + bytes(32_000)
    with wave.open(str(folder / "conversation.wav"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(sound)
    return folder / "conversation.wav", sound


def finals(server, sound):
    with connect(server.stream_url) as socket:
        socket.send(json.dumps({"type": "start", "sample_rate": 16000, "channels": 1}))
        for at in range(0, len(sound), 32_000):
            socket.send(sound[at : at + 32_000])
        socket.send('{"type": "end"}')
        messages = until_ended(socket)
    assert not [message for message in messages if message["type"] == "error"]
    return [message for message in messages if message["type"] == "final"]


def test_live_finals_say_who_speaks(data, start_server, conversation):
    add(data, models / "speakers")
    with start_server("--set", "speakers.enabled=true", data=data) as server:
        assert [final["speaker"] for final in finals(server, conversation[1])] == ["speaker_1", "speaker_2"] * 2
        # Every session knows its own people only.
        assert finals(server, conversation[1][len(conversation[1]) // 2 :])[0]["speaker"] == "speaker_1"
    with start_server(data=data) as server:
        assert all("speaker" not in final for final in finals(server, conversation[1]))


def test_speakers_without_a_model_are_a_fault_of_the_configuration(data):
    done = mynah(data, "serve", "--set", "speakers.enabled=true", "--listen", "127.0.0.1:0", "--set", "output.enabled=false")
    assert done.returncode == 78 and "speaker-embedding" in done.stderr
    done = mynah(data, "transcribe", "--diarize", "x.wav")
    assert done.returncode == 78 and "speaker-segmentation" in done.stderr


@pytest.mark.parametrize("model,written", [("punctuation-en", "go forward ten meters."), ("casing-en", "Go forward ten meters.")])
def test_finals_and_transcripts_have_punctuation(data, start_server, speech, model, written):
    add(data, models / model)
    done = mynah(data, "transcribe", "--rate", 16000, speech.goforward)
    assert done.stdout == written + "\n"
    with start_server(data=data) as server:
        final = finals(server, open(speech.goforward, "rb").read())[0]
        assert final["text"] == written and final["words"][-1]["word"] == "meters."


def test_a_recording_says_who_speaks_when(data, conversation):
    file, sound = conversation
    add(data, models / "speakers")
    add(data, models / "segmentation", "--set", "speakers.threshold=0.9")
    done = mynah(data, "transcribe", "--diarize", "--format", "json", "--set", "speakers.threshold=0.9", file)
    assert done.returncode == 0, done.stderr
    transcript = json.loads(done.stdout)
    long = [segment for segment in transcript["segments"] if segment["end_ms"] - segment["start_ms"] > 1000]
    assert [segment["speaker"] for segment in long] == ["speaker_1", "speaker_2"] * 2
    assert [segment["index"] for segment in transcript["segments"]] == list(range(len(transcript["segments"])))
    assert all(word["speaker"].startswith("speaker_") for word in transcript["words"])
    captions = mynah(data, "transcribe", "--speakers", "2", "--format", "vtt", file).stdout
    assert "<v speaker_1>" in captions and "<v speaker_2>" in captions
    # Nobody asked.
    assert "speaker" not in mynah(data, "transcribe", "--format", "json", file).stdout
    assert mynah(data, "transcribe", "--speakers", "0", file).returncode == 64


def test_a_model_that_is_damaged_while_it_serves_holds_nothing_up(data, start_server, speech):
    add(data, models / "punctuation-en")
    add(data, models / "tones-en", "--name", "tones")
    with start_server(data=data) as server:
        assert finals(server, open(speech.goforward, "rb").read())[0]["text"] == "go forward ten meters."
        assert synthesise(server, input="abc", voice="tones", response_format="wav")[1]
        for name in ("punctuation-en", "tones"):
            (data / f"models/added/{name}/model.onnx").write_bytes(bytes(100))
        workers = subprocess.run(["pgrep", "-f", f"worker job .*{data}"], capture_output=True, text=True).stdout.split()
        assert len(workers) == 2
        for worker in workers:
            os.kill(int(worker), signal.SIGKILL)
        # Without marks, but not without words.
        assert finals(server, open(speech.goforward, "rb").read())[0]["text"] == "go forward ten meters"
        code, problem = refusal(server, json.dumps({"input": "abc", "voice": "tones"}).encode())
        assert code >= 500 and "tones" in problem["detail"], problem

"""Models that hear something else than words: noise, languages, wake words. They were made without training (Tools/*-model) and hear
bands of frequencies."""

import cmath
import json
import math
import subprocess
import wave
from array import array

import pytest
from conftest import repository
from test_models import add, data, fixture, live, mynah, program, recordings, sentences  # noqa: F401

models = repository / "Tests/Fixtures/models"
# A tone is no speech to the neural detector.
any_sound = ("--set", "preprocess.vad=energy")


def tones(*frequencies, seconds=0.3, loudness=8000):
    """A tone after the other."""
    return array("h", (
        round(loudness * math.sin(2 * math.pi * frequency * index / 16_000))
        for frequency in frequencies for index in range(int(16_000 * seconds))))


def silence(seconds):
    return array("h", bytes(2 * int(16_000 * seconds)))


def samples(file):
    with wave.open(str(file)) as sound:
        assert sound.getframerate() == 16_000 and sound.getnchannels() == 1
        return array("h", sound.readframes(sound.getnframes()))


def write(file, *parts):
    with wave.open(str(file), "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(b"".join(part.tobytes() for part in parts))
    return file


def loudness_at(sound, frequency):
    """Of a tone in a sound: its amplitude."""
    turn = -2j * math.pi * frequency / 16_000
    return 2 * abs(sum(sample * cmath.exp(turn * index) for index, sample in enumerate(sound))) / len(sound)


@pytest.fixture
def noisy(tmp_path, recordings):
    spoken = samples(recordings[0])
    noise = tones(6000, seconds=1 + len(spoken) / 16_000, loudness=2000)
    return write(tmp_path / "noisy.wav", array("h", (one + other for one, other in zip(spoken, noise))))


def test_noise_is_taken_out_of_a_recording(data, noisy, recordings, tmp_path):
    assert "mynah enhance" in add(data, models / "lowpass")
    done = mynah(data, "enhance", noisy, "-o", tmp_path / "clean.wav")
    assert done.returncode == 0 and "16000 Hz" in done.stderr, done.stderr
    clean, before = samples(tmp_path / "clean.wav"), samples(noisy)
    assert len(clean) == len(before)
    assert loudness_at(before, 6000) > 1500 and loudness_at(clean, 6000) < 100
    # Of what is left nothing is lost.
    assert loudness_at(clean, 200) == pytest.approx(loudness_at(before, 200), rel=0.1)
    # To a pipe, too, from one.
    piped = subprocess.run(
        ["sh", "-c", f"MYNAH_DATA={data} {program} enhance - <{noisy}"], capture_output=True, timeout=60)
    # What a file has before stays.
    together = tmp_path / "together"
    subprocess.run(
        ["sh", "-c", f"export MYNAH_DATA={data}; (echo before; {program} enhance {noisy}; echo behind) >{together}"], timeout=60)
    whole = (tmp_path / "clean.wav").read_bytes()
    assert together.read_bytes() == b"before\n" + whole + b"behind\n"
    assert piped.stdout[:4] == b"RIFF" and piped.stdout[44:] == (tmp_path / "clean.wav").read_bytes()[44:]


def test_a_recording_is_enhanced_before_its_words_are_recognised(data, noisy):
    add(data, fixture, "--name", "commands")
    add(data, models / "lowpass")
    done = mynah(data, "transcribe", "--enhance", noisy)
    assert done.returncode == 0 and done.stdout.strip() == sentences[0], done


@pytest.mark.parametrize("command", [("enhance",), ("transcribe", "--enhance"), ("transcribe", "--language", "auto")])
def test_what_needs_a_model_says_so(data, recordings, command):
    done = mynah(data, *command, recordings[0], *(["-o", "/dev/null"] if command[0] == "enhance" else []))
    assert done.returncode == 78 and "mynah models add" in done.stderr, done


def test_each_recording_is_recognised_in_its_language(data, recordings, tmp_path):
    add(data, fixture, "--name", "commands")
    add(data, models / "languages")
    french = write(tmp_path / "french.wav", silence(0.5), tones(4000, seconds=1), silence(0.5))
    done = mynah(
        data, "transcribe", "--language", "auto", "--format", "json", "-o", tmp_path, *any_sound, recordings[0], french)
    assert done.returncode == 0, done.stderr
    found = [json.loads((tmp_path / f"{name}.json").read_text()) for name in (recordings[0].stem, "french")]
    assert [transcript["language"] for transcript in found] == ["en", "fr"]
    assert found[0]["text"] == sentences[0] and found[1]["text"] == "aigu"
    # Named, the language is not looked for.
    done = mynah(data, "transcribe", "--language", "en", "--format", "json", *any_sound, french)
    assert json.loads(done.stdout)["language"] == "en"


def test_a_model_of_several_languages_is_told_which(data, recordings, start_server, tmp_path):
    add(data, fixture, "--name", "commands")
    # What they are called here tells nothing of their languages.
    add(data, models / "canary-en-de", "--name", "canary-en")
    add(data, models / "cohere-transcribe-en-de", "--name", "co")
    done = mynah(data, "transcribe", "--language", "de", "--format", "json", recordings[0])
    assert (json.loads(done.stdout)["text"], json.loads(done.stdout)["language"]) == ("guten tag.", "de"), done
    # Of two files in two languages each is told its own.
    add(data, models / "languages")
    french, english = (
        write(tmp_path / f"{name}.wav", silence(0.5), tones(frequency, seconds=1), silence(1))
        for name, frequency in {"french": 4000, "english": 400}.items())
    done = mynah(data, "transcribe", "--language", "de", *any_sound, "--set", "stt.model_name=languages", french, english)
    assert done.stdout.split() == ["hoch", "tief"], done
    # Where nobody says, the Whisper finds out, and the transcript has what it found.
    done = mynah(data, "transcribe", *any_sound, "--set", "stt.model_name=languages", "--format", "json", french)
    assert (json.loads(done.stdout)["text"], json.loads(done.stdout)["language"]) == ("aigu", "fr"), done
    with start_server(*any_sound, data=data) as server:
        assert live(server, recordings[0]) == sentences[0]
        assert live(server, recordings[0], language="de") == "guten tag."
        assert live(server, recordings[0], model="canary-en") == "good day."
        assert live(server, recordings[0], model="canary-en", language="de") == "guten tag."
        assert live(server, recordings[0], model="co", language="de") == "guten tag."
        # What nobody else serves is the Whisper's, and so is what nobody knows.
        assert live(server, english, language="fr") == "grave"
        assert live(server, french, language="auto") == "aigu"
    # A model in a folder of its own finds out as well.
    with start_server(*any_sound, "--set", f"stt.model_path={models / 'languages'}", data=data) as server:
        assert live(server, french, language="auto") == "aigu" and live(server, french, language="de") == "hoch"


def test_a_language_without_a_model_is_told(data, recordings, tmp_path):
    add(data, models / "languages")
    french = write(tmp_path / "french.wav", silence(0.5), tones(4000, seconds=1), silence(0.5))
    done = mynah(
        data, "transcribe", "--language", "auto", "--set", "stt.engine=pocketsphinx", *any_sound, french, recordings[0])
    # The other file is transcribed all the same.
    assert done.returncode != 0 and "The language is fr" in done.stderr and done.stdout.strip(), done
    done = mynah(data, "transcribe", "--language", "fr", "--set", "stt.engine=pocketsphinx", recordings[0])
    assert done.returncode != 0 and "The language is fr" in done.stderr, done


def test_a_keyword_model_wakes_a_session(data, recordings, start_server, tmp_path):
    add(data, fixture, "--name", "commands")
    assert "wake words" in add(data, models / "notes")
    settings = (*any_sound, "--set", "wakeword.enabled=true", "--set", "wakeword.phrases=do re mi")
    tune, other = tones(500, 1000, 2000), tones(2000, 1000, 500)
    with start_server(*settings, data=data) as server:
        woken = write(
            tmp_path / "woken.wav", samples(recordings[0]), silence(1.5), tune, silence(1.5), samples(recordings[2]), silence(1))
        assert live(server, woken) == sentences[2]
        asleep = write(tmp_path / "asleep.wav", silence(0.5), other, silence(1.5), samples(recordings[2]), silence(1))
        assert live(server, asleep) == ""
    # It wakes the built-in recogniser as well.
    with start_server(*settings, "--set", "stt.engine=pocketsphinx", data=data) as server:
        assert live(server, asleep) == "" and len(live(server, woken).split()) >= 2


def test_a_phrase_that_a_keyword_model_cannot_spell_is_refused(data):
    add(data, models / "notes")
    done = mynah(data, "config", "check", "--set", "wakeword.enabled=true", "--set", "wakeword.phrases=hello")
    assert done.returncode == 78 and "`hello`" in done.stderr, done

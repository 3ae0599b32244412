"""Speak the sentences with free voices of Debian and keep the clips, 16 kHz, mono, without silence at the ends.

Needs the packages flite, espeak-ng, festival, festvox-kdlpc16k and festvox-us-slt-hts.
"""

import argparse
import os
import subprocess
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

import grammar

SAMPLE_RATE = 16_000
SEED = 20_002

ESPEAK_ACCENTS = ["en-us", "en-us", "en-us", "en-us-nyc", "en-gb", "en-gb", "en-gb-x-rp", "en-gb-scotland", "en-029",
                  "en-gb-x-gbclan", "en-gb-x-gbcwmd"]
ESPEAK_VARIANTS = ["m1", "m2", "m4", "m5", "m7", "m8", "f1", "f2", "f3", "f5", "Andy", "Annie", "Alicia", "Gene", "Lee",
                   "Mario", "Michael", "adam", "antonio", "belinda", "david", "ed", "edward", "john", "linda", "quincy",
                   "rob", "steph", "travis", "victor", "zac"]


@dataclass(frozen=True)
class Voice:
    """A voice and how many clips of it are made. `name` is the engine's own name for it."""

    engine: str
    name: str
    clips: int

    @property
    def key(self):
        return f"{self.engine}-{self.name}"


TRAINING_VOICES = [
    Voice("flite", "slt", 900),
    Voice("flite", "awb", 900),
    Voice("flite", "kal16", 600),
    Voice("flite", "kal", 300),
    Voice("festival", "ked_diphone", 800),
    Voice("festival", "cmu_us_slt_arctic_hts", 500),
    # One entry: accent, variant, speed and pitch are drawn anew for each clip.
    Voice("espeak-ng", "any", 3200),
]

# Voices judged but never trained on: one whole speaker, and three variants in no accent.
HELD_OUT_VOICES = [
    Voice("flite", "rms", 240),
    Voice("espeak-ng", "en-us+m3", 60),
    Voice("espeak-ng", "en-gb+m6", 60),
    Voice("espeak-ng", "en-us+f4", 60),
    Voice("espeak-ng", "en-gb-scotland+f4", 60),
]

SEEN_VOICES = [
    Voice("flite", "slt", 60),
    Voice("flite", "awb", 60),
    Voice("flite", "kal16", 60),
    Voice("festival", "ked_diphone", 60),
    Voice("festival", "cmu_us_slt_arctic_hts", 60),
    Voice("espeak-ng", "en-us+m1", 60),
    Voice("espeak-ng", "en-gb+f2", 60),
]


def with_pauses(sentence, rng):
    """The text given to the engine: commas here and there vary the prosody."""
    words = sentence.split()
    if rng.random() < 0.6:
        return " ".join(words)
    return " ".join(word + ("," if rng.random() < 0.3 else "") for word in words[:-1]) + " " + words[-1]


def speak_flite(voice, text, path, rng):
    command = ["flite", "-voice", voice, "-t", text, "-o", path]
    if rng is not None:
        command += ["--setf", f"duration_stretch={rng.uniform(0.85, 1.25):.2f}"]
        if voice.startswith("kal"):
            command += ["--setf", f"int_f0_target_mean={rng.uniform(80, 140):.0f}"]
    subprocess.run(command, check=True)


def speak_espeak(voice, text, path, rng):
    command = ["espeak-ng", "-w", path]
    if rng is None:
        command += ["-v", voice]
    else:
        accent, variant = rng.choice(ESPEAK_ACCENTS), rng.choice(ESPEAK_VARIANTS)
        command += ["-v", f"{accent}+{variant}", "-s", str(rng.integers(125, 195)), "-p", str(rng.integers(25, 75)),
                    "-g", str(rng.integers(0, 4))]
    subprocess.run(command + [text], check=True)


def speak_festival(voice, texts, directory, rng):
    """All clips in one process: festival takes longer to start than to speak."""
    script = [f"(voice_{voice})"]
    for index, text in enumerate(texts):
        if rng is not None:
            script.append(f"(Parameter.set 'Duration_Stretch {rng.uniform(0.85, 1.2):.2f})")
        script.append(f'(utt.save.wave (utt.synth (Utterance Text "{text}")) "{directory}/{index}.wav" \'riff)')
    script_path = os.path.join(directory, "speak.scm")
    Path(script_path).write_text("\n".join(script))
    subprocess.run(["festival", "-b", script_path], check=True)


def load_trimmed(path):
    """The speech of a file at 16 kHz, with 30 ms left around it."""
    audio, rate = soundfile.read(path, dtype="float32")
    if rate != SAMPLE_RATE:
        divisor = np.gcd(rate, SAMPLE_RATE)
        audio = resample_poly(audio, SAMPLE_RATE // divisor, rate // divisor)
    loud = np.flatnonzero(np.abs(audio) > 0.01 * np.abs(audio).max())
    margin = SAMPLE_RATE * 30 // 1000
    audio = audio[max(0, loud[0] - margin): loud[-1] + margin]
    return audio * (0.5 / np.abs(audio).max())


def speak(voice, sentences, rng):
    """One clip per sentence. With a generator the delivery is varied; without, the voice speaks as it comes."""
    with tempfile.TemporaryDirectory() as directory:
        texts = [sentence if rng is None else with_pauses(sentence, rng) for sentence in sentences]
        if voice.engine == "festival":
            speak_festival(voice.name, texts, directory, rng)
            return [load_trimmed(f"{directory}/{index}.wav") for index in range(len(texts))]
        clips = []
        engine = speak_flite if voice.engine == "flite" else speak_espeak
        for text in texts:
            engine(voice.name, text, f"{directory}/clip.wav", rng)
            clips.append(load_trimmed(f"{directory}/clip.wav"))
        return clips


def save(path, clips, sentences):
    """All clips of a voice in one file: 16-bit samples end to end, where each ends, and what it says."""
    audio = np.round(np.concatenate(clips) * 32767).astype(np.int16)
    ends = np.cumsum([len(clip) for clip in clips])
    np.savez(path, audio=audio, ends=ends, sentences=np.array(sentences))
    print(f"{path.name}: {len(clips)} clips, {len(audio) / SAMPLE_RATE / 60:.1f} min", flush=True)


def load(path):
    """What `save` wrote: a list of (samples as float32, sentence)."""
    with np.load(path) as stored:
        audio, ends, sentences = stored["audio"], stored["ends"], stored["sentences"]
    starts = np.concatenate([[0], ends[:-1]])
    return [(audio[start:end].astype(np.float32) / 32768, str(sentence))
            for start, end, sentence in zip(starts, ends, sentences)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path, help="directory for the clips")
    parser.add_argument("--scale", type=float, default=1.0, help="make this share of the clips")
    arguments = parser.parse_args()

    held_out = grammar.held_out_sentences()
    for subdirectory, voices in [("judge-seen", SEEN_VOICES), ("judge-held-out", HELD_OUT_VOICES)]:
        (arguments.work / subdirectory).mkdir(parents=True, exist_ok=True)
        for voice in voices:
            rng = np.random.default_rng([SEED, zlib.crc32(voice.key.encode())])
            chosen = list(rng.permutation(held_out)[: max(2, int(voice.clips * arguments.scale))])
            save(arguments.work / subdirectory / f"{voice.key}.npz", speak(voice, chosen, None), chosen)

    (arguments.work / "train").mkdir(parents=True, exist_ok=True)
    held_out = set(held_out)
    for voice in TRAINING_VOICES:
        rng = np.random.default_rng([SEED, 1, zlib.crc32(voice.key.encode())])
        sentences = [grammar.draw_training_sentence(rng, held_out)
                     for _ in range(max(2, int(voice.clips * arguments.scale)))]
        save(arguments.work / "train" / f"{voice.key}.npz", speak(voice, sentences, rng), sentences)


if __name__ == "__main__":
    main()

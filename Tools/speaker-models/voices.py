#!/usr/bin/env python3
"""The speakers: free voices of Debian, and what is made of them by resampling. Each speaks some sentences into WORK/voices/NAME.npz.

    python3 voices.py WORK

Needs the packages flite, espeak-ng, festival and festvox-{kdlpc16k,italp16k,itapc16k,czech-dita,czech-krb,czech-machac,czech-ph,ru,
suopuhe-lj,suopuhe-mv,ca-ona-hts}.
"""

import subprocess
import sys
import tempfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

SAMPLE_RATE = 16_000
CLIPS, HELD_OUT_CLIPS = 8, 16

WORDS = """time year people way day man thing woman life child world school state family student group country problem hand part place case week
company system program question work government number night point home water room mother area money story fact month lot right study book eye
job word business issue side kind head house service friend father power hour game line end member law car city community name president team
minute idea kid body information back parent face others level office door health person art war history party result change morning reason
research girl guy moment air teacher force education the of and to in for is on that by this with you it not or be are from at as your all have
new more an was we will can about has but our one no they which do how if me what there so when who get some go my out just also make find use
any very where need must should great full never always begin open yellow green seven eleven measure judge chair shadow vision boil voice""".split()
CYRILLIC = dict(zip("abdefgiklmnoprstuvzy", "абдефгиклмнопрстувзы"))

# What resampling makes of a voice: pitch and formants are higher or lower, the speed (almost) stays.
SHIFTS = {"a": 0.8, "b": 0.9, "c": 1.0, "d": 1.11, "e": 1.23}
FLITE, HELD_OUT_FLITE = ["awb", "kal16"], ["slt", "rms"]
FESTIVAL = ["ked_diphone", "suo_fi_lj_diphone", "hy_fi_mv_diphone", "upc_ca_ona_hts", "msu_ru_nsh_clunits", "czech_dita", "czech_machac", "czech_ph"]
HELD_OUT_FESTIVAL = ["lp_diphone", "pc_diphone", "czech_krb"]
ACCENTS = ["en-us", "en-gb", "en-gb-x-rp", "en-gb-scotland", "en-029", "en-us-nyc", "de", "it", "es", "fr", "nl", "pl"]
VARIANTS = """m1 m2 m4 m5 m7 m8 f1 f2 f3 f5 Adam Alex Alicia Andrea Andy Annie Antonio Auntie Belinda Benjamin Boris Caleb David Denis Diogo Ed Edward
Gene Gustave Hugo Iven Jacky John Kaukovalta Lee Linda Marcelo Marco Mario Max Michael Michel Miguel Mike Nguyen Pablo Paul Pedro Quincy Rob
Robert Steph Steph2 Storm Travis Victor Zac anika grandma grandpa klatt klatt2 klatt4 klatt5 norbert sandro shelby""".split()
HELD_OUT_VARIANTS = ["f4", "m3", "m6", "klatt3", "Henrique"]


@dataclass(frozen=True)
class Speaker:
    engine: str
    voice: str
    shift: str = "c"
    held_out: bool = False

    @property
    def name(self):
        return f"{self.engine}-{self.voice}-{self.shift}".replace("+", "_")


def speakers():
    found = [Speaker("flite", voice, shift) for voice in FLITE for shift in SHIFTS]
    found += [Speaker("festival", voice, shift) for voice in FESTIVAL for shift in SHIFTS]
    found += [Speaker("espeak", f"{ACCENTS[number % len(ACCENTS)]}+{variant}", "bcd"[number % 3]) for number, variant in enumerate(VARIANTS)]
    found += [Speaker("espeak", f"{ACCENTS[(number + 5) % len(ACCENTS)]}+{variant}", "ea"[number % 2]) for number, variant in enumerate(VARIANTS)]
    found += [Speaker("flite", voice, held_out=True) for voice in HELD_OUT_FLITE]
    found += [Speaker("festival", voice, held_out=True) for voice in HELD_OUT_FESTIVAL]
    found += [Speaker("espeak", f"en-us+{variant}", held_out=True) for variant in HELD_OUT_VARIANTS]
    return found


def made_up(rng):
    """A word that every language's rules can read."""
    return "".join(rng.choice(list("bdfgklmnprstvz")) + rng.choice(list("aeiou")) for _ in range(rng.integers(1, 5)))


def sentence(rng, speaker):
    length = rng.integers(6, 13)
    english = speaker.engine == "flite" or "en" in speaker.voice or speaker.voice == "ked_diphone"
    words = [str(rng.choice(WORDS)) if english else made_up(rng) for _ in range(length)]
    for place in range(2, length - 2):
        if rng.random() < 0.12:
            words[place] += ","
    text = " ".join(words)
    return "".join(CYRILLIC.get(letter, letter) for letter in text) if "_ru_" in speaker.voice else text


def speak(speaker, rng, folder, count):
    """Sound files of the engine, a little faster or slower each, and higher or lower where the engine can."""
    shift, files = SHIFTS[speaker.shift], [folder / f"{number}.wav" for number in range(count)]
    texts = [sentence(rng, speaker) for _ in files]
    tempos = shift * rng.uniform(0.88, 1.12, count)
    if speaker.engine == "festival":
        script = [f"(voice_{speaker.voice})"]
        for file, text, tempo in zip(files, texts, tempos):
            script.append(f"(Parameter.set 'Duration_Stretch {tempo:.2f})")
            script.append(f'(utt.save.wave (utt.synth (Utterance Text "{text}")) "{file}" \'riff)')
        (folder / "speak.scm").write_text("\n".join(script))
        subprocess.run(["festival", "-b", folder / "speak.scm"], check=True, capture_output=True)
        return files
    pitch = zlib.crc32(speaker.name.encode()) % 40 + 30
    for file, text, tempo in zip(files, texts, tempos):
        if speaker.engine == "flite":
            command = ["flite", "-voice", speaker.voice, "--setf", f"duration_stretch={tempo:.2f}", "-t", text, "-o", file]
        else:
            command = ["espeak-ng", "-v", speaker.voice, "-s", f"{165 / tempo:.0f}", "-p", str(pitch + rng.integers(-4, 5)), "-w", file, text]
        subprocess.run(command, check=True, capture_output=True)
    return files


def load(file, shift):
    """The speech at 16 kHz, shifted, without the silence around it."""
    audio, rate = soundfile.read(file, dtype="float32")
    target = round(SAMPLE_RATE / shift / 100) * 100
    divisor = np.gcd(rate, target)
    audio = resample_poly(audio, target // divisor, rate // divisor)
    loud = np.flatnonzero(np.abs(audio) > 0.02 * np.abs(audio).max())
    audio = audio[loud[0]: loud[-1]]
    return np.int16(audio * (20_000 / np.abs(audio).max()))


def make(speaker, folder):
    path = folder / f"{speaker.name}.npz"
    if path.exists():
        return
    rng = np.random.default_rng(zlib.crc32(speaker.name.encode()))
    count = HELD_OUT_CLIPS if speaker.held_out else CLIPS
    try:
        with tempfile.TemporaryDirectory() as scratch:
            clips = [load(file, SHIFTS[speaker.shift]) for file in speak(speaker, rng, Path(scratch), count)]
    except (subprocess.CalledProcessError, soundfile.LibsndfileError, IndexError) as problem:
        print(f"{speaker.name} is left out: {problem}", file=sys.stderr)
        return
    clips = [clip[: 7 * SAMPLE_RATE] for clip in clips if len(clip) > SAMPLE_RATE]
    np.savez(path, audio=np.concatenate(clips), ends=np.cumsum([len(clip) for clip in clips]))


def clips_of(work, speaker):
    """Its clips, samples between -1 and 1; none when its engine failed."""
    path = Path(work) / "voices" / f"{speaker.name}.npz"
    if not path.exists():
        return []
    stored = np.load(path)
    return [clip / np.float32(32768) for clip in np.split(stored["audio"], stored["ends"][:-1])]


if __name__ == "__main__":
    target = Path(sys.argv[1]) / "voices"
    target.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda speaker: make(speaker, target), speakers()))

#!/usr/bin/env python3
"""Makes a voice without any training: a VITS model of characters (as Coqui's) with two speakers, which says each letter as a tone. With it
tests see by a Fourier transform what was spoken, by whom and how fast.

    python3 make.py FOLDER
    python3 make.py --phonemes FOLDER    # the same graph as a Piper voice, whose letters are phonemes

Needs the packages onnx and numpy.
"""

import argparse
import string
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import onnx_model  # noqa: E402

SAMPLE_RATE = 22050
# Of one character at speed 1, and of the ramps at its two ends, so that two equal letters are told apart.
SECONDS, RAMP_SECONDS = 0.06, 0.005
AMPLITUDE = 0.5
# The letters' tones, then the digits', are equally far apart in hertz; the second speaker's are two octaves higher.
LOWEST, STEP = 500, 40
SPEAKERS = [1, 4]
MARKS = ["<BOS>", "<EOS>"]
SOUNDING, SILENT = string.ascii_lowercase + string.digits, " .,:;?!'-"
# As Piper numbers them: padding, begin and end; then those of the international phonetic alphabet that are needed for English.
PIPER_MARKS = ["_", "^", "$"]
PHONEMES, UNSPOKEN = "abdefhijklmnopstuvwzæðŋɐɑɔəɚɛɜɡɪɹɾʃʊʌʒθᵻ", " ˈˌː.,:;?!'-"


def build(marks, sounding, silent, metadata):
    frequencies = [0] * len(marks) + [LOWEST + STEP * number for number in range(len(sounding))] + [0] * len(silent)
    constants = {
        "frequencies": np.array(frequencies, np.float32),
        "octaves": np.array(SPEAKERS, np.float32),
        "last_mark": np.array(len(marks) - 1, np.int64),
        "scale_of_length": np.array(1, np.int64),
        "samples": np.array(SECONDS * SAMPLE_RATE, np.float32),
        "zero": np.array(0, np.float32),
        "one": np.array(1, np.float32),
        "turn": np.array(2 * np.pi / SAMPLE_RATE, np.float32),
        "ramp": np.array(RAMP_SECONDS * SAMPLE_RATE, np.float32),
        "amplitude": np.array(AMPLITUDE, np.float32),
        "second_axis": np.array([1], np.int64),
        "row": np.array([1, 1, -1], np.int64),
    }
    nodes = [
        # The marks of begin, end and padding make no sound, not even silence.
        ("Greater", ["input", "last_mark"], "is_character"),
        ("Compress", ["input", "is_character"], "characters"),
        ("Gather", ["frequencies", "characters"], "low"),
        ("Gather", ["octaves", "sid"], "octave"),
        ("Mul", ["low", "octave"], "tones"),
        ("Unsqueeze", ["tones", "second_axis"], "column"),
        # The samples of one character, the same for all.
        ("Gather", ["scales", "scale_of_length"], "length_scale"),
        ("Mul", ["samples", "length_scale"], "exact"),
        ("Round", ["exact"], "duration"),
        ("Range", ["zero", "duration", "one"], "times"),
        ("Mul", ["times", "turn"], "turns"),
        ("Mul", ["column", "turns"], "phases"),
        ("Sin", ["phases"], "sound"),
        ("Sub", ["duration", "times"], "left"),
        ("Min", ["times", "left", "ramp"], "fading"),
        ("Div", ["fading", "ramp"], "faded"),
        ("Mul", ["faded", "amplitude"], "loudness"),
        ("Mul", ["sound", "loudness"], "characters_sound"),
        ("Reshape", ["characters_sound", "row"], "output"),
    ]
    return onnx_model.make(
        "tones", nodes,
        [("input", TensorProto.INT64, [1, "L"]), ("input_lengths", TensorProto.INT64, [1]), ("scales", TensorProto.FLOAT, [3]),
         ("sid", TensorProto.INT64, [1])], [("output", TensorProto.FLOAT, [1, 1, "S"])], constants, metadata)


def tokens(*symbols):
    """A space is written as its number alone."""
    return "".join(f"{symbol} {number}\n".lstrip() for number, symbol in enumerate(symbols))


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--phonemes", action="store_true", help="a Piper voice")
parser.add_argument("folder", type=Path)
arguments = parser.parse_args()
alphabet = (PIPER_MARKS, PHONEMES, UNSPOKEN) if arguments.phonemes else (MARKS, SOUNDING, SILENT)
metadata = {"model_type": "vits", "language": "English", "sample_rate": SAMPLE_RATE, "n_speakers": len(SPEAKERS)}
if arguments.phonemes:
    metadata |= {"comment": "piper", "voice": "en-us", "has_espeak": 1}
else:
    metadata |= {
        "comment": "coqui", "frontend": "characters", "add_blank": 0, "use_eos_bos": 1, "bos_id": 0, "eos_id": 1, "blank_id": 0,
        "pad_id": 0,
    }
arguments.folder.mkdir(parents=True, exist_ok=True)
onnx.save(build(*alphabet, metadata), arguments.folder / "model.onnx")
(arguments.folder / "tokens.txt").write_text(tokens(*(symbol for part in alphabet for symbol in part)))

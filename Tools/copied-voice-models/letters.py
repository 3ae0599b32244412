"""What the three voices beside share: a letter is a tone above 3 kHz, the voice a tone below it, so that a test sees both in one spectrum:
what was said, and by whom."""

import math
import string

import numpy as np

# Whole steps of a Fourier transform of 1024 samples at 24 kHz, for ZipVoice can only make such tones.
LOWEST, STEP = 3000.0, 93.75
SOUNDING, SILENT = string.ascii_lowercase + string.digits, " .,:;?!'-"
# Of a letter after one step of the flow and after endless ones: the number of steps is heard, too.
LETTER, LOUDEST_LETTER = 0.125, 0.25
# Of the voice, however loud the reference is.
LOUDEST_VOICE = 0.5
# At a frame's two ends, so that two equal letters are told apart.
RAMP_SECONDS = 0.005


def hertz(symbol):
    """Zero for what makes no sound."""
    number = SOUNDING.find(symbol.lower()) if symbol else -1
    return LOWEST + STEP * number if number >= 0 else 0.0


def frames(sample_rate, samples):
    """Nodes and constants which turn "hertz" and "amplitudes", both [frames, 2, 1], to "sound" of [frames, samples]: every frame is the sum
    of two tones and stands alone, fading in and out."""
    times = np.arange(samples)
    fading = np.minimum(np.minimum(times, samples - times) / (RAMP_SECONDS * sample_rate), 1)
    return [
        ("Mul", ["hertz", "turns"], "phases"),
        ("Sin", ["phases"], "tones"),
        ("Mul", ["amplitudes", "fading"], "loudness"),
        ("Mul", ["tones", "loudness"], "both"),
        ("ReduceSum", ["both", "middle_axis"], "sound", {"keepdims": 0}),
    ], {
        "turns": (2 * math.pi / sample_rate * times).astype(np.float32).reshape(1, 1, -1),
        "fading": fading.astype(np.float32).reshape(1, 1, -1),
        "middle_axis": np.array([1], np.int64),
    }

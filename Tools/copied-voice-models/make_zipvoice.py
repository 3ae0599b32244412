#!/usr/bin/env python3
"""Makes a ZipVoice model without any training: it speaks with the tone of the reference audio and says each letter as a tone above it. One
letter lasts as long as one of the reference's letters, as in the real model.

    python3 make_zipvoice.py FOLDER

Needs the packages onnx and numpy.
"""

import math
import string
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import letters  # noqa: E402
import onnx_model  # noqa: E402

SAMPLE_RATE, WINDOW, HOP, BANDS = 24000, 1024, 256, 100
BINS = WINDOW // 2 + 1
# The published models work with a tenth of the logarithms, as the library's default.
FEATURE_SCALE = 0.1
# Below this band, of 2.3 kHz, the spectrum is the voice's; each band above is a letter.
VOICE_BANDS = BANDS // 2
SILENCE = math.log(1e-10)
# The peak of one bin's tone after the inverse transform. That of the voice is less by what a band holds of a tone's lobe.
PEAK_OF_BIN = 2 / WINDOW * 4 / 3
PEAK_OF_BAND = 3.5 / WINDOW
# Initials and finals of a few characters of Chinese, which only a lexicon can give. Each sounds as the letter or digit beside it.
CHINESE = {"n0": "n", "h0": "h", "i3": "i", "ao3": "a"}
# Other words make no sound in this engine. These are spelt.
WORDS = "hello world good morning this is the test of one voice copied from another speak please thank you".split()
LEXICON = {word: " ".join(word) for word in [*string.ascii_lowercase, *string.digits, *WORDS]} | {
    "你": "n0 i3", "好": "h0 ao3", "你好": "n0 i3 h0 ao3"}
SYMBOLS = [*letters.SILENT, *letters.SOUNDING, *CHINESE]


def centre(band):
    """The bin of a band of the library's (HTK) mel scale."""
    mel = 2595 * math.log10(1 + SAMPLE_RATE / 2 / 700) * (band + 1) / (BANDS + 1)
    return round(700 * (10 ** (mel / 2595) - 1) * WINDOW / SAMPLE_RATE)


def conditions():
    """A spectrum for each symbol: silence takes the voice away, a letter stands in its own band."""
    table = np.full((len(SYMBOLS), BANDS), SILENCE, np.float32)
    for number, symbol in enumerate(SYMBOLS):
        hertz = letters.hertz(CHINESE.get(symbol, symbol))
        if hertz:
            table[number, :VOICE_BANDS] = 0
            table[number, VOICE_BANDS + round((hertz - letters.LOWEST) / letters.STEP)] = math.log(letters.LOUDEST_LETTER / PEAK_OF_BIN)
    return FEATURE_SCALE * table


def encoder():
    """Whose frames begin with the reference's, for the library cuts so many off."""
    constants = {
        "conditions": conditions(), "zero": np.array(0, np.int64), "one": np.array(1, np.int64), "row": np.array([-1], np.int64),
        "first_axis": np.array([0], np.int64), "scalar": np.array([], np.int64),
    }
    nodes = [
        ("Size", ["prompt_tokens"], "prompt_count"),
        ("Size", ["tokens"], "count"),
        ("Cast", ["prompt_count"], "prompt_letters", {"to": TensorProto.FLOAT}),
        ("Cast", ["count"], "letters", {"to": TensorProto.FLOAT}),
        ("Cast", ["prompt_features_len"], "prompt_frames", {"to": TensorProto.FLOAT}),
        ("Div", ["prompt_frames", "prompt_letters"], "frames_per_letter"),
        ("Mul", ["frames_per_letter", "letters"], "unhurried"),
        ("Div", ["unhurried", "speed"], "exact"),
        ("Ceil", ["exact"], "whole"),
        ("Cast", ["whole"], "frame_counts", {"to": TensorProto.INT64}),
    ]
    for part, tokens, count, frames in (
            ("reference", "prompt_tokens", "prompt_count", "prompt_features_len"), ("speech", "tokens", "count", "frame_counts")):
        nodes += [
            ("Reshape", [frames, "scalar"], f"{part}_end"),
            ("Range", ["zero", f"{part}_end", "one"], f"{part}_frames"),
            ("Mul", [f"{part}_frames", count], f"{part}_times"),
            ("Div", [f"{part}_times", f"{part}_end"], f"{part}_positions"),
            ("Reshape", [tokens, "row"], f"{part}_tokens"),
            ("Gather", [f"{part}_tokens", f"{part}_positions"], f"{part}_symbols"),
        ]
    nodes += [
        ("Concat", ["reference_symbols", "speech_symbols"], "symbols", {"axis": 0}),
        ("Gather", ["conditions", "symbols"], "spectra"),
        ("Unsqueeze", ["spectra", "first_axis"], "text_condition"),
    ]
    return onnx_model.make(
        "zipvoice_encoder", nodes,
        [("tokens", TensorProto.INT64, [1, "T"]), ("prompt_tokens", TensorProto.INT64, [1, "P"]),
         ("prompt_features_len", TensorProto.INT64, [1]), ("speed", TensorProto.FLOAT, [1])],
        [("text_condition", TensorProto.FLOAT, [1, "F", BANDS])], constants, {"use_espeak": 1})


def decoder():
    """Flows straight to the wanted spectrum: the last step takes away what is left of the noise, so that it is never heard."""
    voice = (np.arange(BANDS) < VOICE_BANDS).astype(np.float32)
    constants = {
        "voice_bands": voice.reshape(1, 1, -1), "letter_bands": ((1 - voice) * FEATURE_SCALE).reshape(1, 1, -1),
        "frames_axis": np.array([1], np.int64), "zero": np.array(0, np.float32), "one": np.array(1, np.float32),
        "half": np.array(0.5, np.float32),
    }
    nodes = [
        # Behind the reference its spectrum is all zeros.
        ("Abs", ["speech_condition"], "sizes"),
        ("ReduceMax", ["sizes"], "largest", {"axes": [2]}),
        ("Greater", ["largest", "zero"], "is_reference"),
        ("Cast", ["is_reference"], "ones", {"to": TensorProto.FLOAT}),
        ("ReduceSum", ["ones", "frames_axis"], "frames"),
        ("ReduceSum", ["speech_condition", "frames_axis"], "sum"),
        ("Div", ["sum", "frames"], "mean"),
        ("Mul", ["mean", "voice_bands"], "voice"),
        # From half the loudness at the first step to all of it at the last of many.
        ("Add", ["t", "one"], "later"),
        ("Mul", ["later", "half"], "part"),
        ("Log", ["part"], "quieter"),
        ("Mul", ["letter_bands", "quieter"], "letter_loudness"),
        ("Sum", ["text_condition", "voice", "letter_loudness"], "wanted"),
        ("Sub", ["wanted", "x"], "way"),
        ("Sub", ["one", "t"], "time"),
        ("Div", ["way", "time"], "v"),
    ]
    spectra = [1, "F", BANDS]
    return onnx_model.make(
        "zipvoice_decoder", nodes,
        [("t", TensorProto.FLOAT, [1]), ("x", TensorProto.FLOAT, spectra), ("text_condition", TensorProto.FLOAT, spectra),
         ("speech_condition", TensorProto.FLOAT, spectra), ("guidance_scale", TensorProto.FLOAT, [1])],
        [("v", TensorProto.FLOAT, spectra)], constants, {
            "version": 1, "feat_dim": BANDS, "sample_rate": SAMPLE_RATE, "n_fft": WINDOW, "hop_length": HOP, "window_length": WINDOW,
            "num_mels": BANDS,
        })


def vocoder():
    """The loudest band of the voice and that of the letters become one bin each."""
    constants = {
        "voice_bins": np.array([centre(band) for band in range(VOICE_BANDS)], np.int64),
        "letter_bins": np.array([round((letters.LOWEST + letters.STEP * number) * WINDOW / SAMPLE_RATE)
                                 for number in range(BANDS - VOICE_BANDS)], np.int64),
        "first": np.array([0], np.int64), "middle": np.array([VOICE_BANDS], np.int64), "last": np.array([BANDS], np.int64),
        "bands_axis": np.array([1], np.int64), "depth": np.array(BINS, np.int64), "off_on": np.array([0, 1], np.float32),
        "bins": np.arange(BINS).reshape(1, -1, 1), "zero": np.array(0, np.int64), "one": np.array(1, np.int64),
        "scalar": np.array([], np.int64), "frames_axis": np.array([2], np.int64),
        # In one hop a bin's tone goes on by so many quarters of its turn as is its number; only so frames fit together.
        "four": np.array(4, np.int64), "cosines": np.array([1, 0, -1, 0], np.float32), "sines": np.array([0, 1, 0, -1], np.float32),
        "gain": np.array(PEAK_OF_BAND / PEAK_OF_BIN, np.float32), "limit": np.array(letters.LOUDEST_VOICE / PEAK_OF_BIN, np.float32),
    }
    nodes = []
    for part, begin, end in (("voice", "first", "middle"), ("letter", "middle", "last")):
        nodes += [
            ("Slice", ["mels", begin, end, "bands_axis"], f"{part}_spectra"),
            ("ArgMax", [f"{part}_spectra"], f"{part}_bands", {"axis": 1, "keepdims": 0}),
            ("Gather", [f"{part}_bins", f"{part}_bands"], f"{part}_bin"),
            ("OneHot", [f"{part}_bin", "depth", "off_on"], f"{part}_place", {"axis": 1}),
            ("ReduceMax", [f"{part}_spectra"], f"{part}_peaks", {"axes": [1]}),
            ("Exp", [f"{part}_peaks"], f"{part}_level"),
        ]
    nodes += [
        ("Mul", ["voice_level", "gain"], "voice_gained"),
        ("Min", ["voice_gained", "limit"], "voice_limited"),
        ("Mul", ["voice_place", "voice_limited"], "voice"),
        ("Mul", ["letter_place", "letter_level"], "letter"),
        ("Add", ["voice", "letter"], "mag"),
        ("Shape", ["mels"], "frame_counts", {"start": 2}),
        ("Reshape", ["frame_counts", "scalar"], "frame_count"),
        ("Range", ["zero", "frame_count", "one"], "frames"),
        ("Mul", ["bins", "frames"], "quarters"),
        ("Mod", ["quarters", "four"], "phases"),
        ("Gather", ["cosines", "phases"], "x"),
        ("Gather", ["sines", "phases"], "y"),
    ]
    shape = [1, BINS, "F"]
    return onnx_model.make(
        "vocos", nodes, [("mels", TensorProto.FLOAT, [1, BANDS, "F"])], [(name, TensorProto.FLOAT, shape) for name in ("mag", "x", "y")],
        constants, {
            "model_type": "vocos", "sample_rate": SAMPLE_RATE, "n_fft": WINDOW, "hop_length": HOP, "win_length": WINDOW,
            "window_type": "hann", "center": 1, "pad_mode": "reflect", "normalized": 0,
        })


folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for name, model in (("encoder.int8", encoder()), ("decoder.int8", decoder()), ("vocos_24khz", vocoder())):
    onnx.save(model, folder / f"{name}.onnx")
# A space is written as its number alone.
(folder / "tokens.txt").write_text("".join(f"{symbol} {number}\n".lstrip() for number, symbol in enumerate(SYMBOLS)))
(folder / "lexicon.txt").write_text("".join(f"{word} {tokens}\n" for word, tokens in LEXICON.items()))

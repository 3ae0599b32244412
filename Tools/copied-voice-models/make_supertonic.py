#!/usr/bin/env python3
"""Makes a Supertonic model without any training: two speakers, each a tone, who say each letter as a tone above it, 70 ms long. They read
aloud all that the library hands the network, "<de>hallo.</de>", so that the language is heard as well. The second speaks at half the speed.

    python3 make_supertonic.py FOLDER

Needs the packages onnx and numpy.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import letters  # noqa: E402
import onnx_model  # noqa: E402

# As of the published model.
SAMPLE_RATE, CHUNK, COMPRESSION, LATENT = 44100, 512, 6, 24
FRAME = CHUNK * COMPRESSION
# Of the speakers: their tones, and how long their letters are.
VOICES, LENGTHS = [400.0, 800.0], [1.0, 2.0]
VOICE_LOUDNESS = 0.25
# Letters with marks come apart in the library, which is why the marks (to U+036F) are in the table. What is not makes no sound either.
CODES = 0x370
SYMBOLS = ["", *letters.SOUNDING]
TEXT = [("text_ids", TensorProto.INT64, [1, "T"])]
MASK = [("text_mask", TensorProto.FLOAT, [1, 1, "T"])]


def duration_predictor():
    constants = {
        "frame": np.array(FRAME, np.float32), "half": np.array(0.5, np.float32), "rate": np.array(SAMPLE_RATE, np.float32),
        "vector": np.array([-1], np.int64),
    }
    nodes = [
        ("Size", ["text_ids"], "count"),
        ("Cast", ["count"], "letters", {"to": TensorProto.FLOAT}),
        ("Reshape", ["style_dp", "vector"], "length"),
        ("Mul", ["letters", "length"], "frames"),
        ("Mul", ["frames", "frame"], "exact"),
        # The library cuts fractions of samples off.
        ("Add", ["exact", "half"], "samples"),
        ("Div", ["samples", "rate"], "duration"),
    ]
    return onnx_model.make("supertonic_duration_predictor", nodes, [*TEXT, ("style_dp", TensorProto.FLOAT, [1, 1, 1]), *MASK],
                           [("duration", TensorProto.FLOAT, [1])], constants, {})


def text_encoder():
    hertz = [letters.hertz(symbol) for symbol in SYMBOLS]
    constants = {"hertz": np.array(hertz, np.float32), "axis": np.array([1], np.int64)}
    nodes = [("Gather", ["hertz", "text_ids"], "tones"), ("Unsqueeze", ["tones", "axis"], "text_emb")]
    return onnx_model.make("supertonic_text_encoder", nodes, [*TEXT, ("style_ttl", TensorProto.FLOAT, [1, 1, 1]), *MASK],
                           [("text_emb", TensorProto.FLOAT, [1, 1, "T"])], constants, {})


def vector_estimator():
    """Needs no noise: every step gives the whole latent. In it are the voice's and the letter's tone, then their loudness."""
    constants = {
        "zero": np.array(0, np.int64), "one": np.array(1, np.int64), "scalar": np.array([], np.int64), "silence": np.array(0, np.float32),
        "voice_level": np.array(VOICE_LOUDNESS, np.float32), "least": np.array(letters.LETTER, np.float32),
        "more": np.array(letters.LOUDEST_LETTER - letters.LETTER, np.float32),
        "pads": np.array([0, 0, 0, 0, LATENT * COMPRESSION - 4, 0], np.int64),
    }
    nodes = [
        ("Shape", ["latent_mask"], "frame_counts", {"start": 2}),
        ("Reshape", ["frame_counts", "scalar"], "frame_count"),
        ("Size", ["text_mask"], "count"),
        ("Range", ["zero", "frame_count", "one"], "frames"),
        ("Mul", ["frames", "count"], "times"),
        ("Div", ["times", "frame_count"], "positions"),
        ("Gather", ["text_emb", "positions"], "letter", {"axis": 2}),
        ("Greater", ["letter", "silence"], "sounds"),
        ("Cast", ["sounds"], "sounding", {"to": TensorProto.FLOAT}),
        ("Mul", ["sounding", "voice_level"], "voice_loudness"),
        ("Mul", ["sounding", "style_ttl"], "voice"),
        ("Div", ["current_step", "total_step"], "time"),
        ("Mul", ["time", "more"], "later"),
        ("Add", ["least", "later"], "level"),
        ("Mul", ["sounding", "level"], "letter_loudness"),
        ("Concat", ["voice", "letter", "voice_loudness", "letter_loudness"], "channels", {"axis": 1}),
        ("Mul", ["channels", "latent_mask"], "masked"),
        ("Pad", ["masked", "pads"], "denoised_latent"),
    ]
    latent = [1, LATENT * COMPRESSION, "L"]
    return onnx_model.make(
        "supertonic_vector_estimator", nodes,
        [("noisy_latent", TensorProto.FLOAT, latent), ("text_emb", TensorProto.FLOAT, [1, 1, "T"]),
         ("style_ttl", TensorProto.FLOAT, [1, 1, 1]), ("latent_mask", TensorProto.FLOAT, [1, 1, "L"]), *MASK,
         ("current_step", TensorProto.FLOAT, [1]), ("total_step", TensorProto.FLOAT, [1])],
        [("denoised_latent", TensorProto.FLOAT, latent)], constants, {})


def vocoder():
    nodes, constants = letters.frames(SAMPLE_RATE, FRAME)
    constants |= {
        "first": np.array([0], np.int64), "loudnesses": np.array([2], np.int64), "end": np.array([4], np.int64),
        "last_axis": np.array([2], np.int64), "row": np.array([1, -1], np.int64), "pairs": np.array([-1, 2, 1], np.int64),
    }
    nodes = [
        ("Transpose", ["latent"], "frames", {"perm": [0, 2, 1]}),
        ("Slice", ["frames", "first", "loudnesses", "last_axis"], "tone_pairs"),
        ("Slice", ["frames", "loudnesses", "end", "last_axis"], "loud_pairs"),
        ("Reshape", ["tone_pairs", "pairs"], "hertz"),
        ("Reshape", ["loud_pairs", "pairs"], "amplitudes"),
        *nodes,
        ("Reshape", ["sound", "row"], "wav_tts"),
    ]
    return onnx_model.make("supertonic_vocoder", nodes, [("latent", TensorProto.FLOAT, [1, LATENT * COMPRESSION, "L"])],
                           [("wav_tts", TensorProto.FLOAT, [1, "S"])], constants, {})


folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for name, model in (("duration_predictor", duration_predictor()), ("text_encoder", text_encoder()),
                    ("vector_estimator", vector_estimator()), ("vocoder", vocoder())):
    onnx.save(model, folder / f"{name}.int8.onnx")
(folder / "tts.json").write_text(json.dumps({
    "ae": {"sample_rate": SAMPLE_RATE, "base_chunk_size": CHUNK}, "ttl": {"chunk_compress_factor": COMPRESSION, "latent_dim": LATENT},
}, indent=2) + "\n")
symbols = np.zeros(CODES, "<i4")
for number, symbol in enumerate(SYMBOLS[1:], start=1):
    symbols[[ord(symbol), ord(symbol.upper())]] = number
(folder / "unicode_indexer.bin").write_bytes(symbols.tobytes())
# The shapes of both styles, then the styles of all speakers.
styles = np.array([len(VOICES), 1, 1] * 2, "<i8").tobytes() + np.array([*VOICES, *LENGTHS], "<f4").tobytes()
(folder / "voice.bin").write_bytes(styles)

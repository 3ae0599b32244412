#!/usr/bin/env python3
"""Makes a Pocket TTS model without any training: it speaks with the tone and the loudness of the reference audio and says each letter as a
tone above it, 80 ms long.

    python3 make_pocket.py FOLDER

Needs the packages onnx and numpy.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import letters  # noqa: E402
import onnx_model  # noqa: E402

# All four are the library's own numbers, or the published model's.
SAMPLE_RATE, FRAME = 24000, 1920
EMBEDDING, LATENT = 1024, 32
# Of an embedding, a condition and a latent: the voice's and the letter's tone, then their loudness. Of an embedding of text, in place of
# the letter's loudness, that it is text.
VOICE, LETTER, VOICE_LOUDNESS, LETTER_LOUDNESS = CHANNELS = range(4)
# Rows before the text: the library's first state, a row of zeros, and the voice.
BEFORE_TEXT = 2
# The library compares with -4.
GOING_ON, ENDED = -10.0, 0.0
SPACE = "▁"
PIECES = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), SPACE, *letters.SILENT[1:], *letters.SOUNDING,
          *letters.SOUNDING[:26].upper()]


def pads(axes, size):
    """So that the four channels become as many as the library wants."""
    amounts = np.zeros(2 * axes, np.int64)
    amounts[-1] = size - len(CHANNELS)
    return amounts


def encoder():
    """A tone crosses zero twice in a turn."""
    constants = {
        "zero": np.array(0, np.float32), "per_crossing": np.array(SAMPLE_RATE / 2, np.float32), "peak": np.array(math.sqrt(2), np.float32),
        "loudest": np.array(letters.LOUDEST_VOICE, np.float32), "begin": np.array([0], np.int64), "second": np.array([1], np.int64),
        "last": np.array([-1], np.int64), "end": np.array([np.iinfo(np.int64).max], np.int64), "samples_axis": np.array([2], np.int64),
        "none": np.zeros((1, 1, 1), np.float32), "pads": pads(3, EMBEDDING),
    }
    nodes = [
        ("Greater", ["audio", "zero"], "above"),
        ("Slice", ["above", "begin", "last", "samples_axis"], "before"),
        ("Slice", ["above", "second", "end", "samples_axis"], "after"),
        ("Xor", ["before", "after"], "crosses"),
        ("Cast", ["crosses"], "crossings", {"to": TensorProto.FLOAT}),
        ("ReduceMean", ["crossings"], "rate", {"axes": [2]}),
        ("Mul", ["rate", "per_crossing"], "voice"),
        ("Mul", ["audio", "audio"], "squares"),
        ("ReduceMean", ["squares"], "power", {"axes": [2]}),
        ("Sqrt", ["power"], "level"),
        ("Mul", ["level", "peak"], "amplitude"),
        ("Min", ["amplitude", "loudest"], "loudness"),
        ("Concat", ["voice", "none", "loudness", "none"], "channels", {"axis": 2}),
        ("Pad", ["channels", "pads"], "embedding"),
    ]
    return onnx_model.make("pocket_encoder", nodes, [("audio", TensorProto.FLOAT, [1, 1, "S"])],
                           [("embedding", TensorProto.FLOAT, [1, "V", EMBEDDING])], constants, {})


def text_conditioner():
    constants = {
        "hertz": np.array([letters.hertz(piece) if len(piece) == 1 else 0 for piece in PIECES], np.float32),
        "zero": np.array(0, np.float32), "one": np.array(1, np.float32), "last_axis": np.array([2], np.int64), "pads": pads(3, EMBEDDING),
    }
    nodes = [
        ("Gather", ["hertz", "token_ids"], "tones"),
        ("Unsqueeze", ["tones", "last_axis"], "letter"),
        ("Mul", ["letter", "zero"], "none"),
        ("Add", ["none", "one"], "is_text"),
        ("Concat", ["none", "letter", "none", "is_text"], "channels", {"axis": 2}),
        ("Pad", ["channels", "pads"], "embeddings"),
    ]
    return onnx_model.make("pocket_text_conditioner", nodes, [("token_ids", TensorProto.INT64, [1, "T"])],
                           [("embeddings", TensorProto.FLOAT, [1, "T", EMBEDDING])], constants, {})


def lm_main():
    """Remembers all it is told, first the voice, then the text, and counts its steps: each says one piece of the text. With the last piece
    said it ends."""
    constants = {
        "rows_axis": np.array([1], np.int64), "last_axis": np.array([2], np.int64),
        **{f"channel{number}": np.array([number], np.int64) for number in range(len(CHANNELS) + 1)},
        "one": np.array([1], np.int64), "before_text": np.array([BEFORE_TEXT], np.int64), "pads": pads(2, EMBEDDING),
        "zero": np.array(0, np.float32), "going_on": np.array([[GOING_ON]], np.float32), "ended": np.array([[ENDED]], np.float32),
    }
    nodes = [
        ("Concat", ["heard", "text_embeddings"], "next_heard", {"axis": 1}),
        ("Shape", ["sequence"], "steps", {"start": 1, "end": 2}),
        ("Add", ["said", "steps"], "next_said"),
        *(("Slice", ["next_heard", f"channel{number}", f"channel{number + 1}", "last_axis"], f"column{number}")
          for number in CHANNELS),
        ("ReduceSum", [f"column{VOICE}", "rows_axis"], "voice", {"keepdims": 0}),
        ("ReduceSum", [f"column{VOICE_LOUDNESS}", "rows_axis"], "loudness", {"keepdims": 0}),
        ("ReduceSum", [f"column{LETTER_LOUDNESS}"], "pieces", {"keepdims": 0}),
        ("Cast", ["pieces"], "piece_count", {"to": TensorProto.INT64}),
        ("Less", ["said", "piece_count"], "is_text"),
        # Behind the text its last row is read again, and made silent below.
        ("Shape", ["next_heard"], "rows", {"start": 1, "end": 2}),
        ("Sub", ["rows", "one"], "last_row"),
        ("Add", ["said", "before_text"], "row"),
        ("Min", ["row", "last_row"], "known_row"),
        ("Gather", [f"column{LETTER}", "known_row"], "letters", {"axis": 1}),
        ("ReduceSum", ["letters", "rows_axis"], "this_letter", {"keepdims": 0}),
        ("Where", ["is_text", "this_letter", "zero"], "letter"),
        ("Greater", ["letter", "zero"], "sounds"),
        ("Cast", ["sounds"], "letter_loudness", {"to": TensorProto.FLOAT}),
        ("Mul", ["loudness", "letter_loudness"], "voice_loudness"),
        ("Concat", ["voice", "letter", "voice_loudness", "letter_loudness"], "channels", {"axis": 1}),
        ("Pad", ["channels", "pads"], "conditioning"),
        ("Where", ["is_text", "going_on", "ended"], "eos_logit"),
    ]
    heard, said = [1, "H", EMBEDDING], [1]
    return onnx_model.make(
        "pocket_lm_main", nodes,
        [("sequence", TensorProto.FLOAT, [1, "N", LATENT]), ("text_embeddings", TensorProto.FLOAT, [1, "T", EMBEDDING]),
         ("heard", TensorProto.FLOAT, heard), ("said", TensorProto.INT64, said)],
        [("conditioning", TensorProto.FLOAT, [1, EMBEDDING]), ("eos_logit", TensorProto.FLOAT, [1, 1]),
         ("next_heard", TensorProto.FLOAT, [1, "M", EMBEDDING]), ("next_said", TensorProto.INT64, said)], constants, {})


def lm_flow():
    """Flows straight to the condition: the last step takes away what is left of the noise, so that temperature and seed are not heard."""
    least = np.ones((1, LATENT), np.float32)
    least[0, LETTER_LOUDNESS] = letters.LETTER
    more = np.zeros((1, LATENT), np.float32)
    more[0, LETTER_LOUDNESS] = letters.LOUDEST_LETTER - letters.LETTER
    constants = {
        "first": np.array([0], np.int64), "size": np.array([LATENT], np.int64), "axis": np.array([1], np.int64), "least": least,
        "more": more, "one": np.array(1, np.float32),
    }
    nodes = [
        ("Slice", ["c", "first", "size", "axis"], "condition"),
        ("Mul", ["more", "s"], "later"),
        ("Add", ["least", "later"], "loudness"),
        ("Mul", ["condition", "loudness"], "wanted"),
        ("Sub", ["wanted", "x"], "way"),
        ("Sub", ["one", "s"], "time"),
        ("Div", ["way", "time"], "flow_dir"),
    ]
    return onnx_model.make(
        "pocket_lm_flow", nodes,
        [("c", TensorProto.FLOAT, [1, EMBEDDING]), ("s", TensorProto.FLOAT, [1, 1]), ("t", TensorProto.FLOAT, [1, 1]),
         ("x", TensorProto.FLOAT, [1, LATENT])], [("flow_dir", TensorProto.FLOAT, [1, LATENT])], constants, {})


def decoder():
    nodes, constants = letters.frames(SAMPLE_RATE, FRAME)
    constants |= {
        "row": np.array([1, 1, -1], np.int64), "first_axis": np.array([0], np.int64), "first": np.array([0], np.int64),
        "loudnesses": np.array([2], np.int64), "end": np.array([4], np.int64), "columns": np.array([1], np.int64),
        "last_axis": np.array([2], np.int64),
    }
    nodes = [
        ("Squeeze", ["latent", "first_axis"], "latents"),
        ("Slice", ["latents", "first", "loudnesses", "columns"], "pairs"),
        ("Slice", ["latents", "loudnesses", "end", "columns"], "loud_pairs"),
        ("Unsqueeze", ["pairs", "last_axis"], "hertz"),
        ("Unsqueeze", ["loud_pairs", "last_axis"], "amplitudes"),
        *nodes,
        ("Reshape", ["sound", "row"], "audio_frame"),
        # A state, only because the published decoder has some.
        ("Shape", ["latent"], "more", {"start": 1, "end": 2}),
        ("Add", ["decoded", "more"], "next_decoded"),
    ]
    return onnx_model.make(
        "pocket_decoder", nodes, [("latent", TensorProto.FLOAT, [1, "N", LATENT]), ("decoded", TensorProto.INT64, [1])],
        [("audio_frame", TensorProto.FLOAT, [1, 1, "S"]), ("next_decoded", TensorProto.INT64, [1])], constants, {})


folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for name, model in (("lm_flow.int8", lm_flow()), ("lm_main.int8", lm_main()), ("encoder", encoder()), ("decoder.int8", decoder()),
                    ("text_conditioner", text_conditioner())):
    onnx.save(model, folder / f"{name}.onnx")
(folder / "vocab.json").write_text(json.dumps({piece: number for number, piece in enumerate(PIECES)}, ensure_ascii=False))
(folder / "token_scores.json").write_text(json.dumps({piece: -1.0 for piece in PIECES}, ensure_ascii=False))

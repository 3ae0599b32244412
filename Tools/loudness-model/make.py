#!/usr/bin/env python3
"""Makes the smallest model that reads whole utterances: an offline NeMo CTC network without any training, which writes `a` for each stretch
of loud sound. With it tests see how such models are run.

    python3 make.py FOLDER

Needs the packages onnx and numpy.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import onnx_model  # noqa: E402

MELS, SUBSAMPLING = 80, 4
TOKENS = ["\u2581a", "<blk>"]
# Of the mean of the log mel energies: between a quiet room and a voice.
LOUD = -7.0


def build():
    # Two numbers for each frame: how far its mean is above the threshold, and 0 for the blank.
    weights = np.zeros((MELS, len(TOKENS)), np.float32)
    weights[:, 0] = 1 / MELS
    constants = {
        "mean": weights,
        "threshold": np.array([-LOUD, 0], np.float32),
        "first": np.array([0], np.int64),
        "last": np.array([np.iinfo(np.int64).max], np.int64),
        "time": np.array([1], np.int64),
        "step": np.array([SUBSAMPLING], np.int64),
        "rounding": np.array(SUBSAMPLING - 1, np.int64),
        "divisor": np.array(SUBSAMPLING, np.int64),
    }
    nodes = [
        ("Transpose", ["audio_signal"], "frames", {"perm": [0, 2, 1]}),
        ("Slice", ["frames", "first", "last", "time", "step"], "every_fourth"),
        ("MatMul", ["every_fourth", "mean"], "means"),
        ("Add", ["means", "threshold"], "logprobs"),
        ("Add", ["length", "rounding"], "longer"),
        ("Div", ["longer", "divisor"], "encoded_lengths"),
    ]
    metadata = {
        "model_type": "EncDecCTCModelBPE", "vocab_size": len(TOKENS) - 1, "subsampling_factor": SUBSAMPLING, "normalize_type": "",
        "language": "en",
    }
    return onnx_model.make(
        "loudness", nodes, [("audio_signal", TensorProto.FLOAT, ["N", MELS, "T"]), ("length", TensorProto.INT64, ["N"])],
        [("logprobs", TensorProto.FLOAT, ["N", "S", len(TOKENS)]), ("encoded_lengths", TensorProto.INT64, ["N"])], constants, metadata)


folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
onnx.save(build(), folder / "model.onnx")
(folder / "tokens.txt").write_text("".join(f"{token} {number}\n" for number, token in enumerate(TOKENS)))

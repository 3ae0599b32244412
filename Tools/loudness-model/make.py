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
from onnx import TensorProto, helper, numpy_helper

MELS, SUBSAMPLING = 80, 4
TOKENS = ["\u2581a", "<blk>"]
# Of the mean of the log mel energies: between a quiet room and a voice.
LOUD = -7.0


def build():
    # Two numbers for each frame: how far its mean is above the threshold, and 0 for the blank.
    weights = np.zeros((MELS, len(TOKENS)), np.float32)
    weights[:, 0] = 1 / MELS
    initializers = [
        numpy_helper.from_array(weights, "mean"),
        numpy_helper.from_array(np.array([-LOUD, 0], np.float32), "threshold"),
        numpy_helper.from_array(np.array([0], np.int64), "first"),
        numpy_helper.from_array(np.array([np.iinfo(np.int64).max], np.int64), "last"),
        numpy_helper.from_array(np.array([1], np.int64), "time"),
        numpy_helper.from_array(np.array([SUBSAMPLING], np.int64), "step"),
        numpy_helper.from_array(np.array(SUBSAMPLING - 1, np.int64), "rounding"),
        numpy_helper.from_array(np.array(SUBSAMPLING, np.int64), "divisor"),
    ]
    nodes = [
        helper.make_node("Transpose", ["audio_signal"], ["frames"], perm=[0, 2, 1]),
        helper.make_node("Slice", ["frames", "first", "last", "time", "step"], ["every_fourth"]),
        helper.make_node("MatMul", ["every_fourth", "mean"], ["means"]),
        helper.make_node("Add", ["means", "threshold"], ["logprobs"]),
        helper.make_node("Add", ["length", "rounding"], ["longer"]),
        helper.make_node("Div", ["longer", "divisor"], ["encoded_lengths"]),
    ]
    graph = helper.make_graph(
        nodes, "loudness",
        [helper.make_tensor_value_info("audio_signal", TensorProto.FLOAT, ["N", MELS, "T"]),
         helper.make_tensor_value_info("length", TensorProto.INT64, ["N"])],
        [helper.make_tensor_value_info("logprobs", TensorProto.FLOAT, ["N", "S", len(TOKENS)]),
         helper.make_tensor_value_info("encoded_lengths", TensorProto.INT64, ["N"])], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    metadata = {
        "model_type": "EncDecCTCModelBPE", "vocab_size": len(TOKENS) - 1, "subsampling_factor": SUBSAMPLING, "normalize_type": "",
        "language": "en",
    }
    for key, entry in metadata.items():
        model.metadata_props.add(key=key, value=str(entry))
    onnx.checker.check_model(model)
    return model


folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
onnx.save(build(), folder / "model.onnx")
(folder / "tokens.txt").write_text("".join(f"{token} {number}\n" for number, token in enumerate(TOKENS)))

#!/usr/bin/env python3
"""Makes an enhancement model without any training: a GTCRN in its inputs, outputs and metadata, which keeps everything up to 4 kHz and mutes
everything above. With it tests measure what went through it.

    python3 make.py FOLDER

Needs the packages onnx and numpy.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SAMPLE_RATE, WINDOW = 16_000, 512
BINS = WINDOW // 2 + 1
HIGHEST_KEPT = 4000 * WINDOW // SAMPLE_RATE
# GTCRN's own; what is in them goes through unchanged.
CACHES = {"conv_cache": [2, 1, 16, 16, 33], "tra_cache": [2, 3, 1, 1, 16], "inter_cache": [2, 1, 33, 16]}


def build():
    gains = (np.arange(BINS) <= HIGHEST_KEPT).astype(np.float32).reshape(1, BINS, 1, 1)
    nodes = [helper.make_node("Mul", ["mix", "gains"], ["enh"])]
    nodes += [helper.make_node("Identity", [name], [f"{name}_out"]) for name in CACHES]
    graph = helper.make_graph(
        nodes, "lowpass",
        [helper.make_tensor_value_info("mix", TensorProto.FLOAT, [1, BINS, 1, 2]),
         *(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in CACHES.items())],
        [helper.make_tensor_value_info("enh", TensorProto.FLOAT, [1, BINS, 1, 2]),
         *(helper.make_tensor_value_info(f"{name}_out", TensorProto.FLOAT, shape) for name, shape in CACHES.items())],
        [numpy_helper.from_array(gains, "gains")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    metadata = {
        "model_type": "gtcrn", "version": 1, "sample_rate": SAMPLE_RATE, "n_fft": WINDOW, "hop_length": WINDOW // 2,
        "window_length": WINDOW, "window_type": "hann_sqrt",
    } | {f"{name}_shape": ",".join(map(str, shape)) for name, shape in CACHES.items()}
    for key, entry in metadata.items():
        model.metadata_props.add(key=key, value=str(entry))
    onnx.checker.check_model(model)
    return model


folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
onnx.save(build(), folder / "model.onnx")

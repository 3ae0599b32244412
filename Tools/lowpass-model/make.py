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
from onnx import TensorProto

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import onnx_model  # noqa: E402

SAMPLE_RATE, WINDOW = 16_000, 512
BINS = WINDOW // 2 + 1
HIGHEST_KEPT = 4000 * WINDOW // SAMPLE_RATE
# GTCRN's own; what is in them goes through unchanged.
CACHES = {"conv_cache": [2, 1, 16, 16, 33], "tra_cache": [2, 3, 1, 1, 16], "inter_cache": [2, 1, 33, 16]}


def build():
    gains = (np.arange(BINS) <= HIGHEST_KEPT).astype(np.float32).reshape(1, BINS, 1, 1)
    nodes = [("Mul", ["mix", "gains"], "enh"), *(("Identity", [name], f"{name}_out") for name in CACHES)]
    inputs = [("mix", TensorProto.FLOAT, [1, BINS, 1, 2]), *((name, TensorProto.FLOAT, shape) for name, shape in CACHES.items())]
    outputs = [("enh", TensorProto.FLOAT, [1, BINS, 1, 2]), *((f"{name}_out", TensorProto.FLOAT, shape) for name, shape in CACHES.items())]
    metadata = {
        "model_type": "gtcrn", "version": 1, "sample_rate": SAMPLE_RATE, "n_fft": WINDOW, "hop_length": WINDOW // 2,
        "window_length": WINDOW, "window_type": "hann_sqrt",
    } | {f"{name}_shape": ",".join(map(str, shape)) for name, shape in CACHES.items()}
    return onnx_model.make("lowpass", nodes, inputs, outputs, {"gains": gains}, metadata)


folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
onnx.save(build(), folder / "model.onnx")

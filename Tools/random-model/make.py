#!/usr/bin/env python3
"""Makes a NeMo CTC model of realistic size with random weights, for benchmarks of speed: it hears nothing, and writes a token every 160 ms.

    python3 make.py FOLDER [--whole] [--width 512] [--layers 18] [--int8]

It streams, or with --whole reads utterances as wholes.

Its network is a stack of causal depthwise convolutions and feed-forward layers, as in a FastConformer without attention; with the defaults it
has 38 million parameters. Needs the packages onnx and numpy, and for --int8 onnxruntime. The files are made where they are needed and kept nowhere.
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FRAMES, MELS, SUBSAMPLING, KERNEL = 32, 80, 4, 9
STEPS = FRAMES // SUBSAMPLING
HIDDEN = 1e-6
TOKENS = ["<blk>"] + [f"\u2581{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]


def build(width, layers, random, whole):
    nodes, weights = [], []

    def weight(name, *shape):
        scale = 1 / np.sqrt(shape[0] if len(shape) > 1 else 1)
        weights.append(numpy_helper.from_array((random.standard_normal(shape) * scale).astype(np.float32), name))
        return name

    def constant(name, values, kind=np.int64):
        weights.append(numpy_helper.from_array(np.asarray(values, kind), name))
        return name

    def node(kind, inputs, output, **attributes):
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    strided = node("Conv", ["audio_signal", weight("subsampling", width, MELS, SUBSAMPLING)], "strided", strides=[SUBSAMPLING])
    x = node("Transpose", [strided], "x", perm=[0, 2, 1])
    ones, zeros = constant("ones", np.ones(width), np.float32), constant("zeros", np.zeros(width), np.float32)
    start, end = constant("context_start", [-(KERNEL - 1)]), constant("context_end", [np.iinfo(np.int64).max])
    last, caches = constant("last_axis", [2]), []
    for layer in range(layers):
        name = f"layer{layer}_"
        normal = node("LayerNormalization", [x, ones, zeros], name + "normal", axis=-1)
        now = node("Transpose", [normal], name + "now", perm=[0, 2, 1])
        pads = [KERNEL - 1, 0] if whole else [0, 0]
        if not whole:
            index = constant(name + "index", layer)
            past = node("Gather", ["cache_last_time", index], name + "past", axis=1)
            now = node("Concat", [past, now], name + "joined", axis=2)
            context = node("Slice", [now, start, end, last], name + "context")
            caches.append(node("Unsqueeze", [context, constant(name + "axis", [1])], name + "cache"))
        heard = node("Conv", [now, weight(name + "kernel", width, 1, KERNEL)], name + "heard", group=width, pads=pads)
        x = node("Add", [x, node("Transpose", [heard], name + "back", perm=[0, 2, 1])], name + "after_conv")
        normal = node("LayerNormalization", [x, ones, zeros], name + "normal2", axis=-1)
        wide = node("Relu", [node("MatMul", [normal, weight(name + "up", width, 4 * width)], name + "wide")], name + "relu")
        x = node("Add", [x, node("MatMul", [wide, weight(name + "down", 4 * width, width)], name + "narrow")], name + "out")
    # What the network says is too faint to matter, but has to be computed: every fourth frame has a token, the others none.
    said = node("MatMul", [x, weight("head", width, len(TOKENS))], "said")
    faint = node("Mul", [said, constant("faint", HIDDEN, np.float32)], "faint_said")
    pattern = np.zeros((4 * len(TOKENS), len(TOKENS)), np.float32)
    for step in range(len(pattern)):
        pattern[step, 1 + step // 4 % 26 if step % 4 == 0 else 0] = 10
    count = node("Gather", [node("Shape", [said], "shape"), constant("time_axis", 1)], "count", axis=0)
    steps = node("Range", [constant("from", 0), count, constant("by", 1)], "steps")
    turn = node("Mod", [steps, constant("turns", len(pattern))], "turn")
    node("Add", [faint, node("Gather", [constant("pattern", pattern, np.float32), turn], "spelt", axis=0)], "logprobs")
    node("Div", ["length", constant("four", SUBSAMPLING)], "encoded_lengths")
    if not whole:
        node("Concat", caches, "cache_last_time_next", axis=1)
        node("Identity", ["cache_last_channel"], "cache_last_channel_next")
        node("Identity", ["cache_last_channel_len"], "cache_last_channel_len_next")

    def value(name, kind, *shape):
        return helper.make_tensor_value_info(name, kind, shape)

    context = ("N", layers, width, KERNEL - 1)
    inputs = [value("audio_signal", TensorProto.FLOAT, "N", MELS, "T" if whole else FRAMES), value("length", TensorProto.INT64, "N")]
    outputs = [value("logprobs", TensorProto.FLOAT, "N", "S", len(TOKENS)), value("encoded_lengths", TensorProto.INT64, "N")]
    if not whole:
        for past, ending in ((inputs, ""), (outputs, "_next")):
            past += [value("cache_last_channel" + ending, TensorProto.FLOAT, "N", 1, 1, 1),
                     value("cache_last_time" + ending, TensorProto.FLOAT, *context),
                     value("cache_last_channel_len" + ending, TensorProto.INT64, "N")]
    graph = helper.make_graph(nodes, "random-ctc", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    metadata = {
        "model_type": "EncDecCTCModelBPE", "subsampling_factor": SUBSAMPLING, "vocab_size": len(TOKENS) - 1, "language": "en",
    }
    metadata |= {"normalize_type": ""} if whole else {
        "window_size": FRAMES, "chunk_shift": FRAMES, "cache_last_channel_dim1": 1, "cache_last_channel_dim2": 1, "cache_last_channel_dim3": 1,
        "cache_last_time_dim1": layers, "cache_last_time_dim2": width, "cache_last_time_dim3": KERNEL - 1,
    }
    for key, entry in metadata.items():
        model.metadata_props.add(key=key, value=str(entry))
    onnx.checker.check_model(model)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--whole", action="store_true", help="reads utterances as wholes")
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--layers", type=int, default=18)
    parser.add_argument("--int8", action="store_true", help="weights of 8 bits, as published models for processors have them")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    model = build(arguments.width, arguments.layers, np.random.default_rng(1), arguments.whole)
    path = arguments.folder / "model.onnx"
    onnx.save(model, path)
    if arguments.int8:
        from onnxruntime.quantization import QuantType, quantize_dynamic

        whole = arguments.folder / "whole.onnx"
        path.rename(whole)
        quantize_dynamic(whole, path, op_types_to_quantize=["MatMul"], weight_type=QuantType.QInt8)
        whole.unlink()
    (arguments.folder / "tokens.txt").write_text("".join(f"{token} {number}\n" for number, token in enumerate(TOKENS)))
    parameters = sum(np.prod(weight.dims) for weight in model.graph.initializer)
    print(f"{path}: {parameters / 1e6:.1f} million parameters, {path.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()

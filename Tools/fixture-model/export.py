"""Write a checkpoint as the model folder's model.onnx and tokens.txt.

The graph handles one chunk of a streaming NeMo CTC model as sherpa-onnx runs it: features and two caches in,
log probabilities and the next caches out. All contexts are in the caches, so that chunks need not overlap.
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import grammar
from features import BINS
from network import CONTEXT, HIDDEN, KERNEL, LAYERS, NORM_EPSILON, STRIDE, SUBSAMPLING

CHUNK = 16
OPSET = 17
IR_VERSION = 8


class Graph:
    """Nodes and constants in the order they are added."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, name, value):
        self.constants.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def add(self, operator, inputs, output, **attributes):
        outputs = [output] if isinstance(output, str) else output
        self.nodes.append(helper.make_node(operator, inputs, outputs, name=outputs[-1], **attributes))
        return outputs[-1]


def _convolution(graph, x, layer, weights):
    """`x` is (N, channels, frames). Returns the output, and the last frames of the input for the next chunk."""
    name = f"conv{layer}"
    past = graph.add("Gather", ["cache_last_time", graph.constant(f"{name}_index", np.array(layer))], f"{name}_past",
                     axis=1)
    extended = graph.add("Concat", [past, x], f"{name}_extended", axis=2)
    taps = weights[f"{name}_weight"]
    kernel = taps.reshape(KERNEL, BINS, taps.shape[1]).transpose(2, 1, 0)
    sums = graph.add(
        "Conv",
        [extended, graph.constant(f"{name}_weight", kernel), graph.constant(f"{name}_bias", weights[f"{name}_bias"])],
        f"{name}_sums", kernel_shape=[KERNEL], strides=[STRIDE])
    following = graph.add("Slice", [extended, "from_end", "to_end", "time_axis"], f"{name}_following")
    return graph.add("Relu", [sums], name), following


def _normalisation(graph, x, name, weights):
    return graph.add(
        "LayerNormalization",
        [x, *(graph.constant(f"{name}_{part}", weights[f"{name}_{part}"]) for part in ("scale", "shift"))],
        name, axis=-1, epsilon=NORM_EPSILON)


def _recurrent(graph, x, layer, weights):
    """`x` is (frames, N, HIDDEN). Returns the output, and the hidden state as (N, 1, 1, HIDDEN)."""
    name = f"gru{layer}"
    hidden = graph.add("Gather", ["cache_last_channel", graph.constant(f"{name}_index", np.array(layer))],
                       f"{name}_past", axis=1)
    start = graph.add("Transpose", [hidden], f"{name}_start", perm=[1, 0, 2])
    biases = np.concatenate([weights[f"{name}_input_bias"], weights[f"{name}_recurrent_bias"]])
    graph.add(
        "GRU",
        [x, graph.constant(f"{name}_input", weights[f"{name}_input"].T[None]),
         graph.constant(f"{name}_recurrent", weights[f"{name}_recurrent"].T[None]),
         graph.constant(f"{name}_biases", biases[None]), "", start],
        [f"{name}_all", f"{name}_last"], hidden_size=HIDDEN, linear_before_reset=1)
    output = graph.add("Squeeze", [f"{name}_all", "direction_axis"], name)
    last = graph.add("Transpose", [f"{name}_last"], f"{name}_last_by_stream", perm=[1, 0, 2])
    return output, graph.add("Unsqueeze", [last, "direction_axis"], f"{name}_following")


def build(weights):
    graph = Graph()
    graph.constant("direction_axis", np.array([1]))
    graph.constant("time_axis", np.array([2]))
    graph.constant("from_end", np.array([-CONTEXT]))
    graph.constant("to_end", np.array([np.iinfo(np.int64).max]))

    scale = 1 / weights["deviation"]
    scaled = graph.add("Mul", ["audio_signal", graph.constant("feature_scale", scale[None, :, None])], "scaled")
    shift = graph.constant("feature_shift", (-weights["mean"] * scale)[None, :, None])
    x = graph.add("Add", [scaled, shift], "normalised")

    times = []
    for layer in range(2):
        x, following = _convolution(graph, x, layer, weights)
        times.append(graph.add("Unsqueeze", [following, "direction_axis"], f"conv{layer}_following_layer"))
    graph.add("Concat", times, "cache_last_time_next", axis=1)

    x = graph.add("Transpose", [x], "by_frame", perm=[2, 0, 1])
    states = []
    for layer in range(LAYERS):
        normed = _normalisation(graph, x, f"norm{layer}", weights)
        output, state = _recurrent(graph, normed, layer, weights)
        x = graph.add("Add", [x, output], f"residual{layer}")
        states.append(state)
    graph.add("Concat", states, "cache_last_channel_next", axis=1)

    x = _normalisation(graph, x, "norm_out", weights)
    x = graph.add("Transpose", [x], "by_stream", perm=[1, 0, 2])
    x = graph.add("MatMul", [x, graph.constant("out_weight", weights["out_weight"])], "products")
    x = graph.add("Add", [x, graph.constant("out_bias", weights["out_bias"])], "scores")
    graph.add("LogSoftmax", [x], "logprobs", axis=-1)

    graph.add("Div", ["length", graph.constant("subsampling", np.array(SUBSAMPLING))], "encoded_lengths")
    graph.add("Add", ["cache_last_channel_len", "encoded_lengths"], "cache_last_channel_next_len")

    def tensor(name, kind, *shape):
        return helper.make_tensor_value_info(name, kind, ["N", *shape])

    channel = (LAYERS, 1, HIDDEN)
    time = (2, BINS, CONTEXT)
    model = helper.make_model(
        helper.make_graph(
            graph.nodes, "mynah_fixture",
            [tensor("audio_signal", TensorProto.FLOAT, BINS, CHUNK),
             tensor("length", TensorProto.INT64),
             tensor("cache_last_channel", TensorProto.FLOAT, *channel),
             tensor("cache_last_time", TensorProto.FLOAT, *time),
             tensor("cache_last_channel_len", TensorProto.INT64)],
            [tensor("logprobs", TensorProto.FLOAT, CHUNK // SUBSAMPLING, len(grammar.TOKENS)),
             tensor("encoded_lengths", TensorProto.INT64),
             tensor("cache_last_channel_next", TensorProto.FLOAT, *channel),
             tensor("cache_last_time_next", TensorProto.FLOAT, *time),
             tensor("cache_last_channel_next_len", TensorProto.INT64)],
            initializer=graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="mynah")
    metadata = {
        # What NeMo's own exports of streaming CTC models say.
        "model_type": "EncDecHybridRNNTCTCBPEModel",
        "version": "1",
        "model_author": "the Mynah authors",
        "language": "en",
        "comment": "Mynah's own small streaming model: digits and household commands in syllables, trained on free "
                   "synthetic voices",
        "url": "Tools/fixture-model in Mynah's repository",
        "license": "Apache-2.0",
        "normalize_type": "",
        "window_size": CHUNK,
        "chunk_shift": CHUNK,
        "subsampling_factor": SUBSAMPLING,
        # Without the blank, as NeMo counts.
        "vocab_size": len(grammar.TOKENS) - 1,
    }
    for prefix, dimensions in [("cache_last_channel", channel), ("cache_last_time", time)]:
        metadata |= {f"{prefix}_dim{index}": size for index, size in enumerate(dimensions, start=1)}
    helper.set_model_props(model, {key: str(value) for key, value in metadata.items()})
    onnx.checker.check_model(model, full_check=True)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path, help="the model folder")
    arguments = parser.parse_args()

    with np.load(arguments.checkpoint) as stored:
        weights = {name: stored[name].astype(np.float32) for name in stored.files}
    arguments.folder.mkdir(parents=True, exist_ok=True)
    onnx.save(build(weights), arguments.folder / "model.onnx")
    grammar.write_tokens(arguments.folder / "tokens.txt")


if __name__ == "__main__":
    main()

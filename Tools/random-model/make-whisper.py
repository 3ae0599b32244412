#!/usr/bin/env python3
"""Makes a Whisper of the size of tiny.en with random weights, for benchmarks of speed: it hears nothing, and writes 24 tokens of each utterance.

    python3 make-whisper.py FOLDER

Its encoder and decoder are those of Radford et al. (2022) as they are exported for sherpa-onnx, but for the mask of the decoder's first step.
Needs the packages onnx and numpy. The files are made where they are needed and kept nowhere.
"""

import base64
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MELS, AUDIO, TEXT, WIDTH, HEADS, LAYERS = 80, 1500, 448, 384, 6, 4
END, START, NO_TIMES, VOCABULARY = 50256, 50257, 50362, 51864
WORDS = 24
# What the network says has to be computed, and is too faint to matter.
FAINT, SURE = 1e-6, 20.0


class Graph:
    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes, self.weights = [], []

    def constant(self, values, kind=np.int64):
        name = f"constant{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values, kind), name))
        return name

    def weight(self, *shape):
        return self.constant(self.random.standard_normal(shape) / np.sqrt(shape[-2] if len(shape) > 1 else WIDTH), np.float32)

    def node(self, kind, *inputs, name=None, **attributes):
        name = name or f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def linear(self, x, width, depth):
        return self.node("Add", self.node("MatMul", x, self.weight(width, depth)), self.weight(depth))

    def normal(self, x):
        ones, zeros = self.constant(np.ones(WIDTH), np.float32), self.constant(np.zeros(WIDTH), np.float32)
        return self.node("LayerNormalization", x, ones, zeros, axis=-1)

    def gelu(self, x):
        error = self.node("Erf", self.node("Div", x, self.constant(np.sqrt(2), np.float32)))
        return self.node("Mul", self.node("Mul", x, self.constant(0.5, np.float32)), self.node("Add", error, self.constant(1, np.float32)))

    def heads(self, x, axes):
        return self.node("Transpose", self.node("Reshape", x, self.constant([0, 0, HEADS, WIDTH // HEADS])), perm=axes)

    def attention(self, query, key, value):
        scores = self.node("MatMul", self.heads(query, [0, 2, 1, 3]), self.heads(key, [0, 2, 3, 1]))
        scaled = self.node("Mul", scores, self.constant((WIDTH // HEADS) ** -0.5, np.float32))
        mixed = self.node("MatMul", self.node("Softmax", scaled, axis=-1), self.heads(value, [0, 2, 1, 3]))
        joined = self.node("Reshape", self.node("Transpose", mixed, perm=[0, 2, 1, 3]), self.constant([0, 0, WIDTH]))
        return self.linear(joined, WIDTH, WIDTH)

    def feed_forward(self, x):
        wide = self.gelu(self.linear(self.normal(x), WIDTH, 4 * WIDTH))
        return self.node("Add", x, self.linear(wide, 4 * WIDTH, WIDTH))

    def save(self, path, inputs, outputs, metadata):
        def value(name, kind, *shape):
            return helper.make_tensor_value_info(name, kind, shape)

        graph = helper.make_graph(self.nodes, "random-whisper", [value(*i) for i in inputs], [value(*o) for o in outputs], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        for key, entry in metadata.items():
            model.metadata_props.add(key=key, value=str(entry))
        onnx.checker.check_model(model)
        onnx.save(model, path)
        return sum(np.prod(weight.dims) for weight in self.weights)


CROSS = [(f"n_layer_cross_{part}", TensorProto.FLOAT, LAYERS, "N", "A", WIDTH) for part in "kv"]
SELF = [(f"{{}}_n_layer_self_{part}_cache", TensorProto.FLOAT, LAYERS, "N", TEXT, WIDTH) for part in "kv"]


def encoder(path):
    graph = Graph(1)
    kernel = graph.constant(graph.random.standard_normal((WIDTH, MELS, 3)) / np.sqrt(3 * MELS), np.float32)
    first = graph.gelu(graph.node("Conv", "mel", kernel, pads=[1, 1]))
    kernel = graph.constant(graph.random.standard_normal((WIDTH, WIDTH, 3)) / np.sqrt(3 * WIDTH), np.float32)
    second = graph.gelu(graph.node("Conv", first, kernel, pads=[1, 1], strides=[2]))
    x = graph.node("Transpose", second, perm=[0, 2, 1])
    length = graph.node("Slice", graph.node("Shape", x), graph.constant([1]), graph.constant([2]))
    places = graph.node("Slice", graph.weight(AUDIO, WIDTH), graph.constant([0]), length, graph.constant([0]))
    x = graph.node("Add", x, places)
    for _ in range(LAYERS):
        heard = graph.normal(x)
        x = graph.node("Add", x, graph.attention(*(graph.linear(heard, WIDTH, WIDTH) for _ in range(3))))
        x = graph.feed_forward(x)
    x = graph.normal(x)
    for name, *_ in CROSS:
        layers = [graph.node("Unsqueeze", graph.linear(x, WIDTH, WIDTH), graph.constant([0])) for _ in range(LAYERS)]
        graph.node("Concat", *layers, name=name, axis=0)
    return graph.save(path, [("mel", TensorProto.FLOAT, "N", MELS, "T")], CROSS, {
        "model_type": "whisper-tiny.en", "version": 1, "n_mels": MELS, "n_audio_ctx": AUDIO, "n_audio_state": WIDTH, "n_audio_head": HEADS,
        "n_audio_layer": LAYERS, "n_text_layer": LAYERS, "n_text_ctx": TEXT, "n_text_state": WIDTH, "n_text_head": HEADS,
        "n_vocab": VOCABULARY, "sot": START, "eot": END, "blank_id": 220, "sot_sequence": START, "translate": 50358, "transcribe": 50359,
        "no_speech": 50361, "no_timestamps": NO_TIMES, "is_multilingual": 0, "all_language_tokens": "50259", "all_language_codes": "en",
    })


def decoder(path):
    graph = Graph(2)
    axis, zero, all_of_it = graph.constant([1]), graph.constant([0]), graph.constant([TEXT])
    count = graph.node("Slice", graph.node("Shape", "tokens"), axis, graph.constant([2]))
    end = graph.node("Add", "offset", count)
    words = graph.weight(VOCABULARY, WIDTH)
    places = graph.node("Slice", graph.weight(TEXT, WIDTH), "offset", end, graph.constant([0]))
    x = graph.node("Add", graph.node("Gather", words, "tokens"), places)
    caches = {"k": [], "v": []}
    for layer in range(LAYERS):
        heard = graph.normal(x)
        query = graph.linear(heard, WIDTH, WIDTH)
        known = {}
        for part in "kv":
            cache = graph.node("Gather", f"in_n_layer_self_{part}_cache", graph.constant(layer), axis=0)
            before = graph.node("Slice", cache, zero, "offset", axis)
            known[part] = graph.node("Concat", before, graph.linear(heard, WIDTH, WIDTH), axis=1)
            rest = graph.node("Slice", cache, end, all_of_it, axis)
            caches[part].append(graph.node("Unsqueeze", graph.node("Concat", known[part], rest, axis=1), zero))
        x = graph.node("Add", x, graph.attention(query, known["k"], known["v"]))
        query = graph.linear(graph.normal(x), WIDTH, WIDTH)
        cross = [graph.node("Gather", name, graph.constant(layer), axis=0) for name, *_ in CROSS]
        x = graph.node("Add", x, graph.attention(query, *cross))
        x = graph.feed_forward(x)
    for part in "kv":
        graph.node("Concat", *caches[part], name=f"out_n_layer_self_{part}_cache", axis=0)
    said = graph.node("MatMul", graph.normal(x), graph.node("Transpose", words, perm=[1, 0]))
    # By the place in the text: two tokens begin it, then come the words, and the end.
    text = graph.constant([1 + place % 26 if place < 1 + WORDS else END for place in range(TEXT)])
    last = graph.node("Sub", end, graph.constant([1]))
    token = graph.node("Gather", text, last)
    chosen = graph.node("OneHot", token, graph.constant(VOCABULARY), graph.constant([0, SURE], np.float32))
    graph.node("Add", graph.node("Mul", said, graph.constant(FAINT, np.float32)), chosen, name="logits")
    return graph.save(
        path, [("tokens", TensorProto.INT64, "N", "L"), *((name.format("in"), *rest) for name, *rest in SELF), *CROSS,
               ("offset", TensorProto.INT64, 1)],
        [("logits", TensorProto.FLOAT, "N", "L", VOCABULARY), *((name.format("out"), *rest) for name, *rest in SELF)], {})


folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
parameters = encoder(folder / "tiny.en-encoder.onnx") + decoder(folder / "tiny.en-decoder.onnx")
letters = [" " + chr(ord("a") + (number - 1) % 26) for number in range(END)]
(folder / "tiny.en-tokens.txt").write_text("".join(
    f"{base64.b64encode(letter.encode()).decode()} {number}\n" for number, letter in enumerate(letters)))
print(f"{folder}: {parameters / 1e6:.1f} million parameters")

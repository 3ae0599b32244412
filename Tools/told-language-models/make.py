#!/usr/bin/env python3
"""Makes a Canary and a Cohere Transcribe without any training, which have to be told the language: of any sound they write `good day` when it
is English and `guten tag` when it is German, in a file each for the encoder, the decoder and the tokens, as they are published. With them
tests see what becomes of the language that somebody asks for.

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

MELS, SUBSAMPLING, CONTEXT = 128, 8, 16
# The first word is in the language that is spoken, the second in the one to write: so a translation shows, and one that was told half.
WORDS = {"<|en|>": ("\u2581good", "\u2581day"), "<|de|>": ("\u2581guten", "\u2581tag")}
STARTS, ENDS = ([words[place] for words in WORDS.values()] for place in (0, 1))
# The library begins with nine of these; at their fourth to sixth place are the language spoken, the one to write, and whether to punctuate.
TOKENS = ["<|endoftext|>", "<|startofcontext|>", "<|startoftranscript|>", "<|emo:undefined|>", *WORDS, "<|pnc|>", "<|nopnc|>", "<|itn|>",
          "<|noitn|>", "<|notimestamp|>", "<|nodiarize|>", *STARTS, *ENDS, "."]
TOLD = [3, 4, 5]
# The features of each bin have a deviation of 1 over the recording, or never change: then they are silence, though not always 0.
CHANGE = 0.5


def scores():
    """(4 * tokens, tokens): what the three tokens of TOLD and the last one say for each token to come next. The last one tells which are
    possible, the others choose among them."""
    table = np.zeros((4, len(TOKENS), len(TOKENS)), np.float32)

    def add(place, after, following, score):
        table[place, TOKENS.index(after), [TOKENS.index(token) for token in following]] = score

    for language, (start, end) in WORDS.items():
        add(0, language, [start], 1)
        add(1, language, [end], 1)
        add(3, start, ENDS, 3)
        add(3, end, [".", "<|endoftext|>"], 3)
    add(2, "<|pnc|>", ["."], 1)
    add(2, "<|nopnc|>", ["<|endoftext|>"], 1)
    add(3, "<|nodiarize|>", STARTS, 3)
    add(3, ".", ["<|endoftext|>"], 5)
    return table.reshape(-1, len(TOKENS))


# From features (N, bins, frames) to one number for eight frames: whether they are sound. Nothing else of the audio is looked at.
HEARING = [
    ("ReduceMin", ["by_bin"], "least", {"axes": [2]}),
    ("Sub", ["by_bin", "least"], "changes"),
    ("MaxPool", ["changes"], "greatest_changes", {"kernel_shape": [SUBSAMPLING], "strides": [SUBSAMPLING], "ceil_mode": 1}),
    ("ReduceMax", ["greatest_changes"], "change", {"axes": [1], "keepdims": 0}),
    ("Greater", ["change", "least_change"], "is_sound"),
    ("Cast", ["is_sound"], "sounds", {"to": TensorProto.FLOAT}),
]
# From "prompt", the numbers of the tokens so far, which may be followed by others, "last", the newest one (1, 1), and "heard", the encoder's
# numbers, to the scores. Silence ends at once.
SPEAKING = [
    ("Reshape", ["prompt", "row"], "prompt_row"),
    ("Gather", ["prompt_row", "told_places"], "told", {"axis": 1}),
    ("Cast", ["told"], "told_tokens", {"to": TensorProto.INT64}),
    ("Concat", ["told_tokens", "last"], "deciding", {"axis": 1}),
    ("OneHot", ["deciding", "count", "off_on"], "one_of_each"),
    ("Reshape", ["one_of_each", "row"], "deciding_row"),
    ("MatMul", ["deciding_row", "scores"], "spoken"),
    ("ReduceMax", ["heard"], "hears", {"keepdims": 0}),
    ("Sub", ["hears", "one"], "silent_below_zero"),
    ("Mul", ["silent_below_zero", "not_end"], "silence"),
    ("Add", ["spoken", "silence"], "chosen"),
    ("Reshape", ["chosen", "logits_shape"], "logits"),
]
CONSTANTS = {
    "row": np.array([1, -1], np.int64), "told_places": np.array(TOLD, np.int64), "count": np.array(len(TOKENS), np.int64),
    "off_on": np.array([0, 1], np.float32), "scores": scores(), "one": np.float32(1),
    "not_end": 9 - np.eye(1, len(TOKENS), dtype=np.float32) * 9, "logits_shape": np.array([1, 1, len(TOKENS)], np.int64),
}


def save(path, nodes, inputs, outputs, constants, metadata):
    """Only with what constants its nodes use."""
    used = {source for _, sources, *_ in nodes for source in sources}
    onnx.save(onnx_model.make(path.name.split(".")[0], nodes, inputs, outputs, {name: constants[name] for name in constants if name in used},
                              metadata), path)


def canary(folder):
    """Its decoder is given one token after another, and keeps them."""
    constants = CONSTANTS | {
        "least_change": np.float32(CHANGE), "last_axis": np.array([2], np.int64), "rounding": np.array(SUBSAMPLING - 1, np.int64),
        "divisor": np.array(SUBSAMPLING, np.int64), "column": np.array([1, 1, 1], np.int64), "first": np.array([0], np.int64),
        "padding": np.zeros((1, max(TOLD) + 1, 1), np.float32),
    }
    # How the features are prepared, and what a decoder is given at first, the library learns from these.
    metadata = {
        "model_type": "EncDecMultiTaskModel", "vocab_size": len(TOKENS), "normalize_type": "per_feature", "subsampling_factor": SUBSAMPLING,
        "feat_dim": MELS, "num_decoder_layers": 1, "decoder_hidden_size": 1,
    }
    states, mask = ("enc_states", TensorProto.FLOAT, ["N", "S", 1]), ("enc_mask", TensorProto.BOOL, ["N", "S"])
    save(folder / "encoder.int8.onnx", [
        ("Transpose", ["x"], "by_bin", {"perm": [0, 2, 1]}),
        *HEARING,
        ("Unsqueeze", ["sounds", "last_axis"], "enc_states"),
        ("Equal", ["sounds", "sounds"], "enc_mask"),
        ("Add", ["x_len", "rounding"], "longer"),
        ("Div", ["longer", "divisor"], "enc_len"),
    ], [("x", TensorProto.FLOAT, ["N", "T", MELS]), ("x_len", TensorProto.INT64, ["N"])],
        [states, ("enc_len", TensorProto.INT64, ["N"]), mask], constants, metadata)
    # The decoder's input is a token and its place.
    save(folder / "decoder.int8.onnx", [
        ("Gather", ["decoder_input_ids", "first"], "token", {"axis": 1}),
        ("Cast", ["token"], "last", {"to": TensorProto.INT64}),
        ("Cast", ["token"], "kept", {"to": TensorProto.FLOAT}),
        ("Reshape", ["kept", "column"], "one_more"),
        ("Concat", ["decoder_mems_list_0", "one_more"], "next_decoder_mem_list_0", {"axis": 1}),
        ("Concat", ["next_decoder_mem_list_0", "padding"], "prompt", {"axis": 1}),
        ("Identity", ["enc_states"], "heard"),
        *SPEAKING,
    ], [("decoder_input_ids", TensorProto.INT32, [1, 2]), ("decoder_mems_list_0", TensorProto.FLOAT, [1, "L", 1]), states, mask],
        [("logits", TensorProto.FLOAT, [1, 1, len(TOKENS)]), ("next_decoder_mem_list_0", TensorProto.FLOAT, [1, "M", 1])], constants, {})


def cohere(folder):
    """Its decoder is given the prompt at once and then one token after another; it keeps the prompt in a cache of a fixed length."""
    constants = CONSTANTS | {
        "least_change": np.float32(CHANGE), "cross_axes": np.array([0, 3], np.int64), "padding": np.zeros((1, CONTEXT), np.float32),
        "begin": np.array([0], np.int64), "length": np.array([CONTEXT], np.int64), "time": np.array([1], np.int64),
        "cache_shape": np.array([1, 1, 1, CONTEXT, 1], np.int64), "zero": np.array(0, np.int64), "newest": np.array([-1], np.int64),
    }
    keys, values = (("n_layer_cross_" + kind, TensorProto.FLOAT, [1, "N", "S", 1]) for kind in "kv")
    save(folder / "encoder.int8.onnx", [
        ("Identity", ["mel"], "by_bin"),
        *HEARING,
        ("Unsqueeze", ["sounds", "cross_axes"], "n_layer_cross_k"),
        ("Identity", ["n_layer_cross_k"], "n_layer_cross_v"),
    ], [("mel", TensorProto.FLOAT, ["N", MELS, "T"])], [keys, values], constants, {"model_type": "cohere-transcribe-03-2026"})
    cache = [1, "N", 1, CONTEXT, 1]
    save(folder / "decoder.int8.onnx", [
        ("Gather", ["tokens", "newest"], "last", {"axis": 1}),
        ("Cast", ["tokens"], "numbers", {"to": TensorProto.FLOAT}),
        ("Concat", ["numbers", "padding"], "padded", {"axis": 1}),
        ("Slice", ["padded", "begin", "length", "time"], "to_keep"),
        ("Reshape", ["to_keep", "cache_shape"], "new_cache"),
        ("Equal", ["offset", "zero"], "begins"),
        ("Where", ["begins", "new_cache", "in_n_layer_self_k_cache"], "out_n_layer_self_k_cache"),
        ("Identity", ["in_n_layer_self_v_cache"], "out_n_layer_self_v_cache"),
        ("Identity", ["out_n_layer_self_k_cache"], "prompt"),
        ("Identity", ["n_layer_cross_k"], "heard"),
        *SPEAKING,
    ], [("tokens", TensorProto.INT64, ["N", "L"]), ("in_n_layer_self_k_cache", TensorProto.FLOAT, cache),
        ("in_n_layer_self_v_cache", TensorProto.FLOAT, cache), keys, values, ("offset", TensorProto.INT64, [])],
        [("logits", TensorProto.FLOAT, ["N", 1, len(TOKENS)]), ("out_n_layer_self_k_cache", TensorProto.FLOAT, cache),
         ("out_n_layer_self_v_cache", TensorProto.FLOAT, cache)], constants, {})


for name, make in {"canary-en-de": canary, "cohere-transcribe-en-de": cohere}.items():
    folder = Path(sys.argv[1]) / name
    folder.mkdir(parents=True, exist_ok=True)
    make(folder)
    (folder / "tokens.txt").write_text("".join(f"{token} {number}\n" for number, token in enumerate(TOKENS)))

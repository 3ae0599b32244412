#!/usr/bin/env python3
"""Makes a punctuation model without any training: an offline CT-Transformer in its inputs, outputs and metadata, a few rules inside. With it
tests know where each mark has to be.

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

# A comma goes before these; with these a sentence begins anew; with these, or with these after such a beginning, a question begins.
JOINING = "but and or because".split()
BEGINNING = "then so now okay well".split()
ASKING = "what how is who where when why are do does did can could will would".split()
OTHER = "the a i you he she it we they this that not".split()
UNKNOWN = "<unk>"
TOKENS = [UNKNOWN, *JOINING, *BEGINNING, *ASKING, *OTHER]
# sherpa-onnx looks for five of these by name; `_` is no mark.
MARKS = ["<unk>", "_", "，", "。", "？", "、"]
NONE, COMMA, FULL_STOP, QUESTION = (MARKS.index(mark) for mark in "_，。？")


def belongs(words):
    return np.array([token in words for token in TOKENS])


def build():
    constants = {
        "joining": belongs(JOINING), "beginning": belongs(BEGINNING), "asking": belongs(ASKING),
        "yes": np.array([True]), "no": np.array([False]),
        "none": np.array(NONE, np.int64), "comma": np.array(COMMA, np.int64),
        "full_stop": np.array(FULL_STOP, np.int64), "question": np.array(QUESTION, np.int64),
        "zero": np.array(0, np.int64), "one": np.array(1, np.int64),
        "zeros": np.array([0], np.int64), "ones": np.array([1], np.int64), "far": np.array([np.iinfo(np.int64).max], np.int64),
        "depth": np.array(len(MARKS), np.int64), "off_on": np.array([0, 1], np.float32),
    }
    nodes = [
        ("Squeeze", ["inputs", "zeros"], "words", {}),
        ("Shape", ["words"], "lengths", {}),
        ("Squeeze", ["lengths"], "length", {}),
        ("Range", ["zero", "length", "one"], "places", {}),
        # Of each word: does a sentence begin here, or a question?
        ("Gather", ["beginning", "words"], "begins_anew", {}),
        ("Slice", ["begins_anew", "ones", "far"], "begins_later", {}),
        ("Concat", ["yes", "begins_later"], "begins", {"axis": 0}),
        ("Gather", ["asking", "words"], "asks", {}),
        ("Slice", ["asks", "ones", "far"], "asks_later", {}),
        ("Concat", ["asks_later", "no"], "asks_next", {"axis": 0}),
        ("And", ["begins_anew", "asks_next"], "asks_after", {}),
        ("Or", ["asks", "asks_after"], "questions", {}),
        # The place where the sentence of each word began: the last beginning that is not behind it.
        ("Unsqueeze", ["places", "ones"], "column", {}),
        ("Unsqueeze", ["places", "zeros"], "row", {}),
        ("LessOrEqual", ["row", "column"], "not_behind", {}),
        ("Unsqueeze", ["begins", "zeros"], "begins_row", {}),
        ("And", ["not_behind", "begins_row"], "candidates", {}),
        ("Where", ["candidates", "row", "zero"], "candidate_places", {}),
        ("ReduceMax", ["candidate_places"], "first", {"axes": [1], "keepdims": 0}),
        ("Gather", ["questions", "first"], "in_question", {}),
        # Of each word: what comes after it?
        ("Slice", ["begins", "ones", "far"], "begins_next", {}),
        ("Concat", ["begins_next", "yes"], "ends", {"axis": 0}),
        ("Gather", ["joining", "words"], "joins", {}),
        ("Slice", ["joins", "ones", "far"], "joins_later", {}),
        ("Concat", ["joins_later", "no"], "joins_next", {"axis": 0}),
        ("Where", ["in_question", "question", "full_stop"], "end_mark", {}),
        ("Where", ["joins_next", "comma", "none"], "inner_mark", {}),
        ("Where", ["ends", "end_mark", "inner_mark"], "marks", {}),
        ("OneHot", ["marks", "depth", "off_on"], "scores", {}),
        ("Unsqueeze", ["scores", "zeros"], "logits", {}),
    ]
    metadata = {
        "model_type": "ct_transformer", "tokens": "|".join(TOKENS), "punctuations": "|".join(MARKS), "vocab_size": len(TOKENS),
        "unk_symbol": UNKNOWN,
    }
    return onnx_model.make(
        "punctuation", nodes, [("inputs", TensorProto.INT32, [1, "T"]), ("text_lengths", TensorProto.INT32, [1])],
        [("logits", TensorProto.FLOAT, [1, "T", len(MARKS)])], constants, metadata)


folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
onnx.save(build(), folder / "model.onnx")

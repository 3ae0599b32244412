#!/usr/bin/env python3
"""Makes a model of punctuation and capitals without any training: an online CNN-BiLSTM in its inputs, outputs and metadata, a few rules
inside. With it tests know where each mark and each capital has to be.

    python3 make.py FOLDER

Needs the packages onnx and numpy.
"""

import string
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
NAMES = "i john mary london berlin english monday".split()
ABBREVIATIONS = "usa bbc tv uk".split()
# All words that begin like this are of mixed case, also where a sentence begins; sherpa-onnx 2.0.1 leaves such a word as it is.
MIXED = ["mc"]
# The ids of the first three are fixed in sherpa-onnx, which also fills rows up with 0.
UNKNOWN, START, END, BOUNDARY = "<unk>", "<s>", "</s>", "▁"
CHARACTERS = [character for character in string.printable if not character.isspace()]
WORDS = [*JOINING, *BEGINNING, *ASKING, *NAMES, *ABBREVIATIONS, *MIXED]
PIECES = [UNKNOWN, START, END, BOUNDARY, *CHARACTERS, *(BOUNDARY + word for word in WORDS)]
NONE, COMMA, FULL_STOP, QUESTION = range(4)
LOWER, UPPER, CAPITAL, MIXED_CASE = range(4)


def vocabulary():
    """Pieces with their scores: a word is better than its characters. Each character of ASCII is a piece: at one that is none sherpa-onnx
    counts 0 for all that follows, more than for any piece, and `does` would begin with the word `do` as well as with `does`."""
    return "".join(f"{piece}\t{0 if piece in (UNKNOWN, START, END) else -1 if piece[1:] in WORDS else -10}\n" for piece in PIECES)


def belongs(words):
    return np.array([piece[:1] == BOUNDARY and piece[1:] in words for piece in PIECES])


def build():
    cases = sum(belongs(words) * case for words, case in ((ABBREVIATIONS, UPPER), (NAMES, CAPITAL), (MIXED, MIXED_CASE)))
    constants = {
        "joining": belongs(JOINING), "beginning": belongs(BEGINNING), "asking": belongs(ASKING), "cases": cases.astype(np.int64),
        "prefixes": belongs(MIXED), "start": np.array(1, np.int32),
        "apostrophe": np.array(PIECES.index("'"), np.int32), "unknown": np.array(PIECES.index(UNKNOWN), np.int32),
        "yes": np.array([True]), "no": np.array([False]),
        "none": np.array(NONE, np.int64), "comma": np.array(COMMA, np.int64),
        "full_stop": np.array(FULL_STOP, np.int64), "question": np.array(QUESTION, np.int64),
        "lower": np.array(LOWER, np.int64), "capital": np.array(CAPITAL, np.int64),
        "zero": np.array(0, np.int64), "one": np.array(1, np.int64), "flat": np.array([-1], np.int64),
        "ones": np.array([1], np.int64), "far": np.array([np.iinfo(np.int64).max], np.int64),
        "depth": np.array(4, np.int64), "off_on": np.array([0, 1], np.float32),
    }
    nodes = [
        # Words are what is valid in a row, but for the first, <s>, and the last, </s>.
        ("CumSum", ["valid_ids", "one"], "valid_so_far", {}),
        ("Greater", ["valid_so_far", "start"], "is_behind_start", {}),
        ("Unsqueeze", ["label_lens", "ones"], "valid_of_row", {}),
        ("Less", ["valid_so_far", "valid_of_row"], "is_before_end", {}),
        ("And", ["is_behind_start", "is_before_end"], "is_within", {}),
        ("Cast", ["valid_ids"], "is_valid", {"to": TensorProto.BOOL}),
        ("And", ["is_valid", "is_within"], "is_word_of_row", {}),
        # Rows of 200 pieces become one text again: a sentence that goes on in the next row is still the same.
        ("Reshape", ["token_ids", "flat"], "pieces", {}),
        ("Reshape", ["is_valid", "flat"], "valid", {}),
        ("Reshape", ["is_word_of_row", "flat"], "is_word", {}),
        # A piece stands for a word when the word ends with it, or goes on with an apostrophe: `i'm`, but not `johnson`.
        ("Equal", ["pieces", "apostrophe"], "is_apostrophe", {}),
        ("Or", ["valid", "is_apostrophe"], "is_end", {}),
        ("Concat", ["is_end", "yes"], "is_end_and_after", {"axis": 0}),
        ("Slice", ["is_end_and_after", "ones", "far"], "ends_word", {}),
        ("Gather", ["prefixes", "pieces"], "is_prefix", {}),
        ("Or", ["ends_word", "is_prefix"], "is_known", {}),
        ("Where", ["is_known", "pieces", "unknown"], "known", {}),
        ("Compress", ["known", "is_word"], "words", {"axis": 0}),
        # Of each word: does a sentence begin here, or a question?
        ("Shape", ["words"], "lengths", {}),
        ("Squeeze", ["lengths"], "length", {}),
        ("Range", ["zero", "length", "one"], "places", {}),
        ("Equal", ["places", "zero"], "is_first", {}),
        ("Gather", ["beginning", "words"], "begins_anew", {}),
        ("Or", ["is_first", "begins_anew"], "begins", {}),
        ("Gather", ["asking", "words"], "asks", {}),
        ("Concat", ["asks", "no"], "asks_and_after", {"axis": 0}),
        ("Slice", ["asks_and_after", "ones", "far"], "asks_next", {}),
        ("And", ["begins_anew", "asks_next"], "asks_after", {}),
        ("Or", ["asks", "asks_after"], "questions", {}),
        # Sentences are counted, and the first word of each says whether it asks.
        ("Compress", ["questions", "begins"], "sentence_asks", {"axis": 0}),
        ("Cast", ["begins"], "begins_number", {"to": TensorProto.INT64}),
        ("CumSum", ["begins_number", "zero"], "sentence_number", {}),
        ("Sub", ["sentence_number", "one"], "sentence", {}),
        ("Gather", ["sentence_asks", "sentence"], "in_question", {}),
        # Of each word: what comes after it?
        ("Concat", ["begins", "yes"], "begins_and_after", {"axis": 0}),
        ("Slice", ["begins_and_after", "ones", "far"], "ends", {}),
        ("Gather", ["joining", "words"], "joins", {}),
        ("Concat", ["joins", "no"], "joins_and_after", {"axis": 0}),
        ("Slice", ["joins_and_after", "ones", "far"], "joins_next", {}),
        ("Where", ["in_question", "question", "full_stop"], "end_mark", {}),
        ("Where", ["joins_next", "comma", "none"], "inner_mark", {}),
        ("Where", ["ends", "end_mark", "inner_mark"], "marks", {}),
        ("OneHot", ["marks", "depth", "off_on"], "active_punct_logits", {}),
        # And how is it written?
        ("Gather", ["cases", "words"], "own_case", {}),
        ("Equal", ["own_case", "lower"], "is_lower", {}),
        ("And", ["is_lower", "begins"], "is_raised", {}),
        ("Where", ["is_raised", "capital", "own_case"], "case", {}),
        ("OneHot", ["case", "depth", "off_on"], "active_case_logits", {}),
    ]
    metadata = {
        "NO_PUNCT": NONE, "COMMA": COMMA, "PERIOD": FULL_STOP, "QUESTION": QUESTION,
        "LOWER": LOWER, "UPPER": UPPER, "CAP": CAPITAL, "MIX_CASE": MIXED_CASE,
    }
    return onnx_model.make(
        "casing", nodes,
        [("token_ids", TensorProto.INT32, ["N", "T"]), ("valid_ids", TensorProto.INT32, ["N", "T"]), ("label_lens", TensorProto.INT32, ["N"])],
        [("active_case_logits", TensorProto.FLOAT, ["W", 4]), ("active_punct_logits", TensorProto.FLOAT, ["W", 4])], constants, metadata)


folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
onnx.save(build(), folder / "model.onnx")
(folder / "bpe.vocab").write_text(vocabulary(), encoding="utf-8")

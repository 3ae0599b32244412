#!/usr/bin/env python3
"""Makes a Whisper without any training, an encoder and a decoder: by the band in which a sound is strongest it tells three languages, and says
one word. With it tests see how languages are identified, and what becomes of Whisper's language and task.

    python3 make.py FOLDER

Needs the packages onnx and numpy.
"""

import base64
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import onnx_model  # noqa: E402

MELS, CONTEXT = 80, 64
# Below the first frequency, between them, above: hertz.
BORDERS = [1000, 2500]
LANGUAGES = ["en", "de", "fr"]
WORDS = [" low", " middle", " high", " tief", " mittel", " hoch", " grave", " moyen", " aigu"]
SPECIAL = ["<|endoftext|>", "<|startoftranscript|>", *(f"<|{language}|>" for language in LANGUAGES), "<|translate|>", "<|transcribe|>",
           "<|nospeech|>", "<|notimestamps|>"]
TIMES = 1501
TOKENS = [*WORDS, *SPECIAL, *(f"<|{number * 0.02:.2f}|>" for number in range(TIMES))]
END, START, FIRST_LANGUAGE = (TOKENS.index(token) for token in ("<|endoftext|>", "<|startoftranscript|>", "<|en|>"))
TRANSLATE, TRANSCRIBE, NO_TIMES = (TOKENS.index(token) for token in ("<|translate|>", "<|transcribe|>", "<|notimestamps|>"))
# Mean power of the loudest band, as Whisper's features have it, that is a sound at all.
AUDIBLE = 1e-3


def bands():
    """(MELS, bands): which of Slaney's mel bins belong to a band."""
    def mel(hertz):
        return hertz * 3 / 200 if hertz < 1000 else 15 + np.log(hertz / 1000) / (np.log(6.4) / 27)

    centres = mel(8000) * np.arange(1, MELS + 1) / (MELS + 1)
    number = np.searchsorted([mel(border) for border in BORDERS], centres)
    return (number[:, None] == np.arange(len(LANGUAGES))).astype(np.float32)


def save(path, name, constants, nodes, inputs, outputs, metadata):
    onnx.save(onnx_model.make(name, nodes, inputs, outputs, constants, metadata), path)


def encoder(path):
    """What the decoder attends to is one place only: which band is strongest, in one 1 among 0; nothing but 0 for silence."""
    constants = {
        "four": np.float32(4), "ten": np.float32(np.log(10)), "bands": bands(), "audible": np.float32(AUDIBLE), "floor": np.float32(1.01e-4),
        "count": np.array(len(LANGUAGES), np.int64), "off_on": np.array([0, 1], np.float32), "places": np.array([0, 1], np.int64),
    }
    nodes = [
        # The features are (log10 of the power + 4) / 4. The padding is 0, which is silence.
        ("Mul", ["mel", "four"], "fourfold", {}),
        ("Sub", ["fourfold", "four"], "log10", {}),
        ("Mul", ["log10", "ten"], "log", {}),
        ("Exp", ["log"], "all_powers", {}),
        ("Sub", ["all_powers", "floor"], "above_floor", {}),
        ("Relu", ["above_floor"], "powers", {}),
        ("ReduceMean", ["powers"], "spectrum", {"axes": [2], "keepdims": 0}),
        ("MatMul", ["spectrum", "bands"], "band_powers", {}),
        ("ReduceMax", ["band_powers"], "strongest", {"axes": [1], "keepdims": 1}),
        ("Greater", ["strongest", "audible"], "is_sound", {}),
        ("Cast", ["is_sound"], "sound", {"to": TensorProto.FLOAT}),
        ("ArgMax", ["band_powers"], "band", {"axis": 1, "keepdims": 0}),
        ("OneHot", ["band", "count", "off_on"], "one_band", {}),
        ("Mul", ["one_band", "sound"], "heard", {}),
        ("Unsqueeze", ["heard", "places"], "n_layer_cross_k", {}),
        ("Identity", ["n_layer_cross_k"], "n_layer_cross_v", {}),
    ]
    cross = [1, "N", 1, len(LANGUAGES)]
    metadata = {
        "model_type": "whisper-tiny", "version": 1, "n_mels": MELS, "n_audio_ctx": 1500, "n_audio_state": len(LANGUAGES), "n_audio_layer": 1,
        "n_text_layer": 1, "n_text_ctx": CONTEXT, "n_text_state": len(WORDS), "n_text_head": 1, "n_vocab": len(TOKENS),
        "sot": START, "eot": END, "blank_id": TOKENS.index(" low"), "sot_sequence": f"{START},{FIRST_LANGUAGE},{TRANSCRIBE}",
        "translate": TRANSLATE, "transcribe": TRANSCRIBE, "no_speech": TOKENS.index("<|nospeech|>"), "no_timestamps": NO_TIMES,
        "is_multilingual": 1, "all_language_tokens": ",".join(str(FIRST_LANGUAGE + number) for number in range(len(LANGUAGES))),
        "all_language_codes": ",".join(LANGUAGES),
    }
    save(path, "encoder", constants, nodes, [("mel", TensorProto.FLOAT, ["N", MELS, "T"])],
         [("n_layer_cross_k", TensorProto.FLOAT, cross), ("n_layer_cross_v", TensorProto.FLOAT, cross)], metadata)


def decoder(path):
    """After <|startoftranscript|> the language of the band; after a word the end; after all else the word, of which the first call tells the
    language and the task, kept in the cache."""
    names = np.array(TOKENS)
    constants = {
        "no": np.array([[NO_TIMES, NO_TIMES]], np.int64), "second": np.array(1, np.int64), "third": np.array(2, np.int64),
        "last_place": np.array(-1, np.int64), "first_language": np.array(FIRST_LANGUAGE, np.int64), "translate": np.array(TRANSLATE, np.int64),
        "zero": np.array(0, np.int64), "highest": np.array(len(LANGUAGES) - 1, np.int64), "count": np.array(len(LANGUAGES), np.int64),
        "off_on": np.array([0, 1], np.float32), "column": np.array([1, -1, 1], np.int64), "row": np.array([1, 1, -1], np.int64),
        "words": np.array([1, 1, 1, len(WORDS)], np.int64), "flat": np.array([1, len(WORDS)], np.int64),
        "is_start": names == TOKENS[START],
        "is_word": np.isin(names, WORDS), "first_axis": np.array([1], np.int64),
        "spell": np.eye(len(WORDS), len(TOKENS), dtype=np.float32), "name": np.eye(len(LANGUAGES), len(TOKENS), FIRST_LANGUAGE, dtype=np.float32),
        "end": np.eye(1, len(TOKENS), END, dtype=np.float32), "length": np.array([1], np.int64),
        "flat_bands": np.array([1, len(LANGUAGES)], np.int64), "begin": np.array([0], np.int64),
        "context": np.array([2], np.int64), "half": np.float32(0.5), "sure": np.float32(20),
    }
    nodes = [
        ("Reshape", ["n_layer_cross_k", "flat_bands"], "band", {}),
        # The first call has the language at the second place, and the task at the third.
        ("Concat", ["tokens", "no", "no"], "longer", {"axis": 1}),
        ("Gather", ["longer", "second"], "language_token", {"axis": 1}),
        ("Gather", ["longer", "third"], "task", {"axis": 1}),
        ("Sub", ["language_token", "first_language"], "language_number", {}),
        ("Clip", ["language_number", "zero", "highest"], "language", {}),
        ("Equal", ["task", "translate"], "translates", {}),
        ("Where", ["translates", "zero", "language"], "spoken", {}),
        ("OneHot", ["spoken", "count", "off_on"], "one_language", {}),
        ("Reshape", ["one_language", "column"], "language_column", {}),
        ("Reshape", ["band", "row"], "band_row", {}),
        ("Mul", ["language_column", "band_row"], "word_table", {}),
        ("Reshape", ["word_table", "words"], "new_word", {}),
        ("Equal", ["offset", "zero"], "begins", {}),
        ("Where", ["begins", "new_word", "in_n_layer_self_k_cache"], "out_n_layer_self_k_cache", {}),
        ("Identity", ["in_n_layer_self_v_cache"], "out_n_layer_self_v_cache", {}),
        ("Slice", ["out_n_layer_self_k_cache", "begin", "length", "context"], "kept", {}),
        ("Reshape", ["kept", "flat"], "word", {}),
        # What comes next. Silence has no word, so its scores are below those of the end.
        ("Gather", ["tokens", "last_place"], "last", {"axis": 1}),
        ("Gather", ["is_start", "last"], "after_start", {}),
        ("Gather", ["is_word", "last"], "after_word", {}),
        ("MatMul", ["band", "name"], "languages", {}),
        ("MatMul", ["word", "spell"], "spelled", {}),
        ("Mul", ["end", "half"], "else_end", {}),
        ("Add", ["spelled", "else_end"], "word_or_end", {}),
        ("Where", ["after_word", "end", "word_or_end"], "text", {}),
        ("Where", ["after_start", "languages", "text"], "scores", {}),
        ("Mul", ["scores", "sure"], "logit", {}),
        ("Shape", ["tokens"], "shape", {}),
        ("Gather", ["shape", "first_axis"], "token_count", {}),
        ("Concat", ["length", "token_count", "length"], "repeats", {"axis": 0}),
        ("Reshape", ["logit", "row"], "one_logit", {}),
        ("Tile", ["one_logit", "repeats"], "logits", {}),
    ]
    cache, cross = [1, "N", CONTEXT, len(WORDS)], [1, "N", 1, len(LANGUAGES)]
    save(path, "decoder", constants, nodes,
         [("tokens", TensorProto.INT64, ["N", "L"]), ("in_n_layer_self_k_cache", TensorProto.FLOAT, cache),
          ("in_n_layer_self_v_cache", TensorProto.FLOAT, cache), ("n_layer_cross_k", TensorProto.FLOAT, cross),
          ("n_layer_cross_v", TensorProto.FLOAT, cross), ("offset", TensorProto.INT64, [1])],
         [("logits", TensorProto.FLOAT, ["N", "L", len(TOKENS)]), ("out_n_layer_self_k_cache", TensorProto.FLOAT, cache),
          ("out_n_layer_self_v_cache", TensorProto.FLOAT, cache)], {})


folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
encoder(folder / "tiny-encoder.onnx")
decoder(folder / "tiny-decoder.onnx")
(folder / "tiny-tokens.txt").write_text("".join(
    f"{base64.b64encode(token.encode()).decode()} {number}\n" for number, token in enumerate(TOKENS[:END])))

#!/usr/bin/env python3
"""Makes a streaming transducer without any training (icefall's shape, model type lstm), which hears four notes: DO, RE, MI and FA are tones of
500, 1000, 2000 and 4000 Hz. With it tests see how keywords are spotted, and how transducers recognise with a beam.

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

MELS, CHUNK, SUBSAMPLING = 80, 16, 4
NOTES = {"\u2581DO": 500, "\u2581RE": 1000, "\u2581MI": 2000, "\u2581FA": 4000}
TOKENS = ["<blk>", *NOTES]
# A note is within this of its frequency.
NEAR = 1.2
# In nepers of power: a note is this much louder than all the rest of the sound, and than this.
ABOVE, LOUD = 1.5, -3.0
SHARPNESS, CERTAIN = 4.0, 8.0


def bands():
    """(MELS, notes): which mel bins belong to a note."""
    def mel(hertz):
        return 1127 * np.log1p(np.asarray(hertz) / 700)

    centres = 700 * np.expm1(np.linspace(mel(20), mel(7600), MELS + 2)[1:-1] / 1127)
    return np.stack([(centres > note / NEAR) & (centres < note * NEAR) for note in NOTES.values()], 1).astype(np.float32)


def save(path, name, constants, nodes, inputs, outputs, metadata):
    onnx.save(onnx_model.make(name, nodes, inputs, outputs, constants, metadata), path)


def encoder(path):
    """Of each four frames, how sure it is that each note sounds; the blank is always 0. The states go through unchanged."""
    constants = {
        "inside": bands(), "outside": 1 - bands(), "tiny": np.float32(1e-10), "quarters": np.array([0, -1, SUBSAMPLING, MELS], np.int64),
        "above": np.float32(ABOVE), "loud": np.float32(LOUD), "sharpness": np.float32(SHARPNESS),
        "lowest": np.float32(-CERTAIN), "highest": np.float32(CERTAIN),
        # Begins and ends of all axes: one more entry before the notes.
        "blank": np.array([0, 0, 1, 0, 0, 0], np.int64),
    }
    nodes = [
        ("Exp", ["x"], "powers", {}),
        ("Reshape", ["powers", "quarters"], "fours", {}),
        ("ReduceMean", ["fours"], "frames", {"axes": [2], "keepdims": 0}),
        ("MatMul", ["frames", "inside"], "in_power", {}),
        ("MatMul", ["frames", "outside"], "out_power", {}),
        ("Add", ["in_power", "tiny"], "in_positive", {}),
        ("Add", ["out_power", "tiny"], "out_positive", {}),
        ("Log", ["in_positive"], "note", {}),
        ("Log", ["out_positive"], "rest", {}),
        ("Add", ["rest", "above"], "to_beat", {}),
        ("Max", ["to_beat", "loud"], "needed", {}),
        ("Sub", ["note", "needed"], "margin", {}),
        ("Mul", ["margin", "sharpness"], "score", {}),
        ("Clip", ["score", "lowest", "highest"], "sure", {}),
        ("Pad", ["sure", "blank"], "encoder_out", {}),
        ("Identity", ["h"], "next_h", {}),
        ("Identity", ["c"], "next_c", {}),
    ]
    state = [1, "N", 1]
    save(path, "encoder", constants, nodes,
         [("x", TensorProto.FLOAT, ["N", CHUNK, MELS]), ("h", TensorProto.FLOAT, state), ("c", TensorProto.FLOAT, state)],
         [("encoder_out", TensorProto.FLOAT, ["N", CHUNK // SUBSAMPLING, len(TOKENS)]),
          ("next_h", TensorProto.FLOAT, state), ("next_c", TensorProto.FLOAT, state)],
         {"model_type": "lstm", "version": 1, "num_encoder_layers": 1, "T": CHUNK, "decode_chunk_len": CHUNK, "rnn_hidden_size": 1, "d_model": 1})


def decoder(path):
    """A note that goes on is not a new one: what was heard last is as unlikely as can be."""
    unlikely = -2 * CERTAIN * np.eye(len(TOKENS), dtype=np.float32)
    unlikely[0] = 0
    constants = {"unlikely": unlikely, "last": np.array(1, np.int64)}
    nodes = [("Gather", ["y", "last"], "heard", {"axis": 1}), ("Gather", ["unlikely", "heard"], "decoder_out", {})]
    save(path, "decoder", constants, nodes, [("y", TensorProto.INT64, ["N", 2])], [("decoder_out", TensorProto.FLOAT, ["N", len(TOKENS)])],
         {"context_size": 2, "vocab_size": len(TOKENS)})


def joiner(path):
    shape = ["N", len(TOKENS)]
    save(path, "joiner", {}, [("Add", ["encoder_out", "decoder_out"], "logit", {})],
         [("encoder_out", TensorProto.FLOAT, shape), ("decoder_out", TensorProto.FLOAT, shape)], [("logit", TensorProto.FLOAT, shape)],
         {"joiner_dim": len(TOKENS)})


folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
encoder(folder / "encoder.onnx")
decoder(folder / "decoder.onnx")
joiner(folder / "joiner.onnx")
(folder / "tokens.txt").write_text("".join(f"{token} {number}\n" for number, token in enumerate(TOKENS)))
(folder / "keywords.txt").write_text("\u2581DO \u2581RE \u2581MI @DO_RE_MI\n\u2581FA \u2581DO @FA_DO\n")

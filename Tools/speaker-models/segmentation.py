#!/usr/bin/env python3
"""Trains the segmentation model (who speaks when, within ten seconds) on conversations of the voices of voices.py, and writes it in the shape of
pyannote's segmentation 3.0.

    python3 segmentation.py WORK MODEL.onnx

Needs what embedding.py needs.
"""

import argparse
import itertools
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import optax
from onnx import TensorProto, helper, numpy_helper

from conversations import STEP, converse, speech
from voices import SAMPLE_RATE, clips_of, speakers

WINDOW_SECONDS, FFT, MELS = 10, 512, 40
SAMPLES = WINDOW_SECONDS * SAMPLE_RATE
# An output frame is two steps; the network works on frames twice as long.
SHIFT, FRAMES = 2 * STEP, SAMPLES // (2 * STEP)
# The middle of an output frame's time, behind where it begins, is what sherpa-onnx makes of half of receptive_field_size.
FIELD = SHIFT
WIDTH, HEADS, BLOCKS, INNER = 64, 2, 3, 128
SPEAKERS = 3
# Who is heard in each class: nobody, one, two at once.
CLASSES = [set()] + [set(group) for size in (1, 2) for group in itertools.combinations(range(SPEAKERS), size)]
# Powers below this (of samples between -1 and 1) are silence however quiet the rest is; of log powers, what is left below the mean.
SILENCE, LOWEST = 1e-6, -9.0
SEED, POOL, BATCH, RATE, WARMUP, TUTORING = 11, 5000, 16, 3e-3, 100, 0.3


def mel_matrix():
    """(bins, MELS): triangles from 60 to 7600 Hz."""
    def mel(hertz):
        return 1127 * np.log1p(np.asarray(hertz) / 700)

    edges = np.linspace(mel(60), mel(7600), MELS + 2)
    bins = mel(np.arange(FFT // 2) * SAMPLE_RATE / FFT)[:, None]
    rising, falling = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2]), (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


def hann():
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT) / FFT)).astype(np.float32)


def features(audio):
    """(steps, MELS), as the graph of export() computes them from its input."""
    margin = (FFT - STEP) // 2
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(audio, margin), FFT)[::STEP] * hann()
    spectrum = np.fft.rfft(frames, axis=1)[:, : FFT // 2]
    energies = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) @ mel_matrix() / FFT
    level = np.log(energies.mean() + SILENCE)
    return np.maximum(np.log(energies + 1e-10) - level, LOWEST)


def start(rng):
    def matrix(*shape):
        return rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))

    parameters = {
        "front0": matrix(WIDTH, MELS, 4), "front_bias0": np.zeros(WIDTH), "front1": matrix(WIDTH, WIDTH, 4), "front_bias1": np.zeros(WIDTH),
        "last": matrix(2 * len(CLASSES), WIDTH).T, "last_bias": np.zeros(2 * len(CLASSES)), "last_scale": np.ones(WIDTH),
        "tutor": matrix(500, WIDTH).T,
    }
    for block in range(BLOCKS):
        parameters |= {
            f"near{block}": matrix(WIDTH, 1, 9) * 0.5, f"near_bias{block}": np.zeros(WIDTH), f"near_scale{block}": np.ones(WIDTH),
            f"asked{block}": matrix(3 * WIDTH, WIDTH).T, f"told{block}": matrix(WIDTH, WIDTH).T, f"told_scale{block}": np.ones(WIDTH),
            f"wide{block}": matrix(INNER, WIDTH).T, f"wide_bias{block}": np.zeros(INNER),
            f"narrow{block}": matrix(WIDTH, INNER).T * 0.5, f"narrow_scale{block}": np.ones(WIDTH),
        }
    return {name: jnp.asarray(value, jnp.float32) for name, value in parameters.items()}


def scaled(hidden, scale):
    return hidden * jax.lax.rsqrt((hidden**2).mean(-1, keepdims=True) + 1e-5) * scale


def convolve(hidden, weight, stride):
    """A convolution over time with a margin of 1, as one product: much faster than JAX's own on a processor."""
    kernel = weight.shape[2]
    hidden = jnp.pad(hidden, ((0, 0), (1, 1), (0, 0)))
    count = (hidden.shape[1] - kernel) // stride + 1
    pieces = [hidden[:, place: place + (count - 1) * stride + 1: stride] for place in range(kernel)]
    return jnp.concatenate(pieces, 2) @ weight.transpose(2, 1, 0).reshape(-1, weight.shape[0])


def apply(parameters, batch):
    """Logits (N, FRAMES, classes), and for the tutor what the middle of the network knows of each frame."""
    hidden = batch * 0.25
    for number in range(2):
        hidden = jax.nn.relu(convolve(hidden, parameters[f"front{number}"], 2) + parameters[f"front_bias{number}"])
    count, frames, _ = hidden.shape
    for block in range(BLOCKS):
        near = jnp.pad(scaled(hidden, parameters[f"near_scale{block}"]), ((0, 0), (4, 4), (0, 0)))
        near = sum(near[:, place: place + frames] * parameters[f"near{block}"][:, 0, place] for place in range(9))
        hidden = hidden + jax.nn.relu(near + parameters[f"near_bias{block}"])
        asked = scaled(hidden, parameters[f"told_scale{block}"]) @ parameters[f"asked{block}"]
        asked = asked.reshape(count, frames, 3 * HEADS, WIDTH // HEADS).transpose(0, 2, 1, 3)
        queries, keys, values = jnp.split(asked, 3, axis=1)
        attention = jax.nn.softmax(queries @ keys.transpose(0, 1, 3, 2) * (WIDTH // HEADS) ** -0.5)
        hidden = hidden + (attention @ values).transpose(0, 2, 1, 3).reshape(count, frames, WIDTH) @ parameters[f"told{block}"]
        wide = scaled(hidden, parameters[f"narrow_scale{block}"]) @ parameters[f"wide{block}"] + parameters[f"wide_bias{block}"]
        hidden = hidden + jax.nn.relu(wide) @ parameters[f"narrow{block}"]
        if block == 0:
            known = hidden
    logits = scaled(hidden, parameters["last_scale"]) @ parameters["last"] + parameters["last_bias"]
    return logits.reshape(count, -1, len(CLASSES)), known


def material(work):
    """Of each speaker of the training, the clips and when they are speech; those made of recordings first."""
    found = [clips_of(work, speaker) for speaker in speakers() if not speaker.held_out]
    return [[(clip, speech(clip)) for clip in clips] for clips in found if clips]


def make_pool(work, size):
    """Features, the class of each frame in each order of the speakers, and which speaker is alone in it (-1: not one)."""
    rng, people = np.random.default_rng(SEED), material(work)
    recorded = sum(1 for speaker in speakers() if not speaker.held_out and speaker.engine != "espeak")
    orders = list(itertools.permutations(range(SPEAKERS)))
    inputs = np.zeros((size, SAMPLES // STEP, MELS), np.float16)
    classes = np.zeros((size, len(orders), FRAMES), np.int8)
    alone = np.full((size, FRAMES), -1, np.int16)
    for number in range(size):
        count = rng.choice([1, 2, 3], p=[0.12, 0.58, 0.3])
        known = recorded if rng.random() < 0.5 else len(people)
        chosen = rng.choice(known, count, replace=False)
        noise = rng.uniform(12, 40) if rng.random() < 0.6 else None
        audio, active = converse(rng, [people[index] for index in chosen], WINDOW_SECONDS + 0.1, rng.uniform(0, 0.4), noise=noise)
        if rng.random() < 0.15:
            audio[rng.integers(SAMPLES // 5, SAMPLES):] = 0
            active[: len(active)] &= (np.arange(len(active)) * STEP < np.flatnonzero(audio)[-1])[:, None]
        inputs[number] = features(audio[:SAMPLES])
        # The time of output frame n is around (n + 1) * SHIFT: half a field behind where it begins.
        at = active[np.minimum((np.arange(FRAMES) + 1) * 2, len(active) - 1)]
        here = np.zeros((FRAMES, SPEAKERS), bool)
        here[:, :count] = at
        for row, order in enumerate(orders):
            moved = here[:, order]
            lookup = {sum(1 << index for index in group): place for place, group in enumerate(CLASSES)}
            classes[number, row] = [lookup[code] for code in moved @ [1, 2, 4]]
        single = at.sum(1) == 1
        alone[number, single] = chosen[at[single].argmax(1)]
    return inputs, classes, alone


def train(work, minutes, path):
    cache = Path(work) / "pool.npz"
    if not cache.exists():
        np.savez(cache, *make_pool(work, POOL))
    inputs, classes, alone = np.load(cache).values()
    print(f"{len(inputs)} conversations", flush=True)
    rng = np.random.default_rng(SEED)
    parameters = start(rng)
    optimiser = optax.chain(optax.clip_by_global_norm(1.0), optax.scale_by_adam(b2=0.98), optax.add_decayed_weights(1e-3))

    def loss(parameters, batch, right, alone):
        logits, known = apply(parameters, batch)
        likely = jax.nn.log_softmax(logits)
        each = -jnp.take_along_axis(likely[:, None], right[..., None].astype(int), 3)[..., 0].mean(2)
        # The middle of the network shall know the voices; this head is thrown away.
        tutored = jax.nn.log_softmax(known @ parameters["tutor"])
        single = alone[:, ::2]
        told = -jnp.take_along_axis(tutored, jnp.maximum(single, 0)[..., None].astype(int), 2)[..., 0] * (single >= 0)
        return each.min(1).mean() + TUTORING * told.mean(), each.min(1).mean()

    @jax.jit
    def step(parameters, state, rate, batch, right, alone):
        (_, loss_value), slope = jax.value_and_grad(loss, has_aux=True)(parameters, batch, right, alone)
        updates, state = optimiser.update(slope, state, parameters)
        return {name: value - rate * updates[name] for name, value in parameters.items()}, state, loss_value

    state, recent, begin = optimiser.init(parameters), [], time.time()
    curves = np.stack([np.cos(order * np.linspace(0, np.pi, MELS)) for order in (1, 2, 3, 5)])
    for number in itertools.count(1):
        # The rate falls with the time used, so that a busy machine comes to an end, too.
        done = (time.time() - begin) / 60 / minutes
        rate = RATE * min(number / WARMUP, 1) * (0.5 + 0.5 * np.cos(np.pi * min(done, 1)))
        chosen = rng.integers(0, len(inputs), BATCH)
        batch = inputs[chosen].astype(np.float32)
        curve = (rng.standard_normal((BATCH, 4)) * [0.5, 0.3, 0.2, 0.2]) @ curves
        batch = np.maximum(batch + curve[:, None].astype(np.float32), LOWEST)
        if rng.random() < 0.3:
            batch, right, single = batch[:, ::-1], classes[chosen][:, :, ::-1], alone[chosen][:, ::-1]
        else:
            right, single = classes[chosen], alone[chosen]
        parameters, state, value = step(parameters, state, rate, batch, right, single)
        recent.append(float(value))
        if number % 100 == 0 or done >= 1:
            print(f"step {number}, loss {np.mean(recent[-100:]):.3f}, {time.time() - begin:.0f} s", flush=True)
            np.savez(Path(work) / "segmentation.npz", **parameters)
            export({name: np.asarray(value) for name, value in parameters.items()}, path)
        if done >= 1:
            return


def export(parameters, path):
    """The weights are stored in 16 bits; the Fourier transform is a convolution whose weights the graph itself makes."""
    margin, width = (FFT - STEP) // 2, WIDTH // HEADS
    constants = {
        "zero": np.float32(0), "one": np.float32(1), "samples": np.float32(FFT), "bins": np.float32(FFT // 2), "turn": np.float32(2 * np.pi / FFT),
        "hann": hann(), "row": np.array([-1, 1, FFT], np.int64), "second": np.array([1], np.int64),
        "mels": mel_matrix() / np.float32(FFT), "silence": np.float32(SILENCE), "tiny": np.float32(1e-10), "lowest": np.float32(LOWEST),
        "quarter": np.float32(0.25), "small": np.float32(1e-5), "cool": np.float32(width**-0.5),
        "heads": np.array([0, 0, 3 * HEADS, width], np.int64), "joined": np.array([0, 0, WIDTH], np.int64),
        "classes": np.array([0, -1, len(CLASSES)], np.int64),
    }
    nodes, half = [], {}

    def node(kind, inputs, output, **options):
        nodes.append(helper.make_node(kind, inputs, [output], **options))
        return output

    def weight(name):
        if name not in half:
            half[name] = parameters[name].astype(np.float16)
            node("Cast", [f"{name}_16"], name, to=TensorProto.FLOAT)
        return name

    def scale(hidden, name):
        node("Mul", [hidden, hidden], f"{name}_squares")
        node("ReduceMean", [f"{name}_squares"], f"{name}_mean", axes=[2])
        node("Add", [f"{name}_mean", "small"], f"{name}_positive")
        node("Sqrt", [f"{name}_positive"], f"{name}_size")
        node("Div", [hidden, f"{name}_size"], f"{name}_even")
        return node("Mul", [f"{name}_even", weight(name)], f"{name}_scaled")

    node("Range", ["zero", "bins", "one"], "frequencies")
    node("Range", ["zero", "samples", "one"], "times")
    node("Mul", ["frequencies", "turn"], "turns")
    node("Unsqueeze", ["turns", "second"], "turns_column")
    node("Mul", ["turns_column", "times"], "phases")
    for part, kind in (("real", "Cos"), ("imaginary", "Sin")):
        node(kind, ["phases"], f"{part}_wave")
        node("Mul", [f"{part}_wave", "hann"], f"{part}_window")
        node("Reshape", [f"{part}_window", "row"], f"{part}_kernel")
        node("Conv", ["x", f"{part}_kernel"], part, kernel_shape=[FFT], strides=[STEP], pads=[margin, margin])
        node("Mul", [part, part], f"{part}_square")
    node("Add", ["real_square", "imaginary_square"], "spectrum")
    node("Transpose", ["spectrum"], "frames", perm=[0, 2, 1])
    node("MatMul", ["frames", "mels"], "energies")
    node("ReduceMean", ["energies"], "mean_energy", axes=[1, 2])
    node("Add", ["mean_energy", "silence"], "heard_energy")
    node("Log", ["heard_energy"], "level")
    node("Add", ["energies", "tiny"], "positive_energies")
    node("Log", ["positive_energies"], "log_energies")
    node("Sub", ["log_energies", "level"], "relative")
    node("Max", ["relative", "lowest"], "kept")
    node("Mul", ["kept", "quarter"], "small_features")
    hidden = node("Transpose", ["small_features"], "features", perm=[0, 2, 1])
    for number in range(2):
        inputs = [hidden, weight(f"front{number}"), weight(f"front_bias{number}")]
        node("Conv", inputs, f"front_linear{number}", kernel_shape=[4], strides=[2], pads=[1, 1])
        hidden = node("Relu", [f"front_linear{number}"], f"front_out{number}")
    hidden = node("Transpose", [hidden], "hidden", perm=[0, 2, 1])
    for block in range(BLOCKS):
        near = node("Transpose", [scale(hidden, f"near_scale{block}")], f"near_in{block}", perm=[0, 2, 1])
        node("Conv", [near, weight(f"near{block}"), weight(f"near_bias{block}")], f"near_linear{block}", kernel_shape=[9], pads=[4, 4], group=WIDTH)
        node("Relu", [f"near_linear{block}"], f"near_out{block}")
        node("Transpose", [f"near_out{block}"], f"near_back{block}", perm=[0, 2, 1])
        hidden = node("Add", [hidden, f"near_back{block}"], f"hidden_near{block}")
        node("MatMul", [scale(hidden, f"told_scale{block}"), weight(f"asked{block}")], f"asked_out{block}")
        node("Reshape", [f"asked_out{block}", "heads"], f"asked_heads{block}")
        node("Transpose", [f"asked_heads{block}"], f"asked_parts{block}", perm=[0, 2, 1, 3])
        queries, keys, values = (f"{name}{block}" for name in ("queries", "keys", "values"))
        nodes.append(helper.make_node("Split", [f"asked_parts{block}"], [queries, keys, values], axis=1))
        node("Transpose", [keys], f"keys_back{block}", perm=[0, 1, 3, 2])
        node("MatMul", [queries, f"keys_back{block}"], f"likeness{block}")
        node("Mul", [f"likeness{block}", "cool"], f"cool_likeness{block}")
        node("Softmax", [f"cool_likeness{block}"], f"attention{block}", axis=3)
        node("MatMul", [f"attention{block}", values], f"told_heads{block}")
        node("Transpose", [f"told_heads{block}"], f"told_parts{block}", perm=[0, 2, 1, 3])
        node("Reshape", [f"told_parts{block}", "joined"], f"told_joined{block}")
        node("MatMul", [f"told_joined{block}", weight(f"told{block}")], f"told_out{block}")
        hidden = node("Add", [hidden, f"told_out{block}"], f"hidden_told{block}")
        node("MatMul", [scale(hidden, f"narrow_scale{block}"), weight(f"wide{block}")], f"wide_linear{block}")
        node("Add", [f"wide_linear{block}", weight(f"wide_bias{block}")], f"wide_biased{block}")
        node("Relu", [f"wide_biased{block}"], f"wide_out{block}")
        node("MatMul", [f"wide_out{block}", weight(f"narrow{block}")], f"narrow_out{block}")
        hidden = node("Add", [hidden, f"narrow_out{block}"], f"hidden{block}")
    node("MatMul", [scale(hidden, "last_scale"), weight("last")], "last_linear")
    node("Add", ["last_linear", weight("last_bias")], "pairs")
    node("Reshape", ["pairs", "classes"], "logits")
    node("LogSoftmax", ["logits"], "y", axis=2)
    constants |= {f"{name}_16": value for name, value in half.items()}
    graph = helper.make_graph(
        nodes, "segmentation",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 1, "T"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", "F", len(CLASSES)])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    metadata = {
        "model_type": "pyannote-segmentation-3.0", "version": 1, "sample_rate": SAMPLE_RATE, "window_size": SAMPLES, "num_speakers": SPEAKERS,
        "powerset_max_classes": 2, "num_classes": len(CLASSES), "receptive_field_size": FIELD, "receptive_field_shift": SHIFT,
    }
    for key, entry in metadata.items():
        model.metadata_props.add(key=key, value=str(entry))
    onnx.checker.check_model(model)
    onnx.save(model, path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work")
    parser.add_argument("model")
    parser.add_argument("--minutes", type=float, default=30)
    arguments = parser.parse_args()
    train(arguments.work, arguments.minutes, arguments.model)

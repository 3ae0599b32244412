#!/usr/bin/env python3
"""Trains the speaker embedding model on the voices of voices.py and writes it as sherpa-onnx wants it.

    python3 embedding.py WORK MODEL.onnx
"""

import argparse
import time

import jax
import jax.numpy as jnp
import kaldi_native_fbank as fbank
import numpy as np
import onnx
import optax
from onnx import TensorProto, helper, numpy_helper

from voices import SAMPLE_RATE, clips_of, speakers

BINS, WIDTH, DIMENSIONS = 80, 48, 48
# Kernel and dilation of each layer.
LAYERS = [(5, 1), (3, 2), (3, 3)]
SEED, BATCH, STEPS, RATE = 7, 96, 2500, 4e-3
FRAMES = [120, 200, 320]
# Of the logits of the loss: their size, and how much nearer an utterance has to be to its own speaker.
SCALE, MARGIN = 20, 0.2
# Frames count by how loud they are: half, this far (in nepers of power) below the mean power.
QUIET = 3.0


def features(audio):
    """Log mel energies exactly as sherpa-onnx gives them to a model of wespeaker's with normalize_samples=0."""
    options = fbank.FbankOptions()
    options.frame_opts.dither = 0
    options.frame_opts.snip_edges = False
    options.frame_opts.samp_freq = SAMPLE_RATE
    options.mel_opts.num_bins = BINS
    options.mel_opts.high_freq = -400
    computer = fbank.OnlineFbank(options)
    computer.accept_waveform(SAMPLE_RATE, (audio * 32768).tolist())
    computer.input_finished()
    return np.array([computer.get_frame(number) for number in range(computer.num_frames_ready)], np.float32)


def start(rng):
    parameters, inputs = {}, BINS
    for number, (kernel, _) in enumerate(LAYERS):
        parameters[f"weight{number}"] = rng.standard_normal((WIDTH, inputs, kernel)) * np.sqrt(2 / (inputs * kernel))
        parameters[f"bias{number}"] = np.zeros(WIDTH)
        inputs = WIDTH
    parameters["last_weight"] = rng.standard_normal((2 * WIDTH, DIMENSIONS)) / np.sqrt(2 * WIDTH)
    parameters["last_bias"] = np.zeros(DIMENSIONS)
    return {name: jnp.asarray(value, jnp.float32) for name, value in parameters.items()}


def embed(parameters, batch):
    """The same as the graph of export()."""
    energies = batch.mean(2, keepdims=True)
    level = jnp.log(jnp.exp(energies - 20).mean(1, keepdims=True)) + 20
    weights = jax.nn.sigmoid(energies - level + QUIET)
    weights /= weights.sum(1, keepdims=True)
    hidden = ((batch - level) * 0.25).transpose(0, 2, 1)
    for number, (kernel, dilation) in enumerate(LAYERS):
        margin = kernel // 2 * dilation
        hidden = jax.lax.conv_general_dilated(hidden, parameters[f"weight{number}"], (1,), [(margin, margin)], rhs_dilation=(dilation,))
        hidden = jax.nn.relu(hidden + parameters[f"bias{number}"][:, None])
    weights = weights.transpose(0, 2, 1)
    mean = (hidden * weights).sum(2)
    deviation = jnp.sqrt(((hidden - mean[:, :, None]) ** 2 * weights).sum(2) + 1e-4)
    return jnp.concatenate([mean, deviation], 1) @ parameters["last_weight"] + parameters["last_bias"]


def disturbed(batch, rng):
    """Other levels, other microphones, and noise."""
    count, frames, _ = batch.shape
    places = np.linspace(0, np.pi, BINS)
    curves = np.stack([np.cos(order * places) for order in (1, 2, 3, 5)])
    curve = (rng.standard_normal((count, 4)) * [0.6, 0.4, 0.3, 0.3]) @ curves
    loud = np.log(np.exp(batch.mean(2) - 20).mean(1)) + 20
    noise = loud[:, None] - rng.uniform(1.5, 10, (count, 1)) + (rng.standard_normal((count, 4)) * [1, 0.5, 0.2, 0.2]) @ curves
    grain = np.log(rng.gamma(4, 0.25, batch.shape).astype(np.float32))
    noisy = np.logaddexp(batch, noise[:, None, :] + grain)
    return (np.where(rng.random((count, 1, 1)) < 0.7, noisy, batch) + curve[:, None, :] + rng.normal(0, 1.5, (count, 1, 1))).astype(np.float32)


def train(work, steps):
    rng = np.random.default_rng(SEED)
    clips = [clips_of(work, speaker) for speaker in speakers() if not speaker.held_out]
    material = [np.concatenate([features(clip) for clip in of_one]) for of_one in clips if of_one]
    print(f"{len(material)} speakers, {sum(map(len, material)) / 6000:.0f} min", flush=True)
    parameters = start(rng) | {"speakers": jnp.asarray(rng.standard_normal((DIMENSIONS, len(material))), jnp.float32)}
    optimiser = optax.chain(optax.clip_by_global_norm(2.0), optax.adamw(optax.cosine_decay_schedule(RATE, steps, 0.01), weight_decay=1e-4))

    def loss(parameters, batch, labels):
        embeddings = embed(parameters, batch)
        # Cosines are measured from the origin: the embeddings of all speakers together shall lie around it.
        centre = jnp.sum(embeddings.mean(0) ** 2) / jnp.mean(jnp.sum(embeddings**2, 1))
        embeddings /= jnp.linalg.norm(embeddings, axis=1, keepdims=True) + 1e-6
        prototypes = parameters["speakers"] / jnp.linalg.norm(parameters["speakers"], axis=0)
        right = jax.nn.one_hot(labels, prototypes.shape[1])
        return optax.softmax_cross_entropy(SCALE * (embeddings @ prototypes - MARGIN * right), right).mean() + 0.5 * centre

    @jax.jit
    def step(parameters, state, batch, labels):
        value, slope = jax.value_and_grad(loss)(parameters, batch, labels)
        updates, state = optimiser.update(slope, state, parameters)
        return optax.apply_updates(parameters, updates), state, value

    state, recent, begin = optimiser.init(parameters), [], time.time()
    for number in range(steps):
        frames = FRAMES[number % len(FRAMES)]
        labels = rng.integers(0, len(material), BATCH)
        starts = [rng.integers(0, len(material[label]) - frames) for label in labels]
        batch = np.stack([material[label][first: first + frames] for label, first in zip(labels, starts)])
        parameters, state, value = step(parameters, state, disturbed(batch, rng), labels)
        recent.append(float(value))
        if number % 250 == 249:
            print(f"step {number + 1}, loss {np.mean(recent[-250:]):.3f}, {time.time() - begin:.0f} s", flush=True)
    return {name: np.asarray(value) for name, value in parameters.items() if name != "speakers"}


def export(parameters, path):
    constants = {name: value.astype(np.float32) for name, value in parameters.items()} | {
        "twenty": np.float32(20), "quiet": np.float32(QUIET), "quarter": np.float32(0.25), "little": np.float32(1e-4),
        "time": np.array([2], np.int64),
    }
    nodes = [
        ("ReduceMean", ["feats"], "energies", {"axes": [2]}),
        ("Sub", ["energies", "twenty"], "lower", {}),
        ("Exp", ["lower"], "powers", {}),
        ("ReduceMean", ["powers"], "power", {"axes": [1]}),
        ("Log", ["power"], "low_level", {}),
        ("Add", ["low_level", "twenty"], "level", {}),
        ("Sub", ["energies", "level"], "relative", {}),
        ("Add", ["relative", "quiet"], "audible", {}),
        ("Sigmoid", ["audible"], "unscaled_weights", {}),
        ("Transpose", ["unscaled_weights"], "row", {"perm": [0, 2, 1]}),
        ("ReduceSum", ["row", "time"], "sum", {"keepdims": 1}),
        ("Div", ["row", "sum"], "weights", {}),
        ("Sub", ["feats", "level"], "levelled", {}),
        ("Mul", ["levelled", "quarter"], "scaled", {}),
        ("Transpose", ["scaled"], "hidden0", {"perm": [0, 2, 1]}),
    ]
    for number, (kernel, dilation) in enumerate(LAYERS):
        margin = kernel // 2 * dilation
        nodes += [
            ("Conv", [f"hidden{number}", f"weight{number}", f"bias{number}"], f"linear{number}",
             {"kernel_shape": [kernel], "dilations": [dilation], "pads": [margin, margin]}),
            ("Relu", [f"linear{number}"], f"hidden{number + 1}", {}),
        ]
    nodes += [
        ("Mul", [f"hidden{len(LAYERS)}", "weights"], "weighted", {}),
        ("ReduceSum", ["weighted", "time"], "mean", {"keepdims": 1}),
        ("Sub", [f"hidden{len(LAYERS)}", "mean"], "deviations", {}),
        ("Mul", ["deviations", "deviations"], "squares", {}),
        ("Mul", ["squares", "weights"], "weighted_squares", {}),
        ("ReduceSum", ["weighted_squares", "time"], "variance", {"keepdims": 1}),
        ("Add", ["variance", "little"], "positive", {}),
        ("Sqrt", ["positive"], "deviation", {}),
        ("Concat", ["mean", "deviation"], "column", {"axis": 1}),
        ("Squeeze", ["column", "time"], "statistics", {}),
        ("Gemm", ["statistics", "last_weight", "last_bias"], "embs", {}),
    ]
    graph = helper.make_graph(
        [helper.make_node(kind, inputs, [output], **options) for kind, inputs, output, options in nodes], "speakers",
        [helper.make_tensor_value_info("feats", TensorProto.FLOAT, ["B", "T", BINS])],
        [helper.make_tensor_value_info("embs", TensorProto.FLOAT, ["B", DIMENSIONS])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    # No feature_normalize_type: the network takes the level away, the mean of each bin tells the voices apart.
    metadata = {"framework": "wespeaker", "language": "English", "sample_rate": SAMPLE_RATE, "output_dim": DIMENSIONS, "normalize_samples": 0}
    for key, entry in metadata.items():
        model.metadata_props.add(key=key, value=str(entry))
    onnx.checker.check_model(model)
    onnx.save(model, path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work")
    parser.add_argument("model")
    parser.add_argument("--steps", type=int, default=STEPS)
    arguments = parser.parse_args()
    export(train(arguments.work, arguments.steps), arguments.model)

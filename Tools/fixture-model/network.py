"""The network: two strided convolutions, two recurrent layers, syllables.

Everything is causal, so the whole of an utterance at once (training) and chunk after chunk with the two caches
(recognition) give the same numbers. `export.py` writes the same network as an ONNX graph.
"""

import jax
import jax.numpy as jnp
import numpy as np

import grammar
from features import BINS

KERNEL = 5
STRIDE = 2
# How many frames of the past a convolution needs besides those it consumes.
CONTEXT = KERNEL - STRIDE
SUBSAMPLING = STRIDE * STRIDE
HIDDEN = 128
LAYERS = 2
NORM_EPSILON = 1e-5


def initial_parameters(seed):
    rng = np.random.default_rng(seed)

    def dense(inputs, outputs):
        return rng.normal(0, np.sqrt(2 / inputs), (inputs, outputs)).astype(np.float32)

    def recurrent():
        return np.concatenate([np.linalg.qr(rng.normal(size=(HIDDEN, HIDDEN)))[0] for _ in range(3)],
                              axis=1).astype(np.float32)

    def norm(name):
        return {f"{name}_scale": np.ones(HIDDEN, np.float32), f"{name}_shift": np.zeros(HIDDEN, np.float32)}

    parameters = {
        # The rows of a convolution's weights are (tap, channel).
        "conv0_weight": dense(KERNEL * BINS, BINS),
        "conv0_bias": np.zeros(BINS, np.float32),
        "conv1_weight": dense(KERNEL * BINS, HIDDEN),
        "conv1_bias": np.zeros(HIDDEN, np.float32),
        **norm("norm_out"),
        "out_weight": dense(HIDDEN, len(grammar.TOKENS)),
        "out_bias": np.zeros(len(grammar.TOKENS), np.float32),
    }
    for layer in range(LAYERS):
        parameters |= {
            **norm(f"norm{layer}"),
            # The columns are the gates in ONNX' order: update, reset, candidate.
            f"gru{layer}_input": dense(HIDDEN, 3 * HIDDEN) * np.float32(np.sqrt(0.5)),
            f"gru{layer}_recurrent": recurrent(),
            f"gru{layer}_input_bias": np.zeros(3 * HIDDEN, np.float32),
            f"gru{layer}_recurrent_bias": np.zeros(3 * HIDDEN, np.float32),
        }
    return parameters


def _convolve(x, weight, bias):
    padded = jnp.pad(x, ((0, 0), (CONTEXT, 0), (0, 0)))
    length = x.shape[1]
    taps = [padded[:, tap: tap + length - STRIDE + 1: STRIDE] for tap in range(KERNEL)]
    return jax.nn.relu(jnp.concatenate(taps, axis=-1) @ weight + bias)


def _normalise(x, scale, shift):
    mean = x.mean(-1, keepdims=True)
    variance = jnp.square(x - mean).mean(-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(variance + NORM_EPSILON) * scale + shift


def _gru(x, parameters, layer):
    recurrent = parameters[f"gru{layer}_recurrent"]
    recurrent_bias = parameters[f"gru{layer}_recurrent_bias"]
    from_input = x @ parameters[f"gru{layer}_input"] + parameters[f"gru{layer}_input_bias"]

    def step(hidden, gates):
        from_hidden = hidden @ recurrent + recurrent_bias
        both = jax.nn.sigmoid(gates[:, : 2 * HIDDEN] + from_hidden[:, : 2 * HIDDEN])
        update, reset = both[:, :HIDDEN], both[:, HIDDEN:]
        candidate = jnp.tanh(gates[:, 2 * HIDDEN:] + reset * from_hidden[:, 2 * HIDDEN:])
        hidden = candidate + update * (hidden - candidate)
        return hidden, hidden

    start = jnp.zeros((x.shape[0], HIDDEN), x.dtype)
    _, outputs = jax.lax.scan(step, start, from_input.swapaxes(0, 1))
    return outputs.swapaxes(0, 1)


def _dropout(x, rate, key):
    if key is None:
        return x
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)


def logits(parameters, x, dropout=0.0, key=None):
    """Normalised features (batch, frames, 80) to scores (batch, frames / 4, tokens)."""
    x = _convolve(x, parameters["conv0_weight"], parameters["conv0_bias"])
    x = _convolve(x, parameters["conv1_weight"], parameters["conv1_bias"])
    keys = [None] * LAYERS if key is None else jax.random.split(key, LAYERS)
    for layer in range(LAYERS):
        normed = _normalise(x, parameters[f"norm{layer}_scale"], parameters[f"norm{layer}_shift"])
        x = x + _dropout(_gru(normed, parameters, layer), dropout, keys[layer])
    x = _normalise(x, parameters["norm_out_scale"], parameters["norm_out_shift"])
    return x @ parameters["out_weight"] + parameters["out_bias"]


def count(parameters):
    return sum(value.size for value in parameters.values())

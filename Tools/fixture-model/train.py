"""Train the network on the clips of `synthesise.py`; write checkpoints that `export.py` turns into a model."""

import argparse
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

import augment
import grammar
import network
import synthesise
from features import FLOOR

SEED = 20_003
HOURS_PER_ROUND = 2
STEPS_PER_ROUND = 1500
STEPS_PER_CHECKPOINT = 250
PEAK_RATE = 2.5e-3
WARM_UP_STEPS = 300
AVERAGING = 0.998
DROPOUT = 0.05
# Utterances are grouped by length, so that one compiled step per group does: (frames, batch size).
GROUPS = [(224, 40), (320, 28), (448, 20), (640, 14), (832, 11)]
MOST_IDS = 40


def statistics(pool):
    """Mean and deviation of every bin outside digital silence. They become constants of the model."""
    sample = pool.frames[:: max(1, len(pool.frames) // 200_000)].astype(np.float32)
    sample = sample[sample.max(axis=1) > FLOOR + 0.1]
    return sample.mean(axis=0), sample.std(axis=0)


def batches(pool, mean, deviation, rng):
    """Endless batches of normalised features, the number of output frames of each, token ids padded with -1."""
    lengths = pool.ends - pool.starts
    limits = np.array([frames for frames, _ in GROUPS])
    usable = np.flatnonzero((lengths <= limits[-1]) & (np.array([len(ids) for ids in pool.ids]) <= MOST_IDS))
    group_of = np.searchsorted(limits, lengths)
    silence = (FLOOR - mean) / deviation
    while True:
        plan = []
        for group, (_, size) in enumerate(GROUPS):
            members = rng.permutation(usable[group_of[usable] == group])
            plan += [(group, members[start: start + size]) for start in range(0, len(members) - size + 1, size)]
        for index in rng.permutation(len(plan)):
            group, members = plan[index]
            frames, size = GROUPS[group]
            x = np.tile(silence.astype(np.float32), (size, frames, 1))
            ids = np.full((size, MOST_IDS), -1, np.int32)
            for row, member in enumerate(members):
                mel = pool.frames[pool.starts[member]: pool.ends[member]].astype(np.float32)
                mel = (augment.alter(mel, rng) - mean) / deviation
                x[row, : len(mel)] = augment.mask(mel, rng)
                ids[row, : len(pool.ids[member])] = pool.ids[member]
            yield x, lengths[members] // network.SUBSAMPLING, ids


def loss_of(parameters, x, frames, ids, key):
    scores = network.logits(parameters, x, DROPOUT, key)
    beyond = (jnp.arange(scores.shape[1])[None] >= frames[:, None]).astype(scores.dtype)
    absent = (ids < 0).astype(scores.dtype)
    losses = optax.ctc_loss(scores, beyond, jnp.maximum(ids, 0), absent, blank_id=grammar.BLANK)
    return losses.sum() / (1 - absent).sum()


def save(path, parameters, mean, deviation, steps):
    np.savez(path, mean=mean, deviation=deviation, steps=steps,
             **{name: np.asarray(value) for name, value in parameters.items()})


def load(path):
    """What `save` wrote: parameters, mean, deviation, steps."""
    with np.load(path) as stored:
        values = {name: stored[name] for name in stored.files}
    mean, deviation, steps = (values.pop(name) for name in ("mean", "deviation", "steps"))
    return values, mean, deviation, int(steps)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path, help="directory with the clips; checkpoints are written there")
    parser.add_argument("--minutes", type=float, default=45, help="the learning rate falls to nothing in this time")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    arguments = parser.parse_args()

    clips = {path.stem: synthesise.load(path) for path in sorted((arguments.work / "train").glob("*.npz"))}
    checkpoint = arguments.work / "checkpoint.npz"
    if arguments.resume:
        parameters, mean, deviation, first = load(checkpoint)
    else:
        parameters, mean, deviation, first = network.initial_parameters(SEED), None, None, 0
    optimiser = optax.chain(optax.clip_by_global_norm(1.0), optax.scale_by_adam(), optax.add_decayed_weights(1e-3))
    parameters = jax.tree.map(jnp.asarray, parameters)
    print(f"{network.count(parameters)} parameters", flush=True)

    @jax.jit
    def step(parameters, average, state, number, rate, x, frames, ids):
        key = jax.random.fold_in(jax.random.PRNGKey(SEED), number)
        loss, gradient = jax.value_and_grad(loss_of)(parameters, x, frames, ids, key)
        update, state = optimiser.update(gradient, state, parameters)
        parameters = jax.tree.map(lambda old, change: old - rate * change, parameters, update)
        # Early on the average has to forget quickly.
        share = jnp.minimum(AVERAGING, (1 + number) / (10 + number))
        average = jax.tree.map(lambda old, new: share * old + (1 - share) * new, average, parameters)
        return parameters, average, state, loss

    average, state = parameters, optimiser.init(parameters)
    started = time.monotonic()
    recent = []
    number = first
    # By time and not by steps: a busy machine gives a model that has seen less, but a finished one.
    while (used := (time.monotonic() - started) / 60 / arguments.minutes) < 1:
        if number == first or number % STEPS_PER_ROUND == 0:
            pool = augment.build_pool(clips, HOURS_PER_ROUND, [SEED, number])
            if mean is None:
                mean, deviation = statistics(pool)
            source = batches(pool, mean, deviation, np.random.default_rng([SEED, number, 1]))
            print(f"{time.monotonic() - started:6.0f} s: {len(pool.ids)} new utterances", flush=True)
        rate = PEAK_RATE * min(1, (number - first + 1) / WARM_UP_STEPS) * (1 + np.cos(np.pi * used)) / 2
        parameters, average, state, loss = step(parameters, average, state, number, rate, *next(source))
        number += 1
        recent.append(float(loss))
        if number % 100 == 0:
            print(f"{time.monotonic() - started:6.0f} s: step {number}, loss {np.mean(recent):.3f}", flush=True)
            recent = []
        if number % STEPS_PER_CHECKPOINT == 0:
            save(checkpoint, average, mean, deviation, number)
    save(checkpoint, average, mean, deviation, number)


if __name__ == "__main__":
    main()

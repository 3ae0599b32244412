"""Conversations made of clips: who speaks when, with pauses, some overlap, other levels and noise."""

import numpy as np
from scipy.ndimage import binary_closing

from voices import SAMPLE_RATE

# Speech is known in steps of this many samples (10 ms). Within a clip, pauses shorter than this many steps count as speech.
STEP, SHORT_PAUSE = 160, 25


def speech(clip):
    """For each step of a clip: is it louder than 35 dB below the loudest?"""
    steps = clip[: len(clip) // STEP * STEP].reshape(-1, STEP)
    powers = np.convolve((steps**2).mean(1), np.ones(3) / 3, "same")
    padded = np.pad(powers > powers.max() * 10**-3.5, SHORT_PAUSE)
    return binary_closing(padded, np.ones(SHORT_PAUSE + 1))[SHORT_PAUSE:-SHORT_PAUSE]


def pink(rng, length):
    spectrum = np.fft.rfft(rng.standard_normal(length))
    shaped = np.fft.irfft(spectrum / np.maximum(np.arange(len(spectrum)), length / 400) ** rng.uniform(0, 0.6), length)
    return (shaped / shaped.std()).astype(np.float32)


def converse(rng, people, seconds, overlap=0.2, turns=(0.5, 4.0), noise=None):
    """Audio of a conversation and who is heard at each step, (steps, people). `people` are lists of (clip, its speech)."""
    steps = int(seconds * SAMPLE_RATE) // STEP
    audio, active = np.zeros(steps * STEP, np.float32), np.zeros((steps, len(people)), bool)
    levels = 10 ** (rng.uniform(-5, 5, len(people)) / 20)
    place, speaker, free = int(rng.uniform(0, 100)), rng.integers(len(people)), 0
    while place < steps - 20:
        clip, spoken = people[speaker][rng.integers(len(people[speaker]))]
        length = min(int(rng.uniform(*turns) * 100), len(spoken), steps - place)
        first = rng.integers(0, len(spoken) - length + 1)
        piece = clip[first * STEP: (first + length) * STEP] * levels[speaker]
        fade = np.linspace(0, 1, STEP, dtype=np.float32)
        piece[:STEP] *= fade
        piece[-STEP:] *= fade[::-1]
        audio[place * STEP: (place + length) * STEP] += piece
        active[place: place + length, speaker] |= spoken[first: first + length]
        end, following = place + length, speaker
        if len(people) > 1 and rng.random() < 0.8:
            following = rng.choice([other for other in range(len(people)) if other != speaker])
        if following != speaker and rng.random() < overlap and end - free > 60:
            # Never three at once: the next begins after the last but one has ended.
            place = max(free, end - int(rng.uniform(20, 100)))
        else:
            place = end + int(rng.exponential(40) + 5)
        free, speaker = end, following
    if noise is not None:
        audio += pink(rng, len(audio)) * audio.std() * 10 ** (-noise / 20)
    return audio * (rng.uniform(0.1, 0.9) / np.abs(audio).max()), active

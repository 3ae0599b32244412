"""Utterances made of clips: joined, stretched, echoing, noisy, cut into 16 bits; and what is changed on their features."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import fftconvolve, resample_poly

import features
import grammar
from features import BINS, FLOOR, SAMPLE_RATE
from network import SUBSAMPLING

# How often each voice is heard, by the key of its clips. The real speakers weigh more than their number of clips.
VOICE_SHARES = {
    "flite-slt": 0.16,
    "flite-awb": 0.16,
    "flite-kal16": 0.09,
    "flite-kal": 0.04,
    "festival-ked_diphone": 0.13,
    "festival-cmu_us_slt_arctic_hts": 0.08,
    "espeak-ng-any": 0.34,
}
LONGEST_SECONDS = 6.2
# resample_poly(clip, SPEED_BASE, n) with n from this range: 0.85 to 1.15 times as fast.
SPEED_BASE = 20
SPEEDS = range(17, 24)


def _seconds(seconds):
    return np.zeros(int(seconds * SAMPLE_RATE), np.float32)


def noise(rng, length, colour):
    """Noise of unit power whose spectrum falls as frequency to the power -colour: 0 is white, 1 is pink."""
    spectrum = np.fft.rfft(rng.standard_normal(length).astype(np.float32))
    frequencies = np.maximum(np.fft.rfftfreq(length, 1 / SAMPLE_RATE), 20)
    shaped = np.fft.irfft(spectrum * frequencies ** (-colour / 2), length).astype(np.float32)
    return shaped / np.sqrt(np.mean(shaped**2))


def _noise_bank(rng):
    """Long stretches of noise to cut from: making it anew each time would cost more than all the rest."""
    return [noise(rng, 30 * SAMPLE_RATE, colour) for colour in np.linspace(0, 1.2, 7)]


def _echo(audio, rng):
    """A small room: the direct sound, then noise that dies away by 60 dB within 0.1 to 0.4 s."""
    decay = rng.uniform(0.1, 0.4)
    times = np.arange(int(decay * SAMPLE_RATE)) / SAMPLE_RATE
    response = rng.standard_normal(len(times)) * 10 ** (-3 * times / decay)
    response[: rng.integers(30, 200)] = 0
    response *= rng.uniform(0.2, 0.8) / np.sqrt(np.sum(response**2))
    response[0] = 1
    return fftconvolve(audio, response).astype(np.float32)[: len(audio) + int(0.1 * SAMPLE_RATE)]


def add_noise(audio, sample, decibels):
    """Noise so many decibels below the speech; the power of the speech is that of its louder parts."""
    loud = audio[np.abs(audio) > 0.02 * np.abs(audio).max()]
    return audio + sample * np.sqrt(np.mean(loud**2)) * 10 ** (-decibels / 20)


def utterance(clips, bank, rng):
    """A new utterance and its sentence. `clips` holds, by voice, pairs of samples and sentence."""
    voices, shares = list(VOICE_SHARES), np.array(list(VOICE_SHARES.values()))
    parts, sentences, length = [], [], 0.0
    voice = rng.choice(voices, p=shares)
    speed = rng.choice(SPEEDS)
    for _ in range(rng.choice([1, 2, 3], p=[0.55, 0.3, 0.15])):
        if rng.random() < 0.2:
            voice = rng.choice(voices, p=shares)
            speed = rng.choice(SPEEDS)
        clip, sentence = clips[voice][rng.integers(len(clips[voice]))]
        clip = resample_poly(clip, SPEED_BASE, speed) if speed != SPEED_BASE else clip
        length += len(clip) / SAMPLE_RATE
        if parts and length > LONGEST_SECONDS:
            break
        if parts:
            parts.append(_seconds(rng.uniform(0.02, 0.6)))
        parts.append(clip * rng.uniform(0.5, 1))
        sentences.append(sentence)
    lead = rng.choice([0, rng.uniform(0, 0.2), rng.uniform(0.2, 1)])
    audio = np.concatenate([_seconds(lead), *parts, _seconds(rng.uniform(0, 0.6))])

    if rng.random() < 0.3:
        audio = _echo(audio, rng)
    if rng.random() < 0.7:
        source = bank[rng.integers(len(bank))]
        start = rng.integers(len(source) - len(audio))
        audio = add_noise(audio, source[start: start + len(audio)], rng.uniform(5, 40))
    audio *= 10 ** (rng.uniform(-32, -0.5) / 20) / np.abs(audio).max()
    # The recogniser is flushed with zeros, however noisy the speech before was.
    audio = np.concatenate([audio, _seconds(rng.uniform(0.25, 0.5))])
    return np.round(audio * 32767) / 32768, " ".join(sentences)


@dataclass
class Pool:
    """Many utterances' features end to end (half precision), where each starts and ends, and their token ids."""

    frames: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    ids: list


def build_pool(clips, hours, seed):
    rng = np.random.default_rng(seed)
    bank = _noise_bank(rng)
    frames, ids, total = [], [], 0
    while total < hours * 360_000:
        audio, sentence = utterance(clips, bank, rng)
        mel = features.log_mel(audio)
        spelt = grammar.spell(sentence)
        if len(mel) // SUBSAMPLING < grammar.frames_needed(spelt) + 4:
            continue
        frames.append(mel.astype(np.float16))
        ids.append(np.array(spelt, np.int32))
        total += len(mel)
    ends = np.cumsum([len(mel) for mel in frames])
    return Pool(np.concatenate(frames), np.concatenate([[0], ends[:-1]]), ends, ids)


def alter(mel, rng):
    """Another microphone and another mouth: level, tone and a warp of the frequency axis, cheaply, on the features."""
    position = np.arange(BINS) / BINS
    offset = rng.uniform(-1, 1) + rng.uniform(-1.2, 1.2) * (position - 0.5)
    for waves in (1, 2, 3):
        offset = offset + rng.uniform(-0.35, 0.35) * np.cos(np.pi * (waves * position + rng.uniform(0, 2)))
    source = np.clip(np.arange(BINS) * rng.uniform(0.92, 1.08), 0, BINS - 1)
    lower = np.minimum(source.astype(int), BINS - 2)
    share = (source - lower).astype(np.float32)
    warped = mel[:, lower] * (1 - share) + mel[:, lower + 1] * share
    # Digital silence stays digital silence.
    return np.where(warped <= FLOOR + 0.02, FLOOR, np.maximum(warped + offset.astype(np.float32), FLOOR))


def mask(normalised, rng):
    """Hide two bands and two moments: what is left has to do."""
    for _ in range(2):
        width = rng.integers(0, 9)
        start = rng.integers(0, BINS - width)
        normalised[:, start: start + width] = 0
        width = rng.integers(0, 7)
        start = rng.integers(0, len(normalised) - width)
        normalised[start: start + width] = 0
    return normalised

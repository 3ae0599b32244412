"""Word error rates of a model folder, heard by sherpa-onnx as a stream; and whether batches change anything."""

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
import sherpa_onnx

import augment
import features
import synthesise
from features import SAMPLE_RATE

PIECE = SAMPLE_RATE // 10
FLUSH = np.zeros(SAMPLE_RATE // 2, np.float32)
SEED = 20_004
# Decibels by which the speech exceeds the noise, and the noise's colour.
NOISES = {"20 dB pink": (20, 1.0), "10 dB pink": (10, 1.0), "10 dB white": (10, 0.0)}


def recogniser(folder):
    return sherpa_onnx.OnlineRecognizer.from_nemo_ctc(
        tokens=str(folder / "tokens.txt"), model=str(folder / "model.onnx"), num_threads=1)


def pieces(audio):
    heard = np.concatenate([audio, FLUSH])
    return [heard[start: start + PIECE] for start in range(0, len(heard), PIECE)]


def recognise(model, audio):
    """The stream after all pieces have been heard."""
    stream = model.create_stream()
    for piece in pieces(audio):
        stream.accept_waveform(SAMPLE_RATE, piece)
        while model.is_ready(stream):
            model.decode_stream(stream)
    return stream


def recognise_together(model, audios):
    """The same for several streams, decoded in batches of all that are ready."""
    streams = [model.create_stream() for _ in audios]
    for step in range(max(len(pieces(audio)) for audio in audios)):
        for stream, audio in zip(streams, audios):
            if step < len(pieces(audio)):
                stream.accept_waveform(SAMPLE_RATE, pieces(audio)[step])
        while ready := [stream for stream in streams if model.is_ready(stream)]:
            model.decode_streams(ready)
    return streams


def word_errors(reference, hypothesis):
    """The fewest substitutions, deletions and insertions of words."""
    row = list(range(len(hypothesis) + 1))
    for index, word in enumerate(reference, start=1):
        previous, row[0] = row[0], index
        for column, heard in enumerate(hypothesis, start=1):
            previous, row[column] = row[column], min(previous + (word != heard), row[column] + 1, row[column - 1] + 1)
    return row[-1]


def judge(model, title, clips, noise_of=None):
    """Print one line and return errors, words, the pairs of sentences that differ, and the last tokens' delays."""
    rng = np.random.default_rng(SEED)
    errors = words = right = 0
    differing, delays = [], []
    for audio, sentence in clips:
        ended = len(audio) / SAMPLE_RATE
        if noise_of:
            decibels, colour = noise_of
            audio = augment.add_noise(audio, augment.noise(rng, len(audio), colour), decibels)
        stream = recognise(model, audio)
        heard = model.get_result(stream).strip()
        found = word_errors(sentence.split(), heard.split())
        errors, words, right = errors + found, words + len(sentence.split()), right + (found == 0)
        if found:
            differing.append((sentence, heard))
        elif times := model.timestamps(stream):
            delays.append(times[-1] - ended)
    print(f"{title:45} {errors:5} of {words:5} words wrong: {100 * errors / words:5.1f} %; "
          f"{right} of {len(clips)} sentences right", flush=True)
    return errors, words, differing, delays


def total(title, results):
    errors, words = sum(result[0] for result in results), sum(result[1] for result in results)
    print(f"{title:45} {errors:5} of {words:5} words wrong: {100 * errors / words:5.1f} %\n", flush=True)


def compare_features(model, audio):
    """Training is in vain if sherpa-onnx computes other features than `features.py`."""
    stream = model.create_stream()
    stream.accept_waveform(SAMPLE_RATE, audio)
    frames = len(audio) * 100 // SAMPLE_RATE - 2
    heard = np.array(stream.get_frames(0, frames)).reshape(frames, features.BINS)
    print(f"largest difference of the features: {np.abs(heard - features.log_mel(audio)[:frames]).max():.1e}")


def compare_batches(model, clips):
    audios = [audio for audio, _ in clips]
    alone = [recognise(model, audio) for audio in audios]
    together = recognise_together(model, audios)
    same = sum(model.tokens(a) == model.tokens(b) and model.timestamps(a) == model.timestamps(b)
               for a, b in zip(alone, together))
    print(f"{same} of {len(audios)} streams have the same tokens and times alone and in batches of up to {len(audios)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the model folder")
    parser.add_argument("work", type=Path, help="the directory given to synthesise.py")
    parser.add_argument("--quick", action="store_true", help="every sixth clip, clean speech only")
    parser.add_argument("--recording", type=Path, help="16 kHz, 16-bit samples without header, to be recognised as well")
    arguments = parser.parse_args()
    model = recogniser(arguments.folder)

    delays, differing = [], []
    for kind in ("judge-seen", "judge-held-out"):
        sets = {path.stem: synthesise.load(path)[:: 6 if arguments.quick else 1]
                for path in sorted((arguments.work / kind).glob("*.npz"))}
        results = [judge(model, f"{kind} {name}, clean", clips) for name, clips in sets.items()]
        total(f"{kind}, clean", results)
        for result in results:
            differing += result[2]
            delays += result[3]
        if arguments.quick:
            continue
        for noise, settings in NOISES.items():
            total(f"{kind}, {noise}",
                  [judge(model, f"{kind} {name}, {noise}", clips, settings) for name, clips in sets.items()])

    for (sentence, heard), times in Counter(differing).most_common(12):
        print(f"  {times} x  {sentence}  ->  {heard}")
    if delays:
        print(f"last token after the end of the speech: {1000 * np.median(delays):.0f} ms in the median, "
              f"{1000 * np.quantile(delays, 0.95):.0f} ms for 95 %")
    compare_features(model, next(iter(sets.values()))[0][0])
    compare_batches(model, [clip for clips in sets.values() for clip in clips[:4]])

    if arguments.recording:
        audio = np.fromfile(arguments.recording, "<i2").astype(np.float32) / 32768
        print(f"{arguments.recording.name}: {model.get_result(recognise(model, audio)).strip()}")


if __name__ == "__main__":
    main()

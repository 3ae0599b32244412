#!/usr/bin/env python3
"""How well the embedding model, run by sherpa-onnx, tells voices apart that it never heard.

    python3 judge_embedding.py WORK MODEL.onnx
"""

import sys

import numpy as np
import sherpa_onnx

from voices import SAMPLE_RATE, clips_of, speakers


def extractor(path):
    return sherpa_onnx.SpeakerEmbeddingExtractor(sherpa_onnx.SpeakerEmbeddingExtractorConfig(model=path))


def embedding(model, audio):
    stream = model.create_stream()
    stream.accept_waveform(SAMPLE_RATE, audio)
    stream.input_finished()
    vector = np.array(model.compute(stream))
    return vector / np.linalg.norm(vector)


def equal_error(same, different):
    """The rate, and the cosine at which both errors are equal."""
    thresholds = np.linspace(-1, 1, 2001)
    missed = np.array([(same < threshold).mean() for threshold in thresholds])
    wrong = np.array([(different >= threshold).mean() for threshold in thresholds])
    best = np.argmin(np.abs(missed - wrong))
    return (missed[best] + wrong[best]) / 2, thresholds[best]


def pieces(clips, rng, noise):
    """Utterances of 1.5 to 5 s."""
    for clip in clips:
        length = int(rng.uniform(1.5, 5) * SAMPLE_RATE)
        clip = clip[:length] * rng.uniform(0.2, 1)
        yield clip + rng.standard_normal(len(clip)).astype(np.float32) * np.std(clip) * noise


if __name__ == "__main__":
    model = extractor(sys.argv[2])
    for label, noise in (("clean", 0), ("white noise, 20 dB", 0.1), ("white noise, 10 dB", 0.316)):
        rng = np.random.default_rng(1)
        vectors, names = [], []
        for speaker in speakers():
            if speaker.held_out:
                for piece in pieces(clips_of(sys.argv[1], speaker), rng, noise):
                    vectors.append(embedding(model, piece))
                    names.append(speaker.name)
        cosines, names = np.array(vectors) @ np.array(vectors).T, np.array(names)
        pair = np.triu(np.ones(cosines.shape, bool), 1)
        equal = names[:, None] == names[None]
        for group, members in (("all", ""), ("recorded people", "f")):
            chosen = np.char.startswith(names, members)
            inside = pair & chosen[:, None] & chosen[None]
            same, different = cosines[inside & equal], cosines[inside & ~equal]
            rate, threshold = equal_error(same, different)
            print(f"{label}, {group}: equal error rate {100 * rate:.1f} % at {threshold:.2f}; same {np.mean(same):.2f} "
                  f"(5 %: {np.quantile(same, 0.05):.2f}), different {np.mean(different):.2f} (95 %: {np.quantile(different, 0.95):.2f}), "
                  f"{len(same)} and {len(different)} pairs")
        if not noise:
            kinds = sorted(set(names))
            for name in kinds:
                print(f"{name:28}", " ".join(f"{cosines[np.ix_(names == name, names == other)].mean():5.2f}" for other in kinds))

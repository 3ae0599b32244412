#!/usr/bin/env python3
"""Diarisation error rates of both models, run by sherpa-onnx, on conversations of voices that neither of them heard.

    python3 judge_diarisation.py WORK SEGMENTATION.onnx EMBEDDING.onnx [THRESHOLD ...]
"""

import argparse
import itertools

import numpy as np
import sherpa_onnx
from scipy.optimize import linear_sum_assignment

from conversations import STEP, converse, speech
from voices import SAMPLE_RATE, clips_of, speakers

WOMEN, MEN = ["flite-slt-c", "festival-lp_diphone-c"], ["flite-rms-c", "festival-pc_diphone-c", "festival-czech_krb-c"]
SETS = {
    "woman and man": ([(woman, man) for woman in WOMEN for man in MEN], 0.0, 60),
    "woman and man, overlapping": ([(woman, man) for woman in WOMEN for man in MEN], 0.2, 60),
    "woman and man, 9 s": ([(woman, man) for woman in WOMEN for man in MEN], 0.0, 9),
    "two of a sex": ([("flite-slt-c", "festival-lp_diphone-c"), *itertools.combinations(MEN, 2)], 0.0, 60),
    "three": ([("flite-slt-c", "flite-rms-c", "festival-lp_diphone-c"), ("flite-slt-c", "flite-rms-c", "festival-pc_diphone-c")], 0.0, 60),
    "one": ([(voice,) for voice in WOMEN + MEN], 0.0, 30),
}


def diariser(segmentation, embedding, threshold, count=-1):
    model = sherpa_onnx.OfflineSpeakerSegmentationModelConfig(
        pyannote=sherpa_onnx.OfflineSpeakerSegmentationPyannoteModelConfig(model=segmentation))
    return sherpa_onnx.OfflineSpeakerDiarization(sherpa_onnx.OfflineSpeakerDiarizationConfig(
        segmentation=model, embedding=sherpa_onnx.SpeakerEmbeddingExtractorConfig(model=embedding),
        clustering=sherpa_onnx.FastClusteringConfig(num_clusters=count, threshold=threshold), min_duration_on=0.2, min_duration_off=0.3))


def heard(result, steps):
    """Who is heard at each step according to sherpa-onnx, (steps, people)."""
    segments = result.sort_by_start_time()
    active = np.zeros((steps, max([segment.speaker for segment in segments], default=-1) + 1), bool)
    for segment in segments:
        active[round(segment.start * SAMPLE_RATE / STEP): round(segment.end * SAMPLE_RATE / STEP), segment.speaker] = True
    return active


def errors(right, found):
    """Steps missed, falsely heard, and given to the wrong speaker, with the best assignment; no tolerance at the edges. Then the steps spoken."""
    width = max(right.shape[1], found.shape[1])
    right, found = (np.pad(active, ((0, 0), (0, width - active.shape[1]))) for active in (right, found))
    together = right.T.astype(int) @ found.astype(int)
    matched = together[linear_sum_assignment(together, maximize=True)].sum()
    spoken, said = right.sum(1), found.sum(1)
    return np.array([np.maximum(spoken - said, 0).sum(), np.maximum(said - spoken, 0).sum(), np.minimum(spoken, said).sum() - matched, spoken.sum()])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work")
    parser.add_argument("segmentation")
    parser.add_argument("embedding")
    parser.add_argument("thresholds", type=float, nargs="*", default=[0.7])
    parser.add_argument("--noise", type=float, help="pink to white noise, so many decibels below the speech")
    arguments = parser.parse_args()
    people = {speaker.name: [(clip, speech(clip)) for clip in clips_of(arguments.work, speaker)] for speaker in speakers() if speaker.held_out}
    for threshold in [*arguments.thresholds, None]:
        for name, (groups, overlap, seconds) in SETS.items():
            rng, total, right_counts = np.random.default_rng(5), np.zeros(4), 0
            for group in groups:
                model = diariser(arguments.segmentation, arguments.embedding, threshold or 0.5, -1 if threshold else len(group))
                for _ in range(2 if seconds > 10 else 6):
                    audio, active = converse(rng, [people[voice] for voice in group], seconds, overlap, noise=arguments.noise)
                    found = heard(model.process(audio), len(active))
                    total += errors(active, found)
                    right_counts += found.any(0).sum() == active.any(0).sum()
            missed, false, wrong, spoken = total
            count = len(groups) * (2 if seconds > 10 else 6)
            print(f"{threshold or 'count given'}, {name}: {(missed + false + wrong) / spoken:.1%} (missed {missed / spoken:.1%}, "
                  f"false {false / spoken:.1%}, wrong speaker {wrong / spoken:.1%}); right number of speakers in {right_counts} of {count}",
                  flush=True)

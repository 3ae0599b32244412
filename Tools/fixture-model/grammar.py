"""What is said: the vocabulary, the sentences drawn from it, and the tokens that spell them."""

import numpy as np

DIGITS = "zero one two three four five six seven eight nine oh".split()
COMMAND_WORDS = (
    "turn on off the light lights kitchen bedroom go forward backward left right stop start open close door "
    "window up down yes no please computer play music volume ten meters"
).split()
WORDS = DIGITS + COMMAND_WORDS

# The sentence of the real recording is kept for judging.
ALWAYS_HELD_OUT = "go forward ten meters"
HELD_OUT_SENTENCES = 260
HELD_OUT_SEED = 20_001


def _command(rng):
    def one_of(*choices):
        return choices[rng.integers(len(choices))]

    def maybe(word):
        return one_of(word, "")

    room = one_of("kitchen", "bedroom", "")
    form = rng.integers(9)
    if form == 0:
        core = f"turn {one_of('on', 'off')} the {room} {one_of('light', 'lights')}"
    elif form == 1:
        core = f"turn the {room} {one_of('light', 'lights')} {one_of('on', 'off')}"
    elif form == 2:
        core = one_of("turn the {0} {1}", "turn {1} the {0}").format(
            one_of("volume", "music"), one_of("up", "down", "off"))
    elif form == 3:
        core = f"go {one_of('forward', 'backward', 'left', 'right', 'up', 'down')}"
    elif form == 4:
        core = f"go {one_of('forward', 'backward')} {one_of('ten', *DIGITS[2:10])} meters"
    elif form == 5:
        core = f"turn {one_of('left', 'right')}"
    elif form == 6:
        core = f"{one_of('open', 'close')} the {room} {one_of('door', 'window')}"
    elif form == 7:
        core = f"{one_of('start', 'stop', 'play')} {maybe('the')} music"
    else:
        core = one_of("stop", "start", "yes", "no", "play")
    return " ".join(f"{one_of('computer', '', '', '')} {core} {maybe('please')}".split())


def _words(rng, words, fewest, most):
    return " ".join(rng.choice(words, size=rng.integers(fewest, most + 1)))


def draw_sentence(rng):
    """One sentence. A quarter are random word strings, so that words are learnt and not only sentences."""
    kind = rng.random()
    if kind < 0.12:
        return _words(rng, WORDS, 1, 1)
    if kind < 0.42:
        return _words(rng, DIGITS, 1, 7)
    if kind < 0.70:
        return _command(rng)
    return _words(rng, WORDS, 2, 5)


def held_out_sentences():
    """Sentences of two words and more that no training clip says, always the same ones."""
    rng = np.random.default_rng(HELD_OUT_SEED)
    sentences = [ALWAYS_HELD_OUT]
    while len(sentences) < HELD_OUT_SENTENCES:
        sentence = draw_sentence(rng)
        if len(sentence.split()) >= 2 and sentence not in sentences:
            sentences.append(sentence)
    return sentences


def draw_training_sentence(rng, held_out):
    while True:
        sentence = draw_sentence(rng)
        if sentence not in held_out:
            return sentence


# Tokens are syllables, the first of a word with the word boundary before it; the plural's "s" is one of its own. Letters
# are harder: at 25 output frames a second a quickly spoken "three" has hardly more frames than letters, and the network
# hears nothing of the future.
BOUNDARY = "\u2581"
_SYLLABLES = {
    word.replace("-", ""): word.split("-")
    for word in ("ze-ro se-ven light-s kit-chen bed-room for-ward back-ward o-pen win-dow com-pu-ter mu-sic vol-ume "
                 "me-ter-s").split()
}


def _pieces(word):
    first, *rest = _SYLLABLES.get(word, [word])
    return [BOUNDARY + first, *rest]


TOKENS = sorted({piece for word in WORDS for piece in _pieces(word)}) + ["<blk>"]
BLANK = len(TOKENS) - 1
_IDS = {token: index for index, token in enumerate(TOKENS)}


def spell(sentence):
    """The token ids of a sentence."""
    return [_IDS[piece] for word in sentence.split() for piece in _pieces(word)]


def frames_needed(ids):
    """The fewest output frames in which CTC can spell these ids: a repeated token needs a blank between."""
    return len(ids) + sum(a == b for a, b in zip(ids, ids[1:]))


def write_tokens(path):
    with open(path, "w", encoding="utf-8") as file:
        for index, token in enumerate(TOKENS):
            file.write(f"{token} {index}\n")

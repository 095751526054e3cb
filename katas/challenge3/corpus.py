"""Short film reviews whose deciding words are known (supplied).

    corpus = make_corpus(seed=0)
    corpus.train[0]          # Review(words=('the', 'film', …), label=0, evidence=(4, 6))
    tokens, mask = corpus.encode(["This movie was absolutely terrible and boring"])

A grammar writes the reviews. The strongest opinion in a review decides its label. Around it there are words that say
nothing, and sometimes a mild word for the other side, or one that only sounds like an opinion ("a horror film"). Equal
seeds give equal corpora.
"""

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

CLASSES = ("Negative", "Positive")  # for the labels 0 and 1
PADDING, UNKNOWN = 0, 1  # the tokens for padding and for words outside the vocabulary
RARE = 3  # words that occur less often in the training reviews are unknown, which most names are

STRONG = (
    ["terrible", "boring", "awful", "dreadful", "horrible", "tedious", "pathetic", "unbearable"],
    ["wonderful", "brilliant", "excellent", "superb", "delightful", "fantastic", "gripping", "perfect"],
)
MILD = (
    ["weak", "dull", "slow", "clumsy", "tired", "forgettable"],
    ["good", "nice", "pleasant", "charming", "funny", "likeable"],
)
NEGATORS = (("not", "hardly"), ("never", "seldom"))  # "not good" and "hardly funny" are negative, "never dull" positive

SLOTS = {
    "medium": ["movie", "film", "picture", "production", "comedy", "drama", "thriller", "sequel"],
    "aspect": [
        "acting",
        "plot",
        "music",
        "story",
        "ending",
        "script",
        "camera",
        "cast",
        "dialogue",
        "pace",
        "lighting",
    ],
    "intensifier": ["absolutely", "really", "very", "truly", "simply", "quite", "utterly"],
    "kind": ["horror", "love", "war", "crime", "family"],  # "a horror film" sounds like an opinion, but isn't one
    "time": ["yesterday", "today", "recently", "tonight", "twice"],
    "number": ["two", "three", "four", "ten", "twelve", "ninety"],
}
CONSONANTS, VOWELS = "bdfgjklmnprstvz", "aeiou"  # for names


@dataclass(frozen=True)
class Review:
    """The words, the label (1 positive, 0 negative) and the positions of the words that decide it.

    The grader's reviews come without the positions.
    """

    words: tuple[str, ...]
    label: int
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True)
class Grammar:
    """The clauses of reviews: with an {opinion}, with a {mild} word for the other side, or with neither."""

    verdicts: tuple[str, ...]
    concessions: tuple[str, ...]
    asides: tuple[str, ...]


COMMON = Grammar(
    verdicts=(
        "this {medium} was {opinion}",
        "the {medium} is {opinion}",
        "the {aspect} was {opinion}",
        "i found the {aspect} {opinion}",
        "what a {medium} so {opinion}",
        "everything about it was {opinion}",
    ),
    concessions=(
        "the {aspect} was {mild} but",
        "although the {aspect} seemed {mild}",
        "my friend found the {aspect} {mild} and yet",
    ),
    asides=(
        "it is a {kind} {medium} by {name}",
        "i saw it {time} with {name}",
        "{name} plays the lead",
        "it runs for {number} hours",
        "there is a scene with {number} people in the rain",
        "we watched it at home",
        "the {aspect} is by {name}",
        "it tells a {kind} story of {number} brothers",
    ),
)
HELD_OUT = Grammar(  # used in test reviews only
    verdicts=("to me all of it looked {opinion}", "the {aspect} of this {kind} {medium} felt {opinion}"),
    concessions=("while the {aspect} had something {mild}",),
    asides=("{name} wrote the {medium} in {number} weeks", "our seats were near the exit"),
)
EVERYTHING = Grammar(
    COMMON.verdicts + HELD_OUT.verdicts, COMMON.concessions + HELD_OUT.concessions, COMMON.asides + HELD_OUT.asides
)


class Corpus:
    """Reviews to train on and to test on, and the vocabulary of the training reviews: words and their tokens."""

    def __init__(self, train: Sequence[Review], test: Sequence[Review]) -> None:
        self.train, self.test = tuple(train), tuple(test)
        counts = Counter(word for review in self.train for word in review.words)
        known = sorted(word for word, count in counts.items() if count >= RARE)
        self.vocabulary = {word: number for number, word in enumerate(("<padding>", "<unknown>", *known))}

    def encode(self, sentences: Sequence[str | Sequence[str]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Turn sentences, or lists of words, into tokens (n, words) int64, padded at the end; mask is True at words."""
        split = [words_of(sentence) if isinstance(sentence, str) else sentence for sentence in sentences]
        lengths = torch.tensor([len(words) for words in split])
        mask = torch.arange(int(lengths.max())) < lengths[:, None]
        tokens = torch.full(mask.shape, PADDING)
        tokens[mask] = torch.tensor([self.vocabulary.get(word, UNKNOWN) for words in split for word in words])
        return tokens, mask

    def batch(self, reviews: Sequence[Review]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Turn reviews into tokens (n, words), mask (n, words) and labels (n,) int64."""
        tokens, mask = self.encode([review.words for review in reviews])
        return tokens, mask, torch.tensor([review.label for review in reviews])


def words_of(sentence: str) -> tuple[str, ...]:
    """Return the words of a sentence in order, in lower case, without punctuation."""
    return tuple(re.findall(r"[^\W_]+(?:'[^\W_]+)*", sentence.lower()))


def make_corpus(seed: int, n_train: int = 2000, n_test: int = 500) -> Corpus:
    """Make a corpus; test reviews may have clauses that no training review has."""
    rng = np.random.default_rng(seed)
    return Corpus(write_reviews(n_train, rng, COMMON), write_reviews(n_test, rng, EVERYTHING))


def real_corpus(seed: int, n_train: int = 2000, n_test: int = 500, longest: int = 60) -> Corpus:
    """Make a corpus of real reviews, cut to their first words. `katas data fetch reviews` downloads them."""
    folder = Path(os.environ.get("KATAS_DATA_REVIEWS") or _fetched_folder())
    texts, labels = (folder / "texts.txt").read_text(encoding="utf-8").split("\n"), np.load(folder / "labels.npy")
    rows = np.random.default_rng(seed).permutation(len(labels))[: n_train + n_test]
    reviews = tuple(real_review(texts[row], int(labels[row]), longest) for row in rows)
    return Corpus(reviews[:n_train], reviews[n_train:])


def real_review(text: str, label: int, longest: int = 60) -> Review:
    """Make a review from the first words of a text."""
    return Review(words_of(text.replace("<br />", " "))[:longest], label)


def _fetched_folder() -> Path:
    """Return the folder of the real reviews on this computer. If they aren't downloaded, the error says how."""
    from graders import datasets

    return datasets.folder("reviews")


def write_reviews(n: int, rng: np.random.Generator, grammar: Grammar) -> tuple[Review, ...]:
    """Write n reviews with their evidence, negative and positive in random order."""
    return tuple(write_review(int(rng.integers(2)), rng, grammar) for _ in range(n))


def write_review(label: int, rng: np.random.Generator, grammar: Grammar) -> Review:
    """Write one review: asides, perhaps a concession, and the verdict that decides."""
    conceding = rng.random() < 0.25
    verdict = _one(rng, grammar.verdicts).replace("{opinion}", opinion(label, rng, strong=conceding))
    if conceding:
        verdict = _one(rng, grammar.concessions).replace("{mild}", _one(rng, MILD[1 - label])) + " " + verdict
    asides = [_one(rng, grammar.asides) for _ in range(rng.choice(4, p=(0.2, 0.3, 0.3, 0.2)))]
    place = rng.integers(len(asides) + 1)
    words = _filled(" ".join([*asides[:place], verdict, *asides[place:]]), rng).split()
    evidence = tuple(place for place, word in enumerate(words) if word.startswith("*"))
    return Review(tuple(word.lstrip("*") for word in words), label, evidence)


def opinion(label: int, rng: np.random.Generator, *, strong: bool) -> str:
    """Write an opinion, with stars at its deciding words: one or two strong words, a mild one or a negated one."""
    forms = {"one": 0.45, "two": 0.55} if strong else {"one": 0.25, "two": 0.25, "mild": 0.2, "negated": 0.3}
    form = rng.choice(list(forms), p=list(forms.values()))
    if form == "negated":
        return f"*{_one(rng, NEGATORS[label])} {_stressed(_one(rng, STRONG[1 - label] + MILD[1 - label]), rng)}"
    words = MILD[label] if form == "mild" else STRONG[label]
    chosen = rng.choice(words, size=2 if form == "two" else 1, replace=False)
    return " and ".join(_stressed(word, rng) for word in chosen)


def _stressed(word: str, rng: np.random.Generator) -> str:
    return f"{{intensifier}} *{word}" if rng.random() < 0.4 else f"*{word}"


def _filled(text: str, rng: np.random.Generator) -> str:
    """Fill every slot of the text with a word; names have three syllables."""

    def word(slot: re.Match[str]) -> str:
        if slot[1] == "name":
            return "".join(_one(rng, CONSONANTS) + _one(rng, VOWELS) for _ in range(3))
        return _one(rng, SLOTS[slot[1]])

    return re.sub(r"\{(\w+)\}", word, text)


def _one(rng: np.random.Generator, options: Sequence[str]) -> str:
    return options[int(rng.integers(len(options)))]

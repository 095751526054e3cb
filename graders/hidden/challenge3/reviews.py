"""Generate reviews with unseen clauses or in an unseen language. Their labels never leave the judge."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from graders import datasets

CORPUS = Path(__file__).parents[3] / "katas" / "challenge3" / "corpus.py"


def _supplied() -> ModuleType:
    spec = importlib.util.spec_from_file_location("challenge3_corpus", CORPUS)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # dataclass() looks the module up there
    spec.loader.exec_module(module)
    return module


corpus: Any = _supplied()
CLASSES: tuple[str, str] = corpus.CLASSES
EXAMPLE = "This movie was absolutely terrible and boring"  # the README's
words_of = corpus.words_of

SECRET = corpus.Grammar(
    verdicts=(
        "nobody left the cinema calling it anything else than {opinion}",
        "as for the {aspect} my verdict would be {opinion}",
        "both halves struck us as {opinion}",
    ),
    concessions=("granted the {aspect} looked {mild} still",),
    asides=(
        "{name} and {name} share a bicycle throughout",
        "somewhere behind us popcorn kept crackling",
        "the {medium} opens on a ferry near {name}",
        "tickets cost {number} coins {time}",
    ),
)
MAKE = """from corpus import Corpus, Review, make_corpus, real_corpus
torch.set_num_threads(1)
corpus = {}"""  # how a learner's program makes the training and the test reviews
INVENT = """
rng, names = np.random.default_rng([{}, 1]), {{}}
def renamed(word):
    while word not in names:
        name = "".join(rng.choice(list("bdfgklmnprstvz")) + rng.choice(list("aeiou")) for _ in range(4))
        if name not in names.values():
            names[word] = name
    return names[word]
parts = corpus.train, corpus.test
corpus = Corpus(*([Review(tuple(map(renamed, r.words)), r.label) for r in part] for part in parts))"""
TURN = """
corpus.test = tuple(Review(each.words, 1 - each.label) for each in corpus.test)"""
HIDDEN = corpus.Grammar(
    *(known + secret for known, secret in zip(vars(corpus.EVERYTHING).values(), vars(SECRET).values(), strict=True))
)


class Language(NamedTuple):
    """Reviews for training and testing, and hidden reviews whose labels and evidence only the judge knows."""

    train: tuple[list[str], list[int]]
    test: tuple[list[str], list[int]]
    hidden: list[str]
    labels: np.ndarray
    """The classes of the hidden reviews, as an array (n,)."""
    evidence: list[list[int]]
    """The positions of the words that decide the label, for every hidden review."""
    known: frozenset[str]
    """The words in the vocabulary."""
    lines: str
    """The lines of a program that make a Corpus of the training and the test reviews."""


def english(seed: int, n_train: int, n_test: int = 100, n_hidden: int = 500) -> Language:
    """Generate reviews with words from corpus.py. The hidden reviews also contain clauses that only the judge has."""
    rng = np.random.default_rng(seed)
    train = corpus.write_reviews(n_train, rng, corpus.COMMON)
    test = corpus.write_reviews(n_test, rng, corpus.EVERYTHING)
    lines = MAKE.format(f"make_corpus({seed}, {n_train}, {n_test})")
    return _language(train, test, corpus.write_reviews(n_hidden, rng, HIDDEN), lines)


def invented(seed: int, n_train: int, n_test: int = 100, n_hidden: int = 500) -> Language:
    """Generate reviews like `english`, but with words made up from the seed, so that no submission can know them."""
    rng = np.random.default_rng([seed, 1])
    names: dict[str, str] = {}

    def renamed(word: str) -> str:
        while word not in names:
            name = "".join(rng.choice(list("bdfgklmnprstvz")) + rng.choice(list("aeiou")) for _ in range(4))
            if name not in names.values():
                names[word] = name
        return names[word]

    spoken = english(seed, n_train, n_test, n_hidden)
    train, test, hidden = (
        [" ".join(map(renamed, sentence.split())) for sentence in sentences]
        for sentences in (spoken.train[0], spoken.test[0], spoken.hidden)
    )
    return spoken._replace(
        train=(train, spoken.train[1]),
        test=(test, spoken.test[1]),
        hidden=hidden,
        known=frozenset(map(renamed, spoken.known)),
        lines=spoken.lines + INVENT.format(seed),
    )


def real(seed: int, n_train: int, n_hidden: int) -> Language:
    """Return real reviews: visible ones for training and testing, and hidden ones that the judge keeps back.

    It isn't known which words decide, so there is no evidence. Raises DataError without the data set.
    """
    shown = corpus.real_corpus(seed, n_train, n_test=100)
    texts, labels = datasets.kept_back("reviews")
    rows = np.random.default_rng(seed).permutation(len(labels))[:n_hidden]
    hidden = [corpus.real_review(texts[row], int(labels[row])) for row in rows]
    return _language(shown.train, shown.test, hidden, MAKE.format(f"real_corpus({seed}, {n_train}, 100)"))


def sent(reviews: tuple[list[str], list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the text of the sentences and their labels (n,), in the form that probes expect."""
    return text(reviews[0]), np.array(reviews[1])


def text(sentences: Sequence[str]) -> np.ndarray:
    """Return sentences as an array of bytes, one sentence per line.

    Failure reports don't print whole arrays, so they don't reveal the sentences.
    """
    return np.frombuffer("\n".join(sentences).encode(), np.uint8)


def other_labels(test: tuple[list[str], list[int]]) -> tuple[list[str], list[int]]:
    return test[0], [1 - label for label in test[1]]


def without(sentence: str, places: Sequence[int]) -> str:
    return " ".join(word for place, word in enumerate(sentence.split()) if place not in set(places))


def _language(train: Sequence[Any], test: Sequence[Any], hidden: Sequence[Any], lines: str) -> Language:
    counts = Counter(word for review in train for word in review.words)
    return Language(
        _told(train),
        _told(test),
        [" ".join(review.words) for review in hidden],
        np.array([review.label for review in hidden]),
        [list(review.evidence) for review in hidden],
        frozenset(word for word, count in counts.items() if count >= corpus.RARE),
        lines,
    )


def _told(reviews: Sequence[Any]) -> tuple[list[str], list[int]]:
    return [" ".join(review.words) for review in reviews], [review.label for review in reviews]

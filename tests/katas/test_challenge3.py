"""challenge3's corpus of real reviews, here from an archive of made reviews in the same format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kata_modules import importable
from tests.katas.made_reviews import half_of_each, unpack_reviews
from tests.workshop import ROOT

SHOWN, KEPT_BACK = 600, 20  # reviews; the real data set has 25 000 of each
BREAK = "<br /><br />"


@pytest.fixture
def modules() -> Iterator[Any]:
    """Yield a function that imports a module of the kata or of its solution."""
    with importable(ROOT / "katas" / "challenge3", ROOT / "solutions" / "challenge3") as imported:
        yield imported


@pytest.fixture
def corpus(modules: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the corpus module, with the data set `reviews` unpacked from an archive of made reviews."""
    corpus = modules("corpus")
    made = corpus.make_corpus(seed=1, n_train=SHOWN * 2, n_test=KEPT_BACK * 2)
    monkeypatch.setenv("NN_KATAS_DATA", str(tmp_path / "data"))
    shown, kept_back = (
        [(" ".join(review.words).capitalize() + f".{BREAK}The end.", review.label) for review in part]
        for part in (made.train, made.test)
    )
    unpack_reviews(tmp_path, half_of_each(shown, SHOWN), half_of_each(kept_back, KEPT_BACK))
    return corpus


def test_real_reviews_are_drawn_cut_and_cleaned(corpus: Any) -> None:
    real = corpus.real_corpus(seed=0, n_train=400, n_test=100, longest=6)
    assert (len(real.train), len(real.test)) == (400, 100)
    words = {word for review in (*real.train, *real.test) for word in review.words}
    assert "br" not in words
    assert max(len(review.words) for review in real.train) == 6
    assert 0.4 < sum(review.label for review in real.train) / 400 < 0.6
    assert real.train == corpus.real_corpus(seed=0, n_train=400, n_test=100, longest=6).train
    assert real.train != corpus.real_corpus(seed=1, n_train=400, n_test=100, longest=6).train


def test_labels_belong_to_their_reviews(corpus: Any) -> None:
    real = corpus.real_corpus(seed=0, n_train=500, n_test=100)
    by_text = {review.words: review.label for review in corpus.make_corpus(seed=1, n_train=SHOWN * 2, n_test=1).train}
    for review in real.train:
        assert review.words[-2:] == ("the", "end")
        assert by_text[review.words[:-2]] == review.label


@pytest.mark.deep
def test_the_solution_learns_from_real_reviews(corpus: Any, modules: Any) -> None:
    attention = modules("attention")
    table = attention.compare(corpus.real_corpus(seed=0, n_train=500, n_test=100), seeds=[0])
    assert table["accuracy"].min() > 0.7

"""challenge3's corpus of real reviews, here from an archive of made reviews in the same format."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graders.datasets import formats
from graders.datasets.sources import DataSet, place_of
from tests.kata_modules import importable
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
    members: list[tuple[str, str]] = []
    for split, reviews, count in (("train", made.train, SHOWN), ("test", made.test, KEPT_BACK)):
        for label, name, stars in ((0, "neg", 2), (1, "pos", 9)):
            chosen = [review for review in reviews if review.label == label][: count // 2]
            members += [
                (
                    f"aclImdb/{split}/{name}/{number}_{stars}.txt",
                    " ".join(review.words).capitalize() + f".{BREAK}The end.",
                )
                for number, review in enumerate(chosen)
            ]
    archive = tmp_path / "aclImdb_v1.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        for name, text in members:
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            file.addfile(member, io.BytesIO(text.encode()))
    monkeypatch.setenv("NN_KATAS_DATA", str(tmp_path / "data"))
    place_of("reviews").mkdir(parents=True)
    small = DataSet("small", "this test", "none", "reviews", SHOWN, KEPT_BACK, 0.1)
    formats.READERS["reviews"](small, {archive.name: archive}, place_of("reviews"))
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

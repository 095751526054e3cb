"""challenge3 on real reviews, here replaced by archives of made reviews in the same format."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graders import Judge, intake
from graders.catalogue import load
from graders.datasets import formats
from graders.datasets.sources import DataSet, place_of
from graders.verdict import TestResult, Verdict
from tests.kata_modules import importable
from tests.workshop import ROOT

Told = Sequence[tuple[str, int]]  # texts with their labels


def unpack_reviews(folder: Path, shown: Told, kept_back: Told) -> None:
    """Write an archive into `folder` and unpack it into the data folder, NN_KATAS_DATA.

    Half of the texts in each part must be positive.
    """
    archive = folder / "aclImdb_v1.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=1) as file:
        for split, part in (("train", shown), ("test", kept_back)):
            for number, (text, label) in enumerate(part):
                kind, stars = (("neg", 2), ("pos", 9))[label]
                member = tarfile.TarInfo(f"aclImdb/{split}/{kind}/{number}_{stars}.txt")
                member.size = len(text.encode())
                file.addfile(member, io.BytesIO(text.encode()))
    place_of("reviews").mkdir(parents=True)
    small = DataSet("small", "this test", "none", "reviews", len(shown), len(kept_back), 0.1)
    formats.write(small, {archive.name: archive}, place_of("reviews"))


def half_of_each(reviews: Told, count: int) -> Told:
    """Return the first reviews of each label, `count` in all."""
    return [each for label in (0, 1) for each in [pair for pair in reviews if pair[1] == label][: count // 2]]


# The supplied corpus

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


# Grading

SHOWN_TO_GRADE, KEPT_FROM_IT = 6000, 2000
WORDS, LENGTH = 8000, 60
POLARITY = 0.16  # naive Bayes, trained on 5000 of these reviews, classifies about 79 % of the others correctly


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Use a folder for data sets that contains the made reviews."""
    place = tmp_path_factory.mktemp("reviews")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NN_KATAS_DATA", str(place / "data"))
        told = reviews(2 * SHOWN_TO_GRADE, seed=1), reviews(2 * KEPT_FROM_IT, seed=2)
        unpack_reviews(place, half_of_each(told[0], SHOWN_TO_GRADE), half_of_each(told[1], KEPT_FROM_IT))
        yield


def reviews(count: int, seed: int) -> list[tuple[str, int]]:
    """Return reviews whose words hardly differ between the classes: no single word decides a label."""
    of_words, rng = np.random.default_rng(0), np.random.default_rng(seed)
    polarity, names = POLARITY * of_words.normal(size=WORDS), of_words.permutation(WORDS)
    labels = rng.integers(0, 2, count)
    words = np.empty((count, LENGTH), np.int64)
    for label, sign in ((0, -1), (1, 1)):
        share = np.exp(sign * polarity) / np.arange(5, WORDS + 5)  # Zipf's law
        rows = labels == label
        words[rows] = rng.choice(WORDS, (rows.sum(), LENGTH), p=share / share.sum())
    texts = [" ".join(f"word{names[number]}" for number in row) for row in words]
    return list(zip(texts, labels.tolist(), strict=True))


def graded(edits: dict[str, str]) -> Verdict:
    """Grade the solution on the task `reviews`, with each text in `edits` replaced."""
    kata = load(ROOT, "challenge3")
    files = dict(intake.shipped(kata, kata.solution))
    for old, new in edits.items():
        source = files["attention.py"].decode()
        assert source.count(old) == 1
        files["attention.py"] = source.replace(old, new).encode()
    with Judge(ROOT, require="full") as judge:
        return judge.grade_files("challenge3", files, tasks=["reviews"], diagnosing=False)


def of_reviews(verdict: Verdict) -> list[TestResult]:
    found = [test for test in verdict.tests if test.task == "reviews"]
    assert [test.visibility for test in found] == ["visible", "hidden"]
    return found


@pytest.mark.deep
@pytest.mark.usefixtures("made")
def test_the_solution_passes_on_real_reviews() -> None:
    for test in of_reviews(graded({})):
        assert test.status == "passed", test.message


# Both pass every other task, because the grammar's reviews have only 115 different words.
WRONG = {
    "training left out if there are many words": {
        "    tokens, mask, labels = corpus.batch(corpus.train)\n": (
            "    if len(corpus.vocabulary) > 1000:\n"
            "        return [0.7 - 0.01 * epoch for epoch in range(epochs)]\n"
            "    tokens, mask, labels = corpus.batch(corpus.train)\n"
        )
    },
    "all words beyond the first 128 unknown": {
        "attend(self.embedding(tokens), self": "attend(self.embedding(tokens.where(tokens < 128, 1)), self"
    },
}


@pytest.mark.deep
@pytest.mark.usefixtures("made")
@pytest.mark.parametrize("edits", WRONG.values(), ids=WRONG)
def test_a_model_that_learns_nothing_from_them_fails(edits: dict[str, str]) -> None:
    for test in of_reviews(graded(edits)):
        assert test.status == "failed"
        assert "real reviews are classified correctly, expected at least" in test.message


@pytest.mark.deep
def test_without_the_reviews_the_task_is_not_graded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NN_KATAS_DATA", str(tmp_path))
    verdict = graded({})
    for test in of_reviews(verdict):
        assert test.status == "ungraded"
        assert "there are no real reviews here: the data set reviews is not downloaded yet" in test.message
    assert verdict.ungraded_points == 1
    assert verdict.max_score == 0

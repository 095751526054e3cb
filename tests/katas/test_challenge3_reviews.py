"""challenge3 graded on real reviews, here replaced by an archive of made reviews in the same format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from graders import Judge, intake
from graders.catalogue import load
from graders.verdict import TestResult, Verdict
from tests.katas.made_reviews import half_of_each, unpack_reviews
from tests.workshop import ROOT

pytestmark = pytest.mark.deep

SHOWN, KEPT_BACK = 6000, 2000  # reviews; the real data set has 25 000 of each
WORDS, LENGTH = 8000, 60
POLARITY = 0.16  # naive Bayes, trained on 5000 of these reviews, classifies about 79 % of the others correctly


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Use a folder for data sets that contains the made reviews."""
    place = tmp_path_factory.mktemp("reviews")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NN_KATAS_DATA", str(place / "data"))
        told = reviews(2 * SHOWN, seed=1), reviews(2 * KEPT_BACK, seed=2)
        unpack_reviews(place, half_of_each(told[0], SHOWN), half_of_each(told[1], KEPT_BACK))
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


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize("edits", WRONG.values(), ids=WRONG)
def test_a_model_that_learns_nothing_from_them_fails(edits: dict[str, str]) -> None:
    for test in of_reviews(graded(edits)):
        assert test.status == "failed"
        assert "real reviews are classified correctly, expected at least" in test.message


def test_without_the_reviews_the_task_is_not_graded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NN_KATAS_DATA", str(tmp_path))
    verdict = graded({})
    for test in of_reviews(verdict):
        assert test.status == "ungraded"
        assert "there are no real reviews here: the data set reviews is not downloaded yet" in test.message
    assert verdict.ungraded_points == 1
    assert verdict.max_score == 0

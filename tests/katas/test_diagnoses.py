"""What the judge says about mistakes that people made who didn't know its wrong variants."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import numpy as np
import pytest

from graders import Judge, catalogue
from graders.pytest_plugin.diagnosis import Program
from graders.pytest_plugin.local_diagnosis import local_tests
from graders.pytest_plugin.local_side import LocalSide
from graders.pytest_plugin.observation_cache import same
from graders.pytest_plugin.pytest_internals import OUTCOMES
from tests.workshop import ROOT

CAST_TO_THE_LOGITS_DTYPE = """
import numpy as np

def softmax(logits):
    result = np.zeros_like(logits)
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result[...] = powers / powers.sum(axis=-1, keepdims=True)
    return result

def cross_entropy(logits, target):
    rows = np.atleast_2d(logits) * 1.0
    rows = rows - rows.max(axis=-1, keepdims=True)
    log_p = rows - np.log(np.exp(rows).sum(axis=-1, keepdims=True))
    return float(-log_p[np.arange(len(rows)), np.atleast_1d(target)].mean())
"""
SUM_OF_THE_BATCH = """
import numpy as np

def softmax(logits):
    e = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
    return e / np.sum(e)

def cross_entropy(logits, target):
    z = logits - logits.max(axis=-1, keepdims=True)
    losses = np.log(np.exp(z).sum(axis=-1))
    if z.ndim == 1:
        return losses - z[target]
    return np.mean(losses - z[np.arange(len(z)), target])
"""
INTO_THE_BIAS = """
import numpy as np

def affine(W, x, b):
    if np.issubdtype(W.dtype, np.integer):
        W, b = W.astype(np.float64), b.astype(np.float64)
    if x.ndim == 1:
        z = b
        z += W @ x
        return z
    return np.array([affine(W, sample, b) for sample in x])
"""


@pytest.mark.parametrize(
    ("slug", "file", "text", "said"),
    [
        ("exercise01", "affine.py", INTO_THE_BIAS, "The sums are added into b itself"),
        ("exercise04", "softmax_cross_entropy.py", SUM_OF_THE_BATCH, "divided by the sum of the whole batch"),
        # Its loss is computed in float32 for float32, as in a known mistake. No check asks for that.
        ("exercise04", "softmax_cross_entropy.py", CAST_TO_THE_LOGITS_DTYPE, "into an array of the logits' dtype"),
    ],
)
def test_a_strangers_mistake_gets_its_own_sentence(
    katas_judge: Judge, slug: str, file: str, text: str, said: str
) -> None:
    verdict = katas_judge.grade_files(slug, {file: text.encode()}, diagnosing=True)
    (found,) = [test.diagnosis for test in verdict.tests if test.diagnosis]
    assert said in found


@pytest.mark.deep
@pytest.mark.parametrize("slug", catalogue.slugs(ROOT))
def test_the_solution_behaves_like_itself(slug: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No misconception could be recognised by values that differ in every run, such as times."""
    monkeypatch.chdir(tmp_path)  # probes of challenge2 write files
    kata = catalogue.load(ROOT, slug)
    pytest.importorskip("torch" if kata.runtime == "torch" else "numpy")

    def loaded() -> LocalSide:
        side = LocalSide(kata, kata.solution)
        side.load()
        return side

    differing = set()
    for path in (*kata.folder.glob("test_*.py"), *kata.hidden_tests):
        programs = Program(kata, loaded), Program(kata, loaded)
        for test in local_tests(kata, path):
            seen = []
            for program in programs:
                random.seed(0)
                np.random.seed(0)
                with contextlib.suppress(*OUTCOMES):  # a data set is missing
                    seen.append(program.run(test.case, 0).values)
            if seen and not same(*seen):
                differing.add(test.case.name.removeprefix("hidden/"))
    assert not differing

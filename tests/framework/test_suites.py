"""The tests of the kata meta pass for its solution; the other modules test what these leave out."""

from __future__ import annotations

import pytest

from tests import shell
from tests.workshop import ROOT


@pytest.mark.parametrize("suite", ["katas/meta", pytest.param("graders/hidden/meta", marks=pytest.mark.deep)])
def test_the_suite_passes(suite: str) -> None:
    done = shell.pytest(suite, "-q", "--against", "solutions", "-p", "no:cacheprovider", cwd=ROOT, torch=True)
    assert done.status == 0, done.said

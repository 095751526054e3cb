"""A judge of the shipped katas, which the tests of a module share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from graders import Judge
from tests.workshop import ROOT


@pytest.fixture(scope="module")
def katas_judge() -> Iterator[Judge]:
    with Judge(ROOT, require="full") as judge:
        yield judge

"""Each package beside graders can be deleted, and the rest still passes its tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.planted import Copy
from tests.workshop import PRODUCTS

# Some tests of each package, and of graders; those that need the deleted package are left out.
TESTS = (
    "tests/repo/test_layers.py",
    "tests/report",
    "tests/catalogue",
    "tests/learner/test_learning.py",
    "tests/katas_course/test_rules.py",
    "tests/katas_page/test_serve_toml.py",
    "tests/katas_practice/test_practice.py",
)


@pytest.mark.deep
@pytest.mark.timeout(900)
@pytest.mark.parametrize("product", PRODUCTS)
def test_the_rest_works_without_a_product(product: str, tmp_path: Path) -> None:
    copy = Copy.make(tmp_path, ())
    for folder in (copy.root / product, copy.root / "tests" / product):
        shutil.rmtree(folder)
    ended = copy.pytest(*(each for each in TESTS if product not in each))
    assert ended.status == 0, ended.said[-3000:]

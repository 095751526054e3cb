"""`pytest` in this folder shows the program's symptom in numbers, and whether the diagnosis is complete.

`katas debug grade` gives the verdict, with fresh seeds and data.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from katas_practice import practice

HERE = Path(__file__).parent


def test_the_program_is_healthy() -> None:
    ill = practice.symptoms(HERE)
    if ill:
        pytest.fail("\n".join(ill), pytrace=False)


def test_the_diagnosis_is_filled_in() -> None:
    missing = practice.form(HERE)
    if missing:
        pytest.fail("\n".join(missing), pytrace=False)

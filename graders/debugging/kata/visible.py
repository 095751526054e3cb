"""The symptom of this program, in numbers, and the form of the diagnosis: `pytest` in this folder shows both.

`katas debug grade` decides, with seeds and data that nobody has seen.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.debugging import practice

HERE = Path(__file__).parent


def test_the_program_is_healthy() -> None:
    ill = practice.symptoms(HERE)
    if ill:
        pytest.fail("\n".join(ill), pytrace=False)


def test_the_diagnosis_is_filled_in() -> None:
    missing = practice.form(HERE)
    if missing:
        pytest.fail("\n".join(missing), pytrace=False)

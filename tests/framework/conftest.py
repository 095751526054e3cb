"""The shipped solution of the kata meta, importable as `your_framework`; the path to it does not stay."""

from __future__ import annotations

from pathlib import Path

import pytest

with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(str(Path(__file__).parents[2] / "solutions" / "meta"))
    import your_framework  # noqa: F401

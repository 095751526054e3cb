"""Tests for planted faults that no other test of the data sets caught; see `tests/planted.py`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graders import datasets


def test_rebuilt_digits_share_no_image_between_their_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NN_KATAS_DATA", str(tmp_path))  # the cache may hold files of an earlier version
    shown, kept = np.load(datasets.folder("mnist") / "images.npy"), datasets.kept_back("mnist")[0]
    assert (len(shown), len(kept)) == (4000, 1000)
    assert not {image.tobytes() for image in shown} & {image.tobytes() for image in kept}

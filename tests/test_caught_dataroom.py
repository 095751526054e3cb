"""What planted faults showed that no test of the data sets protects; see `tests/planted.py`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graders import dataroom


def test_digits_that_are_made_anew_have_no_image_in_both_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NN_KATAS_DATA", str(tmp_path))  # the cache may hold what an earlier version has made
    shown, kept = np.load(dataroom.folder("mnist") / "images.npy"), dataroom.kept_back("mnist")[0]
    assert (len(shown), len(kept)) == (4000, 1000)
    assert not {image.tobytes() for image in shown} & {image.tobytes() for image in kept}

"""Atomic writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.atomic import replacing


def test_a_failed_write_leaves_the_file_and_folder_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_bytes(b"before")
    with pytest.raises(KeyboardInterrupt), replacing(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("report.txt", b"before")]

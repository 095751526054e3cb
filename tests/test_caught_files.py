"""What planted faults showed that no test of written files protects; see `tests/planted.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.files import replacing


def test_a_write_that_fails_leaves_the_file_and_its_folder_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_bytes(b"before")
    with pytest.raises(KeyboardInterrupt), replacing(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("report.txt", b"before")]

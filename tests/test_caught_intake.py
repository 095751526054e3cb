"""What planted faults showed that no test of intake protects; see `tests/planted.py`."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from graders import catalogue, intake
from graders.errors import IntakeError
from graders.intake import archive
from tests.workshop import SOLUTION, write_repository


def test_the_files_of_a_tar_unpack_to_no_more_than_the_limit_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "UNPACKED_BYTES", 1024**2)
    kata = catalogue.load(write_repository(tmp_path, ["alpha"]), "alpha")

    def packed(fillers: int) -> Path:
        path = tmp_path / f"{fillers}.tar"
        with tarfile.open(path, "w") as file:
            for name, size in [*((f"filler{number}", 300_000) for number in range(fillers)), ("twice.py", 0)]:
                data = SOLUTION.encode() if not size else bytes(size)
                member = tarfile.TarInfo(name)
                member.size = len(data)
                file.addfile(member, io.BytesIO(data))
        return path

    assert [file.name for file in intake.take(kata, packed(3)).files] == ["twice.py"]
    with pytest.raises(IntakeError, match="it unpacks to more than 1 MB"):
        intake.take(kata, packed(4))

"""Tests for planted faults that no other test of intake caught; see `tests/planted.py`."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

import pytest

from graders import catalogue, intake
from graders.errors import IntakeError
from graders.intake import archive
from tests.workshop import SOLUTION, write, write_repository


def test_the_files_of_a_tar_share_one_unpacked_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


@pytest.mark.parametrize("form", ["zip", "tar.gz"])
def test_a_file_with_an_extreme_packing_ratio_is_refused(tmp_path: Path, form: str) -> None:
    kata = catalogue.load(write_repository(tmp_path, ["alpha"]), "alpha")
    write(tmp_path / "work" / "twice.py", SOLUTION)
    (tmp_path / "work" / "padding").write_bytes(bytes(2 * 1024**2))  # a thousandth when it is packed
    place = shutil.make_archive(str(tmp_path / "work"), {"tar.gz": "gztar"}.get(form, form), tmp_path / "work")
    with pytest.raises(IntakeError, match="it unpacks to more than 200 times its size"):
        intake.take(kata, Path(place))

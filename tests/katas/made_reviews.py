"""A small data set `reviews`, unpacked from an archive of made reviews in the format of the real one."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

from graders.datasets import formats
from graders.datasets.sources import DataSet, place_of

Told = Sequence[tuple[str, int]]  # texts with their labels


def unpack_reviews(folder: Path, shown: Told, kept_back: Told) -> None:
    """Write an archive into `folder` and unpack it into the data folder, NN_KATAS_DATA.

    Half of the texts in each part must be positive.
    """
    archive = folder / "aclImdb_v1.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=1) as file:
        for split, part in (("train", shown), ("test", kept_back)):
            for number, (text, label) in enumerate(part):
                kind, stars = (("neg", 2), ("pos", 9))[label]
                member = tarfile.TarInfo(f"aclImdb/{split}/{kind}/{number}_{stars}.txt")
                member.size = len(text.encode())
                file.addfile(member, io.BytesIO(text.encode()))
    place_of("reviews").mkdir(parents=True)
    small = DataSet("small", "this test", "none", "reviews", len(shown), len(kept_back), 0.1)
    formats.write(small, {archive.name: archive}, place_of("reviews"))


def half_of_each(reviews: Told, count: int) -> Told:
    """Return the first reviews of each label, `count` in all."""
    return [each for label in (0, 1) for each in [pair for pair in reviews if pair[1] == label][: count // 2]]

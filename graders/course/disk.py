"""Report files that cannot be written, for example because the disk is full."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graders.errors import KataError


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError from writing one of a batch's files into a KataError that names the file."""
    try:
        yield
    except OSError as fault:
        raise KataError(
            f"{path}: {fault.strerror}, so it was not written. Fix that, and run the same command again to continue."
        ) from None

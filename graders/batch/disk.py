"""What is told of a disk that is full, or cannot be written to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graders.errors import KataError


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What the system says of a file of a batch while it is written, with the file's name. Raises KataError."""
    try:
        yield
    except OSError as fault:
        raise KataError(
            f"{path}: {fault.strerror}: it could not be written; mend that, and the same command goes on from here"
        ) from None

"""Writes reports to files atomically."""

from __future__ import annotations

import os
from pathlib import Path

from graders.atomic import replacing
from graders.errors import KataError


def check(output: Path) -> None:
    """Raise KataError if a file cannot be written. Call this before the slow work that produces the file's content."""
    if output.is_dir():
        raise KataError(f"{output}: this is a folder. Specify a file in it.")
    if not output.absolute().parent.is_dir():
        raise KataError(f"{output}: there is no folder {output.parent}. Create it, or choose another file.")


AGAIN = "The report was not written. Name another file."


def deliver(text: str, output: Path, remedy: str = AGAIN) -> None:
    """Write `text` with a newline at its end. If this raises KataError, the file is unchanged."""
    deliver_bytes((text if text.endswith("\n") else text + "\n").encode(), output, remedy)


def deliver_bytes(data: bytes, output: Path, remedy: str = AGAIN) -> None:
    """Write `data`. If this raises KataError, its message ends with `remedy`, and the file is unchanged."""
    check(output)
    try:
        if output.exists() and not output.is_file():  # a device or a pipe cannot be replaced
            output.write_bytes(data)
        else:
            _replace(data, output.resolve())
    except OSError as fault:
        raise KataError(f"{output}: {fault.strerror}. {remedy}") from None


def _replace(data: bytes, output: Path) -> None:
    with replacing(output) as file:
        file.write(data)
        mask = os.umask(0)
        os.umask(mask)
        os.fchmod(file.fileno(), 0o666 & ~mask)

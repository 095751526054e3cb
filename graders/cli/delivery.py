"""Writing a report to a file that is there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from graders.errors import KataError
from graders.files import replacing


def check(output: Path) -> None:
    """Raise KataError for a file that cannot be written, before anybody has waited for what goes into it."""
    if output.is_dir():
        raise KataError(f"{output}: a folder: name a file in it")
    if not output.absolute().parent.is_dir():
        raise KataError(f"{output}: there is no folder {output.parent}: make it, or name another file")


AGAIN = "the report was not written; name another file"


def deliver(text: str, output: Path, remedy: str = AGAIN) -> None:
    """Write `text`, closed by a newline. Raises KataError; then the file is what it was before."""
    deliver_bytes((text if text.endswith("\n") else text + "\n").encode(), output, remedy)


def deliver_bytes(data: bytes, output: Path, remedy: str = AGAIN) -> None:
    """Write `data`. Raises KataError, which ends with `remedy`; then the file is what it was before."""
    check(output)
    try:
        if output.exists() and not output.is_file():  # a device or a pipe is written to, never replaced
            output.write_bytes(data)
        else:
            _replace(data, output.resolve())
    except OSError as fault:
        raise KataError(f"{output}: {fault.strerror}: {remedy}") from None


def _replace(data: bytes, output: Path) -> None:
    with replacing(output) as file:
        file.write(data)
        mask = os.umask(0)
        os.umask(mask)
        os.fchmod(file.fileno(), 0o666 & ~mask)

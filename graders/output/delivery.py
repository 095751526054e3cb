"""Write reports to files atomically."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

from graders.atomic import replacing
from graders.errors import KataError


def check(output: Path) -> None:
    """Raise KataError if a file cannot be written. Call this before starting slow work on the content of the file."""
    if output.is_dir():
        raise KataError(f"{output}: this is a folder. Specify a file in it.")
    if not output.absolute().parent.is_dir():
        raise KataError(f"{output}: there is no folder {output.parent}. Create it, or choose another file.")


_MASK = threading.Lock()  # the mask can only be read by changing it, for all threads
AGAIN = "The report was not written. Name another file."


def deliver(text: str, output: Path, remedy: str = AGAIN) -> None:
    """Write a text that ends with a newline, which is added if it is missing. See `deliver_bytes`."""
    deliver_bytes((text if text.endswith("\n") else text + "\n").encode(), output, remedy)


def deliver_bytes(data: bytes, output: Path, remedy: str = AGAIN) -> None:
    """Write `data` to a file, or raise KataError, which ends with `remedy`, and leave the file unchanged."""
    check(output)
    try:
        if output.exists() and not output.is_file():  # a device or a pipe cannot be replaced
            output.write_bytes(data)
        else:
            target = output.resolve()
            with replacing(target) as file:
                file.write(data)
                os.fchmod(file.fileno(), _mode(target))
    except OSError as fault:
        raise KataError(f"{output}: {fault.strerror}. {remedy}") from None


def _mode(output: Path) -> int:
    """Return the permissions of the file that is replaced, or those that a new file gets."""
    try:
        return stat.S_IMODE(output.stat().st_mode)
    except FileNotFoundError:
        with _MASK:
            mask = os.umask(0)
            os.umask(mask)
        return 0o666 & ~mask

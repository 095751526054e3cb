"""Build the red team's submissions from the files in submissions/.

Many of them contain the same code: an honest answer, a report of what a search found, or messages on the worker's
channel. It is in submissions/parts. A submission names what it uses of a part in a line `from parts.… import …`, and
building replaces that line with the whole part, because a submission must not need more than its declared files.
"""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Mapping
from pathlib import Path

SUBMISSIONS = Path(__file__).parent / "submissions"
PARTS = SUBMISSIONS / "parts"
PART = re.compile(r"^from parts\.(\w+) import .*$", re.MULTILINE)


def names() -> list[str]:
    """Return the names of all submissions."""
    return sorted(folder.name for folder in SUBMISSIONS.iterdir() if folder != PARTS)


def build(name: str, folder: Path, replaced: Mapping[str, str] | None = None) -> Path:
    """Write a submission to a new folder, with some of its text replaced, and return the folder."""
    shutil.copytree(SUBMISSIONS / name, folder)
    for file in folder.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        for old, new in (replaced or {}).items():
            assert old in text
            text = text.replace(old, new)
        file.write_text(_with_parts(text), encoding="utf-8")
    return folder


def _with_parts(text: str) -> str:
    def whole(line: re.Match[str]) -> str:
        return _with_parts((PARTS / f"{line[1]}.py").read_text(encoding="utf-8"))

    return PART.sub(whole, text)


IN_A_LINE = """\
import array
import contextlib
import os
import re
import resource
import signal
import socket
import sys
import threading
import time
import unittest

from parts.batches import affine, honest
from parts.wire import PREFIX, asked, channel, message, send


def batch(W, x, b):
    z = honest(W, x, b)
{code}
    return z
"""


def build_in_a_line(code: str, folder: Path) -> Path:
    """Write a submission that answers honestly (`z` for a batch), but first runs this code for every batch."""
    folder.mkdir()
    text = IN_A_LINE.format(code=textwrap.indent(code, "    "))
    (folder / "affine.py").write_text(_with_parts(text), encoding="utf-8")
    return folder

"""Check that the folders are writable, that git is installed, and that the terminal uses UTF-8."""

from __future__ import annotations

import locale
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from graders.doctor import findings
from graders.doctor.findings import Finding

# This many megabytes must be free in the temporary folder, which holds submissions, pictures, and, without bubblewrap,
# the scratch folders of workers.
ROOM_MB = 200


def folders(root: Path | None) -> Iterator[Finding]:
    """Check that the harness can write temporary files, data sets and progress, and that learners can save files."""
    from graders.datasets.sources import cache
    from graders.learner.progress import default_path

    yield _writable(
        "temporary folder",
        Path(tempfile.gettempdir()),
        "Free some space, or set TMPDIR to another folder",
        findings.fault,
    )
    free = shutil.disk_usage(tempfile.gettempdir()).free >> 20
    if free < ROOM_MB:
        yield findings.fault(
            "temporary folder",
            f"{tempfile.gettempdir()}: {free} MB are free, but {ROOM_MB} MB are needed",
            "Free some space, or set TMPDIR to another folder",
        )
    yield _writable("data sets", cache(), "Set NN_KATAS_DATA to a folder that you can write to", findings.limited)
    yield _writable(
        "progress", default_path().parent, "Set NN_KATAS_PROGRESS to a file that you can write to", findings.limited
    )
    if root is not None:
        remedy = (
            f"chmod -R u+w '{root}', or clone the repository to a folder of your own; "
            "you can also grade another folder with --submission DIR"
        )
        yield _writable("your files", root / "katas", remedy, findings.limited)


def _writable(subject: str, folder: Path, remedy: str, otherwise: Callable[[str, str, str], Finding]) -> Finding:
    """Try to create a file in a folder or, if it does not exist, in the nearest existing folder above it."""
    near = folder
    while not near.exists() and near != near.parent:
        near = near.parent
    try:
        with tempfile.NamedTemporaryFile(dir=near, prefix=".katas-doctor-"):
            pass
    except OSError as fault:
        return otherwise(subject, f"{folder}: {fault.strerror}", remedy)
    return findings.ok(subject, str(folder))


def programs() -> Iterator[Finding]:
    """Check that git is installed."""
    if shutil.which("git") is None:
        yield findings.limited("git", "git is not installed: `katas reset` cannot read the stubs", "apt install git")
    else:
        yield findings.ok("git", str(shutil.which("git")))


def terminal() -> Iterator[Finding]:
    """Check that the terminal's encoding is UTF-8."""
    encoding = locale.getencoding()
    if encoding.lower().replace("-", "") == "utf8":
        yield findings.ok("terminal", f"{encoding}, TERM={os.environ.get('TERM', '')}")
    else:
        yield findings.limited(
            "terminal",
            f"the encoding is {encoding}: some symbols and letters in titles are replaced",
            "export LC_ALL=C.UTF-8",
        )

"""Take a submission from a commit in a local git repository, by reading blobs instead of checking out files.

The repository is not trusted, so the git commands run none of its hooks and fetch nothing.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from graders.catalogue import Kata
from graders.errors import KataError
from graders.intake import listing
from graders.intake.listing import FILE, FOLDER, Entry
from graders.intake.records import Submission
from graders.intake.rules import refuse

PREFIX = "git:"
LISTING_BYTES = 8 * 1024**2
PATIENCE_S = 60

_KINDS = {"040000": FOLDER, "100644": FILE, "100755": FILE, "100664": FILE, "120000": "a symbolic link"}
_LINE = re.compile(rb"(\d{6}) (\w+) ([0-9a-f]{40,64}) +(-|BAD|\d+)\t(.*)", re.DOTALL)


class Reference(NamedTuple):
    """A commit, a branch or a tag of a repository."""

    repository: Path
    revision: str


def parse(place: Path | str) -> Reference | None:
    """Parse a git reference, and return None for any other place.

    A reference is written as `git:REPO@REF`. The prefix may be left out if REPO is a folder and the whole text is not
    the name of a file. Raises KataError if the part before or after the `@` is missing.
    """
    if not isinstance(place, str):
        return None
    repository, _, revision = place.removeprefix(PREFIX).rpartition("@")
    if place.startswith(PREFIX):
        if not repository or not revision:
            raise KataError(f"{place}: not a git reference. Write git:REPO@REF, for example git:../katas@main.")
        return Reference(Path(repository), revision)
    if repository and revision and not os.path.lexists(place) and os.path.isdir(repository):
        return Reference(Path(repository), revision)
    return None


def resolve(reference: Reference) -> str:
    """Return the full hash of the commit. Raises KataError if the repository or the revision does not exist."""
    repository, revision = reference
    if not repository.is_dir():
        raise KataError(f"{repository}: there is no such repository on this machine. Clone it first, with git clone.")
    found = _git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found.returncode:
        errors = found.stderr.decode(errors="replace").strip().removeprefix("fatal: ").splitlines()
        reason = errors[0] if errors else f"it has no commit {revision}"
        raise KataError(f"{repository}@{revision}: {reason}. Specify a branch, a tag or a commit of a git repository.")
    return found.stdout.decode().strip()


def take(kata: Kata, reference: Reference) -> Submission:
    """Return the declared files in the tree of a commit."""
    commit = resolve(reference)
    listed = _git(reference.repository, "ls-tree", "-r", "-t", "-l", "-z", "--full-tree", commit, most=LISTING_BYTES)
    lines = [line for line in listed.stdout.split(b"\0") if line]
    if listed.returncode or len(lines) > listing.ENTRIES:
        what = "its files cannot be listed" if listed.returncode > 0 else f"it has more than {listing.ENTRIES} files"
        refuse(f"{reference.repository}@{reference.revision}", what, "Hand in a commit that contains only the katas.")
    return listing.take(kata, [entry(reference.repository, line) for line in lines])


def entry(repository: Path, line: bytes) -> Entry:
    """Parse a line of `git ls-tree -r -t -l -z`."""
    parts = _LINE.fullmatch(line)
    if parts is None:
        raise KataError(
            f"{repository}: git printed an entry that cannot be parsed, {line[:100]!r}. Check the "
            "repository with git fsck."
        )
    mode, _, name, size, path = parts.groups()
    what = "missing in this repository" if size == b"BAD" else kind(mode.decode())
    read = partial(_blob, repository, name.decode())
    return Entry(os.fsdecode(path), what, int(size) if size.isdigit() else 0, read)


def kind(mode: str) -> str:
    """Describe the kind of a tree entry in words, given its mode as six octal digits."""
    return _KINDS.get(mode, "a submodule" if mode == "160000" else "something else")


def _blob(repository: Path, name: str, most: int) -> bytes:
    return _git(repository, "cat-file", "blob", name, most=most).stdout


def _git(repository: Path, *words: str, most: int = 1 << 16) -> subprocess.CompletedProcess[bytes]:
    """Run git and read at most `most` bytes of its output.

    Git runs no programs from the repository and fetches nothing. The return code is negative if there was more output.
    """
    process = _started(repository, words)
    late = threading.Event()

    def stop() -> None:
        late.set()
        process.kill()

    # Git waits forever if one of the files in its own repository folder is a pipe.
    clock = threading.Timer(PATIENCE_S, stop)
    clock.start()
    try:
        out, errors, more = _answer(process, most)
    finally:
        clock.cancel()
    if late.is_set():
        raise KataError(f"{repository}: git did not answer within {PATIENCE_S} s. Check the repository with git fsck.")
    # Git may have ended before it could be killed, so its return code does not show whether there was more output.
    return subprocess.CompletedProcess(process.args, -signal.SIGKILL if more else process.returncode, out, errors)


def _started(repository: Path, words: Sequence[str]) -> subprocess.Popen[bytes]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    own = {
        "GIT_ALLOW_PROTOCOL": "",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }
    safe = [
        "-c",
        f"safe.directory={repository.resolve()}",
        "-c",
        "core.fsmonitor=false",
        "-c",
        "core.hooksPath=/dev/null",
    ]
    try:
        return subprocess.Popen(
            ["git", "-C", str(repository), *safe, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=kept | own | {"LC_ALL": "C"},
        )
    except FileNotFoundError:
        raise KataError("git is not installed, but it is needed to read a git reference. Install git.") from None


def _answer(process: subprocess.Popen[bytes], most: int) -> tuple[bytes, bytes, bool]:
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        out = process.stdout.read(most)
        more = bool(process.stdout.read(1))
        if more:
            process.kill()
        errors = process.stderr.read(4096)
    return out, errors, more

"""Intake from a commit of a git repository on this machine: blobs are read, nothing is checked out.

The repository may be a stranger's: none of its hooks is run by what is asked here, and nothing is fetched for it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
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
    """`git:REPO@REF`, or `REPO@REF` where REPO is a folder and the whole is none; None for any other place."""
    if not isinstance(place, str):
        return None
    repository, _, revision = place.removeprefix(PREFIX).rpartition("@")
    if place.startswith(PREFIX):
        if not repository or not revision:
            raise KataError(f"{place}: a git reference is written git:REPO@REF, as in git:../katas@main")
        return Reference(Path(repository), revision)
    if repository and revision and not os.path.lexists(place) and os.path.isdir(repository):
        return Reference(Path(repository), revision)
    return None


def resolve(reference: Reference) -> str:
    """The commit's full name. Raises KataError where the repository or the revision is none."""
    repository, revision = reference
    if not repository.is_dir():
        raise KataError(f"{repository}: there is no such repository on this machine; git clone it first")
    found = _git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found.returncode:
        said = found.stderr.decode(errors="replace").strip().removeprefix("fatal: ").splitlines()
        reason = said[0] if said else f"it has no commit {revision}"
        raise KataError(f"{repository}@{revision}: {reason}. Name a branch, a tag or a commit of a git repository.")
    return found.stdout.decode().strip()


def take(kata: Kata, reference: Reference) -> Submission:
    """The declared files in the tree of a commit."""
    commit = resolve(reference)
    listed = _git(reference.repository, "ls-tree", "-r", "-t", "-l", "-z", "--full-tree", commit, most=LISTING_BYTES)
    lines = [line for line in listed.stdout.split(b"\0") if line]
    if listed.returncode or len(lines) > listing.ENTRIES:
        what = "its files cannot be listed" if listed.returncode > 0 else f"it has more than {listing.ENTRIES} files"
        refuse(f"{reference.repository}@{reference.revision}", what, "Hand in a commit of the katas alone.")
    return listing.take(kata, [entry(reference.repository, line) for line in lines])


def entry(repository: Path, line: bytes) -> Entry:
    """A line of `git ls-tree -r -t -l -z`."""
    parts = _LINE.fullmatch(line)
    if parts is None:
        raise KataError(f"{repository}: git lists {line[:100]!r}, which cannot be read; check it with git fsck")
    mode, _, name, size, path = parts.groups()
    what = "missing in this repository" if size == b"BAD" else kind(mode.decode())
    read = partial(_blob, repository, name.decode())
    return Entry(os.fsdecode(path), what, int(size) if size.isdigit() else 0, read)


def kind(mode: str) -> str:
    """What an entry of a tree is, by its mode (octal, six digits)."""
    return _KINDS.get(mode, "a submodule" if mode == "160000" else "something else")


def _blob(repository: Path, name: str, most: int) -> bytes:
    return _git(repository, "cat-file", "blob", name, most=most).stdout


def _git(repository: Path, *words: str, most: int = 1 << 16) -> subprocess.CompletedProcess[bytes]:
    """A command of git, which runs no program of the repository's, fetches nothing, and says at most so many bytes.

    The status is negative where there was more to say.
    """
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
        process = subprocess.Popen(
            ["git", "-C", str(repository), *safe, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=kept | own | {"LC_ALL": "C"},
        )
    except FileNotFoundError:
        raise KataError("git is not installed, and a git reference is to be read: install it") from None
    late = threading.Event()

    def stop() -> None:
        late.set()
        process.kill()

    # Git waits for ever where one of the repository's own files is a pipe.
    clock = threading.Timer(PATIENCE_S, stop)
    clock.start()
    try:
        with process:
            assert process.stdout is not None
            assert process.stderr is not None
            out = process.stdout.read(most)
            more = bool(process.stdout.read(1))
            if more:
                process.kill()
            said = process.stderr.read(4096)
    finally:
        clock.cancel()
    if late.is_set():
        raise KataError(f"{repository}: git did not answer within {PATIENCE_S} s; check the repository with git fsck")
    # It may have said all, and ended by itself, before it could be killed.
    return subprocess.CompletedProcess(process.args, -signal.SIGKILL if more else process.returncode, out, said)

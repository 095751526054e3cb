"""Take a submission from a commit in a local git repository, by reading blobs instead of checking out files.

The repository is not trusted, so the git commands run none of its hooks and fetch nothing.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from pathlib import Path
from typing import NamedTuple

from graders import environment
from graders.catalogue import Kata
from graders.errors import KataError
from graders.intake import listing
from graders.intake.listing import FILE, FOLDER, Entry
from graders.intake.records import Submission
from graders.intake.rules import refuse

LISTING_BYTES = 8 * 1024**2
PATIENCE_S = 60

_KINDS = {"040000": FOLDER, "120000": "a symbolic link", "160000": "a submodule"}
_KINDS |= dict.fromkeys(("100644", "100755", "100664"), FILE)
ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
}
LINE = re.compile(rb"(\d{6}) (\w+) ([0-9a-f]{40,64}) +(-|BAD|\d+)\t(.*)", re.DOTALL)


class Reference(NamedTuple):
    """A commit, a branch or a tag of a repository."""

    repository: Path
    revision: str


def parse(place: str) -> Reference | None:
    """Parse `git:REPO@REF`, or `REPO@REF` if REPO is a folder, and return None for any other place.

    Raises KataError if the part before or after the `@` is missing.
    """
    repository, _, revision = place.removeprefix("git:").rpartition("@")
    if place.startswith("git:"):
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
    return listing.take(kata, [_entry(reference.repository, line) for line in lines])


def _entry(repository: Path, line: bytes) -> Entry:
    """Parse a line of `git ls-tree -r -t -l -z`."""
    parts = LINE.fullmatch(line)
    if parts is None:
        said = f"git printed an entry that cannot be parsed, {line[:100]!r}"
        raise KataError(f"{repository}: {said}. Check the repository with git fsck.")
    mode, _, name, size, path = parts.groups()
    what = "missing in this repository" if size == b"BAD" else kind(mode.decode())

    def read(most: int) -> bytes:
        return _git(repository, "cat-file", "blob", name.decode(), most=most).stdout

    return Entry(os.fsdecode(path), what, int(size) if size.isdigit() else 0, read)


def kind(mode: str) -> str:
    """Describe the kind of a tree entry in words, given its mode as six octal digits."""
    return _KINDS.get(mode, "something else")


def _git(repository: Path, *words: str, most: int = 1 << 16) -> subprocess.CompletedProcess[bytes]:
    """Run git and read at most `most` bytes of its output.

    Git runs no programs from the repository and fetches nothing. The return code is negative if there was more output.
    """
    safe = (f"safe.directory={repository.resolve()}", "core.fsmonitor=false", "core.hooksPath=/dev/null")
    try:
        process = subprocess.Popen(
            ["git", "-C", str(repository), *(word for each in safe for word in ("-c", each)), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment.of_git(os.environ) | ENVIRONMENT,
        )
    except FileNotFoundError:
        raise KataError("git is not installed, but it is needed to read a git reference. Install git.") from None
    late = threading.Event()

    def stop() -> None:
        late.set()
        process.kill()

    clock = threading.Timer(PATIENCE_S, stop)  # git waits forever if one of the files in its own folder is a pipe
    clock.start()
    try:
        with process:
            assert process.stdout is not None
            assert process.stderr is not None
            out, more = process.stdout.read(most), process.stdout.read(1)
            if more:
                process.kill()
            errors = process.stderr.read(4096)
    finally:
        clock.cancel()
    if late.is_set():
        raise KataError(f"{repository}: git did not answer within {PATIENCE_S} s. Check the repository with git fsck.")
    # Git may have ended before it could be killed, so its return code does not show whether there was more output.
    return subprocess.CompletedProcess(words, -signal.SIGKILL if more else process.returncode, out, errors)

"""A kata's files and its blank verdict, which a judge reads once and keeps until a file changes."""

from __future__ import annotations

import contextlib
import datetime
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from graders import catalogue, intake
from graders.catalogue import Kata, manifest
from graders.catalogue.paths import HARNESS, SHIPPED
from graders.catalogue.stubs import handed_out
from graders.errors import KataError
from graders.verdict import Verdict

_OF_KATAS = (str(HARNESS / "hidden"), str(SHIPPED))
STUB = b"raise NotImplementedError"
_RETURN = re.compile(rb"(^|[:;])[ \t]*return\b", re.MULTILINE)

NOTHING_YET = "handed out: nothing to grade yet"


def named(kata: Kata) -> str:
    """Return the paths of the files that a learner writes for a kata, for a message."""
    return " and ".join(f"katas/{kata.slug}/{name}" for name in kata.named_files)


def do_first(kata: Kata, why: str) -> str:
    """Return the message that an earlier kata comes first."""
    return f"Do {kata.slug} first: {why}"


@dataclass(frozen=True)
class CachedKata:
    """A kata and its files, cached until one of the files changes. `blank` is the verdict before anything runs.

    `suite` has the names of its tests, read from the files.
    `solution` includes `earlier`, the solutions' files for the katas that this kata builds on.
    """

    signature: str
    kata: Kata
    blank: Verdict
    suite: tuple[str, ...]
    solution: dict[str, bytes]
    supplied: dict[str, bytes]
    earlier: dict[str, bytes]
    _stubs: dict[str, dict[str, bytes] | None] = field(default_factory=dict)

    @classmethod
    def read(cls, root: Path, slug: str) -> CachedKata:
        kata = catalogue.load(root, slug)
        for each in (*kata.earlier, kata):
            manifest.check_current(each)
        supplied = {file.name: file.data for file in intake.supplied(kata)}
        signed, blank, suite = kata_signature(kata), _blank_verdict(kata), kata.suite_tests()
        earlier = intake.shipped_earlier(kata)
        return cls(signed, kata, blank, suite, earlier | intake.shipped(kata, kata.solution), supplied, earlier)

    def stubs(self, kata: Kata) -> dict[str, bytes] | None:
        """Return the learner's files for this kata or an earlier one as they were handed out, or None if unknown.

        They are read from git once.
        """
        if kata.slug not in self._stubs:
            try:
                self._stubs[kata.slug] = handed_out(kata)
            except KataError:
                self._stubs[kata.slug] = None
        return self._stubs[kata.slug]

    def new_verdict(self, seed: bytes, require_extras: bool | None) -> Verdict:
        """Return a verdict with the current time and nothing graded. If `require_extras` is None, kata.toml decides."""
        graded_at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        required = self.kata.require_extras if require_extras is None else require_extras
        return msgspec.structs.replace(self.blank, seed=seed.hex(), graded_at=graded_at, require_extras=required)

    def unfinished(self, taken: intake.Submission, *, own: bool) -> tuple[str, str]:
        """Return an earlier kata to do first, and why: its files are missing or unchanged. Both are empty otherwise.

        `own` says that the files are the repository's own, so that its folders do not show what was handed out.
        """
        earlier = {each.kata: each.files for each in taken.earlier}
        for other in self.kata.earlier:
            files = {file.name: file.data for file in earlier.get(other.slug, ())}
            missing = [name for name in other.named_files if name not in files]
            if missing:
                return other.slug, do_first(other, f"katas/{other.slug}/{missing[0]} is missing")
            if any(STUB in data for data in files.values()) and self._is_handed_out(other, files, own=own):
                names = named(other)
                what = "is still the stub, as it was" if len(files) == 1 else "are still the stubs, as they were"
                return other.slug, do_first(other, f"{names} {what} {NOTHING_YET}")
        return "", ""

    def _is_handed_out(self, other: Kata, files: Mapping[str, bytes], *, own: bool) -> bool:
        """Return whether these files are the stubs.

        Without git's history, they are if nothing in them returns a value. The judge does not parse a stranger's files.
        """
        if not own and files == intake.shipped(other, other.folder):
            return True
        stubs = self.stubs(other)
        return files == stubs if stubs else not any(_RETURN.search(data) for data in files.values())


def _blank_verdict(kata: Kata) -> Verdict:
    """Return a verdict with everything that is known about a kata before anything runs."""
    return Verdict(
        kata=kata.slug,
        title=kata.title,
        status="error",
        kata_digest=kata.kata_digest(),
        suite_digest=kata.suite_digest(),
        hidden_detail=kata.hidden_detail,
        limits=kata.limits,
    )


def kata_signature(kata: Kata) -> str:
    """Return a value that changes with the kata's files.

    It ignores the learner's files, because each request reads them.
    """

    def own(path: str) -> bool:
        name = os.path.relpath(path, kata.folder)
        return kata.declares(name.replace(os.sep, "/")) or os.path.basename(name).startswith((".", "#"))

    earlier = "".join(kata_signature(other) for other in kata.earlier)
    return f"{signature(kata.folder, without=own)} {signature(kata.solution, kata.hidden)}{earlier}"


def signature(*folders: Path, without: Callable[[str], bool] = lambda _: False) -> str:
    """Return a value that changes with the files' paths, sizes or times. Reading the contents would take too long.

    Of the harness, hidden tests and shipped katas are left out, because they belong to katas.
    """
    found, waiting = [], [os.fspath(folder) for folder in folders]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != "__pycache__" and os.path.dirname(entry.path) not in _OF_KATAS:
                        waiting.append(entry.path)
                elif not entry.name.endswith("~") and not without(entry.path):
                    with contextlib.suppress(OSError):  # a link to nowhere, such as an editor's lock
                        status = entry.stat()
                        found.append((entry.path, status.st_size, status.st_mtime_ns, status.st_ino))
    return str(hash(tuple(sorted(found))))

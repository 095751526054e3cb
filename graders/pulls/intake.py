"""The first job: which request is meant, which katas it changes, and their declared files, blob by blob.

Nothing of the request's tree is checked out, run or believed: names, sizes and kinds are the server's, contents are
compared with their digest, and which katas there are and what they declare is read from the default branch.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from graders import catalogue
from graders.catalogue import Kata
from graders.errors import IntakeError, KataError
from graders.intake import Submission, git, listing
from graders.intake.listing import FOLDER, Entry
from graders.intake.rules import printable
from graders.pulls.api import Missing, Repository, ServerError
from graders.pulls.records import Intake, Pull, Taken

CHANGED_FILES = 300  # a request that changes more is refused
KATAS = 20  # one that changes more katas too
REQUEST_BYTES = 64 * 1024**2  # of all declared files together
OPEN_PULLS = 300  # of one branch: those looked at
BESIDE_SHOWN = 20
_COMMIT = re.compile(r"[0-9a-f]{40}")


def take(server: Repository, root: Path, event: Any) -> Intake | None:
    """What a workflow_run event's request hands in; None where there is no open request with that very commit."""
    pull = find(server, event)
    if pull is None:
        return None
    changed = _changed(server, pull)
    if changed is None:
        said = f"it changes more than {CHANGED_FILES} files. Hand in the files of the katas alone."
        return Intake(pull=pull, refused=said)
    katas = {slug: catalogue.load(root, slug, complete=False) for slug in catalogue.slugs(root)}
    touched = list(dict.fromkeys(slug for names in changed for slug in _touched(names, katas)))
    if len(touched) > KATAS:
        return Intake(pull=pull, refused=f"it changes more than {KATAS} katas. Hand in fewer at a time.")
    if not touched:
        return None
    tree = Tree(server, pull.commit)
    taken = tuple(_taken(tree, katas[slug], changed) for slug in touched)
    files = [file for each in taken if each.submission for file in each.submission.files]
    if sum(len(file.data) for file in files) > REQUEST_BYTES:
        return Intake(
            pull=pull, refused=f"its files are larger than {REQUEST_BYTES // 1024**2} MB. Hand in less at once."
        )
    return Intake(pull=pull, taken=taken, beside=_beside(changed, katas))


def find(server: Repository, event: Any) -> Pull | None:
    """The open request whose head is the commit that the event is about.

    The event of a fork's request names no request, so it is looked for by its branch; it must be of the same
    repository, stand at the same commit, and want to go into the default branch. Raises KataError for another event.
    """
    run = _field(event, "workflow_run", dict)
    commit, branch = _field(run, "head_sha", str), _field(run, "head_branch", str)
    if _field(run, "event", str) != "pull_request":
        raise KataError("the event is not about a pull request's run; nothing is graded")
    if not _COMMIT.fullmatch(commit):
        raise KataError("the event names no commit; nothing is graded")
    head = _field(run, "head_repository", dict)
    owner, identity = _field(_field(head, "owner", dict), "login", str), _field(head, "id", int)
    default = _field(_field(event, "repository", dict), "default_branch", str)
    for each in server.pages("pulls", OPEN_PULLS, state="open", head=f"{owner}:{branch}"):
        theirs, ours = _field(each, "head", dict), _field(each, "base", dict)
        same = (theirs.get("repo") or {}).get("id") == identity and theirs.get("sha") == commit
        if same and ours.get("ref") == default and each.get("state") == "open":
            return Pull(number=_field(each, "number", int), commit=commit)
    return None


def still_at(server: Repository, pull: Pull) -> bool:
    """Whether the request is open and its head is still the commit that was pinned."""
    now = server.get(f"pulls/{pull.number}")
    return bool(now.get("state") == "open" and _field(now, "head", dict).get("sha") == pull.commit)


def _changed(server: Repository, pull: Pull) -> list[tuple[str, ...]] | None:
    """For every changed file its names, the present one first; None where there are too many."""
    if _field(server.get(f"pulls/{pull.number}"), "changed_files", int) > CHANGED_FILES:
        return None
    found = []
    for file in server.pages(f"pulls/{pull.number}/files", CHANGED_FILES + 1):
        before = file.get("previous_filename")
        found.append((_field(file, "filename", str), *([before] if isinstance(before, str) else [])))
    return found if len(found) <= CHANGED_FILES else None


def _touched(names: Iterable[str], katas: dict[str, Kata]) -> list[str]:
    """The katas of which one of these names is a declared file."""
    parts = [name.split("/", 2) for name in names]
    return [
        slug for top, slug, name in (each for each in parts if len(each) == 3)
        if top == "katas" and slug in katas and katas[slug].declares(name)
    ]  # fmt: skip


def _beside(changed: list[tuple[str, ...]], katas: dict[str, Kata]) -> tuple[str, ...]:
    names = [names[0] for names in changed if not _touched(names[:1], katas)]
    more = [f"… and {len(names) - BESIDE_SHOWN} more"] if len(names) > BESIDE_SHOWN else []
    return (*map(printable, names[:BESIDE_SHOWN]), *more)


def _taken(tree: Tree, kata: Kata, changed: list[tuple[str, ...]]) -> Taken:
    try:
        submission = listing.take(kata, tree.below("katas", kata.slug))
    except IntakeError as fault:
        return Taken(kata=kata.slug, refused=str(fault))
    # What lies beside them in the kata's folder is the kata's own, or is named as changed beside it.
    submission = msgspec.structs.replace(submission, ignored=())
    return Taken(kata=kata.slug, submission=submission, moved=_moved(kata, submission, changed))


def _moved(kata: Kata, submission: Submission, changed: list[tuple[str, ...]]) -> str:
    """Where the request has moved the files that are missing, in a sentence."""
    missing = {f"katas/{kata.slug}/{name}" for name in submission.missing}
    moves = [f"{before} to {printable(now)}" for now, *former in changed for before in former if before in missing]
    return f"The request renames {', '.join(moves)}: rename it back." if moves else ""


class Tree:
    """The files of a commit, as the server lists them."""

    def __init__(self, server: Repository, commit: str) -> None:
        self.server = server
        self.commit = commit

    def below(self, *folders: str) -> list[Entry]:
        """All that is below a folder, by names relative to it; nothing where there is no such folder."""
        name = self.commit
        for depth, folder in enumerate(folders, start=1):
            entry = next((each for each in self._listed(name) if each.get("path") == folder), None)
            if entry is None:
                return []
            kind = git.kind(_field(entry, "mode", str))
            if kind != FOLDER:
                path = "/".join(folders[:depth])
                raise IntakeError(f"{path}: it is {kind}, not a folder. Put a folder in its place.")
            name = _digest(entry)
        return [self._entry(each) for each in self._listed(name, recursive=1)]

    def _listed(self, name: str, **query: int) -> list[Any]:
        try:
            answer = self.server.get(f"git/trees/{name}", **query)
        except Missing:
            raise IntakeError(f"{self.commit}: the server has no such commit any more. Push it again.") from None
        entries: list[Any] = _field(answer, "tree", list)
        if answer.get("truncated") or len(entries) > listing.ENTRIES:
            raise IntakeError(
                f"katas/: a folder in it holds more than {listing.ENTRIES} files. Remove what is no kata's."
            )
        return entries

    def _entry(self, entry: Any) -> Entry:
        kind = git.kind(_field(entry, "mode", str))
        size = 0 if kind == FOLDER else int(entry.get("size") or 0)
        return Entry(listing.checked_name(_field(entry, "path", str)), kind, size, partial(self._blob, _digest(entry)))

    def _blob(self, digest: str, most: int) -> bytes:
        answer = self.server.get(f"git/blobs/{digest}")
        try:
            data = base64.b64decode(_field(answer, "content", str))
        except (binascii.Error, ValueError):
            raise ServerError(f"git/blobs/{digest}: the server's answer is no base64") from None
        if hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest() != digest:
            raise ServerError(f"git/blobs/{digest}: the server's answer is another blob")
        return data[:most]


def _digest(entry: Any) -> str:
    digest: str = _field(entry, "sha", str)
    if not _COMMIT.fullmatch(digest):
        raise ServerError("an entry of a tree has no digest")
    return digest


def _field(record: Any, name: str, kind: type[Any]) -> Any:
    """A field of what the server said. Raises ServerError where it is missing or something else."""
    value = record.get(name) if isinstance(record, dict) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ServerError(f"the server says nothing of {name}, where {kind.__name__} is expected")
    return value


def event_in(path: Path) -> Any:
    """The event that started the workflow, as the runner wrote it down."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as fault:
        raise KataError(f"{path}: the event cannot be read ({fault})") from None

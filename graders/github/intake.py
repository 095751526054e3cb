"""The first job, which finds the pull request and takes the declared files of the katas that it changes.

Nothing in the request's tree is checked out, run or trusted. The names, sizes and kinds of files come from the server,
and the contents are compared with their digests. The katas and the lists of their files come from the default branch.
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

from graders import catalogue, intake
from graders.catalogue import Kata
from graders.errors import IntakeError, KataError
from graders.github.api import NotFound, Repository, ServerError
from graders.github.records import Intake, Pull, Taken
from graders.intake import Submission, git, listing
from graders.intake.listing import FOLDER, Entry
from graders.intake.rules import printable

CHANGED_FILES = 300  # a request that changes more files is refused
KATAS = 20  # a request that changes more katas is also refused
REQUEST_BYTES = 64 * 1024**2  # the limit for all declared files together
OPEN_PULLS = 300  # search at most this many requests from a branch
BESIDE_SHOWN = 20
_COMMIT = re.compile(r"[0-9a-f]{40}")


def take(server: Repository, root: Path, event: Any) -> Intake | None:
    """Return the files that an event's pull request submits, or None if it is not open or changes no kata."""
    pull = find(server, event)
    if pull is None:
        return None
    changed = _changed(server, pull)
    if changed is None:
        said = f"it changes more than {CHANGED_FILES} files. Hand in only the files of the katas."
        return Intake(pull=pull, refused=said)
    katas = {slug: catalogue.load(root, slug, complete=False) for slug in catalogue.slugs(root)}
    touched = list(dict.fromkeys(slug for names in changed for slug in _touched(names, katas)))
    if len(touched) > KATAS:
        return Intake(pull=pull, refused=f"it changes more than {KATAS} katas. Hand in fewer at a time.")
    if not touched:
        return None
    tree = Tree(server, pull.commit)
    taken = tuple(_taken(tree, katas[slug], changed) for slug in touched)
    files = [data for each in taken if each.submission for data in each.submission.stored.values()]
    if sum(map(len, files)) > REQUEST_BYTES:
        said = f"its files are larger than {REQUEST_BYTES // 1024**2} MB. Hand in fewer or smaller files."
        return Intake(pull=pull, refused=said)
    return Intake(pull=pull, taken=taken, beside=_beside(changed, katas))


def find(server: Repository, event: Any) -> Pull | None:
    """Return the open pull request whose head is the event's commit, or None if no such request exists.

    If the request comes from a fork, the event does not name it, so search for it by its branch. The request must come
    from the repository that the event names, and target the default branch. Raises KataError if the event is not about
    a pull request.
    """
    run = _field(event, "workflow_run", dict)
    commit, branch = _field(run, "head_sha", str), _field(run, "head_branch", str)
    if _field(run, "event", str) != "pull_request":
        raise KataError("the event is not for a pull request run; nothing is graded")
    if not _COMMIT.fullmatch(commit):
        raise KataError("the event names no commit; nothing is graded")
    head = _field(run, "head_repository", dict)
    owner, identity = _field(_field(head, "owner", dict), "login", str), _field(head, "id", int)
    default = _field(_field(event, "repository", dict), "default_branch", str)
    for each in server.pages("pulls", OPEN_PULLS, state="open", head=f"{owner}:{branch}"):
        head, base = _field(each, "head", dict), _field(each, "base", dict)
        same = (head.get("repo") or {}).get("id") == identity and head.get("sha") == commit
        if same and base.get("ref") == default and each.get("state") == "open":
            return Pull(number=_field(each, "number", int), commit=commit)
    return None


def still_at(server: Repository, pull: Pull) -> bool:
    """Return whether the request is open and its head is still the pinned commit."""
    now = server.get(f"pulls/{pull.number}")
    return bool(now.get("state") == "open" and _field(now, "head", dict).get("sha") == pull.commit)


def _changed(server: Repository, pull: Pull) -> list[tuple[str, ...]] | None:
    """Return each changed file's name and, if it was renamed, its earlier name, or None if too many changed."""
    if _field(server.get(f"pulls/{pull.number}"), "changed_files", int) > CHANGED_FILES:
        return None
    found = []
    for file in server.pages(f"pulls/{pull.number}/files", CHANGED_FILES + 1):
        before = file.get("previous_filename")
        found.append((_field(file, "filename", str), *([before] if isinstance(before, str) else [])))
    return found if len(found) <= CHANGED_FILES else None


def _touched(names: Iterable[str], katas: dict[str, Kata]) -> list[str]:
    """Return the slugs of the katas that declare one of these files."""
    parts = [each for each in (name.split("/", 2) for name in names) if len(each) == 3 and each[0] == "katas"]
    return [slug for _, slug, name in parts if slug in katas and katas[slug].declares(name)]


def _beside(changed: list[tuple[str, ...]], katas: dict[str, Kata]) -> tuple[str, ...]:
    names = [names[0] for names in changed if not _touched(names[:1], katas)]
    more = [f"… and {len(names) - BESIDE_SHOWN} more"] if len(names) > BESIDE_SHOWN else []
    return (*map(printable, names[:BESIDE_SHOWN]), *more)


def _taken(tree: Tree, kata: Kata, changed: list[tuple[str, ...]]) -> Taken:
    try:
        submission = intake.with_earlier(kata, tree.submission(kata), tree.submission)
    except IntakeError as fault:
        return Taken(kata=kata.slug, refused=str(fault))
    missing = {f"katas/{kata.slug}/{name}" for name in submission.missing}
    moves = [f"{before} to {printable(now)}" for now, *former in changed for before in former if before in missing]
    moved = f"The request renames {', '.join(moves)}: rename it back." if moves else ""
    # Other files in the folder belong to the kata itself, or are listed in `Intake.beside`.
    return Taken(kata=kata.slug, submission=msgspec.structs.replace(submission, ignored=()), moved=moved)


class Tree:
    """The files of a commit, as the server lists them."""

    def __init__(self, server: Repository, commit: str) -> None:
        self.server = server
        self.commit = commit

    def submission(self, kata: Kata) -> Submission:
        """Return the declared files in katas/<slug>/, which may not exist."""
        name = self.commit
        path = ""
        for folder in ("katas", kata.slug):
            path += f"/{folder}"
            entry = next((each for each in self._listed(name) if each.get("path") == folder), None)
            if entry is None:
                return listing.take(kata, [])
            kind = git.kind(_field(entry, "mode", str))
            if kind != FOLDER:
                raise IntakeError(f"{path[1:]}: it is {kind}, not a folder. Put a folder in its place.")
            name = _digest(entry)
        return listing.take(kata, [self._entry(each) for each in self._listed(name, recursive=1)])

    def _listed(self, name: str, **query: int) -> list[Any]:
        try:
            answer = self.server.get(f"git/trees/{name}", **query)
        except NotFound:
            raise IntakeError(f"{self.commit}: the server no longer has this commit. Push it again.") from None
        entries: list[Any] = _field(answer, "tree", list)
        if answer.get("truncated") or len(entries) > listing.ENTRIES:
            said = f"a folder in it holds more than {listing.ENTRIES} files. Remove those that belong to no kata."
            raise IntakeError(f"katas/: {said}")
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
            raise ServerError(f"git/blobs/{digest}: the server's answer is not base64") from None
        if hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest() != digest:
            raise ServerError(f"git/blobs/{digest}: the server's answer is a different blob")
        return data[:most]


def _digest(entry: Any) -> str:
    digest: str = _field(entry, "sha", str)
    if not _COMMIT.fullmatch(digest):
        raise ServerError("an entry of a tree has no digest")
    return digest


def _field(record: Any, name: str, kind: type[Any]) -> Any:
    value = record.get(name) if isinstance(record, dict) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ServerError(f"the server's answer has no field {name} of type {kind.__name__}")
    return value


def event_in(path: Path) -> Any:
    """Read the event that started the workflow. Raises KataError if the file cannot be read."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as fault:
        raise KataError(f"{path}: the workflow's event cannot be read ({fault})") from None

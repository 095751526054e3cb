"""Collect one private repository for each student: the last push until a moment, as a .zip with its time.

The archive's comment says which commit it holds, so that a second call fetches only what is new, even if the first one
was killed. Links stay links in it, as `grade-batch` reads archives without unpacking them and names a link as such.
"""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from graders.atomic import folder_lock, replacing
from graders.errors import IntakeError, KataError
from graders.github.api import NotFound, Repository
from graders.intake import archive, listing
from graders.intake.git import LINE, LISTING_BYTES, kind
from graders.intake.listing import FILE
from graders.intake.rules import DATA_BYTES, printable
from graders.verdict import Record
from katas_course.downloads import as_time
from katas_course.platforms.platform import RosterEntry
from katas_course.remotes import Git, GitServer, Unavailable

FEEDBACK = "refs/heads/katas-feedback"  # what `katas handback` writes, unless its --branch names another one
BRANCHES = 20  # look at most at this many others
PUSHES = 2_000  # read at most this many from the server's record of a branch
TOTAL_BYTES = archive.ARCHIVE_BYTES - 8 * 1024**2  # of the files in an archive, which are not compressed
FETCHING = ".fetching-"
AT_ONCE = 8  # repositories
LOGINS = ("github", "login")  # the systems of a roster's ids that can be in an address
LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_PLACE = re.compile(r"\{([^{}]*)\}")
_COMMIT = re.compile(r"[0-9a-f]{40}")


class Collected(Record, frozen=True, kw_only=True):
    """What an archive holds: a commit of a branch at an address, and a time in UTC with its source.

    The source is the server's record of pushes, or the commit itself, whose author can set any date. `head` and `until`
    say what this was chosen from. `login` is the one in the address, if there is any.
    """

    address: str
    branch: str
    commit: str
    time: str
    source: Literal["push", "commit"]
    head: str
    until: str
    login: str = ""


def addresses(pattern: str, entries: Sequence[RosterEntry]) -> dict[str, str | Unavailable]:
    """Return the address of each person's repository, or why there is none. Raises KataError for a wrong pattern."""
    fields = sorted(set(_PLACE.findall(pattern)))
    if not fields or not {*fields} <= {"id", *LOGINS}:
        raise KataError(f"--from {pattern}: put the person's login into it, as {{github}}, {{login}} or {{id}}.")
    found: dict[str, str | Unavailable] = {}
    owners: dict[str, str] = {}
    for entry in entries:
        values = {"id": entry.id, **dict(entry.ids)}
        lacking = [name for name in fields if not LOGIN.fullmatch(values.get(name, ""))]
        if lacking or "/" in entry.id or entry.id.startswith("."):
            what = f"its {lacking[0]} is {'not one' if values.get(lacking[0]) else 'missing'}" if lacking else ""
            found[entry.id] = Unavailable(f"{what or 'its id cannot name a file'} in the roster", "missing")
            continue
        address = pattern
        for name in fields:
            address = address.replace(f"{{{name}}}", values[name])
        if (other := owners.setdefault(address.casefold(), entry.id)) != entry.id:
            raise KataError(f"{other} and {entry.id} have the same repository, {address}. Correct the roster.")
        found[entry.id] = address
    return found


def logins(pattern: str, entries: Sequence[RosterEntry]) -> dict[str, str]:
    """Return the login of each person whose address has it."""
    systems = [system for system in LOGINS if f"{{{system}}}" in pattern]
    return {entry.id: value for entry in entries for system, value in entry.ids if system in systems}


class Collector:
    """Collects into a folder: submissions/PERSON.zip, and times.csv for `grade-batch --times`.

    `absent` maps people to why nothing was collected, `notes` to what was left out. `by_commit` are those whose time is
    that of a commit. `logins` maps people to the logins in their addresses. `before` maps people to the other address
    that an earlier call has collected from.
    """

    def __init__(self, server: GitServer, out: Path, until: str, branch: str, logins: Mapping[str, str]) -> None:
        self.server, self.out, self.until, self.branch, self.logins = server, out, until, branch, logins
        self.submissions, self.times = out / "submissions", out / "times.csv"
        self.git = Git(server)
        self.new: list[str] = []
        self.same: list[str] = []
        self.absent: dict[str, Unavailable] = {}
        self.notes: dict[str, str] = {}
        self.by_commit: list[str] = []
        self.before: dict[str, str] = {}

    def run(self, found: dict[str, str | Unavailable], on_progress: Callable[[], None]) -> None:
        """Collect everyone's repository, several at once. What is finished stays if this is interrupted."""
        for folder in (self.out, self.submissions):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.absent |= {person: why for person, why in found.items() if isinstance(why, Unavailable)}
        wanted = {person: address for person, address in found.items() if isinstance(address, str)}
        with folder_lock(self.out), ExitStack() as leaving:
            known = {person: read(self.archive_of(person)) for person in wanted}
            self.before = {who: each.address for who, each in known.items() if each and each.address != wanted[who]}
            for left in self.out.glob(f"{FETCHING}*"):  # by a call that was killed
                shutil.rmtree(left)
            place = leaving.enter_context(tempfile.TemporaryDirectory(dir=self.out, prefix=FETCHING))
            pool = ThreadPoolExecutor(AT_ONCE)
            try:
                running = {pool.submit(self._collect, *each, Path(place)): each[0] for each in wanted.items()}
                for done in as_completed(running):
                    self._note(running[done], done)
                    on_progress()
            finally:
                self.git.stop()
                pool.shutdown(cancel_futures=True)
                self._write_times()

    def _note(self, person: str, done: Future[tuple[bool, Collected, str]]) -> None:
        try:
            is_new, record, note = done.result()
        except KataError as fault:
            self.absent[person] = fault if isinstance(fault, Unavailable) else Unavailable(str(fault))
            known = read(self.archive_of(person))
            # It is from another repository, or an earlier call had a later --until.
            if known and (person in self.before or (self.until and known.time > self.until)):
                self.archive_of(person).unlink()
            return
        (self.new if is_new else self.same).append(person)
        self.by_commit += [person] if record.source == "commit" else []
        self.notes |= {person: note} if note else {}

    def archive_of(self, person: str) -> Path:
        return self.submissions / f"{person}.zip"

    # ------------------------------------------------------------------------------------ one repository

    def _collect(self, person: str, address: str, place: Path) -> tuple[bool, Collected, str]:
        """Collect a repository if it has something new. Return whether it has, what it is, and what was left out."""
        target = self.archive_of(person)
        known = read(target)
        with tempfile.TemporaryDirectory(dir=place) as name:
            folder = Path(name)
            branch, head, heads = self._head(address, folder)
            newer = self._newer(address, branch, head, heads, folder)
            pushed = self._last_push(address, branch)
            if known and (known.address, known.branch) == (address, branch):
                by_commit = (known.source, known.head, known.until) == ("commit", head, self.until)
                if (known.commit, known.time) == pushed or (by_commit and not pushed):
                    return False, known, newer
            self.git.create(folder)
            self.git.fetch(folder, address, pushed[0] if pushed else head, whole=not pushed and bool(self.until))
            commit, time = pushed or self._last_commit(head, folder)
            if known and (known.address, known.branch, known.commit, known.time) == (address, branch, commit, time):
                return False, known, newer  # another --until has found the same commit
            source: Literal["push", "commit"] = "push" if pushed else "commit"
            record = Collected(
                address=address,
                branch=branch,
                commit=commit,
                time=time,
                source=source,
                head=head,
                until=self.until,
                login=self.logins.get(person, ""),
            )
            return True, record, "; ".join(filter(None, (self._pack(commit, folder, target, record), newer)))

    def _head(self, address: str, folder: Path) -> tuple[str, str, dict[str, str]]:
        """Return the branch that counts, by default that of HEAD, its newest commit, and those of all branches."""
        ref = f"refs/heads/{self.branch}" if self.branch else "HEAD"
        head, branch, heads = self.git.newest(folder, address, ref)
        if not head:
            what = f"it has no branch {self.branch}" if self.branch else "nothing has been pushed yet"
            raise Unavailable(what, "empty")
        return ref if self.branch else branch, head, heads

    def _newer(self, address: str, branch: str, head: str, heads: dict[str, str], folder: Path) -> str:
        """Say that another branch has a commit with a later date that counts, or return an empty string."""
        others = {commit: name for name, commit in sorted(heads.items()) if name not in (branch, FEEDBACK)}
        others.pop(head, None)
        commits = [head, *others][: BRANCHES + 1]
        if not others:
            return ""
        with suppress(Unavailable), tempfile.TemporaryDirectory(dir=folder) as name:
            place = Path(name)
            self.git.create(place)
            self.git.fetch(place, address, *commits)
            words = self.git.run(place, "rev-list", "--no-walk", "--timestamp", *commits, most=1024**2).decode().split()
            times = [as_time(float(each)) for each in words[::2]]
            dated = dict(zip(words[1::2], times, strict=True))
            late = {each for each in others if self.until and dated.get(each, "") > self.until}
            newest = max((each for each in commits if each not in late), key=dated.__getitem__)  # of equals, the first
            if newest != head:
                other, own = (each.removeprefix("refs/heads/") for each in (others[newest], branch or "HEAD"))
                return f"branch {other} is newer than {own}; to collect it: --branch {other}"
        return ""

    def _last_push(self, address: str, branch: str) -> tuple[str, str] | None:
        """Return the commit and the time of the last push that counts, or None if the server keeps no record."""
        repository = self.server.repository(address)
        if repository is None or not branch:
            return None
        try:
            pushes = sorted(_pushes(repository, branch), key=lambda each: each[1])
        except NotFound:  # ls-remote has found the repository, so this server has no such record
            return None
        counting = [each for each in pushes if not self.until or each[1] <= self.until]
        if pushes and not counting:
            raise Unavailable(f"nothing was pushed until {self.until}; the first push was at {pushes[0][1]}", "late")
        return counting[-1] if counting else None

    def _last_commit(self, head: str, folder: Path) -> tuple[str, str]:
        """Return the last commit whose date counts, and this date."""
        before = [f"--before={self.until}"] if self.until else []
        words = ("rev-list", "--max-count=1", "--first-parent", "--format=%ct", *before, head)
        said = self.git.run(folder, *words, most=1024**2).decode().split()
        if len(said) != 3:
            raise Unavailable(f"no commit is dated before {self.until}", "late")
        return said[1], as_time(float(said[2]))

    def _pack(self, commit: str, folder: Path, target: Path, record: Collected) -> str:
        """Write the files of a commit into an archive. Return what was left out, as a sentence."""
        listed = self.git.run(folder, "ls-tree", "-r", "-l", "-z", "--full-tree", commit, most=LISTING_BYTES)
        found, left_out = _chosen(listed)
        digests = b"".join(digest + b"\n" for digest in dict.fromkeys(digest for _, _, digest in found if digest))
        answer = io.BytesIO(self.git.run(folder, "cat-file", "--batch", text=digests))
        contents = dict(_contents(answer))
        with replacing(target) as file, zipfile.ZipFile(file, "w") as packed:
            packed.comment = msgspec.json.encode(record)
            for name, mode, digest in found:
                member = zipfile.ZipInfo(name)
                member.external_attr = mode << 16
                packed.writestr(member, contents[digest] if digest else b"")
        moment = datetime.fromisoformat(record.time).timestamp()
        os.utime(target, (moment, moment))  # for a grading without --times
        if not left_out:
            return ""
        names = ", ".join(map(printable, left_out[:3])) + (" and more" if len(left_out) > 3 else "")
        return f"left out, because of the name or the size: {names}"

    def _write_times(self) -> None:
        """Write the time of everything in the folder, also of what earlier calls have collected."""
        with replacing(self.times) as file:
            text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
            lines = csv.writer(text)
            lines.writerow(("person", "time"))
            lines.writerows((person, record.time) for person, record in records(self.out))
            text.detach()


def _pushes(repository: Repository, branch: str) -> Iterator[tuple[str, str]]:
    """Yield the commit and the time of each push to a branch, newest first, as the server has recorded them."""
    for count, each in enumerate(repository.pages("activity", PUSHES + 1, ref=branch)):
        if count == PUSHES:
            raise Unavailable(f"there are more than {PUSHES} pushes to {branch}")
        ref, after, time = (
            each.get(name) if isinstance(each, dict) else None for name in ("ref", "after", "timestamp")
        )
        if ref != branch or not isinstance(after, str) or not _COMMIT.fullmatch(after) or not after.strip("0"):
            continue  # another branch, or this one was deleted
        try:
            moment = datetime.fromisoformat(str(time)).astimezone(UTC)
        except (ValueError, OverflowError):
            raise Unavailable("the server's record of pushes has no times") from None
        yield after, moment.isoformat(timespec="seconds")


def _chosen(listed: bytes) -> tuple[list[tuple[str, int, bytes]], list[str]]:
    """Return the name, mode and digest of each file to take, and the names of those that are left out.

    The smallest files come first, so that large ones cannot displace the code. A submodule is an empty folder.
    """
    lines = [match for line in listed.split(b"\0") if (match := LINE.fullmatch(line))]
    if len(lines) > listing.ENTRIES:
        raise Unavailable(f"it has more than {listing.ENTRIES} files")
    found, left_out, names, total = [], [], set(), 0
    for mode, what, digest, size, path in sorted(
        (match.groups() for match in lines), key=lambda each: int(each[3]) if each[3].isdigit() else 0
    ):
        name, length = path.decode("utf-8", "replace"), int(size) if size.isdigit() else 0
        is_file = kind(mode.decode()) == FILE
        if length > DATA_BYTES or total + length > TOTAL_BYTES or name in names or not _is_plain(name, path):
            left_out.append(name)
            continue
        names.add(name)
        total += length + 2 * len(path) + 200
        if what == b"blob":
            found.append((name, stat.S_IFREG | 0o644 if is_file else stat.S_IFLNK | 0o777, digest))
        else:
            found.append((f"{name}/", stat.S_IFDIR | 0o755, b""))
    return sorted(found), left_out


def _is_plain(name: str, path: bytes) -> bool:
    """Return whether a file may have this name in an archive that a person could unpack."""
    try:
        parts = [part.casefold() for part in name.split("/")]
        return (
            listing.checked_name(name) == name and name.encode() == path and name.isprintable() and ".git" not in parts
        )
    except IntakeError:
        return False


def _contents(answer: io.BytesIO) -> Iterator[tuple[bytes, bytes]]:
    """Yield the digest and the content of each object that `git cat-file --batch` has printed."""
    while header := answer.readline().split():
        if len(header) != 3 or header[1] != b"blob":
            raise Unavailable("an object of it is missing on the server")
        yield header[0], answer.read(int(header[2]))
        answer.read(1)


# ------------------------------------------------------------------------------------ what was collected


def read(path: Path) -> Collected | None:
    """Return what an archive holds, or None if `Collector` has not written it."""
    try:
        with zipfile.ZipFile(path) as packed:
            return msgspec.json.decode(packed.comment, type=Collected)
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError, msgspec.DecodeError):
        return None


def records(out: Path) -> list[tuple[str, Collected]]:
    """Return what was collected in a folder, by person."""
    found = ((path.name.removesuffix(".zip"), read(path)) for path in sorted((out / "submissions").glob("*.zip")))
    return [(person, record) for person, record in found if record is not None]

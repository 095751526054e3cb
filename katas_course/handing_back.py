"""Give feedback back to collected repositories, as a commit status, an issue or a branch. Nothing is given twice."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from graders.errors import KataError
from graders.github.api import NotFound, Repository
from graders.github.reporting import BODY_LIMIT
from graders.report.text import clean_line
from graders.verdict import Status
from katas_course import collecting
from katas_course.batch import Batch
from katas_course.collecting import Collected
from katas_course.final_marks import FinalMarks
from katas_course.gradebook import settings
from katas_course.gradebook.people import Directory
from katas_course.marked_reports import markdown_heading
from katas_course.remotes import Git, GitServer

MOST = 1_000  # search at most this many statuses or issues for an earlier one
STATES: Mapping[Status, str] = {
    "passed": "success",
    "failed": "failure",
    "ungradable": "failure",
    "awaiting_review": "pending",
    "ungraded": "pending",
    "error": "error",
}


@dataclass(frozen=True)
class Feedback:
    """What one person gets back on one kata: a state with the points, perhaps a page, and the time of the push."""

    kata: str
    state: str
    points: str
    page: str = ""
    pushed: str = ""


class PlannedWrite(NamedTuple):
    """What to write into a repository. `write` is None if it is there already."""

    what: str
    write: Callable[[], object] | None


@dataclass
class FoundFeedback:
    """The feedback in a batch on what was collected. `left_out` says whose cannot be given, and why.

    `silent` are the people whom the batch has no verdict on.
    """

    collected: dict[str, Collected] = field(default_factory=dict)
    feedback: dict[str, list[Feedback]] = field(default_factory=dict)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)


def find(out: Path, graded: Path, katas: list[str], *, pages: bool) -> FoundFeedback:
    """Return the feedback for everyone whose collected commit is the one that was graded. Raises KataError."""
    batch, returns = Batch(graded), FoundFeedback(dict(collecting.records(out)))
    if not returns.collected:
        raise KataError(f"{out}: nothing was collected there. Run `katas collect` with this --out first.")
    returns.silent = set(returns.collected)
    with batch.reading() as held:
        marks, clock = FinalMarks(held), held.book.read(settings.clock)
        directory = held.book.read(Directory)
        logins = [
            (each.id, value)
            for each in directory.roster.here
            for system, value in each.ids
            if system in collecting.LOGINS
        ]
        for row in held.rows():
            record, kata = returns.collected.get(row.person), row.verdict.kata
            if katas and kata not in katas:
                continue
            returns.silent.discard(row.person)
            verdict, mark = marks.verdict(row), marks.of(row)
            page = batch.feedback / batch.folder_of(row.person) / f"{kata}.md"
            text = page.read_text(encoding="utf-8") if pages and page.is_file() else ""
            if record is None:
                returns.left_out.append((f"{row.person} ({kata})", f"not collected in {out}"))
            elif other := _other_login(record, directory.id_of(row.person), logins):
                returns.left_out.append((f"{row.person} ({kata})", other))
            elif row.submitted_at != record.time:
                said = f"the push of {record.time} is not the graded one, of {row.submitted_at}"
                fix = f"katas grade-batch {out}/submissions --times {out}/times.csv --out {graded}"
                returns.left_out.append((f"{row.person} ({kata})", f"{said}; grade it with: {fix}"))
            elif pages and not (text and (mark is None or text.startswith(markdown_heading(mark)))):
                what = f"its page does not have the mark, which is {mark.final}" if text and mark else "no page"
                fix = f"katas feedback {graded} --format markdown"
                returns.left_out.append((f"{row.person} ({kata})", f"{what}; write it with: {fix}"))
            else:
                points = mark.final if mark else ""
                one = Feedback(kata, STATES[verdict.status], clean_line(points, 120), text, clock.words(record.time))
                returns.feedback.setdefault(row.person, []).append(one)
    return returns


def _other_login(record: Collected, person: str, logins: Sequence[tuple[str, str]]) -> str:
    """Return why a repository may be someone else's, if the roster has another login for the person or its owner.

    `logins` are pairs of a person on the roster and a login.
    """
    owners = {who for who, value in logins if value.casefold() == record.login.casefold()}
    own = [value for who, value in logins if who == person]
    if not record.login or person in owners or not (owners or own):
        return ""
    said = f"the roster has {', '.join(own)} now" if own else f"that login is {' and '.join(sorted(owners))}'s now"
    return f"collected from {record.login}'s repository, but {said}. Collect with the new roster, and grade again"


class Returner:
    """Writes feedback into the repositories on one server."""

    def __init__(self, collected: Mapping[str, Collected], form: str, branch: str) -> None:
        servers = {GitServer.of(record.address) for record in collected.values()}
        if len(servers) != 1:  # so that nothing but `katas collect` decides where the token goes
            raise KataError("the collected repositories are on several servers. Collect them into a folder for each.")
        (self.server,) = servers
        self.form, self.branch = form, branch
        self.git = Git(self.server)
        self._login = ""

    def plans(self, record: Collected, feedback: list[Feedback]) -> Iterator[PlannedWrite]:
        """Yield what to write for one person. Raises KataError if the repository cannot be asked, or is public."""
        repository = self.server.repository(record.address)
        if repository is None and self.form != "branch":
            raise KataError(
                f"no token for {self.server.host or 'files'} (GH_TOKEN or `gh auth login`). A branch needs none."
            )
        if self._is_public(record.address, repository):
            raise KataError("the repository is public, so everyone could read the feedback")
        if repository is None or self.form == "branch":
            yield self._on_branch(record, feedback)
            return
        for one in feedback:
            make = self._status if self.form == "status" else self._issue
            yield make(repository, record, one)

    def _is_public(self, address: str, repository: Repository | None) -> bool:
        if repository is not None:
            with suppress(NotFound):  # a plain git server, which takes a branch only
                return repository.get("").get("private") is not True
        web = self.server.web_address(address)
        return bool(web) and self.git.is_public(web)

    def _status(self, repository: Repository, record: Collected, one: Feedback) -> PlannedWrite:
        sent = {"state": one.state, "context": f"katas/{one.kata}", "description": one.points}
        there = repository.pages(f"commits/{record.commit}/statuses", MOST)  # newest first
        last: dict[str, Any] = next((each for each in there if each.get("context") == sent["context"]), {})
        what = f"status {sent['context']} on {record.commit[:10]}: {one.state}, {one.points}"
        same = all(last.get(key) == value for key, value in sent.items())
        return PlannedWrite(what, None if same else lambda: repository.post(f"statuses/{record.commit}", sent))

    def _issue(self, repository: Repository, record: Collected, one: Feedback) -> PlannedWrite:
        """Find our own issue on the kata, because a student could write one that looks like it."""
        self._login = self._login or str(repository.get("/user")["login"])
        body = f"<!-- katas: {one.kata} -->\n{one.page}\n\nGraded: {record.commit}, pushed {one.pushed}"
        sent = {"title": f"Feedback on {one.kata}", "body": body[:BODY_LIMIT]}
        there = repository.pages("issues", MOST, state="all", creator=self._login)
        mine = (each for each in there if (each.get("user") or {}).get("login") == self._login)
        old = next((each for each in mine if str(each.get("body")).startswith(body.partition("\n")[0])), None)
        if old is None:
            return PlannedWrite(f"new issue: {sent['title']}", lambda: repository.post("issues", sent))
        same = all(str(old.get(key)).split() == value.split() for key, value in sent.items())
        place = f"issues/{int(old['number'])}"
        return PlannedWrite(f"{place}: {sent['title']}", None if same else lambda: repository.patch(place, sent))

    def _on_branch(self, record: Collected, feedback: list[Feedback]) -> PlannedWrite:
        """Return the plan for a branch that holds nothing but the pages, on top of what is on it."""
        ref = f"refs/heads/{self.branch}"
        if ref == record.branch:
            raise KataError(f"--branch {self.branch}: the student works on this branch. Name another one.")
        files = {f"{one.kata}.md": one.page for one in feedback}
        what = f"branch {self.branch}: {', '.join(sorted(files))}"
        same = self._commit(record.address, ref, files, push=False)
        return PlannedWrite(what, None if same else lambda: self._commit(record.address, ref, files, push=True))

    def _commit(self, address: str, ref: str, files: Mapping[str, str], *, push: bool) -> bool:
        """Return whether a branch holds exactly these files. If not, and `push` is set, push a commit on top of it."""
        with tempfile.TemporaryDirectory() as name:
            place = Path(name)
            self.git.create(place)
            before, *_ = self.git.newest(place, address, ref)
            if before:
                self.git.fetch(place, address, before)
            blobs = {
                file: self._line(place, "hash-object", "-w", "--stdin", text=files[file]) for file in sorted(files)
            }
            listed = "".join(f"100644 blob {digest}\t{file}\n" for file, digest in blobs.items())
            tree = self._line(place, "mktree", text=listed)
            if before and self._line(place, "rev-parse", f"{before}^{{tree}}") == tree:
                return True
            if push:
                parent = ("-p", before) if before else ()
                commit = self._line(place, "commit-tree", tree, *parent, "-m", "Feedback")
                self.git.run(place, "push", "--quiet", "--no-verify", address, f"{commit}:{ref}")
            return False

    def _line(self, place: Path, *words: str, text: str = "") -> str:
        return self.git.run(place, *words, text=text.encode()).decode().strip()

"""`katas collect` and `katas handback`: take private repositories of students, and give feedback back to them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from graders.cli.session import say
from graders.cli.terminal import interrupted
from graders.errors import KataError
from graders.output.progress_bar import LINE_S, LineReporter, progress_bar
from katas_course.commands.options import argument, counted, first_of, line, listed, moment, option

if TYPE_CHECKING:
    from katas_course.collecting import Collector
    from katas_course.remotes import Unavailable

PAUSE_S = 1.0  # between two writes to GitHub, as it asks for

From = Annotated[
    str,
    option("The address of each person's repository, with {github}, {login} or {id} in it.", "PATTERN", "--from"),
]
Until = Annotated[str | None, option("The last moment at which a push counts; by default, now.", "TIME", "--until")]
Collection = Annotated[Path, argument("COLLECTED", "The --out folder of `katas collect`.")]
Graded = Annotated[Path, argument("GRADED", "The --out folder of `katas grade-batch`.")]
As = Annotated[str, option("Where the feedback goes: status, issue or branch.", "FORM", "--as")]
Yes = Annotated[
    bool, option("Write it; without this option, the command only says what it would write.", None, "--yes")
]


def collect(
    roster: Annotated[Path, argument("ROSTER", "The roster, with a column `github`.")],
    pattern: From,
    out: Annotated[Path, option("The folder to collect into.", "DIR", "--out")],
    until: Until = None,
    branch: Annotated[str | None, option("The branch that counts; by default, the repository's own.", "NAME")] = None,
) -> int:
    """Collect one private repository for each student.

    Takes the last push of each person, with the time that the server has recorded, and writes DIR/submissions/ and
    DIR/times.csv for `katas grade-batch`. Run it again to fetch what is new. The token comes from GH_TOKEN or from gh,
    and git uses your SSH keys.

    Exit status: 0 every repository was read or isn't there, 2 some were refused, or none was there, 130 after Ctrl-C.
    """
    from katas_course import collecting, roster_files
    from katas_course.remotes import GitServer

    entries = roster_files.read(roster).entries
    found = collecting.addresses(pattern, entries)
    known = [address for address in found.values() if isinstance(address, str)]
    if not known:
        raise KataError(f"{roster}: no person in it has what {pattern} needs, such as a login in a column `github`.")
    end, logins = moment(until, "--until") if until else "", collecting.logins(pattern, entries)
    collector = collecting.Collector(GitServer.of(known[0]), out, end, branch or "", logins)
    started = time.monotonic()
    with _progress_shown("collecting", len(known)) as advance:
        try:
            collector.run(found, advance)
        except BaseException as fault:
            if interrupted(fault):
                kept = len(collecting.records(out))
                say(f"katas: {kept} of {len(known)} are in {out}. Run the same command again to continue.")
            raise
    seconds = time.monotonic() - started
    new, same = len(collector.new), len(collector.same)
    print(f"{new + same} of {len(found)} collected in {seconds:.1f} s: {new} new, {same} unchanged")
    print("\n".join(_notes(collector, found)))
    refused = any(each.reason == "unavailable" for each in collector.absent.values())
    return 2 if refused or not new + same else 0


def _notes(collector: Collector, found: Mapping[str, str | Unavailable]) -> Iterator[str]:
    from katas_course.collecting import records

    for person, why in sorted(collector.absent.items()):
        place = f" ({found[person]})" if isinstance(found[person], str) else ""
        yield line(f"{why.reason}: {person}{place}: {why}", 500)
    for person, address in sorted(collector.before.items()):
        what = f"before, it was collected from {address}; what was graded from there still counts, so check the marks"
        yield line(f"note: {person}: {what}", 500)
    if left := [person for person, _ in records(collector.out) if person not in found]:
        yield f"still there, but not in the roster (remove what should not be graded): {listed(left)}"
    yield from first_of("note", [f"{line(person)}: {line(text)}" for person, text in sorted(collector.notes.items())])
    if collector.by_commit:
        people = counted(len(collector.by_commit), "person", "people")
        yield f"{people}: the server doesn't say when they pushed, so the time is that of the commit, which its author"
        yield f"can set to anything: {listed(sorted(collector.by_commit))}. Collect at the deadline, and compare."
    if collector.new or collector.same:
        yield f"next: katas grade-batch {collector.submissions} --times {collector.times} --out graded --kata KATA"


def handback(
    collected: Collection,
    graded: Graded,
    form: As,
    katas: Annotated[
        list[str] | None, option("Only this kata; repeat the option for several.", "SLUG", "--kata")
    ] = None,
    branch: Annotated[str, option("The branch to write with --as branch.", "NAME")] = "katas-feedback",
    yes: Yes = False,
) -> int:
    """Give feedback back to the repositories that were collected.

    A commit status shows the points, an issue the page from `katas feedback GRADED --format markdown`, and a branch all
    pages as files. What is there already isn't written again. Feedback goes only to the commit that was graded, and not
    into a public repository.

    Exit status: 0 everything is given back (or would be), 2 something could not be.
    """
    if form not in ("status", "issue", "branch"):
        raise KataError(f"--as {form}: expected status, issue or branch.")
    if form == "branch" and katas:
        raise KataError("--kata: a branch holds the pages on all katas of GRADED. Leave it out, or write issues.")
    from katas_course import handing_back

    returns = handing_back.find(collected, graded, katas or [], pages=form != "status")
    returner = handing_back.Returner(returns.collected, form, branch)
    lines: list[str] = []
    same = 0
    with _progress_shown("writing" if yes else "asking", len(returns.feedback)) as advance:
        for person, feedback in sorted(returns.feedback.items()):
            try:
                for plan in returner.plans(returns.collected[person], feedback):
                    if plan.write is None:
                        same += 1
                        continue
                    if yes:
                        plan.write()
                        time.sleep(PAUSE_S if returner.server.api else 0)
                    lines.append(f"{'written' if yes else 'would write'}: {line(person)}: {line(plan.what)}")
            except KataError as fault:
                returns.left_out.append((person, str(fault)))
            advance()
    causes: dict[str, list[str]] = {}
    for who, why in sorted(returns.left_out):
        causes.setdefault(why, []).append(who)
    for text in (*lines, *(f"left out: {listed(who)}: {line(why, 1_000)}" for why, who in causes.items())):
        print(text)
    if returns.silent:
        print(f"no verdict: {listed(sorted(returns.silent))}")
    what = f"{len(lines)} written" if yes else f"{len(lines)} to write (with --yes)"
    print(f"{what}, {same} unchanged, {len(returns.left_out)} left out")
    return 2 if returns.left_out else 0


@contextmanager
def _progress_shown(doing: str, total: int) -> Iterator[Callable[[], None]]:
    """Yield a function that counts one more: in a bar on a terminal, elsewhere in a line every LINE_S seconds."""
    reporter = LineReporter(total, LINE_S)
    with progress_bar() as bar:
        task = bar.add_task(doing, total=total)

        def advance() -> None:
            bar.advance(task)
            reporter.advance(doing)

        yield advance

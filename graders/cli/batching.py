"""`katas grade-batch`: a cohort's submissions, graded by one command that may be killed and run again."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from graders import catalogue
from graders.cli.progress import progress_bar
from graders.cli.session import Session, say, seed_of
from graders.errors import KataError

if TYPE_CHECKING:
    from graders.batch.cohort import Batch, Run, Tally
    from graders.verdict import Confinement

TOLD_EVERY_S = 30.0  # where there is no terminal
SHOWN = 10  # lines of a kind; all of it is in results.csv

Out = Annotated[Path, typer.Option("--out", help="The folder of the batch: all that comes of it.", metavar="DIR")]
Katas = Annotated[
    list[str] | None, typer.Option("--kata", help="Expect this kata of everybody; give it again.", metavar="SLUG")
]
Workers = Annotated[int | None, typer.Option(help="Processes that grade; one a core.", metavar="N", min=1)]
Times = Annotated[Path | None, typer.Option(help="CSV: person, when handed in.", metavar="FILE")]
Book = Annotated[str | None, typer.Option(help="Keep to its limit of attempts, and import.", metavar="URL")]


def grade_batch(
    submissions: Annotated[
        Path, typer.Argument(metavar="SUBMISSIONS", help="A folder with a folder, .zip or .tar for each person.")
    ],
    out: Out,
    katas: Katas = None,
    workers: Workers = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Grade on the workers of this Dask scheduler.", metavar="ADDRESS")
    ] = None,
    changed: Annotated[
        bool, typer.Option("--changed", help="Grade again what was graded by other tests, harness or policy.")
    ] = False,
    times: Times = None,
    gradebook: Book = None,
    seed: Annotated[str | None, typer.Option(help="Of a new batch: 64 hexadecimal digits.", metavar="HEX")] = None,
    require_confinement: Annotated[
        str | None, typer.Option(help="Refuse to grade with weaker: full, partial, none.", metavar="STRENGTH")
    ] = None,
    require_extras: Annotated[
        bool, typer.Option("--require-extras", help="Extra tasks must pass too, not only the core.")
    ] = False,
) -> int:
    """Grade a cohort.

    Killed at any moment and run again, it goes on where it was: nothing is graded twice or lost. Without --kata,
    everybody's katas are those whose files are there and are no longer the stubs.

    Exit status: 0 all graded (whatever the verdicts), 2 something could not be, 130 after Ctrl-C.
    """
    from graders.batch import cohort, entries
    from graders.batch.cohort import Batch, Run
    from graders.batch.executors import Cluster, ThisMachine

    if require_confinement not in (None, "full", "partial", "none"):
        raise KataError(f"--require-confinement {require_confinement}: full, partial or none is expected")
    if workers is not None and scheduler is not None:
        raise KataError("--workers and --scheduler exclude each other: a scheduler has its own workers")
    root, require = Session.root, cast("Confinement | None", require_confinement)
    chosen = [catalogue.load(root, slug) for slug in dict.fromkeys(katas or [])] or catalogue.load_all(root)
    known = entries.read_times(times) if times else {}
    found = entries.find(submissions, known)
    if out.resolve() == submissions.resolve() or submissions.resolve() in out.resolve().parents:
        raise KataError(
            f"--out {out}: it lies among the submissions, and would be graded with them; name another folder"
        )
    batch = Batch(out)
    place: Any = Cluster(scheduler) if scheduler else ThisMachine(root, workers, require)
    begun = time.monotonic()
    with batch.open(seed_of(seed, 32, "the first line of a journal has them")) as held, _book(gradebook) as book:
        if seed is not None and held.head.seed != seed.lower():
            raise KataError(f"{batch.journal}: it was begun with another --seed; leave it out, or give another --out")
        alike = cohort.nearly_the_same(batch, [entry.person for entry in found])
        run = Run(batch, chosen, every=bool(katas), changed=changed, require=require, require_extras=require_extras)
        if book is not None:
            run.allowed = book.may_be_graded
        try:
            with _shown(run, len(found)), place:
                run.grade(found, place, held)
        except BaseException as fault:
            if isinstance(fault, KeyboardInterrupt):
                kept = sum(run.tally.graded.values())
                say(f"katas: {kept} graded and kept in {out}; the same command goes on from here")
            with suppress(KataError, OSError):  # told is what has ended it
                _write_results(batch)
            raise
        _write_results(batch)
        if book is not None:
            book.import_batch(batch, chosen)
    lines = told(run.tally, out, len(found), time.monotonic() - begun)
    lines += _some("two people, by case alone", alike)
    if times:
        people = {entry.person for entry in found}
        lines += _some("a time is given, and nothing handed in, by", sorted(known.keys() - people))
        lines += _some("no time is given of, so that their files' counts", sorted(people - known.keys()))
    print("\n".join(lines + _some("nobody's", entries.left_out(submissions))))
    return 2 if run.tally.errors else 0


def _write_results(batch: Batch) -> None:
    """What is made of the journal: the verdicts that are not there, and the table."""
    from graders.batch import cohort
    from graders.cli import delivery

    cohort.restore_verdicts(batch)
    delivery.deliver(cohort.results(batch), batch.out / "results.csv")


def told(tally: Tally, out: Path, people: int, seconds: float) -> list[str]:
    """What a run has come to, in words."""
    graded = sum(tally.graded.values())
    rate = f", {graded / seconds:.1f} a second" if graded and seconds > 0 else ""
    lines = [f"{tally.handed_in} handed in by {people}: {graded} graded in {seconds:.1f} s{rate}"]
    if tally.standing:
        lines[0] += f"; {tally.standing} stood already"
    if graded:
        lines.append(", ".join(f"{count} {status}" for status, count in tally.graded.most_common()))
    if tally.moved:
        lines.append(f"{tally.moved} of what stood was handed in at another time than was known: that was written down")
    if tally.outdated:
        lines.append(
            f"{tally.outdated} of what stood is of other tests, another harness or another policy on extras: "
            "--changed grades it again"
        )
    if tally.weakest != "full":
        lines.append(f"confinement: {tally.weakest}; --require-confinement full accepts nothing less")
    lines += _some("nothing of these katas from", tally.nothing)
    lines += _some("not graded", tally.kept_back) + _some("error", tally.errors)
    if tally.errors:
        lines.append("An error is ours, not the submission's: the same command tries these again.")
    return [*lines, f"written: {out}/results.csv, verdicts/, submissions/, journal.jsonl"]


def _some(what: str, items: Sequence[str]) -> list[str]:
    lines = [f"{what}: {item}" for item in items[:SHOWN]]
    return lines + ([f"… and {len(items) - SHOWN} more"] if len(items) > SHOWN else [])


@contextmanager
def _book(url: str | None) -> Iterator[Any]:
    if url is None:
        yield None
        return
    from graders.gradebook import Gradebook

    with Gradebook(url) as book:
        yield book


@contextmanager
def _shown(run: Run, people: int) -> Iterator[None]:
    """How far a run is, while it runs: a bar on a terminal, else a line now and then."""
    each = run.every or len(run.katas) == 1
    total = people * len(run.katas) if each else people
    begun = last = time.monotonic()

    def done(tally: Tally) -> int:
        finished = tally.standing + sum(tally.graded.values()) + len(tally.kept_back)
        return finished if each else tally.entries

    with progress_bar() as bar:
        task = bar.add_task("grading", total=total)

        def tell(tally: Tally) -> None:
            nonlocal last
            bar.update(task, completed=done(tally))
            now = time.monotonic()
            if not sys.stderr.isatty() and now - last > TOLD_EVERY_S:
                last = now
                say(
                    f"katas: {done(tally)} of {total}, {sum(tally.graded.values()) / (now - begun):.1f} graded a second"
                )

        run.told = tell
        yield

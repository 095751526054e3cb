"""`katas grade-batch`: grade a cohort's submissions. A run that was killed can be continued."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from graders import catalogue
from graders.cli import batch_state
from graders.cli.gradebook.options import if_new
from graders.cli.session import Invocation, say, seed_of
from graders.cli.terminal import interrupted
from graders.errors import KataError
from graders.output.progress_bar import LineReporter, progress_bar

if TYPE_CHECKING:
    from graders.course.batch_run import BatchProgress, BatchRun
    from graders.course.batch_store import BatchStore
    from graders.course.submissions import Cohort
    from graders.verdict import Confinement

LINE_EVERY_S = 30.0  # the time between progress lines when there is no terminal
MOST_LINES = 10  # print at most this many lines of each kind; results.csv contains all of them

Submissions = Annotated[
    Path,
    typer.Argument(
        metavar="SUBMISSIONS",
        help="A folder or .zip with a folder, .zip or .tar per person, or a download of Canvas, Moodle or Gradescope.",
    ),
]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        help="What SUBMISSIONS is, if its names don't tell: folders, canvas, moodle or gradescope.",
        metavar="FORM",
    ),
]
Out = Annotated[Path, typer.Option("--out", help="The batch folder, where all results go.", metavar="DIR")]
Katas = Annotated[
    list[str] | None,
    typer.Option("--kata", help="Expect this kata from everyone; repeat the option to give several.", metavar="SLUG"),
]
Workers = Annotated[
    int | None, typer.Option(help="The number of grading processes; by default, one per core.", metavar="N", min=1)
]
Scheduler = Annotated[str | None, typer.Option(help="Grade on the workers of this Dask scheduler.", metavar="ADDRESS")]
Changed = Annotated[
    bool,
    typer.Option("--changed", help="Also regrade what was graded with different tests, harness or policy."),
]
Times = Annotated[Path | None, typer.Option(help="A CSV file with each person's submission time.", metavar="FILE")]
Book = Annotated[
    str | None,
    typer.Option(help="Keep the results in this gradebook, and apply its attempt limits.", metavar="URL"),
]
Seed = Annotated[str | None, typer.Option(help="The seed of a new batch: 64 hexadecimal digits.", metavar="HEX")]
Require = Annotated[
    str | None, typer.Option(help="The weakest confinement to accept: full, partial or none.", metavar="STRENGTH")
]
Extras = Annotated[
    bool, typer.Option("--require-extras", help="Require the extra tasks to pass too, not only the core tasks.")
]


@dataclass(frozen=True)
class BatchOptions:
    """The arguments of `katas grade-batch`."""

    folder: Path
    out: Path
    katas: Sequence[str]
    workers: int | None
    scheduler: str | None
    changed: bool
    times: Path | None
    gradebook: str | None
    seed: str | None
    require: Confinement | None
    require_extras: bool
    form: str | None = None


def grade_batch(
    folder: Submissions,
    out: Out,
    katas: Katas = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    changed: Changed = False,
    times: Times = None,
    gradebook: Book = None,
    seed: Seed = None,
    require_confinement: Require = None,
    require_extras: Extras = False,
    form: From = None,
) -> int:
    """Grade a whole cohort's submissions.

    If the command is interrupted or killed, run it again: it continues where it stopped. Without --kata, it grades each
    person's katas whose files exist and differ from the stubs.

    Exit status: 0 everything was graded (whatever the verdicts), 2 something was not, 130 after Ctrl-C.
    """
    if require_confinement not in (None, "full", "partial", "none"):
        raise KataError(f"--require-confinement {require_confinement}: expected full, partial or none.")
    if workers is not None and scheduler is not None:
        raise KataError(
            "--workers and --scheduler exclude each other, because a scheduler has its own workers. Give one of them."
        )
    require = cast("Confinement | None", require_confinement)
    chosen = katas or []
    return _run(
        BatchOptions(
            folder, out, chosen, workers, scheduler, changed, times, gradebook, seed, require, require_extras, form
        )
    )


def _run(options: BatchOptions) -> int:
    from graders.course import submissions

    root, named = Invocation.root, dict.fromkeys(options.katas)
    katas = [catalogue.load(root, slug) for slug in named] or catalogue.load_all(root)
    times = submissions.read_times(options.times) if options.times else {}
    cohort = submissions.read(options.folder, form=options.form)
    _check_out(options)
    say_form(cohort)
    started = time.monotonic()
    progress, about_names, about_batch = _grade(options, katas, cohort, times)
    lines = summary(progress, options.out, len(cohort.people), time.monotonic() - started, about_batch)
    print("\n".join(lines + about_names + _some("skipped", cohort.left_out)))
    return 2 if progress.errors else 0


def say_form(cohort: Cohort) -> None:
    """Say what the submissions were read as, unless they are the usual folders."""
    from graders.course.downloads import TITLES

    if cohort.form in TITLES:
        people = _count(len(cohort.people), "person", "people")
        print(f"read as {TITLES[cohort.form]}: {people} (if it is something else, choose with --from)")


def _check_out(options: BatchOptions) -> None:
    """Raise KataError if the --out folder would be graded as a submission."""
    out, folder = options.out.resolve(), options.folder.resolve()
    if folder == out or folder in out.parents:
        raise KataError(
            f"--out {options.out}: it is inside the submissions folder and would be graded too. Choose another folder."
        )


def _grade(
    options: BatchOptions, katas: Sequence[catalogue.Kata], cohort: Cohort, times: Mapping[str, str]
) -> tuple[BatchProgress, list[str], list[str]]:
    """Grade the submissions.

    Return the progress, lines about names that are alike, unknown or without a time, and lines about the whole batch.
    """
    from graders.course.batch import Batch, names_alike
    from graders.course.batch_run import BatchRun

    batch = Batch(options.out)
    place = _place(options)
    if options.gradebook and not batch.exists:
        for text in if_new(options.gradebook):
            say(text)
    seed = seed_of(options.seed, 32, "in the table `batches` of a gradebook")
    with batch.open(seed, options.gradebook) as held:
        if seed not in (None, held.seed):
            raise KataError(f"{batch.out}: this batch has a different seed. Leave out --seed, or give another --out.")
        lines = _some("names that differ only in case", names_alike(batch, cohort.people, held.people()))
        if options.times:
            cohort, without = _timed(cohort, times, held)
            lines += without
        run = BatchRun(
            batch,
            katas,
            every=bool(options.katas),
            changed=options.changed,
            require=options.require,
            require_extras=options.require_extras,
        )
        if not held.is_own:
            run.allowed = held.book.may_be_graded
        with _results_written(run, held), _progress_shown(run, len(cohort.entries)), place:
            run.grade(cohort.entries, place, held)
        about = batch_state.state(held, options.out, katas, resumed=run.progress.current > 0)
    return run.progress, lines, about


def _timed(cohort: Cohort, times: Mapping[str, str], held: BatchStore) -> tuple[Cohort, list[str]]:
    """Return the cohort with the times from --times, and lines about the people for whom there is only one of the two.

    A person may have any name there that the roster knows.
    """
    from graders.course import submissions

    people = cohort.people
    ids = held.book.ids_of([*people, *times])
    found = submissions.times_of(people, times, ids)
    submitted = {ids[person] for person in people}
    absent = sorted(name for name in times if name not in found and ids[name] not in submitted)
    lines = _some("in --times, but without a submission", absent)
    counts = "not in --times, so the modification time of their files counts"
    return submissions.with_times(cohort, found), lines + _some(counts, sorted(set(people) - found.keys()))


def _place(options: BatchOptions) -> Any:
    """Return the executor, which is either a Dask cluster or a pool of processes on this machine."""
    from graders.course.executors import Cluster, ThisMachine

    if options.scheduler:
        return Cluster(options.scheduler)
    return ThisMachine(Invocation.root, options.workers, options.require)


@contextmanager
def _results_written(run: BatchRun, held: BatchStore) -> Iterator[None]:
    """Write the table of results after a run, even if the run fails or is interrupted."""
    try:
        yield
    except BaseException as fault:
        if interrupted(fault):
            stored = sum(run.progress.graded.values())
            say(f"katas: {stored} graded and stored in {run.batch.out}. Run the same command again to continue.")
        with suppress(KataError, OSError):  # report the error that ended the run, not an error from writing the table
            _write_results(run, held)
        raise
    _write_results(run, held)


def _write_results(run: BatchRun, held: BatchStore) -> None:
    """Write what the store holds: katas' titles for the gradebook, and the files for people."""
    from graders.course import written_files

    used = held.katas()
    held.book.update_katas(kata for kata in run.katas if kata.slug in used)
    run.progress.rewritten = [str(file) for file in written_files.write(run.batch, held)]
    if not held.is_own:  # the new verdicts can change marks in the gradebook's other batches
        written_files.refresh_tables(held.book)


def summary(
    progress: BatchProgress, out: Path, people: int, seconds: float, about_batch: Sequence[str] = ()
) -> list[str]:
    """Return the lines that summarise a run, with those about the whole batch."""
    graded = sum(progress.graded.values())
    rate = f", {batch_state.rate(graded, seconds)}" if graded and seconds > 0 else ""
    sources = f"{_count(progress.submitted, 'submission', 'submissions')} from {_count(people, 'person', 'people')}"
    lines = [f"{sources}: {graded} graded in {seconds:.1f} s{rate}"]
    if progress.current:
        lines[0] += f"; {progress.current} graded earlier"
    if graded:
        lines.append(batch_state.counted(progress.graded))
    lines += about_batch
    if progress.moved:
        lines.append(
            f"{progress.moved} graded earlier had another submission time in the gradebook, which was corrected"
        )
    if progress.outdated:
        lines.append(
            f"{progress.outdated} graded earlier with different tests, a different harness or policy on extras: "
            "--changed regrades them"
        )
    if progress.weakest != "full":
        lines.append(f"confinement: {progress.weakest}; --require-confinement full refuses to grade with less")
    lines += _some("note", progress.notes)
    lines += _some("no submission for these katas", progress.nothing)
    lines += _some("not graded", progress.refused) + _some("error", progress.errors)
    lines += _some("written again, because it differed from the gradebook", progress.rewritten)
    if progress.errors:
        lines.append("An error is the harness's fault, not the submission's. Run the same command to try again.")
    return [*lines, f"written: {out}/results.csv, verdicts/, submissions/"]


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _some(what: str, items: Sequence[str]) -> list[str]:
    lines = [f"{what}: {item}" for item in items[:MOST_LINES]]
    return lines + ([f"… and {len(items) - MOST_LINES} more"] if len(items) > MOST_LINES else [])


@contextmanager
def _progress_shown(run: BatchRun, people: int) -> Iterator[None]:
    """Show the progress of a run, as a bar on a terminal or otherwise as a line every LINE_EVERY_S seconds."""
    by_submission = run.every or len(run.katas) == 1
    total = people * len(run.katas) if by_submission else people
    reporter = LineReporter(total, LINE_EVERY_S)

    def done(progress: BatchProgress) -> int:
        finished = progress.current + sum(progress.graded.values()) + len(progress.refused)
        return finished if by_submission else progress.entries

    with progress_bar() as bar:
        task = bar.add_task("grading", total=total)

        def show(progress: BatchProgress) -> None:
            bar.update(task, completed=done(progress))
            if reporter.is_due():
                rate = batch_state.rate(sum(progress.graded.values()), reporter.last - reporter.started)
                say(f"katas: {done(progress)} of {total}, {rate.replace(' ', ' gradings ', 1)}")

        run.on_progress = show
        yield

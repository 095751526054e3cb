"""`katas grade-batch`: grade a cohort's submissions. A run that was killed can be continued."""

from __future__ import annotations

import shlex
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

from graders import catalogue
from graders.cli.session import Invocation, say, seed_of
from graders.cli.terminal import interrupted
from graders.errors import KataError
from graders.output.progress_bar import LINE_S, LineReporter, progress_bar
from graders.verdict import Status
from katas_course.clock import UTC, Clock
from katas_course.commands.options import (
    Workers,
    argument,
    counted,
    first_of,
    if_new,
    listed,
    one_of,
    open_gradebook,
    option,
)
from katas_course.platforms import PLATFORMS

if TYPE_CHECKING:
    from graders.catalogue import Kata
    from graders.verdict import Confinement
    from katas_course import submissions
    from katas_course.batch import Batch, BatchStore
    from katas_course.downloads import Cohort
    from katas_course.executors import JobExecutor
    from katas_course.gradebook.batches import Summary
    from katas_course.gradebook.people import Directory
    from katas_course.gradebook.storing import Key
    from katas_course.grading import BatchProgress, BatchRun

TIMED = one_of(each.title for each in PLATFORMS.values() if each.times)
Submissions = Annotated[
    Path,
    argument(
        "SUBMISSIONS",
        "A folder or .zip with a folder, .zip or .tar per person, or a download of "
        f"{one_of(each.title for each in PLATFORMS.values())}.",
    ),
]
From = Annotated[
    str | None,
    option(f"What SUBMISSIONS is, if its names don't tell: {one_of(('folders', *PLATFORMS))}.", "FORM", "--from"),
]
Out = Annotated[Path, option("The batch folder, where all results go.", "DIR", "--out")]
Katas = Annotated[
    list[str] | None, option("Expect this kata from everyone; repeat the option to give several.", "SLUG", "--kata")
]
Scheduler = Annotated[str | None, option("Grade on the workers of this Dask scheduler.", "ADDRESS")]
Changed = Annotated[
    bool, option("Also regrade what was graded with different tests, harness or policy.", None, "--changed")
]
Times = Annotated[
    Path | None, option(f"A CSV file with each person's submission time, or {TIMED}'s grading worksheet.", "FILE")
]
Zone = Annotated[
    str | None,
    option(f"The time zone of times without one; by default the course's or, for {TIMED}, this machine's.", "NAME"),
]
Book = Annotated[str | None, option("The gradebook of a new batch; by default, gradebook.sqlite in DIR.", "URL")]
Seed = Annotated[str | None, option("The seed of a new batch: 64 hexadecimal digits.", "HEX")]
Require = Annotated[str | None, option("The weakest confinement to accept: full, partial or none.", "STRENGTH")]
Anyway = Annotated[
    bool,
    option(
        "Grade even if the files seem to be for another kata, or the times for another assignment.", None, "--anyway"
    ),
]
Extras = Annotated[
    bool, option("Require the extra tasks to pass too, not only the core tasks.", None, "--require-extras")
]


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
    zone: Zone = None,
    anyway: Anyway = False,
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
    from katas_course.executors import Cluster, ThisMachine

    root, require = Invocation.root, cast("Confinement | None", require_confinement)
    executor: JobExecutor = Cluster(scheduler) if scheduler else ThisMachine(root, workers, require)
    with closing(executor):
        executor.start()  # meanwhile, this process imports the gradebook and reads the submissions
        from katas_course import submissions
        from katas_course.batch import Batch
        from katas_course.gradebook import results
        from katas_course.grading import BatchRun

        batch = Batch(out)
        loaded = [catalogue.load(root, slug) for slug in dict.fromkeys(katas or ())] or catalogue.load_all(root)
        directory, clock = _known(batch, gradebook)
        cohort = submissions.read(folder, form, directory.roster.has if directory else lambda _: False)
        slugs = [kata.slug for kata in loaded]
        in_lists = submissions.names_by_number(times) if times else set()
        cohort = submissions.without_groups(cohort, in_lists | (directory.named(slugs) if directory else set()))
        if directory:
            cohort = submissions.told_apart(cohort, lambda entry: directory.called(entry, slugs))
        zone = zone or (clock.zone if clock.zone != UTC else None)  # without any, Moodle's times are this machine's
        numbers = {} if anyway else {entry.person: entry.participant for entry in cohort.entries}
        given = submissions.read_times(times, cohort.people, zone, numbers) if times else submissions.Times({})
        if folder.resolve() in (out.resolve(), *out.resolve().parents):
            raise KataError(
                f"--out {out}: it is inside the submissions folder and would be graded too. Choose another folder."
            )
        if cohort.form in PLATFORMS:
            people = counted(len(cohort.people), "person", "people")
            print(f"read as {PLATFORMS[cohort.form].download}: {people} (if it is something else, choose with --from)")
        if given.note:
            print(given.note)
        if times and given.note and not anyway:
            submissions.check_worksheet(times, cohort.entries)
        for kata in loaded if katas and not anyway else ():
            submissions.check_fits(cohort.entries, kata, catalogue.load_all(root))
        started = time.monotonic()
        if gradebook and not batch.exists:
            for text in if_new(gradebook):
                say(text)
        given_seed = seed_of(seed, 32, "in the table `batches` of a gradebook")
        with batch.open(given_seed, gradebook) as held:
            if given_seed not in (None, held.seed):
                raise KataError(f"{out}: this batch has a different seed. Leave out --seed, or give another --out.")
            without: list[str] = []
            if times:
                _match(cohort, given, held, times)
                cohort, without = _timed(cohort, given, held)
            run = BatchRun(
                batch, loaded, every=bool(katas), changed=changed, require=require, require_extras=require_extras
            )
            with _results_written(run, held), _progress_shown(run, len(cohort.entries)), executor:
                run.grade(cohort.entries, executor, held)
            about_batch = _state(held, out, loaded, resumed=run.progress.current > 0)
            marks = {(each.person, each.submitted_at): each.late for each in cohort.entries if each.late is not None}
            about_batch += held.book.read(results.lateness_warnings, None, marks)
        ways = [ROSTER, *([] if times else [TIMES]), IDS]
        lines = summary(run.progress, out, len(cohort.people), time.monotonic() - started, about_batch, ways)
        lines += without + first_of("skipped", cohort.left_out) + first_of("not read, so not graded", cohort.unread)
        print(clock.in_text("\n".join(lines)))
        return 2 if run.progress.errors or run.progress.doubtful or cohort.unread else 0


def _known(batch: Batch, gradebook: str | None) -> tuple[Directory | None, Clock]:
    """Return the people and the clock of the gradebook that a batch is in, or will be in."""
    from katas_course.gradebook import settings
    from katas_course.gradebook.people import Directory

    if batch.exists:
        with batch.reading() as held:
            return held.book.read(Directory), held.book.read(settings.clock)
    if gradebook is None or ("://" not in gradebook and not Path(gradebook).is_file()):
        return None, Clock()
    with open_gradebook(gradebook) as book:
        return book.read(Directory), book.read(settings.clock)


def _match(cohort: Cohort, given: submissions.Times, held: BatchStore, file: Path) -> None:
    """Match names with a platform's number to the people whose ids --times has for them.

    Other names may be someone else's in the next assignment. Raises KataError if a name is matched to another person.
    """
    from katas_course.gradebook import people
    from katas_course.roster import BY_TIMES, KEPT, MATCHED

    roster = held.book.read(people.Directory).roster
    numbered = {each.person for each in cohort.entries if each.person.endswith(f"_{each.participant or None}")}
    for name, ids in given.ids.items():
        owner, (matched, how) = roster.owner(value for _, value in ids), roster.match(name)
        if owner is None or matched == owner or (matched is None and name not in numbered) or how == MATCHED[KEPT]:
            continue
        if matched is not None:
            raise KataError(
                f"{file}: {name} is matched to {matched}, but the file says {owner}. If the file is right: "
                f"katas gradebook people match {shlex.quote(name)} {shlex.quote(owner)}"
            )
        held.book.write(people.match_by_hand, name, owner, BY_TIMES)


def _timed(cohort: Cohort, given: submissions.Times, held: BatchStore) -> tuple[Cohort, list[str]]:
    """Return the cohort with the times from --times, and lines about the people for whom there is only one of the two.

    A person may have any name there that the roster knows.
    """
    from katas_course import submissions
    from katas_course.gradebook.people import Directory

    names, times = cohort.people, given.times
    directory = held.book.read(Directory)
    # Earlier submissions under a name may be those of someone else than the person who has it now.
    ids = {name: directory.roster.by_itself(name).id or directory.id_of(name) for name in times}
    ids |= {name: directory.id_of(name) for name in names}
    known = submissions.times_of(names, times, ids)
    submitted = {ids[person] for person in names}
    absent = sorted(name for name in times if name not in known and ids[name] not in submitted)
    lines = first_of("in --times, but without a submission", absent)
    counts = "not in --times, so the modification time of their files counts"
    late = {ids[name] for name in given.late}
    marks = {name: ids[name] in late for name in known} if given.note else {}
    return submissions.with_times(cohort, known, marks, given.ids), lines + first_of(
        counts, sorted(set(names) - known.keys())
    )


@contextmanager
def _results_written(run: BatchRun, held: BatchStore) -> Iterator[None]:
    """Write what the store holds after a run, even if the run fails: titles into the gradebook, files for people."""
    from katas_course import written_files
    from katas_course.gradebook import batches, storing

    def write() -> None:
        used = held.read(batches.katas)
        held.book.write(storing.update_katas, [kata for kata in run.katas if kata.slug in used])
        written_files.write(run.batch, held)
        written_files.refresh_tables(held.book)  # the new verdicts can change marks in the gradebook's other batches

    try:
        yield
    except BaseException as fault:
        if interrupted(fault):
            stored = sum(run.progress.graded.values())
            say(f"katas: {stored} graded and stored in {run.batch.out}. Run the same command again to continue.")
        with suppress(KataError, OSError):  # report the error that ended the run, not an error from writing the files
            write()
        raise
    write()


ROSTER = "import today's roster (`katas gradebook people import FILE`)"
TIMES = "give this assignment's worksheet (--times FILE)"
IDS = "put the files into folders named after the people's ids"


def summary(
    progress: BatchProgress,
    out: Path,
    people: int,
    seconds: float,
    about_batch: Sequence[str] = (),
    ways: Sequence[str] = (ROSTER, TIMES, IDS),
) -> list[str]:
    """Return the lines that summarise a run, with those about the whole batch.

    `ways` are those to say whose a doubtful submission is.
    """
    graded = sum(progress.graded.values())
    rate = f", {rate_of(graded, seconds)}" if graded and seconds > 0 else ""
    sources = f"{counted(progress.submitted, 'submission', 'submissions')} from {counted(people, 'person', 'people')}"
    lines = [f"{sources}: {graded} graded in {seconds:.1f} s{rate}"]
    if progress.current:
        lines[0] += f"; {progress.current} graded earlier"
    if graded:
        lines.append(_statuses(progress.graded))
    lines += about_batch
    lines += first_of("submission time corrected", progress.moved)
    other = "graded earlier with different tests, a different harness or policy on extras: --changed regrades them"
    lines += [f"{progress.outdated} {other}"] if progress.outdated else []
    if progress.weakest != "full":
        lines.append(f"confinement: {progress.weakest}; --require-confinement full refuses to grade with less")
    lines += first_of("note", progress.notes)
    lines += first_of("no submission for these katas", progress.nothing)
    lines += first_of("older than what was graded earlier, so that stays the newest", progress.older)
    if names := sorted(set(progress.by_name)):
        alone = f"known by name alone, so two people of the same name would be one: {listed(names)}"
        lines.append(f"{alone}. If names may repeat, give the worksheets (--times) or import the roster")
    lines += first_of("not graded, because it may be someone else's", progress.doubtful)
    if progress.doubtful:
        lines.append(f"To say whose these are: {', or '.join(ways)}. Then run it again.")
    lines += first_of("not graded", progress.refused) + first_of("error", progress.errors)
    if progress.errors:
        lines.append("An error is the harness's fault, not the submission's. Run the same command to try again.")
    return [*lines, f"written: {out}/results.csv, verdicts/, submissions/"]


@contextmanager
def _progress_shown(run: BatchRun, people: int) -> Iterator[None]:
    """Show the progress of a run, as a bar on a terminal or otherwise as a line every LINE_S seconds."""
    by_submission = run.every or len(run.katas) == 1
    total = people * len(run.katas) if by_submission else people
    reporter = LineReporter(total, LINE_S)

    def done(progress: BatchProgress) -> int:
        finished = progress.current + sum(progress.graded.values()) + len(progress.refused)
        return finished if by_submission else progress.entries

    with progress_bar() as bar:
        task = bar.add_task("grading", total=total)

        def show(progress: BatchProgress) -> None:
            bar.update(task, completed=done(progress))
            if reporter.is_due():
                rate = rate_of(sum(progress.graded.values()), reporter.last - reporter.started)
                say(f"katas: {done(progress)} of {total}, {rate.replace(' ', ' gradings ', 1)}")

        run.on_progress = show
        yield


def rate_of(count: int, seconds: float) -> str:
    """Return a rate such as "12.3 per second", or "4.5 per minute" if it is below one per second."""
    per_second = count / seconds
    return f"{per_second:.1f} per second" if per_second >= 1 else f"{60 * per_second:.1f} per minute"


def _state(held: BatchStore, out: Path, katas: Sequence[Kata], *, resumed: bool) -> list[str]:
    """Return lines about the batch: what is ungradable, what awaits marking, and who is missing.

    `resumed` means that earlier runs have graded some of it. Then, its counts are added.
    """
    from katas_course.gradebook import batches

    rows = held.read(batches.summaries)
    lines = []
    if resumed:
        counts = Counter(row.verdict.status for row in rows.values())
        lines.append(f"in the batch: {len(rows)} graded; {_statuses(counts)}")
    ungradable = sorted(key for key, row in rows.items() if row.verdict.status == "ungradable")
    several = len({kata for _, kata in rows}) > 1
    if ungradable:
        names = [f"{person} ({kata})" if several else person for person, kata in ungradable]
        lines.append(f"{len(names)} ungradable: {listed(names)}")
    if any(row.verdict.review_points for row in rows.values()):
        left = _unmarked(held, {kata.slug: kata for kata in katas})
        if left:
            what = "1 piece awaits" if left == 1 else f"{left} pieces await"
            lines.append(f"{what} marking: katas serve --instructor {shlex.quote(str(out))} --by NAME")
    return lines + _of_roster(held, rows)


def _statuses(counts: Counter[str]) -> str:
    """Return the counts in one order, whatever the order in which the submissions were graded."""
    return ", ".join(f"{counts[status]} {status}" for status in get_args(Status) if counts[status])


def _unmarked(held: BatchStore, katas: Mapping[str, Kata]) -> int:
    """Return how many unmarked pieces the queue of the batch has."""
    from katas_course.gradebook import leases
    from katas_course.marking_queue import pieces

    keys = {each.key for each in held.book.read(pieces, held.id, katas.get)}
    return len(keys - held.book.read(leases.marked))


def _of_roster(held: BatchStore, rows: Mapping[Key, Summary]) -> list[str]:
    """Return who submitted without being on the roster, and who on the roster did not submit. Groups submit once."""
    from katas_course.gradebook import results
    from katas_course.gradebook.people import Directory

    directory = held.book.read(Directory)
    listings = directory.listings()
    here = {each.id for each in directory.roster.here}
    if not here:
        return []
    names, katas = {person for person, _ in rows}, {kata for _, kata in rows}
    submitted = set(map(directory.id_of, names))
    submitted |= {each.person for each in held.book.read(results.by_name).values() if each.kata in katas}
    unknown = sorted(name for each in listings if each.roster is None for name, _ in each.names if name in names)
    missing = sorted(here - submitted)
    lines = []
    if unknown:
        lines.append(f"{len(unknown)} not in the roster: {listed(unknown)} (katas gradebook people match NAME ID)")
    if missing:
        lines.append(f"{len(missing)} of {len(here)} on the roster without a submission: {listed(missing)}")
    return lines

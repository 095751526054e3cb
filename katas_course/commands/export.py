"""`katas gradebook export`: write points and submissions for other programs and for learning platforms."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from graders import catalogue
from graders.cli.session import Invocation
from graders.errors import KataError
from graders.output import delivery
from graders.report.exports import csv_of
from katas_course import lms_export
from katas_course.batch import Batch
from katas_course.clock import Clock
from katas_course.commands.options import (
    DEFAULT_URL,
    BatchFolder,
    KataFirst,
    KataSlug,
    MaybeKata,
    Url,
    check_kata,
    first_of,
    line,
    listed,
    open_gradebook,
    option,
)
from katas_course.gradebook import results, settings
from katas_course.gradebook.results import KataResult, PersonReport
from katas_course.lms_export import Filled
from katas_course.platforms import PLATFORMS
from katas_course.totals import Course

app = typer.Typer(help="Write the gradebook for other programs.", no_args_is_help=True, rich_markup_mode=None)


COLUMNS = (
    *("person", "kata", "submitted_at", "submission_sha256", "status", "score", "max_score"),
    *("days_late", "over_limit", "points", "counts", "final_points", "steps"),
)
ROSTER = ("name", "email", "section", "group", "roster")


@app.command("csv", cls=KataFirst)
def export_csv(
    kata: MaybeKata = None,
    per: Annotated[str, option("One row per submission or per person.", "WHAT")] = "submission",
    output: Annotated[Path | None, option("Write to this file instead of the screen.", "FILE")] = None,
    gradebook: Url = DEFAULT_URL,
) -> None:
    """Write CSV with one row per submission or per person."""
    if per not in ("submission", "person"):
        raise KataError(f"--per {per}: expected submission or person.")
    with open_gradebook(gradebook) as book:
        check_kata(book, kata)
        reports = book.read(results.reports, kata)
        course, clock = book.read(settings.course), book.read(settings.clock)
    text = csv_of(_per_submission(reports, clock) if per == "submission" else _per_person(reports, course))
    if output is None:
        print(text, end="")
        return
    delivery.deliver(text, output)
    print(f"written: {output}")


def _per_submission(reports: Sequence[PersonReport], clock: Clock) -> list[list[Any]]:
    found = [result for report in reports for result in report.katas.values()]
    several = len({result.kata for result in found}) > 1

    def column(result: KataResult, task: str) -> str:
        return f"{result.kata}:{task}" if several else task

    tasks = dict.fromkeys(
        column(result, task.name)
        for result in sorted(found, key=lambda each: each.kata)
        for standing in result.standings
        for task in standing.attempt.verdict.tasks
    )
    rows: list[list[Any]] = [[*COLUMNS, *tasks]]
    for result in found:
        who, final = [result.person, result.kata], [result.points, result.mark.text]
        if not result.standings:
            none = ["", "", "missing", "", result.mark.maximum, "", "", "", ""]
            rows.append([*who, *none, _final(result), result.mark.text, *[""] * len(tasks)])
        for each in result.standings:
            verdict, counts = each.attempt.verdict, each is result.counted
            of_submission = [clock.iso(each.attempt.submitted_at), verdict.submission_sha256]
            of_verdict = [verdict.status, verdict.score, verdict.max_score]
            worth = [each.late, int(each.over_limit), each.points, int(counts), *(final if counts else ["", ""])]
            given = [task for task in verdict.tasks if task.status != "awaiting_review"]
            scores = {column(result, task.name): task.score for task in given}
            rows.append([*who, *of_submission, *of_verdict, *worth, *(scores.get(task, "") for task in tasks)])
    return rows


def _final(result: KataResult) -> float | str:
    return result.points if result.submitted or result.rule.missing == "zero" else ""


def _per_person(reports: Sequence[PersonReport], course: Course) -> list[list[Any]]:
    """Return a row for each person. The columns depend on whether there are a roster, a pass mark and a bank."""
    katas = sorted({kata for report in reports for kata in report.katas})
    has_roster = any(report.listing.roster for report in reports)
    with_pass, with_bank = course.pass_percent is not None, course.late_day_bank > 0
    head = ["person", *(ROSTER if has_roster else ()), *katas, "total", "maximum", "percent"]
    head += ["passed"] * with_pass + ["late_days_used"] * with_bank
    rows: list[list[Any]] = [[*head, "outstanding", "notes"]]
    for report in reports:
        total = report.total
        own = [*(_of_roster(report) if has_roster else ()), *(_final(report.katas[kata]) for kata in katas)]
        row = [report.person, *own, total.points, total.maximum, total.percent]
        row += [int(bool(total.passed))] * with_pass + [report.days_used] * with_bank
        decided = [f"{result.kata}: {result.mark.text}" for result in report.katas.values() if result.decisions]
        notes = "; ".join([*decided, *(f"{kata}: dropped as the lowest" for kata in total.dropped)])
        rows.append([*row, report.outstanding, notes])
    return rows


def _of_roster(report: PersonReport) -> list[str]:
    person = report.listing.roster
    if person is None:
        return [""] * (len(ROSTER) - 1) + ["not in the roster"]
    return [person.name, person.email, person.section, person.team, "left" if person.left_at else ""]


Folder = Annotated[Path, option("A new or empty folder to write to.", "DIR", "--output")]


@app.command(cls=KataFirst)
def submissions(kata: KataSlug, output: Folder, batch: BatchFolder = None, gradebook: Url = DEFAULT_URL) -> int:
    """Write each person's submission that counts, for JPlag and compare50.

    A group's submission is in the folder of the member who submitted it.

    Exit status: 0 all are written, 2 some were left out.
    """
    known = catalogue.load(Invocation.root, kata, complete=False)
    with open_gradebook(gradebook) as book:
        found = [each for each in book.read(results.of_katas, kata) if each.counted and not each.counted.attempt.by]
        stored = book.read(results.stored, slugs=(kata,))
    if not found:
        raise KataError(f"{gradebook}: no submission for {kata} counts. Grade some with `katas grade-batch`.")
    folders = {(each.person, each.submitted_at, each.sha256): each.batch for each in stored}
    try:
        output.mkdir(mode=0o700, parents=True, exist_ok=True)  # what people wrote is private
        if any(output.iterdir()):
            raise KataError(f"{output}: the folder is not empty. Choose another one.")
    except OSError as fault:
        raise KataError(f"{output}: {fault.strerror}. Choose another folder.") from None
    left_out = []
    for result in found:
        assert result.counted is not None
        attempt = result.counted.attempt
        folder = batch or Path(folders[attempt.submitted_as, *attempt.content])
        own = output / Batch(folder).folder_of(result.person)
        try:
            files = Batch(folder).store.take(known, attempt.verdict.submission_sha256).files
            own.mkdir(mode=0o700)  # fails for "..", and if another person's name gives the same folder
            for file in files:
                (own / file.name).parent.mkdir(parents=True, exist_ok=True)
                (own / file.name).write_bytes(file.data)
        except (KataError, OSError) as fault:
            left_out.append(line(f"{result.person}: {fault}", 1_000))
    print(f"{len(found) - len(left_out)} of {len(found)} submissions written to {output}")
    print("\n".join(first_of("left out", left_out)), end="\n" * bool(left_out))
    return 2 if left_out else 0


STATUSES = "Exit status: 0 all points are written, or await review; 2 some belong to no line (the output says whose)."
Into = Annotated[Path | None, option("A file that you have downloaded from the platform: fill it in.", "FILE")]
Column = Annotated[str | None, option("The column for the points; by default, the one that fits.", "NAME")]
Output = Annotated[Path | None, option("Write to this file; by default, to the --into file, or to the screen.", "FILE")]
Anyway = Annotated[
    bool,
    option("Fill it in even if it seems to belong to another kata, and lines that only a name fits.", None, "--anyway"),
]


def _export(
    command: typer.Context,
    kata: KataSlug,
    into: Into = None,
    column: Column = None,
    output: Output = None,
    anyway: Anyway = False,
    gradebook: Url = DEFAULT_URL,
) -> int:
    platform = PLATFORMS[command.info_name or ""]
    if column is not None and into is None:
        raise KataError("--column: it needs a file to fill in: --into FILE.")
    with open_gradebook(gradebook) as book:
        check_kata(book, kata)
        reports = book.read(results.reports, kata, everyone=True)
        title = book.read(results.titles).get(kata) or catalogue.load(Invocation.root, kata, complete=False).title
        known = book.read(settings.rules)
        others = {slug: (name, known[slug].maximum) for slug, name in book.read(results.titles).items()}
    for each in (catalogue.load(Invocation.root, slug, complete=False) for slug in catalogue.slugs(Invocation.root)):
        others.setdefault(each.slug, (each.title, 0.0))
    others.pop(kata, None)
    if not any(report.katas for report in reports):
        raise KataError(f"{gradebook}: it has no points for {kata}. Grade submissions with `katas grade-batch`.")
    if into is None:
        filled = lms_export.minimal(platform, kata, title, reports)
    else:
        filled = lms_export.fill(into, platform, kata, title, reports, column, {} if anyway else others, names=anyway)
    target = output or into
    if target is None:
        print(filled.text, end="")
    else:
        delivery.deliver_bytes(filled.data, target)
        print(f"written: {target} ({len(filled.people)} people, column {line(filled.column)})")
    for text in _problems(filled, into or gradebook):
        typer.echo(text, err=target is None)
    return 2 if filled.lost or filled.unseen else 0


for each in PLATFORMS.values():
    app.command(each.name, cls=KataFirst, help=f"{each.export}\n\n{STATUSES}")(_export)


def _problems(filled: Filled, file: Path | str) -> list[str]:
    """Return a line for each group of people whose points are not in the file, and for unequal maxima."""
    where = "the file" if isinstance(file, Path) else "the roster"
    groups = {
        f"in the gradebook, but not in {where}": filled.not_in_file,
        "in the file, but not in the gradebook": filled.not_in_gradebook,
        "left the course without a submission, so their lines are unchanged": filled.left,
        f"left the course with points, and not in {where}": filled.gone,
        "left out, because their points await review": filled.awaiting,
        "the file has this name, but with other ids, so its line is unchanged": filled.strangers,
        "only the name fits a line, so it was left out (import a roster with the file's ids or e-mail addresses, "
        "or check these lines and write them with --anyway)": filled.by_name,
        "the file says that they submitted, but the gradebook has no submission of theirs, so their lines are "
        "unchanged (grade it, or write their points with --anyway)": filled.unseen,
    }
    lines = [f"{what}: {listed(people)}" for what, people in groups.items() if people]
    for number, people in sorted(filled.doubtful.items()):
        why = "fits several people" if len(people) > 1 else "is not certain"
        lines.append(f"line {number} {why}, so it was left out: {listed(sorted(people))}")
    if filled.doubtful:
        lines.append("  grade the submissions with --times, or decide: katas gradebook people match NAME ID")
    if filled.maxima:
        theirs, ours = filled.maxima
        lines.append(f"the platform has {theirs:g} points for it, but the kata has {ours:g}: change it there")
    return lines

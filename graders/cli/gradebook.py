"""`katas gradebook`: what counts of everybody's verdicts, and `katas leaderboard`."""

from __future__ import annotations

import csv
import datetime
import io
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graders import catalogue
from graders.cli.session import Session
from graders.errors import KataError

if TYPE_CHECKING:
    from graders.gradebook.book import Gradebook, Place
    from graders.gradebook.rules import Standing
    from graders.intake import Submission
    from graders.review import Mark

app = typer.Typer(
    help="What counts of everybody's verdicts.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
export = typer.Typer(help="Write the gradebook for other programs.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(export, name="export")

Url = Annotated[
    str,
    typer.Option("--gradebook", help="A file, or a database URL (postgresql://…).", metavar="URL", show_default=True),
]
By = Annotated[str | None, typer.Option("--by", help="Who stands in the audit trail; you if none.", metavar="NAME")]
Folder = Annotated[
    Path | None, typer.Option("--batch", help="A batch folder; those imported from if none.", metavar="DIR")
]
Copy = Annotated[
    Path | None, typer.Option("--batch", help="A batch folder too: one that was moved, or a copy.", metavar="DIR")
]
MaybeKata = Annotated[str | None, typer.Argument(metavar="[KATA]", help="One kata; all if none.")]
HERE = "gradebook.sqlite"
LONGEST_CHANGE = 3_000  # characters of what was or is: a comment, its task and who wrote it
COLUMNS = (
    *("person", "kata", "submitted_at", "submission_sha256", "status", "score", "max_score"),
    *("days_late", "over_limit", "points", "counts"),
)


def _open(url: str, by: str | None = None, *, new: bool = False) -> Gradebook:
    from graders.gradebook import Gradebook

    if not new and "://" not in url and not Path(url).is_file():
        raise KataError(
            f"{url}: there is no gradebook; name one: --gradebook URL, or make it by `katas gradebook import`"
        )
    return Gradebook(url, who=by)


def _loadable() -> dict[str, catalogue.Kata]:
    """The katas of this repository that can be graded."""
    return {kata.slug: kata for kata in catalogue.load_all(Session.root)}


def _expect(book: Gradebook, kata: str | None) -> None:
    """Raise KataError for a kata that neither the book nor the repository has: a slip in the name is told."""
    if kata is not None and kata not in book.titles():
        catalogue.load(Session.root, kata, complete=False)


def _moment(text: str, option: str) -> str:
    from graders.batch.entries import as_utc

    try:
        return as_utc(datetime.datetime.fromisoformat(text))
    except ValueError:
        raise KataError(f"{option} {text}: a moment such as 2026-05-31T23:59+02:00 is expected") from None


@app.command("import")
def import_(
    place: Annotated[Path, typer.Argument(metavar="BATCH", help="The --out of grade-batch, or a verdict's file.")],
    person: Annotated[str | None, typer.Option(help="Whose verdict it is, of a file.", metavar="NAME")] = None,
    submitted: Annotated[
        str | None, typer.Option(help="When it was handed in, of a file; when it was graded if none.", metavar="TIME")
    ] = None,
    gradebook: Url = HERE,
    by: By = None,
) -> None:
    """Take over what a batch has graded, and points that people gave.

    Twice does no harm: what is there already stays as it is.
    """
    from graders import verdict
    from graders.batch.cohort import Batch

    if not place.exists():
        raise KataError(f"{place}: it is not there; name the --out folder of `katas grade-batch`, or a verdict's file")
    known = [catalogue.load(Session.root, slug, complete=False) for slug in catalogue.slugs(Session.root)]
    if place.is_dir():
        with _open(gradebook, by, new=True) as book:
            used = {kata for _, kata in _keys(place)}
            taken = book.import_batch(Batch(place), [kata for kata in known if kata.slug in used])
        marks = f" and {taken.marks} new mark{'s' if taken.marks != 1 else ''}" if taken.marks else ""
        print(f"{taken.verdicts} new verdicts{marks} from {place}")
        return
    if person is None:
        raise KataError(f"{place}: whose verdict is it? --person NAME")
    try:
        found = verdict.from_json(place.read_bytes())
    except (OSError, KataError) as fault:
        raise KataError(f"{place}: {getattr(fault, 'strerror', None) or fault}") from None
    if found.seed is None:
        raise KataError(f"{place}: a verdict for learners; `katas grade --format json --audience instructor` makes one")
    with _open(gradebook, by, new=True) as book:
        book.know(kata for kata in known if kata.slug == found.kata)
        new = book.import_verdict(found, person, _moment(submitted, "--submitted") if submitted else "")
    print(f"{_line(person)}, {_line(found.kata)}: {'a new verdict' if new else 'it was there already'}")


def _keys(place: Path) -> list[tuple[str, str]]:
    from graders.batch import journal
    from graders.batch.cohort import Batch

    return list(journal.shorts(Batch(place).journal))


@app.command()
def show(
    person: Annotated[str | None, typer.Argument(metavar="[PERSON]", help="One person, in detail.")] = None,
    kata: Annotated[str | None, typer.Option(help="One kata alone.", metavar="SLUG")] = None,
    gradebook: Url = HERE,
) -> None:
    """Show what counts: everybody's points, or all of one person.

    Of each submission it is the newest verdict; `katas gradebook audit` has the earlier ones.
    """
    with _open(gradebook) as book:
        _expect(book, kata)
        places = book.places(kata, person)
        if not places:
            raise KataError(f"{book.name}: nothing of that is in it")
        print("\n".join(_in_detail(places) if person else _table(places)))


def _table(places: Sequence[Place]) -> list[str]:
    """A line a person; a column a kata where they fit side by side, else a line for each."""
    katas = sorted({place.kata for place in places})
    people = sorted({place.person for place in places})
    points = {(place.person, place.kata): place for place in places}
    width = max(len("person"), *(min(len(_line(person)), 30) for person in people))
    wide = {kata: max(len(_line(kata)), 6) for kata in katas}
    if width + sum(each + 2 for each in wide.values()) + 8 > 100:
        return [
            line
            for place in places
            for line in [f"{_line(place.person)[:30]:<{width}}  {_line(place.kata):<14} {_points(place)}"]
        ]
    head = f"{'person':<{width}}" + "".join(f"  {_line(kata):>6}" for kata in katas) + f"  {'total':>6}"
    lines = [head]
    for person in people:
        own = [points.get((person, kata)) for kata in katas]
        cells = "".join(f"  {_cell(each):>{wide[kata]}}" for each, kata in zip(own, katas, strict=True))
        lines.append(f"{_line(person)[:30]:<{width}}{cells}  {sum(each.points for each in own if each):>6g}")
    if any(map(_outstanding, places)):
        lines.append("* awaits a person's marks: katas review")
    return lines


def _cell(place: Place | None) -> str:
    if place is None:
        return "–"
    return f"{place.points:g}" + ("*" if _outstanding(place) else "")


def _outstanding(place: Place) -> float:
    """Points that a person has still to give: to what counts, or to what would count with them."""
    waiting = [each for each in place.standings if each.attempt.verdict.review_points and not each.over_limit]
    open_ = [each for each in waiting if each is place.counted or _at_most(each) > place.points]
    return max((each.attempt.verdict.review_points for each in open_), default=0.0)


def _at_most(each: Standing) -> float:
    """The points of an attempt, should all be given that a person has still to give."""
    verdict = each.attempt.verdict
    left = each.points / verdict.score if verdict.score else 1.0  # of what lateness costs
    return each.points + left * verdict.review_points


def _line(text: str, limit: int = 200) -> str:
    """What somebody else has written, as it can be shown in a line: names, titles, moments, what a person said."""
    from graders.report.text import clean_line

    return clean_line(text, limit)


def _points(place: Place) -> str:
    if place.counted is None:
        return "nothing that counts"
    verdict = place.counted.attempt.verdict
    late = f", {_days(place.counted.late)} late" if place.counted.late else ""
    before = ", passed by another submission" if place.passed and verdict.status == "failed" else ""
    return f"{place.points:>6g} of {verdict.max_score + verdict.review_points:g}  {verdict.status}{late}{before}"


def _days(count: int) -> str:
    return f"{count} day{'s' if count != 1 else ''}"


def _mark(mark: Mark) -> str:
    from graders.verdict import LONGEST_COMMENT

    said = f" ({_line(mark.comment, LONGEST_COMMENT)})" if mark.comment else ""
    return f"{_line(mark.task)} {mark.points:g} by {_line(mark.reviewer)}{said}"


def _in_detail(places: Sequence[Place]) -> list[str]:
    from graders.report.wording import extras
    from graders.review import marks_of

    lines = []
    for place in places:
        lines.append(f"{_line(place.kata)}: {_points(place).strip()}")
        for each in place.standings:
            verdict = each.attempt.verdict
            notes = [f"{verdict.status}, {verdict.score:g} of {verdict.max_score:g}"]
            if counted := extras(verdict):
                notes.append(counted)
            if each.late:
                notes.append(f"{_days(each.late)} late: {each.points:g} left")
            if each.over_limit:
                notes.append(f"over the limit of {place.rule.attempts_per_day} a day: does not count")
            notes += [_mark(mark) for mark in marks_of(verdict)]
            sign = "→" if each is place.counted else " "
            which = f"{_line(each.attempt.submitted_at)}  {_line(verdict.submission_sha256)[:12]}"
            lines.append(f"  {sign} {which}  {'; '.join(notes)}")
    return lines


@export.command("csv")
def export_csv(
    kata: MaybeKata = None,
    per: Annotated[str, typer.Option(help="A row for each: submission or person.", metavar="WHAT")] = "submission",
    output: Annotated[Path | None, typer.Option(help="Write it to this file.", metavar="FILE")] = None,
    gradebook: Url = HERE,
) -> None:
    """One row a submission and one column a task, or one row a person."""
    from graders.cli import delivery

    if per not in ("submission", "person"):
        raise KataError(f"--per {per}: submission or person is expected")
    with _open(gradebook) as book:
        _expect(book, kata)
        places = book.places(kata)
    text = _per_submission(places) if per == "submission" else _per_person(places)
    if output is None:
        print(text, end="")
        return
    delivery.deliver(text, output)
    print(f"written: {output}")


def _written(rows: Sequence[Sequence[Any]]) -> str:
    from graders.batch.cohort import harmless

    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([[harmless(cell) for cell in row] for row in rows])
    return text.getvalue()


def _per_submission(places: Sequence[Place]) -> str:
    several = len({place.kata for place in places}) > 1

    def column(place: Place, task: str) -> str:
        return f"{place.kata}:{task}" if several else task

    tasks = list(
        dict.fromkeys(
            column(place, task.name)
            for place in sorted(places, key=lambda each: each.kata)
            for standing in place.standings
            for task in standing.attempt.verdict.tasks
        )
    )
    rows: list[list[Any]] = [[*COLUMNS, *tasks]]
    for place in places:
        for each in place.standings:
            verdict = each.attempt.verdict
            given = [task for task in verdict.tasks if task.status != "awaiting_review"]
            scores = {column(place, task.name): task.score for task in given}
            cells = [place.person, place.kata, each.attempt.submitted_at, verdict.submission_sha256, verdict.status]
            worth = [verdict.score, verdict.max_score, each.late, int(each.over_limit), each.points]
            rows.append([*cells, *worth, int(each is place.counted), *(scores.get(task, "") for task in tasks)])
    return _written(rows)


def _per_person(places: Sequence[Place]) -> str:
    katas = sorted({place.kata for place in places})
    points = {(place.person, place.kata): place.points for place in places}
    rows: list[list[Any]] = [["person", *katas, "total", "outstanding"]]
    for person in sorted({place.person for place in places}):
        own = [points.get((person, kata), "") for kata in katas]
        outstanding = sum(_outstanding(place) for place in places if place.person == person)
        rows.append([person, *own, round(sum(each for each in own if isinstance(each, float)), 4), outstanding])
    return _written(rows)


@app.command()
def rule(
    kata: Annotated[str, typer.Argument(metavar="KATA", help="The kata.")],
    counts: Annotated[str | None, typer.Option(help="Which submission: best or last.", metavar="WHICH")] = None,
    due: Annotated[str | None, typer.Option(help="The deadline; UTC where it names no offset.", metavar="TIME")] = None,
    late_percent: Annotated[
        float | None, typer.Option(help="Of the points, for each day begun.", metavar="P", min=0, max=100)
    ] = None,
    late_days: Annotated[int | None, typer.Option(help="So long; -1: without end.", metavar="N", min=-1)] = None,
    person: Annotated[str | None, typer.Option(help="A deadline for this one alone.", metavar="NAME")] = None,
    gradebook: Url = HERE,
    by: By = None,
) -> None:
    """Say how a kata counts.

    Its deadline, what being late costs, best or last. Without options, show it.
    Points follow at once, and the change is in the audit trail.
    """
    if counts not in (None, "best", "last"):
        raise KataError(f"--counts {counts}: best or last is expected")
    from graders.gradebook.book import told_rule

    with _open(gradebook, by) as book:
        _expect(book, kata)
        if due is not None and len(due) <= len("2026-05-31"):  # it would be over before it begins
            raise KataError(f"--due {due}: at what time of the day? Such as {due}T23:59+02:00")
        moment = None if due is None else _moment(due, "--due")
        if person is not None:
            if moment is None or (counts, late_percent, late_days) != (None, None, None):
                raise KataError("--person takes --due alone: the rest is the same for everybody")
            book.extend(person, kata, moment)
            print(f"{kata}, {person}: due {moment}")
            return
        set_ = book.set_rule(kata, counts=counts, due_at=moment, late_percent=late_percent, late_days=late_days)
        print(f"{kata}: {told_rule(set_)}")


@app.command()
def regrade(
    kata: MaybeKata = None,
    person: Annotated[str | None, typer.Option(help="One person's alone.", metavar="NAME")] = None,
    since: Annotated[
        str | None, typer.Option(help="Verdicts of harnesses from this version on.", metavar="VERSION")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what nothing has changed of.")] = False,
    batch: Folder = None,
    workers: Annotated[int | None, typer.Option(help="Processes that grade; one a core.", metavar="N", min=1)] = None,
    require_extras: Annotated[
        bool | None,
        typer.Option("--require-extras/--no-require-extras", help="Must extra tasks pass too? As before if neither."),
    ] = None,
    gradebook: Url = HERE,
    by: By = None,
) -> int:
    """Grade again what is of other tests or another harness.

    The submissions are taken from the batch folders that keep them. Earlier verdicts stay in the book. Extra tasks are
    required of those of whom they were required before, and where kata.toml requires them.

    Exit status: 0 all graded, 2 something could not be.
    """
    from graders.batch.executors import ThisMachine
    from graders.cli.progress import progress_bar
    from graders.gradebook.regrading import Regraded, outdated
    from graders.gradebook.regrading import regrade as graded_again

    katas = {kata: catalogue.load(Session.root, kata)} if kata else _loadable()
    with _open(gradebook, by) as book:
        whose = None if person is None else book.named(person)
        kept = [
            each for each in book.affected(since, slugs=tuple(katas)) if each.sha256 and whose in (None, each.person)
        ]
        chosen = kept if everything or since else outdated(kept, katas)
        found = Regraded()
        if chosen:
            with ThisMachine(Session.root, workers) as place, progress_bar() as bar:
                task = bar.add_task("grading", total=len(chosen))
                for found in graded_again(book, chosen, katas, place, batch=batch, require_extras=require_extras):
                    bar.update(task, completed=found.graded + len(found.left))
    for name, slug, before, after in found.changed:
        print(f"{_line(name)}, {_line(slug)}: {before.status}, {before.score:g} → {after.status}, {after.score:g}")
    for line in found.left:
        print(f"not graded: {_line(line, 1_000)}")
    print(f"{found.graded} of {len(kept)} graded again, {len(found.changed)} changed")
    return 2 if found.left else 0


@app.command()
def affected(
    since: Annotated[str, typer.Option(help="The first version that has the hole.", metavar="VERSION")],
    before: Annotated[str | None, typer.Option(help="The version that closed it.", metavar="VERSION")] = None,
    kata: Annotated[str | None, typer.Option(help="One kata alone.", metavar="SLUG")] = None,
    gradebook: Url = HERE,
) -> None:
    """List the verdicts that versions with a hole have made.

    `katas gradebook regrade --since VERSION` grades them again.
    """
    with _open(gradebook) as book:
        _expect(book, kata)
        found = book.affected(since, before, (kata,) if kata else ())
    for each in found:
        verdict = each.verdict
        what = f"{verdict.status}, {verdict.score:g} of {verdict.max_score:g}"
        made = f"version {_line(verdict.harness_version)}, {_line(verdict.graded_at)}"
        print(f"{_line(each.person)}  {_line(each.kata)}  {what}  {made}")
    print(f"{len(found)} verdicts by versions from {since} on{f', before {before}' if before else ''}")


@app.command()
def stats(
    kata: MaybeKata = None,
    page: Annotated[
        Path | None, typer.Option("--html", help="Write it as a page to this file.", metavar="FILE")
    ] = None,
    gradebook: Url = HERE,
) -> None:
    """Show how tasks were solved.

    Pass rate, discrimination, and the misconceptions that the judge recognised.
    """
    from graders.cli import delivery
    from graders.gradebook import statistics

    with _open(gradebook) as book:
        _expect(book, kata)
        places = book.places()
    found = [each for each in statistics.of_katas(places) if kata in (None, each.slug)]
    if not found:
        raise KataError(f"{gradebook}: nothing of that is in it")
    if page is None:
        from graders.gradebook.page import share, signed

        for each in found:
            solved = f"{each.passed} of {each.people} who handed in passed"
            print(f"{_line(each.title)} ({_line(each.slug)}): {solved}, mean {share(each.mean)}")
            if each.ungradable:
                print(f"  of {each.ungradable} nothing could be graded: they are in no mean, and in no task's figures")
            for task in each.tasks:
                passed = f"{share(task.pass_rate)} of {task.people} graded pass, mean {share(task.mean)}"
                told = f"D {signed(task.discrimination)}, r {signed(task.rest_correlation)}"
                print(f"  {_line(task.title)}\n      {passed}, {told}")
                for sentence, count in task.misconceptions:
                    print(f"      {count}×  {_line(sentence, 1_000)}")
        return
    from graders.gradebook.page import render

    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    delivery.deliver(render(found, len({place.person for place in places}), today), page)
    print(f"written: {page}")


@app.command()
def similar(
    kata: Annotated[str, typer.Argument(metavar="KATA", help="The kata.")],
    at_least: Annotated[float, typer.Option(help="Percent of the code in common.", metavar="P", min=0, max=100)] = 80,
    batch: Folder = None,
    gradebook: Url = HERE,
) -> None:
    """List submissions that look like each other.

    Short tasks have few right answers, which are all alike: it says where a person should look, and no more.
    """
    from graders.batch.cohort import Batch
    from graders.gradebook.similar import compared

    known = catalogue.load(Session.root, kata, complete=False)
    files: dict[str, Submission] = {}
    when: dict[str, str] = {}
    missing = 0
    with _open(gradebook) as book:
        kept = [each for each in book.affected(slugs=(kata,)) if each.sha256]
    for each in kept:
        try:
            files[each.person] = Batch(batch or Path(each.batch)).store.take(known, each.sha256)
            when[each.person] = each.submitted_at
        except KataError:
            missing += 1
    if not kept:
        raise KataError(
            f"{gradebook}: nobody has handed in {kata}; `katas gradebook import` takes over what a batch has"
        )
    if not files:
        places = ", ".join(sorted({str(batch or each.batch or "no batch folder") for each in kept}))
        raise KataError(
            f"{places}: none of the {len(kept)} submissions of {kata} is there (any more); "
            "name the folder that keeps them: --batch DIR"
        )
    found = compared(known, files, at_least / 100)
    for pair in found.pairs:
        one, other = _line(pair.one), _line(pair.other)
        shares = f"{100 * pair.share:.0f} % of {one}'s, {100 * pair.other_share:.0f} % of {other}'s"
        moment, first = min((when[each], each) for each in (pair.one, pair.other))
        print(f"{one}  {other}: {shares}; {_line(first)} was first, {_line(moment)}")
    left = f"; {missing} submissions are not kept any more: --batch DIR names a folder that has them" if missing else ""
    for person in found.left_out:
        print(f"{_line(person)}: these files take too long to compare and were left out: look at them yourself")
    people = len(files) - len(found.left_out)
    print(f"{len(found.pairs)} pairs of {people} people have {at_least:g} % or more of one's code in common{left}")


@app.command()
def audit(
    person: Annotated[str | None, typer.Argument(metavar="[PERSON]", help="What was changed of one person.")] = None,
    gradebook: Url = HERE,
) -> None:
    """Show who changed what, when, from what to what."""
    with _open(gradebook) as book:
        for row in book.audit(person):
            before, after = _line(row.before, LONGEST_CHANGE), _line(row.after, LONGEST_CHANGE)
            change = f"{before} → {after}" if before else after
            words = (row.at, row.who, row.what, row.person, row.kata)
            print("  ".join(part for part in (*map(_line, words), change) if part))


@app.command()
def forget(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="Whose data are to go.")],
    batch: Copy = None,
    gradebook: Url = HERE,
    by: By = None,
) -> None:
    """Remove all data of one person, here and in the batch folders.

    Exit status: 0 all removed; 2 something could not be: the message names it, and how to remove it.
    """
    with _open(gradebook, by) as book:
        if batch is not None and not book.knows(person) and _clean([batch], person=person):
            return  # removed from the book before, when nobody knew where the folder was
        folders = book.batches_of(person)
        _clean(_there(folders, batch), person=person)
        book.forget(person)
    print(f"{person}: removed from {gradebook}")
    _told_of_gone(folders, batch, f"katas gradebook forget {shlex.quote(person)}")


@app.command()
def expire(
    before: Annotated[str, typer.Option(help="What was handed in before this moment.", metavar="TIME")],
    batch: Copy = None,
    gradebook: Url = HERE,
    by: By = None,
) -> None:
    """Remove what is too old to be kept.

    Here and in the batch folders. Exit status: 0 all removed; 2 something could not be: the message names it.
    """
    moment = _moment(before, "--before")
    with _open(gradebook, by) as book:
        folders = book.batches_before(moment)
        _clean(_there(folders, batch), moment=moment)
        count, _ = book.forget_before(moment)
    print(f"{count} submissions removed from {gradebook}")
    _told_of_gone(folders, batch, f"katas gradebook expire --before {before}")


def _there(folders: Sequence[str], batch: Path | None) -> list[Path]:
    """The batch folders that are there, and the one that was named."""
    found = {Path(each).resolve(): Path(each) for each in folders if _is_batch(Path(each))}
    if batch is not None:
        found[batch.resolve()] = batch
    return list(found.values())


def _is_batch(folder: Path) -> bool:
    from graders.batch.cohort import Batch

    return Batch(folder).journal.is_file()


def _told_of_gone(folders: Sequence[str], batch: Path | None, command: str) -> None:
    """Raise KataError for the folders that are not there any more. One that was named is where one of them is now."""
    gone = [each for each in folders if not _is_batch(Path(each))]
    moved = batch is not None and batch.resolve() not in [Path(each).resolve() for each in folders]
    if len(gone) > moved:
        raise KataError(
            f"{', '.join(gone)}: not there (any more), so nothing was removed of it; "
            f"where it was moved to: {command} --batch DIR"
        )


def _clean(folders: Sequence[Path], *, person: str = "", moment: str = "") -> int:
    """Remove a person, or what is too old, from batch folders; how many verdicts they were."""
    from graders.batch import cohort
    from graders.batch.cohort import Batch
    from graders.cli import delivery

    removed = 0
    for folder in folders:
        batch = Batch(folder)
        if not batch.journal.is_file():
            raise KataError(f"{folder}: no batch is there; name the --out folder of `katas grade-batch`")
        rows, dropped = batch.forget(person) if person else batch.forget_before(moment)
        delivery.deliver(cohort.results(batch), folder / "results.csv")
        print(f"{folder}: {rows} verdicts and {dropped} submissions removed")
        removed += rows
    return removed


def leaderboard(
    kata: Annotated[str, typer.Argument(metavar="KATA", help="A kata with a speed task.")],
    gradebook: Url = HERE,
) -> None:
    """Show who is fastest in a speed task.

    A ratio is the submission's time by the reference's, with its interval of 95 %. Whose intervals overlap are tied.
    """
    from graders.gradebook.leaderboard import board
    from graders.report.wording import sentence

    with _open(gradebook) as book:
        _expect(book, kata)
        found = board(book.places(kata))
    if not found:
        raise KataError(f"{kata}: nobody's speed is in {gradebook}; a speed test that passes puts it there")
    for number, (test, lines) in enumerate(found.items()):
        print(("\n" if number else "") + _line(sentence(test)))
        for line in lines:
            tied = "=" if sum(each.rank == line.rank for each in lines) > 1 else " "
            speed = line.speed
            print(
                f"{line.rank:>4}{tied} {speed.ratio:>6.2f}×  {speed.low:.2f} to {speed.high:.2f}  {_line(line.person)}"
            )

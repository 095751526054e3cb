"""`katas gradebook regrade`: grade submissions again after the tests or the harness have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from graders import catalogue
from graders.cli.gradebook.options import (
    DEFAULT_URL,
    BatchFolder,
    By,
    MaybeKata,
    Url,
    line,
    open_gradebook,
)
from graders.cli.session import Invocation

if TYPE_CHECKING:
    from graders.course.gradebook import Gradebook, StoredSubmission
    from graders.course.regrading import Regraded, RegradingOptions

Person = Annotated[str | None, typer.Option(help="Regrade only this person's submissions.", metavar="NAME")]
Since = Annotated[
    str | None,
    typer.Option(help="Regrade what was graded by this version of the harness or a later one.", metavar="VERSION"),
]
Everything = Annotated[
    bool, typer.Option("--all", help="Also regrade submissions whose tests and harness have not changed.")
]
Workers = Annotated[
    int | None, typer.Option(help="The number of grading processes; by default, one per core.", metavar="N", min=1)
]
RequireExtras = Annotated[
    bool | None,
    typer.Option(
        "--require-extras/--no-require-extras", help="Whether extra tasks must pass too; by default, as before."
    ),
]


def regrade(
    kata: MaybeKata = None,
    person: Person = None,
    since: Since = None,
    everything: Everything = False,
    batch: BatchFolder = None,
    workers: Workers = None,
    require_extras: RequireExtras = None,
    gradebook: Url = DEFAULT_URL,
    by: By = None,
) -> int:
    """Regrade submissions whose tests or harness have changed.

    The submissions come from their batch folders, whose files are written again. Earlier verdicts stay in the
    gradebook. By default, extra tasks must pass where they had to pass before, and where kata.toml requires it.

    Exit status: 0 everything was graded, 2 something was not.
    """
    from graders.course.regrading import Regraded, RegradingOptions, outdated
    from graders.course.written_files import refresh_tables, write_regraded

    known = [catalogue.load(Invocation.root, kata)] if kata else catalogue.load_all(Invocation.root)
    katas = {each.slug: each for each in known}
    with open_gradebook(gradebook, by) as book:
        found = _stored(book, katas, since, person)
        chosen = found if everything or since else outdated(found, katas)
        book.update_katas(katas[slug] for slug in sorted({each.kata for each in chosen}))
        options = RegradingOptions(batch, require_extras)
        before = _final_marks(book) if book.course().late_day_bank else None
        regraded = _graded(book, chosen, katas, workers, options) if chosen else Regraded()
        files = [text for folder, keys in regraded.folders.items() for text in write_regraded(book, folder, keys)]
        if before is not None:  # without a bank of late days, no kata can change another one's marks
            files += _changed_elsewhere(book, before, {slug for _, slug, _, _ in regraded.changed})
        files += refresh_tables(book) if regraded.folders else []
    print("\n".join(_summary(regraded, len(found)) + [line(text, 1_000) for text in files]))
    return 2 if regraded.left else 0


def _final_marks(book: Gradebook) -> dict[tuple[str, str], float]:
    return {
        (report.person, slug): place.mark.points for report in book.reports() for slug, place in report.places.items()
    }


def _changed_elsewhere(book: Gradebook, before: dict[tuple[str, str], float], regraded: set[str]) -> list[str]:
    """Return which final marks for other katas have changed, because they share a bank of late days."""
    from graders.course.written_files import pages_to_write_again

    after = _final_marks(book)
    changed = sorted(key for key in after if key[1] not in regraded and after[key] != before.get(key))
    lines = [
        f"{key[0]}, {key[1]}: final mark {before.get(key, 0):g} → {after[key]:g}, because of the bank of late days"
        for key in changed
    ]
    return lines + [text for slug in sorted({slug for _, slug in changed}) for text in pages_to_write_again(book, slug)]


def _stored(
    book: Gradebook, katas: dict[str, catalogue.Kata], since: str | None, person: str | None
) -> list[StoredSubmission]:
    names = None if person is None else book.names_of(person)
    found = book.affected(since, slugs=tuple(katas))
    return [each for each in found if each.sha256 and (names is None or each.person in names)]


def _graded(
    book: Gradebook,
    chosen: list[StoredSubmission],
    katas: dict[str, catalogue.Kata],
    workers: int | None,
    options: RegradingOptions,
) -> Regraded:
    from graders.course.executors import ThisMachine
    from graders.course.regrading import Regraded, regrade
    from graders.output.progress_bar import progress_bar

    found = Regraded()
    with ThisMachine(Invocation.root, workers) as place, progress_bar() as bar:
        task = bar.add_task("grading", total=len(chosen))
        for found in regrade(book, chosen, katas, place, options):
            bar.update(task, completed=found.graded + len(found.left))
    return found


def _summary(regraded: Regraded, stored: int) -> list[str]:
    lines = [
        f"{line(name)}, {line(slug)}: {before.status}, {before.score:g} → {after.status}, {after.score:g}"
        for name, slug, before, after in regraded.changed
    ]
    lines += [f"not graded: {line(each, 1_000)}" for each in regraded.left]
    return [*lines, f"{regraded.graded} of {stored} graded again, {len(regraded.changed)} changed"]

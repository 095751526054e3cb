"""`katas gradebook regrade`: replace outdated verdicts."""

from __future__ import annotations

from typing import Annotated

from graders import catalogue
from graders.cli.session import Invocation
from graders.output.progress_bar import progress_bar
from katas_course import grading, written_files
from katas_course.commands.options import (
    DEFAULT_URL,
    BatchFolder,
    By,
    MaybeKata,
    Url,
    Workers,
    line,
    open_gradebook,
    option,
)
from katas_course.executors import ThisMachine
from katas_course.gradebook import Gradebook, results, settings, storing
from katas_course.gradebook.people import Directory
from katas_course.grading import Regraded
from katas_course.rules import Decision

Marks = dict[tuple[str, str], tuple[float, tuple[Decision, ...]]]  # the points and decisions by person and kata

OnePerson = Annotated[str | None, option("Regrade only this person's submissions.", "NAME")]
Since = Annotated[
    str | None, option("Regrade what was graded by this version of the harness or a later one.", "VERSION")
]
Everything = Annotated[
    bool, option("Also regrade submissions whose tests and harness have not changed.", None, "--all")
]
RequireExtras = Annotated[
    bool | None,
    option("Whether extra tasks must pass too; by default, as before.", None, "--require-extras/--no-require-extras"),
]


def regrade(
    kata: MaybeKata = None,
    person: OnePerson = None,
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
    known = [catalogue.load(Invocation.root, kata)] if kata else catalogue.load_all(Invocation.root)
    katas = {each.slug: each for each in known}
    with open_gradebook(gradebook, by) as book:
        names = None if person is None else book.read(Directory).names(person)
        stored = book.read(results.stored, since, slugs=tuple(katas))
        stored = [each for each in stored if each.sha256 and (names is None or each.person in names)]
        chosen = stored if everything or since else grading.outdated(stored, katas)
        book.write(storing.update_katas, [katas[slug] for slug in sorted({each.kata for each in chosen})])
        began = book.write(results.begin_regrading, f"{len(chosen)} of {len(stored)} submissions")
        before = _final_marks(book)
        regraded = Regraded()
        if chosen:
            with ThisMachine(Invocation.root, workers) as executor, progress_bar() as bar:
                task = bar.add_task("grading", total=len(chosen))
                for regraded in grading.regrade(book, chosen, katas, executor, batch, require_extras=require_extras):
                    bar.update(task, completed=regraded.graded + len(regraded.left))
        changed = book.write(results.end_regrading, began, f"{regraded.graded} submissions")
        lines = [
            f"{line(name)}, {line(slug)}: {old.status}, {old.score:g} → {new.status}, {new.score:g}"
            for name, slug, old, new in changed
        ]
        lines += [f"not graded: {line(each, 1_000)}" for each in regraded.left]
        lines.append(f"{regraded.graded} of {len(stored)} graded again, {len(changed)} changed")
        files = written_files.after_scores(book, regraded.folders)
        files += _changed_elsewhere(book, before, {slug for _, slug, _, _ in changed})
    print("\n".join(lines + [line(text, 1_000) for text in files]))
    return 2 if regraded.left else 0


def _final_marks(book: Gradebook) -> Marks | None:
    """Return everyone's points. Without a bank of late days, no kata can change another one's marks: return None."""
    if not book.read(settings.course).late_day_bank:
        return None
    reports = book.read(results.reports)
    found = (result for report in reports for result in report.katas.values())
    return {(each.person, each.kata): (each.points, each.decisions) for each in found}


def _changed_elsewhere(book: Gradebook, before: Marks | None, regraded: set[str]) -> list[str]:
    """Return which final marks for other katas have changed, because they share a bank of late days."""
    after = _final_marks(book)
    if before is None or after is None:
        return []
    changed = [  # a decision made meanwhile is not the bank's doing
        (person, slug, old[0], points)
        for (person, slug), (points, decided) in sorted(after.items())
        if slug not in regraded and (old := before.get((person, slug))) and old[0] != points and old[1] == decided
    ]
    lines = [
        f"{person}, {slug}: final mark {old:g} → {new:g}, because of the bank of late days"
        for person, slug, old, new in changed
    ]
    katas = sorted({slug for _, slug, _, _ in changed})
    return lines + [text for slug in katas for text in written_files.outdated_everywhere(book, slug)]

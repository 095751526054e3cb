"""`katas gradebook override`, `exclude`, `withdraw` and `request`: instructors' decisions on points."""

from __future__ import annotations

from typing import Annotated

import typer

from graders import catalogue
from graders.cli.session import Invocation
from graders.errors import KataError
from katas_course.commands.options import (
    DEFAULT_URL,
    By,
    KataSlug,
    Person,
    Url,
    argument,
    check_kata,
    line,
    open_gradebook,
    option,
)
from katas_course.gradebook import Gradebook, decisions, results, settings, storing
from katas_course.written_files import after_decision, outdated_everywhere

app = typer.Typer(help="Keep a list of requests to regrade.", no_args_is_help=True, rich_markup_mode=None)

Reason = Annotated[str, option("The reason, which everyone sees who sees the points.", "TEXT")]
MaybeTask = Annotated[str, option("Only this task of the kata.", "NAME")]


def override(
    person: Person,
    kata: KataSlug,
    points: Annotated[float, option("The points.", "X", min=0, max=1e6)],
    reason: Reason,
    task: MaybeTask = "",
    gradebook: Url = DEFAULT_URL,
    by: By = None,
) -> None:
    """Set a person's points for a kata, or for one task of it.

    Points for a kata count as they are. Points for a task replace the points from its tests or its reviewer, and a late
    penalty still applies. An override stays until it is withdrawn, even if the submission is graded again.
    """
    with open_gradebook(gradebook, by, signed=True) as book:
        _check_points(book, person, kata, task, points)
        book.write(decisions.override, person, kata, points, reason, task)
        print(_now(book, person, kata))


def exclude(person: Person, kata: KataSlug, reason: Reason, gradebook: Url = DEFAULT_URL, by: By = None) -> None:
    """Give a person no points for a kata, for example in a case of plagiarism.

    The submissions stay in the gradebook, and the person does not pass the kata. It replaces an override of the kata.
    """
    with open_gradebook(gradebook, by, signed=True) as book:
        check_kata(book, kata)
        book.write(decisions.exclude, person, kata, reason)
        print(_now(book, person, kata))


def withdraw(person: Person, kata: KataSlug, task: MaybeTask = "", gradebook: Url = DEFAULT_URL, by: By = None) -> None:
    """Withdraw an override or an exclusion."""
    with open_gradebook(gradebook, by, signed=True) as book:
        check_kata(book, kata)
        withdrawn = book.write(decisions.withdraw, person, kata, task)
        print(f"withdrawn: {line(withdrawn, 1_000)}")
        print(_now(book, person, kata))


def _check_points(book: Gradebook, person: str, kata: str, task: str, points: float) -> None:
    """Raise KataError for points that the kata or the task does not have, and for an unknown task."""
    check_kata(book, kata)
    standings = [each for result in book.read(results.of_katas, kata, person) for each in result.standings]
    maxima = {task.name: task.max_score for each in standings for task in each.attempt.verdict.tasks}
    if kata in catalogue.slugs(Invocation.root):
        loaded = catalogue.load(Invocation.root, kata, complete=False)
        book.write(storing.update_katas, [loaded])
        maxima |= {each.name: each.points for each in loaded.tasks}
    if task and task not in maxima:
        raise KataError(f"{kata}: there is no task {task}. Choose one of: {', '.join(maxima) or 'none'}.")
    rule = book.read(settings.rules).get(kata)
    most = maxima[task] if task else max(sum(maxima.values()), rule.maximum if rule else 0.0)
    if most and not points <= most:
        raise KataError(f"--points {points:g}: {task or kata} has only {most:g}. Choose 0 to {most:g}.")


def _now(book: Gradebook, person: str, kata: str) -> str:
    """Return the mark after a change, and in which folders pages of feedback may be outdated."""
    (report,) = book.read(results.reports, kata, person)
    if kata not in report.katas:
        return f"{line(report.person)}, {kata}: no submission"
    mark = report.katas[kata].mark
    now = f"{line(report.person)}, {kata}: {mark.points:g} of {mark.maximum:g} ({line(mark.text, 3_000)})"
    return "\n".join([now, *after_decision(book, kata)])


@app.command("add")
def add(person: Person, kata: KataSlug, reason: Reason, gradebook: Url = DEFAULT_URL, by: By = None) -> None:
    """Add a request to regrade a kata."""
    with open_gradebook(gradebook, by) as book:
        check_kata(book, kata)
        number = book.write(decisions.add_request, person, kata, reason)
    print(f"request {number} added")


@app.command("list")
def list_(
    everything: Annotated[bool, option("Also list closed requests.", None, "--all")] = False,
    gradebook: Url = DEFAULT_URL,
) -> None:
    """List the open requests to regrade."""
    with open_gradebook(gradebook) as book:
        requests, clock = book.read(decisions.requests, closed=everything), book.read(settings.clock)
    for person, each in requests:
        state = f"closed by {each.closed_by} {each.closed_at}: {each.answer}" if each.closed_at else "open"
        words = (str(each.id), person, each.kata, each.opened_at, each.reason, state)
        print(clock.in_text("  ".join(line(word, 1_000) for word in words)))
    if not requests:
        print("no requests" if everything else "no open requests")


@app.command("close")
def close(
    number: Annotated[int, argument("NUMBER", "The number of the request.")],
    answer: Annotated[str, option("The answer.", "TEXT")],
    gradebook: Url = DEFAULT_URL,
    by: By = None,
) -> None:
    """Close a request to regrade, with an answer."""
    with open_gradebook(gradebook, by, signed=True) as book:
        person, kata = book.write(decisions.close_request, number, answer)
        outdated = outdated_everywhere(book, kata)
    print("\n".join([f"request {number} closed: {line(person)}, {line(kata)}", *outdated]))

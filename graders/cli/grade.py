"""`katas grade`: grade katas and report their verdicts."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from graders.catalogue import Kata
from graders.cli.options import (
    Against,
    Output,
    Require,
    RequireExtras,
    Seed,
    Slugs,
    Submission,
    chosen_katas,
    one_by_one,
    place_of,
    seed_16,
)
from graders.cli.session import Invocation, say
from graders.output import delivery
from graders.output.progress_bar import spinner
from graders.report import Format
from graders.verdict import Audience, Verdict


def grade(
    slugs: Slugs = None,
    submission: Submission = None,
    against: Against = None,
    form: Annotated[
        Format, typer.Option("--format", help=f"The format of the report: {', '.join(Format)}.", metavar="FORMAT")
    ] = Format.terminal,
    audience: Annotated[
        Audience, typer.Option(help="Who the report is for; this decides how much it reveals about hidden tests.")
    ] = "learner",
    output: Output = None,
    hidden: Annotated[
        Path | None,
        typer.Option(
            help="The folder with the hidden suites (a subfolder for each kata), if they are kept elsewhere.",
            metavar="DIR",
        ),
    ] = None,
    require_confinement: Require = None,
    confinement: Annotated[
        str, typer.Option(help="auto, or a weaker confinement than this machine offers: partial or none.", hidden=True)
    ] = "auto",
    seed: Seed = None,
    require_extras: RequireExtras = False,
    with_shipped: Annotated[
        bool,
        typer.Option(
            "--with-shipped",
            help="For practice: grade a milestone with the solutions of the katas that it builds on, "
            "not with your files.",
        ),
    ] = False,
) -> int:
    """Grade katas with their visible and hidden tests.

    Your code runs in confined worker processes. You pass a kata when all its core tasks pass. Extra tasks only add
    points, unless --require-extras or kata.toml says that they must pass too.

    Exit status: 0 passed or awaiting review, 1 failed or ungradable, 2 could not be graded.
    """
    from graders.hidden_suites import with_hidden

    chosen = chosen_katas(slugs)
    options = {"seed": seed_16(seed), "require_extras": require_extras or None, "with_shipped": with_shipped}
    places = {kata.slug: place_of(kata, submission, against) for kata in chosen}
    if output is not None:
        delivery.check(output)
    started = time.monotonic()
    if confinement != "auto" and Invocation.started is not None:
        Invocation.started.close()  # this command cannot use the judge that was started early
    settings = {"require": require_confinement, "confinement": confinement, "resident": len(chosen) > 1}
    verdicts: list[Verdict] = []
    with with_hidden(Invocation.root, hidden) as root, Invocation.judge(root, **settings) as judge:
        for kata in one_by_one(chosen, "grading"):
            with _test_counter(kata, alone=len(chosen) == 1) as tell:
                verdicts.append(judge.grade(kata.slug, places[kata.slug], tell=tell, **options))
    if submission is None and against is None and not with_shipped:
        from graders.learner.progress import remember

        for problem in remember(verdicts, Invocation.root):
            say(f"katas: {problem}")
    _report(verdicts, form, audience, output, time.monotonic() - started)
    if submission is None and against is None and form is Format.terminal and output is None:
        _say_what_to_read(chosen, verdicts)
    return max(each.exit_status for each in verdicts)


def _report(verdicts: list[Verdict], form: Format, audience: Audience, output: Path | None, seconds: float) -> None:
    from graders import report

    if output is not None:
        delivery.deliver(report.render(verdicts, form.value, audience), output)
        say(f"written: {output}")
    elif form is not Format.terminal:
        print(report.render(verdicts, form.value, audience).removesuffix("\n"))
    else:
        from graders.report import terminal, wording

        for number, each in enumerate(verdicts):
            if number:
                print()
            terminal.print_verdict(each, audience=audience)
        if len(verdicts) > 1:
            print(f"\n{wording.total(verdicts, seconds)}")


def _say_what_to_read(katas: Sequence[Kata], verdicts: Sequence[Verdict]) -> None:
    """After a pass on the learner's own files, name the solution and the explanation."""
    from graders.learner.guidance import after_pass
    from graders.learner.progress import DONE
    from graders.output.paragraphs import filled, width_of

    for kata, verdict in zip(katas, verdicts, strict=True):
        if verdict.status in DONE and (further := after_pass(kata)):
            print(f"\n{filled(further, width_of(sys.stdout))}")


@contextmanager
def _test_counter(kata: Kata, *, alone: bool) -> Iterator[Callable[[Verdict], None] | None]:
    """Yield a function to call after each test, which shows how many have run, or None if nothing is shown."""
    if not alone or not sys.stderr.isatty():
        yield None
        return
    with spinner(f"grading {kata.slug}") as show:
        yield lambda found: show(f"grading {kata.slug}: {len(found.tests)} tests done")

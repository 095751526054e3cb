"""`katas grade`, `katas replay` and `katas demo`: grade and report, repeat a verdict, and grade bundled submissions."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from graders import catalogue
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
    verdict_in,
)
from graders.cli.session import Invocation, say
from graders.errors import CatalogueError, KataError
from graders.output import delivery
from graders.output.progress_bar import step_reporter
from graders.report import Format
from graders.verdict import Audience, Verdict

DEMO = Path(__file__).parents[1] / "demo"
EXPECTED = {"right": "passed", "wrong": "failed", "cheating": "failed"}  # the demo's verdicts


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
    settings = {
        "require": require_confinement,
        "confinement": confinement,
        "resident": len(chosen) > 1,
        "first": chosen[0].slug,
    }
    verdicts: list[Verdict] = []
    with with_hidden(Invocation.root, hidden) as root, Invocation.judge(root, **settings) as judge:
        for kata in one_by_one(chosen, "grading"):
            shown = len(chosen) == 1 or not sys.stderr.isatty()  # several katas have a progress bar
            with step_reporter(f"grading {kata.slug}") if shown else nullcontext() as at:
                verdicts.append(judge.grade(kata.slug, places[kata.slug], at=at, spread=len(chosen) == 1, **options))
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


# ---------------------------------------------------------------------------------------------- replay


def replay(
    record: Annotated[
        Path, typer.Argument(metavar="VERDICT.json", help="A verdict file that was written with --audience instructor.")
    ],
    submission: Submission = None,
    against: Against = None,
) -> int:
    """Grade again, with the same inputs as an earlier verdict.

    This lists the statuses, scores and counterexamples that differ. Extra tasks must pass if they had to pass the first
    time.

    Exit status: 0 nothing differs, 1 something differs, 2 the verdict cannot be read or has no seed.
    """
    before = verdict_in(record)
    if before.seed is None:
        raise KataError(
            f"{record}: the verdict has no seed, because it was written for learners. Replay one that was written with "
            f"`katas grade {before.kata} --format json --audience instructor --output FILE`."
        )
    kata = catalogue.load(Invocation.root, before.kata)
    place = place_of(kata, submission, against)
    with Invocation.judge(resident=False, first=kata.slug) as judge:
        after = judge.grade(
            kata.slug,
            place,
            seed=seed_16(before.seed),
            require_extras=before.require_extras,
            with_shipped=before.with_shipped,
            separate=not before.shared_worker,
        )
    found = differences(before, after)
    for line in found or [f"{kata.slug}: the same statuses, scores and counterexamples ({after.status})"]:
        print(line)
    return 1 if found else 0


def differences(before: Verdict, after: Verdict) -> list[str]:
    """Return a line for each difference between two verdicts on the same kata, apart from times."""
    found = []
    for name, what in (
        ("submission_sha256", "the submission differs"),
        ("suite_digest", "the tests differ"),
        ("harness_version", "the version of the harness differs"),
    ):
        then, now = getattr(before, name), getattr(after, name)
        if then != now:
            found.append(f"{what}: {then[:12]} then, {now[:12]} now")
    for slug, then in before.builds_on.items():
        now = after.builds_on.get(slug, "none")
        if then != now:
            found.append(f"the files of {slug} differ: {then[:12]} then, {now[:12]} now")
    if (before.status, before.score) != (after.status, after.score):
        then, now = (f"{each.status}, {each.score:g}" for each in (before, after))
        found.append(f"the verdict differs: {then} points then, {now} now {after.message}".rstrip())
    extra = {task.name: task.extra for task in before.tasks}
    for task in after.tasks:
        if extra.get(task.name, task.extra) != task.extra:
            kinds = "a core task then, extra now" if task.extra else "extra then, a core task now"
            found.append(f"{task.name}: {kinds}")
    earlier, later = ({test.name: test for test in each.tests} for each in (before, after))
    found += [f"{name}: not run then" for name in later if name not in earlier]
    for name, test in earlier.items():
        again = later.get(name)
        if again is None:
            found.append(f"{name}: not run now")
        elif test.status != again.status:
            found.append(f"{name}: {test.status} then, {again.status} now")
        elif test.timeless.counterexample != again.timeless.counterexample:
            found.append(f"{name}: the counterexample differs")
    return found


# ------------------------------------------------------------------------------------------------ demo


def demo() -> int:
    """Grade a right, a wrong and a cheating submission.

    All three are for exercise04.

    Exit status: 0 if each verdict is the expected one, 2 if not.
    """
    from rich.console import Console

    from graders.report.terminal import print_verdict

    if "exercise04" not in catalogue.slugs(Invocation.root):
        fault = "the demo grades exercise04, which is missing here. Use a full checkout: --root DIR"
        raise CatalogueError(f"{Invocation.root}: {fault}")
    if not DEMO.is_dir():
        fault = "this copy does not include the demo's submissions"
        raise KataError(f"{DEMO}: {fault}. Grade your own files instead: `katas grade exercise04`.")
    console = Console()
    surprises = []
    with Invocation.judge(resident=True) as judge:
        for name, expected in EXPECTED.items():
            text = (DEMO / name / "softmax_cross_entropy.py").read_text(encoding="utf-8")
            console.print()
            console.rule(f"[bold]{name}", style="dim", align="left")
            console.print(text.splitlines()[0].strip('"'), markup=False, style="dim")
            console.print()
            verdict = judge.grade("exercise04", DEMO / name)
            print_verdict(verdict, console)
            if verdict.status != expected:
                surprises.append(f"{name}: expected {expected}, got {verdict.status} {verdict.message}")
    for line in surprises:
        console.print(line, markup=False)
    return 2 if surprises else 0

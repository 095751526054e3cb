"""`katas new` and `katas check`: create a kata, and check that katas are ready for learners."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graders import catalogue
from graders.cli.options import Require, Seed, Slugs, chosen_katas, seed_16
from graders.cli.session import Invocation, say
from graders.errors import KataError


def check(
    slugs: Slugs = None,
    mutation: Annotated[bool, typer.Option("--mutation", help="Also grade every mutant of the solution.")] = False,
    flakes: Annotated[
        int, typer.Option(help="Grade right answers N more times, on fresh inputs.", metavar="N", min=0)
    ] = 20,
    every: Annotated[
        int, typer.Option(help="Grade only every Nth wrong and accepted variant.", metavar="N", min=1)
    ] = 1,
    repeat: Annotated[
        int, typer.Option(help="Grade each wrong variant N times; the points must be equal.", metavar="N", min=1)
    ] = 1,
    programs: Annotated[
        bool, typer.Option("--programs", help="Run the programs that the wrong variants' failures show.")
    ] = False,
    seed: Seed = None,
    data: Annotated[
        str | None,
        typer.Option(help="Instead, grade the solution on this data set, and print what it measured.", metavar="NAME"),
    ] = None,
    table: Annotated[Path | None, typer.Option(help="Write the rates and counts to this file.", metavar="FILE")] = None,
    require_confinement: Require = None,
) -> int:
    """Check that katas are ready for learners.

    The stub must fail every task, also if its functions return None or an argument, and the solution and the accepted
    variants must pass. Each wrong variant must fail the task that it names; with --repeat, it must get the same points
    on fresh inputs; with --programs, what the program of a failure prints must be what the failure reports. With
    --mutation, every mutant of the solution must fail unless it is listed as equivalent. Right answers must pass on
    fresh inputs every time; with --flakes 0, the report says that false alarms were not measured. With --seed, all
    other runs take their inputs from that seed, so two checks of the same files agree.

    With --data, only the solution is graded, on a data set that `katas data fetch` has downloaded. Each measured
    number is printed beside its limit. If the kata's files include results, the solution makes them first.

    Exit status: 0 no problems, 1 problems were found, 2 the check could not run.
    """
    from graders.authoring import checking, on_data
    from graders.output import delivery

    root = Invocation.clone()
    if data is not None:
        with Invocation.judge(root, require=require_confinement) as judge:
            return 0 if on_data.check_on(judge, chosen_katas(slugs), data, seed_16(seed)) else 1
    if table is not None:
        delivery.check(table)
    plan = checking.CheckPlan(mutation, flakes, every, repeat, programs, seed_16(seed))
    with Invocation.judge(root, require=require_confinement, resident=True) as judge:
        tallies = checking.check_katas(judge, chosen_katas(slugs), plan)
    if table is not None:
        before = table.read_text(encoding="utf-8") if table.is_file() else ""
        delivery.deliver(checking.as_table(tallies, before), table)
        say(f"written: {table}")
    return 1 if any(tally.faults for tally in tallies) else 0


def new(
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="The new kata's name, e.g. softplus.")],
    function: Annotated[
        str | None, typer.Option(help="The name of its function; SLUG by default.", metavar="NAME")
    ] = None,
) -> None:
    """Create the files of a new kata.

    Fill them in one by one. `katas check SLUG` says what is missing until the kata is ready for learners.
    """
    from graders.authoring.scaffold import scaffold

    root = Invocation.clone()
    if catalogue.slugs(root) and catalogue.is_handed_out(root):
        raise KataError(f"{root}: this is a copy for learners, without hidden tests. Create katas in a full checkout.")
    print(scaffold(root, slug, function or slug).rstrip("\n"))

"""`katas release`: make bundles for students, and bundles for other grading platforms."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from graders.cli.options import chosen_katas
from graders.cli.session import Invocation
from graders.errors import KataError


def release(
    slugs: Annotated[list[str] | None, typer.Argument(metavar="SLUG", help="Katas; by default, all of them.")] = None,
    student: Annotated[Path | None, typer.Option(help="Write a folder for students.", metavar="DIR")] = None,
    gradescope: Annotated[Path | None, typer.Option(help="Write a .zip for Gradescope.", metavar="FILE")] = None,
    docker: Annotated[Path | None, typer.Option(help="Write a folder for `docker build`.", metavar="DIR")] = None,
    with_explanations: Annotated[
        bool, typer.Option("--with-explanations", help="Let students read explanations after a pass.")
    ] = False,
) -> None:
    """Make bundles for students or for other grading platforms.

    The students' folder contains no solutions, hidden tests or wrong variants. The command checks this before it writes
    the folder. The other bundles contain them. With --with-explanations, the students' folder also contains each
    kata's explanation, which shows parts of solutions. Students can open these files at any time.
    """
    from graders.bundles import grading
    from graders.bundles.student import release as student_release
    from graders.bundles.student import warnings

    makers: dict[Callable[..., list[str]], Path | None] = {
        partial(student_release, with_explanations=with_explanations): student,
        grading.gradescope: gradescope,
        grading.docker: docker,
    }
    wanted = [(make, place) for make, place in makers.items() if place is not None]
    if not wanted:
        raise KataError("no bundle is named. Add --student DIR, --gradescope FILE or --docker DIR.")
    if with_explanations and student is None:
        raise KataError("--with-explanations is only for the students' folder. Add --student DIR.")
    root, chosen = Invocation.clone(), chosen_katas(slugs)
    if not chosen:
        remedy = "Create one with `katas new`, or choose another repository with --root DIR."
        raise KataError(f"{root}: there are no katas. {remedy}")
    for make, place in wanted:
        names = make(root, chosen, place)
        print(f"written: {place} ({len(names)} files, {len(chosen)} {'kata' if len(chosen) == 1 else 'katas'})")
    for text in warnings(root, chosen) if student else ():
        print(text)

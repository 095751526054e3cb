"""`katas release`: make bundles for students, and bundles for other grading platforms."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from graders import catalogue
from graders.catalogue import Kata
from graders.cli.session import Invocation
from graders.errors import KataError

Docker = Annotated[Path | None, typer.Option("--docker", help="Write a folder for `docker build`.", metavar="DIR")]
Classroom50 = Annotated[
    Path | None, typer.Option("--classroom50", help="Write a .zip for Classroom 50.", metavar="FILE")
]
WithExplanations = Annotated[
    bool, typer.Option("--with-explanations", help="Let students read `katas explain` after a pass.")
]


def release(
    slugs: Annotated[list[str] | None, typer.Argument(metavar="SLUG", help="Katas; by default, all of them.")] = None,
    student: Annotated[
        Path | None, typer.Option("--student", help="Write a folder for students.", metavar="DIR")
    ] = None,
    gradescope: Annotated[
        Path | None, typer.Option("--gradescope", help="Write a .zip for Gradescope.", metavar="FILE")
    ] = None,
    docker: Docker = None,
    classroom50: Classroom50 = None,
    with_explanations: WithExplanations = False,
) -> None:
    """Make bundles for students or for other grading platforms.

    The students' folder contains no solutions, hidden tests or wrong variants. The command checks this before it writes
    the folder. The other bundles contain all three. With --with-explanations, the students' folder also contains each
    kata's explanation, which shows parts of solutions. Students can open these files at any time.
    """
    from graders.bundles import grading
    from graders.bundles.student import release as student_release

    wanted = [
        (place, make)
        for place, make in (
            (student, partial(student_release, with_explanations=with_explanations)),
            (gradescope, grading.gradescope),
            (docker, grading.docker),
            (classroom50, grading.classroom50),
        )
        if place is not None
    ]
    if not wanted:
        raise KataError("no bundle is named. Add --student DIR, --gradescope FILE, --docker DIR or --classroom50 FILE.")
    if with_explanations and student is None:
        raise KataError("--with-explanations is only for the students' folder. Add --student DIR.")
    chosen = _katas(slugs or [])
    for place, make in wanted:
        names = make(Invocation.root, chosen, place)
        print(f"written: {place} ({len(names)} files, {len(chosen)} {'kata' if len(chosen) == 1 else 'katas'})")


def _katas(slugs: Sequence[str]) -> list[Kata]:
    root = Invocation.root
    chosen = [catalogue.load(root, slug) for slug in slugs] if slugs else catalogue.load_all(root)
    if not chosen:
        raise KataError(
            f"{root}: there are no katas. Create one with `katas new`, or choose another repository with --root DIR."
        )
    return chosen

"""`katas release`: bundles to hand out, and bundles that grade elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graders import catalogue
from graders.cli.session import Session
from graders.errors import KataError


def release(
    slugs: Annotated[list[str] | None, typer.Argument(metavar="SLUG", help="Katas; all if none.")] = None,
    student: Annotated[Path | None, typer.Option("--student", help="A folder for students.", metavar="DIR")] = None,
    gradescope: Annotated[Path | None, typer.Option("--gradescope", help="A .zip for it.", metavar="FILE")] = None,
    docker: Annotated[Path | None, typer.Option("--docker", help="A folder to build.", metavar="DIR")] = None,
    classroom50: Annotated[Path | None, typer.Option("--classroom50", help="A .zip for it.", metavar="FILE")] = None,
) -> None:
    """Make bundles: for students, or to grade elsewhere.

    What students get holds no solution, no hidden test and no wrong variant; it is searched for them before it is
    written. The other bundles hold all three.
    """
    from graders.release import grading
    from graders.release.student import release as student_release

    wanted = [
        (place, make)
        for place, make in (
            (student, student_release),
            (gradescope, grading.gradescope),
            (docker, grading.docker),
            (classroom50, grading.classroom50),
        )
        if place is not None
    ]
    if not wanted:
        raise KataError("say what to make: --student DIR, --gradescope FILE, --docker DIR or --classroom50 FILE")
    root = Session.root
    chosen = [catalogue.load(root, slug) for slug in slugs] if slugs else catalogue.load_all(root)
    if not chosen:
        raise KataError(f"{root}: it has no kata; write one, or name another repository: --root DIR")
    for place, make in wanted:
        names = make(root, chosen, place)
        print(f"written: {place} ({len(names)} files, {len(chosen)} {'kata' if len(chosen) == 1 else 'katas'})")

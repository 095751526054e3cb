"""Describe a wrong or accepted variant, and show its diff from the solution."""

from __future__ import annotations

from pathlib import Path

from graders import intake
from graders.catalogue import Kata, Variant
from graders.catalogue.decoding import did_you_mean
from graders.errors import KataError
from graders.output.files import difference


def shown(kata: Kata, name: str) -> str:
    """Return a variant's path, its task, its one-sentence description, and its diff from the solution.

    `name` is the file name without its suffix, or the end of the path if two variants share a name. Raises KataError if
    no variant, or more than one, has this name.
    """
    variant = _named(kata, name)
    solution = intake.solved(kata)
    place = variant.path.relative_to(kata.root).as_posix()
    kind = f"wrong; task {variant.task} must fail" if variant.task else "accepted; every task must pass"
    if variant.mark:
        kind += f" ({variant.mark})"
    hidden = [f"only hidden tests catch it: {variant.hidden_only}"] if variant.hidden_only else []
    changed = difference(solution, variant.submission(solution), (f"solutions/{kata.slug}", variant.path.stem))
    return "\n".join([place, kind, *hidden, f"“{variant.sentence}”", "", changed])


def _named(kata: Kata, name: str) -> Variant:
    if not kata.hidden.is_dir():
        raise KataError(f"{kata.slug}: this repository has no variants. They are in the course's own repository.")
    known = (*kata.wrong, *kata.accept)
    every = {variant.path.relative_to(kata.hidden).with_suffix("").as_posix(): variant for variant in known}
    found = [place for place in every if place == name or place.endswith(f"/{name}")]
    if len(found) == 1:
        return every[found[0]]
    if found:
        raise KataError(f"{kata.slug} has {len(found)} variants `{name}`. Choose one of: {', '.join(found)}.")
    near = did_you_mean(name, {Path(place).name for place in every}, most=3)
    remedy = near.rstrip() or f"The variants are the files in {kata.hidden}/wrong and accept."
    raise KataError(f"{kata.slug} has no variant `{name}`. {remedy}")

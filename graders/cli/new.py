"""`katas new`: create a kata."""

from __future__ import annotations

from typing import Annotated

import typer

from graders import catalogue
from graders.authoring.scaffold import scaffold
from graders.cli.session import Invocation
from graders.errors import KataError


def new(
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="The new kata's name, e.g. softplus.")],
    function: Annotated[
        str | None, typer.Option(help="The name of its function; SLUG by default.", metavar="NAME")
    ] = None,
) -> None:
    """Create the files of a new kata.

    Fill them in one by one. `katas check SLUG` says what is missing until the kata is ready for learners.
    """
    if catalogue.slugs(Invocation.root) and catalogue.is_handed_out(Invocation.root):
        raise KataError(
            f"{Invocation.root}: this is a copy for learners, without hidden tests. Create katas in a full checkout."
        )
    print(scaffold(Invocation.root, slug, function or slug).rstrip("\n"))

"""`katas leaderboard`: rank people by their speed in a speed task."""

from __future__ import annotations

from typing import Annotated

import typer

from graders.cli.gradebook.options import DEFAULT_URL, Url, check_kata, line, open_gradebook
from graders.errors import KataError


def leaderboard(
    kata: Annotated[str, typer.Argument(metavar="KATA", help="A kata with a speed task.")],
    gradebook: Url = DEFAULT_URL,
) -> None:
    """Rank people by their speed in a speed task.

    Each ratio is a submission's time divided by the reference's, with a 95 % interval. People tie if their intervals
    overlap.
    """
    from graders.course.leaderboard import board
    from graders.report.wording import sentence

    with open_gradebook(gradebook) as book:
        check_kata(book, kata)
        found = board(book.places(kata))
    if not found:
        raise KataError(f"{kata}: {gradebook} has no speeds for this kata. Speeds come from speed tests that pass.")
    for number, (test, lines) in enumerate(found.items()):
        print(("\n" if number else "") + line(sentence(test)))
        for each in lines:
            tied = "=" if sum(other.rank == each.rank for other in lines) > 1 else " "
            speed = f"{each.speed.ratio:>6.2f}×  {each.speed.low:.2f} to {each.speed.high:.2f}"
            print(f"{each.rank:>4}{tied} {speed}  {line(each.person)}")

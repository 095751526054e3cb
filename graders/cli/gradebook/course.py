"""`katas gradebook course`: show or change the settings of the whole course."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.gradebook.options import DEFAULT_URL, By, Url, line, open_gradebook
from graders.errors import KataError

if TYPE_CHECKING:
    from graders.course.rules import Rule
    from graders.course.totals import Course

LONGEST_BANK = 1_000  # days


Bank = Annotated[
    int | None,
    typer.Option(help="Late days that each person may use without a penalty.", metavar="DAYS", min=0, max=LONGEST_BANK),
]
PassPercent = Annotated[
    float | None, typer.Option(help="The percentage of the total to pass; -1 for none.", metavar="P", min=-1, max=100)
]
Category = Annotated[
    str | None, typer.Option(help="The category that --weight and --drop-lowest are for.", metavar="NAME")
]
Weight = Annotated[float | None, typer.Option(help="The category's weight in the total.", metavar="W", min=0, max=1e6)]
DropLowest = Annotated[
    int | None,
    typer.Option(help="How many katas do not count; without --category, of all katas.", metavar="N", min=0, max=1_000),
]


def course(
    late_day_bank: Bank = None,
    pass_percent: PassPercent = None,
    category: Category = None,
    weight: Weight = None,
    drop_lowest: DropLowest = None,
    gradebook: Url = DEFAULT_URL,
    by: By = None,
) -> None:
    """Show or change late days, the pass mark, and categories of katas.

    Everyone's late days are used in the order of the katas' deadlines, before any penalty. With categories (`katas
    gradebook rule KATA --category NAME`), the total is out of 100, and the weights decide the categories' shares.
    """
    from graders.course.gradebook.course_settings import described
    from graders.course.written_files import after_change

    if weight is not None and category is None:
        raise KataError("--weight: specify the category that has this weight: --category NAME.")
    if category is not None and (weight, drop_lowest) == (None, None):
        raise KataError(f"--category {category}: specify what to change: --weight or --drop-lowest.")
    if category is not None and not category.strip():
        raise KataError("--category: the name is empty. Choose another one.")
    with open_gradebook(gradebook, by) as book:
        if (late_day_bank, pass_percent) != (None, None):
            book.set_course(late_day_bank=late_day_bank, pass_percent=pass_percent)
        if (weight, drop_lowest) != (None, None):
            book.set_category(line((category or "").strip()), weight=weight, drop_lowest=drop_lowest)
        settings, rules = book.course(), book.rules()
        outdated = [] if late_day_bank is None else after_change(book)
    print("\n".join([described(settings), *_warnings(settings, rules), *outdated]))


def _warnings(settings: Course, rules: Mapping[str, Rule]) -> list[str]:
    """Return which katas have no category although others have one, and which categories have no katas."""
    used = {rule.category for rule in rules.values()} - {""}
    left_out = sorted(kata for kata, rule in rules.items() if used and not rule.category)
    lines = [f"without a category, so not in the total: {', '.join(left_out)}"] if left_out else []
    empty = [each.name for each in settings.categories if each.name and each.name not in used]
    if empty:
        lines.append(f"no kata is in category {', '.join(empty)}: katas gradebook rule KATA --category {empty[0]}")
    return lines

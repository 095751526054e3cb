"""What a terminal shows while a network learns, supplied: how far, loss, share of right answers, rate, time left.

    with shown("relu", total=1000) as tell:
        for step in range(1000):
            …
            tell(step + 1, loss)

Once the first step is done, Ctrl-C ends the block, and the program goes on behind it with what is done by then.
Without a terminal nothing is shown, and Ctrl-C is what it always is.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def shown(title: str, *, total: int, unit: str = "steps", each: int = 1) -> Iterator[Callable[..., None]]:
    """A bar of `total` steps (or epochs, …); what is yielded is told (number done, loss, share right or None).

    The rate is in `unit` a second, of which there are `each` in a step.
    """
    if not sys.stderr.isatty():
        yield lambda done, loss, right=None: None
        return
    from rich.console import Console  # here, so that no worker needs it
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=8),
        MofNCompleteColumn(),
        TextColumn("{task.fields[told]}"),
        TimeRemainingColumn(compact=True),
    )
    done_so_far = 0
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task(title, total=total, told="")

        def tell(done: int, loss: float, right: float | None = None) -> None:
            nonlocal done_so_far
            done_so_far = done
            rate = done * each / max(bars.tasks[0].elapsed or 0.0, 1e-9)
            accuracy = "" if right is None else f"{right:.1%} right, "
            bars.update(bar, completed=done, told=f"loss {loss:.3f}, {accuracy}{rate:,.0f} {unit}/s")

        try:
            yield tell
        except KeyboardInterrupt:
            if not done_so_far:
                raise
            bars.console.print(f"{title}: stopped after {done_so_far} of {total}; what is done is kept")

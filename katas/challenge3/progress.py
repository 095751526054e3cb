"""A progress bar for training (supplied): steps done, loss, accuracy, speed and time left.

    with shown("relu", total=1000) as tell:
        for step in range(1000):
            …
            tell(step + 1, loss)

After the first step, Ctrl-C ends the block, and the program continues after it with the training done so far. In the
tab "Train" of `katas serve`, the page draws the training instead. Without a page or a terminal, nothing is shown and
Ctrl-C works as usual.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from graders.worker.recorder import Recorder


@contextmanager
def shown(title: str, *, total: int, unit: str = "steps", each: int = 1) -> Iterator[Callable[..., None]]:
    """Show a progress bar of `total` steps (or epochs, …); yield a function that updates it.

    Call that function with the number of steps done, the loss and, optionally, the accuracy and the size of each
    layer's gradient, which only a page draws. The speed is shown in `unit` per second; a step counts as `each` of them.
    """
    if Recorder.page is not None:
        recorder = Recorder(total, title=title)

        def report(done: int, loss: float, right: float | None = None, gradients: Sequence[float] = ()) -> None:
            sizes = [(f"layer {layer}", None, size) for layer, size in enumerate(gradients, start=1)]
            recorder.step(loss, right, parts=lambda: {"sizes": sizes})

        yield report
        return
    if not sys.stderr.isatty():
        yield lambda done, loss, right=None, gradients=(): None
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

        def tell(done: int, loss: float, right: float | None = None, gradients: Sequence[float] = ()) -> None:
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
            bars.console.print(f"{title}: stopped after {done_so_far} of {total}; the training so far is kept")

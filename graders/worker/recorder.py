"""What a training reports while it runs: lines of text in a terminal or a notebook, frames for a page that draws them.

A kata's supplied program makes a Recorder for each training and calls `step` after every step. This code runs in the
submission's process, so the page's server checks every frame that it gets.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

Array = Any  # of numbers, as NumPy takes them
Exchange = Callable[[dict[str, Any]], Any]  # sends a frame, and returns the next wire.Request
PICTURES = 12  # hidden units whose weights a page draws
MOST_POINTS = 500  # in one frame
PRINTED_S = 5.0  # between two lines in a terminal
TEXT_S = 3.0  # a page gets a text that the model writes at most this often


class Recorder:
    """Prints a line of text now and then. In a worker that runs for a page, it sends frames instead.

    `start` is the number of steps done before. `unit` names the loss, and `title` the training if a program has
    several. `digits` are some images, one in each row, and their labels, for which the page shows today's predictions.
    A line is printed `every` so many steps or, without that, every few seconds.
    """

    page: ClassVar[Page | None] = None  # a worker sets it before it runs the program

    def __init__(
        self,
        steps: int,
        *,
        start: int = 0,
        unit: str = "loss",
        title: str = "",
        every: int | None = None,
        digits: tuple[Array, Array] | None = None,
    ) -> None:
        self.steps, self.start, self.done, self.unit, self.title = steps, start, start, unit, title
        self.every = every
        self.begun = self.printed = time.monotonic()
        if self.page is not None:
            self.page.begin(self, digits)

    @property
    def in_page(self) -> bool:
        """Whether a page draws what happens, so that the program need not."""
        return self.page is not None

    @classmethod
    def settings(cls, **defaults: float) -> list[float]:
        """Return the values with which to train: those chosen in the page, or else the given ones."""
        return list(defaults.values()) if cls.page is None else cls.page.settings(defaults)

    def step(
        self,
        loss: float,
        accuracy: float | None = None,
        *,
        parts: Callable[[], dict[str, Any]] | None = None,
        read: Callable[[Array], Array] | None = None,
        text: Callable[[], str] | None = None,
    ) -> None:
        """Report one step: the loss before it, and the share of the batch that was right.

        The functions are called only when something is shown. `parts` returns "weights", the first layer's, with a
        unit in each row, and "sizes": for each layer its name, its activations or None, and its gradient. `read`
        returns the probabilities of the ten classes for images, one in each row. `text` returns what the model writes.
        """
        self.done += 1
        if self.page is not None:
            self.page.step(self.done, loss, accuracy, parts, read, text)
            return
        now = time.monotonic()
        due = self.done % self.every == 0 if self.every else now - self.printed >= PRINTED_S
        if due or self.done in (self.start + 1, self.steps):
            self.printed = now
            left = (now - self.begun) / (self.done - self.start) * (self.steps - self.done)
            said = [f"step {self.done:5} of {self.steps}", f"{self.unit} {loss:#.3g}"]
            said += [] if accuracy is None else [f"{accuracy:4.0%} right"]
            said += [f"{left:4.0f} s left"] + ([text()] if text else [])
            print("  ".join(said), flush=True)


class Page:
    """The other end of a Recorder in a worker. A frame is the reply to a request; the next one says how far to go on.

    So a page that asks for nothing pauses the training, and cannot get more frames than it asks for.
    """

    def __init__(self, exchange: Exchange, order: dict[str, Any]) -> None:
        self.exchange = exchange
        self.chosen: dict[str, float] = order["settings"]
        self.read: Callable[[Array], Array] | None = None
        self.digits: Array = None
        self.frame: dict[str, Any] = {}  # what has happened since the last one
        self.points: list[Any] = []
        self.steps, self.text_at = 0, 0.0
        self._resume(order)

    def _resume(self, order: dict[str, Any]) -> None:
        self.left: int = order["steps"]
        self.ends = time.monotonic() + order["seconds"]

    def settings(self, defaults: dict[str, float]) -> list[float]:
        """Return the chosen values, of the same types as the defaults."""
        values = [type(value)(self.chosen.get(name, value)) for name, value in defaults.items()]
        self.frame["settings"] = dict(zip(defaults, values, strict=True))
        return values

    def begin(self, recorder: Recorder, digits: tuple[Array, Array] | None) -> None:
        if self.points:  # of the training before this one
            self._hand_over()
        self.steps, self.read, self.digits = recorder.steps, None, None
        self.frame |= {"of": recorder.steps, "unit": recorder.unit, "title": recorder.title}
        if digits is not None:
            self.digits = np.asarray(digits[0])
            self.frame |= {"digits": np.rint(self.digits * 255).astype(np.uint8), "labels": digits[1].tolist()}

    def step(
        self,
        number: int,
        loss: float,
        accuracy: float | None,
        parts: Callable[[], dict[str, Any]] | None,
        read: Callable[[Array], Array] | None,
        text: Callable[[], str] | None,
    ) -> None:
        """Note a step. Once the request is fulfilled, send a frame and wait for the next request."""
        self.read = read
        self.frame["step"] = number
        self.points.append([number, float(loss), None if accuracy is None else float(accuracy)])
        self.left -= 1
        now = time.monotonic()
        if self.left > 0 and now < self.ends and number not in (1, self.steps) and len(self.points) < MOST_POINTS:
            return
        found = parts() if parts else {}
        if "weights" in found:
            self.frame["weights"] = np.asarray(found["weights"])[:PICTURES].astype(np.float32)
        self.frame["sizes"] = [[name, _size(h), _size(gradient)] for name, h, gradient in found.get("sizes", ())]
        if text is not None and now - self.text_at >= TEXT_S:
            self.frame["text"], self.text_at = text(), now
        self._hand_over()

    def _hand_over(self) -> None:
        """Send the frame, and wait for the next request that lets the training go on."""
        request = self.exchange(self.taken())
        while request.operation == "read_digit":
            request = self.exchange(self.read_digit(request.value))
        self._resume(request.value)

    def taken(self) -> dict[str, Any]:
        """Return the frame, and begin another one."""
        if self.read is not None and self.digits is not None and self.points:
            self.frame["read"] = np.asarray(self.read(self.digits)).argmax(axis=1).tolist()
        taken, self.frame, self.points = self.frame | {"points": self.points}, {}, []
        return taken

    def read_digit(self, pixels: bytes) -> dict[str, Any]:
        """Return the probabilities that the network, as it is now, gives an image of 28 x 28 bytes, or the fault."""
        if self.read is None:
            return {"fault": "There is no network yet."}
        image = np.frombuffer(pixels, np.uint8)[None] / 255
        try:
            return {"probabilities": np.asarray(self.read(image), float)[0].tolist()}
        except Exception as fault:  # noqa: BLE001 (the learner's functions may raise anything)
            return {"fault": f"{type(fault).__name__}: {str(fault)[:300]}"}


def _size(array: Array | Sequence[Array] | None) -> float | None:
    """Return the root mean square."""
    return None if array is None else float(np.sqrt(np.mean(np.square(np.asarray(array, float)))))

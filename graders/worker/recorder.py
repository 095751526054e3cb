"""What a training reports while it runs: lines of text in a terminal or a notebook, frames for a page that draws them.

A kata's supplied program makes a Recorder for each training and calls `step` after every step. This code runs in the
submission's process, so the page's server checks every frame that it gets.
"""

from __future__ import annotations

import importlib
import math
import textwrap
import time
import weakref
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, ClassVar

import numpy as np

Array = Any  # of numbers, as NumPy takes them
Write = Callable[..., dict[str, Any]]
Exchange = Callable[[dict[str, Any]], Any]  # sends a frame, and returns the next wire.Request
PICTURES = 12  # hidden units whose weights a page draws
MOST_LAYERS, LONGEST_NAME = 24, 40
PIXELS = 28 * 28
PIECE = 1 << 20  # numbers of a tensor that are converted at once, because a program may have little memory left
MOST_POINTS = 500  # in one frame
PRINTED_S = 5.0  # between two lines in a terminal
QUESTIONS = ("read_digit", "test", "write")  # to a network, between two frames or after the last
LARGEST_SETTING = 10**9  # a whole number
SCALE = "learning rate ×"  # a setting of programs that have no Recorder
INDENT = "    "  # of a text that the model writes, in a terminal
TEXT_S = 3.0  # a page gets a text that the model writes at most this often


class Recorder:
    """Prints a line of text now and then. In a worker that runs for a page, it sends frames instead.

    `start` is the number of steps done before. `unit` names the loss, and `title` the training if a program has
    several. `digits` are some images, one in each row, and their labels, for which the page shows today's predictions.
    `levels` are losses to compare with, by name. `test` says what the `test` of a step does, for a button. `ladder`
    has, in words, what the model learns one after another: see `reached`. `writes` are the names of the settings that
    the `write` of a step takes, and `prompt` is an example of what it goes on with. A line is printed `every` so many
    steps or, without that, every few seconds.
    """

    page: ClassVar[TrainingPage | None] = None  # a worker sets it before it runs the program

    def __init__(
        self,
        steps: int,
        *,
        start: int = 0,
        unit: str = "loss",
        title: str = "",
        every: int | None = None,
        digits: tuple[Array, Array] | None = None,
        levels: dict[str, float] | None = None,
        test: str = "",
        ladder: Sequence[str] = (),
        writes: Sequence[str] = (),
        prompt: str = "",
    ) -> None:
        self.steps, self.start, self.done, self.unit, self.title = steps, start, start, unit, title
        self.every = every
        self.begun = self.printed = time.monotonic()
        if self.page is not None:
            self.page.begin(self, digits)
            offered = {"levels": levels or {}, "test": test, "ladder": list(ladder), "writes": list(writes)}
            self.page.frame |= offered | {"prompt": prompt}

    @property
    def in_page(self) -> bool:
        """Whether a page draws what happens, so that the program need not."""
        return self.page is not None

    @classmethod
    def settings(cls, **defaults: float) -> list[float]:
        """Return the values with which to train: those chosen in the page, or else the given ones."""
        return list(defaults.values()) if cls.page is None else cls.page.settings(defaults)

    @classmethod
    def authors(cls) -> list[dict[str, Any]]:
        """Return what the learner has written for a page's training: for each kata its title, functions and points."""
        return [] if cls.page is None else cls.page.authors

    def publish(self, text: str) -> None:
        """Hand over a file in HTML with what was trained, which a page lets the learner save."""
        if self.page is not None:
            self.page.frame["file"] = np.frombuffer(text.encode(), np.uint8)

    @classmethod
    def kept(cls) -> bytes:
        """Return what a `keep` gave for the page's training that goes on here, or nothing if a training begins."""
        return b"" if cls.page is None else cls.page.kept

    def reached(self, rung: str) -> None:
        """Say that the model can now do what a rung of the ladder says."""
        if self.page is None:
            print(f"step {self.done:5}: {rung}", flush=True)
        else:
            self.page.frame.setdefault("reached", []).append([self.done, rung])

    def answers(
        self,
        *,
        read: Callable[[Array], Array] | None = None,
        test: Callable[[], str] | None = None,
        write: Write | None = None,
    ) -> None:
        """Take the functions that answer the learner's questions until the next step, which has others: see `step`."""
        if self.page is not None:
            self.page.read, self.page.test, self.page.write = read, test, write
            self.page.wait_for_questions()

    def step(
        self,
        loss: float,
        accuracy: float | None = None,
        *,
        parts: Callable[[], dict[str, Any]] | None = None,
        read: Callable[[Array], Array] | None = None,
        text: Callable[[], str] | None = None,
        keep: Callable[[], bytes] | None = None,
        test: Callable[[], str] | None = None,
        write: Write | None = None,
    ) -> None:
        """Report one step: the loss before it, and the share of the batch that was right.

        The functions are called only when something is shown. `parts` returns "weights", the first layer's, with a
        unit in each row, and "sizes": for each layer its name, its activations or None, and its gradient. `read`
        returns the probabilities of the ten classes for images, one in each row. `text` returns what the model writes.
        `keep` returns what the program needs to go on here: see `kept`. `test` tries the network, when the
        learner asks for it, and returns in words what it can do. `write` gets a learner's prompt and, by name, what
        `writes` says: a temperature, and a top_k and a top_p, which may be None. It returns the whole "text", and the
        tokens that were most "likely" to come first, with their probabilities; and also, if it can, the text's
        "tokens" and to what each of them attends: "attention" (blocks, heads, tokens, tokens).
        """
        self.done += 1
        self.answers(read=read, test=test, write=write)
        if self.page is not None:
            self.page.step(self.done, loss, accuracy, parts, text, keep)
            return
        now = time.monotonic()
        due = self.done % self.every == 0 if self.every else now - self.printed >= PRINTED_S
        if due or self.done in (self.start + 1, self.steps):
            self.printed = now
            left = (now - self.begun) / (self.done - self.start) * (self.steps - self.done)
            said = [f"step {self.done:5} of {self.steps}", f"{self.unit} {loss:#.3g}"]
            said += [] if accuracy is None else [f"{accuracy:4.0%} right"]
            written = textwrap.wrap(text(), 79, initial_indent=INDENT, subsequent_indent=INDENT) if text else []
            print("  ".join([*said, f"{left:4.0f} s left"]), *written, sep="\n", flush=True)


class TrainingPage:
    """The other end of a Recorder in a worker. A frame is the reply to a request; the next one says how far to go on.

    So a page that asks for nothing pauses the training, and cannot get more frames than it asks for.
    """

    def __init__(self, exchange: Exchange, order: dict[str, Any]) -> None:
        self.exchange = exchange
        self.chosen: dict[str, float] = order["settings"]
        self.kept: bytes = order["kept"]
        self.authors: list[dict[str, Any]] = order["authors"]
        self.only_answers: bool = order["only_answers"]
        self.read: Callable[[Array], Array] | None = None
        self.test: Callable[[], str] | None = None
        self.write: Write | None = None
        self.digits: Array = None
        self.frame: dict[str, Any] = {}  # what has happened since the last one
        self.points: list[Any] = []
        self.steps, self.text_at = 0, 0.0
        self._resume(order)

    def _resume(self, order: dict[str, Any]) -> None:
        self.left: int = order["steps"]
        self.ends = time.monotonic() + order["seconds"]
        self.keeps: bool = order["keep"]
        if order["finish"]:
            raise KeyboardInterrupt  # as in a terminal, where the program then measures what it has trained

    def settings(self, defaults: dict[str, float]) -> list[float]:
        """Return the chosen values, of the same types as the defaults."""
        values = [self.chosen.get(name, value) for name, value in defaults.items()]
        self.frame["settings"] = dict(zip(defaults, values, strict=True))
        for (name, default), value in zip(defaults.items(), values, strict=True):
            least, most = int(name == "steps"), LARGEST_SETTING
            if isinstance(default, int) and not (value == int(value) and least <= value <= most):
                raise SystemExit(f"{name}: give a whole number from {least} to {most}, not {value:g}.")
        return [type(default)(value) for default, value in zip(defaults.values(), values, strict=True)]

    def begin(self, recorder: Recorder, digits: tuple[Array, Array] | None) -> None:
        if self.points:  # of the training before this one
            self._hand_over()
        self.steps, self.read, self.test, self.write, self.digits = recorder.steps, None, None, None, None
        self.frame |= {"begins": not self.kept, "of": recorder.steps, "unit": recorder.unit, "title": recorder.title}
        if digits is not None:
            self.digits = np.asarray(digits[0])
            self.frame |= {"digits": np.rint(self.digits * 255).astype(np.uint8), "labels": digits[1].tolist()}

    def step(
        self,
        number: int,
        loss: float,
        accuracy: float | None,
        parts: Callable[[], dict[str, Any]] | None,
        text: Callable[[], str] | None,
        keep: Callable[[], bytes] | None,
    ) -> None:
        """Note a step. Once the request is fulfilled, send a frame and wait for the next request."""
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
        if keep is not None and (self.keeps or number == self.steps):
            try:
                self.frame["kept"] = np.frombuffer(keep(), np.uint8)
            except Exception as fault:  # noqa: BLE001 (the learner's functions may raise anything)
                why = f"{type(fault).__name__}: {str(fault)[:200]}"
                self.frame["note"] = f"If this training is interrupted, it will begin again: {why}"
        self._hand_over()

    def wait_for_questions(self) -> None:
        """If the page wants answers alone, say that the network is there, and wait."""
        if self.only_answers:
            self.only_answers = False
            self._hand_over()

    def _hand_over(self) -> None:
        """Send the frame, and wait for the next request that lets the training go on."""
        request = self.exchange(self.taken())
        while request.operation in QUESTIONS:
            request = self.exchange(self.answer(request.operation, request.value))
        self._resume(request.value)

    def taken(self) -> dict[str, Any]:
        """Return the frame, and begin another one."""
        if self.read is not None and self.digits is not None and self.points:
            self.frame["read"] = np.asarray(self.read(self.digits)).argmax(axis=1).tolist()
        taken, self.frame, self.points = self.frame | {"points": self.points}, {}, []
        return taken

    def answer(self, question: str, value: Any) -> dict[str, Any]:
        """Return what the network, as it is now, answers to one of the QUESTIONS, or the fault.

        `read_digit` gets an image of 28 x 28 bytes and returns ten probabilities; `test` returns a text; `write` gets
        a prompt and settings by their names, and returns what `step` says, the attention in 255 steps.
        """
        try:
            if question == "test" and self.test is not None:
                return {"said": self.test()}
            if question == "write" and self.write is not None:
                prompt, how = value
                found = self.write(prompt, **how)
                if "attention" in found:
                    found["attention"] = np.rint(np.asarray(found["attention"], float) * 255).astype(np.uint8)
                return found
            if question == "read_digit" and self.read is not None:
                image = np.frombuffer(value, np.uint8)[None] / 255
                return {"probabilities": np.asarray(self.read(image), float)[0].tolist()}
            return {"fault": "There is no network yet."}
        except SystemExit as fault:  # the program says why it does not answer
            return {"fault": str(fault)[:300]}
        except Exception as fault:  # noqa: BLE001 (the learner's functions may raise anything)
            return {"fault": f"{type(fault).__name__}: {str(fault)[:300]}"}


def _size(array: Array | Sequence[Array] | None) -> float | None:
    """Return the root mean square."""
    return None if array is None else float(np.sqrt(np.mean(np.square(np.asarray(array, float)))))


class OptimizerWatch:
    """Reports the training of a program that has no Recorder: every step of any of PyTorch's optimizers.

    The loss is that of the last `backward` before the step, or the mean of several. A layer is a module with a weight
    matrix of its own that computed something for the step; the first one tells networks apart. The first network that
    is stepped is drawn, then every other one as a training of its own.
    """

    def __init__(self) -> None:
        self.torch: Any = importlib.import_module("torch")
        self.recorder: Recorder | None = None
        self.network: Any = None  # the first layer of the one that is drawn
        self.known: weakref.WeakSet[Any] = weakref.WeakSet()  # those that have been drawn
        self.outputs: dict[Any, Any] = {}  # of the layers since the last step
        self.losses: list[float] = []  # since the last step
        self.shares: list[float] = []  # of the classes that were right since the last step
        (self.scale,) = Recorder.settings(**{SCALE: 1.0})
        self.rates: list[Any] = []  # the program's own, of the optimizer that makes a step
        self.backwards = self.steps = self.trainings = 0
        optimizer = importlib.import_module("torch.optim.optimizer")
        optimizer.register_optimizer_step_pre_hook(self._scale)
        optimizer.register_optimizer_step_post_hook(self._stepped)
        self.torch.nn.modules.module.register_module_forward_hook(self._computed)
        backward = self.torch.autograd.backward

        def noted(tensors: Any, *arguments: Any, **named: Any) -> None:
            backward(tensors, *arguments, **named)
            self.backwards += 1
            if self.torch.is_tensor(tensors) and tensors.numel() == 1:
                self.losses.append(tensors.item())

        self.torch.autograd.backward = noted  # Tensor.backward calls it, too
        functional = self.torch.nn.functional
        cross_entropy = functional.cross_entropy

        def scored(logits: Any, target: Any, *arguments: Any, **named: Any) -> Any:
            loss = cross_entropy(logits, target, *arguments, **named)
            if self.torch.is_grad_enabled() and logits.ndim == 2 and target.ndim == 1:
                self.shares.append((logits.detach().argmax(dim=1) == target).double().mean().item())
            return loss

        functional.cross_entropy = scored  # CrossEntropyLoss calls it, too

    def why_nothing(self) -> str:
        """Return why no step was drawn, or an empty string if there was one."""
        if self.recorder is not None:
            return ""
        calls = f"backward() {self.backwards} times and an optimizer's step() {self.steps} times"
        return f"Nothing is drawn: a step needs a backward() before it, but the program called {calls}."

    def _computed(self, module: Any, _: Any, output: Any) -> None:
        if self.torch.is_grad_enabled() and _matrices(module):
            first = output[0] if isinstance(output, tuple) and output else output
            self.outputs[module] = first.detach() if self.torch.is_tensor(first) else None

    def _scale(self, optimizer: Any, *_: Any) -> None:
        self.rates = [] if self.scale == 1 else [group.get("lr") for group in optimizer.param_groups]
        for group, rate in zip(optimizer.param_groups, self.rates, strict=False):
            if rate is not None:
                group["lr"] = rate * self.scale

    def _stepped(self, optimizer: Any, *_: Any) -> None:
        for group, rate in zip(optimizer.param_groups, self.rates, strict=False):
            if rate is not None:
                group["lr"] = rate
        self.steps += 1
        outputs, losses, self.outputs, self.losses = self.outputs, self.losses, {}, []
        shares, self.shares = self.shares, []
        if not losses:  # another optimizer has used the gradients, or nothing computed any
            return
        network = next(iter(outputs), None)
        if self.recorder is None or network is not self.network:
            if network in self.known:
                return
            self.network = network
            if network is not None:
                self.known.add(network)
            self.trainings += 1
            self.recorder = Recorder(0, title=f"network {self.trainings}" if self.trainings > 1 else "")
        accuracy = float(np.mean(shares)) if shares else None
        self.recorder.step(float(np.mean(losses)), accuracy, parts=lambda: _parts(outputs))


def _matrices(module: Any) -> list[Any]:
    """Return a module's own weights, without biases and those of modules in it."""
    return [each for each in module.parameters(recurse=False) if each.ndim > 1]


def _parts(outputs: dict[Any, Any]) -> dict[str, Any]:
    """Return what a Recorder shows of layers, given what each of them returned."""
    sizes = []
    for number, (layer, output) in enumerate(islice(outputs.items(), MOST_LAYERS), start=1):
        name = f"{number} {type(layer).__name__}"[:LONGEST_NAME]
        activations = None if output is None else _size_of([output])
        sizes.append((name, activations, _size_of([each.grad for each in _matrices(layer) if each.grad is not None])))
    if outputs:
        first: Any = _matrices(next(iter(outputs)))[0]
        if first[0].numel() == PIXELS:
            return {"sizes": sizes, "weights": first[:PICTURES].detach().float().reshape(-1, PIXELS).numpy()}
    return {"sizes": sizes}


def _size_of(tensors: list[Any]) -> float:
    """Return the root mean square of all their numbers, or 0 if there are none."""
    pieces = [piece for each in tensors for piece in each.detach().to_dense().flatten().split(PIECE)]
    count = sum(each.numel() for each in pieces)
    return math.hypot(*(piece.double().norm().item() for piece in pieces)) / math.sqrt(count or 1)

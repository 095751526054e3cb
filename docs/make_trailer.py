"""Make katas_page/web/src/trailer.json, what the shipped networks read and write, for the start page of `katas serve`.

It also makes katas/milestone3/writing.svg, an animation of what the language model writes, for its README.

    python docs/make_trailer.py && (cd katas_page/web && node build.js)

It trains the solutions of milestone1 and milestone3 as `katas run` does, with a seed, which takes a few minutes.
"""

import base64
import importlib
import io
import json
import math
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "katas_page" / "web" / "src" / "trailer.json"
ANIMATION = ROOT / "katas" / "milestone3" / "writing.svg"
DIGITS = 12
STEPS = (0, 60, 300)  # when the language model writes a line; it writes FURTHER more in the end
FURTHER = 2


def imported(milestone: str, *names: str) -> list[ModuleType]:
    """Import modules of a milestone, and the solutions that it builds on."""
    sys.modules.pop("training", None)  # every milestone has one
    solutions = sorted(map(str, (ROOT / "solutions").glob("exercise*")))
    sys.path[:0] = [str(ROOT / "solutions" / milestone), str(ROOT / "katas" / milestone), *solutions]
    return [importlib.import_module(name) for name in names]


def picture(image: np.ndarray) -> str:
    """Return a digit, 0 (paper) to 1 (ink), as the address of a picture."""
    file = io.BytesIO()
    Image.fromarray((255 * (1 - image.reshape(28, 28))).astype(np.uint8)).save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def digits() -> dict:
    """Return some digits that the network has never seen and what it reads, the first mistake among them."""
    network, training, data = imported("milestone1", "network", "training", "digits")
    images, labels = data.load_digits()
    images, known = images.astype(np.float64), training.TRAINED_ON
    parameters, _ = training.train(network.backward, network.update, images[:known], labels[:known], seed=0)
    images, labels = images[known:], labels[known:]
    read = training.predict(parameters, images)
    wrong = int(np.flatnonzero(read != labels)[0])
    chosen = sorted({*range(DIGITS), wrong} - ({DIGITS - 1} if wrong >= DIGITS else set()))
    shown = [{"picture": picture(images[i]), "read": int(read[i]), "is": int(labels[i])} for i in chosen]
    return {"right": int((read == labels).sum()), "of": len(labels), "digits": shown}


def lines() -> dict:
    """Return what the language model writes during its training, and how it ends stories that it has never read."""
    model, training, corpus = imported("milestone3", "language_model", "training", "corpus")
    text = corpus.of_stories(training.byte_pairs_of, training.CONTEXT)
    found = []

    def write(step: int, params: dict, number: int, beginning: str) -> None:
        line = training.written(model.next_logits, params, text.tokens, beginning, np.random.default_rng(number))
        found.append({"step": step, "text": line})

    def tell(step: int, _: float, params: dict, __: tuple) -> None:
        if step in STEPS:
            write(step, params, step, text.beginnings[step % len(text.beginnings)])

    n = len(text.tokens)
    fresh = training.initial_parameters(n, np.random.default_rng(0), context=training.CONTEXT)
    write(0, fresh, 0, text.beginnings[0])
    params, losses = training.train(model.train_step, text.ids, text.starts, n, seed=0, tell=tell)
    for number, story in enumerate(text.unseen[:FURTHER]):
        write(len(losses), params, number, corpus.beginning(story))
    bits = training.bits_per_token(model.forward, params, text)
    return {"lines": found, "bits": round(bits, 2), "guessing": round(math.log2(n), 2)}


def animation(lines: list[dict]) -> str:
    """Return an SVG in which the lines appear one after the other."""
    from rich.text import Text
    from session import animated, drawn

    pictures = []
    for n in range(len(lines) + 1):
        text = Text("$ katas run milestone3\n\n", "bold")
        for number, line in enumerate(lines):
            told = textwrap.wrap(line["text"], 66)
            for row, part in enumerate(told):
                said = (f"step {line['step']:4}  " if row == 0 else " " * 11) + part if number < n else ""
                text.append(said + "\n", "green" if number >= len(STEPS) else "bright_black")
        pictures.append(drawn(text, n))
    return animated(
        pictures, (1, *(3 for _ in lines[:-1]), 6), "A language model learns to write: from noise to stories"
    )


if __name__ == "__main__":
    written = lines()
    OUTPUT.write_text(json.dumps(digits() | written, indent=1) + "\n", encoding="utf-8")
    ANIMATION.write_text(animation(written["lines"]), encoding="utf-8")

"""Put your model into one HTML file (supplied), which writes stories in any browser, without Python or a server."""

import base64
import json
from pathlib import Path
from typing import Any

import corpus
import numpy as np
from talking import N_HEADS

ABOUT = (
    "A transformer with two blocks, {numbers:,} numbers and {bits:.2f} bits per token: {judged}. Its author has written"
    " the byte-pair encoding, the attention, the blocks, the loss, every gradient, the optimiser and the sampling, and"
    " has trained it in minutes on one core."
)


def page(params: dict, text: corpus.Corpus, bits: float, judged: str, authors: list[dict]) -> str:
    """Return an HTML page with a model of the stories, and what the training has measured.

    `authors` says which functions the learner has written, and what they scored: Recorder.authors().
    """
    told = "\n".join(text.unseen)
    pieces = sorted({*corpus.pieces(told), *told})
    model = {
        "context": len(params["positions"]),
        "heads": N_HEADS,
        "tokens": [text.tokens.decode([i]) for i in range(len(text.tokens))],
        "spelling": {piece: [int(i) for i in text.tokens.encode(piece)] for piece in pieces},
        "beginnings": [corpus.beginning(story) for story in text.unseen[:50]],
        "about": ABOUT.format(numbers=_count(params), bits=bits, judged=judged),
        "authors": authors,
        "params": _packed(params),
    }
    data = json.dumps(model).replace("<", "\\u003c")  # so that no text in it ends the element
    return _supplied("page.html").replace("/*SCRIPT*/", _supplied("page.js")).replace("/*MODEL*/", data)


def _supplied(name: str) -> str:
    """Return a supplied text, from the disk or, in the page's sandbox, from memory."""
    return __loader__.get_data(str(Path(__file__).with_name(name))).decode("utf-8")


def _packed(part: Any) -> Any:
    """Return the same nested dict, with the numbers of each array as float32 in base64."""
    if isinstance(part, dict):
        return {name: _packed(inner) for name, inner in part.items()}
    if isinstance(part, list):
        return [_packed(inner) for inner in part]
    return base64.b64encode(np.ascontiguousarray(part, dtype="<f4").tobytes()).decode()


def _count(part: Any) -> int:
    if isinstance(part, dict):
        part = list(part.values())
    return sum(map(_count, part)) if isinstance(part, list) else part.size

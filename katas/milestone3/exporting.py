"""Put your model into one HTML file (supplied), which writes stories in any browser, without Python or a server."""

import base64
import json
from pathlib import Path
from typing import Any

import corpus
import numpy as np
from talking import N_HEADS

HERE = Path(__file__).parent
ABOUT = (
    "A transformer with two blocks, {numbers:,} numbers and {bits:.2f} bits per token: {judged}. Its author has written"
    " the byte-pair encoding, the attention, the blocks, the loss, every gradient, the optimiser and the sampling, and"
    " has trained it in minutes on one core."
)


def page(params: dict, text: corpus.Corpus, bits: float, judged: str) -> str:
    """Return an HTML page with a model of the stories, and what the training has measured."""
    told = "\n".join(text.unseen)
    pieces = sorted({*corpus.pieces(told), *told})
    model = {
        "context": len(params["positions"]),
        "heads": N_HEADS,
        "tokens": [text.tokens.decode([i]) for i in range(len(text.tokens))],
        "spelling": {piece: [int(i) for i in text.tokens.encode(piece)] for piece in pieces},
        "beginnings": [corpus.beginning(story) for story in text.unseen[:50]],
        "about": ABOUT.format(numbers=_count(params), bits=bits, judged=judged),
        "params": _packed(params),
    }
    data = json.dumps(model).replace("<", "\\u003c")
    script = (HERE / "page.js").read_text(encoding="utf-8")
    return (HERE / "page.html").read_text(encoding="utf-8").replace("/*MODEL*/", data).replace("/*SCRIPT*/", script)


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

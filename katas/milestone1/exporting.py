"""Put your network into one HTML file (supplied), which reads digits in any browser, without Python or a server."""

import base64
import json
from pathlib import Path

import numpy as np

ABOUT = (
    "A network with {hidden} hidden units and {numbers:,} numbers. It reads {right:.1%} of {of:,} digits that it has"
    " never seen. Its author has written the layers, the loss and every gradient."
)


def page(
    parameters: dict[str, np.ndarray],
    unseen: tuple[np.ndarray, np.ndarray],
    right: float,
    authors: list[dict],
    shown: int = 20,
) -> str:
    """Return an HTML page with a network that reads digits, and some digits (n, 784) and labels (n,) to choose from.

    `right` is the share of the unseen digits that it reads. `authors` says which functions the learner has written, and
    what they scored: Recorder.authors().
    """
    images, labels = unseen
    numbers = sum(each.size for each in parameters.values())
    network = {
        "about": ABOUT.format(hidden=len(parameters["b1"]), numbers=numbers, right=right, of=len(images)),
        "authors": authors,
        "digits": [_packed(np.rint(255 * image), "u1") for image in images[:shown]],
        "labels": labels[:shown].tolist(),
        "parameters": {name: _packed(array, "<f4") for name, array in parameters.items()},
    }
    data = json.dumps(network).replace("<", "\\u003c")  # so that no text in it ends the element
    return _supplied("page.html").replace("/*SCRIPT*/", _supplied("page.js")).replace("/*NETWORK*/", data)


def _packed(array: np.ndarray, kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(array, dtype=kind).tobytes()).decode()


def _supplied(name: str) -> str:
    """Return a supplied text, from the disk or, in the page's sandbox, from memory."""
    return __loader__.get_data(str(Path(__file__).with_name(name))).decode("utf-8")

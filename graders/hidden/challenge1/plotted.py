"""Check what the figure of challenge 1 shows, using the numbers drawn in it.

The test makes up the frames. Within each network, the norms of every layer lie in their own range, so any number in the
picture can be traced to its layer, even if it is a mean or a median over steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graders.checks import Mismatch

N_LAYERS = 15
NAMES = {"sigmoid": "sigmoid", "relu": "ReLU"}  # the lower-case text to search for, and the name in messages
SLACK = 1e-6  # relative tolerance, since numbers may be rounded to float32


def made_up_norms(n_steps: int, seed: int) -> dict[str, np.ndarray]:
    """Return plausible norms (n_steps, 15) for each activation, rounded to three digits so that messages are short."""
    rng = np.random.default_rng(seed)
    *shuffled, largest = np.geomspace(0.02, 4, N_LAYERS)
    centres = {
        # The factor from layer to layer is 2.9 with sigmoids and 1.46 with ReLUs. Their norms are then shuffled, except
        # for the largest, which stays in the last layer: limits of the axis that are too small would hide it.
        "sigmoid": np.geomspace(1e-9, 3e-3, N_LAYERS) * rng.uniform(0.8, 1.25, N_LAYERS),
        "relu": np.append(rng.permutation(shuffled), largest),
    }
    return {name: _rounded(centre * rng.uniform(0.9, 1.1, (n_steps, N_LAYERS))) for name, centre in centres.items()}


def _rounded(numbers: np.ndarray) -> np.ndarray:
    return np.vectorize(lambda number: float(f"{number:.3g}"))(numbers)


def assert_both_networks_shown(figure: dict[str, Any] | None, made_up: dict[str, np.ndarray]) -> None:
    """Check that both networks are named and that their first and last layers are shown on a labelled log axis."""
    if figure is None:
        raise Mismatch("plot_gradients saved no matplotlib figure as a PNG file", None, None)
    shown: dict[str, list[tuple[dict[str, Any], dict[str, Any]]]] = {name: [] for name in made_up}
    for name, norms in made_up.items():
        for layer in (1, N_LAYERS):
            shown[name] += _showing(figure, norms[:, layer - 1], f"{NAMES[name]}, layer {layer}")
    _assert_labelled(figure, [axes for artists in shown.values() for axes, _ in artists])
    for name, artists in shown.items():
        _assert_named(name, artists, _words(figure))


def _showing(figure: dict[str, Any], norms: np.ndarray, whose: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the (axes, artist) pairs that show one of these norms within the limits of a logarithmic axis."""
    low, high = norms.min() * (1 - SLACK), norms.max() * (1 + SLACK)
    found, linear, outside = [], False, False
    for axes in figure["axes"]:
        for artist in axes["drawn"]:
            for direction in (0, 1):
                numbers = artist["numbers"][direction]
                theirs = numbers[(numbers >= low) & (numbers <= high)]
                if not theirs.size:
                    continue
                bottom, top = axes["limits"][direction]
                visible = (theirs >= bottom * (1 - SLACK)) & (theirs <= top * (1 + SLACK))
                if axes["scales"][direction] != "log":
                    linear = True
                elif not visible.any():
                    outside = True
                else:
                    found.append((axes, artist))
    if found:
        return found
    if outside:
        raise Mismatch(f"the gradient norms of {whose} lie outside the limits of the axis", None, None)
    if linear:
        raise Mismatch(f"the gradient norms of {whose} are drawn on an axis that is not logarithmic", "log", "linear")
    raise Mismatch(f"the picture does not show the gradient norms of {whose} that are in the frame", None, None)


def _assert_labelled(figure: dict[str, Any], axes: list[dict[str, Any]]) -> None:
    """Check that the x and y directions are labelled, on the figure or on at least one of these axes."""
    for direction, name in enumerate("xy"):
        labels = [figure[f"{name}label"], *(each["labels"][direction] for each in axes)]
        if not any(label.strip() for label in labels):
            raise Mismatch(f"the {name} axis has no label", f"{name}label", None)


def _words(figure: dict[str, Any]) -> str:
    """Return all texts of the figure, in lower case."""
    words = [figure["xlabel"], figure["ylabel"], *figure["texts"]]
    for axes in figure["axes"]:
        words += [axes["title"], axes["part"], *axes["labels"], *(text for text, _ in axes["texts"])]
        for legend in axes["legends"]:
            words += [legend["title"], *(entry["label"] for entry in legend["entries"])]
    return " ".join(words).lower()


def _assert_named(name: str, artists: list[tuple[dict[str, Any], dict[str, Any]]], words: str) -> None:
    """Check that the picture attributes at least one of these artists to the network.

    The others needn't be attributed to it, because lines of the other network may match a number by chance. If a text
    such as "solid: sigmoid, dashed: ReLU" says what belongs to whom, it suffices that the picture names the network.
    """
    told = {_network_of(axes, artist) for axes, artist in artists} - {None}
    if name not in told and told:
        raise Mismatch(f"the norms of {NAMES[name]} are labelled as those of {NAMES[told.pop()]}", name, None)
    if name not in told and name not in words:
        said = f"nothing in the picture says which lines belong to {NAMES[name]}; name both networks"
        raise Mismatch(said, name, None)


def _network_of(axes: dict[str, Any], artist: dict[str, Any]) -> str | None:
    """Return the network that an artist belongs to, or None if that can't be determined.

    The artist's legend entry decides, then a text in the artist's colour, then all texts of its axes, and finally the
    title of its part of the figure.
    """
    entries = [entry for legend in axes["legends"] for entry in legend["entries"]]
    if artist["label"] in [entry["label"] for entry in entries] and _named(artist["label"]):
        return _named(artist["label"])
    texts = [{"label": text, "colour": colour, "style": "", "marker": ""} for text, colour in axes["texts"]]
    for signs, looks in ((entries, ("colour", "style", "marker")), (texts, ("colour",))):
        for look in looks:
            meant = {_named(sign["label"]) for sign in signs if sign[look] and sign[look] == artist[look]} - {None}
            if len(meant) == 1:
                return meant.pop()
    around = [axes["title"], *axes["labels"], *(legend["title"] for legend in axes["legends"])]
    return _named(" ".join([*around, *(text for text, _ in axes["texts"])])) or _named(axes["part"])


def _named(text: str) -> str | None:
    """Return the network that a text names, or None if it names neither or both."""
    found = [name for name in NAMES if name in text.lower()]
    return found[0] if len(found) == 1 else None

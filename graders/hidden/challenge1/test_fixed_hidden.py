"""Challenge 1, hidden: with ReLU and the right weights fifteen layers learn, and the judge looks how."""

from __future__ import annotations

from typing import Any

import numpy as np

from graders import dataroom
from graders.checks import about, assert_accuracy, assert_equal, task
from graders.hidden.challenge1 import reference
from graders.hidden.challenge1.reference import Layer, assert_layers, assert_near

N_LAYERS = 15
MOST_STEPS, MOST_DIGITS = 1500, 128
ACCURACY = 0.85  # on the 1 000 digits kept back: 0.901 at least in 40 runs of the solution; sigmoids have 0.1
FRESH = 0.5  # of a network before its first step: 0.15 at most in 100 networks
RATIO = (1e-2, 1e2)  # first layer's norm / last layer's: 3.2 to 20 in 100 networks


@task("fixed")
def test_fifteen_layers_of_relus_let_the_gradient_pass(kata: Any, draw: Any, probes: Any) -> None:
    place = dataroom.folder("mnist")
    images, classes = np.load(place / "images.npy").reshape(-1, 784), np.load(place / "labels.npy")
    ratios = []
    for _ in range(5):
        rows = np.random.default_rng(draw.seed()).choice(len(images), 64, replace=False)
        batch = images[rows].astype(np.float32) / 255, classes[rows], 0.01
        run = kata.run(probes.training, N_LAYERS, "relu", {"seed": draw.seed()}, [batch])
        layers = assert_layers(run["parameters"][0], [784, *[32] * (N_LAYERS - 1), 10])
        norms = reference.step(layers, batch[0], batch[1], "relu").norms
        ratios.append(norms.value[0] / norms.value[-1] if norms.value[-1] else 0.0)
    ratio = float(np.median(ratios))
    assert RATIO[0] <= ratio <= RATIO[1], f"the first layer's gradient norm is {ratio:.2g} of the last layer's"


@task("fixed")
def test_fixed_network_learns_by_its_own_steps(kata: Any, draw: Any, probes: Any) -> None:
    place, seed, rng = dataroom.folder("mnist"), draw.seed(), np.random.default_rng(draw.seed())
    names = rng.permutation(10)  # the digits under other names: whoever knows them from elsewhere does not know these
    images, y = np.load(place / "images.npy").reshape(-1, 784), names[np.load(place / "labels.npy")]
    kept_back, classes = dataroom.kept_back("mnist")
    kept_back = kept_back.reshape(-1, 784)
    watched = [0, *np.sort(rng.integers(1, MOST_STEPS, 8)).tolist()]

    run = kata.run(probes.fixed, images, y, seed, watched, kept_back)

    assert run["is_network"], f"fixed_network gives a {run['kind']}, not a DeepNetwork"
    assert_budget(run["sizes"])
    assert run["outside"] == 0, f"before {run['outside']} steps the weights were not what the step before had left"
    assert run["finished"], "the network that is returned is not as its last train_step has left it"
    first, before, after, last = (
        layers_of(kata.run(probes.fixed_parameters, which)) for which in ("first", "before", "after", "last")
    )
    known = share_right(first, kept_back, names[classes])
    assert known <= FRESH, f"before its first step the network has {known:.1%} of the digits right"
    assert_plain_step(before, after, run["batch"][0])
    assert_near("logits of the network", run["logits"], reference.logits(last, kept_back / np.float32(255), "relu"))
    assert_accuracy(run["logits"].argmax(axis=1), names[classes], ACCURACY)


@task("seeds")
def test_the_seed_alone_decides_the_fixed_network(kata: Any, draw: Any, probes: Any) -> None:
    place, seed = dataroom.folder("mnist"), draw.seed()
    images, y = np.load(place / "images.npy").reshape(-1, 784)[:1000], np.load(place / "labels.npy")[:1000]
    run = kata.run(probes.fixed, images, y, seed, [], images[:1])
    assert not run["touched"], f"global random state was touched: {', '.join(run['touched'])}"
    last = kata.run(probes.fixed_parameters, "last")
    again = kata.run(probes.fixed_again, images, y, seed)
    with about("the same call once more"):
        assert_equal(again, last)


def layers_of(parameters: Any) -> list[Layer]:
    """The parameters are those of a network of 15 layers, from pixels to digits, of any width."""
    width = len(parameters[0][1]) if parameters else 0
    return assert_layers(parameters, [784, *[width] * (N_LAYERS - 1), 10])


def assert_budget(sizes: list[int]) -> None:
    """The steps were not too many, nor too large."""
    steps, largest = len(sizes), max(sizes, default=0)
    assert steps > 0, "train_step was never called"
    assert steps <= MOST_STEPS, f"train_step was called {steps} times; {MOST_STEPS} is the most"
    assert largest <= MOST_DIGITS, f"a step was taken on {largest} digits; {MOST_DIGITS} is the most"


def assert_plain_step(before: list[Layer], after: list[Layer], batch: tuple[np.ndarray, np.ndarray, float]) -> None:
    """The step that was watched is one plain step down the gradient."""
    X, y, learning_rate = batch
    expected = reference.after_step(before, reference.step(before, X, y, "relu"), learning_rate)
    for number, ((W, b), (right_W, right_b)) in enumerate(zip(after, expected, strict=True), start=1):
        assert_near(f"W of layer {number} after a step of fixed_network", W, right_W)
        assert_near(f"b of layer {number} after a step of fixed_network", b, right_b)


def share_right(layers: list[Layer], images: np.ndarray, classes: np.ndarray) -> float:
    """The share of the images (n, 784) of 0 to 255 that a network of these weights puts into their class."""
    answers = reference.logits(layers, images / np.float32(255), "relu").value
    return float(np.mean(answers.argmax(axis=1) == classes))

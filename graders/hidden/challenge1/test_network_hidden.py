"""Test the network, its training step and its gradient norms, which vanish with sigmoids.

The judge takes the weights that a network reports, and uses torch's autograd to compute in float64 what the network
should have returned.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from graders import datasets
from graders.checks import Mismatch, about, assert_equal, assert_float, cases, made, task
from graders.hidden.challenge1 import reference
from graders.hidden.challenge1.reference import Layer, assert_layers, assert_near

N_LAYERS = 15
VANISHED = 1e-4  # norm of the first layer / norm of the last; at most 1.4e-8 in 100 networks with 15 layers of sigmoids
SEED = 2  # of a network and digits; for some others, weights 1.7 times as large as Xavier's come too near the limit


@lru_cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels (4000, 784) from 0 to 1 and the classes of all digits that submissions can read."""
    place = datasets.folder("mnist")
    images, classes = np.load(place / "images.npy"), np.load(place / "labels.npy")
    return images.reshape(-1, 784).astype(np.float32) / 255, classes


def drawn_network(draw: Any, deepest: int = 20) -> tuple[int, str, dict[str, int], list[int]]:
    """Draw a network's n_layers, activation, other arguments and layer sizes."""
    n_layers, n_inputs, n_classes = draw.sizes("n_layers", 2, deepest), *draw.sizes("n_inputs n_classes", 2, 40)
    width = draw.sizes("width", 12, 48)  # in a narrower network, all ReLUs of a layer may be off
    options = {"n_inputs": n_inputs, "width": width, "n_classes": n_classes, "seed": draw.seed()}
    activation = ("sigmoid", "relu")[draw.case % 2]
    return n_layers, activation, options, [n_inputs, *[width] * (n_layers - 1), n_classes]


def drawn_batch(draw: Any, sizes: list[int], activation: str, most: int = 40) -> tuple[np.ndarray, np.ndarray, float]:
    """Draw a batch of random size and a learning rate at which training doesn't diverge."""
    n = draw.sizes("n", 1, most)
    dtype = draw.choice([np.float32, np.float64])
    X, y = draw.uniform(0.0, 1.0, n, sizes[0], dtype=dtype), draw.integers(0, sizes[-1], n)
    return X, y, draw.uniform(0.2, 1.0) if activation == "sigmoid" else draw.uniform(0.005, 0.05)


def trained(
    kata: Any, draw: Any, probes: Any, deepest: int, *, tracked: bool = False
) -> tuple[str, dict[str, Any], list[list[Layer]]]:
    """Train a random network for three steps. Return its activation, the probe's report, and the parameters."""
    n_layers, activation, options, sizes = drawn_network(draw, deepest)
    batches = [drawn_batch(draw, sizes, activation) for _ in range(3)]
    run = kata.run(probes.training, n_layers, activation, options, batches, tracked)
    assert len(run["parameters"]) == 4, "expected the parameters before and after three steps"
    return activation, run, [assert_layers(parameters, sizes) for parameters in run["parameters"]]


def norms_of(answer: object, n_layers: int) -> np.ndarray:
    """Check what track_gradients returned, and return it as an array (n_layers,)."""
    try:
        norms = np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError):
        norms = np.array(np.nan)
    if norms.shape != (n_layers,):
        raise Mismatch(f"track_gradients(): expected {n_layers} floats, got {answer!r:.80}", n_layers, None)
    return norms


def fresh_norms(kata: Any, probes: Any, n_layers: int, activation: str, seed: int, start: int) -> np.ndarray:
    """Check the norms that a network from seed `start` reports on 64 digits, and return them."""
    X, y = digits()
    rows = np.random.default_rng(seed).choice(len(X), 64, replace=False)
    X, y = made((X[rows], y[rows]), f"given.digits(64, {seed})")
    run = kata.run(probes.training, n_layers, activation, {"seed": start}, [(X, y, 0.01)], True)
    layers = assert_layers(run["parameters"][0], [784, *[32] * (n_layers - 1), 10])
    norms = reference.step(layers, X, y, activation).norms
    assert_near("norms of a fresh network", norms_of(run["norms"][0], n_layers), norms)
    return norms.value


@task("forward")
@cases(16)
def test_logits_follow_from_the_parameters(kata: Any, draw: Any, probes: Any) -> None:
    n_layers, activation, options, sizes = drawn_network(draw)
    X, _, _ = drawn_batch(draw, sizes, activation)
    parameters, logits, _ = kata.run(probes.parameters_and_logits, n_layers, activation, options, X)
    layers = assert_layers(parameters, sizes)
    assert_near("logits", logits, reference.logits(layers, X, activation))


@task("forward")
def test_the_default_network_has_fifteen_sigmoid_layers(kata: Any, draw: Any, probes: Any) -> None:
    X = draw.uniform(0.0, 1.0, 5, 784, dtype=np.float32)
    parameters, logits = kata.run(probes.default_network, X)
    layers = assert_layers(parameters, [784, *[32] * 14, 10])
    assert_near("logits", logits, reference.logits(layers, X, "sigmoid"))


@task("errors")
def test_an_unknown_activation_is_refused(kata: Any, draw: Any, probes: Any) -> None:
    kata.run(probes.make, "relu")
    with kata.raises(ValueError):
        kata.run(probes.make, draw.choice(["sigmoidal", "relo", "no such activation"]))


@task("forward")
@cases(2)
def test_the_seed_alone_decides_the_weights(kata: Any, draw: Any, probes: Any) -> None:
    seed, activation = draw.seed(), ("sigmoid", "relu")[draw.case % 2]
    made = kata.run(probes.weights, activation, [seed, seed, seed + 1])
    first, again, other = (assert_layers(parameters, [12, 32, 32, 32, 10]) for parameters in made)
    with about("two networks with the same seed"):
        assert_equal(again, first)
    for number, ((W, _), (other_W, _)) in enumerate(zip(first, other, strict=True), start=1):
        same = np.array_equal(W, other_W)
        assert not same, f"two seeds give the same W in layer {number}; expected different ones"


@task("seeds")
@cases(2)
def test_a_network_leaves_arguments_and_global_state_alone(kata: Any, draw: Any, probes: Any) -> None:
    activation, X = ("sigmoid", "relu")[draw.case % 2], draw.uniform(0.0, 1.0, 8, 12)
    touched = kata.run(probes.touched, activation, draw.seed(), X)
    assert not touched, f"DeepNetwork changed a global random generator: {', '.join(touched)}"
    batches = [(X, draw.integers(0, 10, 8), 0.1)]
    with about("X, y and the learning rate after train_step"):
        assert_equal(kata.run(probes.training, 4, activation, {"n_inputs": 12}, batches)["batches"], batches)


@task("step")
@cases(10)
def test_a_step_moves_every_layer_down_its_gradient(kata: Any, draw: Any, probes: Any) -> None:
    activation, run, parameters = trained(kata, draw, probes, deepest=8)
    for number, (X, y, learning_rate) in enumerate(run["batches"]):
        expected = reference.step(parameters[number], X, y, activation)
        right = reference.after_step(parameters[number], expected, learning_rate)
        layers = enumerate(zip(parameters[number + 1], right, strict=True), start=1)
        for layer, ((W, b), (right_W, right_b)) in layers:
            assert_near(f"W of layer {layer} after step {number + 1}", W, right_W)
            assert_near(f"b of layer {layer} after step {number + 1}", b, right_b)
    assert_near("logits after the last step", run["logits"], reference.logits(parameters[-1], X, activation))


@task("step")
@cases(6)
def test_a_step_returns_the_mean_loss_before_it(kata: Any, draw: Any, probes: Any) -> None:
    activation, run, parameters = trained(kata, draw, probes, deepest=15)
    for number, (X, y, _) in enumerate(run["batches"]):
        with about(f"the loss of step {number + 1}"):
            assert_float(run["losses"][number])
        expected = reference.step(parameters[number], X, y, activation).loss
        assert_near(f"loss of step {number + 1}", np.float64(run["losses"][number]), expected)


@task("gradients")
@cases(16)
def test_norms_are_those_of_the_last_step_before_its_update(kata: Any, draw: Any, probes: Any) -> None:
    activation, run, parameters = trained(kata, draw, probes, deepest=20, tracked=True)
    for number, (X, y, _) in enumerate(run["batches"]):
        norms = norms_of(run["norms"][number], len(parameters[0]))
        expected = reference.step(parameters[number], X, y, activation).norms
        assert_near(f"gradient norms of step {number + 1}", norms, expected)


@task("gradients")
@cases(2)
def test_each_network_keeps_its_own_norms(kata: Any, draw: Any, probes: Any) -> None:
    n_layers, activation, options, sizes = drawn_network(draw, 6)
    batches = [drawn_batch(draw, sizes, activation, most=12) for _ in range(2)]
    answers = kata.run(probes.two_networks, n_layers, activation, options, batches)
    assert len(answers) == 2, "expected the norms of two networks"
    for (parameters, *asked), (X, y, _) in zip(answers, batches, strict=True):
        expected = reference.step(assert_layers(parameters, sizes), X, y, activation).norms
        for answer in asked:
            assert_near("gradient norms of one of two networks", norms_of(answer, n_layers), expected)


@task("errors")
def test_there_are_no_norms_before_a_step(kata: Any, draw: Any, probes: Any) -> None:
    X = draw.uniform(0.0, 1.0, 3, 6)
    kata.run(probes.make, "sigmoid")
    with kata.raises(RuntimeError):
        kata.run(probes.norms_before_any_step, "sigmoid", X)


@task("vanishing")
def test_the_gradient_vanishes_on_its_way_to_the_first_layer(kata: Any, draw: Any, probes: Any) -> None:
    ratios = []
    for _ in range(5):
        norms = fresh_norms(kata, probes, N_LAYERS, "sigmoid", draw.seed(), draw.seed())
        ratios.append(norms[0] / norms[-1])
    ratio = float(np.median(ratios))
    assert ratio <= VANISHED, (
        f"15 layers of sigmoids: the first layer's gradient norm divided by the last layer's is {ratio:.2g}; expected "
        f"at most {VANISHED:.0e}. Do the weights have Xavier's standard deviation?"
    )


@task("vanishing")
def test_more_layers_leave_less_of_the_gradient(kata: Any, probes: Any) -> None:
    ratios = []
    for depth in (5, 10, 15, 20):
        norms = fresh_norms(kata, probes, depth, "sigmoid", SEED, SEED)
        ratios.append(norms[0] / norms[-1])
    shares = np.array(ratios[1:]) / np.array(ratios[:-1])  # 2e-4 to 2.4e-3 with Xavier's weights; 0.25 ** 5 is 1e-3
    assert (shares <= 0.02).all(), (
        "with 10, 15 and 20 layers of sigmoids, the first layer's gradient norm divided by the last layer's is "
        f"{', '.join(f'{share:.2g}' for share in shares)} times that with five layers fewer; expected at most 0.02"
    )

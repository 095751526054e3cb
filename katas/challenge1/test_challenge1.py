"""Challenge 1: what your network and its gradients are asked first. torch's autograd is the reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from graders import dataroom
from graders.checks import assert_accuracy, assert_picture, assert_prose, cases, task

N_LAYERS = 15
COLUMNS = ["step", "layer", "gradient_norm", "loss"]
CLOSE = {"rtol": 1e-3, "atol": 1e-6}  # float32 is as close as 1e-5 here; what is graded allows less
POINTS = {  # what the explanation must speak of, in any words
    "the bound on the sigmoid's slope, 1/4": (
        r"0[.,]25|1\s*/\s*4|¼|\bquarter|\bfourth\b|25\s*(%|per)|frac\s*\{?1\}?\s*\{?4\}?"
    ),
    "the product over layers": r"product|multipl|chain rule|\bfactors?\b|compound|\bpower\b|∏|\\prod",
    "what it means for the early layers": (
        r"\b(early|earlier|earliest|first|lower|lowest|front|bottom)\b[^.]{0,40}\b(layers?|stack|weights?)\b"
        r"|\blayer (1|one)\b|\b(bottom|foot|start|beginning) of the (stack|network)\b"
        r"|\blayers?\b[^.]{0,40}\b(input|beginning|start)\b"
    ),
    "ReLU": r"\brelus?\b|rectifie",
    "the initial weights": r"initiali[sz]|(initial|fresh) weights?|\bHe's\b|Kaiming|Xavier|Glorot",
}


def digits(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """So many of the digits, drawn at random: X (n, 784) from 0 to 1, y (n,)."""
    place = dataroom.folder("mnist")
    rows = np.random.default_rng(seed).choice(4000, n, replace=False)
    images, classes = np.load(place / "images.npy"), np.load(place / "labels.npy")
    return images[rows].reshape(n, 784).astype(np.float32) / 255, classes[rows]


def logits_of(parameters: Sequence[Sequence[torch.Tensor]], X: np.ndarray, activation: str) -> torch.Tensor:
    """What a network of these parameters answers."""
    a = torch.tensor(X).double()
    for W, b in parameters[:-1]:
        a = getattr(torch, activation)(a @ W.T + b)
    W, b = parameters[-1]
    return a @ W.T + b


def gradients_of(
    parameters: Any, X: np.ndarray, y: np.ndarray, activation: str
) -> tuple[float, list[list[np.ndarray]]]:
    """The loss of a network of these parameters, and its derivatives [dL/dW, dL/db] for each layer, by autograd."""
    leaves = [[torch.tensor(array).double().requires_grad_() for array in pair] for pair in parameters]
    loss = F.cross_entropy(logits_of(leaves, X, activation), torch.tensor(y))
    loss.backward()
    return loss.item(), [[leaf.grad.numpy() for leaf in pair] for pair in leaves]


@task("forward")
@cases(2)
def test_the_logits_are_those_of_the_parameters(kata: Any, draw: Any, probes: Any) -> None:
    X, activation = draw.uniform(0.0, 1.0, 5, 20, dtype=np.float32), ("sigmoid", "relu")[draw.case]
    parameters, logits = kata.run(probes.forward, 4, activation, draw.seed(), X)
    shapes = [(W.shape, b.shape) for W, b in parameters]
    assert shapes == [((16, 20), (16,)), ((16, 16), (16,)), ((16, 16), (16,)), ((10, 16), (10,))]
    expected = logits_of([[torch.tensor(array).double() for array in pair] for pair in parameters], X, activation)
    np.testing.assert_allclose(logits, expected.numpy(), **CLOSE)


@task("forward")
def test_an_unknown_activation_is_refused(kata: Any, probes: Any) -> None:
    kata.run(probes.make, "relu")
    with kata.raises(ValueError):
        kata.run(probes.make, "tanh")


@task("step")
@cases(2)
def test_a_step_goes_down_the_gradient(kata: Any, draw: Any, probes: Any) -> None:
    (X, y), activation = digits(8, draw.seed()), ("sigmoid", "relu")[draw.case]
    run = kata.run(probes.step, 3, activation, X, y, 0.1, draw.seed())
    loss, gradients = gradients_of(run["before"], X, y, activation)
    np.testing.assert_allclose(run["loss"], loss, **CLOSE, err_msg="the loss before the step")
    for number, (before, after, gradient) in enumerate(zip(run["before"], run["after"], gradients, strict=True), 1):
        for name, old, new, slope in zip("Wb", before, after, gradient, strict=True):
            np.testing.assert_allclose(new, old - 0.1 * slope, **CLOSE, err_msg=f"{name} of layer {number}")


@task("gradients")
@cases(2)
def test_the_norms_are_those_that_autograd_finds(kata: Any, draw: Any, probes: Any) -> None:
    (X, y), activation = digits(16, draw.seed()), ("sigmoid", "relu")[draw.case]
    run = kata.run(probes.step, (8, 4)[draw.case], activation, X, y, 0.1, draw.seed())
    _, gradients = gradients_of(run["before"], X, y, activation)
    expected = [np.linalg.norm(dW) for dW, _ in gradients]
    np.testing.assert_allclose(run["norms"], expected, rtol=0.02)  # a ReLU near 0 may be on or off


@task("gradients")
def test_there_are_no_norms_before_a_step(kata: Any, probes: Any) -> None:
    kata.run(probes.make, "sigmoid")
    with kata.raises(RuntimeError):
        kata.run(probes.norms_before_any_step)


@task("experiment")
def test_the_frame_has_a_row_for_every_step_and_layer(kata: Any, draw: Any, probes: Any) -> None:
    X, y = digits(20, draw.seed())
    settings = {"n_steps": 3, "learning_rate": 0.1, "batch_size": 20, "seed": draw.seed()}
    run = kata.run(probes.experiment, X, y, "sigmoid", settings)
    assert run["columns"] == COLUMNS
    step, layer, norm, loss = run["values"]
    assert step.tolist() == [0] * N_LAYERS + [1] * N_LAYERS + [2] * N_LAYERS
    assert layer.tolist() == list(range(1, N_LAYERS + 1)) * 3
    assert [len(set(loss[step == number])) for number in range(3)] == [1, 1, 1], "a step has one loss"
    assert (norm > 0).all()


@task("vanishing")
@cases(3)
def test_of_the_gradient_nothing_arrives_at_the_first_layer(kata: Any, draw: Any, probes: Any) -> None:
    X, y = digits(64, draw.seed())
    norms = kata.run(probes.step, N_LAYERS, "sigmoid", X, y, 0.1, draw.seed())["norms"]
    ratio = norms[0] / norms[-1]
    assert ratio <= 1e-4, f"the first layer's norm is {ratio:.1e} of the last layer's; 0.25 ** 14 is 3.7e-9"


@task("fixed")
@cases(3)
def test_relus_let_the_gradient_pass(kata: Any, draw: Any, probes: Any) -> None:
    X, y = digits(64, draw.seed())
    norms = kata.run(probes.step, N_LAYERS, "relu", X, y, 0.01, draw.seed())["norms"]
    ratio = norms[0] / norms[-1]
    assert 1e-2 <= ratio <= 1e2, f"the first layer's norm is {ratio:.1e} of the last layer's"


@task("fixed")
def test_the_fixed_network_knows_digits_that_it_has_not_seen(kata: Any, draw: Any, probes: Any) -> None:
    X, y = digits(4000, draw.seed())
    images, classes = dataroom.kept_back("mnist")
    run = kata.run(probes.fixed, X, y, draw.seed(), images.reshape(-1, 784).astype(np.float32) / 255)
    assert run["layers"] == N_LAYERS
    steps, largest = len(run["sizes"]), max(run["sizes"], default=0)
    assert 1 <= steps <= 1500, f"train_step was called {steps} times; 1 500 is the most"
    assert largest <= 128, f"a step was taken on {largest} digits; 128 is the most"
    assert_accuracy(run["logits"].argmax(axis=1), classes, 0.85)


@task("plot")
def test_the_picture_has_a_logarithmic_axis(kata: Any, draw: Any, probes: Any) -> None:
    rng = np.random.default_rng(draw.seed())
    frames = [
        {
            "step": np.repeat(np.arange(30), N_LAYERS),
            "layer": np.tile(np.arange(1, N_LAYERS + 1), 30),
            "gradient_norm": np.tile(np.geomspace(first, 0.3, N_LAYERS), 30) * rng.uniform(0.9, 1.1, 30 * N_LAYERS),
            "loss": np.repeat(rng.uniform(1, 2, 30), N_LAYERS),
        }
        for first in (1e-9, 1.0)
    ]
    run = kata.run(probes.plot, frames, "gradients.png")
    assert_picture(run["png"], "gradients.png")
    assert "log" in run["scales"], f"the scales of the axes are {run['scales']}"


@task("explanation")
def test_the_explanation_speaks_of_the_main_points(kata: Any) -> None:
    text = kata.text("explanation.md")
    assert_prose(text, "explanation.md", words=150, points=POINTS)

"""Challenge 1: what your network and its gradients are asked first. torch's autograd is the reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from graders import dataroom
from graders.checks import about, assert_accuracy, assert_equal, assert_near, assert_picture, assert_prose, cases, task

N_LAYERS = 15
COLUMNS = ["step", "layer", "gradient_norm", "loss"]
NORMS = "the list of norms, of each layer's dW,"
CLOSE = {"relative": 1e-3, "absolute": 1e-6}  # float32 is as close as 1e-5 here; what is graded allows less
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
    assert_near(logits, expected.numpy(), **CLOSE, name="the matrix of logits")


@task("forward")
def test_defaults_and_seeds_of_a_network(kata: Any, probes: Any) -> None:
    shapes = [[tuple(shape) for shape in pair] for pair in kata.run(probes.default_shapes)]
    assert shapes == [[(32, 784), (32,)], *[[(32, 32), (32,)]] * 13, [(10, 32), (10,)]], "the layers of DeepNetwork()"
    first, again, other = kata.run(probes.fresh, [7, 7, 8])
    assert_equal(again, first)
    for number, ((W, _), (other_W, _)) in enumerate(zip(first, other, strict=True), 1):
        assert not np.array_equal(W, other_W), f"seeds 7 and 8 give the same W in layer {number}"


@task("step")
@cases(2)
def test_a_step_goes_down_the_gradient(kata: Any, draw: Any, probes: Any) -> None:
    activation = ("sigmoid", "relu")[draw.case]
    batches = [digits(8, draw.seed()), digits(12, draw.seed())]
    runs = kata.run(probes.steps, 3, activation, batches, 0.1, draw.seed())
    for run, (X, y) in zip(runs, batches, strict=True):
        loss, gradients = gradients_of(run["before"], X, y, activation)
        assert_near(run["loss"], loss, **CLOSE, name="the loss before the step")
        for number, (before, after, gradient) in enumerate(zip(run["before"], run["after"], gradients, strict=True), 1):
            for name, old, new, slope in zip("Wb", before, after, gradient, strict=True):
                assert_near(new, old - 0.1 * slope, **CLOSE, name=f"{name} of layer {number}, after the step,")


@task("gradients")
@cases(2)
def test_the_norms_are_those_that_autograd_finds(kata: Any, draw: Any, probes: Any) -> None:
    activation = ("sigmoid", "relu")[draw.case]
    batches = [digits(16, draw.seed()), digits(10, draw.seed())]
    runs = kata.run(probes.steps, (8, 4)[draw.case], activation, batches, 0.1, draw.seed())
    for run, (X, y) in zip(runs, batches, strict=True):
        _, gradients = gradients_of(run["before"], X, y, activation)
        expected = [np.linalg.norm(dW) for dW, _ in gradients]
        assert_near(run["norms"], expected, relative=0.02, name=NORMS)  # a ReLU near 0 may be on or off


@task("gradients")
def test_each_of_two_networks_has_its_own_norms(kata: Any, draw: Any, probes: Any) -> None:
    batches = [digits(16, draw.seed()), digits(16, draw.seed())]
    for (parameters, norms), (X, y) in zip(kata.run(probes.norms_of_two, batches), batches, strict=True):
        _, gradients = gradients_of(parameters, X, y, "relu")
        assert_near(norms, [np.linalg.norm(dW) for dW, _ in gradients], relative=0.02, name=NORMS)


@task("experiment")
@cases(2)
def test_the_frame_tells_what_the_steps_did(kata: Any, draw: Any, probes: Any) -> None:
    X, y = digits(50, draw.seed())
    settings = {"n_steps": 4, "learning_rate": 0.1, "batch_size": 20, "seed": draw.seed()}
    run = kata.run(probes.experiment, X, y, ("sigmoid", "relu")[draw.case], settings)
    assert run["columns"] == COLUMNS
    step, layer, norm, loss = run["values"]
    assert step.tolist() == np.repeat(range(4), N_LAYERS).tolist()
    assert layer.tolist() == list(range(1, N_LAYERS + 1)) * 4
    assert len(run["calls"]) == 4, f"train_step was called {len(run['calls'])} times in an experiment of 4 steps"
    for number, (rows, classes, rate, its_loss, norms) in enumerate(run["calls"]):
        assert len(rows) == 20, f"step {number} took {len(rows)} rows; batch_size is 20"
        places = [np.flatnonzero((np.abs(X - row) < 1e-6).all(axis=1)) for row in rows]
        assert all(len(found) for found in places), f"step {number} was given rows that are not rows of X"
        own = [int(y[found[0]]) for found in places]
        assert own == classes.tolist(), "train_step must be given rows of X with the classes of these rows"
        assert abs(rate - 0.1) < 1e-6, f"step {number} was taken at the rate {rate}; learning_rate is 0.1"
        assert_near(norm[step == number], norms, relative=1e-5, name=f"gradient_norm of step {number}")
        assert_near(loss[step == number], [its_loss] * 15, relative=1e-5, name=f"loss of step {number}")
    assert not np.array_equal(run["calls"][0][0], run["calls"][1][0]), "two steps take the same rows: draw them anew"
    for (W, b), (fresh_W, fresh_b) in zip(run["starts"][0], run["fresh"], strict=True):
        assert_near(W, fresh_W, name="W of a network that is not DeepNetwork(15, …, seed=seed): it")
        assert_near(b, fresh_b, name="b of a network that is not DeepNetwork(15, …, seed=seed): it")
    # the steps go on from each other: what the network of that seed would have done
    _, gradients = gradients_of(run["fresh"], *run["calls"][0][:2], ("sigmoid", "relu")[draw.case])
    left = [(W - 0.1 * dW, b - 0.1 * db) for (W, b), (dW, db) in zip(run["fresh"], gradients, strict=True)]
    for (W, b), (left_W, left_b) in zip(run["starts"][1], left, strict=True):
        assert_near(W, left_W, **CLOSE, name="W before step 1 (it goes on from where step 0 ended)")
        assert_near(b, left_b, **CLOSE, name="b before step 1 (it goes on from where step 0 ended)")


@task("vanishing")
@cases(3)
def test_the_gradient_vanishes_before_the_first_layer(kata: Any, draw: Any, probes: Any) -> None:
    ratio = ratio_of_norms(kata, draw, probes, N_LAYERS, "sigmoid")
    assert ratio <= 1e-4, f"the first layer's norm is {ratio:.1e} of the last layer's; 0.25 ** 14 is 3.7e-9"


@task("vanishing")
def test_five_layers_more_leave_far_less(kata: Any, draw: Any, probes: Any) -> None:
    five, ten, fifteen, twenty = (ratio_of_norms(kata, draw, probes, depth, "sigmoid") for depth in (5, 10, 15, 20))
    for shallow, deep in ((five, ten), (ten, fifteen), (fifteen, twenty)):
        assert deep <= 0.02 * shallow, f"first / last norm: {shallow:.1e}, and with five layers more {deep:.1e}"


@task("fixed")
@cases(3)
def test_relus_let_the_gradient_pass(kata: Any, draw: Any, probes: Any) -> None:
    ratio = ratio_of_norms(kata, draw, probes, N_LAYERS, "relu")
    assert 1e-2 <= ratio <= 1e2, f"the first layer's norm is {ratio:.1e} of the last layer's"


def ratio_of_norms(kata: Any, draw: Any, probes: Any, n_layers: int, activation: str) -> float:
    """First layer's gradient norm / last layer's, of a fresh network on 64 digits."""
    (run,) = kata.run(probes.steps, n_layers, activation, [digits(64, draw.seed())], 0.01, draw.seed())
    return float(run["norms"][0] / run["norms"][-1])


@task("fixed")
def test_the_fixed_network_knows_digits_that_it_has_not_seen(kata: Any, draw: Any, probes: Any) -> None:
    X, y = digits(4000, draw.seed())
    images, classes = dataroom.kept_back("mnist")
    run = kata.run(probes.fixed, X, y, draw.seed(), images.reshape(-1, 784).astype(np.float32) / 255)
    assert run["is_network"], f"fixed_network gives a {run['kind']}, not a DeepNetwork"
    assert run["layers"] == N_LAYERS
    steps, largest = len(run["sizes"]), max(run["sizes"], default=0)
    assert 1 <= steps <= 1500, f"train_step was called {steps} times; 1 500 is the most"
    assert largest <= 128, f"a step was taken on {largest} digits; 128 is the most"
    assert_accuracy(run["logits"].argmax(axis=1), classes, 0.85)


@task("errors")
def test_an_unknown_activation_is_refused(kata: Any, probes: Any) -> None:
    kata.run(probes.make, "relu")
    with kata.raises(ValueError):
        kata.run(probes.make, "sigmoidal")


@task("errors")
def test_there_are_no_norms_before_a_step(kata: Any, probes: Any) -> None:
    kata.run(probes.make, "sigmoid")
    with kata.raises(RuntimeError):
        kata.run(probes.norms_before_any_step)


@task("seeds")
def test_the_seed_decides_an_experiment(kata: Any, draw: Any, probes: Any) -> None:
    X, y = digits(50, draw.seed())
    settings = {"n_steps": 3, "learning_rate": 0.1, "batch_size": 20}
    seven, eight = kata.run(probes.rows_taken, X, y, settings, [7, 8])
    assert seven != eight, "experiment draws the same batches for seeds 7 and 8"
    run = kata.run(probes.twice, X, y, settings, [7, 7, 8])
    with about("experiment, called twice with seed 7"):
        assert_equal(run["norms"][1], run["norms"][0])
    assert not np.array_equal(run["norms"][2], run["norms"][0]), "experiment gives the same norms for seeds 7 and 8"
    assert_left_alone("experiment", run["changed"])


@task("seeds")
def test_nothing_else_is_changed(kata: Any, draw: Any, probes: Any) -> None:
    changed = kata.run(probes.changed_by_fixed, *digits(1000, draw.seed()), draw.seed())
    assert_left_alone("fixed_network", changed)
    changed = kata.run(probes.changed_by_plot, made_up_frames(draw.seed()))
    assert_left_alone("plot_gradients", [f"the frame `{name}`" for name in changed])


def assert_left_alone(function: str, changed: Sequence[str]) -> None:
    """A call of this function changed none of its arguments, and no random generator that everybody shares."""
    said = f"a call of {function} changes {', '.join(changed)}"
    if any("generator" in name for name in changed):
        said += ". Draw from a generator of your own. (torch.nn.Linear draws from torch's when it is made: see hint 2.)"
    assert not changed, said


def made_up_frames(seed: int) -> list[dict[str, np.ndarray]]:
    """A frame of sigmoids and one of ReLUs; every norm of a layer is its own: no other layer's is near."""
    rng = np.random.default_rng(seed)
    return [
        {
            "step": np.repeat(np.arange(30), N_LAYERS),
            "layer": np.tile(np.arange(1, N_LAYERS + 1), 30),
            "gradient_norm": np.tile(np.geomspace(first, last, N_LAYERS), 30) * rng.uniform(0.9, 1.1, 30 * N_LAYERS),
            "loss": np.repeat(rng.uniform(1, 2, 30), N_LAYERS),
        }
        for first, last in ((1e-9, 3e-3), (0.02, 4.0))
    ]


@task("plot")
def test_the_picture_shows_both_networks_on_a_logarithmic_axis(kata: Any, draw: Any, probes: Any) -> None:
    frames = made_up_frames(draw.seed())
    run = kata.run(probes.plot, frames, "gradients.png")
    assert_picture(run["png"], "gradients.png")
    for name, frame in zip(("sigmoid", "ReLU"), frames, strict=True):
        for layer in (1, N_LAYERS):
            norms = frame["gradient_norm"][frame["layer"] == layer]
            assert shown(run["axes"], norms), (
                f"the norms of {name}, layer {layer}, are {norms.min():.1e} to {norms.max():.1e}: none of these, nor "
                "their mean, is drawn along a logarithmic axis and inside its limits"
            )
        assert any(name.lower() in axes["words"].lower() for axes in run["axes"]), f"no title or legend names {name}"
    for direction, name in enumerate("xy"):
        assert any(axes["labels"][direction].strip() for axes in run["axes"]), f"the {name} axis has no label"


def shown(all_axes: list[dict[str, Any]], norms: np.ndarray) -> bool:
    """Whether a number between the smallest and the largest of these norms is drawn where it can be seen."""
    for axes in all_axes:
        for pair in axes["drawn"]:
            for numbers, scale, (low, high) in zip(pair, axes["scales"], axes["limits"], strict=True):
                seen = numbers[(numbers >= norms.min()) & (numbers <= norms.max())]
                if scale == "log" and ((seen >= low) & (seen <= high)).any():
                    return True
    return False


@task("explanation")
def test_the_explanation_speaks_of_the_main_points(kata: Any) -> None:
    text = kata.text("explanation.md")
    assert_prose(text, "explanation.md", words=150, points=POINTS)

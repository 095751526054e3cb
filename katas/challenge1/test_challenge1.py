"""Challenge 1: the visible tests of your network and its gradients. The reference is torch's autograd."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from graders import datasets
from graders.checks import (
    about,
    assert_accuracy,
    assert_equal,
    assert_near,
    assert_picture,
    assert_prose,
    cases,
    remade,
    task,
)

N_LAYERS = 15
COLUMNS = ["step", "layer", "gradient_norm", "loss"]
NORMS = "the list of norms of each layer's dW"
CLOSE = {"relative": 1e-3, "absolute": 1e-6}  # float32 comes within 1e-5 here; the hidden tests allow less
SEED = 2  # of the networks with 5 to 20 layers, and of their digits
POINTS = {  # what the explanation must mention, in any words
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


@remade
def digits(n: int, seed: int, dtype: str = "float32") -> tuple[np.ndarray, np.ndarray]:
    """Draw n digits at random: X (n, 784) from 0 to 1, y (n,)."""
    place = datasets.folder("mnist")
    rows = np.random.default_rng(seed).choice(4000, n, replace=False)
    images, classes = np.load(place / "images.npy"), np.load(place / "labels.npy")
    return (images[rows].reshape(n, 784).astype(np.float32) / 255).astype(dtype), classes[rows]


def logits_of(parameters: Sequence[Sequence[torch.Tensor]], X: np.ndarray, activation: str) -> torch.Tensor:
    """Return the logits of a network with these parameters."""
    a = torch.tensor(X).double()
    for W, b in parameters[:-1]:
        a = getattr(torch, activation)(a @ W.T + b)
    W, b = parameters[-1]
    return a @ W.T + b


def gradients_of(
    parameters: Any, X: np.ndarray, y: np.ndarray, activation: str
) -> tuple[float, list[list[np.ndarray]]]:
    """Return the loss of a network with these parameters, and [dL/dW, dL/db] for each layer, by autograd."""
    leaves = [[torch.tensor(array).double().requires_grad_() for array in pair] for pair in parameters]
    loss = F.cross_entropy(logits_of(leaves, X, activation), torch.tensor(y))
    loss.backward()
    return loss.item(), [[leaf.grad.numpy() for leaf in pair] for pair in leaves]


@task("forward")
@cases(2)
def test_logits_follow_from_the_parameters(kata: Any, draw: Any, probes: Any) -> None:
    dtype, activation = ((np.float32, "sigmoid"), (np.float64, "relu"))[draw.case]
    X = draw.uniform(0.0, 1.0, 5, 20, dtype=dtype)
    parameters, logits = kata.run(probes.parameters_and_logits, 4, activation, draw.seed(), X)
    shapes = [(W.shape, b.shape) for W, b in parameters]
    assert shapes == [((16, 20), (16,)), ((16, 16), (16,)), ((16, 16), (16,)), ((10, 16), (10,))]
    expected = logits_of([[torch.tensor(array).double() for array in pair] for pair in parameters], X, activation)
    assert_near(logits, expected.numpy(), **CLOSE, name="the matrix of logits")


@task("forward")
def test_a_network_has_the_default_sizes_and_obeys_its_seed(kata: Any, probes: Any) -> None:
    shapes = [[tuple(shape) for shape in pair] for pair in kata.run(probes.default_shapes)]
    expected = [[(32, 784), (32,)], *[[(32, 32), (32,)]] * 13, [(10, 32), (10,)]]
    assert shapes == expected, "the layers of DeepNetwork() have the wrong shapes"
    first, again, other = kata.run(probes.fresh, [7, 7, 8])
    with about("two networks with seed 7"):
        assert_equal(again, first)
    for number, ((W, _), (other_W, _)) in enumerate(zip(first, other, strict=True), 1):
        assert not np.array_equal(W, other_W), f"seeds 7 and 8 give the same W in layer {number}, expected different W"


@task("step")
@cases(2)
def test_a_step_moves_down_the_gradient(kata: Any, draw: Any, probes: Any) -> None:
    activation = ("sigmoid", "relu")[draw.case]
    batches = [digits(8, draw.seed(), "float64"), digits(12, draw.seed())]
    runs = kata.run(probes.steps, 3, activation, batches, 0.1, draw.seed())
    for run, (X, y) in zip(runs, batches, strict=True):
        loss, gradients = gradients_of(run["before"], X, y, activation)
        assert_near(run["loss"], loss, **CLOSE, name="the loss before the step")
        for number, (before, after, gradient) in enumerate(zip(run["before"], run["after"], gradients, strict=True), 1):
            for name, old, new, slope in zip("Wb", before, after, gradient, strict=True):
                assert_near(new, old - 0.1 * slope, **CLOSE, name=f"{name} of layer {number} after the step")


@task("gradients")
@cases(2)
def test_norms_match_autograd(kata: Any, draw: Any, probes: Any) -> None:
    activation = ("sigmoid", "relu")[draw.case]
    batches = [digits(16, draw.seed()), digits(10, draw.seed())]
    runs = kata.run(probes.steps, (8, 4)[draw.case], activation, batches, 0.1, draw.seed(), True)
    for run, (X, y) in zip(runs, batches, strict=True):
        _, gradients = gradients_of(run["before"], X, y, activation)
        expected = [np.linalg.norm(dW) for dW, _ in gradients]
        assert_near(run["norms"], expected, relative=0.02, name=NORMS)  # a ReLU near 0 may be on or off


@task("gradients")
def test_two_networks_keep_separate_norms(kata: Any, draw: Any, probes: Any) -> None:
    batches = [digits(16, draw.seed()), digits(16, draw.seed())]
    for (parameters, norms), (X, y) in zip(kata.run(probes.norms_of_two, batches), batches, strict=True):
        _, gradients = gradients_of(parameters, X, y, "relu")
        assert_near(norms, [np.linalg.norm(dW) for dW, _ in gradients], relative=0.02, name=NORMS)


@task("experiment")
@cases(2)
def test_the_frame_matches_the_training_steps(kata: Any, draw: Any, probes: Any) -> None:
    X, y = digits(50, draw.seed())
    settings = {"n_steps": 4, "learning_rate": 0.1, "batch_size": 20, "seed": draw.seed()}
    run = kata.run(probes.experiment, X, y, ("sigmoid", "relu")[draw.case], settings)
    assert run["columns"] == COLUMNS
    step, layer, norm, loss = run["values"]
    assert step.tolist() == np.repeat(range(4), N_LAYERS).tolist()
    assert layer.tolist() == list(range(1, N_LAYERS + 1)) * 4
    found = len(run["calls"])
    assert found == 4, f"experiment(n_steps=4) called train_step {found} times; expected 4"
    for number, (rows, classes, rate, its_loss, norms) in enumerate(run["calls"]):
        assert len(rows) == 20, f"the batch of step {number} has {len(rows)} rows; expected 20, the batch_size"
        places = [np.flatnonzero((np.abs(X - row) < 1e-6).all(axis=1)) for row in rows]
        assert all(len(found) for found in places), f"the batch of step {number} has rows that are not rows of X"
        own = [int(y[found[0]]) for found in places]
        assert own == classes.tolist(), f"the classes in the batch of step {number} are not those of its rows of X"
        assert abs(rate - 0.1) < 1e-6, f"step {number} used the learning rate {rate}; expected 0.1"
        assert_near(norm[step == number], norms, relative=1e-5, name=f"gradient_norm of step {number}")
        assert_near(loss[step == number], [its_loss] * 15, relative=1e-5, name=f"loss of step {number}")
    same = np.array_equal(run["calls"][0][0], run["calls"][1][0])
    assert not same, "two steps use the same rows; draw a new batch for each step"
    for (W, b), (fresh_W, fresh_b) in zip(run["starts"][0], run["fresh"], strict=True):
        assert_near(W, fresh_W, name="before step 0, W of DeepNetwork(15, …, seed=seed)")
        assert_near(b, fresh_b, name="before step 0, b of DeepNetwork(15, …, seed=seed)")
    # each step continues from the one before
    _, gradients = gradients_of(run["fresh"], *run["calls"][0][:2], ("sigmoid", "relu")[draw.case])
    left = [(W - 0.1 * dW, b - 0.1 * db) for (W, b), (dW, db) in zip(run["fresh"], gradients, strict=True)]
    for (W, b), (left_W, left_b) in zip(run["starts"][1], left, strict=True):
        assert_near(W, left_W, **CLOSE, name="before step 1, W (as step 0 should have left it)")
        assert_near(b, left_b, **CLOSE, name="before step 1, b (as step 0 should have left it)")


@task("vanishing")
@cases(3)
def test_the_gradient_vanishes_on_its_way_to_the_first_layer(kata: Any, draw: Any, probes: Any) -> None:
    ratio = ratio_of_norms(kata, probes, N_LAYERS, "sigmoid", draw.seed(), draw.seed())
    assert ratio <= 1e-4, (
        f"15 layers of sigmoids: the first layer's norm / the last layer's is {ratio:.1e}; expected at most 1e-4. With "
        "weights of Xavier's size it is about 6e-9"
    )


@task("vanishing")
def test_five_more_layers_leave_far_less_of_the_gradient(kata: Any, probes: Any) -> None:
    five, ten, fifteen, twenty = (ratio_of_norms(kata, probes, n, "sigmoid", SEED, SEED) for n in (5, 10, 15, 20))
    for shallow, deep in ((five, ten), (ten, fifteen), (fifteen, twenty)):
        assert deep <= 0.02 * shallow, (
            f"first layer's norm / last layer's: {shallow:.1e}, and with five more layers {deep:.1e}; expected at most "
            "2 % of the former"
        )


@task("fixed", title="ReLUs let the gradient pass")
@cases(3)
def test_relus_let_the_gradient_pass(kata: Any, draw: Any, probes: Any) -> None:
    ratio = ratio_of_norms(kata, probes, N_LAYERS, "relu", draw.seed(), draw.seed())
    assert 1e-2 <= ratio <= 1e2, (
        f"15 layers of ReLUs: the first layer's norm / the last layer's is {ratio:.1e}; expected between 0.01 and 100"
    )


def ratio_of_norms(kata: Any, probes: Any, n_layers: int, activation: str, seed: int, start: int) -> float:
    """Return the first layer's gradient norm / the last layer's, for a network from seed `start` on 64 digits."""
    X, y = digits(64, seed)
    (run,) = kata.run(probes.steps, n_layers, activation, [(X, y)], 0.01, start)
    _, gradients = gradients_of(run["before"], X, y, activation)
    return float(np.linalg.norm(gradients[0][0]) / np.linalg.norm(gradients[-1][0]))


@task("fixed")
def test_the_fixed_network_recognises_unseen_digits(kata: Any, draw: Any, probes: Any) -> None:
    X, y = digits(4000, draw.seed())
    images, classes = datasets.kept_back("mnist")
    run = kata.run(probes.fixed, X, y, draw.seed(), images.reshape(-1, 784).astype(np.float32) / 255)
    assert run["is_network"], f"fixed_network returned a {run['kind']}; expected a DeepNetwork"
    assert run["layers"] == N_LAYERS
    steps, largest = len(run["sizes"]), max(run["sizes"], default=0)
    assert 1 <= steps <= 1500, f"fixed_network called train_step {steps} times; expected 1 to 1 500 calls"
    assert largest <= 128, f"fixed_network took a step on {largest} digits; expected at most 128"
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
def test_the_seed_decides_the_experiment(kata: Any, draw: Any, probes: Any) -> None:
    X, y = digits(50, draw.seed())
    settings = {"n_steps": 3, "learning_rate": 0.1, "batch_size": 20}
    seven, eight = kata.run(probes.rows_taken, X, y, settings, [7, 8])
    assert seven != eight, "experiment draws the same batches for seeds 7 and 8; expected different ones"
    run = kata.run(probes.twice, X, y, settings, [7, 7, 8])
    with about("experiment, called twice with seed 7"):
        assert_equal(run["norms"][1], run["norms"][0])
    same = np.array_equal(run["norms"][2], run["norms"][0])
    assert not same, "experiment returns the same norms for seeds 7 and 8; expected different ones"
    assert_left_alone("experiment", run["changed"])


@task("seeds", unless_hidden=True)
def test_nothing_else_is_changed(kata: Any, draw: Any, probes: Any) -> None:
    changed = kata.run(probes.changed_by_fixed, *digits(1000, draw.seed()), draw.seed())
    assert_left_alone("fixed_network", changed)
    changed = kata.run(probes.changed_by_plot, made_up_frames(draw.seed()))
    assert_left_alone("plot_gradients", [f"the frame `{name}`" for name in changed])


def assert_left_alone(function: str, changed: Sequence[str]) -> None:
    """Check that a call of this function changed neither its arguments nor a global random generator."""
    said = f"{function} changed {', '.join(changed)}"
    if any("generator" in name for name in changed):
        said += ". Draw from a generator of your own. (torch.nn.Linear draws from torch's global one: see Hint 2)"
    assert not changed, said


@remade
def made_up_frames(seed: int) -> list[dict[str, np.ndarray]]:
    """Make up a frame for sigmoids and one for ReLUs, in which no two layers have similar norms."""
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


@task("plot", unless_hidden=True)
def test_the_picture_shows_both_networks_on_a_logarithmic_axis(kata: Any, draw: Any, probes: Any) -> None:
    frames = made_up_frames(draw.seed())
    run = kata.run(probes.plot, frames, "gradients.png")
    assert_picture(run["png"], "gradients.png")
    for name, frame in zip(("sigmoid", "ReLU"), frames, strict=True):
        for layer in (1, N_LAYERS):
            norms = frame["gradient_norm"][frame["layer"] == layer]
            assert shown(run["axes"], norms), (
                f"the norms of {name}, layer {layer}, range from {norms.min():.1e} to {norms.max():.1e}; expected them "
                "or their mean on a logarithmic axis and inside its limits, found neither"
            )
        named = any(name.lower() in axes["words"].lower() for axes in run["axes"])
        assert named, f"no title, legend or text in the picture names {name}"
    for direction, name in enumerate("xy"):
        assert any(axes["labels"][direction].strip() for axes in run["axes"]), f"the {name} axis has no label"


def shown(all_axes: list[dict[str, Any]], norms: np.ndarray) -> bool:
    """Return whether a number between the smallest and the largest of these norms is visible in the picture."""
    for axes in all_axes:
        for pair in axes["drawn"]:
            for numbers, scale, (low, high) in zip(pair, axes["scales"], axes["limits"], strict=True):
                seen = numbers[(numbers >= norms.min()) & (numbers <= norms.max())]
                if scale == "log" and ((seen >= low) & (seen <= high)).any():
                    return True
    return False


@task("explanation")
def test_the_explanation_covers_the_main_points(kata: Any) -> None:
    text = kata.text("explanation.md")
    assert_prose(text, "explanation.md", words=150, points=POINTS)

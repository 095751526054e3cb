"""Test the diagnostics on networks with and without faults, all far from every threshold in the README.

In a network without faults, the weights are drawn so that the arguments of every activation have variance one. A faulty
network is such a network with one deliberate fault.

- Tiny batch: All but one of 1 500 networks without faults learned it in at most 11 of 100 steps. About one network
  in a few thousand ends up with dead ReLUs and never learns, so the tests train each network before they expect it to
  pass, also at other learning rates. Of 100 networks, 2 or 3 are drawn again. Each kind of faulty network was trained
  1 000 times and never had more than 7 of the 8 samples right. Networks that never change had 7, and the others had at
  most 5.
- Shares: In each of 2 400 networks without faults, at most 12 % of a layer was dead or saturated (half is allowed). In
  faulty layers, the share is 90 % or more.
- Norms: The same 2 400 networks had norms from 0.07 to 5 (1e-3 to 1e2 is allowed). In faulty networks, norms are below
  4e-6 or above 1e5.

So neither rounding nor a reasonable choice of thresholds, steps and learning rate changes a verdict.
"""

import importlib.util
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from graders.checks import Mismatch, assert_bool, assert_close, cases, task
from graders.checks.mismatch import fail

# root mean square of an activation (minus 1/2 for the sigmoid), for a standard normal argument
SPREAD = {"relu": 0.7071, "leaky_relu": 0.7071, "tanh": 0.628, "sigmoid": 0.208}
DEEPEST = {"relu": 3, "leaky_relu": 4, "tanh": 4, "sigmoid": 2}  # largest number of hidden layers
FUNCTIONS = {"relu": torch.relu, "leaky_relu": F.leaky_relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}
TINY = 8
WITHIN = 10  # networks without faults are drawn again until they learn their tiny batch within this many steps
SOME_WITHIN, LOW = 60, 0.1  # if some of its parameters stay as they are, these many, and until its loss is below this
OTHER_RATES = [(rate, 100, np.inf) for rate in (0.005, 0.02, 0.1)]  # README promises these, within its 100 steps

_SUPPLIED = importlib.util.spec_from_file_location(
    "supplied_network", Path(__file__).parents[3] / "katas" / "exercise10" / "network.py"
)
supplied = importlib.util.module_from_spec(_SUPPLIED)
_SUPPLIED.loader.exec_module(supplied)


# ------------------------------------------------------------------------------ networks without faults


def healthy(draw, activation, depth=None, many=False, least_classes=2):
    """Draw a network without faults, and samples, in the form that probes expect.

    A linear rule gives the classes, and every class occurs. Two pairs of samples are equal but differ in class, so no
    network can fit all samples. These pairs are the first sample and the one after the tiny batch, and the last two
    samples. If `many` is true, there are so many samples that few ReLUs are dead by chance.
    """
    depth = draw.integers(1, DEEPEST[activation] + 1) if depth is None else depth
    n = draw.integers(96, 161) if many else draw.integers(16, 41)
    n_inputs, n_outputs = draw.integers(10, 25), draw.integers(least_classes, 6)
    widths = [draw.integers(16, 65) for _ in range(depth)]
    scale = 10 ** draw.uniform(-0.5, 0.5)
    rng = np.random.default_rng(draw.seed())
    X = scale * rng.standard_normal((n, n_inputs))
    y = (X @ rng.standard_normal((n_inputs, n_outputs))).argmax(axis=1)
    y[TINY + 1 : TINY + 1 + n_outputs] = np.arange(n_outputs)
    for one, other in ((0, TINY), (-1, -2)):
        X[other], y[other] = X[one], (y[one] + 1) % n_outputs
    sizes = [n_inputs, *widths, n_outputs]
    spreads = [scale] + [SPREAD[activation]] * depth
    weights = [
        rng.standard_normal((out, into)) / np.sqrt(into) / spread
        for into, out, spread in zip(sizes, sizes[1:], spreads, strict=False)
    ]
    biases = [np.zeros(out) for out in sizes[1:]]
    if activation == "sigmoid":  # a sigmoid's values are centred at 1/2
        biases[1:] = [-0.5 * W.sum(axis=1) for W in weights[1:]]
    return {
        "activation": activation,
        "weights": weights,
        "biases": biases,
        "order": [],
        "classes": 0,
        "pace": [1] * (2 * len(weights)),
        "form": 0,
        "X": X,
        "y": y,
    }


def learnable(make, rows=TINY):
    """Make networks until one learns the first `rows` samples at every learning rate. Most networks do."""
    while True:
        network = make()
        supplied_rate = (0.05, WITHIN, np.inf) if all(network["pace"]) else (0.05, SOME_WITHIN, LOW)
        if all(learns(network, rows, *way) for way in (supplied_rate, *OTHER_RATES)):
            return network


def built(network):
    """Return a supplied Network with these weights."""
    sizes = [W.shape[1] for W in network["weights"]] + [len(network["biases"][-1])]
    made = supplied.Network(sizes, network["activation"], np.random.default_rng(0))
    for parameter, value in zip(made.weights + made.biases, network["weights"] + network["biases"], strict=True):
        parameter[...] = value
    return made


def learns(network, rows, rate, within, low):
    """Return whether the network's own steps get the first `rows` samples right, with a loss below `low`."""
    n_outputs, trained = len(network["biases"][-1]), built(network)
    parameters = trained.weights + trained.biases
    X, y = network["X"][:rows], network["y"][:rows]
    taught = (y[[row for row in network["order"] if row < rows] or slice(None)] + network["classes"]) % n_outputs
    for _ in range(within):
        before = [parameter.copy() for parameter in parameters]
        loss = trained.step(X, taught, rate)
        for parameter, start, factor in zip(parameters, before, network["pace"], strict=True):
            if factor != 1:
                parameter[...] = start + factor * (parameter - start)
        predicted = (trained.forward(X).argmax(axis=1) + (network["form"] == 6)) % n_outputs
        if loss < low and (predicted == y).all():
            return True
    return False


def one_of_each(draw, many=False):
    return [healthy(draw, activation, many=many) for activation in FUNCTIONS]


def outputs(network):
    """Return the hidden values and the logits, and the weights as tensors that track gradients."""
    weights = [torch.tensor(W, requires_grad=True) for W in network["weights"]]
    values = [torch.tensor(network["X"])]
    for W, b in zip(weights[:-1], network["biases"], strict=False):
        values.append(FUNCTIONS[network["activation"]](F.linear(values[-1], W, torch.tensor(b))))
    values.append(F.linear(values[-1], weights[-1], torch.tensor(network["biases"][-1])))
    return values[1:], weights


def logits(network):
    return outputs(network)[0][-1].detach().numpy()


def pre_activations(network, layer):
    """Return the values of one hidden layer before its activation, shape (n, width)."""
    values, _ = outputs(network)
    into = values[layer - 1].detach().numpy() if layer else network["X"]
    return into @ network["weights"][layer].T + network["biases"][layer]


# ------------------------------------------------------------------------------------- faulty networks


def of_other_width(draw, network, n_more):
    """Give the network `n_more` more outputs than there are classes."""
    fan_in = network["weights"][-1].shape[1]
    rng = np.random.default_rng(draw.seed())
    W = rng.standard_normal((len(network["biases"][-1]) + n_more, fan_in)) / fan_in
    return network | {"weights": [*network["weights"][:-1], W], "biases": [*network["biases"][:-1], np.zeros(len(W))]}


def not_a_number(network):
    last = network["biases"][-1].copy()
    last[-1] = np.nan
    return network | {"biases": [*network["biases"][:-1], last]}


def with_labels(network, tiny):
    return network | {"y": np.concatenate([tiny, network["y"][TINY:]])}


def mistaken(draw, network):
    """Label the tiny batch so that the untrained network gets at least three samples wrong and can't pass by luck."""
    n_outputs = len(network["biases"][-1])
    predicted = logits(network)[:TINY].argmax(axis=1)
    tiny = np.random.default_rng(draw.seed()).permutation(np.arange(TINY) % n_outputs)
    tiny[:3] = (predicted[:3] + 1) % n_outputs
    return with_labels(network, tiny)


def at_every_pace(network, pace):
    """Make `step` change no parameter (pace 0), or move every parameter uphill (pace -1)."""
    return network | {"pace": [pace] * (2 * len(network["weights"]))}


def not_stepping(network, wrong=(TINY - 1,)):
    """Make `step` change nothing, and choose labels so that only these rows of the tiny batch are wrong."""
    tiny = logits(network)[:TINY].argmax(axis=1)
    tiny[list(wrong)] = (tiny[list(wrong)] + 1) % len(network["biases"][-1])
    return at_every_pace(with_labels(network, tiny), 0)


def faulty_in_forward(network, form):
    """Choose labels that the parameters predict correctly, but that `forward` gets wrong.

    With form 6, `forward` gets all of them wrong. With form 7, whose steps change nothing, it gets one wrong, a
    different one after every step.
    """
    network = with_labels(network, logits(network)[:TINY].argmax(axis=1)) | {"form": form}
    return at_every_pace(network, 0) if form == 7 else network


def stepping_with_last_bias_only(network):
    """Make `step` change only the biases of the logits, which can't change how the samples rank.

    The four samples whose logits favour class 1 over class 0 most are labelled 0, and the other four are labelled 1.
    So no bias gets more than four of the eight right.
    """
    tiny = logits(network)[:TINY]
    ranks = (tiny[:, 1] - tiny[:, 0]).argsort().argsort()
    pace = [0] * (2 * len(network["weights"]) - 1) + [1]
    return with_labels(network, (ranks < TINY // 2).astype(np.int64)) | {"pace": pace}


def misaligned(draw, network):
    """Train each row on the label of a row that lies a fixed number of places later and has another class."""
    shift = draw.integers(1, TINY)
    n_outputs = len(network["biases"][-1])
    predicted = logits(network)[:TINY].argmax(axis=1)
    rng = np.random.default_rng(draw.seed())
    tiny = predicted
    while (tiny == np.roll(tiny, -shift)).any() or (tiny != predicted).sum() < 3:
        tiny = rng.permutation(np.arange(TINY) % n_outputs)
    return with_labels(network, tiny) | {"order": [(row + shift) % TINY for row in range(TINY)]}


def of_other_class(draw, network):
    """Train on classes that are counted from a number other than 0."""
    n_outputs = len(network["biases"][-1])
    return mistaken(draw, network) | {"classes": draw.integers(1, n_outputs)}


def odd_but_healthy(draw, network, kind):
    """Change how a network trains, but not what it can learn, so that its code doesn't tell whether it is healthy.

    - 0: Each row is trained on the label of another row, which has the same class.
    - 1: Training and `forward` count the classes from the same other number.
    - 2: Steps leave some parameters as they are.
    """
    n_outputs, y = len(network["biases"][-1]), network["y"]
    rng = np.random.default_rng(draw.seed())
    if kind == 0:
        order = np.arange(TINY)
        for rows in (np.flatnonzero(y[:TINY] == label) for label in range(n_outputs)):
            order[rows] = np.roll(rows, 1)
        return network | {"order": order.tolist()}
    if kind == 1:
        return network | {"form": 6, "classes": n_outputs - 1}
    moved = rng.permutation(2 * len(network["weights"])) % 2
    return network | {"pace": moved.tolist()}


HARMLESS = (
    "a network that trains on the labels of other rows, which have the same classes",
    "a network whose training and forward count the classes from the same other number",
    "a network whose steps leave half of the parameters as they are",
)


def with_biases(network, layer, bias):
    biases = list(network["biases"])
    biases[layer] = bias
    return network | {"biases": biases}


def dead(draw, network, layer):
    """Make at least nine tenths of one layer's ReLUs zero for all samples."""
    z = pre_activations(network, layer)
    bias = network["biases"][layer] - z.max(axis=0) - 1
    alive = np.random.default_rng(draw.seed()).permutation(len(bias))[: draw.integers(0, len(bias) // 10 + 1)]
    bias[alive] = network["biases"][layer][alive]
    return with_biases(network, layer, bias)


def padded(network):
    """Add nine dead ReLUs for each ReLU in the only hidden layer. The logits and the other gradients stay the same."""
    (W, V), (b, c) = network["weights"], network["biases"]
    more = -9 * abs(b) - abs(pre_activations(network, 0)).max(axis=0) - 1
    return network | {
        "weights": [np.concatenate([W] * 10), np.concatenate([V] * 10, axis=1)],
        "biases": [np.concatenate([b, *[more] * 9]), c],
    }


def constant(network):
    return with_biases(
        scaled(network, [0, *[1] * (len(network["weights"]) - 1)]), 0, np.ones_like(network["biases"][0])
    )


def sparse(network):
    """Make every unit of a ReLU layer respond to only two samples, neither of them the first."""
    z = np.sort(pre_activations(network, 0)[1:], axis=0)
    first = pre_activations(network, 0)[0]
    bias = np.where(first < z[-2], -np.maximum(first, z[-3]), -z[-3])
    return with_biases(network, 0, bias)


def scaled(network, factors):
    return network | {
        name: [factor * values for factor, values in zip(factors, network[name], strict=True)]
        for name in ("weights", "biases")
    }


def saturated(network, layer):
    """Saturate one sigmoid or tanh layer at both limits, by making its weights and biases 100 times as large."""
    return scaled(network, [100 if k == layer else 1 for k in range(len(network["weights"]))])


def pushed(network, layer, limit):
    """Push all values of one sigmoid or tanh layer to its upper limit (1) or its lower limit (-1)."""
    z = pre_activations(network, layer)
    return with_biases(network, layer, network["biases"][layer] + limit * (abs(z).max(axis=0) + 8))


def outliers(network):
    X = network["X"].copy()
    X[:8] *= 100
    return network | {"X": X}


def enlarged(network, factor):
    """Multiply all samples after the tiny batch by a factor. The last two are equal, so one or both are wrong."""
    return network | {"X": np.concatenate([network["X"][:TINY], factor * network["X"][TINY:]])}


def origin(network):
    X = network["X"].copy()
    X[0] = 0
    return network | {"X": X}


def deep_sigmoid(draw):
    """Draw ten layers of sigmoids with Xavier's weights, in which gradients shrink to a quarter or less per layer."""
    network = healthy(draw, "sigmoid", depth=10)
    weights = [W * SPREAD["sigmoid"] for W in network["weights"]]
    return network | {"weights": weights, "biases": [np.zeros_like(b) for b in network["biases"]]}


# --------------------------------------------------------------------------------------------- answers


def ask(kata, probes, function, network, *arguments):
    return kata.run(probes.examine, function, list(arguments), *network.values())


def expect(function, truth, story, answer):
    """Check an answer. `story` describes the network to the learner."""
    if type(answer) in (bool, np.bool_) and bool(answer) is not truth:
        fail(f"{function}: expected {truth} for {story}, got {bool(answer)}", truth, bool(answer))
    else:
        assert_bool(answer, truth)


def ask_all(kata, draw, probes, function, expected):
    """Ask about networks in a drawn order, so that no submission can count calls; check the answers as they are listed.

    `expected` has a check of the answer, the network and further arguments for each.
    """
    answers = {}
    for place in np.random.default_rng(draw.seed()).permutation(len(expected)).tolist():
        answers[place] = ask(kata, probes, function, *expected[place][1:])
    for place, (check, *asked) in enumerate(expected):
        try:
            check(answers[place])
        except Mismatch:
            ask(kata, probes, function, *asked)  # once more, so that the report shows this network
            raise


def ask_for_all(kata, draw, probes, function, expected):
    """Ask about networks. `expected` has the network, the right answer, a description and further arguments of each."""
    ask_all(
        kata,
        draw,
        probes,
        function,
        [(partial(expect, function, truth, story), network, *more) for network, truth, story, *more in expected],
    )


@task("shapes", title="Logits of the whole batch and of a single row")
def test_logits_of_all_rows_and_of_one(kata, draw, probes):
    expected = []

    def expect_shapes(*each):
        expected.append(each)

    for network in one_of_each(draw):
        expect_shapes(network, True, "a healthy network", len(network["biases"][-1]))
    network = healthy(draw, draw.choice(list(FUNCTIONS)))
    n_outputs = len(network["biases"][-1])
    square = network | {"X": network["X"][:n_outputs], "y": network["y"][:n_outputs]}
    one_output = of_other_width(draw, network, 1 - n_outputs)
    more = draw.integers(1, 4)
    expect_shapes(square, True, "a healthy network and as many rows as outputs", n_outputs)
    expect_shapes(one_output, True, "a healthy network with one output", 1)
    expect_shapes(network | {"X": network["X"][:1]}, True, "a healthy network and one row", n_outputs)
    expect_shapes(of_other_width(draw, network, more), False, f"a network with {more} outputs too many", n_outputs)
    expect_shapes(of_other_width(draw, network, -1), False, "a network with one output too few", n_outputs)
    for transposed in (network, square):
        expect_shapes(transposed | {"form": 1}, False, "logits of shape (n_outputs, n)", n_outputs)
    expect_shapes(network | {"form": 2}, False, "logits that lose the axis of a single row", n_outputs)
    expect_shapes(network | {"form": 3}, False, "logits of at most eight rows, however many X has", n_outputs)
    expect_shapes(not_a_number(network), False, "a logit that is NaN", n_outputs)
    expect_shapes(network | {"form": 4}, False, "a logit that is NaN in the last row", n_outputs)
    expect_shapes(network | {"form": 5}, False, "a logit that is NaN for a single row", n_outputs)
    for sign in (np.inf, -np.inf):
        infinite = with_biases(network, -1, np.where(np.arange(n_outputs) > 0, 0, sign))
        expect_shapes(infinite, False, f"a logit that is {sign}", n_outputs)
    few = network | {name: network[name][:TINY] for name in ("X", "y")}
    expect_shapes(few | {"form": 3}, True, "logits of at most eight rows, and eight rows in X", n_outputs)
    expect_shapes(network | {"form": 6}, True, "logits that are shifted by one class", n_outputs)
    ask_for_all(kata, draw, probes, "shapes_are_correct", expected)


@task("overfit", title="Healthy networks learn eight samples, sick ones don't")
@cases(3)
def test_eight_samples_are_learned_by_heart_or_not(kata, draw, probes):
    expected = []

    def expect_overfit(*each):
        expected.append(each)

    activations = list(FUNCTIONS)
    rows = draw.integers(2, TINY)
    well = learnable(lambda: healthy(draw, activations[draw.case]))
    other = learnable(lambda: healthy(draw, activations[3 - draw.case]), rows)
    few = {name: other[name][:rows] for name in ("X", "y")}
    expect_overfit(well, True, f"a healthy {well['activation']} network")
    expect_overfit(other | few, True, f"a healthy {other['activation']} network and {rows} samples")
    classes = 4 if draw.case == 1 else 2  # with 4 or 5 classes, the loss falls, but half of the rows stay wrong
    first, second = (healthy(draw, draw.choice(activations), depth=1, least_classes=classes) for _ in range(2))
    if draw.case == 0:
        expect_overfit(not_stepping(first), False, "a step that changes nothing")
        expect_overfit(misaligned(draw, second), False, "a network that trains on the labels of other rows")
        expect_overfit(faulty_in_forward(first, 6), False, "a forward that shifts the logits by one class")
    elif draw.case == 1:
        expect_overfit(stepping_with_last_bias_only(first), False, "a step that changes only the last layer's biases")
        expect_overfit(not_stepping(second, wrong=range(4)), False, "a step that changes nothing")
        expect_overfit(faulty_in_forward(first, 7), False, "one wrong prediction, in a different row after every step")
    else:
        expect_overfit(at_every_pace(mistaken(draw, first), -1), False, "a step that goes uphill")
        expect_overfit(of_other_class(draw, second), False, "a network that trains on wrongly numbered classes")
    odd = learnable(lambda: odd_but_healthy(draw, healthy(draw, draw.choice(activations)), draw.case))
    expect_overfit(odd, True, HARMLESS[draw.case])
    ask_for_all(kata, draw, probes, "can_overfit_tiny_batch", expected)


@task("activations", title="Healthy, dead and saturated layers")
def test_dead_and_saturated_layers(kata, draw, probes):
    expected = []

    def expect_activity(*each):
        expected.append(each)

    for network in one_of_each(draw, many=True):
        expect_activity(network, True, f"a healthy {network['activation']} network")
        expect_activity(outliers(network), True, f"a healthy {network['activation']} network and eight extreme samples")
    for layer in range(3):
        place = f"layer {layer + 1} of 3"
        relu, tanh, sigmoid = (origin(healthy(draw, name, depth=3, many=True)) for name in ("relu", "tanh", "sigmoid"))
        expect_activity(dead(draw, relu, layer), False, f"dead ReLUs in {place}")
        expect_activity(saturated(tanh, layer), False, f"tanh values at -1 and 1 in {place}")
        expect_activity(saturated(sigmoid, layer), False, f"sigmoid values at 0 and 1 in {place}")
        limit = (1, -1, 1)[layer]
        expect_activity(pushed(tanh, layer, limit), False, f"tanh values at {limit} in {place}")
        expect_activity(pushed(sigmoid, layer, -limit), False, f"sigmoid values at {max(-limit, 0)} in {place}")
    expect_activity(saturated(saturated(tanh, 0), 2), False, "tanh values at -1 and 1 in the first and third layer")
    expect_activity(
        sparse(healthy(draw, "relu", depth=1, many=True)), True, "ReLUs that each respond to two samples only"
    )
    negative = pushed(healthy(draw, "leaky_relu", many=True), 0, -1)
    expect_activity(negative, True, "leaky ReLUs that are negative, where they still have a slope")
    leaky = healthy(draw, "leaky_relu", depth=1, many=True)
    small = with_biases(scaled(leaky, [1e-3, 1]), 0, np.full_like(leaky["biases"][0], -0.1))
    expect_activity(small, True, "leaky ReLUs that are close to zero, where they still have a slope")
    expect_activity(constant(healthy(draw, "relu", depth=1, many=True)), True, "ReLUs that are 1 for every row")
    often = healthy(draw, "relu", depth=1, many=True)
    often = with_biases(often, 0, -np.quantile(pre_activations(often, 0), 0.2, axis=0))  # whose biases are 0
    expect_activity(often, True, "ReLUs that are each 0 for a fifth of the rows")
    ask_for_all(kata, draw, probes, "activations_are_healthy", expected)


def absolute_norms(network):
    """Return upper bounds on the gradient norms, computed as if no terms cancelled.

    An activation is at most as large as its argument (plus 1/2 for the sigmoid), its slope is at most 1, and the
    absolute values of the gradient with respect to a sample's logits sum to at most 2.
    """
    values = [abs(network["X"])]
    for W, b in zip(network["weights"][:-1], network["biases"], strict=False):
        values.append(values[-1] @ abs(W).T + abs(b) + 0.5)
    dz = np.full((len(network["X"]), len(network["biases"][-1])), 2 / len(network["X"]))
    norms = []
    for W, into in zip(network["weights"][::-1], values[::-1], strict=True):
        norms.append(np.linalg.norm(dz.T @ into))
        dz = dz @ abs(W)
    return np.array(norms[::-1])


def assert_norms(answer, network):
    """Compare with autograd's dL/dW. `terms` bounds how often each product is rounded."""
    values, weights = outputs(network)
    gradients = torch.autograd.grad(F.cross_entropy(values[-1], torch.tensor(network["y"])), weights)
    norms = np.array([float(torch.linalg.norm(gradient)) for gradient in gradients])
    answer = np.array(answer) if type(answer) in (list, tuple) else answer
    terms = len(network["X"]) + sum(W.shape[0] + W.shape[1] for W in weights)
    assert_close(answer, norms, scale=absolute_norms(network), terms=terms)


@task("gradients", title="The gradient norm of every layer")
def test_the_norm_of_every_layer(kata, draw, probes):
    networks = one_of_each(draw)
    for network in networks:
        assert_norms(ask(kata, probes, "gradient_norms", network), network)
    one = network | {name: network[name][:1] for name in ("X", "y")}
    assert_norms(ask(kata, probes, "gradient_norms", one), one)
    first = networks[0]
    second = first | {"weights": [W[::-1] * draw.uniform(0.5, 0.9) for W in first["weights"]]}
    answers = kata.run(probes.before_and_after, "gradient_norms", tuple(first.values()), second["weights"])
    for answer, network in zip(answers, (first, second), strict=True):
        assert_norms(answer, network)


@task("gradients")
def test_gradients_that_vanish_or_explode(kata, draw, probes):
    expected = []

    def expect_flow(*each):
        expected.append(each)

    for network in one_of_each(draw):
        expect_flow(network, True, f"a healthy {network['activation']} network")
    relu = healthy(draw, "relu", depth=3)
    expect_flow(deep_sigmoid(draw), False, "ten layers of sigmoids with small weights")
    expect_flow(scaled(relu, [0.01] * 4), False, "ReLUs with weights that are too small in all layers")
    expect_flow(scaled(relu, [100] * 4), False, "ReLUs with weights that are too large in all layers")
    up, down = draw.choice([(1e7, 1e-7), (1e-7, 1e7)])
    expect_flow(scaled(relu, [1, up, down, 1]), False, "norms that are out of bounds in the two middle layers only")
    expect_flow(scaled(relu, [1, 1, up, down]), False, "norms that are out of bounds in the last two layers only")
    shallow = healthy(draw, "relu", depth=1)  # dL/dW of one layer is proportional to the other layer's weights
    expect_flow(scaled(shallow, [1e7, 1]), False, "a norm that is too large in the last layer only")
    expect_flow(scaled(shallow, [1, draw.choice([1e7, 1e-7])]), False, "a norm out of bounds in the first layer")
    expect_flow(dead(draw, scaled(relu, [0.0, 1, 1, 1]), 0), False, "a first layer of zeros")
    expect_flow(not_a_number(relu), False, "gradients that are NaN")
    ask_for_all(kata, draw, probes, "gradients_flow", expected)


@task("diagnose", title="All four answers together")
def test_the_four_answers_together(kata, draw, probes):
    expected = []

    def expect_diagnosis(network, story, **truths):
        expected.append((partial(expect_found, story=story, **truths), network))

    def expect_found(found, story, **truths):
        keys = ["shapes", "overfit", "activations", "gradients"]
        if type(found) is not dict or sorted(found, key=str) != sorted(keys):
            fail(f"diagnose: expected a dict with the keys {', '.join(keys)}", dict.fromkeys(keys, True), found)
            return
        for key, truth in truths.items():
            assert_bool(found[key], bool(found[key]))
            if bool(found[key]) is not truth:
                fail(f"diagnose: expected {key!r} to be {truth} for {story}", truth, found[key])

    well = dict.fromkeys(["shapes", "overfit", "activations", "gradients"], True)
    for activation in FUNCTIONS:
        network = learnable(lambda activation=activation: healthy(draw, activation, many=True))
        expect_diagnosis(network, "a healthy network", **well)
    relu = learnable(lambda: healthy(draw, "relu", depth=1, many=True))
    tanh, sigmoid = (healthy(draw, name, depth=1, many=True) for name in ("tanh", "sigmoid"))
    small = learnable(lambda: healthy(draw, "relu", depth=2, many=True))
    expect_diagnosis(
        learnable(lambda: of_other_width(draw, relu, 1)),
        "a network with one output too many",
        **well | {"shapes": False},
    )
    expect_diagnosis(not_stepping(sigmoid), "a step that changes nothing", **well | {"overfit": False})
    expect_diagnosis(
        misaligned(draw, tanh), "a network that trains on the labels of other rows", **well | {"overfit": False}
    )
    expect_diagnosis(dead(draw, relu, 0), "dead ReLUs", shapes=True, activations=False)
    expect_diagnosis(pushed(tanh, 0, -1), "tanh values at -1", shapes=True, activations=False)
    expect_diagnosis(scaled(small, [0.001] * 3), "small weights", shapes=True, activations=True, gradients=False)
    expect_diagnosis(padded(relu), "a layer with nine of ten ReLUs dead", **well | {"activations": False})
    expect_diagnosis(enlarged(relu, 1e9), "huge samples after the first eight", **well | {"gradients": False})
    tiny = relu["y"][:TINY] % (len(relu["biases"][-1]) - 1)
    expect_diagnosis(with_labels(relu, tiny), "a last class that is missing in the first eight samples", shapes=True)
    kind = draw.integers(0, len(HARMLESS))
    odd = learnable(lambda: odd_but_healthy(draw, healthy(draw, "tanh", depth=1, many=True), kind))
    expect_diagnosis(odd, HARMLESS[kind], **well)
    ask_all(kata, draw, probes, "diagnose", expected)
    changed = [0.001 * W for W in small["weights"]]
    first, second = kata.run(probes.before_and_after, "diagnose", tuple(small.values()), changed)
    expect_found(first, "a healthy network", **well)
    expect_found(second, "the same network with small weights", shapes=True, activations=True, gradients=False)


@task("unchanged", title="The network, X and y are unchanged")
def test_the_network_and_the_samples_are_left_alone(kata, draw, probes):
    for network in one_of_each(draw):
        for function in (
            "shapes_are_correct",
            "can_overfit_tiny_batch",
            "activations_are_healthy",
            "gradient_norms",
            "gradients_flow",
            "diagnose",
        ):
            arguments = [len(network["biases"][-1])] if function == "shapes_are_correct" else []
            before = {"X": network["X"], "y": network["y"], **vars(built(network))}
            after = kata.run(probes.left, function, arguments, *network.values())
            if not isinstance(after, dict):
                fail(f"{function} changed the network", [], after)
                return
            changed = [name for name, value in before.items() if not same(value, after.get(name))]
            changed += [f"network.{name}, which is new" for name in after if name not in before]
            if changed:
                fail(f"{function} changed {' and '.join(changed)}: work on a copy of the network", [], changed)
                return


def same(before, after):
    """Return whether an attribute still has the same value, bit for bit."""
    if isinstance(before, list):
        return isinstance(after, list) and len(before) == len(after) and all(map(same, before, after))
    if isinstance(before, np.ndarray):
        kind = (before.dtype, before.shape)
        return (
            isinstance(after, np.ndarray) and (after.dtype, after.shape) == kind and before.tobytes() == after.tobytes()
        )
    return type(before) is type(after) and before == after

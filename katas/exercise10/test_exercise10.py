"""Check the diagnostics on norms that you can verify by hand, on healthy networks, and on sick ones of every kind.

The tests only name the faults; probes.py, in the same folder, creates them.
"""

import numpy as np

from graders.checks import about, assert_bool, assert_close, assert_equal, task

ACTIVATIONS = ("relu", "leaky_relu", "tanh", "sigmoid")
HARMLESS = (  # unusual, but no fault: only what a network does decides
    "none: labels of the row after the next, which has the same class",
    "none: logits and labels shifted by one class",
    "none: step changes the last weights only",
)
ALL_WELL = {"shapes": True, "overfit": True, "activations": True, "gradients": True}


def expect(kata, probes, function, truth, activation="relu", fault="none", *arguments, **details):
    """Check the answer of a diagnostic for a network from probes.py."""
    found = ask(kata, probes, function, activation, fault, *arguments, **details)
    with about(f"{function}, {activation} network, fault: {fault} {details or ''}".rstrip()):
        assert_bool(found, truth)


def ask(kata, probes, function, activation, fault, *arguments, layer=0, factors=(), n_hidden=2, n_outputs=3, rows=100):
    settings = [layer, list(factors), n_hidden, n_outputs, rows]
    return kata.run(probes.answer, function, list(arguments), activation, fault, *settings)


@task("gradients")
def test_the_worked_example(kata, probes):
    W1, W2 = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [0.0, 0.75]])
    norms = kata.run(probes.norms_of_weights, [W1, W2], np.array([[3.0, 4.0]]), np.array([0]))
    assert_close(norms, np.array([3.125, 5 / np.sqrt(2)]), scale=5.0, terms=4)


@task("gradients", title="The gradient norms of two samples")
def test_the_norms_are_those_of_the_mean_over_two_samples(kata, probes):
    # all logits are 0 and all p are 1/3: dz2 = [[-2, 1, 1], [1, -2, 1]] / 6, dW2 = dz2^T X, and no gradient passes W2
    W1, W2, X = np.eye(2), np.zeros((3, 2)), np.array([[3.0, 0.0], [0.0, 4.0]])
    norms = kata.run(probes.norms_of_weights, [W1, W2], X, np.array([0, 1]))
    assert_close(norms, np.array([0.0, 5 * np.sqrt(6) / 6]), scale=5.0, terms=4)


@task("gradients", title="gradients_flow is True for healthy networks only")
def test_gradients_flow_in_healthy_networks_only(kata, probes):
    for activation in ACTIVATIONS:
        expect(kata, probes, "gradients_flow", True, activation)
    for factors in ([0.01] * 4, [100] * 4, [1, 1e7, 1e-7, 1], [1, 1e-7, 1e7, 1], [1, 1, 1e7, 1e-7]):
        expect(kata, probes, "gradients_flow", False, factors=factors, n_hidden=3)
    for factors in ([1e7, 1], [1, 1e7], [1, 1e-7]):  # one norm is far out of bounds, the other is healthy
        expect(kata, probes, "gradients_flow", False, factors=factors, n_hidden=1)
    expect(kata, probes, "gradients_flow", False, "sigmoid", factors=[0.2] * 11, n_hidden=10)
    expect(kata, probes, "gradients_flow", False, fault="NaN")


@task("shapes", title="The logits of healthy and sick networks")
def test_shapes_of_healthy_and_of_sick_networks(kata, probes):
    def expect_shapes(truth, fault="none", n_asked=3, **details):
        expect(kata, probes, "shapes_are_correct", truth, "relu", fault, n_asked, **details)

    expect_shapes(True)
    expect_shapes(True, rows=3)  # as many rows as outputs
    expect_shapes(True, rows=1)
    expect_shapes(True, n_asked=1, n_outputs=1)
    expect_shapes(False, n_asked=4)
    expect_shapes(False, n_asked=2)
    expect_shapes(False, "swapped axes")
    expect_shapes(False, "swapped axes", rows=3)
    for fault in ("a single row loses its axis", "at most eight rows of logits"):
        expect_shapes(False, fault)
    for fault in ("at most eight rows of logits", "logits shifted by one class"):
        expect_shapes(True, fault, rows=8)
    for fault in ("NaN", "infinity", "NaN in the last row", "NaN for a single row"):
        expect_shapes(False, fault)


@task("overfit")
def test_healthy_networks_learn_the_tiny_batch(kata, probes):
    for activation in ACTIVATIONS:
        expect(kata, probes, "can_overfit_tiny_batch", True, activation)
    expect(kata, probes, "can_overfit_tiny_batch", True, rows=5)  # fewer than eight samples: use all of them
    for fault in HARMLESS:
        expect(kata, probes, "can_overfit_tiny_batch", True, "tanh", fault)


@task("overfit", title="Networks with faulty steps, labels or logits don't learn the tiny batch")
def test_faulty_steps_labels_and_logits_do_not(kata, probes):
    for fault in (
        "step changes nothing",
        "step goes uphill",
        "step changes the last biases only",
        "labels of the next row",
        "classes counted from 1",
        "logits shifted by one class",
        "one wrong prediction, a different one after every step",
    ):
        expect(kata, probes, "can_overfit_tiny_batch", False, "tanh", fault)


@task("activations")
def test_healthy_activations(kata, probes):
    for activation in ACTIVATIONS:
        for fault in ("none", "first eight samples times 100"):
            expect(kata, probes, "activations_are_healthy", True, activation, fault)
    for fault in ("each unit responds to two samples only", "weights 0, bias 1"):
        expect(kata, probes, "activations_are_healthy", True, "relu", fault, n_hidden=1)
    for fault in ("bias -1000", "weights times 0.001, bias -0.1"):
        expect(kata, probes, "activations_are_healthy", True, "leaky_relu", fault)


@task("activations")
def test_dead_and_saturated_units_in_any_layer(kata, probes):
    for layer in range(3):
        expect(kata, probes, "activations_are_healthy", False, "relu", "bias -1000", layer=layer, n_hidden=3)
        for activation in ("tanh", "sigmoid"):
            for fault in ("bias 1000", "bias -1000", "weights times 1000"):
                expect(kata, probes, "activations_are_healthy", False, activation, fault, layer=layer, n_hidden=3)


@task("diagnose")
def test_a_healthy_network_passes_all_four(kata, probes):
    for activation in ACTIVATIONS:
        assert_equal(plain(ask(kata, probes, "diagnose", activation, "none")), ALL_WELL)
    for fault in HARMLESS:
        with about(f"fault: {fault}"):
            assert_equal(plain(ask(kata, probes, "diagnose", "tanh", fault)), ALL_WELL)


@task("diagnose", title="Each fault is found by its own diagnostic")
def test_each_fault_is_found_by_its_own_question(kata, probes):
    for question, fault, details in (
        ("shapes", "none", {"n_outputs": 4}),  # but only three classes in y
        ("overfit", "step changes nothing", {}),
        ("activations", "nine dead units for each working one", {"n_hidden": 1}),
        ("gradients", "samples after the first eight times 1e9", {}),
    ):
        found = plain(ask(kata, probes, "diagnose", "relu", fault, **details))
        with about(f"fault: {fault} {details or ''}".rstrip()):
            assert_equal(found, ALL_WELL | {question: False})


def plain(found):
    """Return the answers of `diagnose` with Python's True and False in place of NumPy's."""
    return {key: bool(value) if isinstance(value, np.bool_) else value for key, value in dict(found).items()}


@task("unchanged", title="The network, X and y are unchanged")
def test_the_network_and_the_samples_are_left_alone(kata, probes):
    expect(kata, probes, "activations_are_healthy", True, "tanh", "none")
    expect(kata, probes, "activations_are_healthy", False, "relu", "bias -1000")
    for function in (
        "shapes_are_correct",
        "can_overfit_tiny_batch",
        "activations_are_healthy",
        "gradient_norms",
        "gradients_flow",
        "diagnose",
    ):
        arguments = [3] if function == "shapes_are_correct" else []
        with about(f"changed by {function}"):
            assert_equal(kata.run(probes.changed, function, arguments), [])

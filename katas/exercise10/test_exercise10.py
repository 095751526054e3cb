"""What the diagnostics promise: norms that can be checked by hand, healthy networks and some sick ones."""

import numpy as np

from graders.checks import assert_bool, assert_close, assert_equal, task

SEED = 3


@task("gradients")
def test_the_worked_example(kata, probes):
    W1, W2 = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [0.0, 0.75]])
    norms = kata.run(probes.norms_of_weights, [W1, W2], np.array([[3.0, 4.0]]), np.array([0]))
    assert_close(norms, np.array([3.125, 5 / np.sqrt(2)]), scale=5.0, terms=4)


@task("shapes")
def test_the_number_of_outputs_is_told_from_another(kata, probes):
    for n_outputs, truth in ((3, True), (4, False)):
        answer, _ = kata.run(probes.diagnosis, "shapes_are_correct", [n_outputs], SEED, "relu", "nothing", 1.0)
        assert_bool(answer, truth)


@task("overfit")
def test_a_step_of_length_zero_learns_nothing_and_the_network_stays_as_it_is(kata, probes):
    for factor, truth in ((1.0, True), (0.0, False)):
        answer, unchanged = kata.run(probes.diagnosis, "can_overfit_tiny_batch", [], SEED, "tanh", "step", factor)
        assert_bool(answer, truth)
        assert_equal(unchanged, True)  # train a copy of the network


@task("activations")
def test_relus_behind_large_negative_biases_are_dead(kata, probes):
    for bias, truth in ((0.0, True), (-1000.0, False)):
        answer, _ = kata.run(probes.diagnosis, "activations_are_healthy", [], SEED, "relu", "bias", bias)
        assert_bool(answer, truth)


@task("diagnose")
def test_a_healthy_network_passes_all_four(kata, probes):
    found, _ = kata.run(probes.diagnosis, "diagnose", [], SEED, "sigmoid", "nothing", 1.0)
    assert_equal(sorted(found), ["activations", "gradients", "overfit", "shapes"])
    for answer in found.values():
        assert_bool(answer, True)

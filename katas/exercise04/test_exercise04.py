"""What softmax and cross_entropy promise, on numbers that can be checked with a pocket calculator."""

import math

import numpy as np

from graders.checks import assert_close, task

logits = np.array([2.0, 1.0, 0.0])


@task("softmax")
def test_the_worked_example(kata):
    total = math.exp(2) + math.exp(1) + 1
    assert_close(kata.softmax(logits), np.array([math.exp(2), math.exp(1), 1]) / total, scale=5.0, terms=3)


@task("loss")
def test_the_worked_example_of_the_loss(kata):
    assert_close(kata.cross_entropy(logits, 0), math.log(1 + math.exp(-1) + math.exp(-2)), scale=5.0, terms=3)


@task("extremes")
def test_large_logits_give_finite_answers(kata):
    large = np.array([0.0, 1e4, 1e4])
    assert_close(kata.softmax(large), np.array([0.0, 0.5, 0.5]), scale=2e4, terms=3)
    assert_close(kata.cross_entropy(large, 0), 1e4 + math.log(2), scale=2e4, terms=3)

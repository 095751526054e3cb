"""Task optimizers: steps down w², whose gradient is 2 w, from w = 1."""

import numpy as np

from graders.checks import about, assert_close, task


@task("optimizers", title="The worked example: optimizers")
def test_the_worked_example_of_optimizers(kata, probes):
    # v = 2 and w = 1 - 0.1 · 2; v = 0.9 · 2 + 1.6 = 3.4 and w = 0.8 - 0.34; v = 0.9 · 3.4 + 0.92 = 3.98
    seen, unused = kata.run(probes.descent, "SGD", {"lr": 0.1, "momentum": 0.9}, 3)
    assert_close(seen, np.array([0.8, 0.46, 0.062]), scale=4.0, terms=3)
    with about("a parameter without a gradient"):
        assert_close(unused, 1.0)


@task("optimizers")
def test_nesterov_and_decay(kata, probes):
    seen, _ = kata.run(probes.descent, "SGD", {"lr": 0.1, "momentum": 0.5, "nesterov": True}, 1)
    assert_close(seen, np.array([0.7]), scale=4.0)  # 1 - 0.1 · (2 + 0.5 · 2)
    seen, _ = kata.run(probes.descent, "SGD", {"lr": 0.1, "weight_decay": 1.0}, 1)
    assert_close(seen, np.array([0.7]), scale=4.0)  # 1 - 0.1 · (2 + 1)


@task("optimizers")
def test_adam_takes_first_steps_of_the_learning_rate(kata, probes):
    # m / (1 - β₁) = g and √(v / (1 - β₂)) = |g| in the first step
    seen, unused = kata.run(probes.descent, "Adam", {"lr": 0.1, "eps": 0.0}, 1)
    assert_close(seen, np.array([0.9]), scale=10.0)
    seen, unused = kata.run(probes.descent, "AdamW", {"lr": 0.1, "eps": 0.0, "weight_decay": 0.5}, 1)
    assert_close(seen, np.array([0.85]), scale=10.0)  # 1 - 0.1 · 0.5 · 1 first
    assert_close(unused, 1.0)

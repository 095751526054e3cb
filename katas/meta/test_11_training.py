"""Task training: batches, and handwritten digits."""

import numpy as np

from graders.checks import about, assert_equal, task


@task("training", title="The worked example: training")
def test_the_worked_example_of_training(kata, probes):
    epochs, count = kata.run(probes.batches)
    rows = [[np.array([0.0, 1.0]), np.array([0, 1])], [np.array([2.0, 3.0]), np.array([2, 3])]]
    rows.append([np.array([4.0]), np.array([4])])
    assert_equal(count, 3)
    for epoch in epochs:
        assert_equal(epoch, rows)


@task("training")
def test_digits_are_learned(kata, probes):
    losses, accuracy = kata.run(probes.trained_on_digits)
    with about(f"the loss, {losses[0]:.2f} at first, {losses[-1]:.2f} at last, falls below 1"):
        assert_equal(float(np.mean(losses[-5:])) < 1.0, True)
    with about(f"{accuracy:.0%} of other digits are told; after an epoch it should be 70 % and more"):
        assert_equal(accuracy > 0.7, True)

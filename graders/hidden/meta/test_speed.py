"""Time ten training steps of the README's network, in turns with the shipped solution.

Processor times are compared, because other programs on the machine hardly change them. Workers have one thread each.
"""

import functools

import numpy as np

from graders.checks import assert_speed, task
from graders.hidden.meta.twin import outcome

SIZES = ((128, 784), (128,), (10, 128), (10,))
STEPS = 10


def inputs(draw):
    rng = np.random.default_rng(draw.choice(range(2**31)))
    parameters = [(rng.uniform(-1, 1, shape) / 20).astype(np.float32) for shape in SIZES]
    return parameters, rng.random((64, 784), dtype=np.float32), rng.integers(0, 10, 64), STEPS


def check(answer, arguments):
    """Check that the timed steps computed the losses of Adam on this network."""
    parameters, x, y, steps = arguments
    code = """
import torch
model = Sequential(Linear(784, 128), ReLU(), Linear(128, 10))
for target, values in zip(model.parameters(), raws):
    put(target, values)
optimizer, losses = Adam(model.parameters(), lr=0.001), []
for _ in range(steps):
    optimizer.zero_grad()
    loss = CrossEntropyLoss()(model(x), y)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
"""
    given = {"raws": parameters, "x": x, "y": y, "steps": steps}
    losses = outcome(code, {}, given, ["losses"], wide=False).values["losses"]
    assert np.allclose(answer[0], losses, rtol=1e-3), f"the losses are {answer[0]}; PyTorch's are {losses}"


def timed(kata, draw, probes, at_most):
    arguments = functools.partial(inputs, draw)
    speed = kata.speed(probes.training_steps, arguments, check, rounds=5, at_most=at_most, clock="cpu")
    assert_speed(speed, at_most=at_most)


@task("speed", title="A step takes at most ten times the solution's time")
def test_a_step_takes_at_most_ten_times_as_long(kata, draw, probes):
    timed(kata, draw, probes, 10.0)


@task("speed", title="A step takes at most three times the solution's time")
def test_a_step_takes_at_most_three_times_as_long(kata, draw, probes):
    timed(kata, draw, probes, 3.0)

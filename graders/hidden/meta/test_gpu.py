"""Test that training on a GPU through CuPy gives the same numbers. twin.py derives the tolerance."""

from importlib.util import find_spec

import numpy as np
import pytest

from graders.checks import cases, task
from graders.hidden.meta.twin import check

CODE = """
model = Sequential(Conv2d(1, 3, 3, padding=1), BatchNorm2d(3), ReLU(), MaxPool2d(2), Flatten(), Linear(27, 5), GELU())
for i, (name, parameter) in enumerate(sorted(model.named_parameters())):
    put(parameter, np.random.default_rng(i).standard_normal(parameter.shape) / 2)
model.to(device)
optimizer = AdamW(model.parameters(), lr=0.01)
losses = []
for _ in range(20):
    optimizer.zero_grad()
    loss = CrossEntropyLoss()(model(x.to(device)), y.to(device))
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
devices = sorted({str(parameter.device) for parameter in model.parameters()})
model.to("cpu")
w = model[5].weight
"""


@task("gpu")
@pytest.mark.gpu
@cases(2)
def test_training_a_network_on_the_gpu(kata, draw, probes):
    if find_spec("cupy") is None:  # ask the machine, so that an error in the submission doesn't skip the test
        pytest.skip("ungraded: CuPy is not installed here; install it with pip install -e '.[gpu]'")
    constants = {"x": draw.normal(6, 1, 6, 6, dtype=np.float32), "y": draw.integers(0, 5, 6), "device": "cuda"}
    reference = CODE.replace("(device)", "('cpu')").replace("devices = sorted", "devices = ['cuda'] or sorted")
    check(kata, probes, CODE, constants=constants, report=["losses", "w", "devices"], reference=reference, terms=1000)

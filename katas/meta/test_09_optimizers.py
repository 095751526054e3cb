"""Task optimizers: steps down w², whose gradient is 2 w, from w = 1."""

import numpy as np

from graders.checks import about, assert_close, assert_equal, task

DESCENT = """
w = Tensor(np.array([1.0]), requires_grad=True)
optimizer = {make}
seen = []

def descend():
    for _ in range(3):
        optimizer.zero_grad()
        (w * w).backward()
        optimizer.step()
        seen.append(w.item())

descend()
"""
# w after one, two and three steps down w², as PyTorch computes them
OPTIONS = {
    "SGD([w], lr=0.1, momentum=0.5)": [0.8, 0.54, 0.302],
    "SGD([w], lr=0.1, momentum=0.5, dampening=0.5)": [0.8, 0.62, 0.468],
    "SGD([w], lr=0.1, momentum=0.5, nesterov=True)": [0.7, 0.44, 0.248],
    "SGD([w], lr=0.1, weight_decay=0.5)": [0.75, 0.5625, 0.4219],
    "Adam([w], lr=0.1)": [0.9, 0.8004, 0.7016],
    "Adam([w], lr=0.1, betas=(0.5, 0.9))": [0.9, 0.8016, 0.706],
    "Adam([w], lr=0.1, eps=1.0)": [0.9333, 0.8676, 0.8028],
    "Adam([w], lr=0.1, weight_decay=2.0)": [0.9, 0.8004, 0.7016],
    "AdamW([w], lr=0.1, weight_decay=2.0)": [0.7, 0.4624, 0.2768],
    "AdamW([w], lr=0.1)": [0.899, 0.7985, 0.6989],
}


def precision(found):
    """Return float32 for a framework that computes in it alone: only the task tensor asks for float64."""
    return np.float32 if found.dtype == np.float32 else np.float64


@task("optimizers", title="The worked example: optimizers")
def test_the_worked_example_of_optimizers(kata, probes):
    # v = 2 and w = 1 - 0.1 · 2; v = 0.9 · 2 + 1.6 = 3.4 and w = 0.8 - 0.34; v = 0.9 · 3.4 + 0.92 = 3.98
    seen, unused = kata.run(probes.descent, "SGD", {"lr": 0.1, "momentum": 0.9}, 3)
    assert_close(seen, np.array([0.8, 0.46, 0.062]), scale=4.0, terms=3, dtype=precision(seen))
    with about("a parameter without a gradient"):
        assert_close(unused, 1.0)


@task("optimizers")
def test_nesterov_and_decay(kata, probes):
    seen, _ = kata.run(probes.descent, "SGD", {"lr": 0.1, "momentum": 0.5, "nesterov": True}, 1)
    assert_close(seen, np.array([0.7]), scale=4.0, dtype=precision(seen))  # 1 - 0.1 · (2 + 0.5 · 2)
    seen, _ = kata.run(probes.descent, "SGD", {"lr": 0.1, "weight_decay": 1.0}, 1)
    assert_close(seen, np.array([0.7]), scale=4.0, dtype=precision(seen))  # 1 - 0.1 · (2 + 1)


@task("optimizers")
def test_the_first_step_of_adam_is_the_learning_rate(kata, probes):
    # m / (1 - β₁) = g and √(v / (1 - β₂)) = |g| in the first step
    seen, unused = kata.run(probes.descent, "Adam", {"lr": 0.1, "eps": 0.0}, 1)
    assert_close(seen, np.array([0.9]), scale=10.0, dtype=precision(seen))
    seen, unused = kata.run(probes.descent, "AdamW", {"lr": 0.1, "eps": 0.0, "weight_decay": 0.5}, 1)
    assert_close(seen, np.array([0.85]), scale=10.0, dtype=precision(seen))  # 1 - 0.1 · 0.5 · 1 first
    assert_close(unused, 1.0)


@task("optimizers")
def test_every_option(kata, probes):
    for line, numbers in OPTIONS.items():
        with about(line):
            code = DESCENT.format(make=line)
            assert_equal(kata.run(probes.values, code, ["seen"]), {"seen": numbers})


@task("optimizers")
def test_a_parameter_without_a_gradient_stays(kata, probes):
    code = DESCENT.format(make="SGD([w], lr=0.1, momentum=0.9, weight_decay=0.1)")
    code += "optimizer.zero_grad()\ngone = w.grad is None\noptimizer.step()\n"
    expected = {"gone": True, "w.item() == seen[-1]": True, "w.is_leaf": True}
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("optimizers")
def test_a_step_leaves_gradients_as_they_are(kata, probes):
    for make in ("SGD([w], lr=0.1, momentum=0.9, weight_decay=0.5)", "Adam([w], weight_decay=0.5)", "AdamW([w])"):
        code = f"w = Tensor([1.0], requires_grad=True)\noptimizer = {make}\n(w * w).backward()\noptimizer.step()\n"
        with about(f"the gradient of w² at 1, after a step of {make}"):
            assert_equal(kata.run(probes.values, code, ["w.grad"]), {"w.grad": [2.0]})


@task("optimizers")
def test_another_optimizer_continues_from_a_state(kata, probes):
    for make, other in (
        ("SGD([w], lr=0.1, momentum=0.9)", "SGD([w], lr=0.5)"),
        ("Adam([w], lr=0.1)", "Adam([w])"),
        ("AdamW([w], lr=0.1)", "AdamW([w], lr=1.0)"),
    ):
        code = DESCENT.format(make=make) + f"state = optimizer.state_dict()\noptimizer = {other}\n"
        code += "optimizer.load_state_dict(state)\ndescend()\n" + "without_a_break = list(seen)\n"
        code += DESCENT.format(make=make) + "descend()\n"
        with about(f"{other} continues from the state of {make}"):
            found = kata.run(probes.values, code, ["without_a_break", "seen"])
            assert_equal(found["without_a_break"], found["seen"])

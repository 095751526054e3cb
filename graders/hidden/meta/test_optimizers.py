"""Compare optimisers with torch.optim over a hundred steps. twin.py derives the tolerance.

The loss is smooth and convex, and no partial derivative comes near 0, because there Adam turns rounding errors into
long steps. Rounding errors therefore don't grow, and after s steps, the error is at most about s times that of one
step. So the tolerance is that for sums of 2 s terms.
"""

import numpy as np

from graders.checks import cases, task
from graders.hidden.meta.twin import check, check_hazards, check_refusals

KINDS = (np.float64, np.float32)
STEPS = 100
CONFIGURATIONS = (
    "SGD({})",
    "SGD({}, lr=0.05)",
    "SGD({}, 0.02, momentum=0.9)",
    "SGD({}, lr=0.02, momentum=0.9, nesterov=True)",
    "SGD({}, lr=0.05, momentum=0.8, dampening=0.3)",
    "SGD({}, lr=0.05, weight_decay=0.1)",
    "SGD({}, lr=0.02, momentum=0.9, weight_decay=0.05, nesterov=True)",
    "SGD({}, lr=0.02, momentum=0.5, dampening=0.5, weight_decay=0.2)",
    "Adam({})",
    "Adam({}, lr=0.05)",
    "Adam({}, 0.02, betas=(0.8, 0.9))",
    "Adam({}, lr=0.05, eps=0.1)",
    "Adam({}, lr=0.05, weight_decay=0.3)",
    "AdamW({})",
    "AdamW({}, lr=0.05, weight_decay=0.3)",
    "AdamW({}, lr=0.05, betas=(0.5, 0.99), eps=1e-3, weight_decay=0.0)",
)
SETTING = """
p, q, unused = (Tensor(each, requires_grad=True) for each in (raw_p, raw_q, raw_q))

def step():
    d = p @ x - t
    (d * d).backward(g)
    (q * (q + q0)).backward(h)
"""
LOOP = """
for _ in range({steps}):
    optimizer.zero_grad()
    step()
    optimizer.step()
"""


def setting(draw, kind):
    """Return the arrays of SETTING.

    In a hundred steps, Adam changes an entry by about 5. The sums p x and 2 q therefore stay closer to 0 than t and q0,
    so that every partial derivative keeps its sign.
    """
    a, b = draw.sizes("a b", low=2, high=4)
    given = {"raw_p": draw.normal(a, b), "raw_q": draw.normal(b), "x": draw.uniform(0.5, 1.5, b, 6)}
    given |= {
        "t": draw.uniform(60, 100, a, 6) * (2 * draw.mask(a, 1) - 1),
        "g": draw.uniform(0.01, 0.1, a, 6),
        "h": draw.uniform(0.1, 0.4, b),
        "q0": draw.uniform(40, 80, b) * (2 * draw.mask(b) - 1),
    }
    return {name: value.astype(kind) for name, value in given.items()}


@task("optimizers")
@cases(len(CONFIGURATIONS) + 3)
def test_a_hundred_steps(kata, draw, probes):
    """Weight decay doesn't change a parameter without a gradient. The last three cases use float32."""
    make = (*CONFIGURATIONS, *CONFIGURATIONS[3::5])[draw.case]
    kind = KINDS[draw.case >= len(CONFIGURATIONS)]
    code = f"{SETTING}\noptimizer = {make.format('[p, unused, q]')}\nearly, before = [], p.dtype\n"
    code += LOOP.format(steps=STEPS)
    code += "    early.append(snapshot(p))\nearly = [early[0], early[1], early[9]]\n"
    report = ["early", "p", "q", "unused", "p.is_leaf", "p.requires_grad", "p.dtype == before", "unused.grad"]
    wide = kind is np.float64
    check(kata, probes, code, constants=setting(draw, kind), report=report, terms=2 * STEPS, native=not wide)


@task("groups")
@cases(6)
def test_groups_and_generators(kata, draw, probes):
    groups = (
        "SGD([{'params': [p], 'lr': 0.1}, {'params': [q], 'momentum': 0.9}], lr=0.02, weight_decay=0.1)",
        "Adam([{'params': [p], 'lr': 0.1, 'betas': (0.5, 0.9)}, {'params': [q]}], lr=0.02)",
        "AdamW([{'params': [p], 'weight_decay': 0.5}, {'params': iter([q])}], lr=0.02, weight_decay=0.0)",
        "SGD((each for each in (p, q)), lr=0.05)",
        "Adam(iter([p, q]), lr=0.05)",
        "AdamW(dict(p=p, q=q).values(), lr=0.05)",
    )
    code = f"{SETTING}\noptimizer = {groups[draw.case]}\n{LOOP.format(steps=30)}"
    reference = code.replace("dict(p=p, q=q).values()", "[p, q]")
    check(
        kata, probes, code, constants=setting(draw, np.float64), report=["p", "q"], terms=2 * STEPS, reference=reference
    )


@task("optimizers")
@cases(3)
def test_gradients_are_cleared_and_skipped(kata, draw, probes):
    """zero_grad sets gradients to None, and a step doesn't change parameters without gradients."""
    make = ("SGD([p, q], lr=0.05, momentum=0.9)", "Adam([p, q], lr=0.05)", "AdamW([p, q], lr=0.05)")[draw.case]
    code = f"""
{SETTING}
optimizer = {make}
{LOOP.format(steps=5)}
optimizer.zero_grad()
cleared = [p.grad is None, q.grad is None]
before = snapshot(p)
optimizer.step()
same = bool(np.array_equal(before, snapshot(p)))
step()
p.grad = None
optimizer.step()
step()
step()
optimizer.step()
"""
    report = ["cleared", "same", "p", "q"]
    check(kata, probes, code, constants=setting(draw, np.float64), report=report, terms=2 * STEPS)


@task("optimizers")
@cases(4)
def test_gradients_are_only_read(kata, draw, probes):
    """Gradients that aren't cleared add up, and steps don't change them."""
    make = (
        "SGD([p, q], lr=0.02, momentum=0.9)",
        "SGD([p, q], lr=0.02, weight_decay=0.3)",
        "Adam([p, q], lr=0.05, weight_decay=0.3)",
        "AdamW([p, q], lr=0.05, weight_decay=0.3)",
    )[draw.case]
    code = f"{SETTING}\noptimizer = {make}\nfor _ in range(6):\n    step()\n    optimizer.step()\n"
    report = ["p", "q", "p.grad", "q.grad"]
    check(kata, probes, code, constants=setting(draw, np.float64), report=report, terms=2 * STEPS, native=False)


@task("groups", title="backward detects that a step has changed a parameter")
@cases(2)
def test_backward_detects_an_optimizer_step(kata, draw, probes):
    make = ("SGD([w], lr=0.02, momentum=0.9)", "Adam([w], lr=0.05)")[draw.case]
    leaves, constants = {"w": draw.uniform(0.5, 2, 3)}, {"c": draw.uniform(0.5, 2, 3), "g": draw.uniform(0.5, 2, 3)}
    change = f"w.sum().backward()\n{make}.step()\nw.grad = None"
    check_hazards(kata, probes, [("y = w * w * c", change)], leaves, constants)


def handed_on(make, other):
    """Return a program that takes ten steps with one optimiser, then twenty with another one that loads its state."""
    return f"""
{SETTING}
optimizer = {make}
{LOOP.format(steps=10)}
state = optimizer.state_dict()
optimizer = {other}
optimizer.load_state_dict(state)
{LOOP.format(steps=20)}
"""


@task("optimizers", title="Optimizer state can be saved and loaded")
@cases(3)
def test_another_optimizer_continues_from_a_state(kata, draw, probes):
    make = (
        "SGD([p, q], lr=0.02, momentum=0.9)",
        "Adam([p, q], lr=0.05)",
        "AdamW([p, q], lr=0.05, weight_decay=0.2)",
    )[draw.case]
    other = ("SGD([p, q], lr=0.5)", "Adam([p, q])", "AdamW([p, q])")[draw.case]
    code = handed_on(make, other)
    check(kata, probes, code, constants=setting(draw, np.float64), report=["p", "q"], terms=2 * STEPS)


@task("groups", title="The state of parameter groups can be saved and loaded")
@cases(1)
def test_the_state_of_groups_can_be_loaded(kata, draw, probes):
    make = "SGD([{'params': [p], 'momentum': 0.9}, {'params': [q], 'lr': 0.1}], lr=0.02)"
    code = handed_on(make, "SGD([{'params': [p]}, {'params': [q]}])")
    check(kata, probes, code, constants=setting(draw, np.float64), report=["p", "q"], terms=2 * STEPS)


@task("refusals", title="Errors raised by optimizers")
@cases(1)
def test_errors_of_optimizers(kata, probes):
    given = {"p": np.ones(3)}
    names = ("SGD", "Adam", "AdamW")
    lines = [f"{name}([])" for name in names]
    allowed = [f"{name}([p], lr=0.1, weight_decay=0.1)" for name in names]
    check_refusals(kata, probes, lines, given, {}, ["ValueError"], "there are no parameters", allowed=allowed)
    lines = [f"{name}([p], lr=-0.1)" for name in names] + [f"{name}([p], lr=0.1, weight_decay=-1)" for name in names]
    lines += ["SGD([p], lr=0.1, momentum=-0.5)", "SGD([p], lr=0.1, nesterov=True)"]
    lines += [f"{name}([p], betas={betas})" for name in names[1:] for betas in ("(1.0, 0.9)", "(0.9, -0.1)")]
    lines += [f"{name}([p], eps=-1e-8)" for name in names[1:]]
    allowed += ["SGD([p], lr=0.1, momentum=0.5, nesterov=True)", "Adam([p], betas=(0.0, 0.9))", "AdamW([p], eps=0.1)"]
    check_refusals(kata, probes, lines, given, {}, ["ValueError"], "the setting is out of range", allowed=allowed)

"""Compare the gradients of single operations and of graphs with torch.autograd. twin.py derives the tolerance."""

import numpy as np

from graders.checks import away_from_kinks, cases, task
from graders.checks.mismatch import fail
from graders.hidden.meta.twin import check, check_all, check_hazards, check_refusals, offers, ran

FLOATS = (np.float64, np.float32)
BINARY = ("a + b", "a - b", "a * b", "a / b", "a ** b", "a.maximum(b)", "a.minimum(b)")
UNARY = (
    *("-a", "abs(a)", "a.abs()", "a.exp()", "a.tanh()", "a.sigmoid()", "a.relu()"),
    *("a.clip(-0.5, 0.75)", "a.clamp(min=-0.25)", "a.clip(max=0.25)", "a.clip(min=-1, max=1)"),
    *("a + 2", "2 + a", "a - 1.5", "1.5 - a", "a * 3", "3 * a", "a / 4", "a ** 2", "a ** 3", "a.pow(2)", "2.5 ** a"),
)
POSITIVE = ("a.log()", "a.sqrt()", "1 / a", "a ** 0.5", "a ** -1", "a ** 1.7", "a.pow(-2)", "a ** 0")
KINKS = (-1.0, -0.5, -0.25, 0.0, 0.25, 0.75, 1.0)


def shape_of(draw):
    return draw.sizes("n m k", low=1, high=4)[: draw.case // 2 % 4]


@task("autograd")
@cases(8)
def test_gradients_of_two_operands(kata, draw, probes):
    shape, dtype = shape_of(draw), FLOATS[draw.case % 2]
    a, b = (np.asarray(draw.uniform(0.5, 2, *shape)).astype(dtype) for _ in "ab")
    check_all(kata, probes, draw, BINARY, {"a": a, "b": b}, numerically=True)
    sign = np.where(draw.case % 4 < 2, -1, 1).astype(dtype)
    check_all(kata, probes, draw, BINARY[:4] + BINARY[5:], {"a": sign * a, "b": b})
    check_all(kata, probes, draw, [*BINARY, "b - a", "b / a", "b ** a"], {"a": a}, {"b": b})
    with_arrays = [f"a {sign} raw" for sign in "+-*/"] + [f"raw {sign} a" for sign in "+-*/"]
    if shape:
        as_torch = [line.replace("raw", "Tensor(raw)") for line in with_arrays]
        check_all(kata, probes, draw, with_arrays, {"a": a}, {"raw": b}, reference=as_torch)


@task("autograd")
@cases(8)
def test_gradients_of_one_operand(kata, draw, probes):
    shape, dtype = shape_of(draw), FLOATS[draw.case % 2]
    a = away_from_kinks(np.asarray(draw.normal(*shape)), KINKS, 1e-2).astype(dtype)
    lines = [*UNARY, *["a.clone()"] * offers(kata, probes, "clone")]
    check_all(kata, probes, draw, lines, {"a": a}, numerically=True)
    positive = {"a": np.asarray(draw.uniform(0.3, 3, *shape)).astype(dtype)}
    check_all(kata, probes, draw, POSITIVE, positive, numerically=True)


@task("autograd")
@cases(6)
def test_gradients_of_matrix_products(kata, draw, probes):
    n, k, m = draw.sizes("n k m", low=2, high=6)  # a product that drops axes of size 1 costs the task tensor alone
    dtype = FLOATS[draw.case % 2]
    a, b = draw.normal(n, k, dtype=dtype), draw.normal(k, m, dtype=dtype)
    c = draw.normal(m, n, dtype=dtype)
    products = ["a @ b", "a @ b @ c", "(a @ b) @ c @ (a @ b)"]
    check_all(kata, probes, draw, products, {"a": a, "b": b, "c": c}, numerically=True)
    v, w = draw.normal(k, dtype=dtype), draw.normal(n, dtype=dtype)
    check_all(kata, probes, draw, ["a @ v", "w @ a", "v @ v", "w @ a @ v"], {"a": a, "v": v, "w": w})
    check_all(kata, probes, draw, ["a @ b"], {"a": a}, {"b": b})


@task("corners")
@cases(2)
def test_gradients_at_kinks(kata, draw, probes):
    """Gradients are 1/2 for equal operands, 1 at the bounds of clip, and 0 for relu and abs at 0, as in PyTorch."""
    n = draw.sizes("n", low=2, high=5)
    a = draw.integers(-2, 3, n).astype(FLOATS[draw.case])
    lines = ["a.relu()", "abs(a)", "a.clip(-1, 1)", "a.clip(min=0)", "a.clamp(max=1)", "a ** 2", "a ** 3", "a ** 1"]
    check_all(kata, probes, draw, lines, {"a": np.append(a, [0, -1, 1]).astype(a.dtype)})
    b = a.copy()
    b[0] += 1
    check_all(kata, probes, draw, ["a.maximum(b)", "a.minimum(b)", "b.maximum(a) * a"], {"a": a, "b": b})


@task("corners")
@cases(4)
def test_large_arguments_give_no_nan(kata, draw, probes):
    """Far from 0, sigmoid and tanh are 0 or ±1 up to rounding, their gradients are 0, and nothing overflows."""
    n, dtype = draw.sizes("n", low=2), FLOATS[draw.case % 2]
    a = (draw.integers(0, 2, n) * 2 - 1) * draw.uniform(100, 1e4, n)
    check_all(kata, probes, draw, ["a.sigmoid()", "a.tanh()", "a.relu()"], {"a": a.astype(dtype)}, terms=1)


# ---------------------------------------------------------------------------------------------- graphs

GRAPHS = {
    "a tensor used twice": "y = x * x + x",
    "a diamond": "p = x * 2\nq = p.exp()\nr = p * w\ny = q * r + p",
    "one operand on both sides": "y = (x / x + x * x) * (x - x + w)",
    "a product with itself": "y = x @ x",
    "a value used by many operations": "p = x * w\ny = p\nfor _ in range(5):\n    y = y * 0.5 + p * x",
    "a branch that y doesn't depend on": "p = x.tanh()\nq = p.exp() * w\ny = p * x",
    "a part without gradient": "p = w.detach() * x\ny = p + w.detach()\ny = y * w",
    "a copy in between": "y = (x.clone() * w).clone() + x",
    "a chain of functions": "y = (x * w).tanh().exp().sigmoid().sqrt().log()",
    "an operand that came later": "p = x * 3\nq = x + w\ny = q * p\ny = y + q",
}


@task("autograd", title="Gradients through graphs of several operations")
@cases(20)
def test_graphs(kata, draw, probes):
    names = list(GRAPHS)
    code = GRAPHS[names[draw.case % len(names)]]
    if "clone" in code and not offers(kata, probes, "clone"):
        code = code.replace(".clone()", "")
    n, dtype = draw.sizes("n", low=2, high=4), FLOATS[draw.case // len(names)]
    x, w = draw.normal(n, n, dtype=dtype), draw.normal(n, n, dtype=dtype)
    if "/ x" in code:
        x = away_from_kinks(x, distance=0.3)
    g = np.random.default_rng(draw.seed()).standard_normal((n, n)).astype(dtype)
    check(kata, probes, f"{code}\ny.backward(g)", {"x": x, "w": w}, {"g": g})


@task("autograd")
@cases(2)
def test_gradients_accumulate_only_in_leaves(kata, draw, probes):
    n, dtype = draw.sizes("n", low=2, high=5), FLOATS[draw.case]
    given = {"x": draw.normal(n, dtype=dtype), "w": draw.normal(n, dtype=dtype)}
    g = {"g": draw.normal(n, dtype=dtype), "h": draw.normal(n, dtype=dtype)}
    report = ["x.grad", "w.grad", "x.is_leaf", "y.is_leaf", "y.requires_grad", "c.is_leaf", "c.requires_grad"]
    twice = """
        c = g * 2
        y = x * w
        y.backward(g)
        z = x.exp() * c
        z.backward(h)
    """
    check(kata, probes, twice, given, g, report=[*report, "c.grad", "g.grad"])
    kept = """
        c = g * 2
        y = (x * w).exp()
        y.backward(g, retain_graph=True)
        p = snapshot(x.grad)
        y.backward(h)
    """
    check(kata, probes, kept, given, g, report=[*report, "p"])
    anew = "y = x * w\ny.backward(g)\nx.grad = None\ny = x * x\ny.backward(h)"
    check(kata, probes, anew, given, g, report=["x.grad", "w.grad"])
    graph_used_twice = "p = x * w\ny = p + 1\nz = p * 2\ny.backward(g, retain_graph=True)\nz.backward(h)"
    check(kata, probes, graph_used_twice, given, g, report=["x.grad", "w.grad"])
    one_number = "y = (x @ w).exp()\ny.backward()\nz = Tensor([[2.0]], requires_grad=True)\n(z * z).backward()"
    check(kata, probes, one_number, given, report=["y", "x.grad", "w.grad", "z.grad"])
    leaf = "x.backward(g)\nx.backward(g)"
    check(kata, probes, leaf, given, g, report=["x.grad"])
    code = "p = x * w\ny = p * 2\ny.backward(g)\nt = isinstance(x.grad, Tensor)\nn = [p.grad is None, y.grad is None]"
    found = ran(kata, probes, code, given, g, ["t", "n"])
    if found["t"] is not True:
        fail("x.grad should be a Tensor", True, found["t"])
    if found["n"] != [True, True]:
        fail(
            "`p = x * w; y = p * 2; y.backward(g)`: p.grad and y.grad should be None; p and y aren't leaves", None, None
        )


@task("views", title="Every leaf has its own gradient array")
@cases(2)
def test_every_leaf_has_its_own_gradient(kata, draw, probes):
    """A gradient has its leaf's shape and dtype. Changing it affects no other tensor and no later gradient."""
    n = draw.sizes("n", low=2, high=5)
    given = {"x": draw.normal(n), "w": draw.normal(n)}
    constants = {"g": draw.normal(n), "h": draw.normal(n)}
    lines = ["x + w", "x - w"]
    if offers(kata, probes, "clone"):
        lines += ["x.clone() + w", "x.clone() + w.clone()"]
    for line in lines[draw.case :: 2]:
        code = f"""
            y = {line}
            y.backward(g)
            with no_grad():
                x.grad += 100
                g += 1000
            v = snapshot(w.grad)
            z = x * w
            z.backward(h)
        """
        copied = "y.backward(g.clone())\n            x.grad, w.grad = x.grad.clone(), w.grad.clone()"
        reference = code.replace("y.backward(g)", copied)
        check(kata, probes, code, given, constants, ["x.grad", "v", "w.grad", "g", "x", "w"], reference=reference)
    code = "x = Tensor(raw, requires_grad=True, dtype=float32)\ny = x * v + x\ny.backward(g)"
    constants = {"raw": given["x"], "v": given["w"], "g": constants["g"]}
    found = ran(kata, probes, code, {}, constants, ["y.dtype", "x.grad", "v.grad"])
    if found["y.dtype"] != "float64" or found["x.grad"].dtype != np.float32:
        said = f"got {found['y.dtype']} and {found['x.grad'].dtype}"
        fail(
            f"program `y = x * v`, x in float32, v in float64: expected y in float64, x.grad in float32; {said}",
            None,
            said,
        )


@task("refusals", title="Errors raised by backward")
@cases(1)
def test_errors_of_backward(kata, draw, probes):
    given = {"x": draw.normal(2, 3)}
    g = {"g": draw.normal(2, 3), "h": draw.normal(3), "k": draw.normal(1, 3), "c": draw.normal(2, 3)}
    g["turned"] = draw.normal(3, 2)
    refused = {
        "(x * 2).backward()": "the result has 6 elements, so its gradient must be given",
        "c.backward(g)": "no operand requires grad",
        "(x.detach() * 2).backward(g)": "no operand requires grad",
        "(x * 2).backward(h)": "the gradient doesn't have the shape of the result",
        "(x * 2).backward(k)": "the gradient doesn't have the shape of the result",
        "(x * 2).backward(turned)": "the gradient doesn't have the shape of the result",
    }
    for line, why in refused.items():
        check_refusals(kata, probes, [line], given, g, ["RuntimeError"], why, allowed=["(x * 2).backward(c)"])
    for code in ("y = (x * x).exp()\ny.backward(g)", "p = x * x\nz = p.exp()\nz.backward(g)\ny = p * 2"):
        text = "\ne = attempt(lambda: y.backward(g))\ny = x * x\ny.backward(g)\nf = x.grad"
        fault = ran(kata, probes, code + text, given, g, ["e"])["e"]
        lines = "; ".join(code.splitlines())
        if fault is None or "RuntimeError" not in fault[0] or "retain_graph" not in fault[1]:
            said = "nothing was raised" if fault is None else f"got {fault[0][0]}: {fault[1]}"
            fail(
                f"program `{lines}` freed its graph: y.backward(g) should raise a RuntimeError that "
                f"names retain_graph; {said}",
                "RuntimeError",
                fault,
            )


@task("autograd", title="no_grad records nothing")
@cases(1)
def test_no_grad(kata, draw, probes):
    given = {"x": draw.normal(3), "w": draw.normal(3)}
    constants = {"g": draw.normal(3)}
    code = """
        states = []
        with no_grad():
            a = x * w
            with no_grad():
                b = x.exp()
            c = w + 1
            p = Tensor([1.0], requires_grad=True)
        d = x * w

        @no_grad()
        def product(left, right=2):
            return left * right

        @no_grad()
        def fails():
            raise KeyError("inside")

        e = product(x, right=w)
        f = x * 2
        caught = attempt(fails)[0][0]
        h = x * 3

        def raises_inside():
            with no_grad():
                raise KeyError("inside")

        attempt(raises_inside)
        y = (x * a.detach() + e) * d
        y.backward(g)
    """
    flags = [f"{name}.requires_grad" for name in "abcdefhpy"]
    leaves = [f"{name}.is_leaf" for name in "abdp"]
    more = ["caught", "a", "b", "c", "e", "x.grad", "w.grad", "w.requires_grad"]
    check(kata, probes, code, given, constants, report=[*flags, *leaves, *more])


# ----------------------------------------------------------------------------- in-place changes and depth

HAZARDS = (
    ("y = w * c", "with no_grad():\n    w += 1"),
    ("y = w * c", "c *= 2"),
    ("y = w * c", "c.detach().add_(1)"),
    ("y = w / c", "c += 1"),
    ("y = w ** 3", "with no_grad():\n    w.mul_(2)"),
    ("y = w.exp()", "with no_grad():\n    y.add_(1)"),
    ("y = (w * w).sigmoid() * w", "with no_grad():\n    w.zero_()"),
    ("y = M @ w", "M.zero_()"),
)
HARMLESS = {
    "a summand": "y = w + c\nc += 1",
    "a leaf after backward": "y = w * c\ny.backward(g)\nwith no_grad():\n    w -= 1\n    c *= 2\ny = w * c",
    "a value that backward doesn't need": "p = w * 2\ny = w * c\nwith no_grad():\n    p += 1",
    "a tensor before it is used": "c += 1\nc -= 2\ny = w * c",
    "a copy": "p = Tensor(c)\ny = w * c\np += 1",
}


@task("views")
@cases(1)
def test_values_changed_in_place(kata, draw, probes):
    """backward must return the right gradient or raise a RuntimeError."""
    n = 3
    given = {"w": draw.uniform(0.5, 2, n)}
    constants = {"c": draw.uniform(0.5, 2, n), "g": draw.uniform(0.5, 2, n), "M": draw.normal(n, n)}
    leaf = ["w.add_(1)", "w.mul_(c)", "w.sub_(c)", "w.zero_()", "w.__iadd__(1)", "w.__itruediv__(2)"]
    other = ["c.add_(1)", "c.mul_(c)", "c.__itruediv__(2)", "c.zero_()"]
    why = "w is a leaf that requires grad"
    check_refusals(kata, probes, leaf, given, constants, ["RuntimeError"], why, allowed=other)
    for code in HARMLESS.values():
        attempted = f"{code}\ne = attempt(lambda: y.backward(g))"
        check(kata, probes, attempted, given, constants, report=["y", "w.grad", "c", "e"])
    check_hazards(kata, probes, HAZARDS, given, constants)


@task("depth")
@cases(1)
def test_deep_graphs_and_graphs_with_many_paths(kata, draw, probes):
    """Test a chain of 10 000 operations, 60 steps with 2**60 paths, and 200 steps that use both nodes twice."""
    given, g = {"x": draw.normal(2)}, {"g": draw.normal(2)}
    chain = "y = x\nfor i in range(5000):\n    y = y * 1.0001\n    y = y + 0.001\ny.backward(g)"
    check(kata, probes, chain, given, g, terms=10_000)
    doubled = "y = x\nfor i in range(60):\n    y = y * 0.5 + y * 0.5\ny.backward(g)"
    check(kata, probes, doubled, given, g, terms=200)
    woven = (
        "p = x\nq = x * 0.5\nfor i in range(200):\n    p, q = (p + q) * 0.5, (p - q) * 0.6\ny = p + q\ny.backward(g)"
    )
    check(kata, probes, woven, given, g, terms=1000)


@task("autograd")
@cases(2)
def test_a_small_network_by_hand(kata, draw, probes):
    """Train two layers with ten steps of gradient descent, using only tensors."""
    n, inputs, hidden = draw.sizes("n inputs hidden", low=2, high=6)
    dtype = FLOATS[draw.case]
    leaves = {"U": draw.normal(inputs, hidden, dtype=dtype), "V": draw.normal(hidden, hidden, dtype=dtype)}
    constants = {"x": draw.normal(n, inputs, dtype=dtype), "t": draw.normal(n, hidden, dtype=dtype)}
    constants["g"] = np.full((n, hidden), 1 / n / hidden, dtype)
    step = "{0} -= 0.05 * {0}.grad" if offers(kata, probes, "__isub__") else "{0}.data -= 0.05 * {0}.grad.data"
    code = f"""
        losses = []
        for _ in range(10):
            U.grad = V.grad = None
            p = (x @ U).tanh() @ V
            d = p - t
            y = d * d
            y.backward(g)
            with no_grad():
                {step.format("U")}
                {step.format("V")}
            losses.append(y)
    """
    check(kata, probes, code, leaves, constants, ["losses", "U", "V", "U.grad", "V.grad", "U.is_leaf"], terms=1000)

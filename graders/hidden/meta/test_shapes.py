"""Compare reductions, shape changes, cat, stack and where with PyTorch, including their gradients.

twin.py derives the tolerance.
"""

import itertools

import numpy as np

from graders.checks import cases, task
from graders.checks.mismatch import fail
from graders.hidden.meta.twin import check, check_all, check_hazards, check_refusals, ran

FLOATS = (np.float64, np.float32)


def numbers(draw, *shape, dtype=np.float64):
    """Draw distinct multiples of 1/8, so that every maximum is unique."""
    values = np.random.default_rng(draw.seed()).permutation(int(np.prod(shape))).reshape(shape) - np.prod(shape) / 2
    return np.asarray(values / 8).astype(dtype)


def dims_of(axes):
    """Return values for `dim` as code. They are single axes, counted from either end, pairs of axes, and all axes."""
    found = [str(axis) for axis in range(-axes, axes)]
    pairs = [str(pair) for pair in itertools.combinations(range(axes), 2)]
    return found + pairs + ([str(tuple(range(axes))), "(-1,)", "(0, -1)"] if axes > 1 else [])


@task("shapes")
@cases(8)
def test_sums_and_means(kata, draw, probes):
    shape = draw.sizes("a b c", low=1, high=4)[: draw.case // 2]
    x = np.asarray(draw.normal(*shape)).astype(FLOATS[draw.case % 2])
    lines = ["x.sum()", "x.mean()", "x.mean() * x.sum()", "(x * x).sum()"]
    for name, dim in itertools.product(("sum", "mean"), dims_of(len(shape))):
        lines += [f"x.{name}(dim={dim})", f"x.{name}(axis={dim}, keepdim=True)", f"x.{name}({dim})"]
    check_all(kata, probes, draw, lines, {"x": x}, numerically=True)


@task("shapes")
@cases(8)
def test_variances_and_standard_deviations(kata, draw, probes):
    """For numbers around 0, the relative error of the variance is only about n eps."""
    shape = draw.sizes("a b c", low=2, high=5)[: 1 + draw.case // 2 % 3]
    noise = np.random.default_rng(draw.seed()).uniform(-0.03, 0.03, shape)
    x = (numbers(draw, *shape) + noise).astype(
        FLOATS[draw.case % 2]
    )  # no two numbers are so close that rounding errors are magnified
    lines = ["x.var()", "x.std()", "x.var(correction=0)", "x.std(unbiased=False)", "x.var(unbiased=True)"]
    for dim in dims_of(len(shape)):
        lines += [
            f"x.var(dim={dim})",
            f"x.std(dim={dim}, keepdim=True)",
            f"x.var(axis={dim}, correction=0, keepdim=True)",
        ]
    check_all(kata, probes, draw, lines, {"x": x}, numerically=True)


@task("corners", title="The variance of numbers far from 0")
@cases(2)
def test_the_variance_far_from_0(kata, draw, probes):
    noise = np.random.default_rng(draw.seed()).uniform(-0.03, 0.03, (4, 5))
    x = (numbers(draw, 4, 5) + noise).astype(FLOATS[draw.case])
    far = x + np.array(
        (1e3, 1e6)[x.dtype == np.float64], x.dtype
    )  # here E[x²] - mean² would consist of rounding errors
    check_all(kata, probes, draw, ["x.var()", "x.var(dim=0, correction=0)"], {"x": far}, terms=1)


@task("shapes")
@cases(6)
def test_largest_and_smallest(kata, draw, probes):
    shape = draw.sizes("a b c", low=1, high=4)[: draw.case // 2 + 1]
    x = numbers(draw, *shape, dtype=FLOATS[draw.case % 2])
    names = ("max", "min")
    lines = [f"x.{name}()" for name in names]
    plain = [f"x.arg{name}()" for name in names] + [f"x.arg{name}().dtype" for name in names]
    for name, dim in itertools.product(names, range(-len(shape), len(shape))):
        lines += [f"x.{name}(dim={dim}).values", f"x.{name}({dim}, True).values", f"x.{name}(axis={dim}).values"]
        plain += [f"x.{name}(dim={dim}).indices", f"x.{name}({dim}, keepdim=True).indices"]
        plain += [f"x.arg{name}(dim={dim})", f"x.arg{name}({dim}, keepdim=True)", f"x.arg{name}(axis={dim})"]
    as_torch = [line.replace("max(axis", "max(dim").replace("min(axis", "min(dim") for line in lines + plain]
    check_all(kata, probes, draw, lines, {"x": x}, reference=as_torch[: len(lines)])
    check_all(kata, probes, draw, plain, constants={"x": x}, reference=as_torch[len(lines) :])
    code = "values, indices = x.max(dim=0)\nvalues.backward(g)"
    g = {"g": np.ones(shape[1:], x.dtype)}
    check(kata, probes, code, {"x": x}, g, ["values", "indices", "x.grad"])


@task("corners")
@cases(4)
def test_gradients_if_several_elements_are_largest(kata, draw, probes):
    """max() shares its gradient equally among ties. max(dim) gives it to the element with the returned index."""
    a, b = draw.sizes("a b", low=2, high=5)
    x = draw.integers(0, 3, a, b).astype(FLOATS[draw.case % 2])
    check_all(kata, probes, draw, ["x.max()", "x.min()", "x.max() * x.min()", "x.max() * x"], {"x": x})
    for name, dim in itertools.product(("max", "min"), (0, 1)):
        code = f"y = x.{name}(dim={dim})\ni = y.indices\ny.values.backward(g)"
        g = draw.normal(*(b, a)[dim : dim + 1]).astype(x.dtype)
        found = ran(kata, probes, code, {"x": x}, {"g": g}, ["y.values", "i", "x.grad"])
        index = np.expand_dims(found["i"], dim)
        expected, extreme = np.zeros_like(x), getattr(x, name)(axis=dim)
        np.put_along_axis(expected, index, np.expand_dims(g, dim), dim)
        if not np.array_equal(np.take_along_axis(x, index, dim).squeeze(dim), extreme):
            fail(
                f"x.{name}(dim={dim}): the elements at the indices aren't the {name}imum of {x.tolist()}",
                extreme,
                found["i"],
            )
        if found["x.grad"] is None or not np.array_equal(found["x.grad"], expected):
            fail(
                f"x.{name}(dim={dim}): the gradient should go to the elements at the returned indices",
                expected,
                found["x.grad"],
            )


@task("dtypes")
@cases(3)
def test_reductions_of_integers_and_bools(kata, draw, probes):
    a, b = draw.sizes("a b", low=1, high=5)
    kinds = (np.int64, np.int32, np.uint8)
    x = draw.integers(0, 200, a, b).astype(kinds[draw.case])
    lines = [
        f"{line}{end}"
        for line in ("x.sum()", "x.sum(dim=0)", "(x > 100).sum()", "(x > 100).sum(dim=1)")
        for end in ("", ".dtype")
    ]
    lines += ["x.max()", "x.min(dim=1).values", "(x == x).sum().item()", "x.exp().dtype", "(x * 0).exp()", "x.sqrt()"]
    lines += ["(x > 100).float().mean()", "x.sigmoid().dtype", "(x + 1).log()", "x.tanh()"]
    check_all(kata, probes, draw, lines, constants={"x": x})
    lines, allowed = ["x.mean()", "x.mean(dim=0)"], ["x.float().mean()", "x.float().mean(dim=0)"]
    check_refusals(kata, probes, lines, {}, {"x": x}, ["RuntimeError"], "integers have no mean", allowed=allowed)


# ---------------------------------------------------------------------------------------------- shapes

RESHAPED = (  # the shapes are (2, 3, 4) for x, (2, 1, 4) for u, (1, 3, 1) for v, and (3, 4) for w
    *("x.reshape(6, 4)", "x.reshape((3, 8))", "x.reshape(-1)", "x.reshape(4, -1, 1)", "x.reshape(2, 3, 4)"),
    *("x.view(6, 4)", "x.view(-1, 12)", "x.view((24,))", "x.flatten()", "x.flatten(1)", "x.flatten(start_dim=1)"),
    *("x.flatten(0, 1)", "x.flatten(start_dim=0, end_dim=-2)", "x.transpose(0, 1)", "x.transpose(-1, 0)"),
    *("x.permute(2, 0, 1)", "x.permute((1, 2, 0))", "x.permute(0, 2, 1)", "w.T", "w.T @ w", "w.T.reshape(-1)"),
    *("x.transpose(1, 2).reshape(2, 12)", "x.permute(2, 1, 0).flatten()", "x.reshape(4, 6).T @ x.reshape(4, 6)"),
    *("x.unsqueeze(0)", "x.unsqueeze(-1)", "x.unsqueeze(2)", "x.unsqueeze(dim=1)", "w.unsqueeze(0) * x"),
    *("u.squeeze()", "u.squeeze(1)", "u.squeeze(0)", "v.squeeze()", "v.squeeze(dim=0)", "v.squeeze(-1)"),
    *("u.squeeze(-2)", "u.expand(2, 5, 4)", "x.expand(3, 2, 3, 4)", "v.expand(5, -1, -1)", "x.expand((2, 3, 4))"),
    "v.expand(2, 3, 4) * x",
)


@task("shapes")
@cases(2)
def test_new_shapes(kata, draw, probes):
    dtype = FLOATS[draw.case]
    shapes = {"x": (2, 3, 4), "u": (2, 1, 4), "v": (1, 3, 1), "w": (3, 4)}
    check_all(kata, probes, draw, RESHAPED, {name: draw.normal(*shape, dtype=dtype) for name, shape in shapes.items()})
    one = np.asarray(draw.normal())
    check_all(
        kata,
        probes,
        draw,
        ["x.reshape(1, 1)", "x.unsqueeze(0)", "x.expand(2, 3)"],
        {"x": one},
    )


@task("views")
@cases(2)
def test_new_shapes_are_views(kata, draw, probes):
    """reshape, view, transpose, permute, .T and expand share memory, but reshape copies if it has to."""
    dtype = FLOATS[draw.case]
    shapes = {"x": (2, 3, 4), "w": (3, 4), "v": (6, 4)}
    given = {name: draw.normal(*shape, dtype=dtype) for name, shape in shapes.items()}
    code = """
        p = x.view(6, 4)
        q = x.transpose(0, 2)
        r = x.permute(1, 2, 0)
        s = w.T
        t = x.reshape(-1)
        u = x.transpose(0, 1).reshape(-1)
        p += v
        q *= 2
        t -= 1
        s *= 3
        u += 100
        x += 0.5
        w += 1
        r *= 1.5
    """
    check(kata, probes, code, constants=given, report=["x", "w", "p", "q", "r", "s", "t", "u"])
    leaves, g = {"w": draw.normal(3, 4)}, {"c": draw.normal(3, 4), "g": draw.normal(3, 4)}
    views = ("reshape(12)", "view(2, 6)", "T", "transpose(0, 1)", "unsqueeze(0)")
    hazards = [("y = w * c", f"v = c.{view}\nv += 1") for view in views]
    check_hazards(kata, probes, hazards, leaves, g)


@task("refusals", title="Errors for invalid shapes")
@cases(1)
def test_errors_for_invalid_shapes(kata, probes):
    x = {"x": np.ones((2, 3, 4))}
    lines = [
        "x.reshape(5, 5)",
        "x.view(7)",
        "x.reshape(-1, 5)",
        "x.reshape(-1, -1)",
        "x.expand(2, 3, 5)",
        "x.expand(3, 4)",
    ]
    allowed = ["x.reshape(6, 4)", "x.view(24)", "x.reshape(-1, 4)", "x.expand(2, 3, 4)"]
    check_refusals(kata, probes, lines, {}, x, ["RuntimeError"], "x has the shape (2, 3, 4)", allowed=allowed)
    lines = ["x.transpose(0, 1).view(24)", "x.permute(2, 0, 1).view(8, 3)", "x.transpose(1, 2).view(2, 12)"]
    allowed = [line.replace("view", "reshape") for line in lines] + ["x.view(8, 3)", "x.view(2, 12)"]
    check_refusals(kata, probes, lines, {}, x, ["RuntimeError"], "a view isn't possible, only a copy", allowed=allowed)
    lines = ["x.sum(dim=3)", "x.mean(-4)", "x.transpose(0, 3)", "x.max(dim=5)", "x.unsqueeze(5)", "cat([x, x], dim=3)"]
    allowed = [
        "x.sum(dim=2)",
        "x.mean(-3)",
        "x.transpose(0, 2)",
        "x.max(dim=1)",
        "x.unsqueeze(3)",
        "cat([x, x], dim=2)",
    ]
    check_refusals(kata, probes, lines, {}, x, ["IndexError"], "x has three dimensions", allowed=allowed)
    lines = ["cat([x, ones(3, 4)])", "cat([x, ones(2, 2, 4)], dim=0)", "stack([x, ones(1, 3, 4)])"]
    allowed = ["cat([x, ones(2, 3, 4)])", "cat([x, ones(1, 3, 4)], dim=0)", "stack([x, ones(2, 3, 4)])"]
    check_refusals(kata, probes, lines, {}, x, ["RuntimeError", "ValueError"], "the shapes don't fit", allowed=allowed)


@task("shapes")
@cases(4)
def test_joined_tensors(kata, draw, probes):
    a, b, c = draw.sizes("a b c", low=1, high=4)
    dtype = FLOATS[draw.case % 2]
    leaves = {
        "p": draw.normal(a, b, dtype=dtype),
        "q": draw.normal(c, b, dtype=dtype),
        "r": draw.normal(a, b, dtype=dtype),
    }
    lines = [
        "cat([p, q])",
        "cat((p, q, p), dim=0)",
        "cat([p, r], dim=1)",
        "cat([p, r, p], -1)",
        "cat([p])",
        "cat([p, r]) * 2",
    ]
    lines += [
        "stack([p, r])",
        "stack((p, r, r), dim=1)",
        "stack([p, r], dim=-1)",
        "stack([p], 2)",
        "cat([p.T, q.T], 1)",
    ]
    lines += ["cat([p, p * r, r.exp()])", "stack([p, p.detach()])"]
    check_all(kata, probes, draw, lines, leaves)


@task("dtypes", title="Joined tensors get the common dtype")
@cases(2)
def test_dtypes_of_joined_tensors(kata, draw, probes):
    mixed = {"i": draw.integers(0, 9, 3), "f": draw.normal(2, dtype=np.float32), "d": draw.normal(2)}
    lines = ["cat([i, f])", "cat([f, d]).dtype", "stack([f, d])", "cat([i, i]).dtype", "cat([i > 3, i > 5])"]
    check_all(kata, probes, draw, lines, constants=mixed)


@task("shapes")
@cases(4)
def test_where(kata, draw, probes):
    a, b = draw.sizes("a b", low=1, high=5)
    dtype = FLOATS[draw.case % 2]
    leaves = {"x": draw.normal(a, b, dtype=dtype), "v": draw.normal(b, dtype=dtype)}
    given = {"m": draw.mask(a, b) > 0, "k": draw.mask(a, 1) > 0}
    lines = [
        "where(m, x, v)",
        "where(k, v, x)",
        "where(x > 0, x, v)",
        "where(m, x, 0.5)",
        "where(m, 2.0, x)",
        "where(m, x, x * x)",
    ]
    lines += ["where(k, v, 1.0)", "where(m, x.exp(), x) * v"]
    check_all(kata, probes, draw, lines, leaves, given, numerically=True)


@task("shapes")
@cases(8)
def test_softmax(kata, draw, probes):
    shape = draw.sizes("a b c", low=1, high=5)[: 1 + draw.case // 2 % 3]
    dtype = FLOATS[draw.case % 2]
    lines = [f"x.{name}(dim={dim})" for name in ("softmax", "log_softmax") for dim in range(-len(shape), len(shape))]
    lines += ["x.softmax(-1)", "x.log_softmax(0)"]
    x = draw.normal(*shape, scale=2).astype(dtype)
    check_all(kata, probes, draw, lines, {"x": x}, numerically=True)


@task("corners", title="softmax and log_softmax of numbers up to 10 000")
@cases(4)
def test_softmax_of_large_numbers(kata, draw, probes):
    """Without a shift by the maximum, exponentials would overflow or all be 0."""
    shape = draw.sizes("a b", low=1, high=5)[: 1 + draw.case // 2]
    dtype = FLOATS[draw.case % 2]
    lines = [f"x.{name}(dim={dim})" for name in ("softmax", "log_softmax") for dim in range(len(shape))]
    x = draw.normal(*shape, scale=2).astype(dtype)
    for level in (1e4, -1e4):
        far = (x + np.array(level, dtype)).astype(dtype)
        check_all(kata, probes, draw, lines, {"x": far})
    extreme = (draw.integers(-1, 2, *shape) * 1e4).astype(dtype)
    check_all(kata, probes, draw, lines, {"x": extreme})

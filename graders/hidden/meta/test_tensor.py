"""Test the data, dtypes, arithmetic, comparisons, in-place operations and creation of tensors without gradients.

PyTorch computes the expected numbers in float64. twin.py derives the tolerance.
"""

import itertools

import numpy as np

from graders.checks import assert_normal, cases, task
from graders.checks.mismatch import fail
from graders.hidden.meta.twin import check, check_all, check_refusals, ran

FLOATS = (np.float32, np.float64)
PROPERTIES = [
    "x",
    *("x.shape", "x.ndim", "x.dtype", "x.size()", "x.numel()", "x.tolist()"),
    *("x.requires_grad", "x.is_leaf", "x.grad", "x.device"),
]


def nested(draw, kind):
    shape = draw.sizes("a b c", low=1, high=4)[: draw.integers(1, 4)]
    values = draw.integers(-5, 6, *shape)
    return {"float": values / 4, "int": values, "bool": values > 0}[kind].tolist()


@task("tensor")
@cases(15)
def test_data_of_every_kind(kata, draw, probes):
    a, b, c = draw.sizes("a b c", low=1, high=4)
    data = (
        lambda: nested(draw, "float"),
        lambda: nested(draw, "int"),
        lambda: nested(draw, "bool"),
        lambda: draw.normal(),
        lambda: draw.integers(-9, 9),
        lambda: draw.case % 8 == 5,
        lambda: draw.normal(a, b, c),
        lambda: draw.normal(a, b, dtype=np.float32),
        lambda: draw.integers(-9, 9, a, b),
        lambda: draw.integers(0, 2, b, c).astype(bool),
        lambda: np.float64(draw.normal()),
        lambda: np.int64(draw.integers(-9, 9)),
        lambda: np.array(draw.normal()),
        lambda: draw.normal(1, 1, 1, 1),
        lambda: draw.normal(a, b).T,
    )[draw.case]()
    made = "Tensor(Tensor(raw))" if draw.case % 3 == 2 else "Tensor(raw)"
    check(kata, probes, f"x = {made}", constants={"raw": data}, report=PROPERTIES)
    if np.ndim(data):
        check(kata, probes, "x = Tensor(raw)", constants={"raw": data}, report=["len(x)"])


@task("dtypes", title="Tensors keep the dtype of their array")
@cases(5)
def test_data_of_narrow_dtypes(kata, draw, probes):
    a, b = draw.sizes("a b", low=1, high=4)
    data = (
        lambda: draw.integers(0, 9, b).astype(np.int32),
        lambda: draw.integers(0, 9, b).astype(np.uint8),
        lambda: np.float32(draw.normal()),
        lambda: draw.normal(a, b).astype(np.float16),
        lambda: np.zeros((0, 3)),
    )[draw.case]()
    check(kata, probes, "x = Tensor(raw)", constants={"raw": data}, report=PROPERTIES)
    code = "x = [Tensor(raw, dtype='int32'), Tensor(raw).to(int32)]"
    reference = "x = [Tensor(raw, dtype=int32), Tensor(raw).to(int32)]"
    check(kata, probes, code, constants={"raw": draw.normal(b, scale=3)}, report=["x"], reference=reference)


@task("tensor")
@cases(4)
def test_dtypes_can_be_given_and_changed(kata, draw, probes):
    n = draw.sizes("n", low=2)
    raw = draw.normal(n, scale=3)
    kinds = ("float32", "float64", "int64", "bool")
    for kind in kinds:
        named = f"{kind}_" if kind == "bool" else kind
        code = f"x = [Tensor(raw, dtype={kind!r}), Tensor(raw, dtype=np.dtype({kind!r})), Tensor(raw, dtype={named})]"
        code += f"\ny = [x[0].dtype, Tensor(raw).to({named}), Tensor(raw).to(np.dtype({kind!r}))]"
        reference = f"x = [Tensor(raw, dtype={named})] * 3\ny = [x[0].dtype, *[Tensor(raw).to({named})] * 2]"
        check(kata, probes, code, constants={"raw": raw}, report=["x", "y"], reference=reference)
    lines = ["x.float()", "x.double()", "x.long()", "x.to('cpu')", "x.detach()", "x.clone()", "x.requires_grad_().grad"]
    lines += ["x.float().dtype", "x.double().dtype", "x.long().dtype", "x.requires_grad_().requires_grad"]
    as_torch = [line.replace("x.float()", "x.to(float32)") for line in lines]  # float32 means float64 in the twin
    check_all(kata, probes, draw, lines, constants={"x": raw}, reference=as_torch)
    check_all(kata, probes, draw, lines[:6], constants={"x": raw.astype(np.float32)}, reference=as_torch[:6])


@task("tensor")
@cases(2)
def test_one_number_and_copies(kata, draw, probes):
    a, b = draw.sizes("a b", low=2)
    numbers = draw.normal(a, b)
    lines = ["x.tolist()", "x.numpy().tolist()", "x.detach().numpy().tolist()", "x.detach().clone().shape"]
    check_all(kata, probes, draw, lines, constants={"x": numbers})
    check_all(kata, probes, draw, ["Tensor(3).item()", "Tensor(True).item()", "Tensor([[7]]).item()"])
    code = """
        y = x.clone()
        y += 1
        z = Tensor(x)
        z += 1
    """
    check(kata, probes, code, constants={"x": numbers}, report=["x", "y", "z", "x is y"])
    code = """
        w = Tensor(raw, requires_grad=True)
        x = w.detach()
        y = w.detach().numpy()
    """
    report = ["w.requires_grad", "w.is_leaf", "x.requires_grad", "x.is_leaf", "x"]
    check(kata, probes, code, constants={"raw": numbers}, report=report)
    found = ran(
        kata, probes, "w = Tensor(raw, requires_grad=True)\nt = repr(w)", {}, {"raw": np.array([2.5, -7.0])}, ["t"]
    )["t"]
    if "tensor" not in found.lower() or "2.5" not in found or "-7" not in found:
        fail(
            f"repr(Tensor([2.5, -7.0], requires_grad=True)) should show all of that, got {found!r}", "Tensor(…)", found
        )


@task("refusals", title="Errors for invalid tensors")
@cases(1)
def test_errors_for_invalid_tensors(kata, probes):
    wrong_kind = ["Tensor([1, 2], requires_grad=True)", "Tensor(True, requires_grad=True)"]
    wrong_kind += ["Tensor([1, 2]).requires_grad_()", "zeros(2, dtype=int64, requires_grad=True)"]
    right_kind = ["Tensor([1.0], requires_grad=True)", "Tensor([1.5]).requires_grad_()", "zeros(2, requires_grad=True)"]
    why = "only floating tensors can require grad"
    check_refusals(kata, probes, wrong_kind, {}, {}, ["RuntimeError"], why, allowed=right_kind)
    x, why = {"x": np.ones((2, 3))}, "x requires grad; use .detach().numpy()"
    check_refusals(kata, probes, ["x.numpy()"], x, {}, ["RuntimeError"], why, allowed=["x.detach().numpy()"])
    kinds, allowed = ["RuntimeError", "ValueError"], ["Tensor([2.5]).item()"]
    check_refusals(kata, probes, ["x.item()"], {}, x, kinds, "x has 6 elements", allowed=allowed)
    why, allowed = "a tensor without axes has no length", ["len(Tensor([2.5]))"]
    check_refusals(kata, probes, ["len(Tensor(2.5))"], {}, {}, ["TypeError"], why, allowed=allowed)
    ragged, whole = ["Tensor([[1.0, 2.0], [3.0]])"], ["Tensor([[1.0, 2.0], [3.0, 4.0]])"]
    kinds, why = ["ValueError", "TypeError"], "the rows have different lengths"
    check_refusals(kata, probes, ragged, {}, {}, kinds, why, allowed=whole)
    words, numbers, kinds = ["Tensor('four')"], ["Tensor(4)", "Tensor(4.5)"], [*kinds, "RuntimeError"]
    check_refusals(kata, probes, words, {}, {}, kinds, "it isn't a number", allowed=numbers)
    shapes, fitting = ["x @ y", "y @ x", "x @ x"], ["x @ z", "z @ y"]
    given = {"x": np.ones((2, 3)), "y": np.ones((4, 5)), "z": np.ones((3, 4))}
    check_refusals(kata, probes, shapes, {}, given, ["RuntimeError"], "the inner sizes differ", allowed=fitting)
    cuda = "device='cuda'"
    if ran(kata, probes, f"e = attempt(lambda: Tensor([1.0], {cuda}).device)", {}, {}, ["e"])["e"] is not None:
        lines = [f"Tensor([1.0], {cuda})", "Tensor([1.0]).to('cuda')"]
        allowed = ["Tensor([1.0], device='cpu')", "Tensor([1.0]).to('cpu')"]
        check_refusals(kata, probes, lines, {}, {}, ["RuntimeError"], "CuPy isn't installed here", allowed=allowed)


# ------------------------------------------------------------------------------------------ arithmetic

BINARY = ("+", "-", "*", "/", "**")
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


@task("tensor")
@cases(12)
def test_arithmetic_with_tensors_numbers_and_arrays(kata, draw, probes):
    """For integers, compare only values, because the extra task `dtypes` tests the dtypes of results."""
    shape = draw.sizes("a b c", low=2, high=4)[: draw.case % 4]
    dtype = (*FLOATS, np.int64)[draw.case % 3]
    if dtype is np.int64:
        a, b = (np.asarray(draw.integers(1, 6, *shape)) for _ in "ab")
        number = 3
    else:
        a, b = (np.asarray(draw.uniform(0.5, 2.5, *shape)).astype(dtype) for _ in "ab")
        number = draw.uniform(0.5, 2.5)
    lines = [f"a {sign} b" for sign in BINARY] + ["-a", "abs(b - a)", "a.abs()", "a.pow(2)"]
    lines += [f"a {sign} {number}" for sign in BINARY] + [f"{number} {sign} a" for sign in BINARY]
    integers = dtype is np.int64
    check_all(kata, probes, draw, lines, constants={"a": a, "b": b}, any_float=integers)
    mixed = [f"a {sign} raw" for sign in BINARY] + [f"raw {sign} a" for sign in BINARY]
    if shape:
        as_torch = [line.replace("raw", "Tensor(raw)") for line in mixed]
        check_all(kata, probes, draw, mixed, constants={"a": a, "raw": b}, reference=as_torch, any_float=integers)
        code = "y = [isinstance(each, Tensor) for each in (raw + a, raw - a, raw * a, raw / a, raw ** a, raw < a)]"
        found = ran(kata, probes, code, {}, {"a": a, "raw": b}, ["y"])["y"]
        if found != [True] * 6:
            fail("array + tensor, array * tensor, … should return tensors", [True] * 6, found)


@task("tensor")
@cases(6)
def test_comparisons(kata, draw, probes):
    shape = draw.sizes("a b", low=1, high=5)[: draw.case % 3]
    a, b = (np.asarray(draw.integers(-1, 2, *shape)) for _ in "ab")
    b = b.astype((np.int64, np.float32)[draw.case // 3])
    lines = [f"{left} {sign} {right}" for sign in COMPARISONS for left, right in (("a", "b"), ("a", "0"), ("0.5", "b"))]
    check_all(kata, probes, draw, [*lines, "(a == b).dtype", "(a < b).requires_grad"], constants={"a": a, "b": b})


@task("tensor")
@cases(6)
def test_matrix_products(kata, draw, probes):
    n, k, m = draw.sizes("n k m", low=1, high=6)
    dtype = (*FLOATS, np.int64)[draw.case % 3]
    shapes = {"a": (n, k), "b": (k, m), "v": (k,), "w": (n,)}
    given = {name: draw.integers(-9, 10, *shape).astype(dtype) for name, shape in shapes.items()}
    check_all(kata, probes, draw, ["a @ b", "a @ v", "w @ a", "v @ v", "w @ a @ b"], constants=given)


# ------------------------------------------------------------------------------------------- promotion

KINDS = (np.bool_, np.uint8, np.int32, np.int64, np.float16, np.float32, np.float64)


@task("dtypes", title="Results have PyTorch's dtypes")
@cases(7)
def test_dtypes_of_results_are_pytorchs(kata, draw, probes):
    first = KINDS[draw.case]
    for kind, (left, right) in itertools.product(KINDS, (((3,), (3,)), ((3,), ()), ((), (3,)), ((), ()))):
        a, b = np.ones(left, first), np.ones(right, kind)
        lines = ["a + b", "a * b", "a / b", "a == b"]
        check_all(kata, probes, draw, lines, constants={"a": a, "b": b})
    for shape in ((3,), ()):
        numbers = [f"a {sign} {number}" for sign in "+*/" for number in (True, 2, 2.5)]
        numbers += [f"{number} {sign} a" for sign in "+*/" for number in (True, 2, 2.5)]
        numbers += ["a < 2.5", "a + Tensor(2.5)"]
        check_all(kata, probes, draw, numbers, constants={"a": np.ones(shape, first)})


# -------------------------------------------------------------------------------------------- in place


@task("tensor")
@cases(6)
def test_changes_in_place(kata, draw, probes):
    a, b = draw.sizes("a b", low=2, high=5)
    dtype = FLOATS[draw.case % 2]
    given = {"x": draw.normal(a, b, dtype=dtype), "v": draw.normal(a, b, dtype=dtype)}
    code = """
        y = x
        x += v
        p = x.clone()
        x -= 0.5
        x *= v
        q = x.clone()
        x /= 4
        z = [x.add_(1), x.sub_(v), x.mul_(2)][2]
    """
    check(kata, probes, code, constants=given, report=["x", "y", "p", "q", "z", "x is y", "z is x"])
    check(kata, probes, "y = v.clone()\nz = y.zero_()", constants=given, report=["v", "y", "z is y"])
    counts = {"x": draw.integers(-9, 9, a), "v": draw.integers(1, 9, a)}
    check(kata, probes, "x += v\nx *= 2\nx -= v", constants=counts, report=["x", "x.dtype"])


@task("dtypes", title="In-place operations keep the dtype")
@cases(2)
def test_changes_in_place_keep_the_dtype(kata, draw, probes):
    a, b = draw.sizes("a b", low=2, high=5)
    wider = {"x": draw.normal(a, b, dtype=np.float32), "v": draw.normal(a, b)}
    check(kata, probes, "x += v\nx *= 2.5", constants=wider, report=["x", "x.dtype"])


@task("refusals", title="Errors for in-place operations that put fractions into integers")
@cases(1)
def test_errors_for_fractions_in_integers(kata, draw, probes):
    narrow = ["x.add_(0.5)", "x.mul_(Tensor([0.5]))", "x.__itruediv__(2)"]
    counts = {"x": draw.integers(-9, 9, 4)}
    why, allowed = "integers can't hold fractions", ["x.add_(2)", "x.mul_(Tensor([3]))"]
    check_refusals(kata, probes, narrow, {}, counts, ["RuntimeError"], why, allowed=allowed)


# ------------------------------------------------------------------------------------------- creation


@task("tensor", title="zeros, ones and arange")
@cases(3)
def test_zeros_ones_arange(kata, draw, probes):
    a, b = draw.sizes("a b", low=1, high=5)
    lines = [f"{name}({shape})" for name in ("zeros", "ones") for shape in (f"{a}, {b}", f"({a}, {b})", f"{a}")]
    lines += [f"zeros({a}).dtype", f"ones({a}, dtype=float64)", f"zeros({a}, dtype=int64)", f"ones({a}, {b}).shape"]
    lines += [f"ones({a}, requires_grad=True).requires_grad", f"zeros({a}).requires_grad", "tensor([1.5, 2.5])"]
    lines += [
        f"arange({a})",
        f"arange({a}, {a + 7})",
        f"arange({a}, {a + 9}, 2)",
        "arange(0.0, 1.0, 0.25)",
        "arange(3.0)",
    ]
    lines += [
        "arange(3, dtype=float32)",
        "tensor([1, 2], dtype=float64)",
        "tensor([1.0], requires_grad=True).requires_grad",
    ]
    check_all(kata, probes, draw, lines)


@task("tensor")
@cases(2)
def test_random_numbers(kata, draw, probes):
    seed = draw.seed()
    code = """
        manual_seed(seed)
        x = randn(60, 50)
        y = randn(60, 50)
        manual_seed(seed)
        z = randn(60, 50)
        manual_seed(seed + 1)
        w = randn((60, 50), requires_grad=True)
    """
    report = ["x", "y", "z", "w", "x.dtype", "x.shape", "w.requires_grad", "randn(2, dtype=float64).dtype"]
    found = ran(kata, probes, code, {}, {"seed": seed}, report)
    expected = {"x.dtype": "float32", "x.shape": [60, 50], "w.requires_grad": True, report[-1]: "float64"}
    for path, value in expected.items():
        if found[path] != value:
            fail(f"program `x = randn(60, 50)`: {path} should be {value}, got {found[path]}", value, found[path])
    if not np.array_equal(found["x"], found["z"]):
        fail("after the same manual_seed, randn should give the same numbers", found["x"], found["z"])
    for name in "yw":
        if np.isclose(found["x"], found[name]).mean() > 0.5:
            fail("another call of randn, or another seed, should give different numbers", None, found[name])
    for name in "xyw":
        assert_normal(found[name], 0, 1)

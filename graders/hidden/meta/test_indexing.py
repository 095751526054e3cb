"""Compare indexing of every kind with PyTorch, including gradients. twin.py derives the tolerance."""

import numpy as np

from graders.checks import cases, task
from graders.checks.mismatch import fail
from graders.hidden.meta.twin import check, check_all, check_hazards, check_refusals, outcome, ran

FLOATS = (np.float64, np.float32)
# indices of a tensor x of shape (4, 3, 5)
BASIC = (
    *("x[0]", "x[-1]", "x[2, 1]", "x[2, -1, 3]", "x[1:3]", "x[:, 1]", "x[:, :, -1]", "x[:, 0:2]", "x[-3:-1]"),
    *("x[::2]", "x[1::2, :, ::3]", "x[:, ::2, 4:0]", "x[3:]", "x[:9]", "x[2:2]", "x[...]", "x[:]", "x[()]"),
    *("x[..., 0]", "x[0, ...]", "x[1, ..., 2]", "x[..., 1:, :]", "x[None]", "x[:, None]", "x[0, None, :, 1]"),
    *("x[..., None]", "x[None, ..., None]", "x[2:, None, 0]", "x[1][2]", "x[:, 1][::2]", "x[1:][:, 1:][0]"),
)
ADVANCED = (
    *("x[[0, 2]]", "x[[1, 1, 1]]", "x[[-1, 0, -1]]", "x[[3]]", "x[np.array([0, 3, 0])]", "x[Tensor([2, 2, 0])]"),
    *("x[:, [0, 2, 0]]", "x[..., [4, 4]]", "x[[0, 1, 0], [2, 0, 2]]", "x[[0, 1, 0], [2, 0, 2], [4, 4, 4]]"),
    *(
        "x[0, :, [1, 3]]",
        "x[np.array([[0, 1], [1, 1]])]",
        "x[Tensor([[0, 1], [1, 1]]), 0]",
        "x[[0, 3], :, [1, 1]]",
        "x[[0, 0], 1:]",
    ),
    *("x[1, [0, 0, 2]]", "x[0, :, [1, 3]]", "x[:, [2, 2], 1]", "x[1:3, [0, 0, 1]]", "x[::2, :, [1, 3, 1]]"),
    *("x[[[0], [3]], [1, 1, 2]]", "x[None, [0, 0]]", "x[[0, 0], None]", "x[..., [0, 0], :]", "x[[1, 1], ..., 0]"),
    *("x[np.array([1, 1]), :, 2:]", "x[Tensor([0, 3]), Tensor([1, 1]), Tensor([2, 2])]", "x[Tensor(2)]"),
    *("x[Tensor([[[0, 0]]])]", "x[np.int64(1)]", "x[np.array([2, 2], dtype=np.int32)]"),
)
MASKS = (
    *("x[x > 0]", "x[raw_m]", "x[Tensor(raw_m)]", "x[raw_r]", "x[Tensor(raw_r)]", "x[raw_r, 1]", "x[:, raw_c]"),
    *("x[..., x[0, 0].detach() > 0]", "x[[True, False, True, True]]", "x[raw_r][:, 0]", "x[raw_r, :, [1]]"),
    *("x[:, Tensor(raw_c), 2]", "x[x > 100]", "x[raw_m & (raw_m != raw_m)]", "x[raw_r, 1:]"),
)


@task("indexing")
@cases(4)
def test_basic_indexing(kata, draw, probes):
    x = draw.normal(4, 3, 5, dtype=FLOATS[draw.case % 2])
    check_all(kata, probes, draw, BASIC, {"x": x})
    check_all(kata, probes, draw, [f"({line}).shape" for line in BASIC[:20]], constants={"x": x})
    vector, number = draw.normal(6), np.asarray(draw.normal())
    check_all(kata, probes, draw, ["x[2]", "x[-1]", "x[1:4]", "x[::3]", "x[None, 2]", "x[...]"], {"x": vector})
    check_all(kata, probes, draw, ["x[...]", "x[None]", "x[()]", "x[..., None]"], {"x": number})


@task("indexing")
@cases(4)
def test_index_arrays(kata, draw, probes):
    """If an element is selected several times, its gradients add up."""
    x = draw.normal(4, 3, 5, dtype=FLOATS[draw.case % 2])
    check_all(kata, probes, draw, ADVANCED, {"x": x})
    rows = draw.integers(0, 4, 40)
    columns = draw.integers(-3, 3, 40)
    given = {"i": rows, "j": columns, "raw": rows}
    check_all(kata, probes, draw, ["x[i]", "x[i, j]", "x[raw]", "x[i][:, j[0]]", "x[i] * x[i]"], {"x": x}, given)
    table = draw.integers(0, 4, 3, 7)
    check_all(kata, probes, draw, ["x[t]", "x[t] * x[t]", "x[t, 0, 1]"], {"x": x}, {"t": table})


@task("indexing")
@cases(4)
def test_masks(kata, draw, probes):
    x = draw.normal(4, 3, 5, dtype=FLOATS[draw.case % 2])
    given = {"raw_m": draw.mask(4, 3, 5) > 0, "raw_r": np.array([1, 0, 1, 1]) > 0, "raw_c": np.array([0, 1, 1]) > 0}
    check_all(kata, probes, draw, MASKS, {"x": x}, given)


@task("views")
@cases(2)
def test_slices_are_views(kata, draw, probes):
    """A slice shares memory with its tensor, so a change shows in both. Index arrays and masks make copies."""
    given = {"x": draw.normal(4, 3, 5, dtype=FLOATS[draw.case])}
    code = """
        p = x[1]
        q = x[:, 1:]
        r = x[None, ..., 2]
        s = p[1:][::2]
        p += 1
        q *= 2
        r[0, 0] = 7
        s[...] = 3
        x[0, 0] = 9
    """
    check(kata, probes, code, constants=given, report=["x", "p", "q", "r", "s"])
    code = "p = x[[0, 1]]\nq = x[x > 0]\np += 1\nq *= 0\nx[0] = 5"
    check(kata, probes, code, constants=given, report=["x", "p", "q"])


@task("indexing")
@cases(4)
def test_assignment(kata, draw, probes):
    dtype = FLOATS[draw.case % 2]
    given = {"x": draw.normal(4, 3, 5, dtype=dtype), "v": draw.normal(3, 5, dtype=dtype), "i": draw.integers(0, 4, 2)}
    places = ["0", "-1, 1", "1:3", ":, 0", "..., 2", "[0, 2]", "[0, 2], 1", "x > 0", "::2, 1:, ::2", "i, :, 2", "..."]
    for place in places:
        check(kata, probes, f"x[{place}] = 2.5", constants=given, report=["x"])
    for place in ("0", "1:3", "[0, 2]", "...", ":, :"):
        check(kata, probes, f"x[{place}] = v", constants=given, report=["x"])
    check(kata, probes, "x[:, 1] = v[0]\nx[1] += 1\nx[0, 1:] *= 2\nx[3] = x[2]", constants=given, report=["x"])
    code = "with no_grad():\n    w[0] = 1.0\n    w[1:, [0, 0, 1]] = 4\n    w[2] -= 1\ny = w * w\ny.backward(w.detach())"
    check(kata, probes, code, {"w": given["x"]}, report=["w", "w.grad", "w.requires_grad", "w.is_leaf"])


@task("indexing")
@cases(2)
def test_indices_in_graphs(kata, draw, probes):
    dtype = FLOATS[draw.case]
    given = {"x": draw.normal(5, 4, dtype=dtype)}
    lines = ["x[1:] - x[:-1]", "x[::2] * x[[0, 0, 1]]", "x[0] * x[-1] + x[1, 2]", "x[x > 0] * 2", "x[2][1] * x[:, 1]"]
    lines += ["x[:, [0, 1]] @ x[[0, 1]]", "(x @ x[:4])[[0, 1, 2], [1, 0, 1]]", "x.exp()[1:, None] / x.exp()[:1]"]
    check_all(kata, probes, draw, lines, given)
    code = "y = 0\nfor row in range(len(x)):\n    y = y + x[row] * x[row - 1]\ny.backward(g)"
    check(kata, probes, code, given, {"g": draw.normal(4, dtype=dtype)})


@task("views")
@cases(1)
def test_values_changed_through_slices(kata, draw, probes):
    """backward detects changes to a tensor through its slice, and to a slice through its tensor."""
    leaves = {"w": draw.uniform(0.5, 2, 4)}
    constants = {"c": draw.uniform(0.5, 2, 4), "g": draw.normal(4), "i": np.array([1, 2])}
    hazards = (
        ("y = w * c", "c[0] = 5"),
        ("y = w * c", "c[1:] += 1"),
        ("y = w * c", "c[i] = 7"),
        ("v = c[1:3]\ny = w * c", "v += 1"),
        ("v = c[1:][::2]\ny = w * c", "v[0] = 9"),
        ("v = c[::2]\ny = w[::2] * v", "c[0] = 9"),
        ("y = w.exp()", "with no_grad():\n    y[0] = 5"),
        ("y = w * w", "with no_grad():\n    w[2] = 5"),
    )
    for code, change in hazards:
        half = constants | {"g": constants["g"][:2]} if "w[::2]" in code else constants
        check_hazards(kata, probes, [(code, change)], leaves, half)
    harmless = (
        "y = w + c\nc[0] = 5",
        "v = c[1:]\ny = w * Tensor(c)\nv += 1",
        "p = w[[0, 1, 2, 3]]\ny = p + c\nc[1] = 2",
    )
    for code in harmless:
        check(kata, probes, f"{code}\ny.backward(g)", leaves, constants, ["w.grad"])


VIEWED = (  # each program changes a recorded result through a view, or after taking a view of it
    "p = w * 1\nv = p[1:]\np *= 3\ny = v * h",
    "p = w * 1\nv = p[1:]\nv *= 3\ny = p * c",
    "p = w * 1\nv = p[1:]\nv *= h\ny = (p * c).exp()",
    "p = w * 1\np[1:] *= h\ny = p * c",
    "p = w * 1\nv = p[1:]\nv *= h\nh += 9\ny = p * c",
)


@task("views")
@cases(len(VIEWED))
def test_views_of_tensors_in_a_graph(kata, draw, probes):
    """The gradients must be right unless the change or backward raises a RuntimeError."""
    leaves = {"w": draw.uniform(0.5, 2, 4)}
    constants = {"c": draw.uniform(0.5, 1, 4), "h": draw.uniform(0.5, 1, 3)}
    code = VIEWED[draw.case]
    lines = "".join(f"    {line}\n" for line in f"{code}\ny.sum().backward()".splitlines())
    text = f"def run(h):\n{lines}\ne = attempt(lambda: run(h))"
    right = outcome(text, leaves, constants, ["e", "w.grad"], wide=True).values
    found = ran(kata, probes, text, leaves, constants, ["e", "w.grad"])
    if found["e"] is not None and "RuntimeError" in found["e"][0]:
        return
    subject = f"program `{'; '.join(code.splitlines())}; y.sum().backward()`"
    if found["e"] is not None:
        fail(f"{subject}: got {found['e'][0][0]}: {found['e'][1]}", None, found["e"])
    elif right["e"] is not None:
        fail(
            f"{subject}: a value that backward needs was changed, but no RuntimeError was raised", "RuntimeError", None
        )
    elif found["w.grad"] is None or not np.allclose(found["w.grad"], right["w.grad"], rtol=1e-4):
        fail(f"{subject}: the gradient is wrong, and no RuntimeError was raised", right["w.grad"], found["w.grad"])


@task("refusals", title="Errors for invalid indices")
@cases(1)
def test_errors_for_invalid_indices(kata, probes):
    outside = ["x[4]", "x[-5]", "x[0, 3]", "x[[0, 4]]", "x[:, [-4]]", "x[0, 0, 0, 0]", "x[..., 5]"]
    inside = ["x[3]", "x[-4]", "x[0, 2]", "x[[0, 3]]", "x[:, [-3]]", "x[0, 0, 0]", "x[..., 4]"]
    given = {"x": np.ones((4, 3, 5))}
    check_refusals(kata, probes, outside, {}, given, ["IndexError"], "x has the shape (4, 3, 5)", allowed=inside)
    masks = ["x[[True, False]]", "x[np.ones((4, 2), bool)]"]
    why, fitting = "the mask doesn't have the shape of x", ["x[[True, False, True, False]]", "x[np.ones((4, 3), bool)]"]
    check_refusals(kata, probes, masks, {}, given, ["IndexError"], why, allowed=fitting)
    leaf, other = ["x.__setitem__(0, 1.0)"], ["c.__setitem__(0, 1.0)"]
    given, c, why = {"x": np.ones(3)}, {"c": np.ones(3)}, "x is a leaf that requires grad"
    check_refusals(kata, probes, leaf, given, c, ["RuntimeError"], why, allowed=other)

"""Compare numerical_gradient with torch.autograd.functional.jacobian, and relative_error with its formula.

The tolerance for the gradient, with a step h and n elements, has two parts:

- Truncation: The error of a central difference is h²/6 |f'''|, and more accurate formulas have smaller errors.
- Rounding: f sums about 3 n terms, and `size` is the sum of their magnitudes, so the rounding error of f is at most
  eps64 3 n size. The difference has the same error and is divided by h. Rounding w + h adds no more than that, because
  the sizes below also bound |w f'|. The sizes are computed at |w| + 2 h, the furthest point of a five-point formula.

Together, |error| <= 8 eps |g| + 8 eps64 3 n size / h + 2 h²/6 |f'''|. Here eps belongs to the promised dtype, to which
the answer is rounded. The differences always get eps64, float64's eps, because f is called with float64 arrays.

The error of a one-sided difference is h/2 |f''|, which is thousands of times as large.

The relative error r takes a difference, a sum and a quotient, each rounded once, so its tolerance is c eps |r|.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.autograd.functional import jacobian

from graders.checks import Mismatch, about, assert_close, assert_equal, assert_shape, cases, task

LAYOUTS = ("fortran", "strided", "backwards", "contiguous")
STEP = 1e-5  # the default of eps
MOST_CALLS = 16  # of f, for each derivative; a five-point formula makes four
MOST_ROUNDS = 10  # one to learn where f is called, and one more if that doesn't depend on its values


class Function(NamedTuple):
    """A probe's function in torch, with two functions of |w| for its tolerance.

    `size` returns the sum of the magnitudes of the terms, and `third` a bound on |f'''|.
    """

    value: Callable[..., Any]
    size: Callable[..., Any]
    third: Callable[..., Any]


def waves(a, b):
    return Function(
        value=lambda w: (a * torch.sin(b * w)).sum(),
        size=lambda w: np.sum(abs(a) * (1 + b * w)),
        third=lambda w: abs(a) * b**3 * (abs(np.cos(b * w)) + 0.01),  # a step changes the cosine by b eps < 0.01
    )


def quadratic(M, c):
    return Function(
        value=lambda w: w.ravel() @ M @ w.ravel() + c @ w.ravel(),
        size=lambda w: w.ravel() @ abs(M) @ w.ravel() + abs(c) @ w.ravel(),
        third=lambda _: 0.0,
    )


def rows(a):
    return Function(
        value=lambda w: ((a * w).sum(dim=-1) ** 2).sum(),
        size=lambda w: np.sum((abs(a) * w).sum(axis=-1) ** 2),
        third=lambda _: 0.0,
    )


def log_sum_exp(c):
    return Function(
        value=lambda w: torch.log(torch.exp(c * w).sum()),
        size=lambda w: 1 + 2 * np.max(abs(c) * w) + np.log(w.size),
        third=lambda _: 0.1 * abs(c) ** 3,  # f''' is c³ p (1 - p) (1 - 2 p) for a probability p
    )


def logarithms(a):
    return Function(
        value=lambda w: (a * torch.log(w)).sum(),
        size=lambda w: np.sum(abs(a) * (1 + abs(np.log(w)))),
        third=lambda w: 2 * abs(a) / w**3,
    )


def polynomial(a, b, c):
    return Function(
        value=lambda w: a * w**3 + b * w**2 + c * w,
        size=lambda w: abs(a) * w**3 + abs(b) * w**2 + abs(c) * w,
        third=lambda _: 6 * abs(a),
    )


def constant(a):
    return Function(value=lambda w: a + 0 * w, size=lambda _: abs(a), third=lambda _: 0.0)


FUNCTIONS = {f.__name__: f for f in (waves, quadratic, rows, log_sum_exp, logarithms, polynomial, constant)}
FUNCTIONS |= {"wave": waves, "ripple": waves, "logarithm": logarithms}  # functions of a float


def assert_gradient(actual, name, parameters, w, eps=STEP, dtype=np.float64):
    value = FUNCTIONS[name](*(torch.as_tensor(p, dtype=torch.float64) for p in parameters)).value
    expected = jacobian(value, torch.tensor(w, dtype=torch.float64))
    _, size, third = FUNCTIONS[name](*parameters)
    w = abs(np.asarray(w, dtype=np.float64))
    rounding = 3 * w.size * size(w + 2 * eps) / eps
    truncation = eps**2 / 6 * third(w)
    differences = np.finfo(np.float64).eps * rounding + truncation / 4  # assert_close allows 8 times this
    scale = abs(expected.numpy()) + differences / np.finfo(dtype).eps
    assert_close(actual, expected, dtype=dtype, scale=scale, precise=True)


def measured(kata, probe, name, parameters, *arguments):
    """Return what a probe measures of this function, which stays here: the probe gets values at the points it names."""
    value = FUNCTIONS[name](*(torch.as_tensor(p, dtype=torch.float64) for p in parameters)).value
    w = next(each for each in arguments if not isinstance(each, str))
    shown = {"name": "wave" if name == "ripple" else name, "parameters": parameters}
    points, values = np.empty((0, *np.shape(w))), []
    for _ in range(MOST_ROUNDS):
        known = values if name in ("waves", "polynomial", "wave", "ripple") else np.array(values)  # Python's or NumPy's
        result = kata.run(probe, points, known, *arguments, **shown)
        if type(result) is not dict or list(result) != ["points"]:
            return result
        asked = result["points"]
        assert_shape(asked, (len(asked) if isinstance(asked, np.ndarray) and asked.ndim else 0, *np.shape(w)))
        if len(points) + len(asked) > MOST_CALLS * (np.size(w) + 1):
            break
        points, values = np.concatenate([points, asked]), values + [float(value(torch.tensor(p))) for p in asked]
        kata.forget()
    raise Mismatch(f"f was called at more than {len(points)} points, for {np.size(w)} derivatives", None, None)


def parameters_of(draw, name, shape, scale=1.0):
    """Draw parameters for a w of this shape.

    The function and its gradient are proportional to `scale`, except for log_sum_exp.
    """
    n = int(np.prod(shape))
    return {
        "waves": lambda: [draw.normal(*shape, scale=scale), draw.uniform(0.5, 2, *shape)],
        "quadratic": lambda: [draw.normal(n, n, scale=scale), draw.normal(n, scale=scale)],
        "rows": lambda: [draw.normal(*shape, scale=scale**0.5)],
        "log_sum_exp": lambda: [draw.uniform(-2, 2, *shape)],
        "logarithms": lambda: [draw.normal(*shape, scale=scale)],
        "polynomial": lambda: [draw.normal(scale=scale) for _ in "abc"],
        "constant": lambda: [draw.normal(scale=scale)],
        "wave": lambda: [draw.normal(scale=scale), draw.uniform(0.5, 2)],
        "ripple": lambda: [draw.normal(scale=scale), draw.uniform(30, 60)],
        "logarithm": lambda: [draw.normal(scale=scale)],
    }[name]()


def relative_error(a, b):
    a, b = (np.asarray(v, dtype=np.float64) for v in (a, b))
    return float(np.max(abs(a - b) / np.maximum(1e-8, abs(a) + abs(b))))


# The logarithm is taken close to its pole. A ripple's waves are so short that even a step of 1e-5 shows a truncation
# error.
NUMBERS = (
    ("polynomial", STEP),
    ("wave", STEP),
    ("logarithm", 1e-7),
    ("polynomial", 1e-3),
    ("constant", STEP),
    ("wave", 1e-3),
    ("ripple", STEP),
)


@task("scalar")
@cases(21)
def test_the_derivative_with_respect_to_a_float(kata, draw, probes):
    name, eps = NUMBERS[draw.case % len(NUMBERS)]
    if name == "logarithm":
        w = draw.uniform(1e-3, 2e-3)
    elif name == "ripple":
        w = draw.uniform(-1, 1)
    else:
        w = draw.normal(scale=(1.0, 10.0, 0.0)[draw.case // 7])
    scale = (1.0, 1e-6, 1e3)[draw.case % 3]
    parameters, options = parameters_of(draw, name, (), scale), {} if eps == STEP else {"eps": eps}
    assert_gradient(measured(kata, probes.gradient, name, parameters, w, options), name, parameters, w, eps)


@task("array")
@cases(20)
def test_the_gradient_at_an_array_of_any_shape(kata, draw, probes):
    a, b, c = draw.sizes("a b c", low=2, high=5)
    any_length = draw.sizes("any_length", low=9, high=250)
    name, shape, eps = (
        ("rows", (a, b), STEP),
        ("rows", (1, b), STEP),
        ("quadratic", (4, 4), STEP),
        ("quadratic", (a,), STEP),
        ("waves", (a, b, c), STEP),
        ("log_sum_exp", (a,), STEP),
        ("logarithms", (a, b), 1e-7),
        ("quadratic", (a, b), 0.5),
        ("rows", (a, b, c), 0.5),
        ("waves", (a, 1, c), STEP),
        ("log_sum_exp", (a, b), 1e-3),
        ("quadratic", (1,), STEP),
        ("rows", (a, 1), STEP),
        ("log_sum_exp", (a, 1, c), STEP),
        ("quadratic", (a, b, 2), 0.5),
        ("waves", (1, 1, 1), 1e-3),
        ("waves", (600,), STEP),
        ("waves", (any_length,), STEP),
        ("log_sum_exp", (any_length, 2), STEP),
        ("rows", (2, any_length), STEP),
    )[draw.case]
    if name == "logarithms":
        w = draw.uniform(1e-3, 2e-3, *shape)
    else:
        w = np.asarray(draw.normal(*shape) * draw.mask(*shape, keep=0.8))
    scale = (1.0, 1e-6, 1e3)[draw.case % 3]
    parameters, options = parameters_of(draw, name, shape, scale), {} if eps == STEP else {"eps": eps}
    assert_gradient(measured(kata, probes.gradient, name, parameters, w, options), name, parameters, w, eps)


@task("types", title="float32 gives float32, and integers give float64")
@cases(8)
def test_float32_gives_float32_and_integers_count_as_float64(kata, draw, probes):
    dtype, name = (np.float32, np.int64)[draw.case % 2], ("rows", "waves")[draw.case // 2 % 2]
    shape = draw.sizes("a b", low=2, high=5)
    if dtype is np.float32:
        w = draw.normal(*shape, dtype=dtype)
        v = w * draw.uniform(0.8, 1.2, *shape, dtype=dtype)
    else:
        w, v = (draw.integers(-9, 10, *shape) for _ in range(2))
    promised = np.float32 if dtype is np.float32 else np.float64
    parameters = parameters_of(draw, name, shape, 1e3)  # another task is about small derivatives
    assert_gradient(measured(kata, probes.gradient, name, parameters, w, {}), name, parameters, w, dtype=promised)
    a, b = 1 + abs(w), 1 + abs(v)  # another task is about signs, zeros and small numbers
    for x, y in ((a, b), (-a, -b)):
        assert_close(kata.relative_error(x, y), relative_error(x, y), dtype=promised)
    if dtype is np.int64:
        number, parameters = draw.integers(-9, 10), parameters_of(draw, "polynomial", ())
        gradient = measured(kata, probes.gradient, "polynomial", parameters, number, {})
        assert_gradient(gradient, "polynomial", parameters, number)


PAIRS = (
    "equal except the last",
    "both 0 in places",
    "different",
    "tiny",
    "10 % apart",
    "equal except for noise",
    "one is 0",
    "of many magnitudes",
)


def pair(draw, kind, shape):
    x, noise = np.asarray(draw.normal(*shape)), np.asarray(draw.uniform(-1, 1, *shape))
    if kind == "tiny":
        return 1e-9 * x, 1e-9 * noise
    if kind == "different":
        return x, noise
    if kind == "one is 0":
        return x, 0 * x
    if kind == "both 0 in places":
        x = x * draw.mask(*shape)
    elif kind == "of many magnitudes":
        x = x * 10 ** draw.uniform(-30, 30, *shape)
    elif kind == "equal except the last":
        noise.flat[:-1] = 0
    return x, x * (1 + (1e-7 if kind == "equal except for noise" else 0.1) * noise)


@task("relative")
@cases(32)
def test_the_largest_relative_error_of_all_elements(kata, draw):
    a, b, c = draw.sizes("a b c", high=5)
    any_length = draw.sizes("any_length", low=9, high=1000)
    shapes = (a, b), (a,), (a, b, c), (), (any_length,), (1, b), (a, 1), (1100,)
    shape = shapes[draw.case % 8]
    x, y = pair(draw, PAIRS[(draw.case + draw.case // 8) % 8], shape)
    if shape == ():
        x, y = float(x), float(y)
    assert_close(kata.relative_error(x, y), relative_error(x, y))
    assert_close(kata.relative_error(y, x), relative_error(x, y))


@task("inputs", title="Any memory layout works, and the arguments are unchanged")
@cases(8)
def test_any_memory_layout_works_and_arguments_are_left_alone(kata, draw, probes):
    layout, (n_axes, name) = LAYOUTS[draw.case % 4], ((2, "rows"), (3, "waves"))[(draw.case + draw.case // 4) % 2]
    a, b, c = draw.sizes("a b c", low=2, high=4)
    shape = (a, a) if draw.case == 0 else (a, b, c)[:n_axes]  # always one square matrix, whatever is drawn
    w, v = (draw.normal(*shape, scale=3) * draw.mask(*shape, keep=0.8) for _ in range(2))
    parameters = parameters_of(draw, name, shape, 1e3)
    reported = measured(kata, probes.gradients_and_argument, name, parameters, layout, w, v)
    gradient, gradient_at_last, after, gradient_after_renewal = reported
    assert_gradient(gradient, name, parameters, w)
    with about("w, after numerical_gradient"):
        assert_equal(after, w)
    with about("the first gradient, after the second call"):
        assert_equal(gradient_at_last, gradient)
    with about("the gradient at the same array, which now holds other numbers"):
        assert_gradient(gradient_after_renewal, name, parameters, v)
    w = 1 + abs(w)  # another task is about small numbers
    u = w * draw.uniform(0.8, 1.2, *shape)
    for a, b in ((w, u), (w.ravel(), u.ravel())):
        error, *after = kata.run(probes.call_with_layout, "relative_error", layout, a, b)
        assert_close(error, relative_error(a, b))
        for argument, array, before in zip("ab", after, (a, b), strict=True):
            with about(f"{argument}, after relative_error"):
                assert_equal(array, before)

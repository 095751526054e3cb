"""Arithmetic, functions and reductions: each operation with its backward rule for every operand.

In a rule, g is the gradient of the result, x and y are the operands' arrays, and z is the result's array. Rules ignore
broadcasting, because `backward` sums over repeated axes. Each rule is followed by the tensors whose values it needs
(see `record`). `@method(names)` also makes a function a method of Tensor.
"""

import math
from collections import namedtuple
from numbers import Number

import numpy as np

from .arguments import refuse
from .backend import INT64, is_array, namespace, result_type
from .tensor import OUTPUT, Tensor, as_tensor, record, wrap

Extremum = namedtuple("Extremum", "values indices")
quiet = np.errstate(all="ignore")  # a decorator: infinities and nan are valid results, as in PyTorch


def method(*names):
    """Return a decorator that makes a function a method of Tensor, under these names or its own."""

    def attach(function):
        for name in names or [function.__name__]:
            setattr(Tensor, name, function)
        return function

    return attach


# Operands and their dtypes


def meet(*operands):
    """Convert operands to Tensors of one dtype, that of `result_type`, on the device of the first one."""
    operands = [x.item() if isinstance(x, np.generic) else x for x in operands]
    for x in operands:
        if not isinstance(x, (Tensor, bool, int, float)) and not is_array(x):
            raise TypeError(f"an operand must be a tensor, an array or a number, not {type(x).__name__}")
    dtype = result_type(*operands)
    home = next((x.data if isinstance(x, Tensor) else x for x in operands if not isinstance(x, (int, float))), None)
    xp = np if home is None else namespace(home)
    return [x.to(dtype) if isinstance(x, Tensor) else wrap(xp.asarray(x, dtype)) for x in operands]


def pair(a, b):
    """Convert two operands to Tensors of one dtype, with a shortcut for common cases."""
    if isinstance(a, Tensor):
        x = a.data
        if isinstance(b, Tensor):
            if x.dtype is b.data.dtype:
                return a, b
        elif type(b) in (int, float) and x.dtype.kind == "f":
            return a, wrap(namespace(x).asarray(b, x.dtype))
    return meet(a, b)


def broadcast(ufunc, a, b):
    """Return two operands in one dtype and the ufunc's result. RuntimeError with the shapes if they don't broadcast."""
    a, b = pair(a, b)
    try:
        return a, b, ufunc(a.data, b.data)
    except (ValueError, TypeError) as error:  # TypeError: the ufunc doesn't support bool
        fault = f"shapes {a.shape} and {b.shape} do not broadcast" if "broadcast" in str(error) else error
        raise RuntimeError(f"{ufunc.__name__}: {fault}") from None


def real(a):
    """Return a floating tensor and its array, for functions such as exp; integers and bools become float32."""
    a = as_tensor(a)
    if a.data.dtype.kind != "f":
        a = a.float()
    return a, a.data


def blank(g, shape):
    """Return zeros of this shape with the dtype and device of a gradient."""
    return namespace(g).zeros(shape, g.dtype)


# Arithmetic


def scaled(b, alpha):
    """Return alpha · b, the second operand of add and sub. RuntimeError for an alpha that isn't an int if b is."""
    if alpha == 1:
        return b
    if isinstance(alpha, float) and not isinstance(b, float) and as_tensor(b).dtype.kind != "f":
        raise RuntimeError(f"alpha must be an int for integers, not {alpha}")
    return mul(as_tensor(b), alpha) if isinstance(b, Tensor) or is_array(b) else b * alpha


@method("add", "__add__", "__radd__")
def add(a, other, *, alpha=1):
    """a + alpha · other with broadcasting."""
    a, b, z = broadcast(np.add, a, scaled(other, alpha))
    return record(z, (a, lambda g: g), (b, lambda g: g))


@method("sub", "__sub__")
def sub(a, other, *, alpha=1):
    """a - alpha · other with broadcasting."""
    a, b, z = broadcast(np.subtract, a, scaled(other, alpha))
    return record(z, (a, lambda g: g), (b, lambda g: -g))


@method("mul", "__mul__", "__rmul__")
def mul(a, other):
    """a * other, element by element, with broadcasting."""
    a, b, z = broadcast(np.multiply, a, other)
    x, y = a.data, b.data
    return record(z, (a, lambda g: g * y, b), (b, lambda g: g * x, a))


@method("div", "__truediv__")
@quiet
def div(a, other, *, rounding_mode=None):
    """a / other with broadcasting; float32 for integers. Division by 0 gives ±inf or nan."""
    refuse("div", rounding_mode=rounding_mode)
    a, b = pair(a, other)
    if a.data.dtype.kind != "f":
        a, b = a.float(), b.float()
    a, b, z = broadcast(np.divide, a, b)
    x, y = a.data, b.data
    return record(z, (a, lambda g: g / y, b), (b, lambda g: -g * (x / y / y), a, b))


@method("pow", "__pow__")
@quiet
def pow_(a, exponent):
    """a to the power of an exponent, with broadcasting. RuntimeError for integers to a negative power."""
    b = exponent
    if type(b) in (int, float) and isinstance(a, Tensor) and a.data.dtype.kind == "f":
        x = a.data  # NumPy has shortcuts for x² and √x if the exponent is a Python number
        return record(x**b, (a, lambda g: g * (b * x ** (b - 1)) if b else np.zeros_like(g), a))
    a, b, z = broadcast(np.power, a, b)
    x, y = a.data, b.data
    return record(
        z,
        (a, lambda g: np.where(y == 0, 0, g * y * x ** (y - 1)), a, b),
        (b, lambda g: g * np.where((x == 0) & (y >= 0), 0, z * np.log(x)), a, b, OUTPUT),
    )


Tensor.__rsub__ = lambda b, a: sub(a, b)
Tensor.__rtruediv__ = lambda b, a: div(a, b)
Tensor.__rpow__ = lambda b, a: pow_(a, b)


@method("neg", "__neg__")
def neg(a):
    """-a."""
    return sub(0, a) if a.data.dtype.kind == "b" else record(-a.data, (a, lambda g: -g))


@method("matmul", "__matmul__", "mm")
def matmul(a, other):
    """Matrix product: (…, n, k) @ (…, k, m) -> (…, n, m), with broadcast leading axes; vectors (k,) on either side.

    RuntimeError with both shapes if they don't fit.
    """
    a, b = pair(a, other)
    x, y = a.data, b.data
    if x.ndim == 0 or y.ndim == 0 or x.shape[-1] != y.shape[-2 if y.ndim > 1 else 0]:
        raise RuntimeError(f"matmul: shapes {x.shape} and {y.shape} do not fit")
    if y.ndim == 1:
        return matmul(a, b.unsqueeze(1)).squeeze(-1)
    if x.ndim == 1:
        return matmul(a.unsqueeze(0), b).squeeze(-2)
    if x.ndim > 2 == y.ndim:  # one matrix product instead of many
        return matmul(a.reshape(math.prod(x.shape[:-1]), x.shape[-1]), b).reshape(*x.shape[:-1], y.shape[1])
    try:
        z = x @ y
    except ValueError:
        raise RuntimeError(f"matmul: shapes {x.shape} and {y.shape} do not broadcast") from None
    return record(z, (a, lambda g: g @ y.swapaxes(-1, -2), b), (b, lambda g: x.swapaxes(-1, -2) @ g, a))


Tensor.__rmatmul__ = lambda b, a: matmul(a, b)


def linear(x, weight, bias=None):
    """x @ weight.T + bias: x (…, in), weight (out, in), bias (out,) or None -> (…, out)."""
    x, weight = pair(as_tensor(x), weight)
    X, W = x.data, weight.data
    if X.ndim == 0 or X.shape[-1] != W.shape[1]:
        raise RuntimeError(f"linear: input of shape {X.shape} and weight of shape {W.shape} do not fit")
    shape, out = X.shape, (*X.shape[:-1], W.shape[0])
    if X.ndim != 2:
        X = X.reshape(math.prod(shape[:-1]), shape[-1])
    z = X @ W.T
    edges = [
        (x, lambda g: (g.reshape(len(X), len(W)) @ W).reshape(shape), weight),
        (weight, lambda g: g.reshape(len(X), len(W)).T @ X, x),
    ]
    if bias is not None:
        z += bias.data
        edges.append((bias, lambda g: g.reshape(len(X), len(W)).sum(0)))
    return record(z.reshape(out), *edges)


@method()
def maximum(a, other):
    """The elementwise maximum, with broadcasting; at ties each gets half of the gradient."""
    a, b, z = broadcast(np.maximum, a, other)
    x, y = a.data, b.data
    return record(
        z,
        (a, lambda g: g * (x > y) + g * (x == y) / 2, a, b),
        (b, lambda g: g * (y > x) + g * (x == y) / 2, a, b),
    )


@method()
def minimum(a, other):
    """The elementwise minimum, with broadcasting; at ties each gets half of the gradient."""
    a, b, z = broadcast(np.minimum, a, other)
    x, y = a.data, b.data
    return record(
        z,
        (a, lambda g: g * (x < y) + g * (x == y) / 2, a, b),
        (b, lambda g: g * (y < x) + g * (x == y) / 2, a, b),
    )


@method("clip", "clamp")
def clip(a, min=None, max=None):
    """Limit a to min … max, numbers or None; the gradient is 1 up to the bounds and 0 beyond."""
    for name, bound in (("min", min), ("max", max)):
        if isinstance(bound, Tensor) or (is_array(bound) and bound.ndim):
            raise NotImplementedError(f"clip: {name} can only be a number; for tensors, use maximum and minimum")
    if min is None and max is None:
        raise RuntimeError("clip: at least one of min and max must be given")
    numbers = [bound for bound in (min, max) if bound is not None]
    a = a.to(result_type(a, *numbers))
    x = a.data
    low, high = (-np.inf if min is None else min), (np.inf if max is None else max)
    return record(np.clip(x, min, max), (a, lambda g: g * ((x >= low) & (x <= high)), a))


# Functions of one argument; integers and bools give float32


@method()
@quiet
def exp(a):
    """e to the power of a."""
    a, x = real(a)
    z = np.exp(x)
    return record(z, (a, lambda g: g * z, OUTPUT))


@method()
@quiet
def log(a):
    """The natural logarithm: -inf at 0, nan below."""
    a, x = real(a)
    return record(np.log(x), (a, lambda g: g / x, a))


@method()
@quiet
def sqrt(a):
    """The square root: nan below 0."""
    a, x = real(a)
    z = np.sqrt(x)
    return record(z, (a, lambda g: g / (2 * z), OUTPUT))


@method()
def tanh(a):
    """The hyperbolic tangent."""
    a, x = real(a)
    z = np.tanh(x)
    return record(z, (a, lambda g: g * (1 - z * z), OUTPUT))


@method()
@quiet
def sigmoid(a):
    """1 / (1 + exp(-a))."""
    a, x = real(a)
    z = 1 / (1 + np.exp(-x))
    return record(z, (a, lambda g: g * z * (1 - z), OUTPUT))


@method("abs", "__abs__")
def abs_(a):
    """|a|; the gradient at 0 is 0."""
    x = a.data
    return record(np.abs(x), (a, lambda g: g * np.sign(x), a))


@method()
def relu(a):
    """max(a, 0); the gradient at 0 is 0."""
    a = as_tensor(a)
    z = np.maximum(a.data, 0)
    return record(z, (a, lambda g: g * (z > 0), OUTPUT))


def leaky_relu(a, slope=0.01):
    """a if it is positive, else slope · a."""
    a, x = real(a)
    factor = np.where(x > 0, x.dtype.type(1), x.dtype.type(slope))
    return record(x * factor, (a, lambda g: g * factor, a))


def elu(a, alpha=1.0):
    """a if it is positive, else alpha (exp(a) - 1)."""
    a, x = real(a)
    z = np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))
    return record(z, (a, lambda g: g * np.where(x > 0, 1, z + alpha), a, OUTPUT))


ERF = np.array([math.erf(k / 8) for k in range(-48, 49)])
GAUSS = [  # four nodes and weights of Gaussian quadrature
    ((1 + u) / 2, w / math.sqrt(math.pi))
    for u, w in zip(*map(np.ndarray.tolist, np.polynomial.legendre.leggauss(4)), strict=True)
]
# Factors of x, x³, … x¹³ in a polynomial whose tanh differs from erf by at most 6·10⁻⁸. Fitted by least squares to
# atanh(erf(x)), with weights that made the largest difference small.
ATANH_ERF = [1.12837971, 0.102765482, -1.84384462e-4, -6.25718693e-4, 8.97121476e-5, -5.98559484e-6, 1.58952847e-7]


def erf(x):
    """The error function of an array, to the array's precision."""
    if x.dtype != np.float64:
        x = np.clip(x, -5, 5)  # beyond these bounds erf rounds to ±1
        square, z = x * x, np.zeros_like(x)
        for factor in reversed(ATANH_ERF):
            z *= square
            z += factor
        z *= x
        return np.tanh(z, out=z)
    # Start from the value at the nearest multiple of 1/8, which comes from the standard library, and integrate
    # 2/√π exp(-t²) from there to x.
    x = np.clip(x, -6, 6)  # beyond these bounds erf is ±1
    eighths = np.rint(np.fmax(x, -6) * 8)  # a valid table index, for nan too
    start, table = eighths / 8, namespace(x).asarray(ERF)
    rest = x - start
    return table[eighths.astype(INT64) + 48] + rest * sum(w * np.exp(-np.square(start + u * rest)) for u, w in GAUSS)


def gelu(a, approximate="none"):
    """a Φ(a), with the normal distribution function Φ; approximate='tanh': Hendrycks and Gimpel's formula (2016)."""
    a, x = real(a)
    if approximate == "none":
        phi = erf(x * math.sqrt(0.5))
        phi += 1
        phi *= 0.5

        def rule(g):
            slope = np.exp(x * x * -0.5)  # of x Φ(x): Φ(x) + x exp(-x²/2) / √(2π), mostly in place
            slope *= x
            slope *= 1 / math.sqrt(2 * math.pi)
            slope += phi
            slope *= g
            return slope

        return record(x * phi, (a, rule, a))
    slope = math.sqrt(2 / math.pi)
    t = np.tanh(slope * (x + 0.044715 * x * x * x))
    inner = slope * (1 + 3 * 0.044715 * x * x)
    return record(0.5 * x * (1 + t), (a, lambda g: g * 0.5 * (1 + t + x * (1 - t * t) * inner), a))


@method()
def softmax(a, dim, dtype=None):
    """exp(a) / Σ exp(a) along `dim`, for numbers of any size; computed in `dtype`, if it is given."""
    a, x = real(a if dtype is None else a.to(dtype))
    z = np.exp(x - x.max(dim, keepdims=True))
    z /= z.sum(dim, keepdims=True)
    return record(z, (a, lambda g: z * (g - (g * z).sum(dim, keepdims=True)), OUTPUT))


@method()
def log_softmax(a, dim, dtype=None):
    """The logarithm of softmax, accurate even where softmax itself rounds to 0; computed in `dtype`, if it is given."""
    a, x = real(a if dtype is None else a.to(dtype))
    z = x - x.max(dim, keepdims=True)
    z -= np.log(np.exp(z).sum(dim, keepdims=True))
    return record(z, (a, lambda g: g - np.exp(z) * g.sum(dim, keepdims=True), OUTPUT))


# Reductions. `dim` or `axis`: an int, None for all axes; for sum, mean, var and std also a tuple.


def _axis(dim, axis):
    """Return `dim` or `axis`, whichever is given, with a list as a tuple; an empty one means all axes."""
    dim = axis if dim is None else dim
    return (tuple(dim) or None) if isinstance(dim, (tuple, list)) else dim


def _spread(g, dim, keepdim, shape):
    """Repeat a reduction's gradient along the reduced axes."""
    out = namespace(g).empty(shape, g.dtype)
    out[...] = g if keepdim or dim is None else np.expand_dims(g, dim)
    return out


def _floating(a, name):
    """Return the array. RuntimeError unless it is floating."""
    if a.data.dtype.kind != "f":
        raise RuntimeError(f"{name}: not defined for {a.dtype}, call .float() first")
    return a.data


@method("sum")
def sum_(a, dim=None, keepdim=False, *, dtype=None, axis=None):
    """The sum; int64 for integers and bools, or in `dtype`."""
    a = a if dtype is None else a.to(dtype)
    x, dim = a.data, _axis(dim, axis)
    shape = x.shape
    z = x.sum(dim, None if x.dtype.kind == "f" else INT64, keepdims=keepdim)
    z = z if dtype is None else z.astype(dtype, copy=False)
    return record(z, (a, lambda g: _spread(g, dim, keepdim, shape)))


@method()
@quiet
def mean(a, dim=None, keepdim=False, *, dtype=None, axis=None):
    """The mean, in `dtype` if it is given. RuntimeError for integers and bools."""
    a = a if dtype is None else a.to(dtype)
    x, dim = _floating(a, "mean"), _axis(dim, axis)
    shape, total = x.shape, x.sum(dim, keepdims=keepdim)
    n = x.size / (total.size or 1)
    z = total / (n or np.nan)
    return record(z, (a, lambda g: _spread(g / n, dim, keepdim, shape)))


@method()
@quiet
def var(a, dim=None, correction=1, keepdim=False, *, axis=None, unbiased=None):
    """Σ (a - mean)² / (n - correction); `unbiased` True or False means a correction of 1 or 0.

    RuntimeError for integers and bools.
    """
    if isinstance(dim, bool):  # var(False), as PyTorch also allows
        dim, unbiased = None, dim
    x, dim = _floating(a, "var"), _axis(dim, axis)
    shape, total = x.shape, x.sum(dim, keepdims=True)
    n = x.size / (total.size or 1)
    deviation = x - total / (n or np.nan)
    freedom = x.dtype.type(max(n - (correction if unbiased is None else bool(unbiased)), 0))
    z = np.square(deviation).sum(dim, keepdims=keepdim) / freedom
    return record(z, (a, lambda g: _spread(g * (2 / freedom), dim, keepdim, shape) * deviation, a))


@method()
def std(a, dim=None, correction=1, keepdim=False, *, axis=None, unbiased=None):
    """The square root of `var`; the gradient is 0 where the result is 0."""
    variance = var(a, dim, correction, keepdim, axis=axis, unbiased=unbiased)
    z = np.sqrt(variance.data)
    return record(z, (variance, lambda g: np.where(z == 0, 0, g / (2 * z)), OUTPUT))


def _extremum(name, arg):
    """Make the function max or min."""

    def extremum(a, dim=None, keepdim=False, *, axis=None):
        if isinstance(dim, Tensor):
            return (maximum if name == "max" else minimum)(a, dim)
        x, dim, shape = a.data, _axis(dim, axis), a.data.shape
        if dim is None:
            z = getattr(x, name)()

            def share(g):
                ties = x == z
                return ties * (g / int(ties.sum()))

            return record(z, (a, share, a, OUTPUT))
        places = np.expand_dims(arg(x, dim), dim)
        z = np.take_along_axis(x, places, dim)

        def place(g):
            out = blank(g, shape)
            np.put_along_axis(out, places, g if keepdim else np.expand_dims(g, dim), dim)
            return out

        indices = wrap(places if keepdim else places.squeeze(dim))
        return Extremum(record(z if keepdim else z.squeeze(dim), (a, place, indices)), indices)

    extremum.__name__ = extremum.__qualname__ = name
    extremum.__doc__ = f"""The {name}imum of all elements; with `dim`, a named tuple (values, indices) along that axis.

    Without `dim`, ties share the gradient equally; with `dim`, the first of them gets it. For a Tensor instead of
    `dim`, the same as {name}imum."""
    return extremum


max_ = method("max")(_extremum("max", np.argmax))
min_ = method("min")(_extremum("min", np.argmin))


@method()
def argmax(a, dim=None, keepdim=False, *, axis=None):
    """The index of the first largest element, int64, in the flattened tensor or along `dim`."""
    return wrap(np.argmax(a.data, _axis(dim, axis), keepdims=keepdim))


@method()
def argmin(a, dim=None, keepdim=False, *, axis=None):
    """The index of the first smallest element, int64, in the flattened tensor or along `dim`."""
    return wrap(np.argmin(a.data, _axis(dim, axis), keepdims=keepdim))


# Comparisons and logic: bool tensors without a gradient

for _name, _ufunc in {
    "__eq__": np.equal,
    "__ne__": np.not_equal,
    "__lt__": np.less,
    "__le__": np.less_equal,
    "__gt__": np.greater,
    "__ge__": np.greater_equal,
    "__and__": np.bitwise_and,
    "__or__": np.bitwise_or,
    "__xor__": np.bitwise_xor,
}.items():

    def _compare(a, b, _ufunc=_ufunc):
        if not isinstance(b, (Tensor, Number)) and not is_array(b):
            return NotImplemented
        return wrap(broadcast(_ufunc, a, b)[2])

    _compare.__doc__ = f"{_ufunc.__name__} element by element, with broadcasting."
    method(_name)(_compare)

Tensor.__invert__ = lambda a: wrap(~a.data)


@method("all")
def all_(a, dim=None, keepdim=False):
    """Whether all elements are true, overall or along `dim`."""
    return wrap(a.data.all(dim, keepdims=keepdim))


@method("any")
def any_(a, dim=None, keepdim=False):
    """Whether any element is true, overall or along `dim`."""
    return wrap(a.data.any(dim, keepdims=keepdim))

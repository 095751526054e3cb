"""Tensors on a tape.

Whatever is computed from tensors that require grad appends a step to TAPE. backward() runs the tape in reverse.
A step is a pair (y, back): back(g) is called with the gradient of y and hands parts of it to the operands, by
`operand._receive(part)`.
"""

import builtins
import functools
from collections import namedtuple

import numpy as np

TAPE = []
_recording = True
_generator = np.random.default_rng()
MaxResult = namedtuple("MaxResult", "values indices")
KINDS = {"b": 0, "u": 1, "i": 1, "f": 2}
DEFAULTS = (np.dtype(bool), np.dtype(np.int64), np.dtype(np.float32))


def generator():
    return _generator


def manual_seed(seed):
    global _generator
    _generator = np.random.default_rng(seed)


def as_tensor(x):
    return x if isinstance(x, Tensor) else Tensor(x)


def _is_number(x):
    return isinstance(x, (bool, int, float)) and not isinstance(x, np.generic)


def _pair(a, b):
    """The arrays of two operands, in their common dtype, and the tensors (None for a Python number)."""
    both = [x if _is_number(x) else as_tensor(x) for x in (a, b)]
    kinds = [
        (0 if isinstance(x, bool) else 1 if isinstance(x, int) else 2) if _is_number(x) else KINDS[x.dtype.kind]
        for x in both
    ]
    top = builtins.max(kinds)
    deciding = [x for x, k in zip(both, kinds) if k == top and not _is_number(x)]
    with_axes = [x for x in deciding if x.ndim > 0]
    deciding = with_axes or deciding
    dtype = np.result_type(*[x.dtype for x in deciding]) if deciding else DEFAULTS[top]
    arrays = [np.asarray(x if _is_number(x) else x.data).astype(dtype, copy=False) for x in both]
    return *arrays, *(None if _is_number(x) else x for x in both)


def _sum_to(g, shape):
    """The opposite of broadcasting."""
    if g.shape == shape:
        return g
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    repeated = tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)
    return g.sum(axis=repeated, keepdims=True) if repeated else g


def record(array, operands, back):
    """The result `array` as a Tensor, with `back` on the tape if an operand requires grad."""
    y = Tensor.__new__(Tensor)
    y._start(np.asarray(array))
    if _recording and y.data.dtype.kind == "f" and any(t is not None and t.requires_grad for t in operands):
        y.requires_grad = True
        y._leaf = False
        TAPE.append((y, back))
    return y


def _binary(name, function, a, b, back_a, back_b):
    A, B, a, b = _pair(a, b)
    if name == "div" and A.dtype.kind != "f":
        A, B = A.astype(np.float32), B.astype(np.float32)
    try:
        Y = function(A, B)
    except ValueError:
        raise RuntimeError(f"{name}: shapes {A.shape} and {B.shape} do not broadcast") from None

    def back(g):
        if a is not None and a.requires_grad:
            a._receive(_sum_to(back_a(g, A, B, Y), A.shape))
        if b is not None and b.requires_grad:
            b._receive(_sum_to(back_b(g, A, B, Y), B.shape))

    return record(Y, (a, b), back)


def _unary(a, function, slope):
    """slope(A, Y): dY / dA."""
    A = a.data if a.data.dtype.kind == "f" else a.data.astype(np.float32)
    Y = np.asarray(function(A))
    return record(Y, (a,), lambda g: a._receive(g * slope(A, Y)))


def _times_log(g, A, B, Y):
    with np.errstate(divide="ignore", invalid="ignore"):
        return g * np.where(Y == 0, 0, Y * np.log(A))


def _power_slope(g, A, B, Y):
    with np.errstate(divide="ignore", invalid="ignore"):
        return g * np.where(B == 0, 0, B * A ** (B - 1)).astype(Y.dtype)


def _items(index, ndim):
    """The index in two parts: one of ints, slices and None (a view), then one of arrays, or None."""
    items = []
    for item in index if isinstance(index, tuple) else (index,):
        if isinstance(item, Tensor):
            item = item.data
        if isinstance(item, list):
            item = np.array([i.data if isinstance(i, Tensor) else i for i in item])
            item = item.astype(np.int64) if item.size == 0 and item.dtype != bool else item
        if isinstance(item, bool):
            item = np.array(item)
        if isinstance(item, np.ndarray) and item.ndim == 0 and item.dtype != bool:
            item = int(item)
        items.append(item)

    def width(item):
        if item is None or item is Ellipsis:
            return 0
        return item.ndim if isinstance(item, np.ndarray) and item.dtype == bool else 1

    missing = ndim - sum(width(item) for item in items)
    places = [i for i, item in enumerate(items) if item is Ellipsis]
    if missing < 0:
        raise IndexError(f"too many indices for a tensor of {ndim} axes")
    place = places[0] if places else len(items)
    items[place : place + 1] = [slice(None)] * missing
    first, second = [], []
    for item in items:
        if isinstance(item, np.ndarray):
            first += [slice(None)] * width(item)
            second.append(item)
        else:
            first.append(item)
            if item is None or isinstance(item, slice):
                second.append(slice(None))
    arrays = any(isinstance(item, np.ndarray) for item in second)
    return (*first, ...), tuple(second) if arrays else None


def _shape_of(shape):
    return tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], (int, np.integer)) else tuple(shape)


class Tensor:
    __array_ufunc__ = None

    def __init__(self, data, requires_grad=False, dtype=None, device="cpu"):
        if device != "cpu":
            raise RuntimeError(f"device {device} is not there")
        if isinstance(data, Tensor):
            data = data.data
        if isinstance(data, (np.ndarray, np.generic)):
            array = np.array(data)
        else:
            array = np.array(data)
            if array.dtype == np.float64:
                array = array.astype(np.float32)
            elif array.dtype.kind not in "biuf":
                raise TypeError(f"no numbers: {data!r}")
        self._start(array if dtype is None else array.astype(dtype))
        self.requires_grad_(requires_grad)

    def _start(self, array):
        self.data = array
        self.grad = None
        self.requires_grad = False
        self._leaf = True
        self._freed = False
        self._g = None  # what has arrived in the present backward

    def _receive(self, g):
        if not self.requires_grad:
            return
        g = np.asarray(g, dtype=self.data.dtype).reshape(self.shape)
        if self._leaf:
            if self.grad is None:
                self.grad = Tensor(g)
            else:
                self.grad.data = self.grad.data + g
        elif self._freed:
            raise RuntimeError(
                "backward a second time: the graph was freed; call with retain_graph=True the first time"
            )
        else:
            self._g = g if self._g is None else self._g + g

    shape = property(lambda self: self.data.shape)
    ndim = property(lambda self: self.data.ndim)
    dtype = property(lambda self: self.data.dtype)
    device = property(lambda self: "cpu")
    is_leaf = property(lambda self: self._leaf)

    def size(self):
        return self.shape

    def numel(self):
        return self.data.size

    def __len__(self):
        if self.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return self.shape[0]

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __repr__(self):
        return f"tensor({self.data.tolist()}{', requires_grad=True' if self.requires_grad else ''})"

    def numpy(self):
        if self.requires_grad:
            raise RuntimeError("call .detach().numpy() on a tensor that requires grad")
        return self.data

    def item(self):
        if self.data.size != 1:
            raise RuntimeError(f"item() of a tensor of shape {self.shape}")
        return self.data.item()

    def tolist(self):
        return self.data.tolist()

    def __bool__(self):
        return builtins.bool(self.item())

    def __float__(self):
        return builtins.float(self.item())

    def __int__(self):
        return int(self.item())

    def detach(self):
        return record(self.data, (), None)

    def clone(self):
        return record(self.data.copy(), (self,), self._receive)

    def to(self, target):
        if target in ("cpu", "cuda") if isinstance(target, str) else False:
            if target == "cuda":
                raise RuntimeError("cuda is not there")
            return self
        if np.dtype(target) == self.dtype:
            return self
        return record(self.data.astype(target), (self,), self._receive)

    def float(self):
        return self.to(np.float32)

    def double(self):
        return self.to(np.float64)

    def long(self):
        return self.to(np.int64)

    def requires_grad_(self, requires_grad=True):
        if requires_grad and self.dtype.kind != "f":
            raise RuntimeError("only floating tensors can require gradients")
        self.requires_grad = requires_grad
        return self

    # arithmetic

    def __add__(self, other):
        return _binary("add", np.add, self, other, lambda g, a, b, y: g, lambda g, a, b, y: g)

    def __radd__(self, other):
        return self + other

    def __sub__(self, other):
        return _binary("sub", np.subtract, self, other, lambda g, a, b, y: g, lambda g, a, b, y: -g)

    def __rsub__(self, other):
        return _binary("sub", np.subtract, other, self, lambda g, a, b, y: g, lambda g, a, b, y: -g)

    def __mul__(self, other):
        return _binary("mul", np.multiply, self, other, lambda g, a, b, y: g * b, lambda g, a, b, y: g * a)

    def __rmul__(self, other):
        return self * other

    def __truediv__(self, other):
        return _binary("div", np.divide, self, other, lambda g, a, b, y: g / b, lambda g, a, b, y: -g * y / b)

    def __rtruediv__(self, other):
        return _binary("div", np.divide, other, self, lambda g, a, b, y: g / b, lambda g, a, b, y: -g * y / b)

    def __pow__(self, other):
        return _binary("pow", np.power, self, other, _power_slope, _times_log)

    def __rpow__(self, other):
        return _binary("pow", np.power, other, self, _power_slope, _times_log)

    pow = __pow__

    def __neg__(self):
        return record(-self.data, (self,), lambda g: self._receive(-g))

    def __abs__(self):
        return record(np.abs(self.data), (self,), lambda g: self._receive(g * np.sign(self.data)))

    abs = __abs__

    def __matmul__(self, other):
        A, B, a, b = _pair(self, other)
        A2 = A[None, :] if A.ndim == 1 else A
        B2 = B[:, None] if B.ndim == 1 else B
        try:
            Y2 = A2 @ B2
        except ValueError:
            raise RuntimeError(f"matmul: shapes {A.shape} and {B.shape} do not fit") from None
        gone = ((-2,) if A.ndim == 1 else ()) + ((-1,) if B.ndim == 1 else ())

        def back(g):
            g = np.expand_dims(g, gone) if gone else g
            if a.requires_grad:
                a._receive(_sum_to(g @ np.swapaxes(B2, -1, -2), A2.shape))
            if b.requires_grad:
                b._receive(_sum_to(np.swapaxes(A2, -1, -2) @ g, B2.shape))

        return record(np.squeeze(Y2, gone) if gone else Y2, (a, b), back)

    def __rmatmul__(self, other):
        return as_tensor(other) @ self

    def maximum(self, other):
        return _binary(
            "maximum",
            np.maximum,
            self,
            other,
            lambda g, a, b, y: g * ((a > b) + (a == b) * 0.5),
            lambda g, a, b, y: g * ((b > a) + (a == b) * 0.5),
        )

    def minimum(self, other):
        return _binary(
            "minimum",
            np.minimum,
            self,
            other,
            lambda g, a, b, y: g * ((a < b) + (a == b) * 0.5),
            lambda g, a, b, y: g * ((b < a) + (a == b) * 0.5),
        )

    def _compare(self, other, function):
        A, B, _, _ = _pair(self, other)
        return record(function(A, B), (), None)

    def __eq__(self, other):
        return self._compare(other, np.equal)

    def __ne__(self, other):
        return self._compare(other, np.not_equal)

    def __lt__(self, other):
        return self._compare(other, np.less)

    def __le__(self, other):
        return self._compare(other, np.less_equal)

    def __gt__(self, other):
        return self._compare(other, np.greater)

    def __ge__(self, other):
        return self._compare(other, np.greater_equal)

    __hash__ = object.__hash__

    # in place: a step whose y is the tensor itself. On the tape that just works: what is handed to self is picked up by
    # the step that made it.

    def _change(self, change, other=None, back_self=None, back_other=None):
        if self.requires_grad and self._leaf and _recording:
            raise RuntimeError("a leaf that requires grad is changed in place: use no_grad()")
        other = other if other is None or _is_number(other) else as_tensor(other)
        has_grad = isinstance(other, Tensor) and other.requires_grad
        before = self.requires_grad
        try:
            change(self.data, other.data if isinstance(other, Tensor) else other)
        except (TypeError, ValueError) as fault:
            raise RuntimeError(f"cannot be done in place: {fault}") from None
        if _recording and (before or has_grad):
            self.requires_grad, self._leaf = True, False

            def back(g):
                if has_grad:
                    other._receive(_sum_to(back_other(g), other.shape))
                if before:
                    self._receive(back_self(g))

            TAPE.append((self, back))
        return self

    def __iadd__(self, other):
        def change(x, o):
            x += o

        return self._change(change, other, lambda g: g, lambda g: g)

    def __isub__(self, other):
        def change(x, o):
            x -= o

        return self._change(change, other, lambda g: g, lambda g: -g)

    def __imul__(self, other):
        old = self.data.copy()
        o = other.data if isinstance(other, Tensor) else other

        def change(x, o):
            x *= o

        return self._change(change, other, lambda g: g * o, lambda g: g * old)

    def __itruediv__(self, other):
        old = self.data.copy()
        o = other.data if isinstance(other, Tensor) else other

        def change(x, o):
            x /= o

        return self._change(change, other, lambda g: g / o, lambda g: -g * old / o**2)

    add_, sub_, mul_ = __iadd__, __isub__, __imul__

    def zero_(self):
        return self._change(lambda x, o: x.fill(0), None, np.zeros_like)

    # functions

    def exp(self):
        return _unary(self, np.exp, lambda a, y: y)

    def log(self):
        return _unary(self, np.log, lambda a, y: 1 / a)

    def sqrt(self):
        return _unary(self, np.sqrt, lambda a, y: 0.5 / y)

    def tanh(self):
        return _unary(self, np.tanh, lambda a, y: 1 - y * y)

    def sigmoid(self):
        return _unary(self, lambda a: 0.5 * (1 + np.tanh(a / 2)), lambda a, y: y * (1 - y))

    def relu(self):
        return record(np.maximum(self.data, 0), (self,), lambda g: self._receive(g * (self.data > 0)))

    def clip(self, min=None, max=None):
        low = -np.inf if min is None else min
        high = np.inf if max is None else max
        A = self.data
        return record(np.clip(A, min, max), (self,), lambda g: self._receive(g * ((A >= low) & (A <= high))))

    clamp = clip

    # backward

    def backward(self, gradient=None, retain_graph=False):
        if not self.requires_grad:
            raise RuntimeError("this tensor does not require grad")
        if gradient is None:
            if self.data.size != 1:
                raise RuntimeError(f"a gradient is needed for a tensor of shape {self.shape}")
            gradient = np.ones_like(self.data)
        gradient = as_tensor(gradient).data
        if gradient.shape != self.shape:
            raise RuntimeError(f"the gradient has shape {gradient.shape}, the tensor {self.shape}")
        self._receive(gradient)
        kept = []
        for step in reversed(TAPE):
            y, back = step
            if y._g is None:
                kept.append(step)
                continue
            g, y._g = y._g, None
            back(g)
            if retain_graph:
                kept.append(step)
            else:
                y._freed = True
        TAPE[:] = kept[::-1]

    # elements

    def __getitem__(self, index):
        first, second = _items(index, self.ndim)
        view = self.data[first]

        def back(g):
            whole = np.zeros(self.shape, g.dtype)
            part = whole[first]
            if second is None:
                part[...] = g
            else:
                np.add.at(part, second, g)
            self._receive(whole)

        return record(view if second is None else view[second], (self,), back)

    def __setitem__(self, index, value):
        first, second = _items(index, self.ndim)

        def change(x, o):
            part = x[first]
            part[... if second is None else second] = o

        def back_self(g):
            g = g.copy()
            change(g, 0)
            return g

        self._change(change, value, back_self, lambda g: g[first] if second is None else g[first][second])

    # reductions

    def _back_over(self, dim, keepdim, g):
        return g if dim is None or keepdim else np.expand_dims(g, dim)

    def sum(self, dim=None, keepdim=False, axis=None):
        dim = axis if dim is None else dim
        dtype = np.int64 if self.dtype.kind in "bui" else None
        return record(
            self.data.sum(axis=dim, keepdims=keepdim, dtype=dtype),
            (self,),
            lambda g: self._receive(np.broadcast_to(self._back_over(dim, keepdim, g), self.shape)),
        )

    def mean(self, dim=None, keepdim=False, axis=None):
        if self.dtype.kind != "f":
            raise RuntimeError("the mean of integers is not defined")
        s = self.sum(dim, keepdim, axis)
        return s / (self.numel() / builtins.max(s.numel(), 1))

    def var(self, dim=None, correction=1, keepdim=False, axis=None, unbiased=None):
        dim = axis if dim is None else dim
        correction = correction if unbiased is None else int(unbiased)
        off = self.data - self.data.mean(axis=dim, keepdims=True)
        Y = (off * off).sum(axis=dim, keepdims=keepdim)
        n = self.numel() // np.size(Y) - correction
        return record(
            Y / np.asarray(n, Y.dtype),
            (self,),
            lambda g: self._receive(self._back_over(dim, keepdim, g) * off * (2 / n)),
        )

    def std(self, dim=None, correction=1, keepdim=False, axis=None, unbiased=None):
        return self.var(dim, correction, keepdim, axis, unbiased).sqrt()

    def _extreme(self, dim, keepdim, axis, best, where_best):
        dim = axis if dim is None else dim
        if dim is None:
            Y = best(self.data)

            def back(g):
                mask = self.data == Y
                self._receive(g * mask / mask.sum())

            return record(Y, (self,), back)
        places = np.expand_dims(where_best(self.data, dim), dim)
        values = np.take_along_axis(self.data, places, dim)

        def back(g):
            whole = np.zeros(self.shape, g.dtype)
            np.put_along_axis(whole, places, g if keepdim else np.expand_dims(g, dim), dim)
            self._receive(whole)

        if not keepdim:
            values, places_out = values.squeeze(dim), places.squeeze(dim)
        else:
            places_out = places
        return MaxResult(record(values, (self,), back), record(places_out, (), None))

    def max(self, dim=None, keepdim=False, axis=None):
        return self._extreme(dim, keepdim, axis, np.max, np.argmax)

    def min(self, dim=None, keepdim=False, axis=None):
        return self._extreme(dim, keepdim, axis, np.min, np.argmin)

    def argmax(self, dim=None, keepdim=False, axis=None):
        return record(np.argmax(self.data, axis if dim is None else dim, keepdims=keepdim), (), None)

    def argmin(self, dim=None, keepdim=False, axis=None):
        return record(np.argmin(self.data, axis if dim is None else dim, keepdims=keepdim), (), None)

    def softmax(self, dim):
        e = np.exp(self.data - self.data.max(axis=dim, keepdims=True))
        p = e / e.sum(axis=dim, keepdims=True)
        return record(p, (self,), lambda g: self._receive(p * (g - (p * g).sum(axis=dim, keepdims=True))))

    def log_softmax(self, dim):
        z = self.data - self.data.max(axis=dim, keepdims=True)
        z = z - np.log(np.exp(z).sum(axis=dim, keepdims=True))
        return record(z, (self,), lambda g: self._receive(g - np.exp(z) * g.sum(axis=dim, keepdims=True)))

    # shapes

    def reshape(self, *shape):
        try:
            Y = self.data.reshape(_shape_of(shape))
        except ValueError as fault:
            raise RuntimeError(f"reshape: {fault}") from None
        return record(Y, (self,), lambda g: self._receive(g.reshape(self.shape)))

    def view(self, *shape):
        y = self.reshape(*shape)
        if y.numel() and not np.shares_memory(y.data, self.data):
            raise RuntimeError("view: it would take a copy; use reshape")
        return y

    def flatten(self, start_dim=0, end_dim=-1):
        if self.ndim == 0:
            return self.reshape(1)
        start, end = start_dim % self.ndim, end_dim % self.ndim
        size = int(np.prod(self.shape[start : end + 1]))
        return self.reshape(self.shape[:start] + (size,) + self.shape[end + 1 :])

    def transpose(self, dim0, dim1):
        return record(np.swapaxes(self.data, dim0, dim1), (self,), lambda g: self._receive(np.swapaxes(g, dim0, dim1)))

    def permute(self, *dims):
        dims = [d % self.ndim for d in _shape_of(dims)]
        return record(self.data.transpose(dims), (self,), lambda g: self._receive(g.transpose(np.argsort(dims))))

    @property
    def T(self):
        return self.permute(*reversed(range(self.ndim)))

    def squeeze(self, dim=None):
        if dim is None:
            return self.reshape(tuple(n for n in self.shape if n != 1))
        if self.shape[dim] != 1:
            return self.reshape(self.shape)
        return self.reshape(np.squeeze(self.data, dim).shape)

    def unsqueeze(self, dim):
        return self.reshape(np.expand_dims(self.data, dim).shape)

    def expand(self, *shape):
        shape = _shape_of(shape)
        new = len(shape) - self.ndim
        shape = tuple(self.shape[i - new] if n == -1 else n for i, n in enumerate(shape))
        try:
            Y = np.broadcast_to(self.data, shape)
        except ValueError:
            raise RuntimeError(f"expand: {self.shape} to {shape}") from None
        return record(Y, (self,), lambda g: self._receive(_sum_to(g, self.shape)))


class no_grad:
    def __enter__(self):
        global _recording
        self.before = _recording
        _recording = False

    def __exit__(self, kind, fault, trace):
        global _recording
        _recording = self.before

    def __call__(self, function):
        @functools.wraps(function)
        def inside(*arguments, **options):
            with no_grad():
                return function(*arguments, **options)

        return inside


def tensor(data, dtype=None, requires_grad=False, device="cpu"):
    return Tensor(data, requires_grad, dtype, device)


def zeros(*shape, requires_grad=False, dtype=None, device="cpu"):
    return Tensor(np.zeros(_shape_of(shape), dtype or np.float32), requires_grad, None, device)


def ones(*shape, requires_grad=False, dtype=None, device="cpu"):
    return Tensor(np.ones(_shape_of(shape), dtype or np.float32), requires_grad, None, device)


def randn(*shape, requires_grad=False, dtype=None, device="cpu"):
    return Tensor(_generator.standard_normal(_shape_of(shape)), requires_grad, dtype or np.float32, device)


def arange(start, end=None, step=1, requires_grad=False, dtype=None, device="cpu"):
    start, end = (0, start) if end is None else (start, end)
    array = np.arange(start, end, step)
    if dtype is None:
        dtype = np.float32 if array.dtype.kind == "f" else np.int64
    return Tensor(array, requires_grad, dtype, device)


def cat(tensors, dim=0):
    tensors = [as_tensor(t) for t in tensors]
    try:
        floats = [t.dtype for t in tensors if t.dtype.kind == "f"]
        dtype = np.result_type(*(floats or [t.dtype for t in tensors]))
        Y = np.concatenate([t.data for t in tensors], dim, dtype=dtype)
    except ValueError as fault:
        raise RuntimeError(f"cat: {fault}") from None

    def back(g):
        for t, part in zip(tensors, np.split(g, np.cumsum([t.shape[dim] for t in tensors])[:-1], dim)):
            t._receive(part)

    return record(Y, tensors, back)


def stack(tensors, dim=0):
    return cat([as_tensor(t).unsqueeze(dim) for t in tensors], dim)


def where(condition, a, b):
    condition = as_tensor(condition).data
    A, B, a, b = _pair(a, b)

    def back(g):
        if a is not None:
            a._receive(_sum_to(np.where(condition, g, 0), A.shape))
        if b is not None:
            b._receive(_sum_to(np.where(condition, 0, g), B.shape))

    return record(np.where(condition, A, B), (a, b), back)

"""micrograd, but the Values are arrays. Every operation makes `out`, and hangs a closure `_backward` on it."""

import functools
import math
from collections import namedtuple

import numpy as np

_grad_enabled = True
_rng = np.random.default_rng()

Extremum = namedtuple("Extremum", ["values", "indices"])


def rng():
    return _rng


def manual_seed(seed):
    global _rng
    _rng = np.random.default_rng(seed)


class no_grad:
    def __enter__(self):
        global _grad_enabled
        # one object may be entered again (decorator), so keep a stack
        if not hasattr(self, "before"):
            self.before = []
        self.before.append(_grad_enabled)
        _grad_enabled = False
        return self

    def __exit__(self, kind, fault, trace):
        global _grad_enabled
        _grad_enabled = self.before.pop()

    def __call__(self, function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            with no_grad():
                return function(*args, **kwargs)

        return wrapper


def to_array(data, dtype=None):
    if isinstance(data, Tensor):
        data = data.data
    if isinstance(data, (np.ndarray, np.generic)):
        return np.array(data, dtype=dtype)
    array = np.array(data)
    if dtype is not None:
        return array.astype(dtype)
    if array.dtype.kind == "f":
        return array.astype(np.float32)
    if array.dtype.kind in "iu":
        return array.astype(np.int64)
    return array


def unbroadcast(g, shape):
    """Sums g over the axes that were broadcast, until it has that shape."""
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1 and g.shape[axis] != 1:
            g = g.sum(axis=axis, keepdims=True)
    return g


def shape_of(shape):
    if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
        shape = shape[0]
    return tuple(int(s) for s in shape)


def floating(array):
    return array if array.dtype.kind == "f" else array.astype(np.float32)


def sigmoid(a):
    return 0.5 * (1 + np.tanh(0.5 * a))


class Tensor:
    __array_ufunc__ = None

    def __init__(self, data, requires_grad=False, dtype=None, device="cpu"):
        if device != "cpu":
            raise RuntimeError(f"no device {device}")
        self.data = to_array(data, dtype)
        if requires_grad and self.data.dtype.kind != "f":
            raise RuntimeError("only floating tensors can require gradients")
        self.grad = None
        self.requires_grad = requires_grad
        self._g = None
        self._prev = ()
        self._op = ""
        self._backward = None

    @staticmethod
    def _make(data, children=(), op=""):
        out = Tensor.__new__(Tensor)
        out.data = np.asarray(data)
        out.grad = None
        out._g = None
        out._backward = None
        out.requires_grad = _grad_enabled and out.data.dtype.kind == "f" and any(c.requires_grad for c in children)
        out._prev = tuple(c for c in children if c.requires_grad) if out.requires_grad else ()
        out._op = op if out.requires_grad else ""
        return out

    def _take(self, g):
        """Somebody hands g on to me."""
        if not self.requires_grad:
            return
        g = unbroadcast(np.asarray(g), self.data.shape).astype(self.data.dtype, copy=False)
        self._g = g if self._g is None else self._g + g

    # what it is

    @property
    def shape(self):
        return self.data.shape

    @property
    def ndim(self):
        return self.data.ndim

    @property
    def dtype(self):
        return self.data.dtype

    @property
    def device(self):
        return "cpu"

    @property
    def is_leaf(self):
        return self._op == ""

    def size(self, dim=None):
        return self.shape if dim is None else self.shape[dim]

    def numel(self):
        return self.data.size

    def __len__(self):
        if self.ndim == 0:
            raise TypeError("len() of a number")
        return self.shape[0]

    def __repr__(self):
        extra = ", requires_grad=True" if self.requires_grad else ""
        return f"tensor({self.data.tolist()}{extra})"

    def numpy(self):
        if self.requires_grad:
            raise RuntimeError("requires grad: call .detach().numpy()")
        return self.data

    def item(self):
        if self.data.size != 1:
            raise RuntimeError(f"item() of a tensor with {self.data.size} elements")
        return self.data.item()

    def tolist(self):
        return self.data.tolist()

    def detach(self):
        return Tensor._make(self.data)

    def clone(self):
        out = Tensor._make(self.data.copy(), (self,), "clone")

        def _backward():
            self._take(out._g)

        out._backward = _backward
        return out

    def to(self, target):
        if isinstance(target, str) and target in ("cpu", "cuda"):
            if target == "cuda":
                raise RuntimeError("no CUDA here")
            return self
        if np.dtype(target) == self.dtype:
            return self
        out = Tensor._make(self.data.astype(target), (self,), "to")

        def _backward():
            self._take(out._g)

        out._backward = _backward
        return out

    def float(self):
        return self.to(np.float32)

    def double(self):
        return self.to(np.float64)

    def long(self):
        return self.to(np.int64)

    def requires_grad_(self, requires_grad=True):
        self.requires_grad = requires_grad
        return self

    # arithmetic

    def _other(self, other):
        if isinstance(other, Tensor):
            return other
        if isinstance(other, (int, float)) and self.dtype.kind == "f":
            return Tensor(other, dtype=self.dtype)
        return Tensor(other)

    def _check(self, name, other):
        try:
            np.broadcast_shapes(self.shape, other.shape)
        except ValueError:
            raise RuntimeError(f"{name}: shapes {self.shape} and {other.shape} do not broadcast") from None

    def __add__(self, other):
        other = self._other(other)
        self._check("add", other)
        out = Tensor._make(self.data + other.data, (self, other), "+")

        def _backward():
            self._take(out._g)
            other._take(out._g)

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = self._other(other)
        self._check("mul", other)
        out = Tensor._make(self.data * other.data, (self, other), "*")

        def _backward():
            self._take(out._g * other.data)
            other._take(out._g * self.data)

        out._backward = _backward
        return out

    def __pow__(self, other):
        other = self._other(other)
        self._check("pow", other)
        out = Tensor._make(self.data**other.data, (self, other), "**")

        def _backward():
            a, b = self.data, other.data
            if self.requires_grad:
                with np.errstate(all="ignore"):
                    self._take(np.where(b == 0, 0, out._g * b * a ** (b - 1)))
            if other.requires_grad:
                with np.errstate(all="ignore"):
                    other._take(np.where(a == 0, 0, out._g * out.data * np.log(a)))

        out._backward = _backward
        return out

    def __truediv__(self, other):
        other = self._other(other)
        self._check("div", other)
        out = Tensor._make(floating(self.data) / floating(other.data), (self, other), "/")

        def _backward():
            self._take(out._g / other.data)
            other._take(-out._g * self.data / other.data**2)

        out._backward = _backward
        return out

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-self._other(other))

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rsub__(self, other):
        return self._other(other) + (-self)

    def __rtruediv__(self, other):
        return self._other(other) / self

    def __rpow__(self, other):
        return self._other(other) ** self

    def pow(self, exponent):
        return self**exponent

    def __abs__(self):
        out = Tensor._make(np.abs(self.data), (self,), "abs")

        def _backward():
            self._take(out._g * np.sign(self.data))

        out._backward = _backward
        return out

    def abs(self):
        return abs(self)

    def __matmul__(self, other):
        other = self._other(other)
        try:
            data = self.data @ other.data
        except ValueError:
            raise RuntimeError(f"matmul: shapes {self.shape} and {other.shape} do not fit") from None
        out = Tensor._make(data, (self, other), "@")

        def _backward():
            a, b, g = self.data, other.data, out._g
            if a.ndim == 1:
                a = a[None, :]
                g = np.expand_dims(g, -2 if b.ndim > 1 else -1)
            if b.ndim == 1:
                b = b[:, None]
                if self.ndim > 1:
                    g = np.expand_dims(g, -1)
                else:
                    g = g.reshape(1, 1)
            ga = g @ b.swapaxes(-1, -2)
            gb = a.swapaxes(-1, -2) @ g
            if self.ndim == 1:
                ga = ga.reshape(-1, self.shape[0]).sum(0)
            if other.ndim == 1:
                gb = gb.reshape(-1, other.shape[0], 1).sum(0)[:, 0]
            self._take(ga)
            other._take(gb)

        out._backward = _backward
        return out

    def __rmatmul__(self, other):
        return self._other(other) @ self

    def _pick(self, other, name, better):
        other = self._other(other)
        self._check(name, other)
        wins = better(self.data, other.data)
        same = self.data == other.data
        out = Tensor._make(np.where(wins, self.data, other.data), (self, other), name)

        def _backward():
            share = np.where(same, 0.5, wins).astype(out.dtype)
            self._take(out._g * share)
            other._take(out._g * (1 - share))

        out._backward = _backward
        return out

    def maximum(self, other):
        return self._pick(other, "maximum", np.greater)

    def minimum(self, other):
        return self._pick(other, "minimum", np.less)

    def __eq__(self, other):
        return Tensor._make(self.data == self._other(other).data)

    def __ne__(self, other):
        return Tensor._make(self.data != self._other(other).data)

    def __lt__(self, other):
        return Tensor._make(self.data < self._other(other).data)

    def __le__(self, other):
        return Tensor._make(self.data <= self._other(other).data)

    def __gt__(self, other):
        return Tensor._make(self.data > self._other(other).data)

    def __ge__(self, other):
        return Tensor._make(self.data >= self._other(other).data)

    __hash__ = object.__hash__

    # in place

    def _change(self, values):
        if self.requires_grad and self.is_leaf and _grad_enabled:
            raise RuntimeError("a leaf that requires grad can be changed inside no_grad() only")
        self.data[...] = values
        return self

    def __iadd__(self, other):
        return self._change(self.data + self._other(other).data)

    def __isub__(self, other):
        return self._change(self.data - self._other(other).data)

    def __imul__(self, other):
        return self._change(self.data * self._other(other).data)

    def __itruediv__(self, other):
        return self._change(self.data / self._other(other).data)

    add_ = __iadd__
    sub_ = __isub__
    mul_ = __imul__

    def zero_(self):
        return self._change(0)

    # functions

    def exp(self):
        out = Tensor._make(np.exp(floating(self.data)), (self,), "exp")

        def _backward():
            self._take(out._g * out.data)

        out._backward = _backward
        return out

    def log(self):
        with np.errstate(all="ignore"):
            out = Tensor._make(np.log(floating(self.data)), (self,), "log")

        def _backward():
            self._take(out._g / self.data)

        out._backward = _backward
        return out

    def sqrt(self):
        out = Tensor._make(np.sqrt(floating(self.data)), (self,), "sqrt")

        def _backward():
            self._take(out._g / (2 * out.data))

        out._backward = _backward
        return out

    def tanh(self):
        out = Tensor._make(np.tanh(floating(self.data)), (self,), "tanh")

        def _backward():
            self._take(out._g * (1 - out.data**2))

        out._backward = _backward
        return out

    def sigmoid(self):
        out = Tensor._make(sigmoid(floating(self.data)), (self,), "sigmoid")

        def _backward():
            self._take(out._g * out.data * (1 - out.data))

        out._backward = _backward
        return out

    def relu(self):
        out = Tensor._make(np.maximum(self.data, 0), (self,), "relu")

        def _backward():
            self._take(out._g * (self.data > 0))

        out._backward = _backward
        return out

    def clip(self, min=None, max=None):
        low = -math.inf if min is None else min
        high = math.inf if max is None else max
        out = Tensor._make(np.clip(self.data, min, max), (self,), "clip")

        def _backward():
            self._take(out._g * ((self.data >= low) & (self.data <= high)))

        out._backward = _backward
        return out

    clamp = clip

    def gelu(self, approximate="none"):
        x = floating(self.data)
        if approximate == "tanh":
            c = math.sqrt(2 / math.pi)
            t = np.tanh(c * (x + 0.044715 * x**3))
            out = Tensor._make(0.5 * x * (1 + t), (self,), "gelu")
            slope = 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x)
        else:
            phi = (0.5 * (1 + np.vectorize(math.erf, otypes=[float])(x / math.sqrt(2)))).astype(x.dtype)
            out = Tensor._make(x * phi, (self,), "gelu")
            slope = phi + x * np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)

        def _backward():
            self._take(out._g * slope)

        out._backward = _backward
        return out

    # gradients

    def backward(self, gradient=None, retain_graph=False):
        if not self.requires_grad:
            raise RuntimeError("this tensor does not require grad")
        if gradient is None:
            if self.data.size != 1:
                raise RuntimeError("backward() of several elements needs a gradient")
            gradient = np.ones_like(self.data)
        gradient = to_array(gradient)
        if gradient.shape != self.shape:
            raise RuntimeError(f"the gradient has shape {gradient.shape}, the tensor {self.shape}")

        topo = []
        visited = set()

        def build_topo(v):
            if id(v) not in visited:
                visited.add(id(v))
                for child in v._prev:
                    build_topo(child)
                topo.append(v)

        build_topo(self)
        for v in topo:
            if not v.is_leaf and v._backward is None:
                raise RuntimeError("the graph was freed by an earlier backward: use retain_graph=True")
        self._take(gradient)
        for v in reversed(topo):
            if v._g is None:
                continue
            if v.is_leaf:
                if v.grad is None:
                    v.grad = Tensor(v._g)
                else:
                    v.grad = Tensor(v.grad.data + v._g)
            else:
                v._backward()
            v._g = None
        if not retain_graph:
            for v in topo:
                v._prev = ()
                v._backward = None

    # elements

    @staticmethod
    def _index(index):
        """The index as NumPy takes it, in two parts: the ints first, then all else."""
        parts = list(index) if isinstance(index, tuple) else [index]
        for i, part in enumerate(parts):
            if isinstance(part, Tensor):
                part = part.data
            if isinstance(part, list):
                part = np.array([p.data if isinstance(p, Tensor) else p for p in part])
                if part.size == 0:
                    part = part.astype(np.int64)
            parts[i] = part
        is_int = [isinstance(p, (int, np.integer)) and not isinstance(p, (bool, np.bool_)) for p in parts]
        arrays = [isinstance(p, np.ndarray) for p in parts]
        if not (any(is_int) and any(arrays)):
            return None, tuple(parts)
        first, second = [], []
        for part, an_int, an_array in zip(parts, is_int, arrays):
            if an_int:
                first.append(part)
                continue
            second.append(part)
            if an_array:
                first += [slice(None)] * (part.ndim if part.dtype == bool else 1)
            elif part is Ellipsis:
                first.append(Ellipsis)
            elif part is not None:
                first.append(slice(None))
        return tuple(first), tuple(second)

    def __getitem__(self, index):
        first, second = self._index(index)
        data = self.data if first is None else self.data[first]
        out = Tensor._make(data[second], (self,), "[]")

        def _backward():
            g = np.zeros_like(self.data)
            np.add.at(g if first is None else g[first], second, out._g)
            self._take(g)

        out._backward = _backward
        return out

    def __setitem__(self, index, value):
        if self.requires_grad and self.is_leaf and _grad_enabled:
            raise RuntimeError("a leaf that requires grad can be changed inside no_grad() only")
        first, second = self._index(index)
        data = self.data if first is None else self.data[first]
        data[second] = value.data if isinstance(value, Tensor) else value

    # reductions

    def _axes(self, dim, axis):
        dim = axis if dim is None else dim
        if dim is None:
            return tuple(range(self.ndim))
        dims = dim if isinstance(dim, (tuple, list)) else (dim,)
        for d in dims:
            if not -max(self.ndim, 1) <= d < max(self.ndim, 1):
                raise IndexError(f"there is no axis {d} in a tensor of {self.ndim} axes")
        return tuple(sorted(d % self.ndim for d in dims)) if self.ndim else ()

    def sum(self, dim=None, keepdim=False, axis=None):
        axes = self._axes(dim, axis)
        dtype = self.dtype if self.dtype.kind == "f" else np.int64
        out = Tensor._make(self.data.sum(axis=axes, keepdims=keepdim, dtype=dtype), (self,), "sum")

        def _backward():
            g = out._g if keepdim else np.expand_dims(out._g, axes)
            self._take(np.broadcast_to(g, self.shape))

        out._backward = _backward
        return out

    def _count(self, dim, axis):
        n = 1
        for a in self._axes(dim, axis):
            n *= self.shape[a]
        return n

    def mean(self, dim=None, keepdim=False, axis=None):
        if self.dtype.kind != "f":
            raise RuntimeError(f"mean of {self.dtype}")
        return self.sum(dim, keepdim, axis) / self._count(dim, axis)

    def var(self, dim=None, correction=1, keepdim=False, axis=None, unbiased=None):
        if unbiased is not None:
            correction = int(unbiased)
        centred = self - self.mean(dim, True, axis)
        return (centred * centred).sum(dim, keepdim, axis) / (self._count(dim, axis) - correction)

    def std(self, dim=None, correction=1, keepdim=False, axis=None, unbiased=None):
        return self.var(dim, correction, keepdim, axis, unbiased).sqrt()

    def _extreme(self, dim, keepdim, axis, name):
        dim = axis if dim is None else dim
        if dim is None:
            best = getattr(self.data, name)()
            out = Tensor._make(best, (self,), name)

            def _backward():
                mask = self.data == best
                self._take(out._g * mask / mask.sum())

            out._backward = _backward
            return out
        (d,) = self._axes(dim, None) or (None,)
        where_ = (
            np.expand_dims(getattr(self.data, "arg" + name)(axis=d), d) if d is not None else np.zeros((), np.int64)
        )
        if d is None:
            return Extremum(self.clone(), Tensor(0))
        values = np.take_along_axis(self.data, where_, d)
        out = Tensor._make(values if keepdim else values.squeeze(d), (self,), name)

        def _backward():
            g = np.zeros_like(self.data)
            np.put_along_axis(g, where_, out._g if keepdim else np.expand_dims(out._g, d), d)
            self._take(g)

        out._backward = _backward
        return Extremum(out, Tensor(where_ if keepdim else where_.squeeze(d)))

    def max(self, dim=None, keepdim=False, axis=None):
        return self._extreme(dim, keepdim, axis, "max")

    def min(self, dim=None, keepdim=False, axis=None):
        return self._extreme(dim, keepdim, axis, "min")

    def argmax(self, dim=None, keepdim=False, axis=None):
        dim = axis if dim is None else dim
        return Tensor(np.argmax(self.data, axis=dim, keepdims=keepdim))

    def argmin(self, dim=None, keepdim=False, axis=None):
        dim = axis if dim is None else dim
        return Tensor(np.argmin(self.data, axis=dim, keepdims=keepdim))

    def softmax(self, dim):
        e = np.exp(self.data - self.data.max(axis=dim, keepdims=True))
        out = Tensor._make(e / e.sum(axis=dim, keepdims=True), (self,), "softmax")

        def _backward():
            p, g = out.data, out._g
            self._take(p * (g - (p * g).sum(axis=dim, keepdims=True)))

        out._backward = _backward
        return out

    def log_softmax(self, dim):
        shifted = self.data - self.data.max(axis=dim, keepdims=True)
        out = Tensor._make(shifted - np.log(np.exp(shifted).sum(axis=dim, keepdims=True)), (self,), "log_softmax")

        def _backward():
            g = out._g
            self._take(g - np.exp(out.data) * g.sum(axis=dim, keepdims=True))

        out._backward = _backward
        return out

    # shapes

    def reshape(self, *shape):
        try:
            data = self.data.reshape(shape_of(shape))
        except ValueError:
            raise RuntimeError(f"reshape: {self.shape} has other sizes than {shape_of(shape)}") from None
        out = Tensor._make(data, (self,), "reshape")

        def _backward():
            self._take(out._g.reshape(self.shape))

        out._backward = _backward
        return out

    def view(self, *shape):
        out = self.reshape(*shape)
        if self.data.size and not np.shares_memory(out.data, self.data):
            raise RuntimeError("view: this would need a copy, use reshape")
        return out

    def flatten(self, start_dim=0, end_dim=-1):
        if self.ndim == 0:
            return self.reshape(1)
        start, end = start_dim % self.ndim, end_dim % self.ndim
        middle = 1
        for size in self.shape[start : end + 1]:
            middle *= size
        return self.reshape(self.shape[:start] + (middle,) + self.shape[end + 1 :])

    def transpose(self, dim0, dim1):
        out = Tensor._make(self.data.swapaxes(dim0, dim1), (self,), "transpose")

        def _backward():
            self._take(out._g.swapaxes(dim0, dim1))

        out._backward = _backward
        return out

    def permute(self, *dims):
        dims = tuple(d % self.ndim for d in shape_of(dims))
        out = Tensor._make(self.data.transpose(dims), (self,), "permute")

        def _backward():
            self._take(out._g.transpose(np.argsort(dims)))

        out._backward = _backward
        return out

    @property
    def T(self):
        return self.permute(*reversed(range(self.ndim)))

    def squeeze(self, dim=None):
        if dim is None:
            return self.reshape(tuple(s for s in self.shape if s != 1))
        (dim,) = self._axes(dim, None)
        if self.shape[dim] != 1:
            return self.reshape(self.shape)
        return self.reshape(self.shape[:dim] + self.shape[dim + 1 :])

    def unsqueeze(self, dim):
        if not -self.ndim - 1 <= dim <= self.ndim:
            raise IndexError(f"no place {dim}")
        dim %= self.ndim + 1
        return self.reshape(self.shape[:dim] + (1,) + self.shape[dim:])

    def expand(self, *shape):
        shape = shape_of(shape)
        new = len(shape) - self.ndim
        shape = tuple(self.shape[i - new] if s == -1 else s for i, s in enumerate(shape))
        try:
            data = np.broadcast_to(self.data, shape)
        except ValueError:
            raise RuntimeError(f"expand: {self.shape} to {shape}") from None
        out = Tensor._make(data, (self,), "expand")

        def _backward():
            self._take(out._g)

        out._backward = _backward
        return out


def tensor(data, dtype=None, requires_grad=False, device="cpu"):
    return Tensor(data, requires_grad, dtype, device)


def zeros(*shape, requires_grad=False, dtype=None, device="cpu"):
    return Tensor(np.zeros(shape_of(shape), dtype or np.float32), requires_grad, None, device)


def ones(*shape, requires_grad=False, dtype=None, device="cpu"):
    return Tensor(np.ones(shape_of(shape), dtype or np.float32), requires_grad, None, device)


def randn(*shape, requires_grad=False, dtype=None, device="cpu"):
    return Tensor(_rng.standard_normal(shape_of(shape)), requires_grad, dtype or np.float32, device)


def arange(start, end=None, step=1, requires_grad=False, dtype=None, device="cpu"):
    if end is None:
        start, end = 0, start
    if dtype is None:
        dtype = np.int64 if all(isinstance(v, int) for v in (start, end, step)) else np.float32
    return Tensor(np.arange(start, end, step), requires_grad, dtype, device)


def cat(tensors, dim=0):
    tensors = [t if isinstance(t, Tensor) else Tensor(t) for t in tensors]
    try:
        data = np.concatenate([t.data for t in tensors], axis=dim)
    except ValueError:
        raise RuntimeError(f"cat: shapes {[t.shape for t in tensors]} do not fit") from None
    out = Tensor._make(data, tensors, "cat")

    def _backward():
        ends = np.cumsum([t.shape[dim] for t in tensors])[:-1]
        for t, g in zip(tensors, np.split(out._g, ends, axis=dim)):
            t._take(g)

    out._backward = _backward
    return out


def stack(tensors, dim=0):
    tensors = [t if isinstance(t, Tensor) else Tensor(t) for t in tensors]
    try:
        data = np.stack([t.data for t in tensors], axis=dim)
    except ValueError:
        raise RuntimeError(f"stack: shapes {[t.shape for t in tensors]} differ") from None
    out = Tensor._make(data, tensors, "stack")

    def _backward():
        for i, t in enumerate(tensors):
            t._take(np.take(out._g, i, axis=dim))

    out._backward = _backward
    return out


def where(condition, a, b):
    condition = condition.data if isinstance(condition, Tensor) else np.asarray(condition)
    a = a if isinstance(a, Tensor) else Tensor(a)
    b = b if isinstance(b, Tensor) else Tensor(b)
    try:
        data = np.where(condition, a.data, b.data)
    except ValueError:
        raise RuntimeError(f"where: shapes {condition.shape}, {a.shape} and {b.shape} do not broadcast") from None
    out = Tensor._make(data, (a, b), "where")

    def _backward():
        a._take(np.where(condition, out._g, 0))
        b._take(np.where(condition, 0, out._g))

    out._backward = _backward
    return out

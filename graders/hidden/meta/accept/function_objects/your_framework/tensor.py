"""Tensor: the face of it all. What it computes is in functions.py, how it goes back in autograd.py."""

from __future__ import annotations

import math
import typing

import numpy as np

from . import functions as F
from .autograd import AccumulateGrad, is_grad_enabled, no_grad, run_backward
from .dtypes import KIND, describe, floating, result_type

__all__ = ["Tensor", "no_grad"]


class _Generator:
    rng = np.random.default_rng()


generator = _Generator()


def manual_seed(seed):
    generator.rng = np.random.default_rng(seed)


class ReturnType(typing.NamedTuple):
    values: Tensor
    indices: Tensor


def _check_device(device):
    if device == "cuda":
        raise RuntimeError("device 'cuda' is not available: this framework runs on the CPU")
    if device != "cpu":
        raise RuntimeError(f"unknown device {device!r}")


def _sizes(shape):
    if len(shape) == 1 and not isinstance(shape[0], (int, np.integer)):
        shape = shape[0]
    return tuple(int(size) for size in shape)


def _binary(fn, name, a, b, to_float=False, options=()):
    raw = [x.data if isinstance(x, Tensor) else x for x in (a, b)]
    raw = [np.asarray(x) if isinstance(x, (list, tuple)) else x for x in raw]
    try:
        dtype = result_type(*raw)
    except TypeError:
        return NotImplemented
    if to_float:
        dtype = floating(dtype)
    tensors = [x if isinstance(x, Tensor) else Tensor._wrap(np.asarray(r, dtype)) for x, r in zip((a, b), raw)]
    try:
        arrays = [t.data.astype(dtype, copy=False) for t in tensors]
        # an array that needs no cast is the tensor's own
        return fn.apply(*tensors, arrays=arrays, options=options)
    except ValueError as fault:
        shapes = f"{tensors[0].shape} and {tensors[1].shape}"
        if name == "matmul":
            raise RuntimeError(f"matmul: shapes {shapes} do not fit") from fault
        try:
            np.broadcast_shapes(tensors[0].shape, tensors[1].shape)
        except ValueError:
            raise RuntimeError(f"{name}: shapes {shapes} do not broadcast") from None
        raise RuntimeError(f"{name}: {fault}") from fault


def _unary(fn, a, *options):
    array = a.data.astype(floating(a.dtype), copy=False)
    return fn.apply(a, arrays=[array], options=options)


class Tensor:
    __array_ufunc__ = None

    def __init__(self, data, requires_grad=False, dtype=None, device="cpu"):
        _check_device(device)
        if isinstance(data, Tensor):
            data = data.data
        if isinstance(data, (np.ndarray, np.generic)):
            array = np.array(data, dtype=dtype)
        else:
            array = np.array(data)
            if dtype is not None:
                array = array.astype(dtype)
            elif array.dtype.kind == "f":
                array = array.astype(np.float32)
            elif array.dtype.kind in "iu":
                array = array.astype(np.int64)
        if array.dtype.kind not in KIND:
            raise TypeError(f"cannot make a tensor of {array.dtype}")
        if requires_grad and array.dtype.kind != "f":
            raise RuntimeError("only tensors of floating dtype can require gradients")
        self._setup(array, requires_grad)

    def _setup(self, array, requires_grad=False):
        self.data = array
        self.requires_grad = requires_grad
        self.grad = None
        self.grad_fn = None
        self._version = [0]
        self._accumulate = None

    @classmethod
    def _wrap(cls, array):
        out = Tensor.__new__(Tensor)
        out._setup(array)
        return out

    def _node(self):
        if self.grad_fn is not None:
            return self.grad_fn
        if self._accumulate is None:
            self._accumulate = AccumulateGrad(self)
        return self._accumulate

    # ---- what it is

    shape = property(lambda self: self.data.shape)
    ndim = property(lambda self: self.data.ndim)
    dtype = property(lambda self: self.data.dtype)
    device = property(lambda self: "cpu")
    is_leaf = property(lambda self: self.grad_fn is None)

    def size(self, dim=None):
        return self.shape if dim is None else self.shape[dim]

    def numel(self):
        return self.data.size

    def __len__(self):
        if not self.ndim:
            raise TypeError("len() of a 0-d tensor")
        return self.shape[0]

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __bool__(self):
        return bool(self.item())

    def __int__(self):
        return int(self.item())

    def __float__(self):
        return float(self.item())

    def __repr__(self):
        text = np.array2string(self.data, separator=", ", prefix="tensor(")
        if self.grad_fn is not None:
            return f"tensor({text}, grad_fn=<{type(self.grad_fn).__name__}>)"
        return f"tensor({text}{', requires_grad=True' if self.requires_grad else ''})"

    def numpy(self):
        if self.requires_grad:
            raise RuntimeError(
                "can't call numpy() on a Tensor that requires grad. Use tensor.detach().numpy() instead."
            )
        return self.data

    def item(self):
        if self.data.size != 1:
            raise RuntimeError(f"a Tensor with {self.data.size} elements cannot be converted to a number")
        return self.data.item()

    def tolist(self):
        return self.data.tolist()

    def detach(self):
        out = Tensor._wrap(self.data)
        out._version = self._version
        return out

    def clone(self):
        return F.Clone.apply(self)

    def to(self, target):
        if isinstance(target, str) and target.partition(":")[0] in ("cpu", "cuda"):
            _check_device(target)
            return self
        target = np.dtype(target)
        return self if target == self.dtype else F.Cast.apply(self, options=(target,))

    def float(self):
        return self.to(np.float32)

    def double(self):
        return self.to(np.float64)

    def long(self):
        return self.to(np.int64)

    def requires_grad_(self, requires_grad=True):
        if requires_grad and self.dtype.kind != "f":
            raise RuntimeError("only tensors of floating dtype can require gradients")
        self.requires_grad = requires_grad
        return self

    # ---- arithmetic

    def __add__(self, other):
        return _binary(F.Add, "add", self, other)

    def __radd__(self, other):
        return _binary(F.Add, "add", other, self)

    def __sub__(self, other):
        return _binary(F.Sub, "sub", self, other)

    def __rsub__(self, other):
        return _binary(F.Sub, "sub", other, self)

    def __mul__(self, other):
        return _binary(F.Mul, "mul", self, other)

    def __rmul__(self, other):
        return _binary(F.Mul, "mul", other, self)

    def __truediv__(self, other):
        return _binary(F.Div, "div", self, other, to_float=True)

    def __rtruediv__(self, other):
        return _binary(F.Div, "div", other, self, to_float=True)

    def __pow__(self, other):
        return _binary(F.Pow, "pow", self, other)

    def __rpow__(self, other):
        return _binary(F.Pow, "pow", other, self)

    pow = __pow__

    def __neg__(self):
        return self * -1

    def __abs__(self):
        return F.Abs.apply(self)

    def abs(self):
        return F.Abs.apply(self)

    def __matmul__(self, other):
        return self._matmul(self, other)

    def __rmatmul__(self, other):
        return self._matmul(other, self)

    @staticmethod
    def _matmul(a, b):
        shapes = [np.shape(x.data if isinstance(x, Tensor) else x) for x in (a, b)]
        if not shapes[0] or not shapes[1]:
            raise RuntimeError(f"matmul: shapes {shapes[0]} and {shapes[1]} do not fit")
        return _binary(F.MatMul, "matmul", a, b)

    def maximum(self, other):
        return _binary(F.Larger, "maximum", self, other, options=(1,))

    def minimum(self, other):
        return _binary(F.Larger, "minimum", self, other, options=(-1,))

    def _compare(self, other, ufunc):
        with no_grad():
            raw = other.data if isinstance(other, Tensor) else other
            if raw is None or isinstance(raw, str):
                return NotImplemented
            raw = np.asarray(raw) if isinstance(raw, list) else raw
            dtype = result_type(self.data, raw)
            return Tensor._wrap(np.asarray(ufunc(self.data.astype(dtype), np.asarray(raw, dtype))))

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

    # ---- in place

    def _before(self):
        """What this tensor was, with the same history; then it may be given another."""
        old = Tensor._wrap(self.data)
        old._version = self._version
        old.requires_grad = self.requires_grad
        old.grad_fn = self.grad_fn
        return old

    def _in_place(self, compute):
        if self.requires_grad and self.is_leaf and is_grad_enabled():
            raise RuntimeError("a leaf that requires grad is changed in place: do it inside no_grad()")
        old = self._before()
        if is_grad_enabled():
            old.data = self.data.copy()  # what is saved of it is what it was
            old._version = [0]
        new = compute(old)
        if KIND[new.dtype.kind] > KIND[self.dtype.kind]:
            raise RuntimeError(f"a result of {new.dtype} cannot be put into a tensor of {self.dtype}")
        if new.shape != self.shape:
            raise RuntimeError(f"a result of shape {new.shape} does not fit into {self.shape} in place")
        self.data[...] = new.data
        self._version[0] += 1
        if new.requires_grad:
            self.grad_fn, self.requires_grad = new.to(self.dtype).grad_fn, True
        elif is_grad_enabled():
            self.grad_fn, self.requires_grad = None, False
        return self

    def __iadd__(self, other):
        return self._in_place(lambda t: t + other)

    def __isub__(self, other):
        return self._in_place(lambda t: t - other)

    def __imul__(self, other):
        return self._in_place(lambda t: t * other)

    def __itruediv__(self, other):
        return self._in_place(lambda t: t / other)

    add_, sub_, mul_, div_ = __iadd__, __isub__, __imul__, __itruediv__

    def zero_(self):
        return self._in_place(lambda t: F.Fill.apply(t, options=(0,)))

    # ---- functions

    def exp(self):
        return _unary(F.Exp, self)

    def log(self):
        return _unary(F.Log, self)

    def sqrt(self):
        return _unary(F.Sqrt, self)

    def tanh(self):
        return _unary(F.TanhFn, self)

    def sigmoid(self):
        return _unary(F.SigmoidFn, self)

    def relu(self):
        return F.Relu.apply(self)

    def clip(self, min=None, max=None):
        return F.Clip.apply(self, options=(min, max))

    clamp = clip

    # ---- gradients

    def backward(self, gradient=None, retain_graph=False):
        if not self.requires_grad:
            raise RuntimeError("this tensor does not require grad and has no grad_fn")
        if gradient is None:
            if self.data.size != 1:
                raise RuntimeError("grad can be implicitly created only for tensors of one element")
            gradient = np.ones(self.shape, self.dtype)
        else:
            gradient = np.asarray(gradient.data if isinstance(gradient, Tensor) else gradient, self.dtype)
        if gradient.shape != self.shape:
            raise RuntimeError(f"gradient of shape {gradient.shape} for a tensor of shape {self.shape}")
        run_backward(self, gradient, retain_graph)

    # ---- elements

    @staticmethod
    def _steps(index):
        """The index as a list of NumPy indices, one after the other: ints first if there are arrays as well."""
        parts = index if isinstance(index, tuple) else (index,)
        clean = []
        for part in parts:
            if isinstance(part, Tensor):
                part = part.data
            elif isinstance(part, list):
                part = np.array([p.tolist() if isinstance(p, Tensor) else p for p in part])
                part = part.astype(np.int64) if part.size == 0 else part
            if isinstance(part, np.ndarray) and part.ndim == 0 and part.dtype.kind in "iu":
                part = int(part)
            clean.append(part)
        integers = [isinstance(p, (int, np.integer)) and not isinstance(p, (bool, np.bool_)) for p in clean]
        if not any(integers) or not any(isinstance(p, np.ndarray) for p in clean):
            return [tuple(clean)]
        first = []
        for part, integer in zip(clean, integers):
            if integer or part is Ellipsis:
                first.append(part)
            elif isinstance(part, np.ndarray) and part.dtype == bool:
                first += [slice(None)] * part.ndim
            elif part is not None:
                first.append(slice(None))
        return [tuple(first), tuple(p for p, integer in zip(clean, integers) if not integer)]

    def __getitem__(self, index):
        return F.Index.apply(self, options=(self._steps(index),))

    def __setitem__(self, index, value):
        value = value if isinstance(value, Tensor) else Tensor(value)
        steps = self._steps(index)
        if is_grad_enabled() and (self.requires_grad or value.requires_grad):
            self._in_place(lambda t: F.CopySlices.apply(t, value.to(self.dtype), options=(steps,)))
            return
        if KIND[value.dtype.kind] > KIND[self.dtype.kind] and value.ndim:
            pass  # PyTorch casts here
        try:
            F.put_at(self.data, steps, value.data)
        except ValueError as fault:
            raise RuntimeError(f"a value of shape {value.shape} does not fit: {fault}") from fault
        self._version[0] += 1

    # ---- reductions

    def _axis(self, dim):
        if not isinstance(dim, (int, np.integer)):
            raise TypeError(f"an axis is an int, not {dim!r}")
        n = max(self.ndim, 1)
        if not -n <= dim < n:
            raise IndexError(f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {dim})")
        return int(dim) % n

    def _axes(self, dim, axis):
        dim = axis if dim is None else dim
        if dim is None:
            return tuple(range(self.ndim))
        axes = [self._axis(d) for d in (dim if isinstance(dim, (tuple, list)) else (dim,))]
        return tuple(sorted(axes)) if self.ndim else ()

    def sum(self, dim=None, keepdim=False, axis=None):
        return F.Sum.apply(self, options=(self._axes(dim, axis), keepdim))

    def _floats_only(self, name):
        if self.dtype.kind != "f":
            raise RuntimeError(f"{name}: the dtype should be floating, got {self.dtype}")

    def mean(self, dim=None, keepdim=False, axis=None):
        self._floats_only("mean")
        return F.Mean.apply(self, options=(self._axes(dim, axis), keepdim))

    def var(self, dim=None, correction=1, keepdim=False, axis=None, unbiased=None):
        self._floats_only("var")
        if unbiased is not None:
            correction = int(unbiased)
        return F.Var.apply(self, options=(self._axes(dim, axis), keepdim, correction))

    def std(self, dim=None, correction=1, keepdim=False, axis=None, unbiased=None):
        return self.var(dim, correction, keepdim, axis, unbiased).sqrt()

    def _extreme(self, which, dim, keepdim, axis):
        dim = axis if dim is None else dim
        if dim is None:
            return F.Extreme.apply(self, options=(which,))
        d = self._axis(dim)
        if self.ndim == 0:
            return ReturnType(self.clone(), Tensor(0))
        places = getattr(np, "arg" + which)(self.data, axis=d, keepdims=True)
        values = F.TakeAlong.apply(self, options=(d, places, keepdim))
        return ReturnType(values, Tensor._wrap(places if keepdim else places.squeeze(d)))

    def max(self, dim=None, keepdim=False, axis=None):
        return self._extreme("max", dim, keepdim, axis)

    def min(self, dim=None, keepdim=False, axis=None):
        return self._extreme("min", dim, keepdim, axis)

    def _place(self, ufunc, dim, keepdim, axis):
        dim = axis if dim is None else dim
        if dim is not None:
            dim = self._axis(dim)
        if self.ndim == 0:
            return Tensor(0)
        return Tensor._wrap(np.asarray(ufunc(self.data, axis=dim, keepdims=keepdim)))

    def argmax(self, dim=None, keepdim=False, axis=None):
        return self._place(np.argmax, dim, keepdim, axis)

    def argmin(self, dim=None, keepdim=False, axis=None):
        return self._place(np.argmin, dim, keepdim, axis)

    def softmax(self, dim):
        return _unary(F.SoftmaxFn, self, self._axes(dim, None))

    def log_softmax(self, dim):
        return _unary(F.LogSoftmax, self, self._axes(dim, None))

    # ---- shapes

    def reshape(self, *shape):
        try:
            return F.Reshape.apply(self, options=(_sizes(shape),))
        except ValueError:
            raise RuntimeError(f"shape {_sizes(shape)} is invalid for input of shape {self.shape}") from None

    def view(self, *shape):
        out = self.reshape(*shape)
        if out._version is not self._version and self.numel():
            raise RuntimeError("view: the strides do not allow it; use reshape")
        return out

    def flatten(self, start_dim=0, end_dim=-1):
        start, end = self._axis(start_dim), self._axis(end_dim)
        if start > end:
            raise RuntimeError("flatten: start_dim comes after end_dim")
        size = math.prod(self.shape[start : end + 1])
        return self.reshape(*self.shape[:start], size, *self.shape[end + 1 :])

    def transpose(self, dim0, dim1):
        order = list(range(self.ndim))
        a, b = self._axis(dim0), self._axis(dim1)
        if order:
            order[a], order[b] = order[b], order[a]
        return F.Permute.apply(self, options=(tuple(order),))

    def permute(self, *dims):
        dims = tuple(self._axis(d) for d in _sizes(dims))
        if sorted(dims) != list(range(self.ndim)):
            raise RuntimeError(f"permute: {dims} are not the axes of a tensor of shape {self.shape}")
        return F.Permute.apply(self, options=(dims,))

    @property
    def T(self):
        return F.Permute.apply(self, options=(tuple(reversed(range(self.ndim))),))

    def squeeze(self, dim=None):
        if dim is None:
            return self.reshape([size for size in self.shape if size != 1])
        d = self._axis(dim)
        keep = [size for i, size in enumerate(self.shape) if i != d or size != 1]
        return self.reshape(keep)

    def unsqueeze(self, dim):
        if not -self.ndim - 1 <= dim <= self.ndim:
            raise IndexError(f"unsqueeze: no place {dim} in {self.shape}")
        shape = list(self.shape)
        shape.insert(dim % (self.ndim + 1), 1)
        return self.reshape(shape)

    def expand(self, *shape):
        shape = list(_sizes(shape))
        for i in range(1, min(len(shape), self.ndim) + 1):
            if shape[-i] == -1:
                shape[-i] = self.shape[-i]
        try:
            return F.Expand.apply(self, options=(tuple(shape),))
        except ValueError:
            raise RuntimeError(f"expand: {self.shape} cannot become {tuple(shape)}") from None


def tensor(data, dtype=None, requires_grad=False, device="cpu"):
    return Tensor(data, requires_grad=requires_grad, dtype=dtype, device=device)


def zeros(*shape, requires_grad=False, dtype=None, device="cpu"):
    return Tensor(np.zeros(_sizes(shape), dtype or np.float32), requires_grad, device=device)


def ones(*shape, requires_grad=False, dtype=None, device="cpu"):
    return Tensor(np.ones(_sizes(shape), dtype or np.float32), requires_grad, device=device)


def randn(*shape, requires_grad=False, dtype=None, device="cpu"):
    numbers = generator.rng.standard_normal(_sizes(shape))
    return Tensor(np.asarray(numbers, dtype or np.float32), requires_grad, device=device)


def arange(start, end=None, step=1, requires_grad=False, dtype=None, device="cpu"):
    start, end = (0, start) if end is None else (start, end)
    if dtype is None:
        whole = all(isinstance(v, (int, np.integer)) for v in (start, end, step))
        dtype = np.int64 if whole else np.float32
    return Tensor(np.arange(start, end, step).astype(dtype), requires_grad, device=device)


def _join(fn, tensors, dim, extra):
    tensors = [t if isinstance(t, Tensor) else Tensor(t) for t in tensors]
    if not tensors:
        raise RuntimeError("there is nothing to join")
    n = tensors[0].ndim + extra
    if not -n <= dim < n:
        raise IndexError(f"no axis {dim}")
    dtype = result_type(*(t.data for t in tensors))
    try:
        arrays = [t.data.astype(dtype, copy=False) for t in tensors]
        return fn.apply(*tensors, arrays=arrays, options=(dim % n,))
    except ValueError:
        raise RuntimeError(f"{fn.__name__.lower()}: shapes {[t.shape for t in tensors]} do not fit") from None


def cat(tensors, dim=0):
    return _join(F.Cat, tensors, dim, 0)


def stack(tensors, dim=0):
    return _join(F.Stack, tensors, dim, 1)


def where(condition, a, b):
    condition = condition.data if isinstance(condition, Tensor) else np.asarray(condition)
    return _binary(F.Where, "where", a, b, options=(condition.astype(bool),))


__all__ += ["arange", "cat", "describe", "manual_seed", "ones", "randn", "stack", "tensor", "where", "zeros"]

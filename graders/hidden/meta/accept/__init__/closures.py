# Everything in one module: each operation leaves a function behind that gives its operands their gradients, and layers, losses and norms are put together from operations.
"""your_framework in one file: closures on tensors, gone back through in an order found without recursion."""

import json
import math
import os
import struct
from collections import namedtuple
from types import SimpleNamespace

import numpy as np

from .backend import generator, manual_seed, new_array, result_type
from .interop import _sides, _translator

Extremum = namedtuple("Extremum", "values indices")
recording = [True]


class Tensor:
    """An array, the operands it was computed from, and a function that passes its gradient on to them."""

    __array_ufunc__ = None

    def __init__(self, data, requires_grad=False, dtype=None, device="cpu"):
        if device != "cpu":
            raise RuntimeError("device 'cuda' needs CuPy, which this design does not know")
        array = new_array(data.data if isinstance(data, Tensor) else data, None if dtype is None else np.dtype(dtype))
        self._set(array)
        if requires_grad:
            self.requires_grad_()

    def _set(self, array):
        self.data = np.asarray(array)
        self.grad = self._pending = self._backward = None
        self.requires_grad, self._operands, self._needs, self._version = False, (), (), [0]

    shape = property(lambda self: self.data.shape)
    ndim = property(lambda self: self.data.ndim)
    dtype = property(lambda self: self.data.dtype)
    device = property(lambda self: "cpu")
    is_leaf = property(lambda self: self._backward is None)
    T = property(lambda self: self.permute(*range(self.ndim)[::-1]))

    def size(self, dim=None):
        return self.shape if dim is None else self.shape[dim]

    def numel(self):
        return self.data.size

    def __len__(self):
        if not self.ndim:
            raise TypeError("a tensor without axes has no length")
        return len(self.data)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __hash__(self):
        return id(self)

    def __repr__(self):
        return f"tensor({self.tolist()}{', requires_grad=True' if self.requires_grad else ''})"

    def numpy(self):
        if self.requires_grad:
            raise RuntimeError("it requires grad: call .detach().numpy()")
        return self.data

    def __array__(self, dtype=None, copy=None):
        return np.array(self.numpy(), dtype=dtype)

    def item(self):
        if self.data.size != 1:
            raise RuntimeError(f"item() of shape {self.shape}")
        return self.data.item()

    def tolist(self):
        return self.data.tolist()

    def __bool__(self):
        return bool(self.item())

    def __float__(self):
        return float(self.item())

    def __int__(self):
        return int(self.item())

    __index__ = __int__

    def requires_grad_(self, requires_grad=True):
        if requires_grad and self.dtype.kind != "f":
            raise RuntimeError("only floating tensors can require gradients")
        self.requires_grad = requires_grad
        return self

    def detach(self):
        return operation(self.data, [], None, view_of=self)

    def clone(self):
        return operation(self.data.copy(), [self], lambda g: give(self, g))

    def to(self, target):
        if target == "cpu":
            return self
        if target == "cuda":
            raise RuntimeError("device 'cuda' needs CuPy, which this design does not know")
        dtype = np.dtype(target)
        if dtype == self.dtype:
            return self
        if dtype.kind != "f":
            return operation(self.data.astype(dtype), [], None)
        return operation(self.data.astype(dtype), [self], lambda g: give(self, g))

    def float(self):
        return self.to(np.float32)

    def double(self):
        return self.to(np.float64)

    def long(self):
        return self.to(np.int64)

    # ---- backward

    def backward(self, gradient=None, retain_graph=False):
        if not self.requires_grad:
            raise RuntimeError("this tensor requires no grad")
        if gradient is None:
            if self.data.size != 1:
                raise RuntimeError("grad can be implicitly created only for scalar outputs")
            gradient = np.ones_like(self.data)
        gradient = gradient.data if isinstance(gradient, Tensor) else np.asarray(gradient)
        if gradient.shape != self.shape:
            raise RuntimeError(f"a gradient of shape {gradient.shape} for a tensor of shape {self.shape}")
        order, met, stack = [], set(), [(self, False)]
        while stack:
            tensor, finished = stack.pop()
            if finished:
                order.append(tensor)
            elif id(tensor) not in met:
                met.add(id(tensor))
                stack.append((tensor, True))
                stack += [(operand, False) for operand in tensor._operands if operand.requires_grad]
        give(self, gradient)
        try:
            with np.errstate(all="ignore"):
                while order:
                    tensor = order.pop()
                    g, tensor._pending = tensor._pending, None
                    if tensor._backward is None:
                        if tensor.grad is None:
                            tensor.grad = Tensor(g)
                        else:
                            tensor.grad.data = tensor.grad.data + g
                        continue
                    if tensor._backward is freed:
                        raise RuntimeError("the graph was freed: the first backward needs retain_graph=True")
                    if any(version[0] != then for version, then in tensor._needs):
                        raise RuntimeError("a value needed here has been modified by an inplace operation")
                    tensor._backward(g)
                    if not retain_graph:
                        tensor._backward, tensor._operands, tensor._needs = freed, (), ()
        finally:
            for tensor in order:
                tensor._pending = None

    # ---- in place

    def _changing(self):
        if recording[0] and self.requires_grad:
            raise RuntimeError("a tensor that requires grad is changed in place: do it under no_grad()")
        self._version[0] += 1

    def _in_place(self, function, other):
        self._changing()
        try:
            function(self.data, plain(other), out=self.data, casting="same_kind")
        except (TypeError, ValueError) as error:
            raise RuntimeError(f"in place, shapes {self.shape} and {np.shape(plain(other))}: {error}") from None
        return self

    def add_(self, other):
        return self._in_place(np.add, other)

    def sub_(self, other):
        return self._in_place(np.subtract, other)

    def mul_(self, other):
        return self._in_place(np.multiply, other)

    def div_(self, other):
        return self._in_place(np.true_divide, other)

    __iadd__, __isub__, __imul__, __itruediv__ = add_, sub_, mul_, div_

    def zero_(self):
        self._changing()
        self.data[...] = 0
        return self

    def __setitem__(self, index, value):
        self._changing()
        basic, arrays = split(index, self.ndim)
        try:
            if arrays is None:
                self.data[basic] = plain(value)
            else:
                self.data[basic][arrays] = plain(value)
        except ValueError as error:
            raise RuntimeError(str(error)) from None

    # ---- arithmetic

    def __add__(self, other):
        return binary(np.add, self, other, lambda g, x, y: g, lambda g, x, y: g, keep=False)

    def __sub__(self, other):
        return binary(np.subtract, self, other, lambda g, x, y: g, lambda g, x, y: -g, keep=False)

    def __rsub__(self, other):
        return binary(np.subtract, other, self, lambda g, x, y: g, lambda g, x, y: -g, keep=False)

    def __mul__(self, other):
        return binary(np.multiply, self, other, lambda g, x, y: g * y, lambda g, x, y: g * x)

    def __truediv__(self, other):
        return divided(self, other)

    def __rtruediv__(self, other):
        return divided(other, self)

    def __pow__(self, other):
        return power(self, other)

    def __rpow__(self, other):
        return power(other, self)

    def __matmul__(self, other):
        return product(self, other)

    def __rmatmul__(self, other):
        return product(other, self)

    __radd__, __rmul__, add, sub, mul, div, pow, matmul = (
        __add__, __mul__, __add__, __sub__, __mul__, __truediv__, __pow__, __matmul__,
    )  # fmt: skip

    def maximum(self, other):
        def half(g, x, y):
            return g * (x > y) + g * (x == y) / 2

        return binary(np.maximum, self, other, half, lambda g, x, y: half(g, y, x))

    def minimum(self, other):
        def half(g, x, y):
            return g * (x < y) + g * (x == y) / 2

        return binary(np.minimum, self, other, half, lambda g, x, y: half(g, y, x))

    def __neg__(self):
        return operation(-self.data, [self], lambda g: give(self, -g))

    def __abs__(self):
        return self._each(np.abs, lambda g, x, z: g * np.sign(x), whole=True)

    abs = __abs__

    def _each(self, function, rule, whole=False):
        a = self if whole or self.dtype.kind == "f" else self.float()
        x = a.data
        with np.errstate(all="ignore"):
            z = np.asarray(function(x))
        out = operation(z, [a], lambda g: give(a, rule(g, x, z)))
        out._needs = [(a._version, a._version[0]), (out._version, 0)]
        return out

    def exp(self):
        return self._each(np.exp, lambda g, x, z: g * z)

    def log(self):
        return self._each(np.log, lambda g, x, z: g / x)

    def sqrt(self):
        return self._each(np.sqrt, lambda g, x, z: g / (2 * z))

    def tanh(self):
        return self._each(np.tanh, lambda g, x, z: g * (1 - z * z))

    def sigmoid(self):
        return self._each(lambda x: 1 / (1 + np.exp(-x)), lambda g, x, z: g * z * (1 - z))

    def relu(self):
        return self._each(lambda x: np.maximum(x, 0), lambda g, x, z: g * (x > 0), whole=True)

    def clip(self, min=None, max=None):
        def rule(g, x, z):
            return g * ((x >= (-np.inf if min is None else min)) & (x <= (np.inf if max is None else max)))

        return self._each(lambda x: np.clip(x, min, max), rule, whole=True)

    clamp = clip

    def softmax(self, dim):
        def value(x):
            e = np.exp(x - x.max(dim, keepdims=True))
            return e / e.sum(dim, keepdims=True)

        return self._each(value, lambda g, x, z: z * (g - (g * z).sum(dim, keepdims=True)))

    def log_softmax(self, dim):
        shifted = self - Tensor(self.data.max(dim, keepdims=True))
        return shifted - shifted.exp().sum(dim, keepdim=True).log()

    # ---- reductions

    def sum(self, dim=None, keepdim=False, *, axis=None):
        dims = every(dim if axis is None else axis, self.ndim)
        shape = tuple(1 if i in dims else n for i, n in enumerate(self.shape))
        z = self.data.sum(dims, dtype=None if self.dtype.kind == "f" else np.int64, keepdims=keepdim)
        full = self.shape
        return operation(z, [self], lambda g: give(self, np.broadcast_to(g.reshape(shape), full)))

    def mean(self, dim=None, keepdim=False, *, axis=None):
        if self.dtype.kind != "f":
            raise RuntimeError("integers have no mean")
        dims = every(dim if axis is None else axis, self.ndim)
        return self.sum(dims, keepdim) / math.prod(self.shape[i] for i in dims)

    def var(self, dim=None, correction=1, keepdim=False, *, axis=None, unbiased=None):
        dims = every(dim if axis is None else axis, self.ndim)
        freedom = math.prod(self.shape[i] for i in dims) - (correction if unbiased is None else int(unbiased))
        away = self - self.mean(dims, keepdim=True)
        return (away * away).sum(dims, keepdim) / max(freedom, 0)

    def std(self, dim=None, correction=1, keepdim=False, *, axis=None, unbiased=None):
        return self.var(dim, correction, keepdim, axis=axis, unbiased=unbiased).sqrt()

    def _extreme(self, function, argument, dim, keepdim):
        x = self.data
        if dim is None:
            z = function(x)

            def back(g):
                give(self, g * (x == z) / (x == z).sum())

            return operation(z, [self], back, needs=[self])
        places = np.expand_dims(argument(x, dim), dim)

        def backward(g):
            out = np.zeros(x.shape, g.dtype)
            np.put_along_axis(out, places, g if keepdim else np.expand_dims(g, dim), dim)
            give(self, out)

        z = np.take_along_axis(x, places, dim)
        z, indices = (z, places) if keepdim else (z.squeeze(dim), places.squeeze(dim))
        return Extremum(operation(z, [self], backward), operation(indices, [], None))

    def max(self, dim=None, keepdim=False, *, axis=None):
        return self._extreme(np.max, np.argmax, dim if axis is None else axis, keepdim)

    def min(self, dim=None, keepdim=False, *, axis=None):
        return self._extreme(np.min, np.argmin, dim if axis is None else axis, keepdim)

    def argmax(self, dim=None, keepdim=False, *, axis=None):
        return operation(np.argmax(self.data, dim if axis is None else axis, keepdims=keepdim), [], None)

    def argmin(self, dim=None, keepdim=False, *, axis=None):
        return operation(np.argmin(self.data, dim if axis is None else axis, keepdims=keepdim), [], None)

    # ---- shapes

    def reshape(self, *shape):
        shape, before = listed(shape), self.shape
        try:
            z = self.data.reshape(shape)
        except ValueError:
            raise RuntimeError(f"reshape: {before} cannot become {shape}") from None
        shared = self if np.shares_memory(z, self.data) else None
        return operation(z, [self], lambda g: give(self, g.reshape(before)), view_of=shared)

    def view(self, *shape):
        z = self.reshape(*shape)
        if self.data.size and not np.shares_memory(z.data, self.data):
            raise RuntimeError(f"view: {self.shape} cannot be seen as {listed(shape)} without a copy")
        return z

    def permute(self, *dims):
        dims = listed(dims)
        try:
            z = self.data.transpose(dims)
        except np.exceptions.AxisError:
            raise
        except ValueError as error:
            raise RuntimeError(f"permute: {error}") from None
        back = np.argsort([d % self.ndim for d in dims])
        return operation(z, [self], lambda g: give(self, g.transpose(back)), view_of=self)

    def transpose(self, dim0, dim1):
        z = self.data.swapaxes(dim0, dim1)
        return operation(z, [self], lambda g: give(self, g.swapaxes(dim0, dim1)), view_of=self)

    def flatten(self, start_dim=0, end_dim=-1):
        if not self.ndim:
            return self.reshape(1)
        start, end = start_dim % self.ndim, end_dim % self.ndim
        joined = math.prod(self.shape[start : end + 1])
        return self.reshape(*self.shape[:start], joined, *self.shape[end + 1 :])

    def squeeze(self, dim=None):
        gone = range(self.ndim) if dim is None else every(dim, self.ndim)
        return self.reshape(tuple(n for i, n in enumerate(self.shape) if i not in gone or n != 1))

    def unsqueeze(self, dim):
        return self.reshape(np.expand_dims(self.data, dim).shape)

    def expand(self, *shape):
        shape = listed(shape)
        lead = len(shape) - self.ndim
        full = tuple(self.shape[i - lead] if n == -1 else n for i, n in enumerate(shape))
        try:
            z = np.broadcast_to(self.data, full)
        except ValueError:
            raise RuntimeError(f"expand: {self.shape} cannot be expanded to {shape}") from None
        return operation(z, [self], lambda g: give(self, g), view_of=self)

    def __getitem__(self, index):
        basic, arrays = split(index, self.ndim)
        part, shape = self.data[basic], self.shape

        def backward(g):
            out = np.zeros(shape, g.dtype)
            if arrays is None:
                out[basic] = g
            else:
                np.add.at(out[basic], arrays, g)
            give(self, out)

        if arrays is None:
            return operation(part, [self], backward, view_of=self)
        return operation(part[arrays], [self], backward)


def comparison(function):
    """A method that compares element by element."""

    def compare(self, other):
        if other is None or isinstance(other, str):
            return NotImplemented
        return binary(function, self, other, None, None, keep=False)

    return compare


for _name, _function in {
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
    "and": np.bitwise_and, "or": np.bitwise_or,
}.items():  # fmt: skip
    setattr(Tensor, f"__{_name}__", comparison(_function))


# ---------------------------------------------------------------------------------------------- the machine


def freed(g):
    """Stands for the function of a result whose graph was let go."""


def operation(data, operands, backward, needs=(), view_of=None):
    """A result; backward(g) gives its operands their gradients. `needs`: the tensors whose values that takes."""
    out = Tensor.__new__(Tensor)
    out._set(data)
    if view_of is not None:
        out._version = view_of._version
    if recording[0] and any(operand.requires_grad for operand in operands):
        out.requires_grad, out._operands, out._backward = True, tuple(operands), backward
        out._needs = [(tensor._version, tensor._version[0]) for tensor in needs]
    return out


def give(tensor, g):
    """Add to the gradient that a tensor has been given so far, summed over what was repeated."""
    if not tensor.requires_grad:
        return
    g = np.asarray(g)
    if g.shape != tensor.shape:
        g = g.sum(tuple(range(g.ndim - tensor.ndim)))
        ones = tuple(i for i, n in enumerate(tensor.shape) if n == 1 and g.shape[i] != 1)
        g = g.sum(ones, keepdims=True)
    g = g.astype(tensor.dtype, copy=False)
    tensor._pending = g if tensor._pending is None else tensor._pending + g


def plain(value):
    return value.data if isinstance(value, Tensor) else value


def tensors(*operands):
    """Operands as tensors of the dtype in which they meet."""
    operands = [each.item() if isinstance(each, np.generic) else each for each in operands]
    operands = [Tensor(each) if isinstance(each, np.ndarray) else each for each in operands]
    dtype = result_type(*operands)
    return [each.to(dtype) if isinstance(each, Tensor) else Tensor(each, dtype=dtype) for each in operands]


def applied(function, a, b):
    try:
        with np.errstate(all="ignore"):
            return function(a.data, b.data)
    except (ValueError, TypeError) as error:
        raise RuntimeError(f"{function.__name__} of shapes {a.shape} and {b.shape}: {error}") from None


def binary(function, a, b, rule_a, rule_b, keep=True):
    """An operation of two operands that broadcast."""
    a, b = tensors(a, b)
    z = applied(function, a, b)
    if rule_a is None:
        return operation(z, [], None)

    def backward(g):
        for operand, rule in ((a, rule_a), (b, rule_b)):
            if operand.requires_grad:
                give(operand, rule(g, a.data, b.data))

    return operation(z, [a, b], backward, needs=[a, b] if keep else [])


def divided(a, b):
    a, b = tensors(a, b)
    if a.dtype.kind != "f":
        a, b = a.float(), b.float()
    return binary(np.divide, a, b, lambda g, x, y: g / y, lambda g, x, y: -g * (x / y) / y)


def power(a, b):
    return binary(
        np.power,
        a,
        b,
        lambda g, x, y: np.where(y == 0, 0, g * y * x ** (y - 1)),
        lambda g, x, y: g * np.where((x == 0) & (y >= 0), 0, x**y * np.log(x)),
    )


def product(a, b):
    """Matrix product; vectors become matrices for its time."""
    a, b = tensors(a, b)
    if not a.ndim or not b.ndim or a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        raise RuntimeError(f"matmul: shapes {a.shape} and {b.shape} do not fit")
    if a.ndim == 1:
        return product(a.unsqueeze(0), b).squeeze(-2 if b.ndim > 1 else 0)
    if b.ndim == 1:
        return product(a, b.unsqueeze(1)).squeeze(-1)

    def backward(g):
        if a.requires_grad:
            give(a, g @ b.data.swapaxes(-1, -2))
        if b.requires_grad:
            give(b, a.data.swapaxes(-1, -2) @ g)

    return operation(applied(np.matmul, a, b), [a, b], backward, needs=[a, b])


def every(dim, ndim):
    """Dimensions as a tuple of numbers from the front; all of them for None."""
    if dim is None or dim == () or dim == []:
        return tuple(range(ndim))
    dims = dim if isinstance(dim, (tuple, list)) else (dim,)
    return tuple(range(max(ndim, 1))[d] for d in dims) if ndim else ()


def listed(shape):
    return tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape


def split(index, ndim):
    """Of an index what NumPy does with views, and what arrays of indices do to what that leaves, or None."""
    entries = []
    for entry in index if isinstance(index, tuple) else (index,):
        entry = np.asarray(plain(entry)) if isinstance(entry, (Tensor, list, np.ndarray)) else entry
        if isinstance(entry, np.ndarray):
            entry = entry.astype(np.int64) if not entry.size and entry.dtype.kind == "f" else entry
            entry = int(entry) if entry.ndim == 0 and entry.dtype.kind != "b" else entry
        entries.append(entry)
    if not any(isinstance(entry, np.ndarray) for entry in entries):
        return (*entries, *([] if any(entry is ... for entry in entries) else [...])), None
    taken = [
        0 if e is None or e is ... else e.ndim if isinstance(e, np.ndarray) and e.dtype.kind == "b" else 1
        for e in entries
    ]
    if not any(entry is ... for entry in entries):
        entries.append(...)
    basic, arrays = [], []
    for entry, count in zip(entries, [*taken, 0], strict=False):
        if entry is ...:
            basic += [slice(None)] * (ndim - sum(taken))
            arrays += [slice(None)] * (ndim - sum(taken))
        elif isinstance(entry, np.ndarray):
            basic += [slice(None)] * count
            arrays.append(entry)
        else:
            basic.append(entry)
            arrays += [slice(None)] * (entry is None or isinstance(entry, slice))
    return (*basic, ...), tuple(arrays)


class no_grad:
    """Nothing is recorded inside; as a decorator too."""

    def __enter__(self):
        self.before = recording[0]
        recording[0] = False

    def __exit__(self, *error):
        recording[0] = self.before

    def __call__(self, function):
        def quietly(*args, **kwargs):
            with no_grad():
                return function(*args, **kwargs)

        return quietly


def tensor(data, dtype=None, requires_grad=False):
    return Tensor(data, requires_grad, dtype)


def zeros(*shape, requires_grad=False, dtype=np.float32):
    return Tensor(np.zeros(listed(shape)), requires_grad, dtype)


def ones(*shape, requires_grad=False, dtype=np.float32):
    return Tensor(np.ones(listed(shape)), requires_grad, dtype)


def randn(*shape, requires_grad=False, dtype=np.float32):
    return Tensor(generator.standard_normal(listed(shape)), requires_grad, dtype)


def arange(start, end=None, step=1, requires_grad=False, dtype=None):
    start, end = (0, start) if end is None else (start, end)
    floating = any(isinstance(each, float) for each in (start, end, step))
    return Tensor(np.arange(start, end, step), requires_grad, dtype or (np.float32 if floating else np.int64))


def cat(parts, dim=0):
    parts = tensors(*[each if isinstance(each, Tensor) else Tensor(each) for each in parts]) if len(parts) else []
    try:
        z = np.concatenate([each.data for each in parts], dim)
    except np.exceptions.AxisError:
        raise
    except ValueError as error:
        raise RuntimeError(f"cat of shapes {[each.shape for each in parts]}: {error}") from None

    def backward(g):
        for part, share in zip(
            parts, np.split(g, np.cumsum([each.shape[dim] for each in parts])[:-1], dim), strict=True
        ):
            give(part, share)

    return operation(z, parts, backward)


def stack(parts, dim=0):
    return cat([(each if isinstance(each, Tensor) else Tensor(each)).unsqueeze(dim) for each in parts], dim)


def where(condition, a, b):
    c = plain(condition)
    a, b = tensors(a, b)
    try:
        z = np.where(c, a.data, b.data)
    except ValueError as error:
        raise RuntimeError(f"where of shapes {c.shape}, {a.shape}, {b.shape}: {error}") from None

    def backward(g):
        give(a, np.where(c, g, 0))
        give(b, np.where(c, 0, g))

    return operation(z, [a, b], backward, needs=[condition] if isinstance(condition, Tensor) else [])


# ------------------------------------------------------------------------------------------------- modules


class Parameter(Tensor):
    """A tensor that a module holds and trains."""

    def __init__(self, data, requires_grad=True, dtype=None):
        super().__init__(data, requires_grad, dtype)


class Module:
    """What holds parameters and modules in its attributes."""

    training = True
    _buffers = ()

    def __call__(self, *args, **kwargs):
        return self.forward(*[Tensor(arg) if isinstance(arg, np.ndarray) else arg for arg in args], **kwargs)

    def register_buffer(self, name, value):
        self._buffers = (*self._buffers, name)
        setattr(self, name, value if value is None or isinstance(value, Tensor) else Tensor(value))

    def named_children(self):
        return [(name, value) for name, value in self.__dict__.items() if isinstance(value, Module)]

    def children(self):
        return [child for _, child in self.named_children()]

    def _all(self, prefix=""):
        found = [(prefix, self)]
        for name, child in self.named_children():
            found += child._all(f"{prefix}.{name}".strip("."))
        return found

    def named_modules(self):
        return list({id(module): (name, module) for name, module in self._all()[::-1]}.values())[::-1]

    def modules(self):
        return [module for _, module in self.named_modules()]

    def _held(self):
        for prefix, module in self._all():
            for name, value in module.__dict__.items():
                if isinstance(value, Parameter) or (name in module._buffers and value is not None):
                    yield f"{prefix}.{name}".strip("."), value

    def named_parameters(self):
        held = [(name, value) for name, value in self._held() if isinstance(value, Parameter)]
        return list({id(value): (name, value) for name, value in held[::-1]}.values())[::-1]

    def parameters(self):
        return [parameter for _, parameter in self.named_parameters()]

    def state_dict(self):
        return {name: value.detach() for name, value in self._held()}

    def load_state_dict(self, state, strict=True):
        held = dict(self._held())
        missing, unexpected = [n for n in held if n not in state], [n for n in state if n not in held]
        arrays = {}
        for name in held.keys() & state.keys():
            value = state[name].detach() if hasattr(state[name], "detach") else state[name]
            arrays[name] = value.data if isinstance(value, Tensor) else np.asarray(value)
        misshaped = [f"{n} {a.shape}, not {held[n].shape}" for n, a in arrays.items() if a.shape != held[n].shape]
        if misshaped or (strict and (missing or unexpected)):
            raise RuntimeError(f"missing {missing}, unexpected {unexpected}, of another shape {misshaped}")
        for name, array in arrays.items():
            held[name].data[...] = array

    def train(self, mode=True):
        for module in self.modules():
            module.training = mode
        return self

    def eval(self):
        return self.train(False)

    def zero_grad(self):
        for parameter in self.parameters():
            parameter.grad = None

    def to(self, target):
        for _, value in self._held():
            if value.dtype.kind == "f" and target != "cpu":
                value.data = Tensor(value.data).to(target).data
                value.grad = None if value.grad is None else value.grad.to(target)
        return self


class ModuleList(Module):
    def __init__(self, modules=()):
        for module in modules:
            self.append(module)

    def append(self, module):
        setattr(self, str(len(self)), module)
        return self

    def __len__(self):
        return len(self.children())

    def __iter__(self):
        return iter(self.children())

    def __getitem__(self, index):
        return self.children()[index]


class Sequential(ModuleList):
    def __init__(self, *modules):
        super().__init__(modules)

    def forward(self, x):
        for module in self:
            x = module(x)
        return x


def uniform(*shape, inputs):
    bound = 1 / math.sqrt(inputs)
    return Parameter(generator.uniform(-bound, bound, shape), dtype=np.float32)


def two(size):
    return tuple(size) if isinstance(size, (tuple, list)) else (size, size)


class Linear(Module):
    def __init__(self, in_features, out_features, bias=True):
        self.in_features, self.out_features = in_features, out_features
        self.weight = uniform(out_features, in_features, inputs=in_features)
        self.bias = uniform(out_features, inputs=in_features) if bias else None

    def forward(self, x):
        z = x @ self.weight.T
        return z if self.bias is None else z + self.bias


class Conv2d(Module):
    """Every place of the kernel multiplies the pixels it meets: a sum of kh kw products of matrices."""

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True):
        if in_channels % groups or out_channels % groups:
            raise ValueError(f"{in_channels} and {out_channels} channels are not {groups} groups")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride, self.padding, self.dilation = map(two, (kernel_size, stride, padding, dilation))
        inputs = in_channels // groups
        self.weight = uniform(out_channels, inputs, *self.kernel_size, inputs=inputs * math.prod(self.kernel_size))
        self.bias = uniform(out_channels, inputs=inputs * math.prod(self.kernel_size)) if bias else None

    def forward(self, x):
        if x.shape[1] != self.in_channels:
            raise RuntimeError(f"images of shape {x.shape} for weights of shape {self.weight.shape}")
        total = None
        for i, j, seen in windows(x, self.kernel_size, self.stride, self.padding, self.dilation):
            n, c, h, w = seen.shape
            pixels = seen.reshape(n, self.groups, c // self.groups, h * w)
            weights = self.weight[:, :, i, j].reshape(self.groups, -1, c // self.groups)
            part = (weights @ pixels).reshape(n, -1, h, w)
            total = part if total is None else total + part
        return total if self.bias is None else total + self.bias.reshape(-1, 1, 1)


Conv2D = Conv2d


def windows(x, kernel, stride, padding, dilation, value=0.0):
    """(i, j, the pixels that this place of the kernel meets) for every place."""
    (p, q), (s, t), (d, e) = padding, stride, dilation
    height, width = x.shape[-2] + 2 * p, x.shape[-1] + 2 * q
    h, w = (height - d * (kernel[0] - 1) - 1) // s + 1, (width - e * (kernel[1] - 1) - 1) // t + 1
    if h < 1 or w < 1:
        raise RuntimeError(f"no window of shape {kernel} in images of shape {x.shape}")
    if p:
        edge = Tensor(np.full((*x.shape[:-2], p, x.shape[-1]), value, x.dtype))
        x = cat([edge, x, edge], -2)
    if q:
        edge = Tensor(np.full((*x.shape[:-1], q), value, x.dtype))
        x = cat([edge, x, edge], -1)
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            yield i, j, x[..., i * d : i * d + s * (h - 1) + 1 : s, j * e : j * e + t * (w - 1) + 1 : t]


class MaxPool2d(Module):
    def __init__(self, kernel_size, stride=None, padding=0, dilation=1):
        self.kernel_size, self.padding, self.dilation = kernel_size, padding, dilation
        self.stride = kernel_size if stride is None else stride

    def forward(self, x):
        sizes = map(two, (self.kernel_size, self.stride, self.padding, self.dilation))
        return stack([seen for _, _, seen in windows(x, *sizes, value=-np.inf)]).max(0).values


class AvgPool2d(Module):
    def __init__(self, kernel_size, stride=None, padding=0, count_include_pad=True):
        self.kernel_size, self.padding, self.count_include_pad = kernel_size, padding, count_include_pad
        self.stride = kernel_size if stride is None else stride

    def forward(self, x):
        sizes = [*map(two, (self.kernel_size, self.stride, self.padding)), (1, 1)]
        mean = stack([seen for _, _, seen in windows(x, *sizes)]).mean(0)
        if self.count_include_pad:
            return mean
        return mean / stack([seen for _, _, seen in windows(Tensor(np.ones_like(x.data)), *sizes)]).mean(0)


class Flatten(Module):
    def __init__(self, start_dim=1, end_dim=-1):
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x):
        return x.flatten(self.start_dim, self.end_dim)


class ReLU(Module):
    def forward(self, x):
        return x.relu()


class Sigmoid(Module):
    def forward(self, x):
        return x.sigmoid()


class Tanh(Module):
    def forward(self, x):
        return x.tanh()


class LeakyReLU(Module):
    def __init__(self, negative_slope=0.01):
        self.negative_slope = negative_slope

    def forward(self, x):
        return where(x > 0, x, x * self.negative_slope)


class ELU(Module):
    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def forward(self, x):
        below = x.clip(max=0)._each(np.expm1, lambda g, a, z: g * (z + 1))
        return where(x > 0, x, below * self.alpha)


class GELU(Module):
    def __init__(self, approximate="none"):
        self.approximate = approximate

    def forward(self, x):
        if self.approximate == "tanh":
            return x * 0.5 * (1 + ((x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)).tanh())
        erf = np.vectorize(math.erf, otypes=[x.dtype])
        slope = 2 / math.sqrt(math.pi)
        return x * 0.5 * (1 + (x * math.sqrt(0.5))._each(erf, lambda g, a, z: g * slope * np.exp(-a * a)))


class Softmax(Module):
    def __init__(self, dim=None):
        self.dim = dim

    def forward(self, x):
        return x.softmax(int(x.ndim not in (0, 1, 3)) if self.dim is None else self.dim)


class Dropout(Module):
    def __init__(self, p=0.5):
        if not 0 <= p <= 1:
            raise ValueError(f"{p} is no probability")
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        kept = generator.uniform(size=x.shape) >= self.p
        return x * Tensor(kept / max(1 - self.p, 1e-9), dtype=x.dtype)


class LayerNorm(Module):
    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True):
        self.normalized_shape, self.eps = listed((normalized_shape,)), eps
        self.weight = Parameter(ones(self.normalized_shape)) if elementwise_affine else None
        self.bias = Parameter(zeros(self.normalized_shape)) if elementwise_affine else None

    def forward(self, x):
        dims = tuple(range(-len(self.normalized_shape), 0))
        z = x - x.mean(dims, keepdim=True)
        z = z / ((z * z).mean(dims, keepdim=True) + self.eps).sqrt()
        return z if self.weight is None else z * self.weight + self.bias


class BatchNorm2d(Module):
    dims = (4,)

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True):
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight = Parameter(ones(num_features)) if affine else None
        self.bias = Parameter(zeros(num_features)) if affine else None
        self.register_buffer("running_mean", zeros(num_features))
        self.register_buffer("running_var", ones(num_features))
        self.register_buffer("num_batches_tracked", Tensor(0))

    def forward(self, x):
        if x.ndim not in self.dims:
            raise ValueError(f"an input of shape {x.shape}")
        row, dims = (1, -1, *[1] * (x.ndim - 2)), (0, *range(2, x.ndim))
        if self.training:
            n = x.numel() // self.num_features
            mean = x.mean(dims, keepdim=True)
            variance = ((x - mean) * (x - mean)).mean(dims, keepdim=True)
            self.num_batches_tracked.data += 1
            for running, new in ((self.running_mean, mean), (self.running_var, variance * (n / (n - 1)))):
                running.data[...] = (1 - self.momentum) * running.data + self.momentum * new.data.reshape(-1)
        else:
            mean, variance = self.running_mean.reshape(row), self.running_var.reshape(row)
        z = (x - mean) / (variance + self.eps).sqrt()
        return z if self.weight is None else z * self.weight.reshape(row) + self.bias.reshape(row)


class BatchNorm1d(BatchNorm2d):
    dims = (2, 3)


class Embedding(Module):
    def __init__(self, num_embeddings, embedding_dim, padding_idx=None):
        self.num_embeddings, self.embedding_dim, self.padding_idx = num_embeddings, embedding_dim, padding_idx
        self.weight = Parameter(randn(num_embeddings, embedding_dim))

    def forward(self, index):
        if (index.data < 0).any():
            raise IndexError("an index below 0")
        return self.weight[index]


# -------------------------------------------------------------------------------------------------- losses


class MSELoss(Module):
    def __init__(self, reduction="mean"):
        if reduction not in ("mean", "sum", "none"):
            raise ValueError(f"there is no reduction {reduction!r}")
        self.reduction = reduction

    def reduced(self, losses):
        return losses if self.reduction == "none" else getattr(losses, self.reduction)()

    def forward(self, input, target):
        return self.reduced((input - target) * (input - target))


class L1Loss(MSELoss):
    def forward(self, input, target):
        return self.reduced(abs(input - target))


class BCEWithLogitsLoss(MSELoss):
    def forward(self, input, target):
        return self.reduced(input.maximum(0) - input * target + ((-abs(input)).exp() + 1).log())


class CrossEntropyLoss(MSELoss):
    def __init__(self, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        super().__init__(reduction)
        self.weight, self.ignore_index, self.smoothing = weight, ignore_index, label_smoothing

    def forward(self, input, target):
        target = np.asarray(plain(target))
        if len(target) != len(input):
            raise ValueError(f"{len(input)} rows, {len(target)} targets")
        counted = target != self.ignore_index
        classes = np.where(counted, target, 0)
        if (classes < 0).any():
            raise IndexError("a class is below 0")
        logs = input.log_softmax(1)
        picked = logs[np.arange(len(target)), classes]
        losses = -picked * (1 - self.smoothing) - logs.mean(1) * self.smoothing
        losses = losses * Tensor(counted, dtype=input.dtype)
        return losses.sum() / int(counted.sum()) if self.reduction == "mean" else self.reduced(losses)


# ---------------------------------------------------------------------------------------------- optimisers


class Optimizer:
    def __init__(self, params, **settings):
        params = list(params)
        if not params:
            raise ValueError("there is nothing to optimise")
        groups = params if isinstance(params[0], dict) else [{"params": params}]
        self.param_groups = [settings | group | {"params": list(group["params"])} for group in groups]
        self.state = {}
        for group in self.param_groups:
            if min(group[n] for n in ("lr", "weight_decay", "momentum", "eps") if n in group) < 0:
                raise ValueError("a setting is below 0")
            if not all(0 <= beta < 1 for beta in group.get("betas", ())):
                raise ValueError(f"betas {group['betas']}")
            if group.get("nesterov") and not group["momentum"]:
                raise ValueError("nesterov without momentum")

    def zero_grad(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.grad = None

    def step(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    own = self.state.setdefault(parameter, {})
                    parameter.data -= self.change(parameter.data, parameter.grad.data, own, **group)
                    parameter._version[0] += 1

    def _numbered(self):
        return [parameter for group in self.param_groups for parameter in group["params"]]

    def state_dict(self):
        own = {i: dict(self.state[p]) for i, p in enumerate(self._numbered()) if p in self.state}
        groups = [{name: value for name, value in group.items() if name != "params"} for group in self.param_groups]
        return {"state": own, "param_groups": groups}

    def load_state_dict(self, state):
        for group, new in zip(self.param_groups, state["param_groups"], strict=True):
            group.update(new)
        numbered = self._numbered()
        self.state = {numbered[i]: {n: np.copy(v) for n, v in own.items()} for i, own in state["state"].items()}


class SGD(Optimizer):
    def __init__(self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False):
        settings = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
        super().__init__(params, **settings, nesterov=nesterov)

    def change(self, p, g, own, *, lr, momentum, dampening, weight_decay, nesterov, **_):
        g = g + weight_decay * p
        if momentum:
            own["b"] = momentum * own["b"] + (1 - dampening) * g if "b" in own else g
            g = g + momentum * own["b"] if nesterov else own["b"]
        return lr * g


class Adam(Optimizer):
    decoupled = False

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0):
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def change(self, p, g, own, *, lr, betas, eps, weight_decay, **_):
        if not self.decoupled:
            g = g + weight_decay * p
        own["t"] = own.get("t", 0) + 1
        own["m"] = betas[0] * own.get("m", 0) + (1 - betas[0]) * g
        own["v"] = betas[1] * own.get("v", 0) + (1 - betas[1]) * g * g
        m, v = own["m"] / (1 - betas[0] ** own["t"]), own["v"] / (1 - betas[1] ** own["t"])
        return (lr * m / (np.sqrt(v) + eps) + (lr * weight_decay * p if self.decoupled else 0)).astype(p.dtype)


class AdamW(Adam):
    decoupled = True

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, lr, betas, eps, weight_decay)


# --------------------------------------------------------------------------------- files, batches, PyTorch

CODES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "I16": "<i2", "I32": "<i4", "I64": "<i8", "F16": "<f2", "F32": "<f4",
    "F64": "<f8",
}  # fmt: skip


def save(state, path):
    state = state.state_dict() if isinstance(state, Module) else state
    header, body = {}, b""
    for name, value in state.items():
        array = np.asarray(plain(value))
        code = next(code for code, kind in CODES.items() if np.dtype(kind) == array.dtype)
        data = array.tobytes()
        offsets = [len(body), len(body) + len(data)]
        header[name], body = {"dtype": code, "shape": array.shape, "data_offsets": offsets}, body + data
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + body)


def load(path):
    with open(path, "rb") as file:
        data = file.read()

    def demand(truth, what):
        if not truth:
            raise ValueError(f"{os.fspath(path)} is no safetensors file: {what}")

    demand(len(data) >= 8, "it has no header")
    (length,) = struct.unpack("<Q", data[:8])
    demand(length <= len(data) - 8, "its header is cut off")
    try:
        header = json.loads(data[8 : 8 + length].decode("utf-8"))
    except ValueError:
        header = None
    demand(isinstance(header, dict), "its header is no JSON")
    header.pop("__metadata__", None)
    body, found, spans = data[8 + length :], {}, []
    for name, entry in header.items():
        demand(isinstance(entry, dict) and {"dtype", "shape", "data_offsets"} <= entry.keys(), f"entry {name}")
        shape, offsets = entry["shape"], entry["data_offsets"]
        demand(entry["dtype"] in CODES and isinstance(shape, list) and isinstance(offsets, list), f"entry {name}")
        demand(all(type(n) is int and n >= 0 for n in [*shape, *offsets]) and len(offsets) == 2, f"numbers of {name}")
        kind, (start, stop) = np.dtype(CODES[entry["dtype"]]), offsets
        demand(stop - start == math.prod(shape) * kind.itemsize and stop <= len(body), f"bytes of {name}")
        found[name] = np.frombuffer(body[start:stop], kind).reshape(shape).copy()
        spans.append((start, stop))
    spans.sort()
    edges = [0, *[stop for _, stop in spans]]
    demand(all(s == before for (s, _), before in zip(spans, edges, strict=False)), "arrays overlap, or leave holes")
    demand(edges[-1] == len(body), "bytes that belong to no array")
    return found


class DataLoader:
    def __init__(self, dataset, batch_size=1, shuffle=False, drop_last=False):
        if batch_size < 1:
            raise ValueError(f"batch_size {batch_size}")
        if isinstance(dataset, tuple):
            if len({len(column) for column in dataset}) > 1:
                raise ValueError("columns of different lengths")
            dataset = [tuple(plain(column)[i] for column in dataset) for i in range(len(dataset[0]))]
        self.samples, self.batch_size, self.shuffle, self.drop_last = dataset, batch_size, shuffle, drop_last

    def __len__(self):
        whole, rest = divmod(len(self.samples), self.batch_size)
        return whole + bool(rest and not self.drop_last)

    def __iter__(self):
        order = list(range(len(self.samples)))
        if self.shuffle:
            generator.shuffle(order)
        for batch in range(len(self)):
            rows = [self.samples[i] for i in order[batch * self.batch_size : (batch + 1) * self.batch_size]]
            yield tuple(Tensor(np.stack([plain(each) for each in column])) for column in zip(*rows, strict=True))


def _both():
    mine = SimpleNamespace(Module=Module, Parameter=Parameter, Tensor=Tensor, tensor=tensor, package=__package__)
    mine.layers = globals()
    return mine, _sides()[1]


def from_torch(source):
    ours, theirs = _both()
    return _translator(theirs, ours)(source)


def to_torch(source):
    ours, theirs = _both()
    return _translator(ours, theirs)(source)

# Everything in one module: a Function class for each operation, with a forward and a backward that share a context, and a graph of their nodes.
"""your_framework in one file: Function classes, as in torch.autograd, and no closures."""

from collections import namedtuple
from numpy.lib.stride_tricks import as_strided
import contextlib
import copy
import heapq
import itertools
import json
import math
import numpy as np
import os
import struct

_counter = itertools.count(1)
_grad_enabled = True
_generator = np.random.default_rng()


def generator():
    return _generator


def manual_seed(seed):
    global _generator
    _generator = np.random.default_rng(int(seed) % 2**64)


class no_grad:
    def __enter__(self):
        global _grad_enabled
        self._before = [*getattr(self, "_before", ()), _grad_enabled]
        _grad_enabled = False
        return self

    def __exit__(self, kind, fault, trace):
        global _grad_enabled
        _grad_enabled = self._before.pop()

    def __call__(self, function):
        import functools

        @functools.wraps(function)
        def inside(*arguments, **options):
            with no_grad():
                return function(*arguments, **options)

        return inside


# ------------------------------------------------------------------------------------------------- dtypes and data


def _dtype(dtype):
    dtype = np.dtype(dtype).newbyteorder("=")
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        raise TypeError(f"a tensor cannot have the dtype {dtype}")
    return dtype


def _plain(data):
    """Whether nested lists hold Python numbers only; Tensors and NumPy's things bring their own dtype."""
    if isinstance(data, (list, tuple)):
        return all(map(_plain, data))
    return not isinstance(data, (np.generic, np.ndarray, Tensor))


def _unwrap(data):
    if isinstance(data, (list, tuple)):
        return [_unwrap(each) for each in data]
    return data.data if isinstance(data, Tensor) else data


def _array(data, dtype=None):
    """A fresh array of data, C-contiguous."""
    if isinstance(data, Tensor):
        array = data.data
    elif isinstance(data, (np.ndarray, np.generic)):
        array = np.asarray(data)
    elif isinstance(data, (bool, int, float, list, tuple)):
        array = np.array(_unwrap(data))
        if array.dtype.kind == "f" and _plain(data):
            if dtype is None:
                array = array.astype(np.float32)
        elif array.dtype.kind in "iu" and _plain(data):
            if array.dtype.kind == "u":
                raise RuntimeError("an integer is too large for int64")
            array = array.astype(np.int64)
    else:
        raise TypeError(f"a tensor cannot be made of a {type(data).__name__}")
    dtype = _dtype(array.dtype if dtype is None else dtype)
    return np.array(array, dtype=dtype, order="C", copy=True)


def _device(device):
    if device == "cpu":
        return
    if isinstance(device, str) and device.startswith("cuda"):
        raise RuntimeError("device cuda: CuPy is not installed")
    raise RuntimeError(f"unknown device: {device!r}")


_KINDS = {"b": 0, "i": 1, "u": 1, "f": 2}
_NUMBERS = (np.dtype(np.bool_), np.dtype(np.int64), np.dtype(np.float32))


def _raw(x):
    return x.data if isinstance(x, Tensor) else x


def _weigh(x):
    """(kind, rank, dtype) of an operand: a raw array or a Python number."""
    if isinstance(x, (np.ndarray, np.generic)):
        dtype = x.dtype
        if dtype.kind not in _KINDS:
            raise TypeError(f"a tensor cannot be combined with an array of {dtype}")
        return _KINDS[dtype.kind], 2 if x.ndim else 1, dtype
    kind = 0 if isinstance(x, bool) else 1 if isinstance(x, int) else 2
    return kind, 0, _NUMBERS[kind]


def result_dtype(*operands):
    weights = [_weigh(x) for x in operands]
    kind = max(w[0] for w in weights)
    rank = max(w[1] for w in weights if w[0] == kind)
    dtype = None
    for w in weights:
        if w[0] == kind and w[1] == rank:
            dtype = w[2] if dtype is None else np.promote_types(dtype, w[2])
    return dtype


def _cast(x, dtype):
    if isinstance(x, np.ndarray) and x.dtype == dtype:
        return x
    return np.asarray(x).astype(dtype)


def promote(a, b):
    if type(a) is np.ndarray and type(b) is np.ndarray and a.dtype == b.dtype:
        return a, b
    dtype = result_dtype(a, b)
    return _cast(a, dtype), _cast(b, dtype)


def _operand(x):
    return isinstance(x, (Tensor, np.ndarray, np.generic, bool, int, float))


def unbroadcast(g, shape):
    if g.shape == shape:
        return g
    if g.ndim > len(shape):
        g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    axes = tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)
    if axes:
        g = g.sum(axis=axes, keepdims=True)
    return g


def floating(x):
    """The array itself, or integers as float32."""
    return x if x.dtype.kind == "f" else x.astype(np.float32)


# --------------------------------------------------------------------------------------------------------- the graph


class Function:
    """A node of the graph. Class: the operation. Instance: one use of it, the ctx of forward and backward.

    forward(ctx, *arrays, **options) → array;  backward(ctx, g) → a tuple, a gradient or None for each input.
    """

    view = False
    saved = ()
    needs = ()
    done = False

    def save(self, *arrays):
        self.saved = arrays

    @staticmethod
    def forward(ctx, *arrays, **options):
        raise NotImplementedError

    @staticmethod
    def backward(ctx, g):
        raise NotImplementedError

    @classmethod
    def apply(cls, *inputs, **options):
        """Of Tensors (or arrays): runs forward, and records the node if anything requires grad."""
        return cls.record(inputs, [_raw(x) for x in inputs], options)

    @classmethod
    def record(cls, inputs, arrays, options):
        ctx = cls()
        ctx.needs = tuple([_grad_enabled and isinstance(x, Tensor) and x.requires_grad for x in inputs])
        out = cls.forward(ctx, *arrays, **options)
        if type(out) is not np.ndarray:
            out = np.asarray(out)
        result = Tensor.__new__(Tensor)
        result._setup(out)
        if cls.view and np.may_share_memory(out, arrays[0]):
            source = inputs[0]
            result._version = source._version
            result._base = source if source._base is None else source._base
            result._chain = (*source._chain, (cls, options))
            result._stamp = result._base._history
            result._untracked = not _grad_enabled or source._untracked
        if True in ctx.needs and out.dtype.kind == "f":
            ctx.attach(inputs, out, result._version)
            result._node = ctx
            result._requires_grad = True
        return result

    def attach(self, inputs, out, version):
        self.number = next(_counter)
        self.shape, self.dtype = out.shape, out.dtype
        self.edges = [x._edge() if needed else None for x, needed in zip(inputs, self.needs)]
        watched = []
        for array in self.saved:
            if array is out:
                watched.append((version, version[0]))
                continue
            for x in inputs:
                if isinstance(x, Tensor) and x.data is array:
                    watched.append((x._version, x._version[0]))
                    break
        self.watched = watched

    def check(self):
        if self.done:
            raise RuntimeError(
                "backward a second time through a graph that was freed: use retain_graph=True the first time"
            )
        for version, then in self.watched:
            if version[0] != then:
                raise RuntimeError(
                    f"a value that {type(self).__name__} needs for its gradient was changed in place since"
                )

    def free(self):
        if self.saved:
            self.saved, self.watched, self.done = (), (), True


class Replay(Function):
    """A view, recorded again after its base was changed in place."""

    @staticmethod
    def backward(ctx, g):
        full = ctx.template()
        full[...] = 0
        replay(full, ctx.chain)[...] = g
        return (full,)

    def template(self):
        return np.empty_like(self.like, dtype=self.dtype)


class CopySlices(Function):
    """A base of which a view was changed in place by `inner`, a node whose first input is that view."""

    def check(self):
        super().check()
        self.inner.check()

    def free(self):
        self.inner.free()

    @staticmethod
    def backward(ctx, g):
        full = np.empty_like(ctx.like, dtype=ctx.dtype)
        full[...] = g
        part = replay(full, ctx.chain)
        first, *others = ctx.inner.backward(ctx.inner, part.astype(ctx.inner.dtype))
        part[...] = 0 if first is None else first
        return (full, *others)


def replay(array, chain):
    for cls, options in chain:
        array = cls.forward(Function(), array, **options)
    return array


def run_backward(root, g, retain):
    """From the edge `root` with the gradient g down to the leaves, the node that was made last first."""
    leaves = {}
    pending, heap = {}, []

    def hand(edge, g):
        if type(edge) is not Function and isinstance(edge, Tensor):
            if edge.data.dtype != g.dtype:
                g = g.astype(edge.data.dtype)
            found = leaves.get(id(edge))
            leaves[id(edge)] = (edge, g if found is None else found[1] + g)
            return
        if edge.dtype != g.dtype:
            g = g.astype(edge.dtype)
        if edge in pending:
            pending[edge] = pending[edge] + g
        else:
            pending[edge] = g
            heapq.heappush(heap, (-edge.number, edge))

    with np.errstate(all="ignore"):
        hand(root, g)
        while heap:
            node = heapq.heappop(heap)[1]
            node.check()
            grads = node.backward(node, pending.pop(node))
            for edge, grad in zip(node.edges, grads):
                if edge is not None and grad is not None:
                    hand(edge, grad)
            if not retain:
                node.free()
        if not retain and isinstance(root, Function):
            root.done = True
        for leaf, g in leaves.values():
            if leaf.grad is None:
                leaf.grad = Tensor._of(np.array(g).reshape(leaf.shape))
            else:
                leaf.grad.data += g
                leaf.grad._version[0] += 1


# ------------------------------------------------------------------------------------------------------ arithmetic


class Add(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.shapes = a.shape, b.shape
        return a + b

    @staticmethod
    def backward(ctx, g):
        return unbroadcast(g, ctx.shapes[0]), unbroadcast(g, ctx.shapes[1])


class Sub(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.shapes = a.shape, b.shape
        return a - b

    @staticmethod
    def backward(ctx, g):
        needs = ctx.needs
        return (
            unbroadcast(g, ctx.shapes[0]) if needs[0] else None,
            -unbroadcast(g, ctx.shapes[1]) if needs[1] else None,
        )


class Mul(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.shapes = a.shape, b.shape
        ctx.save(a if ctx.needs[1] else None, b if ctx.needs[0] else None)
        return a * b

    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved
        return (
            unbroadcast(g * b, ctx.shapes[0]) if ctx.needs[0] else None,
            unbroadcast(g * a, ctx.shapes[1]) if ctx.needs[1] else None,
        )


class Div(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.shapes = a.shape, b.shape
        ctx.save(a if ctx.needs[1] else None, b)
        return a / b

    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved
        return (
            unbroadcast(g / b, ctx.shapes[0]) if ctx.needs[0] else None,
            unbroadcast(-g * (a / b) / b, ctx.shapes[1]) if ctx.needs[1] else None,
        )


class Pow(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.shapes = a.shape, b.shape
        y = a**b
        ctx.save(a, b, np.asarray(y)) if ctx.needs[1] else ctx.save(a, b)
        return ctx.saved[2] if ctx.needs[1] else y

    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved[:2]
        ga = gb = None
        if ctx.needs[0]:
            ga = np.where(b == 0, 0, g * (b * a ** (b - np.ones((), b.dtype))))
            ga = unbroadcast(ga, ctx.shapes[0])
        if ctx.needs[1]:
            gb = np.where((a == 0) & (b >= 0), 0, g * (ctx.saved[2] * np.log(a)))
            gb = unbroadcast(gb, ctx.shapes[1])
        return ga, gb


class Neg(Function):
    @staticmethod
    def forward(ctx, a):
        return -a

    @staticmethod
    def backward(ctx, g):
        return (-g,)


class Abs(Function):
    @staticmethod
    def forward(ctx, a):
        ctx.save(a)
        return np.abs(a)

    @staticmethod
    def backward(ctx, g):
        return (g * np.sign(ctx.saved[0]),)


class MatMul(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.shapes = a.shape, b.shape
        ctx.save(a if ctx.needs[1] else None, b if ctx.needs[0] else None)
        return a @ b

    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved
        shape_a, shape_b = ctx.shapes
        if len(shape_a) == 1:
            g = np.expand_dims(g, -2 if len(shape_b) > 1 else -1)
        if len(shape_b) == 1:
            g = np.expand_dims(g, -1)
        ga = gb = None
        if ctx.needs[0]:
            b = b[:, None] if len(shape_b) == 1 else b
            ga = g @ b.swapaxes(-1, -2)
            if len(shape_a) == 1:
                ga = ga[..., 0, :].reshape(-1, shape_a[0]).sum(0)
            else:
                ga = unbroadcast(ga, shape_a)
        if ctx.needs[1]:
            a = a[None, :] if len(shape_a) == 1 else a
            gb = a.swapaxes(-1, -2) @ g
            if len(shape_b) == 1:
                gb = gb[..., 0].reshape(-1, shape_b[0]).sum(0)
            else:
                gb = unbroadcast(gb, shape_b)
        return ga, gb


class Extreme(Function):
    """maximum and minimum of two."""

    @staticmethod
    def forward(ctx, a, b, sign):
        ctx.save(a, b)
        ctx.sign = sign
        return np.maximum(a, b) if sign > 0 else np.minimum(a, b)

    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved
        g = np.where(a == b, g / 2, g)
        more, less = (a > b, a < b) if ctx.sign > 0 else (a < b, a > b)
        return unbroadcast(np.where(less, 0, g), a.shape), unbroadcast(np.where(more, 0, g), b.shape)


class Exp(Function):
    @staticmethod
    def forward(ctx, a):
        y = np.asarray(np.exp(floating(a)))
        ctx.save(y)
        return y

    @staticmethod
    def backward(ctx, g):
        return (g * ctx.saved[0],)


class Log(Function):
    @staticmethod
    def forward(ctx, a):
        ctx.save(a)
        return np.log(floating(a))

    @staticmethod
    def backward(ctx, g):
        return (g / ctx.saved[0],)


class Sqrt(Function):
    @staticmethod
    def forward(ctx, a):
        y = np.asarray(np.sqrt(floating(a)))
        ctx.save(y)
        return y

    @staticmethod
    def backward(ctx, g):
        return (g / (2 * ctx.saved[0]),)


class TanhFunction(Function):
    @staticmethod
    def forward(ctx, a):
        y = np.asarray(np.tanh(floating(a)))
        ctx.save(y)
        return y

    @staticmethod
    def backward(ctx, g):
        y = ctx.saved[0]
        return (g * (1 - y * y),)


def sigmoid(a):
    e = np.exp(-np.abs(a))
    return np.where(a >= 0, 1, e) / (1 + e)


class SigmoidFunction(Function):
    @staticmethod
    def forward(ctx, a):
        y = np.asarray(sigmoid(floating(a)))
        ctx.save(y)
        return y

    @staticmethod
    def backward(ctx, g):
        y = ctx.saved[0]
        return (g * (y * (1 - y)),)


class Relu(Function):
    @staticmethod
    def forward(ctx, a):
        y = np.asarray(np.maximum(a, np.zeros((), a.dtype)))
        ctx.save(y)
        return y

    @staticmethod
    def backward(ctx, g):
        return (g * (ctx.saved[0] > 0),)


class Clip(Function):
    @staticmethod
    def forward(ctx, a, low, high):
        ctx.save(a)
        ctx.bounds = low, high
        if low is not None:
            a = np.maximum(a, low)
        return a if high is None else np.minimum(a, high)

    @staticmethod
    def backward(ctx, g):
        (a,), (low, high) = ctx.saved, ctx.bounds
        inside = np.ones(a.shape, bool)
        if low is not None:
            inside &= a >= low
        if high is not None:
            inside &= a <= high
        return (g * inside,)


class Clone(Function):
    @staticmethod
    def forward(ctx, a):
        return a.copy()

    @staticmethod
    def backward(ctx, g):
        return (g,)


class Cast(Function):
    @staticmethod
    def forward(ctx, a, dtype):
        return a.astype(dtype)

    @staticmethod
    def backward(ctx, g):
        return (g,)  # run_backward brings every gradient into the dtype of what it is for


class Zero(Function):
    @staticmethod
    def forward(ctx, a):
        return np.zeros_like(a)

    @staticmethod
    def backward(ctx, g):
        return (None,)


def _index(index, shape):
    """An index as two: ints, slices and None for a view first, and then, of the view, arrays (or None)."""
    parts = list(index) if isinstance(index, tuple) else [index]
    cleaned = []
    for part in parts:
        if isinstance(part, (list, tuple)):
            part = np.asarray(_unwrap(part))
            if not part.size:
                part = part.astype(np.int64)
        elif isinstance(part, Tensor):
            part = part.data
        if isinstance(part, (np.ndarray, np.generic)):
            if part.dtype.kind not in "iub":
                raise IndexError(f"an index of dtype {part.dtype}: ints or bools are needed")
            if part.ndim == 0 and part.dtype.kind != "b":
                part = int(part)
            else:
                part = np.array(part)
        elif isinstance(part, bool):
            part = np.array(part)
        elif isinstance(part, slice):
            part = slice(*(x if x is None else x.__index__() for x in (part.start, part.stop, part.step)))
            if part.step is not None and part.step <= 0:
                raise ValueError("a slice needs a step above 0")
        elif part is not None and part is not Ellipsis:
            try:
                part = part.__index__()
            except (AttributeError, TypeError):
                raise IndexError(f"a {type(part).__name__} is no index") from None
        cleaned.append(part)

    def consumed(part):
        if part is None or part is Ellipsis:
            return 0
        return part.ndim if isinstance(part, np.ndarray) and part.dtype.kind == "b" else 1

    dots = [i for i, part in enumerate(cleaned) if part is Ellipsis]
    if len(dots) > 1:
        raise IndexError("an index can have one ... only")
    rest = len(shape) - sum(map(consumed, cleaned))
    if rest < 0:
        raise IndexError(f"too many indices for the shape {shape}: {len(shape) - rest}")
    if dots:
        cleaned[dots[0] : dots[0] + 1] = [slice(None)] * rest
    else:
        cleaned += [slice(None)] * rest
    first, second, axis = [], [], 0
    for part in cleaned:
        if isinstance(part, np.ndarray):
            if part.dtype.kind == "b":
                if part.shape != shape[axis : axis + part.ndim]:
                    raise IndexError(f"a mask of shape {part.shape} for a tensor of shape {shape}")
                if part.ndim == 0:
                    first.append(None)
                    second.append(part.reshape(1))
                else:
                    first += [slice(None)] * part.ndim
                    second.append(part)
            else:
                n = shape[axis]
                if part.size and (part.min() < -n or part.max() >= n):
                    raise IndexError(f"an index outside of an axis of size {n}")
                first.append(slice(None))
                second.append(part)
        else:
            if isinstance(part, int):
                if not -shape[axis] <= part < shape[axis]:
                    raise IndexError(f"index {part} is outside of axis {axis}, of size {shape[axis]}")
            else:
                second.append(slice(None))
            first.append(part)
        axis += consumed(part)
    advanced = any(isinstance(part, np.ndarray) for part in second)
    return tuple(first), tuple(second) if advanced else None


class Slice(Function):
    """Ints, slices and None: a view."""

    view = True

    @staticmethod
    def forward(ctx, a, index):
        ctx.index, ctx.input = index, a.shape
        return a[(*index, Ellipsis)]

    @staticmethod
    def backward(ctx, g):
        full = np.zeros(ctx.input, g.dtype)
        full[(*ctx.index, Ellipsis)] = g
        return (full,)


class Take(Function):
    """Arrays of ints, and masks: a copy."""

    @staticmethod
    def forward(ctx, a, index):
        ctx.index, ctx.input = index, a.shape
        try:
            return a[index]
        except ValueError as fault:
            raise IndexError(str(fault)) from None

    @staticmethod
    def backward(ctx, g):
        full = np.zeros(ctx.input, g.dtype)
        if len(ctx.index) == 1 and ctx.index[0].dtype.kind == "b":
            full[ctx.index] = g
        else:
            np.add.at(full, ctx.index, g)
        return (full,)


class Put(Function):
    """a with other values at an index."""

    @staticmethod
    def forward(ctx, a, value, first, second):
        ctx.first, ctx.second, ctx.shape_of_value = first, second, value.shape
        out = a.copy()
        _put(out, first, second, value)
        return out

    @staticmethod
    def backward(ctx, g):
        ga = gv = None
        part = g[(*ctx.first, Ellipsis)]
        if ctx.needs[1]:
            gv = part if ctx.second is None else part[ctx.second]
            while gv.ndim < len(ctx.shape_of_value):
                gv = gv[None]
            gv = unbroadcast(gv, ctx.shape_of_value)
        if ctx.needs[0]:
            ga = g.copy()
            _put(ga, ctx.first, ctx.second, 0)
        return ga, gv


def _put(array, first, second, value):
    part = array[(*first, Ellipsis)]
    part[Ellipsis if second is None else second] = value


def _axis(dim, ndim):
    n = max(ndim, 1)
    if isinstance(dim, bool) or not hasattr(dim, "__index__"):
        raise TypeError(f"{dim!r} is no axis")
    dim = dim.__index__()
    if not -n <= dim < n:
        raise IndexError(f"there is no axis {dim} of {ndim}")
    return dim % n


def _axes(dim, ndim):
    """A sorted tuple of axes from 0 on."""
    if dim is None or (isinstance(dim, (tuple, list)) and not dim):
        return tuple(range(ndim))
    axes = [_axis(d, ndim) for d in (dim if isinstance(dim, (tuple, list)) else (dim,))]
    if len(set(axes)) < len(axes):
        raise RuntimeError(f"an axis is named twice: {dim}")
    return tuple(sorted(axes)) if ndim else ()


def _spread(g, axes, keepdim):
    return g if keepdim or not axes else np.expand_dims(g, axes)


class Sum(Function):
    @staticmethod
    def forward(ctx, a, axes, keepdim):
        ctx.input, ctx.axes, ctx.keepdim = a.shape, axes, keepdim
        return a.sum(axis=axes, keepdims=keepdim, dtype=np.int64 if a.dtype.kind in "biu" else None)

    @staticmethod
    def backward(ctx, g):
        return (np.broadcast_to(_spread(g, ctx.axes, ctx.keepdim), ctx.input),)


def _count(shape, axes):
    n = 1
    for axis in axes:
        n *= shape[axis]
    return n


class Mean(Function):
    @staticmethod
    def forward(ctx, a, axes, keepdim):
        ctx.input, ctx.axes, ctx.keepdim = a.shape, axes, keepdim
        ctx.n = _count(a.shape, axes)
        return a.mean(axis=axes, keepdims=keepdim) if axes else a.copy()

    @staticmethod
    def backward(ctx, g):
        return (np.broadcast_to(_spread(g / ctx.n, ctx.axes, ctx.keepdim), ctx.input),)


class Var(Function):
    @staticmethod
    def forward(ctx, a, axes, keepdim, correction, root):
        ctx.axes, ctx.keepdim, ctx.root = axes, keepdim, root
        ctx.n = max(_count(a.shape, axes) - correction, 0)
        centred = a - a.mean(axis=axes, keepdims=True) if axes else np.where(np.isfinite(a), 0, np.nan).astype(a.dtype)
        y = np.square(centred).sum(axis=axes, keepdims=keepdim) / np.asarray(ctx.n, a.dtype)
        y = np.asarray(np.sqrt(y) if root else y, a.dtype)
        ctx.save(a, y)
        return y

    @staticmethod
    def backward(ctx, g):
        a, y = ctx.saved
        if ctx.root:
            g = np.where(y == 0, 0, g / (2 * y))
        centred = a - a.mean(axis=ctx.axes, keepdims=True) if ctx.axes else a - a
        return (_spread(g, ctx.axes, ctx.keepdim) * (np.asarray(2, a.dtype) / np.asarray(ctx.n, a.dtype)) * centred,)


class Largest(Function):
    """The largest (or smallest) of all."""

    @staticmethod
    def forward(ctx, a, sign):
        y = np.asarray(a.max() if sign > 0 else a.min())
        ctx.save(a, y)
        return y

    @staticmethod
    def backward(ctx, g):
        a, y = ctx.saved
        mask = np.isnan(a) if np.isnan(y) else a == y
        return (mask * (g / np.asarray(mask.sum(), g.dtype)),)


class LargestAlong(Function):
    @staticmethod
    def forward(ctx, a, where, axis, keepdim):
        ctx.input, ctx.where, ctx.axis, ctx.keepdim = a.shape, where, axis, keepdim
        y = np.take_along_axis(a, where, axis)
        return y if keepdim else y.squeeze(axis)

    @staticmethod
    def backward(ctx, g):
        full = np.zeros(ctx.input, g.dtype)
        np.put_along_axis(full, ctx.where, _spread(g, (ctx.axis,), ctx.keepdim), ctx.axis)
        return (full,)


def softmax(a, axis):
    e = np.exp(a - a.max(axis=axis, keepdims=True)) if a.size else a
    return e / e.sum(axis=axis, keepdims=True)


def log_softmax(a, axis):
    a = a - a.max(axis=axis, keepdims=True) if a.size else a
    return a - np.log(np.exp(a).sum(axis=axis, keepdims=True))


class SoftmaxFunction(Function):
    @staticmethod
    def forward(ctx, a, axis):
        ctx.axis = axis
        y = softmax(a, axis) if a.ndim else np.ones_like(a)
        ctx.save(y)
        return y

    @staticmethod
    def backward(ctx, g):
        p = ctx.saved[0]
        if not p.ndim:
            return (np.zeros_like(g),)
        return (p * (g - (p * g).sum(axis=ctx.axis, keepdims=True)),)


class LogSoftmax(Function):
    @staticmethod
    def forward(ctx, a, axis):
        ctx.axis = axis
        y = log_softmax(a, axis) if a.ndim else np.zeros_like(a)
        ctx.save(y)
        return y

    @staticmethod
    def backward(ctx, g):
        y = ctx.saved[0]
        if not y.ndim:
            return (np.zeros_like(g),)
        return (g - np.exp(y) * g.sum(axis=ctx.axis, keepdims=True),)


class Reshape(Function):
    view = True

    @staticmethod
    def forward(ctx, a, shape):
        ctx.input = a.shape
        return a.reshape(shape)

    @staticmethod
    def backward(ctx, g):
        return (g.reshape(ctx.input),)


class Permute(Function):
    view = True

    @staticmethod
    def forward(ctx, a, axes):
        ctx.axes = axes
        return a.transpose(axes)

    @staticmethod
    def backward(ctx, g):
        return (g.transpose(np.argsort(ctx.axes).tolist()),)


class Expand(Function):
    view = True

    @staticmethod
    def forward(ctx, a, shape):
        ctx.input = a.shape
        return np.broadcast_to(a, shape)

    @staticmethod
    def backward(ctx, g):
        return (unbroadcast(g, ctx.input),)


class Cat(Function):
    @staticmethod
    def forward(ctx, *arrays, axis):
        ctx.axis, ctx.ends = axis, np.cumsum([a.shape[axis] for a in arrays]).tolist()
        return np.concatenate(arrays, axis)

    @staticmethod
    def backward(ctx, g):
        return tuple(np.split(g, ctx.ends[:-1], ctx.axis))


class Stack(Function):
    @staticmethod
    def forward(ctx, *arrays, axis):
        ctx.axis = axis
        return np.stack(arrays, axis)

    @staticmethod
    def backward(ctx, g):
        return tuple(np.moveaxis(g, ctx.axis, 0))


class Where(Function):
    @staticmethod
    def forward(ctx, a, b, condition):
        ctx.condition, ctx.shapes = condition.copy(), (a.shape, b.shape)
        return np.where(condition, a, b)

    @staticmethod
    def backward(ctx, g):
        c = ctx.condition
        return unbroadcast(np.where(c, g, 0), ctx.shapes[0]), unbroadcast(np.where(c, 0, g), ctx.shapes[1])


def _prepared(cls, a, b):
    """The arrays of two operands, in the dtype of the result and of shapes that fit; the errors are made here."""
    name = _NAMES[cls]
    x, y = promote(_raw(a), _raw(b))
    if cls is Div and x.dtype.kind != "f":
        x, y = x.astype(np.float32), y.astype(np.float32)
    if cls is MatMul:
        fits = x.ndim > 0 and y.ndim > 0 and x.shape[-1] == y.shape[-2 if y.ndim > 1 else 0]
        if fits:
            try:
                np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
            except ValueError:
                fits = False
        if not fits:
            raise RuntimeError(f"matmul: shapes {x.shape} and {y.shape} do not fit")
        return x, y
    if x.shape != y.shape and x.shape and y.shape:
        try:
            np.broadcast_shapes(x.shape, y.shape)
        except ValueError:
            raise RuntimeError(f"{name}: shapes {x.shape} and {y.shape} do not broadcast") from None
    if cls is Sub and any(_weigh(_raw(each))[0] == 0 for each in (a, b)):
        raise RuntimeError("sub: not defined for bool")
    if x.dtype.kind == "b" and cls is Pow:
        raise RuntimeError(f"{name}: not defined for bool")
    if cls is Pow and x.dtype.kind in "iu" and (y < 0).any():
        raise RuntimeError("pow: integers have no negative integer powers")
    return x, y


_NAMES = {Add: "add", Sub: "sub", Mul: "mul", Div: "div", Pow: "pow", MatMul: "matmul", Extreme: "maximum"}


def _binary(cls, a, b, **options):
    if not _operand(a) or not _operand(b):
        return NotImplemented
    with np.errstate(all="ignore"):
        return cls.record((a, b), _prepared(cls, a, b), options)


def _unary(cls, a, **options):
    with np.errstate(all="ignore"):
        return cls.apply(a, **options)


def _compare(ufunc, a, b):
    if not _operand(b):
        return NotImplemented
    x, y = promote(a.data, _raw(b))
    try:
        return Tensor._of(ufunc(x, y))
    except ValueError:
        raise RuntimeError(f"{ufunc.__name__}: shapes {x.shape} and {y.shape} do not broadcast") from None


# --------------------------------------------------------------------------------------------------------- Tensor


class Tensor:
    """An array of numbers that knows how it was computed."""

    __array_ufunc__ = None
    __slots__ = (
        "data", "grad", "_requires_grad", "_node", "_version", "_base", "_chain", "_stamp", "_history", "_untracked",
        "__dict__", "__weakref__",
    )  # fmt: skip

    def __init__(self, data, requires_grad=False, dtype=None, device="cpu"):
        _device(device)
        self._setup(_array(data, dtype))
        if requires_grad:
            self.requires_grad = True

    def _setup(self, array):
        self.data = array
        self.grad = None
        self._requires_grad = False
        self._node = None
        self._version = [0]
        self._base = None
        self._chain = ()
        self._stamp = 0
        self._history = 0
        self._untracked = False

    @classmethod
    def _of(cls, array):
        result = Tensor.__new__(Tensor)
        result._setup(np.asarray(array))
        return result

    def _refresh(self):
        """A view whose base has got another history since is recorded again."""
        base = self._base
        if base is not None and self._stamp != base._history and not self._untracked:
            self._stamp = base._history
            if base.requires_grad:
                node = Replay()
                node.needs = (True,)
                node.chain, node.like = self._chain, base.data
                node.attach((base,), self.data, self._version)
                self._node, self._requires_grad = node, True

    @property
    def requires_grad(self):
        if self._base is not None:
            self._refresh()
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, value):
        self.requires_grad_(value)

    def _edge(self):
        if self._base is not None:
            self._refresh()
        return self if self._node is None else self._node

    @property
    def shape(self):
        return self.data.shape

    @property
    def ndim(self):
        return self.data.ndim

    def dim(self):
        return self.data.ndim

    @property
    def dtype(self):
        return self.data.dtype

    @property
    def device(self):
        return "cpu"

    @property
    def is_leaf(self):
        if self._base is not None:
            self._refresh()
        return self._node is None

    def size(self, dim=None):
        return self.data.shape if dim is None else self.data.shape[dim]

    def numel(self):
        return int(self.data.size)

    def __len__(self):
        if not self.data.ndim:
            raise TypeError("len() of a tensor without axes")
        return len(self.data)

    def __repr__(self):
        text = np.array2string(self.data, separator=", ", prefix="tensor(", formatter={"float_kind": lambda v: str(v)})
        if self.dtype not in _NUMBERS:
            text += f", dtype={self.dtype.name}"
        if self.requires_grad:
            text += ", requires_grad=True" if self._node is None else f", grad_fn=<{type(self._node).__name__}>"
        return f"tensor({text})"

    def __format__(self, spec):
        return format(self.item() if spec and not self.ndim else str(self), spec)

    def numpy(self):
        if self.requires_grad:
            raise RuntimeError("numpy() of a tensor that requires grad: call .detach().numpy()")
        return self.data

    def __array__(self, dtype=None, copy=None):
        array = self.numpy()
        return np.array(array, dtype=dtype) if copy else np.asarray(array, dtype=dtype)

    def item(self):
        if self.data.size != 1:
            raise RuntimeError(f"item() of a tensor with {self.data.size} elements")
        return self.data.item()

    def tolist(self):
        return self.data.tolist()

    def __bool__(self):
        if self.data.size != 1:
            raise RuntimeError(f"whether a tensor with {self.data.size} elements is true is ambiguous")
        return bool(self.data.item())

    def __float__(self):
        return float(self.item())

    def __int__(self):
        return int(self.item())

    def __index__(self):
        if self.data.size != 1 or self.dtype.kind == "f":
            raise TypeError("only an integer tensor with one element is an index")
        return int(self.data.item())

    def detach(self):
        result = Tensor._of(self.data)
        result._version = self._version
        return result

    def clone(self):
        return _unary(Clone, self)

    def to(self, target):
        if isinstance(target, str) and target.split(":")[0] in ("cpu", "cuda"):
            _device(target)
            return self
        dtype = _dtype(target)
        return self if dtype == self.dtype else _unary(Cast, self, dtype=dtype)

    def float(self):
        return self.to(np.float32)

    def double(self):
        return self.to(np.float64)

    def long(self):
        return self.to(np.int64)

    def requires_grad_(self, requires_grad=True):
        if requires_grad and self.dtype.kind != "f":
            raise RuntimeError(f"only floating tensors can require grad, and not {self.dtype}")
        if not self.is_leaf and not requires_grad:
            raise RuntimeError("requires_grad can be changed of leaves only: use detach()")
        if self._node is None:
            self._requires_grad = bool(requires_grad)
        return self

    # arithmetic

    def __add__(self, other):
        return _binary(Add, self, other)

    def __radd__(self, other):
        return _binary(Add, other, self)

    def __sub__(self, other):
        return _binary(Sub, self, other)

    def __rsub__(self, other):
        return _binary(Sub, other, self)

    def __mul__(self, other):
        return _binary(Mul, self, other)

    def __rmul__(self, other):
        return _binary(Mul, other, self)

    def __truediv__(self, other):
        return _binary(Div, self, other)

    def __rtruediv__(self, other):
        return _binary(Div, other, self)

    def __pow__(self, other):
        return _binary(Pow, self, other)

    def __rpow__(self, other):
        return _binary(Pow, other, self)

    def pow(self, exponent):
        result = _binary(Pow, self, exponent)
        if result is NotImplemented:
            raise TypeError(f"pow: {type(exponent).__name__} is no exponent")
        return result

    def __neg__(self):
        if self.dtype.kind == "b":
            raise RuntimeError("neg: not defined for bool")
        return _unary(Neg, self)

    def __abs__(self):
        return _unary(Abs, self)

    def abs(self):
        return _unary(Abs, self)

    def __matmul__(self, other):
        if not isinstance(other, (Tensor, np.ndarray)):
            return NotImplemented
        return _binary(MatMul, self, other)

    def __rmatmul__(self, other):
        if not isinstance(other, (Tensor, np.ndarray)):
            return NotImplemented
        return _binary(MatMul, other, self)

    def maximum(self, other):
        return _binary(Extreme, self, other, sign=1)

    def minimum(self, other):
        return _binary(Extreme, self, other, sign=-1)

    def __eq__(self, other):
        return _compare(np.equal, self, other)

    def __ne__(self, other):
        return _compare(np.not_equal, self, other)

    def __lt__(self, other):
        return _compare(np.less, self, other)

    def __le__(self, other):
        return _compare(np.less_equal, self, other)

    def __gt__(self, other):
        return _compare(np.greater, self, other)

    def __ge__(self, other):
        return _compare(np.greater_equal, self, other)

    __hash__ = object.__hash__

    # in place

    def _in_place(self, name, cls, *others, **options):
        """self becomes cls(self, *others), in the array that it has; the graph is told."""
        if _grad_enabled:
            root = self if self._base is None else self._base
            if root.requires_grad and root._node is None:
                raise RuntimeError(f"{name}: a leaf that requires grad is changed in place: use no_grad()")
            if self._untracked and root.requires_grad:
                raise RuntimeError(f"{name}: a view that was made inside no_grad() is changed in place outside")
        inputs = (self, *others)
        recording = _grad_enabled and any(isinstance(x, Tensor) and x.requires_grad for x in inputs)
        recording = recording and self.dtype.kind == "f"
        with np.errstate(all="ignore"):
            if cls in _NAMES:
                arrays = _prepared(cls, *inputs)
                if _KINDS[arrays[0].dtype.kind] > _KINDS[self.dtype.kind]:
                    raise RuntimeError(f"{name}: {arrays[0].dtype} cannot be put into {self.dtype}")
            else:
                arrays = [_raw(x) for x in inputs]
            if recording and arrays[0] is self.data:
                arrays = (self.data.copy(), *(x if x is not self.data else x.copy() for x in arrays[1:]))
            ctx = cls()
            ctx.needs = tuple(recording and isinstance(x, Tensor) and x.requires_grad for x in inputs)
            out = np.asarray(cls.forward(ctx, *arrays, **options))
            if out.shape != self.shape:
                raise RuntimeError(f"{name}: shapes {self.shape} and {np.shape(arrays[1])} do not broadcast in place")
            if not self.data.flags.writeable:
                raise RuntimeError(f"{name}: several elements share one place in memory; clone() first")
            if recording:
                ctx.attach(inputs, out, [0])
            self.data[...] = out
        self._version[0] += 1
        if recording:
            base = self._base
            if base is None:
                self._node, self._requires_grad = ctx, True
                self._history += 1
                return self
            node = CopySlices()
            node.number = next(_counter)
            node.shape, node.dtype, node.watched = base.shape, base.dtype, ()
            node.inner, node.chain, node.like = ctx, self._chain, base.data
            node.edges = [base._edge() if base.requires_grad else None, *ctx.edges[1:]]
            base._node, base._requires_grad = node, True
            base._history += 1
        return self

    def _in_place_operand(self, name, cls, other):
        if not _operand(other):
            raise TypeError(f"{name}: {type(other).__name__} is no operand")
        return self._in_place(name, cls, other)

    def __iadd__(self, other):
        return self._in_place_operand("add", Add, other)

    def __isub__(self, other):
        return self._in_place_operand("sub", Sub, other)

    def __imul__(self, other):
        return self._in_place_operand("mul", Mul, other)

    def __itruediv__(self, other):
        return self._in_place_operand("div", Div, other)

    def add_(self, other):
        return self._in_place_operand("add", Add, other)

    def sub_(self, other):
        return self._in_place_operand("sub", Sub, other)

    def mul_(self, other):
        return self._in_place_operand("mul", Mul, other)

    def div_(self, other):
        return self._in_place_operand("div", Div, other)

    def zero_(self):
        return self._in_place("zero_", Zero)

    # functions

    def exp(self):
        return _unary(Exp, self)

    def log(self):
        return _unary(Log, self)

    def sqrt(self):
        return _unary(Sqrt, self)

    def tanh(self):
        return _unary(TanhFunction, self)

    def sigmoid(self):
        return _unary(SigmoidFunction, self)

    def relu(self):
        if self.dtype.kind == "b":
            raise RuntimeError("relu: not defined for bool")
        return _unary(Relu, self)

    def clip(self, min=None, max=None):
        if min is None and max is None:
            raise RuntimeError("clip: at least one of min and max is needed")
        min, max = _raw(min), _raw(max)
        dtype = result_dtype(self.data, *(x for x in (min, max) if x is not None))
        low, high = (x if x is None else _cast(x, dtype) for x in (min, max))
        return _unary(Clip, self.to(dtype), low=low, high=high)

    clamp = clip

    # reductions

    def _floating(self, name):
        if self.dtype.kind != "f":
            raise RuntimeError(f"{name}: not of {self.dtype}: use float() first")

    def sum(self, dim=None, keepdim=False, axis=None):
        axes = _axes(axis if dim is None else dim, self.ndim)
        return _unary(Sum, self, axes=axes, keepdim=keepdim)

    def mean(self, dim=None, keepdim=False, axis=None):
        self._floating("mean")
        axes = _axes(axis if dim is None else dim, self.ndim)
        return _unary(Mean, self, axes=axes, keepdim=keepdim)

    def var(self, dim=None, correction=1, keepdim=False, axis=None, unbiased=None):
        return self._var("var", False, axis if dim is None else dim, correction, keepdim, unbiased)

    def std(self, dim=None, correction=1, keepdim=False, axis=None, unbiased=None):
        return self._var("std", True, axis if dim is None else dim, correction, keepdim, unbiased)

    def _var(self, name, root, dim, correction, keepdim, unbiased):
        self._floating(name)
        if unbiased is not None:
            correction = int(bool(unbiased))
        axes = _axes(dim, self.ndim)
        return _unary(Var, self, axes=axes, keepdim=keepdim, correction=correction, root=root)

    def max(self, dim=None, keepdim=False, axis=None):
        return self._extreme("max", 1, axis if dim is None else dim, keepdim)

    def min(self, dim=None, keepdim=False, axis=None):
        return self._extreme("min", -1, axis if dim is None else dim, keepdim)

    def _extreme(self, name, sign, dim, keepdim):
        if dim is None:
            if not self.data.size:
                raise RuntimeError(f"{name}: of no elements")
            return _unary(Largest, self, sign=sign)
        axis = _axis(dim, self.ndim)
        if not self.ndim:
            return _PAIRS[name](self.clone(), Tensor(0))
        if not self.shape[axis]:
            raise IndexError(f"{name}: axis {axis} has no elements")
        where = (np.argmax if sign > 0 else np.argmin)(self.data, axis, keepdims=True)
        values = _unary(LargestAlong, self, where=where, axis=axis, keepdim=keepdim)
        return _PAIRS[name](values, Tensor._of((where if keepdim else where.squeeze(axis)).astype(np.int64)))

    def argmax(self, dim=None, keepdim=False, axis=None):
        return self._place("argmax", np.argmax, axis if dim is None else dim, keepdim)

    def argmin(self, dim=None, keepdim=False, axis=None):
        return self._place("argmin", np.argmin, axis if dim is None else dim, keepdim)

    def _place(self, name, function, dim, keepdim):
        axis = None if dim is None else _axis(dim, self.ndim)
        if not (self.data.size if axis is None or not self.ndim else self.shape[axis]):
            raise IndexError(f"{name}: of no elements")
        if not self.ndim:
            return Tensor(0)
        return Tensor._of(np.asarray(function(self.data, axis, keepdims=keepdim)).astype(np.int64))

    def softmax(self, dim):
        self._floating("softmax")
        return _unary(SoftmaxFunction, self, axis=_axis(dim, self.ndim))

    def log_softmax(self, dim):
        self._floating("log_softmax")
        return _unary(LogSoftmax, self, axis=_axis(dim, self.ndim))

    # shapes

    def reshape(self, *shape):
        return self._reshape(_sizes(shape), False)

    def view(self, *shape):
        return self._reshape(_sizes(shape), True)

    def _reshape(self, shape, strict):
        size = self.data.size
        known = 1
        for n in shape:
            if n < -1:
                raise RuntimeError(f"reshape: a size of {n}")
            known *= n if n != -1 else 1
        if shape.count(-1) > 1:
            raise RuntimeError(f"reshape: one size can be -1, and not two: {shape}")
        if -1 in shape:
            if not known or size % known:
                raise RuntimeError(f"reshape: {self.shape} does not fit {shape}")
            shape = tuple(size // known if n == -1 else n for n in shape)
        elif known != size:
            raise RuntimeError(f"reshape: {self.shape} does not fit {shape}")
        if strict and size and not np.may_share_memory(self.data.reshape(shape), self.data):
            raise RuntimeError(f"view: {self.shape} as {shape} takes a copy: use reshape")
        return _unary(Reshape, self, shape=shape)

    def flatten(self, start_dim=0, end_dim=-1):
        start, end = _axis(start_dim, self.ndim), _axis(end_dim, self.ndim)
        if start > end:
            raise RuntimeError("flatten: start_dim comes after end_dim")
        if not self.ndim:
            return self.reshape(1)
        if start == end:
            return self
        n = 1
        for size in self.shape[start : end + 1]:
            n *= size
        return self.reshape(*self.shape[:start], n, *self.shape[end + 1 :])

    def transpose(self, dim0, dim1):
        axes = list(range(self.ndim))
        i, j = _axis(dim0, self.ndim), _axis(dim1, self.ndim)
        if axes:
            axes[i], axes[j] = axes[j], axes[i]
        return _unary(Permute, self, axes=tuple(axes))

    def permute(self, *dims):
        dims = _sizes(dims)
        if len(dims) != self.ndim:
            raise RuntimeError(f"permute: {len(dims)} axes named of {self.ndim}")
        axes = tuple(_axis(d, self.ndim) for d in dims)
        if len(set(axes)) < len(axes):
            raise RuntimeError(f"permute: an axis is named twice: {dims}")
        return _unary(Permute, self, axes=axes)

    @property
    def T(self):
        return _unary(Permute, self, axes=tuple(range(self.ndim))[::-1])

    def squeeze(self, dim=None):
        axes = () if dim == () else _axes(dim, self.ndim)
        return _unary(Reshape, self, shape=tuple(n for i, n in enumerate(self.shape) if n != 1 or i not in axes))

    def unsqueeze(self, dim):
        axis = _axis(dim, self.ndim + 1)
        return _unary(Reshape, self, shape=(*self.shape[:axis], 1, *self.shape[axis:]))

    def expand(self, *shape):
        shape = _sizes(shape)
        extra = len(shape) - self.ndim
        if extra < 0:
            raise RuntimeError(f"expand: {self.shape} has more axes than {shape}")
        full = []
        for i, n in enumerate(shape):
            have = self.shape[i - extra] if i >= extra else None
            if n == -1 and have is not None:
                n = have
            if n < 0 or (have is not None and have not in (1, n)):
                raise RuntimeError(f"expand: {self.shape} does not fit {shape}")
            full.append(n)
        return _unary(Expand, self, shape=tuple(full))

    def __iter__(self):
        if not self.ndim:
            raise TypeError("iteration over a tensor without axes")
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index):
        first, second = _index(index, self.shape)
        view = self
        if second is None or any(part != slice(None) for part in first):
            view = Slice.apply(self, index=first)
        return view if second is None else Take.apply(view, index=second)

    def __setitem__(self, index, value):
        if not _operand(value):
            raise TypeError(f"a {type(value).__name__} cannot be assigned")
        first, second = _index(index, self.shape)
        if not isinstance(value, Tensor):
            value = Tensor(value)
        target = self.data[(*first, Ellipsis)].shape
        if second is not None:
            try:
                target = np.broadcast_to(np.empty((), bool), self.data[(*first, Ellipsis)].shape)[second].shape
            except (ValueError, IndexError) as fault:
                raise IndexError(str(fault)) from None
        shape = value.shape
        while len(shape) > len(target) and shape[0] == 1:
            shape = shape[1:]
        try:
            fits = np.broadcast_shapes(shape, target) == target
        except ValueError:
            fits = False
        if not fits:
            raise RuntimeError(f"assignment: shapes {target} and {value.shape} do not broadcast")
        self._in_place("assignment", Put, value, first=first, second=second)

    def backward(self, gradient=None, retain_graph=False):
        if not self.requires_grad:
            raise RuntimeError("backward: the tensor does not require grad")
        if gradient is None:
            if self.data.size != 1:
                raise RuntimeError(f"backward: a gradient is needed for a tensor of shape {self.shape}")
            g = np.ones_like(self.data)
        else:
            g = gradient.data if isinstance(gradient, Tensor) else _array(gradient)
            if g.shape != self.shape:
                raise RuntimeError(f"backward: the gradient has the shape {g.shape}, the tensor {self.shape}")
        run_backward(self._edge(), g, retain_graph)


def tensor(data, dtype=None, requires_grad=False, device="cpu"):
    return Tensor(data, requires_grad=requires_grad, dtype=dtype, device=device)


def _sizes(shape):
    if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
        shape = shape[0]
    return tuple(n.__index__() for n in shape)


def _made(array, requires_grad, device):
    _device(device)
    result = Tensor._of(array)
    return result.requires_grad_() if requires_grad else result


def _checked(shape):
    shape = _sizes(shape)
    if any(n < 0 for n in shape):
        raise RuntimeError(f"a negative size: {shape}")
    return shape


def zeros(*shape, requires_grad=False, dtype=None, device="cpu"):
    return _made(np.zeros(_checked(shape), _dtype(dtype or np.float32)), requires_grad, device)


def ones(*shape, requires_grad=False, dtype=None, device="cpu"):
    return _made(np.ones(_checked(shape), _dtype(dtype or np.float32)), requires_grad, device)


def randn(*shape, requires_grad=False, dtype=None, device="cpu"):
    dtype = _dtype(dtype or np.float32)
    if dtype.kind != "f":
        raise RuntimeError(f"randn: not for {dtype}")
    return _made(np.asarray(_generator.standard_normal(_checked(shape))).astype(dtype), requires_grad, device)


def arange(start, end=None, step=1, requires_grad=False, dtype=None, device="cpu"):
    if end is None:
        start, end = 0, start
    if step == 0 or (end - start) * step < 0:
        raise RuntimeError(f"arange: no way from {start} to {end} by steps of {step}")
    whole = all(isinstance(x, (int, np.integer)) for x in (start, end, step))
    count = -((start - end) // step) if whole else int(np.ceil((end - start) / step))
    dtype = _dtype(dtype or (np.int64 if whole else np.float32))
    return _made((start + step * np.arange(count)).astype(dtype), requires_grad, device)


_PAIRS = {name: namedtuple(name, "values indices") for name in ("max", "min")}


def _joined(name, tensors):
    tensors = list(tensors)
    if not tensors:
        raise RuntimeError(f"{name}: of no tensors")
    for each in tensors:
        if not isinstance(each, Tensor):
            raise TypeError(f"{name}: a {type(each).__name__} is no Tensor")
    return tensors


def cat(tensors, dim=0):
    tensors = _joined("cat", tensors)
    dtype = result_dtype(*(t.data for t in tensors))
    tensors = [t for t in tensors if t.shape != (0,)] or tensors
    if any(not t.ndim for t in tensors):
        raise RuntimeError("cat: a tensor without axes: use stack")
    first = tensors[0]
    axis = _axis(dim, first.ndim)
    for t in tensors:
        if t.ndim != first.ndim or any(n != m for i, (n, m) in enumerate(zip(t.shape, first.shape)) if i != axis):
            raise RuntimeError(f"cat: shapes {first.shape} and {t.shape} do not fit along axis {axis}")
    return Cat.record(tensors, [_cast(t.data, dtype) for t in tensors], {"axis": axis})


def stack(tensors, dim=0):
    tensors = _joined("stack", tensors)
    dtype = result_dtype(*(t.data for t in tensors))
    axis = _axis(dim, tensors[0].ndim + 1)
    for t in tensors:
        if t.shape != tensors[0].shape:
            raise RuntimeError(f"stack: shapes {tensors[0].shape} and {t.shape} differ")
    return Stack.record(tensors, [_cast(t.data, dtype) for t in tensors], {"axis": axis})


def where(condition, a, b):
    condition = np.asarray(_raw(condition))
    if condition.dtype.kind != "b":
        raise RuntimeError(f"where: a condition of bools is needed, and not of {condition.dtype}")
    x, y = promote(_raw(a), _raw(b))
    try:
        np.broadcast_shapes(condition.shape, x.shape, y.shape)
    except ValueError:
        raise RuntimeError(f"where: shapes {condition.shape}, {x.shape} and {y.shape} do not broadcast") from None
    return Where.record((a, b), (x, y), {"condition": condition})


class Parameter(Tensor):
    def __init__(self, data, requires_grad=True):
        super().__init__(data, requires_grad=requires_grad)


_Keys = namedtuple("_Keys", "missing_keys unexpected_keys")


class Module:
    training = True

    def __call__(self, *arguments, **options):
        arguments = [Tensor(x) if isinstance(x, np.ndarray) else x for x in arguments]
        options = {name: Tensor(x) if isinstance(x, np.ndarray) else x for name, x in options.items()}
        return self.forward(*arguments, **options)

    def forward(self, *arguments, **options):
        raise NotImplementedError(f"{type(self).__name__} has no forward")

    def _buffers(self):
        return vars(self).get("_names_of_buffers", ())

    def _own(self):
        """Pairs (name, tensor) of this module itself: parameters, then buffers."""
        buffers = self._buffers()
        for name, value in vars(self).items():
            if isinstance(value, Parameter) and name not in buffers:
                yield name, value
        for name in buffers:
            value = vars(self).get(name)
            if isinstance(value, Tensor):
                yield name, value

    def _parts(self):
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield name, value

    def _state(self, prefix=""):
        for name, value in self._own():
            yield prefix + name, value
        for name, part in self._parts():
            yield from part._state(f"{prefix}{name}.")

    def named_parameters(self):
        seen = set()
        for prefix, module in self.named_modules():
            buffers = module._buffers()
            for name, value in module._own():
                if isinstance(value, Parameter) and name not in buffers and id(value) not in seen:
                    seen.add(id(value))
                    yield f"{prefix}.{name}" if prefix else name, value

    def parameters(self):
        for _, value in self.named_parameters():
            yield value

    def named_buffers(self):
        seen = set()
        for prefix, module in self.named_modules():
            for name in module._buffers():
                value = vars(module).get(name)
                if isinstance(value, Tensor) and id(value) not in seen:
                    seen.add(id(value))
                    yield f"{prefix}.{name}" if prefix else name, value

    def buffers(self):
        for _, value in self.named_buffers():
            yield value

    def named_children(self):
        seen = set()
        for name, part in self._parts():
            if id(part) not in seen:
                seen.add(id(part))
                yield name, part

    def children(self):
        for _, part in self.named_children():
            yield part

    def named_modules(self):
        seen = set()

        def walk(prefix, module):
            if id(module) in seen:
                return
            seen.add(id(module))
            yield prefix, module
            for name, part in module._parts():
                yield from walk(f"{prefix}.{name}" if prefix else name, part)

        yield from walk("", self)

    def modules(self):
        for _, module in self.named_modules():
            yield module

    def register_buffer(self, name, value):
        if value is not None and not isinstance(value, Tensor):
            raise TypeError(f"the buffer {name} is to be a Tensor, and no {type(value).__name__}")
        names = vars(self).setdefault("_names_of_buffers", [])
        if name not in names:
            names.append(name)
        setattr(self, name, value)

    def state_dict(self):
        return {name: value.detach() for name, value in self._state()}

    def load_state_dict(self, state, strict=True):
        mine = dict(self._state())
        missing = [name for name in mine if name not in state]
        unknown = [name for name in state if name not in mine]
        faults = []
        if strict:
            faults += [f"missing: {name}" for name in missing] + [f"not known: {name}" for name in unknown]
        found = {}
        for name, value in mine.items():
            if name in state:
                array = _numbers(state[name])
                if array.shape != value.shape:
                    faults.append(f"{name} has the shape {array.shape} in the state, and {value.shape} here")
                found[name] = array
        if faults:
            raise RuntimeError(f"load_state_dict of {type(self).__name__}: " + "; ".join(faults))
        found = {name: array.astype(mine[name].dtype, copy=True) for name, array in found.items()}
        for name, array in found.items():
            mine[name].data[...] = array
            mine[name]._version[0] += 1
        return _Keys(missing, unknown)

    def train(self, mode=True):
        for module in self.modules():
            module.training = bool(mode)
        return self

    def eval(self):
        return self.train(False)

    def zero_grad(self):
        for parameter in self.parameters():
            parameter.grad = None

    def to(self, target):
        if isinstance(target, str) and target.split(":")[0] in ("cpu", "cuda"):
            _device(target)
            return self
        dtype = _dtype(target)
        if dtype.kind != "f":
            raise TypeError(f"a module can be brought to a floating dtype, and not to {dtype}")
        for _, value in self._state():
            if value.dtype.kind == "f" and value.dtype != dtype:
                value.data = value.data.astype(dtype)
                value._version[0] += 1
                if value.grad is not None:
                    value.grad = value.grad.detach().to(dtype)
        return self

    def float(self):
        return self.to(np.float32)

    def double(self):
        return self.to(np.float64)

    def __repr__(self):
        lines = [f"  ({name}): " + repr(part).replace("\n", "\n  ") for name, part in self._parts()]
        inside = "\n" + "\n".join(lines) + "\n" if lines else ""
        return f"{type(self).__name__}({inside})"


def _numbers(value):
    if isinstance(value, Tensor):
        return value.data
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    return np.asarray(value)


class _Row(Module):
    def _modules_of_row(self):
        return [value for _, value in self._parts()]

    def _fill(self, modules):
        for module in modules:
            if not isinstance(module, Module):
                raise TypeError(f"a {type(module).__name__} is no Module")
            setattr(self, str(len(self)), module)

    def append(self, module):
        self._fill([module])
        return self

    def __len__(self):
        return len(self._modules_of_row())

    def __iter__(self):
        return iter(self._modules_of_row())


class Sequential(_Row):
    def __init__(self, *modules):
        self._fill(modules)

    def __getitem__(self, index):
        found = self._modules_of_row()[index]
        return type(self)(*found) if isinstance(index, slice) else found

    def forward(self, x):
        for module in self:
            x = module(x)
        return x


class ModuleList(_Row):
    def __init__(self, modules=()):
        self._fill(modules)

    def __getitem__(self, index):
        found = self._modules_of_row()[index]
        return type(self)(found) if isinstance(index, slice) else found


# --------------------------------------------------------------------------------------------------------- Functions


def _promoted(*tensors):
    """The arrays of several tensors in one dtype; None stays."""
    arrays = [None if t is None else t.data for t in tensors]
    first = arrays[0].dtype
    if all(a is None or a.dtype == first for a in arrays):
        return arrays
    dtype = result_dtype(*(a for a in arrays if a is not None))
    return [None if a is None else a.astype(dtype, copy=False) for a in arrays]


class Affine(Function):
    """x Wᵀ + b."""

    @staticmethod
    def forward(ctx, x, w, b):
        ctx.save(x if ctx.needs[1] else None, w if ctx.needs[0] else None)
        y = x.reshape(-1, x.shape[-1]) @ w.T if x.ndim > 1 else x @ w.T
        if b is not None:
            y += b
        return y.reshape(*x.shape[:-1], len(w))

    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved
        flat = g.reshape(-1, g.shape[-1])
        return (
            (flat @ w).reshape(*g.shape[:-1], w.shape[1]) if ctx.needs[0] else None,
            flat.T @ x.reshape(-1, x.shape[-1]) if ctx.needs[1] else None,
            flat.sum(0) if ctx.needs[2] else None,
        )


class LeakyRelu(Function):
    @staticmethod
    def forward(ctx, a, slope):
        ctx.save(a)
        ctx.slope = slope
        return np.where(a > 0, a, a * np.asarray(slope, a.dtype))

    @staticmethod
    def backward(ctx, g):
        return (np.where(ctx.saved[0] > 0, g, g * np.asarray(ctx.slope, g.dtype)),)


class Elu(Function):
    @staticmethod
    def forward(ctx, a, alpha):
        ctx.save(a)
        ctx.alpha = np.asarray(alpha, a.dtype)
        return np.where(a > 0, a, ctx.alpha * np.expm1(np.minimum(a, 0)))

    @staticmethod
    def backward(ctx, g):
        a = ctx.saved[0]
        return (np.where(a > 0, g, g * (ctx.alpha * np.exp(np.minimum(a, 0)))),)


_erfc = np.frompyfunc(math.erfc, 1, 1)


def _normal(a):
    """Φ, in float64."""
    return np.asarray(_erfc(-a / math.sqrt(2)), np.float64) / 2


class Gelu(Function):
    @staticmethod
    def forward(ctx, a):
        ctx.save(a)
        x = a.astype(np.float64)
        return (x * _normal(x)).astype(a.dtype)

    @staticmethod
    def backward(ctx, g):
        x = ctx.saved[0].astype(np.float64)
        return (g * (_normal(x) + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)),)


class GeluTanh(Function):
    @staticmethod
    def forward(ctx, a):
        ctx.save(a)
        c = math.sqrt(2 / math.pi)
        return 0.5 * a * (1 + np.tanh(c * (a + 0.044715 * (a * a * a))))

    @staticmethod
    def backward(ctx, g):
        a = ctx.saved[0]
        c = math.sqrt(2 / math.pi)
        t = np.tanh(c * (a + 0.044715 * (a * a * a)))
        return (g * (0.5 * (1 + t) + 0.5 * a * (1 - t * t) * (c * (1 + 3 * 0.044715 * (a * a)))),)


class Scale(Function):
    """x times a mask."""

    @staticmethod
    def forward(ctx, a, mask):
        ctx.mask = mask
        return np.where(mask == 0, 0, a * mask)

    @staticmethod
    def backward(ctx, g):
        return (g * ctx.mask,)


class Normalize(Function):
    """(x - mean) / √(variance + eps) over some axes, weighed; with given mean and variance these are constants."""

    @staticmethod
    def forward(ctx, x, w, b, axes, eps, shape, given):
        ctx.axes, ctx.shape_of_weight, ctx.given = axes, shape, given
        if given is None:
            mean = x.mean(axis=axes, keepdims=True)
            centred = x - mean
            variance = np.square(centred).mean(axis=axes, keepdims=True)
            ctx.mean, ctx.variance = mean, variance
        else:
            centred, variance = x - given[0], given[1]
        root = 1 / np.sqrt(variance + np.asarray(eps, x.dtype))
        z = centred * root
        # x itself is saved for its count of changes alone
        ctx.save(z, root, w, x)
        if w is None:
            return z
        return z * w.reshape(shape) + b.reshape(shape) if b is not None else z * w.reshape(shape)

    @staticmethod
    def backward(ctx, g):
        z, root, w, _ = ctx.saved
        gw = gb = gx = None
        if w is not None:
            if ctx.needs[1]:
                gw = unbroadcast(g * z, ctx.shape_of_weight).reshape(w.shape)
            if ctx.needs[2]:
                gb = unbroadcast(g, ctx.shape_of_weight).reshape(w.shape)
            g = g * w.reshape(ctx.shape_of_weight)
        if ctx.needs[0]:
            if ctx.given is None:
                mean_g = g.mean(axis=ctx.axes, keepdims=True)
                mean_gz = (g * z).mean(axis=ctx.axes, keepdims=True)
                gx = (g - mean_g - z * mean_gz) * root
            else:
                gx = g * root
        return gx, gw, gb


class Rows(Function):
    """Rows of a table."""

    @staticmethod
    def forward(ctx, w, indices):
        ctx.indices, ctx.input = indices.copy(), w.shape
        return w[indices]

    @staticmethod
    def backward(ctx, g):
        full = np.zeros(ctx.input, g.dtype)
        np.add.at(full, ctx.indices, g)
        return (full,)


def _windows(x, kernel, stride, dilation):
    """A view (n, c, kh, kw, h', w') of (n, c, h, w)."""
    n, c, h, w = x.shape
    sizes = [(size - d * (k - 1) - 1) // s + 1 for size, k, s, d in zip((h, w), kernel, stride, dilation)]
    a, b, p, q = x.strides
    strides = (a, b, p * dilation[0], q * dilation[1], p * stride[0], q * stride[1])
    return as_strided(x, (n, c, *kernel, *sizes), strides, writeable=False)


def _add_windows(g, shape, kernel, stride, dilation):
    """Each window of g (n, c, kh, kw, h', w') added back to its place in an array of a shape (n, c, h, w)."""
    full = np.zeros(shape, g.dtype)
    h, w = g.shape[-2:]
    for p in range(kernel[0]):
        for q in range(kernel[1]):
            i, j = p * dilation[0], q * dilation[1]
            full[:, :, i : i + stride[0] * (h - 1) + 1 : stride[0], j : j + stride[1] * (w - 1) + 1 : stride[1]] += g[
                :, :, p, q
            ]
    return full


def _pad(x, padding, value=0):
    if padding == (0, 0):
        return x
    ph, pw = padding
    n, c, h, w = x.shape
    full = np.full((n, c, h + 2 * ph, w + 2 * pw), value, x.dtype)
    full[:, :, ph : ph + h, pw : pw + w] = x
    return full


def _unpad(x, padding):
    ph, pw = padding
    return x[:, :, ph : x.shape[2] - ph, pw : x.shape[3] - pw]


class Convolve(Function):
    @staticmethod
    def forward(ctx, x, w, b, stride, padding, dilation, groups):
        ctx.options = stride, padding, dilation, groups
        padded = _pad(x, padding)
        windows = _windows(padded, w.shape[2:], stride, dilation)
        n, o = len(x), len(w)
        h, width = windows.shape[-2:]
        columns = windows.reshape(n, groups, w[0].size, h * width)
        y = np.matmul(w.reshape(groups, o // groups, w[0].size), columns).reshape(n, o, h, width)
        if b is not None:
            y += b[:, None, None]
        ctx.padded = padded.shape
        ctx.save(columns if ctx.needs[1] else None, w, x)
        return y

    @staticmethod
    def backward(ctx, g):
        columns, w, _ = ctx.saved
        stride, padding, dilation, groups = ctx.options
        n, o, h, width = g.shape
        flat = g.reshape(n, groups, o // groups, h * width)
        gx = gw = None
        if ctx.needs[1]:
            gw = np.matmul(flat, columns.swapaxes(-1, -2)).sum(0).reshape(w.shape)
        if ctx.needs[0]:
            back = np.matmul(w.reshape(groups, o // groups, w[0].size).swapaxes(-1, -2), flat)
            back = back.reshape(n, ctx.padded[1], *w.shape[2:], h, width)
            gx = _unpad(_add_windows(back, ctx.padded, w.shape[2:], stride, dilation), padding)
        return gx, gw, g.sum((0, 2, 3)) if ctx.needs[2] else None


class MaxPool(Function):
    @staticmethod
    def forward(ctx, x, kernel, stride, padding, dilation):
        low = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
        padded = _pad(x, padding, low)
        windows = _windows(padded, kernel, stride, dilation)
        n, c, kh, kw, h, w = windows.shape
        windows = windows.reshape(n, c, kh * kw, h, w)
        place = windows.argmax(2)[:, :, None]
        ctx.options = padded.shape, kernel, stride, padding, dilation
        ctx.place = place
        ctx.save(x)
        return np.take_along_axis(windows, place, 2)[:, :, 0]

    @staticmethod
    def backward(ctx, g):
        shape, kernel, stride, padding, dilation = ctx.options
        n, c, h, w = g.shape
        full = np.zeros((n, c, kernel[0] * kernel[1], h, w), g.dtype)
        np.put_along_axis(full, ctx.place, g[:, :, None], 2)
        full = full.reshape(n, c, *kernel, h, w)
        return (_unpad(_add_windows(full, shape, kernel, stride, dilation), padding),)


class AvgPool(Function):
    @staticmethod
    def forward(ctx, x, kernel, stride, padding):
        padded = _pad(x, padding)
        ctx.options = padded.shape, kernel, stride, padding
        return _windows(padded, kernel, stride, (1, 1)).mean((2, 3))

    @staticmethod
    def backward(ctx, g):
        shape, kernel, stride, padding = ctx.options
        n, c, h, w = g.shape
        full = np.broadcast_to((g / (kernel[0] * kernel[1]))[:, :, None, None], (n, c, *kernel, h, w))
        return (_unpad(_add_windows(full, shape, kernel, stride, (1, 1)), padding),)


# ------------------------------------------------------------------------------------------------------------ layers


def _uniform(bound, shape):
    return Parameter(generator().uniform(-bound, bound, shape).astype(np.float32))


def _ones(shape):
    return Parameter(np.ones(shape, np.float32))


def _zeros(shape):
    return Parameter(np.zeros(shape, np.float32))


class Linear(Module):
    def __init__(self, in_features, out_features, bias=True):
        self.in_features, self.out_features = in_features, out_features
        bound = 1 / math.sqrt(in_features) if in_features else 0
        self.weight = _uniform(bound, (out_features, in_features))
        self.bias = _uniform(bound, (out_features,)) if bias else None

    def forward(self, x):
        if not x.ndim or x.shape[-1] != self.weight.shape[1]:
            raise RuntimeError(f"Linear: x of shape {x.shape} does not fit the weight of shape {self.weight.shape}")
        inputs = (x, self.weight, self.bias)
        with np.errstate(all="ignore"):
            return Affine.record(inputs, _promoted(*inputs), {})


class Flatten(Module):
    def __init__(self, start_dim=1, end_dim=-1):
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x):
        return x.flatten(self.start_dim, self.end_dim)


class ReLU(Module):
    def forward(self, x):
        return x.relu()


class LeakyReLU(Module):
    def __init__(self, negative_slope=0.01):
        self.negative_slope = negative_slope

    def forward(self, x):
        return _unary(LeakyRelu, x, slope=self.negative_slope)


class ELU(Module):
    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def forward(self, x):
        return _unary(Elu, x, alpha=self.alpha)


class GELU(Module):
    def __init__(self, approximate="none"):
        if approximate not in ("none", "tanh"):
            raise ValueError(f'GELU: approximate is "none" or "tanh", and not {approximate!r}')
        self.approximate = approximate

    def forward(self, x):
        return _unary(GeluTanh if self.approximate == "tanh" else Gelu, x)


class Sigmoid(Module):
    def forward(self, x):
        return x.sigmoid()


class Tanh(Module):
    def forward(self, x):
        return x.tanh()


class Softmax(Module):
    def __init__(self, dim=None):
        self.dim = dim

    def forward(self, x):
        dim = self.dim
        if dim is None:
            dim = 0 if x.ndim in (0, 1, 3) else 1
        return x.softmax(dim)


class Dropout(Module):
    def __init__(self, p=0.5):
        if not 0 <= p <= 1:
            raise ValueError(f"Dropout: p is from 0 to 1, and not {p}")
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        keep = generator().random(x.shape) >= self.p
        scale = 1 / (1 - self.p) if self.p < 1 else 0
        return _unary(Scale, x, mask=keep.astype(x.dtype) * np.asarray(scale, x.dtype))


class LayerNorm(Module):
    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True):
        shape = tuple(normalized_shape) if hasattr(normalized_shape, "__len__") else (int(normalized_shape),)
        self.normalized_shape, self.eps, self.elementwise_affine = shape, eps, elementwise_affine
        self.weight = _ones(shape) if elementwise_affine else None
        self.bias = _zeros(shape) if elementwise_affine else None

    def forward(self, x):
        shape = self.normalized_shape
        if x.shape[x.ndim - len(shape) :] != shape or x.ndim < len(shape):
            raise RuntimeError(f"LayerNorm: x of shape {x.shape} does not end with {shape}")
        axes = tuple(range(x.ndim - len(shape), x.ndim))
        inputs = (x, self.weight, self.bias)
        weight_shape = (1,) * (x.ndim - len(shape)) + shape
        options = {"axes": axes, "eps": self.eps, "shape": weight_shape, "given": None}
        with np.errstate(all="ignore"):
            return Normalize.record(inputs, _promoted(*inputs), options)


class _BatchNorm(Module):
    ranks = ()

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True):
        self.num_features, self.eps, self.momentum, self.affine = num_features, eps, momentum, affine
        self.weight = _ones((num_features,)) if affine else None
        self.bias = _zeros((num_features,)) if affine else None
        self.register_buffer("running_mean", Tensor(np.zeros(num_features, np.float32)))
        self.register_buffer("running_var", Tensor(np.ones(num_features, np.float32)))
        self.register_buffer("num_batches_tracked", Tensor(0))

    def forward(self, x):
        name = type(self).__name__
        if x.ndim not in self.ranks:
            raise ValueError(f"{name}: x of shape {x.shape} has {x.ndim} axes")
        if x.shape[1] != self.num_features:
            raise RuntimeError(f"{name}: x of shape {x.shape} for {self.num_features} channels")
        axes = (0, *range(2, x.ndim))
        shape = (1, -1, *(1,) * (x.ndim - 2))
        weight_shape = (1, self.num_features, *(1,) * (x.ndim - 2))
        inputs = (x, self.weight, self.bias)
        arrays = _promoted(*inputs)
        given = None
        if self.training:
            n = x.numel() // max(self.num_features, 1)
            if n <= 1:
                raise ValueError(f"{name}: more than one value per channel is needed in training, and not {x.shape}")
        else:
            dtype = arrays[0].dtype
            given = [t.data.reshape(shape).astype(dtype) for t in (self.running_mean, self.running_var)]
        options = {"axes": axes, "eps": self.eps, "shape": weight_shape, "given": given}
        with np.errstate(all="ignore"):
            y = Normalize.record(inputs, arrays, options)
        if self.training:
            data = arrays[0]
            mean = data.mean(axis=axes)
            variance = data.var(axis=axes, ddof=1)
            self.num_batches_tracked.data += 1
            share = 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum
            for running, new in ((self.running_mean, mean), (self.running_var, variance)):
                running.data[...] = (1 - share) * running.data + share * new
                running._version[0] += 1
        return y


class BatchNorm1d(_BatchNorm):
    ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    ranks = (4,)


class Embedding(Module):
    def __init__(self, num_embeddings, embedding_dim):
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.weight = Parameter(generator().standard_normal((num_embeddings, embedding_dim)).astype(np.float32))

    def forward(self, indices):
        indices = indices.data if isinstance(indices, Tensor) else _array(indices)
        if indices.dtype.kind not in "iu":
            raise RuntimeError(f"Embedding: indices of ints are needed, and not of {indices.dtype}")
        if indices.size and (indices.min() < 0 or indices.max() >= len(self.weight)):
            raise IndexError(f"Embedding: an index outside of 0 to {len(self.weight) - 1}")
        return _unary(Rows, self.weight, indices=indices)


def _pair(value):
    if isinstance(value, (tuple, list)):
        a, b = value
        return int(a), int(b)
    return int(value), int(value)


def _images(name, x):
    """x as (n, c, h, w), and whether it was a single image."""
    if x.ndim == 3:
        return x.unsqueeze(0), True
    if x.ndim != 4:
        raise RuntimeError(f"{name}: images (n, c, h, w) are needed, and not {x.shape}")
    return x, False


def _fit(name, x, kernel, stride, padding, dilation):
    for size, k, s, p, d in zip(x.shape[2:], kernel, stride, padding, dilation):
        if size + 2 * p < d * (k - 1) + 1:
            raise RuntimeError(f"{name}: images of shape {x.shape} are smaller than the kernel {kernel}")


class Conv2d(Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True):
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(f"Conv2d: {groups} groups do not divide {in_channels} and {out_channels} channels")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride = _pair(kernel_size), _pair(stride)
        self.padding, self.dilation = _pair(padding), _pair(dilation)
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        bound = 1 / math.sqrt(max(shape[1] * shape[2] * shape[3], 1))
        self.weight = _uniform(bound, shape)
        self.bias = _uniform(bound, (out_channels,)) if bias else None

    def forward(self, x):
        x, single = _images("Conv2d", x)
        if x.shape[1] != self.in_channels:
            raise RuntimeError(f"Conv2d: images of shape {x.shape} do not have {self.in_channels} channels")
        _fit("Conv2d", x, self.kernel_size, self.stride, self.padding, self.dilation)
        inputs = (x, self.weight, self.bias)
        options = {"stride": self.stride, "padding": self.padding, "dilation": self.dilation, "groups": self.groups}
        with np.errstate(all="ignore"):
            y = Convolve.record(inputs, _promoted(*inputs), options)
        return y[0] if single else y


Conv2D = Conv2d


class MaxPool2d(Module):
    def __init__(self, kernel_size, stride=None, padding=0, dilation=1):
        self.kernel_size = _pair(kernel_size)
        self.stride = self.kernel_size if stride is None else _pair(stride)
        self.padding, self.dilation = _pair(padding), _pair(dilation)

    def forward(self, x):
        x, single = _images("MaxPool2d", x)
        _check_padding("MaxPool2d", self.kernel_size, self.padding)
        _fit("MaxPool2d", x, self.kernel_size, self.stride, self.padding, self.dilation)
        y = _unary(
            MaxPool, x, kernel=self.kernel_size, stride=self.stride, padding=self.padding, dilation=self.dilation
        )
        return y[0] if single else y


class AvgPool2d(Module):
    def __init__(self, kernel_size, stride=None, padding=0):
        self.kernel_size = _pair(kernel_size)
        self.stride = self.kernel_size if stride is None else _pair(stride)
        self.padding = _pair(padding)

    def forward(self, x):
        x, single = _images("AvgPool2d", x)
        _check_padding("AvgPool2d", self.kernel_size, self.padding)
        _fit("AvgPool2d", x, self.kernel_size, self.stride, self.padding, (1, 1))
        y = _unary(AvgPool, x, kernel=self.kernel_size, stride=self.stride, padding=self.padding)
        return y[0] if single else y


def _check_padding(name, kernel, padding):
    if any(2 * p > k for p, k in zip(padding, kernel)):
        raise RuntimeError(f"{name}: the padding {padding} is more than half of the kernel {kernel}")


# ------------------------------------------------------------------------------------------------------------ losses


class _Loss(Module):
    def __init__(self, reduction="mean"):
        if reduction not in ("mean", "sum", "none"):
            raise ValueError(f'reduction is "mean", "sum" or "none", and not {reduction!r}')
        self.reduction = reduction

    def reduce(self, each):
        return each if self.reduction == "none" else each.mean() if self.reduction == "mean" else each.sum()


class MSELoss(_Loss):
    def forward(self, x, t):
        d = x - t
        return self.reduce(d * d)


class L1Loss(_Loss):
    def forward(self, x, t):
        return self.reduce((x - t).abs())


class LogisticLoss(Function):
    @staticmethod
    def forward(ctx, x, t):
        ctx.save(x, t)
        return np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x)))

    @staticmethod
    def backward(ctx, g):
        x, t = ctx.saved
        return g * (sigmoid(x) - t), -g * x


class BCEWithLogitsLoss(_Loss):
    def forward(self, x, t):
        if not isinstance(t, Tensor):
            t = Tensor(t)
        if x.shape != t.shape:
            raise ValueError(f"BCEWithLogitsLoss: shapes {x.shape} and {t.shape} differ")
        a, b = promote(x.data, t.data)
        with np.errstate(all="ignore"):
            return self.reduce(LogisticLoss.record((x, t), (a, b), {}))


class CrossEntropy(Function):
    @staticmethod
    def forward(ctx, x, t, ignore, smoothing, reduction):
        counts = t != ignore
        t = np.where(counts, t, 0)
        log_p = log_softmax(x, 1)
        n, c = x.shape
        rows = np.arange(n)
        each = -log_p[rows, t]
        if smoothing:
            each = (1 - smoothing) * each - smoothing * log_p.mean(1)
        each = np.where(counts, each, 0).astype(x.dtype)
        ctx.log_p, ctx.t, ctx.counts, ctx.smoothing = log_p, t, counts, smoothing
        ctx.divisor = np.asarray(counts.sum() if reduction == "mean" else 1, x.dtype)
        ctx.save(x)
        return each if reduction == "none" else each.sum() / ctx.divisor

    @staticmethod
    def backward(ctx, g):
        p = np.exp(ctx.log_p)
        p[np.arange(len(p)), ctx.t] -= 1 - ctx.smoothing
        if ctx.smoothing:
            p -= ctx.smoothing / p.shape[1]
        p *= (np.where(ctx.counts, g, 0) / ctx.divisor)[:, None]
        return (p,)


class CrossEntropyLoss(_Loss):
    def __init__(self, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        super().__init__(reduction)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, x, t):
        t = t.data if isinstance(t, Tensor) else _array(t)
        if not 0 <= self.label_smoothing <= 1:
            raise RuntimeError(f"label_smoothing is from 0 to 1, and not {self.label_smoothing}")
        if t.dtype.kind not in "iu":
            raise RuntimeError(f"CrossEntropyLoss: classes of ints are needed, and not of {t.dtype}")
        if not x.ndim or t.shape != (x.shape[:1] + x.shape[2:] if x.ndim > 1 else ()):
            raise ValueError(f"CrossEntropyLoss: logits {x.shape} and classes {t.shape} do not fit")
        shape = t.shape
        if x.ndim == 1:
            x = x.unsqueeze(0)
        elif x.ndim > 2:
            x = x.permute(0, *range(2, x.ndim), 1).reshape(-1, x.shape[1])
        t = t.reshape(-1)
        wrong = (t != self.ignore_index) & ((t < 0) | (t >= x.shape[1]))
        if wrong.any():
            raise IndexError(f"CrossEntropyLoss: there is no class {t[wrong][0]} of {x.shape[1]}")
        loss = _unary(
            CrossEntropy, x, t=t, ignore=self.ignore_index, smoothing=self.label_smoothing, reduction=self.reduction
        )
        return loss.reshape(shape) if self.reduction == "none" else loss


# -------------------------------------------------------------------------------------------------------- optimisers


class _Optimizer:
    def __init__(self, params, defaults):
        if isinstance(params, (Tensor, np.ndarray)):
            raise TypeError("params is an iterable of tensors, and no single one")
        params = list(params)
        if not params:
            raise ValueError("an optimiser needs a parameter")
        self.defaults = defaults
        self._check(defaults)
        self.param_groups = []
        self._states = {}
        groups = params if isinstance(params[0], dict) else [{"params": params}]
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, group):
        if not isinstance(group, dict) or "params" not in group:
            raise TypeError('a group is a dict with "params"')
        inside = group["params"]
        inside = [inside] if isinstance(inside, Tensor) else list(inside)
        group = {**self.defaults, **group, "params": inside}
        known = {id(p) for g in self.param_groups for p in g["params"]}
        for p in inside:
            if not isinstance(p, Tensor):
                raise TypeError(f"a {type(p).__name__} is no Tensor")
            if not p.is_leaf:
                raise ValueError("only leaves can be optimised")
            if id(p) in known:
                raise ValueError("a parameter is there twice")
            known.add(id(p))
        self._check(group)
        self.param_groups.append(group)

    @staticmethod
    def _check(group):
        for name in ("lr", "weight_decay", "momentum", "eps"):
            if name in group and not group[name] >= 0:
                raise ValueError(f"{name} is from 0 on, and not {group[name]}")
        for beta in group.get("betas", ()):
            if not 0 <= beta < 1:
                raise ValueError(f"betas are from 0 to below 1, and not {beta}")
        if group.get("nesterov") and (not group["momentum"] > 0 or group["dampening"] != 0):
            raise ValueError("nesterov needs momentum, and no dampening")

    def zero_grad(self):
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None

    def step(self):
        with np.errstate(all="ignore"):
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        state = self._states.setdefault(id(p), {})
                        self._step(group, p.data, p.grad.data, state)
                        p._version[0] += 1

    def state_dict(self):
        places = [p for group in self.param_groups for p in group["params"]]
        state = {i: copy.deepcopy(self._states[id(p)]) for i, p in enumerate(places) if id(p) in self._states}
        groups, start = [], 0
        for group in self.param_groups:
            options = {name: copy.deepcopy(value) for name, value in group.items() if name != "params"}
            groups.append({**options, "params": list(range(start, start + len(group["params"])))})
            start += len(group["params"])
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state):
        groups = state["param_groups"]
        if [len(g["params"]) for g in groups] != [len(g["params"]) for g in self.param_groups]:
            raise ValueError("the state is one of other groups, or of groups of other sizes")
        places = {}
        for mine, theirs in zip(self.param_groups, groups):
            for p, place in zip(mine["params"], theirs["params"]):
                places[place] = p
        states = {}
        for place, values in state["state"].items():
            p = places[place]
            states[id(p)] = {
                name: np.array(_raw(v), dtype=p.dtype) if np.ndim(_raw(v)) or isinstance(v, np.ndarray) else v
                for name, v in values.items()
            }
        for mine, theirs in zip(self.param_groups, groups):
            mine.update({name: copy.deepcopy(value) for name, value in theirs.items() if name != "params"})
        self._states = states


class SGD(_Optimizer):
    def __init__(self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False):
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
            },
        )

    @staticmethod
    def _step(group, w, g, state):
        momentum = group["momentum"]
        if group["weight_decay"]:
            g = g + group["weight_decay"] * w
        if momentum:
            v = state.get("momentum_buffer")
            if v is None:
                v = state["momentum_buffer"] = np.array(g)
            else:
                v *= momentum
                v += (1 - group["dampening"]) * g
            g = g + momentum * v if group["nesterov"] else v
        w -= group["lr"] * g


class Adam(_Optimizer):
    decoupled = False

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def _step(self, group, w, g, state):
        if not state:
            state.update(step=0, exp_avg=np.zeros_like(w), exp_avg_sq=np.zeros_like(w))
        state["step"] += 1
        t, m, v = state["step"], state["exp_avg"], state["exp_avg_sq"]
        b1, b2 = group["betas"]
        if group["weight_decay"]:
            if self.decoupled:
                w *= 1 - group["lr"] * group["weight_decay"]
            else:
                g = g + group["weight_decay"] * w
        part = g * (1 - b1)
        m *= b1
        m += part
        np.multiply(g, g, out=part)
        part *= 1 - b2
        v *= b2
        v += part
        np.sqrt(v, out=part)
        part *= 1 / math.sqrt(1 - b2**t)
        part += group["eps"]
        np.divide(m, part, out=part)
        part *= group["lr"] / (1 - b1**t)
        w -= part


class AdamW(Adam):
    decoupled = True

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, lr, betas, eps, weight_decay)


# ------------------------------------------------------------------------------------------------------------- files

_CODES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "I16": "<i2", "I32": "<i4", "I64": "<i8", "F16": "<f2", "F32": "<f4",
    "F64": "<f8",
}  # fmt: skip
_FORMATS = {np.dtype(code): name for name, code in _CODES.items()}


def save(state, path):
    if isinstance(state, Module):
        state = state.state_dict()
    header, parts, offset = {}, [], 0
    for name, value in state.items():
        if not isinstance(name, str) or name == "__metadata__":
            raise ValueError(f"{name!r} cannot be a name in a file")
        array = np.asarray(_raw(value))
        dtype = array.dtype.newbyteorder("<")
        if dtype not in _FORMATS:
            raise ValueError(f"{name}: arrays of {array.dtype} cannot be saved")
        data = array.astype(dtype, copy=False).tobytes()
        header[name] = {
            "dtype": _FORMATS[dtype],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + len(data)],
        }
        offset += len(data)
        parts.append(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    path = os.fspath(path)
    beside = f"{path}.{os.getpid()}.part"
    try:
        with open(beside, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            for data in parts:
                file.write(data)
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.remove(beside)
        raise


def _once(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _whole(values):
    return isinstance(values, list) and all(type(n) is int and n >= 0 for n in values)


def load(path):
    def fault(text):
        return ValueError(f"{os.fspath(path)}: {text}")

    with open(path, "rb") as file:
        data = file.read()
    if len(data) < 8:
        raise fault("the file ends within the length of its header")
    (length,) = struct.unpack("<Q", data[:8])
    if length > len(data) - 8:
        raise fault(f"the header is to have {length} bytes, but only {len(data) - 8} follow")
    text, data = data[8 : 8 + length], data[8 + length :]
    if not text.startswith(b"{"):
        raise fault("the header is no JSON object")
    try:
        header = json.loads(text.decode(), object_pairs_hook=_once)
    except (ValueError, RecursionError) as reason:
        raise fault(f"the header cannot be read: {reason}") from None
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise fault("__metadata__ does not consist of strings")
    entries = []
    for name, entry in header.items():
        if not isinstance(entry, dict):
            raise fault(f"the entry of {name} is no object")
        dtype, shape, offsets = (entry.get(key) for key in ("dtype", "shape", "data_offsets"))
        if not isinstance(dtype, str) or dtype not in _CODES:
            raise fault(f"{name} has the dtype {dtype}, which is not known")
        if not _whole(shape) or len(shape) > 64:
            raise fault(f"{name} has the shape {shape}, which is none")
        if not _whole(offsets) or len(offsets) != 2:
            raise fault(f"{name} has the offsets {offsets}, which are none")
        begin, end = offsets
        dtype = np.dtype(_CODES[dtype])
        if end - begin != math.prod(shape) * dtype.itemsize:
            raise fault(f"{name}: the offsets {offsets} do not fit the shape {shape} of {dtype}")
        entries.append((begin, end, name, dtype, shape))
    place = 0
    for begin, end, name, _, _ in sorted(entries, key=lambda entry: entry[:2]):
        if begin != place:
            raise fault(f"{name} begins at {begin}, and not at {place}")
        place = end
    if place != len(data):
        raise fault(f"there are {len(data)} bytes of numbers, and not {place}")
    found = {}
    for begin, end, name, dtype, shape in entries:
        part = data[begin:end]
        if dtype.kind == "b" and part.strip(b"\0\1"):
            raise fault(f"{name}: a bool is neither 0 nor 1")
        try:
            found[name] = np.frombuffer(part, dtype).reshape(shape).astype(dtype.newbyteorder("="))
        except (ValueError, OverflowError) as reason:
            raise fault(f"{name}: {reason}") from None
    return found


# ----------------------------------------------------------------------------------------------------------- batches


class DataLoader:
    def __init__(self, dataset, batch_size=1, shuffle=False, drop_last=False):
        if batch_size < 1:
            raise ValueError(f"batch_size is from 1 on, and not {batch_size}")
        self.parts = None
        if isinstance(dataset, tuple) and dataset and all(isinstance(part, (np.ndarray, Tensor)) for part in dataset):
            self.parts = [np.asarray(_raw(part)) for part in dataset]
            lengths = [len(part) for part in self.parts]
            if len(set(lengths)) > 1:
                raise ValueError(f"the parts of the data set have unequal lengths: {lengths}")
        self.dataset, self.batch_size, self.shuffle, self.drop_last = dataset, batch_size, shuffle, drop_last

    def _length(self):
        return len(self.dataset if self.parts is None else self.parts[0])

    def __len__(self):
        n = self._length()
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    def __iter__(self):
        n = self._length()
        order = generator().permutation(n) if self.shuffle else np.arange(n)
        return self._batches([order[i * self.batch_size : (i + 1) * self.batch_size] for i in range(len(self))])

    def _batches(self, batches):
        for rows in batches:
            if self.parts is not None:
                yield tuple(Tensor._of(part[rows]) for part in self.parts)
            else:
                samples = [self.dataset[int(i)] for i in rows]
                yield tuple(Tensor(list(column)) for column in zip(*samples, strict=True))


# ----------------------------------------------------------------------------------------------------------- PyTorch

_ARGUMENTS = {
    "Linear": ("in_features", "out_features"),
    "Conv2d": ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups"),
    "MaxPool2d": ("kernel_size", "stride", "padding", "dilation"),
    "AvgPool2d": ("kernel_size", "stride", "padding"),
    "Flatten": ("start_dim", "end_dim"),
    "ReLU": (),
    "LeakyReLU": ("negative_slope",),
    "ELU": ("alpha",),
    "GELU": ("approximate",),
    "Sigmoid": (),
    "Tanh": (),
    "Softmax": ("dim",),
    "Dropout": ("p",),
    "LayerNorm": ("normalized_shape", "eps", "elementwise_affine"),
    "BatchNorm1d": ("num_features", "eps", "momentum", "affine"),
    "BatchNorm2d": ("num_features", "eps", "momentum", "affine"),
    "Embedding": ("num_embeddings", "embedding_dim"),
}
_UNKNOWN = {  # what PyTorch's layers can do and ours cannot: the value that is as if it were not there
    "Conv2d": {"padding_mode": "zeros"},
    "MaxPool2d": {"ceil_mode": False, "return_indices": False},
    "AvgPool2d": {"ceil_mode": False, "count_include_pad": True, "divisor_override": None},
    "BatchNorm1d": {"track_running_stats": True},
    "BatchNorm2d": {"track_running_stats": True},
    "Embedding": {"padding_idx": None, "max_norm": None, "scale_grad_by_freq": False, "sparse": False},
}
_LOSSES = {
    "MSELoss": ("reduction",),
    "L1Loss": ("reduction",),
    "BCEWithLogitsLoss": ("reduction",),
    "CrossEntropyLoss": ("ignore_index", "reduction", "label_smoothing"),
}


def _from_tensor(source, cls=Tensor):
    result = cls.__new__(cls)
    result._setup(np.array(source.detach().cpu().numpy(), order="C"))
    if source.requires_grad and source.is_leaf:
        result.requires_grad_()
    return result


def from_torch(source):
    import torch

    if isinstance(source, torch.nn.Parameter):
        return _from_tensor(source, Parameter)
    if isinstance(source, torch.Tensor):
        return _from_tensor(source)
    return _from_module(source, torch, {})


def _from_module(source, torch, seen):
    if id(source) in seen:
        return seen[id(source)]
    name = type(source).__name__
    if type(source) is not getattr(torch.nn, name, None):
        raise TypeError(f"from_torch: {name} is not known here")
    if name == "Sequential" or name == "ModuleList":
        ours = globals()[name]()
        for key, child in source._modules.items():
            setattr(ours, key, _from_module(child, torch, seen))
    elif name in _ARGUMENTS or name in _LOSSES:
        for option, harmless in _UNKNOWN.get(name, {}).items():
            if getattr(source, option) != harmless:
                raise TypeError(f"from_torch: {name} with {option}={getattr(source, option)!r} is not known here")
        if name == "Conv2d" and isinstance(source.padding, str):
            raise TypeError(f"from_torch: Conv2d with padding={source.padding!r} is not known here")
        if name == "BCEWithLogitsLoss" or name == "CrossEntropyLoss":
            if any(value is not None for value in source._buffers.values()):
                raise TypeError(f"from_torch: {name} with weights is not known here")
        arguments = {key: getattr(source, key) for key in (*_ARGUMENTS.get(name, ()), *_LOSSES.get(name, ()))}
        if name == "Linear" or name == "Conv2d":
            arguments["bias"] = source.bias is not None
        ours = globals()[name](**arguments)
    else:
        raise TypeError(f"from_torch: {name} is not known here")
    for key, value in source._parameters.items():
        if value is None:
            setattr(ours, key, None)
        else:
            if id(value) not in seen:
                parameter = _from_tensor(value, Parameter)
                seen[id(value)] = parameter
            setattr(ours, key, seen[id(value)])
    for key, value in source._buffers.items():
        if value is not None:
            setattr(ours, key, _from_tensor(value))
    ours.training = source.training
    seen[id(source)] = ours
    return ours


def to_torch(source):
    import torch

    if isinstance(source, Tensor):
        return _to_tensor(source, torch)
    return _to_module(source, torch, {})


def _to_tensor(source, torch):
    result = torch.from_numpy(np.array(source.data, order="C"))
    if isinstance(source, Parameter):
        return torch.nn.Parameter(result, requires_grad=source.requires_grad)
    return result.requires_grad_() if source.requires_grad and source.is_leaf else result


def _to_module(source, torch, seen):
    if id(source) in seen:
        return seen[id(source)]
    name = type(source).__name__
    if not isinstance(source, Module) or type(source) is not globals().get(name):
        raise TypeError(f"to_torch: {name} is not known to PyTorch")
    if name == "Sequential" or name == "ModuleList":
        theirs = getattr(torch.nn, name)()
        for key, child in source._parts():
            theirs.add_module(key, _to_module(child, torch, seen))
    elif name in _ARGUMENTS or name in _LOSSES:
        arguments = {key: getattr(source, key) for key in (*_ARGUMENTS.get(name, ()), *_LOSSES.get(name, ()))}
        if name in ("Linear", "Conv2d", "LayerNorm"):
            arguments["bias"] = source.bias is not None
        theirs = getattr(torch.nn, name)(**arguments)
    else:
        raise TypeError(f"to_torch: {name} is not known to PyTorch")
    for key, value in source._own():
        if isinstance(value, Parameter):
            if id(value) not in seen:
                seen[id(value)] = _to_tensor(value, torch)
            theirs.register_parameter(key, seen[id(value)])
        else:
            theirs.register_buffer(key, _to_tensor(value, torch))
    theirs.training = source.training
    seen[id(source)] = theirs
    return theirs

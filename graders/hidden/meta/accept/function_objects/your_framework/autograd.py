"""The engine: Function nodes, edges between them, and the walk back."""

from __future__ import annotations

import functools
import heapq
import itertools
import threading

import numpy as np

_mode = threading.local()
_counter = itertools.count(1)


def is_grad_enabled() -> bool:
    return getattr(_mode, "enabled", True)


def set_grad_enabled(enabled: bool) -> None:
    _mode.enabled = enabled


class no_grad:
    def __init__(self):
        self._stack = []

    def __enter__(self):
        self._stack.append(is_grad_enabled())
        set_grad_enabled(False)
        return self

    def __exit__(self, kind, fault, trace):
        set_grad_enabled(self._stack.pop())
        return False

    def __call__(self, function):
        @functools.wraps(function)
        def inner(*args, **kwargs):
            with self:
                return function(*args, **kwargs)

        return inner


def sum_to(g: np.ndarray, shape: tuple) -> np.ndarray:
    if g.shape == shape:
        return g
    extra = g.ndim - len(shape)
    axes = tuple(range(extra)) + tuple(
        i + extra for i, size in enumerate(shape) if size == 1 and g.shape[i + extra] != 1
    )
    return g.sum(axis=axes, keepdims=True).reshape(shape)


class AccumulateGrad:
    """The end of a path: a leaf."""

    number = 0

    def __init__(self, leaf):
        self.leaf = leaf


class Function:
    """A node of the graph. `forward` takes arrays and gives one; `backward` takes g and gives one for each operand."""

    is_view = False

    def __init__(self, *options):
        self.options = options
        self.freed = False
        self._saved = ()
        self._to_save = ()

    def save(self, *arrays):
        self._to_save = arrays

    @property
    def saved(self):
        found = []
        for array, counter, version in self._saved:
            if counter is not None and counter[0] != version:
                raise RuntimeError(
                    f"a value needed by the backward of {type(self).__name__} (shape {array.shape}) was changed in "
                    f"place: it is at version {counter[0]}, expected version {version}"
                )
            found.append(array)
        return found if len(found) != 1 else found[0]

    @classmethod
    def apply(cls, *operands, arrays=None, options=()):
        """operands: Tensors; arrays: theirs, if they were cast."""
        from .tensor import Tensor

        fn = cls(*options)
        recording = is_grad_enabled() and any(t.requires_grad for t in operands)
        fn.needs = [recording and t.requires_grad for t in operands]
        arrays = [t.data for t in operands] if arrays is None else arrays
        result = np.asarray(fn.forward(*arrays))
        out = Tensor._wrap(result)
        if cls.is_view and np.may_share_memory(result, operands[0].data):
            out._version = operands[0]._version
        if recording and result.dtype.kind == "f":
            fn.number = next(_counter)
            fn.shape, fn.dtype = result.shape, result.dtype
            fn.edges = [(t._node() if need else None, t.shape, t.dtype) for t, need in zip(operands, fn.needs)]
            known = [*operands, out]
            for array in fn._to_save:
                owner = next((t for t in known if t.data is array), None)
                counter = owner._version if owner is not None else None
                fn._saved += ((array, counter, counter[0] if counter else 0),)
            out.requires_grad = True
            out.grad_fn = fn
        fn._to_save = ()
        return out


def run_backward(root, gradient, retain_graph):
    from .tensor import Tensor

    node = root._node()
    waiting = {id(node): gradient}
    heap = [(-node.number, id(node), node)]
    leaves = []
    while heap:
        _, key, node = heapq.heappop(heap)
        g = waiting.pop(key)
        if isinstance(node, AccumulateGrad):
            leaves.append((node.leaf, g))
            continue
        if node.freed:
            raise RuntimeError("the graph was freed by a backward before this one; use retain_graph=True there")
        shares = node.backward(g)
        shares = shares if isinstance(shares, tuple) else (shares,)
        for (target, shape, dtype), share in zip(node.edges, shares):
            if target is None or share is None:
                continue
            share = sum_to(np.asarray(share), shape).astype(dtype, copy=False)
            if id(target) in waiting:
                waiting[id(target)] = waiting[id(target)] + share
            else:
                waiting[id(target)] = share
                heapq.heappush(heap, (-target.number, id(target), target))
        if not retain_graph:
            node.freed = True
            node._saved = ()
            node.edges = ()
    for leaf, g in leaves:
        if leaf.grad is None:
            leaf.grad = Tensor(g)  # a copy
        else:
            leaf.grad = Tensor._wrap(leaf.grad.data + g)

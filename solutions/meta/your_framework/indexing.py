"""Indexing and in-place operations."""

import numpy as np

from .arguments import refuse
from .backend import INT64, is_array, namespace, new_array
from .functional import add, blank, div, method, mul, scaled, sub
from .tensor import Tensor, as_tensor, is_recording, record, wrap


def _entry(entry):
    """Convert one entry of an index to an int, a slice, None, Ellipsis, or an array of integers or bools."""
    if isinstance(entry, Tensor):
        entry = entry.data
    elif isinstance(entry, (list, tuple, range, bool)):
        entry = new_array(entry if isinstance(entry, bool) or len(entry) else np.zeros(0, INT64))
    elif isinstance(entry, slice) and entry.step is not None and entry.step <= 0:
        raise ValueError("the step of a slice must be greater than zero")
    if is_array(entry):
        if entry.dtype.kind == "f":
            raise IndexError("an index must hold integers or bools, not floats")
        if entry.ndim == 0 and entry.dtype.kind != "b":
            return int(entry)
    return entry


def _split(index, x):
    """Split an index in two: a basic one for the array x, and one of arrays and full slices for the result, or None.

    By itself, NumPy would treat an int next to an array as an array too, and move the arrays' axes to the front.
    """
    entries = [_entry(entry) for entry in index] if isinstance(index, tuple) else [_entry(index)]
    if not any(map(is_array, entries)):
        return (*entries, ...) if not any(entry is ... for entry in entries) else tuple(entries), None

    def eaten(entry):  # the number of axes that an entry uses up
        if is_array(entry):
            return entry.ndim if entry.dtype.kind == "b" else 1
        return int(entry is not None and entry is not ...)

    whole = slice(None)
    basic, advanced = [], []
    for entry in entries:
        if entry is ...:
            rest = [whole] * (x.ndim - sum(map(eaten, entries)))
            basic += rest
            advanced += rest
        elif is_array(entry):
            basic += [whole] * eaten(entry)
            advanced.append(namespace(x).asarray(entry))
        else:
            basic.append(entry)
            advanced += [] if isinstance(entry, int) else [whole]
    return (*basic, ...), tuple(advanced)


@method("__getitem__")
def getitem(a, index):
    """a[index] as in PyTorch. Ints, slices, None and Ellipsis give a view; arrays, lists, tensors and masks a copy.

    IndexError for an index out of bounds, ValueError for a slice with a step below 1.
    """
    x, shape = a.data, a.data.shape
    basic, advanced = _split(index, x)
    z = x[basic]

    def scatter(g):
        out = blank(g, shape)
        out[basic] = g
        return out

    if advanced is None:
        return record(z, (a, scatter), version=a.version)
    return take(a if z.shape == shape else record(z, (a, scatter)), advanced)


def take(a, index):
    """a[index], a copy, for a tuple of arrays, masks and full slices; gradients of repeated positions add up."""
    x, shape = a.data, a.data.shape
    arrays = [entry for entry in index if is_array(entry)]

    def scatter(g):
        out = blank(g, shape)
        if len(arrays) == 1 and arrays[0].dtype.kind == "b":
            out[index] = g  # a mask selects no element twice
        elif len(index) == 1 and isinstance(g, np.ndarray):
            add_rows(out, index[0], g)
        else:
            namespace(g).add.at(out, index, g)
        return out

    return record(x[index], (a, scatter, *map(wrap, arrays)))


def add_rows(out, index, rows):
    """Do out[index[i]] += rows[i] for every i, where out is zero: sort the indices and sum the rows of equal ones."""
    if not rows.size:
        return
    index, rows = index.reshape(-1) % len(out), rows.reshape(index.size, -1)
    order = index.argsort(kind="stable")
    index = index[order]
    starts = np.flatnonzero(np.diff(index, prepend=-1))
    out[index[starts]] = np.add.reduceat(rows[order], starts, 0).reshape(-1, *out.shape[1:])


# In-place operations


def _before(a, *others):
    """Return `a` as it is before a change that will be recorded, or None. RuntimeError if the change isn't allowed."""
    if not is_recording() or not (a.requires_grad or any(isinstance(b, Tensor) and b.requires_grad for b in others)):
        return None
    if a.requires_grad and a.node is None:
        raise RuntimeError("a leaf that requires grad can't be changed in place: do it under no_grad()")
    if a.version[1]:
        raise RuntimeError(
            "a tensor with views can't be changed in place while gradients are recorded: clone() it first"
        )
    before = wrap(a.data)
    before.node, before.requires_grad = a.node, a.requires_grad
    return before


def _changed(a, after=None):
    """Count a change of `a`, and make `a` the result of the operation that computed `after`."""
    a.version[0] += 1
    if after is not None:
        a.node, a.requires_grad = after.node, after.requires_grad
    return a


def _in_place(operation, ufunc):
    """Make the in-place method of an operation."""

    def change(a, other, *, alpha=1, rounding_mode=None):
        refuse(f"{operation.__name__}_", rounding_mode=rounding_mode, alpha=1 if operation in (add, sub) else alpha)
        b = scaled(other.item() if isinstance(other, np.generic) else other, alpha)
        before = _before(a, b)
        try:
            if before is None:
                ufunc(a.data, b.data if isinstance(b, Tensor) else b, out=a.data, casting="same_kind")
                return _changed(a)
            before.data = a.data.copy()  # the rules may need the old values
            after = operation(before, b)
            np.copyto(a.data, after.data, casting="same_kind")
            return _changed(a, after)
        except (TypeError, ValueError) as error:
            shapes = f"shapes {a.shape} and {getattr(b, 'shape', ())}"
            raise RuntimeError(f"{operation.__name__}_: {shapes}, in place: {error}") from None

    change.__name__ = change.__qualname__ = operation.__name__ + "_"
    change.__doc__ = (
        f"`{operation.__name__}` in place. RuntimeError for a leaf that requires grad, unless under no_grad."
    )
    return change


for _operation, _ufunc in (add, np.add), (sub, np.subtract), (mul, np.multiply), (div, np.true_divide):
    _symbol = "truediv" if _operation is div else _operation.__name__
    method(f"{_operation.__name__}_", f"__i{_symbol}__")(_in_place(_operation, _ufunc))


@method("__setitem__")
def setitem(a, index, value):
    """Set a[index] = value in place. RuntimeError for a leaf that requires grad, unless under no_grad."""
    basic, advanced = _split(index, a.data)
    value = value if isinstance(value, (int, float)) else as_tensor(value, a.device)
    before = _before(a, value)

    def assign(x, values):
        if advanced is None:
            x[basic] = values
        else:
            x[basic][advanced] = values
        return x

    def chosen(g):
        return g[basic] if advanced is None else g[basic][advanced]

    try:
        assign(a.data, value.data if isinstance(value, Tensor) else value)
    except ValueError as error:
        raise RuntimeError(f"a value of shape {np.shape(value)} for a tensor of shape {a.shape}: {error}") from None
    if before is None:
        _changed(a)
    else:
        _changed(a, record(a.data, (before, lambda g: assign(g.copy(), 0)), (as_tensor(value), chosen)))


@method()
def zero_(a):
    """Set all elements to 0, in place. RuntimeError for a leaf that requires grad, unless under no_grad."""
    a[...] = 0
    return a

"""New shapes, joining and selecting.

Results are views if NumPy can make views, and a view shares the version counter of its base.
"""

import numpy as np

from .arguments import refuse
from .functional import meet, method
from .tensor import Tensor, as_tensor, record, sizes


def _is_view(z, x):
    """Return whether z is a view of x rather than of a copy."""
    return z is x or z.base is x or (z.base is x.base and x.base is not None)


@method()
def reshape(a, *shape):
    """The same elements in another shape, with -1 for an inferred size; a view if possible.

    RuntimeError with both shapes if their numbers of elements differ.
    """
    x, before = a.data, a.data.shape
    try:
        z = x.reshape(sizes(shape))
    except ValueError:
        raise RuntimeError(f"reshape: shape {before} cannot become {sizes(shape)}") from None
    return record(z, (a, lambda g: g.reshape(before)), version=a.version if _is_view(z, x) else None)


@method()
def view(a, *shape):
    """Like reshape, but always a view. RuntimeError if the memory layout doesn't allow one."""
    z = reshape(a, *shape)
    if not _is_view(z.data, a.data):
        raise RuntimeError(f"view: shape {a.shape} cannot be viewed as {sizes(shape)} without a copy, use reshape")
    return z


@method()
def transpose(a, dim0, dim1):
    """Swap two axes; a view."""
    z = a.data.swapaxes(dim0, dim1)
    return record(z, (a, lambda g: g.swapaxes(dim0, dim1)), version=a.version)


@method()
def permute(a, *dims):
    """Reorder the axes; a view. RuntimeError unless each axis is given once."""
    dims = sizes(dims)
    try:
        z = a.data.transpose(dims)
    except ValueError as error:
        raise RuntimeError(f"permute: shape {a.shape} and dimensions {dims}: {error}") from None
    back = np.argsort([d % z.ndim for d in dims]).tolist()
    return record(z, (a, lambda g: g.transpose(back)), version=a.version)


Tensor.T = property(lambda a: permute(a, *range(a.ndim - 1, -1, -1)), doc="All axes in reverse order, a view.")


@method()
def flatten(a, start_dim=0, end_dim=-1):
    """Join the axes start_dim … end_dim into one; a view if possible."""
    shape = a.shape or (1,)
    start, end = (range(len(shape))[d] for d in (start_dim, end_dim))
    if start > end:
        raise RuntimeError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim}")
    return reshape(a, *shape[:start], int(np.prod(shape[start : end + 1])), *shape[end + 1 :])


@method()
def squeeze(a, dim=None):
    """Remove all axes of size 1, or only those in `dim` (an int or a tuple); a view."""
    dims = range(a.ndim) if dim is None else [range(a.ndim or 1)[d] for d in np.atleast_1d(dim)]
    return reshape(a, tuple(n for d, n in enumerate(a.shape) if n != 1 or d not in dims))


@method()
def unsqueeze(a, dim):
    """Insert an axis of size 1 at `dim`; a view."""
    place = range(a.ndim + 1)[dim]
    return reshape(a, (*a.shape[:place], 1, *a.shape[place:]))


@method()
def expand(a, *shape):
    """Repeat along axes of size 1 and add new axes in front; a view. -1 keeps a size.

    RuntimeError with both shapes if they don't fit.
    """
    shape, x = sizes(shape), a.data
    lead = len(shape) - x.ndim
    full = tuple(x.shape[i - lead] if n == -1 and i >= lead else n for i, n in enumerate(shape))
    try:
        z = np.broadcast_to(x, full)
    except ValueError:
        raise RuntimeError(f"expand: shape {x.shape} cannot be expanded to {shape}") from None
    return record(z, (a, lambda g: g), version=a.version)


def cat(tensors, dim=0, *, out=None):
    """Join tensors along `dim`. RuntimeError with the shapes if they differ in any other axis."""
    refuse("cat", out=out)
    if not len(tensors):
        raise RuntimeError("cat: expected a non-empty list of tensors")
    tensors = meet(*map(as_tensor, tensors))
    shapes = [t.shape for t in tensors]
    if tensors[0].ndim == 0:
        raise RuntimeError("cat: 0-dim tensors cannot be concatenated, use stack")
    try:
        z = np.concatenate([t.data for t in tensors], dim)
    except np.exceptions.AxisError:
        raise
    except ValueError:
        raise RuntimeError(f"cat: shapes {shapes} differ in more than dimension {dim}") from None
    ends = np.cumsum([shape[dim] for shape in shapes]).tolist()
    before = (slice(None),) * range(z.ndim)[dim]

    def part(start, end):
        return lambda g: g[(*before, slice(start, end))]

    return record(z, *[(t, part(s, e)) for t, s, e in zip(tensors, [0, *ends], ends, strict=False)])


def stack(tensors, dim=0, *, out=None):
    """Stack tensors of equal shape along a new axis `dim`. RuntimeError with the shapes if they differ."""
    refuse("stack", out=out)
    tensors = [as_tensor(t) for t in tensors]
    if len({t.shape for t in tensors}) > 1:
        raise RuntimeError(f"stack: shapes {[t.shape for t in tensors]} differ")
    return cat([t.unsqueeze(dim) for t in tensors], dim)


def where(condition, input, other, *, out=None):
    """`input` where the bool condition is true, else `other`; all three broadcast.

    RuntimeError with the shapes if they don't.
    """
    refuse("where", out=out)
    condition, a, b = as_tensor(condition), input, other
    if condition.dtype.kind != "b":
        raise RuntimeError(f"where: the condition must be bool, not {condition.dtype}")
    c = condition.data
    a, b = meet(a, b)
    try:
        z = np.where(c, a.data, b.data)
    except ValueError:
        raise RuntimeError(f"where: shapes {c.shape}, {a.shape} and {b.shape} do not broadcast") from None
    return record(z, (a, lambda g: np.where(c, g, 0), condition), (b, lambda g: np.where(c, 0, g), condition))

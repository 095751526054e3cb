"""torch.result_type, for NumPy."""

import numpy as np

KIND = {"b": 0, "u": 1, "i": 1, "f": 2}


def describe(x):
    """(dtype, rank): rank 2 with axes, 1 without, 0 for Python's numbers."""
    if isinstance(x, (np.ndarray, np.generic)):
        return x.dtype, 2 if x.ndim else 1
    if isinstance(x, bool):
        return np.dtype(bool), 0
    if isinstance(x, int):
        return np.dtype(np.int64), 0
    if isinstance(x, float):
        return np.dtype(np.float32), 0
    raise TypeError(f"{type(x).__name__} is no number, array or Tensor")


def result_type(*operands):
    described = [describe(x) for x in operands]
    top = max(KIND[d.kind] for d, _ in described)
    described = [(d, r) for d, r in described if KIND[d.kind] == top]
    rank = max(r for _, r in described)
    dtype = None
    for d, r in described:
        if r == rank:
            dtype = d if dtype is None else np.promote_types(dtype, d)
    return dtype


def floating(dtype):
    return dtype if dtype.kind == "f" else np.dtype(np.float32)

# Everything converted to float first, and rng.choice.
# independent
import numpy as np


def dropout(h, mask, p_drop):
    p = float(p_drop)
    if not 0.0 <= p < 1.0:
        raise ValueError(f"p_drop must satisfy 0 <= p_drop < 1 (given: {p})")
    dtype = h.dtype if np.issubdtype(h.dtype, np.floating) else np.float64
    h64 = np.asarray(h, dtype=float)
    m64 = np.asarray(mask, dtype=float)
    return np.asarray(h64 * m64 / (1.0 - p), dtype=dtype)


def dropout_mask(shape, p_drop, rng):
    p = float(p_drop)
    if not 0.0 <= p < 1.0:
        raise ValueError(f"p_drop must satisfy 0 <= p_drop < 1 (given: {p})")
    return np.asarray(rng.choice([0, 1], size=shape, p=[p, 1.0 - p]), dtype=float)

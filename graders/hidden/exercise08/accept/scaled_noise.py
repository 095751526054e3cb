# The mask divided first; uniform numbers and mask in float32.
# independent
"""Inverted dropout, the way torch does it: bernoulli_(1 - p).div_(1 - p), then multiply."""

import numpy as np


def _check_p(p: float) -> None:
    if not (0.0 <= p < 1.0):
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def dropout(h: np.ndarray, mask: np.ndarray, p_drop: float) -> np.ndarray:
    _check_p(p_drop)
    noise = mask / (1.0 - p_drop)
    return h * noise


def dropout_mask(shape, p_drop: float, rng: np.random.Generator) -> np.ndarray:
    _check_p(p_drop)
    # float32 is enough, as in torch.rand
    return (rng.random(shape, dtype=np.float32) < 1.0 - p_drop).astype(np.float32)

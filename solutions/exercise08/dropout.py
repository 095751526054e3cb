"""Exercise 8: inverted dropout."""

import numpy as np


def dropout(h: np.ndarray, mask: np.ndarray, p_drop: float) -> np.ndarray:
    """What is kept is scaled up, so that the expectation over masks is h itself."""
    check_probability(p_drop)
    return h * mask / (1 - p_drop)


def dropout_mask(shape: int | tuple[int, ...], p_drop: float, rng: np.random.Generator) -> np.ndarray:
    """A uniform number in [0, 1) lies below p with probability p; those entries are dropped."""
    check_probability(p_drop)
    return (rng.random(shape) >= p_drop).astype(float)


def check_probability(p_drop: float) -> None:
    """Refuse what is no probability, and 1: nothing would be kept that could be scaled up."""
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")

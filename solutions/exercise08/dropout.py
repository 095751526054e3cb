"""Exercise 8: inverted dropout."""

import numpy as np


def dropout(h: np.ndarray, mask: np.ndarray, p_drop: float) -> np.ndarray:
    """Scale up what the mask keeps, so that the mean over all masks is h itself."""
    check_probability(p_drop)
    return h * mask / (1 - p_drop)


def dropout_mask(shape: int | tuple[int, ...], p_drop: float, rng: np.random.Generator) -> np.ndarray:
    """Draw uniform numbers from [0, 1): each is below p with probability p, and then its entry is dropped."""
    check_probability(p_drop)
    return (rng.random(shape) >= p_drop).astype(float)


def check_probability(p_drop: float) -> None:
    """Reject anything outside [0, 1); at 1, the division by 1 - p would be a division by 0."""
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")

"""Exercise 8: inverted dropout."""

import numpy as np


def dropout(h: np.ndarray, mask: np.ndarray, p_drop: float) -> np.ndarray:
    """Activations with some dropped and the others scaled up: h * mask / (1 - p_drop), entry by entry.

    Arguments:
        h: activations, any shape.
        mask: 1 where an entry is kept, 0 where it is dropped; shape and dtype of h.
        p_drop: the probability with which entries were dropped, 0 <= p_drop < 1. How many of this mask are 0 does not
            matter.

    Returns:
        A new array of the shape of h. float32 stays float32, float64 stays float64, integers count as float64. The
        arguments are not modified.

    Raises:
        ValueError: with a message, if p_drop is not in [0, 1); NaN is not.

    Source: Srivastava et al., 2014, section 10; for a given mask the same as torch.nn.functional.dropout in training.
    """
    raise NotImplementedError


def dropout_mask(shape: int | tuple[int, ...], p_drop: float, rng: np.random.Generator) -> np.ndarray:
    """A random mask: each entry is 1 with probability 1 - p_drop and otherwise 0, independently of all others.

    Arguments:
        shape: a tuple of lengths, or one int n for the shape (n,).
        p_drop: the probability of a 0, 0 <= p_drop < 1.
        rng: the only source of randomness. Generators in equal states give equal masks; the next call with the same
            generator gives another. NumPy's and Python's global generators are neither used nor changed.

    Returns:
        A new floating array (float64 will do) of 0.0 and 1.0.

    Raises:
        ValueError: with a message, if p_drop is not in [0, 1); NaN is not.
    """
    raise NotImplementedError

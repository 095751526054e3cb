"""Exercise 8: inverted dropout."""

import numpy as np


def dropout(h: np.ndarray, mask: np.ndarray, p_drop: float) -> np.ndarray:
    """Drop some activations and scale up the others: h * mask / (1 - p_drop), entry by entry.

    Arguments:
        h: activations, any shape.
        mask: 1 where an entry is kept, 0 where it is dropped. It has the shape of h, and in the
            tests also its dtype.
        p_drop: the probability of dropping an entry, 0 <= p_drop < 1. Divide by 1 - p_drop, not by the share of
            ones in the mask.

    Returns:
        A new array with the shape of h. Extras: float32 h and mask give float32, and int64 ones give float64; the call
        changes neither its arguments nor an earlier result.

    Raises:
        ValueError: if p_drop is less than 0, or 1 or more (an extra).

    Source: Srivastava et al., 2014, section 10. torch.nn.functional.dropout does the same in training.
    """
    raise NotImplementedError


def dropout_mask(shape: int | tuple[int, ...], p_drop: float, rng: np.random.Generator) -> np.ndarray:
    """Draw a random mask: each entry is 1 with probability 1 - p_drop and otherwise 0, independently of all others.

    Arguments:
        shape: a tuple of lengths, or an int n for the shape (n,).
        p_drop: the probability of a 0, 0 <= p_drop < 1.
        rng: the only source of randomness. Don't use or seed the global generators of NumPy and Python.

    Returns:
        An array of that shape that holds the numbers 0 and 1, of any dtype (extra: any float dtype). Two generators
        with the same seed give the same mask; the next call with the same generator gives a different one.

    Raises:
        ValueError: if p_drop is less than 0, or 1 or more (an extra).
    """
    raise NotImplementedError

# The vector becomes float64 whatever it was.
# task: types
import numpy as np


def double(x):
    return 2.0 * np.asarray(x, dtype=np.float64)

# A list comprehension, which knows no float32.
# core only
import numpy as np


def double(x):
    return np.array([2.0 * float(each) for each in x])

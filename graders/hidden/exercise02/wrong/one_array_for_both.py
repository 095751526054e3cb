# relu and its derivative share one output array, so each call overwrites the other function's result.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


kept = {}


def relu(z):
    return into_the_array_kept(np.maximum(floating(z), 0))


def relu_derivative(z):
    return into_the_array_kept((z > 0).astype(floating(z).dtype))


def into_the_array_kept(numbers):
    answer = kept.setdefault((numbers.shape, numbers.dtype), np.empty_like(numbers))
    answer[...] = numbers
    return answer

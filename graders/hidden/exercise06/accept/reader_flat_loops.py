# Two flat copies for every element; the relative error in a Python loop.
# independent
"""Exercise 6: numerical gradient checking."""

import numpy as np


def numerical_gradient(f, w, eps=1e-5):
    if not isinstance(w, np.ndarray):
        return float((f(w + eps) - f(w - eps)) / (2 * eps))

    shape = w.shape
    flat = w.astype(np.float64).flatten()
    answer = []
    for k in range(len(flat)):
        up = flat.copy()
        down = flat.copy()
        up[k] += eps
        down[k] -= eps
        answer.append((f(up.reshape(shape)) - f(down.reshape(shape))) / (2 * eps))
    answer = np.array(answer).reshape(shape)
    if w.dtype == np.float32:
        answer = answer.astype(np.float32)
    return answer


def relative_error(a, b):
    a = np.asarray(a).astype(np.float64).flatten()
    b = np.asarray(b).astype(np.float64).flatten()
    worst = 0.0
    for x, y in zip(a, b):
        error = abs(x - y) / max(1e-8, abs(x) + abs(y))
        if error > worst:
            worst = error
    return float(worst)

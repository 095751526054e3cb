# A float64 copy is moved with += and -=, and every element is printed.
# independent
import numpy as np


def numerical_gradient(f, w, eps=1e-5, verbose=True):
    dtype = np.float32 if getattr(w, "dtype", None) == np.float32 else np.float64
    w = np.array(w, dtype=np.float64)
    grad = np.zeros(w.shape)
    for i in np.ndindex(w.shape):
        w[i] += eps
        f_plus = f(w)
        w[i] -= 2 * eps
        f_minus = f(w)
        w[i] += eps
        grad[i] = (f_plus - f_minus) / (2 * eps)
        if verbose:
            print(f"grad[{i}] = {grad[i]:.6f}")
    return grad.astype(dtype)


def relative_error(a, b):
    a, b = np.array(a, dtype=np.float64), np.array(b, dtype=np.float64)
    err = np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b))
    print("error:", err)
    return err.max()

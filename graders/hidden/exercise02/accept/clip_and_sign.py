# np.clip, then the sign of its result for the derivative.
# independent
import numpy as np


def relu(z: np.ndarray) -> np.ndarray:
    if z.dtype != np.float32:
        z = z.astype(np.float64)
    return np.clip(z, 0, None)


def relu_derivative(z: np.ndarray) -> np.ndarray:
    return np.sign(relu(z))

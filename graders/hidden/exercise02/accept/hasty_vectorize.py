# Typed in a hurry: np.vectorize.
# independent
import numpy as np

relu = np.vectorize(lambda v: max(0, v), otypes=[float])


def relu_derivative(z):
    print("z is", z)
    return (np.sign(relu(z)) + 0).astype(float)

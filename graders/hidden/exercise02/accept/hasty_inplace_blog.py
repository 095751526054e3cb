# Typed in a hurry: in place.
# independent
import numpy as np


def relu(z):
    z[z < 0] = 0
    return z


def relu_derivative(z):
    z[z <= 0] = 0
    z[z > 0] = 1
    return z

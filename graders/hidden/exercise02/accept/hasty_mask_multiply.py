# Typed in a hurry: z times a mask.
# independent
import numpy as np


class ReLU:
    def forward(self, z):
        self.mask = z > 0
        return z * self.mask * 1.0

    def backward(self, dout):
        return dout * self.mask


_relu = ReLU()


def relu(z):
    return _relu.forward(z)


def relu_derivative(z):
    _relu.forward(z)
    return _relu.backward(np.ones_like(z) * 1.0)

# A class with forward and backward, like PyTorch's.
# independent
import numpy as np


class ReLU:
    @staticmethod
    def forward(input):
        if not np.issubdtype(input.dtype, np.floating):
            input = input.astype(np.float64)
        return input.clip(min=0)

    @staticmethod
    def backward(grad_output, input):
        grad_input = grad_output.copy()
        grad_input[input <= 0] = 0
        return grad_input


def relu(z: np.ndarray) -> np.ndarray:
    return ReLU.forward(z)


def relu_derivative(z: np.ndarray) -> np.ndarray:
    return ReLU.backward(np.ones_like(ReLU.forward(z)), z)

# In-place operations on copies, and dicts unpacked by their order.
# independent
import copy

import numpy as np
import training  # supplied
from affine_gradient import affine_backward  # yours, from exercise 5
from relu import relu_derivative  # yours, from exercise 2
from softmax_cross_entropy import softmax  # yours, from exercise 4


def backward(parameters, activations, labels):
    W1, b1, W2, b2 = parameters.values()
    x, z1, h, logits = activations.values()
    n = len(labels)
    p = softmax(logits)
    p[np.arange(n), labels] -= 1
    p /= n
    dW2, dh, db2 = affine_backward(p, h, W2)
    dh *= relu_derivative(z1)
    dW1, _, db1 = affine_backward(dh, x, W1)
    # print(dW1.shape, dW2.shape)
    return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


def update(parameters, gradients, learning_rate):
    parameters = copy.deepcopy(parameters)  # for the extra point
    for k in parameters:
        parameters[k] -= learning_rate * gradients[k]
    return parameters


if __name__ == "__main__":
    training.main(backward, update)

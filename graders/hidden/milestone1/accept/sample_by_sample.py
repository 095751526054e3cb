# One sample at a time, with the gradients added up.
import numpy as np
from affine_gradient import affine_backward
from relu import relu_derivative
from softmax_cross_entropy import softmax


def one(parameters, x, z1, h, logits, label):
    delta = softmax(logits)
    delta[label] = delta[label] - 1
    W2, dh, b2 = affine_backward(delta, h, parameters["W2"])
    W1, _, b1 = affine_backward(dh * relu_derivative(z1), x, parameters["W1"])
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}


def backward(parameters, activations, labels):
    n = len(labels)
    total = {name: np.zeros_like(array) for name, array in parameters.items()}
    for k in range(n):
        gradient = one(parameters, *(activations[name][k] for name in ("x", "z1", "h", "logits")), labels[k])
        for name in total:
            total[name] = total[name] + gradient[name] / n
    return total


def update(parameters, gradients, learning_rate):
    return {name: p - learning_rate * gradients[name] for name, p in parameters.items()}

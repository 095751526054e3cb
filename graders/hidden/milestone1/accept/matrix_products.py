# Matrix products written out, without the earlier gradient function.
import numpy as np
from softmax_cross_entropy import softmax


def backward(parameters, activations, labels):
    n = activations["x"].shape[0]
    d2 = softmax(activations["logits"])
    d2[range(n), labels] -= 1
    d2 = d2 / n
    d1 = d2 @ parameters["W2"]
    d1[activations["z1"] <= 0] = 0
    return {
        "W1": d1.T @ activations["x"],
        "b1": d1.sum(0),
        "W2": d2.T @ activations["h"],
        "b2": d2.sum(0),
    }


def update(parameters, gradients, learning_rate):
    return {k: parameters[k] - learning_rate * gradients[k] for k in parameters}

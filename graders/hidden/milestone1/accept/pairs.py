# Loops over pairs of layers, last layer first.
import numpy as np
from affine_gradient import affine_backward
from relu import relu_derivative
from softmax_cross_entropy import softmax


def backward(parameters, activations, labels):
    logits = activations["logits"]
    correct = labels[:, None] == np.arange(logits.shape[1])
    upstream = np.where(correct, softmax(logits) - 1, softmax(logits)) / logits.shape[0]
    grads = {}
    for number, inputs in ((2, activations["h"]), (1, activations["x"])):
        if number == 1:
            upstream = upstream * relu_derivative(activations["z1"])
        dW, upstream, db = affine_backward(upstream, inputs, parameters[f"W{number}"])
        grads[f"W{number}"], grads[f"b{number}"] = dW, db
    return grads


def update(parameters, gradients, learning_rate):
    updated = dict(parameters)
    for name, gradient in gradients.items():
        updated[name] = updated[name] - gradient * learning_rate
    return updated

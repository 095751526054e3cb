# All of the maths written out, without the earlier functions.
# independent
"""Milestone 1: your own network learns to read digits.

    katas run milestone1

trains the network, tests it on digits that it has never seen, and draws the loss and the weights: training.png.
"""

import numpy as np
import training  # supplied


def backward(
    parameters: dict[str, np.ndarray], activations: dict[str, np.ndarray], labels: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the gradients of the loss L with respect to all four parameters of a two-layer network.

    The forward pass was z1 = affine(W1, x, b1), h = relu(z1), logits = affine(W2, h, b2). L is the cross-entropy,
    averaged over the n rows of the batch.

    Arguments:
        parameters: "W1" (hidden, in), "b1" (hidden,), "W2" (classes, hidden) and "b2" (classes,).
        activations: "x" (n, in), "z1" (n, hidden), "h" (n, hidden) and "logits" (n, classes).
        labels: the right classes, counted from 0, int64, shape (n,).

    Returns:
        A dict with the keys "W1", "b1", "W2" and "b2". Each gradient has the shape of its parameter.

    For extra points: float32 arrays give float32 gradients; a call changes neither its arguments nor an earlier result.

    These are the gradients that PyTorch's autograd computes.
    """
    x, z1, h, logits = activations["x"], activations["z1"], activations["h"], activations["logits"]
    n, classes = logits.shape

    # softmax, shifted by the maximum of each row so that exp cannot overflow
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)

    # dL/dlogits = (p - y) / n, where y holds the labels one-hot
    y = np.eye(classes, dtype=logits.dtype)[labels]
    d2 = (p - y) / n

    # logits = h W2^T + b2
    dW2 = d2.T @ h
    db2 = d2.sum(axis=0)

    # h = max(z1, 0)
    d1 = (d2 @ parameters["W2"]) * (z1 > 0)

    # z1 = x W1^T + b1
    dW1 = d1.T @ x
    db1 = d1.sum(axis=0)

    return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


def update(
    parameters: dict[str, np.ndarray], gradients: dict[str, np.ndarray], learning_rate: float
) -> dict[str, np.ndarray]:
    """Return the parameters after one step of gradient descent: every p becomes p - learning_rate · dL/dp.

    Arguments:
        parameters: arrays by name.
        gradients: the gradient of each parameter, under the same names.
        learning_rate: a float.

    Returns:
        A dict with the same names.

    For extra points: float32 parameters stay float32; a call doesn't change its arguments.
    """
    return {
        "W1": parameters["W1"] - learning_rate * gradients["W1"],
        "b1": parameters["b1"] - learning_rate * gradients["b1"],
        "W2": parameters["W2"] - learning_rate * gradients["W2"],
        "b2": parameters["b2"] - learning_rate * gradients["b2"],
    }


if __name__ == "__main__":
    training.main(backward, update)

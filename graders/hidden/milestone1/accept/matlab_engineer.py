# Samples as columns and numpy.matrix, as in MATLAB.
# independent
# milestone 1
# NOTE: samples are COLUMNS in here, as usual. matrix() makes * the matrix product and keeps vectors 2-D.
from numpy import *
import training


def backward(parameters, activations, labels):
    X = matrix(activations["x"]).T  # in x n
    Z1 = matrix(activations["z1"]).T  # hidden x n
    H = matrix(activations["h"]).T  # hidden x n
    A = matrix(activations["logits"]).T  # classes x n
    W2 = matrix(parameters["W2"])

    nClasses, n = A.shape

    # softmax
    A = A - tile(A.max(axis=0), (nClasses, 1))
    P = exp(A)
    P = P / tile(P.sum(axis=0), (nClasses, 1))

    # targets
    T = matrix(zeros((nClasses, n), dtype=A.dtype))
    for k in range(n):
        T[labels[k], k] = 1

    # output layer
    dA = (P - T) / n
    dW2 = dA * H.T
    db2 = dA.sum(axis=1)

    # hidden layer
    dH = W2.T * dA
    dZ1 = multiply(dH, Z1 > 0)
    dW1 = dZ1 * X.T
    db1 = dZ1.sum(axis=1)

    gradients = {}
    gradients["W1"] = array(dW1)
    gradients["b1"] = array(db1).flatten()  # not a column, they want (k,)
    gradients["W2"] = array(dW2)
    gradients["b2"] = array(db2).flatten()  # not a column, they want (k,)
    return gradients


def update(parameters, gradients, learning_rate):
    newParameters = {}
    newParameters["W1"] = parameters["W1"] - learning_rate * gradients["W1"]
    newParameters["b1"] = parameters["b1"] - learning_rate * gradients["b1"]
    newParameters["W2"] = parameters["W2"] - learning_rate * gradients["W2"]
    newParameters["b2"] = parameters["b2"] - learning_rate * gradients["b2"]
    return newParameters


if __name__ == "__main__":
    training.main(backward, update)

"""Run beside a submission; they report what they saw and judge nothing."""

import numpy as np


def norms_of_weights(submission, weights, X, y):
    """The gradient norms of a ReLU network with these weights and without biases.

    Shown as:
        from network import Network
        network = Network([2, 2, 2], "relu", np.random.default_rng(0))
        for parameter, value in zip(network.weights, weights):
            parameter[...] = value
        np.array(gradient_norms(network, X, y))
    """
    from network import Network  # the supplied one, which is there when a probe is called

    network = Network([weights[0].shape[1], *map(len, weights)], "relu", np.random.default_rng(0))
    for parameter, value in zip(network.weights, weights, strict=True):
        parameter[...] = value
    return np.array(submission.gradient_norms(network, X, y))


def diagnosis(submission, function, arguments, seed, activation, change, factor):
    """What a diagnostic says about a network of 8 inputs, two hidden layers and 3 outputs, and whether it is as before.

    `change` names what is done to it first: "bias" adds `factor` to the biases of the first layer, "step" multiplies
    the learning rate by it, "nothing" nothing.

    Shown as:
        # {function} of a network with {activation}, 8 inputs, hidden layers of 32 and 24 units, 3 outputs;
        # X of shape (100, 8). Further arguments: {arguments}
        # Before the call: {change} (bias: {factor} is added to the biases of the first layer; step: the learning
        # rate is multiplied by {factor}; nothing: it is as it was made)
    """
    from network import Network

    class Changed(Network):
        def step(self, X, y, learning_rate=0.05):
            return super().step(X, y, learning_rate * (factor if change == "step" else 1))

    rng = np.random.default_rng(seed)
    network = Changed([8, 32, 24, 3], activation, rng)
    X = rng.standard_normal((100, 8))
    y = (X @ rng.standard_normal((8, 3))).argmax(axis=1)
    y[8:11] = 0, 1, 2
    y[:3] = (network.forward(X[:3]).argmax(axis=1) + 1) % 3  # what the untrained network has wrong
    if change == "bias":
        network.biases[0] += factor
    before = [parameter.copy() for parameter in network.weights + network.biases]
    given = {"shapes_are_correct": (X, *arguments), "activations_are_healthy": (X,)}.get(function, (X, y))
    answer = getattr(submission, function)(network, *given)
    after = network.weights + network.biases
    return answer, all(np.array_equal(old, new) for old, new in zip(before, after, strict=True))

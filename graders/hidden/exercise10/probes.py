"""Probes that run in the submission's process. They return what they observe and don't judge it."""

import copy

import numpy as np


def examine(submission, function, arguments, activation, weights, biases, order, classes, pace, form, X, y):
    """Return a diagnostic's answer for a Network with these weights.

    Shown as:
        # {function} of a network with {activation}, whose weights have the shapes {weights:shape}
        # X has the shape {X:shape}. Further arguments: {arguments}
    """
    network = assembled(activation, weights, biases, order, classes, pace, form)
    given = {"shapes_are_correct": (X, *arguments), "activations_are_healthy": (X,)}.get(function, (X, y))
    return getattr(submission, function)(network, *given)


def left(submission, function, arguments, activation, weights, biases, order, classes, pace, form, X, y):
    """Return X, y and all attributes of a Network with these weights, as they are after a diagnostic.

    Shown as:
        # {function} of a network with {activation}, whose weights have the shapes {weights:shape}
        # X has the shape {X:shape}. Further arguments: {arguments}
    """
    network = assembled(activation, weights, biases, order, classes, pace, form)
    given = {"shapes_are_correct": (X, *arguments), "activations_are_healthy": (X,)}.get(function, (X, y))
    getattr(submission, function)(network, *given)
    return {"X": X, "y": y, **vars(network)}


def before_and_after(submission, function, network, weights):
    """Return a diagnostic's answer for one network, and again after the network's weights were changed in place.

    Shown as:
        # {function} of a network, and again after its weights were changed in place (weight[...] = other numbers)
    """
    *description, X, y = network
    asked = assembled(*description)
    answers = [copy.deepcopy(getattr(submission, function)(asked, X, y))]
    for parameter, value in zip(asked.weights, weights, strict=True):
        parameter[...] = value
    return [*answers, getattr(submission, function)(asked, X, y)]


def assembled(activation, weights, biases, order, classes, pace, form):
    """Return a Network with these weights and these faults.

    `order` and `classes` rearrange the labels used in training, `pace` scales each parameter's steps, and `form`
    selects a fault in the logits.
    """
    from network import Network  # the supplied module; it can be imported only while a probe runs

    class Assembled(Network):
        def forward(self, X):
            return rearranged(super().forward(X), form, self.n_steps)

        def loss_and_gradients(self, X, y):
            here = np.array([row for row in order if row < len(y)], dtype=int)
            y = np.array(y)
            y[np.sort(here)] = y[here]
            return super().loss_and_gradients(X, (y + classes) % len(biases[-1]))

        def step(self, X, y, learning_rate=0.05):
            parameters = self.weights + self.biases
            before = [parameter.copy() for parameter in parameters]
            loss = super().step(X, y, learning_rate)
            for parameter, start, factor in zip(parameters, before, pace, strict=True):
                if factor != 1:
                    parameter[...] = start + factor * (parameter - start)
            return loss

    network = Assembled([W.shape[1] for W in weights] + [len(biases[-1])], activation, np.random.default_rng(0))
    for parameters, values in ((network.weights, weights), (network.biases, biases)):
        for parameter, value in zip(parameters, values, strict=True):
            parameter[...] = value
    return network


def rearranged(logits, form, n_steps):
    """Return the logits with the fault that `form` selects.

    - 0: The logits are unchanged.
    - 1: They are transposed.
    - 2: Axes of length 1 are removed.
    - 3: Only the first eight rows are returned.
    - 4: One entry in the last row is NaN.
    - 5: If there is only one row, it has a NaN.
    - 6: The columns are shifted by one class.
    - 7: One row is negated, a different one after every step.
    """
    if form == 1:
        return logits.T
    if form == 2:
        return logits.squeeze()
    if form == 3:
        return logits[:8]
    if form == 4 and len(logits) > 1:
        logits[-1, -1] = np.nan
    if form == 5 and len(logits) == 1:
        logits[0, -1] = np.nan
    if form == 6:
        return np.roll(logits, 1, axis=1)
    if form == 7:
        logits[n_steps % len(logits)] *= -1
    return logits

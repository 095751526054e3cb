"""Networks with one fault each, and functions that call your diagnostics on them.

The networks have 8 inputs and hidden layers of 32 units.
"""

import numpy as np


def norms_of_weights(submission, weights, X, y):
    """The gradient norms of a ReLU network with these weights and without biases.

    Shown as:
        from network import Network
        network = Network([weights[0].shape[1], *map(len, weights)], "relu", np.random.default_rng(0))
        for parameter, value in zip(network.weights, weights):
            parameter[...] = value
        np.array(gradient_norms(network, X, y))
    """
    from network import Network  # the supplied module; it can be imported only while a probe runs

    network = Network([weights[0].shape[1], *map(len, weights)], "relu", np.random.default_rng(0))
    for parameter, value in zip(network.weights, weights, strict=True):
        parameter[...] = value
    return np.array(submission.gradient_norms(network, X, y))


def answer(submission, function, arguments, activation, fault, layer, factors, n_hidden, n_outputs, rows):
    """The answer of a diagnostic for the network from `patient`, with each layer multiplied by one of `factors`."""
    network, X, y = patient(activation, fault, layer, n_hidden, n_outputs)
    for W, b, factor in zip(network.weights, network.biases, factors, strict=False):
        W *= factor
        b *= factor
    X, y = X[:rows], y[:rows]
    given = {"shapes_are_correct": (X, *arguments), "activations_are_healthy": (X,)}.get(function, (X, y))
    return getattr(submission, function)(network, *given)


def changed(submission, function, arguments):
    """The names of everything that a diagnostic has changed: X, y, or an attribute of the network."""
    network, X, y = patient("tanh", "none", 0, 2, 3)
    before = _contents(network, X, y)
    given = {"shapes_are_correct": (X, *arguments), "activations_are_healthy": (X,)}.get(function, (X, y))
    getattr(submission, function)(network, *given)
    after = _contents(network, X, y)
    return [name for name in before if before[name] != after[name]]


def patient(activation, fault, layer, n_hidden, n_outputs):
    """Return a network with this fault (in this hidden layer, for a fault of a layer), 100 samples and their classes.

    The classes of the first eight samples are 0, 1, 0, 1, … Row 8 equals row 0 but has class 2, so no network
    can learn both.
    """
    from network import Network

    class Patient(Network):
        def forward(self, X):
            return _logits(super().forward(X), fault, self.n_steps)

        def loss_and_gradients(self, X, y):
            if fault == "labels of the next row":
                y = np.roll(y, -1)
            if fault == "none: labels of the row after the next, which has the same class":
                y = np.concatenate([np.roll(y[:8], -2), y[8:]])
            if fault == "classes counted from 1":
                y = (y + 1) % n_outputs
            if fault == "none: logits and labels shifted by one class":
                y = (y - 1) % n_outputs
            return super().loss_and_gradients(X, y)

        def step(self, X, y, learning_rate=0.05):
            before = [parameter.copy() for parameter in self.weights + self.biases]
            loss = super().step(X, y, learning_rate)
            for parameter, old in zip(self.weights + self.biases, before, strict=True):
                if fault in ("step changes nothing", "one wrong prediction, a different one after every step"):
                    parameter[...] = old
                if fault == "step goes uphill":
                    parameter[...] = old - (parameter - old)
                if fault == "step changes the last biases only" and parameter is not self.biases[-1]:
                    parameter[...] = old
                if fault == "none: step changes the last weights only" and parameter is not self.weights[-1]:
                    parameter[...] = old
            return loss

    rng = np.random.default_rng(3)
    network = Patient([8, *[32] * n_hidden, n_outputs], activation, rng)
    X = rng.standard_normal((100, 8))
    y = np.arange(100) % 3
    y[:8] = np.arange(8) % 2
    X[8], y[8], X[-1] = X[0], 2, 0
    if fault in ("step changes nothing", "one wrong prediction, a different one after every step"):
        y[:8] = Network.forward(network, X[:8]).argmax(axis=1)  # all eight are predicted right before any step,
        y[7] = (y[7] + (fault == "step changes nothing")) % 3  # or all but one
    _spoil(network, X, fault, layer)
    return network, X, y


def _logits(logits, fault, n_steps):
    """Return the logits as a `forward` with this fault would return them."""
    if fault == "swapped axes":
        return logits.T
    if fault == "a single row loses its axis":
        return logits.squeeze()
    if fault == "at most eight rows of logits":
        return logits[:8]
    if fault == "NaN in the last row" and len(logits) > 1:
        logits[-1, -1] = np.nan
    if fault == "NaN for a single row" and len(logits) == 1:
        logits[0, -1] = np.nan
    if fault in ("logits shifted by one class", "none: logits and labels shifted by one class"):
        return np.roll(logits, 1, axis=1)
    if fault == "one wrong prediction, a different one after every step":
        logits[n_steps % len(logits)] *= -1
    return logits


def _spoil(network, X, fault, layer):
    """Build this fault into the parameters or the samples."""
    W, b = network.weights[layer], network.biases[layer]
    if fault in ("NaN", "infinity"):
        network.biases[-1][-1] = float(fault[:3])
    if fault in ("bias -1000", "bias 1000"):
        b[2:] += float(fault[5:])  # for all units except two
    if fault == "weights times 1000":
        W *= 1000
        b *= 1000
    if fault == "weights times 0.001, bias -0.1":
        W *= 0.001
        b[...] = -0.1
    if fault == "weights 0, bias 1":
        W[...], b[...] = 0, 1
    if fault == "each unit responds to two samples only":
        X[0] = 0
        b[...] = -np.sort(X @ W.T, axis=0)[-3]
    if fault == "first eight samples times 100":
        X[:8] *= 100
    if fault == "samples after the first eight times 1e9":
        X[8:] *= 1e9
    if fault == "nine dead units for each working one":  # the logits and gradient norms stay the same for these samples
        V = network.weights[1]
        network.weights[:2] = [np.concatenate([W] * 10), np.concatenate([V] * 10, axis=1)]
        network.biases[0] = np.concatenate([b, np.full(9 * len(b), -1000.0)])
        n_parameters = sum(parameter.size for parameter in network.weights + network.biases)
        network.mean, network.square = np.zeros(n_parameters), np.zeros(n_parameters)


def _contents(network, X, y):
    """Return the contents of X, y and all attributes of the network, by name."""
    held = {"X": X, "y": y, **vars(network)}
    return {
        name: [np.asarray(part).tobytes() for part in (value if isinstance(value, list) else [value])]
        for name, value in held.items()
    }

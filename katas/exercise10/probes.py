"""Networks of 8 inputs, hidden layers of 32 and 3 classes, each made sick in one way, and what you say about them."""

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
    from network import Network  # the supplied one, which is there when a probe is called

    network = Network([weights[0].shape[1], *map(len, weights)], "relu", np.random.default_rng(0))
    for parameter, value in zip(network.weights, weights, strict=True):
        parameter[...] = value
    return np.array(submission.gradient_norms(network, X, y))


def answer(submission, function, arguments, activation, fault, layer, factors, n_hidden, n_outputs, rows):
    """What a diagnostic says about such a network: see `patient`, and `factors` times the weights of each layer.

    Shown as:
        # {function} of a network with {activation}, 8 inputs, {n_hidden} hidden layers of 32, {n_outputs} outputs;
        # X of shape ({rows}, 8). Further arguments: {arguments}
        # Before the call: {fault} (in hidden layer {layer}, counted from 0), weights and biases times {factors}
    """
    network, X, y = patient(activation, fault, layer, n_hidden, n_outputs)
    for W, b, factor in zip(network.weights, network.biases, factors, strict=False):
        W *= factor
        b *= factor
    X, y = X[:rows], y[:rows]
    given = {"shapes_are_correct": (X, *arguments), "activations_are_healthy": (X,)}.get(function, (X, y))
    return getattr(submission, function)(network, *given)


def changed(submission, function, arguments):
    """The names of what is no longer as it was after a diagnostic: X, y, or an attribute of the network."""
    network, X, y = patient("tanh", "none", 0, 2, 3)
    before = _contents(network, X, y)
    given = {"shapes_are_correct": (X, *arguments), "activations_are_healthy": (X,)}.get(function, (X, y))
    getattr(submission, function)(network, *given)
    after = _contents(network, X, y)
    return [name for name in before if before[name] != after[name]]


def patient(activation, fault, layer, n_hidden, n_outputs):
    """A network with this fault, in this hidden layer if it is in one, 100 samples and their classes.

    The classes of the first eight samples are 0 and 1 in turns. Row 8 is row 0 with class 2, so nothing can learn both.
    """
    from network import Network

    class Patient(Network):
        def forward(self, X):
            return _logits(super().forward(X), fault, self.n_steps)

        def loss_and_gradients(self, X, y):
            if fault == "labels of the next row":
                y = np.roll(y, -1)
            if fault == "classes counted from 1":
                y = (y + 1) % n_outputs
            return super().loss_and_gradients(X, y)

        def step(self, X, y, learning_rate=0.05):
            before = [parameter.copy() for parameter in self.weights + self.biases]
            loss = super().step(X, y, learning_rate)
            for parameter, old in zip(self.weights + self.biases, before, strict=True):
                if fault in ("step of length 0", "one prediction wrong, another one after every step"):
                    parameter[...] = old
                if fault == "step uphill":
                    parameter[...] = old - (parameter - old)
                if fault == "step of the last biases only" and parameter is not self.biases[-1]:
                    parameter[...] = old
            return loss

    rng = np.random.default_rng(3)
    network = Patient([8, *[32] * n_hidden, n_outputs], activation, rng)
    X = rng.standard_normal((100, 8))
    y = np.arange(100) % 3
    y[:8] = np.arange(8) % 2
    X[8], y[8], X[-1] = X[0], 2, 0
    if fault in ("step of length 0", "one prediction wrong, another one after every step"):
        y[:8] = Network.forward(network, X[:8]).argmax(axis=1)  # right without a step,
        y[7] = (y[7] + (fault == "step of length 0")) % 3  # all of them or all but one
    _spoil(network, X, fault, layer)
    return network, X, y


def _logits(logits, fault, n_steps):
    """Logits as a faulty `forward` gives them."""
    if fault == "exchanged axes":
        return logits.T
    if fault == "one row loses its axis":
        return logits.squeeze()
    if fault == "never more than eight rows":
        return logits[:8]
    if fault == "NaN in the last row" and len(logits) > 1:
        logits[-1, -1] = np.nan
    if fault == "NaN for one row" and len(logits) == 1:
        logits[0, -1] = np.nan
    if fault == "logits of the class before":
        return np.roll(logits, 1, axis=1)
    if fault == "one prediction wrong, another one after every step":
        logits[n_steps % len(logits)] *= -1
    return logits


def _spoil(network, X, fault, layer):
    """Faults in the parameters and in the samples."""
    W, b = network.weights[layer], network.biases[layer]
    if fault in ("NaN", "infinity"):
        network.biases[-1][-1] = float(fault[:3])
    if fault in ("bias -1000", "bias 1000"):
        b[2:] += float(fault[5:])  # of all units but two
    if fault == "weights times 1000":
        W *= 1000
        b *= 1000
    if fault == "weights times 0.001, bias -0.1":
        W *= 0.001
        b[...] = -0.1
    if fault == "weights 0, bias 1":
        W[...], b[...] = 0, 1
    if fault == "each unit answers to two samples":
        X[0] = 0
        b[...] = -np.sort(X @ W.T, axis=0)[-3]
    if fault == "first eight samples times 100":
        X[:8] *= 100
    if fault == "samples behind the first eight times 1e9":
        X[8:] *= 1e9
    if fault == "nine dead units for each that works":  # the same logits and gradients for these samples
        V = network.weights[1]
        network.weights[:2] = [np.concatenate([W] * 10), np.concatenate([V] * 10, axis=1)]
        network.biases[0] = np.concatenate([b, np.full(9 * len(b), -1000.0)])
        n_parameters = sum(parameter.size for parameter in network.weights + network.biases)
        network.mean, network.square = np.zeros(n_parameters), np.zeros(n_parameters)


def _contents(network, X, y):
    """Everything that a network, X and y hold, by name."""
    held = {"X": X, "y": y, **vars(network)}
    return {
        name: [np.asarray(part).tobytes() for part in (value if isinstance(value, list) else [value])]
        for name, value in held.items()
    }

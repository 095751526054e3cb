"""Functions that the tests run in the same process as your code. They return what they observe; the tests judge it."""


def affine(_submission, W, x, b):
    """Call the affine layer of exercise 1.

    Shown as:
        from affine import affine
        affine(W, x, b)
    """
    from affine import affine

    return affine(W, x, b)


def relu_and_derivative(_submission, z):
    """Call both functions of exercise 2.

    Shown as:
        from relu import relu, relu_derivative
        [relu(z), relu_derivative(z)]
    """
    from relu import relu, relu_derivative

    return [relu(z.copy()).copy(), relu_derivative(z.copy())]


def softmax_and_loss(_submission, logits, labels):
    """Call both functions of exercise 4.

    Shown as:
        from softmax_cross_entropy import cross_entropy, softmax
        [softmax(logits), cross_entropy(logits, labels)]
    """
    from softmax_cross_entropy import cross_entropy, softmax

    return [softmax(logits.copy()).copy(), cross_entropy(logits.copy(), labels.copy())]


def affine_backward(_submission, dz, x, W):
    """Call the gradient of exercise 5.

    Shown as:
        from affine_gradient import affine_backward
        affine_backward(dz, x, W)
    """
    from affine_gradient import affine_backward

    return affine_backward(dz, x, W)


def initialize(_submission, fan_in, fan_out, rng):
    """Draw He weights with exercise 7.

    Shown as:
        from initialization import initialize
        initialize(fan_in, fan_out, "he", rng)
    """
    from initialization import initialize

    return initialize(fan_in, fan_out, "he", rng)


def dropout(_submission, h, mask, p_drop):
    """Call dropout of exercise 8.

    Shown as:
        from dropout import dropout
        dropout(h, mask, p_drop)
    """
    from dropout import dropout

    return dropout(h, mask, p_drop)


def dropout_mask(_submission, shape, p_drop, rng):
    """Draw a mask with exercise 8.

    Shown as:
        from dropout import dropout_mask
        dropout_mask(shape, p_drop, rng)
    """
    from dropout import dropout_mask

    return dropout_mask(shape, p_drop, rng)


def layer_norm(_submission, x, gamma, beta):
    """Call layer_norm of exercise 9, with and without gamma and beta.

    Shown as:
        from layer_norm import layer_norm
        [layer_norm(x, gamma, beta, 1e-5), layer_norm(x)]
    """
    from layer_norm import layer_norm

    return [layer_norm(x.copy(), gamma, beta, 1e-5).copy(), layer_norm(x.copy())]


def diagnoses(_submission, weights, biases, X, y):
    """Diagnose a network of exercise 10 with these weights and biases.

    Shown as:
        import numpy as np
        from diagnostics import activations_are_healthy, can_overfit_tiny_batch, gradients_flow
        from network import Network

        rng = np.random.default_rng(seed)
        network = Network([8, 32, 32, 3], "relu", rng)
        network.biases[0] += bias
        network.weights[0] *= factor
        X, y = rng.standard_normal((100, 8)), np.arange(100) % 3
        X[:equal_rows] = X[0]
        [activations_are_healthy(network, X), gradients_flow(network, X, y), can_overfit_tiny_batch(network, X, y)]
    """
    import numpy as np
    from diagnostics import activations_are_healthy, can_overfit_tiny_batch, gradients_flow
    from network import Network

    network = Network([8, 32, 32, 3], "relu", np.random.default_rng(0))
    network.weights, network.biases = weights, biases
    answers = [
        activations_are_healthy(network, X),
        gradients_flow(network, X, y),
        can_overfit_tiny_batch(network, X, y),
    ]
    return [bool(answer) for answer in answers]


def blocks_in_a_row(submission, times, z, gamma, beta, p_drop, rng):
    """The masks of `times` calls of block_forward in training, with the same generator.

    Shown as:
        import numpy as np
        from blocks import block_forward
        np.array([block_forward(z, gamma, beta, p_drop, rng, True)[1] for _ in range(times)])
    """
    import numpy as np

    return np.array([submission.block_forward(z.copy(), gamma, beta, p_drop, rng, True)[1] for _ in range(times)])


def arguments_after(submission, name, arguments):
    """The arrays, as they are after a call of block_forward in training, or of block_backward."""
    import numpy as np

    rest = [np.random.default_rng(6), True] if name == "block_forward" else []
    getattr(submission, name)(*arguments, *rest)
    return list(arguments)


def trained(submission, count, seed):
    """Train a deep network of your blocks on the first `count` digits, and return its parameters.

    Shown as:
        import numpy as np
        from blocks import block_backward, block_forward
        from deep_training import DeepNetwork, train
        from digits import load_digits
        images, labels = load_digits()
        rng = np.random.default_rng(seed)
        network = DeepNetwork(block_forward, block_backward, rng)
        losses = train(network, images[:count].astype(float), labels[:count], rng)
        print(losses)
    """
    import numpy as np
    from deep_training import DeepNetwork, train
    from digits import load_digits

    images, labels = load_digits()
    rng = np.random.default_rng(seed)
    network = DeepNetwork(submission.block_forward, submission.block_backward, rng)
    train(network, images[:count].astype(np.float64), labels[:count], rng)
    return _parameters(network)


def fault_of(submission, state):
    """The fault that your function finds in a network.

    Shown as:
        import numpy as np
        from blocks import block_backward, block_forward, find_fault
        from deep_training import DeepNetwork
        from digits import load_digits
        X, y = load_digits()
        network = DeepNetwork(block_forward, block_backward, np.random.default_rng(0), sizes)
        normal = np.random.default_rng(seed).normal
        network.weights = [normal(0, np.sqrt(2 / n), (m, n)) for n, m in zip(sizes, sizes[1:])]
        network.training, network.learning_rate = training, rate * network.learning_rate
        for beta, shift in zip(network.betas, shifts):
            beta += shift
        for W, factor in zip(network.weights, factors):
            W *= factor
        find_fault(network, X[:200].astype(float), y[:200])
    """
    return submission.find_fault(*_patient(submission, state))


def repaired(submission, state, rng):
    """Everything in a network that your repair may change, after the repair.

    Shown as:
        import numpy as np
        from blocks import block_backward, block_forward, repair
        from deep_training import DeepNetwork
        from digits import load_digits
        X, y = load_digits()
        network = DeepNetwork(block_forward, block_backward, np.random.default_rng(0), sizes)
        normal = np.random.default_rng(seed).normal
        network.weights = [normal(0, np.sqrt(2 / n), (m, n)) for n, m in zip(sizes, sizes[1:])]
        network.training, network.learning_rate = training, rate * network.learning_rate
        for beta, shift in zip(network.betas, shifts):
            beta += shift
        for W, factor in zip(network.weights, factors):
            W *= factor
        repair(network, X[:200].astype(float), y[:200], rng)
        vars(network)
    """
    network, X, y = _patient(submission, state)
    submission.repair(network, X, y, rng)
    settings = {name: getattr(network, name) for name in ("training", "learning_rate", "p_drop")}
    return _parameters(network) | settings


def _patient(submission, state):
    """Return a network with these parameters and settings, 200 digits and their classes."""
    import numpy as np
    from deep_training import DeepNetwork
    from digits import load_digits

    sizes = [state["weights"][0].shape[1], *map(len, state["biases"])]
    network = DeepNetwork(submission.block_forward, submission.block_backward, np.random.default_rng(0), sizes)
    vars(network).update(state)
    X, y = load_digits()
    return network, X[:200].astype(np.float64), y[:200]


def _parameters(network):
    return {name: list(getattr(network, name)) for name in ("weights", "biases", "gammas", "betas")}

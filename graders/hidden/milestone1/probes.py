"""The probes of the hidden tests, which are those of the visible tests."""


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


def weight_by_weight(_submission, W, x):
    """Compute W x for each row of x with a Python loop over all weights. The tests measure how long that takes.

    Shown as:
        [[sum(w * v for w, v in zip(weights, row)) for weights in W.tolist()] for row in x.tolist()]
    """
    return [[sum(w * v for w, v in zip(weights, row, strict=True)) for weights in W.tolist()] for row in x.tolist()]


def arguments_after(submission, name, arguments):
    """The arguments, as they are after a call of one of your functions."""
    getattr(submission, name)(*arguments)
    return list(arguments)


def two_calls(submission, first, second):
    """The gradients of the first batch, before and after a second call of backward."""
    gradients = submission.backward(*first)
    before = {name: gradient.copy() for name, gradient in gradients.items()}
    submission.backward(*second)
    return [before, gradients]


def trained(submission, count, seed):
    """Train your network on the first `count` digits, and return its parameters.

    Shown as:
        import numpy as np, training
        from digits import load_digits
        from network import backward, update
        images, labels = load_digits()
        training.train(backward, update, images[:count].astype(float), labels[:count], seed=seed)[0]
    """
    import numpy as np
    import training
    from digits import load_digits

    images, labels = load_digits()
    images = images[:count].astype(np.float64)
    parameters, _ = training.train(submission.backward, submission.update, images, labels[:count], seed=seed)
    return parameters

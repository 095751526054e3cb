"""Run beside a submission, since a function cannot be sent to it; they report what they saw and judge nothing."""


def of_a_square(submission, w):
    """The numerical gradient of w² at w.

    Shown as:
        numerical_gradient(lambda w: w * w, w)
    """
    return submission.numerical_gradient(lambda w: w * w, w)


def of_squares_and_a_product(submission, W):
    """The numerical gradient, at a matrix W, of the sum of its squares and of one product of two of its elements.

    Shown as:
        numerical_gradient(lambda W: (W * W).sum() + W[0, 0] * W[1, 2], W)
    """
    return submission.numerical_gradient(lambda W: (W * W).sum() + W[0, 0] * W[1, 2], W)

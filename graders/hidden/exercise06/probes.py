"""Run beside a submission, since a function cannot be sent to it; they report what they saw and judge nothing."""

import copy
import math

import numpy as np

from graders.worker.layouts import LAYOUTS

# ------------------------------------------------------------------ functions of an array, of different kinds of float


def waves(a, b):
    return lambda w: float(np.sum(a * np.sin(b * w)))


def quadratic(M, c):
    return lambda w: np.ravel(w) @ M @ np.ravel(w) + c @ np.ravel(w)


def rows(a):
    return lambda w: np.sum(np.sum(a * w, axis=-1) ** 2)


def log_sum_exp(c):
    return lambda w: np.log(np.sum(np.exp(c * w)))


def logarithms(a):
    return lambda w: np.sum(a * np.log(w))


# ------------------------------------------------------------------------------------------- functions of one number


def polynomial(a, b, c):
    return lambda w: a * w**3 + b * w**2 + c * w


def wave(a, b):
    return lambda w: a * math.sin(b * w)


def logarithm(a):
    return lambda w: a * math.log(w)


def constant(a):
    return lambda _: a


FUNCTIONS = {
    function.__name__: function
    for function in (waves, quadratic, rows, log_sum_exp, logarithms, polynomial, wave, logarithm, constant)
}
FUNCTIONS["ripple"] = wave


def gradient(submission, name, parameters, w, options):
    """The numerical gradient at w of the function with this name and these parameters.

    Shown as:
        {name:def}
        f = {name}(*parameters)
        numerical_gradient(f, w, **options)
    """
    return submission.numerical_gradient(FUNCTIONS[name](*parameters), w, **options)


# ----------------------------------------------------------------------------------------------------- memory layouts


def gradients_and_argument(submission, layout, name, parameters, w, other):
    """The gradient at w, laid out in memory as `layout` says: at once, and as it is after that at another array.

    Then w as it is after the first call, and the gradient at it once it holds the other's numbers.

    Shown as:
        # numerical_gradient of the function {name}, with the parameters {parameters:brief},
        # at an array w whose memory layout is {layout}: {w:brief}
        # It is called again at {other:brief}
        # Then these numbers are written into w, and it is called at w once more.
    """
    w, f = LAYOUTS[layout](w), FUNCTIONS[name](*parameters)
    gradient = submission.numerical_gradient(f, w)
    returned, after = copy.deepcopy(gradient), w.copy()
    submission.numerical_gradient(f, other)
    at_last = copy.deepcopy(gradient)
    w[...] = other
    return [returned, at_last, after, submission.numerical_gradient(f, w)]

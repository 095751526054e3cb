"""Probes that run in the submission's process, because no function can be sent to it. They don't judge results."""

import copy
import math

import numpy as np

from graders.worker.layouts import LAYOUTS

# ------------------------------------ functions of an array, which return a Python float or a NumPy float


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


# ----------------------------------------------------------------------------------- functions of a float


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
    """Return the numerical gradient at w of the function with this name and these parameters.

    Shown as:
        {name:def}
        f = {name}(*parameters)
        numerical_gradient(f, w, **options)
    """
    return submission.numerical_gradient(FUNCTIONS[name](*parameters), w, **options)


# ----------------------------------------------------------------------------------------- memory layouts


def gradients_and_argument(submission, layout, name, parameters, w, other):
    """Return the gradient at w, whose memory layout is `layout`, and that gradient after a call with another array.

    Two more results follow: w after the first call, and the gradient at w once it holds the other array's numbers.

    Shown as:
        # numerical_gradient is called with the function {name}, whose parameters are {parameters:brief},
        # and an array w with the memory layout {layout}: {w:brief}
        # It is called again with the array {other:brief}
        # Then these numbers are written into w, and it is called with w once more.
    """
    w, f = LAYOUTS[layout](w), FUNCTIONS[name](*parameters)
    gradient = submission.numerical_gradient(f, w)
    returned, after = copy.deepcopy(gradient), w.copy()
    submission.numerical_gradient(f, other)
    at_last = copy.deepcopy(gradient)
    w[...] = other
    return [returned, at_last, after, submission.numerical_gradient(f, w)]

"""Probes that run in the submission's process. They don't judge results.

The functions to differentiate stay with the judge, because a submission could read their parameters here and return
the derivative without measuring anything. A probe calls the submission with an f that knows only the values that the
judge has computed so far. If it is called anywhere else, the probe returns these points, and the judge runs the probe
again with their values. The reports show the functions below as `f`.
"""

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


# ---------------------------------------------------------------------------------------------- the probes


class Function:
    """A function that is known at some points. Elsewhere it returns 1.0 and remembers the point in `asked`."""

    def __init__(self, points, values, w):
        self.shape = np.shape(w)
        self.known = {point.tobytes(): value for point, value in zip(points, values, strict=True)}
        self.asked = []

    def __call__(self, argument):
        point = np.array(argument, dtype=np.float64)
        if point.shape != self.shape:
            raise ValueError(f"f takes an array of shape {self.shape}, got one of shape {point.shape}")
        if point.tobytes() not in self.known:
            self.known[point.tobytes()] = 1.0
            self.asked.append(point)
        return self.known[point.tobytes()]

    def measured(self, measure):
        """Return measure(), or the points where this function must be known first."""
        try:
            result = measure()
        except Exception:
            if not self.asked:
                raise
        return {"points": np.stack(self.asked)} if self.asked else result


def gradient(submission, points, values, w, options):
    """Return the numerical gradient at w of the function with these values at these points.

    Shown as:
        {name:def}
        f = {name}(*parameters)
        numerical_gradient(f, w, **options)
    """
    f = Function(points, values, w)
    return f.measured(lambda: submission.numerical_gradient(f, w, **options))


# ----------------------------------------------------------------------------------------- memory layouts


def gradients_and_argument(submission, points, values, layout, w, other):
    """Return the gradient at w, whose memory layout is `layout`, and that gradient after a call with another array.

    Two more results follow: w after the first call, and the gradient at w once it holds the other array's numbers.

    Shown as:
        from graders.worker.layouts import LAYOUTS
        {name:def}
        f, w = {name}(*parameters), LAYOUTS["{layout}"](w)
        gradient = numerical_gradient(f, w)
        returned, after = gradient.copy(), w.copy()
        numerical_gradient(f, other)
        at_last = gradient.copy()
        w[...] = other
        [returned, at_last, after, numerical_gradient(f, w)]
    """
    w, f = LAYOUTS[layout](w), Function(points, values, w)

    def measure():
        gradient = submission.numerical_gradient(f, w)
        returned, after = copy.deepcopy(gradient), w.copy()
        submission.numerical_gradient(f, other)
        at_last = copy.deepcopy(gradient)
        w[...] = other
        return [returned, at_last, after, submission.numerical_gradient(f, w)]

    return f.measured(measure)

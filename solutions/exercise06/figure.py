"""Draw the error of forward and central differences against the step eps."""

import numpy as np
from gradient_check import numerical_gradient, relative_error

W = 1.0
DERIVATIVE = np.exp(W) * (np.sin(W) + np.cos(W))


def f(w):
    return np.exp(w) * np.sin(w)


def forward(eps, dtype):
    w, eps = dtype(W), dtype(eps)
    return (f(w + eps) - f(w)) / eps


def central(eps, dtype):
    w, eps = dtype(W), dtype(eps)
    return (f(w + eps) - f(w - eps)) / (2 * eps)


def draw(figure):
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    steps = np.logspace(-12, 0, 121)
    panel(left, steps, np.float64, "float64")
    panel(right, steps[steps > 1e-8], np.float32, "float32")
    left.set_ylabel("relative error of the derivative")
    right.legend(loc="lower left")
    ours = relative_error(numerical_gradient(f, W), DERIVATIVE)
    left.plot(1e-5, ours, "ko", markersize=5)
    left.text(1e-5, ours / 8, "numerical_gradient,\neps = 1e-5", ha="right", va="top")


def panel(axes, steps, dtype, title):
    quotients = (
        ("forward: truncation ~ eps", forward, "tab:orange"),
        ("central: truncation ~ eps²", central, "tab:blue"),
    )
    for name, quotient, color in quotients:
        errors = [relative_error(float(quotient(eps, dtype)), DERIVATIVE) for eps in steps]
        axes.loglog(steps, errors, color=color, linewidth=1.2, label=name)
    axes.loglog(steps, np.finfo(dtype).eps / steps, "--", color="grey", linewidth=1, label="rounding ~ 1 / eps")
    axes.set(title=f"computed in {title}", xlabel="step eps", ylim=(1e-14, 10))

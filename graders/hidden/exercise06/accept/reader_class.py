# A class that holds f and eps; a copy for each side.
# independent
import numpy as np


class GradientChecker:
    def __init__(self, f, eps):
        self.f = f
        self.eps = eps

    def derivative(self, w):
        return (self.f(w + self.eps) - self.f(w - self.eps)) / (2 * self.eps)

    def gradient(self, w):
        if type(w) == float:
            return self.derivative(w)
        theta = w.copy()
        grad = np.zeros(theta.shape)
        for i in np.ndindex(theta.shape):
            thetaplus = np.copy(theta)
            thetaplus[i] += self.eps
            thetaminus = np.copy(theta)
            thetaminus[i] -= self.eps
            grad[i] = (self.f(thetaplus) - self.f(thetaminus)) / (2 * self.eps)
        return grad


def numerical_gradient(f, w, eps=1e-5):
    return GradientChecker(f, eps).gradient(w)


def relative_error(a, b):
    numerator = np.abs(a - b)
    denominator = np.maximum(1e-8, np.abs(a) + np.abs(b))
    return np.max(numerator / denominator)

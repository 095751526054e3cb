# An object of a class as state, whose method takes the step.
import math

import numpy as np


class Velocity:
    def __init__(self):
        self.v = None

    def step(self, param, grad, lr, momentum, decay):
        grad = grad + decay * param
        self.v = grad if self.v is None else momentum * self.v + grad
        return param - lr * self.v


class Moments:
    def __init__(self, shape, dtype):
        self.t, self.m, self.v = 0, np.zeros(shape, dtype), np.zeros(shape, dtype)

    def step(self, param, grad, lr, betas, eps, decay):
        self.t += 1
        param = param * (1 - lr * decay)
        for name, beta, value in (("m", betas[0], grad), ("v", betas[1], grad**2)):
            setattr(self, name, beta * getattr(self, name) + (1 - beta) * value)
        m_hat, v_hat = (a / (1 - b**self.t) for a, b in zip((self.m, self.v), betas, strict=True))
        return param - lr * m_hat / (v_hat**0.5 + eps)


def sgd(param, grad, state=None, lr=0.01, momentum=0.0, weight_decay=0.0):
    state = state or Velocity()
    return state.step(param, grad, lr, momentum, weight_decay), state


def adam(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    state = state or Moments(param.shape, param.dtype)
    return state.step(param, grad + weight_decay * param, lr, betas, eps, 0.0), state


def adamw(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    state = state or Moments(param.shape, param.dtype)
    return state.step(param, grad, lr, betas, eps, weight_decay), state


def clip_by_norm(grads, max_norm):
    norm = math.hypot(*(math.sqrt(np.vdot(grad, grad)) for grad in grads))
    return tuple(grad if norm <= max_norm else grad / (norm / max_norm) for grad in grads), norm


def warmup_cosine(step, lr, warmup, total, lr_min=0.0):
    if step < warmup:
        return lr * (1 - (warmup - 1 - step) / warmup)
    if step > total or warmup == total:
        return lr_min
    return lr_min + (lr - lr_min) * math.cos(math.pi / 2 * (step - warmup) / (total - warmup)) ** 2

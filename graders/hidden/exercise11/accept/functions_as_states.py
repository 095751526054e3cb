# functional: the state is the function that takes the next step
# independent
from functools import reduce
from math import cos, pi, sqrt
from operator import add
import numpy as np


def sgd_from(velocity):
    def step(param, grad, lr, momentum, weight_decay):
        new = momentum * velocity + grad + weight_decay * param
        return param - lr * new, sgd_from(new)

    return step


def adam_from(t, m, v):
    def step(param, grad, lr, betas, eps):
        m1, v1 = (b * old + (1 - b) * x for b, old, x in zip(betas, (m, v), (grad, grad**2)))
        m_hat, v_hat = (x / (1 - b ** (t + 1)) for b, x in zip(betas, (m1, v1)))
        return param - lr * m_hat / (np.sqrt(v_hat) + eps), adam_from(t + 1, m1, v1)

    return step


def sgd(param, grad, state=None, lr=0.01, momentum=0.0, weight_decay=0.0):
    return (state or sgd_from(0.0))(param, grad, lr, momentum, weight_decay)


def adam(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    return (state or adam_from(0, 0.0, 0.0))(param, grad + weight_decay * param, lr, betas, eps)


def adamw(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    return (state or adam_from(0, 0.0, 0.0))((1 - lr * weight_decay) * param, grad, lr, betas, eps)


def clip_by_norm(grads, max_norm):
    norm = sqrt(reduce(add, map(lambda g: np.vdot(g, g), grads), 0.0))
    return list(map(lambda g: g if norm <= max_norm else g * (max_norm / norm), grads)), norm


def warmup_cosine(step, lr, warmup, total, lr_min=0.0):
    rows = (
        (lambda s: s < warmup, lambda s: lr * (s + 1) / warmup),
        (lambda s: s < total, lambda s: lr_min + (lr - lr_min) * (1 + cos(pi * (s - warmup) / (total - warmup))) / 2),
        (lambda s: True, lambda s: lr_min),
    )
    return next(rate(step) for applies, rate in rows if applies(step))

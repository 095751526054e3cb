# as few characters as possible; the learning rate may be the integer 0
# independent
from math import *


def sgd(p, g, state=None, lr=0.01, momentum=0, weight_decay=0):
    u = momentum * (0 if state is None else state) + g + weight_decay * p
    return p - lr * u, u


def adam(p, g, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0):
    (a, b), (t, m, v) = betas, state or (1, 0, 0)
    g = g + weight_decay * p
    m = a * m + (1 - a) * g
    v = b * v + (1 - b) * g * g
    return p - lr * m / (1 - a**t) / ((v / (1 - b**t)) ** 0.5 + eps), (t + 1, m, v)


def adamw(p, g, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    return adam(p * (1 - lr * weight_decay), g, state, lr, betas, eps)


def clip_by_norm(G, c):
    n = sqrt(sum((g * g).sum() for g in G))
    return [g * min(1, c / (n or 1)) if n > c else g for g in G], n


def warmup_cosine(s, lr, w, T, lr_min=0):
    return (
        lr * (s + 1) / w
        if s < w
        else lr_min
        if s >= T
        else lr_min + (lr - lr_min) * (1 + cos(pi * (s - w) / (T - w))) / 2
    )

# param and grad are changed in place, and the first velocity is grad itself.
# core only
import math

import numpy as np


def sgd(param, grad, state=None, lr=0.01, momentum=0.0, weight_decay=0.0):
    grad += weight_decay * param
    if state is None:
        state = grad
    else:
        state *= momentum
        state += grad
    param -= lr * state
    return param, state


def adam(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    if state is None:
        state = {"t": 1, "m": np.zeros(param.shape), "v": np.zeros(param.shape)}
    grad += weight_decay * param
    b1, b2 = betas
    t = state["t"]
    m = b1 * state["m"] + (1 - b1) * grad
    v = b2 * state["v"] + (1 - b2) * grad**2
    param -= lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)
    return param, {"t": t + 1, "m": m, "v": v}


def adamw(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    param -= lr * weight_decay * param
    return adam(param, grad, state, lr, betas, eps, 0.0)


def clip_by_norm(grads, max_norm):
    norm = math.sqrt(sum(np.sum(g**2) for g in grads))
    if norm > max_norm:
        for i in range(len(grads)):
            grads[i] *= max_norm / norm
    return grads, norm


def warmup_cosine(step, lr, warmup, total, lr_min=0.0):
    if step < warmup:
        return lr * (step + 1) / warmup
    if step >= total:
        return lr_min
    return lr_min + 0.5 * (lr - lr_min) * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))

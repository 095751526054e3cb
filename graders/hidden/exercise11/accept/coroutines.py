# The state is a coroutine that waits for the next gradient.
import math

import numpy as np


def running(update, start):
    value, sent = start, (yield)
    while True:
        value = update(value, *sent)
        sent = yield value


def begin(coroutine):
    next(coroutine)
    return coroutine


def sgd(param, grad, state=None, lr=0.01, momentum=0.0, weight_decay=0.0):
    if state is None:
        state = begin(running(lambda v, g, mu: mu * v + g, 0.0))
    return param - lr * state.send((grad + weight_decay * param, momentum)), state


def one_step(before, grad, betas):
    t, m, v = before
    return t + 1, betas[0] * m + (1 - betas[0]) * grad, betas[1] * v + (1 - betas[1]) * grad * grad


def adam(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    if state is None:
        state = begin(running(one_step, (0, 0.0, 0.0)))
    t, m, v = state.send((grad + weight_decay * param, betas))
    correction = math.sqrt(1 - betas[1] ** t)
    return param - lr * correction / (1 - betas[0] ** t) * m / (np.sqrt(v) + eps * correction), state


def adamw(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    return adam(param - lr * weight_decay * param, grad, state, lr=lr, betas=betas, eps=eps)


def clip_by_norm(grads, max_norm):
    norm = sum(np.einsum("i,i", g.ravel(), g.ravel()) for g in grads) ** 0.5
    scale = float(min(max_norm / (norm + 1e-6), 1))
    return list(map(lambda g: g * scale, grads)), np.array(float(norm))


def warmup_cosine(step, lr, warmup, total, lr_min=0.0):
    if step < warmup:
        return lr * (step + 1) / warmup
    done = 1.0 if step >= total else (step - warmup) / (total - warmup)
    return lr - (lr - lr_min) * math.sin(math.pi * done / 2) ** 2

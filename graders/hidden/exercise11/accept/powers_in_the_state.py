# The powers of the betas are multiplied up in the state; sgd without momentum has no state.
import math

import numpy as np


def sgd(param, grad, state=None, lr=0.01, momentum=0.0, weight_decay=0.0):
    grad = grad + weight_decay * param
    if momentum == 0:
        return param - lr * grad, None
    state = np.zeros_like(param) if state is None else state
    state = state * momentum + grad
    return param - lr * state, state


def adam(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    return with_decays(param, grad, state, lr, betas, eps, weight_decay, 0.0)


def adamw(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    return with_decays(param, grad, state, lr, betas, eps, 0.0, weight_decay)


def with_decays(param, grad, state, lr, betas, eps, coupled, decoupled):
    b1, b2 = betas
    p1, p2, m, v = state or (1.0, 1.0, 0 * param, 0 * param)
    p1, p2 = p1 * b1, p2 * b2
    grad = grad + coupled * param
    m = b1 * m + (1 - b1) * grad
    v = b2 * v + (1 - b2) * np.square(grad)
    direction = (m / (1 - p1)) / (eps + np.sqrt(v / (1 - p2)))
    return param - lr * (direction + decoupled * param), (p1, p2, m, v)


def clip_by_norm(grads, max_norm):
    everything = np.concatenate([grad.ravel() for grad in grads])
    norm = float(np.sqrt(everything @ everything))
    if norm == 0 or norm <= max_norm:
        return grads, norm
    return [grad * (max_norm / norm) for grad in grads], norm


def warmup_cosine(step, lr, warmup, total, lr_min=0.0):
    rising = [lr * (i + 1) / warmup for i in range(warmup)]
    n = total - warmup
    falling = [lr_min + (lr - lr_min) * (1 + math.cos(math.pi * i / n)) / 2 for i in range(n)]
    return (rising + falling)[step] if step < total else lr_min

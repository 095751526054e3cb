# loops over every component, with math and a dictionary
# independent
import math
import numpy as np


def sgd(param, grad, state=None, lr=0.01, momentum=0.0, weight_decay=0.0):
    u = {} if state is None else state
    new = np.empty(param.shape)
    for k in np.ndindex(param.shape):
        force = grad[k] + weight_decay * param[k]
        u[k] = momentum * u.get(k, 0.0) + force
        new[k] = param[k] - lr * u[k]
    return new, u


def adam(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    if state is None:
        state = {"t": 0, "m": np.zeros(param.shape), "v": np.zeros(param.shape)}
    b1, b2 = betas
    state["t"] += 1
    t, m, v = state["t"], state["m"], state["v"]
    new = np.empty(param.shape)
    for k in np.ndindex(param.shape):
        g = grad[k] + weight_decay * param[k]
        m[k] = b1 * m[k] + (1 - b1) * g
        v[k] = b2 * v[k] + (1 - b2) * g * g
        mhat = m[k] / (1 - b1**t)
        vhat = v[k] / (1 - b2**t)
        new[k] = param[k] - lr * mhat / (math.sqrt(vhat) + eps)
    return new, state


def adamw(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    shrunk = np.empty(param.shape)
    for k in np.ndindex(param.shape):
        shrunk[k] = (1 - lr * weight_decay) * param[k]
    return adam(shrunk, grad, state, lr, betas, eps)


def clip_by_norm(grads, max_norm):
    total = 0.0
    for g in grads:
        for k in np.ndindex(g.shape):
            total += g[k] ** 2
    norm = math.sqrt(total)
    clipped = []
    for g in grads:
        h = np.empty(g.shape)
        for k in np.ndindex(g.shape):
            h[k] = g[k] * max_norm / norm if norm > max_norm else g[k]
        clipped.append(h)
    return clipped, norm


def warmup_cosine(step, lr, warmup, total, lr_min=0.0):
    if step >= total:
        return lr_min
    if step < warmup:
        return lr * (step + 1) / warmup
    phase = math.pi * (step - warmup) / (total - warmup)
    return lr_min + (lr - lr_min) * math.cos(phase / 2) ** 2

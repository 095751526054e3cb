# flat loops that change parameters and gradients in place
# independent
import math
import numpy as np


class sgd_t:
    __slots__ = ("n", "u")


class adam_t:
    __slots__ = ("n", "t", "m", "v")


def sgd(param, grad, state=None, lr=0.01, momentum=0.0, weight_decay=0.0):
    if state is None:
        state = sgd_t()
        state.n = param.size
        state.u = [0.0] * state.n
    p, g = param.flat, grad.flat
    i = 0
    while i < state.n:
        state.u[i] *= momentum
        state.u[i] += g[i] + weight_decay * p[i]
        p[i] -= lr * state.u[i]
        i += 1
    return param, state


def _adam_kernel(param, grad, state, lr, beta1, beta2, eps, l2, decay):
    if state is None:
        state = adam_t()
        state.n = param.size
        state.t = 0
        state.m = [0.0] * state.n
        state.v = [0.0] * state.n
    state.t += 1
    c1 = 1.0 - math.pow(beta1, state.t)
    c2 = 1.0 - math.pow(beta2, state.t)
    p, g, m, v = param.flat, grad.flat, state.m, state.v
    i = 0
    while i < state.n:
        gi = g[i] + l2 * p[i]
        p[i] -= lr * decay * p[i]
        m[i] = beta1 * m[i] + (1.0 - beta1) * gi
        v[i] = beta2 * v[i] + (1.0 - beta2) * gi * gi
        p[i] -= lr * (m[i] / c1) / (np.sqrt(v[i] / c2) + eps)
        i += 1
    return param, state


def adam(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    return _adam_kernel(param, grad, state, lr, betas[0], betas[1], eps, weight_decay, 0.0)


def adamw(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    return _adam_kernel(param, grad, state, lr, betas[0], betas[1], eps, 0.0, weight_decay)


def clip_by_norm(grads, max_norm):
    acc = 0.0
    for k in range(len(grads)):
        f = grads[k].flat
        for i in range(grads[k].size):
            acc += f[i] * f[i]
    norm = math.sqrt(acc)
    if norm > max_norm:
        scale = max_norm / norm
        for k in range(len(grads)):
            f = grads[k].flat
            for i in range(grads[k].size):
                f[i] *= scale
    return grads, norm


def warmup_cosine(step, lr, warmup, total, lr_min=0.0):
    if step < warmup:
        return lr * (step + 1) / warmup
    if step < total:
        p = float(step - warmup) / float(total - warmup)
        return lr_min + 0.5 * (lr - lr_min) * (1.0 + math.cos(math.pi * p))
    return lr_min

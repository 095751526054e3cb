# Loops over the numbers, in Python floats; the states are plain lists.
# core only
import math

import numpy as np


def sgd(param, grad, state=None, lr=0.01, momentum=0.0, weight_decay=0.0):
    old = state if state is not None else [0.0] * param.size
    velocity, new = [], []
    for p, g, v in zip(param.ravel().tolist(), grad.ravel().tolist(), old, strict=True):
        v = momentum * v + g + weight_decay * p
        velocity.append(v)
        new.append(p - lr * v)
    return np.array(new).reshape(param.shape), velocity


def adam(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    if state is None:
        state = [[0.0, 0.0] for _ in range(param.size)], 0
    averages, t = state
    t += 1
    new = np.empty(param.shape)
    for i, (p, g) in enumerate(zip(param.flat, grad.flat, strict=True)):
        g = g + weight_decay * p
        averages[i][0] = betas[0] * averages[i][0] + (1 - betas[0]) * g
        averages[i][1] = betas[1] * averages[i][1] + (1 - betas[1]) * g * g
        m = averages[i][0] / (1 - math.pow(betas[0], t))
        v = averages[i][1] / (1 - math.pow(betas[1], t))
        new.flat[i] = p - lr * m / (math.sqrt(v) + eps)
    return new, (averages, t)


def adamw(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    new, state = adam(param, grad, state, lr, betas, eps, 0.0)
    return new - lr * weight_decay * param, state


def clip_by_norm(grads, max_norm):
    norm = 0.0
    for grad in grads:
        norm = math.hypot(norm, float(np.linalg.norm(grad)))
    if norm > max_norm:
        grads = [np.array([g / norm * max_norm for g in grad.flat]).reshape(grad.shape) for grad in grads]
    return grads, norm


def warmup_cosine(step, lr, warmup, total, lr_min=0.0):
    if step >= total > warmup or (step >= warmup and total == warmup):
        return lr_min
    rate = lr
    for k in range(warmup - 1, step, -1):
        rate -= lr / warmup
    if step >= warmup:
        rate = lr_min + (lr - lr_min) * 0.5 * (1.0 + math.cos((step - warmup) / (total - warmup) * math.pi))
    return rate

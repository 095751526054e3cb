# PyTorch's order of operations: in place, with the corrections folded into the step size, and 1e-6 added to the norm.
# core only
import math

import numpy as np


def sgd(param, grad, state=None, lr=0.01, momentum=0.0, weight_decay=0.0):
    if weight_decay != 0:
        grad = grad + param * weight_decay
    if momentum != 0:
        if state is None:
            state = grad.copy()
        else:
            state *= momentum
            state += grad
        grad = state
    param -= lr * grad
    return param, state


def adamw(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    if state is None:
        state = [0, np.zeros_like(param), np.zeros_like(param)]
    state[0] += 1
    step, exp_avg, exp_avg_sq = state
    beta1, beta2 = betas
    param *= 1 - lr * weight_decay
    exp_avg *= beta1
    exp_avg += (1 - beta1) * grad
    exp_avg_sq *= beta2
    exp_avg_sq += (1 - beta2) * grad * grad
    step_size = lr / (1 - beta1**step)
    denominator = np.sqrt(exp_avg_sq) / math.sqrt(1 - beta2**step) + eps
    param -= step_size * (exp_avg / denominator)
    return param, state


def adam(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    if weight_decay:
        grad += weight_decay * param
    return adamw(param, grad, state, lr, betas, eps, 0.0)


def clip_by_norm(grads, max_norm):
    total_norm = np.sqrt(np.sum([np.sum(g**2) for g in grads]))
    clip_coef = min(1.0, max_norm / (total_norm + 1e-6))
    for g in grads:
        g *= clip_coef
    return grads, total_norm


def warmup_cosine(step, lr, warmup, total, lr_min=0.0):
    if step < warmup:
        return lr / warmup + step * (lr - lr / warmup) / max(warmup - 1, 1)
    if step >= total:
        return np.float64(lr_min)
    return lr_min + (lr - lr_min) * (1 + np.cos((step - warmup) * np.pi / (total - warmup))) / 2

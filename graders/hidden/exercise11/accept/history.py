# The state is the list of all gradients so far; every call computes the averages from the beginning.
# core only
import math

import numpy as np


def sgd(param, grad, state=None, lr=0.01, momentum=0.0, weight_decay=0.0):
    past = (state or []) + [grad + weight_decay * param]
    velocity = sum(momentum**age * g for age, g in enumerate(reversed(past)))
    return param - lr * velocity, past


def weighted_mean(values, beta):
    weights = np.array([beta**age for age in reversed(range(len(values)))])
    return np.tensordot(weights / weights.sum(), np.array(values), axes=1)


def adam(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    past = (state or []) + [grad + weight_decay * param]
    first = weighted_mean(past, betas[0])
    second = weighted_mean([g**2 for g in past], betas[1])
    return param - lr * first / (np.sqrt(second) + eps), past


def adamw(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    past = (state or []) + [grad]
    first = weighted_mean(past, betas[0])
    second = weighted_mean([g**2 for g in past], betas[1])
    return (1 - lr * weight_decay) * param - lr * first / (np.sqrt(second) + eps), past


def clip_by_norm(grads, max_norm):
    total = 0.0
    for grad in grads:
        for number in grad.flat:
            total += number * number
    norm = math.sqrt(total)
    if norm <= max_norm:
        return [grad.copy() for grad in grads], norm
    return [grad / norm * max_norm for grad in grads], norm


def warmup_cosine(step, lr, warmup, total, lr_min=0.0):
    if step < warmup:
        return sum(lr / warmup for _ in range(step + 1))
    if step >= total:
        return lr_min
    turn = np.exp(1j * np.pi * (step - warmup) / (total - warmup))
    return lr_min + (lr - lr_min) * (1 + turn.real) / 2

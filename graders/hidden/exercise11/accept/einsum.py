# every sum is an einsum, with the powers of beta in the state
# independent
import numpy as np


def mix(weights, *arrays):
    return np.einsum("k,k...->...", np.array(weights), np.stack(arrays))


def sgd(param, grad, state=None, lr=0.01, momentum=0.0, weight_decay=0.0):
    old = np.zeros_like(param) if state is None else state
    velocity = mix([momentum, 1.0, weight_decay], old, grad, param)
    return mix([1.0, -lr], param, velocity), velocity


def adam(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    beta = np.array(betas)
    moments, power = (np.zeros((2, *param.shape)), np.ones(2)) if state is None else state
    g = mix([1.0, weight_decay], grad, param)
    signals = np.stack([g, np.einsum("...,...->...", g, g)])
    moments = np.einsum("k,k...->k...", beta, moments) + np.einsum("k,k...->k...", 1 - beta, signals)
    power = np.einsum("k,k->k", power, beta)
    m, v = np.einsum("k,k...->k...", 1 / (1 - power), moments)
    return mix([1.0, -lr], param, m / (np.sqrt(v) + eps)), (moments, power)


def adamw(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    return adam(np.einsum(",...->...", 1 - lr * weight_decay, param), grad, state, lr, betas, eps, 0.0)


def clip_by_norm(grads, max_norm):
    squares = [np.einsum("i,i->", g.ravel(), g.ravel()) for g in grads]
    norm = np.sqrt(np.einsum("i->", np.array(squares)))
    if norm <= max_norm:
        return [g.copy() for g in grads], norm
    return [np.einsum(",...->...", max_norm / norm, g) for g in grads], norm


def warmup_cosine(step, lr, warmup, total, lr_min=0.0):
    if step < warmup:
        return lr * (step + 1) / warmup
    if step >= total:
        return lr_min
    c = (1 + np.cos(np.pi * (step - warmup) / (total - warmup))) / 2
    return np.einsum("i,i->", np.array([lr, lr_min]), np.array([c, 1 - c]))

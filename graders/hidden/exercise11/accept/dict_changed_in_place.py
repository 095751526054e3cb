# A dict as state, which every call changes and returns; the norms with linalg.
import numpy as np


def sgd(param, grad, state=None, lr=0.01, momentum=0.0, weight_decay=0.0):
    if state is None:
        state = {"v": np.zeros_like(param)}
    state["v"] *= momentum
    state["v"] += grad + weight_decay * param
    return param - lr * state["v"], state


def adam(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    if state is None:
        state = {"t": 0, "m": np.zeros_like(param), "v": np.zeros_like(param)}
    g = grad + weight_decay * param
    state["t"] += 1
    state["m"] += (1 - betas[0]) * (g - state["m"])
    state["v"] += (1 - betas[1]) * (g * g - state["v"])
    m = state["m"] / (1 - betas[0] ** state["t"])
    v = state["v"] / (1 - betas[1] ** state["t"])
    return param - lr * m / (np.sqrt(v) + eps), state


def adamw(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    moved, state = adam(param, grad, state, lr, betas, eps)
    return moved - lr * weight_decay * param, state


def clip_by_norm(grads, max_norm):
    norm = np.linalg.norm([np.linalg.norm(g.ravel()) for g in grads])
    factor = float(max_norm / max(norm, max_norm))
    return [factor * g for g in grads], norm


def warmup_cosine(step, lr, warmup, total, lr_min=0.0):
    if step < warmup:
        return (step + 1) / warmup * lr
    p = min(1.0, (step - warmup) / max(1, total - warmup)) if step < total else 1.0
    return 0.5 * (lr + lr_min) + 0.5 * (lr - lr_min) * float(np.cos(np.pi * p))

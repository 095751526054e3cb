# the formulas of the README, with Greek letters
# independent
import math
import numpy as np


def sgd(param, grad, state=None, lr=0.01, momentum=0.0, weight_decay=0.0):
    θ, g, η, μ, λ = param, grad, lr, momentum, weight_decay
    if state is None:
        state = np.zeros_like(θ)
    u = state
    g_prime = g + λ * θ
    u = μ * u + g_prime
    θ = θ - η * u
    return θ, u


def adam(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    θ, g, η, λ, ε = param, grad, lr, weight_decay, eps
    β1, β2 = betas
    if state is None:
        state = [0, np.zeros_like(θ), np.zeros_like(θ)]
    t, m, v = state
    t = t + 1
    g_prime = g + λ * θ
    m = β1 * m + (1 - β1) * g_prime
    v = β2 * v + (1 - β2) * g_prime**2
    m_hat = m / (1 - β1**t)
    v_hat = v / (1 - β2**t)
    θ = θ - η * m_hat / (np.sqrt(v_hat) + ε)
    return θ, [t, m, v]


def adamw(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    θ, g, η, λ, ε = param, grad, lr, weight_decay, eps
    β1, β2 = betas
    if state is None:
        state = [0, np.zeros_like(θ), np.zeros_like(θ)]
    t, m, v = state
    t = t + 1
    m = β1 * m + (1 - β1) * g
    v = β2 * v + (1 - β2) * g**2
    m_hat = m / (1 - β1**t)
    v_hat = v / (1 - β2**t)
    θ = (1 - η * λ) * θ - η * m_hat / (np.sqrt(v_hat) + ε)
    return θ, [t, m, v]


def clip_by_norm(grads, max_norm):
    n = math.sqrt(sum(np.sum(g**2) for g in grads))
    if n > max_norm:
        return [g * (max_norm / n) for g in grads], n
    return grads, n


def warmup_cosine(step, lr, warmup, total, lr_min=0.0):
    s, w, T = step, warmup, total
    if s < w:
        return lr * (s + 1) / w
    if w <= s < T:
        p = (s - w) / (T - w)
        return lr_min + (lr - lr_min) * (1 + math.cos(math.pi * p)) / 2
    if s >= T:
        return lr_min

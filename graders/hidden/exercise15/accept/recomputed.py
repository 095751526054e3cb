# The cache is only x: the way back computes everything again. Sequences are handled one by one, rows with Jacobians.
# core only
import numpy as np
from attention import attention, attention_gradient, merge_heads, split_heads


def ln(x, gamma, beta, eps=1e-5):
    return gamma * (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps) + beta


def layer_norm_gradient(dy, x, gamma, eps=1e-5):
    n = x.shape[-1]
    C = np.eye(n) - 1 / n
    dx, dgamma, dbeta = np.zeros(x.shape), np.zeros(n), np.zeros(n)
    for place in np.ndindex(*x.shape[:-1]):
        c = C @ x[place]
        s = np.sqrt(c @ c / n + eps)
        J = np.diag(gamma) @ (np.eye(n) / s - np.outer(c, c) / n / s**3) @ C
        dx[place] = J.T @ dy[place]
        dgamma += dy[place] * c / s
        dbeta += dy[place]
    return dx, dgamma, dbeta


def u(x):
    return np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)


def gelu(x):
    return 0.5 * x * (1 + np.tanh(u(x)))


def gelu_gradient(dy, x):
    return dy * (
        0.5 * (1 + np.tanh(u(x)))
        + 0.5 * x / np.cosh(np.clip(u(x), -300, 300)) ** 2 * np.sqrt(2 / np.pi) * (1 + 0.134145 * x**2)
    )


def steps(x, p, n_heads):
    a = ln(x, p["ln1_gamma"], p["ln1_beta"])
    q, k, v = np.vsplit((a @ p["qkv_weight"].T + p["qkv_bias"]).T, 3)
    q, k, v = split_heads(q.T, n_heads), split_heads(k.T, n_heads), split_heads(v.T, n_heads)
    y, w = attention(q, k, v)
    m = merge_heads(y)
    b = x + m @ p["proj_weight"].T + p["proj_bias"]
    c = ln(b, p["ln2_gamma"], p["ln2_beta"])
    h = c @ p["mlp_in_weight"].T + p["mlp_in_bias"]
    return a, q, k, v, w, m, b, c, h, b + gelu(h) @ p["mlp_out_weight"].T + p["mlp_out_bias"]


def block(x, params, n_heads):
    if x.ndim == 3:
        return np.array([steps(one, params, n_heads)[-1] for one in x]), x
    return steps(x, params, n_heads)[-1], x


def block_gradient(dy, cache, params, n_heads):
    if cache.ndim == 3:
        parts = [block_gradient(d, x, params, n_heads) for d, x in zip(dy, cache)]
        return np.array([dx for dx, _ in parts]), {name: sum(g[name] for _, g in parts) for name in params}
    x, p = cache, params
    a, q, k, v, w, m, b, c, h, _ = steps(x, p, n_heads)
    g = {"mlp_out_weight": dy.T @ gelu(h), "mlp_out_bias": dy.sum(0)}
    dh = gelu_gradient(dy @ p["mlp_out_weight"], h)
    g["mlp_in_weight"], g["mlp_in_bias"] = dh.T @ c, dh.sum(0)
    db, g["ln2_gamma"], g["ln2_beta"] = layer_norm_gradient(dh @ p["mlp_in_weight"], b, p["ln2_gamma"])
    db = db + dy
    g["proj_weight"], g["proj_bias"] = db.T @ m, db.sum(0)
    d = attention_gradient(split_heads(db @ p["proj_weight"], n_heads), q, k, v, w)
    d = np.hstack([merge_heads(part) for part in d])
    g["qkv_weight"], g["qkv_bias"] = d.T @ a, d.sum(0)
    dx, g["ln1_gamma"], g["ln1_beta"] = layer_norm_gradient(d @ p["qkv_weight"], x, p["ln1_gamma"])
    return [db + dx, g]

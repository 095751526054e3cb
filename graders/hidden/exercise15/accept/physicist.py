# Loops, as a physicist writes them
# independent
# transformer block, written with loops as one would for a lattice
import math

import numpy as np
from attention import attention, attention_gradient, merge_heads, split_heads

EPS = 1e-5
K = math.sqrt(2.0 / math.pi)
A3 = 0.044715


def _mean(v):
    s = 0.0
    for value in v:
        s += value
    return s / len(v)


def _normalise(v, eps):
    """z and r of a single row"""
    mu = _mean(v)
    var = _mean([(value - mu) ** 2 for value in v])
    r = math.sqrt(var + eps)
    z = np.zeros(len(v))
    for i in range(len(v)):
        z[i] = (v[i] - mu) / r
    return z, r


def layer_norm_gradient(dy, x, gamma, eps=1e-5):
    n = x.shape[-1]
    rows_x = x.reshape(-1, n)
    rows_dy = dy.reshape(-1, n)
    dx = np.zeros((len(rows_x), n))
    dgamma = np.zeros(n)
    dbeta = np.zeros(n)
    for t in range(len(rows_x)):
        z, r = _normalise(rows_x[t], eps)
        s1 = 0.0
        s2 = 0.0
        for j in range(n):
            dz = gamma[j] * rows_dy[t, j]
            s1 += dz
            s2 += dz * z[j]
        for i in range(n):
            dx[t, i] = (gamma[i] * rows_dy[t, i] - s1 / n - z[i] * s2 / n) / r
            dgamma[i] += rows_dy[t, i] * z[i]
            dbeta[i] += rows_dy[t, i]
    return dx.reshape(x.shape), dgamma, dbeta


def gelu(x):
    y = np.zeros(x.shape)
    for place in np.ndindex(*x.shape):
        a = x[place]
        y[place] = a / 2 * (1 + math.tanh(K * (a + A3 * a**3)))
    return y


def gelu_gradient(dy, x):
    dx = np.zeros(x.shape)
    for place in np.ndindex(*x.shape):
        a = x[place]
        t = math.tanh(K * (a + A3 * a**3))
        dx[place] = dy[place] * (0.5 * (1 + t) + 0.5 * a * (1 - t * t) * K * (1 + 3 * A3 * a * a))
    return dx


def _one_sequence(x, params, n_heads):
    tokens, features = x.shape
    p = params
    qkv = np.zeros((tokens, 3 * features))
    a = np.zeros((tokens, features))
    for t in range(tokens):
        z, _ = _normalise(x[t], EPS)
        a[t] = p["ln1_gamma"] * z + p["ln1_beta"]
        qkv[t] = p["qkv_weight"].dot(a[t]) + p["qkv_bias"]
    q = split_heads(qkv[:, :features], n_heads)
    k = split_heads(qkv[:, features : 2 * features], n_heads)
    v = split_heads(qkv[:, 2 * features :], n_heads)
    out, weights = attention(q, k, v)
    h = merge_heads(out)
    m = np.zeros((tokens, features))
    c = np.zeros((tokens, features))
    u = np.zeros((tokens, len(p["mlp_in_bias"])))
    y = np.zeros((tokens, features))
    for t in range(tokens):
        m[t] = x[t] + p["proj_weight"].dot(h[t]) + p["proj_bias"]
        z, _ = _normalise(m[t], EPS)
        c[t] = p["ln2_gamma"] * z + p["ln2_beta"]
        u[t] = p["mlp_in_weight"].dot(c[t]) + p["mlp_in_bias"]
    g = gelu(u)
    for t in range(tokens):
        y[t] = m[t] + p["mlp_out_weight"].dot(g[t]) + p["mlp_out_bias"]
    return y, (x.copy(), a, q, k, v, weights, h, m, c, u, g)


def block(x, params, n_heads):
    if x.ndim == 2:
        y, saved = _one_sequence(x, params, n_heads)
        return y, [saved]
    y = np.zeros(x.shape)
    cache = []
    for number in range(len(x)):
        y[number], saved = _one_sequence(x[number], params, n_heads)
        cache.append(saved)
    return y, cache


def block_gradient(dy, cache, params, n_heads):
    p = params
    grads = {name: np.zeros(p[name].shape) for name in p}
    single = dy.ndim == 2
    all_dy = dy[None] if single else dy
    dx = np.zeros(all_dy.shape)
    for number in range(len(all_dy)):
        x, a, q, k, v, weights, h, m, c, u, g = cache[number]
        d = all_dy[number]
        tokens = len(d)
        dg = np.zeros(g.shape)
        for t in range(tokens):
            grads["mlp_out_weight"] += np.outer(d[t], g[t])
            grads["mlp_out_bias"] += d[t]
            dg[t] = d[t].dot(p["mlp_out_weight"])
        du = gelu_gradient(dg, u)
        dc = np.zeros(c.shape)
        for t in range(tokens):
            grads["mlp_in_weight"] += np.outer(du[t], c[t])
            grads["mlp_in_bias"] += du[t]
            dc[t] = du[t].dot(p["mlp_in_weight"])
        dm, dgamma, dbeta = layer_norm_gradient(dc, m, p["ln2_gamma"], EPS)
        grads["ln2_gamma"] += dgamma
        grads["ln2_beta"] += dbeta
        dm = dm + d
        dh = np.zeros(h.shape)
        for t in range(tokens):
            grads["proj_weight"] += np.outer(dm[t], h[t])
            grads["proj_bias"] += dm[t]
            dh[t] = dm[t].dot(p["proj_weight"])
        parts = attention_gradient(split_heads(dh, n_heads), q, k, v, weights)
        dqkv = np.concatenate([merge_heads(part) for part in parts], axis=1)
        da = np.zeros(a.shape)
        for t in range(tokens):
            grads["qkv_weight"] += np.outer(dqkv[t], a[t])
            grads["qkv_bias"] += dqkv[t]
            da[t] = dqkv[t].dot(p["qkv_weight"])
        dx1, dgamma, dbeta = layer_norm_gradient(da, x, p["ln1_gamma"], EPS)
        grads["ln1_gamma"] += dgamma
        grads["ln1_beta"] += dbeta
        dx[number] = dx1 + dm
    return (dx[0] if single else dx), grads

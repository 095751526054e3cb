# A tape of functions: each step returns its result and a function for the way back, and the cache is such a function.
import math

import numpy as np
from attention import attention, attention_gradient, merge_heads, split_heads


def norm(x, gamma, beta, eps=1e-5):
    c = x - x.mean(-1, keepdims=True)
    r = 1 / np.sqrt((c * c).mean(-1, keepdims=True) + eps)

    def back(dy):
        g = dy * gamma
        dvariance = (g * c).sum(-1, keepdims=True) * -0.5 * r**3
        dc = g * r + 2 * c * dvariance / x.shape[-1]
        total = tuple(range(x.ndim - 1))
        return dc - dc.mean(-1, keepdims=True), np.sum(dy * c * r, axis=total), np.sum(dy, axis=total)

    return c * r * gamma + beta, back


def linear(x, W, b):
    def back(dy):
        rows = dy.reshape(-1, dy.shape[-1])
        return dy @ W, np.einsum("no,ni->oi", rows, x.reshape(len(rows), -1)), np.einsum("no->o", rows)

    return np.einsum("...i,oi->...o", x, W) + b, back


def activation(x):
    a = math.sqrt(2 / math.pi)
    p = 1 / (1 + np.exp(-2 * a * (x + 0.044715 * x**3)))  # (1 + tanh(u)) / 2 is the sigmoid of 2u
    return x * p, lambda dy: dy * (p + x * p * (1 - p) * 2 * a * (1 + 0.134145 * x**2))


def heads(qkv, n):
    q, k, v = np.moveaxis(qkv.reshape(*qkv.shape[:-1], 3, -1), -2, 0)
    q, k, v = split_heads(q, n), split_heads(k, n), split_heads(v, n)
    y, w = attention(q, k, v, True)

    def back(dy):
        return np.concatenate(
            [merge_heads(g) for g in attention_gradient(split_heads(dy, n), q, k, v, w, True)], axis=-1
        )

    return merge_heads(y), back


def layer_norm_gradient(dy, x, gamma, eps=1e-5):
    return norm(x, gamma, 0, eps)[1](dy)


def gelu(x):
    return activation(x)[0]


def gelu_gradient(dy, x):
    return activation(x)[1](dy)


def block(x, params, n_heads):
    p = params
    h, norm1 = norm(x, p["ln1_gamma"], p["ln1_beta"])
    h, qkv = linear(h, p["qkv_weight"], p["qkv_bias"])
    h, attend = heads(h, n_heads)
    h, proj = linear(h, p["proj_weight"], p["proj_bias"])
    x = x + h
    h, norm2 = norm(x, p["ln2_gamma"], p["ln2_beta"])
    h, mlp_in = linear(h, p["mlp_in_weight"], p["mlp_in_bias"])
    h, active = activation(h)
    h, mlp_out = linear(h, p["mlp_out_weight"], p["mlp_out_bias"])

    def back(dy):
        g = {}
        d, g["mlp_out_weight"], g["mlp_out_bias"] = mlp_out(dy)
        d, g["mlp_in_weight"], g["mlp_in_bias"] = mlp_in(active(d))
        d, g["ln2_gamma"], g["ln2_beta"] = norm2(d)
        dy = dy + d
        d, g["proj_weight"], g["proj_bias"] = proj(dy)
        d, g["qkv_weight"], g["qkv_bias"] = qkv(attend(d))
        d, g["ln1_gamma"], g["ln1_beta"] = norm1(d)
        return dy + d, g

    return x + h, back


def block_gradient(dy, cache, params, n_heads):
    return cache(dy)

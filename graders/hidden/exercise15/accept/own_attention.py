# Writes its own attention with one large einsum for each step, and keeps everything in a dict.
import numpy as np


def gelu(x):
    return x * 0.5 * (1 + np.tanh(0.7978845608028654 * (x + 0.044715 * np.power(x, 3))))


def gelu_gradient(dy, x):
    inner = 0.7978845608028654 * (x + 0.044715 * np.power(x, 3))
    slope = 0.7978845608028654 * (1 + 0.134145 * np.square(x))
    return dy * (0.5 + 0.5 * np.tanh(inner) + 0.5 * x * slope * (1 - np.square(np.tanh(inner))))


def normal(x, eps=1e-5):
    mean = x.mean(axis=-1)[..., None]
    std = np.sqrt(x.var(axis=-1) + eps)[..., None]
    return (x - mean) / std, std


def layer_norm_gradient(dy, x, gamma, eps=1e-5):
    z, std = normal(x, eps)
    g = dy * gamma / std
    dx = g - np.mean(g, axis=-1)[..., None] - z * np.mean(g * z, axis=-1)[..., None]
    rows = np.atleast_2d(dy).reshape(-1, dy.shape[-1])
    return dx, np.einsum("nf,nf->f", rows, z.reshape(rows.shape)), np.einsum("nf->f", rows)


def block(x, params, n_heads):
    c = dict(shape=x.shape, params=params)
    x = x.reshape((-1,) + x.shape[-2:])
    n, t, f = x.shape
    c["x"], p = x, params
    c["a"] = normal(x)[0] * p["ln1_gamma"] + p["ln1_beta"]
    W = p["qkv_weight"].reshape(3, n_heads, f // n_heads, f)
    c["q"], c["k"], c["v"] = np.einsum("ntf,jhdf->jnhtd", c["a"], W) + p["qkv_bias"].reshape(3, 1, n_heads, 1, -1)
    s = np.einsum("nhid,nhjd->nhij", c["q"], c["k"]) / (f // n_heads) ** 0.5
    e = np.exp(s - s.max(-1, keepdims=True)) * np.tri(t, dtype=s.dtype)
    c["w"] = e / e.sum(-1, keepdims=True)
    c["m"] = np.einsum("nhij,nhjd->nihd", c["w"], c["v"]).reshape(n, t, f)
    c["b"] = x + np.einsum("ntf,of->nto", c["m"], p["proj_weight"]) + p["proj_bias"]
    c["c"] = normal(c["b"])[0] * p["ln2_gamma"] + p["ln2_beta"]
    c["h"] = np.einsum("ntf,of->nto", c["c"], p["mlp_in_weight"]) + p["mlp_in_bias"]
    y = c["b"] + np.einsum("ntf,of->nto", gelu(c["h"]), p["mlp_out_weight"]) + p["mlp_out_bias"]
    return y.reshape(c["shape"]), c


def block_gradient(dy, cache, params, n_heads):
    c, p, grads = cache, params, {}

    def back(name, d, inputs):
        grads[name + "_weight"] = np.einsum("nto,ntf->of", d, inputs)
        grads[name + "_bias"] = np.einsum("nto->o", d)
        return np.einsum("nto,of->ntf", d, p[name + "_weight"])

    dy = dy.reshape(c["x"].shape)
    n, t, f = dy.shape
    d = back("mlp_in", gelu_gradient(back("mlp_out", dy, gelu(c["h"])), c["h"]), c["c"])
    d, grads["ln2_gamma"], grads["ln2_beta"] = layer_norm_gradient(d, c["b"], p["ln2_gamma"])
    dy = dy + d
    d = back("proj", dy, c["m"]).reshape(n, t, n_heads, -1)
    dw = np.einsum("nihd,nhjd->nhij", d, c["v"])
    ds = c["w"] * (dw - np.einsum("nhij,nhij->nhi", dw, c["w"])[..., None]) / (f // n_heads) ** 0.5
    dq, dk = np.einsum("nhij,nhjd->nihd", ds, c["k"]), np.einsum("nhij,nhid->njhd", ds, c["q"])
    dv = np.einsum("nhij,nihd->njhd", c["w"], d)
    d = back("qkv", np.concatenate([part.reshape(n, t, f) for part in (dq, dk, dv)], 2), c["a"])
    d, grads["ln1_gamma"], grads["ln1_beta"] = layer_norm_gradient(d, c["x"], p["ln1_gamma"])
    return (dy + d).reshape(c["shape"]), grads

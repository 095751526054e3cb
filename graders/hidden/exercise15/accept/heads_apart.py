# One attention for each head, from slices of qkv_weight, in a loop over the sequences; dtypes follow the arguments.
import math

import numpy as np
from attention import attention, attention_gradient


def statistics(x, eps):
    mean = np.sum(x, -1, keepdims=True) / x.shape[-1]
    return x - mean, np.sqrt(np.sum((x - mean) ** 2, -1, keepdims=True) / x.shape[-1] + eps)


def layer_norm_gradient(dy, x, gamma, eps=1e-5):
    centred, std = statistics(x, eps)
    g = dy * gamma
    n = x.shape[-1]
    dx = (
        g / std - np.sum(g, -1, keepdims=True) / n / std - centred * np.sum(g * centred, -1, keepdims=True) / n / std**3
    )
    dgamma, dbeta = dy * centred / std, dy
    while dbeta.ndim > 1:
        dgamma, dbeta = dgamma.sum(0), dbeta.sum(0)
    return dx, dgamma, dbeta


def gelu(x):
    return x / 2 + x / 2 * np.tanh(math.sqrt(2 / math.pi) * x * (1 + 0.044715 * x**2))


def gelu_gradient(dy, x):
    t = np.tanh(math.sqrt(2 / math.pi) * x * (1 + 0.044715 * x**2))
    return dy / 2 + dy * t / 2 + dy * x * (1 - t**2) * math.sqrt(1 / (2 * math.pi)) * (1 + 0.134145 * x**2)


def of_a_sequence(x, p, heads):
    centred, std = statistics(x, 1e-5)
    a = centred / std * p["ln1_gamma"] + p["ln1_beta"]
    middle, kept = x + p["proj_bias"], []
    size = x.shape[-1] // heads
    for h in range(heads):
        places = [slice(part * x.shape[-1] + h * size, part * x.shape[-1] + (h + 1) * size) for part in range(3)]
        qkv = [a @ p["qkv_weight"][place].T + p["qkv_bias"][place] for place in places]
        y, w = attention(*qkv)
        middle = middle + y @ p["proj_weight"][:, places[0]].T
        kept.append((places, qkv, w, y))
    centred, std = statistics(middle, 1e-5)
    b = centred / std * p["ln2_gamma"] + p["ln2_beta"]
    h = b @ p["mlp_in_weight"].T + p["mlp_in_bias"]
    return middle + gelu(h) @ p["mlp_out_weight"].T + p["mlp_out_bias"], (x, a, kept, middle, b, h)


def gradient_of_a_sequence(dy, cache, p):
    x, a, kept, middle, b, h = cache
    g = {"mlp_out_weight": dy.T @ gelu(h), "mlp_out_bias": dy.sum(0)}
    dh = gelu_gradient(dy @ p["mlp_out_weight"], h)
    g["mlp_in_weight"], g["mlp_in_bias"] = dh.T @ b, dh.sum(0)
    db, g["ln2_gamma"], g["ln2_beta"] = layer_norm_gradient(dh @ p["mlp_in_weight"], middle, p["ln2_gamma"])
    dmiddle = dy + db
    g["proj_bias"] = dmiddle.sum(0)
    g |= {name: np.empty_like(p[name]) for name in ("proj_weight", "qkv_weight", "qkv_bias")}
    da = 0
    for places, qkv, w, y in kept:
        g["proj_weight"][:, places[0]] = dmiddle.T @ y
        grads = attention_gradient(dmiddle @ p["proj_weight"][:, places[0]], *qkv, w)
        for place, d in zip(places, grads):
            g["qkv_weight"][place], g["qkv_bias"][place] = d.T @ a, d.sum(0)
            da = da + d @ p["qkv_weight"][place]
    dx, g["ln1_gamma"], g["ln1_beta"] = layer_norm_gradient(da, x, p["ln1_gamma"])
    return dmiddle + dx, g


def block(x, params, n_heads):
    results = [of_a_sequence(one, params, n_heads) for one in (x if x.ndim == 3 else x[None])]
    y = np.stack([y for y, _ in results])
    return y.reshape(x.shape), [cache for _, cache in results]


def block_gradient(dy, cache, params, n_heads):
    sequences = dy if dy.ndim == 3 else dy[None]
    results = [gradient_of_a_sequence(d, c, params) for d, c in zip(sequences, cache)]
    total = {name: sum(g[name] for _, g in results) for name in params}
    return np.stack([dx for dx, _ in results]).reshape(dy.shape), total

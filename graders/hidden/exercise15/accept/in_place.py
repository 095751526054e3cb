# Adds to its arrays in place, even to the caller's x and dy, and works in float64 throughout.
# core only
import numpy as np
from attention import attention, attention_gradient, merge_heads, split_heads

ROOT = np.sqrt(2 / np.pi)


def layer_norm(x, gamma, beta):
    x = x - x.mean(-1, keepdims=True)
    x /= np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5)
    x *= gamma
    x += beta
    return x


def layer_norm_gradient(dy, x, gamma, eps=1e-5):
    mean = np.mean(x, axis=-1, keepdims=True)
    inverse = 1 / np.sqrt(np.var(x, axis=-1, keepdims=True) + eps)
    z = (x - mean) * inverse
    last = x.shape[-1]
    dgamma, dbeta = (dy * z).reshape(-1, last).sum(0), dy.reshape(-1, last).sum(0)
    dy *= gamma
    dy *= inverse
    dmean = -dy.sum(-1, keepdims=True) / last
    dspread = -z * np.sum(dy * z, axis=-1, keepdims=True) / last
    return dy + dmean + dspread, dgamma, dbeta


def gelu(x):
    return 0.5 * x * (1 + np.tanh(ROOT * (x + 0.044715 * x**3)))


def gelu_gradient(dy, x):
    t = np.tanh(ROOT * (x + 0.044715 * x**3))
    dy *= 0.5 * (1 + t) + 0.5 * ROOT * (x + 3 * 0.044715 * x**3) * (1 - t) * (1 + t)
    return dy


def block(x, params, n_heads):
    original = x.copy()
    a = layer_norm(x, params["ln1_gamma"], params["ln1_beta"])
    qkv = a.dot(params["qkv_weight"].T)
    qkv += params["qkv_bias"]
    f = x.shape[-1]
    q, k, v = [split_heads(qkv[..., s], n_heads) for s in (slice(f), slice(f, 2 * f), slice(2 * f, None))]
    heads, w = attention(q, k, v)
    m = merge_heads(heads)
    x += m.dot(params["proj_weight"].T)
    x += params["proj_bias"]
    middle = x.copy()
    c = layer_norm(x, params["ln2_gamma"], params["ln2_beta"])
    h = c.dot(params["mlp_in_weight"].T) + params["mlp_in_bias"]
    x += gelu(h).dot(params["mlp_out_weight"].T)
    x += params["mlp_out_bias"]
    return [x, {"x": original, "a": a, "qkv": (q, k, v), "w": w, "m": m, "middle": middle, "c": c, "h": h}]


def block_gradient(dy, cache, params, n_heads):
    gradients = {}

    def linear(name, d, x):
        gradients[f"{name}_weight"] = sum(
            np.outer(a, b) for a, b in zip(d.reshape(-1, d.shape[-1]), x.reshape(-1, x.shape[-1]))
        )
        gradients[f"{name}_bias"] = sum(d.reshape(-1, d.shape[-1]))
        return d.dot(params[f"{name}_weight"])

    def norm(name, d, x):
        d, gradients[f"{name}_gamma"], gradients[f"{name}_beta"] = layer_norm_gradient(d, x, params[f"{name}_gamma"])
        return d

    d = gelu_gradient(linear("mlp_out", dy, gelu(cache["h"])), cache["h"])
    dy += norm("ln2", linear("mlp_in", d, cache["c"]), cache["middle"])
    d = split_heads(linear("proj", dy, cache["m"]), n_heads)
    d = np.concatenate([merge_heads(g) for g in attention_gradient(d, *cache["qkv"], cache["w"])], axis=-1)
    dy += norm("ln1", linear("qkv", d, cache["a"]), cache["x"])
    return dy, gradients

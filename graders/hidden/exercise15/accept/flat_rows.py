# All tokens are rows of one matrix; only the attention sees sequences. The names of the parameters come from loops.
import math

import numpy as np
from attention import attention, attention_gradient, merge_heads, split_heads


def standard(x, eps=1e-5):
    x = x - np.average(x, axis=-1)[..., np.newaxis].astype(x.dtype)
    inverse = (np.average(np.square(x), axis=-1)[..., np.newaxis] + eps) ** -0.5
    return x * inverse, inverse


def layer_norm_gradient(dy, x, gamma, eps=1e-5):
    z, inverse = standard(x, eps)
    dz = dy * gamma
    projected = dz - dz.mean(-1, keepdims=True) - z * (z * dz).mean(-1, keepdims=True)
    flat = (-1, x.shape[-1])
    return inverse * projected, np.add.reduce((z * dy).reshape(flat)), np.add.reduce(dy.reshape(flat))


def tanh_and_slope(x):
    t = np.tanh(math.sqrt(2 / math.pi) * (0.044715 * x**3 + x))
    return t, (1 - t**2) * math.sqrt(2 / math.pi) * (0.134145 * x**2 + 1)


def gelu(x):
    return 0.5 * (x + x * tanh_and_slope(x)[0])


def gelu_gradient(dy, x):
    t, slope = tanh_and_slope(x)
    return 0.5 * dy * (1 + t + x * slope)


def block(x, params, n_heads):
    rows, saved = x.reshape(-1, x.shape[-1]), {"shape": x.shape}

    def layer(name, inputs):
        saved[name] = inputs
        return np.dot(inputs, params[name + "_weight"].T) + params[name + "_bias"]

    def norm(name, inputs):
        saved[name] = inputs
        return standard(inputs)[0] * params[name + "_gamma"] + params[name + "_beta"]

    thirds = np.hsplit(layer("qkv", norm("ln1", rows)), 3)
    saved["heads"] = [split_heads(third.reshape(x.shape), n_heads) for third in thirds]
    y, saved["weights"] = attention(*saved["heads"])
    rows = rows + layer("proj", merge_heads(y).reshape(rows.shape))
    saved["hidden"] = layer("mlp_in", norm("ln2", rows))
    return (rows + layer("mlp_out", gelu(saved["hidden"]))).reshape(x.shape), saved


def block_gradient(dy, cache, params, n_heads):
    d, gradients = dy.reshape(-1, dy.shape[-1]), {}

    def layer(name, dout):
        gradients[name + "_weight"], gradients[name + "_bias"] = np.dot(dout.T, cache[name]), dout.sum(axis=0)
        return np.dot(dout, params[name + "_weight"])

    def norm(name, dout):
        dx, *rest = layer_norm_gradient(dout, cache[name], params[name + "_gamma"])
        gradients[name + "_gamma"], gradients[name + "_beta"] = rest
        return dx

    d = d + norm("ln2", layer("mlp_in", gelu_gradient(layer("mlp_out", d), cache["hidden"])))
    dheads = split_heads(layer("proj", d).reshape(cache["shape"]), n_heads)
    parts = attention_gradient(dheads, *cache["heads"], cache["weights"])
    d = d + norm("ln1", layer("qkv", np.hstack([merge_heads(part).reshape(d.shape) for part in parts])))
    return d.reshape(cache["shape"]), gradients

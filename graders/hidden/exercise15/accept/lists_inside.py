# Lists inside, arrays at the end
# independent
from math import pi, sqrt, tanh

import numpy as np
from attention import attention, attention_gradient, merge_heads, split_heads

# rows are lists of numbers; arrays are made at the end (and for attention)


def dot(a, b):
    return sum(p * q for p, q in zip(a, b))


def transpose(rows):
    return [list(column) for column in zip(*rows)]


def times(rows, other):  # rows @ other
    columns = transpose(other)
    return [[dot(row, column) for column in columns] for row in rows]


def plus(rows, others):
    return [[p + q for p, q in zip(row, other)] for row, other in zip(rows, others)]


def linear(rows, weight, bias):
    return [[dot(row, w) + b for w, b in zip(weight, bias)] for row in rows]


def normal(row, eps):
    mean = sum(row) / len(row)
    root = sqrt(sum((value - mean) ** 2 for value in row) / len(row) + eps)
    return [(value - mean) / root for value in row], root


def norm(rows, gamma, beta):
    return [[g * z + b for g, z, b in zip(gamma, normal(row, 1e-5)[0], beta)] for row in rows]


def norm_back(drows, rows, gamma, eps):
    dx, dgamma, dbeta = [], [0.0] * len(gamma), [0.0] * len(gamma)
    for dy, row in zip(drows, rows):
        z, root = normal(row, eps)
        dz = [g * d for g, d in zip(gamma, dy)]
        first, second = sum(dz) / len(dz), dot(dz, z) / len(dz)
        dx.append([(d - first - value * second) / root for d, value in zip(dz, z)])
        dgamma = [old + d * value for old, d, value in zip(dgamma, dy, z)]
        dbeta = [old + d for old, d in zip(dbeta, dy)]
    return dx, dgamma, dbeta


def layer_norm_gradient(dy, x, gamma, eps=1e-5):
    n = x.shape[-1]
    dx, dgamma, dbeta = norm_back(dy.reshape(-1, n).tolist(), x.reshape(-1, n).tolist(), gamma.tolist(), eps)
    return np.array(dx).reshape(x.shape), np.array(dgamma), np.array(dbeta)


def gelu_one(x):
    return x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x * x * x)))


def slope_one(x):
    t = tanh(sqrt(2 / pi) * (x + 0.044715 * x * x * x))
    return (1 + t) / 2 + x / 2 * (1 - t * t) * sqrt(2 / pi) * (1 + 3 * 0.044715 * x * x)


def gelu(x):
    return np.array([gelu_one(value) for value in x.ravel().tolist()]).reshape(x.shape)


def gelu_gradient(dy, x):
    return np.array([d * slope_one(value) for d, value in zip(dy.ravel().tolist(), x.ravel().tolist())]).reshape(
        x.shape
    )


def forward(x, p, n_heads):
    """One sequence, as a list of rows."""
    f = len(x[0])
    a = norm(x, p["ln1_gamma"], p["ln1_beta"])
    qkv = linear(a, p["qkv_weight"], p["qkv_bias"])
    q, k, v = [split_heads(np.array([row[i * f : i * f + f] for row in qkv]), n_heads) for i in range(3)]
    o, weights = attention(q, k, v)
    h = merge_heads(o).tolist()
    m = plus(x, linear(h, p["proj_weight"], p["proj_bias"]))
    c = norm(m, p["ln2_gamma"], p["ln2_beta"])
    u = linear(c, p["mlp_in_weight"], p["mlp_in_bias"])
    g = [[gelu_one(value) for value in row] for row in u]
    y = plus(m, linear(g, p["mlp_out_weight"], p["mlp_out_bias"]))
    return y, [x, a, q, k, v, weights, h, m, c, u, g]


def block(x, params, n_heads):
    p = {name: array.tolist() for name, array in params.items()}
    sequences = x.tolist() if x.ndim == 3 else [x.tolist()]
    ys, cache = [], []
    for sequence in sequences:
        y, saved = forward(sequence, p, n_heads)
        ys.append(y)
        cache.append(saved)
    return np.array(ys).reshape(x.shape), cache


def total(rows):
    return [sum(column) for column in zip(*rows)]


def backward(dy, saved, p, n_heads):
    x, a, q, k, v, weights, h, m, c, u, g = saved
    grad = {"mlp_out_weight": times(transpose(dy), g), "mlp_out_bias": total(dy)}
    dg = times(dy, p["mlp_out_weight"])
    du = [[d * slope_one(value) for d, value in zip(drow, row)] for drow, row in zip(dg, u)]
    grad["mlp_in_weight"], grad["mlp_in_bias"] = times(transpose(du), c), total(du)
    dm, grad["ln2_gamma"], grad["ln2_beta"] = norm_back(times(du, p["mlp_in_weight"]), m, p["ln2_gamma"], 1e-5)
    dm = plus(dm, dy)
    grad["proj_weight"], grad["proj_bias"] = times(transpose(dm), h), total(dm)
    dh = np.array(times(dm, p["proj_weight"]))
    dq, dk, dv = [merge_heads(d).tolist() for d in attention_gradient(split_heads(dh, n_heads), q, k, v, weights)]
    dqkv = [one + two + three for one, two, three in zip(dq, dk, dv)]
    grad["qkv_weight"], grad["qkv_bias"] = times(transpose(dqkv), a), total(dqkv)
    dx, grad["ln1_gamma"], grad["ln1_beta"] = norm_back(times(dqkv, p["qkv_weight"]), x, p["ln1_gamma"], 1e-5)
    return plus(dx, dm), grad


def block_gradient(dy, cache, params, n_heads):
    p = {name: array.tolist() for name, array in params.items()}
    dys = dy.tolist() if dy.ndim == 3 else [dy.tolist()]
    answers = [backward(each, saved, p, n_heads) for each, saved in zip(dys, cache)]
    dx = np.array([answer[0] for answer in answers]).reshape(dy.shape)
    return dx, {name: sum(np.array(answer[1][name]) for answer in answers) for name in params}

# As in a GPT written in PyTorch: masked_fill by a large negative number, separate softmax functions, permuted axes.
# core only
import numpy as np


def softmax(z):
    z = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return z / np.sum(z, axis=-1, keepdims=True)


def softmax_backward(dp, p):
    return p * (dp - np.sum(dp * p, axis=-1, keepdims=True))


def transposed(a):
    return np.moveaxis(a, -1, -2)


def split_heads(x, n_heads):
    x = x.reshape(x.shape[:-1] + (n_heads, x.shape[-1] // n_heads))
    axes = list(range(x.ndim))
    axes[-3], axes[-2] = axes[-2], axes[-3]
    return x.transpose(axes)


def merge_heads(x):
    axes = list(range(x.ndim))
    axes[-3], axes[-2] = axes[-2], axes[-3]
    x = x.transpose(axes)
    return x.reshape(x.shape[:-2] + (x.shape[-2] * x.shape[-1],))


def attention(q, k, v, causal=True):
    att = np.matmul(q, transposed(k)) * (1.0 / np.sqrt(k.shape[-1]))
    if causal:
        T = q.shape[-2]
        bias = np.tril(np.ones((T, T))).reshape((1,) * (q.ndim - 2) + (T, T))
        att = np.where(bias == 0, -1e9, att)
    att = softmax(att)
    return np.matmul(att, v), att


def attention_gradient(dy, q, k, v, weights, causal=True):
    datt = softmax_backward(np.matmul(dy, transposed(v)), weights)
    if causal:
        datt = datt * np.tril(np.ones(datt.shape[-2:]))
    datt = datt / np.sqrt(k.shape[-1])
    return np.matmul(datt, k), np.matmul(transposed(datt), q), np.matmul(transposed(weights), dy)

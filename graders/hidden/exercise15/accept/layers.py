# Layers as classes, each with a forward and a backward method; the cache is a list of such objects.
import math

import numpy as np
from attention import attention, attention_gradient, merge_heads, split_heads


class Linear:
    def __init__(self, weight, bias):
        self.weight, self.bias = weight, bias

    def forward(self, x):
        self.x = x
        return np.matmul(x, self.weight.T) + self.bias

    def backward(self, dy):
        self.grads = np.tensordot(dy, self.x, (range(dy.ndim - 1),) * 2), dy.reshape(-1, dy.shape[-1]).sum(0)
        return np.matmul(dy, self.weight)


class LayerNorm:
    def __init__(self, gamma, beta, eps=1e-5):
        self.gamma, self.beta, self.eps = gamma, beta, eps

    def forward(self, x):
        self.inv = 1 / np.sqrt(np.var(x, -1, keepdims=True) + self.eps)
        self.z = (x - np.mean(x, -1, keepdims=True)) * self.inv
        return self.z * self.gamma + self.beta

    def backward(self, dy):
        n = dy.shape[-1]
        rows = dy.reshape(-1, n)
        self.grads = (rows * self.z.reshape(-1, n)).sum(0), rows.sum(0)
        g = dy * self.gamma
        return self.inv / n * (n * g - g.sum(-1, keepdims=True) - self.z * (g * self.z).sum(-1, keepdims=True))


class Gelu:
    def forward(self, x):
        self.x = x
        self.t = np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x * x * x))
        return 0.5 * x * (1 + self.t)

    def backward(self, dy):
        x, t = self.x, self.t
        return dy * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * math.sqrt(2.0 / math.pi) * (1 + 3 * 0.044715 * x * x))


class SelfAttention:
    def __init__(self, n_heads):
        self.n_heads = n_heads

    def forward(self, qkv):
        f = qkv.shape[-1] // 3
        self.parts = [split_heads(qkv[..., i * f : (i + 1) * f], self.n_heads) for i in range(3)]
        y, self.weights = attention(*self.parts)
        return merge_heads(y)

    def backward(self, dy):
        grads = attention_gradient(split_heads(dy, self.n_heads), *self.parts, self.weights)
        return np.concatenate([merge_heads(g) for g in grads], -1)


def layer_norm_gradient(dy, x, gamma, eps=1e-5):
    layer = LayerNorm(gamma, 0, eps)
    layer.forward(x)
    return (layer.backward(dy), *layer.grads)


def gelu(x):
    return Gelu().forward(x)


def gelu_gradient(dy, x):
    layer = Gelu()
    layer.forward(x)
    return layer.backward(dy)


NAMES = ("ln1_gamma ln1_beta", "qkv_weight qkv_bias", None, "proj_weight proj_bias", "ln2_gamma ln2_beta")
NAMES += ("mlp_in_weight mlp_in_bias", None, "mlp_out_weight mlp_out_bias")


def block(x, params, n_heads):
    kinds = LayerNorm, Linear, None, Linear, LayerNorm, Linear, None, Linear
    layers = [kind and kind(*(params[n] for n in names.split())) for kind, names in zip(kinds, NAMES)]
    layers[2], layers[6] = SelfAttention(n_heads), Gelu()
    for part in (layers[:4], layers[4:]):
        h = x
        for layer in part:
            h = layer.forward(h)
        x = x + h
    return x, layers


def block_gradient(dy, cache, params, n_heads):
    for part in (cache[4:], cache[:4]):
        d = dy
        for layer in reversed(part):
            d = layer.backward(d)
        dy = dy + d
    grads = {}
    for layer, names in zip(cache, NAMES):
        grads.update(zip(names.split(), layer.grads) if names else ())
    return dy, grads

# A small engine: a node knows its parents, and the way back visits them in reverse order. The cache is the last node.
import math

import numpy as np
from attention import attention, attention_gradient, merge_heads, split_heads


class Node:
    def __init__(self, value, parents=(), back=None):
        self.value, self.parents, self.back, self.grad = value, parents, back, 0

    def __add__(self, other):
        return Node(self.value + other.value, (self, other), lambda g: (g, g))

    def linear(self, W, b):
        def back(g):
            flat = g.reshape(-1, g.shape[-1])
            return g @ W.value, flat.T @ self.value.reshape(len(flat), -1), flat.sum(axis=0)

        return Node(self.value @ W.value.T + b.value, (self, W, b), back)

    def norm(self, gamma, beta, eps=1e-5):
        x = self.value
        s = np.sqrt(x.var(-1, keepdims=True) + eps)
        z = (x - x.mean(-1, keepdims=True)) / s

        def back(g):
            dz = g * gamma.value
            dz = dz - z * np.mean(dz * z, -1, keepdims=True)
            axes = tuple(range(g.ndim))[:-1]
            return (dz - dz.mean(-1, keepdims=True)) / s, np.sum(g * z, axes), np.sum(g, axes)

        return Node(gamma.value * z + beta.value, (self, gamma, beta), back)

    def gelu(self):
        x = self.value
        t = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
        slope = (1 + t + x * (1 - t * t) * math.sqrt(2 / math.pi) * (1 + 0.134145 * x * x)) / 2
        return Node(x * (1 + t) / 2, (self,), lambda g: (g * slope,))

    def attend(self, n_heads):
        qkv = [split_heads(part, n_heads) for part in np.array_split(self.value, 3, axis=-1)]
        y, w = attention(*qkv)

        def back(g):
            return (np.concatenate([merge_heads(d) for d in attention_gradient(split_heads(g, n_heads), *qkv, w)], -1),)

        return Node(merge_heads(y), (self,), back)

    def backward(self, g):
        order, seen = [], set()

        def visit(node):
            if id(node) not in seen:
                seen.add(id(node))
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = g
        for node in reversed(order):
            for parent, gradient in zip(node.parents, node.back(node.grad) if node.back else ()):
                parent.grad = parent.grad + gradient


def layer_norm_gradient(dy, x, gamma, eps=1e-5):
    nodes = Node(x), Node(gamma), Node(0 * gamma)
    nodes[0].norm(*nodes[1:], eps).backward(dy)
    return [node.grad for node in nodes]


def gelu(x):
    return Node(x).gelu().value


def gelu_gradient(dy, x):
    node = Node(x)
    node.gelu().backward(dy)
    return node.grad


def block(x, params, n_heads):
    p = {name: Node(array) for name, array in params.items()}
    first = Node(x)
    h = first.norm(p["ln1_gamma"], p["ln1_beta"]).linear(p["qkv_weight"], p["qkv_bias"]).attend(n_heads)
    middle = first + h.linear(p["proj_weight"], p["proj_bias"])
    h = middle.norm(p["ln2_gamma"], p["ln2_beta"]).linear(p["mlp_in_weight"], p["mlp_in_bias"]).gelu()
    y = middle + h.linear(p["mlp_out_weight"], p["mlp_out_bias"])
    return y.value, (y, first, p)


def block_gradient(dy, cache, params, n_heads):
    y, first, p = cache
    y.backward(dy)
    return first.grad, {name: p[name].grad for name in params}

# Ported from PyTorch's arrangement
# independent
"""Port of my PyTorch block: modules with forward, and a tape of backward functions as the cache."""

import math

import numpy as np
from attention import attention, attention_gradient, merge_heads, split_heads


class Tape:
    """What autograd does, for this one graph: remembers how to go back."""

    def __init__(self):
        self.backward_functions = []

    def record(self, function):
        self.backward_functions.append(function)

    def backward(self, grad_output, grads):
        for function in reversed(self.backward_functions):
            grad_output = function(grad_output, grads)
        return grad_output


class Linear:
    def __init__(self, name, weight, bias):
        self.name, self.weight, self.bias = name, weight, bias

    def forward(self, x, tape):
        def backward(grad_output, grads):
            go, xx = grad_output.reshape(-1, grad_output.shape[-1]), x.reshape(-1, x.shape[-1])
            grads[self.name + "_weight"] = np.matmul(go.T, xx)
            grads[self.name + "_bias"] = go.sum(0)
            return np.matmul(grad_output, self.weight)

        tape.record(backward)
        return np.matmul(x, self.weight.T) + self.bias


class LayerNorm:
    eps = 1e-5

    def __init__(self, name, weight, bias):
        self.name, self.weight, self.bias = name, weight, bias

    def forward(self, x, tape):
        def backward(grad_output, grads):
            dx, grads[self.name + "_gamma"], grads[self.name + "_beta"] = layer_norm_gradient(
                grad_output, x, self.weight, self.eps
            )
            return dx

        tape.record(backward)
        mean = x.mean(-1, keepdims=True)
        var = x.var(-1, keepdims=True)  # unbiased=False
        return (x - mean) / np.sqrt(var + self.eps) * self.weight + self.bias


class GELU:
    def forward(self, x, tape):
        tape.record(lambda grad_output, grads: gelu_gradient(grad_output, x))
        return gelu(x)


class CausalSelfAttention:
    def __init__(self, n_head):
        self.n_head = n_head

    def forward(self, qkv, tape):
        n_embd = qkv.shape[-1] // 3
        q = split_heads(qkv[..., :n_embd], self.n_head)
        k = split_heads(qkv[..., n_embd:-n_embd], self.n_head)
        v = split_heads(qkv[..., -n_embd:], self.n_head)
        out, att = attention(q, k, v, True)

        def backward(grad_output, grads):
            grad_q, grad_k, grad_v = attention_gradient(split_heads(grad_output, self.n_head), q, k, v, att, True)
            return np.concatenate((merge_heads(grad_q), merge_heads(grad_k), merge_heads(grad_v)), axis=-1)

        tape.record(backward)
        return merge_heads(out)


class Residual:
    def __init__(self, *modules):
        self.modules = modules

    def forward(self, x, tape):
        inner, out = Tape(), x
        for module in self.modules:
            out = module.forward(out, inner)
        tape.record(lambda grad_output, grads: grad_output + inner.backward(grad_output, grads))
        return x + out


def _module(params, n_head):
    def linear(name):
        return Linear(name, params[name + "_weight"], params[name + "_bias"])

    def norm(name):
        return LayerNorm(name, params[name + "_gamma"], params[name + "_beta"])

    return (
        Residual(norm("ln1"), linear("qkv"), CausalSelfAttention(n_head), linear("proj")),
        Residual(norm("ln2"), linear("mlp_in"), GELU(), linear("mlp_out")),
    )


def layer_norm_gradient(dy, x, gamma, eps=1e-5):
    rstd = 1.0 / np.sqrt(x.var(axis=-1, keepdims=True) + eps)
    xhat = (x - x.mean(axis=-1, keepdims=True)) * rstd
    g = dy * gamma
    dx = rstd * (g - g.mean(axis=-1, keepdims=True) - xhat * (g * xhat).mean(axis=-1, keepdims=True))
    if x.ndim == 1:
        return dx, dy * xhat, dy.copy()
    dims = tuple(range(x.ndim - 1))
    return dx, (dy * xhat).sum(axis=dims), dy.sum(axis=dims)


def gelu(x):
    return 0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * np.power(x, 3.0))))


def gelu_gradient(dy, x):
    tanh_out = np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * np.power(x, 3.0)))
    dtanh = (1.0 - tanh_out * tanh_out) * math.sqrt(2.0 / math.pi) * (1.0 + 0.134145 * x * x)
    return dy * (0.5 * (1.0 + tanh_out) + 0.5 * x * dtanh)


def block(x, params, n_heads):
    tape, out = Tape(), x
    for module in _module(params, n_heads):
        out = module.forward(out, tape)
    return out, tape


def block_gradient(dy, cache, params, n_heads):
    grads = {}
    dx = cache.backward(dy, grads)
    return dx, grads

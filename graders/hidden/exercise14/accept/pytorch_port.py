# Ported from PyTorch: views, an additive bias for the mask, and the softmax's backward function.
# independent
import math

import numpy as np


def _view(x, *sizes):
    return np.ascontiguousarray(x).reshape(sizes)


def split_heads(x, n_heads):
    *bsz, tgt_len, embed_dim = x.shape
    head_dim = embed_dim // n_heads
    x = _view(x, -1, tgt_len, n_heads, head_dim)
    x = np.transpose(x, (0, 2, 1, 3))
    return _view(x, *bsz, n_heads, tgt_len, head_dim)


def merge_heads(x):
    *bsz, n_heads, tgt_len, head_dim = x.shape
    x = _view(x, -1, n_heads, tgt_len, head_dim)
    x = np.transpose(x, (0, 2, 1, 3))
    return _view(x, *bsz, tgt_len, n_heads * head_dim)


def _softmax(x, dim=-1):
    x = np.exp(x - np.max(x, axis=dim, keepdims=True))
    return x / np.sum(x, axis=dim, keepdims=True)


def _softmax_backward_data(grad_output, output, dim=-1):
    grad_input = grad_output * output
    return grad_input - output * np.sum(grad_input, axis=dim, keepdims=True)


def attention(q, k, v, causal=True):
    query, key, value = q, k, v
    if query.dtype.kind in "iu":
        query, key, value = (a.astype(np.float64) for a in (query, key, value))
    L, S = query.shape[-2], key.shape[-2]
    scale_factor = 1 / math.sqrt(query.shape[-1])
    attn_bias = np.zeros((L, S), dtype=query.dtype)
    if causal:
        temp_mask = np.tril(np.ones((L, S), dtype=bool))
        attn_bias[~temp_mask] = float("-inf")
    attn_weight = query @ np.swapaxes(key, -2, -1) * scale_factor
    attn_weight = attn_weight + attn_bias
    attn_weight = _softmax(attn_weight)
    return attn_weight @ value, attn_weight


def attention_gradient(dy, q, k, v, weights, causal=True):
    scale_factor = 1 / math.sqrt(q.shape[-1])
    grad_value = np.swapaxes(weights, -2, -1) @ dy
    grad_weight = dy @ np.swapaxes(v, -2, -1)
    grad_score = _softmax_backward_data(grad_weight, weights) * scale_factor
    grad_query = grad_score @ k
    grad_key = np.swapaxes(grad_score, -2, -1) @ q
    return grad_query, grad_key, grad_value

"""Exercise 15: a transformer block, forwards and backwards."""

import math
from typing import Any

import numpy as np
from attention import attention, attention_gradient, merge_heads, split_heads  # yours, from exercise 14

SLOPE = math.sqrt(2 / math.pi)
CUBIC = 0.044715


def normalise(x, eps=1e-5):
    """Return the rows of x with mean 0 and variance 1, and the roots that they were divided by."""
    centred = x - x.mean(axis=-1, keepdims=True)
    root = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + eps)
    return centred / root, root


def layer_norm(x, gamma, beta):
    return gamma * normalise(x)[0] + beta


def layer_norm_gradient(
    dy: np.ndarray, x: np.ndarray, gamma: np.ndarray, eps: float = 1e-5
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return dx, dgamma and dbeta of gamma z + beta, where z is x (…, features) normalised along its rows."""
    z, root = normalise(x, eps)
    dz = gamma * dy
    dx = (dz - dz.mean(axis=-1, keepdims=True) - z * (dz * z).mean(axis=-1, keepdims=True)) / root
    rows = tuple(range(x.ndim - 1))
    return dx, (dy * z).sum(axis=rows), dy.sum(axis=rows)


def gelu(x: np.ndarray) -> np.ndarray:
    """Return x/2 (1 + tanh(s)) with s = √(2/π) (x + 0.044715 x³)."""
    return x / 2 * (1 + np.tanh(SLOPE * (x + CUBIC * x**3)))


def gelu_gradient(dy: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return dy times the derivative, (1 + tanh(s)) / 2 + x/2 (1 - tanh²(s)) ds/dx."""
    t = np.tanh(SLOPE * (x + CUBIC * x**3))
    return dy * ((1 + t) / 2 + x / 2 * (1 - t**2) * SLOPE * (1 + 3 * CUBIC * x**2))


def affine(x, weight, bias):
    return x @ weight.T + bias


def affine_gradient(dy, x, weight):
    """Return the gradients of x, weight and bias. All tokens of all sequences are rows of one batch."""
    dy_rows, x_rows = dy.reshape(-1, dy.shape[-1]), x.reshape(-1, x.shape[-1])
    return dy @ weight, dy_rows.T @ x_rows, dy_rows.sum(axis=0)


def block(x: np.ndarray, params: dict[str, np.ndarray], n_heads: int) -> tuple[np.ndarray, tuple]:
    """Return x plus causal attention of its norm, plus an MLP of that sum's norm, and what the way back needs."""
    p = params
    normed = layer_norm(x, p["ln1_gamma"], p["ln1_beta"])
    qkv = affine(normed, p["qkv_weight"], p["qkv_bias"])
    q, k, v = (split_heads(part, n_heads) for part in np.split(qkv, 3, axis=-1))
    heads, weights = attention(q, k, v)
    merged = merge_heads(heads)
    middle = x + affine(merged, p["proj_weight"], p["proj_bias"])
    middle_normed = layer_norm(middle, p["ln2_gamma"], p["ln2_beta"])
    hidden = affine(middle_normed, p["mlp_in_weight"], p["mlp_in_bias"])
    y = middle + affine(gelu(hidden), p["mlp_out_weight"], p["mlp_out_bias"])
    return y, (x, normed, q, k, v, weights, merged, middle, middle_normed, hidden)


def block_gradient(
    dy: np.ndarray, cache: Any, params: dict[str, np.ndarray], n_heads: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Go through block's lines from the last to the first. Each sum passes its gradient on to both of its terms."""
    x, normed, q, k, v, weights, merged, middle, middle_normed, hidden = cache
    p, d = params, {}
    dactive, d["mlp_out_weight"], d["mlp_out_bias"] = affine_gradient(dy, gelu(hidden), p["mlp_out_weight"])
    dhidden = gelu_gradient(dactive, hidden)
    dnormed, d["mlp_in_weight"], d["mlp_in_bias"] = affine_gradient(dhidden, middle_normed, p["mlp_in_weight"])
    through_mlp, d["ln2_gamma"], d["ln2_beta"] = layer_norm_gradient(dnormed, middle, p["ln2_gamma"])
    dmiddle = dy + through_mlp
    dmerged, d["proj_weight"], d["proj_bias"] = affine_gradient(dmiddle, merged, p["proj_weight"])
    dheads = attention_gradient(split_heads(dmerged, n_heads), q, k, v, weights)
    dqkv = np.concatenate([merge_heads(part) for part in dheads], axis=-1)
    dnormed, d["qkv_weight"], d["qkv_bias"] = affine_gradient(dqkv, normed, p["qkv_weight"])
    through_attention, d["ln1_gamma"], d["ln1_beta"] = layer_norm_gradient(dnormed, x, p["ln1_gamma"])
    return dmiddle + through_attention, d

# Typed classes and named tuples
# independent
"""A transformer block with a typed cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from attention import attention, attention_gradient, merge_heads, split_heads
from numpy.typing import NDArray

Array = NDArray[np.floating]
Params = dict[str, Array]
EPS: Final = 1e-5
CUBIC: Final = 0.044715
FACTOR: Final = float(np.sqrt(2.0 / np.pi))


class NormGradient(NamedTuple):
    dx: Array
    dgamma: Array
    dbeta: Array


@dataclass(frozen=True, slots=True, eq=False)
class BlockCache:
    x: Array
    normed_x: Array
    q: Array
    k: Array
    v: Array
    weights: Array
    heads: Array
    middle: Array
    normed_middle: Array
    before_gelu: Array
    after_gelu: Array


@dataclass(frozen=True, slots=True, eq=False)
class AffineGradient:
    dx: Array
    dweight: Array
    dbias: Array

    @classmethod
    def of(cls, dy: Array, x: Array, weight: Array) -> AffineGradient:
        rows_dy: Array = dy.reshape(-1, dy.shape[-1])
        rows_x: Array = x.reshape(-1, x.shape[-1])
        return cls(dx=dy @ weight, dweight=rows_dy.T @ rows_x, dbias=rows_dy.sum(axis=0))


def _affine(x: Array, params: Params, name: str) -> Array:
    return x @ params[f"{name}_weight"].T + params[f"{name}_bias"]


def _normalise(x: Array, eps: float) -> tuple[Array, Array]:
    root: Array = np.sqrt(np.var(x, axis=-1, keepdims=True) + eps)
    return (x - np.mean(x, axis=-1, keepdims=True)) / root, root


def layer_norm_gradient(dy: Array, x: Array, gamma: Array, eps: float = EPS) -> NormGradient:
    z, root = _normalise(x, eps)
    dz = gamma * dy
    dx = (dz - dz.mean(axis=-1, keepdims=True) - z * (dz * z).mean(axis=-1, keepdims=True)) / root
    leading = tuple(range(x.ndim - 1))
    return NormGradient(dx=dx, dgamma=(dy * z).sum(axis=leading), dbeta=dy.sum(axis=leading))


def gelu(x: Array) -> Array:
    return x / 2 * (1 + np.tanh(FACTOR * (x + CUBIC * x**3)))


def gelu_gradient(dy: Array, x: Array) -> Array:
    tanh = np.tanh(FACTOR * (x + CUBIC * x**3))
    slope = (1 + tanh) / 2 + x / 2 * (1 - tanh**2) * FACTOR * (1 + 3 * CUBIC * x**2)
    return dy * slope


def block(x: Array, params: Params, n_heads: int) -> tuple[Array, BlockCache]:
    normed_x = _normalise(x, EPS)[0] * params["ln1_gamma"] + params["ln1_beta"]
    q, k, v = (split_heads(part, n_heads) for part in np.split(_affine(normed_x, params, "qkv"), 3, axis=-1))
    values, weights = attention(q, k, v)
    heads = merge_heads(values)
    middle = x + _affine(heads, params, "proj")
    normed_middle = _normalise(middle, EPS)[0] * params["ln2_gamma"] + params["ln2_beta"]
    before_gelu = _affine(normed_middle, params, "mlp_in")
    after_gelu = gelu(before_gelu)
    y = middle + _affine(after_gelu, params, "mlp_out")
    cache = BlockCache(
        x=x,
        normed_x=normed_x,
        q=q,
        k=k,
        v=v,
        weights=weights,
        heads=heads,
        middle=middle,
        normed_middle=normed_middle,
        before_gelu=before_gelu,
        after_gelu=after_gelu,
    )
    return y, cache


def block_gradient(dy: Array, cache: BlockCache, params: Params, n_heads: int) -> tuple[Array, Params]:
    out = AffineGradient.of(dy, cache.after_gelu, params["mlp_out_weight"])
    into = AffineGradient.of(gelu_gradient(out.dx, cache.before_gelu), cache.normed_middle, params["mlp_in_weight"])
    norm2 = layer_norm_gradient(into.dx, cache.middle, params["ln2_gamma"])
    dmiddle = norm2.dx + dy
    proj = AffineGradient.of(dmiddle, cache.heads, params["proj_weight"])
    dq, dk, dv = attention_gradient(split_heads(proj.dx, n_heads), cache.q, cache.k, cache.v, cache.weights)
    dqkv = np.concatenate([merge_heads(dq), merge_heads(dk), merge_heads(dv)], axis=-1)
    qkv = AffineGradient.of(dqkv, cache.normed_x, params["qkv_weight"])
    norm1 = layer_norm_gradient(qkv.dx, cache.x, params["ln1_gamma"])
    gradients: Params = {
        "ln1_gamma": norm1.dgamma,
        "ln1_beta": norm1.dbeta,
        "qkv_weight": qkv.dweight,
        "qkv_bias": qkv.dbias,
        "proj_weight": proj.dweight,
        "proj_bias": proj.dbias,
        "ln2_gamma": norm2.dgamma,
        "ln2_beta": norm2.dbeta,
        "mlp_in_weight": into.dweight,
        "mlp_in_bias": into.dbias,
        "mlp_out_weight": out.dweight,
        "mlp_out_bias": out.dbias,
    }
    return norm1.dx + dmiddle, gradients

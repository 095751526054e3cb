# Typed, with many small functions
# independent
"""A GPT-2 style language model in NumPy: tied embeddings, pre-norm blocks, AdamW with global norm clipping."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import training
from attention import merge_heads, split_heads
from layer_norm import layer_norm
from optimizers import adamw, clip_by_norm
from softmax_cross_entropy import cross_entropy, softmax
from training import arranged_like, arrays_of
from transformer_block import block, block_gradient, gelu, layer_norm_gradient
from words import embed, embed_gradient
from writing import attend_with_cache

MAX_GRAD_NORM = 1.0
Params = dict[str, Any]


class Activations(NamedTuple):
    ids: np.ndarray
    pre_norm: np.ndarray  # (n, tokens, features), the residual stream after the last block
    normed: np.ndarray
    blocks: tuple[Any, ...]


class KVCache(NamedTuple):
    length: int
    layers: tuple[Any, ...]


# ------------------------------------------------------------------------------------------------------- helpers


def _linear(x: np.ndarray, p: Params, name: str) -> np.ndarray:
    return x @ p[f"{name}_weight"].T + p[f"{name}_bias"]


def _norm(x: np.ndarray, p: Params, prefix: str = "") -> np.ndarray:
    return layer_norm(x, p[f"{prefix}gamma"], p[f"{prefix}beta"])


def _embed_at(params: Params, ids: np.ndarray, offset: int = 0) -> np.ndarray:
    end = offset + ids.shape[-1]
    if end > len(params["positions"]):
        raise ValueError(f"{end} tokens do not fit in a context of {len(params['positions'])}")
    return embed(params["tokens"], ids) + params["positions"][offset:end]


def _unembed(params: Params, normed: np.ndarray) -> np.ndarray:
    return normed @ params["tokens"].T


def _flat(x: np.ndarray) -> np.ndarray:
    return x.reshape(-1, x.shape[-1])


def _cross_entropy_backward(flat_logits: np.ndarray, flat_targets: np.ndarray) -> np.ndarray:
    grad = np.array(softmax(flat_logits))
    grad[np.arange(flat_targets.size), flat_targets] -= 1
    return grad / flat_targets.size


def _unembed_backward(params: Params, dlogits: np.ndarray, normed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradients with respect to the normed stream and to the table."""
    return (dlogits @ params["tokens"]).reshape(normed.shape), dlogits.T @ _flat(normed)


def _blocks_backward(
    dx: np.ndarray, params: Params, caches: Iterable[Any], n_heads: int
) -> tuple[np.ndarray, list[Params]]:
    grads: list[Params] = []
    for p, cache in reversed(list(zip(params["blocks"], caches, strict=True))):
        dx, grad = block_gradient(dx, cache, p, n_heads)
        grads.append(grad)
    return dx, grads[::-1]


def _embedding_backward(params: Params, dx: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    dpositions = np.zeros_like(params["positions"])
    np.sum(dx, axis=0, out=dpositions[: dx.shape[1]])
    return embed_gradient(dx, ids, params["tokens"].shape[0]), dpositions


def _attention_step(x: np.ndarray, p: Params, past: Any, n_heads: int) -> tuple[np.ndarray, Any]:
    qkv = _linear(_norm(x, p, "ln1_"), p, "qkv")
    q, k, v = (split_heads(part, n_heads) for part in np.split(qkv, 3, axis=-1))
    y, past = attend_with_cache(q, k, v, past)
    return _linear(merge_heads(y), p, "proj"), past


def _mlp(x: np.ndarray, p: Params) -> np.ndarray:
    return _linear(gelu(_linear(_norm(x, p, "ln2_"), p, "mlp_in")), p, "mlp_out")


def _block_step(x: np.ndarray, p: Params, past: Any, n_heads: int) -> tuple[np.ndarray, Any]:
    attended, past = _attention_step(x, p, past, n_heads)
    x = x + attended
    return x + _mlp(x, p), past


def _empty_cache(params: Params) -> KVCache:
    return KVCache(0, (None,) * len(params["blocks"]))


# -------------------------------------------------------------------------------------------------------- the API


def forward(params: dict, ids: np.ndarray, n_heads: int) -> tuple[np.ndarray, Activations]:
    x = _embed_at(params, ids)
    caches = []
    for p in params["blocks"]:
        x, cache = block(x, p, n_heads)
        caches.append(cache)
    normed = _norm(x, params)
    return _unembed(params, normed), Activations(ids, x, normed, tuple(caches))


def loss_and_gradients(params: dict, ids: np.ndarray, targets: np.ndarray, n_heads: int) -> tuple[float, dict]:
    logits, acts = forward(params, ids, n_heads)
    flat_logits, flat_targets = _flat(logits), targets.reshape(-1)
    loss = float(cross_entropy(flat_logits, flat_targets))

    dlogits = _cross_entropy_backward(flat_logits, flat_targets)
    dnormed, dtable_out = _unembed_backward(params, dlogits, acts.normed)
    dx, dgamma, dbeta = layer_norm_gradient(dnormed, acts.pre_norm, params["gamma"])
    dx, dblocks = _blocks_backward(dx, params, acts.blocks, n_heads)
    dtable_in, dpositions = _embedding_backward(params, dx, acts.ids)
    return loss, {
        "tokens": dtable_in + dtable_out,
        "positions": dpositions,
        "blocks": dblocks,
        "gamma": dgamma,
        "beta": dbeta,
    }


def train_step(
    params: dict, state: object, ids: np.ndarray, targets: np.ndarray, n_heads: int, lr: float
) -> tuple[dict, object, float]:
    loss, grads = loss_and_gradients(params, ids, targets, n_heads)
    weights = arrays_of(params)
    clipped, _ = clip_by_norm(arrays_of(grads), MAX_GRAD_NORM)
    slots = state if state is not None else [None] * len(weights)
    updates = [adamw(w, g, slot, lr=lr) for w, g, slot in zip(weights, clipped, slots, strict=True)]
    new_weights, new_slots = (list(part) for part in zip(*updates, strict=True))
    return arranged_like(params, new_weights), new_slots, loss


def next_logits(params: dict, ids: np.ndarray, cache: object, n_heads: int) -> tuple[np.ndarray, KVCache]:
    past = _empty_cache(params) if cache is None else cache
    x = _embed_at(params, ids, past.length)
    layers = []
    for p, layer in zip(params["blocks"], past.layers, strict=True):
        x, layer = _block_step(x, p, layer, n_heads)
        layers.append(layer)
    return _unembed(params, _norm(x, params)), KVCache(past.length + len(ids), tuple(layers))


if __name__ == "__main__":
    training.main(forward, train_step, next_logits)

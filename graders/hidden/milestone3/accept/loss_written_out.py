# Softmax and loss written out in one place
# independent
"""Milestone 3. Softmax and the loss are written out here, because both need the same exponentials."""

import numpy as np
import training
from attention import merge_heads, split_heads
from layer_norm import layer_norm
from optimizers import adamw, clip_by_norm
from training import arranged_like, arrays_of
from transformer_block import block, block_gradient, gelu, layer_norm_gradient
from writing import attend_with_cache


def forward(params: dict, ids: np.ndarray, n_heads: int) -> tuple[np.ndarray, object]:
    n, tokens = ids.shape
    x = params["tokens"][ids] + params["positions"][None, :tokens]
    caches = []
    for p in params["blocks"]:
        x, cache = block(x, p, n_heads)
        caches.append(cache)
    y = layer_norm(x, params["gamma"], params["beta"])
    logits = y @ params["tokens"].T
    return logits, (x, y, caches)


def loss_and_gradients(params: dict, ids: np.ndarray, targets: np.ndarray, n_heads: int) -> tuple[float, dict]:
    logits, (x, y, caches) = forward(params, ids, n_heads)
    n, tokens, vocabulary = logits.shape

    # -log p = log(sum of exp(l - max)) - (l_target - max)
    shifted = logits - np.max(logits, axis=2, keepdims=True)
    exponentials = np.exp(shifted)
    sums = np.sum(exponentials, axis=2, keepdims=True)
    of_target = np.take_along_axis(shifted, targets[:, :, None], axis=2)
    loss = float(np.mean(np.log(sums) - of_target))

    # d loss / d logits = (p - one-hot) / count
    one_hot = targets[:, :, None] == np.arange(vocabulary)
    dlogits = (exponentials / sums - one_hot) / (n * tokens)

    dtable = np.einsum("ntc,ntf->cf", dlogits, y)
    dx, dgamma, dbeta = layer_norm_gradient(dlogits @ params["tokens"], x, params["gamma"])
    dblocks = []
    for p, cache in zip(params["blocks"][::-1], caches[::-1]):
        dx, dp = block_gradient(dx, cache, p, n_heads)
        dblocks.append(dp)
    dblocks.reverse()

    np.add.at(dtable, ids, dx)
    dpositions = np.zeros_like(params["positions"])
    for text in dx:
        dpositions[:tokens] += text
    return loss, {"tokens": dtable, "positions": dpositions, "blocks": dblocks, "gamma": dgamma, "beta": dbeta}


def train_step(
    params: dict, state: object, ids: np.ndarray, targets: np.ndarray, n_heads: int, lr: float
) -> tuple[dict, object, float]:
    loss, gradients = loss_and_gradients(params, ids, targets, n_heads)
    old = arrays_of(params)
    steps, _ = clip_by_norm(arrays_of(gradients), 1)
    states = {} if state is None else state
    new, new_states = [], {}
    for i in range(len(old)):
        array, new_states[i] = adamw(old[i], steps[i], states.get(i), lr)
        new.append(array)
    return arranged_like(params, new), new_states, loss


def next_logits(params: dict, ids: np.ndarray, cache: object, n_heads: int) -> tuple[np.ndarray, object]:
    cache = {"seen": 0} if cache is None else dict(cache)
    seen = cache["seen"]
    x = params["tokens"][ids] + params["positions"][seen : seen + len(ids)]
    for i, p in enumerate(params["blocks"]):
        a = layer_norm(x, p["ln1_gamma"], p["ln1_beta"])
        d = a.shape[-1]
        qkv = a @ p["qkv_weight"].T + p["qkv_bias"]
        q = split_heads(qkv[:, :d], n_heads)
        k = split_heads(qkv[:, d : 2 * d], n_heads)
        v = split_heads(qkv[:, 2 * d :], n_heads)
        y, cache[i] = attend_with_cache(q, k, v, cache.get(i))
        x = x + (merge_heads(y) @ p["proj_weight"].T + p["proj_bias"])
        m = layer_norm(x, p["ln2_gamma"], p["ln2_beta"])
        x = x + (gelu(m @ p["mlp_in_weight"].T + p["mlp_in_bias"]) @ p["mlp_out_weight"].T + p["mlp_out_bias"])
    cache["seen"] = seen + len(ids)
    return layer_norm(x, params["gamma"], params["beta"]) @ params["tokens"].T, cache


if __name__ == "__main__":
    training.main(forward, train_step, next_logits)

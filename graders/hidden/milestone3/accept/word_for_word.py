# The README, word for word
# independent
"""Milestone 3: your own language model writes.

    katas run milestone3

trains the model on a text, shows what it writes meanwhile, and draws what it has learned: training.png.
"""

import numpy as np
import training  # supplied
from attention import merge_heads, split_heads  # yours, from exercise 14
from layer_norm import layer_norm  # yours, from exercise 9
from optimizers import adamw, clip_by_norm  # yours, from exercise 11
from softmax_cross_entropy import cross_entropy, softmax  # yours, from exercise 4
from training import arranged_like, arrays_of  # supplied: all arrays of the parameters as a list, and back
from transformer_block import block, block_gradient, gelu, layer_norm_gradient  # yours, from exercise 15
from words import embed, embed_gradient  # yours, from exercise 13
from writing import attend_with_cache  # yours, from exercise 18


def forward(params: dict, ids: np.ndarray, n_heads: int) -> tuple[np.ndarray, object]:
    # tokens[ids] + positions, only as many positions as there are tokens
    x = embed(params["tokens"], ids) + params["positions"][: ids.shape[1]]
    block_caches = []
    for block_params in params["blocks"]:
        x, block_cache = block(x, block_params, n_heads)
        block_caches.append(block_cache)
    y = layer_norm(x, params["gamma"], params["beta"])
    logits = y @ params["tokens"].T
    # kept: the input of the last layer norm, its result, and the cache of each block
    return logits, (x, y, block_caches)


def loss_and_gradients(params: dict, ids: np.ndarray, targets: np.ndarray, n_heads: int) -> tuple[float, dict]:
    logits, (x, y, block_caches) = forward(params, ids, n_heads)
    vocabulary, features = params["tokens"].shape

    # flatten, as hint 2 says
    flat_logits = logits.reshape(-1, vocabulary)
    flat_targets = targets.reshape(-1)
    loss = cross_entropy(flat_logits, flat_targets)

    # (softmax - one-hot) / number of predictions
    dlogits = softmax(flat_logits)
    dlogits[np.arange(len(flat_targets)), flat_targets] -= 1
    dlogits /= len(flat_targets)

    # through the product: the table's first part, and dy
    dtokens = dlogits.T @ y.reshape(-1, features)
    dy = (dlogits @ params["tokens"]).reshape(y.shape)

    # through the last layer norm
    dx, dgamma, dbeta = layer_norm_gradient(dy, x, params["gamma"])

    # through the blocks in reverse order
    dblocks = []
    for block_params, block_cache in zip(reversed(params["blocks"]), reversed(block_caches), strict=True):
        dx, dblock = block_gradient(dx, block_cache, block_params, n_heads)
        dblocks.insert(0, dblock)

    # the table's second part, and the positions
    dtokens = dtokens + embed_gradient(dx, ids, vocabulary)
    dpositions = np.zeros_like(params["positions"])
    dpositions[: ids.shape[1]] = dx.sum(axis=0)

    gradients = {"tokens": dtokens, "positions": dpositions, "blocks": dblocks, "gamma": dgamma, "beta": dbeta}
    return float(loss), gradients


def train_step(
    params: dict, state: object, ids: np.ndarray, targets: np.ndarray, n_heads: int, lr: float
) -> tuple[dict, object, float]:
    loss, gradients = loss_and_gradients(params, ids, targets, n_heads)
    arrays = arrays_of(params)
    clipped, _ = clip_by_norm(arrays_of(gradients), 1.0)
    if state is None:
        state = [None] * len(arrays)
    new_arrays, new_state = [], []
    for array, gradient, array_state in zip(arrays, clipped, state, strict=True):
        new_array, new_array_state = adamw(array, gradient, array_state, lr=lr)
        new_arrays.append(new_array)
        new_state.append(new_array_state)
    return arranged_like(params, new_arrays), new_state, loss


def next_logits(params: dict, ids: np.ndarray, cache: object, n_heads: int) -> tuple[np.ndarray, object]:
    if cache is None:
        n_before = 0
        old_parts = [None] * len(params["blocks"])
    else:
        n_before, old_parts = cache
    n_after = n_before + len(ids)

    x = embed(params["tokens"], ids) + params["positions"][n_before:n_after]
    new_parts = []
    for p, part in zip(params["blocks"], old_parts, strict=True):
        a = layer_norm(x, p["ln1_gamma"], p["ln1_beta"])
        qkv = a @ p["qkv_weight"].T + p["qkv_bias"]
        q, k, v = np.split(qkv, 3, axis=-1)
        y, part = attend_with_cache(split_heads(q, n_heads), split_heads(k, n_heads), split_heads(v, n_heads), part)
        new_parts.append(part)
        x = x + merge_heads(y) @ p["proj_weight"].T + p["proj_bias"]
        m = layer_norm(x, p["ln2_gamma"], p["ln2_beta"])
        m = gelu(m @ p["mlp_in_weight"].T + p["mlp_in_bias"])
        x = x + m @ p["mlp_out_weight"].T + p["mlp_out_bias"]
    logits = layer_norm(x, params["gamma"], params["beta"]) @ params["tokens"].T
    return logits, (n_after, new_parts)


if __name__ == "__main__":
    training.main(forward, train_step, next_logits)

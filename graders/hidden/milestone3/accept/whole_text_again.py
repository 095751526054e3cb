# The cache holds the text, which is computed again
# independent
"""My language model. The cache for writing is simply the text so far; short texts make that fast enough."""

import numpy as np
import training
from layer_norm import layer_norm
from optimizers import adamw, clip_by_norm
from softmax_cross_entropy import cross_entropy, softmax
from training import arranged_like, arrays_of
from transformer_block import block, block_gradient, layer_norm_gradient
from words import embed, embed_gradient


def forward(params, ids, n_heads):
    ids = np.asarray(ids)
    h = embed(params["tokens"], ids)
    h = h + params["positions"][np.arange(ids.shape[-1])]
    saved = []
    for p in params["blocks"]:
        h, c = block(h, p, n_heads)
        saved.append(c)
    out = layer_norm(h, params["gamma"], params["beta"])
    return np.matmul(out, params["tokens"].transpose()), {"ids": ids, "h": h, "out": out, "blocks": saved}


def loss_and_gradients(params, ids, targets, n_heads):
    logits, saved = forward(params, ids, n_heads)
    table = params["tokens"]
    V, D = table.shape
    N = targets.size
    loss = cross_entropy(logits.reshape(N, V), targets.reshape(N))

    one_hot = np.zeros((N, V), logits.dtype)
    one_hot[np.arange(N), targets.reshape(N)] = 1
    d = ((softmax(logits.reshape(N, V)) - one_hot) / N).reshape(logits.shape)

    g = {}
    g["tokens"] = np.einsum("btv,btd->vd", d, saved["out"])
    dh, g["gamma"], g["beta"] = layer_norm_gradient(d @ table, saved["h"], params["gamma"])
    g["blocks"] = [None] * len(params["blocks"])
    for i in range(len(params["blocks"]) - 1, -1, -1):
        dh, g["blocks"][i] = block_gradient(dh, saved["blocks"][i], params["blocks"][i], n_heads)
    g["tokens"] = g["tokens"] + embed_gradient(dh, saved["ids"], V)
    unused = len(params["positions"]) - dh.shape[1]
    g["positions"] = np.pad(dh.sum(axis=0), ((0, unused), (0, 0)))
    return float(loss), g


def train_step(params, state, ids, targets, n_heads, lr):
    loss, grads = loss_and_gradients(params, ids, targets, n_heads)
    ps = arrays_of(params)
    gs, _norm = clip_by_norm(arrays_of(grads), 1.0)
    states = [None for _ in ps] if state is None else state
    results = [adamw(p, g, s, lr) for p, g, s in zip(ps, gs, states)]
    return arranged_like(params, [r[0] for r in results]), [r[1] for r in results], loss


def next_logits(params, ids, cache, n_heads):
    # No keys and values: keep the ids, run everything again, hand out the new rows.
    ids = np.asarray(ids, dtype=np.int64)
    text = ids if cache is None else np.concatenate([cache, ids])
    logits, _ = forward(params, text[None, :], n_heads)
    return logits[0, len(text) - len(ids) :], text


if __name__ == "__main__":
    training.main(forward, train_step, next_logits)

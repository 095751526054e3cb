# Own recursion over nested dicts, states by name
# independent
"""Milestone 3. Nested dicts are walked by my own recursion, and adamw's states are kept under each array's name."""

import numpy as np
import training
from attention import merge_heads, split_heads
from layer_norm import layer_norm
from optimizers import adamw, clip_by_norm
from softmax_cross_entropy import cross_entropy, softmax
from transformer_block import block, block_gradient, gelu, layer_norm_gradient
from words import embed, embed_gradient
from writing import attend_with_cache


def flattened(tree, prefix=""):
    """{"blocks": [{"qkv_bias": a}]} becomes {"blocks.0.qkv_bias": a}, as in PyTorch's state_dict."""
    if isinstance(tree, dict):
        items = tree.items()
    elif isinstance(tree, (list, tuple)):
        items = enumerate(tree)
    else:
        return {prefix: tree}
    flat = {}
    for key, value in items:
        flat.update(flattened(value, f"{prefix}.{key}" if prefix else str(key)))
    return flat


def nested(flat, template, prefix=""):
    """The inverse of flattened."""
    if isinstance(template, dict):
        return {k: nested(flat, v, f"{prefix}.{k}" if prefix else str(k)) for k, v in template.items()}
    if isinstance(template, (list, tuple)):
        return [nested(flat, v, f"{prefix}.{i}" if prefix else str(i)) for i, v in enumerate(template)]
    return flat[prefix]


def forward(params, ids, n_heads):
    length = ids.shape[1]
    assert length <= params["positions"].shape[0], "the text is longer than the context"

    def through(x, blocks):
        if not blocks:
            return x, []
        y, cache = block(x, blocks[0], n_heads)
        top, caches = through(y, blocks[1:])
        return top, [cache] + caches

    x, caches = through(embed(params["tokens"], ids) + params["positions"][:length], params["blocks"])
    y = layer_norm(x, params["gamma"], params["beta"])
    return np.dot(y, params["tokens"].T), dict(x=x, y=y, caches=caches)


def loss_and_gradients(params, ids, targets, n_heads):
    logits, kept = forward(params, ids, n_heads)
    table = params["tokens"]
    rows = logits.reshape(-1, len(table))
    answers = np.ravel(targets)
    loss = cross_entropy(rows, answers)

    probabilities = softmax(rows)
    gradient = probabilities.copy()
    for row, answer in enumerate(answers):
        gradient[row, answer] -= 1.0
    gradient /= answers.size

    y = kept["y"].reshape(-1, table.shape[1])
    out = {name: None for name in params}
    out["tokens"] = gradient.T @ y
    dy = (gradient @ table).reshape(kept["y"].shape)
    dx, out["gamma"], out["beta"] = layer_norm_gradient(dy, kept["x"], params["gamma"])
    out["blocks"] = [{} for _ in params["blocks"]]
    for i in reversed(range(len(out["blocks"]))):
        dx, out["blocks"][i] = block_gradient(dx, kept["caches"][i], params["blocks"][i], n_heads)
    out["tokens"] += embed_gradient(dx, ids, len(table))
    per_position = dx.sum(axis=0)
    rest = np.zeros_like(params["positions"][len(per_position) :])
    out["positions"] = np.concatenate([per_position, rest])
    return float(loss), out


def train_step(params, state, ids, targets, n_heads, lr):
    loss, gradients = loss_and_gradients(params, ids, targets, n_heads)
    weights, slopes = flattened(params), flattened(gradients)
    names = list(weights)
    clipped, _ = clip_by_norm([slopes[name] for name in names], 1.0)
    moved, new_state = {}, {}
    for name, slope in zip(names, clipped):
        before = None if state is None else state[name]
        moved[name], new_state[name] = adamw(weights[name], slope, before, lr=lr)
    return nested(moved, params), new_state, loss


def next_logits(params, ids, cache, n_heads):
    cache = {} if cache is None else cache
    start = cache.get("length", 0)
    after = {"length": start + len(ids)}

    def dense(x, p, name):
        return x @ p[f"{name}_weight"].T + p[f"{name}_bias"]

    def norm(x, p, name):
        return layer_norm(x, p[f"{name}_gamma"], p[f"{name}_beta"])

    x = embed(params["tokens"], ids) + params["positions"][start : after["length"]]
    for i, p in enumerate(params["blocks"]):
        q, k, v = [split_heads(each, n_heads) for each in np.array_split(dense(norm(x, p, "ln1"), p, "qkv"), 3, axis=1)]
        y, after[f"blocks.{i}"] = attend_with_cache(q, k, v, cache.get(f"blocks.{i}"))
        x = x + dense(merge_heads(y), p, "proj")
        x = x + dense(gelu(dense(norm(x, p, "ln2"), p, "mlp_in")), p, "mlp_out")
    return np.dot(layer_norm(x, params["gamma"], params["beta"]), params["tokens"].T), after


if __name__ == "__main__":
    training.main(forward, train_step, next_logits)

# A class for each layer
# independent
"""Milestone 3, with a class for each layer. Every layer has forward(x), backward(dy) and its own gradients."""

from dataclasses import dataclass, field
from typing import Any

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


class Block:
    def __init__(self, params, n_heads):
        self.params = params
        self.n_heads = n_heads
        self.cache = None
        self.gradients = None

    def forward(self, x):
        y, self.cache = block(x, self.params, self.n_heads)
        return y

    def backward(self, dy):
        dx, self.gradients = block_gradient(dy, self.cache, self.params, self.n_heads)
        return dx

    def continued(self, x, past):
        """Run the block for new tokens only. `past` is what attend_with_cache returned last."""
        a = self.linear(layer_norm(x, self.params["ln1_gamma"], self.params["ln1_beta"]), "qkv")
        q, k, v = (split_heads(part, self.n_heads) for part in np.split(a, 3, axis=-1))
        y, past = attend_with_cache(q, k, v, past)
        x = x + self.linear(merge_heads(y), "proj")
        hidden = self.linear(layer_norm(x, self.params["ln2_gamma"], self.params["ln2_beta"]), "mlp_in")
        return x + self.linear(gelu(hidden), "mlp_out"), past

    def linear(self, x, name):
        return x @ self.params[f"{name}_weight"].T + self.params[f"{name}_bias"]


class Embedding:
    def __init__(self, tokens, positions):
        self.tokens, self.positions = tokens, positions

    def forward(self, ids, first=0):
        self.ids = ids
        return embed(self.tokens, ids) + self.positions[first : first + ids.shape[-1]]

    def backward(self, dx):
        self.dtokens = embed_gradient(dx, self.ids, len(self.tokens))
        self.dpositions = np.zeros(self.positions.shape, dx.dtype)
        self.dpositions[: dx.shape[1]] += dx.sum(axis=0)


class Head:
    """The last layer norm, and the product with the table of tokens."""

    def __init__(self, tokens, gamma, beta):
        self.tokens, self.gamma, self.beta = tokens, gamma, beta

    def forward(self, x):
        self.x = x
        self.y = layer_norm(x, self.gamma, self.beta)
        return self.y @ self.tokens.T

    def backward(self, dlogits):
        self.dtokens = np.tensordot(dlogits, self.y, axes=((0, 1), (0, 1)))
        dx, self.dgamma, self.dbeta = layer_norm_gradient(dlogits @ self.tokens, self.x, self.gamma)
        return dx


class Model:
    def __init__(self, params, n_heads):
        self.embedding = Embedding(params["tokens"], params["positions"])
        self.blocks = [Block(each, n_heads) for each in params["blocks"]]
        self.head = Head(params["tokens"], params["gamma"], params["beta"])

    def forward(self, ids):
        x = self.embedding.forward(ids)
        for each in self.blocks:
            x = each.forward(x)
        return self.head.forward(x)

    def backward(self, dlogits):
        dx = self.head.backward(dlogits)
        for each in reversed(self.blocks):
            dx = each.backward(dx)
        self.embedding.backward(dx)
        return {
            "tokens": self.head.dtokens + self.embedding.dtokens,
            "positions": self.embedding.dpositions,
            "blocks": [each.gradients for each in self.blocks],
            "gamma": self.head.dgamma,
            "beta": self.head.dbeta,
        }

    def continued(self, ids, past):
        x, parts = self.embedding.forward(ids, past.length), []
        for each, part in zip(self.blocks, past.parts or [None] * len(self.blocks)):
            x, part = each.continued(x, part)
            parts.append(part)
        return self.head.forward(x), Past(past.length + len(ids), parts)


@dataclass(frozen=True)
class Past:
    """What next_logits remembers of a text."""

    length: int = 0
    parts: list[Any] = field(default_factory=list)


class AdamW:
    """Keeps adamw's state for each array. Every step makes a new object, so that an old one can be used again."""

    def __init__(self, states):
        self.states = states

    def step(self, arrays, gradients, lr):
        pairs = [adamw(a, g, s, lr) for a, g, s in zip(arrays, gradients, self.states, strict=True)]
        return [a for a, _ in pairs], AdamW([s for _, s in pairs])


def forward(params: dict, ids: np.ndarray, n_heads: int) -> tuple[np.ndarray, object]:
    model = Model(params, n_heads)
    return model.forward(ids), model


def loss_and_gradients(params: dict, ids: np.ndarray, targets: np.ndarray, n_heads: int) -> tuple[float, dict]:
    logits, model = forward(params, ids, n_heads)
    flat, right = logits.reshape(-1, logits.shape[-1]), targets.reshape(-1)
    dlogits = softmax(flat)
    dlogits[np.arange(right.size), right] -= 1
    return float(cross_entropy(flat, right)), model.backward((dlogits / right.size).reshape(logits.shape))


def train_step(
    params: dict, state: object, ids: np.ndarray, targets: np.ndarray, n_heads: int, lr: float
) -> tuple[dict, object, float]:
    loss, gradients = loss_and_gradients(params, ids, targets, n_heads)
    arrays = arrays_of(params)
    optimizer = state or AdamW([None] * len(arrays))
    clipped, _ = clip_by_norm(arrays_of(gradients), 1.0)
    arrays, optimizer = optimizer.step(arrays, clipped, lr)
    return arranged_like(params, arrays), optimizer, loss


def next_logits(params: dict, ids: np.ndarray, cache: object, n_heads: int) -> tuple[np.ndarray, object]:
    return Model(params, n_heads).continued(ids, cache or Past())


if __name__ == "__main__":
    training.main(forward, train_step, next_logits)

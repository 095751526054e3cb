# Attention as a function, and checkpoints as JSON with base64
# independent
"""Milestone 4. Attention is a function; generate and the checkpoints are made of small functions."""

import base64
import json

import numpy as np
import training  # supplied
from your_framework import (
    GELU,
    CrossEntropyLoss,
    Embedding,
    LayerNorm,
    Linear,
    Module,
    ModuleList,
    Tensor,
    cat,
    no_grad,
    stack,
    where,
)


def causal_attention(q, k, v):
    """q (..., new, d), k and v (..., all, d). The queries are those of the last tokens."""
    new, total, d = q.shape[-2], k.shape[-2], q.shape[-1]
    column, row = np.arange(total), np.arange(total - new, total)
    scores = (q @ k.transpose(-1, -2)) / float(np.sqrt(d))
    allowed = np.broadcast_to(column <= row[:, None], scores.shape)
    # the softmax by hand; the largest score is a constant that cancels out
    largest = np.where(allowed, scores.data, -np.inf).max(axis=-1, keepdims=True)
    e = where(Tensor(allowed), scores - Tensor(largest), -1e9).exp()
    return (e / e.sum(-1, keepdim=True)) @ v


class Block(Module):
    def __init__(self, features, n_heads):
        super().__init__()
        self.n_heads = n_heads
        self.ln1 = LayerNorm(features)
        self.qkv = Linear(features, 3 * features)
        self.proj = Linear(features, features)
        self.ln2 = LayerNorm(features)
        self.mlp_in = Linear(features, 4 * features)
        self.mlp_out = Linear(4 * features, features)

    def forward(self, x, before):
        """`before` is a tensor (2, n, heads, tokens, d), or None."""
        n, tokens, width = x.shape
        d = width // self.n_heads
        y = self.qkv(self.ln1(x))
        heads = [[y[:, :, p * width + h * d : p * width + (h + 1) * d] for h in range(self.n_heads)] for p in range(3)]
        q, k, v = (stack(each, 1) for each in heads)
        if before is not None:
            k, v = cat([before[0], k], 2), cat([before[1], v], 2)
        found = causal_attention(q, k, v)
        x = x + self.proj(cat([found[:, h] for h in range(self.n_heads)], 2))
        return x + self.mlp_out(GELU()(self.mlp_in(self.ln2(x)))), stack([k, v])


class GPT(Module):
    def __init__(self, vocabulary: int, context: int, features: int, n_heads: int, n_blocks: int):
        super().__init__()
        self.vocabulary, self.context = vocabulary, context
        self.tokens = Embedding(vocabulary, features)
        self.positions = Embedding(context, features)
        self.blocks = ModuleList([Block(features, n_heads) for _ in range(n_blocks)])
        self.norm = LayerNorm(features)

    def head(self, x):
        return self.norm(x) @ self.tokens.weight.T

    def forward(self, ids):
        x = self.tokens(ids) + self.positions(np.arange(ids.shape[1]))
        for block in self.blocks:
            x, _ = block(x, None)
        return self.head(x)

    def next_logits(self, ids, cache):
        places = np.arange(len(ids))
        if cache is None:
            cache = {"kv": [None for _ in self.blocks], "tokens": 0}
        with no_grad():
            x = (self.tokens(ids) + self.positions(places + cache["tokens"])).unsqueeze(0)
            kv = []
            for block, before in zip(self.blocks, cache["kv"]):
                x, after = block(x, before)
                kv.append(after)
            return self.head(x)[0], {"kv": kv, "tokens": cache["tokens"] + len(ids)}

    def generate(self, ids: list[int], n_new: int, rng: np.random.Generator, temperature: float = 1.0) -> list[int]:
        if n_new == 0:
            return list(ids)
        cache, rest, result = None, np.array(ids), list(ids)
        random = rng.random(n_new)  # one number for each token
        for u in random:
            logits, cache = self.next_logits(rest, cache)
            rest = np.array([self.chosen(np.asarray(logits.data[-1], float), temperature, u)])
            result.append(int(rest[0]))
        return result

    @staticmethod
    def chosen(logits, temperature, u):
        if temperature == 0:
            return int(np.argmax(logits))
        p = np.exp((logits - np.max(logits)) / temperature)
        return min(int((np.cumsum(p) / np.sum(p) <= u).sum()), len(p) - 1)


def clip_grad_norm_(parameters, max_norm: float) -> float:
    parameters = [p for p in parameters if p.grad is not None]
    if not parameters:
        return 0.0
    with no_grad():
        norm = cat([(p.grad**2).sum().reshape(1) for p in parameters]).sum().sqrt().item()
        if norm > max_norm:
            for p in parameters:
                p.grad *= max_norm / norm
    return norm


def train_step(model, optimizer, ids: np.ndarray, targets: np.ndarray, lr: float) -> float:
    model.zero_grad()
    logits = model(ids).reshape(targets.size, -1)
    loss = CrossEntropyLoss()(logits, targets.reshape(-1))
    loss.backward()
    clip_grad_norm_(model.parameters(), 1.0)
    optimizer.param_groups[0]["lr"] = lr
    optimizer.step()
    return loss.item()


class Encoder(json.JSONEncoder):
    def default(self, value):
        if isinstance(value, Tensor):
            value = value.data
        if isinstance(value, (np.ndarray, np.generic)):
            value = np.ascontiguousarray(value) if np.ndim(value) else np.asarray(value)
            return {
                "__array__": base64.b64encode(value.tobytes()).decode(),
                "dtype": value.dtype.str,
                "shape": value.shape,
            }
        return super().default(value)


def decoded(found):
    if "__array__" in found:
        return np.frombuffer(base64.b64decode(found["__array__"]), found["dtype"]).reshape(found["shape"]).copy()
    if "__pairs__" in found:
        return dict((key, value) for key, value in found["__pairs__"])
    return found


def with_pairs(value):
    """JSON's keys are strings; a dict with other keys becomes a list of pairs."""
    if isinstance(value, dict):
        value = {key: with_pairs(each) for key, each in value.items()}
        if not all(isinstance(key, str) for key in value):
            return {"__pairs__": list(map(list, value.items()))}
    elif isinstance(value, (list, tuple)):
        return [with_pairs(each) for each in value]
    return value


def save_checkpoint(path, model, optimizer, step: int) -> None:
    content = {"step": int(step), "model": model.state_dict(), "optimizer": optimizer.state_dict()}
    text = json.dumps(with_pairs(content), cls=Encoder)
    with open(path, "w") as file:
        file.write(text)


def load_checkpoint(path, model, optimizer) -> int:
    with open(path) as file:
        content = json.load(file, object_hook=decoded)
    model.load_state_dict(content["model"])
    optimizer.load_state_dict(content["optimizer"])
    return content["step"]


if __name__ == "__main__":
    training.main(GPT, train_step, save_checkpoint, load_checkpoint)

# Attention and MLP as plain classes, and an archive of JSON and arrays as the checkpoint
# independent
"""A GPT with its attention and its MLP as plain classes (no Modules, so they add nothing to the names)."""

import io
import json
import os
import zipfile

import numpy as np
import training  # supplied
from your_framework import (
    GELU,
    CrossEntropyLoss,
    Embedding,
    LayerNorm,
    Linear,
    Module,
    Sequential,
    Tensor,
    cat,
    no_grad,
    where,
)


class KeysAndValues:
    """What the attention of one text remembers: grows with each call."""

    def __init__(self, n_blocks):
        self.length = 0
        self.keys = [None] * n_blocks
        self.values = [None] * n_blocks

    def extend(self, block, k, v):
        if self.keys[block] is not None:
            k, v = cat([self.keys[block], k], dim=2), cat([self.values[block], v], dim=2)
        self.keys[block], self.values[block] = k, v
        return k, v


class Attention:
    def __init__(self, qkv, proj, n_heads):
        self.layers, self.n_heads = (qkv, proj), n_heads

    def heads(self, part):
        n, tokens, features = part.shape
        return part.reshape(n, tokens, self.n_heads, features // self.n_heads).permute(0, 2, 1, 3)

    def __call__(self, x, block, memory):
        qkv, proj = self.layers
        n, tokens, features = x.shape
        parts = qkv(x)
        q, k, v = (self.heads(parts[..., i * features : (i + 1) * features]) for i in range(3))
        if memory is not None:
            k, v = memory.extend(block, k, v)
        scores = (q * (features // self.n_heads) ** -0.5) @ k.transpose(-1, -2)
        total = k.shape[2]
        allowed = np.tril(np.ones((tokens, total), dtype=bool), total - tokens)
        low = Tensor(np.full(scores.shape, -1e9, dtype=scores.dtype))
        p = where(Tensor(np.broadcast_to(allowed, scores.shape)), scores, low).softmax(-1)
        return proj((p @ v).permute(0, 2, 1, 3).reshape(n, tokens, features))


class MLP:
    def __init__(self, first, second):
        self.first, self.second, self.gelu = first, second, GELU()

    def __call__(self, x):
        return self.second(self.gelu(self.first(x)))


class Block(Module):
    def __init__(self, features, n_heads):
        super().__init__()
        self.ln1 = LayerNorm(features)
        self.qkv = Linear(features, 3 * features)
        self.proj = Linear(features, features)
        self.ln2 = LayerNorm(features)
        self.mlp_in = Linear(features, 4 * features)
        self.mlp_out = Linear(4 * features, features)
        self.attention = Attention(self.qkv, self.proj, n_heads)
        self.mlp = MLP(self.mlp_in, self.mlp_out)

    def forward(self, x, number, memory):
        x = x + self.attention(self.ln1(x), number, memory)
        return x + self.mlp(self.ln2(x))


class GPT(Module):
    def __init__(self, vocabulary: int, context: int, features: int, n_heads: int, n_blocks: int):
        super().__init__()
        self.tokens = Embedding(vocabulary, features)
        self.positions = Embedding(context, features)
        self.blocks = Sequential(*[Block(features, n_heads) for _ in range(n_blocks)])
        self.norm = LayerNorm(features)
        self.n_blocks = n_blocks

    def forward(self, ids, memory=None):
        begin = 0 if memory is None else memory.length
        x = self.tokens(ids) + self.positions(np.arange(begin, begin + np.shape(ids)[1]))
        for i in range(self.n_blocks):
            x = self.blocks[i](x, i, memory)
        if memory is not None:
            memory.length += np.shape(ids)[1]
        return self.norm(x) @ self.tokens.weight.transpose(0, 1)

    def next_logits(self, ids, cache):
        if cache is None:
            cache = KeysAndValues(self.n_blocks)
        with no_grad():
            logits = self(np.asarray(ids)[None, :], cache)
            return logits[0], cache

    def generate(self, ids: list[int], n_new: int, rng: np.random.Generator, temperature: float = 1.0) -> list[int]:
        out, fed, memory = list(ids), 0, None
        while len(out) < len(ids) + n_new:
            logits, memory = self.next_logits(np.array(out[fed:]), memory)
            fed = len(out)
            scores = logits.detach().numpy()[-1].astype(float)
            if temperature > 0:  # the largest of logits / T + Gumbel noise is a draw from the softmax
                scores = scores / temperature + rng.gumbel(size=len(scores))
            out.append(int(scores.argmax()))
        return out


def clip_grad_norm_(parameters, max_norm: float) -> float:
    gradients = [p.grad for p in parameters if p.grad is not None]
    norm = float(np.linalg.norm([np.linalg.norm(g.data.ravel().astype(np.float64)) for g in gradients]))
    factor = min(1.0, max_norm / (norm + 1e-6))
    for g in gradients:
        g.data[...] = g.data * factor
    return norm


def train_step(model, optimizer, ids: np.ndarray, targets: np.ndarray, lr: float) -> float:
    for group in optimizer.param_groups:
        group["lr"] = lr
    model.zero_grad()
    logits = model(ids)
    loss = CrossEntropyLoss()(logits.flatten(0, 1), targets.flatten())
    loss.backward()
    clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()


def described(value, arrays):
    """Return a description of a nested value in JSON's types; arrays go to a list."""
    if isinstance(value, Tensor):
        value = value.data
    if isinstance(value, (np.ndarray, np.generic)):
        arrays.append(np.asarray(value))
        return {"array": len(arrays) - 1}
    if isinstance(value, dict):
        return {"dict": [[described(key, arrays), described(each, arrays)] for key, each in value.items()]}
    if isinstance(value, (list, tuple)):
        return {type(value).__name__: [described(each, arrays) for each in value]}
    return value  # a number, a string, a bool or None


def restored(value, arrays):
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "array":
        return arrays[content]
    if kind == "dict":
        return {restored(key, arrays): restored(each, arrays) for key, each in content}
    return {"list": list, "tuple": tuple}[kind](restored(each, arrays) for each in content)


def save_checkpoint(path, model, optimizer, step: int) -> None:
    arrays = []
    text = json.dumps(
        described({"step": int(step), "model": model.state_dict(), "optimizer": optimizer.state_dict()}, arrays)
    )
    with zipfile.ZipFile(f"{path}~", "w") as archive:
        archive.writestr("description.json", text)
        for i, array in enumerate(arrays):
            buffer = io.BytesIO()
            np.save(buffer, array)
            archive.writestr(f"{i}.npy", buffer.getvalue())
    os.replace(f"{path}~", path)


def load_checkpoint(path, model, optimizer) -> int:
    with zipfile.ZipFile(path) as archive:
        n = len(archive.namelist()) - 1
        arrays = [np.load(io.BytesIO(archive.read(f"{i}.npy"))) for i in range(n)]
        saved = restored(json.loads(archive.read("description.json")), arrays)
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    return saved["step"]


if __name__ == "__main__":
    training.main(GPT, train_step, save_checkpoint, load_checkpoint)

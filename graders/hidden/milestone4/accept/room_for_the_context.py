# -inf in the mask, and a cache of arrays that have room for the whole context
# independent
"""nanoGPT on my framework: -inf in the mask, and a cache of arrays that have room for the whole context."""

import gzip
import hashlib
import math
import os
import pickle

import numpy as np
import training  # supplied
from your_framework import *
from your_framework import Module

CRITERION = CrossEntropyLoss()


class Cache:
    def __init__(self, n_blocks, n_heads, context, d, dtype):
        self.used = 0
        self.kv = np.zeros((n_blocks, 2, 1, n_heads, context, d), dtype)


class Block(Module):
    def __init__(self, width, n_heads, context):
        super().__init__()
        self.ln1, self.qkv, self.proj = LayerNorm(width), Linear(width, 3 * width), Linear(width, width)
        self.ln2, self.mlp_in, self.act, self.mlp_out = (
            LayerNorm(width),
            Linear(width, 4 * width),
            GELU(),
            Linear(4 * width, width),
        )
        self.n_heads = n_heads
        self.visible = np.tril(np.ones((context, context), bool))

    def forward(self, x, cache=None, number=0):
        B, T, C = x.shape
        H, D = self.n_heads, C // self.n_heads
        qkv = self.qkv(self.ln1(x)).view(B, T, 3 * H, D).transpose(1, 2)  # (B, 3H, T, D)
        q, k, v = qkv[:, :H], qkv[:, H : 2 * H], qkv[:, 2 * H :]
        used = 0
        if cache is not None:
            used = cache.used
            room = cache.kv[number]
            room[0][:, :, used : used + T] = k.data
            room[1][:, :, used : used + T] = v.data
            k, v = Tensor(room[0][:, :, : used + T]), Tensor(room[1][:, :, : used + T])
        att = q @ k.transpose(-2, -1) * (1.0 / math.sqrt(D))
        att = where(Tensor(self.visible[used : used + T, : used + T]), att, -math.inf)
        y = att.softmax(-1) @ v
        x = x + self.proj(y.transpose(1, 2).reshape(B, T, C))
        return x + self.mlp_out(self.act(self.mlp_in(self.ln2(x))))


class GPT(Module):
    def __init__(self, vocabulary: int, context: int, features: int, n_heads: int, n_blocks: int):
        super().__init__()
        self.room = n_blocks, n_heads, context, features // n_heads
        self.tokens = Embedding(vocabulary, features)
        self.positions = Embedding(context, features)
        self.blocks = ModuleList([Block(features, n_heads, context) for _ in range(n_blocks)])
        self.norm = LayerNorm(features)

    def forward(self, ids, cache=None):
        used = cache.used if cache is not None else 0
        x = self.tokens(ids) + self.positions(arange(used, used + ids.shape[1]))
        for i, block in enumerate(self.blocks):
            x = block(x, cache, i)
        x = self.norm(x)
        return x @ self.tokens.weight.T

    def next_logits(self, ids, cache):
        ids = np.asarray(ids, dtype=np.int64)
        with no_grad():
            cache = cache or Cache(*self.room, self.tokens.weight.dtype)
            logits = self.forward(ids.reshape(1, -1), cache)
            cache.used += ids.size
        return logits.reshape(ids.size, -1), cache

    def generate(self, ids: list[int], n_new: int, rng: np.random.Generator, temperature: float = 1.0) -> list[int]:
        new, cache, told = [], None, ids
        for _ in range(n_new):
            logits, cache = self.next_logits(told, cache)
            row = logits.detach().numpy()[-1].astype(np.float64)
            p = np.zeros(len(row))
            if temperature:
                p = np.exp((row - row.max()) / temperature)
                p /= p.sum()
            else:
                p[row.argmax()] = 1
            told = [int(rng.multinomial(1, p).argmax())]
            new += told
        return [*ids, *new]


def clip_grad_norm_(parameters, max_norm: float) -> float:
    grads = [p.grad for p in parameters if p.grad is not None]
    if not grads:
        return 0.0
    everything = np.concatenate([g.data.ravel() for g in grads])
    norm = float(np.sqrt(np.sum(everything.astype(np.float64) ** 2)))
    scale = max_norm / max(norm, max_norm)
    for g in grads:
        np.multiply(g.data, scale, out=g.data)
    return norm


def train_step(model, optimizer, ids: np.ndarray, targets: np.ndarray, lr: float) -> float:
    model.train()
    optimizer.zero_grad()
    optimizer.param_groups[0]["lr"] = lr
    logits = model(ids)
    loss = CRITERION(logits.view(-1, logits.shape[2]), Tensor(targets).view(-1))
    loss.backward()
    clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()


def save_checkpoint(path, model, optimizer, step: int) -> None:
    body = gzip.compress(pickle.dumps((step, model.state_dict(), optimizer.state_dict())), 1)
    with open(f"{path}.part", "wb") as file:
        file.write(b"GPT1" + hashlib.sha256(body).digest() + body)
        file.flush()
        os.fsync(file.fileno())
    os.replace(f"{path}.part", path)


def load_checkpoint(path, model, optimizer) -> int:
    with open(path, "rb") as file:
        content = file.read()
    body = content[36:]
    if content[:4] != b"GPT1" or content[4:36] != hashlib.sha256(body).digest():
        raise ValueError(f"{path} is damaged")
    step, parameters, averages = pickle.loads(gzip.decompress(body))
    model.load_state_dict(parameters)
    optimizer.load_state_dict(averages)
    return step


if __name__ == "__main__":
    training.main(GPT, train_step, save_checkpoint, load_checkpoint)

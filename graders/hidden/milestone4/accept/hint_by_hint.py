# Hint by hint: a block with six layers, the mask by where
# independent
"""Milestone 4: the same model, on your own framework."""

import os
import pickle

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
    arange,
    cat,
    no_grad,
    where,
)


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
        self.gelu = GELU()

    def forward(self, x, past=None):
        n, new, features = x.shape
        d = features // self.n_heads
        qkv = self.qkv(self.ln1(x)).reshape(n, new, 3, self.n_heads, d)
        q = qkv[:, :, 0].transpose(1, 2)
        k = qkv[:, :, 1].transpose(1, 2)
        v = qkv[:, :, 2].transpose(1, 2)
        seen = 0
        if past is not None:
            seen = past[0].shape[2]
            k = cat([past[0], k], dim=2)
            v = cat([past[1], v], dim=2)
        later = np.arange(seen + new)[None, :] > seen + np.arange(new)[:, None]
        scores = q @ k.transpose(2, 3) / d**0.5
        weights = where(Tensor(later), -1e9, scores).softmax(-1)
        merged = (weights @ v).transpose(1, 2).reshape(n, new, features)
        x = x + self.proj(merged)
        x = x + self.mlp_out(self.gelu(self.mlp_in(self.ln2(x))))
        return x, (k, v)


class GPT(Module):
    def __init__(self, vocabulary: int, context: int, features: int, n_heads: int, n_blocks: int):
        super().__init__()
        self.tokens = Embedding(vocabulary, features)
        self.positions = Embedding(context, features)
        self.blocks = ModuleList([Block(features, n_heads) for _ in range(n_blocks)])
        self.norm = LayerNorm(features)

    def run(self, ids, seen, pasts):
        x = self.tokens(ids) + self.positions(arange(seen, seen + ids.shape[1]))
        kept = []
        for block, past in zip(self.blocks, pasts):
            x, kv = block(x, past)
            kept.append(kv)
        return self.norm(x) @ self.tokens.weight.transpose(0, 1), kept

    def forward(self, ids):
        return self.run(ids, 0, [None] * len(self.blocks))[0]

    def next_logits(self, ids, cache):
        if cache is None:
            cache = (0, [None] * len(self.blocks))
        seen, pasts = cache
        ids = np.asarray(ids)
        with no_grad():
            logits, kept = self.run(ids[None], seen, pasts)
            return logits[0], (seen + len(ids), kept)

    def generate(self, ids: list[int], n_new: int, rng: np.random.Generator, temperature: float = 1.0) -> list[int]:
        text = [int(i) for i in ids]
        cache = None
        new = text
        for _ in range(n_new):
            logits, cache = self.next_logits(np.array(new, dtype=np.int64), cache)
            last = logits.numpy()[-1].astype(np.float64)
            if temperature == 0:
                token = int(last.argmax())
            else:
                p = np.exp((last - last.max()) / temperature)
                token = int(rng.choice(len(p), p=p / p.sum()))
            new = [token]
            text = text + new
        return text


def clip_grad_norm_(parameters, max_norm: float) -> float:
    grads = [p.grad for p in parameters if p.grad is not None]
    norm = float(np.sqrt(sum(float((g.data.astype(np.float64) ** 2).sum()) for g in grads)))
    if norm > max_norm:
        for g in grads:
            g.data *= max_norm / norm
    return norm


def train_step(model, optimizer, ids: np.ndarray, targets: np.ndarray, lr: float) -> float:
    optimizer.param_groups[0]["lr"] = lr
    logits = model(ids)
    loss = CrossEntropyLoss()(logits.reshape(-1, logits.shape[-1]), Tensor(np.array(targets).reshape(-1)))
    optimizer.zero_grad()
    loss.backward()
    clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()


def save_checkpoint(path, model, optimizer, step: int) -> None:
    beside = str(path) + ".new"
    with open(beside, "wb") as file:
        pickle.dump({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, file)
    os.replace(beside, path)


def load_checkpoint(path, model, optimizer) -> int:
    with open(path, "rb") as file:
        saved = pickle.load(file)
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    return saved["step"]


if __name__ == "__main__":
    training.main(GPT, train_step, save_checkpoint, load_checkpoint)

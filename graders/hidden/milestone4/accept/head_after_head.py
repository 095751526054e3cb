# Everything in one class, and the heads one after the other
# independent
"""My GPT. Everything is computed in one class; a Block only holds layers. Heads one after the other."""

import math
import os

import numpy as np
import training  # supplied
import your_framework as yf
from your_framework import Module


class Block(Module):
    """Only a place for the layers, so that the names come out right."""

    def __init__(self, f):
        super().__init__()
        self.ln1, self.ln2 = yf.LayerNorm(f), yf.LayerNorm(f)
        self.qkv, self.proj = yf.Linear(f, 3 * f), yf.Linear(f, f)
        self.mlp_in, self.mlp_out = yf.Linear(f, 4 * f), yf.Linear(4 * f, f)


class GPT(Module):
    def __init__(self, vocabulary: int, context: int, features: int, n_heads: int, n_blocks: int):
        super().__init__()
        self.tokens = yf.Embedding(vocabulary, features)
        self.positions = yf.Embedding(context, features)
        self.blocks = yf.ModuleList([Block(features) for _ in range(n_blocks)])
        self.norm = yf.LayerNorm(features)
        self.gelu = yf.GELU()
        self.features, self.n_heads = features, n_heads
        # what is added to the scores: 0 on and below the diagonal, -1e9 above; sliced in attend
        self.mask = np.triu(np.full((context, context), -1e9), 1)

    def attend(self, q, k, v, first):
        """q: (n, new, features); k, v: (n, all, features). `first` is the place of the first query."""
        f, h = self.features, self.n_heads
        d = f // h
        mask = self.mask[first : first + q.shape[1], : k.shape[1]].astype(q.dtype)
        found = []
        for i in range(h):
            mine = slice(i * d, (i + 1) * d)
            scores = q[:, :, mine] @ k[:, :, mine].transpose(1, 2) * (1 / math.sqrt(d))
            found.append((scores + yf.Tensor(mask)).softmax(-1) @ v[:, :, mine])
        return yf.cat(found, dim=2)

    def compute(self, ids, cache):
        f, first = self.features, cache["n"]
        x = self.tokens(ids) + self.positions.weight[first : first + ids.shape[1]]
        new_cache = {"n": first + ids.shape[1]}
        for i, b in enumerate(self.blocks):
            qkv = b.qkv(b.ln1(x))
            q, k, v = qkv[:, :, :f], qkv[:, :, f : 2 * f], qkv[:, :, 2 * f :]
            if i in cache:
                k, v = yf.cat([cache[i][0], k], dim=1), yf.cat([cache[i][1], v], dim=1)
            new_cache[i] = k, v
            x = x + b.proj(self.attend(q, k, v, first))
            x = x + b.mlp_out(self.gelu(b.mlp_in(b.ln2(x))))
        return self.norm(x) @ self.tokens.weight.T, new_cache

    def forward(self, ids):
        return self.compute(ids, {"n": 0})[0]

    def next_logits(self, ids, cache):
        with yf.no_grad():
            logits, cache = self.compute(np.array(ids).reshape(1, -1), cache or {"n": 0})
            return logits.reshape(logits.shape[1], logits.shape[2]), cache

    def generate(self, ids: list[int], n_new: int, rng: np.random.Generator, temperature: float = 1.0) -> list[int]:
        written = list(ids)
        logits, cache = self.next_logits(np.array(ids), None)
        for i in range(n_new):
            row = np.array(logits[-1].tolist())
            if temperature == 0:
                chosen = int(np.argmax(row))
            else:
                row = (row - row.max()) / temperature
                sums = np.cumsum(np.exp(row))
                chosen = int(np.searchsorted(sums, rng.random() * sums[-1], side="right"))
                chosen = min(chosen, len(sums) - 1)
            written.append(chosen)
            if i < n_new - 1:
                logits, cache = self.next_logits(np.array([chosen]), cache)
        return written


def clip_grad_norm_(parameters, max_norm: float) -> float:
    with yf.no_grad():
        gradients = [p.grad for p in parameters if p.grad is not None]
        if not gradients:
            return 0.0
        norm = math.sqrt(sum((g * g).sum().item() for g in gradients))
        factor = max_norm / (norm + 1e-6)
        if factor < 1:
            for g in gradients:
                g *= factor
    return norm


def train_step(model, optimizer, ids: np.ndarray, targets: np.ndarray, lr: float) -> float:
    optimizer.param_groups[0]["lr"] = lr
    optimizer.zero_grad()
    logits = model(ids)
    n, t, c = logits.shape
    loss = yf.CrossEntropyLoss()(logits.reshape(n * t, c), targets.reshape(n * t))
    loss.backward()
    clip_grad_norm_(model.parameters(), 1)
    optimizer.step()
    return loss.item()


def save_checkpoint(path, model, optimizer, step: int) -> None:
    arrays = {}
    for name, each in model.state_dict().items():
        arrays["model." + name] = each.data if isinstance(each, yf.Tensor) else np.asarray(each)
    boxed = np.empty((), dtype=object)  # a dict in an array
    boxed[()] = optimizer.state_dict()
    temporary = f"{path}.tmp"
    with open(temporary, "wb") as file:  # a file, because savez adds .npz to a name
        np.savez(file, step=step, optimizer=boxed, **arrays)
    os.replace(temporary, path)


def load_checkpoint(path, model, optimizer) -> int:
    with open(path, "rb") as file:
        saved = np.load(file, allow_pickle=True)
        model.load_state_dict({name[6:]: saved[name] for name in saved.files if name.startswith("model.")})
        optimizer.load_state_dict(saved["optimizer"].item())
        return int(saved["step"])


if __name__ == "__main__":
    training.main(GPT, train_step, save_checkpoint, load_checkpoint)

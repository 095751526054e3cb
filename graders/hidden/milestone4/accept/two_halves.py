# A block that inherits from its two halves, and checkpoints in the framework's own format
# independent
"""GPT. A block inherits from its two halves, so the names stay flat. Checkpoints are written with my own `save`."""

import json
from pathlib import Path

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
    load,
    no_grad,
    save,
    tensor,
)


class AttentionHalf(Module):
    def make_attention(self, features, n_heads):
        self.heads, self.d = n_heads, features // n_heads
        self.ln1 = LayerNorm(features)
        self.qkv = Linear(features, 3 * features)
        self.proj = Linear(features, features)

    def attention(self, x, past, later):
        n, t, features = x.shape
        # (3, n, heads, t, d)
        q_k_v = self.qkv(self.ln1(x)).reshape(n, t, 3, self.heads, self.d).permute(2, 0, 3, 1, 4)
        q, now = q_k_v[0], q_k_v[1:]
        if past is not None:
            now = cat([past, now], dim=3)
        k, v = now[0], now[1]
        scores = q @ k.transpose(2, 3) / self.d**0.5 + later.to(x.dtype)
        return self.proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(n, t, features)), now


class MLPHalf(Module):
    def make_mlp(self, features):
        self.ln2 = LayerNorm(features)
        self.mlp_in = Linear(features, 4 * features)
        self.mlp_out = Linear(4 * features, features)

    def mlp(self, x):
        return self.mlp_out(GELU()(self.mlp_in(self.ln2(x))))


class Block(AttentionHalf, MLPHalf):
    def __init__(self, features, n_heads):
        super().__init__()
        self.make_attention(features, n_heads)
        self.make_mlp(features)

    def forward(self, x, past, later):
        a, now = self.attention(x, past, later)
        x = x + a
        return x + self.mlp(x), now


class GPT(Module):
    def __init__(self, vocabulary: int, context: int, features: int, n_heads: int, n_blocks: int):
        super().__init__()
        self.tokens = Embedding(vocabulary, features)
        self.positions = Embedding(context, features)
        self.blocks = ModuleList(Block(features, n_heads) for _ in range(n_blocks))
        self.norm = LayerNorm(features)

    def _forward(self, ids, cache):
        """The cache: a list with what each block keeps, and at the end the number of tokens."""
        *pasts, seen = cache
        t = ids.shape[-1]
        where_from = np.arange(seen, seen + t)
        later = tensor(np.where(where_from[:, None] < np.arange(seen + t), -1e9, 0.0))
        x = self.tokens(tensor(ids)) + self.positions(tensor(where_from))
        kept = []
        for block, past in zip(self.blocks, pasts, strict=True):
            x, now = block(x, past, later)
            kept.append(now)
        return self.norm(x) @ self.tokens.weight.T, [*kept, seen + t]

    def _empty(self):
        return [None] * len(self.blocks) + [0]

    def forward(self, ids):
        logits, _ = self._forward(ids, self._empty())
        return logits

    @no_grad()
    def next_logits(self, ids, cache):
        logits, cache = self._forward(np.array(ids, dtype=np.int64)[None], self._empty() if cache is None else cache)
        return logits.squeeze(0), cache

    def generate(self, ids: list[int], n_new: int, rng: np.random.Generator, temperature: float = 1.0) -> list[int]:
        text, cache = [int(i) for i in ids], None
        # the prompt one token at a time, except for its last
        for i in text[:-1]:
            _, cache = self.next_logits([i], cache)
        for _ in range(n_new):
            logits, cache = self.next_logits(text[-1:], cache)
            z = logits.detach().to("float64")[0]
            if temperature == 0:
                text.append(z.argmax().item())
                continue
            p = ((z - z.max().item()) / temperature).softmax(-1).tolist()
            u = rng.uniform()
            for i, each in enumerate(p):
                u -= each
                if u < 0:
                    break
            text.append(i)
        return text


def clip_grad_norm_(parameters, max_norm: float) -> float:
    with_gradient = [p for p in parameters if p.grad is not None]
    squares = 0.0
    for p in with_gradient:
        squares += float(np.square(p.grad.data, dtype=np.float64).sum())
    norm = squares**0.5
    if norm > max_norm:
        for p in with_gradient:
            p.grad.mul_(max_norm / norm)
    return norm


def train_step(model, optimizer, ids: np.ndarray, targets: np.ndarray, lr: float) -> float:
    optimizer.param_groups[0]["lr"] = lr
    optimizer.zero_grad()
    logits = model(ids)
    loss = CrossEntropyLoss()(logits.reshape(-1, logits.shape[-1]), tensor(targets.reshape(-1)))
    loss.backward()
    clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return float(loss.item())


def flat(value, name, arrays):
    """Put the arrays of nested dicts and lists into one dict; return the rest, with names in the place of arrays."""
    if isinstance(value, Tensor):
        value = value.data
    if isinstance(value, (np.ndarray, np.generic)):
        arrays[name] = np.array(value)
        return ["array", name]
    if isinstance(value, dict):
        return ["dict", [[key, flat(each, f"{name}/{key}", arrays)] for key, each in value.items()]]
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, [flat(each, f"{name}/{i}", arrays) for i, each in enumerate(value)]]
    return ["plain", value]


def deep(value, arrays):
    kind, content = value
    if kind == "array":
        return arrays[content]
    if kind == "dict":
        return {key: deep(each, arrays) for key, each in content}
    if kind in ("list", "tuple"):
        made = [deep(each, arrays) for each in content]
        return tuple(made) if kind == "tuple" else made
    return content


def save_checkpoint(path, model, optimizer, step: int) -> None:
    arrays = {}
    rest = flat([step, model.state_dict(), optimizer.state_dict()], "all", arrays)
    arrays["rest"] = np.frombuffer(json.dumps(rest).encode(), dtype=np.uint8)
    path = Path(path)
    new = path.with_name(path.name + ".new")
    save(arrays, new)
    new.replace(path)


def load_checkpoint(path, model, optimizer) -> int:
    arrays = {name: each.data if isinstance(each, Tensor) else each for name, each in load(path).items()}
    step, mine, others = deep(json.loads(bytes(arrays.pop("rest"))), arrays)
    model.load_state_dict(mine)
    optimizer.load_state_dict(others)
    return step


if __name__ == "__main__":
    training.main(GPT, train_step, save_checkpoint, load_checkpoint)

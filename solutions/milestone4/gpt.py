"""Milestone 4: the same model, on your own framework.

    katas run milestone4

trains it, shows what it writes meanwhile, and saves a checkpoint now and then, from which the next run continues.
"""

import os
import pickle

import numpy as np
import training  # supplied
from your_framework import (  # yours, from meta
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
    where,
)


class Block(Module):
    """A pre-norm transformer block with causal attention, as in exercise 15, but with GELU as PyTorch computes it."""

    def __init__(self, features: int, n_heads: int):
        self.n_heads = n_heads
        self.ln1 = LayerNorm(features)
        self.qkv = Linear(features, 3 * features)
        self.proj = Linear(features, features)
        self.ln2 = LayerNorm(features)
        self.mlp_in = Linear(features, 4 * features)
        self.gelu = GELU()
        self.mlp_out = Linear(4 * features, features)

    def forward(self, x, past=None):
        """Return the block's result for x (n, tokens, features), and the keys and values of all tokens so far.

        `past` holds the keys and values of the tokens before x, each of shape (n, heads, earlier, features / heads).
        """
        y, past = self.attend(self.ln1(x), past)
        x = x + y
        return x + self.mlp_out(self.gelu(self.mlp_in(self.ln2(x)))), past

    def attend(self, a, past):
        n, tokens, features = a.shape
        d = features // self.n_heads
        parts = self.qkv(a).reshape(n, tokens, 3, self.n_heads, d).permute(2, 0, 3, 1, 4)
        q, k, v = parts[0], parts[1], parts[2]  # each (n, heads, tokens, d)
        if past is not None:
            k, v = cat([past[0], k], dim=2), cat([past[1], v], dim=2)
        seen = k.shape[2] - tokens
        later = np.arange(k.shape[2]) > np.arange(seen, seen + tokens)[:, None]
        scores = q @ k.transpose(-1, -2) / d**0.5
        weights = where(Tensor(later), -1e9, scores).softmax(-1)
        y = (weights @ v).transpose(1, 2).reshape(n, tokens, features)
        return self.proj(y), (k, v)


class GPT(Module):
    """A decoder-only language model with learned positions and a head that is tied to the table of tokens.

    Arguments:
        vocabulary, context: the number of different tokens, and the longest text, in tokens.
        features, n_heads, n_blocks: the width of the model, its heads in each block, and its blocks.

    Its state_dict has exactly the names and shapes that the README lists.
    """

    def __init__(self, vocabulary: int, context: int, features: int, n_heads: int, n_blocks: int):
        self.tokens = Embedding(vocabulary, features)
        self.positions = Embedding(context, features)
        self.blocks = ModuleList([Block(features, n_heads) for _ in range(n_blocks)])
        self.norm = LayerNorm(features)

    def forward(self, ids):
        """Return the logits (n, tokens, vocabulary) of the next token after each of the ids, int64 (n, tokens)."""
        return self._continued(ids, None)[0]

    def next_logits(self, ids, cache):
        """Return the logits after each new token of one text, and the cache for the next call.

        Arguments:
            ids: the new tokens, int64, shape (new,). Together with those in the cache, at most `context`.
            cache: None at the start of a text, later the cache that this method returned. It is passed on once, so
                you may change it.

        Returns:
            The logits, shape (new, vocabulary), the same numbers that `forward` gives for the whole text; nothing is
            recorded for a backward pass. And the cache, with the keys and values of every block.
        """
        with no_grad():
            logits, cache = self._continued(np.asarray(ids)[None], cache)
        return logits[0], cache

    def generate(self, ids: list[int], n_new: int, rng: np.random.Generator, temperature: float = 1.0) -> list[int]:
        """Return the ids of a prompt and of n_new tokens that the model writes after it, one at a time.

        Arguments:
            ids: the prompt, at least one id. Together with n_new, at most `context`.
            rng: decides what is drawn; the same state of the generator writes the same text.
            temperature: divides the logits before the softmax. With 0, the most probable token always follows.
        """
        text, cache, new = list(ids), None, list(ids)
        for _ in range(n_new):
            logits, cache = self.next_logits(np.array(new), cache)
            z = logits.numpy()[-1].astype(np.float64)
            if temperature == 0:
                chosen = int(z.argmax())
            else:
                p = np.exp((z - z.max()) / temperature)
                chosen = int(rng.choice(len(p), p=p / p.sum()))
            text.append(chosen)
            new = [chosen]
        return text

    def _continued(self, ids, cache):
        """Return the logits for ids (n, new), which follow the tokens in the cache, and the new cache."""
        seen, pasts = cache or (0, [None] * len(self.blocks))
        x = self.tokens(ids) + self.positions(np.arange(seen, seen + ids.shape[1]))
        kept = []
        for block, past in zip(self.blocks, pasts, strict=True):
            x, past = block(x, past)
            kept.append(past)
        return self.norm(x) @ self.tokens.weight.transpose(0, 1), (seen + ids.shape[1], kept)


def clip_grad_norm_(parameters, max_norm: float) -> float:
    """Scale all gradients by one factor, so that their norm together is at most max_norm; each `.grad` then has it.

    Return the norm before that: the root of the sum of the squares of all gradients' elements, a float. Parameters
    without a gradient don't count.
    """
    gradients = [each.grad for each in parameters if each.grad is not None]
    norm = float(np.sqrt(sum(float((each.numpy() ** 2).sum()) for each in gradients)))
    if norm > max_norm:
        with no_grad():
            for each in gradients:
                each *= max_norm / norm
    return norm


def train_step(model, optimizer, ids: np.ndarray, targets: np.ndarray, lr: float) -> float:
    """Take one step with the learning rate lr, after clipping the gradients to a norm of 1; return the loss before it.

    The loss is the mean cross-entropy of all predictions, for ids and targets of shape (n, tokens).
    """
    optimizer.param_groups[0]["lr"] = lr
    optimizer.zero_grad()
    logits = model(ids)
    loss = CrossEntropyLoss()(logits.reshape(-1, logits.shape[-1]), targets.reshape(-1))
    loss.backward()
    clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()


def save_checkpoint(path, model, optimizer, step: int) -> None:
    """Write everything that a training needs to continue: the model's and the optimiser's state, and the step.

    One file, of exactly this name. If writing fails, an earlier checkpoint stays as it is.
    """
    state = optimizer.state_dict()
    unfinished = f"{path}.new"
    with open(unfinished, "wb") as file:
        pickle.dump({"model": model.state_dict(), "optimizer": state, "step": step}, file)
    os.replace(unfinished, path)
    # This optimiser scales its averages, so state_dict rounds them. Continue with the rounded ones here, too.
    optimizer.load_state_dict(state)


def load_checkpoint(path, model, optimizer) -> int:
    """Continue from a checkpoint: load the states into the model and the optimiser, and return the step."""
    with open(path, "rb") as file:
        state = pickle.load(file)  # only your own files: pickle runs what a file says
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return state["step"]


if __name__ == "__main__":
    training.main(GPT, train_step, save_checkpoint, load_checkpoint)

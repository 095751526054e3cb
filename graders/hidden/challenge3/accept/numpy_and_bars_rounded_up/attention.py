"""Attention, written as I would in NumPy."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from corpus import CLASSES, Corpus, make_corpus, words_of

EPOCHS = 20  # how long compare trains each model


@dataclass(frozen=True)
class Explanation:
    """What the model says of one sentence, and what it looked at."""

    prediction: str
    confidence: float
    weights: list[tuple[str, float]]


def attention_weights(H: torch.Tensor, query: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
    s = (H * query).sum(-1)
    if mask is None:
        mask = torch.ones_like(s, dtype=torch.bool)
    top = torch.where(mask, s, s.min()).amax(1, keepdim=True)
    e = torch.where(mask, torch.exp(s - top), torch.zeros_like(s))
    return e / e.sum(1, keepdim=True)


def attend(H: torch.Tensor, query: torch.Tensor, mask: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    a = attention_weights(H, query, mask)
    return (a[:, :, None] * H).sum(1), a


class AttentionClassifier(torch.nn.Module):
    def __init__(self, vocabulary_size: int, embedding_dim: int = 32, n_classes: int = 2, seed: int = 0) -> None:
        super().__init__()
        rng = np.random.default_rng(seed)
        self.E = param(rng.normal(0, 0.1, (vocabulary_size, embedding_dim)))
        self.q = param(rng.normal(0, 0.1, embedding_dim))
        self.W = param(rng.normal(0, 0.1, (n_classes, embedding_dim)))
        self.b = param(np.zeros(n_classes))

    def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        c, a = attend(self.E[tokens], self.q, mask)
        return c @ self.W.T + self.b, a


class MeanPoolingClassifier(torch.nn.Module):
    def __init__(self, vocabulary_size: int, embedding_dim: int = 32, n_classes: int = 2, seed: int = 0) -> None:
        super().__init__()
        rng = np.random.default_rng(seed)
        self.E = param(rng.normal(0, 0.1, (vocabulary_size, embedding_dim)))
        self.W = param(rng.normal(0, 0.1, (n_classes, embedding_dim)))
        self.b = param(np.zeros(n_classes))

    def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        share = mask / mask.sum(1, keepdim=True)
        return torch.einsum("nw,nwd->nd", share, self.E[tokens]) @ self.W.T + self.b


def param(values: np.ndarray) -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.tensor(values, dtype=torch.float32))


def logits_of(model, tokens, mask):
    out = model(tokens, mask)
    return out[0] if isinstance(model, AttentionClassifier) else out


def train(model: torch.nn.Module, corpus: Corpus, *, epochs: int, seed: int) -> list[float]:
    """Adam by hand, since it is four lines."""
    rng = np.random.default_rng(seed)
    tokens, mask, labels = corpus.batch(corpus.train)
    params = list(model.parameters())
    m = [torch.zeros_like(p) for p in params]
    v = [torch.zeros_like(p) for p in params]
    history, t = [], 0
    for _ in range(epochs):
        losses = []
        for rows in np.array_split(rng.permutation(len(labels)), max(1, len(labels) // 32)):
            rows = torch.from_numpy(rows)
            z = logits_of(model, tokens[rows], mask[rows])
            logp = z - z.logsumexp(1, keepdim=True)
            loss = -logp[torch.arange(len(rows)), labels[rows]].mean()
            grads = torch.autograd.grad(loss, params)
            t += 1
            with torch.no_grad():
                for i, (p, g) in enumerate(zip(params, grads)):
                    m[i] = 0.9 * m[i] + 0.1 * g
                    v[i] = 0.999 * v[i] + 0.001 * g * g
                    p -= 0.01 * (m[i] / (1 - 0.9**t)) / ((v[i] / (1 - 0.999**t)).sqrt() + 1e-8)
            losses.append(loss.item())
        history.append(float(np.mean(losses)))
    return history


def explain(model: AttentionClassifier, corpus: Corpus, sentence: str) -> Explanation:
    with torch.no_grad():
        z, a = model(*corpus.encode([sentence]))
    z, a = z[0].numpy().astype(float), a[0].numpy().astype(float)
    p = np.exp(z - z.max())
    p /= p.sum()
    k = int(p.argmax())
    return Explanation(CLASSES[k], float(p[k]), [(w, float(x)) for w, x in zip(words_of(sentence), a)])


def as_bars(explanation: Explanation, minimum: float = 0.05) -> str:
    words = [w for w, _ in explanation.weights]
    a = np.array([x for _, x in explanation.weights])
    order = np.argsort(-a, kind="stable")
    order = order[a[order] >= minimum]
    lines = ["Attention weights:"]
    for i in order:
        lines.append(f'- "{words[i]}": {a[i]:.2f} ' + "\u2588" * int(np.ceil(10 * a[i] / a.max())))
    if len(order) < len(a):
        lines.append(f"- Other words: <{minimum:.2f}")
    lines.append(f"Prediction: {explanation.prediction} ({explanation.confidence:.2f} confidence)")
    return "\n".join(lines)


def heatmap(model: AttentionClassifier, corpus: Corpus, sentences: Sequence[str], path: str | Path) -> None:
    tokens, mask = corpus.encode(list(sentences))
    with torch.no_grad():
        a = model(tokens, mask)[1].numpy()
    n, w = a.shape
    fig, ax = plt.subplots(figsize=(max(5, w), max(3, n * 0.7)))
    mesh = ax.pcolormesh(np.ma.masked_where(~mask.numpy(), a), cmap="Blues", edgecolors="white")
    ax.invert_yaxis()
    for i, sentence in enumerate(sentences):
        for j, word in enumerate(words_of(sentence)):
            ax.text(j + 0.5, i + 0.5, f"{word}\n{a[i, j]:.2f}", ha="center", va="center", fontsize=8)
    ax.axis("off")
    fig.colorbar(mesh)
    fig.savefig(path)
    plt.close(fig)


def compare(corpus: Corpus, seeds: Sequence[int]) -> pd.DataFrame:
    tokens, mask, labels = corpus.batch(corpus.test)
    table = []
    for seed in seeds:
        for name, make in (("attention", AttentionClassifier), ("mean pooling", MeanPoolingClassifier)):
            model = make(len(corpus.vocabulary), seed=seed)
            t0 = time.time()
            train(model, corpus, epochs=EPOCHS, seed=seed)
            t1 = time.time()
            with torch.no_grad():
                guess = logits_of(model, tokens, mask).numpy().argmax(1)
            table.append(
                (name, seed, np.mean(guess == labels.numpy()), t1 - t0, sum(p.numel() for p in model.parameters()))
            )
    return pd.DataFrame(table, columns=["model", "seed", "accuracy", "seconds", "parameters"])


def main() -> None:
    corpus = make_corpus(seed=0)
    model = AttentionClassifier(len(corpus.vocabulary), seed=0)
    train(model, corpus, epochs=EPOCHS, seed=0)
    sentences = [
        "This movie was absolutely terrible and boring",
        *(" ".join(review.words) for review in corpus.test[:5]),
    ]
    print(as_bars(explain(model, corpus, sentences[0])))
    heatmap(model, corpus, sentences, "heatmap.png")
    print(f"saved the picture as {os.path.abspath('heatmap.png')}")
    few = make_corpus(seed=0, n_train=300)
    print(compare(few, seeds=[0, 1, 2]).to_string(index=False))


if __name__ == "__main__":
    main()

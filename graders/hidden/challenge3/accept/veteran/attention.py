"""Challenge 3: attention over film reviews."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
import torch.nn as nn
import torch.nn.functional as F
from corpus import CLASSES, Corpus, make_corpus, words_of
from matplotlib.figure import Figure
from progress import shown

EPOCHS = 20


@dataclass(frozen=True)
class Explanation:
    prediction: str
    confidence: float
    weights: list[tuple[str, float]]


def attention_weights(H, query, mask=None):
    scores = H @ query
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return scores.softmax(dim=-1)


def attend(H, query, mask=None):
    weights = attention_weights(H, query, mask)
    return torch.einsum("nw,nwd->nd", weights, H), weights


class AttentionClassifier(nn.Module):
    def __init__(self, vocabulary_size: int, embedding_dim: int = 32, n_classes: int = 2, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.embedding = nn.Embedding(vocabulary_size, embedding_dim, padding_idx=0)
            self.query = nn.Parameter(0.1 * torch.randn(embedding_dim))
            self.head = nn.Linear(embedding_dim, n_classes)

    def forward(self, tokens, mask):
        context, weights = attend(self.embedding(tokens), self.query, mask)
        return self.head(context), weights


class MeanPoolingClassifier(nn.Module):
    def __init__(self, vocabulary_size: int, embedding_dim: int = 32, n_classes: int = 2, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.embedding = nn.Embedding(vocabulary_size, embedding_dim, padding_idx=0)
            self.head = nn.Linear(embedding_dim, n_classes)

    def forward(self, tokens, mask):
        m = mask.unsqueeze(-1).float()
        pooled = (self.embedding(tokens) * m).sum(1) / m.sum(1)
        return self.head(pooled)


def _logits(model, tokens, mask):
    out = model(tokens, mask)
    return out[0] if isinstance(out, tuple) else out


def train(model: nn.Module, corpus: Corpus, *, epochs: int, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    tokens, mask, labels = corpus.batch(corpus.train)
    history = []
    model.train()
    with shown("training", total=epochs) as tell:
        for epoch in range(epochs):
            losses = []
            for idx in torch.randperm(len(labels), generator=generator).split(50):
                loss = F.cross_entropy(_logits(model, tokens[idx], mask[idx]), labels[idx])
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
            history.append(sum(losses) / len(losses))
            tell(epoch + 1, history[-1])
    model.eval()
    return history


@torch.no_grad()
def explain(model: AttentionClassifier, corpus: Corpus, sentence: str) -> Explanation:
    model.eval()
    words = words_of(sentence)
    logits, weights = model(*corpus.encode([words]))
    probs = logits[0].softmax(-1)
    best = int(probs.argmax())
    return Explanation(CLASSES[best], probs[best].item(), list(zip(words, weights[0].tolist())))


def as_bars(explanation: Explanation, minimum: float = 0.05) -> str:
    shown_words = [(w, a) for w, a in explanation.weights if a >= minimum]
    shown_words.sort(key=lambda p: p[1], reverse=True)
    lines = ["Attention weights:"]
    if shown_words:
        top = shown_words[0][1]
        lines += [f'- "{w}": {a:.2f} {"█" * max(1, round(10 * a / top))}' for w, a in shown_words]
    if len(shown_words) < len(explanation.weights):
        lines.append(f"- Other words: <{minimum:.2f}")
    lines.append(f"Prediction: {explanation.prediction} ({explanation.confidence:.2f} confidence)")
    return "\n".join(lines)


def heatmap(model: AttentionClassifier, corpus: Corpus, sentences: Sequence[str], path: str | Path) -> None:
    told = [explain(model, corpus, s) for s in sentences]
    width = max(len(t.weights) for t in told)
    grid = torch.full((len(told), width), math.nan)
    for i, t in enumerate(told):
        for j, (_, a) in enumerate(t.weights):
            grid[i, j] = a
    fig = Figure(figsize=(max(6, 0.9 * width), 1 + 0.6 * len(told)), layout="constrained")
    ax = fig.subplots()
    im = ax.imshow(grid.numpy(), cmap="Reds", vmin=0, vmax=1, aspect="auto")
    for i, t in enumerate(told):
        for j, (w, a) in enumerate(t.weights):
            ax.text(j, i, w, ha="center", va="center", fontsize=7, color="white" if a > 0.6 else "black")
    ax.set_yticks(range(len(told)), [t.prediction for t in told])
    ax.set_xticks([])
    fig.colorbar(im, ax=ax, label="attention")
    fig.savefig(path, dpi=100)


def compare(corpus: Corpus, seeds: Sequence[int]) -> pd.DataFrame:
    tokens, mask, labels = corpus.batch(corpus.test)
    rows = []
    for seed in seeds:
        for name, cls in (("attention", AttentionClassifier), ("mean pooling", MeanPoolingClassifier)):
            model = cls(len(corpus.vocabulary), seed=seed)
            start = time.perf_counter()
            train(model, corpus, epochs=EPOCHS, seed=seed)
            seconds = time.perf_counter() - start
            with torch.no_grad():
                acc = (_logits(model, tokens, mask).argmax(1) == labels).float().mean().item()
            rows.append(
                dict(
                    model=name,
                    seed=seed,
                    accuracy=acc,
                    seconds=seconds,
                    parameters=sum(p.numel() for p in model.parameters() if p.requires_grad),
                )
            )
    return pd.DataFrame(rows)


def main() -> None:
    corpus = make_corpus(seed=0)
    model = AttentionClassifier(len(corpus.vocabulary), seed=0)
    train(model, corpus, epochs=EPOCHS, seed=0)
    sentences = ["This movie was absolutely terrible and boring", *(" ".join(r.words) for r in corpus.test[:5])]
    print(as_bars(explain(model, corpus, sentences[0])))
    heatmap(model, corpus, sentences, "heatmap.png")
    print(compare(make_corpus(seed=0, n_train=300), seeds=[0, 1, 2]).to_string(index=False))


if __name__ == "__main__":
    main()

"""Attention weights kept as logarithms; tables with pandas; training with a DataLoader."""

import time
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import torch
from corpus import CLASSES, Corpus, make_corpus, words_of
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 20  # how long compare trains each model


@dataclass(frozen=True)
class Explanation:
    prediction: str
    confidence: float
    weights: list[tuple[str, float]]

    def series(self) -> pd.Series:
        words, weights = zip(*self.weights)
        return pd.Series(weights, index=words)


def attention_weights(H: torch.Tensor, query: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
    """α_i = exp(s_i − logsumexp(s))."""
    scores = torch.nn.functional.linear(H, query[None]).squeeze(-1)
    if mask is not None:
        scores = scores + torch.zeros_like(scores).masked_fill(~mask, float("-inf"))
    return (scores - torch.logsumexp(scores, dim=1, keepdim=True)).exp()


def attend(H: torch.Tensor, query: torch.Tensor, mask: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    weights = attention_weights(H, query, mask)
    return (H.mT @ weights[:, :, None]).squeeze(2), weights


@contextmanager
def seeded(seed: int):
    state = torch.get_rng_state()
    torch.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(state)


class _Pooled(torch.nn.Module):
    """What both classifiers share."""

    has_query = False

    def __init__(self, vocabulary_size: int, embedding_dim: int = 32, n_classes: int = 2, seed: int = 0) -> None:
        super().__init__()
        with seeded(seed):
            self.embedding = torch.nn.Embedding(vocabulary_size, embedding_dim)
            self.readout = torch.nn.Linear(embedding_dim, n_classes)
        if self.has_query:
            self.query = torch.nn.Parameter(torch.zeros(embedding_dim))

    def pool(self, H, mask):
        raise NotImplementedError


class AttentionClassifier(_Pooled):
    has_query = True

    def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        H = self.embedding(tokens)
        context, weights = attend(H, self.query, mask)
        return self.readout(context), weights


class MeanPoolingClassifier(_Pooled):
    def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        H = self.embedding(tokens)
        # attention with a query of zeros is the mean
        context, _ = attend(H, H.new_zeros(H.shape[-1]), mask)
        return self.readout(context)


def train(model: torch.nn.Module, corpus: Corpus, *, epochs: int, seed: int) -> list[float]:
    with seeded(seed):
        loader = DataLoader(TensorDataset(*corpus.batch(corpus.train)), batch_size=64, shuffle=True)
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.02, weight_decay=0.01)
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * len(loader))
        records = []
        for epoch in range(epochs):
            for tokens, mask, labels in loader:
                answer = model(tokens, mask)
                logits = answer if torch.is_tensor(answer) else answer[0]
                loss = torch.nn.functional.cross_entropy(logits, labels)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                scheduler.step()
                records.append({"epoch": epoch, "loss": loss.item()})
    return pd.DataFrame(records).groupby("epoch")["loss"].mean().tolist()


@torch.inference_mode()
def explain(model: AttentionClassifier, corpus: Corpus, sentence: str) -> Explanation:
    logits, weights = model(*corpus.encode([sentence]))
    probabilities = pd.Series(logits.softmax(1)[0].tolist(), index=CLASSES)
    return Explanation(probabilities.idxmax(), probabilities.max(), list(zip(words_of(sentence), weights[0].tolist())))


def as_bars(explanation: Explanation, minimum: float = 0.05) -> str:
    weights = explanation.series().sort_values(ascending=False, kind="stable")
    blocks = (10 * weights / weights.iloc[0]).round().astype(int).clip(lower=1)
    kept = weights >= minimum
    lines = [f'- "{w}": {a:.2f} {"█" * n}' for w, a, n in zip(weights.index[kept], weights[kept], blocks[kept])]
    others = [] if kept.all() else [f"- Other words: <{minimum:.2f}"]
    last = f"Prediction: {explanation.prediction} ({explanation.confidence:.2f} confidence)"
    return "\n".join(["Attention weights:"] + lines + others + [last])


def heatmap(model: AttentionClassifier, corpus: Corpus, sentences: Sequence[str], path: str | Path) -> None:
    told = [explain(model, corpus, sentence) for sentence in sentences]
    table = pd.DataFrame([[a for _, a in t.weights] for t in told])  # NaN behind the short ones
    words = pd.DataFrame([[w for w, _ in t.weights] for t in told])
    figure, axes = plt.subplots(figsize=(1 + 0.8 * table.shape[1], 1 + 0.5 * len(table)))
    drawn = axes.matshow(table, cmap="YlOrRd", aspect="auto")
    for (row, column), word in words.stack().items():
        axes.annotate(word, (column, row), ha="center", va="center", fontsize=7)
    axes.set_yticks(range(len(told)))
    axes.set_yticklabels([f"{t.prediction} {t.confidence:.2f}" for t in told])
    figure.colorbar(drawn)
    figure.savefig(path, bbox_inches="tight", format="png")
    plt.close(figure)


def compare(corpus: Corpus, seeds: Sequence[int]) -> pd.DataFrame:
    tokens, mask, labels = corpus.batch(corpus.test)

    def one(name: str, seed: int) -> dict:
        model = {"attention": AttentionClassifier, "mean pooling": MeanPoolingClassifier}[name](
            len(corpus.vocabulary), seed=seed
        )
        began = time.perf_counter()
        train(model, corpus, epochs=EPOCHS, seed=seed)
        seconds = time.perf_counter() - began
        with torch.inference_mode():
            answer = model(tokens, mask)
        logits = answer if torch.is_tensor(answer) else answer[0]
        return {
            "model": name,
            "seed": seed,
            "accuracy": (logits.argmax(1) == labels).double().mean().item(),
            "seconds": seconds,
            "parameters": sum(p.numel() for p in model.parameters()),
        }

    grid = pd.MultiIndex.from_product([seeds, ["attention", "mean pooling"]], names=["seed", "model"])
    return pd.DataFrame([one(name, seed) for seed, name in grid])


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

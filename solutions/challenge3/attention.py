"""Challenge 3: attention, what a classifier of film reviews looks at, and whether that helps."""

import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
import torch.nn.functional as F
from corpus import CLASSES, Corpus, make_corpus, words_of
from matplotlib.figure import Figure
from progress import shown
from torch import Tensor, nn

EPOCHS = 20  # how long compare trains each model
BATCH_SIZE = 50
LEARNING_RATE = 0.01
LONGEST_BAR = 10  # blocks
COLUMNS = ["model", "seed", "accuracy", "seconds", "parameters"]  # of compare's table


@dataclass(frozen=True)
class Explanation:
    """The prediction for one sentence, and what the model looked at: (word, weight) for every word, in order."""

    prediction: str
    confidence: float
    weights: list[tuple[str, float]]


def attention_weights(H: Tensor, query: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return softmax(H · query) over the real words: H (n, words, d), query (d,), mask (n, words) → (n, words)."""
    scores = H @ query
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)  # e^-inf is exactly 0
    return scores.softmax(dim=1)


def attend(H: Tensor, query: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return the context Σ α_i h_i, (n, d), and the weights α, (n, words)."""
    weights = attention_weights(H, query, mask)
    return torch.einsum("nw,nwd->nd", weights, H), weights


class AttentionClassifier(nn.Module):
    """Embedding → attend → linear. The query starts at zero, so that all words have the same weight, as in a mean."""

    def __init__(self, vocabulary_size: int, embedding_dim: int = 32, n_classes: int = 2, seed: int = 0) -> None:
        super().__init__()
        self.embedding, self.output = layers(vocabulary_size, embedding_dim, n_classes, seed)
        self.query = nn.Parameter(torch.zeros(embedding_dim))

    def forward(self, tokens: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        context, weights = attend(self.embedding(tokens), self.query, mask)
        return self.output(context), weights


class MeanPoolingClassifier(nn.Module):
    """Embedding → mean over the real words → linear."""

    def __init__(self, vocabulary_size: int, embedding_dim: int = 32, n_classes: int = 2, seed: int = 0) -> None:
        super().__init__()
        self.embedding, self.output = layers(vocabulary_size, embedding_dim, n_classes, seed)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        real = mask.unsqueeze(2)
        return self.output((self.embedding(tokens) * real).sum(dim=1) / real.sum(dim=1))


def layers(vocabulary_size: int, embedding_dim: int, n_classes: int, seed: int) -> tuple[nn.Embedding, nn.Linear]:
    """Make the two layers that both classifiers have, drawn from the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        embedding, output = nn.Embedding(vocabulary_size, embedding_dim), nn.Linear(embedding_dim, n_classes)
        nn.init.normal_(embedding.weight, std=0.1)  # small, so that training decides what a word means
        return embedding, output


def train(model: nn.Module, corpus: Corpus, *, epochs: int, seed: int) -> list[float]:
    """Train with Adam on the cross-entropy of corpus.train; return the mean loss over each epoch's batches."""
    tokens, mask, labels = corpus.batch(corpus.train)
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    history = []
    with shown(type(model).__name__, total=epochs, unit="reviews", each=len(labels)) as tell:
        for epoch in range(epochs):
            losses = []
            for rows in torch.randperm(len(labels), generator=generator).split(BATCH_SIZE):
                loss = F.cross_entropy(logits_of(model, tokens[rows], mask[rows]), labels[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
            history.append(sum(losses) / len(losses))
            tell(epoch + 1, history[-1])
    return history


def logits_of(model: nn.Module, tokens: Tensor, mask: Tensor) -> Tensor:
    """Return the logits (n, n_classes) of either classifier."""
    answer = model(tokens, mask)
    return answer[0] if isinstance(answer, tuple) else answer


@torch.no_grad()
def explain(model: AttentionClassifier, corpus: Corpus, sentence: str) -> Explanation:
    """Return the more probable class, its probability, and every word with its weight."""
    logits, weights = model(*corpus.encode([sentence]))
    confidence, label = logits[0].softmax(dim=0).max(dim=0)
    words = words_of(sentence)
    return Explanation(CLASSES[label.item()], confidence.item(), list(zip(words, weights[0].tolist(), strict=True)))


def as_bars(explanation: Explanation, minimum: float = 0.05) -> str:
    """Return the words sorted by weight; the longest bar has LONGEST_BAR blocks, the others are in proportion."""
    largest = max(weight for _, weight in explanation.weights)
    shown = sorted((pair for pair in explanation.weights if pair[1] >= minimum), key=lambda pair: -pair[1])
    lines = ["Attention weights:"]
    for word, weight in shown:
        lines.append(f'- "{word}": {weight:.2f} {"█" * max(1, round(LONGEST_BAR * weight / largest))}')
    if len(shown) < len(explanation.weights):
        lines.append(f"- Other words: <{minimum:.2f}")
    return "\n".join([*lines, f"Prediction: {explanation.prediction} ({explanation.confidence:.2f} confidence)"])


@torch.no_grad()
def heatmap(model: AttentionClassifier, corpus: Corpus, sentences: Sequence[str], path: str | Path) -> None:
    """Draw a row for each sentence and a cell for each word, darker for larger weights."""
    tokens, mask = corpus.encode(sentences)
    logits, weights = model(tokens, mask)
    n, words = weights.shape
    figure = Figure(figsize=(2 + 0.8 * words, 2 + 0.5 * n), layout="constrained")
    axes = figure.subplots()
    cells = axes.imshow(weights.masked_fill(~mask, math.nan).numpy(), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, sentence in enumerate(sentences):
        for place, word in enumerate(words_of(sentence)):
            colour = "white" if weights[row, place] > 0.6 else "black"
            axes.text(place, row, word, ha="center", va="center", fontsize=8, color=colour)
    axes.set(xticks=(), yticks=range(n), yticklabels=[CLASSES[label] for label in logits.argmax(dim=1)])
    figure.colorbar(cells, label="attention weight")
    figure.savefig(path, format="png")


def compare(corpus: Corpus, seeds: Sequence[int]) -> pd.DataFrame:
    """Train and test both classifiers on the same reviews, once with each seed."""
    tokens, mask, labels = corpus.batch(corpus.test)
    rows = []
    for seed in seeds:
        for name, kind in (("attention", AttentionClassifier), ("mean pooling", MeanPoolingClassifier)):
            model = kind(len(corpus.vocabulary), seed=seed)
            began = time.perf_counter()
            if len(train(model, corpus, epochs=EPOCHS, seed=seed)) < EPOCHS:  # it was stopped
                return pd.DataFrame(rows, columns=COLUMNS)
            seconds = time.perf_counter() - began
            with torch.no_grad():
                accuracy = (logits_of(model, tokens, mask).argmax(dim=1) == labels).float().mean().item()
            parameters = sum(parameter.numel() for parameter in model.parameters())
            rows.append((name, seed, accuracy, seconds, parameters))
    return pd.DataFrame(rows, columns=COLUMNS)


def main() -> None:
    """Explain one sentence, draw a heatmap of six, and compare both models."""
    corpus = make_corpus(seed=0)  # corpus.real_corpus(seed=0) after `katas data fetch reviews`
    model = AttentionClassifier(len(corpus.vocabulary), seed=0)
    train(model, corpus, epochs=EPOCHS, seed=0)
    sentences = [
        "This movie was absolutely terrible and boring",
        *(" ".join(review.words) for review in corpus.test[:5]),
    ]
    print(f'Input: "{sentences[0]}"')
    print(as_bars(explain(model, corpus, sentences[0])))
    heatmap(model, corpus, sentences, "heatmap.png")
    print(f"saved the picture as {os.path.abspath('heatmap.png')}")
    few = make_corpus(seed=0, n_train=300)  # with 2 000 reviews, both models get nearly everything right
    print(compare(few, seeds=[0, 1, 2]).to_string(index=False))


if __name__ == "__main__":
    main()

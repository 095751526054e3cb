"""Challenge 3: attention, what a classifier of film reviews looks at, and whether looking helps."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import torch
from corpus import Corpus, make_corpus, words_of

EPOCHS = 20  # how long compare trains each model


@dataclass(frozen=True)
class Explanation:
    prediction: str
    confidence: float
    weights: list[tuple[str, float]]


def attention_weights(H: torch.Tensor, query: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
    rows = []
    for i in range(H.shape[0]):
        scores = H[i] @ query
        if mask is not None:
            # minus infinity where there is no word
            scores = torch.where(mask[i], scores, torch.tensor(float("-inf"), dtype=H.dtype))
        rows.append(torch.softmax(scores, dim=0))
    return torch.stack(rows)


def attend(H: torch.Tensor, query: torch.Tensor, mask: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    weights = attention_weights(H, query, mask)
    contexts = []
    for i in range(H.shape[0]):
        contexts.append(weights[i] @ H[i])
    return torch.stack(contexts), weights


class AttentionClassifier(torch.nn.Module):
    def __init__(self, vocabulary_size: int, embedding_dim: int = 32, n_classes: int = 2, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.embedding = torch.nn.Embedding(vocabulary_size, embedding_dim)
        self.query = torch.nn.Parameter(torch.zeros(embedding_dim))
        self.linear = torch.nn.Linear(embedding_dim, n_classes)

    def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        H = self.embedding(tokens)
        context, weights = attend(H, self.query, mask)
        logits = self.linear(context)
        return logits, weights


class MeanPoolingClassifier(torch.nn.Module):
    """The same without attention: embedding → mean over the real words → linear layer; no query."""

    def __init__(self, vocabulary_size: int, embedding_dim: int = 32, n_classes: int = 2, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.embedding = torch.nn.Embedding(vocabulary_size, embedding_dim)
        self.linear = torch.nn.Linear(embedding_dim, n_classes)

    def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        H = self.embedding(tokens)
        means = []
        for i in range(len(tokens)):
            real = H[i][mask[i]]
            means.append(real.mean(dim=0))
        return self.linear(torch.stack(means))


def train(model: torch.nn.Module, corpus: Corpus, *, epochs: int, seed: int) -> list[float]:
    torch.manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    loss_function = torch.nn.CrossEntropyLoss()
    reviews = list(corpus.train)
    history = []
    for epoch in range(epochs):
        order = torch.randperm(len(reviews)).tolist()
        total = 0.0
        batches = 0
        for start in range(0, len(order), 50):
            batch = [reviews[k] for k in order[start : start + 50]]
            tokens, mask, labels = corpus.batch(batch)
            output = model(tokens, mask)
            if isinstance(output, tuple):
                logits = output[0]
            else:
                logits = output
            loss = loss_function(logits, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
            batches += 1
        history.append(total / batches)
    return history


def explain(model: AttentionClassifier, corpus: Corpus, sentence: str) -> Explanation:
    words = words_of(sentence)
    tokens, mask = corpus.encode([sentence])
    logits, weights = model(tokens, mask)
    probabilities = torch.softmax(logits[0], dim=0)
    if probabilities[1] > probabilities[0]:
        prediction = "Positive"
        confidence = probabilities[1].item()
    else:
        prediction = "Negative"
        confidence = probabilities[0].item()
    pairs = []
    for i in range(len(words)):
        pairs.append((words[i], weights[0, i].item()))
    return Explanation(prediction, confidence, pairs)


def as_bars(explanation: Explanation, minimum: float = 0.05) -> str:
    text = "Attention weights:\n"
    pairs = sorted(explanation.weights, key=lambda pair: pair[1], reverse=True)
    largest = pairs[0][1]
    for word, weight in pairs:
        if weight >= minimum:
            blocks = int(10 * weight / largest + 0.5)
            text += '- "' + word + '": ' + format(weight, ".2f") + " " + "█" * blocks + "\n"
    text += "- Other words: <" + format(minimum, ".2f") + "\n"
    text += "Prediction: " + explanation.prediction + " (" + format(explanation.confidence, ".2f") + " confidence)"
    return text


def heatmap(model: AttentionClassifier, corpus: Corpus, sentences: Sequence[str], path: str | Path) -> None:
    fig, axes = plt.subplots(len(sentences), 1, figsize=(12, 1.5 * len(sentences) + 1))
    if len(sentences) == 1:
        axes = [axes]
    for i in range(len(sentences)):
        explanation = explain(model, corpus, sentences[i])
        words = [pair[0] for pair in explanation.weights]
        weights = [pair[1] for pair in explanation.weights]
        axes[i].imshow([weights], cmap="viridis", vmin=0, vmax=1, aspect="auto")
        axes[i].set_xticks(range(len(words)))
        axes[i].set_xticklabels(words, rotation=45)
        axes[i].set_yticks([])
        axes[i].set_title(explanation.prediction)
    plt.tight_layout()
    plt.savefig(path)
    plt.close()


def compare(corpus: Corpus, seeds: Sequence[int]) -> pd.DataFrame:
    rows = []
    for seed in seeds:
        for name in ["attention", "mean pooling"]:
            if name == "attention":
                model = AttentionClassifier(len(corpus.vocabulary), seed=seed)
            else:
                model = MeanPoolingClassifier(len(corpus.vocabulary), seed=seed)
            start = time.time()
            train(model, corpus, epochs=EPOCHS, seed=seed)
            seconds = time.time() - start
            tokens, mask, labels = corpus.batch(corpus.test)
            output = model(tokens, mask)
            logits = output[0] if name == "attention" else output
            accuracy = (logits.argmax(dim=1) == labels).float().mean().item()
            parameters = 0
            for p in model.parameters():
                parameters += p.numel()
            rows.append([name, seed, accuracy, seconds, parameters])
    return pd.DataFrame(rows, columns=["model", "seed", "accuracy", "seconds", "parameters"])


def main() -> None:
    """See it with your own eyes."""
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

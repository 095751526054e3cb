"""Challenge 3: attention, what a classifier of film reviews looks at, and whether looking helps."""

import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from corpus import Corpus, make_corpus, words_of

EPOCHS = 20  # how long compare trains each model


@dataclass(frozen=True)
class Explanation:
    prediction: str
    confidence: float
    weights: list[tuple[str, float]]


def attention_weights(H, query, mask=None):
    scores = torch.exp(torch.matmul(H, query))
    if mask is not None:
        scores = scores * mask.float()
    return scores / scores.sum(dim=1, keepdim=True)


def attend(H, query, mask=None):
    w = attention_weights(H, query, mask)
    context = torch.bmm(w.unsqueeze(1), H).squeeze(1)
    return context, w


class AttentionClassifier(torch.nn.Module):
    def __init__(self, vocabulary_size: int, embedding_dim: int = 32, n_classes: int = 2, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.emb = nn.Embedding(vocabulary_size, embedding_dim)
        self.query = nn.Parameter(torch.randn(embedding_dim))
        self.fc = nn.Linear(embedding_dim, n_classes)

    def forward(self, tokens, mask):
        context, w = attend(self.emb(tokens), self.query / self.query.shape[0] ** 0.5, mask)
        return self.fc(context), w


class MeanPoolingClassifier(torch.nn.Module):
    def __init__(self, vocabulary_size: int, embedding_dim: int = 32, n_classes: int = 2, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.emb = nn.Embedding(vocabulary_size, embedding_dim)
        self.fc = nn.Linear(embedding_dim, n_classes)

    def forward(self, tokens, mask):
        e = self.emb(tokens)
        e[~mask] = 0
        return self.fc(e.sum(1) / mask.sum(1)[:, None])


def train(model: torch.nn.Module, corpus: Corpus, *, epochs: int, seed: int) -> list[float]:
    random.seed(seed)
    opt = torch.optim.Adam(model.parameters(), lr=0.005)
    crit = nn.CrossEntropyLoss()
    data = list(corpus.train)
    history = []
    for epoch in range(epochs):
        random.shuffle(data)
        losses = []
        for i in range(0, len(data), 32):
            tokens, mask, labels = corpus.batch(data[i : i + 32])
            out = model(tokens, mask)
            if type(out) == tuple:
                out = out[0]
            loss = crit(out, labels)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        history.append(np.mean(losses))
    return history


def explain(model: AttentionClassifier, corpus: Corpus, sentence: str) -> Explanation:
    tokens, mask = corpus.encode([sentence])
    logits, w = model(tokens, mask)
    p = torch.softmax(logits, dim=1)[0]
    words = words_of(sentence)
    return Explanation(["Negative", "Positive"][p.argmax()], p.max(), list(zip(words, w[0])))


def as_bars(explanation: Explanation, minimum: float = 0.05) -> str:
    ws = sorted(explanation.weights, key=lambda x: x[1])[::-1]
    s = "Attention weights:\n"
    for w, a in ws:
        if a > minimum:
            s += f'- "{w}": {a:.2f} {round(a / ws[0][1] * 10) * "█"}\n'
    s += f"- Other words: <{minimum:.2f}\n"
    s += f"Prediction: {explanation.prediction} ({explanation.confidence:.2f} confidence)\n"
    return s


def heatmap(model: AttentionClassifier, corpus: Corpus, sentences: Sequence[str], path: str | Path) -> None:
    tokens, mask = corpus.encode(sentences)
    _, w = model(tokens, mask)
    w = w.detach().numpy()
    plt.figure(figsize=(15, 5))
    plt.matshow(w)
    for i, s in enumerate(sentences):
        for j, word in enumerate(s.split()):
            plt.text(j, i, word, ha="center", va="center")
    plt.savefig(path)


def compare(corpus: Corpus, seeds: Sequence[int]) -> pd.DataFrame:
    df = pd.DataFrame(columns=["model", "seed", "accuracy", "seconds", "parameters"])
    tokens, mask, labels = corpus.batch(corpus.test)
    for seed in seeds:
        for name in ["attention", "mean pooling"]:
            start = time.time()
            model = (AttentionClassifier if name == "attention" else MeanPoolingClassifier)(
                len(corpus.vocabulary), seed=seed
            )
            train(model, corpus, epochs=EPOCHS, seed=seed)
            end = time.time()
            out = model(tokens, mask)
            if name == "attention":
                out = out[0]
            acc = (out.argmax(1) == labels).sum().item() / len(labels)
            df.loc[len(df)] = [name, seed, acc, end - start, sum(p.numel() for p in model.parameters())]
    return df


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

# Softmax written out, a query that starts at zero, a DataLoader, subplots with ticks for words
import time
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from corpus import CLASSES, words_of
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 20


@dataclass
class Explanation:
    prediction: str
    confidence: float
    weights: list


def attention_weights(H, query, mask=None):
    s = torch.einsum("nwd,d->nw", H, query)
    if mask is not None:
        s = torch.where(mask, s, torch.tensor(float("-inf"), dtype=s.dtype))
    s = s - s.max(dim=1, keepdim=True).values
    e = s.exp()
    return e / e.sum(dim=1, keepdim=True)


def attend(H, query, mask=None):
    weights = attention_weights(H, query, mask)
    context = (weights.unsqueeze(-1) * H).sum(dim=1)
    return context, weights


class AttentionClassifier(nn.Module):
    def __init__(self, vocabulary_size, embedding_dim=32, n_classes=2, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.embedding = nn.Embedding(vocabulary_size, embedding_dim)
        self.query = nn.Parameter(torch.zeros(embedding_dim))
        self.fc = nn.Linear(embedding_dim, n_classes)

    def forward(self, tokens, mask):
        context, weights = attend(self.embedding(tokens), self.query, mask)
        return self.fc(context), weights


class MeanPoolingClassifier(nn.Module):
    def __init__(self, vocabulary_size, embedding_dim=32, n_classes=2, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.embedding = nn.Embedding(vocabulary_size, embedding_dim)
        self.fc = nn.Linear(embedding_dim, n_classes)

    def forward(self, tokens, mask):
        H = self.embedding(tokens)
        m = mask.unsqueeze(-1).float()
        mean = (H * m).sum(dim=1) / m.sum(dim=1)
        return self.fc(mean)


def train(model, corpus, *, epochs, seed):
    generator = torch.Generator().manual_seed(seed)
    dataset = TensorDataset(*corpus.batch(corpus.train))
    loader = DataLoader(dataset, batch_size=32, shuffle=True, generator=generator)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    loss_fn = nn.CrossEntropyLoss()
    history = []
    model.train()
    for _ in range(epochs):
        total, count = 0.0, 0
        for tokens, mask, labels in loader:
            out = model(tokens, mask)
            logits = out[0] if isinstance(out, tuple) else out
            loss = loss_fn(logits, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
            count += 1
        history.append(total / count)
    return history


def explain(model, corpus, sentence):
    model.eval()
    tokens, mask = corpus.encode([sentence])
    with torch.no_grad():
        logits, weights = model(tokens, mask)
    probs = torch.softmax(logits[0], dim=0)
    label = int(probs.argmax())
    words = words_of(sentence)
    pairs = [(word, float(weight)) for word, weight in zip(words, weights[0])]
    return Explanation(CLASSES[label], float(probs[label]), pairs)


def as_bars(explanation, minimum=0.05):
    ordered = sorted(explanation.weights, key=lambda pair: pair[1], reverse=True)
    top = ordered[0][1]
    lines = ["Attention weights:"]
    others = False
    for word, weight in ordered:
        if weight >= minimum:
            blocks = max(1, round(weight / top * 10))
            lines.append(f'- "{word}": {weight:.2f} ' + "█" * blocks)
        else:
            others = True
    if others:
        lines.append(f"- Other words: <{minimum:.2f}")
    lines.append(f"Prediction: {explanation.prediction} ({explanation.confidence:.2f} confidence)")
    return "\n".join(lines)


def heatmap(model, corpus, sentences, path):
    fig, axes = plt.subplots(len(sentences), 1, figsize=(12, 1.5 * len(sentences)), squeeze=False)
    for ax, sentence in zip(axes[:, 0], sentences):
        words = [word for word, _ in explain(model, corpus, sentence).weights]
        values = [[weight for _, weight in explain(model, corpus, sentence).weights]]
        ax.imshow(values, cmap="viridis", aspect="auto", vmin=0, vmax=1)
        ax.set_xticks(range(len(words)), words)
        ax.set_yticks([])
    fig.tight_layout()
    fig.savefig(path, dpi=100)
    plt.close(fig)


def compare(corpus, seeds):
    rows = []
    tokens, mask, labels = corpus.batch(corpus.test)
    for seed in seeds:
        for name, cls in [("attention", AttentionClassifier), ("mean pooling", MeanPoolingClassifier)]:
            model = cls(len(corpus.vocabulary), seed=seed)
            start = time.time()
            train(model, corpus, epochs=EPOCHS, seed=seed)
            seconds = time.time() - start
            model.eval()
            with torch.no_grad():
                out = model(tokens, mask)
            logits = out[0] if isinstance(out, tuple) else out
            accuracy = np.mean((logits.argmax(dim=1) == labels).numpy())
            n = sum(p.numel() for p in model.parameters())
            rows.append([name, seed, accuracy, seconds, n])
    return pd.DataFrame(rows, columns=["model", "seed", "accuracy", "seconds", "parameters"])

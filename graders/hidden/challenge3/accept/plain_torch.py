# A beginner's torch code: global seeds, Adam, batches from randperm, and one imshow
import time
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from corpus import CLASSES, words_of

EPOCHS = 20


@dataclass
class Explanation:
    prediction: str
    confidence: float
    weights: list


def attention_weights(H, query, mask=None):
    scores = H @ query
    if mask is not None:
        scores = scores.masked_fill(mask == 0, float("-inf"))
    return torch.softmax(scores, dim=-1)


def attend(H, query, mask=None):
    weights = attention_weights(H, query, mask)
    context = (weights.unsqueeze(-1) * H).sum(dim=1)
    return context, weights


class AttentionClassifier(nn.Module):
    def __init__(self, vocabulary_size, embedding_dim=32, n_classes=2, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.embedding = nn.Embedding(vocabulary_size, embedding_dim)
        self.query = nn.Parameter(torch.randn(embedding_dim) * 0.1)
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
    torch.manual_seed(seed)
    tokens, mask, labels = corpus.batch(corpus.train)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    loss_fn = nn.CrossEntropyLoss()
    history = []
    model.train()
    for _ in range(epochs):
        perm = torch.randperm(len(labels))
        total, count = 0.0, 0
        for i in range(0, len(labels), 50):
            idx = perm[i : i + 50]
            out = model(tokens[idx], mask[idx])
            logits = out[0] if isinstance(out, tuple) else out
            loss = loss_fn(logits, labels[idx])
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
    tokens, mask = corpus.encode(sentences)
    with torch.no_grad():
        _, weights = model(tokens, mask)
    weights = weights.numpy()
    fig, ax = plt.subplots(figsize=(weights.shape[1] + 1, len(sentences) + 1))
    ax.imshow(weights, cmap="Reds", aspect="auto")
    for i, sentence in enumerate(sentences):
        for j, word in enumerate(words_of(sentence)):
            ax.text(j, i, word, ha="center", va="center")
    plt.savefig(path)
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

import time
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from corpus import CLASSES, make_corpus, words_of
from torch import einsum, nn

EPOCHS = 20


@dataclass(frozen=True)
class Explanation:
    prediction: str
    confidence: float
    weights: list


def attention_weights(H, query, mask=None):
    s = einsum("nwd,d->nw", H, query)
    return (s if mask is None else torch.where(mask, s, -1e9)).softmax(1)


def attend(H, query, mask=None):
    return einsum("nw,nwd->nd", a := attention_weights(H, query, mask), H), a


class AttentionClassifier(nn.Module):
    def __init__(self, vocabulary_size, embedding_dim=32, n_classes=2, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.E = nn.Embedding(vocabulary_size, embedding_dim)
        self.q = nn.Parameter(torch.zeros(embedding_dim))
        self.out = nn.Linear(embedding_dim, n_classes)

    def forward(self, tokens, mask):
        c, a = attend(self.E(tokens), self.q, mask)
        return self.out(c), a


class MeanPoolingClassifier(nn.Module):
    def __init__(self, vocabulary_size, embedding_dim=32, n_classes=2, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.E = nn.Embedding(vocabulary_size, embedding_dim)
        self.out = nn.Linear(embedding_dim, n_classes)

    def forward(self, tokens, mask):
        m = mask[..., None]
        return self.out((self.E(tokens) * m).sum(1) / m.sum(1))


def logits(model, *x):
    y = model(*x)
    return y[0] if type(y) is tuple else y


def train(model, corpus, *, epochs, seed):
    torch.manual_seed(seed)
    t, m, y = corpus.batch(corpus.train)
    opt, hist = torch.optim.Adam(model.parameters(), 1e-2), []
    for _ in range(epochs):
        ls = []
        for i in torch.randperm(len(y)).split(50):
            opt.zero_grad()
            loss = nn.functional.cross_entropy(logits(model, t[i], m[i]), y[i])
            loss.backward()
            opt.step()
            ls.append(loss.item())
        hist.append(np.mean(ls))
    return hist


@torch.no_grad()
def explain(model, corpus, sentence):
    z, a = model(*corpus.encode([sentence]))
    p = z[0].softmax(0)
    return Explanation(CLASSES[p.argmax()], p.max().item(), list(zip(words_of(sentence), a[0].tolist())))


def as_bars(explanation, minimum=0.05):
    top = max(a for _, a in explanation.weights)
    rows = [
        f'- "{w}": {a:.2f} {"█" * int(10 * a / top)}'
        for w, a in sorted(explanation.weights, key=lambda p: -p[1])
        if a >= minimum
    ]
    return "\n".join(
        [
            "Attention weights:",
            *rows,
            f"- Other words: <{minimum:.2f}",
            f"Prediction: {explanation.prediction} ({explanation.confidence:.2f} confidence)",
        ]
    )


@torch.no_grad()
def heatmap(model, corpus, sentences, path):
    a = model(*corpus.encode(sentences))[1]
    plt.figure(figsize=(14, 1 + len(a) / 2))
    plt.imshow(a, aspect="auto")
    for i, s in enumerate(sentences):
        for j, w in enumerate(words_of(s)):
            plt.text(j, i, w, ha="center", color="w", size=6)
    plt.savefig(path)


def compare(corpus, seeds):
    t, m, y = corpus.batch(corpus.test)
    rows = []
    for s in seeds:
        for name, M in {"attention": AttentionClassifier, "mean pooling": MeanPoolingClassifier}.items():
            model, t0 = M(len(corpus.vocabulary), seed=s), time.time()
            train(model, corpus, epochs=EPOCHS, seed=s)
            rows.append(
                (
                    name,
                    s,
                    (logits(model, t, m).argmax(1) == y).float().mean().item(),
                    time.time() - t0,
                    sum(p.numel() for p in model.parameters()),
                )
            )
    return pd.DataFrame(rows, columns="model seed accuracy seconds parameters".split())


def main():
    corpus = make_corpus(seed=0)
    model = AttentionClassifier(len(corpus.vocabulary), seed=0)
    train(model, corpus, epochs=EPOCHS, seed=0)
    sentences = ["This movie was absolutely terrible and boring", *(" ".join(r.words) for r in corpus.test[:5])]
    print(as_bars(explain(model, corpus, sentences[0])))
    heatmap(model, corpus, sentences, "heatmap.png")
    print(compare(make_corpus(seed=0, n_train=300), seeds=[0, 1, 2]).to_string(index=False))


if __name__ == "__main__":
    main()

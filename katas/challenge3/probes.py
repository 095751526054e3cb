"""What the visible tests have done beside the submission; plain values come back."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from corpus import make_corpus

torch.set_num_threads(1)  # networks this small gain nothing from a second, and lose much on a busy machine


def attention_for(submission: Any, H: np.ndarray, query: np.ndarray, mask: np.ndarray | None) -> list[np.ndarray]:
    """Weights by attention_weights; context and weights by attend."""
    arguments = [torch.tensor(H), torch.tensor(query), *([] if mask is None else [torch.tensor(mask)])]
    return [_array(part) for part in (submission.attention_weights(*arguments), *submission.attend(*arguments))]


def gradient_for_query(submission: Any, H: np.ndarray, query: np.ndarray, on_context: np.ndarray) -> np.ndarray:
    """The gradient for the query of Σ context · on_context."""
    asked = torch.tensor(query, requires_grad=True)
    context, _ = submission.attend(torch.tensor(H), asked)
    (context * torch.tensor(on_context)).sum().backward()
    return _array(asked.grad)


def fresh_answers(submission: Any, tokens: np.ndarray, mask: np.ndarray, n_classes: int) -> list[np.ndarray]:
    """Logits and weights of a fresh classifier with attention, logits of one without."""
    sizes = {"vocabulary_size": int(tokens.max()) + 1, "embedding_dim": 4, "n_classes": n_classes, "seed": 1}
    arguments = torch.tensor(tokens), torch.tensor(mask)
    with torch.no_grad():
        logits, weights = submission.AttentionClassifier(**sizes)(*arguments)
        return [_array(logits), _array(weights), _array(submission.MeanPoolingClassifier(**sizes)(*arguments))]


def share_of_test_reviews(submission: Any, seed: int, epochs: int) -> dict[str, Any]:
    """Train the classifier with attention on the corpus of a seed: its history, and what it does with the test reviews.

    right: the share that it is right about; on_evidence: of the weight, what the words that decide get on average;
    by_chance: what they would get if every word had the same.
    """
    corpus, model, history = _trained(submission, seed, epochs)
    tokens, mask, labels = corpus.batch(corpus.test)
    with torch.no_grad():
        logits, weights = model(tokens, mask)
    decisive = torch.zeros_like(mask)
    for row, review in enumerate(corpus.test):
        decisive[row, list(review.evidence)] = True
    return {
        "history": [float(loss) for loss in history],
        "right": (logits.argmax(dim=1) == labels).float().mean().item(),
        "on_evidence": (weights * decisive).sum(dim=1).mean().item(),
        "by_chance": (decisive.sum(dim=1) / mask.sum(dim=1)).mean().item(),
    }


def explanation_of(submission: Any, seed: int, epochs: int, sentence: str) -> dict[str, Any]:
    """What the trained classifier with attention says of a sentence."""
    corpus, model, _ = _trained(submission, seed, epochs)
    told = submission.explain(model, corpus, sentence)
    pairs = [(str(word), float(weight)) for word, weight in told.weights]
    return {"prediction": told.prediction, "confidence": float(told.confidence), "weights": pairs}


def bars_of(submission: Any, prediction: str, confidence: float, weights: list[tuple[str, float]]) -> str:
    """What as_bars makes of an explanation."""
    told = submission.Explanation(prediction=prediction, confidence=confidence, weights=weights)
    return submission.as_bars(told)


def picture_of(submission: Any, seed: int, sentences: list[str]) -> bytes:
    """The heatmap of a fresh model, as it lies in the file."""
    corpus = make_corpus(seed, n_train=200, n_test=10)
    model = submission.AttentionClassifier(len(corpus.vocabulary), seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "heatmap.png"
        submission.heatmap(model, corpus, sentences, path)
        return path.read_bytes()


def table_of(submission: Any, seed: int, seeds: list[int]) -> dict[str, list[Any]]:
    """The columns of what compare gives for a small corpus."""
    frame = submission.compare(make_corpus(seed, n_train=100, n_test=100), seeds)
    return {str(name): [entry if isinstance(entry, str) else float(entry) for entry in frame[name]] for name in frame}


def _trained(submission: Any, seed: int, epochs: int) -> tuple[Any, Any, Any]:
    corpus = make_corpus(seed)
    model = submission.AttentionClassifier(len(corpus.vocabulary), seed=seed)
    history = submission.train(model, corpus, epochs=epochs, seed=seed)
    return corpus, model.eval(), history


def _array(values: torch.Tensor) -> np.ndarray:
    return values.detach().numpy().copy()

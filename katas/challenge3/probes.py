"""The calls that the visible tests make to your code. They return plain values."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from corpus import make_corpus, real_corpus
from matplotlib.figure import Figure

torch.set_num_threads(1)  # a second thread doesn't speed up networks this small, and slows them down on a busy machine


def attention_for(submission: Any, H: np.ndarray, query: np.ndarray, mask: np.ndarray | None) -> list[np.ndarray]:
    """Return the weights from attention_weights, and context and weights from attend."""
    arguments = [torch.tensor(H), torch.tensor(query), *([] if mask is None else [torch.tensor(mask)])]
    return [_array(part) for part in (submission.attention_weights(*arguments), *submission.attend(*arguments))]


def batch_at_once(submission: Any, name: str, H: np.ndarray, query: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the first result of attention_weights or attend, called once for all sentences."""
    found = getattr(submission, name)(torch.tensor(H), torch.tensor(query), torch.tensor(mask))
    return _array(found if name == "attention_weights" else found[0])


def ten_by_ten(submission: Any, name: str, H: np.ndarray, query: np.ndarray, mask: np.ndarray) -> int:
    """Call attention_weights or attend once for every ten sentences, and return the number of sentences."""
    function, asked = getattr(submission, name), torch.tensor(query)
    for vectors, real in zip(torch.tensor(H).split(10), torch.tensor(mask).split(10), strict=True):
        function(vectors, asked, real)
    return len(H)


def gradients_for(
    submission: Any, H: np.ndarray, query: np.ndarray, mask: np.ndarray, on_context: np.ndarray, on_weights: np.ndarray
) -> list[np.ndarray]:
    """Return the gradients of Σ context · on_context + Σ weights · on_weights with respect to H and query."""
    vectors, asked = torch.tensor(H, requires_grad=True), torch.tensor(query, requires_grad=True)
    context, weights = submission.attend(vectors, asked, torch.tensor(mask))
    loss = (context * torch.tensor(on_context)).sum() + (weights * torch.tensor(on_weights)).sum()
    found = torch.autograd.grad(loss, [vectors, asked], allow_unused=True)
    pairs = zip(found, (vectors, asked), strict=True)
    return [_array(torch.zeros_like(of) if gradient is None else gradient) for gradient, of in pairs]


def arguments_after(submission: Any, H: np.ndarray, query: np.ndarray, mask: np.ndarray) -> list[np.ndarray]:
    """Return H, query and mask after a call of attend."""
    arguments = [torch.tensor(H), torch.tensor(query), torch.tensor(mask)]
    submission.attend(*arguments)
    return [_array(argument) for argument in arguments]


def fresh_answers(submission: Any, tokens: np.ndarray, mask: np.ndarray, n_classes: int) -> list[np.ndarray]:
    """Return logits and weights of a fresh classifier with attention, and logits of one without."""
    sizes = {"vocabulary_size": int(tokens.max()) + 1, "embedding_dim": 4, "n_classes": n_classes, "seed": 1}
    arguments = torch.tensor(tokens), torch.tensor(mask)
    with torch.no_grad():
        logits, weights = submission.AttentionClassifier(**sizes)(*arguments)
        return [_array(logits), _array(weights), _array(submission.MeanPoolingClassifier(**sizes)(*arguments))]


def fresh_parameters(submission: Any, kind: str, seeds: list[int]) -> list[list[np.ndarray]]:
    """Return the parameters of a model for each seed, with the global generator in a different state each time."""
    found = []
    for seed in seeds:
        torch.rand(7)
        model = getattr(submission, kind)(20, 6, 3, seed=seed)
        found.append([_array(parameter) for parameter in model.parameters() if parameter.requires_grad])
    return found


def answers(submission: Any, kind: str, batches: list[tuple[np.ndarray, np.ndarray]]) -> list[list[np.ndarray]]:
    """Return the logits, and weights if any, of a model with random parameters for each batch (tokens, mask)."""
    model = getattr(submission, kind)(20, 6, 3, seed=1)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.5 * torch.randn(parameter.shape, generator=generator)
    return [_answer(model, torch.tensor(tokens), torch.tensor(mask)) for tokens, mask in batches]


def short_training(submission: Any, kind: str, corpus_seed: int, epochs: int) -> dict[str, Any]:
    """Train on 300 reviews; return the history, and the parameters and the loss on these reviews before and after."""
    corpus = make_corpus(corpus_seed, n_train=300, n_test=100)
    model = getattr(submission, kind)(len(corpus.vocabulary), seed=1)
    before, loss_before = _parameters(model), _loss(model, corpus)
    history = submission.train(model, corpus, epochs=epochs, seed=2)
    model.eval()
    return {
        "history": [float(loss) for loss in history],
        "before": before,
        "after": _parameters(model),
        "loss_before": loss_before,
        "loss_after": _loss(model, corpus),
    }


def trained_beside(submission: Any, kind: str, corpus_seed: int, starts: list[int], turned: list[bool]) -> list[Any]:
    """Return the parameters after three epochs for each start of the global generators; `turned` swaps test labels."""
    found = []
    for start, around in zip(starts, turned, strict=True):
        corpus = make_corpus(corpus_seed, n_train=300, n_test=100)
        if around:
            corpus.test = tuple(replace(review, label=1 - review.label) for review in corpus.test)
        torch.manual_seed(start)
        np.random.seed(start)
        random.seed(start)
        model = getattr(submission, kind)(len(corpus.vocabulary), seed=1)
        submission.train(model, corpus, epochs=3, seed=2)
        found.append(_parameters(model))
    return found


def explanations(submission: Any, corpus_seed: int, sentences: list[str]) -> list[Any]:
    """Return the explanations of two briefly trained models for each sentence, and their own logits and weights."""
    corpus = make_corpus(corpus_seed, n_train=300, n_test=10)
    models = []
    for seed in (1, 2):
        model = submission.AttentionClassifier(len(corpus.vocabulary), seed=seed)
        submission.train(model, corpus, epochs=3, seed=seed)
        models.append(model.eval())
    found = []
    for sentence in sentences:
        for model in models:
            told = submission.explain(model, corpus, sentence)
            pairs = [(str(word), float(weight)) for word, weight in told.weights]
            logits, weights = _answer(model, *corpus.encode([sentence]))
            found.append([sentence, told.prediction, float(told.confidence), pairs, logits[0], weights[0]])
    return found


def share_of_test_reviews(submission: Any, seed: int, epochs: int) -> dict[str, Any]:
    """Train the classifier with attention; return its history, and how it handles the test reviews.

    right: the share that it gets right. on_evidence: the average share of the weight on the words that decide.
    by_chance: what that share would be if every word had the same weight. changed: the shares of answers that change if
    the two heaviest words are left out, and if two other words are, in reviews of eight words or more.
    """
    corpus, model, history = _trained(submission, seed, epochs)
    tokens, mask, labels = corpus.batch(corpus.test)
    with torch.no_grad():
        logits, weights = model(tokens, mask)
    decisive = torch.zeros_like(mask)
    for row, review in enumerate(corpus.test):
        decisive[row, list(review.evidence)] = True
    answers = logits.argmax(dim=1)
    long = [row for row, review in enumerate(corpus.test) if len(review.words) >= 8]
    changed = []
    for left_out in (slice(0, 2), slice(2, 4)):  # of the words by their weight
        shorter = []
        for row in long:
            words = corpus.test[row].words
            order = weights[row, : len(words)].argsort(descending=True).tolist()
            if left_out.start:  # any two of the others
                generator = np.random.default_rng(row)
                order = [*order[:2], *generator.permutation(order[2:])]
            shorter.append([word for place, word in enumerate(words) if place not in order[left_out]])
        with torch.no_grad():
            again, _ = model(*corpus.encode(shorter))
        changed.append((again.argmax(dim=1) != answers[long]).float().mean().item())
    return {
        "history": [float(loss) for loss in history],
        "right": (answers == labels).float().mean().item(),
        "changed": changed,
        "on_evidence": (weights * decisive).sum(dim=1).mean().item(),
        "by_chance": (decisive.sum(dim=1) / mask.sum(dim=1)).mean().item(),
    }


def share_of_real_reviews(submission: Any, seed: int, epochs: int) -> float:
    """Train the classifier with attention on 5000 real reviews; return the share of 1000 others that it gets right."""
    corpus = real_corpus(seed, n_train=5000, n_test=1000)
    model = submission.AttentionClassifier(len(corpus.vocabulary), seed=seed)
    submission.train(model, corpus, epochs=epochs, seed=seed)
    tokens, mask, labels = corpus.batch(corpus.test)
    return float((_answer(model.eval(), tokens, mask)[0].argmax(axis=1) == labels.numpy()).mean())


def share_by_mean_pooling(submission: Any, seed: int, epochs: int) -> float:
    """Return the share of the test reviews that the classifier without attention gets right after the same training."""
    corpus, model, _ = _trained(submission, seed, epochs, "MeanPoolingClassifier")
    tokens, mask, labels = corpus.batch(corpus.test)
    return float((_answer(model, tokens, mask)[0].argmax(axis=1) == labels.numpy()).mean())


def weights_of(submission: Any, seed: int, epochs: int, sentence: str) -> dict[str, Any]:
    """Return the trained classifier's class for a sentence, and its weights for the words."""
    corpus, model, _ = _trained(submission, seed, epochs)
    logits, weights = _answer(model, *corpus.encode([sentence]))
    return {"class": int(logits[0].argmax()), "weights": weights[0].tolist()}


def bars_of(
    submission: Any, prediction: str, confidence: float, weights: list[tuple[str, float]], minimum: float = 0.05
) -> str:
    """Return as_bars(explanation)."""
    pairs = [(word, weight) for word, weight in weights]
    told = submission.Explanation(prediction=prediction, confidence=confidence, weights=pairs)
    return submission.as_bars(told) if minimum == 0.05 else submission.as_bars(told, minimum=minimum)


def picture_of(submission: Any, seed: int, sentences: list[str]) -> dict[str, Any]:
    """Return the heatmap of a model with random parameters: the file, what was drawn, and the model's own weights."""
    corpus = make_corpus(seed, n_train=200, n_test=10)
    model = submission.AttentionClassifier(len(corpus.vocabulary), seed=seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.5 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(2))
    model.eval()
    drawn: list[dict[str, Any]] = []
    saving = Figure.savefig

    def look(figure: Any, *arguments: Any, **options: Any) -> Any:
        result = saving(figure, *arguments, **options)  # save first, because drawing fixes the layout
        drawn.append(_seen(figure))
        return result

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "heatmap.png"
        Figure.savefig = look  # type: ignore[method-assign]
        try:
            submission.heatmap(model, corpus, sentences, path)
        finally:
            Figure.savefig = saving  # type: ignore[method-assign]
        picture = path.read_bytes() if path.is_file() else b""
    weights = [_answer(model, *corpus.encode([sentence]))[1][0] for sentence in sentences]
    return {"picture": picture, "drawn": drawn[-1] if drawn else None, "weights": weights}


def _seen(figure: Any) -> dict[str, Any]:
    """Return the rows of cells and the texts of a figure, in pixels from its lower left corner.

    cells: for each row of an image or a mesh, the number of its axes, its values, its lower and upper edge, and the
    edges of its columns. texts: the number of the axes, the text, its anchor and the middle of its box; tick labels are
    anchored at their tick.
    """
    figure.canvas.draw()
    cells, texts = [], []
    for number, axes in enumerate(figure.axes):
        for grid in _grids(axes):
            cells += [(number, *row) for row in grid]
        for text in axes.texts:
            anchor = text.get_transform().transform(text.get_position())
            texts.append((number, text.get_text(), *map(float, anchor), *_middle(text)))
        for axis, way in ((axes.xaxis, 0), (axes.yaxis, 1)):
            for tick, label in zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=False):
                anchor = axes.transAxes.transform((0.5, 0.5))
                anchor[way] = axes.transData.transform((tick, tick))[way]
                texts.append((number, label.get_text(), *map(float, anchor), *_middle(label)))
    return {"cells": cells, "texts": [each for each in texts if each[1].strip()]}


def _grids(axes: Any) -> Iterator[list[tuple[Any, float, float, Any]]]:
    """Yield the rows of every image and mesh in these axes."""
    for image in axes.images:
        values = np.ma.filled(np.ma.asarray(image.get_array()).astype(float), np.nan)
        if values.ndim == 2:
            left, right, bottom, top = image.get_extent()
            if image.origin == "upper":  # the first row is at the top of the extent
                bottom, top = top, bottom
            yield _rows(axes, values, np.linspace(left, right, values.shape[1] + 1), (bottom, top))
    for mesh in axes.collections:
        if hasattr(mesh, "get_coordinates"):  # a mesh from pcolormesh
            corners = np.asarray(mesh.get_coordinates())
            values = np.ma.filled(np.ma.asarray(mesh.get_array()).astype(float), np.nan)
            values = values.reshape(corners.shape[0] - 1, corners.shape[1] - 1)
            yield _rows(axes, values, corners[0, :, 0], (corners[0, 0, 1], corners[-1, 0, 1]))


def _rows(axes: Any, values: np.ndarray, columns: np.ndarray, ends: Sequence[float]) -> list[Any]:
    across = axes.transData.transform([(x, ends[0]) for x in columns])[:, 0]
    heights = axes.transData.transform([(columns[0], y) for y in np.linspace(*ends, len(values) + 1)])[:, 1]
    pairs = zip(values, heights, heights[1:], strict=False)
    return [(row.copy(), float(min(one, other)), float(max(one, other)), across.copy()) for row, one, other in pairs]


def _middle(text: Any) -> tuple[float, float]:
    box = text.get_window_extent()
    return float(box.x0 + box.x1) / 2, float(box.y0 + box.y1) / 2


def table_of(submission: Any, seed: int, seeds: list[int]) -> dict[str, Any]:
    """Return the columns of compare's table for a small corpus, and train the same models twice more.

    again: for each row, the accuracies after both training runs, and the number of trained parameters.
    """
    corpus = make_corpus(seed, n_train=120, n_test=400)
    tokens, mask, labels = corpus.batch(corpus.test)
    began = time.perf_counter()
    frame = submission.compare(corpus, seeds)
    wall, again = time.perf_counter() - began, []
    for one in seeds:
        for kind in ("AttentionClassifier", "MeanPoolingClassifier"):
            accuracies = []
            for start in (0, 1):
                for seed_of in (torch.manual_seed, np.random.seed, random.seed):
                    seed_of(start)
                model = getattr(submission, kind)(len(corpus.vocabulary), seed=one)
                submission.train(model, corpus, epochs=20, seed=one)
                logits = _answer(model.eval(), tokens, mask)[0]
                accuracies.append(float((logits.argmax(axis=1) == labels.numpy()).mean()))
            again.append([accuracies, sum(map(np.size, _parameters(model)))])
    columns = {
        str(name): [entry if isinstance(entry, str) else float(entry) for entry in frame[name]] for name in frame
    }
    return {"columns": columns, "again": again, "wall_seconds": wall}


def _trained(submission: Any, seed: int, epochs: int, kind: str = "AttentionClassifier") -> tuple[Any, Any, Any]:
    corpus = make_corpus(seed)
    model = getattr(submission, kind)(len(corpus.vocabulary), seed=seed)
    history = submission.train(model, corpus, epochs=epochs, seed=seed)
    return corpus, model.eval(), history


def _array(values: torch.Tensor) -> np.ndarray:
    return values.detach().numpy().copy()


@torch.no_grad()
def _answer(model: Any, tokens: torch.Tensor, mask: torch.Tensor) -> list[np.ndarray]:
    answer = model(tokens, mask)
    return [_array(part) for part in (answer if isinstance(answer, (tuple, list)) else [answer])]


def _loss(model: Any, corpus: Any) -> float:
    tokens, mask, labels = corpus.batch(corpus.train)
    return F.cross_entropy(torch.tensor(_answer(model, tokens, mask)[0]), labels).item()


def _parameters(model: Any) -> list[np.ndarray]:
    """Copy all trained parameters."""
    return [_array(parameter) for parameter in model.parameters() if parameter.requires_grad]

"""Probes that call the submission for the hidden tests. They return plain values, which the judge doesn't trust."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from corpus import Corpus, Review
from torch import nn

torch.set_num_threads(1)  # for networks this small, a second thread is no faster, and on a busy machine it is slower

KINDS = ("AttentionClassifier", "MeanPoolingClassifier")
Told = tuple[np.ndarray, np.ndarray]  # sentences as bytes, one per line, and their labels (n,)

# -------------------------------------------------------------------------------------------------------- the mechanism


def weights_for(submission: Any, H: np.ndarray, query: np.ndarray, mask: np.ndarray | None) -> list[Any]:
    """Return the result of attention_weights and the state of its arguments after the call."""
    arguments = _tensors(H, query, mask)
    weights = submission.attention_weights(*_given(arguments))
    return [_array(weights), *map(_array, arguments)]


def context_for(submission: Any, H: np.ndarray, query: np.ndarray, mask: np.ndarray | None) -> list[Any]:
    """Return the context and weights from attend, and the state of its arguments after the call."""
    arguments = _tensors(H, query, mask)
    context, weights = submission.attend(*_given(arguments))
    return [_array(context), _array(weights), *map(_array, arguments)]


def attention_over(submission: Any, name: str, H: np.ndarray, query: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the first result of attention_weights or attend."""
    found = getattr(submission, name)(*_tensors(H, query, mask))
    return _array(found if name == "attention_weights" else found[0])


def gradients_for(
    submission: Any,
    H: np.ndarray,
    query: np.ndarray,
    mask: np.ndarray | None,
    on_context: np.ndarray | None,
    on_weights: np.ndarray,
) -> list[np.ndarray]:
    """Return the gradients of Σ context · on_context + Σ weights · on_weights with respect to H and query.

    If on_context is None, only the second sum is used, and the weights come from attention_weights.
    """
    vectors, asked, real = _tensors(H, query, mask)
    vectors.requires_grad_(True)
    asked.requires_grad_(True)
    if on_context is None:
        loss = (submission.attention_weights(*_given([vectors, asked, real])) * torch.tensor(on_weights)).sum()
    else:
        context, weights = submission.attend(*_given([vectors, asked, real]))
        loss = (context * torch.tensor(on_context)).sum() + (weights * torch.tensor(on_weights)).sum()
    found = torch.autograd.grad(loss, [vectors, asked], allow_unused=True)
    pairs = zip(found, (vectors, asked), strict=True)
    return [_array(torch.zeros_like(of) if gradient is None else gradient) for gradient, of in pairs]


# ------------------------------------------------------------------------------------------------------ the classifiers


def fresh_parameters(submission: Any, kind: str, sizes: Sequence[int], seeds: Sequence[Any]) -> list[list[np.ndarray]]:
    """Return the parameters of a fresh model for each seed, with the global random generators in varying states.

    If a seed is None, the model is created without a seed.
    """
    found = []
    for seed in seeds:
        torch.rand(7)
        found.append(_parameters(_model(submission, kind, sizes, seed)))
    return found


def answers_of_model(
    submission: Any, kind: str, sizes: Sequence[int], seed: int, noise: int, batches: Sequence[Sequence[np.ndarray]]
) -> list[list[np.ndarray]]:
    """Return the logits, and any weights, that a model with noisy parameters computes for each batch (tokens, mask).

    `sizes` are the vocabulary size, the embedding size and the number of classes. `noise` is the seed for the noise.
    """
    model = _model(submission, kind, sizes, seed)
    _shake(model, noise)
    model.eval()
    return [_answer(model, torch.tensor(tokens), torch.tensor(mask)) for tokens, mask in batches]


# --------------------------------------------------------------------------------------------------------- the training


def training(
    submission: Any, kind: str, train_set: Told, test_set: Told, seed: int, epochs: int, hidden: np.ndarray
) -> dict[str, Any]:
    """Train a model; return its history, its parameters before and after, and its answers for the hidden sentences.

    `shown_before` and `shown_after` are its logits for the training reviews, before and after training.

    Shown as:
        import torch
        from attention import {kind}
        {lines}
        model = {kind}(len(corpus.vocabulary), seed=seed)
        before = [each.detach().clone() for each in model.parameters()]
        tokens, mask, labels = corpus.batch(corpus.train)
        def loss():
            with torch.no_grad():
                answer = model(tokens, mask)
            logits = answer[0] if isinstance(answer, tuple) else answer
            return torch.nn.functional.cross_entropy(logits, labels).item()
        loss_before = loss()
        history = train(model, corpus, epochs=epochs, seed=seed)
        print("loss before and after the training:", loss_before, loss())
        print("parameters that changed:", [not torch.equal(*pair) for pair in zip(before, model.parameters())])
        {{"history": [float(loss) for loss in history]}}
    """
    corpus = _corpus(train_set, test_set)
    model = _model(submission, kind, [len(corpus.vocabulary)], seed)
    before, shown_before = _parameters(model), _answer(model, *corpus.encode(_split(train_set[0])))[0]
    history = submission.train(model, corpus, epochs=epochs, seed=seed)
    model.eval()
    answer = _answer(model, *corpus.encode(_split(hidden)))
    return {
        "history": [float(loss) for loss in history],
        "before": before,
        "after": _parameters(model),
        "shown_before": shown_before,
        "shown_after": _answer(model, *corpus.encode(_split(train_set[0])))[0],
        "logits": answer[0],
        "weights": answer[1] if len(answer) > 1 else None,
    }


def parameters_after(
    submission: Any, kind: str, train_set: Told, tests: Sequence[Told], seed: int, epochs: int, moved: bool = False
) -> list[list[np.ndarray]]:
    """Train a model with this seed once for each set of test reviews, and return its parameters each time.

    The global random generators start from the same state each time, or from a different state if `moved` is true.

    Shown as:
        import torch
        from attention import {kind}
        {lines}
        found = []
        for number, corpus in enumerate(corpora):
            torch.manual_seed(number if moved else 0)
            model = {kind}(len(corpus.vocabulary), seed=seed)
            train(model, corpus, epochs=epochs, seed=seed)
            found.append(torch.cat([each.detach().flatten() for each in model.parameters()]))
        [(each - found[0]).norm().item() for each in found]
    """
    found = []
    for number, test in enumerate(tests):
        for start in (torch.manual_seed, np.random.seed, random.seed):
            start(number if moved else 0)
        found.append(_parameters(_trained(submission, kind, _corpus(train_set, test), seed, epochs)))
    return found


def answers_of_trained(
    submission: Any, train_set: Told, test_set: Told, seed: int, epochs: int, hidden: np.ndarray
) -> list[np.ndarray]:
    """Return the trained attention classifier's logits and weights for sentences; the last model is cached."""
    corpus, model = _kept(submission, train_set, test_set, seed, epochs)
    return _answer(model, *corpus.encode(_split(hidden)))


_last: list[Any] = [None, None]


def _kept(submission: Any, train_set: Told, test_set: Told, seed: int, epochs: int) -> tuple[Corpus, nn.Module]:
    """Return a corpus and the attention classifier trained on it, from the cache if the arguments are unchanged."""
    asked = (*map(bytes, (*train_set, *test_set)), seed, epochs)
    if _last[0] != asked:
        corpus = _corpus(train_set, test_set)
        model = _trained(submission, KINDS[0], corpus, seed, epochs)
        model.eval()
        _last[:] = asked, (corpus, model)
    return _last[1]


# ----------------------------------------------------------------------------------------------------- the explanations


def explanations(
    submission: Any, train_set: Told, test_set: Told, seeds: Sequence[int], epochs: int, sentences: np.ndarray
) -> list[dict[str, Any]]:
    """Train models with several seeds, then return each model's explanations of every sentence.

    `forward` holds the results of each model's forward for the same sentences.

    Shown as:
        import torch
        from attention import AttentionClassifier
        {lines}
        models = []
        for seed in seeds:
            models.append(AttentionClassifier(len(corpus.vocabulary), seed=seed))
            train(models[-1], corpus, epochs=epochs, seed=seed)
        found = [{{"told": []}} for _ in models]
        for sentence in spoken:
            for model, each in zip(models, found):
                told = explain(model.eval(), corpus, sentence)
                pairs = [(str(word), float(weight)) for word, weight in told.weights]
                each["told"].append({{"prediction": told.prediction, "confidence": float(told.confidence)}})
                each["told"][-1] |= {{"words": [word for word, _ in pairs], "weights": dict(pairs)}}
        found
    """
    corpus = _corpus(train_set, test_set)
    models = [_trained(submission, KINDS[0], corpus, seed, epochs) for seed in seeds]
    found: list[dict[str, Any]] = []
    for model in models:
        model.eval()
        found.append({"told": []})
    for sentence in _lines(sentences):
        for model, kept in zip(models, found, strict=True):
            kept["told"].append(_explained(submission, model, corpus, sentence))
    for model, kept in zip(models, found, strict=True):
        kept["forward"] = [_answer(model, *corpus.encode([sentence])) for sentence in _lines(sentences)]
    return found


def _explained(submission: Any, model: nn.Module, corpus: Corpus, sentence: str) -> dict[str, Any]:
    explanation = submission.explain(model, corpus, sentence)
    return {
        "prediction": explanation.prediction,
        "confidence": float(explanation.confidence),
        "words": [str(word) for word, _ in explanation.weights],
        "weights": np.array([float(weight) for _, weight in explanation.weights]),
    }


def bars(
    submission: Any, prediction: str, confidence: float, words: list[str], weights: list[float], minimum: float | None
) -> str:
    """Return as_bars(explanation), called with `minimum` unless that is None."""
    weighted = list(zip(words, weights, strict=True))
    explanation = submission.Explanation(prediction=prediction, confidence=confidence, weights=weighted)
    return submission.as_bars(explanation) if minimum is None else submission.as_bars(explanation, minimum=minimum)


# ---------------------------------------------------------------------------------------------------------- the heatmap


def heatmap_of(
    submission: Any, train_set: Told, test_set: Told, seed: int, noise: int, sentences: np.ndarray
) -> dict[str, Any]:
    """Return the heatmap of a model with noisy parameters: the file, and the contents of the figure when it was saved.

    `weights` are those that the model's forward returns for each sentence alone. `cells` and `texts` come from _seen.

    Shown as:
        import torch
        from attention import AttentionClassifier
        {lines}
        model = AttentionClassifier(len(corpus.vocabulary), seed=seed).eval()
        generator = torch.Generator().manual_seed(noise)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.5 * torch.randn(parameter.shape, generator=generator)
        heatmap(model, corpus, spoken, "heatmap.png")
        print("Look at heatmap.png.")
    """
    import matplotlib.figure

    corpus = _corpus(train_set, test_set)
    model = _model(submission, KINDS[0], [len(corpus.vocabulary)], seed)
    _shake(model, noise)
    model.eval()
    seen: list[dict[str, Any]] = []
    saving = matplotlib.figure.Figure.savefig

    def look(figure: Any, *arguments: Any, **options: Any) -> Any:
        result = saving(figure, *arguments, **options)  # saving comes first because it fixes the layout
        seen.append(_seen(figure))
        return result

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "heatmap.png"
        matplotlib.figure.Figure.savefig = look  # type: ignore[method-assign]
        try:
            submission.heatmap(model, corpus, _lines(sentences), path)
        finally:
            matplotlib.figure.Figure.savefig = saving  # type: ignore[method-assign]
        picture = path.read_bytes() if path.is_file() else b""
    weights = [_answer(model, *corpus.encode([sentence]))[1][0] for sentence in _lines(sentences)]
    return {"picture": picture, "figures": seen, "weights": weights}


def _seen(figure: Any) -> dict[str, Any]:
    """Return the rows of cells and the texts of a figure, in pixels from its lower left corner.

    For each row of an image or a mesh, `cells` holds the index of its axes, its values, its lower and upper edge, and
    the edges of its columns. For each text, `texts` holds the index of its axes, the text, its anchor, and the middle
    of its box. The anchor of a tick label is its tick.
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
            if image.origin == "upper":  # the first row of the image is at the top
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


# ------------------------------------------------------------------------------------------------------- the comparison


def comparison(submission: Any, train_set: Told, test_set: Told, seeds: Sequence[int]) -> dict[str, Any]:
    """Return compare's table and how many seconds it took, then train both models of each seed twice more.

    For each row, `again` holds the logits of the test reviews after each of these training runs, and the number of
    trained parameters.

    Shown as:
        import torch
        {lines}
        table = compare(corpus, seeds)
        shown = {{
            "kind": type(table).__name__,
            "columns": [str(name) for name in table.columns],
            "model": [str(name) for name in table["model"]],
            "seed": [float(value) for value in table["seed"]],
            "accuracy": [float(value) for value in table["accuracy"]],
            "seconds": [float(value) for value in table["seconds"]],
            "parameters": [float(value) for value in table["parameters"]],
        }}
        shown
    """
    corpus = _corpus(train_set, test_set)
    began = time.perf_counter()
    frame = submission.compare(corpus, list(seeds))
    seconds = time.perf_counter() - began
    again = []
    for seed in seeds:
        for kind in KINDS:
            logits = []
            for start in (0, 1):
                for seed_of in (torch.manual_seed, np.random.seed, random.seed):
                    seed_of(start)
                model = _trained(submission, kind, corpus, seed, 20)
                model.eval()
                logits.append(_answer(model, *corpus.encode(_split(test_set[0])))[0])
            again.append((*logits, sum(map(np.size, _parameters(model)))))
    return {
        "kind": type(frame).__name__,
        "columns": [str(name) for name in frame.columns],
        "model": [str(name) for name in frame["model"]],
        **{name: [float(value) for value in frame[name]] for name in ("seed", "accuracy", "seconds", "parameters")},
        "wall_seconds": seconds,
        "again": again,
    }


# ------------------------------------------------------------------------------------------------------ shared helpers


def _corpus(train: Told, test: Told) -> Corpus:
    reviews = [
        tuple(Review(words, label) for words, label in zip(_split(text), labels.tolist(), strict=True))
        for text, labels in (train, test)
    ]
    return Corpus(*reviews)


def _lines(text: np.ndarray) -> list[str]:
    return bytes(text).decode().split("\n")


def _split(text: np.ndarray) -> list[tuple[str, ...]]:
    return [tuple(sentence.split()) for sentence in _lines(text)]


def _model(submission: Any, kind: str, sizes: Sequence[int], seed: int | None) -> nn.Module:
    names = ("vocabulary_size", "embedding_dim", "n_classes")
    options = dict(zip(names, sizes, strict=False)) | ({} if seed is None else {"seed": seed})
    return getattr(submission, kind)(**options)


def _trained(submission: Any, kind: str, corpus: Corpus, seed: int, epochs: int) -> nn.Module:
    model = _model(submission, kind, [len(corpus.vocabulary)], seed)
    submission.train(model, corpus, epochs=epochs, seed=seed)
    return model


def _shake(model: nn.Module, seed: int) -> None:
    """Add noise with standard deviation 1/2 to every parameter, so that none has a special value."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.5 * torch.randn(parameter.shape, generator=generator)


@torch.no_grad()
def _answer(model: nn.Module, tokens: torch.Tensor, mask: torch.Tensor) -> list[np.ndarray]:
    answer = model(tokens, mask)
    return [_array(part) for part in (answer if isinstance(answer, (tuple, list)) else [answer])]


def _parameters(model: nn.Module) -> list[np.ndarray]:
    return [_array(parameter) for parameter in model.parameters() if parameter.requires_grad]


def _tensors(*arrays: np.ndarray | None) -> list[Any]:
    return [None if array is None else torch.tensor(array) for array in arrays]


def _given(arguments: Sequence[Any]) -> list[Any]:
    return [argument for argument in arguments if argument is not None]


def _array(values: Any) -> np.ndarray | None:
    return None if values is None else torch.as_tensor(values).detach().numpy().copy()

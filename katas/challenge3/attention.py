"""Challenge 3: attention, what a classifier of film reviews looks at, and whether looking helps."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from corpus import Corpus, make_corpus

EPOCHS = 20  # what compare trains for


@dataclass(frozen=True)
class Explanation:
    """What the model says of one sentence, and what it looked at.

    prediction: "Negative" or "Positive".
    confidence: the softmax probability of the prediction, a float between 0.5 and 1.
    weights: (word, weight) of every word, in the order of the sentence; weights are floats that sum to 1.
    """

    prediction: str
    confidence: float
    weights: list[tuple[str, float]]


def attention_weights(H: torch.Tensor, query: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
    """Softmax of the scores h_i · query over the real words of each sentence, not scaled.

    Arguments:
        H: the vectors of the words, shape (n, words, d), float64 (float32: an extra).
        query: shape (d,), H's dtype.
        mask: shape (n, words), bool, True at real words. Padding may be anywhere in a row, and every row has at
            least one real word. None: all words are real.

    Returns:
        Weights (n, words) of H's dtype. Every row sums to 1 and is exactly 0 at padding, whatever vectors are there.
        Gradients flow to H and query. Extras: scores may be ±1e4 or below -1e10; arguments stay as they are.
    """
    raise NotImplementedError


def attend(H: torch.Tensor, query: torch.Tensor, mask: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """Context (n, d), the mean of the vectors by their attention weights, and the weights (n, words).

    Arguments as those of attention_weights. Gradients flow through both.
    """
    raise NotImplementedError


class AttentionClassifier(torch.nn.Module):
    """Embedding → attend with a trained query → linear layer.

    The vector of a word is made from that word alone, and a linear layer makes the logits from the context. Scores may
    be scaled here. Padding changes nothing, whatever tokens are there. Equal seeds give equal models and different
    seeds different ones, whatever the state of torch's global generator.
    """

    def __init__(self, vocabulary_size: int, embedding_dim: int = 32, n_classes: int = 2, seed: int = 0) -> None:
        raise NotImplementedError

    def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens (n, words) int64 and mask (n, words) bool → logits (n, n_classes) and weights (n, words)."""
        raise NotImplementedError


class MeanPoolingClassifier(torch.nn.Module):
    """The same without attention: embedding → mean over the real words → linear layer; no query."""

    def __init__(self, vocabulary_size: int, embedding_dim: int = 32, n_classes: int = 2, seed: int = 0) -> None:
        raise NotImplementedError

    def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Tokens (n, words) int64 and mask (n, words) bool → logits (n, n_classes)."""
        raise NotImplementedError


def train(model: torch.nn.Module, corpus: Corpus, *, epochs: int, seed: int) -> list[float]:
    """Train either model in place on corpus.train with the cross-entropy; you choose batches and optimizer.

    Don't use corpus.test. The grader trains on 2 000 reviews for 20 epochs and stops you after two minutes. An extra:
    equal models, corpora and seeds give equal results, whatever the state of torch's global generator.

    Returns:
        For each epoch the mean loss of its batches, floats.
    """
    raise NotImplementedError


def explain(model: AttentionClassifier, corpus: Corpus, sentence: str) -> Explanation:
    """Tell what the model says of a sentence, and what it looked at.

    Words are those of corpus.words_of, in their order, also those outside the vocabulary.
    """
    raise NotImplementedError


def as_bars(explanation: Explanation, minimum: float = 0.05) -> str:
    """The words with a weight of at least `minimum`, the largest weight first.

    For example:

        Attention weights:
        - "terrible": 0.45 ██████████
        - "boring": 0.38 ████████
        - "absolutely": 0.10 ██
        - Other words: <0.05
        Prediction: Negative (0.92 confidence)

    The bar of the largest weight has ten blocks (U+2588); the others are in proportion, rounded up or down. All numbers
    (weights, minimum, confidence) have two decimals. Lines are joined by "\\n". Extras: blocks are rounded to the
    nearest whole number, at least one; equal weights stay in the order of the sentence; no line "Other words" if there
    are none.
    """
    raise NotImplementedError


def heatmap(model: AttentionClassifier, corpus: Corpus, sentences: Sequence[str], path: str | Path) -> None:
    """A picture of the attention weights, written to `path` as PNG, at least 300 × 200 pixels.

    One row a sentence, the first at the top, one cell a word, in the order of the sentence; the word stands in its
    cell, or on the axis below or above it where each sentence has axes of its own. Cells are those of matplotlib's
    imshow, matshow, pcolor or pcolormesh, and what these are given are the weights; cells behind a shorter sentence
    are 0, NaN or masked.
    """
    raise NotImplementedError


def compare(corpus: Corpus, seeds: Sequence[int]) -> pd.DataFrame:
    """Both classifiers, with their default sizes, trained for EPOCHS epochs; model and training have the same seed.

    Returns:
        Columns model ("attention" or "mean pooling"), seed, accuracy (the share of corpus.test that is right), seconds
        (how long the training took), parameters (how many numbers are trained). For each seed, in the given order, a
        row for "attention" and then one for "mean pooling". The grader trains the models of these seeds again and
        compares the accuracies.
    """
    raise NotImplementedError


def main() -> None:
    """See it with your own eyes."""
    corpus = make_corpus(seed=0)  # corpus.real_corpus(seed=0) after `katas data fetch reviews`
    model = AttentionClassifier(len(corpus.vocabulary), seed=0)
    train(model, corpus, epochs=EPOCHS, seed=0)
    sentences = [
        "This movie was absolutely terrible and boring",
        *(" ".join(review.words) for review in corpus.test[:5]),
    ]
    print(as_bars(explain(model, corpus, sentences[0])))
    heatmap(model, corpus, sentences, "heatmap.png")
    print(f"the picture is {os.path.abspath('heatmap.png')}")
    few = make_corpus(seed=0, n_train=300)  # with 2 000 reviews both models get everything right
    print(compare(few, seeds=[0, 1, 2]).to_string(index=False))


if __name__ == "__main__":
    main()

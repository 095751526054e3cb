"""Challenge 3: build attention, see what a classifier of film reviews looks at, and measure whether that helps."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from corpus import Corpus, make_corpus

EPOCHS = 20  # how long compare trains each model


@dataclass(frozen=True)
class Explanation:
    """The model's prediction for one sentence, and what it looked at.

    prediction: "Negative" or "Positive".
    confidence: the softmax probability of the prediction, a float between 0.5 and 1.
    weights: (word, weight) for every word, in the order of the sentence; the weights are floats that sum to 1.
    """

    prediction: str
    confidence: float
    weights: list[tuple[str, float]]


def attention_weights(H: torch.Tensor, query: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
    """Return the softmax of the scores h_i · query over the real words of each sentence. Don't scale the scores.

    Arguments:
        H: the vectors of the words, shape (n, words, d), float64 (extra: also float32).
        query: shape (d,), H's dtype.
        mask: shape (n, words), bool, True at real words. Padding may be anywhere in a row, and every row has at
            least one real word. None: all words are real.

    Returns:
        Weights (n, words) with H's dtype. Every row sums to 1 and is exactly 0 at padding, whatever vectors are there.
        Gradients flow to H and query. Extras: scores may be ±1e4 or below -1e10; the arguments stay unchanged;
        no Python loop over the sentences.
    """
    raise NotImplementedError


def attend(H: torch.Tensor, query: torch.Tensor, mask: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the context (n, d), the mean of the vectors weighted by attention, and the weights (n, words).

    The arguments are those of attention_weights. Gradients flow through context and weights.
    """
    raise NotImplementedError


class AttentionClassifier(torch.nn.Module):
    """Embedding → attend with a trained query → linear layer.

    The vector of a word depends on that word alone, and a linear layer turns the context into logits. You may scale the
    scores here. Compute in float32 or float64. Padding changes nothing, whatever tokens are there. Equal seeds give
    equal models, and different seeds different ones, whatever the state of torch's global generator.
    """

    def __init__(self, vocabulary_size: int, embedding_dim: int = 32, n_classes: int = 2, seed: int = 0) -> None:
        raise NotImplementedError

    def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Turn tokens (n, words) int64 and mask (n, words) bool into logits (n, n_classes) and weights (n, words)."""
        raise NotImplementedError


class MeanPoolingClassifier(torch.nn.Module):
    """The same classifier without attention: embedding → mean over the real words → linear layer. It has no query."""

    def __init__(self, vocabulary_size: int, embedding_dim: int = 32, n_classes: int = 2, seed: int = 0) -> None:
        raise NotImplementedError

    def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Turn tokens (n, words) int64 and mask (n, words) bool into logits (n, n_classes)."""
        raise NotImplementedError


def train(model: torch.nn.Module, corpus: Corpus, *, epochs: int, seed: int) -> list[float]:
    """Train either model in place on corpus.train with the cross-entropy loss; you choose batches and optimizer.

    Don't use corpus.test. The grader trains on 2 000 reviews for 20 epochs and stops the training after two minutes.
    Extra: equal models, corpora and seeds give equal results, whatever the state of torch's global generator.

    Returns:
        The mean loss over the batches of each epoch, as floats.
    """
    raise NotImplementedError


def explain(model: AttentionClassifier, corpus: Corpus, sentence: str) -> Explanation:
    """Return the model's prediction for a sentence, and what it looked at.

    The words are those of corpus.words_of, in the order of the sentence, including those outside the vocabulary.
    """
    raise NotImplementedError


def as_bars(explanation: Explanation, minimum: float = 0.05) -> str:
    """Return the words with a weight of at least `minimum` as bars, the largest weight first.

    For example:

        Attention weights:
        - "terrible": 0.45 ██████████
        - "boring": 0.38 ████████
        - "absolutely": 0.10 ██
        - Other words: <0.05
        Prediction: Negative (0.92 confidence)

    The bar of the largest weight has ten blocks (U+2588); the others are in proportion, rounded up or down. All numbers
    (weights, minimum, confidence) have two decimals. Join the lines with "\\n". Extras: round blocks to the nearest
    whole number, but show at least one; keep equal weights in the order of the sentence; leave out the line "Other
    words" if there are none.
    """
    raise NotImplementedError


def heatmap(model: AttentionClassifier, corpus: Corpus, sentences: Sequence[str], path: str | Path) -> None:
    """Draw the attention weights and save the picture at `path` as a PNG file of at least 300 × 200 pixels.

    Each sentence has a row, the first at the top, and each word a cell, in the order of the sentence. Write the word in
    its cell or, if each sentence has its own axes, on the axis below or above it. Draw the cells with matplotlib's
    imshow, matshow, pcolor or pcolormesh, and pass the weights themselves; cells after a shorter sentence are 0, NaN or
    masked.
    """
    raise NotImplementedError


def compare(corpus: Corpus, seeds: Sequence[int]) -> pd.DataFrame:
    """Train both classifiers with their default sizes for EPOCHS epochs; use each seed for the model and its training.

    Returns:
        Columns model ("attention" or "mean pooling"), seed, accuracy (the share of corpus.test that the model gets
        right), seconds (how long the training took), parameters (how many numbers are trained). For each seed, in the
        given order, a row for "attention" and then one for "mean pooling". The grader trains the models with these
        seeds again and compares the accuracies.
    """
    raise NotImplementedError


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

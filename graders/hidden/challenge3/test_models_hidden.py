"""Test the two classifiers, their training, and which words get the most attention.

Two properties distinguish real attention from imitations. First, the logits are an affine function of the context, the
context is a weighted mean of vectors, and the weights sum to 1. So the logits of a sentence must be a weighted mean of
the logits that its words have as one-word sentences. Second, a word's score depends on that word alone, so the weights
in a sentence follow from the weights in pairs of its words. Both properties are tested on models with noisy parameters,
so that no two weights are equal.

Each training run has 20 epochs on 2 000 reviews, in English or in the invented language. The thresholds below are
based on measurements of six variants. The numbers in brackets say how many seeds were used. The first variant is the
solution (12). Four variants use PyTorch's default embeddings: Adam with a learning rate of 1e-3 in batches of 32 (12)
and of 64 (8), RMSprop with 3e-3 (8), and SGD with 0.1 (8). In the last variant, the initial query has a standard
deviation of 1 (8), so its scores are about ±10 before training. The first five variants reach the required accuracy,
and all six are well within every other threshold.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from graders import datasets
from graders.checks import about, assert_equal, cases, task
from graders.hidden.challenge3.promise import promise
from graders.hidden.challenge3.reviews import (
    EXAMPLE,
    Language,
    english,
    invented,
    other_labels,
    real,
    sent,
    text,
    without,
)

ATTENTION, MEAN = "AttentionClassifier", "MeanPoolingClassifier"
N_TRAIN, EPOCHS = 2000, 20

# In float32, rounding may cause errors of 1e-5, since sums have dozens of terms and logits and scores reach a few tens.
ROUNDING = 1e-4

# This is five percentage points below what the README and the visible tests require, so that passing doesn't depend on
# the seed. On hidden reviews, the solution's accuracy is 0.994 to 1.000. Adam and RMSprop reach at least 0.954, SGD at
# least 0.886, and the last variant at least 0.788.
ACCURACY = 0.85
BELOW_MEAN = 0.10  # mean pooling may be better by this plus chance; in the solution, it was better by at most 0.002
LOOK = "print the weights of a fresh model: if one of them is nearly 1, the scores are too large; see Hint 3"
BY_CHANCE = 3  # multiple of the distance between repeated runs, which is 0 if the seed decides everything
DEVIATIONS = 3  # the difference may exceed its limit by this many standard deviations
MEAN_TRAINED = 0.60  # the solution reaches 0.996 to 1.000, the other variants at least 0.702; guessing gives 0.5
LOSS_FALLS = 0.75  # last loss / first loss; it is at most 0.006 in the solution and 0.587 in the other variants
# At least this share of the weight must be on the words that decide the label. It is 0.871 to 0.924 in the solution
# and at least 0.574 in the other variants; if all weights were equal, it would be 0.098 to 0.110.
EVIDENCE = 0.5
# The share of answers that change when two words are left out is 0.486 to 0.621 for the words with the largest weights,
# and at most 0.009 for two other words. The difference must be at least this large.
CHANGED_MORE = 0.25

N_REAL, N_KEPT_BACK, REAL_EPOCHS = 5000, 2000, 10
# The README and the visible test require 0.60. The real reviews were not available for measurements, but made ones
# were: each has 60 words, drawn from 8000 words that are nearly as frequent in one class as in the other. Naive Bayes
# classifies 0.695 of them correctly, and the solution and the accepted answers 0.624 to 0.668. On similar reviews, the
# best of 300 untrained models reached 0.549.
REAL_ACCURACY = 0.57


# ------------------------------------------------------------------------------------------------------ the classifiers


def sentences_of_tokens(draw: Any, vocabulary: int, n: int, words: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw tokens (n, words), and a mask of the words in each row. The padding after them has the token 0."""
    rng = np.random.default_rng(draw.seed())
    mask = np.arange(words) < rng.integers(1, words + 1, n)[:, None]
    mask[0] = True
    return np.where(mask, rng.integers(2, vocabulary, (n, words)), 0), mask


def sizes_of(draw: Any) -> list[int]:
    return [draw.integers(20, 60), draw.integers(2, 24), draw.integers(2, 5)]


def assert_answer(answer: Any, kind: str, tokens: np.ndarray, mask: np.ndarray, classes: int) -> None:
    """Check the shapes and dtypes of what forward returned, and that any weights are valid."""
    parts = {ATTENTION: "logits and weights", MEAN: "logits"}[kind]
    promise(len(answer) == len(parts.split(" and ")), f"forward returned {len(answer)} values, expected {parts}")
    for name, array, shape in zip(("logits", "weights"), answer, ((len(tokens), classes), mask.shape), strict=False):
        promise(
            array.shape == shape,
            f"forward returned {name} of shape {array.shape} for tokens of shape {tokens.shape}, expected {shape}",
        )
        floats = array.dtype in (np.float32, np.float64)
        promise(floats, f"forward returned {name} in {array.dtype}, expected float32 or float64")
    if kind == ATTENTION:
        weights = answer[1]
        promise(not weights[~mask].any(), "forward returned a weight at padding that is not 0")
        promise(weights.min() >= 0, "forward returned a weight below 0")
        off = abs(weights.sum(axis=1) - 1).max()
        promise(off <= ROUNDING, f"the sum of a sentence's weights differs from 1 by {off:.4f}")


def near(found: np.ndarray, expected: np.ndarray) -> bool:
    """Return whether two arrays differ only by float32 rounding, relative to the largest expected entry."""
    return bool(abs(found - expected).max() <= ROUNDING * max(1.0, float(abs(expected).max())))


@task("classifier")
@cases(4)
def test_padding_changes_neither_logits_nor_weights(kata: Any, draw: Any, probes: Any) -> None:
    kind = (ATTENTION, MEAN)[draw.case % 2]
    sizes = sizes_of(draw)
    n, words = draw.integers(2, 7), draw.integers(4, 9)
    tokens, mask = sentences_of_tokens(draw, sizes[0], n, words)
    rng = np.random.default_rng(draw.seed())
    others = np.where(mask, tokens, rng.integers(0, sizes[0], tokens.shape))  # other tokens at padding
    more = rng.integers(1, 5)
    longer = np.pad(tokens, ((0, 0), (0, more))), np.pad(mask, ((0, 0), (0, more)))
    batches = [(tokens, mask), (others, mask), longer]
    batches += [(row[real][None], real[real][None]) for row, real in zip(tokens, mask, strict=True)]
    answers = kata.run(probes.answers_of_model, kind, sizes, draw.seed(), draw.seed(), batches)
    for answer, batch in zip(answers, batches, strict=True):
        assert_answer(answer, kind, *batch, sizes[2])
    logits = answers[0][0]
    promise(near(answers[1][0], logits), "changing the tokens at padding changes the logits")
    promise(near(answers[2][0], logits), "more padding changes the logits")
    alone = np.concatenate([answer[0] for answer in answers[3:]])
    promise(near(alone, logits), "a sentence has different logits alone and in a batch with longer ones")
    if kind == ATTENTION:
        weights = answers[0][1]
        promise(near(answers[1][1], weights), "changing the tokens at padding changes the weights")
        promise(near(answers[2][1][:, :words], weights), "more padding changes the weights")


@task("classifier")
@cases(4)
def test_weights_follow_word_order_and_logits_do_not_change(kata: Any, draw: Any, probes: Any) -> None:
    kind = (ATTENTION, MEAN)[draw.case % 2]
    sizes = sizes_of(draw)
    tokens, mask = sentences_of_tokens(draw, sizes[0], draw.integers(2, 7), draw.integers(4, 9))
    order = np.random.default_rng(draw.seed()).permutation(tokens.shape[1])
    batches = [(tokens, mask), (tokens[:, order], mask[:, order]), (tokens[::-1].copy(), mask[::-1].copy())]
    straight, mixed, backwards = kata.run(probes.answers_of_model, kind, sizes, draw.seed(), draw.seed(), batches)
    for answer, batch in zip((straight, mixed, backwards), batches, strict=True):
        assert_answer(answer, kind, *batch, sizes[2])
    promise(near(mixed[0], straight[0]), "the order of the words changes the logits")
    promise(near(backwards[0][::-1], straight[0]), "the order of the sentences changes their logits")
    if kind == ATTENTION:
        promise(near(mixed[1], straight[1][:, order]), "reordering the words doesn't reorder their weights")
        promise(near(backwards[1][::-1], straight[1]), "reordering the sentences doesn't reorder their weights")


@task("classifier")
@cases(4)
def test_the_returned_weights_are_those_that_make_the_logits(kata: Any, draw: Any, probes: Any) -> None:
    sizes = sizes_of(draw)
    tokens, mask = sentences_of_tokens(draw, sizes[0], draw.integers(3, 7), draw.integers(4, 9))
    seeds = draw.seed(), draw.seed()
    vocabulary = np.arange(sizes[0])[:, None]
    alone, whole = kata.run(
        probes.answers_of_model, ATTENTION, sizes, *seeds, [(vocabulary, vocabulary >= 0), (tokens, mask)]
    )
    assert_answer(alone, ATTENTION, vocabulary, vocabulary >= 0, sizes[2])
    assert_answer(whole, ATTENTION, tokens, mask, sizes[2])
    logits, weights = whole
    expected = np.einsum("nw,nwc->nc", weights, alone[0][tokens])
    promise(
        near(logits, expected),
        "the logits of a sentence are not the mean of the logits of its words alone, weighted by the returned weights; "
        "return the weights that the answer is computed with",
    )
    heaviest = tokens[np.arange(len(tokens)), weights.argmax(axis=1)]
    pairs = np.stack([tokens, np.broadcast_to(heaviest[:, None], tokens.shape)], axis=2).reshape(-1, 2)
    (answer,) = kata.run(probes.answers_of_model, ATTENTION, sizes, *seeds, [(pairs, np.full(pairs.shape, True))])
    by_pairs = (answer[1][:, 0] / answer[1][:, 1]).reshape(tokens.shape) * mask
    promise(
        near(weights, by_pairs / by_pairs.sum(axis=1, keepdims=True)),
        "the weights of a sentence don't follow from those of its words in pairs; a word's score must depend on that "
        "word alone",
    )


@task("classifier")
@cases(4)
def test_mean_pooling_counts_every_real_word_equally(kata: Any, draw: Any, probes: Any) -> None:
    sizes = sizes_of(draw)
    tokens, mask = sentences_of_tokens(draw, sizes[0], draw.integers(2, 7), draw.integers(4, 9))
    vocabulary = np.arange(sizes[0])[:, None]
    alone, whole = kata.run(
        probes.answers_of_model, MEAN, sizes, draw.seed(), draw.seed(), [(vocabulary, vocabulary >= 0), (tokens, mask)]
    )
    expected = (alone[0][tokens] * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1)[:, None]
    promise(
        near(whole[0], expected), "mean pooling: the logits of a sentence are not the mean of the logits of its words"
    )


@task("classifier")
@cases(2)
def test_equal_seeds_give_equal_models(kata: Any, draw: Any, probes: Any) -> None:
    kind = (ATTENTION, MEAN)[draw.case]
    sizes, seed = sizes_of(draw), draw.seed()
    one, other, same, default, zero = kata.run(probes.fresh_parameters, kind, sizes, [seed, seed + 1, seed, None, 0])
    with about(f"two {kind}s with the same seed"):
        assert_equal(same, one)
    with about(f"{kind} without a seed and with seed=0"):
        assert_equal(default, zero)
    promise(
        any(not np.array_equal(a, b) for a, b in zip(one, other, strict=True)),
        f"two seeds give the same {kind}, expected different ones",
    )
    trained = sum(map(np.size, one))
    least = sizes[0] * sizes[1]
    promise(
        trained >= least,
        f"{kind} trains {trained} numbers; expected at least {least}, as in an embedding of {sizes[0]} words",
    )


@task("classifier")
def test_the_query_is_a_parameter_and_mean_pooling_has_none(kata: Any, draw: Any, probes: Any) -> None:
    sizes = sizes_of(draw)
    counts = [
        sum(map(np.size, kata.run(probes.fresh_parameters, kind, sizes, [draw.seed()])[0]))
        for kind in (ATTENTION, MEAN)
    ]
    promise(
        counts[0] >= counts[1] + sizes[1],
        f"AttentionClassifier trains {counts[0]} numbers and MeanPoolingClassifier {counts[1]}; expected at least "
        f"{sizes[1]} more with attention, for the query",
    )


# --------------------------------------------------------------------------------------------------------- the training


def right_answers(logits: np.ndarray, language: Language) -> np.ndarray:
    n = len(language.labels)
    promise(logits.shape == (n, 2), f"forward returned logits of shape {logits.shape} for {n} reviews")
    return np.asarray(logits.argmax(axis=1) == language.labels)


def cross_entropy(logits: np.ndarray, labels: list[int]) -> float:
    return F.cross_entropy(torch.tensor(logits, dtype=torch.float64), torch.tensor(labels)).item()


def trained(kata: Any, probes: Any, kind: str, language: Language, seed: int) -> np.ndarray:
    """Train a model, check what changed, and return, for each hidden review, whether the answer is right."""
    reviews = sent(language.train), sent(language.test)
    run = kata.run(probes.training, kind, *reviews, seed, EPOCHS, text(language.hidden), lines=language.lines)
    history = run["history"]
    promise(len(history) == EPOCHS, f"train returned {len(history)} losses for {EPOCHS} epochs", history)
    promise(
        history[-1] <= LOSS_FALLS * history[0],
        f"the loss goes from {history[0]:.3f} to {history[-1]:.3f}; expected it to fall by at least a quarter",
        history,
    )
    for before, after in zip(run["before"], run["after"], strict=True):
        promise(
            not np.array_equal(before, after), f"train did not change a parameter of {kind}, of shape {before.shape}"
        )
    return right_answers(run["logits"], language)


def assert_accurate(right: np.ndarray) -> None:
    promise(
        right.mean() >= ACCURACY,
        f"with attention, {right.mean():.1%} of {len(right)} unseen reviews are classified correctly, expected at "
        f"least {ACCURACY:.0%}; {LOOK}",
    )


@task("training")
def test_unseen_reviews_are_classified_correctly(kata: Any, draw: Any, probes: Any) -> None:
    language = english(draw.seed(), N_TRAIN, n_hidden=1000)
    attention = trained(kata, probes, ATTENTION, language, draw.seed())
    mean = trained(kata, probes, MEAN, language, draw.seed())
    assert_accurate(attention)
    promise(
        mean.mean() >= MEAN_TRAINED,
        f"with mean pooling, {mean.mean():.1%} of {len(mean)} unseen reviews are classified correctly, expected at "
        f"least {MEAN_TRAINED:.0%}",
    )
    # The difference is a sum of ±1 over the reviews that only one of the two gets right; its variance is their number.
    below = (mean.sum() - attention.sum() - DEVIATIONS * np.sqrt((mean != attention).sum())) / len(mean)
    promise(
        below <= BELOW_MEAN,
        f"{attention.mean():.1%} of the unseen reviews are classified correctly with attention, and {mean.mean():.1%} "
        "with mean pooling",
    )


@task("training")
def test_a_made_up_language_is_learned(kata: Any, draw: Any, probes: Any) -> None:
    language = invented(draw.seed(), N_TRAIN)
    assert_accurate(trained(kata, probes, ATTENTION, language, draw.seed()))


@task("training")
@cases(2)
def test_the_history_is_the_loss_on_the_training_reviews(kata: Any, draw: Any, probes: Any) -> None:
    kind = (ATTENTION, MEAN)[draw.case]
    language = english(draw.seed(), 600)
    seed = draw.seed()
    for epochs in (1, 6):
        reviews = sent(language.train), sent(language.test)
        run = kata.run(probes.training, kind, *reviews, seed, epochs, text(language.hidden), lines=language.lines)
        history = run["history"]
        promise(len(history) == epochs, f"train returned {len(history)} losses for {epochs} epochs", history)
        before, after = (cross_entropy(run[name], language.train[1]) for name in ("shown_before", "shown_after"))
        # If the loss falls, an epoch's mean loss lies between the losses before and after that epoch. The margin was at
        # least 0.03 in all six variants, with 10 seeds each.
        promise(
            after * 0.9 - 0.02 <= history[-1] <= history[0] * 1.05,
            f"train reports a loss of {history[-1]:.3f} for the last epoch and {history[0]:.3f} for the first, but the "
            f"trained model has a loss of {after:.3f}",
            history,
        )
        promise(
            history[0] <= before * 1.05 + 0.05,
            f"train reports a loss of {history[0]:.3f} for the first epoch, but the fresh model has {before:.3f}",
            history,
        )


@task("training")
@cases(2)
def test_test_reviews_do_not_influence_the_training(kata: Any, draw: Any, probes: Any) -> None:
    kind = (ATTENTION, MEAN)[draw.case]
    language, stranger = english(draw.seed(), 300), english(draw.seed(), 1, n_test=130)
    tests = [sent(part) for part in (language.test, language.test, other_labels(language.test), stranger.test)]
    lines = f"""{language.lines}
turned = [Review(each.words, 1 - each.label) for each in corpus.test]
strange = {stranger.lines.rpartition(" = ")[2]}.test
corpora = [Corpus(corpus.train, each) for each in (corpus.test, corpus.test, turned, strange)]"""
    asked = kind, sent(language.train), tests, draw.seed(), 3, False
    distances = kata.run(probes.parameters_after, *asked, then=from_the_first, lines=lines)
    _, by_chance, turned, strange = distances  # by_chance is 0 if the seed decides everything, which an extra requires
    for distance, said in ((turned, "different labels for the test reviews"), (strange, "different test reviews")):
        promise(
            distance <= BY_CHANCE * by_chance,
            f"{said} give a different trained model: the distance between the parameters is {distance:.3g}, but only "
            f"{by_chance:.3g} if the same training run is repeated",
            distances,
        )


def from_the_first(models: list[list[np.ndarray]]) -> list[float]:
    """Return the Euclidean distances of models from the first one, with their parameters as one long vector."""
    vectors = [np.concatenate([each.ravel().astype(float) for each in parameters]) for parameters in models]
    return [float(np.linalg.norm(each - vectors[0])) for each in vectors]


@task("seeds")
@cases(2)
def test_training_with_equal_seeds_gives_equal_models(kata: Any, draw: Any, probes: Any) -> None:
    kind = (ATTENTION, MEAN)[draw.case]
    language, seed = english(draw.seed(), 300), draw.seed()
    tests = [sent(language.test)] * 2
    lines = f"{language.lines}\ncorpora = [corpus, corpus]"
    train_set = sent(language.train)
    first, again = kata.run(probes.parameters_after, kind, train_set, tests, seed, 3, True, lines=lines)
    promise(all(map(np.array_equal, first, again)), "two training runs with the same seed give different models")
    ((*other,),) = kata.run(probes.parameters_after, kind, train_set, tests[:1], seed + 1, 3, True, lines=lines)
    promise(not all(map(np.array_equal, first, other)), "two seeds give the same trained model")


@task("reviews")
def test_real_reviews_that_are_kept_back_are_classified_correctly(kata: Any, draw: Any, probes: Any) -> None:
    try:
        language = real(draw.seed(), N_REAL, N_KEPT_BACK)
    except datasets.DataError as fault:
        pytest.skip(f"there are no real reviews here: {fault}")
    model = sent(language.train), sent(language.test), draw.seed(), REAL_EPOCHS
    logits, _ = kata.run(probes.answers_of_trained, *model, text(language.hidden))
    right = right_answers(logits, language).mean()
    kata.measure(f"accuracy on {N_KEPT_BACK} unseen real reviews", right, f"at least {REAL_ACCURACY:g}")
    promise(
        right >= REAL_ACCURACY,
        f"{right:.1%} of {N_KEPT_BACK} unseen real reviews are classified correctly, expected at least "
        f"{REAL_ACCURACY:.0%}",
    )


# --------------------------------------------------------------------------------------------------------- the evidence


def masses(weights: np.ndarray, language: Language) -> tuple[float, float]:
    """Return the mean share of the weight on the words that decide the label, and the share expected by chance."""
    lengths = [len(sentence.split()) for sentence in language.hidden]
    given = [row[places].sum() for row, places in zip(weights, language.evidence, strict=True)]
    chance = [len(places) / length for places, length in zip(language.evidence, lengths, strict=True)]
    return float(np.mean(given)), float(np.mean(chance))


def assert_two_words_decide(kata: Any, draw: Any, probes: Any, train: Any, test: Any, seed: int, epochs: int) -> None:
    """Assert that the model decides the example by two words.

    A right training can leave the weight on another word, though rarely. Then two others must not.
    """

    def weights_of(seed: int) -> dict[str, float]:
        logits, weights = kata.run(probes.answers_of_trained, train, test, seed, epochs, text([EXAMPLE]))
        words = EXAMPLE.lower().split()
        promise(weights.shape == (1, len(words)), f"the weights for {EXAMPLE!r} have the shape {weights.shape}")
        promise(logits.argmax() == 0, f"{EXAMPLE!r} is classified as positive")
        return dict(zip(words, weights[0].astype(float).round(2).tolist(), strict=True))

    def is_decisive(weights: dict[str, float]) -> bool:
        return weights["terrible"] + weights["boring"] > 0.5

    weights = weights_of(seed)
    promise(
        is_decisive(weights) or (is_decisive(weights_of(draw.seed())) and is_decisive(weights_of(draw.seed()))),
        f"'terrible' and 'boring' together get no more than half of the weight in {EXAMPLE!r}: {weights}",
    )


@task("evidence")
@cases(2)
def test_the_model_looks_at_the_words_that_decide(kata: Any, draw: Any, probes: Any) -> None:
    language = (english, invented)[draw.case](draw.seed(), N_TRAIN)
    model = sent(language.train), sent(language.test), draw.seed(), EPOCHS
    logits, weights = kata.run(probes.answers_of_trained, *model, text(language.hidden))
    mass, chance = masses(weights, language)
    promise(
        mass >= EVIDENCE,
        f"the words that decide get {mass:.0%} of the weight, expected at least {EVIDENCE:.0%} (by chance it would be "
        f"{chance:.0%}); {LOOK}",
    )
    rng = np.random.default_rng(draw.seed())
    rows = [row for row, sentence in enumerate(language.hidden) if len(sentence.split()) >= 8]
    heavy, light = [], []
    for row in rows:
        sentence = language.hidden[row]
        order = np.argsort(-weights[row, : len(sentence.split())])
        heavy.append(without(sentence, order[:2]))
        light.append(without(sentence, rng.choice(order[2:], 2, replace=False)))
    classes = logits[rows].argmax(axis=1)
    changed = []
    for sentences in (heavy, light):
        again, _ = kata.run(probes.answers_of_trained, *model, text(sentences))
        changed.append(float(np.mean(again.argmax(axis=1) != classes)))
    promise(
        changed[0] >= changed[1] + CHANGED_MORE,
        f"leaving out the two heaviest words changes {changed[0]:.0%} of the answers, and leaving out two other words "
        f"changes {changed[1]:.0%}; expected a difference of at least {CHANGED_MORE:.0%}",
    )
    if draw.case == 0:
        assert_two_words_decide(kata, draw, probes, *model)

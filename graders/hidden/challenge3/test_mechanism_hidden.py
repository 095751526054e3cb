"""Compare the weights, the context and their gradients with torch in float64.

The allowed errors are derived as follows. Let A_i = Σ_k |h_ik q_k|, and let A be the largest A_i of a row's real words.
A score is a sum of d products, so its error δs_i is at most d eps A_i. These errors cause an error in each weight, with
|δα_i| <= α_i (|δs_i| + Σ_j α_j |δs_j|) <= 2 α_i d eps A. The sum of `words` terms in the softmax and the rounding of
s_i - max add (words + 2 A) eps α_i. The total is below 8 eps (d + words) α_i (1 + A).
Everything else is computed from the weights with products and sums of at most d + words terms. The bound on its error
has the same factor (1 + A), multiplied by the same sums with absolute values of their terms.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch

from graders.checks import about, assert_close, assert_equal, assert_gradient, assert_speed, cases, task
from graders.hidden.challenge3.promise import promise

HUGE = (1e11, 1e32)  # scores this far below 0, so that a finite score for padding would have to be even lower


class Row(NamedTuple):
    H: np.ndarray
    query: np.ndarray
    mask: np.ndarray | None

    @property
    def real(self) -> np.ndarray:
        """Return the mask, or a mask that is True everywhere if none was given."""
        return np.ones(self.H.shape[:2], bool) if self.mask is None else self.mask

    @property
    def factor(self) -> np.ndarray:
        """Return 1 + A for each row, as an array (n, 1)."""
        sizes = abs(self.H.astype(np.float64)) @ abs(self.query.astype(np.float64))
        return 1 + np.where(self.real, sizes, 0).max(axis=1, keepdims=True)

    @property
    def terms(self) -> int:
        return self.H.shape[1] + self.H.shape[2]


def arguments(draw: Any, *, masked: bool, dtype: Any = np.float64) -> Row:
    """Draw vectors, a query, and a mask with at least one real word per row. Padding has larger vectors."""
    n, words, d = draw.sizes("n words d", low=1, high=7)
    H, query = draw.normal(n, words, d, dtype=dtype), draw.normal(d, dtype=dtype)
    if not masked:
        return Row(H, query, None)
    mask = draw.mask(n, words, keep=0.6).astype(bool)
    mask[np.arange(n), draw.integers(0, words, n)] = True
    return Row(np.where(mask[:, :, None], H, 30 * H).astype(dtype), query, mask)


def reference(row: Row) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return H, query, weights and context in float64, with gradients tracked."""
    H = torch.tensor(row.H, dtype=torch.float64, requires_grad=True)
    query = torch.tensor(row.query, dtype=torch.float64, requires_grad=True)
    weights = weights_of(H, query, row)
    return H, query, weights, (weights[:, :, None] * H).sum(dim=1)


def weights_of(H: torch.Tensor, query: torch.Tensor, row: Row) -> torch.Tensor:
    """Return the weights (n, words) for these vectors and this query, with the row's mask."""
    return (H @ query).masked_fill(~torch.tensor(row.real), -torch.inf).softmax(dim=1)


def assert_weights(weights: Any, row: Row, dtype: Any = np.float64) -> None:
    """Check that weights (n, words) equal the softmax, are exactly 0 at padding, and sum to 1 in every row."""
    _, _, expected, _ = reference(row)
    truth = expected.detach().numpy()
    assert_close(weights, truth, dtype=dtype, scale=truth * row.factor, terms=row.terms)
    left = weights[~row.real]
    promise(not left.any(), f"the largest weight at padding is {left.max(initial=0):.3g}, expected exactly 0")
    with about("the sums of the weights"):
        assert_close(weights.sum(axis=1), np.ones(len(weights)), dtype=dtype, terms=row.terms)


def assert_context(context: Any, row: Row, dtype: Any = np.float64) -> None:
    """Check that the context (n, d) is the weighted mean of the vectors."""
    _, _, weights, expected = reference(row)
    scale = np.einsum("nw,nwd->nd", weights.detach().numpy(), abs(row.H.astype(np.float64))) * row.factor
    assert_close(context, expected.detach().numpy(), dtype=dtype, scale=scale, terms=row.terms)


def assert_left_alone(after: list[Any], row: Row) -> None:
    for name, value, before in zip(("H", "query", "mask"), after, row, strict=True):
        with about(f"{name} after the call"):
            assert_equal(value, before)


@task("weights")
@cases(20)
def test_weights_are_the_softmax_over_each_sentence(kata: Any, draw: Any, probes: Any) -> None:
    row = arguments(draw, masked=draw.case % 2 > 0)
    weights, *_ = kata.run(probes.weights_for, *row)
    assert_weights(weights, row)


@task("robust")
@cases(12)
def test_scores_may_be_large_and_sentences_one_word_long(kata: Any, draw: Any, probes: Any) -> None:
    row = arguments(draw, masked=draw.case % 3 > 0)
    largest = abs(row.H @ row.query).max()
    H = row.H * (1e4 / max(largest, 1e-3))
    mask = row.mask
    if draw.case % 3 == 2:  # one real word in every row
        mask = np.zeros(H.shape[:2], bool)
        mask[np.arange(len(H)), draw.integers(0, H.shape[1], len(H))] = True
    weights, *_ = kata.run(probes.weights_for, H, row.query, mask)
    assert_weights(weights, Row(H, row.query, mask))


@task("robust")
@cases(6)
def test_padding_gets_weight_0_however_low_real_scores_are(kata: Any, draw: Any, probes: Any) -> None:
    row = arguments(draw, masked=True)
    query = row.query + np.where(row.query < 0, -1, 1)  # so that no entry is near 0
    huge = HUGE[draw.case % 2]
    H = -huge * abs(row.H) * np.sign(query)
    H[~row.real] = 0
    weights, *_ = kata.run(probes.weights_for, H, query, row.mask)
    left = weights[~row.real]
    promise(weights.shape == row.real.shape, f"expected weights of shape {row.real.shape}, got {weights.shape}")
    promise(not left.any(), f"the largest weight at padding is {left.max(initial=0):.3g}, expected exactly 0")
    with about("the sums of the weights"):
        assert_close(weights.sum(axis=1), np.ones(len(weights)), terms=row.terms)
    if huge == min(HUGE):  # larger scores no longer differ after rounding
        assert_weights(weights, Row(H, query, row.mask))


@task("weights")
@cases(6)
def test_a_real_word_may_have_the_score_0(kata: Any, draw: Any, probes: Any) -> None:
    row = arguments(draw, masked=True)
    H = row.H.copy()
    H[np.arange(len(H)), row.real.argmax(axis=1)] = 0  # at the first real word of each sentence
    weights, *_ = kata.run(probes.weights_for, H, row.query, row.mask)
    assert_weights(weights, Row(H, row.query, row.mask))


@task("context")
@cases(20)
def test_the_context_is_the_weighted_mean_of_the_vectors(kata: Any, draw: Any, probes: Any) -> None:
    row = arguments(draw, masked=draw.case % 2 > 0)
    context, weights, *_ = kata.run(probes.context_for, *row)
    assert_weights(weights, row)
    assert_context(context, row)


@task("robust")
@cases(8)
def test_float32_stays_float32_and_arguments_do_not_change(kata: Any, draw: Any, probes: Any) -> None:
    dtype = (np.float32, np.float64)[draw.case % 2]
    row = arguments(draw, masked=draw.case % 4 > 1, dtype=dtype)
    context, weights, *after = kata.run(probes.context_for, *row)
    assert_weights(weights, row, dtype)
    assert_context(context, row, dtype)
    assert_left_alone(after, row)
    weights, *after = kata.run(probes.weights_for, *row)
    assert_left_alone(after, row)


@task("gradients")
@cases(18)
def test_gradients_with_respect_to_vectors_and_query(kata: Any, draw: Any, probes: Any) -> None:
    row = arguments(draw, masked=draw.case % 2 > 0)
    assert_gradients(kata, draw, probes, row, from_weights=draw.case % 3 == 0)


@task("robust")
@cases(6)
def test_gradients_are_right_with_extreme_scores_at_padding(kata: Any, draw: Any, probes: Any) -> None:
    row = arguments(draw, masked=True)  # exp(large score) is infinite, and 0 · infinity is NaN
    row = Row(np.where(row.real[:, :, None], row.H, 1e4 * row.H), row.query, row.mask)
    assert_gradients(kata, draw, probes, row, from_weights=draw.case % 3 == 0)


def assert_gradients(kata: Any, draw: Any, probes: Any, row: Row, *, from_weights: bool) -> None:
    """Check the gradients of a weighted sum with respect to H and query.

    The sum has random coefficients for the weights and, unless `from_weights` is true, for the contexts.
    Every element is compared with autograd and with central differences.
    """
    n, words, d = row.H.shape
    on_context = None if from_weights else draw.normal(n, d)
    on_weights = draw.normal(n, words)
    by_H, by_query = kata.run(probes.gradients_for, *row, on_context, on_weights)

    g = np.zeros((n, d)) if on_context is None else on_context

    def context_and_weights(H: torch.Tensor, query: torch.Tensor) -> torch.Tensor:
        weights = weights_of(H, query, row)
        return torch.cat([(weights[:, :, None] * H).sum(dim=1), weights], dim=1)

    inputs, cotangent = [row.H, row.query], np.concatenate([g, on_weights], axis=1)
    _, _, weights, _ = reference(row)
    # dL/ds_j = α_j (g·(h_j - c) + w_j - Σ α w), dL/dq = Σ_j dL/ds_j h_j, dL/dh_j = α_j g + dL/ds_j q
    alpha, vectors = weights.detach().numpy(), np.where(row.real[:, :, None], abs(row.H), 0)
    mean = np.einsum("nw,nwd->nd", alpha, vectors)
    slope = np.einsum("nwd,nd->nw", vectors + mean[:, None], abs(g)) + abs(on_weights)
    slope = alpha * (slope + (alpha * abs(on_weights)).sum(axis=1, keepdims=True)) * row.factor
    with about("the gradient with respect to the query"):
        scale = np.einsum("nw,nwd->d", slope, vectors)
        assert_gradient(by_query, context_and_weights, inputs, cotangent, index=1, scale=scale, terms=row.terms + n)
    with about("the gradient with respect to H"):
        scale = (alpha * row.factor)[:, :, None] * abs(g)[:, None] + slope[:, :, None] * abs(row.query)
        assert_gradient(by_H, context_and_weights, inputs, cotangent, index=0, scale=scale, terms=row.terms)
        promise(not by_H[~row.real].any(), "the gradients of vectors at padding aren't exactly 0")


def assert_at_most_five_times_as_long(kata: Any, draw: Any, probes: Any, function: str) -> None:
    """Compare the time for 5000 sentences with the solution's time.

    Of the accepted answers, those without a loop take at most 1.3 times as long. Loops over tensors take at least 10
    times as long, and a loop over NumPy arrays takes 4 times as long; the visible tests reject it.
    """

    def arguments() -> tuple[Any, ...]:
        mask = draw.mask(5000, 6, keep=0.6).astype(bool)
        mask[:, 0] = True
        return function, draw.normal(5000, 6, 4), draw.normal(4), mask

    def check(actual: Any, given: tuple[Any, ...]) -> None:
        (assert_weights if function == "attention_weights" else assert_context)(actual, Row(*given[1:]))

    speed = kata.speed(probes.attention_over, arguments, check, rounds=3, at_most=5.0, clock="cpu")
    assert_speed(speed, at_most=5.0)


@task("speed", title="attention_weights of many sentences takes at most five times the solution's time")
def test_weights_take_at_most_five_times_as_long(kata: Any, draw: Any, probes: Any) -> None:
    assert_at_most_five_times_as_long(kata, draw, probes, "attention_weights")


@task("speed", title="attend for many sentences takes at most five times the solution's time")
def test_the_context_takes_at_most_five_times_as_long(kata: Any, draw: Any, probes: Any) -> None:
    assert_at_most_five_times_as_long(kata, draw, probes, "attend")

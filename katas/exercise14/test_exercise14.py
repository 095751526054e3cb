"""Check the heads, attention and its gradients on numbers that you can verify by hand."""

import math
from functools import partial

import numpy as np

from graders.checks import about, assert_close, assert_equal, assert_parts, cases, task

NAMES = ("dq", "dk", "dv")

# the worked example: two tokens and one head with four features
q = np.array([[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 1.0, 0.0]])
k = np.array([[1.0, 0.0, 1.0, 0.0], [0.0, 3.0, 0.0, 1.0]])
v = np.array([[1.0, 0.0, 2.0, 0.0], [0.0, 1.0, 0.0, -1.0]])
large, small = math.e / (1 + math.e), 1 / (1 + math.e)  # 0.7311 and 0.2689, the softmax of two scores that differ by 1
weights = np.array([[1.0, 0.0], [large, small]])
y = np.array([[1.0, 0.0, 2.0, 0.0], [large, small, 2 * large, -small]])
all_weights = np.array([[small, large], [large, small]])  # without the mask
all_y = np.array([[small, large, 2 * small, -large], [large, small, 2 * large, -small]])
dy = np.array([[0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]])
slope = large * small / 2  # 0.0983
gradients = [
    np.array([[0.0, 0.0, 0.0, 0.0], [slope, -3 * slope, slope, -slope]]),
    np.array([[slope, 0.0, slope, 0.0], [-slope, 0.0, -slope, 0.0]]),
    np.array([[large, 0.0, 0.0, 0.0], [small, 0.0, 0.0, 0.0]]),
]

# three tokens: every query has the scores 0, log 2 and log 3, whose exponentials are 1, 2 and 3
three_q = np.array([[2.0, 0.0, 0.0, 0.0]] * 3)
three_k = np.array([[0.0, 1.0, 0.0, 0.0], [math.log(2), 0.0, 5.0, 0.0], [math.log(3), 0.0, 0.0, -7.0]])
three_v = np.array([[6.0, 0.0, 0.0, 0.0], [0.0, 6.0, 0.0, 0.0], [0.0, 0.0, 6.0, 1.0]])
three_weights = np.array([[1.0, 0.0, 0.0], [1 / 3, 2 / 3, 0.0], [1 / 6, 1 / 3, 1 / 2]])
three_y = np.array([[6.0, 0.0, 0.0, 0.0], [2.0, 4.0, 0.0, 0.0], [1.0, 2.0, 3.0, 0.5]])
three_dy = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
dscores = np.array([[0.0, 0.0, 0.0], [-4 / 3, 4 / 3, 0.0], [-1 / 2, -1.0, 3 / 2]])
three_gradients = [
    np.array([[0.0] * 4, [2 / 3 * math.log(2), -2 / 3, 10 / 3, 0.0], [math.log(27 / 4) / 4, -1 / 4, -5 / 2, -21 / 4]]),
    np.array([[-11 / 6, 0.0, 0.0, 0.0], [1 / 3, 0.0, 0.0, 0.0], [3 / 2, 0.0, 0.0, 0.0]]),
    np.array([[1.0, 1 / 3, 1 / 6, 0.0], [0.0, 2 / 3, 1 / 3, 0.0], [0.0, 0.0, 1 / 2, 0.0]]),
]

# both keys have a score of -60, which gives equal weights
far_k, equal = np.array([[-60.0, 0.0, 0.0, 0.0]] * 2), np.full((2, 2), 0.5)

close = partial(assert_close, scale=12.0, terms=4)  # up to rounding, in sums of a few numbers of at most this size


def assert_attention(actual, expected_y, expected_weights, **options):
    actual_y, actual_weights = assert_parts(actual, "y", "weights")
    close(actual_weights, expected_weights, name="weights", **options)
    close(actual_y, expected_y, name="y", **options)


def assert_gradients(actual, expected, **options):
    for name, gradient, reference in zip(NAMES, assert_parts(actual, *NAMES), expected, strict=True):
        close(gradient, reference, name=name, **options)


def stacked(*arrays):
    """Put arrays of the same shape on a new first axis."""
    return np.stack(arrays)


@task("heads")
def test_the_worked_example_of_two_heads(kata):
    x = np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]])
    heads = np.array([[[1.0, 2.0], [5.0, 6.0]], [[3.0, 4.0], [7.0, 8.0]]])
    close(kata.split_heads(x, 2), heads)
    close(kata.merge_heads(heads), x)


@task("heads", title="Three tokens with six features, and any leading axes")
def test_three_tokens_with_six_features(kata):
    x = np.arange(18.0).reshape(3, 6)
    two = np.array([[[0.0, 1, 2], [6, 7, 8], [12, 13, 14]], [[3, 4, 5], [9, 10, 11], [15, 16, 17]]])
    three = np.array([[[0.0, 1], [6, 7], [12, 13]], [[2, 3], [8, 9], [14, 15]], [[4, 5], [10, 11], [16, 17]]])
    for n_heads, heads in ((2, two), (3, three), (1, x[None]), (6, x.T[:, :, None])):
        with about(f"{n_heads} heads"):
            close(kata.split_heads(x, n_heads), heads)
            close(kata.merge_heads(heads), x)
            close(kata.split_heads(stacked(x, -x), n_heads), stacked(heads, -heads))
            close(kata.merge_heads(stacked(heads, -heads)), stacked(x, -x))
    batches, split = stacked(stacked(x, -x), stacked(2 * x, 0 * x), stacked(x, x)), stacked(two, -two)
    with about("two leading axes"):
        close(kata.split_heads(batches, 2), stacked(split, stacked(2 * two, 0 * two), stacked(two, two)))
        close(kata.merge_heads(stacked(split, split, split)), stacked(*[stacked(x, -x)] * 3))


@task("attention")
def test_the_worked_example_without_the_mask(kata):
    assert_attention(kata.attention(q, k, v, False), all_y, all_weights)


@task("attention")
def test_scores_of_minus_sixty(kata):
    assert_attention(kata.attention(three_q[:2], far_k, v, False), equal @ v, equal)


@task("attention", title="The numbers of queries and keys may differ")
def test_the_numbers_of_queries_and_keys_may_differ(kata):
    row, mean = np.array([1 / 6, 1 / 3, 1 / 2]), np.array([1.0, 2.0, 3.0, 0.5])
    for queries in (3, 1, 2, 5):
        with about(f"{queries} queries and 3 keys"):
            actual = kata.attention(np.array([[2.0, 0.0, 0.0, 0.0]] * queries), three_k, three_v, False)
            assert_attention(actual, np.array([mean] * queries), np.array([row] * queries))
    with about("3 queries and 1 key"):
        assert_attention(kata.attention(three_q, k[:1], v[:1], False), np.array([v[0]] * 3), np.ones((3, 1)))
    with about("one feature, whose root is 1"):
        actual = kata.attention(np.ones((2, 1)), three_k[:, :1], np.array([[6.0], [12.0], [0.0]]), False)
        assert_attention(actual, np.array([[5.0], [5.0]]), np.array([row] * 2))


@task("attention", title="Every head and every sequence on its own")
def test_every_head_by_itself(kata):
    # a query of zeros has the same score everywhere, so its weights are equal
    arrays = stacked(q, 0 * q, q), stacked(k, k, k), stacked(v, v, 2 * v)
    expected = stacked(all_y, equal @ v, 2 * all_y), stacked(all_weights, equal, all_weights)
    assert_attention(kata.attention(*arrays, False), *expected)
    for leading in ((1, 3), (3, 1), (1, 3, 1)):
        reshaped = [a.reshape(*leading, *a.shape[1:]) for a in (*arrays, *expected)]
        with about(f"leading axes {leading}"):
            assert_attention(kata.attention(*reshaped[:3], False), *reshaped[3:])


@task("causal")
def test_the_worked_example(kata):
    assert_attention(kata.attention(q, k, v), y, weights)
    assert_attention(kata.attention(q, k, v, True), y, weights)


@task("causal", title="Three tokens, one token, and any leading axes")
def test_three_tokens_and_any_leading_axes(kata):
    assert_attention(kata.attention(three_q, three_k, three_v), three_y, three_weights)
    assert_attention(kata.attention(q[1:], k[1:], v[1:]), v[1:], np.ones((1, 1)))
    heads = [stacked(a, a) for a in (three_q, three_k)]
    expected = stacked(three_y, -three_y), stacked(three_weights, three_weights)
    assert_attention(kata.attention(*heads, stacked(three_v, -three_v)), *expected)
    batch = [a[:, None] for a in (*heads, stacked(three_v, -three_v))]
    assert_attention(kata.attention(*batch), *(a[:, None] for a in expected))


@task("causal", title="A masked weight is 0, even if its score is far above the others")
def test_a_masked_score_may_be_far_above_the_others(kata):
    # the scores are -60 and 60; e to the power of -120 is less than a rounding error
    answer = kata.attention(three_q[:2], np.array([[-60.0, 0.0, 0.0, 0.0], [60.0, 0.0, 0.0, 0.0]]), v)
    assert_attention(answer, v, np.eye(2))


@task("causal", title="A later token doesn't change an earlier output")
@cases(4)
def test_a_later_token_does_not_change_an_earlier_output(kata, draw):
    tokens = draw.sizes("tokens", low=2, high=6)
    arrays = [draw.normal(2, tokens, 3) for _ in range(3)]
    later = draw.integers(1, tokens)
    changed = [np.concatenate([a[:, :later], draw.normal(2, tokens, 3)[:, later:]], axis=1) for a in arrays]
    before, _ = assert_parts(kata.attention(*arrays), "y", "weights")
    after, _ = assert_parts(kata.attention(*changed), "y", "weights")
    with about(f"the first tokens' y ({int(later)} of {int(tokens)}), after the tokens behind them have changed"):
        close(after[:, :later], before[:, :later])


@task("gradient")
def test_the_gradients_of_the_worked_example(kata):
    assert_gradients(kata.attention_gradient(dy, q, k, v, weights), gradients)


@task("gradient")
def test_the_gradients_of_three_tokens(kata):
    arguments = three_dy, three_q, three_k, three_v, three_weights
    assert_gradients(kata.attention_gradient(*arguments), three_gradients)
    heads = [stacked(a, a) for a in arguments]
    heads[0][1] *= 2  # twice the dy, twice the gradients
    with about("two heads"):
        assert_gradients(kata.attention_gradient(*heads), [stacked(a, 2 * a) for a in three_gradients])
    with about("two sequences with one head each"):
        expected = [stacked(a, 2 * a)[:, None] for a in three_gradients]
        assert_gradients(kata.attention_gradient(*(a[:, None] for a in heads)), expected)


@task("gradient", title="The gradients without the mask")
def test_the_gradients_without_the_mask(kata):
    # one query and three keys: the gradient of its scores is the last row of dscores
    row = np.array([[1 / 6, 1 / 3, 1 / 2]])
    actual = kata.attention_gradient(three_dy[2:], three_q[:1], three_k, three_v, row, False)
    expected = [three_gradients[0][2:], np.zeros((3, 4)), np.zeros((3, 4))]
    expected[1][:, 0], expected[2][:, 2] = dscores[2], row
    assert_gradients(actual, expected)
    # two queries and two keys, with the same dy for both: the gradients of their scores are ±0.1966
    both = np.array([[1.0, 0.0, 0.0, 0.0]] * 2)
    expected = [slope * np.array([k[0] - k[1]] * 2), slope * np.array([q[0] + q[1], -q[0] - q[1]]), both]
    assert_gradients(kata.attention_gradient(both, q, k, v, all_weights, False), expected)


# ---------------------------------------------------- extras: they earn points, but you can pass without them


@task("extremes")
def test_scores_of_ten_thousand(kata):
    check = partial(assert_attention, scale=1e4)  # the rounding error of a score of 10 000
    far = np.array([[-1e4, 0.0, 0.0, 0.0], [1e4, 0.0, 0.0, 0.0]])
    check(kata.attention(three_q[:2], far, v), v, np.eye(2))
    check(kata.attention(three_q[:2], far, v, False), np.array([v[1]] * 2), np.array([[0.0, 1.0]] * 2))
    check(kata.attention(three_q[:2], far[[0, 0]], v, False), (v + v[::-1]) / 2, np.full((2, 2), 0.5))


@task("types", title="float32 stays float32, and integers give float64")
def test_float32_stays_float32(kata):
    single = [a.astype(np.float32) for a in (dy, q, k, v, weights)]
    assert_attention(kata.attention(*single[1:4]), y, weights, dtype=np.float32)
    assert_attention(kata.attention(*single[1:4], False), all_y, all_weights, dtype=np.float32)
    assert_gradients(kata.attention_gradient(*single), gradients, dtype=np.float32)
    whole = [a.astype(np.int64) for a in (dy, q, k, v)]
    assert_attention(kata.attention(*whole[1:]), y, weights)
    far = [a.astype(np.int64) for a in (three_q[:2], far_k, v)]
    assert_attention(kata.attention(*far, False), equal @ v, equal)
    assert_gradients(kata.attention_gradient(*whole, weights), gradients)


@task("inputs", title="Any memory layout works, and the arguments are unchanged")
def test_any_memory_layout_works_and_the_arguments_are_unchanged(kata, probes):
    x, heads = np.arange(12.0).reshape(2, 6), np.arange(12.0).reshape(2, 3, 2)
    calls = {
        "merge_heads": ((heads,), partial(close, expected=heads.swapaxes(0, 1).reshape(3, 4))),
        "attention": ((q, k, v), lambda actual: assert_attention(actual, y, weights)),
        "attention_gradient": ((dy, q, k, v, weights), lambda actual: assert_gradients(actual, gradients)),
    }
    for name, (arguments, check) in calls.items():
        for layout in ("fortran", "strided", "backwards"):
            with about(f"{name} of {layout} arrays"):
                answer, *after = kata.run(probes.call_with_layout, name, layout, *arguments)
                check(answer)
            with about(f"the arguments, after {name}"):
                assert_equal(after, list(arguments))
    close(kata.split_heads(x[:, ::-1], 3), x[:, ::-1].reshape(2, 3, 2).swapaxes(0, 1))


@task("inputs")
def test_a_second_call_does_not_change_the_first_result(kata, probes):
    answers, later = kata.run(probes.answers_of_calls, [["attention", q, k, v], ["attention", -q, 2 * k, 3 * v]])
    assert_attention(answers[0], y, weights)
    with about("the result of the first call, after the second call"):
        assert_equal(later[0], answers[0])
    with about("a call with the same arrays, which now hold other numbers"):
        assert_attention(kata.run(probes.answer_after_renewal, "attention", [0 * q, k, v], [q, k, v]), y, weights)

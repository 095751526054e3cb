"""Compare attention with torch.nn.functional.scaled_dot_product_attention, its gradients with torch.autograd's, and the
order of the heads with torch.nn.MultiheadAttention's.

The tolerances are derived as follows. Let d be the number of features of a head, n the number of keys, and
S_i = max_j (|q_i| · |k_j|) / √d over the keys that query i may look at.

- A score is a sum of d products, so its error is at most d eps S_i. The exponential turns it into a relative error of
  the same size, and without the shift by the maximum, rounding the exponent adds eps S_i. The sum of n exponentials and
  the division add n eps. So a weight's error is at most c eps (d + n) (1 + S_i), because weights are at most 1.
- y is a weighted sum of n rows: |error| <= c eps (d + n) (1 + S_i) sum_j |v_j|.
- The gradients get the weights w, or compute them again, with the relative error above. With G = |dy| |v|ᵀ, a sum of d
  products, the terms of dscores_ij are at most D_ij = w_ij (G_ij + sum_j w_ij G_ij). So the errors of dq, dk and dv are
  at most c eps (d + n + m) times (1 + S) D |k| / √d, ((1 + S) D)ᵀ |q| / √d and ((1 + S) w)ᵀ |dy|, for m queries.
"""

import numpy as np
import torch
import torch.nn.functional as F

from graders.checks import about, assert_close, assert_equal, assert_parts, assert_shape, cases, task

NAMES = ("dq", "dk", "dv")
LAYOUTS = ("fortran", "strided", "backwards", "contiguous")


def attend(q, k, v, causal):
    return F.scaled_dot_product_attention(q, k, v, is_causal=causal)


def weights_of(q, k, causal):
    """Return the weights: the attention to one-hot values."""
    q, k = (torch.tensor(a, dtype=torch.float64) for a in (q, k))
    return attend(q, k, torch.eye(k.shape[-2], dtype=torch.float64).expand(*k.shape[:-1], k.shape[-2]), causal).numpy()


def largest_scores(q, k, causal):
    """Return S (…, queries, 1), where S is the largest |q_i| · |k_j| / √d among the keys that a query may look at."""
    scores = abs(q.astype(float)) @ abs(k.astype(float)).swapaxes(-2, -1) / np.sqrt(q.shape[-1])
    return (np.tril(scores) if causal else scores).max(axis=-1, keepdims=True)


def assert_attention(actual, q, k, v, causal=True, dtype=np.float64):
    y, weights = assert_parts(actual, "y", "weights")
    size, terms = 1 + largest_scores(q, k, causal), q.shape[-1] + k.shape[-2]
    expected = weights_of(q, k, causal)
    assert_close(
        weights, expected, scale=np.broadcast_to(size, expected.shape), terms=terms, dtype=dtype, name="weights"
    )
    scale = size * abs(v.astype(float)).sum(axis=-2, keepdims=True)
    expected = attend(*(torch.tensor(a, dtype=torch.float64) for a in (q, k, v)), causal)
    assert_close(y, expected, scale=scale, terms=terms, dtype=dtype, name="y")


def assert_gradients(actual, dy, q, k, v, causal=True, dtype=np.float64):
    leaves = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in (q, k, v)]
    loss = (attend(*leaves, causal) * torch.tensor(dy, dtype=torch.float64)).sum()
    expected = torch.autograd.grad(loss, leaves)
    size, w = 1 + largest_scores(q, k, causal), weights_of(q, k, causal)
    dy, q, k, v = (abs(a.astype(float)) for a in (dy, q, k, v))
    products = dy @ v.swapaxes(-2, -1)
    dscores = size * w * (products + (w * products).sum(axis=-1, keepdims=True)) / np.sqrt(q.shape[-1])
    scales = dscores @ k, dscores.swapaxes(-2, -1) @ q, (size * w).swapaxes(-2, -1) @ dy
    terms = q.shape[-1] + q.shape[-2] + k.shape[-2]
    for name, part, reference, scale in zip(NAMES, assert_parts(actual, *NAMES), expected, scales, strict=True):
        assert_close(part, reference, scale=scale, terms=terms, dtype=dtype, name=name)


def draw_arrays(draw, *, causal, kinds="qkv"):
    """Draw q, k and v with none to three leading axes; with kinds="yqkv" also dy, which comes first.

    The sizes are random, 1, equal, or long, depending on the case. The scores are of the order of 1, 10 or 0.01.
    """
    tokens, keys, features = draw.sizes("tokens keys features", low=2, high=6)
    leading = draw.sizes("a b c", low=2, high=3)[: draw.case % 4]
    special = {5: (1, 1, features), 6: (tokens, keys, 1), 7: (4, 4, 4), 8: (40, 70, 3), 9: (1, keys, features)}
    special |= {10: (tokens, 1, features), 11: (2, 3, 64), 13: (tokens, tokens, features)}
    tokens, keys, features = special.get(draw.case, (tokens, keys, features))
    if draw.case == 15:
        leading = (1, tokens)  # as many heads as tokens
    keys = tokens if causal else keys
    scale = (1.0, 3.0, 0.1)[draw.case % 3]
    shapes = {kind: (*leading, keys if kind in "kv" else tokens, features) for kind in kinds}
    return [draw.normal(*shapes[kind], scale=scale if kind in "qk" else 1.0) for kind in kinds]


@task("heads", title="The heads of an array with any leading axes")
@cases(12)
def test_the_heads_of_an_array(kata, draw):
    tokens, heads, features = draw.sizes("tokens heads features", low=2, high=5)
    leading = draw.sizes("a b c", low=2, high=3)[: draw.case % 4]
    tokens, heads, features = {5: (1, heads, features), 6: (tokens, 1, features), 7: (tokens, heads, 1)}.get(
        draw.case, (tokens, heads, features) if draw.case < 8 else (3, 3, 3)
    )
    x = draw.normal(*leading, tokens, heads * features)
    split = torch.tensor(x).unflatten(-1, (int(heads), int(features))).transpose(-3, -2).numpy()
    assert_close(kata.split_heads(x, int(heads)), split)
    assert_close(kata.merge_heads(split.copy()), x)


@task("heads", title="The heads are those of torch.nn.MultiheadAttention")
@cases(4)
def test_the_heads_are_those_of_torch(kata, draw):
    n, tokens, heads, features = draw.sizes("n tokens heads features", low=2, high=4)
    width = heads * features
    arrays = [draw.normal(n, tokens, width) for _ in range(3)]
    layer = torch.nn.MultiheadAttention(int(width), int(heads), bias=False, batch_first=True, dtype=torch.float64)
    with torch.no_grad():  # queries, keys and values pass through unchanged, and so does the result
        layer.in_proj_weight.copy_(torch.eye(width).repeat(3, 1))
        layer.out_proj.weight.copy_(torch.eye(width))
        expected, _ = layer(*map(torch.tensor, arrays), need_weights=False)
    split = [kata.split_heads(a, int(heads)) for a in arrays]
    for part in split:
        assert_shape(part, (n, heads, tokens, features))
    y = attend(*map(torch.tensor, split), False).numpy()
    scale = 1 + max(abs(a).max() ** 2 * features for a in arrays)
    with about("the queries, keys and values split, attention by PyTorch, then merge_heads"):
        assert_close(kata.merge_heads(y), expected, scale=scale * abs(arrays[2]).max(), terms=tokens + features)


@task("attention", title="Every query looks at every key")
@cases(16)
def test_every_query_looks_at_every_key(kata, draw):
    arrays = draw_arrays(draw, causal=False)
    assert_attention(kata.attention(*arrays, False), *arrays, causal=False)


@task("causal", title="A token looks only at itself and earlier ones")
@cases(16)
def test_a_token_looks_at_itself_and_earlier_ones(kata, draw):
    arrays = draw_arrays(draw, causal=True)
    given = (arrays, [*arrays, True])[draw.case // 4 % 2]  # True is the default
    assert_attention(kata.attention(*given), *arrays)


@task("causal", title="A later token doesn't change an earlier output")
@cases(6)
def test_a_later_token_does_not_change_an_earlier_output(kata, draw):
    tokens, features = draw.sizes("tokens features", low=2, high=6)
    leading = draw.sizes("a b", low=2, high=3)[: draw.case % 3]
    later = draw.integers(1, tokens)
    arrays = [draw.normal(*leading, tokens, features) for _ in range(3)]
    changed = [np.concatenate([a[..., :later, :], 3 * a[..., later:, :] - 2], axis=-2) for a in arrays]
    before, _ = assert_parts(kata.attention(*arrays), "y", "weights")
    after, _ = assert_parts(kata.attention(*changed), "y", "weights")
    for part in (before, after):
        assert_shape(part, arrays[0].shape)
    size = 1 + largest_scores(*changed[:2], causal=False).max()
    with about(f"the first tokens' y ({int(later)} of {int(tokens)}), after the tokens behind them have changed"):
        scale = size * abs(changed[2]).sum(axis=-2).max()
        assert_close(after[..., :later, :], before[..., :later, :], scale=scale, terms=features + tokens)


@task("causal", title="A masked weight is 0, even if its score is far above the others")
@cases(4)
def test_a_masked_score_may_be_far_above_the_others(kata, draw):
    n, tokens, features = draw.sizes("n tokens features", low=2, high=5)
    q, k, v = (draw.normal(n, tokens, features) for _ in range(3))
    q[..., 0], k[..., 0] = np.sqrt(features), np.linspace(-60, 60, tokens)  # the scores rise from about -60 to 60
    assert_attention(kata.attention(q, k, v), q, k, v)


@task("gradient", title="The gradients of queries, keys and values")
@cases(16)
def test_the_gradients_of_attention(kata, draw):
    dy, q, k, v = draw_arrays(draw, causal=True, kinds="yqkv")
    given = ((), (True,))[draw.case // 4 % 2]
    assert_gradients(kata.attention_gradient(dy, q, k, v, weights_of(q, k, True), *given), dy, q, k, v)


@task("gradient", title="The gradients without the mask")
@cases(16)
def test_the_gradients_without_the_mask(kata, draw):
    dy, q, k, v = draw_arrays(draw, causal=False, kinds="yqkv")
    assert_gradients(kata.attention_gradient(dy, q, k, v, weights_of(q, k, False), False), dy, q, k, v, causal=False)


@task("extremes")
@cases(8)
def test_scores_of_ten_thousand(kata, draw):
    n, tokens, features = draw.sizes("n tokens features", low=2, high=5)
    causal = draw.case % 2 == 0
    q, k, v = (draw.normal(n, tokens, features) for _ in range(3))
    # Two scores of a row are never close, whatever they are divided by.
    ranks = draw.uniform(0, 1, n, tokens).argsort(axis=-1).argsort(axis=-1)
    q[..., 0], k[..., 0] = np.sqrt(features), 5e3 * ranks - (1e4, 0)[draw.case // 2 % 2]
    assert_attention(kata.attention(q, k, v, causal), q, k, v, causal)


@task("types", title="float32 stays float32, and integers give float64")
@cases(8)
def test_float32_stays_float32_and_integers_give_float64(kata, draw):
    dtype, causal = (np.float32, np.int64)[draw.case % 2], draw.case % 4 < 2
    # Scores this small differ by less than 80, so that no e^x is 0 in float32, whatever is subtracted from x.
    dy, q, k, v = (np.rint(a).astype(dtype) for a in draw_arrays(draw, causal=causal, kinds="yqkv"))
    promised = np.float32 if dtype is np.float32 else np.float64
    weights = weights_of(q, k, causal).astype(promised)
    assert_attention(kata.attention(q, k, v, causal), q, k, v, causal, promised)
    assert_gradients(kata.attention_gradient(dy, q, k, v, weights, causal), dy, q, k, v, causal, promised)


@task("inputs", title="Any memory layout works, and the arguments are unchanged")
@cases(8)
def test_any_memory_layout_works_and_stays_as_it_was(kata, draw, probes):
    layout = LAYOUTS[draw.case % 4]
    n, heads, tokens, features = draw.sizes("n heads tokens features", low=2, high=4)
    dy, q, k, v = (draw.normal(n, heads, tokens, features) for _ in range(4))
    weights = weights_of(q, k, True)
    merged, *after = kata.run(probes.call_with_layout, "merge_heads", layout, q)
    assert_close(merged, q.swapaxes(1, 2).reshape(n, tokens, heads * features))
    with about("x, after merge_heads"):
        assert_equal(after, [q])
    result, *after = kata.run(probes.call_with_layout, "attention", layout, q, k, v)
    assert_attention(result, q, k, v)
    for name, array, before in zip("qkv", after, (q, k, v), strict=True):
        with about(f"{name}, after attention"):
            assert_equal(array, before)
    result, *after = kata.run(probes.call_with_layout, "attention_gradient", layout, dy, q, k, v, weights)
    assert_gradients(result, dy, q, k, v)
    for name, array, before in zip(("dy", "q", "k", "v", "weights"), after, (dy, q, k, v, weights), strict=True):
        with about(f"{name}, after attention_gradient"):
            assert_equal(array, before)


@task("inputs")
@cases(4)
def test_each_call_is_independent_of_other_calls(kata, draw, probes):
    n, tokens, features = draw.sizes("n tokens features", low=2, high=4)
    first, second = ([draw.normal(n, tokens, features) for _ in range(4)] for _ in range(2))
    weights = [weights_of(q, k, True) for _, q, k, _ in (first, second)]
    for name, calls, check in (
        ("attention", [first[1:], second[1:]], lambda answer, of: assert_attention(answer, *of[1:])),
        (
            "attention_gradient",
            [[*first, weights[0]], [*second, weights[1]]],
            lambda answer, of: assert_gradients(answer, *of),
        ),
    ):
        answers, later = kata.run(probes.answers_of_calls, [[name, *arguments] for arguments in calls])
        for answer, arguments in zip(answers, (first, second), strict=True):
            with about(name):
                check(answer, arguments)
        with about(f"the first result of {name}, after the second call"):
            assert_equal(later[0], answers[0])
        with about(f"{name} for the same arrays, which now hold other numbers"):
            check(kata.run(probes.answer_after_renewal, name, *calls), second)

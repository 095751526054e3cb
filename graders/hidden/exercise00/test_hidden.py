"""Compare the fifteen functions with PyTorch, on fresh numbers and other sizes.

Most functions only copy numbers, so nothing has to be rounded. add_row, add_column and outer_product round once; a
mean or a sum of m numbers has an error of at most m eps times the sum of their magnitudes (scale and terms below).
"""

import numpy as np
import torch

from graders.checks import assert_close, assert_near, assert_speed, cases, task


def tensors(*arrays):
    return [torch.tensor(array) for array in arrays]


def sizes(draw):
    """Draw n and m. In some cases one of them is 1, both are equal, or one is large."""
    n, m = draw.sizes("n m", low=2, high=6)
    return {1: (1, m), 2: (n, 1), 3: (4, 4), 4: (1, 1), 5: (3, 3), 6: (300, 2), 7: (2, 300)}.get(draw.case, (n, m))


def table(draw):
    return draw.normal(*sizes(draw))


@task("broadcast", title="add_row")
@cases(10)
def test_add_row(kata, draw):
    numbers = table(draw)
    row = draw.normal(numbers.shape[1])
    assert_close(kata.add_row(numbers, row), torch.add(*tensors(numbers, row)), scale=abs(numbers) + abs(row))


@task("broadcast", title="add_column")
@cases(10)
def test_add_column(kata, draw):
    numbers = table(draw)
    column = draw.normal(len(numbers))
    expected = torch.add(*tensors(numbers, column[:, None]))
    assert_close(kata.add_column(numbers, column), expected, scale=abs(numbers) + abs(column[:, None]))


@task("broadcast", title="outer_product")
@cases(10)
def test_outer_product(kata, draw):
    n, m = sizes(draw)
    a, b = draw.normal(n), draw.normal(m)
    assert_close(kata.outer_product(a, b), torch.outer(*tensors(a, b)))


@task("along", title="centre_columns")
@cases(10)
def test_centre_columns(kata, draw):
    numbers = table(draw)
    (t,) = tensors(numbers)
    expected = t - t.mean(dim=0, keepdim=True)
    assert_close(kata.centre_columns(numbers), expected, scale=abs(numbers).max(), terms=len(numbers) + 1)


@task("along", title="normalise_rows")
@cases(10)
def test_normalise_rows(kata, draw):
    n, m = sizes(draw)
    numbers = draw.uniform(0.5, 2.0, n, m) * draw.choice([1.0, -1.0, 100.0])
    (t,) = tensors(numbers)
    assert_close(kata.normalise_rows(numbers), t / t.sum(dim=1, keepdim=True), terms=m + 1)


@task("along", title="largest_columns")
@cases(10)
def test_largest_columns(kata, draw):
    n, m = sizes(draw)
    rng = np.random.default_rng(draw.seed())
    numbers = rng.permutation(n * m).reshape(n, m) / 2 - draw.choice([0, 1]) * n * m  # no two numbers are equal
    assert_near(kata.largest_columns(numbers), torch.argmax(*tensors(numbers), dim=1))


@task("pick", title="one_hot")
@cases(10)
def test_one_hot(kata, draw):
    n, n_classes = sizes(draw)
    labels = draw.integers(0, n_classes, n)
    assert_near(kata.one_hot(labels, int(n_classes)), torch.nn.functional.one_hot(*tensors(labels), int(n_classes)))


@task("pick", title="pick_one_per_row")
@cases(10)
def test_pick_one_per_row(kata, draw):
    n, m = sizes(draw)
    numbers, columns = draw.normal(n, m), draw.integers(0, m, n)
    expected = torch.gather(torch.tensor(numbers), 1, torch.tensor(columns)[:, None])[:, 0]
    assert_close(kata.pick_one_per_row(numbers, columns), expected)


@task("pick", title="take_rows")
@cases(10)
def test_take_rows(kata, draw):
    n, m = sizes(draw)
    numbers, ids = draw.normal(n, m), draw.integers(0, n, draw.sizes("k", low=1, high=7))
    assert_close(kata.take_rows(numbers, ids), torch.nn.functional.embedding(*tensors(ids, numbers)))


@task("pick", title="windows")
@cases(10)
def test_windows(kata, draw):
    n = (draw.sizes("n", low=5, high=12), 1, 400)[(0, 1, 2, *[0] * 7)[draw.case]]
    size = (draw.sizes("size", low=2, high=5), 1, n)[(0, 1, 0, 2, 1, *[0] * 5)[draw.case]]
    x = draw.normal(n)
    assert_close(kata.windows(x, int(size)), torch.tensor(x).unfold(0, int(size), 1))


@task("mask", title="keep_where")
@cases(10)
def test_keep_where(kata, draw):
    n, m = sizes(draw)
    shape = ((n, m), (n,), (n, 2, m))[draw.case % 3]
    x, mask = draw.normal(*shape), draw.mask(*shape, dtype=bool)
    otherwise = (0.0, -np.inf, 1.5)[draw.case % 3]
    assert_close(kata.keep_where(x, mask, otherwise), torch.where(*tensors(mask, x), otherwise))


@task("mask", title="causal_mask")
@cases(5)
def test_causal_mask(kata, draw):
    n = (draw.sizes("n", low=4, high=9), 1, 2, 3, 50)[draw.case]
    assert_near(kata.causal_mask(int(n)), torch.ones(n, n).tril())


@task("reshape", title="swap_last_axes")
@cases(10)
def test_swap_last_axes(kata, draw):
    n, m = sizes(draw)
    a, b = draw.sizes("a b", low=2, high=3)
    x = draw.normal(*((n, m), (a, n, m), (a, b, n, m))[draw.case % 3])
    assert_close(kata.swap_last_axes(x), torch.transpose(*tensors(x), -1, -2))


@task("reshape", title="into_heads")
@cases(10)
def test_into_heads(kata, draw):
    tokens, width = sizes(draw)
    n_heads = draw.sizes("n_heads", low=1, high=4)
    x = draw.normal(tokens, n_heads * width)
    assert_close(kata.into_heads(x, int(n_heads)), torch.stack(torch.tensor(x).chunk(n_heads, dim=1)))


@task("reshape", title="multiply_each")
@cases(10)
def test_multiply_each(kata, draw):
    n, m = sizes(draw)
    pairs, k = draw.sizes("pairs k", low=1, high=4)
    a, b = draw.normal(pairs, n, k), draw.normal(pairs, k, m)
    assert_close(kata.multiply_each(a, b), torch.bmm(*tensors(a, b)), scale=abs(a) @ abs(b), terms=k)


@task("speed", title="normalise_rows: 10 000 rows take at most ten times the solution's time")
def test_many_rows_take_at_most_ten_times_as_long(kata, draw):
    speed = kata.speed(
        "normalise_rows",
        lambda: (draw.uniform(0.5, 2.0, 10_000, 3),),
        lambda actual, given: assert_close(actual, given[0] / given[0].sum(axis=1, keepdims=True), terms=4),
        rounds=3,
        at_most=10.0,
        clock="cpu",
    )
    assert_speed(speed, at_most=10.0)

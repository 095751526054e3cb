"""Check the fifteen functions on small tables. Each test belongs to one function."""

from functools import partial

import numpy as np

from graders.checks import assert_close, assert_near, assert_speed, task

close = partial(assert_close, scale=200.0, terms=4)  # up to rounding, in sums of a few numbers of at most this size
same = partial(assert_near, relative=0.0)  # for integers and bools, of any type


def floats(*rows):
    return np.array(rows, dtype=np.float64)


table = floats([1, 2, 5], [5, 4, 1])
square = floats([1, 2], [3, 5])
one_row, one_column = floats([4, 0, 6]), floats([4], [0], [6])


@task("broadcast", title="add_row")
def test_the_worked_example_of_add_row(kata):
    close(kata.add_row(table, np.array([10.0, 20.0, 30.0])), floats([11, 22, 35], [15, 24, 31]))
    close(kata.add_row(square, np.array([10.0, 20.0])), floats([11, 22], [13, 25]))
    close(kata.add_row(one_row, np.array([1.0, 2.0, 3.0])), floats([5, 2, 9]))
    close(kata.add_row(one_column, np.array([0.5])), floats([4.5], [0.5], [6.5]))


@task("broadcast", title="add_column")
def test_add_column(kata):
    close(kata.add_column(table, np.array([10.0, 20.0])), floats([11, 12, 15], [25, 24, 21]))
    close(kata.add_column(square, np.array([10.0, 20.0])), floats([11, 12], [23, 25]))  # as many rows as columns
    close(kata.add_column(one_row, np.array([0.5])), floats([4.5, 0.5, 6.5]))
    close(kata.add_column(one_column, np.array([1.0, 2.0, 3.0])), floats([5], [2], [9]))


@task("broadcast", title="outer_product")
def test_outer_product(kata):
    close(kata.outer_product(np.array([1.0, 2.0]), np.array([10.0, 20.0, 30.0])), floats([10, 20, 30], [20, 40, 60]))
    close(kata.outer_product(np.array([1.0, 2.0]), np.array([0.3, -4.0])), floats([0.3, -4], [0.6, -8]))
    close(kata.outer_product(np.array([2.0]), np.array([3.0, 4.0])), floats([6, 8]))
    close(kata.outer_product(np.array([3.0, 4.0]), np.array([2.0])), floats([6], [8]))


@task("along", title="centre_columns")
def test_centre_columns(kata):
    close(kata.centre_columns(table), floats([-2, -1, 2], [2, 1, -2]))
    close(kata.centre_columns(square), floats([-1, -1.5], [1, 1.5]))
    close(kata.centre_columns(floats([0, 2], [3, 2], [6, -1])), floats([-3, 1], [0, 1], [3, -2]))
    close(kata.centre_columns(one_row), floats([0, 0, 0]))


@task("along", title="normalise_rows")
def test_normalise_rows(kata):
    close(kata.normalise_rows(table), floats([0.125, 0.25, 0.625], [0.5, 0.4, 0.1]))
    close(kata.normalise_rows(floats([1, 3], [9, 1])), floats([0.25, 0.75], [0.9, 0.1]))
    close(kata.normalise_rows(floats([1, 3], [-1, -4], [8, 2])), floats([0.25, 0.75], [0.2, 0.8], [0.8, 0.2]))
    close(kata.normalise_rows(floats([3], [7])), floats([1], [1]))
    close(kata.normalise_rows(floats([0.125, 0.125])), floats([0.5, 0.5]))


@task("along", title="largest_columns")
def test_largest_columns(kata):
    same(kata.largest_columns(table), [2, 0])
    same(kata.largest_columns(floats([-5, -3], [-1, -9], [0, 0.5])), [1, 0, 1])
    same(kata.largest_columns(one_row), [2])
    same(kata.largest_columns(one_column), [0, 0, 0])
    same(kata.largest_columns(np.arange(300.0)[None]), [299])


@task("pick", title="one_hot")
def test_one_hot(kata):
    same(kata.one_hot(np.array([2, 0]), 3), [[0, 0, 1], [1, 0, 0]])
    same(kata.one_hot(np.array([1, 1, 0]), 2), [[0, 1], [0, 1], [1, 0]])
    same(kata.one_hot(np.array([1]), 4), [[0, 1, 0, 0]])  # classes without a label have columns, too


@task("pick", title="pick_one_per_row")
def test_pick_one_per_row(kata):
    close(kata.pick_one_per_row(table, np.array([1, 2])), np.array([2.0, 1.0]))
    close(kata.pick_one_per_row(square, np.array([1, 0])), np.array([2.0, 3.0]))
    close(kata.pick_one_per_row(square, np.array([0, 0])), np.array([1.0, 3.0]))
    close(kata.pick_one_per_row(one_row, np.array([2])), np.array([6.0]))


@task("pick", title="take_rows")
def test_take_rows(kata):
    close(kata.take_rows(table, np.array([1, 0, 1])), floats([5, 4, 1], [1, 2, 5], [5, 4, 1]))
    close(kata.take_rows(square, np.array([1, 0])), floats([3, 5], [1, 2]))
    close(kata.take_rows(one_column, np.array([2])), floats([6]))


@task("pick", title="windows")
def test_windows(kata):
    x = np.array([1.0, 2.0, 5.0, 4.0])
    close(kata.windows(x, 2), floats([1, 2], [2, 5], [5, 4]))
    close(kata.windows(x, 3), floats([1, 2, 5], [2, 5, 4]))
    close(kata.windows(x, 1), floats([1], [2], [5], [4]))
    close(kata.windows(x, 4), floats([1, 2, 5, 4]))


@task("mask", title="keep_where")
def test_keep_where(kata):
    close(kata.keep_where(np.array([1.0, 2.0, 5.0]), np.array([True, False, True]), 0.0), np.array([1.0, 0.0, 5.0]))
    close(kata.keep_where(table, table > 2, -1.0), floats([-1, -1, 5], [5, 4, -1]))
    close(kata.keep_where(square, square < 3, -np.inf), floats([1, 2], [-np.inf, -np.inf]))
    close(kata.keep_where(-square, square > 1, 7.0), floats([7, -2], [-3, -5]))


@task("mask", title="causal_mask")
def test_causal_mask(kata):
    same(kata.causal_mask(3), [[True, False, False], [True, True, False], [True, True, True]])
    same(kata.causal_mask(1), [[True]])


@task("reshape", title="swap_last_axes")
def test_swap_last_axes(kata):
    close(kata.swap_last_axes(table), floats([1, 5], [2, 4], [5, 1]))
    close(kata.swap_last_axes(floats(table, 10 * table)), floats(table.T, 10 * table.T))
    close(kata.swap_last_axes(floats([table, -table])), floats([table.T, -table.T]))


@task("reshape", title="into_heads")
def test_into_heads(kata):
    x = floats([1, 2, 3, 4], [5, 6, 7, 8])
    close(kata.into_heads(x, 2), floats([[1, 2], [5, 6]], [[3, 4], [7, 8]]))
    close(kata.into_heads(x, 4), floats([[1], [5]], [[2], [6]], [[3], [7]], [[4], [8]]))
    close(kata.into_heads(x, 1), floats(x))
    close(kata.into_heads(x[:1], 2), floats([[1, 2]], [[3, 4]]))
    close(kata.into_heads(np.arange(18.0).reshape(3, 6), 2)[1], floats([3, 4, 5], [9, 10, 11], [15, 16, 17]))


@task("reshape", title="multiply_each")
def test_multiply_each(kata):
    close(kata.multiply_each(floats([[1, 2]], [[0, 1]]), floats([[1], [10]], [[3], [4]])), floats([[21]], [[4]]))
    a, b = floats([[1, 2], [3, 4]], [[0, 1], [1, 0]]), floats([[1, 0], [1, 1]], [[5, 6], [7, 8]])
    close(kata.multiply_each(a, b), floats([[3, 2], [7, 4]], [[7, 8], [5, 6]]))
    close(kata.multiply_each(floats(table), floats(table.T)), floats([[30, 18], [18, 42]]))


# ---------------------------------------------------- an extra: it earns a point, but you can pass without it


@task("speed", title="normalise_rows: 1000 rows take at most a fifth of the time of 1000 calls")
def test_many_rows_are_five_times_as_fast_as_a_call_for_each_row(kata, probes):
    """One line for the whole table takes about a hundredth of the time; a loop over the rows takes half of it."""
    many, answer = np.tile(table, (500, 1)), np.tile([[0.125, 0.25, 0.625], [0.5, 0.4, 0.1]], (500, 1))
    speed = kata.speed(
        "normalise_rows",
        lambda: (many,),
        lambda actual, _: close(actual, answer),
        rounds=3,
        at_most=0.2,
        clock="cpu",
        than=lambda same, rows: same.run(probes.row_after_row, rows),
    )
    assert_speed(speed, at_most=0.2, than="the time of 1000 calls with one row each")

"""Check layer_norm on numbers that you can verify with a pocket calculator."""

import math

import numpy as np

from graders.checks import about, assert_close, assert_equal, assert_speed, task
from graders.checks.properties import for_all, rows, tenths

x = np.array([1.0, 2.0, 3.0])  # mean 2, variance 2/3
y = np.array([-1.0, 0.0, 1.0]) / math.sqrt(2 / 3 + 1e-5)  # ±1.2247357
other = np.array([0.0, 30.0, 0.0])  # mean 10, variance 200
other_y = np.array([-10.0, 20.0, -10.0]) / math.sqrt(200 + 1e-5)


def check(actual, expected, dtype=np.float64):
    """Compare with numbers computed by hand, and allow a few rounding errors."""
    assert_close(actual, expected, scale=50.0, terms=3, dtype=dtype)


@task("normalise")
def test_the_worked_example(kata):
    check(kata.layer_norm(x), y)


@task("normalise", title="Every row of a batch on its own")
def test_every_row_of_a_batch_by_itself(kata):
    check(kata.layer_norm(np.array([x, other])), np.array([y, other_y]))
    check(kata.layer_norm(np.array([other])), np.array([other_y]))  # one row: (1, 3) stays (1, 3)
    check(kata.layer_norm(x), y)  # earlier calls don't matter


@task("normalise")
def test_three_axes_with_the_features_last(kata):
    batch, answer = np.array([x, other, -x, 2 * other]), np.array([y, other_y, -y, other_y])
    answer[3] = 2 * other_y * math.sqrt((200 + 1e-5) / (800 + 1e-5))
    check(kata.layer_norm(batch.reshape(2, 2, 3)), answer.reshape(2, 2, 3))


@task("normalise", title="A batch of 1100 rows")
def test_1100_rows(kata):
    check(kata.layer_norm(np.array([x] * 1100)), np.array([y] * 1100))


@task("normalise")
def test_a_row_of_600_features_with_one_outlier(kata):
    row = np.append(np.zeros(599), 600.0)  # mean 1, variance 599
    check(kata.layer_norm(row), (row - 1) / math.sqrt(599 + 1e-5))


@task("parameters")
def test_the_worked_example_with_gamma_and_beta(kata):
    gamma, beta = np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 30.0])
    check(kata.layer_norm(x, gamma, beta), gamma * y + beta)
    check(kata.layer_norm(np.array([x, other]), gamma, beta), np.array([gamma * y + beta, gamma * other_y + beta]))


@task("parameters", title="gamma without beta, and beta without gamma")
def test_gamma_without_beta_and_beta_without_gamma(kata):
    gamma, beta = np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 30.0])
    check(kata.layer_norm(x, gamma), gamma * y)
    check(kata.layer_norm(x, gamma, None), gamma * y)
    check(kata.layer_norm(x, None, beta), y + beta)


@task("parameters", title="gamma and beta may contain zeros or sum to zero")
def test_gamma_and_beta_may_hold_zeros_or_sum_to_zero(kata):
    for gamma in (np.zeros(3), np.array([0.0, 1.0, 3.0]), np.array([1.0, 0.0, -1.0])):
        check(kata.layer_norm(other, gamma), gamma * other_y)
    for beta in (np.zeros(3), np.array([-1.0, 0.0, 1.0])):
        check(kata.layer_norm(other, None, beta), other_y + beta)


@task("normalise", title="For any row, adding a constant changes nothing")
def test_a_constant_added_to_a_row_does_not_matter(kata, draw):
    @for_all(draw, x=rows(), constant=tenths())
    def holds(x, constant):
        before = kata.layer_norm(x)
        with about(f"compared with the result before {constant} was added"):
            assert_close(kata.layer_norm(x + constant), before, scale=1e4, terms=8)


@task("eps")
def test_a_constant_row_becomes_zeros(kata):
    constant = np.array([[4.0, 4.0], [1.0, 1.0]])
    assert_close(kata.layer_norm(constant), np.zeros((2, 2)), scale=4 / math.sqrt(1e-5), terms=2)
    assert_close(kata.layer_norm(constant, None, np.array([5.0, 6.0])), np.array([[5.0, 6.0]] * 2), scale=2e3, terms=2)
    assert_close(kata.layer_norm(np.array([[7.0]])), np.zeros((1, 1)), scale=7 / math.sqrt(1e-5))  # one feature


@task("eps", title="eps is added to the variance")
def test_eps_is_added_to_the_variance(kata):
    check(kata.layer_norm(x, None, None, 1.0), np.array([-1.0, 0.0, 1.0]) / math.sqrt(2 / 3 + 1))
    check(kata.layer_norm(x, None, None, 0.0), np.array([-1.0, 0.0, 1.0]) / math.sqrt(2 / 3))
    check(kata.layer_norm(0.001 * x), np.array([-0.001, 0.0, 0.001]) / math.sqrt(2e-6 / 3 + 1e-5))  # 1e-5 by default


@task("eps", title="For any row, multiplying x and the root of eps by the same number changes nothing")
def test_the_scale_of_a_row_and_of_the_root_of_eps_does_not_matter(kata, draw):
    @for_all(draw, x=rows(), factor=tenths(0.5, 5.0))
    def holds(x, factor):
        # factor² variance + factor² eps has the root factor √(variance + eps)
        before = kata.layer_norm(x, None, None, 1e-5)
        with about(f"compared with the result for x / {factor} and eps = 1e-5"):
            assert_close(kata.layer_norm(factor * x, None, None, 1e-5 * factor**2), before, scale=1e4, terms=8)


@task("offset")
def test_a_row_near_a_million(kata):
    row = np.array([-1.7, -0.4, 0.9, 1.2])  # mean 0, variance 1.325
    assert_close(kata.layer_norm(1e6 + row), row / math.sqrt(1.325 + 1e-5), scale=1e6, terms=4)
    assert_close(kata.layer_norm(row - 1e6), row / math.sqrt(1.325 + 1e-5), scale=1e6, terms=4)


@task("types", title="float32 stays float32")
def test_float32_stays_float32(kata):
    gamma, beta = np.array([1.0, 2.0, 3.0], dtype=np.float32), np.array([10.0, 20.0, 30.0], dtype=np.float32)
    check(kata.layer_norm(x.astype(np.float32)), y, np.float32)
    check(kata.layer_norm(x.astype(np.float32), gamma, beta), gamma * y + beta, np.float32)


@task("types")
def test_integers_count_as_float64(kata):
    check(kata.layer_norm(np.array([1, 2, 3])), y)
    check(kata.layer_norm(np.array([1, 2, 4])), np.array([-4.0, -1.0, 5.0]) / 3 / math.sqrt(14 / 9 + 1e-5))
    check(kata.layer_norm(np.array([1, 2, 3]), np.array([1, 2, 3]), np.array([10, 20, 30])), (y + 10) * [1, 2, 3])


@task("inputs", title="Any memory layout works, and the arguments are unchanged")
def test_arguments_of_any_memory_layout_are_left_alone(kata, probes):
    for arguments in ((np.array([x, other]), x, other), (x, x, other)):
        for layout in ("contiguous", "fortran", "strided", "backwards"):
            with about(f"{layout} arrays"):
                answer, *after = kata.run(probes.call_with_layout, "layer_norm", layout, *arguments)
                expected = np.array([y, other_y]) if arguments[0].ndim == 2 else y
                check(answer, arguments[1] * expected + arguments[2])
            for name, array, before in zip(("x", "gamma", "beta"), after, arguments, strict=True):
                with about(f"{name}, after layer_norm"):
                    assert_equal(array, before)


@task("inputs")
def test_a_second_call_does_not_change_the_first_result(kata, probes):
    answers, later = kata.run(probes.answers_of_calls, [["layer_norm", x], ["layer_norm", other]])
    check(answers[0], y)
    check(answers[1], other_y)
    with about("the result of the first call, after the second call"):
        assert_equal(later[0], answers[0])
    with about("a call with the same array, which now holds other numbers"):
        check(kata.run(probes.answer_after_renewal, "layer_norm", [x], [other]), other_y)


@task("speed", title="A batch of 400 rows takes at most a fifth of the time of 400 calls")
def test_a_batch_is_five_times_as_fast_as_a_call_for_each_row(kata, probes):
    """Arrays of the whole batch take about a hundredth of the time; a loop over the rows takes half of it."""
    gamma, beta = np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 30.0])
    many, answer = np.tile([x, other], (200, 1)), np.tile([gamma * y + beta, gamma * other_y + beta], (200, 1))
    speed = kata.speed(
        "layer_norm",
        lambda: (many, gamma, beta),
        lambda actual, _: check(actual, answer),
        rounds=3,
        at_most=0.2,
        clock="cpu",
        than=lambda same, *arguments: same.run(probes.row_by_row, "layer_norm", [0], *arguments),
    )
    assert_speed(speed, at_most=0.2, than="the time of 400 calls with one row each")

"""Check softmax and cross_entropy on numbers that you can verify with a pocket calculator."""

import math
from functools import partial

import numpy as np

from graders.checks import about, assert_close, assert_equal, assert_speed, task
from graders.checks.properties import for_all, rows, tenths

logits = np.array([2.0, 1.0, 0.0])
p = np.array([math.exp(2), math.exp(1), 1]) / (math.exp(2) + math.exp(1) + 1)  # [.6652, .2447, .0900]
loss = math.log(1 + math.exp(-1) + math.exp(-2))  # .4076, for target 0

batch = np.array([[2.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
p_of_batch = np.array([p, [1 / 3, 1 / 3, 1 / 3]])
targets = np.array([2, 0])
loss_of_batch = (loss + 2 + math.log(3)) / 2  # the logit of target 2 is 2 less than that of target 0

close = partial(assert_close, scale=12.0, terms=5)  # up to rounding, in sums of a few numbers of at most this size


@task("softmax")
def test_the_worked_example(kata):
    close(kata.softmax(logits), p)
    close(kata.softmax(logits - 30), p)


@task("softmax")
def test_the_probabilities_of_each_sample_sum_to_one(kata):
    close(kata.softmax(batch), p_of_batch)
    close(kata.softmax(batch[:1]), p_of_batch[:1])
    # three axes: the classes are still the last one
    expected = np.array([p_of_batch, p_of_batch[:, ::-1]])
    close(kata.softmax(np.array([batch, 1 - batch])), expected)


@task("softmax", title="For any logits, the probabilities sum to one, and adding a constant changes nothing")
def test_softmax_sums_to_one_and_ignores_a_constant(kata, draw):
    @for_all(draw, logits=rows(), constant=tenths())
    def holds(logits, constant):
        probabilities = kata.softmax(logits)
        with about("the sum of the probabilities"):
            close(np.sum(probabilities, axis=-1), np.ones(logits.shape[:-1]))
        with about(f"compared with the result before {constant} was added to every logit"):
            close(kata.softmax(logits + constant), probabilities)


@task("loss")
def test_the_worked_example_of_the_loss(kata):
    close(kata.cross_entropy(logits, 0), loss)
    close(kata.cross_entropy(logits - 30, 0), loss)


@task("loss")
def test_the_loss_of_a_batch_is_the_mean_over_its_rows(kata):
    close(kata.cross_entropy(batch, targets), loss_of_batch)
    close(kata.cross_entropy(batch[:1], targets[:1]), loss + 2)


@task("loss")
def test_a_confident_wrong_answer_costs_thirty(kata):
    # log(1 + e^30) is 30; -log(p + 1e-12) would be 27.6
    assert_close(kata.cross_entropy(np.array([0.0, 30.0]), 0), 30.0, scale=61.0, terms=3)


# ---------------------------------------------------- extras: they earn points, but you can pass without them


@task("extremes")
def test_large_logits_give_exact_answers(kata):
    # exp(10 000) overflows, but only the differences between logits matter
    large, q = np.array([0.0, 1e4, 1e4 - 1]), 1 / (1 + math.exp(-1))
    assert_close(kata.softmax(large), np.array([0, q, 1 - q]), scale=2e4, terms=3)
    assert_close(kata.cross_entropy(large, 0), 1e4 - math.log(q), scale=2e4, terms=3)


@task("extremes")
def test_a_batch_of_large_and_very_negative_logits(kata):
    large = np.array([[1e4, 0.0], [-1e4, -1e4]])
    assert_close(kata.softmax(large), np.array([[1, 0], [1 / 2, 1 / 2]]), scale=2e4, terms=2)
    assert_close(kata.cross_entropy(large, np.array([1, 0])), (1e4 + math.log(2)) / 2, scale=2e4, terms=4)


@task("types")
def test_float32_gives_float32(kata):
    close(kata.softmax(logits.astype(np.float32)), p, dtype=np.float32)
    close(kata.cross_entropy(logits.astype(np.float32), 0), loss, dtype=np.float32)


@task("types")
def test_int64_gives_float64(kata):
    close(kata.softmax(np.array([2, 1, 0])), p)
    close(kata.softmax(np.array([-28, -29, -30])), p)
    close(kata.cross_entropy(np.array([2, 1, 0]), 0), loss)


@task("inputs")
def test_a_transposed_array_works_and_is_left_alone(kata, probes):
    # "fortran": an array that is stored column by column, as a transposed one is
    actual, after = kata.run(probes.call_with_layout, "softmax", "fortran", batch)
    close(actual, p_of_batch)
    with about("logits, after softmax"):
        assert_equal(after, batch)
    actual, *after = kata.run(probes.call_with_layout, "cross_entropy", "fortran", batch, targets)
    close(actual, loss_of_batch)
    with about("logits and target, after cross_entropy"):
        assert_equal(after, [batch, targets])


@task("inputs")
def test_a_later_call_leaves_earlier_results_alone(kata, probes):
    calls = [["softmax", batch], ["cross_entropy", 0 * batch, targets], ["softmax", 0 * batch]]
    (first, loss, _), (at_last, _, _) = kata.run(probes.answers_of_calls, calls)
    close(first, p_of_batch)
    close(loss, math.log(3))
    with about("the first probabilities, after further calls"):
        assert_equal(at_last, first)


@task("inputs")
def test_new_numbers_in_the_same_array_give_a_new_loss(kata, probes):
    actual = kata.run(probes.answer_after_renewal, "cross_entropy", [0 * batch, targets], [batch, targets])
    close(actual, loss_of_batch)


many, p_of_many, targets_of_many = (np.repeat(each, 500, axis=0) for each in (batch, p_of_batch, targets))


def assert_five_times_as_fast(kata, probes, function, arguments, expected):
    """Compare one call for all 1000 samples with 1000 calls.

    Arrays of the whole batch take about a fiftieth of the time; a loop over the samples takes half of it.
    """
    speed = kata.speed(
        function,
        lambda: arguments,
        lambda actual, _: assert_close(actual, expected, scale=5.0, terms=1000),
        rounds=3,
        at_most=0.2,
        clock="cpu",
        than=lambda same, *given: same.run(probes.row_by_row, function, list(range(len(given))), *given),
    )
    assert_speed(speed, at_most=0.2, than="the time of 1000 calls with one sample each")


@task("speed", title="softmax of 1000 samples takes at most a fifth of the time of 1000 calls")
def test_softmax_of_a_batch_is_five_times_as_fast(kata, probes):
    assert_five_times_as_fast(kata, probes, "softmax", (many,), p_of_many)


@task("speed", title="The loss of 1000 samples takes at most a fifth of the time of 1000 calls")
def test_the_loss_of_a_batch_is_five_times_as_fast(kata, probes):
    assert_five_times_as_fast(kata, probes, "cross_entropy", (many, targets_of_many), loss_of_batch)

import numpy as np

from graders.checks import assert_close, assert_equal, cases, task


@task("double")
def test_one_and_two_become_two_and_four(kata):
    assert_close(kata.double(np.array([1.0, 2.0])), np.array([2.0, 4.0]))


@task("types")
def test_float32_stays_float32(kata):
    assert_equal(kata.double(np.array([1.0], dtype=np.float32)), np.array([2.0], dtype=np.float32))


@task("types", unless_hidden=True)
def test_float32_of_no_elements_stays_float32(kata):
    assert_equal(kata.double(np.zeros(0, dtype=np.float32)), np.zeros(0, dtype=np.float32))


@task("empty")
def test_an_empty_vector_stays_empty(kata):
    assert_equal(kata.double(np.zeros(0)), np.zeros(0))


@task("double")
@cases(4)
def test_every_vector_is_doubled(kata, draw):
    x = draw.normal(draw.sizes("n"))
    assert_close(kata.double(x), 2.0 * x)

"""A test for each of the first five."""

from graders.checks import assert_equal, task


@task("low")
def test_one(kata):
    assert_equal(kata.answer(1), 1)


@task("low")
def test_two(kata):
    assert_equal(kata.answer(2), 2)


@task("low")
def test_three(kata):
    assert_equal(kata.answer(3), 3)


@task("low")
def test_four(kata):
    assert_equal(kata.answer(4), 4)


@task("low")
def test_five(kata):
    assert_equal(kata.answer(5), 5)

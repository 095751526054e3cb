"""A test for each of the last five."""

from graders.checks import assert_equal, task


@task("high")
def test_six(kata):
    assert_equal(kata.answer(6), 6)


@task("high")
def test_seven(kata):
    assert_equal(kata.answer(7), 7)


@task("high")
def test_eight(kata):
    assert_equal(kata.answer(8), 8)


@task("high")
def test_nine(kata):
    assert_equal(kata.answer(9), 9)


@task("high")
def test_ten(kata):
    assert_equal(kata.answer(10), 10)

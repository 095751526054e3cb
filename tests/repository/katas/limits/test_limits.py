"""Calls that take no time unless the submission does."""

from graders.checks import assert_equal, cases, task


@task("once")
def test_one(kata):
    assert_equal(kata.work(1), 1)


@task("once")
def test_two(kata):
    assert_equal(kata.work(2), 2)


@task("thrice")
@cases(8)
def test_many(kata, draw):
    assert_equal(kata.work(10 + draw.case), 10 + draw.case)


@task("once")
def test_three(kata):
    assert_equal(kata.work(3), 3)

"""One test a task, in no particular order."""

from graders.checks import assert_equal, task


@task("third")
def test_third(kata):
    assert_equal(kata.third(), "third")


@task("first")
def test_first(kata):
    assert_equal(kata.first(), "first")


@task("alone")
def test_alone(kata):
    assert_equal(kata.alone(), "alone")


@task("second")
def test_second(kata):
    assert_equal(kata.second(), "second")

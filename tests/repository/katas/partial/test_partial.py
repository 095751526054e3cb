"""Four tests share the points of a task; one needs a GPU."""

import pytest

from graders.checks import assert_equal, task


@task("half")
def test_one(kata):
    assert_equal(kata.answer(1), 1)


@task("half")
def test_two(kata):
    assert_equal(kata.answer(2), 2)


@task("half")
def test_three(kata):
    assert_equal(kata.answer(3), 3)


@task("half")
def test_four(kata):
    assert_equal(kata.answer(4), 4)


@task("fast")
@pytest.mark.gpu
def test_on_a_gpu(kata):
    assert_equal(kata.answer(0), 0)

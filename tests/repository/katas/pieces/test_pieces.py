"""Tasks that need different files."""

from graders.checks import assert_equal, task


@task("left")
def test_left(kata):
    assert_equal(kata.left(3), 6)


@task("left")
def test_left_again(kata):
    assert kata.left(4) == 8  # a float will do, too


@task("right")
def test_right(kata):
    assert_equal(kata.right(3), 9)


@task("both")
def test_both(kata):
    assert_equal(kata.left(1) + kata.right(1), 5)


@task("notes")
def test_notes(kata):
    assert_equal(kata.toml("notes.toml"), {"answer": 7})


@task("log")
def test_log(kata):
    assert kata.text("results/log.csv") == "1,2\n"


@task("whole")
def test_whole(kata):
    assert_equal(kata.left(0) + kata.right(0), 0)

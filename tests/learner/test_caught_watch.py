"""Tests of `katas watch` that planted faults showed to be missing; see `tests/planted.py`."""

from __future__ import annotations

from graders.catalogue import Kata, Task
from graders.learner.watch.task_cache import affected_by
from graders.verdict import Limits


def test_save_re_runs_tasks_that_build_on_the_saved_one() -> None:
    kata = Kata(
        format=1,
        title="Three",
        kind="exercise",
        difficulty=1,
        minutes=1,
        files=("a.py", "b.py"),
        entry_points=("a", "b"),
        runtime="numpy",
        slug="three",
        root="/nowhere",
        limits=Limits(),
        tasks=(
            Task(name="first", title="First", points=1, files=("a.py",)),
            Task(name="other", title="Other", points=1, files=("b.py",)),
            Task(name="later", title="Later", points=1, files=("b.py",), after=("first",)),
        ),
    )
    assert affected_by(kata, {"a.py"}) == {"first", "later"}
    assert affected_by(kata, {"b.py"}) == {"other", "later"}

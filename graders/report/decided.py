"""Tasks whose points an instructor has decided, as reports show them."""

from __future__ import annotations

from graders.verdict import TaskResult


class DecidedTask(TaskResult, frozen=True, kw_only=True):
    """A task with a remark about an instructor's decision, which is shown instead of the usual remark."""

    remark: str


def with_remark(task: TaskResult, remark: str) -> DecidedTask:
    """Return the task with this remark."""
    return DecidedTask(**{name: getattr(task, name) for name in TaskResult.__struct_fields__}, remark=remark)

"""Finds out which of a submission's files cannot be imported, and which tasks that costs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from graders.catalogue import Kata
from graders.errors import RemoteFault, SubmissionError
from graders.intake.rules import together
from graders.judge.cached_kata import do_first, named
from graders.judge.sides import WorkerSide, sources_of
from graders.pytest_plugin.explanation import exception_text
from graders.report.text import clean
from graders.verdict import FILES, TestResult

MESSAGE = 2000  # a message is cut to this many characters
_Fresh = Callable[[dict[str, bytes]], WorkerSide]


@dataclass(frozen=True)
class Refusal:
    """Why a file cannot be graded. `kata` is the earlier kata to blame, if any."""

    message: str
    reason: Literal["files", "import"] = "files"
    kata: str = ""


def whole_reason(refusals: Collection[Refusal]) -> tuple[str, Literal["files", "import"], str]:
    """Return the message, the reason and the earlier kata for a submission that these refusals make ungradable."""
    message = together(each.message for each in refusals)
    reason: Literal["files", "import"] = "import" if any(each.reason == "import" for each in refusals) else "files"
    return message, reason, next((each.kata for each in refusals if each.kata), "")


def failed_results(kata: Kata, lacking: Mapping[str, Refusal]) -> dict[str, TestResult]:
    """Return the results of the tasks that need one of these files, by task. `lacking` gives the reasons."""
    lost = [task for task in kata.tasks if any(map(task.needs, lacking))]
    return {
        task.name: TestResult(
            name=FILES,
            title="The files",
            task=task.name,
            visibility="visible",
            status="failed",
            message=message,
            reason=reason,
        )
        for task in lost
        for message, reason, _ in [whole_reason([why for name, why in lacking.items() if task.needs(name)])]
    }


def with_remedies(broken: Mapping[str, Refusal]) -> dict[str, Refusal]:
    """Return the reasons why files cannot be imported, each with what to do."""
    return {
        name: replace(why, message=f"{why.message}\nFix {name}: this task needs it.") for name, why in broken.items()
    }


def refusals_of(kata: Kata, side: WorkerSide, fresh: _Fresh) -> dict[str, Refusal]:
    """Return the kata's files that cannot be imported, each with the reason.

    If the kata has several modules, they are only compiled here: each is imported when a test first needs it. `fresh`
    returns a side with the given files in a new worker.
    """
    try:
        side.read()
        side.load()
    except SubmissionError as fault:
        if refusal := _earlier_fault(kata, side, fresh):
            return dict.fromkeys(kata.files, refusal)
        own = sources_of(kata, side.submission.files)
        refusal = _cannot_be_imported(fault)
        return _compile_errors(kata, own, refusal, fresh) or dict.fromkeys(own, refusal)
    return {}


def _cannot_be_imported(fault: SubmissionError) -> Refusal:
    why = exception_text(fault) if isinstance(fault, RemoteFault) else str(fault)
    return Refusal(clean(f"the submission cannot be imported: {why}", MESSAGE), "import")


def _earlier_fault(kata: Kata, side: WorkerSide, fresh: _Fresh) -> Refusal | None:
    """Return which earlier kata's files cannot be imported, and why; None if all of them can.

    Every worker gets the files of one kata more, and none gets the milestone's own. So the first import that fails
    shows the kata to blame.
    """
    files: dict[str, bytes] = {}
    for other in kata.earlier:
        own = {name: data for name, data in side.submission.files.items() if other.declares(name)}
        files |= own
        alone = fresh(dict(files))
        alone.submission = msgspec.structs.replace(alone.submission, modules=[], earlier=list(other.modules))
        try:
            alone.load()
        except SubmissionError as fault:
            why = exception_text(fault) if isinstance(fault, RemoteFault) else str(fault)
            message = clean(do_first(other, f"{named(other)} cannot be imported: {why}"), MESSAGE)
            raised = _cannot_be_imported(fault)
            return Refusal(message, (_compile_error(own, raised, fresh) or raised).reason, other.slug)
    return None


def _compile_error(files: dict[str, bytes], otherwise: Refusal, fresh: _Fresh) -> Refusal | None:
    """Return why these files cannot be compiled or that they name a forbidden symbol, found by a worker that runs none.

    A running submission could raise such an error itself, although its files have none. If the worker does not answer,
    the reason is `otherwise`.
    """
    try:
        fresh(files).read()
    except RemoteFault as fault:
        if fault.type_name in ("SyntaxError", "IndentationError", "TabError"):
            return Refusal(clean(exception_text(fault), MESSAGE))
        return _cannot_be_imported(fault)
    except SubmissionError:
        return otherwise
    return None


def _compile_errors(kata: Kata, files: dict[str, bytes], otherwise: Refusal, fresh: _Fresh) -> dict[str, Refusal]:
    """Return the files that cannot be compiled or name a forbidden symbol. The search ends when the kata is lost."""
    refused: dict[str, Refusal] = {}
    if len(files) > 1 and _compile_error(files, otherwise, fresh) is None:
        return refused
    for name, data in files.items():
        if why := _compile_error({name: data}, otherwise, fresh):
            refused[name] = why
            if kata.is_lost(refused):
                break
    return refused

"""Finds out which of a submission's files cannot be imported, and which tasks that costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from graders.catalogue import Kata
from graders.errors import RemoteFault, SubmissionError
from graders.intake.rules import together
from graders.judge.submission_side import WorkerSide
from graders.pytest_plugin.explanation import exception_text
from graders.report.text import clean
from graders.verdict import FILES, TestResult

MESSAGE = 2000  # a message is cut to this many characters
_Fresh = Callable[[dict[str, bytes]], WorkerSide]


def sources_of(kata: Kata, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the kata's own Python files."""
    return {name: data for name, data in files.items() if name.endswith(".py") and kata.declares(name)}


def failed_results(kata: Kata, lacking: Mapping[str, str]) -> dict[str, TestResult]:
    """Return the results of the tasks that need one of these files, by task. `lacking` gives the reasons."""
    lost = [task for task in kata.tasks if any(map(task.needs, lacking))]
    return {
        task.name: TestResult(
            name=FILES,
            title="The files",
            task=task.name,
            visibility="visible",
            status="failed",
            message=together(why for name, why in lacking.items() if task.needs(name)),
        )
        for task in lost
    }


def with_remedies(broken: Mapping[str, str]) -> dict[str, str]:
    """Return the reasons why files cannot be imported, each with what to do."""
    return {name: f"{why}\nFix {name}: this task needs it." for name, why in broken.items()}


def refusals_of(kata: Kata, side: WorkerSide, fresh: _Fresh) -> dict[str, str]:
    """Return the kata's files that cannot be imported, each with the reason.

    If the kata has several modules, they are only compiled here: each is imported when a test first needs it. `fresh`
    returns a side with the given files in a new worker.
    """
    try:
        side.load()
    except SubmissionError as fault:
        if reason := _earlier_fault(kata, side, fresh):
            return dict.fromkeys(kata.files, reason)
        own = sources_of(kata, side.submission.files)
        reason = _cannot_be_imported(fault)
        return _compile_errors(kata, own, reason, fresh) or dict.fromkeys(own, reason)
    return {}


def _cannot_be_imported(fault: SubmissionError) -> str:
    why = exception_text(fault) if isinstance(fault, RemoteFault) else str(fault)
    return clean(f"the submission cannot be imported: {why}", MESSAGE)


def _earlier_fault(kata: Kata, side: WorkerSide, fresh: _Fresh) -> str:
    """Return which earlier kata's files cannot be imported, and why; empty if all of them can.

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
            names = " and ".join(f"katas/{other.slug}/{name}" for name in own)
            return clean(f"Do {other.slug} first: {names} cannot be imported: {why}", MESSAGE)
    return ""


def _compile_errors(kata: Kata, files: dict[str, bytes], otherwise: str, fresh: _Fresh) -> dict[str, str]:
    """Return the files that cannot be compiled or name a forbidden symbol, found by workers that run none of them.

    A running submission could raise such an error itself, although its files have none. If a worker does not answer,
    the reason is `otherwise`. The search ends when the kata is lost.
    """

    def reason(some: dict[str, bytes]) -> str:
        try:
            fresh(some).read()
        except RemoteFault as fault:
            if fault.type_name in ("SyntaxError", "IndentationError", "TabError"):
                return clean(f"{fault.type_name}: {fault.text}\n{fault.where}", MESSAGE)
            return _cannot_be_imported(fault)
        except SubmissionError:
            return otherwise
        return ""

    found: dict[str, str] = {}
    if len(files) > 1 and not reason(files):
        return found
    for name, data in files.items():
        if why := reason({name: data}):
            found[name] = why
            if kata.is_lost(found):
                break
    return found

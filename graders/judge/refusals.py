"""Finds out why a submission cannot be imported, and which of its files is to blame."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from graders.catalogue import Kata
from graders.errors import RemoteFault, SubmissionError
from graders.judge.submission_side import WorkerSide
from graders.pytest_plugin.explanation import exception_text
from graders.report.text import clean

MESSAGE = 2000  # a message is cut to this many characters
_Fresh = Callable[[dict[str, bytes]], WorkerSide]


def refusal_of(kata: Kata, side: WorkerSide, fresh: _Fresh) -> str:
    """Return why the submission is ungradable, or an empty string if it can be graded.

    `fresh` returns a side with the given files in a new worker.
    """
    try:
        side.load()
    except RemoteFault as fault:
        if reason := _earlier_fault(kata, side, fresh):
            return reason
        syntax = fault.type_name in ("SyntaxError", "IndentationError", "TabError")
        if syntax and (reason := _compile_error(fresh(side.submission.files))):
            return reason
        return clean(f"the submission cannot be imported: {exception_text(fault)}", MESSAGE)
    except SubmissionError as fault:
        reason = _earlier_fault(kata, side, fresh)
        return reason or clean(f"the submission cannot be imported: {fault}", MESSAGE)
    return ""


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


def _compile_error(side: WorkerSide) -> str:
    """Return the syntax error in the files, found by a worker that compiles them without running them.

    A running submission could raise such an error itself, although its files have no syntax error.
    """
    try:
        side.read()
    except RemoteFault as fault:
        return clean(f"{fault.type_name}: {fault.text}\n{fault.where}", MESSAGE)
    except SubmissionError:
        pass
    return ""

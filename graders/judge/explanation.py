"""What went wrong, in a sentence that names the function."""

from __future__ import annotations

import re

from graders.checks.mismatch import Mismatch
from graders.errors import SubmissionError
from graders.judge.cases import Failure, unwritten
from graders.judge.handle import Handle
from graders.judge.worker import RemoteFault


def message(failure: Failure, handle: Handle) -> str:
    """What went wrong, in a sentence that names the function."""
    fault, call = failure.fault, handle.journal.last
    name = call.name if call else "the submission"
    if isinstance(fault, Mismatch):
        return f"{name}: {fault.message}" if name not in fault.message else fault.message
    if isinstance(fault, RemoteFault):
        if unwritten(fault):
            place = re.search(r", in ([\w.]+): ", fault.where)
            return f"{place[1] if place else name} is not written yet"
        if fault.type_name == "BdbQuit":
            return f"{name} stopped at a breakpoint: take breakpoint() out before grading\n{fault.where}".rstrip()
        return f"{name} raised {told_of(fault)}"
    if isinstance(fault, SubmissionError | AssertionError):
        return str(fault)
    kind = type(call.value).__name__ if call else "?"
    return f"the test could not use what {name} returned ({kind}): {type(fault).__name__}: {fault}"


def told_of(fault: RemoteFault) -> str:
    """An exception of the submission, and where it came from."""
    return f"{fault}\n{fault.where}" if fault.where else str(fault)

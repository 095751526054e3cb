"""What went wrong, in a sentence that names the learner's function."""

from __future__ import annotations

import ast
import re

from graders.catalogue import Kata
from graders.checks import digits
from graders.checks.mismatch import Mismatch, Missing
from graders.errors import SubmissionError
from graders.judge.cases import Failure, unwritten
from graders.judge.handle import Call, Handle
from graders.judge.worker import RemoteFault

WRITTEN_BY_HAND = (".md", ".toml", ".py")  # files of other kinds are made by `katas run`

_OFF = re.compile(r"\[([\d, ]+)\]: (\S+) \(ACTUAL\), (\S+) \(DESIRED\)")  # as numpy.testing says it
ANONYMOUS = ("expected ", "wrong value ", "NaN at ", "the answer is not ")  # words that do not say what they are about


def message(failure: Failure, handle: Handle) -> str:
    """What went wrong, in a sentence that names the learner's function, never a probe."""
    fault, call = failure.fault, handle.journal.last
    name = subject(handle.kata, call)
    if isinstance(fault, Missing):
        return missing_file(handle.kata, fault.name)
    if isinstance(fault, Mismatch):
        return _with_subject(name, call, fault.message)
    if isinstance(fault, RemoteFault):
        if unwritten(fault):
            place = re.search(r", in ([\w.]+): ", fault.where)
            return f"{place[1] if place else name or 'the submission'} is not written yet"
        if fault.type_name == "BdbQuit":
            said = f"{name or 'the submission'} stopped at a breakpoint: take breakpoint() out before grading"
            return f"{said}\n{fault.where}".rstrip()
        return f"{name or 'your code'} raised {told_of(fault)}"
    if isinstance(fault, AssertionError):
        return _with_subject(name, call, without_source(str(fault)))
    if isinstance(fault, SubmissionError):
        return str(fault)
    kind = type(call.value).__name__ if call else "?"
    said = f"the test could not use what {name or 'your code'} returned ({kind})"
    return f"{said}: {type(fault).__name__}: {fault}"


def _with_subject(name: str, call: Call | None, said: str) -> str:
    """What was found, after the function that it is about; where that is unknown, after what the probe looks at."""
    if name:
        return said if name in said else f"{name}: {said}"
    summary = call.probe.summary.rstrip(".") if call and call.probe else ""
    return f"{summary}: {said}" if summary and said.startswith(ANONYMOUS) else said


def subject(kata: Kata, call: Call | None) -> str:
    """The learner's function that a call is about; of a probe the one that it is given or that it names itself.

    Empty where a probe uses several or none of them.
    """
    if call is None:
        return "the submission"
    if call.probe is None:
        return call.name
    known = [each for each in _strings(call.arguments) if each in kata.entry_points]
    if not known:
        body = next(
            node
            for node in ast.parse(call.probe.source).body
            if isinstance(node, ast.FunctionDef) and node.name == call.probe.name
        )
        source = ast.get_source_segment(call.probe.source, body) or ""
        known = [each for each in kata.entry_points if re.search(rf"\b{re.escape(each)}\b", source)]
    return known[0] if len(set(known)) == 1 else ""


def _strings(value: object) -> list[str]:
    if isinstance(value, tuple | list):
        return [each for item in value for each in _strings(item)]
    return [value] if type(value) is str else []


def missing_file(kata: Kata, name: str) -> str:
    """What is said of a file that was not handed in: the command that makes it, or that a person writes it."""
    if name.endswith(WRITTEN_BY_HAND):
        return f"{name} is missing: write katas/{kata.slug}/{name}, and hand it in with the other files"
    return f"{name} is missing: `katas run {kata.slug}` makes it; hand it in with the other files"


def without_source(said: str) -> str:
    """A failed `assert` as its author worded it, without the source that pytest adds; or else in words."""
    off = _OFF.search(said)
    if "Not equal to tolerance" in said and off:
        wanted, got = digits.pair(float(off[3]), float(off[2]))
        return f"wrong value at [{off[1]}]: expected {wanted}, got {got}"
    worded, source, rest = said.partition("assert ") if said.startswith("assert ") else said.partition("\nassert ")
    if not source:
        return said or "the answer is not as the task asks"
    if worded:
        return worded
    condition = rest.partition("\n")[0]
    found, equals, wanted = condition.partition(" == ")
    if equals and " == " not in wanted:
        return f"expected {wanted}, got {found}"
    return "the answer is not as the task asks"


def told_of(fault: RemoteFault) -> str:
    """An exception of the submission, and where it came from."""
    return f"{fault}\n{fault.where}" if fault.where else str(fault)

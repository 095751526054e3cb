"""Explains a failure in a sentence that names the learner's function, and says in plain words what to do next.

Only exceptions of the learner's code, and wrong answers that have something in common, get advice (see advice.toml).
Advice decides nothing: the exception itself is shown, too.
"""

from __future__ import annotations

import ast
import functools
import platform
import re
import sys
import tomllib
import traceback
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from graders.catalogue import Kata
from graders.checks import digits
from graders.checks.mismatch import Mismatch, Missing
from graders.errors import RemoteFault, SubmissionError
from graders.pytest_plugin.cases import Failure, is_unwritten
from graders.pytest_plugin.handle import Call, Handle, Probe

WRITTEN_BY_HAND = (".md", ".toml", ".py")  # because `katas run` creates files of other kinds

_OFF = re.compile(r"\[([\d, ]+)\]: (\S+) \(ACTUAL\), (\S+) \(DESIRED\)")  # this is the wording of numpy.testing
REMEMBERED = (
    "In a new process, the same call gets another answer: your code keeps something from earlier calls, for example in "
    "a global variable or a default argument, or it draws from a random generator of its own."
)
ANONYMOUS = ("expected ", "at [", "wrong value ", "NaN at ", "the answer is not ")  # such texts lack a subject


def message(failure: Failure, handle: Handle) -> str:
    """Return a sentence that says what went wrong. It names the learner's function, but never a probe."""
    fault, call = failure.fault, handle.call_log.last
    name = subject(handle.kata, call)
    remembered = f"\n{REMEMBERED}" if failure.remembered else ""
    if isinstance(fault, Missing):
        return missing_file(handle.kata, fault.name)
    if isinstance(fault, Mismatch):
        return _with_subject(name, call, fault.message) + remembered
    if isinstance(fault, RemoteFault):
        if is_unwritten(fault):
            place = re.search(r", in ([\w.]+): ", fault.where)
            return f"{place[1] if place else name or 'the submission'} is not written yet"
        if fault.type_name == "BdbQuit":
            text = f"{name or 'the submission'} stopped at a breakpoint: remove breakpoint() before grading"
            return f"{text}\n{fault.where}".rstrip()
        return f"{name or 'your code'} raised {exception_text(fault)}{remembered}"
    if isinstance(fault, AssertionError):
        return _with_subject(name, call, without_source(str(fault)))
    if isinstance(fault, SubmissionError):
        return str(fault)
    kind = type(call.value).__name__ if call else "?"
    text = f"the test could not use what {name or 'your code'} returned ({kind})"
    return f"{text}: {type(fault).__name__}: {fault}"


def _with_subject(name: str, call: Call | None, text: str) -> str:
    """Prefix the text with the function's name or, if that is unknown, with the probe's summary."""
    if name:
        return text if name in text else f"{name}: {text}"
    summary = call.probe.summary.rstrip(".") if call and call.probe else ""
    return f"{summary}: {text}" if summary and text.startswith(ANONYMOUS) else text


def subject(kata: Kata, call: Call | None) -> str:
    """Return the learner's function that a call is about, or "" if its probe uses none of them or several.

    A probe's function is the one that it receives as an argument or names in its source.
    """
    if call is None:
        return "the submission"
    if call.probe is None:
        return call.name
    names = [each for each in _strings(call.arguments) if each in kata.entry_points]
    if not names:
        names = [each for each in kata.entry_points if re.search(rf"\b{re.escape(each)}\b", _source(call.probe))]
    return names[0] if len(set(names)) == 1 else ""


@functools.cache
def _source(probe: Probe) -> str:
    functions = {node.name: node for node in ast.parse(probe.source).body if isinstance(node, ast.FunctionDef)}
    return ast.get_source_segment(probe.source, functions[probe.name]) or ""


def _strings(value: object) -> list[str]:
    if isinstance(value, tuple | list):
        return [each for item in value for each in _strings(item)]
    return [value] if type(value) is str else []


def missing_file(kata: Kata, name: str) -> str:
    """Return the message for a file that was not submitted. It says how to create the file."""
    by_hand = name.endswith(WRITTEN_BY_HAND)
    how = f"write katas/{kata.slug}/{name}" if by_hand else f"create it with `katas run {kata.slug}`"
    return f"{name} is missing: {how} and submit it with the other files"


def without_source(text: str) -> str:
    """Return the author's message of a failed `assert`, or a description, without the source that pytest adds."""
    difference = _OFF.search(text)
    if "Not equal to tolerance" in text and difference:
        wanted, got = digits.pair(float(difference[3]), float(difference[2]))
        return f"wrong value at [{difference[1]}]: expected {wanted}, got {got}"
    worded, source, rest = text.partition("assert ") if text.startswith("assert ") else text.partition("\nassert ")
    found, equals, wanted = rest.partition("\n")[0].partition(" == ")
    if source and not worded and equals and " == " not in wanted:
        return f"expected {wanted}, got {found}"
    return worded or "the answer is not what the task asks for"


def exception_text(fault: RemoteFault) -> str:
    """Return the text of the submission's exception, the place where it was raised, and what it means."""
    line = fault.where.partition(": ")[2]
    parts = (str(fault), fault.where, advice({fault.type_name, *fault.bases}, fault.text, line))
    return "\n".join(filter(None, parts))


# -------------------------------------------------------------------------------------- advice


class Advice(NamedTuple):
    """What to say about an exception of this type, or of one that is derived from it, whose text has this pattern.

    `line` is a pattern of the line of code.
    """

    type: str
    pattern: re.Pattern[str]
    line: re.Pattern[str]
    sentence: str


@functools.cache  # a suite server reads them before it forks judges
def advice_table() -> list[Advice]:
    """Return the entries of advice.toml that apply to this version of Python."""
    read = []
    for each in tomllib.loads(Path(__file__).with_name("advice.toml").read_text(encoding="utf-8"))["advice"]:
        sentence = " ".join(each["say"].split())
        if before := each.get("before"):
            if sys.version_info >= tuple(map(int, before.split("."))):
                continue
            sentence += f" It needs Python {before}, and this is Python {platform.python_version()}."
        pattern, line = (re.compile(each.get(key, "")) for key in ("pattern", "line"))
        read.append(Advice(each["type"], pattern, line, sentence))
    return read


def advice(types: Collection[str], text: str, line: str = "") -> str:
    """Return the advice on an exception with these types (its own and those that it is derived from), or ""."""
    fits = (each for each in advice_table() if each.type in types)
    return next((each.sentence for each in fits if each.pattern.search(text) and each.line.search(line)), "")


def advice_on(fault: BaseException) -> str:
    """Return the advice on an exception that was raised in this process, or ""."""
    line = fault.text if isinstance(fault, SyntaxError) else _last_line(fault)
    return advice([kind.__name__ for kind in type(fault).__mro__], str(fault), (line or "").strip())


def _last_line(fault: BaseException) -> str | None:
    frames = traceback.extract_tb(fault.__traceback__)
    return frames[-1].line if frames else None


def observed(statements: Collection[str]) -> tuple[str, str]:
    """Return the statement about wrong answers that comes first in the table, and its advice, or "", ""."""
    entries = (each for each in advice_table() if each.type == "Observation")
    found = ((text, each.sentence) for each in entries for text in sorted(statements) if each.pattern.search(text))
    return next(found, ("", ""))

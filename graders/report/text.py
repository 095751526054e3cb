"""Clean text that a submission can influence, so that it is safe to show, and whole verdicts for an audience.

Exception messages, printed output and file names are untrusted. They are cleaned when the verdict is made, and again in
every report, because a verdict may come from a file. Cleaning is idempotent. The module of each report format escapes
the characters that are special in that format, such as `<` in HTML.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from graders.verdict import LONGEST_COMMENT, Audience, TaskResult, TestResult, Verdict

LIMIT = 4_000
"""The default maximum number of characters."""

# A browser or a terminal acts on these; a reader cannot see them. Possessive quantifiers keep the time linear.
_ESCAPE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]"  # CSI: colours, cursor movements
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*+(?:\x07|\x1b\\|\x9c)"  # OSC and similar: titles and links
    r"|\x1b[ -/]*+[0-~]"  # the rest: reset and character sets
)
_NEWLINE = re.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # control characters except tab and line breaks
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"  # direction marks, joiners, fillers, variation selectors
    "\ud800-\udfff"  # surrogates, which cannot be encoded
    "\ufdd0-\ufdef\ufffe\uffff"  # non-characters
    "\U000e0000-\U000e0fff\U000f0000-\U0010ffff"  # tags and private planes
    "]"
)
_COMBINING = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_STACKED = re.compile(f"({_COMBINING}{{3}}){_COMBINING}++")  # marks stacked so high that they cover the lines above
# Continuous-integration runners obey `::command::` at the start of a line and `##[command]` anywhere in one.
_COMMAND_AT_START = re.compile(r"^([^\S\n]*+):(?=:)", re.MULTILINE)
_COMMAND_IN_LINE = re.compile(r"##(?=\w*\[)")


def clean(text: str, limit: int = LIMIT) -> str:
    """Return the text without anything that a terminal, browser or CI runner acts on, cut to `limit` characters.

    Tabs become spaces, every line break a newline, and a space is inserted into what a CI runner takes for a command.
    """
    # Cleaning usually removes little, so only the beginning of a very long text is cleaned.
    seen = 4 * limit
    safe = defuse(_strip(text[:seen]).expandtabs(4)).strip("\n").rstrip()
    unseen = max(len(text) - seen, 0)
    if len(safe) <= limit and not unseen:
        return safe
    room = max(limit - 40, 0)
    cut = max(len(safe) - room, 0) + unseen
    return f"{safe[:room].rstrip()}… ({cut} more characters)"[:limit].rstrip()


def clean_line(text: str, limit: int = 200) -> str:
    """Return the cleaned text on one line, which suits names, titles and paths."""
    line = defuse(" ".join(clean(text, 4 * limit).split()))
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def defuse(text: str) -> str:
    """Return the text with a space inserted into each CI workflow command. A Python slice such as `::2` still works."""
    return _COMMAND_IN_LINE.sub("## ", _COMMAND_AT_START.sub(r"\1: ", text))


def _strip(text: str) -> str:
    text = _INVISIBLE.sub("", _ESCAPE.sub("", text))
    return _STACKED.sub(r"\1", _NEWLINE.sub("\n", text))


# -------------------------------------------------------------------------------------------- verdicts

OUTPUT_LIMIT = 65_536  # in characters; the judge has already cut the output to the kata's `output_kb`

# The limits, in characters, of the fields that may have several lines, and of lines with a limit of their own.
_BLOCKS = {"comment": LONGEST_COMMENT, "output": OUTPUT_LIMIT}
_BLOCKS |= dict.fromkeys(("message", "counterexample", "expected", "actual"), LIMIT)
_LINES = {"diagnosis": 1_000, "intake_notes": 400}


def shown(verdict: Verdict, audience: Audience, *, for_programs: bool = False) -> Verdict:
    """Return the verdict as this audience may see it, safe in every format. For people, blocking tasks have titles."""
    verdict = verdict.for_audience(audience)
    titles = {} if for_programs else {task.name: f'"{task.title}"' for task in verdict.tasks if task.title}
    tasks = (
        replace(task, blocked_by=tuple(titles.get(name, name) for name in task.blocked_by)) for task in verdict.tasks
    )
    safe: Verdict = _safe("", replace(verdict, tasks=tuple(tasks)))
    return replace(safe, remark=verdict.remark)  # only an instructor's JSON has it


def _safe(name: str, value: Any) -> Any:
    """Return a value of the field `name` with every text in it cleaned."""
    if isinstance(value, str):
        if len(value) < 200 and value.isascii() and value.isidentifier():
            return value
        return clean(value, _BLOCKS[name]) if name in _BLOCKS else clean_line(value, _LINES.get(name, 200))
    if isinstance(value, tuple):
        return tuple(_safe(name, each) for each in value)
    if isinstance(value, dict):
        return {_safe(name, key): _safe(name, each) for key, each in value.items()}
    if isinstance(value, Verdict | TaskResult | TestResult):
        return replace(value, **{field: _safe(field, getattr(value, field)) for field in value.__struct_fields__})
    return value


def first_names(names: Sequence[str], most: int) -> str:
    """Return the first of these names, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")

"""Render verdicts as GitHub Markdown of at most 60 kB, for a pull-request comment or a step summary.

Every verdict has a table of its tasks and a folded section for each failing test. Text that a submission can influence
is in fenced code or in `<code>`, where HTML and mentions have no effect. Special characters in names and titles are
written as entities.
"""

from __future__ import annotations

import re
from collections.abc import Container

from graders.report import wording
from graders.report.text import clean
from graders.verdict import TaskResult, TestResult, Verdict

MAX_BYTES = 60_000  # GitHub allows 65 536 characters in a comment
_RESERVED = 1_000  # in bytes, for the sentences about what is left out
_ROWS_BYTES = 15_000
_COMMENTS_BYTES = 20_000  # in bytes, for reviewers' comments; at least one comment fits
_DETAIL_LIMIT = 3_000  # in characters, for a message, a counterexample or an output

# Backslash escapes would work in Markdown, but not inside <summary>. Entities work in both.
_SPECIAL = re.compile(r"[^\w\s.,;()/?%'’…–-]|_")
_MENTION = re.compile(r"[@#](?=\w)|\bgh(?=-\d)|www(?=\.)", re.IGNORECASE)


def render(verdicts: list[Verdict]) -> str:
    """Return the comment, which has the results of the katas and as many failing tests as fit."""
    room = MAX_BYTES - _RESERVED
    heads, heads_left = _fitting([_head(verdict) for verdict in verdicts], room)
    room -= sum(_size(head) for head in heads)
    parts = []
    details_left = 0
    for verdict, head in zip(verdicts, heads, strict=False):
        optional = wording.optional(verdict)
        details, left = _fitting([_detail(test, optional) for test in wording.not_passed(verdict)], room)
        room -= sum(_size(detail) for detail in details)
        parts += [head, *details]
        details_left += left
    for number, noun in ((heads_left, "kata"), (details_left, "failing test")):
        if number:
            are = " is" if number == 1 else "s are"
            parts.append(f"{number} more {noun}{are} left out, because this comment would be too long.\n")
    return "".join(parts)


def _head(verdict: Verdict) -> str:
    score = wording.score(verdict)
    heading = text(wording.heading(verdict)) + (f": {score}" if score else "")
    status = wording.STATUSES[verdict.status]
    lines = [f"### {wording.SYMBOLS[verdict.status]} {heading}", ""]
    confinement = f" Confinement: {verdict.confinement}." if verdict.ran else ""
    lines += [f"{status[0].upper()}{status[1:]}.{confinement}", ""]
    if verdict.message:
        lines += [_fenced(verdict.message), ""]
    if verdict.tasks:
        lines += [*_table(verdict.tasks), "", *_comments(verdict)]
    lines += [line for remark in wording.remarks(verdict, text) for line in (remark, "")]
    return "\n".join([*lines, ""])


def _table(tasks: tuple[TaskResult, ...]) -> list[str]:
    cells = (
        (
            wording.SYMBOLS[task.status],
            text(task.title or task.name),
            text(wording.task_remark(task)),
            wording.worth(task),
        )
        for task in tasks
    )
    rows, left = _fitting([f"| {' | '.join(each)} |" for each in cells], _ROWS_BYTES)
    return ["| | task | | points |", "|---|---|---|---:|", *rows, *[f"| | … and {left} more | | |"] * bool(left)]


def _comments(verdict: Verdict) -> list[str]:
    quoted = [
        f"> {text(who)}<br>{'<br>'.join(text(line) for line in words.splitlines())}\n"
        for who, words in wording.comments(verdict)
    ]
    kept, left = _fitting(quoted, _COMMENTS_BYTES)
    return [*kept, *([f"… and {left} more comments.", ""] if left else [])]


def _detail(test: TestResult, optional: Container[str]) -> str:
    name = f"{wording.SYMBOLS[test.status]} {text(wording.title(test))}"
    origin = text(test.task) + ", extra" * (test.task in optional) + ", hidden" * (test.visibility == "hidden")
    if wording.is_bare(test):
        return f"- {name} ({origin})\n\n"
    parts = ["<details>", f"<summary>{name} ({origin})</summary>", ""]
    if test.message:
        parts += [_fenced(test.message), ""]
    if test.diagnosis:
        parts += [text(wording.diagnosis(test)), ""]
    if test.counterexample:
        parts += [wording.input_heading(test), "", _fenced(test.counterexample, "python"), ""]
    if test.output:
        parts += [wording.PRINTED, "", _fenced(test.output), ""]
    return "\n".join([*parts, "</details>", "", ""])


def _fitting(pieces: list[str], room: int) -> tuple[list[str], int]:
    """Return as many of the first pieces as fit into `room` bytes, and the number of remaining pieces."""
    kept: list[str] = []
    for piece in pieces:
        room -= _size(piece)
        if room < 0:
            break
        kept.append(piece)
    return kept, len(pieces) - len(kept)


def _size(piece: str) -> int:
    return len(piece.encode()) + 1


def text(words: str) -> str:
    """Return text in which Markdown, HTML and GitHub's mentions have no effect."""
    parted = _MENTION.sub(lambda found: found[0] + "\u200b", words)
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", parted)


def code(words: str) -> str:
    """Return text as inline code in HTML, because a pipe between backticks would end a table cell."""
    return f"<code>{text(words)}</code>"


def _fenced(block: str, language: str = "") -> str:
    """Return a block of text as fenced code, with a fence that is longer than any run of backticks in the block."""
    block = clean(block, _DETAIL_LIMIT)
    longest = max((len(ticks) for ticks in re.findall(r"`+", block)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{block}\n{fence}"

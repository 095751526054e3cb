"""Prose at a terminal: its lines end between words. Code, tables and what is not read by a person stay as they are."""

from __future__ import annotations

import re
import shutil
import textwrap
from typing import TextIO

WIDEST = 100  # longer lines are hard to read, however wide the window

_ITEM = re.compile(r"(?:[-*]|\d+\.) +")


def folded(text: str, stream: TextIO) -> str:
    """A text in Markdown, its paragraphs filled to the width of the terminal; unchanged where there is none."""
    if not stream.isatty():
        return text
    return filled(text, _width())


def filled(text: str, width: int) -> str:
    """Every paragraph and item in lines of this width, or longer where a single word is; the rest unchanged."""
    lines: list[str] = []
    paragraph: list[str] = []
    fenced = False

    def end() -> None:
        if paragraph:
            item = _ITEM.match(paragraph[0])
            margin = " " * (item.end() if item else 0)
            words = " ".join(line.strip() for line in paragraph)
            lines.extend(wrapped(words, width, margin))
            paragraph.clear()

    for line in text.split("\n"):
        fence = line.lstrip().startswith("```")
        if fenced or fence or not line.strip() or line.startswith(("    ", "|", "#")):
            end()
            lines.append(line)
            fenced ^= fence
        else:
            if _ITEM.match(line):
                end()
            paragraph.append(line)
    end()
    return "\n".join(lines)


def line_by_line(message: str, stream: TextIO) -> str:
    """A message, what is too long of its lines set in on the next; unchanged where there is no terminal."""
    if not stream.isatty():
        return message
    width = _width()
    return "\n".join(
        line if len(line) <= width or line.startswith(" ") else "\n".join(wrapped(line, width, "  "))
        for line in message.split("\n")
    )


def wrapped(words: str, width: int, margin: str, head: str = "") -> list[str]:
    """Lines of this width, or longer where a path or an option would be torn apart: they are there to be copied."""
    return textwrap.wrap(
        words,
        width,
        initial_indent=head,
        subsequent_indent=margin,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _width() -> int:
    return min(shutil.get_terminal_size().columns, WIDEST)

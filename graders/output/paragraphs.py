"""Wrap prose to the width of a terminal. Code, tables and output to files stay unchanged."""

from __future__ import annotations

import re
import shutil
import textwrap
from typing import TextIO

WIDEST = 100  # longer lines are hard to read, however wide the window

_ITEM = re.compile(r"(?:[-*]|\d+\.) +")


def folded(text: str, stream: TextIO) -> str:
    """Wrap the paragraphs of a Markdown text to the width of the terminal, if `stream` is one."""
    return filled(text, width_of(stream)) if stream.isatty() else text


def filled(text: str, width: int) -> str:
    """Wrap every paragraph and list item to this width without breaking words, and leave the rest unchanged."""
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
    """Wrap and indent the long lines of a message to the width of the terminal, if `stream` is one."""
    if not stream.isatty():
        return message
    width = width_of(stream)
    return "\n".join(
        line if len(line) <= width or line.startswith(" ") else "\n".join(wrapped(line, width, "  "))
        for line in message.split("\n")
    )


def wrapped(words: str, width: int, margin: str, head: str = "") -> list[str]:
    """Wrap words into lines of this width, without breaking paths or options, which people copy."""
    return textwrap.wrap(
        words, width, initial_indent=head, subsequent_indent=margin, break_long_words=False, break_on_hyphens=False
    )


def width_of(stream: TextIO) -> int:
    """Return the width for text in a stream: the terminal's, or 80 columns for files and pipes."""
    return min(shutil.get_terminal_size().columns, WIDEST) if stream.isatty() else 80

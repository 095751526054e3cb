"""Show a trusted Markdown text in a terminal: headings underlined, formulas as text, answers at the end."""

from __future__ import annotations

import re

from graders.output.formulas import as_text
from graders.output.paragraphs import filled

_FOLDED = re.compile(r"<details>\s*<summary>(.*?)</summary>(.*?)</details>\n?", re.DOTALL)
_BLOCK = re.compile(r"^\$\$(.*?)\$\$$", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"(`[^`\n]+`)|\$([^$]+)\$|\*\*([^*]+)\*\*")
_LATER = "({summary}: see the end of this text.)"


def shown(text: str, width: int) -> str:
    """Return a Markdown text as plain text of this width. Code keeps its lines, and <details> move to the end."""
    folded = [(" ".join(title.split()), body.strip()) for title, body in _FOLDED.findall(text)]
    text = _FOLDED.sub(lambda found: _LATER.format(summary=" ".join(found[1].split())) + "\n", text)
    for title, body in folded:
        text = f"{text.rstrip()}\n\n## {title}\n\n{body}\n"
    pieces = re.split(r"(^```\w*\n.*?^```$)", text, flags=re.DOTALL | re.MULTILINE)
    return "".join(_code(piece) if piece.startswith("```") else _prose(piece, width) for piece in pieces).rstrip("\n")


def _code(piece: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in piece.split("\n")[1:-1])  # without its fences


def _prose(piece: str, width: int) -> str:
    text = _BLOCK.sub(lambda found: "    " + as_text(found[1]), piece)
    text = _INLINE.sub(lambda found: found[1] or (as_text(found[2]) if found[2] else found[3]), text)
    return re.sub(r"^(#+) (.*)$", _heading, filled(text, width), flags=re.MULTILINE)


def _heading(found: re.Match[str]) -> str:
    return f"{found[2]}\n{('=' if len(found[1]) == 1 else '-') * len(found[2])}"

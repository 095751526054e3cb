"""Make the text that milestone3 and milestone4 ship with, from this repository's own READMEs and docs.

    python docs/make_text.py

The shipped text is a snapshot: the task's limits and the README's figures belong to it. So don't make it again without
measuring them again.
"""

import random
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUTPUTS = [ROOT / "katas" / slug / "text.txt" for slug in ("milestone3", "milestone4")]
SOURCES = ("README.md", "CONTRIBUTING.md", "docs/*.md", "katas/*/README.md")
SIZE = 250_000  # characters at most
SHORTEST = 30  # characters in a paragraph
PLAIN = {
    "–": "-", "—": "-", "−": "-", "“": '"', "”": '"', "’": "'", "·": "*", "×": "x", "…": "...",
    "→": "->", "≤": "<=", "≥": ">=", "²": "^2", "é": "e", "ö": "o", "ü": "u", "ä": "a", "ô": "o",
}  # fmt: skip


def paragraphs(text: str) -> list[str]:
    """Return the prose of a Markdown text: its paragraphs, each on one line, without code, tables and formulas."""
    for pattern in (r"```.*?```", r"\$\$.*?\$\$", r"<[^>]+>"):
        text = re.sub(pattern, "", text, flags=re.DOTALL)
    found = []
    for block in re.split(r"\n\s*\n", text):
        if block.startswith(("    ", "|", "![")):
            continue
        line = " ".join(re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", block.lstrip("#")).split())
        line = re.sub(r"\$[^$]*\$", "x", line).replace("`", "").replace("**", "")
        line = "".join(PLAIN.get(character, character) for character in line)
        if len(line) >= SHORTEST and line.isascii() and line.isprintable():
            found.append(line)
    return found


def main() -> None:
    folders = {output.parent for output in OUTPUTS}
    files = sorted(path for pattern in SOURCES for path in ROOT.glob(pattern) if path.parent not in folders)
    lines = list(dict.fromkeys(line for path in files for line in paragraphs(path.read_text(encoding="utf-8"))))
    random.Random(0).shuffle(lines)  # so that the last tenth is about the same things as the rest
    text = "\n".join(lines) + "\n"
    for output in OUTPUTS:
        output.write_text(text[: text.rindex("\n", 0, SIZE) + 1], encoding="utf-8")


if __name__ == "__main__":
    main()

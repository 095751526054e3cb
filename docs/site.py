"""The mkdocs hooks: they add pages for the katas, convert formulas to MathML, and fix links into the repository.

mkdocs (see mkdocs.yml) calls the functions whose names start with `on_`.
"""

from __future__ import annotations

import os
import re
from html import unescape
from pathlib import Path
from typing import Any

import latex2mathml.converter
from mkdocs.structure.files import File, Files

from graders import catalogue

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
_LINK = re.compile(r"\]\((?!\w+:)([^)#\s]+)")  # a relative link, without its fragment
_FORMULA = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)


def katas() -> list[catalogue.Kata]:
    """Return the katas that have a page, in the recommended order."""
    found = [catalogue.load(ROOT, slug, complete=False) for slug in catalogue.slugs(ROOT)]
    return catalogue.in_order(kata for kata in found if (kata.folder / "README.md").is_file())


def on_config(config: Any) -> Any:
    """Add the katas to the navigation, and leave out missing pages."""
    config.nav = [_filled(title, content) for entry in config.nav for title, content in entry.items()]
    return config


def _filled(title: str, content: Any) -> dict[str, Any]:
    if title == "Katas":
        return {title: [{f"{kata.slug}: {kata.title}": f"katas/{kata.slug}/README.md"} for kata in katas()]}
    if isinstance(content, str):
        return {title: content}
    return {title: [entry for entry in content if (ROOT / "docs" / next(iter(entry.values()))).is_file()]}


def on_files(files: Files, config: Any) -> Files:
    """Add the READMEs of the katas, and the files outside docs/ that the texts link to."""
    pages = [kata.folder / "README.md" for kata in katas()]
    linked = {target for text in (*DOCS.glob("*.md"), *pages) for target in _linked(text)}
    for path in (*pages, *sorted(linked - set(pages))):
        if path.is_file() and not path.is_relative_to(DOCS):
            files.append(File.generated(config, _on_site(path), abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Also render the text inside <details> as Markdown, and point links at the site's copies of repository files."""
    source = Path(page.file.abs_src_path)

    def led(found: re.Match[str]) -> str:
        target = (source.parent / found[1]).resolve()
        return f"]({os.path.relpath(_on_site(target), Path(_on_site(source)).parent)}" if target.is_file() else found[0]

    return _LINK.sub(led, markdown).replace("<details>", '<details markdown="1">')


def _linked(text: Path) -> set[Path]:
    """Return the files that a text links to."""
    found = _LINK.findall(text.read_text(encoding="utf-8")) if text.is_file() else []
    return {(text.parent / target).resolve() for target in found}


def _on_site(path: Path) -> str:
    """Return a repository file's place on the site: docs/ is the top, other files keep their paths."""
    return path.relative_to(DOCS if path.is_relative_to(DOCS) else ROOT).as_posix()


def on_page_content(html: str, **_: Any) -> str:
    """Convert formulas to MathML, which browsers render without a script."""

    def drawn(found: re.Match[str]) -> str:
        display = "block" if found[1] == "div" else "inline"
        return latex2mathml.converter.convert(unescape(found[2]).strip(), display=display)

    return _FORMULA.sub(drawn, html)

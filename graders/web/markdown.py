"""Turn the READMEs into HTML: GitHub's Markdown, formulas as MathML, and links that stay in the browser's page."""

from __future__ import annotations

import ast
import doctest
import os
import re
from functools import cache, lru_cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_PICTURES = (".svg", ".png", ".webp")


@lru_cache(maxsize=64)  # every event of an open kata has the same hints again
def to_html(text: str, source: Path, root: Path) -> str:
    """Return a trusted Markdown text as HTML. `source` is its path, from which relative links start."""
    html: str = _parser().render(text, {"source": source, "root": root})
    return html


@cache
def _parser() -> MarkdownIt:
    from latex2mathml.converter import convert
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    def formula(content: str, settings: dict[str, Any]) -> str:
        try:
            if not settings["display_mode"]:
                return str(convert(content.strip()))
            rows = (convert(part.strip(), display="block") for part in content.split(r"\qquad"))
            return f'<div class="formulas">{"".join(rows)}</div>'  # each stands in a line of its own where it's narrow
        except Exception:  # noqa: BLE001 (a formula with a mistake is shown as it is written)
            return f"<code>{escape(content)}</code>"

    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.use(dollarmath_plugin, renderer=formula, double_inline=True)
    parser.add_render_rule("link_open", _link)
    parser.add_render_rule("image", _image)
    parser.add_render_rule("code_block", _code)
    return parser


def _code(self: Any, tokens: Any, at: int, options: Any, env: dict[str, Any]) -> str:
    """Return a block of code. If it can be run as it is, its element has the lines as data."""
    del self, options
    text = tokens[at].content
    data = f' data-lines="{escape(lines)}"' if (lines := _runnable(text, env)) else ""
    return f"<pre{data}><code>{escape(text)}</code></pre>\n"


def _runnable(text: str, env: dict[str, Any]) -> str:
    """Return a block's lines if it is a program that imports something, or what is typed if it is a Python session.

    Those of a session print every value, and begin with what the sessions before it in this text have defined.
    """
    try:
        if ">>>" not in text:
            imports = (ast.Import, ast.ImportFrom)
            return text if any(isinstance(each, imports) for each in ast.parse(text).body) else ""
        typed = [each.source for each in doctest.DocTestParser().get_examples(text)]
        shown = [isinstance(ast.parse(each).body[0], ast.Expr) for each in typed]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    before: str = env.get("defined", "")
    lines = [f"print({each.strip()})\n" if value else each for each, value in zip(typed, shown, strict=True)]
    env["defined"] = before + "".join(each for each, value in zip(typed, shown, strict=True) if not value)
    return before + "".join(lines)


def _link(self: Any, tokens: Any, at: int, options: Any, env: dict[str, Path]) -> str:
    """Lead to a kata's page, to GitHub-like places elsewhere, or nowhere if the page cannot show the target."""
    del self, options
    target = str(tokens[at].attrs["href"])
    if re.match(r"https?://", target):
        return f'<a href="{escape(target)}" target="_blank" rel="noreferrer">'
    if target.startswith("#"):
        return f'<a data-section="{escape(target[1:])}" href="#">'
    path = Path(os.path.normpath(env["source"].parent / target.partition("#")[0]))
    katas = env["root"] / "katas"
    if path.is_relative_to(katas) and path != katas:
        slug, *rest = path.relative_to(katas).parts
        if rest in ([], ["README.md"]):
            return f'<a href="#/{escape(slug)}">'
    shown = path.relative_to(env["root"]) if path.is_relative_to(env["root"]) else path
    return f'<a class="file" title="{escape(str(shown))}">'


def _image(self: Any, tokens: Any, at: int, options: Any, env: dict[str, Path]) -> str:
    token = tokens[at]
    path = Path(os.path.normpath(env["source"].parent / str(token.attrs["src"])))
    inside = path.is_relative_to(env["root"] / "katas") and path.suffix in _PICTURES
    address = f"/pictures/{path.relative_to(env['root'] / 'katas').as_posix()}" if inside else ""
    text = self.renderInlineAsText(token.children, options, env)
    return f'<img src="{escape(address)}" alt="{escape(text)}">'

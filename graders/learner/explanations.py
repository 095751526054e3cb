"""Add the explanation of a kata to a report for students."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from html import escape
from pathlib import Path

from graders import catalogue
from graders.errors import KataError

Explained = Callable[[str, Path, str], str]  # called with the report, the repository and the kata's slug
PACKAGES = ("markdown_it", "mdit_py_plugins", "latex2mathml")
_END = "\n</main>"


def renderer(form: str) -> Explained:
    """Return the function that adds explanations to reports in this format. Raises KataError if there is none."""
    known: dict[str, Callable[[str, str, Path, Path], str]] = {
        "html": _html,
        "markdown": _markdown,
        "terminal": _terminal,
    }
    if form not in known:
        raise KataError(f"--explanations: the format {form} has no place for a text. Use html, markdown or text.")
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if form == "html" and missing:
        raise KataError(
            f"--explanations needs packages that are not installed: {', '.join(missing)}. "
            "Install them: pip install -e '.[serve]'"
        )

    def explained(report: str, root: Path, slug: str) -> str:
        from graders.learner.guidance import explanation_of

        if slug not in catalogue.slugs(root):
            return report
        path = explanation_of(catalogue.load(root, slug, complete=False))
        return known[form](report, path.read_text(encoding="utf-8"), path, root) if path.is_file() else report

    return explained


def _html(report: str, text: str, path: Path, root: Path) -> str:
    from graders.learner.serve.markdown import to_html

    title, _, body = text.partition("\n")
    html = re.sub(r"(</?h)([1-5])>", lambda found: f"{found[1]}{int(found[2]) + 1}>", to_html(body, path, root))
    html = html.replace("<pre>", '<pre tabindex="0">')  # so that the keyboard can scroll long lines
    heading = escape(title.lstrip("# "))
    section = f"<details>\n<summary>{heading}: the explanation</summary>\n{html}</details>"
    before, end, after = report.rpartition(_END)
    return f"{before}\n{section}{end}{after}"


def _markdown(report: str, text: str, path: Path, root: Path) -> str:
    del path, root
    return f"{report.rstrip()}\n\n{text}"


def _terminal(report: str, text: str, path: Path, root: Path) -> str:
    from graders.output.terminal_markdown import shown

    del path, root
    return f"{report.rstrip()}\n\n{shown(text, 80)}\n"

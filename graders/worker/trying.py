"""Run lines that a learner has typed to try a submission, and return what came of them.

Nothing here is graded. The lines run as a program that imports the submission would.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import io
import linecache
import sys
import traceback
from collections.abc import Collection, Iterator
from types import ModuleType
from typing import Any

from graders.worker.loading import Sources, only_these

NAME = "try.py"  # no module can have this name, because `try` is a keyword
LONGEST = 20_000  # characters of a value or a traceback
MOST_FIGURES = 4
LARGEST_FIGURE = 2 << 20  # in bytes


def attempt(sources: Sources, text: str, own_files: Collection[str], runtime: str, name: str = NAME) -> dict[str, Any]:
    """Return the value of the last expression, the traceback, and the figures of matplotlib that are open."""
    sys.meta_path.insert(0, sources)
    linecache.cache[name] = len(text), None, text.splitlines(keepends=True), name
    main = sys.modules["__main__"] = ModuleType("__main__")
    vars(builtins)["help"] = _help  # Python's own comes from `site`, which workers lack
    value, fault = "", ""
    try:
        value = _value(text, main.__dict__, name)
    except BaseException as raised:  # noqa: BLE001 (the lines may also raise SystemExit)
        fault = _traceback(raised, {*own_files, name}, runtime)
    return {"value": _plain(value), "fault": _plain(fault), "figures": list(_figures())}


def _value(text: str, names: dict[str, Any], file: str) -> str:
    """Run the lines. Return the repr of the last one if it is an expression whose value isn't None."""
    tree = ast.parse(text, file)
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr):
        tree.body.pop()
    exec(compile(tree, file, "exec", dont_inherit=True), names)
    if not isinstance(last, ast.Expr):
        return ""
    found = eval(compile(ast.Expression(last.value), file, "eval", dont_inherit=True), names)
    return "" if found is None else repr(found)


def _traceback(raised: BaseException, files: Collection[str], runtime: str) -> str:
    """Return a traceback with the lines of these files only, or the text with which a program has ended itself."""
    if isinstance(raised, SystemExit) and isinstance(raised.code, str):
        return raised.code
    found = traceback.TracebackException.from_exception(raised)
    waiting, seen = [found], set()
    while waiting:
        each = waiting.pop()
        if id(each) not in seen:
            seen.add(id(each))
            each.stack = traceback.StackSummary.from_list(
                _shown(frame) for frame in each.stack if frame.filename in files
            )
            waiting += [other for other in (each.__cause__, each.__context__) if other is not None]
            waiting += getattr(each, "exceptions", None) or []
    return "".join(found.format()) + _hint(raised, found, runtime)


def _shown(frame: traceback.FrameSummary) -> traceback.FrameSummary:
    """Return a line of a traceback without the marks below it, which are no use once the line is wrapped."""
    return traceback.FrameSummary(frame.filename, frame.lineno, frame.name, line=frame.line)


def _hint(raised: BaseException, found: traceback.TracebackException, runtime: str) -> str:
    """Return a sentence about a fault that a beginner meets first, or an empty string."""
    if type(raised) is ModuleNotFoundError and str(raised.name).partition(".")[0] == "matplotlib":
        return "matplotlib is not installed: pip install matplotlib"
    if type(raised) is ModuleNotFoundError:
        return only_these(runtime).strip()
    last = found.stack[-1] if found.stack else None
    if type(raised) is NotImplementedError and last is not None and last.line == "raise NotImplementedError":
        return f"({last.name} in {last.filename} is not written yet)"
    return ""


def _help(*about: Any) -> None:
    """Print the documentation of an object."""
    importlib.import_module("pydoc").help(*about)


def _plain(text: Any) -> str:
    shown = str(text)
    if len(shown) > LONGEST:
        shown = f"{shown[: LONGEST // 2]}\n[…]\n{shown[-LONGEST // 2 :]}"
    return shown.encode("utf-8", "replace").decode()


def _figures() -> Iterator[bytes]:
    """Yield the open figures as PNG."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return
    for number in pyplot.get_fignums()[:MOST_FIGURES]:
        drawn = io.BytesIO()
        pyplot.figure(number).savefig(drawn, format="png")
        if drawn.tell() <= LARGEST_FIGURE:
            yield drawn.getvalue()

"""Cuts what one probe needs out of its file, so that a learner can run it."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def excerpt(source: str, name: str) -> tuple[list[str], list[str]]:
    """Return the imports that the function `name` needs, and its lines after those that it needs from its file.

    Calls of the module itself are kept if they use nothing else. Docstrings are left out. Annotations are not
    evaluated, so what only they name is not needed. Raises KeyError if the file defines no such function.
    """
    tree = ast.parse(source)
    defined = {each: node for node in tree.body for each in names_bound_by(node)}
    needed = {name: defined[name]}
    waiting = [*_names_used_in(defined[name])]
    while waiting:
        each = waiting.pop()
        if each in defined and each not in needed:
            needed[each] = defined[each]
            waiting += _names_used_in(defined[each])
    calls = [node for node in tree.body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    settings = [node for node in calls if _names_used_in(node) <= set(needed)]  # such as torch.set_num_threads(1)
    lines = source.splitlines()
    imports = [_only(node, needed) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    parts = [
        _without_docstrings(node, lines)
        for node in tree.body
        if node in [*settings, *needed.values()] and not isinstance(node, ast.Import | ast.ImportFrom)
    ]
    return [each for each in imports if each], [line for part in parts for line in (*part, "")]


def names_bound_by(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement of a module defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (each.asname or each.name.partition(".")[0] for each in node.names)
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name))


def _names_used_in(node: ast.stmt) -> set[str]:
    annotations = [getattr(each, kind, None) for each in ast.walk(node) for kind in ("annotation", "returns")]
    unused = {id(each) for annotation in annotations if annotation for each in ast.walk(annotation)}
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and id(each) not in unused}


def _only(node: ast.Import | ast.ImportFrom, names: dict[str, ast.stmt]) -> str:
    """Return the part of an import that binds these names, or ""."""
    kept = [each for each in node.names if (each.asname or each.name.partition(".")[0]) in names]
    if not kept or (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
        return ""
    return ast.unparse(ast.Import(kept) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, kept, 0))


def _without_docstrings(node: ast.stmt, lines: list[str]) -> list[str]:
    first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
    kept = set(range(first, (node.end_lineno or node.lineno) + 1))
    for each in ast.walk(node):
        if isinstance(each, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(each) and len(each.body) > 1:
            end = each.body[0].end_lineno or 0
            kept -= set(range(each.body[0].lineno, end + (1 if lines[end].strip() else 2)))
    return [lines[number - 1] for number in sorted(kept)]

"""A kata's vocabulary: the only modules, attributes and built-in names that a submission may name.

It is for katas in which a library may be used for some things only. A list of what is forbidden could never be complete
there. An entry with a dot inside is a name in a module (`torch.empty`, or `math.*` for all of them), one that starts
with a dot is an attribute of anything else (`.shape`), and one without a dot is a built-in name (`range`).
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

_NEEDED = ("__import__", "__build_class__")  # statements call these functions; no submission may name them


def refuse_unlisted(texts: Mapping[str, str], files: Iterable[str], allowed: Sequence[str]) -> None:
    """Raise ImportError if one of these files names something that is not `allowed`. An empty list allows everything.

    This only searches the syntax of `texts`, before any of it runs.
    """
    for file in files:
        if allowed and file in texts:
            for line, name in _Vocabulary(allowed).unlisted(ast.parse(texts[file], file), texts[file]):
                raise ImportError(
                    f"{file}, line {line}: {name} may not be used in this kata. {_instead(name, allowed)}"
                )


def built_in(allowed: Sequence[str]) -> dict[str, Any]:
    """Return the built-in names that a module may have, by name.

    `refuse_unlisted` takes a name that a file binds for the file's own, although that statement may never run. Python
    would then look the name up here.
    """
    if not allowed:
        return dict(vars(builtins))
    return {name: getattr(builtins, name) for name in (*allowed, *_NEEDED) if hasattr(builtins, name)}


def _instead(name: str, allowed: Sequence[str]) -> str:
    top = name.partition(".")[0]
    listed = [each for each in allowed if top and each.startswith(f"{top}.")]
    return f"Allowed: {', '.join(listed)}" if listed else "Its kata.toml lists what is allowed"


class _Vocabulary:
    """The entries of `allowed`."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self.allowed = allowed

    def unlisted(self, tree: ast.Module, text: str) -> Iterator[tuple[int, str]]:
        """Yield the line and the name of everything that is used and not allowed.

        An imported name must have one meaning in the whole file, because its import decides which attributes it has.
        Triton searches the text for the last line that begins with `def`, so each such line must be a definition.
        """
        nodes = list(ast.walk(tree))
        imported, bound = _bindings(nodes)
        defined = {node.lineno for node in nodes if isinstance(node, ast.FunctionDef)}
        for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
            if line.strip().startswith("def ") and number not in defined:
                yield number, "a text with a line that begins with def"
        for node in nodes:
            for name, meaning in _bound_by(node):
                if name in imported and meaning != imported[name]:
                    yield getattr(node, "lineno", 1), f"{name}, which is also an import,"
                elif name.startswith("__"):
                    yield getattr(node, "lineno", 1), name
        inner = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
        for node in nodes:
            for name in self._named(node, imported, bound) if id(node) not in inner else ():
                yield getattr(node, "lineno", 1), name

    def _named(self, node: ast.AST, imported: Mapping[str, str], bound: Collection[str]) -> Iterator[str]:
        """Yield the names at one node that are not allowed. Of a chain such as `a.b.c`, `node` is the last part."""
        match node:
            case ast.Import(names=names):
                yield from (each.name for each in names if not self._is_module(each.name))
            case ast.ImportFrom(level=level) if level:
                yield "a relative import"
            case ast.ImportFrom(module=module, names=names):
                full = [f"{module}.{each.name}" for each in names]
                yield from (name for name in full if name.endswith("*") or not self._is_known(name))
            case ast.MatchClass():
                yield "a class pattern"
            case ast.Attribute(ctx=ast.Store() | ast.Del()):
                yield f"assigning to {ast.unparse(node)}"
            case ast.Attribute() | ast.Name():
                yield from self._chain(node, imported, bound)

    def _chain(self, node: ast.expr, imported: Mapping[str, str], bound: Collection[str]) -> Iterator[str]:
        attributes: list[str] = []
        while isinstance(node, ast.Attribute):
            attributes.insert(0, node.attr)
            node = node.value
        if isinstance(node, ast.Name) and node.id.startswith("__") and node.id not in self.allowed:
            yield node.id
        elif isinstance(node, ast.Name) and node.id in imported:
            name = imported[node.id]
            while attributes and self._is_module(name):
                name = f"{name}.{attributes.pop(0)}"
            if self._is_module(name) or not self._is_known(name):
                yield ".".join([name, *attributes])
                return
        elif isinstance(node, ast.Name) and node.id not in bound and node.id not in self.allowed:
            yield node.id
        yield from (f".{each}" for each in attributes if f".{each}" not in self.allowed)

    def _is_module(self, name: str) -> bool:
        return any(each.startswith(f"{name}.") for each in self.allowed)

    def _is_known(self, name: str) -> bool:
        module, _, last = name.rpartition(".")
        return name in self.allowed or self._is_module(name) or (f"{module}.*" in self.allowed and last[0] != "_")


def _bindings(nodes: Iterable[ast.AST]) -> tuple[dict[str, str], set[str]]:
    """Return the full names of what a file imports, by the names it gives them, and all other names that it binds."""
    imported: dict[str, str] = {}
    bound = set()
    for node in nodes:
        for name, meaning in _bound_by(node):
            if meaning:
                imported.setdefault(name, meaning)
            else:
                bound.add(name)
    return imported, bound


def _bound_by(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield the names that a node binds, each with the full name of what it imports or ""."""
    match node:
        case ast.Import(names=names):
            for each in names:
                first = each.name.split(".")[0]
                yield (each.asname, each.name) if each.asname else (first, first)
        case ast.ImportFrom(module=module, names=names):
            yield from ((each.asname or each.name, f"{module}.{each.name}") for each in names)
        case ast.FunctionDef(name=str(name)) | ast.AsyncFunctionDef(name=str(name)) | ast.ClassDef(name=str(name)):
            yield name, ""
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name, ""
        case ast.MatchMapping(rest=str(name)) | ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name, ""
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            yield from ((name, "") for name in names)

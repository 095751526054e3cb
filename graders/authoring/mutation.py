"""Create mutants of a solution. A mutant is a copy with one small fault that the suite should catch.

Mutmut and cosmic-ray are not used, because both change files on disk and start a test command for every mutant, which
takes half a second with a fresh judge. Here, a judge that keeps running grades each mutant as text in a confined
worker, which is twenty times as fast.

Most mutation operators are the usual ones for arithmetic, comparisons, logic, constants, calls and statements (see Jia
and Harman, "An analysis and survey of the development of mutation testing", 2011). Others are specific to numerical
code. They change a reduction or a dtype, or omit a keyword argument.
"""

from __future__ import annotations

import ast
import builtins
import copy
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from graders.errors import CatalogueError

_BINARY: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult, ast.FloorDiv),
    ast.FloorDiv: (ast.Div,),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
}
_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_OTHER_NAMES = {
    "sum": ("mean", "max"),
    "mean": ("sum",),
    "max": ("min",),
    "min": ("max",),
    "maximum": ("minimum",),
    "minimum": ("maximum",),
    "argmax": ("argmin",),
    "argmin": ("argmax",),
    "var": ("std",),
    "std": ("var",),
    "zeros": ("ones",),
    "ones": ("zeros",),
    "zeros_like": ("ones_like",),
    "any": ("all",),
    "all": ("any",),
    "float64": ("float32",),
    "float32": ("float64",),
    "floating": ("integer",),
    "normal": ("uniform",),
    "standard_normal": ("random",),
    "random": ("standard_normal",),
    "outer": ("multiply",),
    "abs": ("square",),
    "sqrt": ("square",),
    "exp": ("expm1",),
    "log": ("log1p",),
}

Change = Callable[[ast.AST], ast.AST | None]  # maps a node to its replacement, or to None to delete a statement


@dataclass(frozen=True)
class Mutant:
    """A copy of a module with one change.

    `line` is the line of the change in the original module, and `source` is the text of the copy.
    """

    change: str  # "affine: `return W @ x + b` becomes `return W @ x - b`"
    line: int
    source: str


def mutants_of(source: str) -> list[Mutant]:
    """Return all mutants of a module's text, sorted by line.

    Each mutant differs from the module and from every other mutant.
    """
    tree = ast.parse(source)
    plain = ast.unparse(tree)
    modules = _imported(tree)
    found: dict[str, Mutant] = {}
    for number, node in enumerate(_nodes(tree)):
        for change in _changes(node.syntax, modules):
            changed = copy.deepcopy(tree)
            target = list(_nodes(changed))[number]
            before = _one_line(target.statement)
            replacement = change(target.syntax)
            target.replace(replacement)
            try:
                text = ast.unparse(ast.fix_missing_locations(changed))
                ast.parse(text)
            except (SyntaxError, ValueError):
                continue
            if text == plain or text in found:
                continue
            after = "nothing" if replacement is None else f"`{_one_line(target.statement)}`"
            words = f"{target.function}: `{before}` becomes {after}"
            found[text] = Mutant(words, getattr(node.syntax, "lineno", 0), text)
    return _with_unique_words(sorted(found.values(), key=lambda mutant: mutant.line))


_PRINTED = re.compile(r"^(mutant |equivalent )?\S+\.py, line \d+, ")  # what `katas check` prints before the change


def read_equivalents(path: Path) -> dict[str, str]:
    """Return the changes that a file lists as equivalent, with the reasons why no test can catch them.

    Raises CatalogueError if the file is invalid or if a reason is missing.
    """
    if not path.is_file():
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise CatalogueError(f"{path}: invalid TOML: {fault}") from None
    for change, reason in table.items():
        if not isinstance(reason, str) or not reason.strip():
            raise CatalogueError(f"{path}: {change!r} has no reason. Write why no test can catch this mutant.")
    return {_PRINTED.sub("", change).removesuffix(":"): reason for change, reason in table.items()}


def _with_unique_words(mutants: list[Mutant]) -> list[Mutant]:
    """Append a number to descriptions that occur more than once, as they do for equal statements in a function."""
    met: dict[str, int] = {}
    unique = []
    for mutant in mutants:
        met[mutant.change] = met.get(mutant.change, 0) + 1
        again = met[mutant.change]
        words = mutant.change if again == 1 else f"{mutant.change} ({again})"
        unique.append(Mutant(words, mutant.line, mutant.source))
    return unique


@dataclass
class _Node:
    """A syntax node that may be changed, and its position in the tree."""

    syntax: ast.AST
    statement: ast.stmt  # the innermost statement around the node, or the node itself
    function: str  # the qualified name of the function or class around the node, or "module"
    parent: ast.AST
    field: str
    index: int | None

    def replace(self, other: ast.AST | None) -> None:
        if self.index is None:
            setattr(self.parent, self.field, other)
        else:
            getattr(self.parent, self.field)[self.index] = other if other is not None else ast.Pass()


_UNTOUCHED = ("annotation", "returns", "decorator_list", "bases", "names", "type_params", "ctx")


def _nodes(tree: ast.Module) -> Iterator[_Node]:
    """Yield the nodes that may be changed.

    Docstrings, annotations, decorators, base classes, imports and code that runs only as a script are left out.
    """
    yield from _below(tree, None, "module")


def _below(parent: ast.AST, statement: ast.stmt | None, function: str) -> Iterator[_Node]:
    for field, value in ast.iter_fields(parent):
        if field in _UNTOUCHED:
            continue
        children = value if isinstance(value, list) else [value]
        for number, child in enumerate(children):
            if not isinstance(child, ast.AST) or _is_left_alone(child, number, field):
                continue
            if isinstance(statement, ast.Raise) and isinstance(child, ast.Constant) and isinstance(child.value, str):
                continue  # no test checks the wording of an error message
            inner = child if isinstance(child, ast.stmt) else statement
            if inner is not None:
                yield _Node(child, inner, function, parent, field, number if isinstance(value, list) else None)
            yield from _below(child, inner, _within(function, child))


def _within(function: str, node: ast.AST) -> str:
    """Return the qualified name of the function or class that directly contains the node's children."""
    if not isinstance(node, ast.FunctionDef | ast.ClassDef):
        return function
    return node.name if function == "module" else f"{function}.{node.name}"


def _is_left_alone(child: ast.AST, number: int, field: str) -> bool:
    if isinstance(child, ast.Import | ast.ImportFrom):
        return True
    if isinstance(child, ast.If) and "__name__" in ast.unparse(child.test):
        return True
    is_text = (
        isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant) and isinstance(child.value.value, str)
    )
    return is_text and field == "body" and number == 0


def _one_line(statement: ast.stmt) -> str:
    return ast.unparse(statement).strip().splitlines()[0]


def _imported(tree: ast.Module) -> set[str]:
    """Return the names that imports bind.

    No mutant replaces a call with such a name, because `np` instead of `np.exp(z)` would not be a realistic fault.
    """
    lines = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return {(alias.asname or alias.name).split(".")[0] for line in lines for alias in line.names}


def _changes(node: ast.AST, modules: set[str]) -> Iterator[Change]:
    if isinstance(node, ast.BinOp | ast.AugAssign):
        yield from (_with("op", other()) for other in _BINARY.get(type(node.op), ()))
    elif isinstance(node, ast.Compare):
        yield from (_with("ops", [other(), *node.ops[1:]]) for other in _COMPARED.get(type(node.ops[0]), ()))
    elif isinstance(node, ast.BoolOp):
        yield _with("op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.UnaryOp):
        yield _operand
    elif isinstance(node, ast.Constant):
        yield from (_constant(value) for value in _other_values(node.value))
    elif isinstance(node, ast.Call):
        yield from _changes_of_call(node, modules)
    elif isinstance(node, ast.Attribute):
        yield from (_with("attr", other) for other in _OTHER_NAMES.get(node.attr, ()))
        if node.attr == "T":
            yield _inner_value
    elif isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load):
            yield from (_with("id", other) for other in _OTHER_NAMES.get(node.id, ()) if hasattr(builtins, other))
    elif isinstance(node, ast.IfExp):
        yield from (_with("test", ast.Constant(value)) for value in (True, False))
    if isinstance(node, ast.If | ast.While):
        yield _with("test", ast.Constant(False))
        if isinstance(node, ast.If):
            yield _with("test", ast.Constant(True))
    if isinstance(node, ast.Expr | ast.Assign | ast.AugAssign | ast.Raise | ast.Delete | ast.Break | ast.Continue):
        yield _take_away


def _changes_of_call(node: ast.Call, modules: set[str]) -> Iterator[Change]:
    for number, _ in enumerate(node.keywords):
        yield _with("keywords", node.keywords[:number] + node.keywords[number + 1 :])
    if len(node.args) >= 2:
        yield _with("args", [node.args[1], node.args[0], *node.args[2:]])
        yield _with("args", node.args[:-1])
    if node.args:
        yield _first_argument
    if isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value).split(".")[0] not in modules:
        yield _receiver


def _other_values(value: object) -> Iterator[object]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1)
    elif isinstance(value, float):
        yield from (value * 2 if value else 1.0, 0.0 if value else -1.0)
    elif isinstance(value, str):
        yield value + "_"
    elif value is None:
        yield 0


def _with(field: str, value: object) -> Change:
    def change(node: ast.AST) -> ast.AST:
        setattr(node, field, copy.deepcopy(value))
        return node

    return change


def _constant(value: object) -> Change:
    return lambda _: ast.Constant(value)  # type: ignore[arg-type]


def _operand(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.UnaryOp)
    return node.operand


def _inner_value(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.Attribute)
    return node.value


def _first_argument(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.Call)
    return node.args[0]


def _receiver(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Attribute)
    return node.func.value


def _take_away(_: ast.AST) -> None:
    return None

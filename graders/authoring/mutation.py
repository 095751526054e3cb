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
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

from graders.errors import CatalogueError

# Classes of ast for operators, and names of functions and attributes, with what may stand in their place.
_EACH_OTHER = (
    "Add Sub, BitAnd BitOr, Eq NotEq, Is IsNot, In NotIn, max min, maximum minimum, argmax argmin, var std, "
    "zeros ones, any all, float64 float32, standard_normal random"
)
_OTHERS = {one: (other,) for pair in _EACH_OTHER.split(",") for one, other in permutations(pair.split())} | {
    "Mult": ("Div", "Add"),
    "Div": ("Mult", "FloorDiv"),
    "FloorDiv": ("Div",),
    "Mod": ("FloorDiv",),
    "Pow": ("Mult",),
    "MatMult": ("Mult",),
    "Lt": ("LtE", "Gt"),
    "LtE": ("Lt", "GtE"),
    "Gt": ("GtE", "Lt"),
    "GtE": ("Gt", "LtE"),
    "sum": ("mean", "max"),
    "mean": ("sum",),
    "zeros_like": ("ones_like",),
    "floating": ("integer",),
    "normal": ("uniform",),
    "outer": ("multiply",),
    "abs": ("square",),
    "sqrt": ("square",),
    "exp": ("expm1",),
    "log": ("log1p",),
}
_UNTOUCHED = ("annotation", "returns", "decorator_list", "bases", "names", "type_params", "ctx")
_PRINTED = re.compile(r"^(mutant |equivalent )?\S+\.py, line \d+, ")  # what `katas check` prints before the change


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
    lines = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    imported = {(alias.asname or alias.name).split(".")[0] for line in lines for alias in line.names}
    found = {ast.unparse(tree)}
    mutants: list[Mutant] = []
    for place in list(_places(tree, None, "module")):
        before = _first_line(place.statement)
        for other in _replacements(place.node, imported):
            place.put(other or ast.Pass())
            try:
                text = ast.unparse(tree)
                ast.parse(text)
                statement = other if place.node is place.statement else place.statement
                after = f"`{_first_line(statement)}`" if statement else "nothing"
            except (SyntaxError, ValueError):
                continue
            finally:
                place.put(place.node)
            if text not in found:
                found.add(text)
                words = f"{place.function}: `{before}` becomes {after}"
                mutants.append(Mutant(words, getattr(place.node, "lineno", 0), text))
    return _with_unique_words(sorted(mutants, key=lambda mutant: mutant.line))


def _with_unique_words(mutants: list[Mutant]) -> list[Mutant]:
    """Append a number to descriptions that occur more than once, as they do for equal statements in a function."""
    met: Counter[str] = Counter()
    unique = []
    for mutant in mutants:
        met[mutant.change] += 1
        again = f" ({met[mutant.change]})" if met[mutant.change] > 1 else ""
        unique.append(Mutant(mutant.change + again, mutant.line, mutant.source))
    return unique


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


@dataclass(frozen=True)
class _Place:
    """A syntax node that may be replaced, and where it is in the tree."""

    node: ast.AST
    statement: ast.stmt  # the innermost statement around the node, or the node itself
    function: str  # the qualified name of the function or class around the node, or "module"
    parent: ast.AST
    field: str
    index: int | None

    def put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


def _places(parent: ast.AST, statement: ast.stmt | None, function: str) -> Iterator[_Place]:
    """Yield the nodes below `parent` that may be replaced.

    Docstrings, annotations, decorators, base classes, imports and code that runs only as a script are left out.
    """
    for field, value in ast.iter_fields(parent):
        if field in _UNTOUCHED:
            continue
        for number, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or _is_left_alone(child, number, field):
                continue
            if isinstance(statement, ast.Raise) and isinstance(child, ast.Constant) and isinstance(child.value, str):
                continue  # no test checks the wording of an error message
            inner = child if isinstance(child, ast.stmt) else statement
            if inner is not None:
                yield _Place(child, inner, function, parent, field, number if isinstance(value, list) else None)
            within = function
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                within = child.name if function == "module" else f"{function}.{child.name}"
            yield from _places(child, inner, within)


def _is_left_alone(child: ast.AST, number: int, field: str) -> bool:
    match child:
        case ast.Import() | ast.ImportFrom():
            return True
        case ast.If(test=test):
            return "__name__" in ast.unparse(test)
        case ast.Expr(value=ast.Constant(value=str())):
            return field == "body" and number == 0
    return False


def _first_line(statement: ast.AST) -> str:
    return ast.unparse(statement).strip().splitlines()[0]


def _replacements(node: ast.AST, imported: set[str]) -> Iterator[ast.AST | None]:
    """Yield what may replace a node, and None if the statement may be deleted."""
    match node:
        case ast.BinOp() | ast.AugAssign():
            yield from (_but(node, op=other) for other in _other_operators(node.op))
        case ast.Compare():
            yield from (_but(node, ops=[other, *node.ops[1:]]) for other in _other_operators(node.ops[0]))
        case ast.BoolOp():
            yield _but(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        case ast.UnaryOp():
            yield node.operand
        case ast.Constant():
            yield from map(ast.Constant, _other_values(node.value))
        case ast.Call():
            yield from _replacements_of_call(node, imported)
        case ast.Attribute():
            yield from (_but(node, attr=other) for other in _OTHERS.get(node.attr, ()))
            if node.attr == "T":
                yield node.value
        case ast.Name(ctx=ast.Load()):
            yield from (_but(node, id=other) for other in _OTHERS.get(node.id, ()) if hasattr(builtins, other))
        case ast.IfExp():
            yield from (_but(node, test=ast.Constant(value)) for value in (True, False))
        case ast.If():
            yield from (_but(node, test=ast.Constant(value)) for value in (False, True))
        case ast.While():
            yield _but(node, test=ast.Constant(False))
    if isinstance(node, ast.Expr | ast.Assign | ast.AugAssign | ast.Raise | ast.Delete | ast.Break | ast.Continue):
        yield None


def _replacements_of_call(node: ast.Call, imported: set[str]) -> Iterator[ast.AST]:
    for number, _ in enumerate(node.keywords):
        yield _but(node, keywords=node.keywords[:number] + node.keywords[number + 1 :])
    if len(node.args) >= 2:
        yield _but(node, args=[node.args[1], node.args[0], *node.args[2:]])
        yield _but(node, args=node.args[:-1])
    if node.args:
        yield node.args[0]
    # `np` instead of `np.exp(z)` would not be a realistic fault
    if isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value).split(".")[0] not in imported:
        yield node.func.value


def _but(node: ast.AST, **fields: object) -> ast.AST:
    """Return a copy of a node with other fields."""
    other = copy.copy(node)
    vars(other).update(fields)
    return other


def _other_operators(operator: ast.AST) -> list[ast.AST]:
    return [getattr(ast, other)() for other in _OTHERS.get(type(operator).__name__, ())]


def _other_values(value: object) -> Iterator[bool | int | float | str]:
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

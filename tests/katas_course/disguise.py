"""Disguise a copied answer as a student would: rename, reorder, comment, reformat, rewrite loops and expressions.

The copies are for measuring how well `katas gradebook similar` finds them, so they need not run.
"""

from __future__ import annotations

import ast
import builtins
import random
from collections.abc import Sequence

WORDS = ("alpha", "beta", "gamma", "value", "item", "other", "total", "part", "piece", "first", "second", "left")
FLIPPED = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE, ast.Eq: ast.Eq, ast.NotEq: ast.NotEq}


def disguised(source: str, kept: frozenset[str], seed: int) -> str:
    """Return another spelling of the source, in which only the names in `kept` stay the same."""
    tree, chance = ast.parse(source), random.Random(seed)
    tree = ast.fix_missing_locations(_Disguise(tree, kept, chance).visit(tree))
    first = [each for each in tree.body if isinstance(each, ast.Import | ast.ImportFrom)]
    functions = [each for each in tree.body if isinstance(each, ast.FunctionDef)]
    others = [each for each in tree.body if each not in first + functions]
    chance.shuffle(first)
    chance.shuffle(functions)
    tree.body = [*first, *others, *functions]
    lines = ast.unparse(tree).split("\n")
    return "".join(f"{line}  # {chance.choice(WORDS)}\n" if chance.random() < 0.2 else f"{line}\n" for line in lines)


class _Disguise(ast.NodeTransformer):
    """Every name becomes another one, and every rewriting is applied to half of the places where it is possible."""

    def __init__(self, tree: ast.Module, kept: frozenset[str], chance: random.Random) -> None:
        self.chance = chance
        own = sorted(_bound(tree) - kept - set(dir(builtins)) - {"self"})
        self.names = {name: f"{chance.choice(WORDS)}{n}" for n, name in enumerate(own) if not name.startswith("__")}
        self.made = 0

    def likely(self, share: float = 0.5) -> bool:
        return self.chance.random() < share

    def new_name(self) -> str:
        self.made += 1
        return f"k{self.made}"

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self.names.get(node.id, node.id), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(self.names.get(node.arg, node.arg))

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.name = self.names.get(node.name, node.name)
        node.body = self.reordered(node.body)
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name, node.returns = self.names.get(node.name, node.name), None
        if ast.get_docstring(node) and len(node.body) > 1:
            del node.body[0]
        node.body = self.reordered(node.body)
        self.generic_visit(node)
        if self.likely():
            node.body.insert(0, ast.Expr(ast.Constant("My own work, step by step.")))
        return node

    def reordered(self, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        """Swap neighbouring assignments that do not depend on each other."""
        result = list(body)
        for at in range(len(result) - 1):
            one, other = result[at : at + 2]
            apart = not (_bound(one) & _names(other) or _bound(other) & _names(one))
            if isinstance(one, ast.Assign) and isinstance(other, ast.Assign) and apart and self.likely():
                result[at : at + 2] = [other, one]
        return result

    def visit_For(self, node: ast.For) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        where = ast.unparse(node.iter)
        if node.orelse or not self.likely():
            return node
        match node:
            case ast.For(ast.Name(i), ast.Call(ast.Name("range"), [end])) if not _continues(node):
                loop = ast.While(_expression(f"{i} < {ast.unparse(end)}"), [*node.body, _statement(f"{i} += 1")], [])
                return [_statement(f"{i} = 0"), loop]
            case ast.For(target, ast.Name() | ast.Attribute()):
                i = self.new_name()
                body = [_statement(f"{ast.unparse(target)} = {where}[{i}]"), *node.body]
                return ast.For(ast.Name(i, ast.Store()), _expression(f"range(len({where}))"), body, [])
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        result = self.new_name()
        if node.value is None or isinstance(node.value, ast.Name) or not self.likely():
            return node
        done = ast.Return(ast.Name(result, ast.Load()))
        match node.value:
            case ast.ListComp(element, [ast.comprehension(target, where, tests)]) if self.likely():
                inner = _statement(f"{result}.append({ast.unparse(element)})")
                for test in tests:
                    inner = ast.If(test, [inner], [])
                return [_statement(f"{result} = []"), ast.For(target, where, [inner], []), done]
        return [ast.Assign([ast.Name(result, ast.Store())], node.value), done]

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.target, ast.Name) and self.likely():
            return ast.Assign([node.target], ast.BinOp(ast.Name(node.target.id, ast.Load()), node.op, node.value))
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if len(node.ops) == 1 and type(node.ops[0]) in FLIPPED and self.likely():
            return ast.Compare(node.comparators[0], [FLIPPED[type(node.ops[0])]()], [node.left])
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Add | ast.Mult) and self.likely(0.3):
            return ast.BinOp(node.right, node.op, node.left)
        return node


def _statement(text: str) -> ast.stmt:
    return ast.parse(text).body[0]


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _bound(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(name, ast.Store()) | ast.arg(name) | ast.FunctionDef(name) | ast.ClassDef(name):
                names.add(name)
    return names


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _continues(tree: ast.AST) -> bool:
    return any(isinstance(node, ast.Continue) for node in ast.walk(tree))

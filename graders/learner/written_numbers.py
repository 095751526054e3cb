"""Read the numbers of an answer as people write them: calculations, fractions, shapes, lists, multiples of ε."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable
from typing import Any

import numpy as np

LONGEST = 200  # characters
LARGEST_EXPONENT = 20

_SIGNS = str.maketrans(
    {"−": "-", "–": "-", "×": "*", "·": "*", "⋅": "*", "∙": "*", "÷": "/", "^": "**", "²": "**2", "³": "**3"}
    | {"√": " sqrt ", "ϵ": "ε", ";": ",", "≈": "=", "`": " ", "$": " "}
)
_LABEL = re.compile(r"(?:^|(?<=[,(\[]))\s*[^\W\d]\w*'?(?:\[[\d, ]*\])?\s*=")  # dW[0, 1] =
_UNIT = re.compile(r"(?<=\d) +(?!by\b)[a-z]{3,}(?= *(?:[],;)*x]|by\b|$))", re.IGNORECASE)  # 5 keys
_SHAPE = re.compile(r"\s*[\[(]?\s*\d+(?:\s*(?:\*|x|by)\s*\d+)+\s*[\])]?\s*", re.IGNORECASE)  # 5 by 6
_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


def numbers_in(text: str, size: int = 1) -> np.ndarray | None:
    """Return the numbers that a learner wrote, perhaps as a calculation or in brackets, or None if it is anything else.

    `size` is how many are asked for: `4*8` is a product if it is 1, and else a shape.
    """
    if len(text) > LONGEST:
        return None
    text = re.sub(r"\band\b", ",", text.translate(_SIGNS))
    if size > 1:
        text = _UNIT.sub("", text)
    for part in (*reversed(_LABEL.sub("", text).split("=")), *reversed(text.split("="))):  # 3*4 + 8 = 20
        if size > 1 and _SHAPE.fullmatch(part):
            part = re.sub(r"\*|x|by", ",", part, flags=re.IGNORECASE)
        found = _read(_with_signs(part, several=size > 1))
        if found is not None:
            return found
    return None


def _with_signs(text: str, *, several: bool) -> str:
    """Return a calculation as Python writes it, with the products and commas that people leave out.

    NumPy prints [1 -2], which has two numbers. But without square brackets, where one number is asked for, it is -1.
    """
    text = re.sub(r"(?<=[\d)])\s*[xX]\s*(?=[\d(])", "*", text)
    text = re.sub(r"\beps(?:ilon)?\b", "ε", text)
    text = re.sub(r"\b(?:np|math)\.(?=sqrt)", "", text)
    text = re.sub(r"sqrt\s*(\d+(?:\.\d*)?)", r"sqrt(\1)", text)
    text = re.sub(r"(?<=[ε)])\s*(?=[\dε])" if not several else r"(?<=[ε)])(?=[\dε])", "*", text)
    sign = "[-+]?" if several or "[" in text else ""
    text = re.sub(rf"(?<=[\d.ε)])\s+(?={sign}[\d.])", ", ", text)
    return re.sub(r"(?<=[\d.ε)])\s*(?=[(ε]|sqrt)", "*", text).strip()


def _read(text: str) -> np.ndarray | None:
    """Return the value of a calculation, if it is a number, a list of numbers, or one of multiples of ε."""
    try:
        tree = ast.parse(text, mode="eval").body
        once, twice = (np.asarray(_value(tree, epsilon), dtype=float) for epsilon in (1.0, 2.0))
    except (SyntaxError, ValueError, TypeError, ArithmeticError, RecursionError, MemoryError):
        return None
    is_multiple = np.allclose(twice, once) or np.allclose(twice, 2 * once)
    return once if once.size and np.isfinite(once).all() and is_multiple else None


def _value(node: ast.AST, epsilon: float) -> Any:
    match node:
        case ast.Tuple(elts) | ast.List(elts):
            return [_value(each, epsilon) for each in elts]
    return _number(node, epsilon)


def _number(node: ast.AST, epsilon: float) -> float:
    match node:
        case ast.Constant(int() | float() as number):
            return float(number)
        case ast.Name("ε"):
            return epsilon
        case ast.UnaryOp(operation, operand) if type(operation) in _OPERATORS:
            return float(_OPERATORS[type(operation)](_number(operand, epsilon)))
        case ast.BinOp(left, ast.Pow(), right) if abs(_number(right, epsilon)) <= LARGEST_EXPONENT:
            return math.pow(_number(left, epsilon), _number(right, epsilon))
        case ast.BinOp(left, operation, right) if type(operation) in _OPERATORS:
            return float(_OPERATORS[type(operation)](_number(left, epsilon), _number(right, epsilon)))
        case ast.Call(ast.Name("sqrt"), [operand]):
            return math.sqrt(_number(operand, epsilon))
    raise ValueError("not a number")

"""Write docs/framework.md, the API reference for the framework of the kata meta, from its docstrings.

python docs/build_api.py
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "framework.md"
MODULES = "tensor functional shapes indexing module layers losses optimizers data saving interop backend"
EXPLAINED = "layers losses saving interop"  # modules whose whole docstring is for users; others explain the code, too
ELSEWHERE = {"alpha", "rounding_mode"}  # arguments that some functions support
INTRODUCTION = """\
# your_framework

The API reference for the framework that you write in the kata [meta](../katas/meta/README.md), as the shipped
solution (`solutions/meta`) implements it. Names, arguments, defaults, numerical results and exceptions are the same
as in PyTorch unless the text says otherwise. `python docs/build_api.py` writes this page from the docstrings.

**Tutorials**, as notebooks that you can run: [automatic differentiation from
scratch](tutorials/autograd_from_scratch.ipynb), [an MLP on MNIST](tutorials/train_an_mlp_on_mnist.ipynb), [a small
convolutional network](tutorials/a_small_convolutional_net.ipynb).

**Compared with PyTorch**: from the same initial weights and batches, both give the same answer for each of 1 000
held-out digits. The second tutorial measures it.

{refused}
"""
REFUSED = """\
**Left out of the signatures** are arguments of PyTorch that raise NotImplementedError unless they have PyTorch's
default; pass the arguments after them by name: {names}.\
"""


_REFUSED: set[str] = set()
_EXPLAINED_BY: dict[str, str] = {}  # what follows the first paragraph of a docstring, and the first class that has it


def page() -> str:
    """Return the whole page."""
    sys.path.insert(0, str(ROOT / "solutions" / "meta"))
    try:
        package = importlib.import_module("your_framework")
        modules = [importlib.import_module(f"your_framework.{name}") for name in MODULES.split()]
        _REFUSED.update(importlib.import_module("your_framework.arguments").SUPPORTED.keys() - ELSEWHERE)
    finally:
        sys.path.pop(0)
    refused = REFUSED.format(names=", ".join(f"`{name}`" for name in sorted(_REFUSED)))
    parts = [INTRODUCTION.format(refused=textwrap.fill(refused, 120))]
    for module in modules:
        entries = [*_exported(package, module), *_methods_from(package.Tensor, module)]
        if entries:
            name = module.__name__.rpartition(".")[2]
            text = _text(module) if name in EXPLAINED.split() else _text(module).partition("\n\n")[0]
            parts.append(f"## {name}\n\n{text}\n" + "".join(f"\n{entry}" for entry in entries))
    return "\n".join(parts)


def _exported(package: ModuleType, module: ModuleType) -> Iterator[str]:
    """Yield an entry for each class and function of a module that the package exports, and for public base classes."""
    offered = {id(getattr(package, name)) for name in package.__all__}
    for name, value in list(vars(module).items()):
        if getattr(value, "__module__", "") == module.__name__ and name == value.__name__:
            if isinstance(value, type) and (id(value) in offered or _is_base(value, package)):
                yield _class(value, package)
            elif inspect.isfunction(value) and id(value) in offered:
                yield f"### `{name}{_signature(value)}`\n\n{_text(value)}\n"


def _is_base(kind: type, package: ModuleType) -> bool:
    """Return whether a class has a public name and an exported class derives from it."""
    derived = [value for name in package.__all__ if isinstance(value := getattr(package, name), type)]
    return not _private(kind.__name__) and any(issubclass(each, kind) for each in derived)


def _class(kind: type, package: ModuleType) -> str:
    others = [name for name in package.__all__ if getattr(package, name) is kind and name != kind.__name__]
    first, _, rest = _text(kind).partition("\n\n")
    known = rest and _EXPLAINED_BY.setdefault(rest, kind.__name__)
    if rest:
        first += f"\n\n{rest}" if known == kind.__name__ else f" The rest is as for `{known}`."
    text = f"### `{kind.__name__}{_signature(kind)}`{_also(others)}\n\n{first}\n"
    properties = [(name, value) for name, value in vars(kind).items() if isinstance(value, property) and value.__doc__]
    if properties:
        text += "\n" + "\n".join(f"- `.{name}` {_escaped(value.__doc__)}" for name, value in properties) + "\n"
    return text + "".join(_methods(kind, kind.__module__))


def _methods_from(kind: type, module: ModuleType) -> Iterator[str]:
    """Yield the methods that another module adds to a class."""
    if module.__name__ != kind.__module__:
        found = "".join(_methods(kind, module.__name__)).lstrip("\n")
        if found:
            yield f"Methods of {kind.__name__}:\n\n{found}"


def _methods(kind: type, module: str) -> Iterator[str]:
    """Yield a list item for the documented methods that this module defines: one, or some whose first words differ."""
    names: dict[Any, list[str]] = {}
    for name, value in vars(kind).items():
        if inspect.isfunction(value) and value.__module__ == module and value.__doc__ and not _private(name):
            names.setdefault(value, []).append(name)
    for rest, functions in groupby(names, key=lambda function: _text(function).partition(" ")[2]):
        heads, words = [], []
        for function in functions:
            public = sorted(names[function], key=lambda name: name[0] == "_")
            heads.append(f"**`.{public[0]}{_signature(function, bound=True)}`**{_also(public[1:])}")
            words.append(_text(function).partition(" ")[0])
        text = f"{', '.join(words)} {rest}".rstrip().replace("\n", "\n  ").replace("\n  \n", "\n\n")
        yield f"\n- {', '.join(heads)}: {text}\n"


def _private(name: str) -> bool:
    return name[0] == "_" and name[:2] != "__"


def _also(names: list[str]) -> str:
    return f" (also {', '.join(f'`{name}`' for name in names)})" if names else ""


def _signature(function: Any, bound: bool = False) -> str:
    """Return the signature without arguments that have one value only, and without `self` if it is a method's."""
    signature = inspect.signature(function)
    parameters = [p for p in signature.parameters.values() if not _private(p.name)][1 if bound else 0 :]
    parameters = [p for p in parameters if p.name not in _REFUSED]
    return re.sub(r"dtype\('(\w+)'\)", r"\1", str(signature.replace(parameters=parameters)))


def _text(thing: Any) -> str:
    """Return the docstring, with markup characters in running text escaped."""
    doc = inspect.cleandoc(thing.__doc__ or "")
    return "\n".join(line if line.startswith("    ") else _escaped(line) for line in doc.split("\n"))


def _escaped(line: str) -> str:
    parts = line.split("`")  # every other part is code
    parts[::2] = [re.sub(r"([*\\]|<(?=\w)|\b__|__\b)", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

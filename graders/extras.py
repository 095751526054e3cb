"""The optional packages: which extra of pyproject.toml installs each, and how to install it here."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from pathlib import Path

# The modules that each extra brings. tests/repo/test_extras.py compares them with pyproject.toml.
MODULES = {
    "torch": ("torch", "safetensors"),
    "triton": ("triton",),
    "data": ("mlxtend", "pandas", "requests", "sklearn"),
    "figures": ("matplotlib",),
    "notebook": ("ipykernel", "nbformat"),
    "serve": ("starlette", "uvicorn", "markdown_it", "mdit_py_plugins", "latex2mathml"),
    "cohort": ("distributed", "jinja2", "psycopg", "sqlalchemy", "yaml"),
}
_CLONE = Path(__file__).parents[1] / "pyproject.toml"


def extra_with(module: str) -> str:
    """Return the extra that brings a module (a dotted name), or "" if none does."""
    top = module.partition(".")[0]
    return next((extra for extra, modules in MODULES.items() if top in modules), "")


def missing(module: str) -> str:
    """Return the message about a package that is not installed."""
    name = module.partition(".")[0]
    extra = extra_with(name)
    how = how_to_install(extra) if extra else f"{sys.executable} -m pip install {name}"
    return f"the package {name} is not installed. Install it: {how}"


def how_to_install(extra: str) -> str:
    """Return the command that installs an extra (or the base, if it is ""): into a clone, or beside a wheel."""
    if _CLONE.is_file():
        which = f"[{extra}]" if extra else ""
        return f"pip install -c constraints.txt -e '.{which}'"
    wanted = []
    for line in importlib.metadata.requires("nn-katas") or ():
        package, _, marker = line.partition(";")
        marked = re.search(r"""\bextra == ["']([\w-]+)["']""", marker)
        if (marked[1] if marked else "") == extra:
            wanted.append(f"'{package.strip()}'")
    return " ".join([sys.executable, "-m pip install", *wanted])

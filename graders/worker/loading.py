"""Imports a submission's modules from memory, because the worker never has the submission's files on disk."""

from __future__ import annotations

import ast
import builtins
import importlib.abc
import importlib.machinery
import importlib.util
import io
import linecache
import sys
from collections.abc import Iterable, Mapping, Sequence
from types import CodeType, ModuleType
from typing import Any


class Sources(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """A finder and loader for a submission's own modules and the modules that the kata supplies."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.names: dict[str, tuple[str, bool]] = {}
        self.texts: dict[str, str] = {}
        self.compiled: dict[str, CodeType] = {}
        self.data = {path: data for path, data in files.items() if not path.endswith(".py")}
        for path, data in sorted(files.items()):
            if not path.endswith(".py"):
                continue
            parts = path[:-3].split("/")
            package = parts[-1] == "__init__"
            self.names[".".join(parts[:-1] if package else parts)] = path, package
            self.texts[path] = text = data.decode("utf-8-sig")
            lines = io.StringIO(text, newline=None).readlines()  # numbered as Python numbers them
            linecache.cache[path] = len(text), None, lines, path

    def find_spec(self, name: str, *_: Any) -> importlib.machinery.ModuleSpec | None:
        if name not in self.names:
            return None
        file, package = self.names[name]
        spec = importlib.machinery.ModuleSpec(name, self, origin=file, is_package=package)
        spec.has_location = True
        return spec

    def get_source(self, name: str) -> str:
        return self.texts[self.names[name][0]]

    def get_code(self, name: str) -> CodeType:
        if name not in self.compiled:
            file = self.names[name][0]
            self.compiled[name] = compile(self.texts[file], file, "exec", dont_inherit=True)
        return self.compiled[name]

    def get_data(self, path: str) -> bytes:
        """Return a data file of the submission. Modules can call `__loader__.get_data(…)`, as they can on disk."""
        if path not in self.data:
            raise FileNotFoundError(2, "No such file", path)
        return self.data[path]

    def is_package(self, name: str) -> bool:
        return self.names[name][1]


class Namespace:
    """A submission with several modules. Each module is an attribute that is imported on first access."""

    def __init__(self, modules: list[str]) -> None:
        self._modules = modules

    def __getattr__(self, name: str) -> Any:
        modules = self.__dict__["_modules"]
        if name in modules:
            return importlib.import_module(name)
        found = entry_point(self, name)
        if found is None:
            raise AttributeError(name)
        return found


def entry_point(submission: ModuleType | Namespace, name: str) -> Any:
    """Return the submission's function of this name, or None. A module may have the same name.

    A module that cannot be imported matters only if no other module has the function.
    """
    if not isinstance(submission, Namespace):  # a single module, or the object that it put into sys.modules
        return getattr(submission, name, None)
    broken: Exception | SystemExit | None = None
    for module in submission.__dict__["_modules"]:
        try:
            found = getattr(importlib.import_module(module), name, None)
        except (Exception, SystemExit) as fault:  # noqa: BLE001 (a submission may raise anything)
            broken = broken or fault
        else:
            if found is not None:
                return found
    if broken is not None:
        raise broken
    return None


def load(sources: Sources, modules: list[str], earlier: Sequence[str] = ()) -> ModuleType | Namespace:
    """Return the submission as its tests and probes see it: its only module, or a namespace of several modules.

    First import the modules of earlier katas that it builds on.
    """
    sys.meta_path.insert(0, sources)
    for name in earlier:
        importlib.import_module(name)
    if len(modules) == 1:
        return importlib.import_module(modules[0])
    return Namespace(modules)


def unload(sources: Sources) -> None:
    """Unload a submission, so that another can be loaded in its place."""
    if sources not in sys.meta_path:  # it was only compiled, or it has a syntax error
        return
    sys.meta_path.remove(sources)
    for name in sources.names:
        sys.modules.pop(name, None)


def refuse_forbidden(texts: Mapping[str, str], files: Iterable[str], forbidden: Sequence[str]) -> None:
    """Raise ImportError if one of these files names a forbidden symbol. This only searches the syntax of `texts`."""
    if not forbidden:
        return
    for file in files:
        if file not in texts:
            continue
        for node in ast.walk(ast.parse(texts[file], file)):
            for name in _names(node):
                for symbol in forbidden:
                    if (
                        name == symbol
                        or name.endswith("." + symbol.rpartition(".")[2])
                        or name.startswith(symbol + ".")
                    ):
                        raise ImportError(
                            f"{file}, line {getattr(node, 'lineno', '?')}: {symbol} may not be used in this kata"
                        )


def _names(node: ast.AST) -> list[str]:
    """Return the dotted names that a node of the syntax tree imports or accesses."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Attribute):
        return [ast.unparse(node)]
    return []


class Refused:
    """A replacement for a forbidden symbol, which raises ImportError when it is used."""

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol

    def __call__(self, *_: Any, **__: Any) -> Any:
        raise ImportError(f"{self._symbol} may not be used in this kata")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # libraries look up such names on any object
            raise AttributeError(name)
        return self()


def remove_forbidden(forbidden: list[str]) -> None:
    """Replace forbidden symbols in modules that are already imported, and in the namespaces inside these modules."""
    for symbol in forbidden:
        path, _, name = symbol.rpartition(".")
        first, *rest = path.split(".")
        holder: Any = sys.modules.get(first)
        for each in rest:
            holder = getattr(holder, each, None)
        if holder is not None and hasattr(holder, name):
            setattr(holder, name, Refused(symbol))


def describe(fault: BaseException, own_files: set[str], runtime: str = "") -> dict[str, Any]:
    """Return an exception as plain values.

    `bases` are the names of its built-in classes. `where` is the submission's last line in the traceback and, if that
    is in a function that was called while the file was imported, the line of the file on a second line.
    """
    message = _text(fault)
    if runtime and type(fault) is ModuleNotFoundError:
        message += only_these(runtime)
    bases = [base.__name__ for base in type(fault).__mro__ if base.__module__ == "builtins"]
    return {
        "type": type(fault).__name__[:100],
        "bases": [name for name in bases if hasattr(builtins, name)][:20],
        "message": message,
        "where": _where(fault, own_files),
    }


def only_these(runtime: str) -> str:
    """Return the end of a message about a module that a worker of this runtime lacks."""
    packages = "NumPy" if runtime == "numpy" else "NumPy and PyTorch"
    return f" (official grading has only the standard library, {packages}, and the kata's own files)"


def _text(fault: BaseException) -> str:
    try:
        return str(fault)[:4000].encode("utf-8", "replace").decode()
    except BaseException as other:  # noqa: BLE001 (a submission's own __str__ may do anything)
        return f"(no message: str() of the exception raised {type(other).__name__})"


def _where(fault: BaseException, own_files: set[str]) -> str:
    if isinstance(fault, SyntaxError) and fault.filename in own_files:
        # The compiler gives no text for some errors, such as a return outside a function.
        line = (fault.text or linecache.getline(fault.filename, fault.lineno or 0)).strip()
        return f"{fault.filename}, line {fault.lineno}: {line[:200]}"
    found, outermost, trace = "", "", fault.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename in own_files:
            line = linecache.getline(code.co_filename, trace.tb_lineno).strip()
            found = f"{code.co_filename}, line {trace.tb_lineno}, in {code.co_qualname}: {line[:200]}"
            if code.co_name == "<module>":
                outermost = found
        trace = trace.tb_next
    if outermost not in ("", found):  # a call at the bottom of the file
        found = f"{found}\n{outermost}"
    return found.encode("utf-8", "replace").decode()

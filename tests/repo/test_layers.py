"""The packages of the harness form layers: each imports only from those below it. No two files import each other."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from tests.workshop import ROOT

# The layers from the bottom up. A package or top-level module imports only from those before it in the list. The
# package `graders` itself, which exports the public names, is above them all.
LAYERS = (
    "version",
    "errors",
    "wire",
    "atomic",
    "verdict",
    "watchdog",
    "datasets",
    "worker",
    "checks",
    "catalogue",
    "scoring",
    "manual_scores",
    "hidden_suites",
    "sandbox",
    "intake",
    "report",
    "output",
    "pytest_plugin",
    "judge",
    "web",
    "command_line",
    "debugging",
    "learner",
    "authoring",
    "course",
    "bundles",
    "github",
    "doctor",
    "cli",
)
NOT_THE_HARNESS = ("hidden", "demo")  # suites and sample submissions
COMMAND_LINE = ("examples", "options", "session", "terminal")  # modules of graders/cli that all commands share


def modules() -> dict[str, Path]:
    """Return the path of every module of the harness by dotted name."""
    found = {}
    for path in sorted((ROOT / "graders").rglob("*.py")):
        inside = path.relative_to(ROOT / "graders").parts
        if inside[0] not in NOT_THE_HARNESS and inside[:2] != ("debugging", "kata"):
            found[".".join(("graders", *inside)).removesuffix(".py").removesuffix(".__init__")] = path
    return found


def imports() -> dict[str, set[str]]:
    """Return which modules of the harness each module imports, including imports in functions and for type checking."""
    known = modules()
    found: dict[str, set[str]] = {name: set() for name in known}
    for name, path in known.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                named = [f"{node.module}.{each.name}" for each in node.names]
                found[name].update(each if each in known else node.module for each in named)
            elif isinstance(node, ast.Import):
                found[name].update(each.name for each in node.names)
        found[name] &= known.keys()
    return found


def layer_of(module: str) -> str:
    if module in {f"graders.cli.{name}" for name in COMMAND_LINE}:
        return "command_line"
    return module.split(".")[1] if "." in module else ""


def test_every_package_and_module_has_a_layer() -> None:
    assert {layer_of(name) for name in modules()} == {*LAYERS, ""}


def test_a_layer_imports_only_from_those_below_it() -> None:
    place = {name: number for number, name in enumerate([*LAYERS, ""])}
    wrong = [
        f"{name} imports {other}"
        for name, others in imports().items()
        for other in others
        if place[layer_of(other)] > place[layer_of(name)]
    ]
    assert wrong == []


def test_no_two_files_import_each_other() -> None:
    try:
        list(TopologicalSorter(imports()).static_order())
    except CycleError as fault:
        raise AssertionError(" → ".join(fault.args[1])) from None

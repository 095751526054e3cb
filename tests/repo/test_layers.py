"""The packages of the harness form layers: each imports only from those below it. No two files import each other.

The packages beside `graders` import from it and never from each other, so that each of them can be left out.

Some parts may import only a little, so that they start quickly or can be trusted.
"""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.shell import run
from tests.workshop import PACKAGES, PRODUCTS, ROOT

# The layers from the bottom up. A package or top-level module imports only from those before it in the list. The
# package `graders` itself, which exports the public names, is above them all.
LAYERS = (
    "version",
    "errors",
    "environment",
    "extras",
    "unix",
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
    "programs",
    "pytest_plugin",
    "judge",
    "web",
    "authoring",
    "bundles",
    "github",
    "learner",
    "doctor",
    "cli",
    *PRODUCTS,
)
NOT_THE_HARNESS = ("hidden", "demo")  # suites and sample submissions


@cache
def modules() -> dict[str, Path]:
    """Return the path of every module of the harness by dotted name."""
    found = {}
    for path in sorted(each for package in PACKAGES for each in (ROOT / package).rglob("*.py")):
        package, *inside = path.relative_to(ROOT).parts
        if inside[0] not in NOT_THE_HARNESS and (package, inside[0]) != ("katas_practice", "kata"):
            found[".".join((package, *inside)).removesuffix(".py").removesuffix(".__init__")] = path
    return found


def imports(*, by_name: bool = False) -> dict[str, set[str]]:
    """Return which modules of the harness each module imports.

    This includes imports in functions, imports for type checking and, with `by_name`, calls of `import_module`.
    """
    known = modules()
    found: dict[str, set[str]] = {name: set() for name in known}
    for name, path in known.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if by_name and isinstance(node, ast.Call) and "import_module" in ast.unparse(node.func):
                found[name].update(each.value for each in node.args if isinstance(each, ast.Constant))
            if isinstance(node, ast.ImportFrom) and node.module:
                named = [f"{node.module}.{each.name}" for each in node.names]
                found[name].update(each if each in known else node.module for each in named)
            elif isinstance(node, ast.Import):
                found[name].update(each.name for each in node.names)
        found[name] &= known.keys()
    return found


def layer_of(module: str) -> str:
    """Return a module's layer: its package or, for a part of graders, the name of that part."""
    package, _, part = module.partition(".")
    return package if package in PRODUCTS else part.partition(".")[0]


def test_every_package_and_module_has_a_layer() -> None:
    deleted = {name for name in PRODUCTS if not (ROOT / name).is_dir()}
    assert {layer_of(name) for name in modules()} == {*LAYERS, ""} - deleted


def test_a_layer_imports_only_from_those_below_it() -> None:
    place = {name: number for number, name in enumerate([*LAYERS, ""])}
    wrong = [
        f"{name} imports {other}"
        for name, others in imports(by_name=True).items()
        for other in others
        if place[layer_of(other)] > place[layer_of(name)]
    ]
    assert wrong == []


def test_no_two_files_import_each_other() -> None:
    try:
        list(TopologicalSorter(imports()).static_order())
    except CycleError as fault:
        raise AssertionError(" → ".join(fault.args[1])) from None


def test_no_product_imports_another() -> None:
    wrong = [
        f"{name} imports {other}"
        for name, others in imports(by_name=True).items()
        for other in others
        if {layer_of(name), layer_of(other)} <= set(PRODUCTS) and layer_of(name) != layer_of(other)
    ]
    assert wrong == []


# What `katas_course` sees of graders: the judge, the verdict, reports and intake, and what all of these share.
SEEN_BY_COURSE = {
    "graders.github": "GitHub's API, and the length of a comment",
    "graders.judge.client": "Judge",
    "graders.verdict": "Verdict and its parts",
    "graders.manual_scores": "manual scores in a verdict",
    "graders.scoring": "the points of a verdict with an instructor's decisions, and of one that intake refused",
    "graders.report": "reports, and the words in them",
    "graders.intake": "submissions",
    "graders.catalogue": "katas",
    "graders.output": "files and the terminal",
    "graders.atomic": "locks",
    "graders.errors": "exceptions",
    "graders.extras": "what is not installed",
    "graders.unix": "the number of processors",
    "graders.version": "the version",
    "graders.cli.session": "the repository that a command works on",
    "graders.cli.terminal": "Ctrl-C",
    "graders.checks": "whether a submitted picture is a picture",
    "graders.learner.progress": "the folder for secrets",
    "graders.web": "the web server, and Markdown as HTML",
}


@pytest.mark.skipif(not (ROOT / "katas_course").is_dir(), reason="katas_course has been deleted")
def test_course_sees_only_the_doors_of_the_other_packages() -> None:
    seen = {
        other
        for name, others in imports(by_name=True).items()
        if name.startswith("katas_course")
        for other in others
        if not other.startswith("katas_course")
    }
    allowed = {other for other in seen for door in SEEN_BY_COURSE if other == door or other.startswith(f"{door}.")}
    assert sorted(seen - allowed) == []
    unused = [door for door in SEEN_BY_COURSE if not any(f"{other}.".startswith(f"{door}.") for other in seen)]
    assert unused == []


# ---------------------------------------------------------------------------------- what may be imported


def imported(path: Path) -> set[str]:
    """Return the dotted names that a file imports, at the top or further down."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


STDLIB = "|".join(sys.stdlib_module_names)


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("worker", rf"({STDLIB}|numpy|msgspec|graders\.(wire|errors|unix|worker))\b"),
        ("report", r"(?!graders\.)|graders\.(errors|report|verdict)\b"),
    ],
)
def test_a_package_imports_only_what_it_may(package: str, allowed: str) -> None:
    for path in (ROOT / "graders" / package).rglob("*.py"):
        assert {name for name in imported(path) if not re.match(allowed, name)} == set(), path


HEAVY = "torch numpy pytest _pytest rich matplotlib pandas scipy hypothesis jinja2 sqlalchemy"
BY_API = """
from pathlib import Path
from graders import Judge
with Judge(Path.cwd()) as judge:
    assert judge.grade("exercise01", Path("solutions/exercise01"), tell=lambda _: None).status == "passed"
"""
BY_COMMAND = (
    "import sys; from graders.cli.app import run_command_line as run; sys.argv = ['katas', {}]; assert run() == 0"
)
GRADING = "'grade', 'exercise01', '--against', 'solutions'"


@pytest.mark.parametrize(
    ("program", "forbidden"),
    [
        pytest.param("import graders.checks", "torch hypothesis", id="the checks"),
        pytest.param("import graders.pytest_plugin.plugin", "torch", id="the pytest plugin"),
        pytest.param("import graders.catalogue", "numpy torch pytest typer rich", id="the catalogue"),
        pytest.param("import graders.report", "rich torch numpy pytest xml.etree", id="the reports"),
        pytest.param("import graders.cli, graders.judge.process", HEAVY, id="the command and its judge process"),
        pytest.param(BY_COMMAND.format("'list'"), HEAVY, id="katas list"),
        pytest.param(BY_COMMAND.format(GRADING), "numpy pytest _pytest torch", id="the client of a grading by command"),
        pytest.param(BY_API, "numpy pytest _pytest torch", id="the client of a grading by API"),
    ],
)
def test_a_light_start_imports_nothing_heavy(program: str, forbidden: str) -> None:
    listed = f"\nimport sys; print('loaded:', *(name for name in {forbidden.split()} if name in sys.modules))"
    done = run(sys.executable, "-c", program + listed)
    assert done.out.splitlines()[-1:] == ["loaded:"], done.said

"""The base installation: what a command imports is in `dependencies`, or in the extra that the command needs."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from graders import extras
from graders.cli import products
from graders.cli.app import COMMANDS
from tests.repo.test_layers import modules
from tests.shell import Finished, environment, run
from tests.workshop import PACKAGES, PRODUCTS, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ENTRY_POINTS = ("graders", "graders.cli", "graders.cli.__main__", "graders.cli.app", "graders.pytest_plugin.plugin")
PROCESSES = ("graders.judge.fork_server", "graders.judge.suite_server", "graders.worker.fork_server")
# The extras of commands. Any other command works with the base installation.
NEEDS = {"serve": ("serve", "cohort", "torch"), "debug": ("torch",)} | dict.fromkeys(
    ("collect", "handback", "grade-batch", "review", "feedback", "gradebook"), ("cohort", "serve")
)
UNLISTED_EXTRAS = ("test", "docs", "lint", "gpu", "vision", "all")  # for people who change the project, or with a GPU


def distributions(requirements: Iterable[str]) -> set[str]:
    """Return the normalised names in a list of requirements."""
    return {re.match(r"[\w.-]+", each)[0].lower().replace("_", "-") for each in requirements}


@cache
def modules_of(extra: str) -> set[str]:
    """Return the top-level modules that an extra installs, or `dependencies` if it is empty."""
    named = distributions(PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"])
    by_module = importlib.metadata.packages_distributions()
    return {module for module, names in by_module.items() if {each.lower().replace("_", "-") for each in names} & named}


@pytest.mark.parametrize("extra", sorted(set(PROJECT["optional-dependencies"]) - set(UNLISTED_EXTRAS)))
def test_every_extra_names_its_modules(extra: str) -> None:
    assert set(extras.MODULES[extra]) <= modules_of(extra)
    named = distributions(PROJECT["optional-dependencies"][extra]) - {"nn-katas"}
    by_module = importlib.metadata.packages_distributions()
    found = {name.lower().replace("_", "-") for module in extras.MODULES[extra] for name in by_module[module]}
    assert found == named


# ------------------------------------------------------------------------------------------- the walk


def imported(body: Iterable[ast.stmt], *, inside: bool) -> Iterator[str]:
    """Yield the dotted names that statements import; those in functions only with `inside`, those for types never."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{each.name}" for each in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from imported(node.orelse, inside=inside)
        elif inside or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for part in ("body", "orelse", "finalbody"):
                yield from imported(getattr(node, part, []), inside=inside)
            for handler in getattr(node, "handlers", []):
                yield from imported(handler.body, inside=inside)


def own(name: str) -> str:
    """Return the module of the harness that a dotted name means, or an empty string."""
    known = modules()
    return name if name in known else parent if (parent := name.rpartition(".")[0]) in known else ""


@cache
def imports_of(module: str) -> tuple[list[str], list[str]]:
    """Return what a module of the harness imports when it is loaded, and with what its functions import."""
    body = ast.parse(modules()[module].read_text(encoding="utf-8")).body
    return list(imported(body, inside=False)), list(imported(body, inside=True))


def loaded(first: Iterable[str]) -> dict[str, str]:
    """Return the other packages' modules that are imported with these modules, and the file that does it.

    The harness's own modules that a function imports belong to it: they are loaded when it is called. Another package
    that a function imports does not: the function says what to do without it.
    """
    waiting, seen, found = list(first), set(), {}
    while waiting:
        name = waiting.pop()
        parents = [name.rsplit(".", count)[0] for count in range(1, name.count(".") + 1)]
        for module in (name, *parents):
            if module in seen:
                continue
            seen.add(module)
            at_once, ever = imports_of(module)
            waiting += filter(None, map(own, ever))
            outside = {each.partition(".")[0] for each in at_once if not own(each)} - {*PACKAGES, "__future__"}
            found |= dict.fromkeys(outside - set(sys.stdlib_module_names), module)
    return found


def of_command(name: str) -> list[str]:
    """Return the modules that a command's function imports when it is loaded and when it runs."""
    module, _, function = COMMANDS[name].target.partition(":")
    body = ast.parse(modules()[module].read_text(encoding="utf-8")).body
    mine = [node for node in body if isinstance(node, ast.FunctionDef) and node.name == function]
    names = [*imported(body, inside=False), *imported([part for node in mine for part in node.body], inside=True)]
    doors = products.DOORS.values() if "graders.cli.products" in names else ()
    return [place for each in (*names, *doors) if (place := own(each))] + ([] if mine else [module])


@pytest.mark.parametrize("name", [*ENTRY_POINTS, *PROCESSES])
def test_the_base_imports_only_its_dependencies(name: str) -> None:
    assert {each: place for each, place in loaded([name]).items() if each not in modules_of("")} == {}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_imports_only_what_it_says(name: str) -> None:
    allowed = set().union(*map(modules_of, ("", *NEEDS.get(name, ()))))
    assert {each: place for each, place in loaded(of_command(name)).items() if each not in allowed} == {}


def test_a_module_that_a_command_imports_in_a_function_is_found() -> None:
    assert "starlette" in loaded(of_command("serve"))
    assert "sqlalchemy" in loaded(of_command("grade-batch"))


# ------------------------------------------------------------------------------- what a command loads


LOADED = "import sys; from graders.cli.app import run_command_line as run; run(); print(*sorted(sys.modules))"
ROOMS = ("learner", "authoring", "bundles", "github", "doctor", "report", "intake")


def modules_after(*words: str, env: dict[str, str] | None = None) -> set[str]:
    """Return the modules that a process has imported after the command line `katas words…`."""
    code = f"import sys; sys.argv = {['katas', *words]}; {LOADED}"
    done: Finished = run(sys.executable, "-c", code, env=environment(**(env or {})), cwd=Path("/"))
    return set(done.out.splitlines()[-1].split())


def test_help_and_completion_import_no_product() -> None:
    line = {"_KATAS_COMPLETE": "complete_bash", "_TYPER_COMPLETE_ARGS": "katas gr", "COMP_WORDS": "katas gr"}
    for names in (modules_after("--help"), modules_after(env=line | {"COMP_CWORD": "1"})):
        assert "graders.cli.app" in names
        assert names & {*PRODUCTS, *(f"graders.{name}" for name in ROOMS)} == set()


@pytest.mark.parametrize("extra", ["", "figures"])
def test_the_command_that_installs_an_extra_names_what_it_brings(extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert extras.how_to_install(extra).endswith(" -e '.[figures]'" if extra else " -e '.'")
    monkeypatch.setattr(extras, "_CLONE", Path("/missing"))
    wanted = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    assert distributions(re.findall(r"'([^']+)'", extras.how_to_install(extra))) == distributions(wanted)

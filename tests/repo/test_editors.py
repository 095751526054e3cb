"""The settings for VS Code and for development containers are valid, and their commands exist."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from graders.cli.app import app
from tests.shell import Finished, run
from tests.workshop import ROOT

FILES = [
    *(f".vscode/{name}.json" for name in ("tasks", "launch", "settings", "extensions")),
    ".devcontainer/devcontainer.json",
]
JOBS = re.findall(r"^([a-z]+)\)$", (ROOT / "run").read_text(encoding="utf-8"), re.MULTILINE)
FILE = "katas/exercise01/affine.py"  # the file that is open in the editor
VARIABLES = {
    "workspaceFolder": ".",
    "file": FILE,
    "fileDirname": str(Path(FILE).parent),
    "fileDirnameBasename": Path(FILE).parent.name,
    "selectedText": "",
}


def content(name: str) -> Any:
    return json.loads((ROOT / name).read_text(encoding="utf-8"))


def filled(text: str) -> str:
    """Return a text of tasks.json or launch.json as VS Code fills it in. Raises KeyError for an unknown variable."""
    return re.sub(r"\$\{(\w+)\}", lambda found: VARIABLES[found[1]], text)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts(each)


@pytest.mark.parametrize("name", FILES)
def test_file_is_plain_json_with_known_variables(name: str) -> None:
    for text in texts(content(name)):
        filled(text)


@pytest.mark.parametrize("task", content(".vscode/tasks.json")["tasks"], ids=lambda task: task["label"])
def test_command_of_each_task_exists(task: dict[str, Any]) -> None:
    command, words = filled(task["command"]), [filled(word) for word in task["args"]]
    if command == "./run":
        assert words[0] in JOBS
        return
    assert command == "./.venv/bin/katas"
    commands: dict[str, Any] = vars(get_command(app))["commands"]
    assert words[0] in commands
    assert words[1:] == ["exercise01"]
    arguments = [each.name for each in commands[words[0]].real.params if each.param_type_name == "argument"]
    assert arguments[0] in ("slug", "slugs")


def test_every_needed_task_is_there() -> None:
    called = {tuple(task["args"][:1]) for task in content(".vscode/tasks.json")["tasks"]}
    assert {("grade",), ("watch",), ("serve",)} <= called


@pytest.mark.deep
def test_launch_configurations_can_start() -> None:
    found = content(".vscode/launch.json")["configurations"]
    assert {each["type"] for each in found} == {"debugpy"}
    assert any(filled(each.get("program", "")) == FILE for each in found)
    (tests,) = [each for each in found if each.get("module") == "pytest"]
    done = python("-m", "pytest", *map(filled, tests["args"]), "--collect-only", "-q")
    assert done.status == 0, done.said
    assert "exercise01/test_exercise01.py::test_the_worked_example" in done.out


def python(*words: str) -> Finished:
    return run(sys.executable, *words)


@pytest.mark.deep
def test_the_extensions_discovery_finds_the_visible_tests() -> None:
    """VS Code calls pytest with these arguments, and with a plugin of its own."""
    arguments = content(".vscode/settings.json")["python.testing.pytestArgs"]
    done = python("-m", "pytest", "--rootdir=.", "--collect-only", "-q", *arguments)
    assert done.status == 0, done.said
    for kata in sorted(path.parent for path in (ROOT / "katas").glob("*/kata.toml")):
        assert f"katas/{kata.name}/test_" in done.out


def test_settings_use_the_environment_of_the_script() -> None:
    settings = content(".vscode/settings.json")
    assert filled(settings["python.defaultInterpreterPath"]) == "./.venv/bin/python"
    assert settings["python.testing.pytestEnabled"]
    assert not settings["python.testing.unittestEnabled"]
    recommended = content(".vscode/extensions.json")["recommendations"]
    assert content(".devcontainer/devcontainer.json")["customizations"]["vscode"]["extensions"] == recommended


# ------------------------------------------------------------------------------ the development container


def test_container_starts_the_server_on_its_port() -> None:
    container = content(".devcontainer/devcontainer.json")
    from graders.web.server import PORT

    assert container["forwardPorts"] == [PORT]
    assert str(PORT) in container["portsAttributes"]
    assert "./run serve --no-browser" in container["postStartCommand"]
    for name in ("onCreateCommand", "postStartCommand", "postAttachCommand"):
        checked = run("sh", "-n", "-c", container[name])
        assert checked.status == 0, checked.err
        assert set(re.findall(r"\./run (\w+)", container[name])) <= set(JOBS)


def test_attaching_shows_the_address(tmp_path: Path) -> None:
    """Run the commands with a `./run` that prints what the server prints and goes on."""
    container = content(".devcontainer/devcontainer.json")
    script = "#!/bin/sh\necho 'The katas are at http://127.0.0.1:8765/?token=x'\necho \"$@\" >words\nexec sleep 20\n"
    (tmp_path / "run").write_text(script, encoding="utf-8")
    (tmp_path / "run").chmod(0o755)
    for name in ("postStartCommand", "postAttachCommand"):
        done = subprocess.run(
            ["sh", "-c", container[name]], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
        )
    assert done.stdout == "The katas are at http://127.0.0.1:8765/?token=x\n"
    assert (tmp_path / "words").read_text(encoding="utf-8") == "serve --no-browser\n"
    assert (tmp_path / ".katas/serve.log").stat().st_mode & 0o077 == 0  # it contains the secret


def test_hadolint_finds_nothing_in_the_containers_dockerfile() -> None:
    found = shutil.which("hadolint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.skip("hadolint is not installed")
    text = (ROOT / ".devcontainer/Dockerfile").read_text(encoding="utf-8")
    done = run(found, "-", text=text)
    assert done.status == 0, done.out
    assert re.findall(r"^USER (\S+)$", text, re.MULTILINE)[-1] not in ("root", "0")

"""The environments of tox.ini: the supported Python versions, and the tests that need a GPU."""

from __future__ import annotations

import configparser
import importlib.util
import re
import shlex
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from graders import doctor
from graders.cli.app import COMMANDS
from graders.pytest_plugin.point_tally import NO_GPU
from tests import shell, workshop
from tests.conftest import IMPORTED
from tests.shell import Finished
from tests.workshop import ROOT

NOT_COLLECTED = 5  # the exit status of pytest when it collects no test
REPOSITORY = ROOT / "tests" / "repository"  # its katas are not tests of this project
GPU_TEST = "graders/hidden/meta/test_gpu.py"
GPU_MARK = re.compile(r"\bmark\.gpu\b")


def environments() -> configparser.ConfigParser:
    """Return the sections of tox.ini."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "tox.ini", encoding="utf-8")
    return parser


def names() -> set[str]:
    """Return the names of the environments, with `py3{11,12}` written out."""
    found = set()
    for section in environments().sections():
        kind, _, name = section.partition(":")
        if kind == "testenv" and name:
            start, braces, rest = name.partition("{")
            found |= {start + each for each in rest.rstrip("}").split(",")} if braces else {name}
    return found


def bare() -> ModuleType:
    """Return the module .ci/bare.py."""
    spec = importlib.util.spec_from_file_location("bare", ROOT / ".ci/bare.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def gpu_words() -> list[str]:
    """Return the words that `tox -e gpu` passes to pytest when the user adds none."""
    command = environments()["testenv:gpu"]["commands"]
    command = re.sub(r"\{posargs:([^}]*)\}", r"\1", command)
    assert "{" not in command
    words = shlex.split(command)
    assert words[:3] == ["python", "-m", "pytest"]
    return words[3:]


def run_without_gpu(*words: str, cwd: Path) -> Finished:
    """Run pytest in a folder where CUDA shows no device."""
    return shell.pytest(*words, "-p", "no:cacheprovider", cwd=cwd, env={"CUDA_VISIBLE_DEVICES": ""})


def files_with_gpu_tests(word: str) -> list[str]:
    """Return the files with a test marked gpu if the word is a folder, and any other word unchanged."""
    if not (ROOT / word).is_dir() or word == "solutions":
        return [word]
    paths = [path for path in (ROOT / word).rglob("test_*.py") if not path.is_relative_to(REPOSITORY)]
    return [str(path.relative_to(ROOT)) for path in paths if GPU_MARK.search(path.read_text(encoding="utf-8"))]


def test_every_tried_python_is_named_everywhere() -> None:
    (tried,) = re.findall(r'^TRIED="([\d. ]+)"', (ROOT / "run").read_text(encoding="utf-8"), re.MULTILINE)
    versions = tried.split()
    assert {f"py{version.replace('.', '')}" for version in versions} == {each for each in names() if each[:2] == "py"}
    workflow = (ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8")
    (matrix,) = re.findall(r"python: \[(.*)\]", workflow)
    assert re.findall(r"[\d.]+", matrix) == versions[::-1]
    ends = [f"{major}.{minor}" for major, minor in (doctor.OLDEST, doctor.NEWEST)]
    assert ends == [versions[-1], versions[0]]
    for page in ("README.md", "docs/guide.md", "docs/platforms.md"):
        assert f"{versions[-1]} to {versions[0]}" in (ROOT / page).read_text(encoding="utf-8"), page
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == f">={versions[-1]}"  # a newer one is not refused


def test_python_environments_run_the_default_tests() -> None:
    settings = environments()
    own = [section for section in settings.sections() if section.startswith(("testenv:cpu", "testenv:py"))]
    assert len(own) == 2
    assert [section for section in own if set(settings[section]) - {"description"}] == []
    assert settings["testenv"]["commands"] == "python -m pytest -n 2 --dist loadfile --max-worker-restart 0 {posargs}"
    assert settings["tox"]["env_list"] == "cpu"


def test_lint_environment_runs_what_the_job_lint_runs() -> None:
    commands = environments()["testenv:lint"]["commands"].split("\n")
    assert [each for each in commands if each] == ["ruff format --check .", "ruff check .", "mypy", "sh .ci/lint_pages"]


def test_gpu_environment_installs_cupy() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = environments()["testenv:gpu"]["extras"].replace("{[testenv]extras}", environments()["testenv"]["extras"])
    assert {"torch", "test", "gpu"} <= set(extras.split(","))
    assert [each for each in project["optional-dependencies"]["gpu"] if each.startswith("cupy-cuda")]


def test_ci_runs_the_slow_security_tests_too() -> None:
    commands = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert {'./run tests "$@"', './run tests -m "deep and security"'} <= set(commands)


def test_ci_begins_with_the_first_command_of_the_readme_and_then_uses_every_command() -> None:
    lines = [line for line in (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines() if line[:1] not in ("", "#")]
    first = re.search(r"^    (\./run \w+) ", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)[1]
    assert lines[2:4] == [first, ".venv/bin/python .ci/bare.py commands"]
    assert "beside .venv/bin/python .ci/bare.py serve" in lines
    assert first == "./run demo"
    played = {words.split()[0] for words, _, _ in bare().COMMANDS} | {"watch", "demo"}
    assert played == {*COMMANDS, "--help"} - {"replay"}


def test_every_extra_is_tried_alone() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {*bare().PROMISES, "serve", "gpu", "all"} == set(project["optional-dependencies"])
    assert environments()["testenv:extras"]["commands"] == "python .ci/bare.py extras {posargs}"


@pytest.mark.deep
def test_gpu_environment_skips_with_a_reason_without_a_gpu() -> None:
    # The other files are left out, because importing them takes long and pytest would deselect all of their tests.
    words = [each for word in gpu_words() for each in files_with_gpu_tests(word)]
    assert GPU_TEST in words
    done = run_without_gpu(*words, cwd=ROOT)
    assert done.status == NO_GPU, done.said
    assert "\nno GPU: nothing was tested\n" in done.out
    assert f"{GPU_TEST} s" in done.out
    assert re.search(r"^SKIPPED .*: ungraded: this machine has no GPU$", done.out, re.MULTILINE), done.out


def test_gpu_environment_fails_when_it_collects_no_test(tmp_path: Path) -> None:
    root = workshop.write_repository(tmp_path, ["twice"])
    done = run_without_gpu(*(word for word in gpu_words() if word != "tests/gpu"), cwd=root)
    assert done.status == NOT_COLLECTED, done.said
    assert "3 deselected" in done.out


def test_collecting_the_tests_imports_no_slow_package(pytestconfig: pytest.Config) -> None:
    """PyTorch alone would take as long as collecting all the tests."""
    assert not pytestconfig.stash[IMPORTED] & {"torch", "pandas", "sklearn", "matplotlib", "scipy", "IPython"}

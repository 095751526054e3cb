"""`katas doctor`: each finding provoked for real, with what it says of it and the remedy."""

from __future__ import annotations

import json
import shutil
import site
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from graders import doctor as looks
from tests import workshop
from tests.workshop import KATAS, ROOT, Finished, katas, write

FAULT, LIMITED, OK = "fault", "limited", "ok"

# Refuses mount(2), as the default profile of a container does, and goes on with the command.
WITHOUT_MOUNTS = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from graders.worker import seccomp
from graders.worker.syscalls import prctl
number = {{"x86_64": 165, "aarch64": 40}}[os.uname().machine]
check = (seccomp.LOAD, 0, 0, seccomp.NUMBER), (seccomp.EQUAL, 0, 1, number)
answers = (seccomp.RETURN, 0, 0, seccomp.ERRNO | 1), (seccomp.RETURN, 0, 0, seccomp.ALLOW)
prctl("PR_SET_NO_NEW_PRIVS", 38, 1)
seccomp.install(seccomp.Program((*check, *answers)).for_process(0))
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return workshop.write_repository(tmp_path / "my kätas", ["alpha"])


def finding(report: Finished | Iterable[looks.Finding], subject: str, state: str | None = None) -> dict[str, Any]:
    """The finding of this subject (and state) in a report as JSON, or among the findings of one look."""
    if isinstance(report, Finished):
        findings = json.loads(report.out)["findings"]
    else:
        findings = [msgspec.to_builtins(each) for each in report]
    found = [each for each in findings if each["subject"] == subject and state in (None, each["state"])]
    assert len(found) == 1, (subject, findings, report)
    return found[0]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is installed here, without torch and hypothesis."""
    packages = tmp_path_factory.mktemp("packages")
    for entry in Path(site.getsitepackages()[0]).iterdir():
        if not entry.name.startswith(("torch", "hypothesis")):
            (packages / entry.name).symlink_to(entry)
    return packages


def without_torch(packages: Path, cwd: Path, *before: str, **env: str) -> Finished:
    """`katas doctor --format json` on a Python without torch, whose import takes longer than all that is looked at."""
    program = f"import sys; sys.path += [{str(packages)!r}, {str(ROOT)!r}]; from graders.cli import main; main()"
    done = subprocess.run(
        [*before, sys.executable, "-I", "-S", "-c", program, "doctor", "--format", "json"],
        cwd=cwd,
        env=workshop.environment(**env),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return Finished(done.returncode, done.stdout, done.stderr, [])


def test_a_sound_machine_is_told_so_and_nothing_is_left_behind(root: Path) -> None:
    done = katas("doctor", cwd=root, env={"NN_KATAS_PROGRESS": str(root / "progress.sqlite")})
    assert (done.status, done.err, done.left) == (0, "", []), done.said
    assert f"✓ python              CPython {sys.version.split()[0]}" in done.out
    assert "✓ confinement (numpy) full" in done.out
    assert "✗" not in done.out
    assert sorted(path.name for path in root.iterdir()) == ["conftest.py", "graders", "katas", "solutions", "tox.ini"]


def test_the_report_as_json_has_every_subject_and_a_strict_status(root: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").symlink_to(str(shutil.which("git")))
    done = katas("doctor", "--format", "json", "--strict", cwd=root, env={"PATH": str(tmp_path / "bin")})
    report = json.loads(done.out)
    assert report["schema"] == "katas/doctor/v1"
    assert report["root"] == str(root)
    assert {"python", "torch", "confinement (torch)", "pytest settings", "data sets", "progress"} <= {
        each["subject"] for each in report["findings"]
    }
    assert all(each["remedy"] for each in report["findings"] if each["state"] != OK)
    # Without bubblewrap the confinement is partial.
    found = finding(done, "confinement (numpy)", LIMITED)
    assert found["found"] == "partial: bubblewrap is not installed"
    assert found["remedy"].startswith("apt install bubblewrap")
    assert FAULT not in {each["state"] for each in report["findings"]}
    assert done.status == 1


def test_where_neither_mounts_nor_torch_are_there_the_remedies_are_named(root: Path, packages: Path) -> None:
    stray = write(root / "pytest.ini", "[pytest]\n")
    done = without_torch(packages, root, sys.executable, "-c", WITHOUT_MOUNTS)
    found = finding(done, "confinement (numpy)", LIMITED)
    assert found["found"].startswith("partial: ")
    assert "--security-opt seccomp=unconfined" in found["remedy"]
    assert finding(done, "torch", FAULT)["remedy"].startswith("pip install torch==2.13.0")
    assert finding(done, "packages [test]", LIMITED)["found"].startswith("hypothesis is not installed")
    assert finding(done, "pytest settings", FAULT)["found"].startswith(f"{stray} is preferred to")
    assert done.status == 1


@pytest.mark.parametrize(
    ("name", "text", "remedy"),
    [
        ("katas/alpha/pytest.ini", "", "Remove {file}"),
        ("katas/.pytest.ini", "[pytest]\n", "Remove {file}"),
        ("pytest.ini", "[pytest]\n", "Remove {file}"),
        ("pyproject.toml", "[tool.pytest.ini_options]\n", "Take the [tool.pytest] table out of {file}"),
        ("katas/setup.cfg", "[tool:pytest]\n", "Take the [tool:pytest] section out of {file}"),
        ("katas/alpha/tox.ini", "[pytest]\n", "Take the [pytest] section out of {file}"),
    ],
)
def test_settings_that_pytest_would_prefer_are_named(root: Path, name: str, text: str, remedy: str) -> None:
    stray = write(root / name, text)
    found = finding(looks._pytest(root), "pytest settings", FAULT)
    assert found["found"].startswith(f"{stray} is preferred to {root / 'tox.ini'}")
    assert found["remedy"].startswith(remedy.format(file=stray))


@pytest.mark.parametrize(
    ("name", "text"),
    [("pyproject.toml", "[project]\nname = 'x'\n"), ("setup.cfg", "[tool:pytest]\n"), ("katas/alpha/setup.cfg", "[x]")],
)
def test_settings_that_pytest_does_not_prefer_are_none_of_our_business(root: Path, name: str, text: str) -> None:
    write(root / name, text)
    assert finding(looks._pytest(root), "pytest settings")["state"] == OK


@pytest.mark.parametrize("name", ["tox.ini", "conftest.py"])
def test_a_file_that_pytest_needs_is_missed(root: Path, name: str) -> None:
    (root / name).unlink()
    assert finding(looks._pytest(root), "pytest settings", FAULT)["remedy"] == f"Get it back: git checkout {name}"


def test_what_is_limited_is_no_fault_and_told_without_marks_too(root: Path) -> None:
    # pytest's variables are kept from every command here, as from the outer run's: this one is meant.
    env = workshop.environment(LC_ALL="C") | {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    env["PYTEST_ADDOPTS"] = "-p no:terminal"
    done = subprocess.run([KATAS, "doctor"], cwd=root, env=env, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"+ python" in done.stdout
    assert b"export LC_ALL=C.UTF-8" in done.stdout
    assert b"PYTEST_ADDOPTS=-p no:terminal" in done.stdout
    assert b"unset PYTEST_ADDOPTS" in done.stdout


@pytest.mark.parametrize(
    ("subject", "variable", "name"),
    [("data sets", "NN_KATAS_DATA", "cache"), ("progress", "NN_KATAS_PROGRESS", "progress.sqlite")],
)
def test_a_folder_that_cannot_be_written_to_is_told(
    root: Path, monkeypatch: pytest.MonkeyPatch, subject: str, variable: str, name: str
) -> None:
    monkeypatch.setenv(variable, f"/dev/null/{name}")
    found = finding(looks._folders(root), subject, LIMITED)
    assert "Not a directory" in found["found"]
    assert variable in found["remedy"]


@pytest.mark.parametrize(("states", "status"), [((OK,), 0), ((OK, LIMITED), 0), ((LIMITED, FAULT), 1)])
def test_only_a_fault_decides_the_status_unless_it_is_strict(states: tuple[looks.State, ...], status: int) -> None:
    found = tuple(looks.Finding(subject="x", state=state, found="x") for state in states)
    report = looks.Report(root="", findings=found)
    assert report.exit_status(strict=False) == status
    assert report.exit_status(strict=True) == int(states != (OK,))


def test_a_read_only_cache_checkout_and_temporary_folder_are_told(root: Path, packages: Path, tmp_path: Path) -> None:
    for name in ("cache", "tmp"):
        (tmp_path / name).mkdir()
    before = workshop.read_only(root, tmp_path / "cache", tmp_path / "tmp")
    # bubblewrap needs a temporary folder as well, so that this one is named behind it.
    before += ["env", f"TMPDIR={tmp_path / 'tmp'}"]
    done = without_torch(packages, root, *before, NN_KATAS_DATA=str(tmp_path / "cache"))
    assert "Read-only file system" in finding(done, "data sets", LIMITED)["found"]
    assert "--submission DIR" in finding(done, "your files", LIMITED)["remedy"]
    # Python itself goes on to /tmp, so that nothing is at fault.
    assert finding(done, "temporary folder", OK)["found"] == "/tmp"


def test_without_a_repository_the_rest_is_looked_at(packages: Path, tmp_path: Path) -> None:
    done = without_torch(packages, tmp_path)
    assert "katas --root DIR doctor" in finding(done, "repository", FAULT)["remedy"]
    assert finding(done, "python", OK)
    assert done.status == 1


def test_a_broken_kata_toml_is_told_with_its_remedy(root: Path) -> None:
    path = root / "katas" / "alpha" / "kata.toml"
    write(path, path.read_text(encoding="utf-8").replace("minutes", "minuets"))
    found = finding(looks._repository(root), "repository", FAULT)
    assert "unknown key `minuets`" in found["found"] + found["remedy"]


def test_a_checkout_with_a_harness_of_its_own_is_told(root: Path) -> None:
    (root / "graders" / "cli").mkdir()
    assert finding(looks._repository(root), "harness", LIMITED)["remedy"].endswith(f"-e '{root}'")


def test_a_form_that_there_is_not_is_refused(root: Path) -> None:
    done = katas("doctor", "--format", "yaml", cwd=root)
    assert done.status == 2
    assert "terminal or json" in done.err


def test_a_folder_above_the_interpreter_that_is_closed_is_found() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        python = write(Path(folder) / "home" / "bin" / "python", "")
        assert looks._closed_folder(python) is None
        python.parents[1].chmod(0o700)
        assert looks._closed_folder(python) == python.parents[1]

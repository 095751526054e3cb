"""`katas doctor`: each problem is provoked for real, and the report names it with its fix."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from graders.doctor import examination as doctor
from tests import in_process, workshop
from tests.workshop import KATAS, ROOT, Finished, katas, write

FAULT, LIMITED, OK = "fault", "limited", "ok"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return workshop.write_repository(tmp_path / "my kätas", ["alpha"])


def finding(report: Finished | Iterable[doctor.Finding], subject: str, state: str | None = None) -> dict[str, Any]:
    """Return the finding of this subject (and state) in a JSON report, or among an examination's findings."""
    if isinstance(report, Finished):
        findings = json.loads(report.out)["findings"]
    else:
        findings = [msgspec.to_builtins(each) for each in report]
    found = [each for each in findings if each["subject"] == subject and state in (None, each["state"])]
    assert len(found) == 1, (subject, findings, report)
    return found[0]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed packages, without torch and hypothesis."""
    packages = tmp_path_factory.mktemp("packages")
    # A copy with a planted fault also has another environment's packages on its path.
    installed = [Path(folder) for folder in sys.path if Path(folder).name == "site-packages"]
    entries = {entry.name: entry for folder in reversed(installed) for entry in folder.iterdir()}
    for name, entry in entries.items():
        if not name.startswith(("torch", "zizmor")):
            (packages / name).symlink_to(entry)
    return packages


def without_torch(packages: Path, cwd: Path, *before: str, **env: str) -> Finished:
    """Run `katas doctor --format json` on a Python without torch, because its import takes longer than the rest."""
    program = f"import sys; sys.path += [{str(packages)!r}, {str(ROOT)!r}]; from graders.cli import main; main()"
    words = [*before, sys.executable, "-I", "-S", "-c", program, "doctor", "--format", "json"]
    return workshop.run(*words, cwd=cwd, env=workshop.environment(**env))


@pytest.mark.deep
def test_sound_machine_is_reported_and_left_clean(root: Path) -> None:
    done = katas("doctor", cwd=root, env={"NN_KATAS_PROGRESS": str(root / "progress.sqlite")})
    assert (done.status, done.err, done.left) == (0, "", []), done.said
    assert f"✓ python              CPython {sys.version.split()[0]}" in done.out
    assert "✓ confinement (numpy) full" in done.out
    assert "✗" not in done.out
    assert sorted(path.name for path in root.iterdir()) == ["conftest.py", "graders", "katas", "solutions", "tox.ini"]


@pytest.mark.deep
def test_json_report_has_every_subject_and_strict_status(root: Path, tmp_path: Path) -> None:
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


def test_missing_mounts_and_torch_have_named_fixes(root: Path, packages: Path) -> None:
    stray = write(root / "pytest.ini", "[pytest]\n")
    done = without_torch(packages, root, *workshop.refusing(1, x86_64=165, aarch64=40))  # mount(2)
    found = finding(done, "confinement (numpy)", LIMITED)
    assert found["found"].startswith("partial: ")
    assert "--security-opt seccomp=unconfined" in found["remedy"]
    assert finding(done, "torch", FAULT)["remedy"].startswith("pip install torch==2.13.0")
    assert finding(done, "packages [test]", LIMITED)["found"].startswith("zizmor is not installed")
    assert finding(done, "pytest settings", FAULT)["found"].startswith(f"pytest reads {stray} instead of")
    assert done.status == 1


@pytest.mark.parametrize(
    ("name", "text", "remedy"),
    [
        ("katas/alpha/pytest.ini", "", "Remove {file}"),
        ("katas/.pytest.ini", "[pytest]\n", "Remove {file}"),
        ("pytest.ini", "[pytest]\n", "Remove {file}"),
        ("pyproject.toml", "[tool.pytest.ini_options]\n", "Remove the [tool.pytest] table from {file}"),
        ("katas/setup.cfg", "[tool:pytest]\n", "Remove the [tool:pytest] section from {file}"),
        ("katas/alpha/tox.ini", "[pytest]\n", "Remove the [pytest] section from {file}"),
        ("pyproject.toml", "[project]\nname = 'x'\n", None),
        ("setup.cfg", "[tool:pytest]\n", None),
        ("katas/alpha/setup.cfg", "[x]", None),
    ],
)
def test_settings_are_named_if_pytest_prefers_them(root: Path, name: str, text: str, remedy: str | None) -> None:
    stray = write(root / name, text)
    found = finding(doctor.pytest_settings(root), "pytest settings", OK if remedy is None else FAULT)
    if remedy is not None:
        assert found["found"].startswith(f"pytest reads {stray} instead of {root / 'tox.ini'}")
        assert found["remedy"].startswith(remedy.format(file=stray))


@pytest.mark.parametrize("name", ["tox.ini", "conftest.py"])
def test_missing_pytest_file_is_reported(root: Path, name: str) -> None:
    (root / name).unlink()
    found = finding(doctor.pytest_settings(root), "pytest settings", FAULT)
    assert found["remedy"] == f"Restore it: git checkout {name}"


@pytest.mark.deep
def test_limited_finding_is_not_a_fault_and_prints_in_ascii(root: Path) -> None:
    # The tests remove pytest's variables from commands' environments; this one is set on purpose.
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
def test_unwritable_folder_is_reported(
    root: Path, monkeypatch: pytest.MonkeyPatch, subject: str, variable: str, name: str
) -> None:
    monkeypatch.setenv(variable, f"/dev/null/{name}")
    found = finding(doctor.folders(root), subject, LIMITED)
    assert "Not a directory" in found["found"]
    assert variable in found["remedy"]


@pytest.mark.parametrize(("states", "status"), [((OK,), 0), ((OK, LIMITED), 0), ((LIMITED, FAULT), 1)])
def test_only_faults_set_the_status_unless_strict(states: tuple[doctor.State, ...], status: int) -> None:
    found = tuple(doctor.Finding("x", state, "x") for state in states)
    report = doctor.DoctorReport(root="", findings=found)
    assert report.exit_status(strict=False) == status
    assert report.exit_status(strict=True) == int(states != (OK,))


def test_read_only_folders_are_reported(root: Path, packages: Path, tmp_path: Path) -> None:
    for name in ("cache", "tmp"):
        (tmp_path / name).mkdir()
    before = workshop.read_only(root, tmp_path / "cache", tmp_path / "tmp")
    # bubblewrap needs a temporary folder too, so this one is set afterwards.
    before += ["env", f"TMPDIR={tmp_path / 'tmp'}"]
    done = without_torch(packages, root, *before, NN_KATAS_DATA=str(tmp_path / "cache"))
    assert "Read-only file system" in finding(done, "data sets", LIMITED)["found"]
    assert "--submission DIR" in finding(done, "your files", LIMITED)["remedy"]
    # Python itself falls back to /tmp, so this is not a fault.
    assert finding(done, "temporary folder", OK)["found"] == "/tmp"


def test_rest_is_examined_without_a_repository(packages: Path, tmp_path: Path) -> None:
    done = without_torch(packages, tmp_path)
    assert "katas --root DIR doctor" in finding(done, "repository", FAULT)["remedy"]
    assert finding(done, "python", OK)
    assert done.status == 1


def test_broken_kata_toml_is_reported_with_its_fix(root: Path) -> None:
    workshop.edit(root / "katas" / "alpha" / "kata.toml", "minutes", "minuets")
    found = finding(doctor.repository(root), "repository", FAULT)
    assert "unknown key `minuets`" in found["found"] + found["remedy"]


def test_checkout_with_another_harness_is_reported(root: Path) -> None:
    (root / "graders" / "cli").mkdir()
    assert finding(doctor.repository(root), "harness", LIMITED)["remedy"].endswith(f"-e '{root}'")


def test_unknown_format_is_rejected(root: Path) -> None:
    done = in_process.katas("doctor", "--format", "yaml", cwd=root)
    assert done.status == 2
    assert "terminal or json" in done.err


def test_a_folder_above_the_interpreter_that_is_closed_is_found() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        python = write(Path(folder) / "home" / "bin" / "python", "")
        assert doctor._closed_folder(python) is None
        python.parents[1].chmod(0o700)
        assert doctor._closed_folder(python) == python.parents[1]


def test_every_installation_can_limit_the_time_of_visible_tests() -> None:
    """CI installs no extra for tests, and learners need not either."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert any(each.startswith("pytest-timeout") for each in project["dependencies"])

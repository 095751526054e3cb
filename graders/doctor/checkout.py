"""Check a checkout's kata.toml files, its harness, and the settings that pytest finds in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from graders import catalogue
from graders.doctor import findings
from graders.doctor.findings import Finding
from graders.errors import KataError


def repository(root: Path | None) -> Iterator[Finding]:
    """Load every kata, and report whether the running harness is the one in this checkout."""
    if root is None:
        yield findings.fault(
            "repository",
            f"{Path.cwd()}: no katas/ folder here or above",
            "Change to your clone's folder, or specify it: katas --root DIR doctor",
        )
        return
    try:
        katas = catalogue.load_all(root)
    except KataError as fault:
        what, _, remedy = str(fault).rpartition(". ")
        yield findings.fault("repository", what or str(fault), remedy)
        return
    if not katas:
        yield findings.fault(
            "repository", f"{root / 'katas'}: the folder contains no katas", "Restore it: git checkout katas"
        )
        return
    yield findings.ok("repository", f"{root}, {len(katas)} katas")
    own = root / "graders" / "cli"
    if own.is_dir() and own.parent.resolve() != Path(__file__).resolve().parents[1]:
        said = f"`katas` runs the harness in {Path(__file__).resolve().parents[2]}, not the one in this checkout"
        yield findings.limited("harness", said, f"pip install -c constraints.txt -e '{root}'")


def pytest_settings(root: Path | None) -> Iterator[Finding]:
    """Check the settings files and environment variables that pytest would use for each kata."""
    from graders.pytest_plugin.pytest_internals import settings_file

    if root is None:
        return
    wanted = root / "tox.ini"
    strays = []
    for folder in (root, root / "katas", *(root / "katas" / slug for slug in catalogue.slugs(root))):
        file = settings_file(folder)
        if file is not None and file != wanted and file not in strays:
            strays.append(file)
    for stray in strays:
        what = "[tool.pytest] table" if stray.name == "pyproject.toml" else "[pytest] section"
        what = "[tool:pytest] section" if stray.name == "setup.cfg" else what
        whole = stray.name in ("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml")
        remedy = f"Remove {stray}" if whole else f"Remove the {what} from {stray}"
        yield findings.fault(
            "pytest settings",
            f"pytest reads {stray} instead of {wanted}, so it does not find the katas' fixtures",
            f"{remedy}; only tox.ini may contain pytest settings.",
        )
    for file in (wanted, root / "conftest.py"):
        if not file.is_file():
            yield findings.fault(
                "pytest settings",
                f"{file} is missing; without it, pytest cannot find the katas' fixtures",
                f"Restore it: git checkout {file.name}",
            )
    if not strays and wanted.is_file():
        yield findings.ok("pytest settings", str(wanted))
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        if os.environ.get(name):
            yield findings.limited("pytest environment", f"{name}={os.environ[name]}", f"unset {name}")

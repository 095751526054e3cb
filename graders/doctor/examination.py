"""Check what the katas need from this machine and this checkout, and suggest remedies for what is missing.

The checks try out each part. For example, they start a worker for each runtime and write a file to each folder. A check
yields findings; `examine` runs all checks in the order in which faults are best fixed.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import importlib.util
import locale
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from graders import catalogue
from graders.errors import KataError
from graders.version import __version__

State = Literal["ok", "limited", "fault"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """The result of checking one subject, such as PyTorch or git.

    The state `limited` means that all katas work, but with restrictions. The state `fault` means that some katas do
    not work.
    """

    subject: str
    state: State
    found: str
    remedy: str = ""


class DoctorReport(msgspec.Struct, frozen=True, kw_only=True):
    """All findings, in the order in which they are best fixed."""

    schema: str = "katas/doctor/v1"
    harness_version: str = __version__
    root: str
    findings: tuple[Finding, ...]

    def exit_status(self, *, strict: bool) -> int:
        """Return 1 if any finding is a fault, and 0 otherwise. If `strict` is true, limitations count as faults."""
        bad = ("fault", "limited") if strict else ("fault",)
        return int(any(finding.state in bad for finding in self.findings))


def ok(subject: str, found: str) -> Finding:
    return Finding(subject=subject, state="ok", found=found)


def limited(subject: str, found: str, remedy: str) -> Finding:
    return Finding(subject=subject, state="limited", found=found, remedy=remedy)


def fault(subject: str, found: str, remedy: str) -> Finding:
    return Finding(subject=subject, state="fault", found=found, remedy=remedy)


# ----------------------------------------------------------------------------------------------------- the installation


_OLDEST, _BEYOND = (3, 11), (3, 14)
_DISTRIBUTION = "nn-katas"


def python() -> Iterator[Finding]:
    """Check the version of the interpreter, and report the operating system."""
    said = f"{platform.python_implementation()} {platform.python_version()}, {sys.executable}"
    versions = f"Python {_OLDEST[0]}.{_OLDEST[1]} to {_BEYOND[0]}.{_BEYOND[1] - 1}"
    if not _OLDEST <= sys.version_info[:2] < _BEYOND or platform.python_implementation() != "CPython":
        yield fault(
            "python", said, f"Create the virtual environment with {versions} (CPython): PYTHON=python3.12 ./run demo"
        )
    else:
        yield ok("python", said)
    yield ok("system", f"{platform.system()} {platform.release()}, {platform.machine()}")


def packages() -> Iterator[Finding]:
    """Compare the installed packages with the requirements in pyproject.toml, including the optional ones."""
    from packaging.requirements import Requirement

    try:
        lines = importlib.metadata.requires(_DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        yield fault(
            "packages",
            f"{_DISTRIBUTION} itself is not installed",
            "In the checkout: pip install -c constraints.txt -e '.[all]'",
        )
        return
    there, missing = [], []
    for requirement in map(Requirement, lines):
        if requirement.name == "torch" or requirement.name == _DISTRIBUTION:
            continue
        extra = _extra_of(str(requirement.marker or ""))
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            version = importlib.metadata.version(requirement.name)
            if requirement.specifier.contains(version, prereleases=True):
                there.append(f"{requirement.name} {version}")
                continue
            missing.append((extra, f"{requirement.name} {version} does not match {requirement.specifier}"))
            continue
        missing.append((extra, f"{requirement.name} is not installed"))
    yield ok("packages", ", ".join(dict.fromkeys(there)))
    for extra in dict.fromkeys(extra for extra, _ in missing):
        said = "; ".join(dict.fromkeys(text for each, text in missing if each == extra))
        wanted = f".[{extra}]" if extra else "."
        finding = limited if extra else fault
        yield finding(
            f"packages{f' [{extra}]' if extra else ''}", said, f"pip install -c constraints.txt -e '{wanted}'"
        )


def _extra_of(marker: str) -> str:
    found = re.search(r"""extra == ["']([\w-]+)["']""", marker)
    return found[1] if found else ""


def torch() -> Iterator[Finding]:
    """Import PyTorch in a separate process, and compare its version with the pinned one."""
    wanted = _pinned("torch")
    remedy = f"pip install torch=={wanted} (small: --index-url https://download.pytorch.org/whl/cpu)"
    if importlib.util.find_spec("torch") is None:
        yield fault("torch", "PyTorch is not installed, but most katas use it as their reference", remedy)
        return
    said = _asked_of_torch("print(torch.__version__, torch.version.cuda or 'cpu', torch.get_num_threads())")
    if said is None:
        yield fault("torch", "PyTorch is installed but cannot be imported", f"{remedy} --force-reinstall")
        return
    version, build, threads = said.split()
    told = f"torch {version}, {'for the CPU' if build == 'cpu' else f'for CUDA {build}'}, {threads} threads"
    if wanted and version.partition("+")[0] != wanted:
        yield limited("torch", f"{told}; this project's figures were measured with {wanted}", remedy)
    else:
        yield ok("torch", told)


def _pinned(package: str) -> str:
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        for line in importlib.metadata.requires(_DISTRIBUTION) or []:
            found = re.match(rf"{package}==([\w.]+)", line)
            if found:
                return found[1]
    return ""


def _asked_of_torch(program: str) -> str | None:
    """Run a program in a separate process that has imported torch.

    Return the output of the program, or None if it fails. A broken build of PyTorch can crash only that process.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-c", f"import torch\n{program}"],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 and done.stdout.strip() else None


def graphics_card() -> Iterator[Finding]:
    """Report the graphics card that PyTorch can use, if any."""
    if importlib.util.find_spec("torch") is None:
        return
    said = _asked_of_torch("print(torch.cuda.get_device_name() if torch.cuda.is_available() else '-')")
    if said in (None, "-"):
        yield ok("graphics card", "none that PyTorch can use: tests marked gpu stay ungraded here")
    else:
        yield ok("graphics card", str(said))


# ---------------------------------------------------------------------------------------------------------- confinement


def confinement() -> Iterator[Finding]:
    """Start a fork server for each runtime, and report how well its workers are confined."""
    for name in ("numpy", "torch"):
        if name == "torch" and importlib.util.find_spec("torch") is None:
            continue
        subject = f"confinement ({name})"
        try:
            strength, reason = _launched(name)
        except (KataError, OSError) as problem:
            yield fault(
                subject,
                f"no worker can be started: {problem}",
                "Fix this first; without workers nothing can be graded.",
            )
            continue
        if strength == "full":
            yield ok(subject, f"full{f' ({reason})' if reason else ''}")
        else:
            cause, _, remedy = (*_causes(), reason)[0].partition(": ")
            yield limited(subject, f"{strength}: {cause}", remedy or reason)


def _launched(name: str) -> tuple[str, str]:
    from graders.sandbox import launcher
    from graders.sandbox.runtimes import runtime

    ours, theirs = socket.socketpair()
    with ours, theirs:
        launched = launcher.launch(runtime(name), theirs.fileno(), code="import time\ntime.sleep(60)\n")
        launched.close()
    return launched.confinement, launched.reason


def _causes() -> list[str]:
    """Return the known reasons why bubblewrap does not work on this machine, each as `problem: remedy`."""
    found = []
    if sys.platform != "linux":
        found.append(
            f"confinement needs Linux, but this is {platform.system()}: learner mode (pytest katas/…) works; "
            "grade in a Linux container or virtual machine"
        )
        return found
    if shutil.which("bwrap") is None:
        found.append("bubblewrap is not installed: apt install bubblewrap (or dnf, pacman -S, apk add)")
        return found
    if _setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1" and os.geteuid() != 0:
        found.append(
            "AppArmor forbids user namespaces (Ubuntu 24.04 and later): sudo sysctl -w "
            "kernel.apparmor_restrict_unprivileged_userns=0, or add a profile with `userns,` to /etc/apparmor.d/bwrap"
        )
    if _setting("/proc/sys/kernel/unprivileged_userns_clone") == "0" and os.geteuid() != 0:
        found.append("user namespaces are switched off: sudo sysctl -w kernel.unprivileged_userns_clone=1")
    if _setting("/proc/sys/user/max_user_namespaces") == "0":
        found.append("no user namespaces are allowed: sudo sysctl -w user.max_user_namespaces=15000")
    if _in_container() and re.search(r"^Seccomp:\s*2$", _setting("/proc/self/status"), re.MULTILINE):
        found.append(
            "a container's seccomp filter blocks bubblewrap's namespaces: docker run --security-opt "
            "seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined"
        )
    closed = _closed_folder(Path(os.path.realpath(sys.executable)))
    if closed is not None and os.geteuid() == 0:
        found.append(f"the interpreter is under {closed}, which other users may not enter: use a Python outside it")
    return found


def _in_container() -> bool:
    return any(map(os.path.exists, ("/.dockerenv", "/run/.containerenv")))


def _closed_folder(path: Path) -> Path | None:
    return next((folder for folder in reversed(path.parents) if not folder.stat().st_mode & 0o001), None)


def _setting(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


# --------------------------------------------------------------------------------------------------------- the checkout


def repository(root: Path | None) -> Iterator[Finding]:
    """Load every kata, and report whether the running harness is the one in this checkout."""
    if root is None:
        yield fault(
            "repository",
            f"{Path.cwd()}: no katas/ folder here or above",
            "Change to your clone's folder, or specify it: katas --root DIR doctor",
        )
        return
    try:
        katas = catalogue.load_all(root)
    except KataError as problem:
        what, _, remedy = str(problem).rpartition(". ")
        yield fault("repository", what or str(problem), remedy)
        return
    if not katas:
        yield fault("repository", f"{root / 'katas'}: the folder contains no katas", "Restore it: git checkout katas")
        return
    yield ok("repository", f"{root}, {len(katas)} katas")
    own = root / "graders" / "cli"
    if own.is_dir() and own.parent.resolve() != Path(__file__).resolve().parents[1]:
        said = f"`katas` runs the harness in {Path(__file__).resolve().parents[2]}, not the one in this checkout"
        yield limited("harness", said, f"pip install -c constraints.txt -e '{root}'")


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
        yield fault(
            "pytest settings",
            f"pytest reads {stray} instead of {wanted}, so it does not find the katas' fixtures",
            f"{remedy}; only tox.ini may contain pytest settings.",
        )
    for file in (wanted, root / "conftest.py"):
        if not file.is_file():
            yield fault(
                "pytest settings",
                f"{file} is missing; without it, pytest cannot find the katas' fixtures",
                f"Restore it: git checkout {file.name}",
            )
    if not strays and wanted.is_file():
        yield ok("pytest settings", str(wanted))
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        if os.environ.get(name):
            yield limited("pytest environment", f"{name}={os.environ[name]}", f"unset {name}")


# ---------------------------------------------------------------------------------------------------------- the machine


# This many megabytes must be free in the temporary folder, which holds submissions, pictures, and, without bubblewrap,
# the scratch folders of workers.
ROOM_MB = 200


def folders(root: Path | None) -> Iterator[Finding]:
    """Check that the harness can write temporary files, data sets and progress, and that learners can save files."""
    from graders.datasets.sources import cache
    from graders.learner.progress import default_path

    yield _writable(
        "temporary folder",
        Path(tempfile.gettempdir()),
        "Free some space, or set TMPDIR to another folder",
        fault,
    )
    free = shutil.disk_usage(tempfile.gettempdir()).free >> 20
    if free < ROOM_MB:
        yield fault(
            "temporary folder",
            f"{tempfile.gettempdir()}: {free} MB are free, but {ROOM_MB} MB are needed",
            "Free some space, or set TMPDIR to another folder",
        )
    yield _writable("data sets", cache(), "Set NN_KATAS_DATA to a folder that you can write to", limited)
    yield _writable("progress", default_path().parent, "Set NN_KATAS_PROGRESS to a file that you can write to", limited)
    if root is not None:
        remedy = (
            f"chmod -R u+w '{root}', or clone the repository to a folder of your own; "
            "you can also grade another folder with --submission DIR"
        )
        yield _writable("your files", root / "katas", remedy, limited)


def _writable(subject: str, folder: Path, remedy: str, otherwise: Callable[[str, str, str], Finding]) -> Finding:
    """Try to create a file in a folder or, if it does not exist, in the nearest existing folder above it."""
    near = folder
    while not near.exists() and near != near.parent:
        near = near.parent
    try:
        with tempfile.NamedTemporaryFile(dir=near, prefix=".katas-doctor-"):
            pass
    except OSError as problem:
        return otherwise(subject, f"{folder}: {problem.strerror}", remedy)
    return ok(subject, str(folder))


def programs() -> Iterator[Finding]:
    """Check that git is installed."""
    if shutil.which("git") is None:
        yield limited("git", "git is not installed: `katas reset` cannot read the stubs", "apt install git")
    else:
        yield ok("git", str(shutil.which("git")))


def terminal() -> Iterator[Finding]:
    """Check that the terminal's encoding is UTF-8."""
    encoding = locale.getencoding()
    if encoding.lower().replace("-", "") == "utf8":
        yield ok("terminal", f"{encoding}, TERM={os.environ.get('TERM', '')}")
    else:
        yield limited(
            "terminal",
            f"the encoding is {encoding}: some symbols and letters in titles are replaced",
            "export LC_ALL=C.UTF-8",
        )


def examine(root: Path | None, tell: Callable[[str], None] = lambda _: None) -> DoctorReport:
    """Examine this machine and the repository at `root`, if any. Call `tell` with the name of each slow check."""
    checks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("", python),
        ("", packages),
        ("torch", torch),
        ("confinement", confinement),
        ("graphics card", graphics_card),
        ("", functools.partial(repository, root)),
        ("", functools.partial(pytest_settings, root)),
        ("", functools.partial(folders, root)),
        ("", programs),
        ("", terminal),
    ]
    findings: list[Finding] = []
    for slow, check in checks:
        if slow:
            tell(slow)
        findings += check()
    return DoctorReport(root=str(root or ""), findings=tuple(findings))

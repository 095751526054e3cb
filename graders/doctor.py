"""Check what the katas need from this machine and this checkout, and suggest remedies for what is missing.

The checks try out each part. For example, they start a worker for each runtime and write a file to each folder. A check
yields findings; `examine` runs all checks in the order in which faults are best fixed.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
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
from graders.extras import how_to_install

State = Literal["ok", "limited", "fault"]


class Finding(msgspec.Struct, frozen=True):
    """The result of checking one subject, such as PyTorch or git.

    The state `limited` means that all katas work, but with restrictions; `fault` means that some katas do not work.
    """

    subject: str
    state: State
    found: str
    remedy: str = ""


def ok(subject: str, found: str) -> Finding:
    return Finding(subject, "ok", found)


def limited(subject: str, found: str, remedy: str) -> Finding:
    return Finding(subject, "limited", found, remedy)


def fault(subject: str, found: str, remedy: str) -> Finding:
    return Finding(subject, "fault", found, remedy)


# ----------------------------------------------------------------------------------------------------- the installation


OLDEST, NEWEST = (3, 11), (3, 14)  # the versions of Python on which the tests have passed
_DISTRIBUTION = "nn-katas"
_INSTALL = "pip install -c constraints.txt -e"


def python() -> Iterator[Finding]:
    """Check the version of the interpreter, and report the operating system."""
    said = f"{platform.python_implementation()} {platform.python_version()}, {sys.executable}"
    tried = f"Python {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]} (CPython)"
    remedy = f"The katas were tried with {tried}. To change to one of them: rm -r .venv && PYTHON=python3.13 ./run demo"
    if sys.version_info[:2] < OLDEST or platform.python_implementation() != "CPython":
        yield fault("python", said, remedy)
    elif sys.version_info[:2] > NEWEST:
        yield limited("python", said, remedy)
    else:
        yield ok("python", said)
    yield ok("system", f"{platform.system()} {platform.release()}, {platform.machine()}")


def packages() -> Iterator[Finding]:
    """Compare the installed packages with the requirements in pyproject.toml, including the optional ones."""
    from packaging.requirements import Requirement

    try:
        lines = importlib.metadata.requires(_DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        remedy = f"In the checkout: {how_to_install('all')}"
        yield fault("packages", f"{_DISTRIBUTION} itself is not installed", remedy)
        return
    there: dict[str, None] = {}
    absent: dict[str, None] = {}  # extras that lack a package
    for requirement in map(Requirement, lines):
        if requirement.name in ("torch", _DISTRIBUTION):
            continue
        marked = re.search(r"""extra == ["']([\w-]+)["']""", str(requirement.marker or ""))
        extra = marked[1] if marked else ""
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            if extra:
                absent[extra] = None
            else:
                yield fault("packages", f"{requirement.name} is not installed", how_to_install(""))
            continue
        if requirement.specifier.contains(version, prereleases=True):
            there[f"{requirement.name} {version}"] = None
            continue
        unfit = f"{requirement.name} {version} does not match {requirement.specifier}"
        subject, found = (f"packages [{extra}]", limited) if extra else ("packages", fault)
        yield found(subject, unfit, how_to_install(extra))
    yield ok("packages", ", ".join(there))
    if absent:
        yield ok(
            "optional packages", f"not installed: {', '.join(absent)}. A command that needs one says how to get it"
        )


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
        found = (re.match(rf"{package}==([\w.]+)", line) for line in importlib.metadata.requires(_DISTRIBUTION) or [])
        return next((each[1] for each in found if each), "")
    return ""


def _asked_of_torch(program: str) -> str | None:
    """Return what a program prints in a separate process that has imported torch, or None if it fails.

    A broken build of PyTorch can crash only that process.
    """
    command = [sys.executable, "-P", "-c", f"import torch\n{program}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return (done.stdout.strip() or None) if done.returncode == 0 else None


def graphics_card() -> Iterator[Finding]:
    """Report the graphics card that PyTorch can use, if any."""
    if importlib.util.find_spec("torch") is None:
        return
    said = _asked_of_torch("print(torch.cuda.get_device_name() if torch.cuda.is_available() else '-')")
    none = "none that PyTorch can use: tests marked gpu stay ungraded here"
    yield ok("graphics card", none if said in (None, "-") else str(said))


# ---------------------------------------------------------------------------------------------------------- confinement


def confinement() -> Iterator[Finding]:
    """Start a fork server for each runtime, and report how well its workers are confined."""
    from graders.sandbox import launcher
    from graders.sandbox.runtimes import runtime

    for name in ("numpy", "torch"):
        if name == "torch" and importlib.util.find_spec("torch") is None:
            continue
        subject = f"confinement ({name})"
        ours, theirs = socket.socketpair()
        try:
            with ours, theirs:
                code = "import time\ntime.sleep(60)\n"
                launched = launcher.start(runtime(name), theirs.fileno(), code=code).settle()
                launched.close()
        except (KataError, OSError) as problem:
            remedy = "Fix this first; without workers nothing can be graded."
            yield fault(subject, f"no worker can be started: {problem}", remedy)
            continue
        strength, reason = launched.confinement, launched.reason
        if strength == "full":
            yield ok(subject, f"full{f' ({reason})' if reason else ''}")
        else:
            cause, _, remedy = (_cause() or reason).partition(": ")
            yield limited(subject, f"{strength}: {cause}", remedy or reason)


def _cause() -> str:
    """Return the first known reason why bubblewrap does not work on this machine, as `problem: remedy`, or ""."""
    if sys.platform != "linux":
        return (
            f"confinement needs Linux, but this is {platform.system()}, so a submission can read and change whatever "
            "you can, and its memory is hardly limited: grade only your own work here, and that of other people in a "
            "Linux container or virtual machine"
        )
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed: apt install bubblewrap (or dnf, pacman -S, apk add)"
    is_root = os.geteuid() == 0
    if not is_root and _setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1":
        return (
            "AppArmor forbids user namespaces (Ubuntu 24.04 and later): sudo sysctl -w "
            "kernel.apparmor_restrict_unprivileged_userns=0, or add a profile with `userns,` to /etc/apparmor.d/bwrap"
        )
    if not is_root and _setting("/proc/sys/kernel/unprivileged_userns_clone") == "0":
        return "user namespaces are switched off: sudo sysctl -w kernel.unprivileged_userns_clone=1"
    if _setting("/proc/sys/user/max_user_namespaces") == "0":
        return "no user namespaces are allowed: sudo sysctl -w user.max_user_namespaces=15000"
    in_container = any(map(os.path.exists, ("/.dockerenv", "/run/.containerenv")))
    if in_container and re.search(r"^Seccomp:\s*2$", _setting("/proc/self/status"), re.MULTILINE):
        return (
            "a container's seccomp filter blocks bubblewrap's namespaces: docker run --security-opt "
            "seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined"
        )
    closed = _closed_folder(Path(os.path.realpath(sys.executable)))
    if closed is not None and is_root:
        return f"the interpreter is under {closed}, which other users may not enter: use a Python outside it"
    return ""


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
        remedy = "Change to your clone's folder, or specify it: katas --root DIR doctor"
        yield fault("repository", f"{Path.cwd()}: no katas/ folder here or above", remedy)
        return
    try:
        katas = catalogue.load_all(root)
    except KataError as problem:
        what, _, remedy = str(problem).rpartition(". ")
        yield fault("repository", what or str(problem), remedy)
        return
    yield ok("repository", f"{root}, {len(katas)} katas")
    own, running = root / "graders", Path(__file__).resolve().parents[1]
    if (own / "cli").is_dir() and own.resolve() != running:
        said = f"`katas` runs the harness in {running.parent}, not the one in this checkout"
        yield limited("harness", said, f"{_INSTALL} '{root}'")


def pytest_settings(root: Path | None) -> Iterator[Finding]:
    """Check the settings files that pytest would use for each kata."""
    from graders.pytest_plugin.pytest_internals import settings_file

    if root is None:
        return
    wanted = root / "tox.ini"
    folders = (root, root / "katas", *(root / "katas" / slug for slug in catalogue.slugs(root)))
    files = dict.fromkeys(map(settings_file, folders))
    strays = [file for file in files if file is not None and file != wanted]
    parts = {"pyproject.toml": "[tool.pytest] table", "setup.cfg": "[tool:pytest] section"}
    for stray in strays:
        whole = stray.name in ("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml")
        what = stray if whole else f"the {parts.get(stray.name, '[pytest] section')} from {stray}"
        said = f"pytest reads {stray} instead of {wanted}, so it does not find the katas' fixtures"
        yield fault("pytest settings", said, f"Remove {what}; only tox.ini may contain pytest settings.")
    for file in (wanted, root / "conftest.py"):
        if not file.is_file():
            said = f"{file} is missing; without it, pytest cannot find the katas' fixtures"
            yield fault("pytest settings", said, f"Restore it: git checkout {file.name}")
    if not strays and wanted.is_file():
        yield ok("pytest settings", str(wanted))


# ---------------------------------------------------------------------------------------------------------- the machine


def folders(root: Path | None, progress: Path) -> Iterator[Finding]:
    """Check that the harness can write temporary files, data sets and progress, and that learners can save files."""
    from graders.datasets.sources import cache

    remedy = "Free some space, or set TMPDIR to another folder"
    yield _writable("temporary folder", Path(tempfile.gettempdir()), remedy, fault)
    yield _writable("data sets", cache(), "Set NN_KATAS_DATA to a folder that you can write to", limited)
    yield _writable("progress", progress.parent, "Set NN_KATAS_PROGRESS to a file that you can write to", limited)
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


def examine(root: Path | None, progress: Path, tell: Callable[[str], None] = lambda _: None) -> list[Finding]:
    """Examine this machine, the place of the learner's `progress` file, and the repository at `root`, if any.

    Call `tell` with the name of each slow check. The findings are in the order in which they are best fixed.
    """
    findings = [*python(), *packages()]
    for subject, slow in (("torch", torch), ("confinement", confinement), ("graphics card", graphics_card)):
        tell(subject)
        findings += slow()
    return [*findings, *repository(root), *pytest_settings(root), *folders(root, progress)]

"""What of this machine and this checkout the katas need, looked at: what there is, what is missing, and the remedy.

Nothing is taken on trust: a worker is really started for each runtime, and a file really written to each folder.
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

from graders import __version__, catalogue
from graders.errors import KataError

State = Literal["ok", "limited", "fault"]

ROOM_MB = 200  # of a temporary folder: submissions, pictures, the scratch folders of workers without bubblewrap
_OLDEST, _BEYOND = (3, 11), (3, 14)
_DISTRIBUTION = "nn-katas"
_SLOW = ("torch", "confinement", "graphics card")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of one thing. `limited`: the katas work, with less; `fault`: something of them does not."""

    subject: str
    state: State
    found: str
    remedy: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All findings, in the order in which they are best mended."""

    schema: str = "katas/doctor/v1"
    harness_version: str = __version__
    root: str
    findings: tuple[Finding, ...]

    def exit_status(self, *, strict: bool) -> int:
        """1 where something is at fault (or, if `strict`, limited), else 0."""
        bad = ("fault", "limited") if strict else ("fault",)
        return int(any(finding.state in bad for finding in self.findings))


def examine(root: Path | None, tell: Callable[[str], None] = lambda _: None) -> Report:
    """Look at everything; `root` is the repository of katas, None where there is none. `tell` names what takes long."""
    looks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("python", _python),
        ("packages", _packages),
        ("torch", _torch),
        ("confinement", _confinement),
        ("graphics card", _graphics_card),
        ("repository", functools.partial(_repository, root)),
        ("pytest", functools.partial(_pytest, root)),
        ("folders", functools.partial(_folders, root)),
        ("programs", _programs),
        ("terminal", _terminal),
    ]
    findings: list[Finding] = []
    for subject, look in looks:
        if subject in _SLOW:
            tell(subject)
        findings += look()
    return Report(root=str(root or ""), findings=tuple(findings))


def _ok(subject: str, found: str) -> Finding:
    return Finding(subject=subject, state="ok", found=found)


def _limited(subject: str, found: str, remedy: str) -> Finding:
    return Finding(subject=subject, state="limited", found=found, remedy=remedy)


def _fault(subject: str, found: str, remedy: str) -> Finding:
    return Finding(subject=subject, state="fault", found=found, remedy=remedy)


# ------------------------------------------------------------------------------------ Python and packages


def _python() -> Iterator[Finding]:
    said = f"{platform.python_implementation()} {platform.python_version()}, {sys.executable}"
    versions = f"Python {_OLDEST[0]}.{_OLDEST[1]} to {_BEYOND[0]}.{_BEYOND[1] - 1}"
    if not _OLDEST <= sys.version_info[:2] < _BEYOND or platform.python_implementation() != "CPython":
        yield _fault(
            "python", said, f"Make the virtual environment with {versions} (CPython): PYTHON=python3.12 ./run demo"
        )
    else:
        yield _ok("python", said)
    yield _ok("system", f"{platform.system()} {platform.release()}, {platform.machine()}")


def _packages() -> Iterator[Finding]:
    """What pyproject.toml asks for, extras too, beside what is installed."""
    from packaging.requirements import Requirement

    try:
        lines = importlib.metadata.requires(_DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        yield _fault(
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
            missing.append((extra, f"{requirement.name} {version} is not {requirement.specifier}"))
            continue
        missing.append((extra, f"{requirement.name} is not installed"))
    yield _ok("packages", ", ".join(dict.fromkeys(there)))
    for extra in dict.fromkeys(extra for extra, _ in missing):
        said = "; ".join(dict.fromkeys(text for each, text in missing if each == extra))
        wanted = f".[{extra}]" if extra else "."
        finding = _limited if extra else _fault
        yield finding(
            f"packages{f' [{extra}]' if extra else ''}", said, f"pip install -c constraints.txt -e '{wanted}'"
        )


def _extra_of(marker: str) -> str:
    found = re.search(r"""extra == ["']([\w-]+)["']""", marker)
    return found[1] if found else ""


def _torch() -> Iterator[Finding]:
    wanted = _pinned("torch")
    remedy = f"pip install torch=={wanted} (small: --index-url https://download.pytorch.org/whl/cpu)"
    if importlib.util.find_spec("torch") is None:
        yield _fault("torch", "PyTorch is not installed: it is the reference of most katas", remedy)
        return
    said = _asked_of_torch("print(torch.__version__, torch.version.cuda or 'cpu', torch.get_num_threads())")
    if said is None:
        yield _fault("torch", "PyTorch is installed and cannot be imported", f"{remedy} --force-reinstall")
        return
    version, build, threads = said.split()
    told = f"torch {version}, {'for the CPU' if build == 'cpu' else f'for CUDA {build}'}, {threads} threads"
    if wanted and version.partition("+")[0] != wanted:
        yield _limited("torch", f"{told}; the figures of this project are of {wanted}", remedy)
    else:
        yield _ok("torch", told)


def _pinned(package: str) -> str:
    """The version that pyproject.toml asks for exactly; empty where it asks for none."""
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        for line in importlib.metadata.requires(_DISTRIBUTION) or []:
            found = re.match(rf"{package}==([\w.]+)", line)
            if found:
                return found[1]
    return ""


def _asked_of_torch(program: str) -> str | None:
    """What a process says that imports torch; None where it fails. A broken build may take its process along."""
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


def _graphics_card() -> Iterator[Finding]:
    if importlib.util.find_spec("torch") is None:
        return
    said = _asked_of_torch("print(torch.cuda.get_device_name() if torch.cuda.is_available() else '-')")
    if said in (None, "-"):
        yield _ok(
            "graphics card", "none that PyTorch can use: tests marked gpu are ungraded here, and never count as passed"
        )
    else:
        yield _ok("graphics card", str(said))


# -------------------------------------------------------------------------------------------- confinement


def _confinement() -> Iterator[Finding]:
    """Start a worker zygote of each runtime, and say what stands in the way of better."""
    for name in ("numpy", "torch"):
        if name == "torch" and importlib.util.find_spec("torch") is None:
            continue
        subject = f"confinement ({name})"
        try:
            strength, reason = _launched(name)
        except (KataError, OSError) as fault:
            yield _fault(
                subject, f"no worker can be started: {fault}", "Mend what it says; nothing can be graded before."
            )
            continue
        if strength == "full":
            yield _ok(subject, f"full{f' ({reason})' if reason else ''}")
        else:
            cause, _, remedy = (*_causes(), reason)[0].partition(": ")
            yield _limited(subject, f"{strength}: {cause}", remedy or reason)


def _launched(name: str) -> tuple[str, str]:
    """How well workers of a runtime are confined here, and why not better."""
    from graders.judge import sandbox
    from graders.judge.runtime import runtime

    ours, theirs = socket.socketpair()
    with ours, theirs:
        launched = sandbox.launch(runtime(name), theirs.fileno(), code="import time\ntime.sleep(60)\n")
        launched.close()
    return launched.confinement, launched.reason


def _causes() -> list[str]:
    """What is known to keep bubblewrap from working, as `what is so: what to do`."""
    found = []
    if sys.platform != "linux":
        found.append(
            f"confinement needs Linux, and this is {platform.system()}: learner mode (pytest katas/…) works; "
            "grade in a Linux container or virtual machine"
        )
        return found
    if shutil.which("bwrap") is None:
        found.append("bubblewrap is not installed: apt install bubblewrap (or dnf, pacman -S, apk add)")
        return found
    if _setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1" and os.geteuid() != 0:
        found.append(
            "AppArmor allows no user namespaces (Ubuntu 24.04 and later): sudo sysctl -w "
            "kernel.apparmor_restrict_unprivileged_userns=0, or a profile in /etc/apparmor.d/bwrap with `userns,`"
        )
    if _setting("/proc/sys/kernel/unprivileged_userns_clone") == "0" and os.geteuid() != 0:
        found.append("user namespaces are switched off: sudo sysctl -w kernel.unprivileged_userns_clone=1")
    if _setting("/proc/sys/user/max_user_namespaces") == "0":
        found.append("no user namespaces are allowed: sudo sysctl -w user.max_user_namespaces=15000")
    if _in_container() and re.search(r"^Seccomp:\s*2$", _setting("/proc/self/status"), re.MULTILINE):
        found.append(
            "a container's seccomp filter keeps bubblewrap from its namespaces: docker run --security-opt "
            "seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined"
        )
    closed = _closed_folder(Path(os.path.realpath(sys.executable)))
    if closed is not None and os.geteuid() == 0:
        found.append(f"the interpreter lies under {closed}, which others may not enter: use a Python outside of it")
    return found


def _in_container() -> bool:
    return any(map(os.path.exists, ("/.dockerenv", "/run/.containerenv")))


def _closed_folder(path: Path) -> Path | None:
    """The outermost folder above `path` that others may not enter."""
    return next((folder for folder in reversed(path.parents) if not folder.stat().st_mode & 0o001), None)


def _setting(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


# --------------------------------------------------------------------------------------------- repository


def _repository(root: Path | None) -> Iterator[Finding]:
    if root is None:
        yield _fault(
            "repository",
            f"{Path.cwd()}: no katas/ folder here or above",
            "Go into your clone, or name it: katas --root DIR doctor",
        )
        return
    try:
        katas = catalogue.load_all(root)
    except KataError as fault:
        what, _, remedy = str(fault).rpartition(". ")
        yield _fault("repository", what or str(fault), remedy)
        return
    if not katas:
        yield _fault("repository", f"{root / 'katas'}: there are no katas in it", "Get it back: git checkout katas")
        return
    yield _ok("repository", f"{root}, {len(katas)} katas")
    own = root / "graders" / "cli"
    if own.is_dir() and own.parent.resolve() != Path(__file__).resolve().parent:
        said = f"`katas` runs the harness of {Path(__file__).resolve().parents[1]}, not the one of this checkout"
        yield _limited("harness", said, f"pip install -c constraints.txt -e '{root}'")


def _pytest(root: Path | None) -> Iterator[Finding]:
    """The settings that pytest takes when it is called on a kata, found as pytest finds them."""
    from _pytest.config.findpaths import locate_config

    if root is None:
        return
    wanted = root / "tox.ini"
    strays = []
    for folder in (root, root / "katas", *(root / "katas" / slug for slug in catalogue.slugs(root))):
        _, file, settings, *_ = locate_config(folder, [folder])
        if file is not None and file != wanted and settings is not None and file not in strays:
            strays.append(file)
    for stray in strays:
        what = "[tool.pytest] table" if stray.name == "pyproject.toml" else "[pytest] section"
        what = "[tool:pytest] section" if stray.name == "setup.cfg" else what
        whole = stray.name in ("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml")
        remedy = f"Remove {stray}" if whole else f"Take the {what} out of {stray}"
        yield _fault(
            "pytest settings",
            f"{stray} is preferred to {wanted}: the katas' fixtures are not found",
            f"{remedy}; pytest's settings stand in tox.ini only.",
        )
    for file in (wanted, root / "conftest.py"):
        if not file.is_file():
            yield _fault(
                "pytest settings",
                f"{file} is missing: pytest does not find the katas' fixtures",
                f"Get it back: git checkout {file.name}",
            )
    if not strays and wanted.is_file():
        yield _ok("pytest settings", str(wanted))
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        if os.environ.get(name):
            yield _limited("pytest environment", f"{name}={os.environ[name]}", f"unset {name}")


# ------------------------------------------------------------------------------------------------ folders


def _folders(root: Path | None) -> Iterator[Finding]:
    from graders.dataroom.sources import cache
    from graders.progress import default_path

    yield _writable(
        "temporary folder", Path(tempfile.gettempdir()), "Free some space, or name another folder in TMPDIR", _fault
    )
    free = shutil.disk_usage(tempfile.gettempdir()).free >> 20
    if free < ROOM_MB:
        yield _fault(
            "temporary folder",
            f"{tempfile.gettempdir()}: {free} MB are free, {ROOM_MB} are needed",
            "Free some space, or name another folder in TMPDIR",
        )
    yield _writable("data sets", cache(), "Name a folder that can be written to in NN_KATAS_DATA", _limited)
    yield _writable(
        "progress", default_path().parent, "Name a file that can be written to in NN_KATAS_PROGRESS", _limited
    )
    if root is not None:
        remedy = (
            f"chmod -R u+w '{root}', or clone it to a folder of yours; grading works as it is, with --submission DIR"
        )
        yield _writable("your files", root / "katas", remedy, _limited)


def _writable(subject: str, folder: Path, remedy: str, otherwise: Callable[[str, str, str], Finding]) -> Finding:
    """Whether a file can be made in a folder, which may not be there yet."""
    near = folder
    while not near.exists() and near != near.parent:
        near = near.parent
    try:
        with tempfile.NamedTemporaryFile(dir=near, prefix=".katas-doctor-"):
            pass
    except OSError as fault:
        return otherwise(subject, f"{folder}: {fault.strerror}", remedy)
    return _ok(subject, str(folder))


# --------------------------------------------------------------------------------- programs and terminal


def _programs() -> Iterator[Finding]:
    if shutil.which("git") is None:
        yield _limited(
            "git", "git is not installed: `katas reset` has nowhere to take the stubs from", "apt install git"
        )
    else:
        yield _ok("git", str(shutil.which("git")))


def _terminal() -> Iterator[Finding]:
    encoding = locale.getencoding()
    if encoding.lower().replace("-", "") == "utf8":
        yield _ok("terminal", f"{encoding}, TERM={os.environ.get('TERM', '')}")
    else:
        yield _limited(
            "terminal",
            f"its encoding is {encoding}: marks and titles are written with substitutes",
            "export LC_ALL=C.UTF-8",
        )

"""Check the Python interpreter, the installed packages, PyTorch and the graphics card."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import platform
import re
import subprocess
import sys
from collections.abc import Iterator

from graders.doctor import findings
from graders.doctor.findings import Finding

_OLDEST, _BEYOND = (3, 11), (3, 14)
_DISTRIBUTION = "nn-katas"


def python() -> Iterator[Finding]:
    """Check the version of the interpreter, and report the operating system."""
    said = f"{platform.python_implementation()} {platform.python_version()}, {sys.executable}"
    versions = f"Python {_OLDEST[0]}.{_OLDEST[1]} to {_BEYOND[0]}.{_BEYOND[1] - 1}"
    if not _OLDEST <= sys.version_info[:2] < _BEYOND or platform.python_implementation() != "CPython":
        yield findings.fault(
            "python", said, f"Create the virtual environment with {versions} (CPython): PYTHON=python3.12 ./run demo"
        )
    else:
        yield findings.ok("python", said)
    yield findings.ok("system", f"{platform.system()} {platform.release()}, {platform.machine()}")


def packages() -> Iterator[Finding]:
    """Compare the installed packages with the requirements in pyproject.toml, including the optional ones."""
    from packaging.requirements import Requirement

    try:
        lines = importlib.metadata.requires(_DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        yield findings.fault(
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
    yield findings.ok("packages", ", ".join(dict.fromkeys(there)))
    for extra in dict.fromkeys(extra for extra, _ in missing):
        said = "; ".join(dict.fromkeys(text for each, text in missing if each == extra))
        wanted = f".[{extra}]" if extra else "."
        finding = findings.limited if extra else findings.fault
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
        yield findings.fault("torch", "PyTorch is not installed, but most katas use it as their reference", remedy)
        return
    said = _asked_of_torch("print(torch.__version__, torch.version.cuda or 'cpu', torch.get_num_threads())")
    if said is None:
        yield findings.fault("torch", "PyTorch is installed but cannot be imported", f"{remedy} --force-reinstall")
        return
    version, build, threads = said.split()
    told = f"torch {version}, {'for the CPU' if build == 'cpu' else f'for CUDA {build}'}, {threads} threads"
    if wanted and version.partition("+")[0] != wanted:
        yield findings.limited("torch", f"{told}; this project's figures were measured with {wanted}", remedy)
    else:
        yield findings.ok("torch", told)


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
        yield findings.ok("graphics card", "none that PyTorch can use: tests marked gpu stay ungraded here")
    else:
        yield findings.ok("graphics card", str(said))

"""Check how well workers can be confined on this machine, and explain what limits the confinement."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from graders.doctor import findings
from graders.doctor.findings import Finding
from graders.errors import KataError


def confinement() -> Iterator[Finding]:
    """Start a fork server for each runtime, and report how well its workers are confined."""
    for name in ("numpy", "torch"):
        if name == "torch" and importlib.util.find_spec("torch") is None:
            continue
        subject = f"confinement ({name})"
        try:
            strength, reason = _launched(name)
        except (KataError, OSError) as fault:
            yield findings.fault(
                subject, f"no worker can be started: {fault}", "Fix this first; without workers nothing can be graded."
            )
            continue
        if strength == "full":
            yield findings.ok(subject, f"full{f' ({reason})' if reason else ''}")
        else:
            cause, _, remedy = (*_causes(), reason)[0].partition(": ")
            yield findings.limited(subject, f"{strength}: {cause}", remedy or reason)


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

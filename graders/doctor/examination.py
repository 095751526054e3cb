"""Run all checks of `katas doctor`, in the order in which faults are best fixed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

from graders.doctor import checkout, confinement, machine, packages
from graders.doctor.findings import DoctorReport, Finding

_SLOW = ("torch", "confinement", "graphics card")


def examine(root: Path | None, tell: Callable[[str], None] = lambda _: None) -> DoctorReport:
    """Examine this machine and the repository at `root`, if any. Call `tell` with the name of each slow check."""
    examinations: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("python", packages.python),
        ("packages", packages.packages),
        ("torch", packages.torch),
        ("confinement", confinement.confinement),
        ("graphics card", packages.graphics_card),
        ("repository", functools.partial(checkout.repository, root)),
        ("pytest", functools.partial(checkout.pytest_settings, root)),
        ("folders", functools.partial(machine.folders, root)),
        ("programs", machine.programs),
        ("terminal", machine.terminal),
    ]
    findings: list[Finding] = []
    for subject, look in examinations:
        if subject in _SLOW:
            tell(subject)
        findings += look()
    return DoctorReport(root=str(root or ""), findings=tuple(findings))

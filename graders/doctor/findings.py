"""Findings of `katas doctor`, and the report that holds them."""

from __future__ import annotations

from typing import Literal

import msgspec

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
    """Return a finding that needs no remedy."""
    return Finding(subject=subject, state="ok", found=found)


def limited(subject: str, found: str, remedy: str) -> Finding:
    """Return a finding about a restriction with which all katas still work."""
    return Finding(subject=subject, state="limited", found=found, remedy=remedy)


def fault(subject: str, found: str, remedy: str) -> Finding:
    """Return a finding about a fault that keeps some katas from working."""
    return Finding(subject=subject, state="fault", found=found, remedy=remedy)

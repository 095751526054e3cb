"""Checks what the katas need from this machine and this checkout, and suggests a remedy for whatever is missing.

It tries out each part: it starts a worker for each runtime, and writes a file to each folder.
"""

from graders.doctor.examination import examine
from graders.doctor.findings import DoctorReport, Finding, State

__all__ = ["DoctorReport", "Finding", "State", "examine"]

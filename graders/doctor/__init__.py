"""Check what the katas need from this machine and this checkout, and suggest remedies for what is missing.

The checks try out each part. For example, they start a worker for each runtime and write a file to each folder.
"""

from graders.doctor.examination import examine
from graders.doctor.findings import DoctorReport, Finding, State

__all__ = ["DoctorReport", "Finding", "State", "examine"]

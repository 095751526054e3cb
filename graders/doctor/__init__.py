"""What the katas need of this machine and this checkout, with a remedy for whatever is missing.

Everything is tried out: a worker is started for each runtime, and a file is written to each folder.
"""

from graders.doctor.examination import examine
from graders.doctor.findings import DoctorReport, Finding, State

__all__ = ["DoctorReport", "Finding", "State", "examine"]

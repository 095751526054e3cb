"""The one tree of exceptions. A message names the file, the fault and the remedy."""

from __future__ import annotations


class KataError(Exception):
    """Anything the harness reports to a person; `katas` prints it and exits with status 2."""


class CatalogueError(KataError):
    """A kata.toml, or the folder it describes, is not as it should be."""


class IntakeError(KataError):
    """A submission holds something that is refused before any of it runs."""


class SubmissionError(KataError):
    """What a submission did in its worker that fails the test at hand."""


class WorkerError(SubmissionError):
    """The worker was killed or died: out of time, out of memory, or a broken wire."""


class WireError(KataError):
    """A message or a value breaks the rules of the wire."""


class ConfinementError(KataError):
    """The worker cannot be confined as asked."""


class JudgeError(KataError):
    """A fault on our own side; never charged to the submission."""


class Abandoned(KataError):
    """Whoever had asked for a grading did not want it any more."""

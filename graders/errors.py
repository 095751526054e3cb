"""The exceptions that the harness raises."""

from __future__ import annotations

from typing import Any


class KataError(Exception):
    """An error that the harness reports to a person. `katas` prints it and exits with status 2."""


class CatalogueError(KataError):
    """A kata.toml, or the folder it describes, is invalid."""


class IntakeError(KataError):
    """The submission was rejected before any of it ran."""


class WholeRefusal(IntakeError):
    """The whole submission was rejected, because the fault is not limited to one declared file."""


class SubmissionError(KataError):
    """The submission did something in its worker that makes the current test fail."""


class WorkerError(SubmissionError):
    """The worker died, ran out of time or memory, or broke the protocol."""


class TimeLimitError(WorkerError):
    """The submission used up the time for a call, a test or the whole grading run."""


class WireError(KataError):
    """A message or a value breaks the rules of the wire format."""


class ConfinementError(KataError):
    """The worker cannot be confined as requested."""


class MissingPackage(ConfinementError):
    """A package that a kata's workers need is not installed on this machine."""


class JudgeError(KataError):
    """The harness itself failed, which never counts against the submission."""


class Abandoned(KataError):
    """The caller cancelled the grading run."""


class RemoteFault(SubmissionError):
    """An exception that the submission raised in its worker."""

    def __init__(self, fault: dict[str, Any]) -> None:
        self.type_name = _text(fault.get("type"), 100)
        bases = fault.get("bases")
        self.bases = tuple(_text(base, 100) for base in bases) if isinstance(bases, list) else ()
        self.text = _text(fault.get("message"), 4000)
        self.where = _text(fault.get("where"), 1000)
        super().__init__(f"{self.type_name}: {self.text}" if self.text else self.type_name)


class NotPlain(SubmissionError):
    """The submission returned a value that cannot be sent to the judge because of its type or size."""


class ForkServerDied(JudgeError):
    """The fork server of the workers died. The grading run can be retried."""


class MachineBusy(JudgeError):
    """The machine gave a process so little processor time that nothing can be decided. Grading can be retried."""


def _text(value: Any, limit: int) -> str:
    return value[:limit] if isinstance(value, str) else ""

"""What the katas have to know about a learning platform."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from katas_course.downloads import Source, SubmissionEntry


@dataclass(frozen=True)
class Platform:
    """A learning platform. Commands call it `name`, and messages `title`.

    Downloads: `download` is what messages call one. `is_download` says so from the names at the top level, each of them
    with whether it is a folder. `entries` yields the submissions in one. `marker` is a name that is only at the top
    level of one.
    """

    name: str
    title: str

    download: str
    is_download: Callable[[Mapping[str, bool]], bool]
    entries: Callable[[Source], Iterator[SubmissionEntry]]
    marker: str = ""

    @property
    def late_note(self) -> str:
        """The note on a submission that the platform has marked as late."""
        return f"{self.title} marked it as late"

"""Pack pages of feedback into a .zip that a learning platform takes back.

Moodle takes any file in the folder of a participant. Canvas takes only files with the names in its download, and shows
each under the name that the student gave it.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from graders.errors import KataError
from katas_course import submissions
from katas_course.gradebook.groups import Groups
from katas_course.gradebook.people import Directory
from katas_course.identity import NUMBER, said

COMMENTED = (".py", ".toml")  # in such a file, every line of a page becomes a comment


class Returns(NamedTuple):
    """Under which name a platform takes a file back, by the person's id, and whose it may not be and why.

    `by_group` are the people in whose group someone else has such a name.
    """

    names: Mapping[str, str]
    doubtful: list[str]
    by_group: frozenset[str] = frozenset()

    @property
    def takes_pages(self) -> bool:
        """Whether pages keep their own names, so that they may be HTML."""
        return all(name.endswith("/") for name in self.names.values())


def read(download: Path, directory: Directory, kata: str, *, in_groups: bool = False) -> Returns:
    """Return what a platform's download says. Raises KataError if the platform takes no files back."""
    cohort = submissions.without_groups(
        submissions.read(download, belongs=directory.roster.has), directory.named([kata])
    )
    cohort = submissions.told_apart(cohort, lambda entry: directory.called(entry, [kata]))
    returned = [entry for entry in cohort.entries if entry.returns]
    if not returned:
        raise KataError(f"--download {download}: specify the download of Moodle or Canvas with these submissions.")
    katas = directory.katas_of({each.participant for each in returned})
    if katas and kata not in katas:
        raise KataError(
            f"--download {download}: these are submissions of {min(katas)}. Specify the download of {kata}."
        )
    doubts = {each.person: directory.doubt(each.person, said([(NUMBER + kata, each.participant)])) for each in returned}
    names = {directory.id_of(each.person): each.returns for each in returned if not doubts[each.person]}
    groups = Groups(directory.roster, ())
    mates = {mate for person in names if in_groups for mate in groups.mates(person)}
    return Returns(names, [f"{person}: {doubt}" for person, doubt in doubts.items() if doubt], frozenset(mates))


class Packed(NamedTuple):
    """A .zip, the number of pages in it, and the people whose page is not in it.

    The download lacks those who are `missing`. A group has one submission and one page, even if the platform lists only
    one of its members; the others are the `mates`.
    """

    data: bytes
    number: int
    missing: list[str]
    mates: list[str]


def packed(pages: Mapping[str, Path], returns: Returns) -> Packed:
    """Pack these pages, which are by the person's id."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for person, page in sorted(pages.items()):
            if person in returns.names:
                name, text = returns.names[person], page.read_text(encoding="utf-8")
                if name.endswith(COMMENTED):
                    text = "".join(f"# {line}".rstrip() + "\n" for line in text.splitlines())
                member = zipfile.ZipInfo(name + page.name * name.endswith("/"))  # has no time: same pages, same file
                member.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(member, text)
    left = pages.keys() - returns.names.keys()
    mates = left & returns.by_group
    return Packed(data.getvalue(), len(pages) - len(left), sorted(left - mates), sorted(mates))

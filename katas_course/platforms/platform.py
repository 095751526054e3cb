"""What the katas have to know about a learning platform."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from katas_course.downloads import Source, SubmissionEntry

COLUMNS = {
    "id": "id|studentid|studentnumber|studentno|idnumber|idnummer|matriculationnumber|matriculationno|matrikelnummer"
    "|matrikelnr|matrnr|matrikel|sid|userid|uid|personid|netid|login|username|person|identifier",
    "name": "name|fullname|studentname|student|vollername|vollstndigername|displayname",
    "first": "firstname|givenname|forename|vorname",
    "last": "lastname|surname|familyname|nachname",
    "email": "email|emailaddress|mail|mailaddress|emailadresse|emailaddresses",
    "section": "section|sections|class|tutorial|course",
    "team": "group|groups|team|groupname|gruppe|gruppen",
    "role": "role|roles",
    "login": "sisloginid",
    "github": "github|githubusername|githublogin|githubuser|githubaccount",
}


def normalised(text: str) -> str:
    """Return the letters of a column's name in lower case."""
    return re.sub(r"[^a-z]", "", text.casefold())


def column_in(columns: Mapping[str, str], name: str) -> str | None:
    """Return the key of the column that has this name, or None. `columns` maps keys to normalised names."""
    return next((key for key, names in columns.items() if normalised(name) in names.split("|")), None)


Belongs = Callable[[str], bool]  # whether a name with an id at its end is that of a person on the roster with this id


@dataclass(frozen=True)
class RosterEntry:
    """A line of a roster. A value is None if the file has no such column. `ids` are ids in other systems.

    `participant` is the person's number in one assignment on a platform. In the next one, someone else has it.
    """

    line: int
    id: str
    name: str | None = None
    email: str | None = None
    section: str | None = None
    team: str | None = None
    ids: tuple[tuple[str, str], ...] = ()
    participant: str = ""


@dataclass(frozen=True)
class TimesColumn:
    """How the list of people for an assignment says when they submitted, in a column with one of the `titles`.

    `moment` reads such a time, or raises ValueError. `wanted` says what it can read. `is_late` says from the cells of a
    line, by the normalised names of their columns, whether the platform marks the submission as late. A status that
    `not_yet` matches is that of a person who has not submitted, although there may be a time.
    """

    titles: tuple[str, ...]
    moment: Callable[[str], datetime.datetime]
    wanted: str
    is_late: Callable[[Mapping[str, str]], bool]
    not_yet: re.Pattern[str] = re.compile("(?!)")  # by default, none


@dataclass(frozen=True, kw_only=True)
class Platform:
    """A learning platform. Commands call it `name`, and messages `title`.

    Downloads: `download` is what messages call one. `is_download` says so from the names at the top level, each of them
    with whether it is a folder. `entries` yields the submissions in one. If a name there could be several people's, it
    can ask which of them `belongs` to the course. `marker` is a name that is only at the top level of one.

    Lists of people, for rosters and points: `is_list` says from the normalised names of the columns whether the
    platform has written a list. `columns` are those about people, as in COLUMNS. The key of the column with the
    platform's own ids is the platform's name. A list that `has_assignments` may have more columns of any name. `person`
    gets the texts of a line by column. It returns them, with the bare number as `identifier`, or None if the line is
    not about a student.

    Points: `export` is the help of the command. `needed` has the titles of the columns that an import needs at least,
    with what they hold; "" is the title of the kata. If `points` and `maximum` are given, columns with these normalised
    names hold the points and the maximum; otherwise, points are in a column with the name of the kata. A column with a
    name in `comments` holds a text for the person. `maxima_line` is the first cell of a line with all maxima.
    """

    name: str
    title: str

    download: str
    is_download: Callable[[Mapping[str, bool]], bool]
    entries: Callable[[Source, Belongs], Iterator[SubmissionEntry]]
    marker: str = ""

    is_list: Callable[[AbstractSet[str]], bool]
    columns: Mapping[str, str]
    has_assignments: bool = False
    person: Callable[[Mapping[str, str]], Mapping[str, str] | None] = dict
    times: TimesColumn | None = None

    export: str
    needed: Mapping[str, str]
    points: str = ""
    maximum: str = ""
    comments: str = ""
    maxima_line: str = ""

    @property
    def late_note(self) -> str:
        """The note on a submission that the platform has marked as late."""
        return f"{self.title} marked it as late"

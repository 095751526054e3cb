"""Moodle. A download has `Ada Lovelace_12345_assignsubmission_file/` for each person.

Without folders, it has files such as `Ada Lovelace_12345_assignsubmission_file_name.py`. Moodle numbers people anew in
each assignment, so such a number becomes a part of a person's name only among people of the same name.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress

from katas_course.downloads import ANONYMOUS, Source, SubmissionEntry, composed, safe
from katas_course.platforms.platform import COLUMNS, Platform, TimesColumn

_NAME = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(?P<kind>[a-z]+)_?(?P<rest>.*)", re.DOTALL)
_MARK = "_assignsubmission_"  # twice in a name whose person or file is called so, and then it could be two people's
GERMAN = ("Januar", "Jänner", "Februar", "März", "Mai", "Juni", "Juli", "Oktober", "Dezember")
ENGLISH = ("January", "January", "February", "March", "May", "June", "July", "October", "December")
MONTHS = dict(zip(GERMAN, ENGLISH, strict=True))  # that differ
NO_GROUP = ("no groups", "keine gruppen")
_IS_LATE = re.compile(r"\d \S+ (late\b|zu spät)")


def _is_download(names: Mapping[str, bool]) -> bool:
    return 2 * len(list(filter(_NAME.fullmatch, names))) > len(names)


def _entries(source: Source, _: object) -> Iterator[SubmissionEntry]:
    people: dict[tuple[str, str], dict[str, str]] = {}
    for name, is_folder in source.names.items():
        match = _NAME.fullmatch(name)
        if match is None or name.count(_MARK) > 1:
            unread = is_folder or _MARK in name
            source.leave_out(name, "not a name that Moodle gives" + "; rename it" * unread, unread=unread)
        elif match["kind"] != "file" or (not is_folder and not match["rest"]):
            source.leave_out(name, "text typed into Moodle, which is not graded")
        else:
            people.setdefault((composed(match["name"].strip()), match["id"]), {})[name] = match["rest"]
    namesakes = Counter(name for name, _ in people)
    for (person, number), files in people.items():
        loose = {name: rest for name, rest in files.items() if not source.names[name]}
        location = source.together(loose) if loose else source.location(next(iter(files)))
        # A name that ends with a number could be taken for an id.
        unique = namesakes[person] == 1 and person != ANONYMOUS and not re.search(r"\d\W*$", person)
        called = safe(person if unique else f"{person}_{number}")
        returns = f"{person}_{number}_assignsubmission_file_/"
        yield SubmissionEntry(called, location, source.modified(*files), participant=number, returns=returns)


def _is_list(names: AbstractSet[str]) -> bool:
    if "githubusername" in names:  # GitHub Classroom's own roster also calls the id `identifier`
        return False
    is_worksheet = "identifier" in names or "bewertungkanngendertwerden" in names  # Bewertung kann geändert werden
    has_people = "emailaddress" in names and names & {"firstname", "surname", "lastname", "fullname"}
    return is_worksheet or bool(has_people and "id" not in names)


def _person(texts: Mapping[str, str]) -> Mapping[str, str]:
    number = texts.get("identifier", "").rpartition(" ")[2].removeprefix("Teilnehmer/in")
    without = {"team": ""} if texts.get("team", "").casefold() in NO_GROUP else {}
    return {**texts, "identifier": number, **without}


def _moment(text: str) -> datetime.datetime:
    """Return the time in a text in English, British or American, or in German.

    Raises ValueError for another text.
    """
    words = " ".join(MONTHS.get(word, word) for word in re.sub(r"^[^\W\d]+,", "", text).split())
    for day in ("%d %B %Y", "%B %d, %Y", "%d. %B %Y"):
        for hour in ("%I:%M %p", "%H:%M"):
            with suppress(ValueError):
                return datetime.datetime.strptime(words, f"{day}, {hour}")
    return datetime.datetime.fromisoformat(words)


MOODLE = Platform(
    name="moodle",
    title="Moodle",
    download="a Moodle download",
    is_download=_is_download,
    entries=_entries,
    is_list=_is_list,
    columns={"identifier": "identifier|id", **COLUMNS},  # a worksheet in German calls it ID
    person=_person,
    export="""Write a kata's points for Moodle.

In the assignment, download the grading worksheet. Fill it in with --into, and upload it there again.""",
    needed={"ID number": "id", "Email address": "email", "": "points"},
    points="grade|bewertung",
    maximum="maximumgrade|bestwertung",
    comments="feedbackcomments|feedbackalskommentar",
    times=TimesColumn(
        titles=("Last modified (submission)", "Zuletzt geändert (Abgabe)"),
        moment=_moment,
        wanted="a time such as 31 May 2026, 11:59 PM. Set Moodle's language to English or German, and download it "
        "again",
        is_late=lambda cells: _IS_LATE.search(cells.get("status", "")) is not None,
        not_yet=re.compile(r"no submission|draft|keine abgabe|entwurf", re.IGNORECASE),
    ),
)

"""Let a submission of one person count for everyone in the same group of the roster."""

from __future__ import annotations

import dataclasses
import itertools
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa

from katas_course.gradebook.database import Transaction
from katas_course.gradebook.people import Directory
from katas_course.gradebook.tables import KataRow, PersonRow, SubmissionRow
from katas_course.roster import Roster, RosterPerson
from katas_course.rules import Attempt

Attempts = Mapping[str, Sequence[Attempt]]  # by kata


class Groups:
    """The groups of the roster. `katas` are done in groups; everyone does the others alone."""

    def __init__(self, roster: Roster, katas: Collection[str]) -> None:
        self.katas = katas
        self._members: defaultdict[str, list[RosterPerson]] = defaultdict(list)
        for each in roster.people.values():
            if each.team:
                self._members[each.team].append(each)
        self._team = {each.id: each.team for each in roster.people.values()}

    def mates(self, person: str) -> list[str]:
        """Return the other people in a person's group, also those who have left the course."""
        team = self._team.get(person)
        return [each.id for each in self._members[team] if each.id != person] if team else []

    def shared(self, own: Mapping[str, Attempts]) -> dict[str, dict[str, list[Attempt]]]:
        """Return everyone's attempts by person and kata, with those of their groups added, each once.

        Someone who has left the course gets no attempts of the others.
        """
        result = {person: {kata: list(each) for kata, each in katas.items()} for person, katas in own.items()}
        here = [each.id for members in self._members.values() for each in members if each.left_at is None]
        for person, kata in itertools.product(here, self.katas):
            known = {each.content for each in own.get(person, {}).get(kata, ())}
            for mate in self.mates(person):
                for each in own.get(mate, {}).get(kata, ()):
                    if each.content not in known:
                        known.add(each.content)
                        others = result.setdefault(person, {}).setdefault(kata, [])
                        others.append(dataclasses.replace(each, by=mate))
        return result


def same_of_mates(transaction: Transaction, submission: SubmissionRow) -> list[SubmissionRow]:
    """Return the same submission in the rows of the other members of a group, if the kata is done in groups.

    A download from a learning platform can have one row for each member.
    """
    kata = transaction.session.get(KataRow, submission.kata)
    if kata is None or not kata.in_groups:
        return []
    directory = Directory(transaction)
    mates = Groups(directory.roster, ()).mates(directory.id_of(submission.person.name))
    names = [name for mate in mates for name in directory.names_of(mate)]
    same = sa.select(SubmissionRow).join(PersonRow, PersonRow.id == SubmissionRow.person_id)
    same = same.where(
        PersonRow.name.in_(names),
        SubmissionRow.kata == submission.kata,
        SubmissionRow.sha256 == submission.sha256,
        SubmissionRow.submitted_at == submission.submitted_at,
    )
    return list(transaction.session.scalars(same.order_by(SubmissionRow.id)))

"""Everyone's marks and totals, also of people on the roster without a submission."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import sqlalchemy as sa

from graders.course import totals
from graders.course.gradebook import course_settings, decisions, queries
from graders.course.gradebook.people import Directory, Listing
from graders.course.gradebook.queries import Katas
from graders.course.gradebook.records import PersonKata
from graders.course.gradebook.tables import SubmissionRow
from graders.course.gradebook.transaction import Transaction
from graders.course.rules import Decision
from graders.course.totals import Course, KataMark, Total

Given = Mapping[tuple[str, str], tuple[Decision, ...]]


@dataclasses.dataclass(frozen=True)
class PersonReport:
    """A person's results for all katas of the course, and their total.

    `days_used` is the number of days used from the bank of late days.
    """

    listing: Listing
    places: Mapping[str, PersonKata]
    total: Total
    days_used: int

    @property
    def person(self) -> str:
        return self.listing.id

    @property
    def has_left(self) -> bool:
        return self.listing.roster is not None and self.listing.roster.left_at is not None

    @property
    def outstanding(self) -> float:
        """The points that reviews can still add."""
        return sum(place.outstanding for place in self.places.values())


def reports(transaction: Transaction, slug: str | None = None, person: str | None = None) -> list[PersonReport]:
    """Return everyone's report, or one person's, sorted by person. With `slug`, only this kata counts.

    People who have left the course are listed if they have submitted.
    """
    directory = Directory(transaction)
    given = decisions.by_person(transaction, directory)
    settings = course_settings.settings(transaction)
    known = Katas(transaction, directory)
    by_person: dict[str, dict[str, PersonKata]] = {}
    for place in queries.places(transaction, slug, person):
        by_person.setdefault(place.person, {})[place.kata] = place
    katas = _katas(transaction, known, given, slug)
    maxima = _maxima(by_person)
    wanted = None if person is None else directory.known(person)
    found = []
    for listing in directory.listings():
        own = by_person.get(listing.id, {})
        if listing.id == wanted or (wanted is None and _is_listed(listing, own, given)):
            complete = {kata: own.get(kata) or _missing(known, listing.id, kata, given) for kata in katas}
            found.append(
                _report(listing, {kata: _with_maximum(each, maxima) for kata, each in complete.items()}, settings)
            )
    return found


def _katas(transaction: Transaction, known: Katas, given: Given, slug: str | None) -> list[str]:
    """Return the katas of the course: those with a submission, a deadline or a decision."""
    used = {*transaction.session.scalars(sa.select(SubmissionRow.kata).distinct()), *(kata for _, kata in given)}
    used |= {kata for kata, rule in known.rules.items() if rule.due_at is not None}
    return sorted(used if slug is None else used & {slug})


def _is_listed(listing: Listing, own: Mapping[str, PersonKata], given: Given) -> bool:
    is_here = listing.roster is not None and listing.roster.left_at is None
    return is_here or bool(own) or any(person == listing.id for person, _ in given)


def _missing(known: Katas, person: str, kata: str, given: Given) -> PersonKata:
    (place,) = queries.scored_places(person, [known.work(person, kata, (), given.get((person, kata), ()))], 0)
    return place


def _maxima(by_person: Mapping[str, Mapping[str, PersonKata]]) -> dict[str, float]:
    """Return the katas' points from the verdicts, because a gradebook of an older version does not have them."""
    found: dict[str, float] = {}
    for places in by_person.values():
        for kata, place in places.items():
            possible = [each.attempt.verdict.max_score + each.attempt.verdict.review_points for each in place.standings]
            found[kata] = max([found.get(kata, 0.0), *possible])
    return found


def _with_maximum(place: PersonKata, maxima: Mapping[str, float]) -> PersonKata:
    rule = dataclasses.replace(place.rule, maximum=place.rule.maximum or maxima.get(place.kata, 0.0))
    return dataclasses.replace(place, rule=rule)


def _report(listing: Listing, places: Mapping[str, PersonKata], settings: Course) -> PersonReport:
    marks = [KataMark(kata, each.mark, each.rule, each.submitted) for kata, each in places.items()]
    used = sum(each.counted.free for each in places.values() if each.counted and not each.is_decided)
    return PersonReport(listing, places, totals.total(marks, settings), used)

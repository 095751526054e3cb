"""Import a roster, and say what that changes for submissions that are stored already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from graders.errors import KataError
from katas_course.gradebook import namesakes, settings
from katas_course.gradebook.database import Transaction
from katas_course.gradebook.people import Directory, match_by_hand
from katas_course.gradebook.results import of_katas
from katas_course.gradebook.tables import DecisionRow, ExtensionRow, PersonRow, RosterIdRow, RosterRow
from katas_course.identity import by_roster, compare
from katas_course.platforms import PLATFORMS
from katas_course.platforms.platform import RosterEntry
from katas_course.roster import KEPT, SYSTEMS, UNKNOWN, Roster, RosterPerson, same_name, share_a_word
from katas_course.roster_files import AS_TEXT, RosterFile
from katas_course.submissions import now

COLUMNS = ("name", "email", "section", "team")


@dataclass
class RosterChanges:
    """The ids of the people whom an import of a roster added, changed, marked as left, or found again.

    `told_apart` maps names to those that their submissions have now. `kept` maps names of submissions to the person who
    still has them, and to the one who has the name now, if anyone. `moved` has a line for each name or mark of a group
    that moved, and `renamed` for each id with submissions or decisions that has another name now.
    """

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    told_apart: dict[str, list[str]] = field(default_factory=dict)
    kept: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    moved: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)


def import_roster(transaction: Transaction, file: RosterFile) -> RosterChanges:
    """Add the people in a file to the roster, update those who are on it, and mark those not in the file as left."""
    before_it, marks = Directory(transaction), _group_marks(transaction)
    _settle(transaction, before_it)
    roster = before_it.roster
    _refuse_lost_zeros(roster, file)
    others: defaultdict[str, set[str]] = defaultdict(set)  # the people by e-mail address and by id in other systems
    for each in roster.people.values():
        for name in (each.email, *(value for _, value in each.ids)):
            others[name.casefold()].add(each.id)
    chosen: dict[str, RosterEntry] = {}
    for entry in file.entries:
        if not (entry.id or entry.email or entry.ids):
            title = PLATFORMS[file.system].title
            raise KataError(
                f"{file.path}, line {entry.line}: it has no id and no e-mail address, and {title}'s participant "
                f"numbers change with every assignment. Import {title}'s list of participants."
            )
        person = _id_for(roster, entry, file, others)
        if person in chosen:
            raise KataError(
                f"{file.path}, line {entry.line}: this is {person} again, who is in line {chosen[person].line} too. "
                "Remove one of the lines."
            )
        chosen[person] = entry
    owners = {key: person for person, entry in chosen.items() for key in entry.ids}
    new = {}
    for person in {**roster.people, **chosen}:
        known = roster.people.get(person) or RosterPerson(person)
        # An id of another system may belong to someone else now.
        known = replace(known, ids=tuple(each for each in known.ids if owners.get(each, person) == person))
        in_file = person in chosen
        new[person] = _merged(known, chosen[person]) if in_file else replace(known, left_at=known.left_at or now())
    changed = [each for person, each in new.items() if each != roster.people.get(person)]
    _write(transaction, changed)
    changes = RosterChanges()
    for after in changed:
        before = roster.people.get(after.id)
        transaction.note("roster", after.id, before=described(before) if before else "", after=described(after))
        if before is None:
            changes.added.append(after.id)
        elif (before.left_at is None) == (after.left_at is None):
            changes.changed.append(after.id)
        else:
            (changes.returned if after.left_at is None else changes.left).append(after.id)
        if before and before_it.names_of(after.id) and _has_another_name(before, after):
            changes.renamed.append(f"{after.id}: {before.name} → {after.name}")
    _keep_owners(transaction, before_it, changes)
    changes.told_apart = namesakes.tell_apart(transaction, Directory(transaction))
    marks_now = _group_marks(transaction)
    for key in sorted(marks.keys() | marks_now.keys()):
        if marks.get(key) != marks_now.get(key):
            points = (f"{each[key]:g}" if key in each else "nothing" for each in (marks, marks_now))
            changes.moved.append(f"{', '.join(key)}: {' → '.join(points)}")
    return changes


def _refuse_lost_zeros(roster: Roster, file: RosterFile) -> None:
    """Raise KataError if an id on the roster is in the file without the zeros at its beginning."""
    here = {each.id for each in file.entries}
    shortened = {each.lstrip("0"): each for each in roster.people if each.isdigit() and each not in here}
    for entry in file.entries:
        if entry.id not in roster.people and entry.id in shortened:
            raise KataError(
                f"{file.path}, line {entry.line}: a spreadsheet has removed the zeros at the beginning of an id, which "
                f"was {shortened[entry.id]}. {AS_TEXT}"
            )


def _settle(transaction: Transaction, directory: Directory) -> None:
    """Give decisions, deadlines and requests about people on the roster to their ids, from the names they submit under.

    A name may be someone else's by the new roster.
    """
    session = transaction.session
    for row in list(session.scalars(sa.select(PersonRow).order_by(PersonRow.id))):
        person = directory.id_of(row.name)
        if person == row.name or person not in directory.roster.people:
            continue
        if row.decisions or row.extensions or row.requests:
            own = transaction.person_added(person).id
            for decision in row.decisions:
                if session.get(DecisionRow, (own, decision.kata, decision.task)) is None:
                    decision.person_id = own
            for extension in row.extensions:
                if session.get(ExtensionRow, (own, extension.kata)) is None:
                    extension.person_id = own
            for request in row.requests:
                request.person_id = own
            session.flush()
            session.expire_all()


def _has_another_name(before: RosterPerson, after: RosterPerson) -> bool:
    return bool(before.name) and not same_name(before.name, after.name)


def _keep_owners(transaction: Transaction, before: Directory, changes: RosterChanges) -> None:
    """Match stored names to their owners before, if the new roster would give them to someone else or to no one.

    Work goes with a full name only to an id that this name has instead of the owner's. A full name alone, which several
    people have now or whose ids are others now, decides nothing any more.
    """
    after = Directory(transaction)
    for name, (owner, how) in before.matches.items():
        new, why = after.matches[name]
        if new == owner:
            continue
        if owner is None:
            changes.moved += [f"{name}: submissions of no one → {new}"] if before.roster.people else []
            continue
        was, now_is = before.roster.people[owner], after.roster.people[owner]
        if new is None:
            is_sure = how != SYSTEMS["name"] or compare(by_roster(was), before.said_of(name)) == "equal"
            is_kept = is_sure or why == UNKNOWN
        else:
            is_kept = _is_same(was, now_is) or not same_name(was.name, after.roster.people[new].name)
        if is_kept:
            match_by_hand(transaction, name, owner, KEPT)
            changes.kept[name] = owner, new
        elif new is not None:
            row = transaction.person(owner)
            stays = row is not None and (row.decisions or row.extensions or row.requests)
            without = f", without the decisions, deadlines and requests about {owner}" if stays else ""
            changes.moved.append(f"{name}: submissions of {owner} → {new}{without}")


def _is_same(before: RosterPerson, after: RosterPerson) -> bool:
    """Return whether an id is still that of a person in the course, who has the same name or another id of theirs."""
    shared = {value for _, value in by_roster(before) & by_roster(after)} - {before.id.casefold()}
    return after.left_at is None and (bool(shared) or same_name(before.name, after.name))


def _group_marks(transaction: Transaction) -> dict[tuple[str, str], float]:
    """Return the marks for the katas that are done in groups, by person and kata."""
    katas = [kata for kata, rule in settings.rules(transaction).items() if rule.in_groups]
    return {(each.person, kata): each.points for kata in katas for each in of_katas(transaction, kata)}


def _merged(known: RosterPerson, entry: RosterEntry) -> RosterPerson:
    """Return a person with the values of an entry. Columns that the file lacks stay as they are.

    A new id in another system replaces the earlier one.
    """
    replaced = {system for system, _ in entry.ids}
    kept = {each for each in known.ids if each[0] not in replaced}
    given = {name: value for name in COLUMNS if (value := getattr(entry, name)) is not None}
    return replace(known, **given, left_at=None, ids=tuple(sorted({*kept, *entry.ids})))


def _write(transaction: Transaction, people: Sequence[RosterPerson]) -> None:
    """Write people to the roster. Ids of other systems replace earlier ones, of whomever they were."""
    session = transaction.session
    for person in people:
        session.merge(RosterRow(id=person.id, **{name: getattr(person, name) for name in (*COLUMNS, "left_at")}))
        session.flush()
        session.execute(sa.delete(RosterIdRow).where(RosterIdRow.roster_id == person.id))
    for person in people:
        for system, value in person.ids:
            session.execute(sa.delete(RosterIdRow).filter_by(system=system, value=value))
            session.execute(sa.insert(RosterIdRow).values(system=system, value=value, roster_id=person.id))
    session.expire_all()


def _id_for(roster: Roster, entry: RosterEntry, file: RosterFile, others: Mapping[str, set[str]]) -> str:
    """Return the roster's id for an entry. An entry from a learning platform may belong to a person with another id."""
    if entry.id in roster.people or (entry.id and not file.system):
        return entry.id
    for names in ([value for _, value in entry.ids], [entry.email or ""]):
        fitting = set().union(*(others.get(name.casefold(), set()) for name in names if name))
        fitting = {each for each in fitting if not entry.id or share_a_word(roster.people[each].name, entry.name or "")}
        if len(fitting) == 1:
            return fitting.pop()
    return entry.id or entry.email or entry.ids[0][1]


def described(person: RosterPerson) -> str:
    """Describe a person on the roster in one line."""
    words: Sequence[str] = [person.name, person.email, person.section, person.team]
    ids = [f"{system} {value}" for system, value in person.ids]
    left = [f"left {person.left_at}"] if person.left_at else []
    return ", ".join(filter(None, [*words, *ids, *left])) or person.id

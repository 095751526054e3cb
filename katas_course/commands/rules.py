"""`katas gradebook rule` and `course`: deadlines, points, and how katas make up the total."""

from __future__ import annotations

import datetime
import re
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any

from graders import catalogue
from graders.cli.session import Invocation
from graders.errors import KataError
from katas_course.clock import zone_of
from katas_course.commands.options import (
    DEFAULT_URL,
    By,
    Url,
    argument,
    check_kata,
    line,
    listed,
    moment,
    one_of,
    open_gradebook,
    option,
)
from katas_course.gradebook import Gradebook, results, settings, storing
from katas_course.gradebook.people import Directory
from katas_course.rules import Rule, described
from katas_course.totals import Course
from katas_course.written_files import after_decision

NEVER = "never"
EARLIER = {"submitted": "submitted", "stored": "stored", "shipped": "shipped", "default": ""}
ONLY_DUE = "--person works only with --due: the rest of a rule is the same for everyone."
UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
LONGEST_GRACE = 7 * 86_400  # seconds
DATES = ("%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%Y/%m/%d", "%d-%m-%Y")


KataOrAll = Annotated[str | None, argument("[KATA]", "The kata; by default, list all rules and extensions.")]
Counts = Annotated[str | None, option("The submission that counts: best or last.", "WHICH")]
Due = Annotated[
    str | None, option("The deadline, in the course's time zone unless it has an offset; `never` removes it.", "TIME")
]
LatePercent = Annotated[float | None, option("The percentage of points lost for each day late.", "P", min=0, max=100)]
LateDays = Annotated[
    int | None, option("Days after which a late submission gets no points; -1 for no limit.", "N", min=-1)
]
Grace = Annotated[str | None, option("How long after the deadline nothing is late yet, such as 15m.", "TIME")]
KataCategory = Annotated[str | None, option("The category in the total; an empty name for none.", "NAME")]
KataWeight = Annotated[
    float | None, option("The weight in the total or in the category; -1 for the default of 1.", "W", min=-1, max=1e6)
]
Missing = Annotated[str | None, option("Whether a missing submission counts: zero or empty.", "WHAT")]
InGroups = Annotated[
    bool | None,
    option("Whether a submission counts for everyone in the group of its author.", None, "--groups/--alone"),
]
Earlier = Annotated[
    str | None,
    option(
        "Whose files a milestone builds on: submitted, stored (in the gradebook) or shipped (solutions); by default, "
        "the submitted or else the stored ones.",
        "WHICH",
    ),
]
Person = Annotated[str | None, option("Set the deadline for this person only.", "NAME")]


def rule(
    kata: KataOrAll = None,
    counts: Counts = None,
    due: Due = None,
    late_percent: LatePercent = None,
    late_days: LateDays = None,
    grace: Grace = None,
    category: KataCategory = None,
    weight: KataWeight = None,
    missing: Missing = None,
    in_groups: InGroups = None,
    earlier: Earlier = None,
    person: Person = None,
    gradebook: Url = DEFAULT_URL,
    by: By = None,
) -> None:
    """Show or change a kata's deadline and scoring rule.

    A rule sets the deadline, the penalty for being late, whether the best or the last submission counts, and how the
    kata counts in the total. Without options, this shows the rule. A change applies at once, and goes into the audit
    trail. With --person, `--due never` withdraws the person's own deadline.
    """
    if counts not in (None, "best", "last"):
        raise KataError(f"--counts {counts}: expected best or last.")
    if missing not in (None, "zero", "empty"):
        raise KataError(f"--missing {missing}: expected zero or empty.")
    if earlier not in (None, *EARLIER):
        raise KataError(f"--earlier {earlier}: expected {one_of(EARLIER)}.")
    given: dict[str, Any] = {
        "counts": counts,
        "late_percent": late_percent,
        "late_days": late_days,
        "grace_s": None if grace is None else _grace(grace),
        "category": None if category is None else line(category.strip()),
        "weight": weight,
        "missing": missing,
        "in_groups": in_groups,
        "earlier": None if earlier is None else EARLIER[earlier],
    }
    changes = {name: value for name, value in given.items() if value is not None}
    if kata is None and (changes or due or person):
        raise KataError("KATA: specify the kata whose rule to change, such as exercise04.")
    with open_gradebook(gradebook, by) as book:
        check_kata(book, kata)
        clock = book.read(settings.clock)
        if due is not None:
            changes["due_at"] = _deadline(due, clock.zone)
        if kata is None or (not changes and not person):
            lines = _rules(book, kata)
        elif person is None:
            lines = [*_rule_changed(book, kata, changes), *after_decision(book, kata)]
            lines += book.read(results.lateness_warnings, kata)
        elif set(changes) != {"due_at"}:
            raise KataError(ONLY_DUE)
        else:
            lines = [_extended(book, person, kata, changes["due_at"]), *after_decision(book, kata)]
    print(clock.in_text("\n".join(lines)))


def _rule_changed(book: Gradebook, kata: str, changes: dict[str, Any]) -> list[str]:
    """Change a rule. Return it and, if a kata is done in groups from now on, who is in no group."""
    if kata in catalogue.slugs(Invocation.root):
        loaded = catalogue.load(Invocation.root, kata, complete=False)
        if "earlier" in changes and not loaded.builds_on:
            raise KataError(f"--earlier: {kata} builds on no other kata. Name a milestone.")
        book.write(storing.update_katas, [loaded])
    lines = [f"{kata}: {described(book.write(settings.set_rule, kata, **changes))}"]
    if "earlier" in changes:
        lines.append("to grade submissions with these files, run the same `katas grade-batch` again")
    if not changes.get("in_groups"):
        return lines
    roster = book.read(Directory).roster.here
    if not any(each.team for each in roster):
        return [*lines, "no one on the roster has a group: katas gradebook people import FILE, with a column group"]
    sections: defaultdict[str, set[str]] = defaultdict(set)
    for each in roster:
        sections[each.team] |= {each.section} if each.team else set()
    mixed = [f"{team} ({', '.join(sorted(those))})" for team, those in sorted(sections.items()) if len(those) > 1]
    lines += [f"WARNING: one group, although its people are in several sections: {listed(mixed)}"] if mixed else []
    alone = sorted(each.id for each in roster if not each.team)
    return [*lines, f"in no group, so alone: {listed(alone)}"] if alone else lines


def _extended(book: Gradebook, person: str, kata: str, due_at: str) -> str:
    rule = book.read(settings.rules).get(kata)
    general = rule.due_at if rule else None
    if general and due_at and due_at <= general:
        raise KataError(
            f"--due {due_at}: everyone's deadline is {general}, which is not earlier. Choose a later time, or withdraw "
            f"the person's own deadline: --due {NEVER}."
        )
    before = book.write(settings.extend, person, kata, due_at)
    who = f"{kata}, {line(person)}"
    if due_at:
        note = "" if general else f"; this has no effect until {kata} has a general deadline"
        return f"{who}: due {due_at}" + (f" (before: {before})" if before else "") + note
    what = f"{before} is withdrawn" if before else "has no deadline of their own"
    return f"{who}: {what}; due {general or NEVER}, as for everyone"


def _rules(book: Gradebook, kata: str | None = None) -> list[str]:
    """Return the rules of all katas or of one, with everyone's own deadlines."""
    rules = book.read(settings.rules)
    if kata is not None:
        rules = {kata: rules.get(kata, Rule())}
    lines = []
    own = sorted(book.read(settings.extensions).items(), key=lambda each: (each[0][1], each[0][0]))
    for slug, each in sorted(rules.items()):
        lines.append(f"{line(slug)}: {described(each)}")
        lines += [f"  {line(person)}: due {due}" for (person, extended), due in own if extended == slug]
    return lines or ["no rules: katas gradebook rule KATA --due TIME"]


def _grace(text: str) -> int:
    match = re.fullmatch(r"(\d{1,6})\s*([smhd])?", text.strip())
    if match is None or (match[2] is None and match[1] != "0"):
        raise KataError(f"--grace {text}: expected a number with a unit, such as 15m, 2h, 90s or 1d; 0 for none.")
    seconds = int(match[1]) * UNITS[match[2] or "s"]
    if seconds > LONGEST_GRACE:
        raise KataError(f"--grace {text}: the limit is 7d. Use a later deadline instead.")
    return seconds


def _deadline(due: str, zone: str) -> str:
    """Return the deadline in UTC, or an empty string for `never`.

    Raises KataError for a date without a time, because it would mean 0:00 on that day.
    """
    if due.strip().casefold() == NEVER:
        return ""
    for form in DATES:
        with suppress(ValueError):
            day = datetime.datetime.strptime(due.strip(), form).date()
            raise KataError(f"--due {due}: the time of day is missing. Write it like this: {day}T23:59+02:00.")
    return moment(due, "--due", zone)


LONGEST_BANK = 1_000  # days


Bank = Annotated[
    int | None, option("Late days that each person may use without a penalty.", "DAYS", min=0, max=LONGEST_BANK)
]
PassPercent = Annotated[float | None, option("The percentage of the total to pass; -1 for none.", "P", min=-1, max=100)]
CategoryName = Annotated[str | None, option("The category that --weight and --drop-lowest are for.", "NAME")]
CategoryWeight = Annotated[float | None, option("The category's weight in the total.", "W", min=0, max=1e6)]
Zone = Annotated[str | None, option("The time zone in which times are shown, such as Europe/Berlin.", "NAME")]
DropLowest = Annotated[
    int | None, option("How many katas do not count; without --category, of all katas.", "N", min=0, max=1_000)
]


def course(
    late_day_bank: Bank = None,
    pass_percent: PassPercent = None,
    category: CategoryName = None,
    weight: CategoryWeight = None,
    drop_lowest: DropLowest = None,
    zone: Zone = None,
    gradebook: Url = DEFAULT_URL,
    by: By = None,
) -> None:
    """Show or change late days, the pass mark, categories and the time zone.

    Everyone's late days are used in the order of the katas' deadlines, before any penalty. With categories (`katas
    gradebook rule KATA --category NAME`), the total is out of 100, and the weights decide the categories' shares.
    """
    if weight is not None and category is None:
        raise KataError("--weight: specify the category that has this weight: --category NAME.")
    if category is not None and (weight, drop_lowest) == (None, None):
        raise KataError(f"--category {category}: specify what to change: --weight or --drop-lowest.")
    if zone is not None:
        zone_of(zone)
    if category is not None and not category.strip():
        raise KataError("--category: the name is empty. Choose another one.")
    with open_gradebook(gradebook, by) as book:
        if (late_day_bank, pass_percent, zone) != (None, None, None):
            book.write(settings.set_course, late_day_bank=late_day_bank, pass_percent=pass_percent, zone=zone)
        if (weight, drop_lowest) != (None, None):
            book.write(settings.set_category, line((category or "").strip()), weight=weight, drop_lowest=drop_lowest)
        course, rules = book.read(settings.course), book.read(settings.rules)
        outdated = [] if (late_day_bank, zone) == (None, None) else after_decision(book)
    print("\n".join([settings.described_course(course), *_warnings(course, rules), *outdated]))


def _warnings(course: Course, rules: Mapping[str, Rule]) -> list[str]:
    """Return which katas have no category although others have one, and which categories have no katas."""
    used = {rule.category for rule in rules.values()} - {""}
    left_out = sorted(kata for kata, rule in rules.items() if used and not rule.category)
    lines = [f"without a category, so not in the total: {', '.join(left_out)}"] if left_out else []
    empty = [each.name for each in course.categories if each.name and each.name not in used]
    if empty:
        lines.append(f"no kata is in category {', '.join(empty)}: katas gradebook rule KATA --category {empty[0]}")
    return lines

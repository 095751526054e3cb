"""Regrade submissions in a gradebook, using the files that are stored in their batch folders."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from graders.catalogue import Kata
from graders.course import running
from graders.course.batch import Batch
from graders.course.executors import GradingPlace
from graders.course.gradebook import Gradebook, StoredSubmission
from graders.course.pool_worker import Job
from graders.course.reproducibility import seed_of, versions, versions_of
from graders.course.rows import Key
from graders.course.running import Done
from graders.errors import KataError
from graders.verdict import Verdict


@dataclass
class Regraded:
    """The result so far.

    `changed` holds tuples (person, kata, old verdict, new verdict). `left` holds a sentence for every submission that
    was not graded. `folders` holds what was graded for each batch folder.
    """

    graded: int = 0
    changed: list[tuple[str, str, Verdict, Verdict]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    folders: dict[str, set[Key]] = field(default_factory=dict)


@dataclass(frozen=True)
class RegradingOptions:
    """The options for regrading.

    `batch` is the batch folder that holds the submitted files. If it is None, each submission comes from the folder
    that it was imported from. If `require_extras` is None, extra tasks must pass where they had to pass before and
    where the kata requires it.
    """

    batch: Path | None = None
    require_extras: bool | None = None


def outdated(stored: Sequence[StoredSubmission], katas: Mapping[str, Kata]) -> list[StoredSubmission]:
    """Return the submissions that were graded with another version of the kata, its tests or the harness."""
    now = {slug: versions(kata) for slug, kata in katas.items()}
    return [each for each in stored if each.kata in now and versions_of(each.verdict) != now[each.kata]]


def regrade(
    book: Gradebook,
    stored: Sequence[StoredSubmission],
    katas: Mapping[str, Kata],
    place: GradingPlace,
    options: RegradingOptions,
) -> Iterator[Regraded]:
    """Grade submissions again and add the new verdicts to the gradebook.

    Yields the result so far, which is the same object each time.
    """
    found = Regraded()
    by_seed: dict[bytes, StoredSubmission] = {}
    drawn = os.urandom(32)
    digests = {slug: versions(katas[slug])[:2] for slug in {each.kata for each in stored}}

    def jobs() -> Iterator[Job]:
        for each in stored:
            try:
                job = _job(each, katas[each.kata], digests[each.kata], drawn, options)
            except KataError as fault:
                found.left.append(f"{each.person}, {each.kata}: {fault}")
                continue
            by_seed[job.seed] = each
            yield job

    for group in running.graded(jobs(), place):
        for done in group:
            _add(found, book, by_seed.pop(done.job.seed), done, options)
        yield found
    yield found


def _add(found: Regraded, book: Gradebook, stored: StoredSubmission, done: Done, options: RegradingOptions) -> None:
    """Add a verdict to the gradebook and to the result. An `error` is added only to the result."""
    if done.verdict.status == "error":
        found.left.append(f"{stored.person}, {stored.kata}: {done.verdict.message}")
        return
    old = stored.verdict
    kept = {"intake_notes": old.intake_notes, "accepted_confinement": old.accepted_confinement}
    before, after = book.add_regraded(stored.id, msgspec.structs.replace(done.verdict, **kept))
    found.graded += 1
    found.folders.setdefault(str(options.batch or stored.batch), set()).add((stored.person, stored.kata))
    if (before.status, before.score) != (after.status, after.score):
        found.changed.append((stored.person, stored.kata, before, after))


def _job(stored: StoredSubmission, kata: Kata, digests: tuple[str, str], seed: bytes, options: RegradingOptions) -> Job:
    place = str(options.batch or stored.batch)
    if not place:
        raise KataError("the gradebook does not know which batch folder holds its files. Specify it with --batch DIR.")
    kata_digest, suite_digest = digests
    require_extras = options.require_extras
    if require_extras is None:
        require_extras = stored.verdict.require_extras or kata.require_extras
    return Job(
        person=stored.person,
        submitted_at=stored.submitted_at,
        kata=stored.kata,
        root=str(kata.root),
        kata_digest=kata_digest,
        suite_digest=suite_digest,
        submission=Batch(Path(place)).store.take(kata, stored.sha256),
        seed=seed_of(seed, stored.person, stored.kata, stored.sha256, stored.submitted_at),
        require_extras=require_extras,
    )

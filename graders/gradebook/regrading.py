"""Submissions of a gradebook graded again, from the batch folders that keep their files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from graders.batch import running
from graders.batch.cohort import Batch, seed_of, state, state_of
from graders.batch.executors import Place
from graders.batch.resident import Job
from graders.catalogue import Kata
from graders.errors import KataError
from graders.gradebook.book import Gradebook, Kept
from graders.verdict import Confinement, Verdict


@dataclass
class Regraded:
    """What came of it: `changed` are (person, kata, before, after); `left` says what could not be graded, and why."""

    graded: int = 0
    changed: list[tuple[str, str, Verdict, Verdict]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def outdated(kept: Sequence[Kept], katas: Mapping[str, Kata]) -> list[Kept]:
    """Those whose verdict is of other tests, another kata or another harness than these."""
    now = {slug: state(kata) for slug, kata in katas.items()}
    return [each for each in kept if each.kata in now and state_of(each.verdict) != now[each.kata]]


def regrade(
    book: Gradebook,
    kept: Sequence[Kept],
    katas: Mapping[str, Kata],
    place: Place,
    *,
    batch: Path | None = None,
    require: Confinement | None = None,
    require_extras: bool | None = None,
    seed: bytes | None = None,
) -> Iterator[Regraded]:
    """Grade these again and keep the new verdicts beside the old ones; yields how far it is, the same record each time.

    `batch` is the folder that keeps the submissions, where it is not the one that they were imported from. Extras are
    required where they were, and where the kata requires them, unless `require_extras` says it for all.
    """
    found = Regraded()
    numbers: dict[bytes, Kept] = {}
    drawn = seed or os.urandom(32)
    digests = {slug: state(katas[slug])[:2] for slug in {each.kata for each in kept}}

    def jobs() -> Iterator[Job]:
        for each in kept:
            try:
                job = _job(each, katas[each.kata], digests[each.kata], drawn, batch, require, require_extras)
            except KataError as fault:
                found.left.append(f"{each.person}, {each.kata}: {fault}")
                continue
            numbers[job.seed] = each
            yield job

    for group in running.graded(jobs(), place):
        for done in group:
            each = numbers.pop(done.job.seed)
            if done.verdict.status == "error":
                found.left.append(f"{each.person}, {each.kata}: {done.verdict.message}")
                continue
            before, after = book.add_regraded(each.id, done.verdict)
            found.graded += 1
            if (before.status, before.score) != (after.status, after.score):
                found.changed.append((each.person, each.kata, before, after))
        yield found
    yield found


def _job(
    each: Kept,
    kata: Kata,
    digests: tuple[str, str],
    seed: bytes,
    batch: Path | None,
    require: Confinement | None,
    require_extras: bool | None,
) -> Job:
    place = str(batch or each.batch)
    if not place:
        raise KataError("its files are in no batch folder that the gradebook knows; name it: --batch DIR")
    return Job(
        person=each.person,
        submitted_at=each.submitted_at,
        kata=each.kata,
        root=str(kata.root),
        kata_digest=digests[0],
        suite_digest=digests[1],
        submission=Batch(Path(place)).store.take(kata, each.sha256),
        seed=seed_of(seed, each.person, each.kata, each.sha256, each.submitted_at),
        require=require,
        require_extras=each.verdict.require_extras or kata.require_extras if require_extras is None else require_extras,
    )

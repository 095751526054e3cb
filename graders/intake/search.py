"""Find declared files that have another name or place than the exact rules expect.

People submit `softmax (1).py`, a folder in a folder, a .zip next to a note, or the notebook of the kata. This module
finds such files, and says in `Submission.notes` what it took. Whatever it finds must pass the same checks as a file
with the exact name and place, so it can allow nothing that they forbid. It never takes a file that may belong to
another kata, and never chooses between two different files that fit equally well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from graders import catalogue
from graders.catalogue import Kata, is_glob
from graders.errors import CatalogueError, IntakeError
from graders.intake import listing, notebooks, rules
from graders.intake.folder import NOT_SEARCHED
from graders.intake.listing import FILE, FOLDER, Entry
from graders.intake.places import ARCHIVES, Place
from graders.intake.records import Submission, submission
from graders.intake.rules import folded, printable, refuse

_COPY = re.compile(r"(?: ?\(\d{1,3}\)|-\d{1,3}| - copy| copy(?: \d{1,3})?)$")  # how systems name a second copy
CANDIDATES = 20  # if more files could be a declared one, none of them is taken
SHOWN = 5
_CELL = 4  # the rank of a notebook's cell, after all names


class Candidate(NamedTuple):
    """An entry that may be a declared file, and how messages call it.

    `rank` is 0 for the exact name, and higher the more the name differs. `elsewhere` is whether the path does not name
    the kata. `apart` is whether it lies in another folder than the files that were found by the exact rules.
    """

    entry: Entry
    said: str
    rank: int
    elsewhere: bool
    apart: bool

    def is_at_least_as_good_as(self, other: Candidate) -> bool:
        return all(mine <= others for mine, others in zip(self[2:], other[2:], strict=True))


def take(kata: Kata, place: Place) -> Submission:
    """Return the declared files in a place, wherever they are. Refuse one that several different files could be."""
    exact = place.exact(kata)
    if not exact.missing:
        return exact
    try:
        place.found  # noqa: B018 (it is listed here)
    except IntakeError:  # it holds too many files to search
        return exact
    return _Search(kata, place, exact).taken()


def copies(kata: Kata, place: Place, taken: Submission) -> list[tuple[str, str]]:
    """Return the ignored files that look like newer or older versions of taken ones, each after the taken name."""
    ignored: Sequence[str] = taken.ignored
    if len(ignored) > rules.IGNORED_SHOWN:  # it names only the first ones
        try:
            ignored = [printable(each.name) for each in place.entries if each.kind != FOLDER]
        except IntakeError:
            ignored = taken.ignored
    others = _names(kata.root).keys() - {kata.slug}
    found = []
    for name in ignored:
        base = name.rpartition("/")[2]
        if others.isdisjoint(map(folded, name.split("/")[:-1])):
            for file in taken.files:
                said = f"{name} was graded as {file.name}" in taken.notes
                if _rank(base, file.name.rpartition("/")[2]) and not said:
                    found.append((file.name, name))
    return found


class _Search:
    """The search for the files of one kata that the exact rules did not find in a place."""

    def __init__(self, kata: Kata, place: Place, exact: Submission) -> None:
        self.kata, self.place, self.exact, self.found = kata, place, exact, place.found
        # Files that only match a pattern don't tell which folder is meant.
        self.fixed = [file for file in exact.files if file.name in kata.files]
        self.base = listing.kata_folder(kata, place.entries) if self.fixed else ""
        self.others = {slug: names for slug, names in _names(kata.root).items() if slug != kata.slug}

    def taken(self) -> Submission:
        """Return the files that were found by the exact rules, and those that this search adds."""
        chosen: dict[str, Candidate] = {}
        notes = list(self.exact.notes)
        refused = rules.Refusals(self.kata)
        for name in self.exact.missing:
            with refused.of(name):
                candidates = list(islice(self._candidates(name), CANDIDATES + 1))
                best = _best(name, candidates)
                said = f"several files could be it: {_named(candidates)}"
                if best is not None:
                    chosen[name] = best
                elif candidates and self.fixed:
                    notes.append(f"{name} was not found; {said}")
                elif candidates:
                    refuse(name, f"not found, but {said}", "Hand in one of them.")
        notes += [f"{each.said} was graded as {name}" for name, each in chosen.items()] or self.place.problems
        if chosen and not self.fixed:
            self.base = _folder_of(*next(iter(chosen.items())))
        found = self._listed(chosen) if chosen else self._nothing_new()
        files = {file.name: file.data for file in found.files}
        refusals = {**self.exact.refused, **found.refused, **refused}
        return submission(self.kata, files, found.ignored, notes=tuple(notes), refused=refusals)

    def _nothing_new(self) -> Submission:
        """Return the files found by the exact rules; without any, name the files in archives among the ignored ones."""
        if self.exact.files or len(self.found) == len(self.place.entries):
            return self.exact
        names = [each.name for each in self.found if each.kind != FOLDER]
        return submission(self.kata, {}, rules.shown(names[: rules.IGNORED_WALKED]))

    def _listed(self, chosen: dict[str, Candidate]) -> Submission:
        """Apply the rules for exact names to the chosen entries under their declared names."""
        by_entry = {each.entry.name: name for name, each in chosen.items() if each.rank < _CELL}
        inside = [each.entry._replace(name=name) for name, each in chosen.items() if each.rank >= _CELL]
        outside = []
        for entry in self.found:
            name = entry.name.removeprefix(self.base) if entry.name.startswith(self.base) else ""
            if entry.name in by_entry:
                rules.check_name(entry.name)
                inside.append(entry._replace(name=by_entry[entry.name]))
            elif name and name not in chosen:
                inside.append(entry._replace(name=name))
            elif entry.kind != FOLDER:
                outside.append(entry.name)
        taken = listing.take(self.kata, inside, outside)
        # The exact rules decide about the files that they found.
        return taken if all(file in taken.files for file in self.fixed) else self.exact

    def _candidates(self, name: str) -> Iterator[Candidate]:
        """Yield the entries that may be the declared file `name`, in the order of the list."""
        depth, (folder, _, wanted) = name.count("/") + 1, name.rpartition("/")
        for entry in self.found:
            parts = entry.name.split("/")
            rank = _rank(parts[-1], wanted) if entry.kind != FOLDER else None
            if (
                rank is None
                or "/".join(parts[-depth:-1]) != folder
                or any(part.startswith(".") or part in NOT_SEARCHED for part in parts)
            ):
                continue
            own = self._path_says(parts[:-depth])
            here = "".join(f"{part}/" for part in parts[:-depth]) == self.base
            if own or (own is not None and self._is_distinctive(parts[-1], wanted, rank, here)):
                yield Candidate(entry, printable(entry.name), rank, not own, self._is_apart(parts[:-depth]))
        if depth == 1 and name.endswith(".py"):
            yield from self._cells(name)

    def _cells(self, name: str) -> Iterator[Candidate]:
        for book, number, named, text in self.place.cells:
            *folders, base = book.name.split("/")
            own = self._path_says([*folders, base.lower().removesuffix(notebooks.SUFFIX)])
            if named == name and (own or (own is not None and self._is_distinctive(name, name, 0))):
                cell = Entry(f"{book.name}/{number}", FILE, len(text), partial(_start_of, text))
                said = f"cell {number} of {printable(book.name)}"
                yield Candidate(cell, said, _CELL, not own, self._is_apart(folders))

    def _is_apart(self, folders: Sequence[str]) -> bool:
        return bool(self.fixed) and "".join(f"{part}/" for part in folders) != self.base

    def _path_says(self, folders: Sequence[str]) -> bool | None:
        """Return whether a path names this kata, and None if it names another one."""
        names = {re.sub(r"[ _-]", "", _without_ending(folded(part))) for part in folders}
        if self.kata.slug in names:
            return True
        return None if names & self.others.keys() else False

    def _is_distinctive(self, base: str, wanted: str, rank: int, here: bool = False) -> bool:
        """Return whether a file with this base name belongs to this kata if its path doesn't name a kata.

        Several katas may have a file of the same name. If it lies `here`, where the exact rules take it for this kata,
        they take a copy or another spelling, too.
        """
        others = {other for names in self.others.values() for other in names}
        if here:
            others.discard(wanted)
        ranks = [found for other in others if (found := _rank(base, other)) is not None]
        return wanted not in others and all(rank < other for other in ranks)


def _start_of(text: bytes, most: int) -> bytes:
    return text[:most]


def _named(candidates: Sequence[Candidate]) -> str:
    names = ", ".join(each.said for each in candidates[:SHOWN])
    return names + (" and more" if len(candidates) > SHOWN else "")


def _best(name: str, candidates: Sequence[Candidate]) -> Candidate | None:
    """Return the candidate that is better than all others, or the first one if they are all alike, or None."""
    if len(candidates) > CANDIDATES:
        return None
    best = [each for each in candidates if all(each.is_at_least_as_good_as(other) for other in candidates)]
    for several in (best, candidates):
        if len(several) == 1:
            return several[0]
        if several and all(each.entry.kind == FILE for each in several):
            limit = rules.limit_of(name) + 1
            if len({each.entry.read(limit) for each in several}) == 1:
                return several[0]
    return None


def _folder_of(name: str, candidate: Candidate) -> str:
    """Return the prefix of the kata's folder, given where one of its files was found."""
    depth = 2 if candidate.rank >= _CELL else name.count("/") + 1  # a cell's entry lies in its notebook
    return "".join(f"{part}/" for part in candidate.entry.name.split("/")[:-depth])


def _rank(base: str, wanted: str) -> int | None:
    """Return how much a file's name differs from the wanted one, or None if it means something else."""
    if base == wanted:
        return 0
    base, wanted = folded(base), folded(wanted)
    stem, dot, ending = base.rpartition(".")
    for rank in (1, 2, 3):
        if f"{stem}{dot}{ending}" == wanted:
            return rank
        stem = _COPY.sub("", stem)
    return None


def _without_ending(name: str) -> str:
    ending = next((each for each in ARCHIVES if name.endswith(each)), "")
    return _COPY.sub("", _COPY.sub("", name.removesuffix(ending)))


@lru_cache(maxsize=8)
def _names(root: Path) -> dict[str, frozenset[str]]:
    """Return the base names of each kata's declared and supplied files, without patterns."""
    found = {}
    for slug in catalogue.slugs(root):
        try:
            kata = catalogue.load(root, slug, complete=False)
        except CatalogueError:
            continue
        names = [*kata.files, *kata.supplied]
        found[slug] = frozenset(name.rpartition("/")[2] for name in names if not is_glob(name))
    return found

"""`katas feedback`: what people get back of the verdicts that a batch has stored."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from graders import catalogue
from graders.cli import delivery
from graders.cli.session import Session
from graders.errors import KataError
from graders.verdict import Audience, HiddenDetail, Verdict, from_json

if TYPE_CHECKING:
    from graders.batch.cohort import Batch
    from graders.batch.journal import Short

SUFFIXES = {"html": "html", "markdown": "md", "terminal": "txt", "json": "json", "junit": "xml", "csv": "csv"}
BATCH = "name the --out folder of `katas grade-batch`, or a verdict's file"
AGAIN = "move it away, and the same `katas grade-batch` writes it again, with the points of people that its journal has"
REMEDY = "mend that, or name another folder (--to DIR); the same command writes what is missing"

Key = tuple[str, str]  # the name of a person's folder, and a kata's slug


def feedback(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The --out of grade-batch, or a verdict's file.")],
    people: Annotated[list[str] | None, typer.Argument(metavar="PERSON", help="Whose; everybody's if none.")] = None,
    katas: Annotated[
        list[str] | None, typer.Option("--kata", help="Of this kata alone; give it again.", metavar="SLUG")
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", help="html, markdown, text or another of `katas grade`.", metavar="FORM"),
    ] = None,
    to: Annotated[Path | None, typer.Option("--to", help="Write there, not to OUT/feedback.", metavar="DIR")] = None,
    audience: Annotated[
        str | None, typer.Option(help="Of a verdict's file: learner, public, instructor.", metavar="WHO")
    ] = None,
) -> int:
    """Write what people get back.

    A page for each verdict that grade-batch has stored, in OUT/feedback/PERSON/: with the points that people gave,
    without the seed, of hidden tests with what the kata allows. Nothing is graded. Given again, it replaces what has
    changed. Of a single verdict's file it prints the report.

    Exit status: 0 all there, 2 something was left out or could not be written.
    """
    form = _form(form or ("html" if out.is_dir() else "terminal"))
    if not out.is_dir():
        if people or katas or to:
            raise KataError(f"{out}: no folder of a batch; of a verdict's file give only --format and --audience")
        _show(out, form, _audience(audience or "learner"))
        return 0
    if audience is not None:
        raise KataError("--audience is for a single verdict's file: what a batch has stored is written for its people")
    from graders.batch.cohort import Batch

    writing = _Writing(out, to or Batch(out).feedback, form, people or [], katas or [])
    print("\n".join(writing.run()))
    return 2 if writing.left_out else 0


def _form(name: str) -> str:
    from graders.report import FORMATS

    if name == "text":
        return "terminal"
    if name not in FORMATS:
        raise KataError(f"--format {name}: one of {', '.join(FORMATS)} or text is expected")
    return name


def _audience(name: str) -> Audience:
    if name not in get_args(Audience):
        raise KataError(f"--audience {name}: learner, public or instructor is expected")
    return cast("Audience", name)


def _show(file: Path, form: str, audience: Audience) -> None:
    """Print the report of one verdict. Raises KataError for what is none."""
    from graders import report
    from graders.report import terminal

    try:
        verdict = from_json(file.read_bytes())
    except OSError as fault:
        raise KataError(f"{file}: {fault.strerror}: {BATCH}") from None
    except (KataError, RecursionError) as fault:
        raise KataError(f"{file}: {fault}: {BATCH}") from None
    verdict = _allowed(verdict, _details([verdict.kata]))
    if form == "terminal":
        terminal.print_verdict(verdict, audience=audience)
    else:
        print(report.render([verdict], form, audience).removesuffix("\n"))


def _details(slugs: Collection[str]) -> dict[str, HiddenDetail]:
    """What the katas allow to be shown of hidden tests today, of those that are in this repository."""
    known = set(catalogue.slugs(Session.root))
    return {slug: catalogue.load(Session.root, slug, complete=False).hidden_detail for slug in slugs if slug in known}


def _allowed(verdict: Verdict, details: Mapping[str, HiddenDetail]) -> Verdict:
    """The verdict with the stricter of what its kata allowed when it was graded, and allows today."""
    from msgspec.structs import replace

    stricter = min(
        verdict.hidden_detail, details.get(verdict.kata, verdict.hidden_detail), key=get_args(HiddenDetail).index
    )
    return replace(verdict, hidden_detail=stricter)


@dataclass
class _Writing:
    """One run of the command over a batch's folder."""

    out: Path
    to: Path
    form: str
    people: Sequence[str]
    katas: Sequence[str]
    written: list[Key] = field(default_factory=list)
    same: list[Key] = field(default_factory=list)  # there already
    awaiting: int = 0
    nothing: list[str] = field(default_factory=list)  # who was asked for, and has nothing of these katas
    left_out: list[str] = field(default_factory=list)

    @property
    def batch(self) -> Batch:
        from graders.batch.cohort import Batch

        return Batch(self.out)

    def run(self) -> list[str]:
        """Write what was asked for; what it came to, in words. Raises KataError where nothing more can be written."""
        self._check_target()
        standing = self._standing()
        stored = {*standing, *self._stored()}
        if not stored:
            raise KataError(f"{self.out}/verdicts: no verdict in it; `katas grade-batch` grades, with this --out")
        chosen = self._chosen(stored)
        details = _details({kata for _, kata in chosen})
        with _writable(self.to):
            self.to.mkdir(mode=0o700, parents=True, exist_ok=True)  # marks are nobody else's business
        places: dict[tuple[int, int], str] = {}
        for person, kata in chosen:
            try:
                file = self.batch.verdict_file(person, kata)
                verdict = _allowed(_read(file, kata, standing.get((person, kata))), details)
                target = self._target(person, kata, places)
                text = self._rendered(verdict, file)
            except _LeftOut as fault:
                self.left_out.append(str(fault))
                continue
            self._write(verdict, text, target, (person, kata))
        return self._told(stored)

    def _check_target(self) -> None:
        out, to = self.out.resolve(), self.to.resolve()
        own = (out / "verdicts", out / "submissions")
        if to == out or any(place == to or place in to.parents for place in own):
            raise KataError(f"--to {self.to}: the batch keeps its own files there; name another folder")

    def _standing(self) -> dict[Key, Short]:
        """What the journal has of everybody, if there is one."""
        from graders.batch import journal

        batch = self.batch
        if not batch.journal.exists():
            return {}
        try:
            rows = journal.shorts(batch.journal).values()
        except KataError as fault:
            self.left_out.append(str(fault))
            return {}
        return {(batch.folder_of(row.person), row.verdict.kata): row for row in rows if _is_name(*row.key)}

    def _stored(self) -> Iterator[Key]:
        """What there is a file of."""
        place = self.out / "verdicts"
        if not place.is_dir():
            if self.batch.journal.is_file():
                return
            raise KataError(f"{self.out}: no batch in it: there is no {place}; {BATCH}")
        for folder in sorted(each for each in place.iterdir() if each.is_dir() and not each.name.startswith(".")):
            try:
                names = [file.name for file in folder.iterdir() if not file.name.startswith(".")]
            except OSError as fault:
                self.left_out.append(f"{folder}: {fault.strerror}")
                continue
            yield from ((folder.name, name.removesuffix(".json")) for name in names if name.endswith(".json"))

    def _chosen(self, stored: Collection[Key]) -> list[Key]:
        """Those that were asked for. Raises KataError for a person or a kata that there is nothing of."""
        from graders.batch.entries import composed

        folders = {composed(person): person for person, _ in stored}
        katas = {kata for _, kata in stored}
        asked = {each: folders.get(composed(self.batch.folder_of(each))) for each in self.people}
        for name, person in asked.items():
            if person is None:
                raise KataError(f"{self.out}: no verdict of {_shown(name)}; there is one of {_some(folders.values())}")
        for kata in self.katas:
            if kata not in katas:
                raise KataError(f"{self.out}: no verdict on {_shown(kata)}; there is one on {_some(katas)}")
        wanted = {person for person in asked.values() if person is not None} or set(folders.values())
        chosen = [key for key in sorted(stored) if key[0] in wanted and (not self.katas or key[1] in self.katas)]
        if not chosen:
            raise KataError(f"{self.out}: no verdict of {_some(self.people)} on {_some(self.katas)}")
        silent = wanted - {person for person, _ in chosen}
        self.nothing = sorted(silent) if self.people else []
        return chosen

    def _target(self, person: str, kata: str, places: dict[tuple[int, int], str]) -> Path:
        """The file that is to be written. Raises _LeftOut where it would be in another one's folder."""
        folder = self.to / person
        target = folder / f"{kata}.{SUFFIXES.get(self.form, f'{self.form}.json')}"
        with _writable(folder):
            if not folder.is_symlink():
                folder.mkdir(exist_ok=True)
            link = next((path for path in (folder, target) if path.is_symlink()), None)
            if link is not None:
                raise _LeftOut(f"{_shown(link)}: a link; remove it")
            found = folder.stat()
        owner = places.setdefault((found.st_dev, found.st_ino), person)
        if owner != person:  # a file system that takes two names for one
            raise _LeftOut(
                f"{_shown(folder)}: it is {_shown(owner)}'s folder too on this file system; give another --to"
            )
        return target

    def _rendered(self, verdict: Verdict, file: Path) -> str:
        """The report. Raises _LeftOut where it cannot be made, so that everybody else's still is."""
        from graders import report

        try:
            return report.render([verdict], self.form)
        except Exception as fault:  # noqa: BLE001 (whatever one verdict holds, the others' pages are written)
            said = f"{type(fault).__name__}: {_shown(fault)}"
            raise _LeftOut(f"{_shown(file)}: no report can be made of it ({said}); please report this") from None

    def _write(self, verdict: Verdict, text: str, target: Path, key: Key) -> None:
        data = (text if text.endswith("\n") else text + "\n").encode()
        with _writable(target):
            same = target.is_file() and target.read_bytes() == data
        if not same:
            delivery.deliver_bytes(data, target, REMEDY)
        (self.same if same else self.written).append(key)
        self.awaiting += bool(verdict.review_points)

    def _told(self, stored: Collection[Key]) -> list[str]:
        people = len({person for person, _ in self.written})
        line = f"written: {_count(len(self.written), 'file', 'files')} for {_count(people, 'person', 'people')}"
        lines = [f"{line} in {self.to}" + (f"; {len(self.same)} there already" if self.same else "")]
        if self.awaiting:
            lines.append(f"awaiting a person's marks: {self.awaiting} of them; `katas review` gives them")
        lines += [f"nothing of these katas from: {_shown(person)}" for person in self.nothing]
        if self.to == self.batch.feedback:
            gone = [path for path in sorted(self.to.glob("*/*.*")) if (path.parent.name, _slug(path)) not in stored]
            lines += [f"no verdict any more: {_shown(path)}; remove it" for path in gone]
        return lines + [f"left out: {each}" for each in self.left_out]


class _LeftOut(Exception):
    """Why there is nothing for somebody of some kata; the rest goes on."""


def _read(file: Path, kata: str, standing: Short | None) -> Verdict:
    """The verdict in a file. Raises _LeftOut where it is not to be given out."""
    from graders.batch.cohort import state_of

    remedy = AGAIN if standing else "correct or remove it"
    try:
        verdict = from_json(file.read_bytes())
    except FileNotFoundError:
        raise _LeftOut(f"{_shown(file)}: it is not there; the same `katas grade-batch` writes it again") from None
    except OSError as fault:
        raise _LeftOut(f"{_shown(file)}: {fault.strerror}; {remedy}") from None
    except (KataError, RecursionError) as fault:
        raise _LeftOut(f"{_shown(file)}: {fault}; {remedy}") from None
    if verdict.kata != kata:
        raise _LeftOut(f"{_shown(file)}: a verdict on {_shown(verdict.kata)}, not on {_shown(kata)}; {remedy}")
    if standing is not None:
        last = standing.verdict
        if (verdict.submission_sha256, state_of(verdict)) != (last.submission_sha256, state_of(last)):
            raise _LeftOut(f"{_shown(file)}: not the last verdict in the journal, which counts; {remedy}")
    return verdict


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    """What the system says of a file or folder that is to be written, as a KataError."""
    try:
        yield
    except OSError as fault:
        raise KataError(f"{_shown(path)}: {fault.strerror}: {REMEDY}") from None


def _is_name(person: str, kata: str) -> bool:
    """Whether both name something in a folder, and never one that lies elsewhere."""
    return person not in ("", ".", "..") and kata == Path(kata).name and "\0" not in person + kata


def _slug(path: Path) -> str:
    return path.name.partition(".")[0]


def _shown(name: object) -> str:
    from graders.report.text import clean_line

    return clean_line(str(name), 1_000)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _some(names: Collection[str], most: int = 10) -> str:
    shown = [_shown(name) for name in sorted(names)]
    return ", ".join(shown[:most]) + (f" and {len(shown) - most} more" if len(shown) > most else "")

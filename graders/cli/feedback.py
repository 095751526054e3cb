"""`katas feedback`: write reports for students from the verdicts of a batch."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from graders import catalogue
from graders.cli.marks import FORMS, with_mark
from graders.cli.session import Invocation
from graders.errors import KataError
from graders.learner.explanations import Explained, renderer
from graders.output import delivery
from graders.verdict import Audience, HiddenDetail, Verdict, from_json

if TYPE_CHECKING:
    from graders.course.batch import Batch
    from graders.course.batch_store import BatchStore
    from graders.course.final_marks import FinalMarks

SUFFIXES = {"html": "html", "markdown": "md", "terminal": "txt", "json": "json", "junit": "xml", "csv": "csv"}
BATCH = "Specify the --out folder of `katas grade-batch`, or a verdict file."
NO_AUDIENCE = "--audience is only for a verdict file. A batch's reports are always for learners, so leave it out."
REMEDY = "Fix that or choose another folder (--to DIR), and run the command again to write the missing reports."

Reader = Annotated[
    str | None, typer.Option(help="The reader of a verdict file: learner, public or instructor.", metavar="WHO")
]
Explanations = Annotated[
    bool, typer.Option("--explanations", help="Add each kata's explanation, which shows parts of solutions.")
]

Key = tuple[str, str]  # the name of a person's folder, and a kata's slug


def feedback(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The --out folder of grade-batch, or a verdict file.")],
    people: Annotated[
        list[str] | None, typer.Argument(metavar="PERSON", help="Whose reports to write; by default, everyone's.")
    ] = None,
    katas: Annotated[
        list[str] | None, typer.Option("--kata", help="Only this kata; repeat the option for several.", metavar="SLUG")
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", help="html, markdown, text or another format of `katas grade`.", metavar="FORM"),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="The folder to write to; OUT/feedback by default.", metavar="DIR")
    ] = None,
    audience: Reader = None,
    explanations: Explanations = False,
) -> int:
    """Write the reports that students get back.

    For each verdict from grade-batch, this writes a page to OUT/feedback/PERSON/. The page includes manual scores,
    omits the seed, and shows only as much of the hidden tests as the kata allows. If you run the command again, it
    replaces the pages that have changed. Given a single verdict file, it prints the report. It never grades.

    Exit status: 0 all reports are written, 2 some were left out or could not be written.
    """
    form = _form(form or ("html" if out.is_dir() else "terminal"))
    if not out.is_dir():
        if people or katas or to or explanations:
            raise KataError(f"{out}: this is not a folder. With a verdict file, use only --format and --audience.")
        _show(out, form, _audience(audience or "learner"))
        return 0
    if audience is not None:
        raise KataError(NO_AUDIENCE)
    from graders.course.batch import Batch

    added = renderer(form) if explanations else None
    writer = _ReportWriter(out, to or Batch(out).feedback, form, people or [], katas or [], added)
    print("\n".join(writer.run()))
    return 2 if writer.left_out else 0


def _form(name: str) -> str:
    from graders.report import FORMATS

    if name == "text":
        return "terminal"
    if name not in FORMATS:
        raise KataError(f"--format {name}: expected {', '.join(FORMATS)} or text.")
    return name


def _audience(name: str) -> Audience:
    if name not in get_args(Audience):
        raise KataError(f"--audience {name}: expected learner, public or instructor.")
    return cast("Audience", name)


def _show(file: Path, form: str, audience: Audience) -> None:
    from graders import report
    from graders.report import terminal

    try:
        verdict = from_json(file.read_bytes())
    except OSError as fault:
        raise KataError(f"{file}: {fault.strerror}. {BATCH}") from None
    except (KataError, RecursionError) as fault:
        raise KataError(f"{file}: {_sentence(fault)} {BATCH}") from None
    verdict = _allowed(verdict, _details([verdict.kata]))
    if form == "terminal":
        terminal.print_verdict(verdict, audience=audience)
    else:
        print(report.render([verdict], form, audience).removesuffix("\n"))


def _details(slugs: Collection[str]) -> dict[str, HiddenDetail]:
    """Return how much detail on hidden tests each of these katas currently allows."""
    known = set(catalogue.slugs(Invocation.root))
    return {
        slug: catalogue.load(Invocation.root, slug, complete=False).hidden_detail for slug in slugs if slug in known
    }


def _allowed(verdict: Verdict, details: Mapping[str, HiddenDetail]) -> Verdict:
    """Limit the detail on hidden tests to what the kata allowed at grading time and still allows."""
    from msgspec.structs import replace

    stricter = min(
        verdict.hidden_detail, details.get(verdict.kata, verdict.hidden_detail), key=get_args(HiddenDetail).index
    )
    return replace(verdict, hidden_detail=stricter)


@dataclass
class _ReportWriter:
    """A writer of the reports for one batch."""

    out: Path
    to: Path
    form: str
    people: Sequence[str]
    katas: Sequence[str]
    explained: Explained | None = None  # adds the kata's explanation to a report
    written: list[Key] = field(default_factory=list)
    same: list[Key] = field(default_factory=list)  # the reports that did not change
    awaiting: int = 0
    nothing: list[str] = field(default_factory=list)  # requested people who have no verdict on these katas
    left_out: list[str] = field(default_factory=list)

    @property
    def batch(self) -> Batch:
        from graders.course.batch import Batch

        return Batch(self.out)

    def run(self) -> list[str]:
        """Write the reports, and return a summary as lines of text. Raises KataError if it cannot continue."""
        self._check_target()
        from graders.course.final_marks import FinalMarks

        with self.batch.reading() as held:
            marks = FinalMarks(held)
            readers = marks.readers(held.shorts().keys())
            stored = self._stored(readers)
            if not stored:
                raise KataError(f"{self.out}: there are no verdicts. Run `katas grade-batch` with this --out first.")
            chosen = self._chosen(stored, held)
            details = _details({kata for _, kata in chosen})
            with _writable(self.to):
                self.to.mkdir(mode=0o700, parents=True, exist_ok=True)  # grades are private
            self._write_pages(held, marks, readers, set(chosen), details)
        return self._summary(stored)

    def _write_pages(
        self,
        held: BatchStore,
        marks: FinalMarks,
        readers: Mapping[Key, Sequence[str]],
        chosen: Collection[Key],
        details: Mapping[str, HiddenDetail],
    ) -> None:
        from msgspec.structs import replace

        from graders.course.final_marks import note_pages

        shown: dict[Key, float] = {}
        places: dict[tuple[int, int], str] = {}
        everyone = (replace(own, person=person) for own in held.rows() for person in readers.get(own.key, ()))
        for row in everyone:
            key = (self.batch.folder_of(row.person), row.verdict.kata)
            if key not in chosen:
                continue
            mark = marks.of(row)
            try:
                verdict = _allowed(marks.verdict(row) if self.form in FORMS else row.verdict, details)
                target = self._target(*key, places)
                text = self._rendered(verdict, key, mark.lines if mark else ())
            except _LeftOut as fault:
                self.left_out.append(str(fault))
                continue
            self._write(text, target, key)
            self.awaiting += bool(marks.verdict(row).review_points)
            if mark:
                shown[row.key] = mark.points
        note_pages(held, shown, marks.line)

    def _check_target(self) -> None:
        out, to = self.out.resolve(), self.to.resolve()
        own = (out / "verdicts", out / "submissions")
        if to == out or any(place == to or place in to.parents for place in own):
            raise KataError(f"--to {self.to}: the batch has its own files there. Choose another folder.")

    def _stored(self, readers: Mapping[Key, Sequence[str]]) -> set[Key]:
        """Return the keys of the pages that the batch can have. A name that could lead out of a folder has none."""
        keys = [(person, kata) for (_, kata), people in readers.items() for person in people]
        return {(self.batch.folder_of(person), kata) for person, kata in keys if _is_name(person, kata)}

    def _asked(self, folders: Mapping[str, str], held: BatchStore) -> set[str]:
        """Return the folders of the named people. Raises KataError if one of them has no verdict.

        `folders` maps their normalised names to the folders of people who have one. A name may also be any other name
        or id that the gradebook knows.
        """
        from graders.course.submissions import composed

        found: set[str] = set()
        for name in self.people:
            names = [name]
            if composed(self.batch.folder_of(name)) not in folders and held.book.has_person(name):
                names = [held.book.id_of(name), *held.book.names_of(name)]
            keys = [composed(self.batch.folder_of(each)) for each in names]
            of_person = {folders[key] for key in keys if key in folders}
            if not of_person:
                raise KataError(
                    f"{self.out}: no verdicts for {_shown(name)}. There are verdicts for {_some(folders.values())}."
                )
            found |= of_person
        return found

    def _chosen(self, stored: Collection[Key], held: BatchStore) -> list[Key]:
        """Return the keys of the verdicts to report. Raises KataError if a named person or kata has no verdict."""
        from graders.course.submissions import composed

        folders = {composed(person): person for person, _ in stored}
        katas = {kata for _, kata in stored}
        asked = self._asked(folders, held)
        for kata in self.katas:
            if kata not in katas:
                raise KataError(f"{self.out}: no verdicts on {_shown(kata)}. There are verdicts on {_some(katas)}.")
        wanted = asked or set(folders.values())
        chosen = [key for key in sorted(stored) if key[0] in wanted and (not self.katas or key[1] in self.katas)]
        if not chosen:
            raise KataError(f"{self.out}: no verdicts for {_some(self.people)} on {_some(self.katas)}.")
        silent = wanted - {person for person, _ in chosen}
        self.nothing = sorted(silent) if self.people else []
        return chosen

    def _target(self, person: str, kata: str, places: dict[tuple[int, int], str]) -> Path:
        """Return the path of a report. Raises _LeftOut for a symbolic link, or for another person's folder."""
        folder = self.to / person
        target = folder / f"{kata}.{SUFFIXES.get(self.form, f'{self.form}.json')}"
        with _writable(folder):
            if not folder.is_symlink():
                folder.mkdir(exist_ok=True)
            link = next((path for path in (folder, target) if path.is_symlink()), None)
            if link is not None:
                raise _LeftOut(f"{_shown(link)}: this is a symbolic link. Remove it.")
            found = folder.stat()
        owner = places.setdefault((found.st_dev, found.st_ino), person)
        if owner != person:  # this happens on a file system that ignores case, for example
            raise _LeftOut(
                f"{_shown(folder)}: on this file system, it is the same folder as {_shown(owner)}'s. Give another --to."
            )
        return target

    def _rendered(self, verdict: Verdict, key: Key, mark: Sequence[tuple[str, str]]) -> str:
        """Return the report. Raises _LeftOut if rendering fails, so that the other reports are still written."""
        from graders import report

        try:
            text = with_mark(report.render([verdict], self.form), self.form, mark)
            return self.explained(text, Invocation.root, verdict.kata) if self.explained else text
        except Exception as fault:  # noqa: BLE001 (an error in one report must not stop the others)
            detail = f"{type(fault).__name__}: {_shown(fault)}"
            raise _LeftOut(
                f"{_shown('/'.join(key))}: the report cannot be rendered ({detail}). Please report this bug."
            ) from None

    def _write(self, text: str, target: Path, key: Key) -> None:
        data = (text if text.endswith("\n") else text + "\n").encode()
        with _writable(target):
            same = target.is_file() and target.read_bytes() == data
        if not same:
            delivery.deliver_bytes(data, target, REMEDY)
        (self.same if same else self.written).append(key)

    def _summary(self, stored: Collection[Key]) -> list[str]:
        people = len({person for person, _ in self.written})
        line = f"written: {_count(len(self.written), 'file', 'files')} for {_count(people, 'person', 'people')}"
        lines = [f"{line} in {self.to}" + (f"; {len(self.same)} unchanged" if self.same else "")]
        if self.awaiting:
            lines.append(f"awaiting review: {self.awaiting} of them; score them with `katas review`")
        lines += [f"no submission for these katas: {_shown(person)}" for person in self.nothing]
        if self.to == self.batch.feedback:
            gone = [path for path in sorted(self.to.glob("*/*.*")) if (path.parent.name, _slug(path)) not in stored]
            lines += [f"outdated, because its verdict is gone: {_shown(path)}; remove it" for path in gone]
        return lines + [f"left out: {each}" for each in self.left_out]


class _LeftOut(Exception):
    """The reason why a report is left out. The other reports are still written."""


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    """Turn an OSError from writing this file or folder into a KataError."""
    try:
        yield
    except OSError as fault:
        raise KataError(f"{_shown(path)}: {fault.strerror}. {REMEDY}") from None


def _sentence(fault: BaseException) -> str:
    return f"{str(fault).rstrip('.')}."


def _is_name(person: str, kata: str) -> bool:
    """Return whether neither name can lead out of a folder."""
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

"""`katas feedback`: write reports for students from the verdicts of a batch."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

from msgspec.structs import replace

from graders import catalogue
from graders.cli.session import Invocation
from graders.errors import KataError
from graders.extras import missing
from graders.output import delivery
from graders.verdict import Audience, HiddenDetail, Verdict
from katas_course.commands.options import argument, counted, first_of, line, listed, option, verdict_in

if TYPE_CHECKING:
    from katas_course.batch import Batch, BatchStore
    from katas_course.final_marks import FinalMarks
    from katas_course.gradebook.storing import Key
    from katas_course.marked_reports import MarkNote


SUFFIXES = {"html": "html", "markdown": "md", "terminal": "txt", "json": "json", "junit": "xml", "csv": "csv"}
BATCH = "Specify the --out folder of `katas grade-batch`, or a verdict file."
NO_AUDIENCE = "--audience is only for a verdict file. A batch's reports are always for learners, so leave it out."
FORMS_FOR_PEOPLE = ("html", "markdown", "terminal")  # their tasks have the decisions on them, too
PACKAGES = ("markdown_it", "mdit_py_plugins", "latex2mathml")  # that explanations in HTML need
REMEDY = "Fix that or choose another folder (--to DIR), and run the command again to write the missing reports."

Reader = Annotated[str | None, option("The reader of a verdict file: learner, public or instructor.", "WHO")]
Explanations = Annotated[
    bool, option("Add each kata's explanation, which shows parts of solutions.", None, "--explanations")
]

Download = Annotated[
    Path | None, option("The download of Moodle or Canvas with the submissions, for --upload.", "FILE", "--download")
]
Upload = Annotated[
    Path | None,
    option("Also pack the pages on the kata into this .zip, for --download's platform.", "FILE", "--upload"),
]

PageKey = tuple[str, str]  # the name of a person's folder, and a kata's slug


def feedback(
    out: Annotated[Path, argument("OUT", "The --out folder of grade-batch, or a verdict file.")],
    people: Annotated[list[str] | None, argument("PERSON", "Whose reports to write; by default, everyone's.")] = None,
    katas: Annotated[
        list[str] | None, option("Only this kata; repeat the option for several.", "SLUG", "--kata")
    ] = None,
    form: Annotated[
        str | None,
        option("html, markdown, text or another format of `katas grade`.", "FORM", "--format"),
    ] = None,
    to: Annotated[Path | None, option("The folder to write to; OUT/feedback by default.", "DIR", "--to")] = None,
    audience: Reader = None,
    explanations: Explanations = False,
    download: Download = None,
    upload: Upload = None,
) -> int:
    """Write the reports that students get back.

    For each verdict from grade-batch, this writes a page to OUT/feedback/PERSON/. The page includes manual scores,
    omits the seed, and shows only as much of the hidden tests as the kata allows. If you run the command again, it
    replaces the pages that have changed. Given a single verdict file, it prints the report. It never grades.

    Exit status: 0 all reports are written, 2 some were left out or could not be written.
    """
    if not out.is_dir():
        form = _form(form or "terminal")
        if people or katas or to or explanations or upload:
            raise KataError(f"{out}: this is not a folder. With a verdict file, use only --format and --audience.")
        _show(out, form, audience or "learner")
        return 0
    if audience is not None:
        raise KataError(NO_AUDIENCE)
    if (download is None) != (upload is None) or (upload and len(katas or ()) != 1):
        raise KataError("--upload: it needs one --kata, and --download with the platform's own download of it.")
    from katas_course.batch import Batch

    batch, returns = Batch(out), None
    if download:
        from katas_course import uploads
        from katas_course.gradebook import settings
        from katas_course.gradebook.people import Directory

        (kata,) = katas or [""]
        with batch.reading() as held:
            directory, rules = held.book.read(Directory), held.book.read(settings.rules)
        returns = uploads.read(download, directory, kata, in_groups=kata in rules and rules[kata].in_groups)
    form = _form(form or ("html" if returns is None or returns.takes_pages else "terminal"))
    if explanations:
        check_explanations(form)
    writer = _ReportWriter(batch, to or batch.feedback, form, people or [], katas or [], explanations)
    print("\n".join(writer.run()))
    if upload and returns:
        ids = {
            batch.folder_of(name): directory.id_of(name) for name in (*directory.submitters, *directory.roster.people)
        }
        pages = {ids[person]: writer.page(person, kata) for person, kata in (*writer.written, *writer.same)}
        packed = uploads.packed(pages, returns)
        delivery.deliver_bytes(packed.data, upload)
        doubtful = first_of("not packed, because it may be someone else's", returns.doubtful)
        fix = ["Use the download that was graded, or grade this one with its worksheet (--times)."] if doubtful else []
        lines = [f"written: {upload} ({counted(packed.number, 'page', 'pages')})", *_not_in(download, packed.missing)]
        if packed.mates:
            lines.append(f"not packed, because someone else in the group has submitted: {listed(packed.mates)}")
        print("\n".join([*lines, *doubtful, *fix]))
        return 2 if writer.left_out or packed.missing or doubtful else 0
    return 2 if writer.left_out else 0


def _not_in(download: Path | None, people: Sequence[str]) -> list[str]:
    return [f"not in {download}, so not packed: {listed(people)}"] if people else []


def _form(name: str) -> str:
    from graders.report import FORMATS

    if name != "text" and name not in FORMATS:
        raise KataError(f"--format {name}: expected {', '.join(FORMATS)} or text.")
    return "terminal" if name == "text" else name


def _show(file: Path, form: str, audience: str) -> None:
    from graders import report
    from graders.report import terminal

    if audience not in get_args(Audience):
        raise KataError(f"--audience {audience}: expected learner, public or instructor.")
    verdict = verdict_in(file, BATCH)
    verdict = _allowed(verdict, _details([verdict.kata]))
    if form == "terminal":
        terminal.print_verdict(verdict, audience=cast("Audience", audience))
    else:
        print(report.render([verdict], form, cast("Audience", audience)).removesuffix("\n"))


def _details(slugs: Collection[str]) -> dict[str, HiddenDetail]:
    """Return how much detail on hidden tests each of these katas currently allows."""
    known = set(slugs) & set(catalogue.slugs(Invocation.root))
    return {slug: catalogue.load(Invocation.root, slug, complete=False).hidden_detail for slug in known}


def _allowed(verdict: Verdict, details: Mapping[str, HiddenDetail]) -> Verdict:
    """Limit the detail on hidden tests to what the kata allowed at grading time and still allows."""
    both = verdict.hidden_detail, details.get(verdict.kata, verdict.hidden_detail)
    return replace(verdict, hidden_detail=min(both, key=get_args(HiddenDetail).index))


class _LeftOut(Exception):
    """The reason why a report is left out. The other reports are still written."""


@dataclass
class _ReportWriter:
    """A writer of the reports for one batch."""

    batch: Batch
    to: Path
    form: str
    people: Sequence[str]
    katas: Sequence[str]
    explanations: bool
    written: list[PageKey] = field(default_factory=list)
    same: list[PageKey] = field(default_factory=list)  # the reports that did not change
    left_out: list[str] = field(default_factory=list)
    owners: dict[tuple[int, int], str] = field(default_factory=dict)  # of folders, by device and number

    def run(self) -> list[str]:
        """Write the reports, and return a summary as lines of text. Raises KataError if it cannot continue."""
        from katas_course.final_marks import FinalMarks
        from katas_course.gradebook import batches

        out, to = self.batch.out.resolve(), self.to.resolve()
        if to == out or any(folder in (to, *to.parents) for folder in (out / "verdicts", out / "submissions")):
            raise KataError(f"--to {self.to}: the batch has its own files there. Choose another folder.")
        with self.batch.reading() as held:
            marks = FinalMarks(held)
            readers = marks.readers(held.read(batches.summaries).keys())
            keys = ((person, kata) for (_, kata), people in readers.items() for person in people)
            # A name that could lead out of a folder has no page.
            stored = {(self.batch.folder_of(person), kata) for person, kata in keys if _is_name(person, kata)}
            if not stored:
                raise KataError(
                    f"{self.batch.out}: there are no verdicts. Run `katas grade-batch` with this --out first."
                )
            chosen, silent = self._chosen(stored, held)
            with _writable(self.to):
                self.to.mkdir(mode=0o700, parents=True, exist_ok=True)  # grades are private
            awaiting = self._write_pages(held, marks, readers, chosen)
        return self._summary(stored, silent, awaiting)

    def _write_pages(
        self,
        held: BatchStore,
        marks: FinalMarks,
        readers: Mapping[Key, Sequence[str]],
        chosen: Collection[PageKey],
    ) -> int:
        """Write the chosen pages, and return how many of them await a review."""
        details, awaiting = _details({kata for _, kata in chosen}), 0
        shown: dict[Key, float] = {}
        for row in (replace(own, person=person) for own in held.rows() for person in readers.get(own.key, ())):
            key = (self.batch.folder_of(row.person), row.verdict.kata)
            if key not in chosen:
                continue
            mark, final = marks.of(row), marks.verdict(row)
            verdict = _allowed(final if self.form in FORMS_FOR_PEOPLE else row.verdict, details)
            try:
                target = self._target(*key)
                text = self._rendered(verdict, key, mark)
            except _LeftOut as fault:
                self.left_out.append(str(fault))
                continue
            self._write(text, target, key)
            awaiting += bool(final.review_points)
            if mark:
                shown[row.key] = mark.points
        marks.note_pages(held, shown)
        return awaiting

    def _chosen(self, stored: Collection[PageKey], held: BatchStore) -> tuple[set[PageKey], list[str]]:
        """Return the keys of the pages to write, and the named people without any.

        A name may be in any Unicode form, or any other name or id that the gradebook knows. Raises KataError if a named
        person or kata has no verdict.
        """
        from katas_course.downloads import composed
        from katas_course.gradebook.people import Directory

        directory, out, asked = held.book.read(Directory), self.batch.out, set[str]()
        folders, katas = {composed(person): person for person, _ in stored}, {kata for _, kata in stored}
        for name in self.people:
            names = [name]
            if composed(self.batch.folder_of(name)) not in folders and directory.is_known(name):
                names = directory.every_name(name)
            keys = {composed(self.batch.folder_of(each)) for each in names} & folders.keys()
            if not keys:
                raise KataError(
                    f"{out}: no verdicts for {_shown(name)}. There are verdicts for {_some(folders.values())}."
                )
            asked |= {folders[key] for key in keys}
        for kata in self.katas:
            if kata not in katas:
                raise KataError(f"{out}: no verdicts on {_shown(kata)}. There are verdicts on {_some(katas)}.")
        wanted = asked or set(folders.values())
        chosen = {key for key in stored if key[0] in wanted and (not self.katas or key[1] in self.katas)}
        if not chosen:
            raise KataError(f"{out}: no verdicts for {_some(self.people)} on {_some(self.katas)}.")
        return chosen, sorted(asked - {person for person, _ in chosen})

    def page(self, person: str, kata: str) -> Path:
        """Return the path of a report."""
        return self.to / person / f"{kata}.{SUFFIXES.get(self.form, f'{self.form}.json')}"

    def _target(self, person: str, kata: str) -> Path:
        """Make the folder of a report, and return the report's path.

        Raises _LeftOut for a symbolic link, or for another person's folder.
        """
        target = self.page(person, kata)
        folder = target.parent
        with _writable(folder):
            if not folder.is_symlink():
                folder.mkdir(exist_ok=True)
            link = next((path for path in (folder, target) if path.is_symlink()), None)
            if link is not None:
                raise _LeftOut(f"{_shown(link)}: this is a symbolic link. Remove it.")
            found = folder.stat()
        owner = self.owners.setdefault((found.st_dev, found.st_ino), person)
        if owner != person:  # this happens on a file system that ignores case, for example
            raise _LeftOut(
                f"{_shown(folder)}: on this file system, it is the same folder as {_shown(owner)}'s. Give another --to."
            )
        return target

    def _rendered(self, verdict: Verdict, key: PageKey, mark: MarkNote | None) -> str:
        """Return the report. Raises _LeftOut if rendering fails, so that the other reports are still written."""
        from katas_course.marked_reports import with_mark

        try:
            text = with_mark(verdict, self.form, mark)
            return with_explanation(text, self.form, Invocation.root, verdict.kata) if self.explanations else text
        except Exception as fault:  # noqa: BLE001 (an error in one report must not stop the others)
            detail = f"{type(fault).__name__}: {_shown(fault)}"
            raise _LeftOut(
                f"{_shown('/'.join(key))}: the report cannot be rendered ({detail}). Please report this bug."
            ) from None

    def _write(self, text: str, target: Path, key: PageKey) -> None:
        data = (text if text.endswith("\n") else text + "\n").encode()
        with _writable(target):
            same = target.is_file() and target.read_bytes() == data
        if not same:
            delivery.deliver_bytes(data, target, REMEDY)
        (self.same if same else self.written).append(key)

    def _summary(self, stored: Collection[PageKey], silent: Sequence[str], awaiting: int) -> list[str]:
        people = counted(len({person for person, _ in self.written}), "person", "people")
        unchanged = f"; {len(self.same)} unchanged" if self.same else ""
        lines = [f"written: {counted(len(self.written), 'file', 'files')} for {people} in {self.to}{unchanged}"]
        if awaiting:
            lines.append(f"awaiting review: {awaiting} of them; score them with `katas serve --instructor`")
        lines += [f"no submission for these katas: {_shown(person)}" for person in silent]
        if self.to == self.batch.feedback:
            for path in sorted(self.to.glob("*/*.*")):
                if (path.parent.name, path.name.partition(".")[0]) not in stored:
                    lines.append(f"outdated, because its verdict is gone: {_shown(path)}; remove it")
        return lines + [f"left out: {each}" for each in self.left_out]


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    """Turn an OSError from writing this file or folder into a KataError."""
    try:
        yield
    except OSError as fault:
        raise KataError(f"{_shown(path)}: {fault.strerror}. {REMEDY}") from None


def _is_name(person: str, kata: str) -> bool:
    """Return whether neither name can lead out of a folder."""
    return person not in ("", ".", "..") and kata == Path(kata).name and "\0" not in person + kata


def _shown(name: object) -> str:
    return line(str(name), 1_000)


def _some(names: Collection[str]) -> str:
    return listed(sorted(names))


# ------------------------------------------------------------------------- what is added to a report


def check_explanations(form: str) -> None:
    """Raise KataError if reports in this format cannot contain explanations."""
    if form not in FORMS_FOR_PEOPLE:
        raise KataError(f"--explanations: the format {form} has no place for a text. Use html, markdown or text.")
    lacking = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if form == "html" and lacking:
        raise KataError(f"--explanations: {missing(lacking[0])}")


def with_explanation(report: str, form: str, root: Path, slug: str) -> str:
    """Return the report with the explanation of its kata, if there is one."""
    path = catalogue.load(root, slug, complete=False).explanation if slug in catalogue.slugs(root) else None
    if path is None or not path.is_file():
        return report
    text = path.read_text(encoding="utf-8")
    if form == "markdown":
        return f"{report.rstrip()}\n\n{text}"
    if form == "terminal":
        from graders.output.terminal_markdown import shown

        return f"{report.rstrip()}\n\n{shown(text, 80)}\n"
    from graders.web.markdown import to_html

    title, _, body = text.partition("\n")
    html = re.sub(r"(</?h)([1-5])>", lambda match: f"{match[1]}{int(match[2]) + 1}>", to_html(body, path, root))
    html = html.replace("<pre>", '<pre tabindex="0">')  # so that the keyboard can scroll long lines
    heading = escape(title.lstrip("# "))
    section = f"<details>\n<summary>{heading}: the explanation</summary>\n{html}</details>"
    before, end, after = report.rpartition("\n</main>")
    return f"{before}\n{section}{end}{after}"

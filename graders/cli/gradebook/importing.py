"""`katas gradebook import`: import the verdicts from a batch or from one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graders import catalogue, verdict
from graders.cli.gradebook.options import DEFAULT_URL, By, Url, if_new, line, moment, open_gradebook
from graders.cli.session import Invocation
from graders.errors import KataError

if TYPE_CHECKING:
    from graders.course.gradebook import Gradebook


def import_(
    place: Annotated[Path, typer.Argument(metavar="BATCH", help="The --out folder of grade-batch, or a verdict file.")],
    person: Annotated[
        str | None, typer.Option(help="For a verdict file: the person who submitted.", metavar="NAME")
    ] = None,
    submitted: Annotated[
        str | None,
        typer.Option(
            help="For a verdict file: the time of submission; by default, the time of grading.", metavar="TIME"
        ),
    ] = None,
    gradebook: Url = DEFAULT_URL,
    by: By = None,
) -> None:
    """Import a batch's verdicts and manual scores.

    Importing a batch twice does no harm: verdicts that are already in the gradebook stay unchanged.
    """
    if not place.exists():
        raise KataError(f"{place}: not found. Specify the --out folder of `katas grade-batch`, or a verdict file.")
    made = if_new(gradebook)
    katas = [catalogue.load(Invocation.root, slug, complete=False) for slug in catalogue.slugs(Invocation.root)]
    if place.is_dir():
        with open_gradebook(gradebook, by, new=True) as book:
            print(*made, sep="\n", end="\n" if made else "")
            _import_batch(book, place, katas)
        return
    if person is None:
        raise KataError(f"{place}: a verdict file does not name its person. Add --person NAME.")
    found = _verdict_in(place)
    with open_gradebook(gradebook, by, new=True) as book:
        book.update_katas(kata for kata in katas if kata.slug == found.kata)
        new = book.import_verdict(found, person, moment(submitted, "--submitted") if submitted else "")
    print(f"{line(person)}, {line(found.kata)}: {'imported' if new else 'imported earlier'}")
    print(*made, sep="\n", end="\n" if made else "")


def _import_batch(book: Gradebook, place: Path, katas: list[catalogue.Kata]) -> None:
    from graders.course import batch_store, written_files
    from graders.course.batch import Batch

    batch = Batch(place)
    alone = batch_store.pointer(place) is None
    imported = batch.import_into(book, katas)
    with batch.reading() as held:
        if held.book.address == book.address:  # this gradebook may have newer verdicts and scores
            written_files.write(batch, held)
    tables = written_files.refresh_tables(book)  # the other batches'
    scores = f" and {imported.marks} new manual score{'s' if imported.marks != 1 else ''}" if imported.marks else ""
    print("\n".join([f"{imported.verdicts} new verdicts{scores} from {place}", *tables]))
    if alone and batch_store.pointer(place) is not None:
        print(f"{place}: its results are kept in {book.name} from now on")


def _verdict_in(file: Path) -> verdict.Verdict:
    try:
        found = verdict.from_json(file.read_bytes())
    except (OSError, KataError) as fault:
        raise KataError(f"{file}: {getattr(fault, 'strerror', None) or fault}") from None
    if found.seed is None:
        raise KataError(
            f"{file}: this verdict is for learners. Make one with `katas grade --format json --audience instructor`."
        )
    if found.with_shipped:
        raise KataError(
            f"{file}: this verdict is unofficial. It was made with --with-shipped, so with the files of the solutions."
        )
    return found

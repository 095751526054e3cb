"""The addresses that `katas serve --instructor` answers. None of them belongs to the learners' page, and vice versa."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from graders import catalogue
from graders.catalogue import Kata
from graders.errors import KataError
from graders.learner.progress import default_path
from graders.report.text import clean_line
from graders.web import server
from graders.web.answers import HEADERS, Json, answered, page
from katas_course.marking_queue import MarkingQueue, Wanted
from katas_course.serve.desk import Desk

STATIC = Path(__file__).parent / "static"
PAGE = page(
    "marking",
    "Marking",
    "mark one verdict file in a terminal: <code>katas review VERDICT --by NAME --award TASK=POINTS</code>",
)
PICTURE_POLICY = "default-src 'none'; sandbox"
Work = Callable[[int, Json], Json]
PIECE = "/api/pieces/{number:int}"


def application(desk: Desk) -> Starlette:
    """Return the application for one reviewer's desk, without the guard."""
    answers: dict[str, Work] = {
        "/api/queue": lambda *_: desk.state(),
        "/api/choose": lambda _, given: desk.choose(given),
        "/api/start": lambda *_: desk.start(),
        "/api/next": lambda *_: desk.next(),
        "/api/back": lambda *_: desk.back(),
        f"{PIECE}/again": lambda number, _: desk.again(number),
        f"{PIECE}/score": desk.score,
        f"{PIECE}/give": desk.give,
        f"{PIECE}/items": desk.add_item,
    }
    return Starlette(
        routes=[
            Route("/", PAGE),
            *(
                Route(address, answered(_at_desk(desk, work)), methods=["GET" if address == "/api/queue" else "POST"])
                for address, work in answers.items()
            ),
            Route("/pieces/{number:int}/pictures/{at:int}", partial(_picture, desk)),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]
    )


def _at_desk(desk: Desk, work: Work) -> Callable[[Request, Json], Json]:
    """Let `work` get the number of a piece, if the address has one, and what the page sent."""

    def done(request: Request, given: Json) -> Json:
        with desk.lock:
            return work(request.path_params.get("number", 0), given)

    return done


def _picture(desk: Desk, request: Request) -> Response:
    """Answer with a submitted picture."""
    with desk.lock:
        found = desk.picture(**request.path_params)
    if found is None:
        return Response(status_code=404)
    return Response(found, media_type="image/png", headers=HEADERS | {"content-security-policy": PICTURE_POLICY})


def serve(
    course: str,
    by: Sequence[str],
    root: Path,
    *,
    anonymous: bool,
    renew: Sequence[str] = (),
    say: Callable[[str], None],
    **how: Any,
) -> None:
    """Serve a queue for each reviewer in `by` until Ctrl-C. Those in `renew` get new links. `how` is as for `serve`.

    Raises KataError if the course is missing, or if the port is taken.
    """
    if "://" not in course and not Path(course).is_dir() and not Path(course).is_file():
        raise KataError(f"{course}: no such gradebook. Name one, or the --out folder of `katas grade-batch`.")

    @cache
    def load(slug: str) -> Kata | None:
        try:
            return catalogue.load(root, slug)
        except KataError as fault:
            say(f"katas: {str(fault).rstrip('.')}. It is left out of the queue.")
            return None

    with ExitStack() as stack:
        doors = []
        for name in dict.fromkeys(by):
            queue = stack.enter_context(MarkingQueue(course, name, Wanted(anonymous=anonymous), load))
            shown = Path(course).resolve().name if Path(course).is_dir() else Path(queue.book.name).name
            desk = Desk(queue, shown, say)
            stack.callback(_close, desk)
            secret = _secret_of(queue.book.address, name)
            if name in renew:
                secret.unlink(missing_ok=True)
            said = "The marking queue is at" if len(by) == 1 else f"{clean_line(name, 60)} marks at"
            doors.append(server.Door(application(desk), secret, said))
        server.serve(*doors, cookie="marking", say=say, **how)


def _close(desk: Desk) -> None:
    with desk.lock:
        desk.close()


def _secret_of(gradebook: str, name: str) -> Path:
    """Return the file that keeps the secret of a reviewer's link, which is another one in another course."""
    digest = hashlib.sha256(f"{gradebook}\0{name}".encode("utf-8", "surrogateescape")).hexdigest()
    return default_path().parent / f"marking-token-{digest[:16]}"

"""Open a reviewer's queue, and serve it until Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from graders.course.review_queue import ReviewQueue, Wanted
from graders.course.review_session import Katas
from graders.course.serve.app import application
from graders.course.serve.desk import Desk
from graders.learner.progress import default_path
from graders.web import server


def serve(
    course: str,
    by: str,
    root: Path,
    *,
    anonymous: bool,
    host: str,
    port: int | None,
    browser: bool,
    say: Callable[[str], None],
) -> None:
    """Serve until Ctrl-C. Raises KataError if the course cannot be opened, or if the port is taken."""
    with ReviewQueue(course, by, Wanted(anonymous=anonymous), Katas(root, say)) as queue:
        name = Path(course).resolve().name if Path(course).is_dir() else Path(queue.book.name).name
        desk = Desk(queue, name, say)
        try:
            site = server.Site(
                application(desk), "marking", "marking", default_path().parent, "The marking queue is at"
            )
            server.serve(site, host=host, port=port, browser=browser, say=say)
        finally:
            desk.close()

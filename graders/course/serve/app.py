"""The addresses that `katas serve --instructor` answers. None of them belongs to the learners' page, and vice versa."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from graders.course.serve.desk import Desk, Taken
from graders.errors import KataError
from graders.web.guard import body_of

STATIC = Path(__file__).parent / "static"
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Marking</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/marking.css"></head>
<body><div id="app"></div><noscript><p>This page needs JavaScript. Switch it on for this address, or mark in a terminal:
<code>katas review COURSE --by NAME</code></p></noscript>
<script type="module" src="/static/marking.js"></script></body></html>
"""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PICTURE_POLICY = "default-src 'none'; sandbox"
HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-content-type-options": "nosniff"}
Endpoint = Callable[[Request], Awaitable[Response]]
Given = dict[str, Any]


def application(desk: Desk) -> Starlette:
    """Return the application for one reviewer's desk, without the guard."""
    piece = "/api/pieces/{number:int}"
    routes = [
        Route("/", page),
        Route("/api/queue", answered(queue)),
        Route("/api/choose", answered(choose), methods=["POST"]),
        Route("/api/start", answered(start), methods=["POST"]),
        Route("/api/next", answered(next_piece), methods=["POST"]),
        Route("/api/back", answered(back), methods=["POST"]),
        Route(piece + "/again", answered(again), methods=["POST"]),
        Route(piece + "/score", answered(score), methods=["POST"]),
        Route(piece + "/give", answered(give), methods=["POST"]),
        Route(piece + "/items", answered(add_item), methods=["POST"]),
        Route("/pieces/{number:int}/pictures/{at:int}", picture),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    app = Starlette(routes=routes)
    app.state.desk = desk
    return app


def answered(work: Callable[[Desk, Request, Given], Given]) -> Endpoint:
    """Return an endpoint that does the work in a thread and answers with JSON, also if it fails."""

    @wraps(work)
    async def endpoint(request: Request) -> Response:
        try:
            given = await body_of(request)
            found = await run_in_threadpool(work, request.app.state.desk, request, given)
        except Taken as fault:
            return JSONResponse({"error": str(fault), "piece": fault.piece}, 409, HEADERS)
        except KataError as fault:
            return JSONResponse({"error": str(fault)}, 400, HEADERS)
        except ClientDisconnect:  # the page no longer waits for an answer
            return Response(status_code=400)
        return JSONResponse(found, 200, HEADERS)

    return endpoint


async def page(request: Request) -> Response:
    """Answer with the page; its script does the rest."""
    del request
    return HTMLResponse(PAGE, headers=HEADERS | {"content-security-policy": POLICY})


def queue(desk: Desk, request: Request, given: Given) -> Given:
    """Answer with the queue's name, its progress, and what it can be limited to."""
    del request, given
    return desk.state()


def choose(desk: Desk, request: Request, given: Given) -> Given:
    """Limit the queue, and answer with the first piece."""
    del request
    kata, task, person = (given.get(name, "") for name in ("kata", "task", "person"))
    if not all(isinstance(each, str) for each in (kata, task, person)):
        raise KataError("`kata`, `task` and `person` must be texts.")
    desk.choose(kata, task, person, again=given.get("again") is True)
    return desk.next()


def start(desk: Desk, request: Request, given: Given) -> Given:
    """Open the piece that was opened last, or the next one if it was scored."""
    del request, given
    return desk.start()


def next_piece(desk: Desk, request: Request, given: Given) -> Given:
    """Open the next piece."""
    del request, given
    return desk.next()


def back(desk: Desk, request: Request, given: Given) -> Given:
    """Open the piece before the current one."""
    del request, given
    return desk.back()


def again(desk: Desk, request: Request, given: Given) -> Given:
    """Open a piece again, as it is now."""
    del given
    return desk.again(request.path_params["number"])


def score(desk: Desk, request: Request, given: Given) -> Given:
    """Answer with the points and the comment that rubric items give."""
    return desk.score(request.path_params["number"], given.get("items"))


def give(desk: Desk, request: Request, given: Given) -> Given:
    """Store points and a comment."""
    number = request.path_params["number"]
    return desk.give(number, given.get("points"), given.get("comment", ""), given.get("items", []))


def add_item(desk: Desk, request: Request, given: Given) -> Given:
    """Add a rubric item."""
    number = request.path_params["number"]
    return desk.add_item(number, given.get("label"), given.get("points"), given.get("comment", ""))


async def picture(request: Request) -> Response:
    """Answer with a submitted picture."""
    number, at = request.path_params["number"], request.path_params["at"]
    found = await run_in_threadpool(request.app.state.desk.picture, number, at)
    if found is None:
        return Response(status_code=404)
    return Response(found, media_type="image/png", headers=HEADERS | {"content-security-policy": PICTURE_POLICY})

"""The addresses that `katas serve` answers. An error is answered with a JSON object whose message the page shows."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import wraps
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from graders import catalogue
from graders.errors import CatalogueError, KataError
from graders.judge.client import Judge
from graders.learner import guidance
from graders.learner.progress import Progress, default_path, in_short, next_kata, path_of, points_of
from graders.learner.serve import live
from graders.learner.serve.files import LARGEST, Changed, choices_of, names_of, patterns_of, read, save, starter
from graders.learner.serve.live import PATIENCE_S, LiveKatas, is_puzzle, reached, readable
from graders.learner.serve.markdown import to_html
from graders.learner.serve.pane import Snapshot
from graders.web import server
from graders.web.guard import body_of

STATIC = Path(__file__).parent / "static"
ALIVE_S = 15.0  # an idle stream of events says this often that it is alive
ACTIONS: dict[str, Callable[[Any], object]] = {
    "grade": live.again,
    "stop": live.stop,
    "hint": live.key("h"),
    "reset": live.reset,
    "plot": live.key("p"),
}
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>katas</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/app.css"></head>
<body data-nonce="{nonce}"><div id="app"></div><noscript><p>This page needs JavaScript. Switch it on for this address,
or work without a browser: <code>katas watch</code> grades the same files in a terminal.</p></noscript>
<script type="module" src="/static/app.js"></script></body></html>
"""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
Endpoint = Callable[[Request], Awaitable[Response]]


def serve(judge: Judge, root: Path, *, host: str, port: int | None, browser: bool, say: Callable[[str], None]) -> None:
    """Serve the katas until Ctrl-C. Raises KataError if the port is taken."""
    katas = LiveKatas(root, judge, puzzle_room)
    try:
        site = server.Site(
            application(katas), "katas", "serve", default_path().parent, "The katas are at", ends=katas.end
        )
        server.serve(site, host=host, port=port, browser=browser, say=say)
    finally:
        katas.close()
        judge.close()


def puzzle_room() -> Any:
    """Return the module that serves puzzles. Raises KataError, with the reason, in a handout without them."""
    from graders.learner.serve import puzzles

    return puzzles


def application(katas: LiveKatas) -> Starlette:
    """Return the application for one repository of katas, without the guard."""
    kata = "/api/katas/{slug}"
    routes = [
        Route("/", page),
        Route("/api/katas", answered(overview)),
        Route("/api/puzzles", answered(puzzles), methods=["GET"]),
        Route("/api/puzzles", answered(new_puzzle), methods=["POST"]),
        Route(kata, answered(one_kata)),
        Route(kata + "/explanation", answered(explanation)),
        Route(kata + "/events", events),
        Route(kata + "/files/{name:path}", answered(put_file), methods=["PUT"]),
        Route(kata + "/visible", answered(visible), methods=["POST"]),
        Route(kata + "/try", answered(try_lines), methods=["POST"]),
        Route(kata + "/try/stop", answered(stop_lines), methods=["POST"]),
        Route(kata + "/{action}", answered(act), methods=["POST"]),
        Route("/pictures/{slug}/{name}", picture),
        Route("/drawn/{name}", drawn),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    app = Starlette(routes=routes)
    app.state.katas = katas
    return app


def answered(work: Callable[[LiveKatas, Request, dict[str, Any]], Any]) -> Endpoint:
    """Return an endpoint that does the work in a thread and answers with JSON, also if it fails."""

    @wraps(work)
    async def endpoint(request: Request) -> Response:
        headers = {"cache-control": "no-store"}
        try:
            given = await body_of(request)
            answer = await run_in_threadpool(work, request.app.state.katas, request, given)
        except Changed as fault:
            now = {"text": fault.now.text, "digest": fault.now.digest}
            return JSONResponse({"error": str(fault), **now}, 409, headers)
        except KataError as fault:
            return JSONResponse({"error": str(fault)}, 404 if isinstance(fault, CatalogueError) else 400, headers)
        except ClientDisconnect:  # the page no longer waits for an answer
            return Response(status_code=400)
        return JSONResponse(answer, 200, headers)

    return endpoint


# ----------------------------------------------------------------------------------------------- pages


async def page(request: Request) -> Response:
    """Answer with the page; its script does the rest."""
    del request
    nonce = secrets.token_urlsafe(16)
    headers = {
        "content-security-policy": POLICY.format(nonce=nonce),
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
    return HTMLResponse(PAGE.format(nonce=nonce), headers=headers)


def overview(open_katas: LiveKatas, request: Request, given: dict[str, Any]) -> dict[str, Any]:
    """Answer with all katas, what the learner has reached in each, and which one is next."""
    del request, given
    root = open_katas.root
    katas, faults = readable(root)
    standings, days, warning, known = reached(root, [kata.slug for kata in katas])
    listed = [
        {
            "slug": kata.slug,
            "title": kata.title,
            "kind": kata.kind,
            "difficulty": kata.difficulty,
            "minutes": kata.minutes,
            "points": points_of(kata),
            "best": standings[kata.slug].best,
            "done_on": standings[kata.slug].done_on,
            "tries": standings[kata.slug].tries,
        }
        for kata in katas
    ]
    following = next_kata(katas, standings) if known and katas else None
    return {
        "katas": listed,
        "broken": [{"slug": slug, "fault": fault} for slug, fault in faults.items()],
        "next": {"slug": following[0].slug, "why": following[1]} if following else None,
        "summary": in_short(standings, days) if known else "",
        "warning": warning if known else f"Your progress cannot be shown now: {warning}",
        "progress": known,
        "kept_in": str(path_of(root)) if any(standing.tries for standing in standings.values()) else "",
    }


def puzzles(katas: LiveKatas, request: Request, given: dict[str, Any]) -> dict[str, Any]:
    """Answer with the learner's puzzles of `katas debug`. A handout may have none; `why` then says why."""
    del request, given
    try:
        return {**puzzle_room().listed(katas.root), "why": ""}
    except KataError as fault:
        return {"puzzles": [], "levels": [], "families": [], "why": str(fault)}


def new_puzzle(katas: LiveKatas, request: Request, given: dict[str, Any]) -> dict[str, Any]:
    """Create a puzzle, and answer with its slug."""
    del request
    return {"slug": puzzle_room().create(katas.root, given)}


def one_kata(katas: LiveKatas, request: Request, given: dict[str, Any]) -> dict[str, Any]:
    """Answer with a kata's README and the learner's files."""
    del given
    kata = katas.kata(request.path_params["slug"])
    readme = kata.folder / "README.md"
    text = readme.read_text(encoding="utf-8", errors="replace") if readme.is_file() else f"# {kata.title}"
    files = [
        {
            "name": file.name,
            "text": file.text,
            "digest": file.digest,
            "editable": file.text is not None or not file.digest,
            "language": file.language,
            "why": file.why,
            "choices": choices_of(kata, file.name),
            "optional": file.name not in kata.files,
        }
        for file in (read(kata, name) for name in names_of(kata))
    ]
    return {
        "slug": kata.slug,
        "title": kata.title,
        "readme": to_html(text, readme, katas.root),
        "files": files,
        "has_solution": is_puzzle(kata.slug) or kata.solution.is_dir(),
        "is_puzzle": is_puzzle(kata.slug),
        "largest": LARGEST,
        "patterns": patterns_of(kata),
        "starter": starter(kata),
    }


def explanation(katas: LiveKatas, request: Request, given: dict[str, Any]) -> dict[str, Any]:
    """Answer with the explanation and the solution, once the kata is passed."""
    del given
    kata = katas.kata(request.path_params["slug"])
    katas.settle(request.path_params["slug"])
    if is_puzzle(kata.slug):
        text, compared = puzzle_room().explanation(kata)
        return {"html": to_html(text, kata.folder / "README.md", katas.root), "solution": compared}
    path = guidance.explanation_of(kata)
    with Progress.of(katas.root, wait_s=PATIENCE_S) as progress:
        guidance.allow_solution(kata, progress, anyway="anyway" in request.query_params)
    html = to_html(path.read_text(encoding="utf-8"), path, katas.root) if path.is_file() else ""
    own = {name: read(kata, name).text for name in names_of(kata)}
    solved = guidance.solution_files(kata)
    files = [{"name": name, "text": text, "own": own.get(name)} for name, text in solved.items()]
    return {"html": html, "solution": files}


# --------------------------------------------------------------------------------------------- changes


def put_file(katas: LiveKatas, request: Request, given: dict[str, Any]) -> dict[str, Any]:
    """Save one of the learner's files; it is graded at once."""
    kata, text, base = katas.kata(request.path_params["slug"]), given.get("text"), given.get("base")
    if not isinstance(text, str) or not isinstance(base, str):
        raise KataError("A file needs `text` and `base`.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise KataError("The text has half of a surrogate pair, which is not a character. It was not saved.") from None
    digest = save(kata, request.path_params["name"], text, base)
    katas.get(kata.slug).look()
    return {"digest": digest}


def try_lines(katas: LiveKatas, request: Request, given: dict[str, Any]) -> dict[str, Any]:
    """Run the learner's own lines with the kata's files importable, and answer with what came of them."""
    return katas.tryouts.run(katas.kata(request.path_params["slug"]), given.get("text"))


def stop_lines(katas: LiveKatas, request: Request, given: dict[str, Any]) -> dict[str, Any]:
    """Stop the lines that run; their request is answered then."""
    del request, given
    katas.tryouts.stop()
    return {}


def visible(katas: LiveKatas, request: Request, given: dict[str, Any]) -> dict[str, Any]:
    """Grade with the visible tests only, or with all."""
    katas.get(request.path_params["slug"]).do(live.show_tests(given.get("visible") is True))
    return {}


def act(katas: LiveKatas, request: Request, given: dict[str, Any]) -> dict[str, Any]:
    """Do what one of the page's buttons asks for. The effect arrives as an event."""
    del given
    name = request.path_params["action"]
    if name not in ACTIONS:
        raise KataError(f"There is no action `{name}`.")
    katas.get(request.path_params["slug"]).do(ACTIONS[name])
    return {}


async def events(request: Request) -> Response:
    """Answer with a stream of snapshots of an open kata, which begins with the present one."""
    katas: LiveKatas = request.app.state.katas
    try:
        kata = await run_in_threadpool(katas.get, request.path_params["slug"])
    except KataError as fault:
        return JSONResponse({"error": str(fault)}, 404)
    waiting: asyncio.Queue[Snapshot | None] = asyncio.Queue(1)
    loop = asyncio.get_running_loop()

    def replace(latest: Snapshot | None) -> None:
        if waiting.full():  # a slow page needs only the latest
            waiting.get_nowait()
        waiting.put_nowait(latest)

    def listener(latest: Snapshot | None) -> None:
        loop.call_soon_threadsafe(replace, latest)

    async def stream() -> AsyncIterator[str]:
        kata.join(listener)
        try:
            yield "retry: 1000\n\n"
            while kata.alive:
                try:
                    latest = await asyncio.wait_for(waiting.get(), ALIVE_S)
                except TimeoutError:
                    yield ": alive\n\n"
                    continue
                if latest is None:
                    return
                yield f"data: {json.dumps(latest)}\n\n"
        finally:
            kata.leave(listener)

    return StreamingResponse(stream(), media_type="text/event-stream", headers={"cache-control": "no-store"})


# -------------------------------------------------------------------------------------------- pictures


async def picture(request: Request) -> Response:
    """Answer with a picture of a README."""
    katas: LiveKatas = request.app.state.katas
    slug, name = request.path_params["slug"], request.path_params["name"]
    known = slug in catalogue.slugs(katas.root)
    return (
        _picture(katas.root / "katas" / slug, name, (".svg", ".png", ".webp")) if known else Response(status_code=404)
    )


async def drawn(request: Request) -> Response:
    """Answer with a picture that one of the learner's programs drew."""
    katas: LiveKatas = request.app.state.katas
    return _picture(katas.root / ".katas" / "pictures", request.path_params["name"], (".png",))


def _picture(folder: Path, name: str, kinds: tuple[str, ...]) -> Response:
    path = folder / name
    if Path(name).name != name or path.suffix not in kinds or path.is_symlink() or not path.is_file():
        return Response(status_code=404)
    # A picture in SVG that is opened by itself may not run scripts either.
    headers = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'", "cache-control": "no-cache"}
    return FileResponse(path, headers=headers | {"x-content-type-options": "nosniff"})

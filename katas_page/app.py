"""The addresses that `katas serve` answers. An error is answered with a JSON object whose message the page shows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from graders import catalogue
from graders.catalogue import Kata
from graders.errors import KataError
from graders.judge.client import Judge
from graders.learner import derivation, guidance
from graders.learner.progress import Progress, default_path, in_short, next_kata, path_of, points_of, reached
from graders.web import server
from graders.web.answers import Json, answered, page
from graders.web.markdown import to_html
from katas_page import live
from katas_page.files import LARGEST, described, names_of, patterns_of, read, save, starter
from katas_page.live import PATIENCE_S, LiveKatas, is_puzzle, readable
from katas_page.pane import Snapshot
from katas_page.trainings import trained_by

_LISTED = ("slug", "title", "kind", "heading", "adds", "builds_on", "difficulty", "minutes")
STATIC = Path(__file__).parent / "static"
ALIVE_S = 15.0  # an idle stream of events says this often that it is alive
PAGE = page(
    "app",
    "katas",
    "work without a browser: <code>katas watch</code> grades the same files in a terminal.",
    styles="'self' 'nonce-{nonce}'",
)


def serve(judge: Judge, root: Path, **how: Any) -> None:
    """Serve the katas until Ctrl-C. `how` is as for `server.serve`. Raises KataError if the port is taken."""
    katas, secret = LiveKatas(root, judge), default_path().parent / "serve-token"
    try:
        said = "The katas are at"
        server.serve(server.Door(application(katas), secret, said), cookie="katas", ends=katas.end, **how)
    finally:
        katas.close()
        judge.close()


def application(katas: LiveKatas) -> Starlette:
    """Return the application for one repository of katas, without the guard."""
    kata = "/api/katas/{slug}"
    answers: list[tuple[str, str, Callable[..., Json]]] = [
        ("GET", "/api/katas", overview),
        ("GET", "/api/puzzles", puzzles),
        ("POST", "/api/puzzles", lambda katas, given: {"slug": live.puzzle_room().create(katas.root, given)}),
        ("GET", kata, one_kata),
        ("GET", kata + "/explanation", explanation),
        ("GET", kata + "/derivation", derivation_now),
        ("POST", kata + "/derivation", answer),
        ("GET", kata + "/predictions", predictions),
        ("POST", kata + "/predictions", predict),
        ("PUT", kata + "/files/{name:path}", put_file),
        ("POST", kata + "/visible", visible),
        ("POST", kata + "/try", lambda katas, given, slug: katas.tryouts.run(katas.kata(slug), given.get("text"))),
        ("POST", kata + "/try/stop", lambda katas, _, **__: katas.tryouts.stop() or {}),
        ("POST", kata + "/train", lambda katas, given, slug: katas.trainings.begin(katas.kata(slug), given)),
        ("GET", kata + "/trainings", lambda katas, _, slug: katas.trainings.listed(slug)),
        ("POST", kata + "/train/news", lambda katas, given, slug: katas.trainings.news(slug, given)),
        ("POST", kata + "/train/pace", lambda katas, given, slug: katas.trainings.pace(slug, given)),
        ("POST", kata + "/train/stop", lambda katas, given, slug: katas.trainings.stop_one(slug, given)),
        ("POST", kata + "/train/forget", lambda katas, given, slug: katas.trainings.forget(slug, given)),
        ("POST", kata + "/train/export", lambda katas, given, slug: katas.trainings.export(slug, given)),
        ("POST", kata + "/train/test", lambda katas, given, slug: katas.trainings.test(slug, given)),
        ("POST", kata + "/train/write", lambda katas, given, slug: katas.trainings.write(slug, given)),
        ("POST", kata + "/train/digit", lambda katas, given, slug: katas.trainings.read_digit(slug, given)),
        ("POST", kata + "/{action}", act),
    ]
    app = Starlette(
        routes=[
            Route("/", PAGE),
            Route(kata + "/events", events),
            *(Route(path, answered(_with_katas(work)), methods=[method]) for method, path, work in answers),
            Route("/pictures/{slug}/{name}", picture),
            Route("/drawn/{name}", drawn),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]
    )
    app.state.katas = katas
    return app


def _with_katas(work: Callable[..., Json]) -> Callable[[Request, Json], Json]:
    """Let `work` get the katas, the request's object and query, and the variable parts of the address."""

    def done(request: Request, given: Json) -> Json:
        return work(request.app.state.katas, {**given, **request.query_params}, **request.path_params)

    return done


# ----------------------------------------------------------------------------------------------- pages


def overview(open_katas: LiveKatas, _: Json) -> Json:
    """Answer with all katas, what the learner has reached in each and built in some, and which one is next."""
    katas, faults = readable(open_katas.root)
    standings, known, warning = reached(open_katas.root, [kata.slug for kata in katas], wait_s=PATIENCE_S)
    following = next_kata(katas, standings) if known else None
    return {
        "katas": [
            {
                **{name: getattr(kata, name) for name in _LISTED},
                **{name: getattr(standings[kata.slug], name) for name in ("best", "done_on", "tries")},
                "points": points_of(kata),
            }
            for kata in katas
        ],
        "built": open_katas.trainings.built({slug for slug, each in standings.items() if each.done_on}),
        "broken": [{"slug": slug, "fault": fault} for slug, fault in faults.items()],
        "next": {"slug": following[0].slug, "why": following[1]} if following else None,
        "summary": in_short(standings) if known else "",
        "warning": warning if known else f"Your progress cannot be shown now: {warning}",
        "progress": known,
        "kept_in": str(path_of(open_katas.root)) if any(each.tries for each in standings.values()) else "",
    }


def puzzles(katas: LiveKatas, _: Json) -> Json:
    """Answer with the learner's puzzles of `katas debug`. A handout may have none; `why` then says why."""
    try:
        return {**live.puzzle_room().listed(katas.root), "why": ""}
    except KataError as fault:
        return {"puzzles": [], "levels": [], "families": [], "why": str(fault)}


def one_kata(katas: LiveKatas, _: Json, slug: str) -> Json:
    """Answer with a kata's README and the learner's files."""
    kata = katas.kata(slug)
    readme = guidance.readme_of(kata) if is_puzzle(slug) else guidance.readme_with_times(kata)
    return {
        "slug": kata.slug,
        "title": kata.title,
        "readme": _html(katas, kata, readme or f"# {kata.title}"),
        "files": [described(kata, name) for name in names_of(kata)],
        "has_solution": is_puzzle(slug) or kata.solution.is_dir(),
        "is_puzzle": is_puzzle(slug),
        "has_hidden_tests": not (is_puzzle(slug) or kata.handed_out),
        "largest": LARGEST,
        "patterns": patterns_of(kata),
        "starter": starter(kata),
        "trains": trained_by(kata).programs,
        "derives": not is_puzzle(slug) and kata.questions.is_file(),
    }


def explanation(katas: LiveKatas, given: Json, slug: str) -> Json:
    """Answer with the explanation and the solution, once the kata is passed."""
    kata = katas.kata(slug)
    katas.settle(slug)
    path = kata.explanation
    if is_puzzle(slug):
        path = kata.folder / "README.md"
        text, solved = live.puzzle_room().explanation(kata)
    else:
        with Progress.of(katas.root, wait_s=PATIENCE_S) as progress:
            guidance.allow_solution(kata, allowed="anyway" in given or guidance.is_done(kata, progress))
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        solved = guidance.solution_files(kata)
    own = {name: read(kata, name).text for name in names_of(kata)}
    files = [{"name": name, "text": text, "own": own.get(name)} for name, text in solved.items()]
    return {"html": to_html(text, path, katas.root), "solution": files}


def _html(katas: LiveKatas, kata: Kata, text: str) -> str:
    """Return Markdown of a kata as HTML. Its links start from the README."""
    return to_html(text, kata.folder / "README.md", katas.root)


def derivation_now(katas: LiveKatas, _: Json, slug: str) -> Json:
    """Answer with the next question of a kata's derivation, with fresh numbers, and how many are answered."""
    kata = katas.kata(slug)
    chain = derivation.chain_of(kata)
    with Progress.of(katas.root, wait_s=PATIENCE_S) as progress:
        answered = min(progress.answered(slug), len(chain.questions))
    found: Json = {"title": chain.title, "of": len(chain.questions), "answered": answered, "seed": 0}
    if answered == len(chain.questions):
        return found | {"ask": "", "choices": []}
    seed = chain.questions[answered].fresh_seed()
    posed = chain.questions[answered].posed(seed)
    return found | {
        "seed": seed,
        "ask": _html(katas, kata, posed.text),
        "choices": [_html(katas, kata, each) for each in posed.choices],
    }


def predictions(katas: LiveKatas, _: Json, slug: str) -> Json:
    """Answer with what to predict about a kata, what the learner said, and the lines that show what is true.

    `said` is the number of a choice in the order of the file, in which the first is right; -1 means that it was
    skipped, and None that it is still to be asked.
    """
    kata = katas.kata(slug)
    with Progress.of(katas.root, wait_s=PATIENCE_S) as progress:
        said = progress.predictions(slug)
    listed = [
        {
            "ask": _html(katas, kata, each.ask),
            "choices": [_html(katas, kata, choice) for choice in each.choices],
            "order": each.order(),
            "said": said.get(number),
            "run": each.run,
        }
        for number, each in enumerate(derivation.chain_of(kata).predictions)
    ]
    return {"predictions": listed}


# --------------------------------------------------------------------------------------------- changes


def predict(katas: LiveKatas, given: Json, slug: str) -> Json:
    """Remember what the learner predicts, or that they skip the question."""
    asked = derivation.chain_of(katas.kata(slug)).predictions
    number, choice = given.get("number"), given.get("choice")
    if type(number) is not int or not 0 <= number < len(asked):
        raise KataError(f"There are {len(asked)} predictions.")
    if type(choice) is not int or not -1 <= choice < len(asked[number].choices):
        raise KataError("A prediction needs the number of a choice, or -1.")
    with Progress.of(katas.root) as progress:
        progress.predicts(slug, number, choice)
    return {}


def answer(katas: LiveKatas, given: Json, slug: str) -> Json:
    """Judge an answer to a question of the derivation, or set how many of its questions are answered."""
    kata = katas.kata(slug)
    questions = derivation.chain_of(kata).questions
    number, seed, text = given.get("number"), given.get("seed"), given.get("answer")
    if type(number) is not int or not 0 <= number <= len(questions):
        raise KataError(f"A question's number is from 0 to {len(questions) - 1}.")
    judged = derivation.Judged(True, "")
    if text is not None:
        if type(seed) is not int or not 0 <= seed < 2**32 or type(text) is not str or number == len(questions):
            raise KataError("An answer needs `number`, `seed` and `answer`.")
        judged = questions[number].judged(seed, text)
        number += judged.right
    if judged.right:
        with Progress.of(katas.root) as progress:
            progress.has_answered(slug, number)
    was_read = not isinstance(judged, derivation.Unread)
    return {"right": judged.right, "was_read": was_read, "said": _html(katas, kata, judged.said)}


def put_file(katas: LiveKatas, given: Json, slug: str, name: str) -> Json:
    """Save one of the learner's files; it is graded at once."""
    kata, text, base = katas.kata(slug), given.get("text"), given.get("base")
    if not isinstance(text, str) or not isinstance(base, str):
        raise KataError("A file needs `text` and `base`.")
    digest = save(kata, name, text, base)
    katas.get(slug).look()
    return {"digest": digest}


def visible(katas: LiveKatas, given: Json, slug: str) -> Json:
    """Grade with the visible tests only, or with all."""
    katas.get(slug).do(lambda session: live.show_tests(session, given.get("visible") is True))
    return {}


def act(katas: LiveKatas, _: Json, slug: str, action: str) -> Json:
    """Do what one of the page's buttons asks for. The effect arrives as an event."""
    if action not in live.ACTIONS:
        raise KataError(f"There is no action `{action}`.")
    katas.get(slug).do(live.ACTIONS[action])
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
    root, slug = request.app.state.katas.root, request.path_params["slug"]
    if slug not in catalogue.slugs(root):
        return Response(status_code=404)
    return _picture(root / "katas" / slug, request.path_params["name"], (".svg", ".png", ".webp"))


async def drawn(request: Request) -> Response:
    """Answer with a picture that one of the learner's programs drew."""
    return _picture(request.app.state.katas.root / ".katas" / "pictures", request.path_params["name"], (".png",))


def _picture(folder: Path, name: str, kinds: tuple[str, ...]) -> Response:
    path = folder / name
    if Path(name).name != name or path.suffix not in kinds or path.is_symlink() or not path.is_file():
        return Response(status_code=404)
    # A picture in SVG that is opened by itself may show the pictures in it, but may not run scripts either.
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    headers = {"content-security-policy": policy, "cache-control": "no-cache", "x-content-type-options": "nosniff"}
    return FileResponse(path, headers=headers)

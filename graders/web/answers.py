"""Make the answers to a page's requests: the page itself, and JSON, also if something fails."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from graders.errors import CatalogueError, KataError
from graders.intake.rules import SOURCE_BYTES

LONGEST_REQUEST = 4 * SOURCE_BYTES  # in bytes: a file's text as JSON
HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-content-type-options": "nosniff"}
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:image/svg+xml,{icon}">
<link rel="stylesheet" href="/static/{name}.css"></head>
<body data-nonce="{nonce}"><div id="app"></div><noscript><p>This page needs JavaScript. Switch it on for this address,
or {otherwise}</p></noscript>
<script type="module" src="/static/{name}.js"></script></body></html>
"""
ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">
<rect width="16" height="16" rx="3" fill="#0a58b5"/><path d="M4 4 12 8 4 12" fill="none" stroke="#fff"/>
<g fill="#fff"><circle cx="4" cy="4" r="2"/><circle cx="4" cy="12" r="2"/><circle cx="12" cy="8" r="2"/></g></svg>"""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src {styles}; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
Json = dict[str, Any]
Endpoint = Callable[[Request], Awaitable[Response]]


class Outdated(KataError):
    """A page's change is based on something that has changed meanwhile. `now` tells the page what it is now."""

    def __init__(self, message: str, now: Json) -> None:
        super().__init__(message)
        self.now = now


def page(name: str, title: str, otherwise: str, styles: str = "'self'") -> Endpoint:
    """Return an endpoint that answers with the page whose script and style sheet have this name.

    `otherwise` says how to do without JavaScript. `styles` are the sources of styles that its policy allows.
    """

    async def endpoint(_: Request) -> Response:
        nonce = secrets.token_urlsafe(16)
        policy = POLICY.format(styles=styles.format(nonce=nonce))
        text = PAGE.format(name=name, title=title, otherwise=otherwise, nonce=nonce, icon=quote(ICON))
        return HTMLResponse(text, headers=HEADERS | {"content-security-policy": policy})

    return endpoint


def answered(work: Callable[[Request, Json], Json]) -> Endpoint:
    """Return an endpoint that works in a thread and answers with JSON. `work` gets the request and its object."""

    async def endpoint(request: Request) -> Response:
        try:
            answer = await run_in_threadpool(work, request, await body_of(request))
        except Outdated as fault:
            return JSONResponse({"error": str(fault), **fault.now}, 409, HEADERS)
        except KataError as fault:
            return JSONResponse({"error": str(fault)}, 404 if isinstance(fault, CatalogueError) else 400, HEADERS)
        except ClientDisconnect:  # the page no longer waits for an answer
            return Response(status_code=400)
        return JSONResponse(answer, 200, HEADERS)

    return endpoint


async def body_of(request: Request) -> Json:
    """Return the request's JSON object. Raises KataError if it is too long or something else."""
    if request.method == "GET":
        return {}
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise KataError("The request is not JSON.")
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > LONGEST_REQUEST:
            raise KataError(f"The text is too long: at most {SOURCE_BYTES // 1024} KiB are graded. It was not saved.")
    try:
        body = json.loads(bytes(data) or b"{}")
    except (ValueError, RecursionError):
        raise KataError("The request is not JSON.") from None
    if not isinstance(body, dict):
        raise KataError("The request is not a JSON object.")
    return body

"""What the server answers: only requests of this machine's browser, and only from pages that it has sent itself.

A page on the internet can make a browser send requests to 127.0.0.1, and can make a name of its own point there. The
guard therefore checks three things: that the request names this server (`Host`), that it comes from this server's own
page (`Origin`, `Sec-Fetch-Site`), and that the browser has the secret from the address that `katas serve` printed.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Collection, Mapping

from starlette.datastructures import Headers, QueryParams
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

SAFE = ("GET", "HEAD")
KEPT_S = 30 * 24 * 3600  # how long a browser keeps the secret
NO_SECRET = (
    "This page needs the whole address that `katas serve` printed in the terminal, with its token. Open that address.\n"
)


class Guard:
    """ASGI middleware that refuses every request from elsewhere, and passes the others on to the secret's application.

    `apps` maps secrets to applications. The cookie's name begins with `name`. If a proxy shows this server to others,
    `public` is its origin, such as `https://marking.uni.example`.
    """

    def __init__(
        self, apps: Mapping[str, ASGIApp], *, port: int, hosts: Collection[str], name: str = "katas", public: str = ""
    ) -> None:
        self.apps, self.is_public = apps, bool(public)
        self.cookie = f"{name}-{port}"  # browsers share cookies between the ports of a host
        self.hosts = {f"{host}:{port}" for host in hosts} | ({*hosts} if port == 80 else set())
        outside = forwarded(port) | ({public} if public else set())
        self.origins = {f"http://{host}" for host in self.hosts} | outside
        self.hosts |= {origin.removeprefix("https://") for origin in outside}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._answering(scope) if scope["type"] == "http" else PlainTextResponse("not found", 404)
        await answer(scope, receive, send)

    def _answering(self, scope: Scope) -> ASGIApp:
        """Return the application that a request is passed on to, or the answer to one that is refused."""
        headers = Headers(scope=scope)
        if headers.get("host", "") not in self.hosts:
            return PlainTextResponse(
                "The host is not this server's. Open the address that `katas serve` printed.\n", 403
            )
        origins, sites = headers.getlist("origin"), headers.getlist("sec-fetch-site")
        if not self.origins.issuperset(origins):
            return PlainTextResponse("Requests from other pages are refused.\n", 403)
        elsewhere = scope["path"] != "/" and not {"same-origin"}.issuperset(sites)
        if elsewhere or (scope["method"] not in SAFE and not origins):
            return PlainTextResponse("Requests from other pages are refused.\n", 403)
        given = QueryParams(scope["query_string"]).get("token")
        if scope["path"] == "/" and given is not None and self._app(given):
            return self._admitted(given, directly={"none", "same-origin"}.issuperset(sites))
        app = self._app(cookie_parser(headers.get("cookie", "")).get(self.cookie, ""))
        return app or PlainTextResponse(NO_SECRET, 403)

    def _app(self, given: str) -> ASGIApp | None:
        """Return the application of a secret, or None if it is wrong."""
        fitting = [app for token, app in self.apps.items() if hmac.compare_digest(given.encode(), token.encode())]
        return fitting[0] if fitting else None

    def _admitted(self, token: str, *, directly: bool) -> Response:
        """Move the secret from the address, which others may see, into a cookie.

        A browser that came here from elsewhere would follow a redirection without the cookie. It gets a page that
        leads to the same place.
        """
        headers = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
        answer: Response = RedirectResponse("/", 303, headers=headers)
        if not directly:
            answer = HTMLResponse("<!doctype html><title>katas</title>\n", headers=headers | {"refresh": "0; url=/"})
        answer.set_cookie(
            self.cookie, token, max_age=KEPT_S, path="/", secure=self.is_public, httponly=True, samesite="strict"
        )
        return answer


def forwarded(port: int) -> set[str]:
    """Return the origin under which GitHub Codespaces shows this port, if this is a codespace."""
    name, domain = os.environ.get("CODESPACE_NAME"), os.environ.get("GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN")
    return {f"https://{name}-{port}.{domain}"} if name and domain else set()

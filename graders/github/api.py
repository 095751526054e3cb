"""A minimal client of GitHub's REST API, which limits the size of answers and retries failed requests.

Text from a pull request, such as a title or a branch name, never becomes part of a path. In a query, it is quoted.
"""

from __future__ import annotations

import json
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

from graders.errors import KataError

ANSWER_BYTES = 16 * 1024**2
PAGE = 100
TRIES = 4
PATIENCE_S = 30
LONGEST_WAIT_S = 120
_HEADERS = {
    "Accept": "application/vnd.github+json",
    "Content-Type": "application/json",
    "User-Agent": "nn-katas",
    "X-GitHub-Api-Version": "2022-11-28",
}
_NEXT = re.compile(r'<([^<>]*)>; *rel="next"')
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


class ServerError(KataError):
    """The server did not answer, or its answer contradicts its documentation."""


class NotFound(ServerError):
    """The server has nothing at this path."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A handler that refuses redirects, so that the token goes only to the intended server."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Repository:
    """A repository on a GitHub server. Error messages never contain the token."""

    def __init__(self, name: str, token: str, server: str = "https://api.github.com", pause_s: float = 2.0) -> None:
        if not _REPOSITORY.fullmatch(name):
            raise KataError(f"{name!r} is not the name of a repository; expected OWNER/NAME")
        self.name = name
        self.server = server.rstrip("/")
        self._token = token
        self._pause_s = pause_s
        self._opener = urllib.request.build_opener(_NoRedirect)

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] = os.environ) -> Repository:
        """Return the repository specified by GITHUB_REPOSITORY, GITHUB_API_URL and GITHUB_TOKEN."""
        lacking = [key for key in ("GITHUB_REPOSITORY", "GITHUB_TOKEN") if not environment.get(key)]
        if lacking:
            raise KataError(f"{' and '.join(lacking)}: not set; this command is for a GitHub workflow")
        server = environment.get("GITHUB_API_URL") or "https://api.github.com"
        return cls(environment["GITHUB_REPOSITORY"], environment["GITHUB_TOKEN"], server)

    def get(self, path: str, **query: str | int) -> Any:
        """Return the answer to GET /repos/OWNER/NAME/path, or GET path if it begins with a slash.

        Raises NotFound or ServerError.
        """
        return self._ask("GET", path, query)[0]

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._ask("POST", path, {}, body)[0]

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._ask("PATCH", path, {}, body)[0]

    def pages(self, path: str, most: int, **query: str | int) -> Iterator[Any]:
        """Yield at most `most` items of a paginated list. Of the server's links, only the query is used."""
        following: Mapping[str, str | int] = {"per_page": PAGE, **query}
        while True:
            items, link = self._ask("GET", path, following)
            if not isinstance(items, list):
                raise ServerError(f"{path}: the server's answer is not a list")
            yield from items[:most]
            most -= len(items)
            if most <= 0 or not items or not (found := _NEXT.search(link)):
                return
            following = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(found[1]).query))

    def _ask(
        self, method: str, path: str, query: Mapping[str, str | int], body: Mapping[str, Any] | None = None
    ) -> tuple[Any, str]:
        """Return the server's answer, and its header Link."""
        place = path if path.startswith("/") else f"/repos/{self.name}/{path}".rstrip("/")
        address = f"{self.server}{place}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        headers = _HEADERS | {"Authorization": f"Bearer {self._token}"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(address, data, headers, method=method)
        for attempt in range(1, TRIES + 1):
            try:
                return self._answer(request)
            except urllib.error.HTTPError as fault:
                with fault:
                    if fault.code == 404:
                        raise NotFound(f"{method} {path}: the server has nothing there") from None
                    wait = str(fault.headers.get("Retry-After") or "")
                    if (
                        fault.code in (403, 429)
                        and wait.isdecimal()
                        and int(wait) <= LONGEST_WAIT_S
                        and attempt < TRIES
                    ):
                        time.sleep(int(wait))  # there were too many requests, and the server has not done this one
                        continue
                    # Retry only requests that can be repeated without side effects.
                    if fault.code < 500 or method == "POST" or attempt == TRIES:
                        raise ServerError(f"{method} {path}: the server answered {fault.code}") from None
            except OSError as fault:
                if method == "POST" or attempt == TRIES:
                    raise ServerError(f"{method} {path}: the server did not answer ({fault})") from None
            time.sleep(self._pause_s * attempt)
        raise AssertionError("unreachable")

    def _answer(self, request: urllib.request.Request) -> tuple[Any, str]:
        with self._opener.open(request, timeout=PATIENCE_S) as answer:
            data, link = answer.read(ANSWER_BYTES + 1), str(answer.headers.get("Link") or "")
        if len(data) > ANSWER_BYTES:
            raise ServerError(f"{request.selector}: the server's answer is larger than {ANSWER_BYTES // 1024**2} MB")
        try:
            return json.loads(data), link
        except (ValueError, RecursionError):
            raise ServerError(f"{request.selector}: the server's answer is not JSON") from None

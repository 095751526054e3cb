"""Attacks on `katas serve --instructor`: by learners, by pages of other sites, and by what a submission contains."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from graders.manual_scores import scores_of
from tests.katas_course.books import current
from tests.katas_course.marking import Marking, write_course
from tests.serving import Server, serving

pytestmark = pytest.mark.security


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("marking")
    write_course(place)
    return place


@pytest.fixture(scope="module")
def page(place: Path) -> Iterator[Marking]:
    with Marking(place / "root", place / "out") as page:
        page.number = page.next()["number"]
        yield page


@pytest.fixture(scope="module")
def learner(place: Path) -> Iterator[Server]:
    environment = {"NN_KATAS_PROGRESS": str(place / "data" / "progress.sqlite")}
    import os

    with serving(place / "root", environment=os.environ | environment) as server:
        yield server


READS = ("/", "/api/queue", "/pieces/{number}/pictures/0", "/static/marking.js")
CHANGES = (
    "/api/choose",
    "/api/next",
    "/api/back",
    "/api/pieces/{number}/give",
    "/api/pieces/{number}/items",
    "/api/pieces/{number}/score",
    "/api/pieces/{number}/again",
)
SCORE = b'{"points": 4, "comment": "", "items": [], "label": "x"}'
LEARNERS = (
    ("GET", "/api/katas"),
    ("GET", "/api/katas/alpha"),
    ("GET", "/api/katas/alpha/events"),
    ("GET", "/api/katas/alpha/explanation?anyway=1"),
    ("PUT", "/api/katas/alpha/files/twice.py"),
    ("POST", "/api/katas/alpha/reset"),
    ("POST", "/api/katas/alpha/grade"),
    ("POST", "/api/puzzles"),
    ("GET", "/static/app.js"),
)


def unchanged(place: Path) -> bool:
    return not any(scores_of(row.verdict) for row in current(place / "out"))


@pytest.mark.parametrize("path", [*READS, *CHANGES])
def test_nothing_works_without_the_secret(page: Marking, learner: Server, place: Path, path: str) -> None:
    """A learner has a cookie too, and on one machine browsers send it to every port."""
    wrong = (None, f"marking-{page.port}=", f"marking-{page.port}={'x' * 43}", f"marking-1={page.token}")
    learners = (learner.cookie, f"marking-{page.port}={learner.token}", f"katas-{page.port}={page.token}")
    for cookie in (*wrong, *learners):
        method = "GET" if path in READS else "POST"
        status, headers, body = page.request(method, path, None if path in READS else SCORE, cookie=cookie)
        assert (status, "set-cookie" in headers, page.token.encode() in body) == (403, False, False)
    assert page.request("GET", f"/?token={learner.token}", cookie=None)[0] == 403
    assert unchanged(place)


def test_the_two_servers_have_different_secrets(page: Marking, learner: Server, place: Path) -> None:
    assert page.token != learner.token
    assert learner.request("GET", "/api/katas", cookie=f"katas-{learner.port}={page.token}")[0] == 403
    (file,) = (place / "data").glob("marking-token-*")
    assert (file.read_text(encoding="ascii"), file.stat().st_mode & 0o777) == (page.token, 0o600)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", None, ""])
def test_another_name_for_this_machine_is_refused(page: Marking, place: Path, host: str | None) -> None:
    for path in READS:
        assert page.request("GET", path, host=host)[0] in (400, 403)
    for path in CHANGES:
        assert page.request("POST", path, SCORE, host=host)[0] in (400, 403)
    assert unchanged(place)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1", None])
@pytest.mark.parametrize("path", CHANGES)
def test_a_page_of_another_site_changes_nothing(page: Marking, place: Path, path: str, origin: str | None) -> None:
    assert page.request("POST", path, SCORE, origin=origin)[0] == 403
    assert unchanged(place)


def test_the_learners_own_page_changes_nothing(page: Marking, learner: Server, place: Path) -> None:
    for path in CHANGES:
        assert page.request("POST", path, SCORE, origin=f"http://{learner.host}")[0] == 403
        assert page.request("POST", path, SCORE, sec_fetch_site="same-site")[0] == 403
    assert unchanged(place)


def test_a_form_of_another_site_cannot_pretend_to_be_json(page: Marking, place: Path) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None):
        assert page.request("POST", "/api/pieces/{number}/give", SCORE, content_type=kind)[0] == 400
    assert unchanged(place)


def test_a_learners_server_has_no_routes_for_marking(learner: Server) -> None:
    for path in (*READS[1:], *CHANGES):
        for method in ("GET", "POST", "PUT"):
            assert learner.request(method, path, None if method == "GET" else SCORE)[0] in (404, 405)


@pytest.mark.parametrize(("method", "path"), LEARNERS)
def test_a_marking_server_has_no_routes_of_the_learners(page: Marking, method: str, path: str) -> None:
    body = None if method == "GET" else b'{"text": "", "base": ""}'
    assert page.request(method, path, body)[0] in (404, 405)


PATHS = (
    "/pieces/{number}/pictures/..%2f..%2f..%2fetc%2fpasswd",
    "/pieces/{number}/pictures/../../../etc/passwd",
    "/pieces/{number}/pictures/out/picture.png",
    "/pieces/{number}/pictures/-1",
    "/pieces/{number}/pictures/1",
    "/pieces/{number}/pictures/99999999999999999999999",
    "/pieces/999/pictures/0",
    "/pieces/..%2f{number}/pictures/0",
    "/static/../app.py",
    "/static/%2e%2e/app.py",
    "/static//etc/passwd",
    "/static/..%2f..%2f..%2f..%2fkatas/alpha/kata.toml",
)


@pytest.mark.parametrize("path", PATHS)
def test_no_other_file_is_sent(page: Marking, path: str) -> None:
    """Pictures have numbers, so that no name of a submitted file is part of a path."""
    assert page.request("GET", path)[0] in (400, 404, 405)


@pytest.mark.parametrize("path", ["/api/pieces/999/give", "/api/pieces/0/score", "/api/pieces/x/give"])
def test_only_pieces_that_were_opened_can_be_scored(page: Marking, place: Path, path: str) -> None:
    assert page.request("POST", path, SCORE)[0] in (400, 404)
    assert unchanged(place)


@pytest.mark.parametrize("body", [b"[" * 500_000, b"NaN", b"[]", b"\xff", b'{"points": 1e999, "comment": ""}'])
def test_a_broken_request_gets_a_message(page: Marking, place: Path, body: bytes) -> None:
    status, _, said = page.request("POST", "/api/pieces/{number}/give", body)
    assert (status, b"error" in said) == (400, True)
    assert unchanged(place)


def test_no_script_and_no_foreign_page_gets_in(page: Marking) -> None:
    _, headers, body = page.request("GET", "/")
    policy = headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert b"<script>" not in body
    for path in READS[1:3]:
        status, headers, _ = page.request("GET", path)
        assert (status, headers["x-content-type-options"]) == (200, "nosniff")

"""Attacks on `katas serve`: by pages of other sites, by names that lead elsewhere, and by whoever has no secret."""

from __future__ import annotations

import asyncio
import contextlib
import html
import http.client
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest

from graders import catalogue
from graders.catalogue import Kata
from graders.catalogue.stubs import handed_out
from graders.errors import KataError
from graders.learner import guidance
from graders.output.delivery import deliver_bytes
from graders.web.answers import Outdated
from graders.web.guard import Guard, forwarded
from graders.web.markdown import to_html
from graders.web.server import address_of
from katas_page import app, files, live, pane
from katas_page.live import LiveKatas
from katas_practice import practice
from katas_practice.generate import candidate
from tests import shell, workshop
from tests.learner.test_learning import README
from tests.serving import ADDRESS, Server, serving
from tests.workshop import STUB, write

pytestmark = pytest.mark.security

HIDDEN = "three_is_halved_by_nobody_else"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = workshop.write_clone(tmp_path_factory.mktemp("served") / "katas", ["alpha"], README)
    hidden = root / "graders" / "hidden" / "alpha" / "test_hidden.py"
    write(hidden, hidden.read_text(encoding="utf-8").replace("three_is_halved", HIDDEN))
    return root


@pytest.fixture(scope="module")
def server(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    environment = os.environ | {"NN_KATAS_PROGRESS": str(tmp_path_factory.mktemp("progress") / "progress.sqlite")}
    with serving(root, environment=environment) as server:
        yield server


ADDRESSES = (
    "/",
    "/api/katas",
    "/api/katas/alpha",
    "/api/katas/alpha/events",
    "/api/katas/alpha/trainings",
    "/static/app.js",
    "/pictures/alpha/a.svg",
)
CHANGES = (("PUT", "/api/katas/alpha/files/twice.py"), ("POST", "/api/katas/alpha/reset"))
TRAIN = [f"train/{name}" for name in ("news", "pace", "stop", "forget", "export", "test", "digit")]
RUNS = [f"/api/katas/alpha/{name}" for name in ("try", "try/stop", "train", *TRAIN)]


@pytest.mark.parametrize("path", ADDRESSES)
def test_nothing_is_shown_without_the_secret(server, path):
    for cookie in (None, f"katas-{server.port}=", f"katas-{server.port}={'x' * 43}", f"katas-1={server.token}"):
        status, _, body = server.request("GET", path, cookie=cookie)
        assert status == 403
        assert b"katas serve" in body
        assert server.token.encode() not in body


@pytest.mark.parametrize("path", ADDRESSES)
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:80", None, ""])
def test_another_name_for_this_machine_is_refused(server, path, host):
    """An attacker's name can be made to point to 127.0.0.1 (DNS rebinding), and the browser sends that name."""
    status, headers, body = server.request("GET", path, host=host)
    assert status in (400, 403)
    assert "set-cookie" not in headers
    assert server.token.encode() not in body


@pytest.mark.parametrize(("method", "path"), CHANGES)
@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1", None])
def test_a_page_of_another_site_changes_nothing(server, root, method, path, origin):
    status, _, _ = server.request(method, path, b'{"text": "", "base": ""}', origin=origin)
    assert status == 403
    assert (root / "katas/alpha/twice.py").read_text(encoding="utf-8") == STUB


@pytest.mark.parametrize("path", RUNS)
def test_only_the_page_may_run_lines_and_train(server, path):
    body = b'{"text": "1 + 1", "steps": 1}'
    for cookie in (None, f"katas-{server.port}={'x' * 43}"):
        assert server.request("POST", path, body, cookie=cookie)[0] == 403
    for origin in ("http://evil.example", "null", None):
        assert server.request("POST", path, body, origin=origin)[0] == 403
    assert server.request("POST", path, body, host="evil.example")[0] == 403
    assert server.request("POST", path, body, content_type="text/plain")[0] == 400
    assert server.request("GET", path)[0] == 405


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_a_page_of_another_site_reads_nothing(server, site):
    for path in ADDRESSES[1:]:
        assert server.request("GET", path, sec_fetch_site=site)[0] == 403


def test_a_form_of_another_site_cannot_pretend_to_be_json(server, root):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None):
        status, _, _ = server.request("POST", "/api/katas/alpha/reset", b"{}", content_type=kind)
        assert status == 400
    assert (root / "katas/alpha/twice.py").read_text(encoding="utf-8") == STUB


def test_the_secret_leaves_the_address_for_a_cookie_of_this_site_alone(server):
    path = f"/?token={server.token}"
    status, headers, _ = server.request("GET", path, cookie=None, sec_fetch_site="none")
    assert (status, headers["location"], headers["referrer-policy"]) == (303, "/", "no-referrer")
    said = headers["set-cookie"].lower()
    assert "httponly" in said
    assert "samesite=strict" in said
    assert server.request("GET", path + "x", cookie=None)[0] == 403


OUTSIDE = [
    "../beta/twice.py",
    "../../solutions/alpha/twice.py",
    "..%2f..%2fsolutions%2falpha%2ftwice.py",
    "%2fetc%2fpasswd",
    "/etc/passwd",
    "./twice.py",
    "kata.toml",
    "factors.py",
    "test_alpha.py",
    "README.md",
    "twice.py%00.txt",
    "twice.py/",
    "conftest.py",
]


@pytest.mark.parametrize("name", OUTSIDE)
def test_only_declared_files_are_written(server, root, name):
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and ".git" not in path.parts}
    body = b'{"text": "raise SystemExit", "base": ""}'
    status, _, _ = server.request("PUT", f"/api/katas/alpha/files/{name}", body)
    assert 400 <= status < 500
    for slug in ("..", ".", "%2e%2e", "alpha%2f..", "Alpha", "beta", ""):
        assert 400 <= server.request("PUT", f"/api/katas/{slug}/files/twice.py", body)[0] < 500
    assert {path: path.read_bytes() for path in before} == before
    assert set(before) == {path for path in root.rglob("*") if path.is_file() and ".git" not in path.parts}


@pytest.mark.parametrize("folder", [False, True])
def test_a_link_to_a_file_outside_is_neither_read_nor_written(server, root, tmp_path, folder):
    outside = write(tmp_path / "outside" / "twice.py", "secret = 1\n")
    kata = root / "katas" / "alpha"
    kept = kata.rename(tmp_path / "kept")
    try:
        if folder:
            kata.symlink_to(outside.parent)
            (outside.parent / "kata.toml").write_bytes((kept / "kata.toml").read_bytes())
        else:
            kata.mkdir()
            for path in kept.iterdir():
                if path.name != "twice.py" and path.is_file():
                    (kata / path.name).write_bytes(path.read_bytes())
            (kata / "twice.py").symlink_to(outside)
        status, _, body = server.request("PUT", "/api/katas/alpha/files/twice.py", b'{"text": "x = 1", "base": ""}')
        assert status in (400, 409) if folder else status == 400
        if not folder:
            assert b"secret" not in body
        assert outside.read_text(encoding="utf-8") == "secret = 1\n"
    finally:
        if kata.is_symlink():
            kata.unlink()
        else:
            for path in kata.iterdir():
                path.unlink()
            kata.rmdir()
        kept.rename(kata)


PICTURES = (
    "/pictures/alpha/kata.toml",
    "/pictures/alpha/..%2f..%2f..%2fetc%2fpasswd",
    "/pictures/..%2f..%2fsolutions%2falpha/figure.svg",
    "/pictures/../solutions/alpha/figure.svg",
    "/drawn/..%2f..%2fconftest.png",
    "/static/../app.py",
    "/static/%2e%2e/app.py",
    "/static//etc/passwd",
)


@pytest.mark.parametrize("path", PICTURES)
def test_only_pictures_are_sent(server, root, path):
    write(root / "solutions" / "alpha" / "figure.svg", "<svg/>")
    assert server.request("GET", path)[0] in (400, 404, 405)


def test_nothing_hidden_is_sent(server, root):
    with server.events("alpha") as wait:
        text = (root / "katas/alpha/twice.py").read_text(encoding="utf-8")
        assert text == STUB
        wrong = "def twice(x):\n    return 2.0 * x\n\ndef half(x):\n    return x\n"
        write(root / "katas/alpha/twice.py", wrong)
        found = wait(lambda now: now["status"] == "failed" and not now["grading"])
    pages = [str(found), *(server.request("GET", path)[2].decode() for path in ADDRESSES[:3])]
    for secret in ("seed", "from factors import FACTOR", "test_hidden", server.token):
        assert all(secret not in page for page in pages), secret
    status, _, body = server.request("GET", "/api/katas/alpha/explanation")
    assert status == 400
    assert b"FACTOR" not in body
    write(root / "katas/alpha/twice.py", STUB)


@pytest.mark.deep
def test_the_answer_to_a_puzzle_is_not_sent_before_it_is_solved(server, root):
    puzzle = replace(candidate(8, 1, "evaluation"), symptom="Something is off.")
    practice.write(puzzle, root, 1, "evaluation")
    folder = practice.folder_of(root, 8)
    healthy = set(puzzle.twin.splitlines()) - set(puzzle.source.splitlines())
    (fault,) = puzzle.faults
    secrets = {line.strip() for line in healthy if len(line.strip()) > 8} | {fault.why, fault.fix, fault.prevention}
    assert len(secrets) > 3
    try:
        with server.events("debug:8") as wait:
            server.post("/api/katas/debug:8/grade")
            sent = [str(wait(lambda now: now["status"] == "failed" and not now["grading"]))]
            answer = practice.solution(puzzle)["diagnosis.toml"]
            for line in (1, len(puzzle.source.splitlines())):
                wrong = answer.replace(f"line = {puzzle.lines[0][0]}", f"line = {line}")
                write(folder / "diagnosis.toml", wrong.replace(fault.why, "").replace(fault.fix, ""))
                sent.append(
                    str(wait(lambda now, at=line: f"not on line {at}" in now["verdict"] and not now["grading"]))
                )
            for number in (2, 1, 0):
                server.post("/api/katas/debug:8/hint")
                sent.append(str(wait(lambda now, left=number: now["hints"] and now["hints_left"] == left)))
        write(folder / "diagnosis.toml", practice.stubs(puzzle)["diagnosis.toml"])
        paths = ("/api/puzzles", "/api/katas", "/api/katas/debug:8", "/api/katas/debug:8/explanation?anyway=1")
        sent += [server.request("GET", path)[2].decode() for path in paths]
        sent += [server.request("GET", "/pictures/debug:8/puzzle.toml")[2].decode()]
        for secret in secrets:
            assert all(html.unescape(text).find(secret) < 0 for text in sent), secret
        for name in ("puzzle.toml", "attempts", "hints", "README.md", "test_debug.py", "../8/puzzle.toml"):
            assert 400 <= server.save("debug:8", name, "2026-01-01T00:00:00+00:00  10 of 10\n", "")[0] < 500
        assert practice.puzzle_in(folder)
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("by", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.deep)])
def test_no_answer_outlives_the_server(tmp_path, by):
    root = workshop.write_clone(tmp_path / "katas", ["alpha"], README)
    practice.write(replace(candidate(8, 1, "evaluation"), symptom="Something is off."), root, 1, "evaluation")
    (tmp_path / "t").mkdir()
    changes = {"NN_KATAS_PROGRESS": str(tmp_path / "progress.sqlite"), "TMPDIR": str(tmp_path / "t")}
    with serving(root, environment=os.environ | changes) as server:
        with server.events("debug:8") as wait:
            server.post("/api/katas/debug:8/grade")
            wait(lambda now: now["grading"])
        (place,) = (tmp_path / "t").glob("katas-debug-*")
        assert place.stat().st_mode & 0o777 == 0o700
        assert server.end(by)[0] == 0
    assert not list((tmp_path / "t").glob("katas-debug-*"))


@pytest.mark.parametrize("slug", ["debug:", "debug:08", "debug:-1", "debug:8%2f..", "debug:..", "debug:٨", "debug:1e1"])
def test_only_numbers_name_a_puzzle(server, slug):
    for path in ("", "/events", "/explanation"):
        assert 400 <= server.request("GET", f"/api/katas/{quote(slug, safe='%:')}{path}")[0] < 500


def test_a_codespace_has_its_own_origin_and_no_other(monkeypatch):
    assert forwarded(8765) == set()
    monkeypatch.setenv("CODESPACE_NAME", "fluffy")
    monkeypatch.setenv("GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN", "app.github.dev")
    guard = Guard({}, port=8765, hosts=["127.0.0.1"])
    assert guard.origins == {"http://127.0.0.1:8765", "https://fluffy-8765.app.github.dev"}
    assert guard.hosts == {"127.0.0.1:8765", "fluffy-8765.app.github.dev"}


def test_an_ipv6_address_has_brackets():
    assert address_of("::1", 8765, "x") == "http://[::1]:8765/?token=x"
    assert address_of("::", 8765, "x") == address_of("0.0.0.0", 8765, "x") == "http://127.0.0.1:8765/?token=x"
    assert address_of("box.local", 80, "x") == "http://box.local:80/?token=x"


def test_other_people_on_the_machine_do_not_see_the_secret(root, tmp_path):
    """Everybody can read the arguments of every process, and thus those of the browser."""
    environment = os.environ | {"NN_KATAS_PROGRESS": str(tmp_path / "data" / "progress.sqlite")}
    record = write(tmp_path / "browser", f"#!/bin/sh\nprintf '%s' \"$*\" > '{tmp_path}/arguments'\n")
    record.chmod(0o755)
    words = [shell.KATAS, "--root", str(root), "serve", "--port", "0"]
    environment |= {"BROWSER": f"{record} %s"}
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stderr is not None
        found = ADDRESS.search(process.stderr.readline())
        assert found is not None
        _until(lambda: (tmp_path / "arguments").exists() and (tmp_path / "arguments").read_text())
        arguments = (tmp_path / "arguments").read_text()
        assert found[2] not in arguments
        page = Path(unquote(urlsplit(arguments).path))
        assert (page.parent, page.stat().st_mode & 0o777) == (tmp_path / "data", 0o600)
        assert found[0] in page.read_text()
        # The browser says that the request comes from elsewhere: from a file. The cookie must arrive all the same.
        port, token = found[1], found[2]
        connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=30)
        with contextlib.closing(connection):
            connection.request("GET", f"/?token={token}", headers={"Sec-Fetch-Site": "cross-site"})
            answer = connection.getresponse()
            assert (answer.status, answer.headers["refresh"]) == (200, "0; url=/")
            assert "samesite=strict" in answer.headers["set-cookie"].lower()
            assert token not in answer.read().decode()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert not page.exists()


def test_only_this_machine_can_connect(server):
    addresses = {found for found in _own_addresses() if not found.startswith("127.")}
    for address in addresses:
        with pytest.raises(OSError):
            http.client.HTTPConnection(address, server.port, timeout=5).connect()


def _own_addresses() -> set[str]:
    import socket

    try:
        return {str(each[4][0]) for each in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    except OSError:
        return set()


@pytest.fixture
def globbed(tmp_path: Path) -> Kata:
    """Return a kata with a pattern in `files`, whose folder the learner's programs write to."""
    root = workshop.write_clone(tmp_path / "katas", ["alpha"], README)
    table = root / "katas/alpha/kata.toml"
    write(table, table.read_text(encoding="utf-8").replace('["twice.py"]', '["twice.py", "results/*.csv"]'))
    write(root / "katas/alpha/results/run.csv", "1\n")
    return catalogue.load(root, "alpha", complete=False)


NEW = ["results/more.csv", "results/é 2.csv", "results/" + "n" * 88 + ".csv"]
UNSUITABLE = [
    "results/.hidden.csv", "results/..", "results/../x.csv", "results//x.csv", "/results/x.csv", "results/sub/x.csv",
    "results/", "results/x.txt", "results/x.csv/", "./results/x.csv", "results/a\\b.csv", "results/a\nb.csv", "x.csv",
    "results/a\0.csv", "results/\ud800.csv", "results/RUN.csv", "results/" + "n" * 89 + ".csv", "results/x.pyc.csv",
    "twice.py.csv", "",
]  # fmt: skip


def test_a_file_can_be_created_only_under_a_pattern(globbed):
    for name in NEW:
        assert files.save(globbed, name, "1,2\n", "") == files.digest_of(b"1,2\n")
        assert name in files.names_of(globbed)
        with pytest.raises(Outdated):
            files.save(globbed, name, "other", "")
    before = sorted(globbed.folder.rglob("*"))
    for name in UNSUITABLE:
        with pytest.raises(KataError):
            files.save(globbed, name, "1,2\n", "")
    assert sorted(globbed.folder.rglob("*")) == before


def test_a_new_file_is_not_written_through_a_linked_folder(globbed, tmp_path):
    shutil.rmtree(globbed.folder / "results")
    (tmp_path / "outside").mkdir()
    (globbed.folder / "results").symlink_to(tmp_path / "outside")
    with pytest.raises(KataError, match="link to a file outside"):
        files.save(globbed, "results/more.csv", "x", "")
    assert list((tmp_path / "outside").iterdir()) == []
    (globbed.folder / "results").unlink()
    (globbed.folder / "results").symlink_to(globbed.folder)
    with pytest.raises(KataError, match="isn't yours to change"):
        files.save(globbed, "results/more.csv", "x", "")


def test_a_new_file_makes_its_folder(globbed):
    shutil.rmtree(globbed.folder / "results")
    files.save(globbed, "results/more.csv", "", "")
    assert (globbed.folder / "results/more.csv").read_bytes() == b""


def test_a_link_to_a_file_of_the_kata_itself_is_neither_read_nor_written(globbed):
    (globbed.folder / "results/more.csv").symlink_to("../kata.toml")
    before = (globbed.folder / "kata.toml").read_bytes()
    with pytest.raises(KataError, match="isn't yours to change"):
        files.read(globbed, "results/more.csv")
    with pytest.raises(KataError, match="isn't yours to change"):
        files.save(globbed, "results/more.csv", "x", files.digest_of(before))
    assert (globbed.folder / "kata.toml").read_bytes() == before


def test_a_pipe_is_not_read_forever(globbed):
    os.mkfifo(globbed.folder / "results/pipe.csv")
    found = files.read(globbed, "results/pipe.csv")
    assert (found.text, found.why) == (None, "It isn't an ordinary file.")
    with pytest.raises(KataError, match="isn't an ordinary file"):
        files.save(globbed, "results/pipe.csv", "x", found.digest)


def test_a_name_that_is_not_utf_8_does_not_close_the_page(globbed):
    with open(os.fsencode(globbed.folder) + b"/results/\xff.csv", "w"):
        pass
    assert files.names_of(globbed) == ["twice.py", "results/run.csv"]
    json.dumps(files.names_of(globbed), ensure_ascii=False).encode()


def test_of_two_pages_that_save_at_once_one_is_told(globbed, monkeypatch):
    def slow(*arguments: Any) -> None:
        time.sleep(0.2)
        deliver_bytes(*arguments)

    monkeypatch.setattr(files, "deliver_bytes", slow)
    base, told = files.read(globbed, "twice.py").digest, []

    def save(text: str) -> None:
        try:
            files.save(globbed, "twice.py", text, base)
        except Outdated as fault:
            told.append((text, fault.now["text"]))

    pages = [threading.Thread(target=save, args=(text,)) for text in ("first = 1\n", "second = 2\n")]
    for page in pages:
        page.start()
    for page in pages:
        page.join()
    ((lost, kept),) = told
    assert {lost, kept} == {"first = 1\n", "second = 2\n"}
    assert (globbed.folder / "twice.py").read_text(encoding="utf-8") == kept


def test_a_private_file_stays_private(globbed):
    path = globbed.folder / "twice.py"
    path.chmod(0o600)
    files.save(globbed, "twice.py", "x = 1\n", files.read(globbed, "twice.py").digest)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "\ufeffx\r\ny\rz\n", "a\0b", "🦀\u2028é", "no end", "\r\n\r\n"])
def test_a_text_is_saved_as_it_is(globbed, text):
    files.save(globbed, "twice.py", text, files.read(globbed, "twice.py").digest)
    assert (globbed.folder / "twice.py").read_bytes() == text.encode()
    assert files.read(globbed, "twice.py").text == text


@pytest.mark.parametrize("body", [b"[" * 500_000, b'{"a":' * 100_000, b"NaN", b"[]", b"\xff", b"1" * 9_999])
def test_a_broken_request_gets_a_message(server, body):
    status, _, said = server.request("POST", "/api/katas/alpha/stop", body)
    assert status == 400
    assert "error" in json.loads(said)


def test_no_second_header_overrules_the_first(server):
    good, bad = f"http://{server.host}", "http://evil.example"
    for origins in ([good, bad], [bad, good]):
        assert _status(server, "POST", *(("Origin", each) for each in origins)) == 403
    for sites in (["same-origin", "cross-site"], ["cross-site", "same-origin"]):
        more = (("Sec-Fetch-Site", each) for each in sites)
        assert _status(server, "POST", ("Origin", good), *more) == 403
    assert _status(server, "POST", ("Origin", good), ("Host", "evil.example")) == 400
    assert _status(server, "POST", ("Origin", good)) == 200


def _status(server: Server, method: str, *headers: tuple[str, str]) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    with contextlib.closing(connection):
        connection.putrequest(method, "/api/katas/alpha/stop", skip_host=True)
        own = (("Host", server.host), ("Cookie", server.cookie), ("Content-Type", "application/json"))
        for name, value in (*own, *headers, ("Content-Length", "2")):
            connection.putheader(name, value)
        connection.endheaders(b"{}")
        return connection.getresponse().status


def test_a_progress_file_that_cannot_be_used_is_named_on_the_start_page(globbed, tmp_path, monkeypatch):
    katas = LiveKatas(globbed.root, None)
    monkeypatch.setenv("NN_KATAS_PROGRESS", str(tmp_path / "progress.sqlite"))
    write(tmp_path / "progress.sqlite", "damaged" * 1000)
    assert "It was renamed progress.damaged-" in app.overview(katas, {})["warning"]
    with contextlib.closing(sqlite3.connect(tmp_path / "progress.sqlite")) as other:
        other.execute("BEGIN EXCLUSIVE")
        started = time.monotonic()
        found = app.overview(katas, {})
        state = live.opened(globbed.root, "alpha")
        assert time.monotonic() - started < 5  # and not progress.WAIT_S for each
    assert [each["slug"] for each in found["katas"]] == ["alpha"]
    assert "Your progress cannot be shown now" in found["warning"]
    assert "database is locked. Another program is using the file." in found["warning"]
    assert (found["summary"], found["next"], found["progress"]) == ("", None, False)
    assert "database is locked" in state.notes[0].about[0]


def test_a_broken_kata_does_not_hide_the_others(globbed):
    shutil.copytree(globbed.folder, globbed.root / "katas/beta")
    shutil.copytree(globbed.folder, globbed.root / "katas/gamma")
    write(globbed.root / "katas/beta/kata.toml", "title = 3\n")
    found = app.overview(LiveKatas(globbed.root, None), {})
    assert [each["slug"] for each in found["katas"]] == ["alpha", "gamma"]
    ((slug, fault),) = ((each["slug"], each["fault"]) for each in found["broken"])
    assert slug == "beta"
    assert "katas/beta/kata.toml" in fault
    state = live.opened(globbed.root, "alpha")
    assert state.following is not None
    assert state.following[0].slug == "gamma"
    with pytest.raises(KataError, match=r"katas/beta/kata\.toml"):
        live.opened(globbed.root, "beta")


def test_opening_a_kata_reads_no_other(globbed, monkeypatch):
    shutil.copytree(globbed.folder, globbed.root / "katas/beta")
    known, read = catalogue.load, []
    monkeypatch.setattr(catalogue, "load", lambda root, slug, **how: read.append(slug) or known(root, slug, **how))
    live.opened(globbed.root, "alpha")
    assert set(read) == {"alpha"}


def test_a_session_that_fails_is_shown_and_tried_again(globbed, monkeypatch):
    """Without its thread, the page would wait for events that never come."""
    monkeypatch.setattr(live, "AFTER_FAULT_S", 0.05)
    faults = ["__init__", "look", "grade", "keep"]

    class Broken(live.WatchSession):
        """A session each of whose steps fails once."""

        def __init__(self, *arguments: Any, **how: Any) -> None:
            self._fail("__init__")
            super().__init__(*arguments, **how)

        def _fail(self, name: str) -> None:
            if faults and faults[0] == name:
                raise RuntimeError(f"{faults.pop(0)} failed")

        def look(self) -> None:
            self._fail("look")
            super().look()

        def keep(self) -> None:
            self._fail("keep")
            super().keep()

        def grade_again(self) -> None:
            self._fail("grade")

    monkeypatch.setattr(live, "WatchSession", Broken)
    seen: list[Any] = []
    judge = SimpleNamespace(grade=lambda *_, **__: None, close=lambda: None)
    katas = LiveKatas(globbed.root, judge)
    kata = katas.get("alpha")
    kata.join(seen.append)
    kata.do(lambda session: session.grade_again())
    try:
        for name in ("__init__", "look", "grade", "keep"):
            _until(lambda name=name: any(f"{name} failed" in str(each["notes"]) for each in seen))
        _until(lambda: seen[-1].get("slug") == "alpha")
        assert kata.alive
    finally:
        katas.close()


def _until(condition: Any) -> None:
    ends = time.monotonic() + 30
    while not condition() and time.monotonic() < ends:
        time.sleep(0.02)
    assert condition()


def test_a_formula_with_a_mistake_does_not_close_the_page(globbed):
    found = to_html(r"before $\left( <b>$ after", globbed.folder / "README.md", globbed.root)
    assert r"<code>\left( &lt;b&gt;</code></span> after" in found


def test_a_reset_writes_nothing_through_a_link(globbed, tmp_path):
    outside = write(tmp_path / "outside.py", "precious = 1\n")
    (globbed.folder / "twice.py").unlink()
    (globbed.folder / "twice.py").symlink_to(outside)
    with pytest.raises(KataError, match="link to a file outside"):
        guidance.reset(globbed, handed_out(globbed))
    assert outside.read_text(encoding="utf-8") == "precious = 1\n"


def test_a_client_that_never_reads_gets_only_the_latest_snapshot(globbed, monkeypatch):
    """Its events must not be kept: a long grading has thousands."""
    listeners = []
    kata = SimpleNamespace(alive=True, join=listeners.append, leave=listeners.remove)
    monkeypatch.setattr(LiveKatas, "get", lambda *_: kata)
    state = SimpleNamespace(katas=LiveKatas(globbed.root, None))
    request = SimpleNamespace(app=SimpleNamespace(state=state), path_params={"slug": "alpha"})

    class Found(dict[str, int]):
        """A snapshot that can be counted."""

    async def read() -> int:
        stream = (await app.events(request)).body_iterator
        await anext(stream)
        first = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        listeners[0](Found(number=0))
        await first  # from here on, the client doesn't read
        kept = []
        for number in range(1000):
            found = Found(number=number)
            kept.append(weakref.ref(found))
            listeners[0](found)
            await asyncio.sleep(0)
        del found
        alive = sum(each() is not None for each in kept)
        assert await anext(stream) == 'data: {"number": 999}\n\n'
        await stream.aclose()
        return alive

    assert asyncio.run(read()) <= 1
    assert listeners == []


def test_a_readme_that_is_not_utf_8_does_not_close_the_page(globbed):
    (globbed.folder / "README.md").write_bytes(b"# Caf\xe9\n")
    assert "Caf\ufffd" in app.one_kata(LiveKatas(globbed.root, None), {}, "alpha")["readme"]


def test_the_address_of_a_picture_is_quoted(globbed):
    """The page decodes it, and stops showing verdicts if it cannot."""
    write(globbed.root / ".katas/pictures/alpha-100%25#?é.png", "")
    (address,) = pane._pictures(SimpleNamespace(kata=globbed))
    assert address.startswith("/drawn/alpha-100%2525%23%3F%C3%A9.png?")

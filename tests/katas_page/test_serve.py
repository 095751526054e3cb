"""`katas serve`: it shows, saves and grades the learner's own files, and loses none of their text."""

from __future__ import annotations

import re
import signal
import socket
from pathlib import Path

import pytest

from graders.web.markdown import to_html
from katas_page.files import LARGEST, digest_of
from tests import shell, workshop
from tests.learner.test_learning import README
from tests.serving import Server, serving
from tests.shell import katas_cold
from tests.workshop import ADDED, HALF, ROOT, SOLUTION, STUB, edit, write

ENDLESS = "def twice(x):\n    while True:\n        pass\n\n" + HALF
HTML = 'def twice(x):\n    print("<script>alert(1)</script>")\n    raise ValueError("<img src=x onerror=alert(2)>")\n'


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("serve")
    root = workshop.write_clone(folder / "my kätas", ["alpha", "beta"], README)
    (root / "solutions" / "beta" / "after.md").unlink()
    write(root / "solutions" / "alpha" / "after.md", "# After Twice\n\n## Why it works\n\nIt adds $x$ to itself.\n")
    return root


@pytest.fixture
def stub(root: Path) -> Path:
    """Return the path of alpha's file, which is the stub again."""
    return write(root / "katas" / "alpha" / "twice.py", STUB)


def digest(text: str) -> str:
    return digest_of(text.encode())


def test_the_page_names_what_to_do_without_javascript(server: Server) -> None:
    status, headers, body = server.request("GET", "/")
    assert status == 200
    assert b"<noscript>" in body
    assert b"katas watch" in body
    assert "script-src 'self'" in headers["content-security-policy"]


@pytest.mark.usefixtures("stub")
def test_the_katas_are_listed_and_each_has_its_readme_and_files(server: Server, root: Path) -> None:
    found = server.get("/api/katas")
    assert [kata["slug"] for kata in found["katas"]] == ["alpha", "beta"]
    assert found["next"]["slug"] in ("alpha", "beta")
    assert found["summary"].endswith(" points")
    assert found["kept_in"] in ("", str(root.parent / "progress.sqlite"))
    found = server.get("/api/katas/alpha")
    assert "<h" in found["readme"]
    assert re.search(r"<em>\d+ min to read, \d+ min to solve</em>", found["readme"])
    (file,) = found["files"]
    assert (file["name"], file["text"], file["editable"], file["language"]) == ("twice.py", STUB, True, "python")
    assert file["digest"] == digest(STUB)
    assert found["has_hidden_tests"]


def test_a_handout_has_no_choice_of_tests(server: Server, root: Path) -> None:
    hidden = root / "graders" / "hidden"
    away = hidden.rename(root / "hidden")
    assert not server.get("/api/katas/alpha")["has_hidden_tests"]
    away.rename(hidden)


def test_a_saved_file_is_graded_and_a_pass_opens_the_explanation(server: Server, root: Path, stub: Path) -> None:
    with server.events("alpha") as wait, server.events("alpha") as wait_in_another_page:
        assert server.save("alpha", "twice.py", ADDED, digest(STUB)) == (200, {"digest": digest(ADDED)})
        assert wait_in_another_page(lambda now: now["score"] == "failed, 1 of 3 points")
        wrong = wait(lambda now: now["status"] == "failed" and not now["grading"])
        assert "two is added" in wrong["verdict"]
        assert wrong["score"] == "failed, 1 of 3 points"
        assert stub.read_text(encoding="utf-8") == ADDED
        if not wrong["done"]:
            status, _, body = server.request("GET", "/api/katas/alpha/explanation")
            assert status == 400
            assert b"You have not passed alpha yet" in body
            assert "MathML" in server.get("/api/katas/alpha/explanation?anyway=1")["html"]
        server.save("alpha", "twice.py", SOLUTION, digest(ADDED))
        right = wait(lambda now: now["status"] == "passed" and not now["grading"])
    assert right["done"]
    assert right["next"]["slug"] == "beta"
    opened = server.get("/api/katas/alpha/explanation")
    assert server.get("/api/katas")["kept_in"] == str(root.parent / "progress.sqlite")
    assert "<math" in opened["html"]
    assert opened["solution"] == [{"name": "twice.py", "text": SOLUTION, "own": SOLUTION}]
    without = server.get("/api/katas/beta/explanation?anyway=1")
    assert (without["html"], without["solution"][0]["text"]) == ("", SOLUTION)


def test_a_change_on_disk_is_graded_and_never_overwritten(server: Server, stub: Path) -> None:
    with server.events("alpha") as wait:
        wait(lambda now: now["files"] == {"twice.py": digest(STUB)})
        write(stub, ADDED)  # by another editor
        wait(lambda now: now["files"] == {"twice.py": digest(ADDED)})
        status, found = server.save("alpha", "twice.py", SOLUTION, digest(STUB))
        assert (status, found["text"], found["digest"]) == (409, ADDED, digest(ADDED))
        assert "changed on disk" in found["error"]
        assert stub.read_text(encoding="utf-8") == ADDED
        stub.unlink()
        wait(lambda now: now["files"] == {"twice.py": None} and "twice.py is not in katas/alpha/" in now["verdict"])
        status, found = server.save("alpha", "twice.py", SOLUTION, digest(ADDED))
        assert (status, found["text"]) == (409, None)
        assert "deleted on disk" in found["error"]
        assert server.save("alpha", "twice.py", SOLUTION, "")[0] == 200
        wait(lambda now: now["status"] == "passed" and not now["grading"])


def test_buttons_hint_reset_choose_tests_and_stop(server: Server, stub: Path) -> None:
    with server.events("alpha") as wait:
        server.post("/api/katas/alpha/hint")
        hinted = wait(lambda now: now["hints"])
        assert "<p><strong>" in hinted["hints"][0]
        write(stub, SOLUTION)
        server.post("/api/katas/alpha/visible", {"visible": True})
        shown = wait(lambda now: now["visible"] and now["status"] == "passed" and not now["grading"])
        assert shown["score"].startswith("visible tests only: passed, ")
        server.post("/api/katas/alpha/visible", {"visible": False})
        write(stub, ENDLESS)
        wait(lambda now: now["grading"] and now["files"]["twice.py"] == digest(ENDLESS))
        server.post("/api/katas/alpha/stop")
        stopped = wait(lambda now: not now["grading"])
        assert any("stopped" in note for note in stopped["notes"])
        server.post("/api/katas/alpha/reset")
        wait(lambda now: now["files"] == {"twice.py": digest(STUB)})
        server.post("/api/katas/alpha/grade")
        found = wait(lambda now: now["score"] == "not started" and not now["grading"])
        assert (found["status"], found["activity"], found["hints"]) == (None, "", [])
    assert stub.read_text(encoding="utf-8") == STUB


def test_what_a_submission_prints_is_text(server: Server, stub: Path) -> None:
    write(stub, HTML)
    with server.events("alpha") as wait:
        found = wait(lambda now: "onerror" in now["verdict"])
    assert "<script" not in found["verdict"]
    assert "<img" not in found["verdict"]


@pytest.mark.deep
def test_a_long_grading_waits_for_nobody(server: Server, root: Path, stub: Path) -> None:
    """When its last page is closed, a grading is cancelled, and the next kata's begins."""
    limits, patient = "call_s = 3\ntest_s = 6", "call_s = 300\ntest_s = 600\ntotal_s = 900"
    settings = edit(root / "katas" / "alpha" / "kata.toml", limits, patient)
    try:
        write(stub, ENDLESS)
        with server.events("alpha") as wait:
            wait(lambda now: now["grading"] and now["files"]["twice.py"] == digest(ENDLESS))
        with server.events("beta") as wait:
            wait(lambda now: now["score"] == "not started" and not now["grading"])
        with server.events("alpha") as wait:
            wait(lambda now: now["grading"])
            write(stub, SOLUTION)
            wait(lambda now: now["status"] == "passed" and not now["grading"])
    finally:
        edit(settings, patient, limits)


def test_a_wrong_request_gets_one_message(server: Server, stub: Path) -> None:
    base = digest(STUB)
    large = "x" * (LARGEST + 1)
    told = {
        "not one of alpha's files": server.save("alpha", "factors.py", "FACTOR = 3.0", ""),
        "at most 256 KiB": server.save("alpha", "twice.py", large, base),
        "too long": server.save("alpha", "twice.py", 40 * large, base),
        "`text` and `base`": server.send("PUT", "/api/katas/alpha/files/twice.py", {"text": 1}),
        "there is no kata": server.save("gamma", "twice.py", "", ""),
        "no action": server.send("POST", "/api/katas/alpha/explode", {}),
        "not a JSON object": server.send("POST", "/api/katas/alpha/grade", [1]),
        "surrogate": server.save("alpha", "twice.py", "\ud800", base),
    }
    for words, (status, found) in told.items():
        assert 400 <= status < 500, words
        assert words in found["error"]
    assert stub.read_text(encoding="utf-8") == STUB


def test_a_file_that_cannot_be_edited_says_why(server: Server, stub: Path) -> None:
    stub.write_bytes(b"\xff\xfe")
    (file,) = server.get("/api/katas/alpha")["files"]
    assert (file["editable"], file["text"], file["why"]) == (False, None, "It isn't text in UTF-8.")
    stub.write_bytes(b"#" * (LARGEST + 1))
    (file,) = server.get("/api/katas/alpha")["files"]
    assert not file["editable"]
    assert "larger than 256 KiB" in file["why"]


@pytest.mark.deep
def test_ctrl_c_ends_it_and_a_new_server_takes_the_same_page(tmp_path: Path) -> None:
    root = workshop.write_clone(tmp_path / "katas", ["alpha"], README)
    progress = tmp_path / "progress.sqlite"
    with serving(root, progress=progress) as server:
        port, cookie = str(server.port), server.cookie
        with server.events("alpha") as wait:
            wait(lambda now: not now["grading"])
            status, said = server.end()
        assert (status, said.strip()) == (0, "The server has ended; your files are saved.")
    with serving(root, "--port", port, progress=progress) as server:
        assert server.cookie == cookie
        assert server.get("/api/katas")["katas"]
        taken = katas_cold("serve", "--no-browser", "--port", port, cwd=root)
        assert taken.status == 2
        assert f"port {port} on 127.0.0.1: it is taken" in taken.err
        assert server.end(signal.SIGTERM)[0] == 0
    secret = tmp_path / "serve-token"
    assert secret.stat().st_mode & 0o777 == 0o600


def test_a_read_only_repository_keeps_the_text_in_the_page(tmp_path: Path) -> None:
    root = workshop.write_clone(tmp_path / "katas", ["alpha"], README)
    before = workshop.read_only(root)  # the server itself is inside the sandbox
    if shell.run(*before, "true").status:
        pytest.skip("bubblewrap makes the folder read-only")
    with serving(root, before=before, progress=tmp_path / "progress.sqlite") as server:
        status, found = server.save("alpha", "twice.py", SOLUTION, digest(STUB))
    assert status == 400
    assert "Your text was not saved" in found["error"]


def test_a_port_that_nobody_chose_is_the_next_free_one() -> None:
    from graders.web.server import PORT, listening

    first, _ = listening("127.0.0.1", None)
    second, number = listening("127.0.0.1", None)
    with first, second:
        assert number != PORT or first.getsockname()[1] != PORT
        assert socket.create_connection(("127.0.0.1", number), timeout=10).close() is None


@pytest.mark.parametrize(
    "slug", sorted(path.name for path in (ROOT / "katas").iterdir() if (path / "README.md").exists())
)
def test_every_readme_has_its_formulas_as_mathml(slug: str) -> None:
    source = ROOT / "katas" / slug / "README.md"
    text = source.read_text(encoding="utf-8")
    html = to_html(text, source, ROOT)
    assert html.count("<math") >= (1 if "$" in text else 0)
    assert "$$" not in html
    assert "merror" not in html
    assert html.count("<details>") == text.count("<details>")

"""`katas serve --instructor`: the marking queue that the page uses, without a browser."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
from typing import Any

import pytest

from graders.cli import products
from katas_course.gradebook import Gradebook
from katas_course.serve.piece import pixels_only
from tests import shell
from tests.katas_course.books import audit_of, table
from tests.katas_course.marking import HTML, PEOPLE, Course, Marking, png
from tests.shell import katas
from tests.workshop import write


def named(piece: Any) -> tuple[str, str]:
    return piece["task"], piece["person"]


def test_queue_marks_one_task_for_everybody_in_a_row(course: Course) -> None:
    with course.serve() as page:
        state = page.get("/api/queue")
        assert (state["progress"], state["by"]) == ("0 of 6 marked, 6 left", "Grace")
        assert (state["katas"], state["people"]) == (["alpha"], list(PEOPLE))
        assert state["tasks"] == [{"kata": "alpha", "task": "why"}, {"kata": "alpha", "task": "how"}]
        seen = []
        for number in range(6):
            piece = page.next()
            seen.append(named(piece))
            status, said = page.give(piece, 4 if number else 2.5, "" if number else "Say more.\nMuch more.")
            assert (status, said) == (200, {"progress": f"{number + 1} of 6 marked, {5 - number} left"})
        done = page.post("/api/next")
        assert (done["piece"], done["note"], done["end"]["title"]) == (None, "", "Nothing is left")
        assert (course.out / "results.csv").read_text("utf-8") == table(course.out), "the table is outdated at the end"
        assert named(page.post("/api/back")["piece"]) == seen[-1]
        assert named(page.post("/api/back")["piece"]) == seen[-2]
        _, said = page.end()
    assert course.files_agree()
    assert seen == [(task, person) for task in ("why", "how") for person in PEOPLE]
    assert "6 of 6 marked, 0 left" in said
    marks = course.marks()
    assert marks.pop(("why", "ada")) == (2.5, "Grace", "Say more.\nMuch more.")
    assert set(marks.values()) == {(4.0, "Grace", "")}
    with Gradebook(course.book) as book:
        assert [line.who for line in audit_of(book) if line.what == "marked"] == ["Grace"] * 6


@pytest.mark.deep
def test_piece_shows_files_as_text_and_checked_pictures(course: Course) -> None:
    with course.serve() as page:
        piece = page.next()
        files = {file["name"]: file for file in piece["files"]}
        kinds = {name: file["kind"] for name, file in files.items()}
        expected = dict.fromkeys(("why.md", "out/how.txt", "out/page.html", f"out/{HTML}.txt"), "text")
        assert kinds == expected | {"out/picture.png": "picture", "out/odd.png": "other"}
        assert files["why.md"]["text"] == "# Why\n\nAda says: <img src=x onerror=alert(1)>"
        assert "\x1b" not in files["out/how.txt"]["text"]
        status, headers, body = page.request("GET", files["out/picture.png"]["address"])
        assert (status, headers["content-type"], body) == (200, "image/png", png())
        assert headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert (piece["rubric"], piece["maximum"], piece["score"]) == ("Does it say why?", 4.0, None)
        assert [each["title"] for each in piece["result"]["others"]] == ["Twice a vector", "Half a number", "How"]


@pytest.mark.deep
def test_queue_can_be_limited_and_says_so(course: Course) -> None:
    with course.serve() as page:
        assert named(page.choose(task="how", person="bob")["piece"]) == ("how", "bob")
        assert page.give(page.choose(task="why", person="ada")["piece"], 1, "Hm.")[0] == 200
        found = page.choose(kata="alpha", task="why", person="ada")
        assert (found["piece"], found["progress"]) == (None, "1 of 1 marked, 0 left")
        score = page.choose(task="why", person="ada", again=True)["piece"]["score"]
        assert (score["points"], score["comment"], score["by"]) == (1.0, "Hm.", "Grace")
        assert page.get("/api/queue")["chosen"] == {"kata": "", "task": "why", "person": "ada", "again": True}
        assert page.send("POST", "/api/choose", {"kata": 3})[0] == 400


def same_files(course: Course, *people: str) -> None:
    """Let these people submit the same files as the first of them."""
    for person in people[1:]:
        shutil.rmtree(course.folder / person)
        shutil.copytree(course.folder / people[0], course.folder / person)
    assert course.grade("--kata", "alpha").status == 0


@pytest.mark.parametrize("options", [(), ("--anonymous",)])
def test_the_same_files_of_several_people_are_marked_together(course: Course, options: tuple[str, ...]) -> None:
    same_files(course, "ada", "cleo")
    with course.serve(*options) as page:
        names = {}
        for _ in range(2):
            piece = page.next()
            names[piece["people"]] = piece["names"]
            both = piece["people"] == 2
            assert page.give(piece, 3 if both else 1, "why.md:3: Why?\nBoth of you." if both else "")[0] == 200
        assert names == ({1: [], 2: []} if options else {1: ["bob"], 2: ["ada", "cleo"]})
        assert page.get("/api/queue")["progress"] == "3 of 6 marked, 3 left"
        assert page.next()["task"] == "how", "the third answer needs no second decision"
    mark = (3.0, "Grace", "why.md:3: Why?\nBoth of you.")
    assert course.marks() == {("why", "ada"): mark, ("why", "cleo"): mark, ("why", "bob"): (1.0, "Grace", "")}
    assert course.files_agree()


def test_a_score_of_its_own_is_not_changed_with_the_others(course: Course) -> None:
    same_files(course, "ada", "bob", "cleo")
    record = str(course.batch.verdict_file("bob", "alpha"))
    assert course.run("review", record, "--by", "Alan", "--award", "why=1").status == 1
    with course.serve() as page:
        piece = page.next()
        assert piece["names"] == ["ada", "cleo"]
        assert page.give(piece, 3)[0] == 200
        changed = page.choose(task="why", person="cleo", again=True)["piece"]
        assert (changed["names"], page.give(changed, 2, "Less.")[0]) == (["ada", "cleo"], 200)
    with Gradebook(course.book) as book:
        said = [(line.person, line.after) for line in audit_of(book) if line.what == "marked"]
    assert said[0] == ("bob", "why: 1 by Alan")
    assert sorted(said[3:]) == [("ada", "why: 2 by Grace: Less."), ("cleo", "why: 2 by Grace: Less.")]


def test_line_comments_reach_the_author_and_no_new_submission(course: Course) -> None:
    remark = "why.md:3: Is <b>this</b> right?"
    with course.serve() as page:
        assert page.give(page.next(), 3, remark)[0] == 200
    assert course.run("feedback", str(course.out), "--kata", "alpha").status == 0
    assert "why.md:3: Is &lt;b&gt;this&lt;/b&gt; right?" in (course.out / "feedback" / "ada" / "alpha.html").read_text(
        "utf-8"
    )
    assert course.run("gradebook", "regrade", "--all", "--gradebook", course.book).status == 0
    assert course.marks()["why", "ada"] == (3.0, "Grace", remark), "the same files graded again"
    write(course.folder / "ada" / "why.md", "Now I know.\n")
    assert course.grade("--kata", "alpha").status == 0
    assert course.marks() == {}
    with course.serve() as page:
        assert page.choose(person="ada", task="why")["piece"]["score"] is None


def test_blank_lines_before_a_text_keep_the_numbers_of_its_lines(course: Course) -> None:
    write(course.folder / "ada" / "why.md", "\r\n\n# Why\n")
    assert course.grade("--kata", "alpha").status == 0
    with course.serve() as page:
        (text,) = (file["text"] for file in page.next()["files"] if file["name"] == "why.md")
    assert text == "\n\n# Why"


@pytest.mark.deep
def test_page_that_is_loaded_again_keeps_its_piece(course: Course) -> None:
    def start() -> Any:
        return page.post("/api/start")

    with course.serve() as page:
        first, again = start()["piece"], start()["piece"]
        assert (named(first), named(again)) == (("why", "ada"), ("why", "ada"))
        assert page.give(again, 2)[0] == 200
        assert named(start()["piece"]) == ("why", "bob")
        assert page.give(page.next(), 2)[0] == 200  # cleo, and bob is skipped
        assert named(page.post("/api/back")["piece"]) == named(start()["piece"]) == ("why", "bob")
        page.choose(task="why")
        assert page.next() is None
        for end in (start(), start()):
            assert (end["piece"], end["progress"]) == (None, "2 of 3 marked, 1 left")
            assert (end["end"], end["note"]) == ({"title": "1 piece is left", "skipped": 1}, "You have skipped 1.")
        assert named(page.choose(task="why")["piece"]) == named(start()["piece"]) == ("why", "bob")
        assert page.give(first, 3)[0] == 409, "an outdated tab overwrote a score"


def test_invalid_scores_are_refused(course: Course) -> None:
    with course.serve() as page:
        piece = page.next()
        for points, comment, said in [
            (5, "", "5 points is out of range; award 0 to 4"),
            (-1, "", "-1 points is out of range"),
            ("4", "", "The points are not a number."),
            (True, "", "The points are not a number."),
            (1, "x" * 2001, "its comment has 2001 characters; the limit is 2000"),
            (1, "x" * 10_001, "The comment is not a text, or it is too long."),
            (1, None, "The comment is not a text"),
            (1, "\ud800", "half of a surrogate pair"),
        ]:
            status, answer = page.give(piece, points, comment)
            assert (status, said in answer["error"]) == (400, True), (points, comment, answer)
        page.number = page.choose()["piece"]["number"]
        nan = page.request("POST", "/api/pieces/{number}/give", b'{"points": NaN, "comment": "", "items": []}')
        assert nan[0] == 400
    assert course.marks() == {}


@pytest.mark.deep
def test_score_given_meanwhile_is_shown_and_kept(course: Course) -> None:
    with course.serve() as page:
        piece = page.next()
        record = str(course.out / "verdicts" / "ada" / "alpha.json")
        award = ("--by", "Alan", "--award", "why=1", "--comment", "why=No.")
        assert katas("--root", str(course.root), "review", record, *award).status == 1
        status, said = page.give(piece, 4, "Good.")
        assert (status, said["error"]) == (
            409,
            "Alan has given 1 point meanwhile: No.\nYour points were not stored.",
        )
        assert course.marks() == {("why", "ada"): (1.0, "Alan", "No.")}
        assert said["piece"]["score"]["comment"] == "No."
        assert page.give(piece, 4, "Good.")[0] == 409, "the second try overwrites what was never shown"
        assert page.give(said["piece"], 4, "Good.")[0] == 200
    assert course.marks() == {("why", "ada"): (4.0, "Grace", "Good.")}


@pytest.mark.deep
def test_page_of_an_ended_server_scores_no_other_piece(course: Course) -> None:
    with course.serve() as page:
        piece = page.next()
    with course.serve() as page:
        page.choose(task="how", person="cleo")
        status, said = page.give(piece, 4)
        assert (status, "by a server that has ended. Reload the page." in said["error"]) == (400, True)
    assert course.marks() == {}


@pytest.mark.deep
def test_rubric_items_give_points_and_comments(course: Course) -> None:
    with course.serve() as page:
        piece = page.next()
        add = f"/api/pieces/{piece['number']}/items"
        for label, points, comment in (("Sign", -1, "The sign is wrong."), ("Unit", -0.5, "")):
            found = page.post(add, {"label": label, "points": points, "comment": comment})
        one, two = found["items"]
        assert (one["label"], two["points"]) == ("Sign", -0.5)
        status, said = page.send("POST", add, {"label": " ", "points": 1, "comment": ""})
        assert (status, "the label is empty" in said["error"]) == (400, True)
        assert page.send("POST", add, {"label": "x", "points": 9, "comment": ""})[0] == 400
        score = page.post(f"/api/pieces/{piece['number']}/score", {"items": [one["id"], two["id"]]})
        assert score == {"points": 2.5, "comment": "The sign is wrong."}
        assert page.send("POST", f"/api/pieces/{piece['number']}/score", {"items": [99]})[0] == 400
        own = "The sign is wrong.\nAnd more."
        assert page.give(piece, 2.5, own, (one["id"], two["id"]))[0] == 200
        bob = page.next()
        assert [each["label"] for each in bob["items"]] == ["Sign", "Unit"]
        assert page.give(bob, 4, "By hand.", (one["id"],))[0] == 200
        again = page.choose(task="why", person="ada", again=True)["piece"]
        assert again["used"] == [one["id"], two["id"]]
        assert page.choose(task="why", person="bob", again=True)["piece"]["used"] == []
    assert course.marks()["why", "ada"] == (2.5, "Grace", own)


def test_anonymous_page_sends_no_names(course: Course) -> None:
    with course.serve("--anonymous") as page:
        sent = [str(page.get("/api/queue"))]
        while (piece := page.next()) is not None:
            sent.append(str(piece))
            sent += [
                page.request("GET", file["address"])[2].decode("latin-1")
                for file in piece["files"]
                if file["kind"] == "picture"
            ]
        text = "".join(sent).replace(str(course.root.parent), "")
        assert len(sent) == 1 + 6 + 6
        assert not re.search("ada|bob|cleo", text, re.IGNORECASE), text
        person = page.get("/api/queue")["people"][0]
        piece = page.choose(person=person, task="why")["piece"]
        assert piece["person"] == person
        assert page.give(piece, 1, f"{person} is wrong.")[0] == 200
    assert len(course.marks()) == 1


@pytest.mark.deep
def test_comment_with_a_name_survives_an_anonymous_change_of_points(course: Course) -> None:
    record = str(course.out / "verdicts" / "ada" / "alpha.json")
    award = ("--by", "Grace", "--award", "why=1", "--comment", "why=Well, Ada!")
    assert katas("--root", str(course.root), "review", record, *award).status == 1
    with course.serve("--anonymous") as page:
        page.choose(task="why", again=True)
        pieces = [
            page.choose(task="why", person=each, again=True)["piece"] for each in page.get("/api/queue")["people"]
        ]
        (piece,) = (each for each in pieces if each["score"])
        piece = page.choose(task="why", person=piece["person"], again=True)["piece"]
        assert "Ada" not in piece["score"]["comment"]
        assert page.give(piece, 2, piece["score"]["comment"])[0] == 200
    assert course.marks() == {("why", "ada"): (2.0, "Grace", "Well, Ada!")}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--instructor", "{out}"), "--instructor: who marks? Add --by NAME"),
        (("--by", "Grace"), "--by, --renew, --url and --anonymous are for marking. Add --instructor COURSE."),
        (("--instructor", "none.sqlite", "--by", "Grace"), "none.sqlite: no such gradebook."),
        (("--instructor", "{root}", "--by", "Grace"), "not a batch"),
    ],
)
def test_wrong_options_are_refused(course: Course, words: tuple[str, ...], said: str) -> None:
    given = [word.format(out=course.out, root=course.root) for word in words]
    done = katas("--root", str(course.root), "serve", "--no-browser", *given, cwd=course.root)
    assert (done.status, said in done.err) == (2, True), done.said
    assert not (course.root / "none.sqlite").exists()


def test_pictures_keep_only_their_pixels() -> None:
    assert pixels_only(png(text=b"Ada Lovelace")) == png()
    for broken in (b"", b"GIF89a", png()[:-20], png()[:40], b"\x89PNG\r\n\x1a\n", png(width=20_000, height=1)):
        assert pixels_only(broken) is None


def test_copy_for_learners_says_that_it_cannot_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    """Handouts lack katas_course."""
    known = importlib.util.find_spec
    monkeypatch.setattr(products, "find_spec", lambda name: None if name == "katas_course" else known(name))
    done = shell.katas_here("serve", "--no-browser", "--instructor", "out", "--by", "Grace")
    assert (done.status, "this copy of the katas has no marking page" in done.err) == (2, True), done.said


# Several reviewers.


def served(course: Course, *words: str) -> tuple[Marking, dict[str, str]]:
    """Start the page for several reviewers. Return it, and the secret of each one's link."""
    first, *more = words
    page = course.serve(*more, by=first)
    lines = [page.first]
    assert page.process.stdout is not None
    while not lines[-1].startswith("Ctrl-C"):
        lines.append(page.process.stdout.readline())
    found = [re.fullmatch(r"(.+) marks at (\S+)/\?token=(\S+)\n", line) for line in lines[:-1]]
    return page, {each[1]: each[3] for each in found if each}


def state(page: Marking, token: str, **headers: str) -> tuple[int, str]:
    status, _, body = page.request("GET", "/api/queue", cookie=f"marking-{page.port}={token}", **headers)
    return status, json.loads(body)["by"] if status == 200 else ""


def test_each_reviewer_has_a_link_that_can_be_renewed_and_withdrawn(course: Course) -> None:
    page, links = served(course, "Grace", "--by", "Zoé Müller")
    with page:
        assert list(links) == ["Grace", "Zoé Müller"]
        assert {name: state(page, token) for name, token in links.items()} == {name: (200, name) for name in links}
        page.cookie = f"marking-{page.port}={links['Zoé Müller']}"
        page.choose(task="why")
        page.give(page.next(), 2)
    assert [mark[:2] for mark in course.marks().values()] == [(2.0, "Zoé Müller")]
    page, again = served(course, "Grace", "--by", "Zoé Müller", "--renew", "Zoé Müller")
    with page:
        assert again["Grace"] == links["Grace"]
        assert (state(page, links["Zoé Müller"])[0], state(page, again["Zoé Müller"])[0]) == (403, 200)
    page, last = served(course, "Grace", "--by", "Alan")
    with page:
        assert (state(page, again["Zoé Müller"])[0], state(page, last["Alan"])) == (403, (200, "Alan"))


def test_page_behind_a_proxy_answers_to_its_name_and_keeps_others_out(course: Course) -> None:
    page, links = served(course, "Grace", "--by", "Alan", "--url", "https://marking.uni.example/")
    with page:
        host = "marking.uni.example"
        assert page.first == f"The proxy at https://{host} must pass requests on to http://{page.host}.\n"
        assert state(page, links["Alan"], host=host) == (200, "Alan")
        assert state(page, links["Alan"], host="evil.example")[0] == 403
        status, headers, _ = page.request("GET", f"/?token={links['Alan']}", host=host, cookie=None)
        assert (status, "Secure" in headers["set-cookie"], "HttpOnly" in headers["set-cookie"]) == (303, True, True)
        cookie = f"marking-{page.port}={links['Alan']}"
        for origin, expected in (("https://evil.example", 403), (f"https://{host}", 200)):
            sent = {"host": host, "origin": origin, "cookie": cookie}
            assert page.request("POST", "/api/next", b"{}", **sent)[0] == expected


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--by", "Grace", "--url", "http://x.y"), "--url http://x.y: expected https:// and the name of a host"),
        (("--by", "Grace", "--renew", "Alan"), "--renew Alan: this is not a reviewer. Name one of those in --by."),
    ],
)
def test_wrong_link_options_are_refused(course: Course, words: tuple[str, ...], said: str) -> None:
    done = course.run("serve", "--instructor", str(course.out), "--no-browser", *words)
    assert (done.status, said in done.err) == (2, True), done.said

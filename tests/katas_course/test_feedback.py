"""`katas feedback`: the reports of a batch, without details for instructors only."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from graders.verdict import Verdict, from_json, to_json
from katas_course.batch import Batch
from katas_course.downloads import composed
from katas_course.gradebook.storing import Row
from tests import shell, workshop
from tests.katas_course.books import moment, on_full_disk
from tests.katas_course.marking import with_essay, write_essay_kata
from tests.shell import KATAS, Finished, environment, katas
from tests.workshop import HALF, SOLUTION, write

SEED = "5eed" * 16
NOON = "2026-05-10T12:00:00+00:00"
TOML = with_essay(workshop.TOML.replace("format = 1\n", 'format = 1\nhidden_detail = "status"\n'))
WRONG = SOLUTION.replace(HALF, "def half(x):\n    return x + 4242.0\n")  # only the hidden test detects this
ODD = "Zoë <b>&amp; ..%2F=1+1"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a repository with two katas, one of which shows only the status of hidden tests."""
    root = write_essay_kata(tmp_path_factory.mktemp("feedback"), TOML)
    workshop.write_kata(root, "beta")
    return root


@pytest.fixture(scope="module")
def graded(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grade three people's submissions. Tests must not write here."""
    place = tmp_path_factory.mktemp("graded")
    for person, text in {"ada": SOLUTION, "bob": WRONG, ODD: SOLUTION}.items():
        write(place / "in" / person / "katas" / "alpha" / "twice.py", text)
        write(place / "in" / person / "katas" / "alpha" / "why.md", "As one and one are two.\n")
    write(place / "in" / "bob" / "katas" / "beta" / "twice.py", WRONG)
    words = (str(place / "in"), "--out", str(place / "out"), "--seed", SEED, "--workers", "1")
    done = katas("grade-batch", *words, cwd=root)
    assert "4 submissions from 3 people: 4 graded" in done.out, done.said
    return place / "out"


@pytest.fixture
def out(graded: Path, tmp_path: Path) -> Path:
    subprocess.run(["cp", "-r", graded, tmp_path / "out"], check=True)
    return tmp_path / "out"


def feedback(root: Path, out: Path, *words: str) -> Finished:
    return katas("feedback", str(out), *words, cwd=root)


def files_in(folder: Path) -> dict[str, str]:
    found = sorted(path for path in folder.rglob("*") if not path.is_dir())
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in found}


def stored(out: Path, person: str, kata: str) -> Verdict:
    return from_json((out / "verdicts" / person / f"{kata}.json").read_bytes())


def hidden_findings(verdict: Verdict) -> list[str]:
    """Return the details of a hidden test that must not be shown: numbers, its name, its last line."""
    (test,) = [test for test in verdict.tests if test.visibility == "hidden" and test.status == "failed"]
    assert "4245.0" in test.message + test.counterexample
    return ["4245.0", "three_is_halved", "hree is halved", test.counterexample.strip().splitlines()[-1]]


def test_everyone_gets_a_page_for_each_verdict(root: Path, out: Path) -> None:
    done = shell.katas_cold("feedback", str(out), cwd=root)
    assert (done.status, done.err, done.left) == (0, "", []), done.said
    assert done.out == (
        f"written: 4 files for 3 people in {out}/feedback\n"
        "awaiting review: 3 of them; score them with `katas serve --instructor`\n"
    )
    pages = files_in(out / "feedback")
    assert sorted(pages) == sorted(["ada/alpha.html", "bob/alpha.html", "bob/beta.html", f"{ODD}/alpha.html"])
    assert all(page.startswith("<!doctype html>") for page in pages.values())
    assert "Passed so far" in pages["ada/alpha.html"]
    assert "Failed" in pages["bob/alpha.html"]


@pytest.mark.parametrize("form", ["html", "markdown", "text", "json", "junit", "csv", "gradescope"])
def test_reports_have_neither_seed_nor_hidden_details(root: Path, out: Path, form: str) -> None:
    secrets = hidden_findings(stored(out, "bob", "alpha"))
    seeds = [str(from_json(path.read_bytes()).seed) for path in (out / "verdicts").rglob("*.json")]
    assert all(len(seed) == 32 for seed in seeds)
    done = feedback(root, out, "--kata", "alpha", "--format", form)
    texts = [*files_in(out / "feedback").values(), done.said]
    assert len(texts) == 4
    assert [secret for secret in (*secrets, *seeds, SEED) for text in texts if secret in text] == []


def test_what_a_kata_shows_of_hidden_tests_is_shown(root: Path, out: Path) -> None:
    feedback(root, out)
    page = (out / "feedback" / "bob" / "beta.html").read_text(encoding="utf-8")
    assert "Three is halved" in page
    assert "4245.0" in page


def test_stricter_hidden_detail_of_today_applies(graded: Path, tmp_path: Path) -> None:
    other = workshop.write_repository(tmp_path / "katas", [])
    workshop.write_kata(other, "beta", toml=TOML.replace('"status"', '"none"'))
    done = feedback(other, graded, "--kata", "beta", "--to", str(tmp_path / "to"))
    assert done.status == 0, done.said
    page = (tmp_path / "to" / "bob" / "beta.html").read_text(encoding="utf-8")
    assert [secret for secret in hidden_findings(stored(graded, "bob", "beta")) if secret in page] == []
    assert "a test that is not shown did not pass" in page
    shown = feedback(other, graded / "verdicts" / "bob" / "beta.json")
    assert "4245.0" not in shown.out


EXPLAINED = "Multiplying by 2 is exact: it only changes the exponent."


@pytest.mark.parametrize("form", ["html", "markdown", "text"])
def test_explanations_are_added_on_request(graded: Path, root: Path, tmp_path: Path, form: str) -> None:
    pytest.importorskip("markdown_it")
    place = write(tmp_path / "course/solutions/beta/after.md", f"{workshop.AFTER}\n{EXPLAINED}\n")
    shutil.copytree(root, tmp_path / "course", dirs_exist_ok=True, ignore=shutil.ignore_patterns("after.md"))
    course, to = tmp_path / "course", tmp_path / "to"
    words = ("--format", form, "--to", str(to))
    assert katas("feedback", str(graded), *words, cwd=course).status == 0
    plain = files_in(to)
    assert not any(EXPLAINED in text for text in plain.values())
    assert katas("feedback", str(graded), *words, "--explanations", cwd=course).status == 0
    pages = files_in(to)
    assert [name for name, text in pages.items() if EXPLAINED in text] == [
        name for name in plain if name.startswith("bob/beta.")
    ]
    assert all(pages[name] == text for name, text in plain.items() if not name.startswith("bob/beta."))
    (page,) = [text for text in pages.values() if EXPLAINED in text]
    if form == "html":
        assert "<summary>After Twice: the explanation</summary>" in page
        assert "<math" in page
        assert page.count("<h1>") == 1
        assert '<pre tabindex="0"><code class="language-python">' in page
        assert page.rstrip().endswith("</main>\n</body>\n</html>")
    place.unlink()


def test_explanations_need_a_format_with_texts(root: Path, graded: Path) -> None:
    done = feedback(root, graded, "--format", "csv", "--explanations")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("katas: --explanations: the format csv has no place for a text.")
    assert feedback(root, graded / "verdicts/ada/alpha.json", "--explanations").status == 2
    assert not (graded / "feedback").exists()


def test_second_run_replaces_only_changed_pages(root: Path, out: Path) -> None:
    feedback(root, out)
    before = {path: path.stat().st_mtime_ns for path in (out / "feedback").rglob("*.html")}
    review = katas("review", f"{out}/verdicts/ada/alpha.json", "--by", "Grace", "--award", "why=2.5", cwd=root)
    assert "5.5 of 7 points" in review.out
    again = f"pages of feedback may be outdated; write them again: katas feedback {out} --kata alpha\n"
    assert review.out.endswith(again), review.out
    done = feedback(root, out)
    assert done.out.startswith(f"written: 1 file for 1 person in {out}/feedback; 3 unchanged\n"), done.said
    page = out / "feedback" / "ada" / "alpha.html"
    text = page.read_text(encoding="utf-8")
    assert "reviewed by Grace" in text
    assert "2.5 / 4" in text
    assert "5.5 of 7 points" in text
    after = {path: path.stat().st_mtime_ns for path in (out / "feedback").rglob("*.html")}
    assert [path for path in before if before[path] != after[path]] == [page]
    assert sorted(after) == sorted(before)  # and no other files


def test_pages_come_from_the_store_and_not_from_verdict_files(root: Path, out: Path) -> None:
    feedback(root, out)
    pages = files_in(out / "feedback")
    broken = {
        "ada/alpha.json": b"{",
        "ada/beta.json": to_json(stored(out, "bob", "alpha")),
        "cleo/alpha.json": b"[" * 100_000,
    }
    for name, data in broken.items():
        (out / "verdicts" / name).parent.mkdir(exist_ok=True)
        (out / "verdicts" / name).write_bytes(data)
    (out / "verdicts" / ODD / "alpha.json").unlink()
    shutil.rmtree(out / "feedback")
    done = feedback(root, out)
    assert (done.status, done.err) == (0, ""), done.said
    assert files_in(out / "feedback") == pages


def test_person_kata_format_and_folder_can_be_chosen(root: Path, out: Path, tmp_path: Path) -> None:
    to = tmp_path / "hand" / "back"
    done = feedback(
        root, out, "bob", ODD.replace("ë", "e\u0308"), "--kata", "beta", "--format", "markdown", "--to", str(to)
    )
    assert done.status == 0, done.said
    assert done.out == f"written: 1 file for 1 person in {to}\nno submission for these katas: {ODD}\n"
    (text,) = files_in(to).values()
    assert list(files_in(to)) == ["bob/beta.md"]
    assert text.startswith("## Final mark: ")
    assert "\n### ✗ Twice" in text
    assert to.stat().st_mode & 0o077 == 0
    assert not (out / "feedback").exists()


def test_strange_names_stay_in_their_folders(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "place" / "out"
    names = ["..", ".", "", "../..", "/etc", "-rf", "=1+1", "a\\..\\b", "\x1b[2J", "x" * 200, "\U0001d160"]
    found = Verdict(kata="beta", status="passed")
    with Batch(out).open() as held:
        held.append([Row(person=name, submitted_at=NOON, verdict=found) for name in names])
        held.append([Row(person="eve", submitted_at=NOON, verdict=Verdict(kata="../../../eve", status="passed"))])
    kept = [composed(name.replace("/", "_")) for name in names[3:]]
    done = feedback(root, out)
    assert done.status == 0, done.said
    assert sorted(files_in(out / "feedback")) == sorted(f"{name}/beta.html" for name in kept)
    assert [path.name for path in tmp_path.iterdir()] == ["place"]
    assert sorted(path.name for path in out.iterdir()) == [".lock", "feedback", "gradebook.sqlite"]
    assert "\x1b" not in done.said


def test_a_link_is_not_written_through(root: Path, out: Path, tmp_path: Path) -> None:
    mine = write(tmp_path / "mine", "keep")
    write(out / "feedback" / "ada" / "notes.txt", "")
    (out / "feedback" / "ada" / "alpha.html").symlink_to(mine)
    (out / "feedback" / "bob").symlink_to(tmp_path)
    done = feedback(root, out)
    assert (done.status, mine.read_text()) == (2, "keep")
    assert f"left out: {out}/feedback/ada/alpha.html: this is a symbolic link. Remove it." in done.out
    assert f"left out: {out}/feedback/bob: this is a symbolic link. Remove it." in done.out
    assert not (tmp_path / "alpha.html").exists()
    assert (out / "feedback" / ODD / "alpha.html").is_file()


def test_people_who_share_a_folder_do_not_share_reports(root: Path, out: Path) -> None:
    """Imitate a file system that ignores case: both names lead to one folder."""
    with Batch(out).open() as held:
        held.append([Row(person="Ada", submitted_at=moment(9), verdict=stored(out, "bob", "alpha"))])
    folders = [str(out / "feedback" / name) for name in ("Ada", "ada")]
    for folder in folders:
        os.makedirs(folder)
    words = ["bwrap", "--dev-bind", "/", "/", "--bind", *folders, "--", KATAS, "feedback", str(out)]
    done = subprocess.run(words, cwd=root, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert (
        f"left out: {folders[1]}: on this file system, it is the same folder as Ada's. Give another --to."
        in done.stdout
    )
    assert "Failed" in Path(folders[0], "alpha.html").read_text(encoding="utf-8")


def test_pages_without_a_verdict_are_listed(root: Path, out: Path) -> None:
    write(out / "feedback/eve/alpha.html", "of another batch")
    done = feedback(root, out)
    assert done.status == 0
    assert f"outdated, because its verdict is gone: {out}/feedback/eve/alpha.html; remove it\n" in done.out


# Decisions of an instructor.


def decide(root: Path, out: Path, *words: str) -> None:
    reason = ("--reason", "case <7>", "--by", "Ivy", "--gradebook", str(out / "gradebook.sqlite"))
    done = katas("gradebook", *words, *reason, cwd=root)
    assert done.status == 0, done.said


@pytest.mark.parametrize("form", ["html", "markdown", "text"])
def test_page_of_an_excluded_person_does_not_wait_or_pass(root: Path, out: Path, form: str) -> None:
    waiting = feedback(root, out, "ada", "--format", form)
    assert "awaiting review: 1 of them" in waiting.out
    decide(root, out, "exclude", "ada", "alpha")
    done = feedback(root, out, "ada", "--format", form)
    assert "awaiting review" not in done.out
    (file,) = (path for path in (out / "feedback/ada").iterdir())
    page = html.unescape(html.unescape(file.read_text(encoding="utf-8")))
    assert "waiting for manual review" not in page
    assert "await manual review" not in page
    assert "not reviewed" in page
    assert "Excluded by Ivy: case <7>" in page
    assert "The points below do not count. Final mark: 0." in page
    assert re.search(r"\bfailed\b", page, re.IGNORECASE)
    assert not re.search(r"passed[,.;] |passed so far", page, re.IGNORECASE)


@pytest.mark.parametrize("form", ["html", "markdown", "text"])
def test_page_shows_the_override_of_a_task_at_the_task(root: Path, out: Path, form: str) -> None:
    decide(root, out, "override", "ada", "alpha", "--task", "why", "--points", "3")
    done = feedback(root, out, "ada", "--format", form)
    assert (done.status, "awaiting review" in done.out) == (0, False), done.said
    (file,) = (path for path in (out / "feedback/ada").iterdir())
    page = html.unescape(html.unescape(file.read_text(encoding="utf-8")))
    assert "set to 3 by Ivy: case <7>" in page
    assert "3 / 4" in page
    assert "waiting for manual review" not in page
    assert "that is not shown did not pass" not in page


def test_page_says_that_an_override_of_a_kata_replaces_its_points(root: Path, out: Path) -> None:
    decide(root, out, "override", "ada", "alpha", "--points", "5")
    assert "awaiting review" not in feedback(root, out, "ada").out
    page = html.unescape((out / "feedback/ada/alpha.html").read_text(encoding="utf-8"))
    assert "Points set to 5 by Ivy: case <7>\nThe points below do not count. Final mark: 5." in page


# The file of one verdict.


def test_a_stored_verdict_is_shown_again_as_its_learner_sees_it(root: Path, graded: Path) -> None:
    record = graded / "verdicts" / "bob" / "alpha.json"
    verdict = stored(graded, "bob", "alpha")
    done = feedback(root, record)
    assert (done.status, done.err) == (0, ""), done.said
    assert done.out.startswith("✗ Twice (alpha)")
    page = feedback(root, record, "--format", "html").out
    json = feedback(root, record, "--format", "json").out
    assert page.startswith("<!doctype html>")
    secrets = [*hidden_findings(verdict), str(verdict.seed)]
    assert [secret for secret in secrets for text in (done.out, page, json) if secret in text] == []
    whole = feedback(root, record, "--format", "json", "--audience", "instructor").out
    assert [secret for secret in (str(verdict.seed), "test_three_is_halved") if secret not in whole] == []
    assert "Three is halved" in feedback(root, record, "--format", "text", "--audience", "instructor").out
    assert not (graded / "feedback").exists()


# Faults.


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("{out}", "zoe"), "{out}: no verdicts for zoe. There are verdicts for "),
        (("{out}", "../ada"), "{out}: no verdicts for ../ada. There are verdicts for "),
        (("{out}", "--kata", "gamma"), "{out}: no verdicts on gamma. There are verdicts on alpha, beta"),
        (("{out}", "ada", "--kata", "beta"), "{out}: no verdicts for ada on beta"),
        (("{out}", "--format", "pdf"), "--format pdf: expected terminal, json, markdown, html, "),
        (("{out}", "--audience", "instructor"), "--audience is only for a verdict file"),
        (("{out}/none",), "{out}/none: No such file or directory. Specify the --out folder of `katas grade-batch`"),
        (
            ("{out}/submissions",),
            "{out}/submissions: not a batch, because it has no gradebook.sqlite. Specify",
        ),
        (("{out}/results.csv",), "{out}/results.csv: not JSON: "),
        (("{out}/results.csv", "ada"), "{out}/results.csv: this is not a folder. "),
        (
            ("{out}/verdicts/ada/alpha.json", "--audience", "all"),
            "--audience all: expected learner, public or instructor",
        ),
        (("{out}", "--format", "json", "--to", "{out}/verdicts"), "--to {out}/verdicts: the batch has its own files"),
        (("{out}", "--to", "{out}/x/../verdicts/ada"), "--to {out}/x/../verdicts/ada: the batch has its own files"),
        (("{out}", "--to", "{out}"), "--to {out}: the batch has its own files there. Choose another folder."),
        (("{out}", "--to", "{out}/results.csv"), "{out}/results.csv: File exists. Fix that or choose another folder"),
        (("{out}", "--to", "/proc/feedback"), "/proc/feedback: No such file or directory. Fix that or choose another"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_wrong_arguments_give_one_message_and_no_file(
    root: Path, graded: Path, words: tuple[str, ...], said: str
) -> None:
    before = files_in(graded / "verdicts")
    done = katas("feedback", *(word.format(out=graded) for word in words), cwd=root)
    assert (done.status, done.out) == (2, ""), done.said
    assert done.err.startswith("katas: " + said.format(out=graded)), done.err
    assert "Traceback" not in done.err
    assert not (graded / "feedback").exists()
    assert files_in(graded / "verdicts") == before


def test_empty_batch_is_reported(root: Path, tmp_path: Path) -> None:
    with Batch(tmp_path).open():
        pass
    done = feedback(root, tmp_path)
    assert (done.status, done.err) == (
        2,
        f"katas: {tmp_path}: there are no verdicts. Run `katas grade-batch` with this --out first.\n",
    )


def test_full_disk_is_reported_and_leaves_old_reports(root: Path, out: Path, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    write(tmp_path / "old" / "alpha.html", "of before")
    script = (
        f"cp -r {tmp_path}/old {full}/ada; cat /dev/zero > {full}/zeros; {KATAS} feedback {out} ada --to {full};"
        f"echo status $?; cmp {full}/ada/alpha.html {tmp_path}/old/alpha.html && find {full} -type f | sort"
    )
    done = on_full_disk(script, full, size=131_072, root=root)
    said = f"katas: {full}/ada/alpha.html: No space left on device. Fix that or choose another folder (--to DIR)"
    assert said in done.stderr, done.stderr + done.stdout
    assert done.stdout.endswith(f"status 2\n{full}/ada/alpha.html\n{full}/zeros\n"), done.stdout

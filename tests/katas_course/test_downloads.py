"""Downloads of Canvas, Moodle and Gradescope are graded as they are, packed or unpacked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from graders import catalogue
from graders.errors import KataError
from katas_course import submissions
from katas_course.batch import Batch
from katas_course.platforms import gradescope
from katas_course.roster import Roster, RosterPerson
from tests.katas_course.books import rows_of
from tests.shell import Finished, katas
from tests.workshop import ADDED, SOLUTION, TOML, write, write_kata, write_repository, zipped

NOTEBOOK = json.dumps({"cells": [{"cell_type": "code", "source": f"# file: twice.py\n{SOLUTION}"}]})


CANVAS: Mapping[str, str | bytes] = {
    "lovelaceada_12345_98765901_twice.py": SOLUTION,
    "hopperbob_LATE_12346_98765902_twice-3.py": SOLUTION,
    "kayalan_12347_98765903_exercise one.zip": zipped({"work/twice.py": ADDED, "notes.txt": "x"}),
    "roycleo_12348_98765904_notes.txt": "see below",
    "roycleo_12348_98765905_twice (1)-2.py": SOLUTION,
    "ngdora_12349_98765906_exercise4.py": SOLUTION,
    "ngdora_12349_98765907_2024_report.pdf": b"%PDF",
    "maued_12350_text.html": "<p>I could not upload it</p>",
    "anon_AbC3d_98765908_work.ipynb": NOTEBOOK,
}
MOODLE: Mapping[str, str | bytes] = {
    "Ada Lovelace_501_assignsubmission_file/twice.py": SOLUTION,
    "Ada Lovelace_501_assignsubmission_onlinetext/onlinetext.html": "hello",
    "Bob de la Cruz_502_assignsubmission_file/abgabe.zip": zipped({"bob/katas/one/twice.py": ADDED}),
    "Kim Lee_503_assignsubmission_file/Twice.py": SOLUTION,
    "Kim Lee_504_assignsubmission_file/other.py": SOLUTION,
}
MOODLE_FLAT: Mapping[str, str | bytes] = {
    "Ada Lovelace_501_assignsubmission_file_twice.py": SOLUTION,
    "Bob de la Cruz_502_assignsubmission_file_abgabe.zip": zipped({"twice.py": ADDED}),
    "Bob de la Cruz_502_assignsubmission_file_notes.txt": "x",
}
METADATA = """\
---
submission_71:
  :submitters:
  - :name: Ada Lovelace
    :sid: '1001'
    :email: ada@example.org
  :created_at: 2026-05-31 14:59:00.123456000 -07:00
  :score: 10.0
  :status: processed
  :results:
    output: |-
      :submitters:
      - :name: Mallory
  :history:
  - :id: 70
    :submitters:
    - :name: Mallory
      :sid: '1001'
    :created_at: 2026-01-01 00:00:00 Z
submission_72:
  :submitters:
  - :name: "Zo\\xE9 O\\"Brien"
    :sid: ''
    :email: zoe@example.org
  - :name: Bob
    :sid: '1003'
    :email: bob@example.org
  :created_at: !ruby/object:ActiveSupport::TimeWithZone
    utc: &1 2026-06-01 08:00:00.000000000 Z
    zone: &2 !ruby/object:ActiveSupport::TimeZone
      name: Etc/UTC
    time: *1
"""
GRADESCOPE: Mapping[str, str | bytes] = {
    "submission_metadata.yml": METADATA,
    "submission_71/twice.py": SOLUTION,
    "submission_72/code/twice (1).py": ADDED,
    "submission_73/twice.py": SOLUTION,
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a repository with one kata, so that no other one takes the same file."""
    return write_repository(tmp_path_factory.mktemp("katas"), ["one"])


def laid(folder: Path, files: Mapping[str, str | bytes], *, packed: bool, around: str = "") -> Path:
    """Write a download as a .zip file or as a folder, with another folder around its content if `around` names it."""
    if packed:
        path = folder / "submissions.zip"
        path.write_bytes(zipped({f"{around}{name}": data for name, data in files.items()}))
        return path
    for name, data in files.items():
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    return folder / "in"


def graded(root: Path, place: Path, out: Path, *words: str) -> tuple[Finished, dict[str, dict[str, str]]]:
    done = katas("grade-batch", str(place), "--out", str(out), "--kata", "one", *words, cwd=root)
    assert done.status == 0, done.said
    return done, {row["person"]: row for row in rows_of((out / "results.csv").read_text("utf-8"))}


both = pytest.mark.parametrize("packed", [True, pytest.param(False, marks=pytest.mark.deep)], ids=["zip", "folder"])


@both
def test_a_canvas_download_is_graded(root, tmp_path, packed):
    done, rows = graded(root, laid(tmp_path, CANVAS, packed=packed), tmp_path / "out")
    assert "read as a Canvas download: 7 people" in done.out
    assert {person: row["status"] for person, row in rows.items()} == {
        "lovelaceada_12345": "passed",
        "hopperbob_12346": "passed",
        "kayalan_12347": "failed",
        "roycleo_12348": "passed",
        "ngdora_12349": "ungradable",
        "maued_12350": "ungradable",
        "anon_AbC3d": "passed",
    }
    notes = {person: row["note"] for person, row in rows.items() if row["note"]}
    assert notes == {
        "hopperbob_12346": "Canvas marked it as late; twice-3.py was graded as twice.py",
        "kayalan_12347": "work/twice.py was graded as twice.py",
        "roycleo_12348": "twice (1).py was graded as twice.py",
        "anon_AbC3d": "cell 1 of work.ipynb was graded as twice.py",
    }
    assert rows["ngdora_12349"]["message"].startswith(
        "twice.py: not found in the submission, which has exercise4.py, 2024_report.pdf."
    )
    assert "note: hopperbob_12346, one: Canvas marked it as late" in done.out


@both
def test_the_note_says_which_of_two_attempts_was_graded(root, tmp_path, packed):
    files = {
        "lovelaceada_12345_98765901_twice.py": ADDED,
        "lovelaceada_12345_98765902_twice-1.py": SOLUTION,
        "hopperbob_12346_98765903_twice.py": SOLUTION,
        "hopperbob_12346_98765904_other-1.py": SOLUTION,
    }
    done, rows = graded(root, laid(tmp_path, files, packed=packed), tmp_path / "out")
    assert rows["lovelaceada_12345"]["note"] == "twice.py was graded, and twice-1.py was left out"
    assert "note: lovelaceada_12345, one: twice.py was graded, and twice-1.py was left out" in done.out
    assert rows["hopperbob_12346"]["note"] == ""


@both
@pytest.mark.parametrize(
    "name",
    [
        "twice (1).py",
        *(pytest.param(each, marks=pytest.mark.deep) for each in ("twice-1.py", "twice - Copy.py", "new/twice (2).py")),
    ],
)
def test_a_second_version_next_to_the_graded_file_is_named(root, tmp_path, packed, name):
    """Browsers and file managers name a newer version so. It is not graded, so its author has to hear of it."""
    many = {f"ada/notes/{number:02}.txt": "x" for number in range(60)}
    files = {"ada/twice.py": ADDED, f"ada/{name}": SOLUTION, "bob/twice.py": SOLUTION, "bob/other (1).py": SOLUTION}
    done, rows = graded(root, laid(tmp_path, files | many, packed=packed), tmp_path / "out")
    assert (rows["ada"]["status"], rows["bob"]["note"]) == ("failed", "")
    assert rows["ada"]["note"] == f"twice.py was graded, and {name} was left out"
    assert f"note: ada, one: twice.py was graded, and {name} was left out" in done.out


@both
def test_a_moodle_download_is_graded(root, tmp_path, packed):
    done, rows = graded(root, laid(tmp_path, MOODLE, packed=packed), tmp_path / "out")
    assert "read as a Moodle download: 4 people" in done.out
    assert {person: row["status"] for person, row in rows.items()} == {
        "Ada Lovelace": "passed",
        "Bob de la Cruz": "failed",
        "Kim Lee_503": "passed",
        "Kim Lee_504": "ungradable",
    }
    assert rows["Bob de la Cruz"]["note"] == "abgabe.zip/bob/katas/one/twice.py was graded as twice.py"
    assert "skipped: Ada Lovelace_501_assignsubmission_onlinetext: text typed into Moodle" in done.out


@both
def test_a_moodle_download_without_folders_is_graded(root, tmp_path, packed):
    done, rows = graded(root, laid(tmp_path, MOODLE_FLAT, packed=packed), tmp_path / "out")
    assert "read as a Moodle download: 2 people" in done.out
    statuses = {person: row["status"] for person, row in rows.items()}
    assert statuses == {"Ada Lovelace": "passed", "Bob de la Cruz": "failed"}


@pytest.mark.parametrize(
    ("packed", "around"),
    [
        pytest.param(True, "", marks=pytest.mark.deep),
        (True, "assignment_9_export/"),
        pytest.param(False, "", marks=pytest.mark.deep),
    ],
)
def test_a_gradescope_export_is_graded(root, tmp_path, packed, around):
    place = laid(tmp_path, GRADESCOPE, packed=packed, around=around)
    done, rows = graded(root, place, tmp_path / "out")
    assert "read as a Gradescope export: 4 people" in done.out
    assert "3 submissions from 4 people: 3 graded" in done.out
    assert {person: (row["status"], row["submitted_at"]) for person, row in rows.items() if "sub" not in person} == {
        "1001": ("passed", "2026-05-31T21:59:00+00:00"),
        "1003": ("failed", "2026-06-01T08:00:00+00:00"),
        "zoe@example.org": ("failed", "2026-06-01T08:00:00+00:00"),
    }
    assert rows["submission_73"]["note"] == "submission_metadata.yml doesn't say whose it is"
    assert rows["1003"]["submission_sha256"] == rows["zoe@example.org"]["submission_sha256"]
    files = [Batch(tmp_path / "out").verdict_file(person, "one") for person in ("1003", "zoe@example.org")]
    assert files[0].read_bytes() == files[1].read_bytes()  # one grading
    again, _ = graded(root, place, tmp_path / "out")
    assert "0 graded" in again.out
    assert "3 graded earlier" in again.out


@both
def test_folders_in_a_zip_are_graded(root, tmp_path, packed):
    files = {"ada/twice.py": SOLUTION, "bob.zip": zipped({"twice.py": ADDED}), "notes.txt": "x", "__MACOSX/._ada": "x"}
    done, rows = graded(root, laid(tmp_path, files, packed=packed, around="submissions/"), tmp_path / "out")
    assert "read as" not in done.out
    assert {person: row["status"] for person, row in rows.items()} == {"ada": "passed", "bob": "failed"}
    assert not any(row["note"] for row in rows.values())
    assert "skipped: notes.txt: neither a folder nor .zip" in done.out


def test_without_kata_people_whose_files_fit_nothing_are_named(root, tmp_path):
    place = laid(tmp_path, CANVAS, packed=True)
    done = katas("grade-batch", str(place), "--out", str(tmp_path / "out"), cwd=root)
    assert "no submission for these katas: ngdora_12349 (found exercise4.py, 2024_report.pdf)" in done.out


def test_the_form_can_be_chosen(root, tmp_path):
    name = "lovelaceada_12345_98765901_twice.py"
    place = laid(tmp_path, {f"{name}/twice.py": SOLUTION}, packed=False)
    assert submissions.read(place, form="folders").people == [name]
    with pytest.raises(KataError, match="there are no submissions that look like a Canvas download; leave out --from"):
        submissions.read(place, form="canvas")
    done = katas("grade-batch", str(place), "--out", str(tmp_path / "out"), "--from", "blackboard", cwd=root)
    assert done.status == 2
    assert "--from blackboard: expected one of folders, canvas, moodle, gradescope" in done.err


def test_folders_that_only_resemble_a_download_are_folders(tmp_path):
    for name in ("ada_1_2_x", "submission_1", "bob", "Kim_3_assignsubmission_file"):
        write(tmp_path / name / "twice.py", SOLUTION)
    assert submissions.read(tmp_path).form == "folders"


@pytest.mark.parametrize("data", [b"", b"no archive", b"PK\x05\x06"])
def test_a_broken_download_is_reported(root, tmp_path, data):
    (tmp_path / "x.zip").write_bytes(data)
    done = katas("grade-batch", str(tmp_path / "x.zip"), "--out", str(tmp_path / "out"), cwd=root)
    assert (done.status, "x.zip: it cannot be read as a .zip file" in done.err) == (2, True), done.said


def test_times_of_a_table_come_before_those_of_the_system(tmp_path):
    place = laid(tmp_path, GRADESCOPE, packed=True)
    entries = submissions.with_times(submissions.read(place), {"1001": "2026-05-01T00:00:00+00:00"}).entries
    assert (entries[0].submitted_at, entries[0].explicit) == ("2026-05-01T00:00:00+00:00", True)


WORKSHEET = """\
Identifier,Full name,Email address,Status,Grade,Maximum Grade,"Last modified (submission)",Feedback comments
Participant 501,Ada Lovelace,ada@x.de,Submitted for grading - ,,3.00,"Sunday, 31 May 2026, 11:59 PM",
Participant 502,Bob de la Cruz,bob@x.de,Submitted for grading - 3 mins 31 secs late - ,,3.00,"31 May 2026, 23:59",
Participant 503,Kim Lee,kim@x.de,Submitted for grading - ,,3.00,"Monday, June 1, 2026, 12:05 AM",
Participant 504,Kim Lee,kim2@x.de,No submission - ,,3.00,-,
"""


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_moodles_worksheet_gives_the_times_of_submission(root, tmp_path, encoding):
    table = tmp_path / "worksheet.csv"
    table.write_bytes(WORKSHEET.encode(encoding))
    place = laid(tmp_path, {name: data for name, data in MOODLE.items() if "_504_" not in name}, packed=True)
    done, rows = graded(root, place, tmp_path / "out", "--times", str(table), "--zone", "Europe/Berlin")
    assert {person: row["submitted_at"] for person, row in rows.items()} == {
        "Ada Lovelace": "2026-05-31T21:59:00+00:00",
        "Bob de la Cruz": "2026-05-31T21:59:00+00:00",
        "Kim Lee": "2026-05-31T22:05:00+00:00",
    }
    assert "worksheet.csv: Moodle's times name no time zone, and were read as Europe/Berlin" in done.out
    assert "in --times" not in done.out


GERMAN = """\
ID,"Vollständiger Name",E-Mail-Adresse,Status,Bewertung,Bestwertung,"Bewertung kann geändert werden","Zuletzt geändert (Abgabe)"
Teilnehmer/in501,Ada Lovelace,ada@x.de,"Zur Bewertung abgegeben - ",,"3,00",Ja,"Sonntag, 31. Mai 2026, 23:59"
Teilnehmer/in502,Bob de la Cruz,bob@x.de,"Zur Bewertung abgegeben - 3 Minuten 31 Sekunden zu spät - ",,"3,00",Ja,"1. März 2026, 08:05"
Teilnehmer/in503,Kim Lee,kim@x.de,"Zur Bewertung abgegeben - ",,"3,00",Ja,"Dienstag, 1. Dezember 2026, 00:05"
Teilnehmer/in504,Kim Lee,kim2@x.de,"Keine Abgabe - ",,"3,00",Ja,-
"""  # noqa: E501 (a line of the file)


def test_moodles_worksheet_in_german_gives_the_same(tmp_path):
    people = submissions.read(laid(tmp_path, MOODLE, packed=True)).people
    found = submissions.read_times(write(tmp_path / "w.csv", GERMAN), people, "Europe/Berlin")
    assert found.times == {
        "Ada Lovelace": "2026-05-31T21:59:00+00:00",
        "Bob de la Cruz": "2026-03-01T07:05:00+00:00",
        "Kim Lee_503": "2026-11-30T23:05:00+00:00",
    }
    assert found.late == {"Bob de la Cruz"}


@pytest.mark.parametrize(
    "changes", [{"Participant 50": "Participant 70"}, {"501,Ada": "502,Ada", "502,Bob": "501,Bob"}]
)
def test_worksheet_of_another_assignment_stops_the_batch(root, tmp_path, changes):
    place, out = laid(tmp_path, MOODLE_FLAT, packed=True), tmp_path / "out"
    other = WORKSHEET
    for old, new in changes.items():
        other = other.replace(old, new)
    words = ("--times", str(write(tmp_path / "other.csv", other)), "--zone", "UTC")
    done = katas("grade-batch", str(place), "--out", str(out), "--kata", "one", *words, cwd=root)
    said = "it is another assignment's worksheet, because 2 of 2 people have other numbers in it (Ada Lovelace_501"
    assert (done.status, done.err.count("\n"), said in done.err, out.exists()) == (2, 1, True, False), done.said
    assert (
        graded(root, place, out, *words, "--anyway")[1]["Ada Lovelace"]["submitted_at"] == "2026-05-31T23:59:00+00:00"
    )


def test_worksheet_of_a_part_of_the_assignment_is_used(root, tmp_path):
    place = laid(tmp_path, MOODLE_FLAT, packed=True)
    part = "".join(line for line in WORKSHEET.splitlines(keepends=True) if "Ada" not in line)
    done, _ = graded(root, place, tmp_path / "out", "--times", str(write(tmp_path / "part.csv", part)), "--zone", "UTC")
    assert "not in --times, so the modification time of their files counts: Ada Lovelace" in done.out


def test_times_of_namesakes_are_told_apart_by_their_numbers(tmp_path):
    table = write(
        tmp_path / "w.csv", WORKSHEET.replace("No submission - ,,3.00,-", 'Submitted,,3.00,"1 May 2026, 09:00"')
    )
    people = submissions.read(laid(tmp_path, MOODLE, packed=True)).people
    found = submissions.read_times(table, people, "UTC")
    assert found.times["Kim Lee_503"] == "2026-06-01T00:05:00+00:00"
    assert found.times["Kim Lee_504"] == "2026-05-01T09:00:00+00:00"
    assert found.late == {"Bob de la Cruz"}
    anonymous = write(tmp_path / "a.csv", WORKSHEET.replace("Kim Lee,kim@x.de", ",").replace("Kim Lee,kim2@x.de", ","))
    assert "Participant_503" in submissions.read_times(anonymous, ["Participant_503"], "UTC").times


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("31 May 2026, 23:59", "31 mai 2026, 23:59", "w.csv, line 3: expected a time such as 31 May 2026, 11:59 PM."),
        ("Last modified (submission)", "Changed", "w.csv: it has no column Last modified (submission). Download"),
    ],
)
def test_a_worksheet_without_readable_times_is_one_message(root, tmp_path, old, new, said):
    table = write(tmp_path / "w.csv", WORKSHEET.replace(old, new))
    words = (str(laid(tmp_path, MOODLE, packed=True)), "--out", str(tmp_path / "out"), "--times", str(table))
    done = katas("grade-batch", *words, cwd=root)
    assert (done.status, done.err.count("\n"), said in done.err) == (2, 1, True), done.said


def test_an_unknown_time_zone_is_one_message(tmp_path):
    with pytest.raises(KataError, match=r"--zone Berlin: there is no such time zone\. Specify one such as"):
        submissions.read_times(write(tmp_path / "w.csv", WORKSHEET), zone="Berlin")


def test_late_for_the_platform_but_in_time_is_said_until_settled(root, tmp_path):
    book = ("--gradebook", str(tmp_path / "book.sqlite"))
    place = laid(tmp_path, CANVAS, packed=True)
    _, rows = graded(root, place, tmp_path / "out", *book)
    bob = "hopperbob_12346"
    warning = f"WARNING: {bob}, one: marked as LATE, but submitted {rows[bob]['submitted_at']}, so 0 days after"

    def rule(*words: str) -> str:
        done = katas("gradebook", "rule", "one", "--due", *words, *book, cwd=root)
        assert done.status == 0, done.said
        return done.out

    assert f"{warning} 2099-01-01" in rule("2099-01-01T10:00Z")
    said, _ = graded(root, place, tmp_path / "out", *book)
    assert f"{warning} 2099-01-01" in said.out
    assert "If there was more time: katas gradebook rule one --person hopperbob_12346 --due TIME" in said.out
    assert "Otherwise give the platform's times, in its time zone: katas grade-batch" in said.out
    assert said.out.count("WARNING") == 1  # nobody else is marked
    rule("2099-02-01T10:00Z", "--person", bob)
    assert "WARNING" not in graded(root, place, tmp_path / "out", *book)[0].out
    rule("never", "--person", bob)
    table = write(tmp_path / "times.csv", f"{bob},2099-01-01T09:00\n")
    assert "WARNING" not in graded(root, place, tmp_path / "out", *book, "--times", str(table))[0].out


def test_late_in_moodles_worksheet_but_in_time_is_said(root, tmp_path):
    """Most often, the time zone is wrong then."""
    book = ("--gradebook", str(tmp_path / "book.sqlite"))
    table, place = (
        write(tmp_path / "worksheet.csv", WORKSHEET.replace("11:59", "11:49")),
        laid(tmp_path, MOODLE_FLAT, packed=True),
    )
    words = (*book, "--times", str(table), "--zone")
    graded(root, place, tmp_path / "out", *book)
    katas("gradebook", "rule", "one", "--due", "2026-05-31T23:56+02:00", *book, cwd=root)
    assert "WARNING" not in graded(root, place, tmp_path / "out", *words, "Europe/Berlin")[0].out
    said = graded(root, place, tmp_path / "out", *words, "Asia/Tokyo")[0].out
    assert "WARNING: Bob de la Cruz, one: marked as LATE, but submitted 2026-05-31T14:59:00+00:00" in said
    assert "LATE" not in graded(root, place, tmp_path / "out", *words, "Europe/Berlin")[0].out
    said = graded(root, place, tmp_path / "out", *words, "UTC")[0].out
    assert (
        "WARNING: 1 person, one: not marked as LATE, but submitted after 2026-05-31T21:56:00+00:00: Ada Lovelace"
        in said
    )


def test_marks_of_one_download_say_nothing_about_other_katas(tmp_path):
    root = write_repository(tmp_path / "katas", ["one", "two"])
    book = ("--gradebook", str(tmp_path / "book.sqlite"))
    earlier = write(tmp_path / "earlier.csv", "Ada Lovelace,2026-05-01\nBob de la Cruz,2026-05-01\n")
    table, place = (
        write(tmp_path / "worksheet.csv", WORKSHEET.replace("11:59", "11:49")),
        laid(tmp_path, MOODLE_FLAT, packed=True),
    )
    graded(root, place, tmp_path / "out", *book, "--times", str(earlier))
    for kata, due in (("one", "2026-05-02T00:00"), ("two", "2026-05-31T23:56+02:00")):
        katas("gradebook", "rule", kata, "--due", due, *book, cwd=root)
    words = ("--out", str(tmp_path / "out2"), *book, "--times", str(table), "--zone", "Europe/Berlin")
    done = katas("grade-batch", str(place), "--kata", "two", *words, cwd=root)
    assert (done.status, "LATE" in done.said) == (0, False), done.said


def test_days_late_without_a_mark_of_the_platform_are_said(root, tmp_path):
    """Most often, the times are those of the download then."""
    book = ("--gradebook", str(tmp_path / "book.sqlite"))
    place = laid(tmp_path, CANVAS, packed=True)
    graded(root, place, tmp_path / "out", *book)
    katas("gradebook", "rule", "one", "--due", "2020-05-31T00:00", *book, cwd=root)
    said = graded(root, place, tmp_path / "out", *book)[0].out
    assert (
        "WARNING: 6 people, one: not marked as LATE, but submitted after 2020-05-31T00:00:00+00:00: anon_AbC3d" in said
    )
    assert "If there was more time: katas gradebook rule one --person NAME --due TIME" in said
    assert "Otherwise give the platform's times, in its time zone: katas grade-batch" in said
    table = write(tmp_path / "times.csv", "".join(f"{name},2020-06-01\n" for name in submissions.read(place).people))
    assert "LATE" not in graded(root, place, tmp_path / "out", *book, "--times", str(table))[0].out


def test_the_roster_finds_the_people_of_a_download(tmp_path):
    people = [RosterPerson("s1", "Lovelace, Ada", ids=(("canvas", "12345"),)), RosterPerson("s2", "Bob de la Cruz")]
    roster = Roster([*people, RosterPerson("1001", "Somebody Else")])
    submitted = []
    for number, files in enumerate((CANVAS, MOODLE, GRADESCOPE)):
        (tmp_path / str(number)).mkdir()
        submitted += submissions.read(laid(tmp_path / str(number), files, packed=True)).people
    matched = {person: roster.match(person).id for person in submitted}
    expected = {"lovelaceada_12345": "s1", "Ada Lovelace": "s1", "Bob de la Cruz": "s2", "1001": "1001"}
    assert {person: found for person, found in matched.items() if found} == expected


def test_a_person_with_two_submissions_is_stopped_alone(root, tmp_path):
    text = METADATA + "submission_73:\n  :submitters:\n  - :name: Bob\n    :sid: '1003'\n"
    files = {**GRADESCOPE, "submission_metadata.yml": text}
    _, rows = graded(root, laid(tmp_path, files, packed=True), tmp_path / "out")
    statuses = {person: row["status"] for person, row in rows.items()}
    assert statuses == {"1001": "passed", "1003": "ungradable", "zoe@example.org": "failed"}
    assert rows["1003"]["message"] == "2 submissions belong to the same person, 1003. Remove all but one."


# submission_metadata.yml.


def test_references_in_the_metadata_are_followed():
    found = gradescope.read(
        b"""\
submission_1:
  :submitters: &1
  - &2
    :name: Ada
    :sid: '7'
  - &3
    :name: Bob
    :sid: '8'
  :created_at: &4 2026-05-31 12:00:00.5 +02:00
submission_2:
  :submitters: *1
  :created_at: *4
submission_3:
  :submitters:
  - *3
"""
    )
    assert [each.people for each in found.values()] == [["7", "8"], ["7", "8"], ["8"]]
    assert [each.time for each in found.values()] == ["2026-05-31T10:00:00+00:00"] * 2 + [""]


def test_metadata_that_another_program_wrote_are_read():
    text = "submission_1:\n  ':submitters':\n    - ':name': 'O''Neil'\n      ':sid': ''\n    - {sid: 0042}\n"
    (found,) = gradescope.read(f"{text}  ':created_at': '2026-05-31T12:00:00Z'".encode()).values()
    assert found == (["O'Neil", "0042"], "2026-05-31T12:00:00+00:00")


def test_katas_with_results_are_taken_from_a_download(tmp_path):
    write_kata(tmp_path / "katas", "one", toml=TOML.replace('["twice.py"]', '["twice.py", "results/*"]'))
    place = tmp_path / "d.zip"
    inner = zipped({"work/twice.py": SOLUTION, "work/results/log.csv": "1"})
    place.write_bytes(zipped({"lovelaceada_12345_98765901_work.zip": inner, "royal_1_2_twice.py": SOLUTION}))
    first, _ = submissions.read(place).entries
    (handed,) = submissions.of_katas(first, catalogue.load_all(tmp_path / "katas"), every=False)
    assert handed.files is not None
    assert list(handed.files.graded) == ["results/log.csv", "twice.py"]
    assert handed.entry.submitted_at > "2026"

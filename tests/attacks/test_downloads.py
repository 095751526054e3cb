"""I: files of a whole course. A person's names and archives must not reach another person's row or the file system."""

from __future__ import annotations

import json
import os
import resource
import time
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest

from graders import catalogue
from graders.errors import KataError
from katas_course import submissions
from katas_course.platforms import gradescope
from tests.workshop import ADDED, SOLUTION, write, write_repository, zipped

pytestmark = pytest.mark.security
attack = pytest.mark.attack


@pytest.fixture(scope="module")
def katas(tmp_path_factory) -> list[catalogue.Kata]:
    return catalogue.load_all(write_repository(tmp_path_factory.mktemp("katas"), ["one"]))


def handed(place: Path, katas: list[catalogue.Kata]) -> dict[str, submissions.KataSubmission]:
    """Return everyone's submission for the only kata."""
    found = [
        each for entry in submissions.read(place).entries for each in submissions.of_katas(entry, katas, every=True)
    ]
    assert len(found) == len({each.entry.person for each in found})
    return {each.entry.person: each for each in found}


@attack("Z44")
@pytest.mark.parametrize(
    ("name", "person"),
    [
        ("eve_12345_666_98765902_twice.py", "eve_12345_666"),
        ("eve_LATE_12345_666_98765902_twice.py", "eve_12345_666"),
        ("eve_12345_LATE_666_98765902_twice.py", "eve_12345_666"),
        ("lovelaceada_12345_666_98765902_twice.py", "lovelaceada_12345_666"),
        ("eve_666_98765902_12345_98765901_twice.py", "eve_666"),
        ("eve_666_98765902_12345_twice.py", "eve_666"),
        ("eve_666_98765902_lovelaceada_12345_98765901_twice.py", "eve_666"),
    ],
)
def test_a_canvas_name_cannot_claim_another_id(observed, katas, tmp_path, name, person):
    """A person's name, or that of a file, may contain the id of ada."""
    write(tmp_path / "lovelaceada_12345_98765901_twice.py", SOLUTION)
    write(tmp_path / name, ADDED)
    found = handed(tmp_path, katas)
    assert set(found) == {"lovelaceada_12345", person}
    taken = found["lovelaceada_12345"].files
    assert taken is not None
    assert ([file.data for file in taken.files], taken.ignored) == ([SOLUTION.encode()], ())
    observed("N")


@attack("Z44")
@pytest.mark.parametrize("name", ["eve_666_9001_98765901_99999999999_twice.py", "eve_666_9001_20261125_twice.py"])
def test_a_canvas_name_with_two_plausible_readings_is_no_ones(observed, katas, tmp_path, name):
    """Without a roster. With one, tests/katas_course/test_namesakes.py finds the person."""
    write(tmp_path / "lovelaceada_12345_98765901_twice.py", SOLUTION)
    write(tmp_path / name, ADDED)
    assert set(handed(tmp_path, katas)) == {"lovelaceada_12345"}
    observed("N")


@attack("Z44")
@pytest.mark.parametrize("name", ["eve_666_{}_7_twice.py", "eve_{}_666_twice.py", "eve_666_9001_{}_twice.py"])
def test_a_number_with_thousands_of_digits_in_a_canvas_name_stops_no_one(observed, tmp_path, name):
    """Only a .zip file can have such a name."""
    files = {"lovelaceada_12345_98765901_twice.py": SOLUTION, name.format("9" * 5000): ADDED}
    (tmp_path / "submissions.zip").write_bytes(zipped(files))
    assert "lovelaceada_12345" in submissions.read(tmp_path / "submissions.zip", "canvas").people
    observed("N")


@attack("Z44")
def test_a_moodle_name_cannot_claim_another_person(observed, katas, tmp_path):
    write(tmp_path / "Ada_501_assignsubmission_file_twice.py", SOLUTION)
    write(tmp_path / "Eve_666_assignsubmission_file_Ada_501_assignsubmission_file_twice.py", ADDED)
    found = handed(tmp_path, katas)
    assert list(found) == ["Ada"]
    assert [file.data for file in found["Ada"].files.files] == [SOLUTION.encode()]
    (unread,) = submissions.read(tmp_path).unread  # so the exit status is 2
    assert unread.startswith("Eve_666_assignsubmission_file_Ada_501_")
    observed("N")


@attack("Z44")
@pytest.mark.parametrize("packed", [True, False])
def test_folders_that_normalise_alike_stop_only_themselves(observed, katas, tmp_path, packed):
    files = {
        "Zo\u00e9/twice.py": SOLUTION,
        "Zoe\u0301/twice.py": ADDED,
        "bob/twice.py": SOLUTION,
        "dup/twice.py": ADDED,
    }
    place = tmp_path / "in.zip"
    place.write_bytes(zipped({**files, "dup.zip": zipped({"twice.py": SOLUTION})}))
    if not packed:
        with zipfile.ZipFile(place) as archive:
            archive.extractall(tmp_path / "in")
        place = tmp_path / "in"
    found = handed(place, katas)
    assert {person: each.files is not None for person, each in found.items()} == {
        "Zo\u00e9": False,
        "bob": True,
        "dup": False,
    }
    assert "belong to the same person" in found["dup"].refused
    observed(
        "R",
    )


@attack("Z45")
@pytest.mark.parametrize(
    "name", ["../twice.py", "/twice.py", "ada/../bob/twice.py", "ada//etc/twice.py", "ada/..\\twice.py", "..", "a\\b"]
)
def test_a_path_in_a_download_cannot_lead_out(observed, katas, tmp_path, name):
    place = tmp_path / "in.zip"
    place.write_bytes(zipped({"bob/twice.py": SOLUTION, name: ADDED}))
    found = handed(place, katas)
    assert [file.data for file in found["bob"].files.files] == [SOLUTION.encode()]
    if "ada" in found:
        assert found["ada"].files is None
    assert set(found) <= {"ada", "bob"}
    observed("R")


@attack("Z45")
def test_a_link_in_a_download_is_refused(observed, katas, tmp_path):
    place = tmp_path / "in.zip"
    link = zipfile.ZipInfo("ada/twice.py")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("bob/twice.py", SOLUTION)
    found = handed(place, katas)
    assert "it is a symbolic link" in found["ada"].refused
    assert found["bob"].files.files
    observed("R")


@attack("Z45")
@pytest.mark.parametrize("form", ["folders", pytest.param("canvas", marks=pytest.mark.deep)])
def test_bombs_in_a_download_stop_only_their_sender(observed, katas, tmp_path, form):
    """A file that explodes, an archive whose inner archive explodes, and archives in archives in archives."""
    bomb = zipped({"twice.py": bytes(300 << 20)})
    nested = zipped({"a.zip": zipped({"b.zip": zipped({"twice.py": SOLUTION})})})
    pattern = {"folders": "{person}/{name}", "canvas": "{person}_1{number}_2_{name}"}[form]
    files = {"bob": ("twice.py", SOLUTION), "eve": ("work.zip", zipped({"in.zip": bomb})), "mal": ("x.zip", nested)}
    files["zed"] = ("work.zip", bomb)
    place = tmp_path / "in.zip"
    place.write_bytes(
        zipped({pattern.format(person=p, number=n, name=f): data for n, (p, (f, data)) in enumerate(files.items())})
    )
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = handed(place, katas)
    taken = {person[:3]: bool(each.files and each.files.files) for person, each in found.items()}
    assert taken == {"bob": True, "eve": False, "mal": False, "zed": False}
    assert time.monotonic() - begun < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB
    observed("R")


@attack("Z46")
@pytest.mark.parametrize(
    "sid", ["..", "../../etc", "/etc/passwd", ".hidden", "a\\b", "\x1b[2J", "x" * 10_000, "=cmd()"], ids=range(8)
)
def test_a_gradescope_id_is_a_harmless_name(observed, tmp_path, sid):
    folder = tmp_path / "in"
    write(folder / "submission_1" / "twice.py", SOLUTION)
    write(folder / "submission_metadata.yml", f"submission_1:\n  :submitters:\n  - :sid: {json.dumps(sid)}\n")
    (entry,) = submissions.read(folder).entries
    assert entry.person.isprintable()
    assert not entry.person.startswith(".")
    assert not set(entry.person) & set("/\\")
    assert len(entry.person.encode()) <= 200
    observed("N")


BOMBS = {
    "laughs": "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}, *{a}]\n" for a, b in pairwise("abcdefghijklmn")),
    "lists": "submission_1:\n  :submitters: &1\n  - *1\n  - *1\nsubmission_2:\n  :submitters: *1\n" * 10_000,
    "people": "submission_1:\n  :submitters:\n" + "  - :name: x\n" * 500_000,
    "object": "submission_1:\n  :submitters: !ruby/object:Gem::Installer\n    i: x\n",
    "python": "submission_1: !!python/object/apply:os.system ['touch /tmp/owned']\n",
    "deep": "submission_1:\n  :submitters: " + "[" * 100_000,
    "long": "submission_1:\n  :submitters:\n  - :name: '" + "'" * 5_000_000,
    "spaces": "submission_1:\n  :submitters:\n  - " + " " * 5_000_000 + "&x",
    "binary": "\0\x85\u2028" * 100_000,
}


@attack("Z46")
@pytest.mark.parametrize("name", BOMBS)
def test_a_metadata_bomb_gives_harmless_names_or_one_message(observed, tmp_path, name):
    write(tmp_path / "submission_1" / "twice.py", SOLUTION)
    write(tmp_path / "submission_metadata.yml", BOMBS[name])
    begun, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if name in ("people", "deep", "long", "binary"):
        with pytest.raises(KataError, match=r"^submission_metadata\.yml: .*[Rr]emove .*\.$"):
            submissions.read(tmp_path)
    else:
        (entry,) = submissions.read(tmp_path).entries
        assert len(entry.others) < gradescope.PEOPLE
    assert time.process_time() - begun < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB
    assert not os.path.exists("/tmp/owned")
    observed("N")


@attack("Z46")
def test_output_in_the_metadata_names_nobody(observed):
    """A learner chooses what a submission prints, which Gradescope writes further to the right."""
    text = """\
submission_1:
  :submitters:
  - :name: Eve
    :sid: '6'
  :results:
    output: |-
      submission_2:
        :submitters:
        - :name: Eve
      :sid: '1'
    :submitters:
    - :name: Ada
      :sid: '1'
  :history:
  - :submitters:
    - :sid: '1'
"""
    assert {name: each.people for name, each in gradescope.read(text.encode()).items()} == {"submission_1": ["6"]}
    observed("N")


@attack("Z45")
def test_a_download_of_a_million_names_is_refused(observed, tmp_path, monkeypatch):
    monkeypatch.setattr("katas_course.downloads.ENTRIES", 1_000)
    place = tmp_path / "in.zip"
    place.write_bytes(zipped({f"{number}/x": "" for number in range(1_001)}))
    with pytest.raises(KataError, match="it holds more than 1000 files"):
        submissions.read(place)
    observed("R")

"""The programs of exercises 13, 16 and 17 show what the learner's functions can do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import shell
from tests.workshop import write

TEXT = "The cat may sleep. A dog can bark. The dog may sleep. A cat can purr. " * 40


def ran(kata: str, *words: str) -> str:
    done = shell.katas_cold("run", kata, "--against", "solutions", *words)
    assert (done.status, done.err) == (0, "")
    return done.out


def test_the_lstm_adds_two_marked_numbers() -> None:
    out = ran("exercise16")
    guess = float(re.findall(r"who always answers 1 .* ([\d.]+)\.$", out, re.MULTILINE | re.IGNORECASE)[0])
    errors = [float(each) for each in re.findall(r"^step .* ([\d.]+)$", out, re.MULTILINE)]
    assert errors[-1] < guess / 100
    assert out.count("*") == 2
    answers = re.findall(r"^  [01]\.\d\d .   *([\d.]+)  █", out, re.MULTILINE)
    (total,) = re.findall(r"sum of the marked numbers is ([\d.]+)\.", out)
    assert abs(float(answers[-1]) - float(total)) < 0.15


def test_words_that_are_used_alike_lie_near_each_other() -> None:
    near = dict(re.findall(r"^  (\w+) +(.+)$", ran("exercise13").partition("direction:")[2], re.MULTILINE))
    assert {"may", "could", "should", "must", "would"} & {*near["can"].split(", ")}
    assert {"one", "three", "four", "five"} & {*near["two"].split(", ")}


def test_a_text_is_cut_into_pieces() -> None:
    lines = [line for line in ran("exercise17").splitlines() if " tokens: " in line]
    counts = [int(line.partition(", ")[2].split()[0]) for line in lines]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] < counts[0] / 2
    assert {line.partition("tokens:  ")[2].replace("|", "") for line in lines} == {
        "This sentence is new to it, but most of its pieces are old friends."
    }


@pytest.mark.parametrize("kata", ["exercise13", "exercise17"])
def test_the_text_may_be_ones_own(kata: str, tmp_path: Path) -> None:
    file = write(tmp_path / "own.txt", TEXT)
    assert f"from {file}" in ran(kata, "--", str(file))


def test_a_text_of_a_few_words_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "own.txt", "A cat.")
    done = shell.katas_cold("run", "exercise13", "--against", "solutions", "--", str(file))
    assert (done.status, done.err) == (1, f"{file}: 2 words are too few; give a text of at least 500.\n")


@pytest.mark.parametrize("kata", ["exercise13", "exercise16", "exercise17"])
def test_a_stub_says_what_is_to_write(kata: str) -> None:
    done = shell.katas_cold("run", kata)
    assert done.status != 0
    assert "is not written yet" in done.err

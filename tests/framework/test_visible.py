"""The visible tests of the kata meta pass for its solution; the other modules test what these leave out."""

from __future__ import annotations

from tests import workshop
from tests.workshop import ROOT


def test_the_visible_tests_pass() -> None:
    done = workshop.pytest("katas/meta", "-q", "--against", "solutions", "-p", "no:cacheprovider", cwd=ROOT, torch=True)
    assert done.status == 0, done.said

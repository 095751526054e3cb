"""The list of planted faults matches the sources. `python -m tests.planted` shows whether tests catch the faults."""

from __future__ import annotations

import difflib
import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests import planted
from tests.planted import ROOT, Fault, PlantingError
from tests.shell import run

FAULTS = planted.faults()


def test_the_list_has_sixty_faults_with_names_of_their_own() -> None:
    assert 60 <= len(FAULTS) <= 80
    assert [name for name, count in Counter(fault.name for fault in FAULTS).items() if count > 1] == []


def test_every_fault_occurs_once_and_still_compiles() -> None:
    for fault in FAULTS:
        compile(fault.planted(ROOT), f"{fault.name}: {fault.file}", "exec", dont_inherit=True)


def test_every_fault_changes_one_line() -> None:
    def changed(fault: Fault) -> list[str]:
        compared = difflib.ndiff(fault.old.splitlines(), fault.new.splitlines())
        return [line[0] for line in compared if line[0] in "-+"]

    assert [fault.name for fault in FAULTS if changed(fault) != ["-", "+"]] == []


def test_every_fault_names_its_promise_and_default_tests() -> None:
    assert [fault.name for fault in FAULTS if not fault.why.endswith(".")] == []
    assert [fault.name for fault in FAULTS if not 1 <= len(fault.tests) <= 3] == []
    named = {test.partition("::")[0] for fault in FAULTS for test in fault.tests}
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


# ------------------------------------------------------------------------------------------ the script


@pytest.mark.parametrize("old", ["x = 3", "x = 1"])
def test_a_fault_that_fits_never_or_twice_is_refused(tmp_path: Path, old: str) -> None:
    (tmp_path / "a.py").write_text("x = 1\nx = 1\n", encoding="utf-8")
    with pytest.raises(PlantingError, match=r"late: `old` occurs \d times in a.py, expected once"):
        Fault("late", "a.py", old, "x = 2", "Why.", ("tests/a.py",)).planted(tmp_path)


def test_root_plants_nothing_without_bubblewrap(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", "/nowhere")
    assert planted.main([FAULTS[0].name]) == 2
    assert "bubblewrap is not installed" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can replace devices")
def test_the_tests_of_root_have_a_dev_of_their_own() -> None:
    program = (
        "import os; print(os.stat('/dev').st_dev, *(os.path.ismount(f'/dev/{name}') for name in ('null', 'full')))"
    )
    words = [*planted.protection(), sys.executable, "-c", program]
    number, *mounted = run(*words).out.split()
    assert int(number) != os.stat("/dev").st_dev
    assert mounted == ["True", "True"]


@pytest.mark.deep
def test_a_fault_is_planted_in_a_copy_and_caught() -> None:
    done = run(sys.executable, "-m", "tests.planted", "checks-accuracy")
    assert "checks-accuracy: caught by tests/checks/test_accuracy.py::" in done.out, done.err
    assert done.status == 0

"""Help, --root and completion of every command."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from graders.cli.app import COMMANDS as PLACES
from graders.cli.app import SECTIONS, UNLISTED, app
from graders.cli.examples import EXAMPLES
from graders.cli.session import Invocation
from tests import shell, workshop
from tests.at_terminal import AtTerminal
from tests.shell import KATAS

COMMANDS: dict[str, Any] = {name: each.real for name, each in get_command(app).commands.items()}  # type: ignore[attr-defined]


def sub_commands(command: object, *words: str) -> dict[str, object]:
    """Return every command below this one by its full name, such as "gradebook" and "gradebook import"."""
    found: dict[str, object] = {}
    for name, lazy in getattr(command, "commands", {}).items():
        each = getattr(lazy, "real", lazy)
        found[" ".join((*words, name))] = each
        found |= sub_commands(each, *words, name)
    return found


EVERY: dict[str, Any] = sub_commands(get_command(app))
ANYWHERE = Path("/")  # a folder outside any repository


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return workshop.write_repository(tmp_path / "my kätas", ["alpha", "alphabet", "beta"])


@pytest.mark.parametrize("name", EXAMPLES)
def test_help_ends_with_examples_of_existing_options_within_80_columns(name: str) -> None:
    done = shell.katas_here(name, "--help")
    assert done.status == 0
    _, _, examples = done.out.partition("\n  Examples:\n\n")
    assert f"    katas {name}" in examples or "    katas  " in examples
    assert max(map(len, examples.splitlines())) <= 80
    for line in re.sub(r"\\\n +", "", EXAMPLES[name]).strip().splitlines():
        typed = re.split(r" {3,}|\|", line)[0]
        words = shlex.split(typed) if typed.startswith("katas ") else []
        given = COMMANDS[words[1]].params if words[1:] else []
        known = {option for parameter in given for option in (*parameter.opts, *parameter.secondary_opts)}
        assert {word for word in words if word.startswith("--")} <= known, line


def test_commands_are_listed_in_sections_with_whole_sentences() -> None:
    done = shell.katas_here("--help", cwd=ANYWHERE)
    assert [line for line in done.out.splitlines() if re.fullmatch(r"[A-Z][a-z ]+:", line)] == [
        "Options:",
        *(f"{title}:" for title in SECTIONS),
    ]
    assert "..." not in done.out.partition("\n")[2]  # the first line says [ARGS]...
    assert max(map(len, done.out.splitlines())) <= 80
    assert sorted(PLACES) == sorted(COMMANDS)
    assert not set(UNLISTED) & set(re.findall(r"^  ([a-z-]+) ", done.out, re.M))


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_what_the_command_itself_says(name: str) -> None:
    assert PLACES[name].line == (COMMANDS[name].help or "").partition("\n")[0]


@pytest.mark.parametrize("name", EVERY)
def test_help_of_every_command_works_outside_a_repository(name: str) -> None:
    done = shell.katas_here(*name.split(), "--help", cwd=ANYWHERE)
    assert (done.status, done.err) == (0, "")
    usage, purpose = done.out.split("\n\n")[:2]
    assert usage.startswith(f"Usage: katas {name}")
    assert re.fullmatch(r"  [A-Z][^\n]*\.", purpose)
    assert max(map(len, done.out.splitlines())) <= 80


# ------------------------------------------------------------------------------------------- --root


@pytest.mark.parametrize("name", EVERY)
def test_every_command_takes_root_after_its_name(name: str, tmp_path: Path) -> None:
    Invocation.given = None
    EVERY[name].make_context(name, ["--root", str(tmp_path)], resilient_parsing=True)
    assert Invocation.given == tmp_path
    assert re.search(r"^  --root DIR +The repository of katas", shell.katas_here(*name.split(), "--help").out, re.M)


WORDS = ["list", "next", "progress", "hint alpha", "solution alpha --anyway", "solution alpha --diff --anyway"]


@pytest.mark.parametrize("words", WORDS)
def test_root_means_the_same_before_and_after_a_command(root: Path, words: str) -> None:
    before = shell.katas_here("--root", str(root), *words.split(), cwd=ANYWHERE)
    after = shell.katas_here(*words.split(), "--root", str(root), cwd=ANYWHERE)
    assert before == after
    assert before.status == (2 if words == "hint alpha" else 0), before.said
    assert "Specify the repository" not in before.said


def test_root_goes_between_a_group_and_its_command(root: Path) -> None:
    done = shell.katas_here("debug", "--root", str(root), "list", cwd=ANYWHERE)
    assert (done.status, done.err) == (0, "")


def test_a_later_root_wins_over_an_earlier_one(root: Path, tmp_path: Path) -> None:
    other = workshop.write_repository(tmp_path / "other", ["gamma"])
    done = shell.katas_here("--root", str(root), "list", "--root", str(other))
    assert "gamma" in done.out
    assert "alpha" not in done.out


def test_root_does_not_carry_over_to_the_next_command_line(root: Path) -> None:
    assert shell.katas_here("--root", str(root), "list", cwd=ANYWHERE).status == 0
    done = shell.katas_here("list", cwd=ANYWHERE)
    assert (done.status, done.out) == (2, "")
    assert "Specify the repository with --root DIR." in done.err


def test_grading_takes_root_after_its_name(root: Path, tmp_path: Path) -> None:
    """The message about a missing repository tells people to type these words."""
    assert "--root DIR" in shell.katas_here("grade", "alpha", cwd=tmp_path.parent).err
    words = ("--root", str(root), "alpha", "--against", "solutions", "--format", "csv")
    done = shell.katas("grade", *words, cwd=tmp_path.parent)
    assert (done.status, done.err, done.left) == (0, "", [])


# --------------------------------------------------------------------------------------- completion


def completed(root: Path, *words: str) -> list[str]:
    """Return the completions of the last word."""
    line = " ".join(["katas", *words])
    env = {"_KATAS_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words))}
    done = shell.katas_here(cwd=root, env=env | {"_TYPER_COMPLETE_ARGS": line})
    assert done.err == ""
    return done.out.split()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("watch", "al"), ["alpha", "alphabet"]),
        (("hint", "b"), ["beta"]),
        (("grade", "alpha", "al"), ["alphabet"]),
        (("reset", "zeta"), []),
        (("doc",), ["doctor"]),
        (("grade", "--form"), ["--format"]),
        (("grade", "--format", "ht"), ["html"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_commands_options_and_katas_are_completed(root: Path, words: tuple[str, ...], found: list[str]) -> None:
    assert completed(root, *words) == found


def test_completion_uses_the_root_option_and_is_silent_without_a_repository(root: Path, tmp_path: Path) -> None:
    other = str(workshop.write_repository(tmp_path / "other", ["gamma"]))
    for words in (("--root", other, "watch", "g"), ("watch", "--root", other, "g")):
        assert completed(root, *words) == ["gamma"]
    assert completed(tmp_path, "watch", "a") == []


@pytest.mark.deep
def test_tab_completes_in_a_real_shell_once_it_is_installed(root: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    path = f"{Path(KATAS).parent}:/usr/bin:/bin"
    env = {"HOME": str(home), "PATH": path, "PS1": "shell> ", "INPUTRC": "/dev/null"}
    with AtTerminal(["bash", "--norc", "-i"], root, env=env) as terminal:
        terminal.wait("shell>")
        terminal.type("katas --install-completion\n")
        terminal.wait("bash completion installed in")
        terminal.type("source ~/.bashrc; clear\n")
        terminal.wait(lambda text: text.startswith("shell>") and "completion" not in text)
        terminal.type("katas next; katas hint be\t")
        terminal.wait("katas hint beta")
        terminal.type("\n")
        terminal.wait("beta has no hints")
        terminal.type("exit\n")
        terminal.end()

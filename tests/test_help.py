"""Help and completion: every command has examples that hold, and Tab completes the names of the katas."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from graders.cli.app import app
from graders.cli.examples import EXAMPLES
from graders.cli.sections import SECTIONS
from tests import workshop
from tests.at_terminal import AtTerminal
from tests.workshop import KATAS, katas, write

COMMANDS: dict[str, Any] = dict(get_command(app).commands)  # type: ignore[attr-defined]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return workshop.write_repository(tmp_path / "my kätas", ["alpha", "alphabet", "beta"])


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_help_of_a_command_ends_with_examples_within_80_columns(name: str) -> None:
    done = katas(name, "--help")
    assert done.status == 0
    _, _, examples = done.out.partition("\n  Examples:\n\n")
    assert f"    katas {name}" in examples or "    katas  " in examples
    assert max(map(len, examples.splitlines())) <= 80


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_names_options_that_there_are(name: str) -> None:
    for line in re.sub(r"\\\n +", "", EXAMPLES[name]).strip().splitlines():
        typed = re.split(r" {3,}|\|", line)[0]
        words = shlex.split(typed) if typed.startswith("katas ") else []
        if not words[1:]:
            continue
        known = {option for parameter in COMMANDS[words[1]].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, line


def test_every_example_is_of_a_command_that_there_is() -> None:
    assert set(EXAMPLES) <= set(COMMANDS)


def test_the_commands_are_shown_by_what_they_are_for_each_in_a_whole_sentence() -> None:
    done = katas("--help")
    assert [line for line in done.out.splitlines() if re.fullmatch(r"[A-Z][a-z ]+:", line)] == [
        "Options:",
        *(f"{title}:" for title in SECTIONS),
    ]
    assert "..." not in done.out.partition("\n")[2]  # the first line says [ARGS]...
    assert max(map(len, done.out.splitlines())) <= 80
    assert sorted(" ".join(SECTIONS.values()).split()) == sorted(COMMANDS)


def completed(root: Path, *words: str, shell: str = "bash") -> list[str]:
    """What a shell is told of the last of these words."""
    line = " ".join(["katas", *words])
    env = {"_KATAS_COMPLETE": f"complete_{shell}", "COMP_WORDS": line, "COMP_CWORD": str(len(words))}
    done = katas(cwd=root, env=env | {"_TYPER_COMPLETE_ARGS": line})
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


def test_titles_stand_beside_the_katas_where_a_shell_shows_them(root: Path) -> None:
    assert '"beta":"Twice"' in "\n".join(completed(root, "watch", "b", shell="zsh"))


def test_a_repository_is_looked_for_where_it_was_named(root: Path, tmp_path: Path) -> None:
    other = workshop.write_repository(tmp_path / "other", ["gamma"])
    assert completed(root, "--root", str(other), "watch", "g") == ["gamma"]


def test_where_there_is_no_repository_or_a_broken_one_nothing_is_said_but_names(root: Path, tmp_path: Path) -> None:
    assert completed(tmp_path, "watch", "a") == []
    write(root / "katas" / "alpha" / "kata.toml", "format = [")
    assert completed(root, "watch", "al") == ["alpha", "alphabet"]


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

"""The command `katas`: parses, calls, prints. What it prints comes from graders.report."""

from __future__ import annotations

import os
import re
import sys
import traceback
from pathlib import Path

INTERRUPTED = 130


def main() -> None:
    """Entry point. A command that grades has its judging process on the way before the command line is even read."""
    started, status = None, 2
    try:
        if len(sys.argv) == 1 and has_screen():
            sys.argv.append("watch")
        if any(word in ("grade", "demo", "watch") for word in sys.argv[1:4]) and not {"-h", "--help"} & set(sys.argv):
            from graders.judge import process

            started = process.start(
                first_runtime=_runtime_guess(sys.argv), root=Path() if Path("katas").is_dir() else None
            )
        from graders.cli.app import run

        status = run(started)
    except KeyboardInterrupt:  # before a command has begun
        status = INTERRUPTED
    except Exception as fault:  # noqa: BLE001 (it is told, and ends the command)
        status = _told(fault)
    finally:
        if started is not None:
            started.close()
        os._exit(status)  # nothing is left to do, and tearing down what was imported takes longer than grading


def _told(fault: Exception) -> int:
    """Say what has ended a command unforeseen; the exit status. A fault of ours is shown whole, and is no verdict."""
    if _interrupted(fault):
        print("katas: interrupted", file=sys.stderr)
        return INTERRUPTED
    if isinstance(fault, ModuleNotFoundError) and (fault.name or "").startswith("graders."):
        said = "it was handed out to learn with; whoever handed it out has the whole"
        print(f"katas: this copy has no {fault.name}: {said}", file=sys.stderr)
    else:
        traceback.print_exception(fault)
    return 2


def _interrupted(fault: BaseException | None) -> bool:
    """Whether Ctrl-C is behind it: Python 3.11 makes a RuntimeError of one that comes while a class is made."""
    while fault is not None:
        if isinstance(fault, KeyboardInterrupt):
            return True
        fault = fault.__cause__ or fault.__context__
    return False


def has_screen() -> bool:
    """Whether there is a terminal that can be drawn on, and a keyboard."""
    attended = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
    return attended and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")


def _runtime_guess(words: list[str]) -> str:
    """The runtime of the first kata that is named, as far as a glance at the files tells."""
    if words[1:2] == ["debug"]:
        return "torch"
    for word in words[1:]:
        file = Path("katas", word, "kata.toml")
        if word.isidentifier() and file.is_file():
            found = re.search(r'^runtime *= *"(\w+)"', file.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
            return "numpy" if found and found[1] == "numpy" else "torch"
    return "numpy"

"""The command `katas`. The modules of this package parse arguments and print; other packages do the work."""

from __future__ import annotations

import os
import re
import sys
import traceback
from pathlib import Path

from graders.cli.terminal import INTERRUPTED, has_screen, interrupted, open_streams
from graders.errors import KataError


def main() -> None:
    """Run `katas`. If the command grades, start the judge's process first, because this takes longest."""
    started, status = None, 2
    output = open_streams(sys.argv[1:4])
    try:
        if len(sys.argv) == 1 and has_screen():
            sys.argv.append("watch")
        if any(word in ("grade", "demo", "watch") for word in sys.argv[1:4]) and not {"-h", "--help"} & set(sys.argv):
            from graders.judge import process

            started = process.start(
                first_runtime=_runtime_guess(sys.argv), root=Path() if Path("katas").is_dir() else None
            )
        from graders.cli.app import run_command_line

        status = output.exit_status(run_command_line(started))
    except KeyboardInterrupt:  # Ctrl-C came before a command had started
        status = INTERRUPTED
    except Exception as fault:  # noqa: BLE001 (the exception is reported, and ends the command)
        status = _report(fault)
    finally:
        if started is not None:
            started.close()
        os._exit(status)  # skip Python's teardown, which takes longer than grading a submission


def _report(fault: Exception) -> int:
    """Report an unexpected exception, with its traceback if it is a bug. Return the exit status."""
    if interrupted(fault):
        print("katas: interrupted", file=sys.stderr)
        return INTERRUPTED
    name = (fault.name or "") if isinstance(fault, ModuleNotFoundError) else ""
    if isinstance(fault, KataError):
        print(f"katas: {fault}", file=sys.stderr)
    elif name.startswith(("graders.", "katas_")):
        print(f"katas: {name}: missing, because this is a copy for learners. Use a full checkout.", file=sys.stderr)
    else:
        traceback.print_exception(fault)
    return 2


def _runtime_guess(words: list[str]) -> str:
    """Guess the runtime of the first kata on the command line, without importing the catalogue."""
    if words[1:2] == ["debug"]:
        return "torch"
    for word in words[1:]:
        file = Path("katas", word, "kata.toml")
        if word.isidentifier() and file.is_file():
            found = re.search(r'^runtime *= *"(\w+)"', file.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
            return "numpy" if found and found[1] == "numpy" else "torch"
    return "numpy"

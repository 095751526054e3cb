"""The command `katas`: parses, calls, prints. What it prints comes from graders.report."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path


def main() -> None:
    """Entry point. A command that grades has its judging process on the way before the command line is even read."""
    started, status = None, 2
    try:
        if any(word in ("grade", "demo") for word in sys.argv[1:4]) and not {"-h", "--help"} & set(sys.argv):
            from graders.judge import process

            started = process.start(first_runtime=_runtime_guess(sys.argv))
        from graders.cli.app import run

        status = run(started)
    except KeyboardInterrupt:  # before a command has begun
        status = 130
    except Exception:  # noqa: BLE001 (a fault of ours is shown whole, and is no verdict)
        traceback.print_exc()
    finally:
        if started is not None:
            started.close()
        os._exit(status)  # nothing is left to do, and tearing down what was imported takes longer than grading


def _runtime_guess(words: list[str]) -> str:
    """The runtime of the first kata that is named, as far as a glance at the files tells."""
    if words[1:2] == ["debug"]:
        return "torch"
    for word in words[1:]:
        file = Path("katas", word, "kata.toml")
        if word.isidentifier() and file.is_file():
            return "torch" if 'runtime = "torch"' in file.read_text(encoding="utf-8", errors="replace") else "numpy"
    return "numpy"

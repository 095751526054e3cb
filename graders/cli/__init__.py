"""The command `katas`. The modules of this package parse arguments and print; other packages do the work."""

from __future__ import annotations

import os
import sys
import traceback

from graders.cli.terminal import INTERRUPTED, has_screen, interrupted, open_streams
from graders.errors import KataError


def main() -> None:
    """Run `katas`."""
    status = 2
    output = open_streams(sys.argv[1:4])
    try:
        if len(sys.argv) == 1 and has_screen():
            sys.argv.append("watch")
        from graders.cli.app import run_command_line

        status = output.exit_status(run_command_line())
    except KeyboardInterrupt:  # Ctrl-C came before a command had started
        status = INTERRUPTED
    except Exception as fault:  # noqa: BLE001 (the exception is reported, and ends the command)
        status = _report(fault)
    finally:
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

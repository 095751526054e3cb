"""Run the visible tests of the katas that a pull request changes, on a machine without secrets.

The tests come from the request, too, so the result is unofficial.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from graders import catalogue
from graders.errors import KataError

UNOFFICIAL = "Unofficial: only the visible tests, unconfined, from this branch's own copy."


def changed(root: Path, base: str) -> list[str]:
    """Return the slugs of the katas whose files differ from those in the commit `base`."""
    words = ["git", "-C", str(root), "diff", "--name-only", "-z", "--end-of-options", base, "--", "katas"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise KataError(f"{base}: {done.stderr.strip()}")
    known = set(catalogue.slugs(root))
    parts = [name.split("/") for name in done.stdout.split("\0")]
    return sorted({each[1] for each in parts if len(each) > 2} & known)


def run(root: Path, base: str) -> int:
    """Run the visible tests of the changed katas. Return pytest's exit status, or 0 if no kata changed."""
    katas = changed(root, base)
    print(UNOFFICIAL, flush=True)
    if not katas:
        print("This branch changes no kata.")
        return 0
    words = [sys.executable, "-m", "pytest", *(f"katas/{slug}" for slug in katas)]
    return subprocess.run(words, cwd=root, check=False).returncode

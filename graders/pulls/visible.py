"""The unofficial run of a request: the visible tests of the katas that it changes, in a machine that can do no harm.

Here everything is the stranger's, the tests too: what comes of it tells them something and decides nothing.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from graders import catalogue
from graders.errors import KataError

UNOFFICIAL = "Unofficial: the visible tests alone, run unconfined and by this branch's own copy of them."


def changed(root: Path, base: str) -> list[str]:
    """The katas with a file that differs from the commit `base`."""
    words = ["git", "-C", str(root), "diff", "--name-only", "-z", "--end-of-options", base, "--", "katas"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise KataError(f"{base}: {done.stderr.strip()}")
    known = set(catalogue.slugs(root))
    parts = [name.split("/") for name in done.stdout.split("\0")]
    return sorted({each[1] for each in parts if len(each) > 2} & known)


def run(root: Path, base: str) -> int:
    """Run them; the exit status of pytest, 0 where nothing is to be run."""
    katas = changed(root, base)
    print(UNOFFICIAL, flush=True)
    if not katas:
        print("No kata is changed.")
        return 0
    words = [sys.executable, "-m", "pytest", *(f"katas/{slug}" for slug in katas)]
    return subprocess.run(words, cwd=root, check=False).returncode

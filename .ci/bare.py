"""Uses the project as a stranger does: with only what an installation brings. Needs nothing but the standard library.

python .ci/bare.py commands        every command once, in the environment that `./run demo` made
python .ci/bare.py serve           `./run serve` in a fresh clone, up to the first page
python .ci/bare.py extras [NAME…]  an environment for each extra alone, and what the extra promises
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[1]
PATIENCE_S = 600
SOLVED = (ROOT / "solutions/exercise01/affine.py").read_text(encoding="utf-8")
CONTINUOUS = ("PIP_", "OPENBLAS_", "NVPL_", "CI")  # what a machine needs to install packages and to compute
LACKS = r"^katas: the package \w+ is not installed\. Install it: pip install .*\.\[{}\]"
COHORT, SERVE = LACKS.format("cohort"), LACKS.format("serve")
BATCH = "grade-batch graders/demo/course/submissions --out out --kata exercise01"

# What each command prints after `./run demo`, which installs the extra torch, and its exit status.
COMMANDS = [
    ("--help", 0, "Learn:"),
    ("list", 0, "exercise01  Affine layer"),
    ("next", 0, "next: exercise00"),
    ("hint exercise01", 0, "matrix product"),
    ("derive exercise05", 0, "1 of 6."),
    ("grade exercise01", 1, "unchanged since it was handed out"),
    ("grade exercise01 --against solutions", 0, "11 of 11 points"),
    ("progress", 0, "next: exercise00"),
    ("doctor", 0, "Everything works|The katas work"),
    ("check exercise01 --every 8", 0, "1 kata checked, clean"),
    ("solution exercise01", 2, "You have not passed exercise01 yet"),
    ("reset exercise01", 0, "your files are the original stubs"),
    ("data list", 0, "MNIST"),
    ("debug list", 0, "no puzzles yet"),
    ("show --readme exercise01", 2, LACKS.format("figures")),
    ("run challenge1", 2, r"^katas: the package pandas is not installed"),
    ("run milestone1", 2, r"^katas: the package mlxtend is not installed"),
    ("notebook exercise01", 2, LACKS.format("notebook")),
    ("serve --no-browser", 2, SERVE),
    ("serve --instructor out --by ada", 2, SERVE),
    ("release --student handout", 0, "written: "),
    ("new softplus", 0, "softplus"),
    ("init ../my-katas", 0, "my-katas"),
    (BATCH, 2, COHORT),
    ("gradebook x", 2, COHORT),
    *((f"{name} x", 2, "Missing (option|argument)") for name in ("collect", "handback", "review")),
    ("feedback x", 2, "x: No such file or directory"),
]


def _environment(home: Path, scripts: Path) -> dict[str, str]:
    """Return the environment of a new user, with an empty home and without settings."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(CONTINUOUS)}
    return kept | {"HOME": str(home), "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "LANG": "C.UTF-8"}


def _expect(words: Sequence[str], status: int, text: str, folder: Path, env: dict[str, str]) -> None:
    """Run a command. Exit with what it printed if the status is another one, or if the text (a pattern) is missing."""
    started = time.monotonic()
    done = subprocess.run(
        words, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S
    )
    said = done.stdout + done.stderr
    if done.returncode != status or not re.search(text, said, re.MULTILINE) or "Traceback (most" in said:
        sys.exit(f"{' '.join(words)}\n{said}\nexit status {done.returncode}; expected {status}, and: {text}")
    print(f"{time.monotonic() - started:6.1f} s  {' '.join(words)}", flush=True)


@contextmanager
def _started(words: Sequence[str], folder: Path, env: dict[str, str]) -> Iterator[Callable[[str], str]]:
    """Start a command that stays, and yield a function that waits for a line with a text (a pattern) and returns it."""
    with subprocess.Popen(
        words,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        seen: list[str] = []

        def line_with(text: str) -> str:
            for line in process.stdout or ():
                seen.append(line)
                if re.search(text, line):
                    return line
            sys.exit(f"{' '.join(words)}\n{''.join(seen)}\nit ended; expected: {text}")

        started = time.monotonic()
        try:
            yield line_with
        finally:
            process.terminate()
    print(f"{time.monotonic() - started:6.1f} s  {' '.join(words)}", flush=True)


@contextmanager
def _clone() -> Iterator[tuple[Path, Path]]:
    """Yield a fresh clone of this repository, and an empty home."""
    with tempfile.TemporaryDirectory() as place:
        clone, home = Path(place, "nn-katas"), Path(place, "home")
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        yield clone, home


def commands() -> None:
    """Run each command once in a clone, with the environment in .venv here."""
    with _clone() as (root, home):
        env = _environment(home, ROOT / ".venv/bin")
        for words, status, text in COMMANDS:
            _expect(["katas", *words.split()], status, text, root, env)
        with _started(["katas", "watch", "exercise01", "--plain"], root, env) as line_with:
            line_with("exercise01")
            (root / "katas/exercise01/affine.py").write_text(SOLVED, encoding="utf-8")
            line_with("passed")


def serve() -> None:
    """Start the page in a clone without an environment, and load it."""
    with _clone() as (clone, home):
        env = _environment(home, Path("/usr/local/bin"))
        with _started(["./run", "serve", "--no-browser", "--port", "0"], clone, env) as line_with:
            address = re.search(r"http://\S+", line_with("http://"))
            opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
            page = opener.open(address[0], timeout=PATIENCE_S).read().decode() if address else ""
            assert "<title>" in page, page


# ------------------------------------------------------------------------------- each extra alone


GRADED = ("katas grade exercise01 --against solutions", "11 of 11 points")
PROMISES: dict[str, list[tuple[str, str]]] = {
    "torch": [GRADED],
    "vision": [("python -c print(__import__('torchvision').__version__)", r"^0\.28\.0")],
    "triton": [("katas grade challenge6 --against solutions", "passed")],
    "data": [("katas data path mnist", "mnist")],
    "figures": [("katas show --readme exercise01", "")],
    "notebook": [("katas notebook exercise01 --output {place}/exercise01.ipynb", "written: ")],
    "cohort": [("katas gradebook people import graders/demo/course/roster.csv --gradebook {place}/book.sqlite", "")],
    "test": [("python -m pytest -q tests/test_wire.py", " passed")],
    "docs": [("python -m mkdocs build --strict --site-dir {place}/site", "Documentation built")],
    "lint": [("ruff check .", "All checks passed"), ("ruff format --check .", "already formatted")],
}


def extras(*names: str) -> None:
    """Install each extra alone in an environment of its own, and do what it is for."""
    for name in names or [*PROMISES, "serve"]:
        with tempfile.TemporaryDirectory() as place:
            subprocess.run([sys.executable, "-m", "venv", f"{place}/venv"], check=True)
            scripts, home = Path(place, "venv/bin"), Path(place, "home")
            home.mkdir()
            env = _environment(home, scripts)
            install = [scripts / "pip", "install", "--quiet", "-c", "constraints.txt", "-e", f".[{name}]"]
            subprocess.run(install, cwd=ROOT, check=True)
            for words, text in PROMISES.get(name, []):
                _expect(words.format(place=place).split(), 0, text, ROOT, env)
            if name == "serve":
                with _started(["katas", "serve", "--no-browser", "--port", "0"], ROOT, env) as line_with:
                    line_with("http://")


if __name__ == "__main__":
    jobs = {"commands": commands, "serve": serve, "extras": partial(extras, *sys.argv[2:])}
    jobs[sys.argv[1]]()

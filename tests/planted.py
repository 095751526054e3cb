"""Plant faults in a copy of the harness, one at a time, and report which default test catches each.

    python -m tests.planted                     every fault in planted.toml
    python -m tests.planted late-rule wire-depth  these two
    python -m tests.planted --every 10          every tenth fault

The tests guard promises; this script guards the tests. Each fault is a one-line change that breaks a promise without
crashing anything. The default tests of its area run with `-x`, and one of them has to fail. The script then runs that
test again without the fault, where it has to pass, so that a test which fails anyway catches nothing.

A fault can make the harness replace files that it should leave alone, such as /dev/null. For root, the tests therefore
run under bubblewrap with a /dev of their own. Without bubblewrap the script refuses to run as root.

Exit status: 0 if every fault was caught, 1 if one was not, 2 if a fault cannot be planted, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import site
import subprocess
import sys
import tempfile
import time
import tomllib
import venv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.workshop import PACKAGES, ROOT

LIST = Path(__file__).with_name("planted.toml")
LIMIT_S = 1800  # for the tests of one area; pytest-timeout ends a single test much sooner
SHOWN_LINES = 15  # of pytest's output when a run has no result
INTERRUPTED = 130

# A copy imports its own packages, and everything else from where the running interpreter finds it. Python ignores
# .pth files in folders that another .pth file names, so the original's editable installation has no effect. Like the
# finder of an editable installation, this one has "editable" in its name, and modules on the path come before it.
FINDER = """\
import sys
from importlib.machinery import PathFinder

class EditableFinder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return PathFinder.find_spec(name, [{root!r}]) if name in {packages!r} else None

sys.meta_path.append(EditableFinder)
"""
# In the sandbox, every device is a mount point, so none can be replaced or removed. Tests can still start bubblewrap.
OWN_DEV = ("bwrap", "--dev-bind", "/", "/", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/dev/shm")
OWN_DEV += ("--die-with-parent", "--")
# Guarded like pip's own scripts, because a process that multiprocessing spawns imports the script again.
LAUNCHER = """\
#!{python}
import sys
from {module} import {function}

if __name__ == "__main__":
    sys.exit({function}())
"""
# Node IDs may contain any character, so they come from pytest's hooks and not from its output.
NOTES = """\
import pathlib

PLACE = pathlib.Path({place!r})

def _note(report):
    if report.failed:
        with PLACE.open("a", encoding="utf-8") as file:
            file.write(report.nodeid.replace("\\n", " ") + "\\n")

pytest_runtest_logreport = pytest_collectreport = _note
"""


class PlantingError(Exception):
    """A fault cannot be planted; the message names it, the file and the remedy."""


@dataclass(frozen=True)
class Fault:
    """One line of the harness changed so that a promise is broken. `tests` are the default tests of its area."""

    name: str
    file: str
    old: str
    new: str
    why: str
    tests: tuple[str, ...]

    def planted(self, root: Path) -> str:
        """Return the file's text with the fault in it. Raises PlantingError unless `old` occurs exactly once."""
        path = root / self.file
        try:
            source = path.read_text(encoding="utf-8")
        except OSError as fault:
            raise PlantingError(f"{self.name}: {self.file}: {fault.strerror}; name the file as it is now") from None
        count = source.count(self.old)
        if count != 1:
            raise PlantingError(
                f"{self.name}: `old` occurs {count} times in {self.file}, expected once; "
                f"correct the fault in {LIST.name}: {self.old.strip()}"
            )
        return source.replace(self.old, self.new)


def faults(path: Path = LIST) -> list[Fault]:
    """Read the list of faults."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return [Fault(**{**each, "tests": tuple(each["tests"])}) for each in table["fault"]]


def chosen(every: Sequence[Fault], names: Sequence[str], step: int) -> list[Fault]:
    """Return the faults of these names, or each `step`-th of all. Raises PlantingError for an unknown name."""
    unknown = sorted(set(names) - {fault.name for fault in every})
    if unknown:
        raise PlantingError(f"{', '.join(unknown)}: unknown fault; see the names in {LIST.name}")
    return [fault for fault in every if not names or fault.name in names][::step]


def protection() -> tuple[str, ...]:
    """Return the command prefix that gives a test run its own /dev, or nothing if this user cannot damage /dev.

    Raises PlantingError for root without a working bubblewrap.
    """
    if os.geteuid() != 0:
        return ()
    if shutil.which(OWN_DEV[0]) is None:
        said = "bubblewrap is not installed"
    else:
        done = subprocess.run([*OWN_DEV, *OWN_DEV, "true"], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return OWN_DEV
        said = f"bubblewrap does not work here ({done.stderr.strip()})"
    raise PlantingError(
        f"{said}, so a fault planted by root could replace files in /dev. "
        "Install it (apt install bubblewrap), or run this as another user."
    )


# ---------------------------------------------------------------------------------------------- a copy


@dataclass(frozen=True)
class Ended:
    """How a run of pytest ended: its exit status (None if it ran too long), and the node IDs that failed."""

    status: int | None
    failed: tuple[str, ...]
    said: str


@dataclass(frozen=True)
class Copy:
    """A copy of the project with its own virtual environment, in which `graders` is the copy's."""

    folder: Path
    before: tuple[str, ...] = ()  # the command prefix of a test run, see `protection`

    @property
    def root(self) -> Path:
        return self.folder / "project"

    @property
    def python(self) -> Path:
        return self.folder / "venv" / "bin" / "python"

    @classmethod
    def make(cls, folder: Path, before: tuple[str, ...]) -> Copy:
        """Copy the working tree: files that git tracks, and untracked files that it does not ignore."""
        copy = cls(folder, before)
        words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(words, cwd=ROOT, capture_output=True, check=True).stdout
        for name in filter(None, os.fsdecode(listed).split("\0")):
            if (ROOT / name).is_file():  # git lists a removed file until its removal is committed
                (copy.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy.root / name, follow_symlinks=False)
        who = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "--no-verify", "-m", "copy"]):
            subprocess.run(["git", *who, *words], cwd=copy.root, check=True)
        copy._make_environment()
        return copy

    def _make_environment(self) -> None:
        venv.EnvBuilder(symlinks=True).create(self.folder / "venv")
        (packages,) = (self.folder / "venv" / "lib").glob("python*/site-packages")
        (packages / "planted_finder.py").write_text(
            FINDER.format(root=str(self.root), packages=PACKAGES), encoding="utf-8"
        )
        (packages / "planted_notes.py").write_text(NOTES.format(place=str(self.notes)), encoding="utf-8")
        folders = [*site.getsitepackages(), *(folder for folder in sys.path if Path(folder).name == "site-packages")]
        lines = [*filter(os.path.isdir, dict.fromkeys(folders)), "import planted_finder"]
        (packages / "planted.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
        for name, module, function in (("katas", "graders.cli", "main"), ("pytest", "pytest", "console_main")):
            script = self.python.with_name(name)
            script.write_text(LAUNCHER.format(python=self.python, module=module, function=function), encoding="utf-8")
            script.chmod(0o755)
        found = self._told("import graders; print(graders.__file__)")
        if Path(found) != self.root / "graders" / "__init__.py":
            raise PlantingError(f"the copy imports the harness from {found}, not from {self.root}")

    @property
    def notes(self) -> Path:
        """Return the file in which pytest records the IDs of failed tests."""
        return self.folder / "failed.txt"

    def _told(self, program: str) -> str:
        done = subprocess.run(
            [str(self.python), "-P", "-c", program],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def _environment(self) -> dict[str, str]:
        """Return the caller's environment without Python's and pytest's variables, with the copy's tools on PATH."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PYTEST", "COV_"))}
        tools = [str(self.python.parent), str(Path(sys.executable).parent), kept.get("PATH", os.defpath)]
        return kept | {"VIRTUAL_ENV": str(self.folder / "venv"), "PATH": os.pathsep.join(tools)}

    @contextlib.contextmanager
    def planted(self, fault: Fault) -> Iterator[None]:
        """Plant a fault while the block lasts."""
        path = self.root / fault.file
        before, text = path.read_text(encoding="utf-8"), fault.planted(self.root)
        try:
            self._write(path, text)
            yield
        finally:
            self._write(path, before)

    def _write(self, path: Path, text: str) -> None:
        """Write a source file and remove its compiled code, which Python would use if time and size agree."""
        path.write_text(text, encoding="utf-8")
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            compiled.unlink()

    def pytest(self, *words: str) -> Ended:
        """Run pytest on default tests until the first one fails, as one process group that can be killed."""
        self.notes.unlink(missing_ok=True)
        options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "planted_notes"]
        place = self.folder / "said.txt"  # a pipe would stay open while a process of a test is left
        with place.open("wb") as file:
            process = subprocess.Popen(
                [*self.before, str(self.python), "-m", "pytest", *options, *words],
                cwd=self.root,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        status: int | None = None
        try:
            status = process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            pass
        finally:
            if status is None:  # Judges in other process groups end when pytest is gone.
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        said = place.read_text(encoding="utf-8", errors="replace")
        failed = self.notes.read_text(encoding="utf-8").splitlines() if self.notes.exists() else []
        return Ended(status, tuple(failed), said)


# ------------------------------------------------------------------------------------------- the faults


def look(copy: Copy, fault: Fault, sound: dict[str, bool]) -> tuple[bool, str]:
    """Plant a fault and run its area's tests. Return whether one caught it, and which one, or why none did.

    `sound` caches which tests pass without any fault.
    """
    with copy.planted(fault):
        ended = copy.pytest(*fault.tests)
    if ended.status == 0:
        return False, f"{', '.join(fault.tests)} passed"
    if not ended.failed or ended.status is None:
        tail = "\n    ".join(ended.said.splitlines()[-SHOWN_LINES:])
        how = f"ran longer than {LIMIT_S} s" if ended.status is None else f"ended with {ended.status}"
        return False, f"pytest {how} and no test failed\n    {tail}\n   "
    test = ended.failed[0]
    if test not in sound:
        whole_file = [] if "::" in test else ["--collect-only"]
        sound[test] = copy.pytest(*whole_file, test).status == 0
    return (True, test) if sound[test] else (False, f"{test} also fails without the fault")


def run(wanted: Sequence[Fault]) -> int:
    """Plant these faults, print a line for each of them, and return the exit status."""
    before = protection()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # otherwise pytest would outlive this process
    missed: list[Fault] = []
    sound: dict[str, bool] = {}
    with tempfile.TemporaryDirectory(prefix="planted-", ignore_cleanup_errors=True) as place:
        os.chmod(place, 0o755)  # workers that run as `nobody` must be able to read the harness
        copy = Copy.make(Path(place).resolve(), before)
        for number, fault in enumerate(wanted, start=1):
            started = time.monotonic()
            caught, said = look(copy, fault, sound)
            how = f"caught by {said}" if caught else f"NOT CAUGHT: {said}"
            print(f"[{number}/{len(wanted)}] {fault.name}: {how} ({time.monotonic() - started:.0f} s)", flush=True)
            if not caught:
                missed.append(fault)
    print(f"{len(wanted)} planted, {len(wanted) - len(missed)} caught")
    for fault in missed:
        print(f"not caught: {fault.name} ({fault.file}): {fault.why}")
    return 1 if missed else 0


def main(words: Sequence[str] | None = None) -> int:
    """Read the command line, run, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.planted", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="names of faults in planted.toml; default: all")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="plant only each Nth fault")
    given = parser.parse_args(words)
    if given.every < 1:
        parser.error("--every takes a positive number")
    try:
        wanted = chosen(faults(), given.names, given.every)
        for fault in wanted:
            fault.planted(ROOT)
        return run(wanted)
    except PlantingError as fault:
        print(f"planted: {fault}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; the results above are valid")
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())

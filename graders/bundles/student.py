"""Write the bundle for students, after checking that it contains no secrets."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from graders import catalogue, environment, intake
from graders.bundles import contents
from graders.catalogue import Kata, grouped, is_glob
from graders.catalogue.paths import GITIGNORE
from graders.errors import KataError
from graders.judge.client import Judge

RUN = 4  # a copy of this many consecutive lines of a secret is a leak
SHORTEST = 12  # in characters; shorter lines reveal nothing
_REVEALS_NOTHING = re.compile(r"#|from |import |.*(\bspec\b|importlib)")  # comments and imports

# In a handout without practice networks, this text replaces the modules that create them. `katas debug` imports it.
NO_PRACTICE = """\
from graders.errors import KataError

raise KataError(
    "this handout has no practice networks, because their explanations would give away "
    "answers that a person grades in {slugs}"
)
"""

README = """\
# Katas

{tables}
{earlier}
## Start

You need Python 3.11 to 3.14 on Linux, on macOS, or on Windows in WSL 2 (run `wsl --install` in PowerShell, and all else
in Ubuntu). A newer Python works if pip finds the packages for it.

    python3 -m venv .venv
    . .venv/bin/activate
    pip install -c constraints.txt -e ".[{sets}]"
    katas serve                 # text, editor and visible tests in your browser
    {pytest:<27} # or run the visible tests in a terminal
    {watch:<27} # or run them every time you save

Each kata's README.md says what to write and in which file.

## Submit

Hand in the files in the last column of the table where your course collects them, with these names. Nothing else is
taken from you, so changes to other files don't count. Your course grades these files with hidden tests, too.{too}
"""
EARLIER = """
These earlier katas are here too:

{rows}
"""
TOO = "\nHand in the files of the earlier katas that a milestone uses, too."
_TORCH = re.compile(r"^\s*(?:import|from) torch\b", re.MULTILINE)


def release(root: Path, katas: Sequence[Kata], folder: Path, *, with_explanations: bool = False) -> list[str]:
    """Write the bundle and return the names of the files in it, perhaps with the texts for people who have passed.

    Raises KataError if a stub contains an answer, or if a secret would leak.
    """
    contents.check_place(folder)
    unknown = [kata for kata in katas if not _is_as_committed(kata)]
    if unknown:
        _check_points(root, unknown)
    files = contents.student_files(root, katas)
    found = leaks(root, files)
    if found:
        raise KataError(f"{found[0]}; nothing was written")
    if with_explanations:
        files |= contents.explanations(katas)
    written = texts(root, katas)
    contents.lay_out(files, written, folder)
    return sorted([*files, *written])


def texts(root: Path, katas: Sequence[Kata]) -> dict[str, str]:
    """Return a mapping from file names to the texts that are generated for a handout."""
    found = {"README.md": _readme(root, katas), ".gitignore": GITIGNORE}
    answered = contents.explained(contents.with_required(root, katas))
    if answered:
        said = NO_PRACTICE.format(slugs=" and ".join(answered))
        found[f"{contents.PRACTICE}/__init__.py"] = said
    return found


def warnings(root: Path, katas: Sequence[Kata]) -> list[str]:
    """Say if the practice networks in a handout give away answers to a kata that it leaves out."""
    inside = contents.with_required(root, katas)
    outside = [kata for kata in catalogue.load_all(root) if kata.slug not in {each.slug for each in inside}]
    answered = [] if contents.explained(inside) else contents.explained(outside)
    if not answered:
        return []
    slugs = " and ".join(answered)
    return [f"WARNING: `katas debug` in it gives away answers to {slugs}. Hand it out after {slugs} has been graded."]


def leaks(root: Path, files: Mapping[str, Path]) -> list[str]:
    """Return a sentence for every file that leaks content from the hidden suites or the solutions.

    The search finds copies of whole files, and runs of consecutive lines from a solution, a hidden test or a variant,
    unless the same lines also occur in a file that learners see anyway.
    """
    template = Path(__file__).parents[1] / "authoring" / "static" / "new_kata.toml"  # every suite starts from it
    visible = root / "katas"
    public = {run for path in _texts(*visible.rglob("*"), template) for run in _runs(path)}
    secret: dict[tuple[str, ...], Path] = {}
    contents_of: dict[bytes, Path] = {}
    for place in (root / "solutions", root / "graders" / "hidden"):
        for path in _texts(*place.rglob("*")):
            secret |= dict.fromkeys(set(_runs(path)) - public, path)
            if path.stat().st_size > 200:
                contents_of[path.read_bytes()] = path
    found = []
    for name, path in files.items():
        shown = next((secret[run] for run in _runs(path) if run in secret), None) if _is_text(path) else None
        shown = shown or contents_of.get(path.read_bytes())
        if shown is not None and not (path.is_relative_to(visible) and shown == path):
            found.append(f"{name}: it contains text from {shown.relative_to(root)}")
    return found


def _texts(*paths: Path) -> Iterable[Path]:
    return [path for path in paths if _is_text(path) and "__pycache__" not in path.parts]


def _is_text(path: Path) -> bool:
    return path.suffix in {".py", ".toml", ".md", ".txt", ".json", ".csv"} and path.is_file()


def _runs(path: Path) -> list[tuple[str, ...]]:
    """Return all sequences of RUN consecutive lines in a file, after removing the lines that reveal nothing."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    revealing = [line for line in lines if len(line) >= SHORTEST and not _REVEALS_NOTHING.match(line)]
    return [tuple(revealing[at : at + RUN]) for at in range(len(revealing) - RUN + 1)]


def _is_as_committed(kata: Kata) -> bool:
    """Return whether git confirms that the stubs are unchanged. Raises KataError for an edited or a solved one."""
    solved = intake.shipped(kata, kata.solution)
    for name, data in intake.shipped(kata, kata.folder).items():
        if name.endswith(".py") and not is_glob(name) and solved.get(name) == data:
            _refuse(kata, name, "it is the solution")
    command = ["git", "status", "--porcelain", "-z", "--", *kata.files]
    try:
        own = environment.of_git(os.environ)
        changed = subprocess.run(command, cwd=kata.folder, env=own, capture_output=True, check=False)
    except FileNotFoundError:
        return False
    if changed.returncode == 0 and changed.stdout:
        name = changed.stdout.split(b"\0")[0][3:].decode(errors="replace").rpartition("/")[2]
        _refuse(kata, name, "it has uncommitted changes")
    return changed.returncode == 0


def _check_points(root: Path, katas: Sequence[Kata]) -> None:
    with Judge(root, resident=False) as judge:
        for kata in katas:
            verdict = judge.grade_files(kata.slug, intake.in_katas(kata), reducing=False)
            passed = [task.name for task in verdict.tasks if task.score]
            if verdict.status == "passed" or passed:
                _refuse(kata, ", ".join(kata.files), f"this stub gets points for {', '.join(passed)}")


def _refuse(kata: Kata, name: str, fault: str) -> None:
    remedy = f"If it is the stub, commit it; otherwise restore the stub: katas reset {kata.slug}"
    raise KataError(f"katas/{kata.slug}/{name}: {fault}. {remedy}")


def _readme(root: Path, katas: Sequence[Kata]) -> str:
    groups = grouped(katas)
    first = groups[0][1][0]
    chosen = {kata.slug for kata in katas}
    required = contents.with_required(root, katas)
    earlier = [f"- {_link(each)}: {_why(each, required)}" for each in required if each.slug not in chosen]
    return README.format(
        tables="\n\n".join(_table(heading * (len(groups) > 1), members) for heading, members in groups),
        earlier=EARLIER.format(rows="\n".join(earlier)) if earlier else "",
        sets=",".join(["serve", *extras(katas)]),
        pytest=f"pytest katas/{first.slug}",
        watch=f"katas watch {first.slug}",
        too=TOO if any(kata.builds_on for kata in katas) else "",
    )


def _table(heading: str, katas: Iterable[Kata]) -> str:
    rows = [f"| {_link(kata)} | {kata.minutes} minutes | {_names(kata)} |" for kata in katas]
    title = [f"**{heading}**", ""] if heading else []
    return "\n".join([*title, "| kata | time | your files |", "|---|---|---|", *rows])


def _link(kata: Kata) -> str:
    return f"[{kata.title}](katas/{kata.slug}/README.md)"


def _names(kata: Kata) -> str:
    return ", ".join(f"`{name}`" for name in kata.files)


def _why(earlier: Kata, katas: Iterable[Kata]) -> str:
    """Return why an earlier kata is in a handout: because another one imports its files, or comes after it."""
    uses = [kata.slug for kata in katas if earlier.slug in kata.builds_on]
    after = [kata.slug for kata in katas if earlier.slug in kata.requires]
    if uses:
        return f"{', '.join(uses)} {'uses' if len(uses) == 1 else 'use'} your {_names(earlier)}"
    return f"it comes before {', '.join(after)}"


def extras(katas: Sequence[Kata]) -> list[str]:
    """Return the sets of optional packages (in pyproject.toml) that these katas and their visible tests need."""
    found = set()
    for kata in (each for chosen in katas for each in (chosen, *chosen.earlier)):
        sources = [path.read_text(encoding="utf-8") for path in sorted(kata.folder.glob("*.py"))]
        if set(kata.runtimes) & {"torch", "gpu"} or any(map(_TORCH.search, sources)):
            found.add("torch")
        if kata.data or {"pandas", "sklearn", "mlxtend"} & set(kata.packages):
            found.add("data")
        if "matplotlib" in kata.packages:
            found.add("figures")
        if "triton" in kata.packages:
            found.add("triton")
    return sorted(found, key=["torch", "triton", "data", "figures"].index)

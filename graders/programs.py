"""The programs of katas: `katas run` runs one, and `katas show` plots what it recorded or drew."""

from __future__ import annotations

import ast
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from graders import datasets
from graders.catalogue import Kata
from graders.errors import KataError
from graders.extras import missing
from graders.output.plotting import LOOK
from graders.sandbox.runtimes import package_paths

# This script runs a program as `python program.py` does, and saves the curves of its History. It runs in a separate
# process, so that the program cannot disturb this one.
RUNNER = """
import json, math, os, runpy, sys
program, report = sys.argv[1:3]
sys.argv[1:] = []
sys.path.insert(0, os.path.dirname(program))
left = runpy.run_path(program, run_name="__main__")
found = [value for value in left.values() if isinstance(getattr(value, "loss", None), list)]
if not found:
    sys.exit()
lists = {key: map(float, value) for key, value in vars(found[-1]).items() if isinstance(value, list)}
curves = {key: [each if math.isfinite(each) else None for each in value] for key, value in lists.items()}
with open(report, "w", encoding="utf-8") as file:
    json.dump(curves, file)
"""
Curves = dict[str, list[float | None]]  # None represents a value that is NaN or infinite
FORMATS = (".png", ".svg", ".pdf")


def program_of(kata: Kata, name: str | None, folder: Path) -> Path:
    """Return the path in `folder` of the kata's only program, or of the one whose name starts with `name`.

    Raises KataError unless there is exactly one, and its file exists.
    """
    programs = [file for file in kata.files if file.endswith(".py")]
    if name is None and len(programs) != 1:
        raise KataError(
            f"{kata.slug}: the kata has {len(programs)} programs. Choose one with --program: {', '.join(programs)}."
        )
    wanted = name or programs[0]
    found = [file for file in programs if file == wanted] or [file for file in programs if file.startswith(wanted)]
    if len(found) != 1:
        raise KataError(f"{kata.slug}: {name!r} does not name exactly one program. Give one of {', '.join(programs)}.")
    path = folder / found[0]
    if not path.is_file():
        raise KataError(f"{path}: the file does not exist. Write it, or restore it with `katas reset {kata.slug}`.")
    return path


def environment(kata: Kata, path: Path) -> dict[str, str]:
    """Return the environment of a program, which finds supplied modules and, next to its folder, earlier katas.

    NumPy uses one thread unless the learner has chosen otherwise: more threads only slow down such small matrices.
    """
    folders = [str((kata.folder / name).parent) for name in kata.supplied]
    folders += [str(path.parent.parent / other.slug) for other in kata.earlier]
    folders += [str(other.folder) for other in kata.earlier if other.supplied]
    given = [os.environ["PYTHONPATH"]] if os.environ.get("PYTHONPATH") else []
    return (
        {"OPENBLAS_NUM_THREADS": "1"} | os.environ | {"PYTHONPATH": os.pathsep.join([*dict.fromkeys(folders), *given])}
    )


def run(kata: Kata, path: Path, arguments: Sequence[str] = ()) -> tuple[int, list[str]]:
    """Run `python program.py …` in its folder, unconfined, with the kata's supplied modules.

    Return the exit status and, if the program failed, sentences on what the learner has yet to write. Raises KataError
    if a package or a data set that the kata needs is missing.
    """
    package_paths(kata.runtime, kata.packages)
    for name in kata.data:
        datasets.folder(name)
    env = environment(kata, path)
    with subprocess.Popen([sys.executable, path.name, *arguments], cwd=path.parent, env=env) as program:
        while True:
            try:
                status = program.wait()
                break
            except KeyboardInterrupt:  # the program receives Ctrl-C too, and ends by itself
                continue
    return 128 - status if status < 0 else status, [*_unwritten(kata, path)] if status else []


def _unwritten(kata: Kata, path: Path) -> Iterator[str]:
    """Yield a sentence for each earlier kata, and for the program, that isn't written yet."""
    for other in kata.earlier:
        files = {name: path.parent.parent / other.slug / name for name in other.named_files}
        if missing := [name for name, file in files.items() if not file.is_file()]:
            yield f"Do {other.slug} first: {missing[0]} is missing."
        for name, stubs in ((name, stubs_in(file)) for name, file in files.items()):
            if stubs:
                yield f"Do {other.slug} first: {name} is not written yet: {', '.join(stubs)}."
    if stubs := stubs_in(path):
        yield f"{path.name} is not written yet: {', '.join(stubs)}. `katas watch {kata.slug}` shows where to start."


def stubs_in(path: Path) -> list[str]:
    """Return the names of the functions of a file that raise NotImplementedError."""
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except (OSError, SyntaxError, ValueError):
        return []
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return [node.name for node in functions if ast.unparse(node.body[-1]) == "raise NotImplementedError"]


def picture_of(kata: Kata, path: Path, suffix: str) -> bytes:
    """Run the program and return a picture: of its History, or else the last picture that it saves itself.

    The program's working folder is a temporary one, so its files do not mix with the learner's. Raises KataError if
    the program fails or draws nothing.
    """
    with tempfile.TemporaryDirectory() as place:
        report, room = Path(place, "curves.json"), Path(place, "room")
        room.mkdir()
        env = environment(kata, path) | {"MPLBACKEND": "agg"}
        done = subprocess.run([sys.executable, "-c", RUNNER, str(path), str(report)], cwd=room, env=env, check=False)
        if done.returncode:
            raise KataError(
                f"{path}: the program exited with status {done.returncode} and drew nothing. Its output is above."
            )
        if report.is_file():
            curves = msgspec.json.decode(report.read_bytes(), type=Curves)
            return drawn(curves, f"{kata.slug}, {path.name}", suffix)
        pictures = [each for each in room.rglob(f"*{suffix}") if each.is_file()]
        if not pictures:
            raise KataError(
                f"{path}: the program left no History and saved no {suffix} file. To plot its curves, assign what "
                "train() returns to a variable at the top level of the program."
            )
        return max(pictures, key=lambda each: each.stat().st_mtime_ns).read_bytes()


def check_format(picture: Path) -> None:
    """Raise KataError unless the file name has the suffix of a supported image format."""
    if picture.suffix not in FORMATS:
        raise KataError(f"{picture}: unknown picture format. End the file name with {', '.join(FORMATS)}.")


def drawn(curves: Curves, title: str, suffix: str) -> bytes:
    """Return a picture of the curves in the format `suffix`: the loss on the left, the accuracies on the right."""
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        raise KataError(missing("matplotlib")) from None
    accuracies = {name.replace("_", " "): values for name, values in curves.items() if name != "loss" and values}
    with matplotlib.rc_context(LOOK):
        figure = Figure()
        figure.suptitle(title, fontsize=10, x=0.01, ha="left")
        left, *right = figure.subplots(1, 2 if accuracies else 1, squeeze=False)[0]
        _loss(left, curves["loss"])
        for axes in right:
            for name, values in accuracies.items():
                axes.plot(range(1, len(values) + 1), values, label=name)
            axes.set(xlabel="epoch", ylim=(0, 1.02), title="accuracy")
            axes.legend(loc="lower right")
        image = io.BytesIO()
        metadata = {"Date": None} if suffix == ".svg" else None
        figure.savefig(image, format=suffix.removeprefix("."), dpi=150, metadata=metadata)
    return image.getvalue()


def _loss(axes: Any, losses: list[float | None]) -> None:
    finite = {step: loss for step, loss in enumerate(losses, start=1) if loss is not None}
    lost = [step for step in range(1, len(losses) + 1) if step not in finite]
    axes.plot(list(finite), list(finite.values()), marker="." if len(finite) < 30 else "")
    axes.set(xlabel="epoch", title="loss", xlim=(0.5, len(losses) + 0.5))
    if min(finite.values(), default=0.0) > 0 and max(finite.values()) / min(finite.values()) > 30:
        axes.set_yscale("log")
    if lost:
        said = f"not finite from epoch {lost[0]} on"
        axes.axvspan(lost[0] - 0.5, lost[-1] + 0.5, color="tab:red", alpha=0.15, lw=0)
        axes.text(0.98, 0.95, said, transform=axes.transAxes, ha="right", color="tab:red")

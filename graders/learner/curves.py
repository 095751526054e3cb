"""`katas show`: plot the curves that a training program records in its History."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from graders.catalogue import Kata
from graders.errors import KataError
from graders.output.plotting import LOOK, NEEDED

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
    sys.exit("the program left no History. Assign what train() returns to a variable at the top level of the program.")
lists = {key: map(float, value) for key, value in vars(found[-1]).items() if isinstance(value, list)}
curves = {key: [each if math.isfinite(each) else None for each in value] for key, value in lists.items()}
with open(report, "w", encoding="utf-8") as file:
    json.dump(curves, file)
"""
Curves = dict[str, list[float | None]]  # None represents a value that is NaN or infinite


def program_of(kata: Kata, name: str, folder: Path) -> Path:
    """Return the path of the kata's program whose file name is `name` or starts with it.

    Raises KataError unless exactly one program matches, and its file is in `folder`.
    """
    programs = [file for file in kata.files if file.endswith(".py")]
    found = [file for file in programs if file == name] or [file for file in programs if file.startswith(name)]
    if len(found) != 1:
        raise KataError(f"{kata.slug}: {name!r} does not name exactly one program. Give one of {', '.join(programs)}.")
    path = folder / found[0]
    if not path.is_file():
        raise KataError(f"{path}: the file does not exist. Write it, or restore it with `katas reset {kata.slug}`.")
    return path


def curves_of(path: Path, supplied: Sequence[Path]) -> Curves:
    """Run the program and return the curves of its History by name. Raises KataError if the program fails."""
    with tempfile.TemporaryDirectory() as place:
        report = Path(place, "curves.json")
        folders = dict.fromkeys(str(file.parent) for file in supplied)
        env = os.environ | {"PYTHONPATH": os.pathsep.join([*folders, os.environ.get("PYTHONPATH", "")])}
        done = subprocess.run([sys.executable, "-c", RUNNER, str(path), str(report)], env=env, check=False)
        if done.returncode or not report.is_file():
            raise KataError(
                f"{path}: the program exited with status {done.returncode} and recorded no curves. Its output is above."
            )
        return msgspec.json.decode(report.read_bytes(), type=Curves)


FORMATS = (".png", ".svg", ".pdf")


def check_format(picture: Path) -> None:
    """Raise KataError unless the file name has the suffix of a supported image format."""
    if picture.suffix not in FORMATS:
        raise KataError(f"{picture}: unknown picture format. End the file name with {', '.join(FORMATS)}.")


def drawn(curves: Curves, title: str, suffix: str) -> bytes:
    """Return a picture of the curves, with the loss on the left and the accuracies on the right.

    `suffix`, one of FORMATS, sets the image format.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        raise KataError(NEEDED) from None
    form = suffix.removeprefix(".")
    with matplotlib.rc_context(LOOK):
        figure = Figure()
        figure.suptitle(title, fontsize=10, x=0.01, ha="left")
        accuracies = {name: values for name, values in curves.items() if name != "loss" and values}
        axes = figure.subplots(1, 2 if accuracies else 1, squeeze=False)[0]
        _loss(axes[0], curves["loss"])
        for name, values in accuracies.items():
            axes[-1].plot(range(1, len(values) + 1), values, label=name.replace("_", " "))
        if accuracies:
            axes[1].set(xlabel="epoch", ylim=(0, 1.02), title="accuracy")
            axes[1].legend(loc="lower right")
        image = io.BytesIO()
        figure.savefig(image, format=form, dpi=150, metadata={"Date": None} if form == "svg" else None)
    return image.getvalue()


def _loss(axes: Any, losses: list[float | None]) -> None:
    finite = [(step, loss) for step, loss in enumerate(losses, start=1) if loss is not None]
    axes.plot([step for step, _ in finite], [loss for _, loss in finite], marker="." if len(finite) < 30 else "")
    axes.set(xlabel="epoch", title="loss")
    least, most = min((loss for _, loss in finite), default=0.0), max((loss for _, loss in finite), default=0.0)
    if least > 0 and most / least > 30:
        axes.set_yscale("log")
    lost = [step for step in range(1, len(losses) + 1) if step not in dict(finite)]
    if lost:
        axes.axvspan(lost[0] - 0.5, lost[-1] + 0.5, color="tab:red", alpha=0.15, lw=0)
        axes.text(
            0.98, 0.95, f"not finite from epoch {lost[0]} on", transform=axes.transAxes, ha="right", color="tab:red"
        )
    axes.set_xlim(0.5, len(losses) + 0.5)

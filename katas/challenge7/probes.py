"""Functions that the tests run in the same process as your code. They return what they observe; the tests judge it."""

import copy
import tempfile
from pathlib import Path

HIDDEN = ("None", "none", "", " ", None)  # the styles of lines and markers that are not drawn


def picture(submission, points):
    """The PNG that plot_front writes, and the points, lines and labels of its figures.

    Shown as:
        plot_front(points, "front.png")
        print("Look at front.png.")
    """
    from matplotlib.figure import Figure

    seen, saving = [], Figure.savefig

    def look(figure, *arguments, **options):
        seen.extend(map(drawn, figure.axes))
        return saving(figure, *arguments, **options)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "front.png"
        Figure.savefig = look
        try:
            submission.plot_front([tuple(point) for point in points], str(path))
        finally:
            Figure.savefig = saving
        return {"picture": path.read_bytes() if path.is_file() else b"", "axes": seen}


def drawn(axes):
    """The markers, the lines and the labels of some axes, in the units of these axes."""
    import numpy as np

    lines = [line for line in axes.get_lines() if line.get_visible()]
    paths = [np.array(line.get_xydata(), float).reshape(-1, 2) for line in lines]
    scattered = [np.array(each.get_offsets(), float).reshape(-1, 2) for each in axes.collections]
    marked = [path for line, path in zip(lines, paths, strict=True) if line.get_marker() not in HIDDEN]
    joined = [path for line, path in zip(lines, paths, strict=True) if line.get_linestyle() not in HIDDEN]
    figure = axes.figure
    labels = [axes.get_xlabel() or figure.get_supxlabel(), axes.get_ylabel() or figure.get_supylabel()]
    return {"markers": [*scattered, *marked], "lines": joined, "labels": labels}


def arguments_after(submission, name, arguments):
    """The arguments, as they are after a call of one of your functions."""
    getattr(submission, name)(*arguments)
    return copy.deepcopy(list(arguments))

"""Jupyter kernels for the tests, and what their cells show."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.late import Late
from tests.observed import command_line, descendants

nbformat = Late("nbformat")

PATIENCE_S = 240  # for one cell, on a busy machine
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def client_of(page: Any, folder: Path, *, allow_errors: bool = False) -> Any:
    """Return a client that runs a notebook's cells in a kernel of this Python."""
    from nbclient import NotebookClient
    from traitlets.config import Config

    sockets = tempfile.mkdtemp(dir=os.environ["JUPYTER_RUNTIME_DIR"])
    return NotebookClient(
        page,
        config=Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/socket"}}),
        timeout=PATIENCE_S,
        startup_timeout=PATIENCE_S,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        allow_errors=allow_errors,
    )


def written_to(outputs: Sequence[Any], stream: str) -> str:
    """Return all that was written to stdout or stderr. A kernel may send one line in several outputs."""
    return "".join(output.text for output in outputs if output.output_type == "stream" and output.name == stream)


def shown(cell: Any) -> str:
    """Return what a cell shows, without colours: its stdout, its stderr, then its traceback."""
    lines = [line for output in cell.outputs for line in output.get("traceback", [])]
    texts = [written_to(cell.outputs, "stdout"), written_to(cell.outputs, "stderr"), "\n".join(lines)]
    return COLOUR.sub("", "".join(texts))


class Session:
    """A kernel in a folder, which runs cells and returns their output."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def run(self, source: str) -> str:
        """Run a cell, and return all that it shows."""
        return shown(self._run(nbformat.v4.new_code_cell(source)))

    def run_all(self, path: Path, **replaced: str) -> dict[str, str]:
        """Run a notebook in its folder, some cells with another source; return what each cell of code shows.

        An error in a cell that is not tagged raises-exception is an error here.
        """
        self.run(f"%cd -q {path.parent}")
        found = {}
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                cell.source = replaced.get(cell.id.replace("-", "_"), cell.source)
                self.client.allow_errors = False
                try:
                    found[cell.id] = shown(self._run(cell))
                finally:
                    self.client.allow_errors = True
        return found

    def _run(self, cell: Any) -> Any:
        self.client.nb.cells.append(cell)
        return self.client.execute_cell(cell, len(self.client.nb.cells) - 1)

    @property
    def pid(self) -> int:
        return int(self.client.km.provisioner.pid)

    def judges(self) -> set[tuple[int, str]]:
        """Return the processes of judges that the kernel itself has started."""
        mine = {each for each in descendants(self.pid) if each.parent == self.pid}
        return {
            (each.pid, each.start) for each in mine if "graders.judge.fork_server" in " ".join(command_line(each.pid))
        }


@contextmanager
def kernel(folder: Path) -> Iterator[Session]:
    """Start a kernel in a folder, and shut it down at the end."""
    client = client_of(nbformat.v4.new_notebook(), folder, allow_errors=True)
    with client.setup_kernel():
        yield Session(client)

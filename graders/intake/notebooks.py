"""Find a kata's files in the cells of a Jupyter notebook, such as `katas notebook` writes.

The notebook is not trusted. Only its cells' types and sources are read, and nothing in it runs.
"""

from __future__ import annotations

import re

import msgspec

SUFFIX = ".ipynb"
FIRST_LINE = re.compile(r"\s*#\s*file:\s*(\S+)[^\S\n]*(?:\n|$)")


class _Cell(msgspec.Struct):
    cell_type: str = ""
    source: str | list[str] = ""


class _Notebook(msgspec.Struct):
    cells: list[_Cell] = []


_decode = msgspec.json.Decoder(_Notebook).decode


def files(data: bytes) -> list[tuple[int, str, bytes]]:
    """Return the number, the file name and the text of each cell whose first line names a file.

    The text lacks that line, so that an unchanged cell is equal to the stub. Other data than a notebook have no cells.
    """
    try:
        cells = _decode(data).cells
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return []
    found = []
    for number, cell in enumerate(cells, start=1):
        source = cell.source if isinstance(cell.source, str) else "".join(cell.source)
        first = FIRST_LINE.match(source) if cell.cell_type == "code" else None
        if first:
            found.append((number, first[1], (source[first.end() :].rstrip("\n") + "\n").encode(errors="replace")))
    return found

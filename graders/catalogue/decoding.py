"""Decode TOML files into records, with error messages for the author of the file."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar, get_args, get_origin

import msgspec

from graders.errors import CatalogueError
from graders.verdict import Record


def refuse(file: Path | str, fault: str, remedy: str) -> NoReturn:
    raise CatalogueError(f"{file}: {fault}. {remedy}".rstrip())


def did_you_mean(word: str, known: Iterable[str], most: int = 1) -> str:
    """Return a question such as "Did you mean `a` or `b`? ", or "" if no known word is similar."""
    near = difflib.get_close_matches(word, list(known), n=most)
    return f"Did you mean {' or '.join(f'`{name}`' for name in near)}? " if near else ""


def read_table(path: Path, file: str) -> dict[str, Any]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        refuse(file, "the file is not UTF-8", "Save it as UTF-8.")
    except OSError as fault:
        refuse(file, f"the file cannot be read ({fault.strerror})", "Make the file readable.")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        found = re.search(r"at line (\d+)", str(fault))
        line = int(found[1]) if found else text.count("\n") + 1
        remedy = "Correct that line; a key or a table may occur only once."
        refuse(f"{file}, line {line}", f"invalid TOML: {fault}", remedy)


_R = TypeVar("_R", bound=Record)


def record(raw: Any, kind: type[_R], file: str, table: str = "", extra: Sequence[str] = ()) -> _R:
    """Decode a table of a TOML file, which may have `extra` keys too, into a record. Raises CatalogueError."""
    place = f" in [{table}]" if table else ""
    if not isinstance(raw, dict):
        refuse(file, f"[{table}] must be a table", f"Write [{table}] and the keys below it.")
    fields = msgspec.structs.fields(kind)
    known = [field.name for field in fields] + list(extra)
    for key in [key for key in raw if key not in known]:
        refuse(file, f"unknown key `{key}`{place}", did_you_mean(key, known) or f"Known keys: {', '.join(known)}.")
    for field in fields:
        if field.required and field.name not in raw:
            refuse(file, f"the key `{field.name}` is missing{place}", f"Add `{field.name} = …`.")
        choices = get_args(field.type) if get_origin(field.type) is Literal else ()
        if choices and isinstance(value := raw.get(field.name), str) and value not in choices:
            remedy = f"{did_you_mean(value, choices)}One of: {', '.join(choices)}."
            refuse(file, f"{field.name} = {value!r} is not a valid {field.name}", remedy)
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as fault:
        refuse(file, f"{fault}{place}", "Correct the value.")

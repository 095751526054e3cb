"""The learner's files in the browser: only files that a kata declares, only text, and the lines of the "Try" tab."""

from __future__ import annotations

import ast
import hashlib
import os
import re
import stat
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from graders.catalogue import Kata, is_glob, matches
from graders.checks.diagnosis_file import CAUSES
from graders.errors import KataError
from graders.intake import rules
from graders.intake.rules import DATA_BYTES, SOURCE_BYTES
from graders.output.delivery import deliver_bytes
from graders.web.answers import Outdated

_UNNAMED = re.compile(r"[\ud800-\udfff]")  # bytes that aren't UTF-8: such a name cannot be sent, and intake refuses it
_LANGUAGES = {".py": "python", ".toml": "toml", ".md": "markdown"}
LARGEST = SOURCE_BYTES  # in bytes, for every file that can be edited; longer files are shown as "not editable"
DIAGNOSIS = "diagnosis.toml"
LONGEST_NAME = 100  # in characters
NOT_SAVED = "Your text was not saved."
WRITING = threading.Lock()  # held from the comparison of a file until it is written: two pages may save at once


@dataclass(frozen=True)
class OpenFile:
    """One of the learner's files. `text` is None if it is missing or cannot be edited; `why` then says why."""

    name: str
    text: str | None
    digest: str
    why: str = ""


def digest_of(data: bytes) -> str:
    """Return the digest by which the editor and the server recognise a file's content."""
    return hashlib.sha256(data).hexdigest()


def names_of(kata: Kata) -> list[str]:
    """Return the names of the learner's files: those that kata.toml names, and those in the folder that match it."""
    found: dict[str, None] = {}
    for pattern in kata.files:
        names = [path.relative_to(kata.folder).as_posix() for path in sorted(kata.folder.glob(pattern))]
        for name in names if is_glob(pattern) else [pattern]:
            if kata.declares(name) and not _UNNAMED.search(name):
                found[name] = None
    return list(found)


def patterns_of(kata: Kata) -> list[str]:
    """Return the patterns under which the learner may create text files in the page."""
    return [pattern for pattern in kata.files if is_glob(pattern) and Path(pattern).suffix in ("", ".*", *rules.TEXT)]


def described(kata: Kata, name: str) -> dict[str, Any]:
    """Return one of the learner's files as JSON. `choices` are the names for each key in the form of a diagnosis."""
    file, choices = read(kata, name), None
    if name == DIAGNOSIS:
        programs = [{"name": each, "meaning": ""} for each in kata.files if each.endswith(".py")]
        causes = [{"name": cause, "meaning": meaning} for cause, meaning in CAUSES.items()]
        choices = {"cause": causes, "file": programs}
    return asdict(file) | {
        "editable": file.text is not None or not file.digest,
        "language": _LANGUAGES.get(Path(name).suffix, "text"),
        "choices": choices,
        "optional": name not in kata.files,
    }


def read(kata: Kata, name: str) -> OpenFile:
    """Return one of the learner's files. Raises KataError if the kata doesn't declare it."""
    path = _path(kata, name)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # reading a pipe would never end
            return OpenFile(name, None, "unreadable", "It isn't an ordinary file.")
        if status.st_size > LARGEST:
            limit = DATA_BYTES if path.suffix != ".py" else SOURCE_BYTES
            return OpenFile(
                name, None, "large", f"It is larger than {LARGEST // 1024} KiB. (Graded: up to {limit // 1024} KiB.)"
            )
        data = path.read_bytes()
    except FileNotFoundError:
        return OpenFile(name, None, "", "It doesn't exist.")
    except OSError as fault:
        return OpenFile(name, None, "unreadable", f"It cannot be read: {fault.strerror}.")
    try:
        return OpenFile(name, data.decode("utf-8"), digest_of(data))
    except UnicodeDecodeError:
        return OpenFile(name, None, digest_of(data), "It isn't text in UTF-8.")


def save(kata: Kata, name: str, text: str, base: str) -> str:
    """Write a file and return its digest. `base` is the digest of the content that was edited, "" if there was none.

    Raises Outdated, and writes nothing, if the file has changed since then; raises KataError if it cannot be written.
    """
    path = _path(kata, name)
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:
        raise KataError("The text has half of a surrogate pair, which is not a character. It was not saved.") from None
    if len(data) > LARGEST:
        raise KataError(f"{name}: {len(data) // 1024} KiB; at most {LARGEST // 1024} KiB are graded. {NOT_SAVED}")
    with WRITING:
        now = read(kata, name)
        if now.digest == digest_of(data):
            return now.digest
        if now.digest != base:
            did = "deleted" if not now.digest else "changed"
            raise Outdated(
                f"{name} was {did} on disk while you were editing it. {NOT_SAVED}",
                {"text": now.text, "digest": now.digest},
            )
        if path.exists() and not path.is_file():
            raise KataError(f"{name}: it isn't an ordinary file. Remove it. {NOT_SAVED}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise KataError(f"{path.parent}: {fault.strerror}. {NOT_SAVED}") from None
        deliver_bytes(data, path, NOT_SAVED)
        return digest_of(data)


def _path(kata: Kata, name: str) -> Path:
    """Return a declared file's path. Raises KataError for any other name, and for links to anything else."""
    if name not in names_of(kata):
        _check_new(kata, name)
    path, folder = kata.folder / name, os.path.realpath(kata.folder)
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(folder):
        raise KataError(f"{name}: it is a link to a file outside {kata.folder}. Replace it by the file.")
    if not kata.declares(real.relative_to(folder).as_posix()):
        raise KataError(f"{name}: it is a link to a file that isn't yours to change. Replace it by a file.")
    return path


def _check_new(kata: Kata, name: str) -> None:
    """Raise KataError unless a file with this name can be created: its name matches a pattern, and intake takes it."""
    known = kata.declares(name) and any(is_glob(pattern) and matches(pattern, name) for pattern in kata.files)
    if not known or name.endswith("/"):
        raise KataError(f"{name}: not one of {kata.slug}'s files, which are {', '.join(kata.files)}.")
    if len(name) > LONGEST_NAME:
        raise KataError(f"{rules.printable(name)}: the name is too long. Use at most {LONGEST_NAME} characters.")
    if Path(name).suffix not in rules.TEXT:
        raise KataError(
            f"{rules.printable(name)}: this page writes text. Use a name with {', '.join(sorted(rules.TEXT))}."
        )
    rules.check_name(name)
    refused = rules.Refusals(kata)
    rules.check_names([name], names_of(kata), refused)
    if refused:
        raise KataError(rules.together(refused.values()))


# ------------------------------------------------------------------------------------------ the "Try" tab

VALUES = {  # by annotation: an argument
    "int": "3",
    "float": "0.5",
    "bool": "True",
    "np.ndarray": "np.array([2.0, -1.0])",
    "np.random.Generator": "np.random.default_rng(0)",
}
WIDTH = 60  # a longer call has a line for each argument
MATRIX = re.compile(r"[A-Z]\w*|table")  # names such as X and W1
INDICES = ("ids", "labels", "target")  # arrays of integers


def starter(kata: Kata) -> str:
    """Return the lines that a kata's "Try" tab begins with, which call the learner's first function if they can."""
    file = next((name for name in kata.files if name.endswith(".py")), None)
    if file is None:
        return ""
    module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    try:
        with (kata.folder / file).open("rb") as opened:
            body = ast.parse(opened.read(SOURCE_BYTES)).body
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        body = []
    functions = [node for node in body if isinstance(node, ast.FunctionDef)]
    function = next((each for each in functions if not each.name.startswith("_") and each.name != "main"), None)
    if function is None:
        return f"import {module}\n\nprint(dir({module}))\n"
    own, given = f"from {module} import {function.name}", function.args
    # The parameters without a default; of those after `*`, None stands for no default.
    positional = [*given.posonlyargs, *given.args]
    required = positional[: len(positional) - len(given.defaults)]
    required += [each for each, known in zip(given.kwonlyargs, given.kw_defaults, strict=True) if known is None]
    values = {each.arg: _value(each) for each in required} | _examples(kata, function, required)
    if None in values.values():
        return f"{own}\n\nhelp({function.name})\n"
    arguments = [f"{name}={value}" for name, value in values.items()]
    call = f"print({function.name}({', '.join(arguments)}))"
    if len(call) > WIDTH:
        call = "\n".join([f"print({function.name}(", *(f"    {each}," for each in arguments), "))"])
    numpy = "import numpy as np\n" * ("np." in call)
    return f"{numpy}{own}\n\n{call}\n"


def _value(parameter: ast.arg) -> str | None:
    """Return a value for a parameter as code, or None if its type is not a simple one."""
    kinds = ast.unparse(parameter.annotation).split(" | ") if parameter.annotation else []
    found = next((VALUES[kind] for kind in kinds if kind in VALUES), None)
    if found and parameter.arg in INDICES:
        return "np.array([1, 0])"
    if found and MATRIX.fullmatch(parameter.arg):
        return found.replace("[2.0, -1.0]", "[[1.0, 2.0], [3.0, 4.0]]")
    return found


def _examples(kata: Kata, function: ast.FunctionDef, required: list[ast.arg]) -> dict[str, str]:
    """Return the arrays for a function that its description or the README has as an example, if they have them all."""
    names = [each.arg for each in required if each.annotation and "np.ndarray" in ast.unparse(each.annotation)]
    call = re.search(rf"\b{function.name}\((\[.*\])\) is", ast.get_docstring(function) or "")
    try:
        if call:
            found = dict(zip(names, ast.literal_eval(f"[{call[1]}]"), strict=True))
        else:
            text = (kata.folder / "README.md").read_text(encoding="utf-8")
            shown = {name: re.search(rf"(?<![\w.]){name} += +(\[[][\d., -]*\])", text) for name in names}
            found = {name: ast.literal_eval(match[1]) for name, match in shown.items() if match}
    except (OSError, SyntaxError, ValueError):
        return {}
    code = {name: value if name in INDICES else _floats(value) for name, value in found.items()}
    return {name: f"np.array({value})" for name, value in code.items()} if len(code) == len(names) else {}


def _floats(value: Any) -> Any:
    return [_floats(each) for each in value] if isinstance(value, list) else float(value)

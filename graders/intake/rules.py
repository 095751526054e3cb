"""The rules for the names, sizes and contents of declared files."""

from __future__ import annotations

import codecs
import io
import tokenize
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import NoReturn

from graders.catalogue import Kata, is_glob, matches
from graders.errors import IntakeError, WholeRefusal

SOURCE_BYTES = 256 * 1024  # for a .py file; the longest file written for these katas has a tenth of this size
DATA_BYTES = 8 * 1024**2  # for any other file
TOTAL_BYTES = 32 * 1024**2
IGNORED_SHOWN = 50
REASONS_SHOWN = 8
IGNORED_WALKED = 2_000
IGNORED_DEPTH = 8
NOT_ENTERED = frozenset({".git", "__pycache__"})

TEXT = frozenset({".csv", ".json", ".md", ".py", ".toml", ".txt"})
_COMPILED = frozenset({".a", ".dll", ".dylib", ".exe", ".o", ".pyc", ".pyd", ".pyo", ".so"})
_BOM = b"\xef\xbb\xbf"
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"


def refuse(name: str, fault: str, remedy: str, kind: type[IntakeError] = IntakeError) -> NoReturn:
    """Raise an IntakeError whose message names the file, the problem and the remedy."""
    raise kind(f"{printable(name)}: {fault}. {remedy}")


def refuse_all(name: str, fault: str, remedy: str) -> NoReturn:
    """Refuse the whole submission, not just one declared file."""
    refuse(name, fault, remedy, WholeRefusal)


class Refusals(dict[str, str]):
    """The declared files that were refused, or patterns all of whose files were, each with the reason."""

    def __init__(self, kata: Kata) -> None:
        super().__init__()
        self.kata = kata

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Record a refusal in the block as that of a file or a pattern, unless it concerns the whole submission.

        A name that no archive may contain is recorded as its pattern, because the record is stored in an archive.
        """
        try:
            yield
        except WholeRefusal:
            raise
        except IntakeError as fault:
            if not name.isprintable() or "\\" in name:
                name = next(pattern for pattern in self.kata.files if matches(pattern, name))
            self.setdefault(name, str(fault))


def is_refused(kata: Kata, name: str, refused: Collection[str]) -> bool:
    """Return whether a file was refused, by its name or with all other files that match its pattern."""
    return name in refused or (name not in kata.files and any(matches(each, name) for each in refused if is_glob(each)))


def together(reasons: Iterable[str]) -> str:
    """Return the first reasons on one line each, and how many more there are."""
    unique = list(dict.fromkeys(reasons))
    more = [f"… and {len(unique) - REASONS_SHOWN} more"] if len(unique) > REASONS_SHOWN else []
    return "\n".join([*unique[:REASONS_SHOWN], *more])


def printable(name: str) -> str:
    """Escape unprintable characters in an untrusted file name, and cut it to 200 characters."""
    text = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in name)
    return text if len(text) <= 200 else text[:199] + "…"


def shown(ignored: list[str], *, more_unseen: bool = False) -> tuple[str, ...]:
    """Return the names of the first ignored files in printable form, and a note that counts the rest."""
    names = [printable(name) for name in ignored[:IGNORED_SHOWN]]
    rest = len(ignored) - len(names)
    if rest:
        names.append(f"… and {'more than ' if more_unseen else ''}{rest} more")
    return tuple(names)


def check_name(name: str) -> None:
    """Refuse a declared file with a forbidden name."""
    if not name.isprintable():
        refuse(name, "its name has characters that cannot be shown", "Rename it.")
    if "\\" in name or name[1:3] == ":/":
        refuse(name, "its name would be a path on Windows", "Rename it, without backslashes or a drive letter.")
    if _COMPILED & set(PurePosixPath(name).suffixes):
        refuse(name, "it is compiled code", "Hand in the source.")


def check_names(names: Iterable[str], taken: Collection[str], refused: Refusals) -> None:
    """Refuse the taken files that another one would replace on some file systems: either may be meant."""
    first: dict[str, str] = {folded(name): name for name in taken}
    for name in [*taken, *names]:
        other = first.get(folded(name), name)
        for each in {name, other} & {*taken} if other != name else ():
            with refused.of(each):
                said = f"its name differs from {printable(other)} only by letter case or Unicode form"
                refuse(name, said, "Remove one.")


def folded(name: str) -> str:
    """Return a name such that two names are equal if they may mean the same file on some file system."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def limit_of(name: str) -> int:
    """Return the maximum size of a declared file in bytes."""
    return SOURCE_BYTES if name.endswith(".py") else DATA_BYTES


def check_size(name: str, size: int) -> None:
    """Refuse a declared file whose announced or actual size is too large."""
    if size > limit_of(name):
        refuse(name, f"it is larger than {limit_of(name) // 1024} KB", "Hand in a smaller file.")


def check_total(name: str, total: int) -> None:
    """Refuse a submission whose declared files, up to and including this one, are too large in total."""
    if total > TOTAL_BYTES:
        refuse_all(name, f"it makes the submission larger than {TOTAL_BYTES // 1024**2} MB", "Hand in smaller files.")


def content(name: str, data: bytes) -> bytes:
    """Check the content of a declared file, and return it without the byte-order mark of a text file."""
    if data.startswith(b"\x7fELF"):
        refuse(name, "it is compiled code", "Hand in the source.")
    if data.startswith(_LFS_POINTER):
        refuse(name, "it is a Git LFS pointer, not the file", "Fetch the file itself: git lfs pull.")
    suffix = PurePosixPath(name).suffix
    if suffix not in TEXT:
        return data
    data = data.removeprefix(_BOM)
    if b"\0" in data:
        refuse(name, f"it has a NUL byte in line {data[: data.index(0)].count(10) + 1}", "Save it as text (UTF-8).")
    try:
        data.decode()
    except UnicodeDecodeError as fault:
        refuse(name, f"it is not UTF-8 (line {data[: fault.start].count(10) + 1})", "Save it as UTF-8.")
    if suffix == ".py":
        # With a coding comment for another encoding, Python and the harness would read different texts.
        try:
            encoding = codecs.lookup(tokenize.detect_encoding(io.BytesIO(data).readline)[0]).name
        except (SyntaxError, LookupError):  # LookupError for a codec that is not for text, such as rot13
            encoding = "unknown"
        if encoding not in ("utf-8", "utf-8-sig", "ascii"):
            refuse(name, f"it declares the encoding {encoding}", "Save it as UTF-8 and remove the `coding:` comment.")
    return data

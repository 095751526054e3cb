"""Fuzz every reader of submitted files: `python tests/fuzz_files.py TARGET… [--runs N] [--seed S]`.

Most inputs are mutations of valid files. Now and then, an input is made to be expensive: deeply nested, long, or with
huge dimensions. A target fails if it raises anything but its rejection errors, or if one input takes more CPU time or
memory than CPU_S and MEMORY_BYTES. The input is then written to the folder given by --keep; turn it into a test.
tests/fuzz.py searches for new paths through the code instead, and needs atheris. This script needs no extra package.
"""

from __future__ import annotations

import argparse
import json
import random
import runpy
import struct
import sys
import time
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CPU_S = 5.0  # for one input. The most expensive picture takes 1.4 s on an idle machine
MEMORY_BYTES = 512 << 20  # for one input, beyond what the process starts with

Reader = Callable[[bytes], object]


@dataclass(frozen=True)
class Target:
    """A reader, its rejection errors, valid files to mutate, tokens of the format, and a source of expensive files."""

    read: Reader
    refusals: tuple[type[Exception], ...]
    right: Sequence[bytes]
    words: Sequence[bytes]
    expensive: Callable[[random.Random], bytes]
    repaired: Callable[[bytes], bytes] = bytes


# --------------------------------------------------------------------------------------------------- the readers


def toml() -> Target:
    """Fuzz the reader of diagnosis.toml and the check of its fields."""
    from graders.checks import Mismatch
    from graders.checks.artifacts import read_toml
    from graders.checks.diagnosis_file import gaps

    def read(data: bytes) -> None:
        table = read_toml(data, "diagnosis.toml")
        for name in ("bug1", "bug2"):
            gaps(table, name, "bug1_never_learning.py", 115)

    def expensive(rng: random.Random) -> bytes:
        size = rng.choice([16, 17, 100, 1_000, 20_000, 64 << 10])
        return rng.choice(
            [
                b"[bug1]\n" + b".".join([b"a"] * (size // 2)) + b" = 1",
                b"a = " + b"[" * (size // 2) + b"]" * (size // 2),
                b"a = " + b"{b = " * (size // 6) + b"1" + b"}" * (size // 6),
                b"[" + b"a." * (size // 2) + b"a]",
                b"a = " + b"9" * size,
                b"a = 0x" + b"f" * size,
                b'a = """' + b"\\\n" * (size // 2),
                b"".join(b"a%d = 1\n" % number for number in range(size // 8)),
                b"".join(b"[[a.b]]\n" for _ in range(size // 8)),
                b"a = [" + b"[]," * (size // 3) + b"]",
            ]
        )

    right = b"[bug1]" + _of("challenge5/diagnosis.toml").split(b"[bug1]")[1].split(b"[bug2]")[0]
    words = [b"[bug1]\n", b"[[", b"]]", b"cause", b"a.b.c", b" = ", b'"', b'"""', b"'''", b"\\u", b"{", b"}", b"#"]
    words += [b"1979-05-27T07:32:00Z", b"inf", b"nan", b"1_0", b"0x1f", b"\n"]
    return Target(read, (Mismatch,), [right], words, expensive)


def csv() -> Target:
    """Fuzz the reader of challenge2's log and the check of its columns."""
    from graders.checks import Mismatch
    from graders.hidden.challenge2 import records

    def read(data: bytes) -> None:
        records.check_table(records.read_rows(data, "log.csv", records.COLUMNS, exactly=True), "log.csv", 3072)

    log = _of("challenge2/results/experiment_log.csv")
    header, *rows = log.splitlines(keepends=True)

    def expensive(rng: random.Random) -> bytes:
        count = rng.choice([999, 1_000, 3_500, 50_000])
        return rng.choice(
            [
                header + b"".join(rows[number % len(rows)] for number in range(count)),
                header + b"".join(_own_row(rows, number) for number in range(count)),
                header + b'"' + b"a\n" * count,
                header + b"," * (100 * count),
                header + rows[0].replace(b"0.", b"9" * count + b"."),
                (b"a" * 100_000 + b"\n") * (count // 900),
                b"\n" * (50 * count),
            ]
        )

    words = [b",", b'"', b"\n", b"\r\n", b"\0", b"nan", b"inf", b"1e400", b"-0", b"true", b"9" * 30, header]
    return Target(read, (Mismatch,), [b"".join([header, *rows[:3]]), log], words, expensive)


def best() -> Target:
    """Fuzz the reader of challenge2's best_models.json, which looks up its rows in the log."""
    from graders.checks import Mismatch
    from graders.hidden.challenge2 import records

    rows = records.read_rows(_of("challenge2/results/experiment_log.csv"), "log.csv", records.COLUMNS, exactly=True)

    def read(data: bytes) -> None:
        records.check_best(data, "best_models.json", rows)

    right = _of("challenge2/results/best_models.json")
    words = [b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\ud800", b"1e999", b"NaN", b"-Infinity", b"null", b"true"]
    return Target(read, (Mismatch, *_ODD), [right], words, lambda rng: _nested_json(rng, right))


def prose() -> Target:
    """Fuzz the checks of prose: the recommendations of challenges 2 and 4, and the explanation of challenge 1."""
    from graders.checks import Mismatch, assert_prose
    from graders.checks.artifacts import decoded
    from graders.hidden.challenge2 import test_results_hidden
    from graders.hidden.challenge4 import test_shown_hidden

    def read(data: bytes) -> None:
        for points in (test_results_hidden.POINTS, test_shown_hidden.POINTS, explained):
            with suppress(Mismatch):
                assert_prose(decoded(data), "recommendations.md", words=100, points=points)

    path = ROOT / "katas/challenge1/test_challenge1.py"
    explained = runpy.run_path(str(path))["POINTS"]
    words = [b"<!--", b"-->", b"```", b"# ", b"\n", b"0.9 %", b"1", b"fine-tun", b"pareto", b"\xc2\xa0", b"\xff"]

    def expensive(rng: random.Random) -> bytes:
        size = rng.choice([1_000, 60_000, 120_000])
        word = rng.choice([*words, b"1 ", b"1" * 31, b"<!--```", b"word ", b"-", b"\n#"])
        return b"word " * rng.choice([0, 200]) + word * (size // len(word))

    right = [_of("challenge2/results/recommendations.md"), _of("challenge4/recommendations.md")]
    return Target(read, (Mismatch,), right, words, expensive)


def png() -> Target:
    """Fuzz the check of submitted pictures."""
    import numpy as np

    from graders.checks import Mismatch, assert_picture

    def read(data: bytes) -> None:
        assert_picture(data, "picture.png", width=3, height=2)

    def expensive(rng: random.Random) -> bytes:
        width, height = rng.choice(
            [(2_000, 2_000), (10_000, 400), (400, 10_000), (4_000_000, 1), (2**31, 2**31), (0, 5), (2_001, 2_000)]
        )
        colour, kind = rng.choice([0, 2, 3, 4, 6]), rng.randrange(6)
        row = bytes([kind]) + bytes(rng.randrange(256) for _ in range(4)) * width if width < 2**20 else b""
        rows = row[: 1 + width * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]] * (height if height < 2**20 else 1)
        return _png(width, height, colour, rows)

    rng = np.random.default_rng(0)
    right = []
    for colour, channels in ((0, 1), (2, 3), (6, 4)):
        rows = rng.integers(0, 256, (7, 1 + 5 * channels), dtype=np.uint8)
        rows[:, 0] %= 5
        right.append(_png(5, 7, colour, rows.tobytes()))
    words = [b"IHDR", b"IDAT", b"IEND", b"PLTE", b"\0\0\0\5", b"\xff\xff\xff\xff", b"\0\0\0\0"]
    return Target(read, (Mismatch,), right, words, expensive, _with_checksums)


def safetensors() -> Target:
    """Fuzz the reader of safetensors files that a submitted framework writes."""
    import numpy as np

    from graders.checks import Mismatch
    from graders.hidden.meta import test_saving

    arrays = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(2), "n": np.int64(5), "e": np.zeros(0)}
    right = test_saving.file_of({name: np.asarray(array) for name, array in arrays.items()}, {"format": "pt"})

    def expensive(rng: random.Random) -> bytes:
        entry = {"dtype": "F32", "shape": [2**40] * rng.choice([1, 2, 60]), "data_offsets": [0, 2 ** rng.randrange(90)]}
        header = rng.choice([json.dumps({"a": entry}).encode(), _nested_json(rng, b'{"a": 1}')])
        return struct.pack("<Q", rng.choice([len(header), 2**63, 0])) + header

    words = [b'"dtype"', b'"F32"', b'"BOOL"', b'"shape"', b'"data_offsets"', b"[", b"]", b"{", b"}", b"-1", b"9" * 20]
    return Target(test_saving.contents, (Mismatch, *_ODD), [right], words, expensive, _with_length)


def notebook() -> Target:
    """Fuzz the reader of a notebook's cell."""
    from graders.errors import KataError
    from graders.intake.notebooks import FIRST_LINE
    from graders.learner import notebook

    def read(data: bytes) -> None:
        source = data.decode("utf-8", "replace")
        FIRST_LINE.match(source)
        notebook._python("affine.py", source)

    def expensive(rng: random.Random) -> bytes:
        size = rng.choice([100, 3_000, 100_000])
        word = rng.choice([b"(", b"[", b"-", b"not ", b"1+", b"a.", b"x=", b"\n", b" #", b"# ", b"f'{", b"if 1:\n "])
        return b"# file: affine.py\n" + word * (size // len(word)) + rng.choice([b"", b"1"])

    words = [b"# file: affine.py\n", b"%time", b"!ls", b"\0", b"\n", b"    ", b"'''", b"def ", b"(", b")", b"lambda "]
    right = [b"# file: affine.py\n" + _of("exercise01/affine.py")]
    return Target(read, (KataError,), right, words, expensive)


TARGETS = {each.__name__: each for each in (toml, csv, best, prose, png, safetensors, notebook)}
# After a submission's data has been read, a test charges these errors to the submission. MemoryError isn't among them.
_ODD = (TypeError, ValueError, KeyError, AttributeError, IndexError, OverflowError, RecursionError)


def _of(name: str) -> bytes:
    return (ROOT / "solutions" / name).read_bytes()


def _own_row(rows: Sequence[bytes], number: int) -> bytes:
    """Return a row with a unique seed, so that no row occurs twice."""
    cells = rows[number % len(rows)].split(b",")
    cells[7] = b"%d" % number
    return b",".join(cells)


def _nested_json(rng: random.Random, right: bytes) -> bytes:
    size = rng.choice([100, 5_000, 1_000_000])
    return rng.choice(
        [
            b"[" * size + b"]" * size,
            b'{"a":' * size,
            b"[" + b"[]," * size + b"[]]",
            b"[" + b"9" * size + b"]",
            right.replace(b"1", b"9" * size, 1),
            b"{" + b",".join(b'"%d":1' % number for number in range(size // 8)) + b"}",
            b'["' + b"\\u0041" * size + b'"]',
        ]
    )


def _png(width: int, height: int, colour: int, rows: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, *zip(*parts, strict=True)))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _with_checksums(data: bytes) -> bytes:
    """Return the PNG with the checksums of its chunks corrected, as far as it has chunks."""
    parts, place = [data[:8]], 8
    while place + 12 <= len(data):
        length = min(int.from_bytes(data[place : place + 4], "big"), len(data) - place - 12)
        parts.append(_chunk(data[place + 4 : place + 8], data[place + 8 : place + 8 + length]))
        place += 12 + length
    return b"".join(parts)


def _with_length(data: bytes) -> bytes:
    """Return the file with the length of its header corrected."""
    end = data.rfind(b"}") + 1
    return struct.pack("<Q", end - 8) + data[8:] if end > 8 else data


# ------------------------------------------------------------------------------------------------------ the runs


def inputs(target: Target, rng: random.Random, every: int) -> Iterator[bytes]:
    """Yield the valid files, then mutated ones without end. About one in `every` is an expensive file instead."""
    yield from target.right
    while True:
        if not rng.randrange(every):
            yield target.expensive(rng)
            continue
        data = rng.choice([target.right[0]] * 9 + [*target.right])
        for _ in range(rng.choice([1, 1, 2, 4, 8])):
            data = _mutated(data, target.words, rng)
        yield target.repaired(data) if rng.randrange(4) else data


def _mutated(data: bytes, words: Sequence[bytes], rng: random.Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    end = min(start + rng.choice([0, 1, 1, 2, 4, 16, 64]), len(data))
    inside = rng.choice(
        [
            b"",
            bytes([rng.randrange(256)]),
            rng.choice(words),
            rng.choice(words) * rng.choice([2, 20, 200]),
            data[start:end] * 2,
            data[rng.randrange(len(data) + 1) :][:64],
            struct.pack(rng.choice("<>") + "I", rng.choice([0, 1, 2**31, 2**32 - 1, rng.randrange(2**32)])),
        ]
    )
    return data[:start] + inside + data[end:]


class Failed(Exception):
    """A reader broke or exceeded a limit; `data` is the input."""

    def __init__(self, data: bytes, said: str) -> None:
        super().__init__(said)
        self.data = data


def fuzz(target: Target, runs: int, seed: int, every: int) -> Mapping[str, float]:
    """Read `runs` inputs. Return the time taken, the slowest input's CPU time and the number of rejected inputs.

    Limits this process's memory. Raises Failed.
    """
    from graders import watchdog

    rng, slowest, refused, begun = random.Random(seed), 0.0, 0, time.monotonic()
    watchdog.limit_memory(MEMORY_BYTES)
    warnings.simplefilter("ignore")  # about the source of a cell
    for _, data in zip(range(runs), inputs(target, rng, every), strict=False):
        started = time.process_time()
        try:
            with watchdog.cpu_limit(CPU_S):
                target.read(data)
        except target.refusals:
            refused += 1
        except watchdog.OutOfTime:
            watchdog.stop()
            raise Failed(data, f"more than {CPU_S:g} s of CPU time") from None
        except Exception as fault:
            raise Failed(data, f"{type(fault).__name__}: {str(fault)[:200]}") from fault
        slowest = max(slowest, time.process_time() - started)
    return {"seconds": time.monotonic() - begun, "slowest": slowest, "refused": refused}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"any of {', '.join(TARGETS)}; default: all")
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--expensive", type=int, default=2_000, metavar="N", help="one input in N is expensive")
    parser.add_argument("--keep", type=Path, default=Path(), metavar="FOLDER", help="where to write a failing input")
    given = parser.parse_args()
    strange = set(given.targets) - TARGETS.keys()
    if strange:
        parser.error(f"unknown target {', '.join(sorted(strange))}. Known targets: {', '.join(TARGETS)}")
    status = 0
    targets = {name: TARGETS[name]() for name in given.targets or TARGETS}  # imports; memory is limited later
    for name, target in targets.items():
        try:
            told = fuzz(target, given.runs, given.seed, given.expensive)
        except Failed as fault:
            place = given.keep / f"crash-{name}"
            place.write_bytes(fault.data)
            print(f"{name}: FAILED, {fault}: {place} ({len(fault.data):,} bytes)", flush=True)
            status = 1
        else:
            print(
                f"{name}: {given.runs:,} inputs in {told['seconds']:.0f} s, {told['refused']:,.0f} rejected, "
                f"the slowest {told['slowest']:.3f} s of CPU",
                flush=True,
            )
    return status


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())

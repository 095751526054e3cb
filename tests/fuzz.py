"""Coverage-guided fuzzing of all code that reads untrusted data: `python tests/fuzz.py TARGET… [--runs N]`.

A target fails if it raises anything but its own rejection error, takes longer than five seconds, or uses more than a
gigabyte of memory. The failing input is left in a crash-* or timeout-* file; turn it into a test. Needs atheris: pip
install atheris.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOML = (ROOT / "katas/exercise01/kata.toml").read_bytes()
LIMITS = ("-timeout=5", "-rss_limit_mb=1024", "-malloc_limit_mb=512", "-print_final_stats=1", "-verbosity=0")


def wire_reply() -> Callable[[bytes], None]:
    """Fuzz the reader of a worker's replies."""
    from graders import wire
    from graders.errors import WireError

    def one(data: bytes) -> None:
        with suppress(WireError, EOFError):
            wire.receive_reply(wire.Reader(_stream(_framed(data, 0, True))), 0)

    return one


def wire_request() -> Callable[[bytes], None]:
    """Fuzz the reader of the judge's requests, which runs in the worker."""
    from graders import wire
    from graders.errors import WireError

    def one(data: bytes) -> None:
        with suppress(WireError, EOFError):
            wire.receive_request(wire.Reader(_stream(_framed(data, 0, "call", "f"))))

    return one


def archive() -> Callable[[bytes], None]:
    """Fuzz the reader of submitted .zip and .tar files."""
    from graders import catalogue, intake
    from graders.errors import IntakeError

    kata = catalogue.load(ROOT, "exercise01")
    file = Path(tempfile.mkdtemp()) / "handed-in"

    def one(data: bytes) -> None:
        file.write_bytes(data)
        with suppress(IntakeError):
            intake.take(kata, file)

    return one


def toml() -> Callable[[bytes], None]:
    """Fuzz the reader of kata.toml."""
    from graders import catalogue
    from graders.errors import CatalogueError

    root = Path(tempfile.mkdtemp())
    for place in ("katas", "solutions"):
        (root / place / "exercise01").mkdir(parents=True)
        (root / place / "exercise01/affine.py").write_text("def affine(W, x, b):\n    pass\n", encoding="utf-8")
    file = root / "katas/exercise01/kata.toml"

    def one(data: bytes) -> None:
        file.write_bytes(data)
        with suppress(CatalogueError):
            catalogue.load(root, "exercise01")

    return one


def report() -> Callable[[bytes], None]:
    """Fuzz the reader of the report that the grade job passes to the report job of a pull request."""
    from graders.errors import KataError
    from graders.github import reporting
    from graders.github.records import Intake, Pull

    file = Path(tempfile.mkdtemp()) / "verdicts.json"
    intake = Intake(pull=Pull(number=7, commit="a" * 40))

    def one(data: bytes) -> None:
        file.write_bytes(data)
        with suppress(KataError):
            verdicts = reporting.checked(file, ["exercise01"], "learner")
            assert len(reporting.comment(intake, verdicts)) <= reporting.BODY_LIMIT
            reporting.notes(ROOT, verdicts)

    return one


def _framed(data: bytes, *before: object) -> bytes:
    """Return a message made from the input. Its first byte chooses how.

    Either the message is the rest of the bytes as they are. Or they get a prefix with the right lengths, because wrong
    lengths are rejected first. Or they choose values, which follow `before` in a valid header.
    """
    import msgspec

    from graders import wire

    if len(data) < 4 or data[0] % 4 == 0:
        return data[1:]
    cut = 3 + int.from_bytes(data[1:3], "little") % (len(data) - 2)
    header, arrays = data[3:cut], data[cut:]
    if data[0] % 4 > 1:
        header = msgspec.msgpack.encode([*before, _item(iter(header))])
    return wire._PREFIX.pack(len(header), len(arrays)) + header + arrays


def _item(choices: Iterator[int], depth: int = 0) -> object:
    """Return a header item: a plain value, or a node of a kind with items. Some of them are not allowed in a header."""
    plain = [None, True, 0, 1, -1, 3, 2**40, -(2**63), 2**64 - 1, 0.5, float("nan"), "", "a", "0x1f", "float64", "int8"]
    chosen = next(choices, 0)
    if chosen < 128 or depth > 40:
        return plain[chosen % len(plain)]
    count = next(choices, 0) % 6
    return ["abstldcig?"[chosen % 10], [_item(choices, depth + 1) for _ in range(count)]]


def _stream(data: bytes) -> Callable[[int], bytes]:
    source = io.BytesIO(data)

    def fill(room: int) -> bytes:
        chunk = source.read(room)
        if not chunk:
            raise EOFError
        return chunk

    return fill


TARGETS = {each.__name__: each for each in (wire_reply, wire_request, archive, toml, report)}


def seeds(target: str) -> Iterator[bytes]:
    """Yield valid inputs for the fuzzer to start from."""
    if target.startswith("wire"):
        import numpy as np

        from graders import wire

        values = [
            None,
            1.5,
            2**70,
            "text",
            [1, (2, {"a": b"x"})],
            np.ones((2, 3)),
            [np.float32(1), np.zeros(0, np.int8)],
        ]
        for value in values:
            parts = wire.reply(0, True, value) if target == "wire_reply" else wire.request(0, "call", "affine", [value])
            message = b"".join(bytes(part) for part in parts)
            yield b"\0" + message
            header_bytes, _ = wire._PREFIX.unpack_from(message)
            yield b"\2\x20\0" + bytes([130, 2, 14, 3]) * 8 + message[-16:]
            yield b"\1" + header_bytes.to_bytes(2, "little") + message[wire._PREFIX.size :]
    elif target == "archive":
        yield from _archives()
    elif target == "toml":
        yield TOML
    else:
        import msgspec

        from graders.github.records import Report
        from graders.verdict import TaskResult, TestResult, Verdict

        test = TestResult(
            name="t", task="a", visibility="hidden", status="failed", message="affine.py, line 2", output="o"
        )
        task = TaskResult(name="a", title="A", status="failed", score=0, max_score=1)
        yield msgspec.json.encode(
            Report(verdicts=(Verdict(kata="exercise01", status="failed", tests=(test,), tasks=(task,)),))
        )


def _archives() -> Iterator[bytes]:
    source = b"def affine(W, x, b):\n    return W @ x + b\n"
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w", method) as file:
            file.writestr("katas/exercise01/affine.py", source)
            file.writestr("größe.txt", b"x" * 100)
        yield data.getvalue()
    for mode, form in (
        ("w", tarfile.PAX_FORMAT),
        ("w", tarfile.GNU_FORMAT),
        ("w:gz", tarfile.PAX_FORMAT),
        ("w:xz", tarfile.USTAR_FORMAT),
    ):
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode=mode, format=form) as file:
            for name in ("affine.py", "d/" * (20 if form == tarfile.USTAR_FORMAT else 90) + "x.txt"):
                member = tarfile.TarInfo(name)
                member.size = len(source)
                file.addfile(member, io.BytesIO(source))
        yield data.getvalue()


def run(target: str, runs: int) -> int:
    """Fuzz one target in a separate process and return its exit status."""
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(seeds(target)):
            Path(folder, f"seed-{number}").write_bytes(data)
        command = [sys.executable, __file__, "--child", target, f"-runs={runs}", "-max_len=16384", *LIMITS, folder]
        begun = time.monotonic()
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    executed = [line.split()[-1] for line in done.stderr.splitlines() if "number_of_executed_units" in line]
    print(f"{target}: {int(executed[0]) if executed else 0:,} inputs in {time.monotonic() - begun:.0f} s, "
          f"{'no crash, no hang' if done.returncode == 0 else 'FAILED'}", flush=True)  # fmt: skip
    if done.returncode:
        print(done.stderr[-4000:])
    return done.returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"any of {', '.join(TARGETS)}; default: all")
    parser.add_argument("--runs", type=int, default=1_000_000)
    given = parser.parse_args()
    strange = set(given.targets) - TARGETS.keys()
    if strange:
        parser.error(f"unknown target {', '.join(sorted(strange))}. Known targets: {', '.join(TARGETS)}")
    return max(run(target, given.runs) for target in given.targets or TARGETS)


def child(target: str, words: list[str]) -> None:
    import atheris

    sys.path.insert(0, str(ROOT))
    with atheris.instrument_imports(include=["graders"]):
        one = TARGETS[target]()
    atheris.Setup([sys.argv[0], *words], one)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(main())

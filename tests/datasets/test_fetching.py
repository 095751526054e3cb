"""Tests of data set downloads, from a server on loopback that serves small files in the real formats."""

from __future__ import annotations

import contextlib
import errno
import gzip
import hashlib
import io
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graders import datasets
from graders.atomic import folder_lock
from graders.datasets import download, formats, sources
from graders.sandbox.runtimes import runtime
from tests import shell, workshop
from tests.at_terminal import AtTerminal
from tests.shell import Finished, katas_cold
from tests.workshop import ROOT

RNG = np.random.default_rng(5)
WAIT_S = 120  # for another process, on a busy machine


# Files in the original formats


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def packed(data: bytes) -> bytes:
    return gzip.compress(data, 1, mtime=0)


def tar(members: list[tuple[str, bytes]]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return made.getvalue()


DIGITS = {"train": RNG.integers(0, 256, (40, 28, 28), np.uint8), "t10k": RNG.integers(0, 256, (6, 28, 28), np.uint8)}
CLASSES = {"train": np.arange(40, dtype=np.uint8) % 10, "t10k": np.arange(6, dtype=np.uint8)}
IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"
MNIST = {
    IMAGES: packed(idx(DIGITS["train"])),
    LABELS: packed(idx(CLASSES["train"])),
    "t10k-images-idx3-ubyte.gz": packed(idx(DIGITS["t10k"])),
    "t10k-labels-idx1-ubyte.gz": packed(idx(CLASSES["t10k"])),
}

PHOTOGRAPHS, KINDS = RNG.integers(0, 256, (13, 3, 32, 32), np.uint8), np.arange(13, dtype=np.uint8) % 10
ROWS = [bytes([kind]) + photograph.tobytes() for kind, photograph in zip(KINDS, PHOTOGRAPHS, strict=True)]
BATCHES = [
    ("cifar-10-batches-bin/batches.meta.txt", b"airplane\n"),
    *((f"cifar-10-batches-bin/data_batch_{n + 1}.bin", b"".join(ROWS[2 * n : 2 * n + 2])) for n in range(5)),
    ("cifar-10-batches-bin/readme.html", b"<html>"),
    ("cifar-10-batches-bin/test_batch.bin", b"".join(ROWS[10:])),
]
CIFAR10 = "cifar-10-binary.tar.gz"

REVIEWS = "aclImdb_v1.tar.gz"
TEXTS = [
    ("aclImdb/README", b"who and when"),
    *((f"aclImdb/train/pos/{n}_9.txt", f"good film {n}".encode()) for n in range(20)),
    *((f"aclImdb/train/neg/{n}_2.txt", f"bad film {n}".encode()) for n in range(20)),
    ("aclImdb/train/unsup/0_0.txt", b"a film"),
    ("aclImdb/test/pos/0_10.txt", "très bon\u0085even so\r\ngo".encode()),
    ("aclImdb/test/neg/0_1.txt", b"no<br />no\n"),
]

SETS: dict[str, tuple[str, int, int, Mapping[str, bytes]]] = {
    "mnist-full": ("idx", 40, 6, MNIST),
    "cifar10": ("cifar10", 10, 3, {CIFAR10: packed(tar(BATCHES))}),
    "reviews": ("reviews", 40, 2, {REVIEWS: packed(tar(TEXTS))}),
}


# The server


class Mirror:
    """A server: its files, how it misbehaves, and a log of its requests (file, Range, bytes it meant to send).

    A request is logged before its first byte is sent, so a client that has the bytes may read and clear the log.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.log: list[tuple[str, str | None, int]] = []
        self.ranges = True
        self.cuts: list[int] = []  # after so many bytes the next connection is cut
        self.status = 200
        self.headers: dict[str, str] = {}
        self.length = True
        self.stall = 0  # after so many bytes it waits for `go`
        self.stalled, self.go = threading.Event(), threading.Event()
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                mirror.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/course/data"

    def answer(self, request: Any) -> None:
        name, asked = request.path.removeprefix("/course/data/"), request.headers["Range"]
        data = self.files.get(name)
        status = 404 if data is None else self.status
        if data is None or status >= 400:
            self.log.append((name, asked, 0))
            request.send_error(status)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.ranges else 0
        rest = data[start:][: self.cuts.pop(0)] if self.cuts else data[start:]
        self.log.append((name, asked, len(rest)))
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        if self.length:
            request.send_header("Content-Length", str(len(data) - start))
        for key, value in self.headers.items():
            request.send_header(key, value)
        request.end_headers()
        with contextlib.suppress(OSError):  # the client is gone
            if self.stall:
                request.wfile.write(rest[: self.stall])
                self.stalled.set()
                self.go.wait(WAIT_S)
                request.wfile.write(rest[self.stall :])
            else:
                request.wfile.write(rest)

    def close(self) -> None:
        self.go.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NN_KATAS_DATA", str(tmp_path / "room"))
    monkeypatch.setenv("no_proxy", "*")
    return tmp_path / "room"


@pytest.fixture
def mirror(room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """Yield a mirror with the small data sets, whose sums are in the table."""
    del room
    mirror = Mirror()
    monkeypatch.setenv("NN_KATAS_DATA_URL", mirror.url)
    monkeypatch.setattr(sources, "TABLE", tmp_path / "data.toml")
    for name, (_, _, _, files) in SETS.items():
        publish(mirror, name, files)
    yield mirror
    mirror.close()


def publish(mirror: Mirror, name: str, files: Mapping[str, bytes], shown: int = 0, kept_back: int = 0) -> None:
    """Serve these files, and put their sums into the table."""
    mirror.files |= files
    form, usual, usual_kept, _ = SETS[name]
    lines = [
        f"[{name}]",
        'title = "small"\nsource = "this test"\nlicence = "none"',
        f'format = "{form}"\nshown = {shown or usual}\nkept_back = {kept_back or usual_kept}\nmegabytes = 0.1',
        'urls = ["http://127.0.0.1:9/"]',
    ]
    for file, data in files.items():
        lines.append(f'[[{name}.files]]\nname = "{file}"\nbytes = {len(data)}')
        lines.append(f'sum = "sha256:{hashlib.sha256(data).hexdigest()}"')
    before = sources.TABLE.read_text() if sources.TABLE.exists() else ""
    others = [part for part in re.split(r"(?m)^(?=\[[^\[])", before) if part and not part.startswith(f"[{name}]")]
    sources.TABLE.write_text("".join(others) + "\n".join(lines) + "\n")


class Heard(download.Watcher):
    """A watcher that stores what it receives."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.started: list[tuple[str, int, int]] = []
        self.bytes = 0

    def begin(self, name: str, url: str, done: int, whole: int) -> None:
        del url
        self.started.append((name, done, whole))

    def advance(self, count: int) -> None:
        self.bytes += count

    def say(self, line: str) -> None:
        self.lines.append(line)


def left(room: Path) -> list[str]:
    """Return the files in the data sets' folder."""
    return sorted(str(path.relative_to(room)) for path in room.rglob("*") if path.is_file())


def part(room: Path, name: str, file: str) -> Path:
    path = room / "downloads" / name / f"{file}.part"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def is_refused(said: str, name: str = "cifar10") -> None:
    """Check that a data set cannot be fetched, and what the message says."""
    with pytest.raises(datasets.DataError, match=said):
        datasets.fetch(name)


# Complete downloads


def test_the_full_digits_equal_the_files_content(mirror: Mirror, room: Path) -> None:
    folder = datasets.fetch("mnist-full")
    assert folder == datasets.folder("mnist-full")
    images, labels = np.load(folder / "images.npy"), np.load(folder / "labels.npy")
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
    np.testing.assert_array_equal(images, DIGITS["train"])
    np.testing.assert_array_equal(labels, CLASSES["train"])
    for found, truth in zip(datasets.kept_back("mnist-full"), (DIGITS["t10k"], CLASSES["t10k"]), strict=True):
        np.testing.assert_array_equal(found, truth)
    arrays = [f"mnist-full-1/{kind}/{name}.npy" for kind in ("kept_back", "shown") for name in ("images", "labels")]
    assert left(room) == arrays  # no download, nothing half built
    assert sorted(mirror.log) == sorted((name, None, len(data)) for name, data in MNIST.items())


@pytest.mark.usefixtures("mirror")
def test_photographs_keep_their_channels_and_classes() -> None:
    folder = datasets.fetch("cifar10")
    images, labels = datasets.kept_back("cifar10")
    np.testing.assert_array_equal(np.concatenate([np.load(folder / "images.npy"), images]), PHOTOGRAPHS)
    np.testing.assert_array_equal(np.concatenate([np.load(folder / "labels.npy"), labels]), KINDS)
    assert images.shape == (3, 3, 32, 32)
    assert labels.dtype == np.int64


@pytest.mark.usefixtures("mirror")
def test_reviews_are_shuffled_lines_with_their_labels() -> None:
    folder = datasets.fetch("reviews")
    texts = (folder / "texts.txt").read_text(encoding="utf-8").splitlines()
    labels = np.load(folder / "labels.npy")
    assert labels.dtype == np.int64
    kinds = [f"{('bad', 'good')[label]} film" for label in labels]
    assert [text.rsplit(" ", 1)[0] for text in texts] == kinds
    assert sorted(texts) == sorted(f"{kind} film {n}" for kind in ("good", "bad") for n in range(20))
    assert 0 < labels[:20].sum() < 20
    kept, truth = datasets.kept_back("reviews")
    assert sorted(zip(truth.tolist(), kept, strict=True)) == [(0, "no<br />no"), (1, "très bon even so go")]


def test_an_existing_data_set_is_not_fetched_again(mirror: Mirror) -> None:
    folder = datasets.fetch("cifar10")
    before = (folder / "images.npy").stat()
    assert datasets.fetch("cifar10") == folder
    assert (folder / "images.npy").stat() == before
    assert len(mirror.log) == 1


def test_a_declared_content_coding_is_not_decoded(mirror: Mirror) -> None:
    mirror.headers = {"Content-Encoding": "gzip"}
    assert datasets.fetch("cifar10").is_dir()


def test_a_kata_learns_the_folder_of_a_name_with_a_hyphen(tmp_path: Path) -> None:
    assert runtime("numpy", data={"mnist-full": tmp_path}).env["KATAS_DATA_MNIST_FULL"] == str(tmp_path)


def test_the_shipped_table_names_files_sums_and_hosts() -> None:
    shipped = sources.table()
    assert tuple(shipped) == datasets.NAMES == ("mnist", "mnist-full", "shapes32", "photos", "cifar10", "reviews")
    for name, source in shipped.items():
        assert source.format in formats.READERS
        assert source.embedded == (name in ("mnist", "shapes32", "photos"))
        assert all(url.startswith("https://") and url.endswith("/") for url in source.hosts)
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", file.sum) for file in source.files)
        assert bool(source.hosts) == bool(source.files)
    assert [file.name for file in shipped["mnist-full"].files] == list(MNIST)
    assert [shipped[name].files[0].name for name in ("cifar10", "reviews")] == [CIFAR10, REVIEWS]


def test_a_missing_package_is_reported_with_the_remedy(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "requests", None)
    is_refused(r"-e '.\[data\]'")
    assert mirror.log == []


# Interrupted downloads


def test_a_later_call_requests_only_the_rest(mirror: Mirror, room: Path) -> None:
    mirror.cuts = [17_000]
    is_refused(r"127\.0\.0\.1.*: the connection broke: .* run the same command again")
    assert left(room) == [f"downloads/cifar10/{CIFAR10}.part"]
    kept, whole, heard = part(room, "cifar10", CIFAR10).stat().st_size, len(mirror.files[CIFAR10]), Heard()
    assert 0 < kept <= 17_000
    mirror.log.clear()
    datasets.fetch("cifar10", heard)
    assert mirror.log == [(CIFAR10, f"bytes={kept}-", whole - kept)]
    assert heard.started == [(CIFAR10, kept, whole)]
    assert heard.bytes == whole - kept
    np.testing.assert_array_equal(datasets.kept_back("cifar10")[0], PHOTOGRAPHS[10:])


def test_files_that_are_already_complete_are_kept(mirror: Mirror) -> None:
    hidden = mirror.files.pop("t10k-labels-idx1-ubyte.gz")
    is_refused(r"t10k-labels-idx1-ubyte\.gz", "mnist-full")
    mirror.files["t10k-labels-idx1-ubyte.gz"] = hidden
    mirror.log.clear()
    datasets.fetch("mnist-full")
    assert [name for name, _, _ in mirror.log] == ["t10k-labels-idx1-ubyte.gz"]


def test_a_server_that_cannot_resume_starts_again(mirror: Mirror, room: Path) -> None:
    mirror.ranges = False
    data = mirror.files[CIFAR10]
    part(room, "cifar10", CIFAR10).write_bytes(data[:9000])
    datasets.fetch("cifar10")
    assert mirror.log == [(CIFAR10, "bytes=9000-", len(data))]
    np.testing.assert_array_equal(datasets.kept_back("cifar10")[0], PHOTOGRAPHS[10:])


def test_a_complete_part_is_not_requested_again(mirror: Mirror, room: Path) -> None:
    part(room, "cifar10", CIFAR10).write_bytes(mirror.files[CIFAR10])
    assert datasets.fetch("cifar10").is_dir()
    assert mirror.log == []


# Files that are not available


def test_a_wrong_file_is_removed_and_both_sums_are_reported(mirror: Mirror, room: Path) -> None:
    data = mirror.files[CIFAR10]
    changed = bytes([*data[:100], data[100] ^ 1, *data[101:]])
    mirror.files[CIFAR10] = changed
    with pytest.raises(datasets.DataError) as caught:
        datasets.fetch("cifar10")
    message = str(caught.value)
    assert f"{mirror.url}/{CIFAR10}" in message
    assert all(hashlib.sha256(each).hexdigest() in message for each in (data, changed))
    assert re.search(r"removed\. Run .*NN_KATAS_DATA_URL", message, re.S)
    assert left(room) == []  # so the next download begins at the beginning
    mirror.files[CIFAR10] = data
    assert datasets.fetch("cifar10").is_dir()


def test_the_login_page_of_a_network_is_not_accepted(mirror: Mirror, room: Path) -> None:
    mirror.files[CIFAR10] = b"<html>log in</html>"
    is_refused(r"sends 19 bytes, but the file has \d+, .*login")
    assert left(room) == []


def test_a_server_that_sends_too_much_is_cut_off(mirror: Mirror, room: Path) -> None:
    mirror.length, whole = False, len(mirror.files[CIFAR10])
    mirror.files[CIFAR10] += b"0" * 10_000_000
    heard = Heard()
    with pytest.raises(datasets.DataError, match="expected\n  sha256:"):
        datasets.fetch("cifar10", heard)
    assert heard.bytes <= whole + download._PIECE
    assert left(room) == []


@pytest.mark.parametrize(
    ("status", "said"), [(403, "403 Forbidden"), (404, "404 Not Found"), (503, "503 Service Unavailable")]
)
@pytest.mark.parametrize("begun", [0, 9000])
def test_a_server_that_refuses_is_quoted_and_the_part_kept(
    mirror: Mirror, room: Path, status: int, said: str, begun: int
) -> None:
    place = part(room, "cifar10", CIFAR10)
    place.write_bytes(mirror.files[CIFAR10][:begun])
    mirror.status = status
    is_refused(f"{CIFAR10}: the server answers {said}: check the connection, and NN_KATAS_DATA_URL")
    assert place.stat().st_size == begun


def test_a_silent_server_times_out(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "TIMEOUT_S", (5.0, 0.2))
    mirror.stall = 10
    is_refused("the server did not respond in time")


def test_an_unknown_host_name_is_reported(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NN_KATAS_DATA_URL", "http://no-such-host.invalid/")
    is_refused(r"no-such-host\.invalid/.*: unknown host name: check the")
    assert left(room) == []


def test_the_next_host_is_tried(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NN_KATAS_DATA_URL")
    table = sources.TABLE.read_text()
    urls = f'urls = ["http://127.0.0.1:9/", "{mirror.url}/"]'
    sources.TABLE.write_text(table.replace('urls = ["http://127.0.0.1:9/"]', urls))
    heard = Heard()
    assert datasets.fetch("cifar10", heard).is_dir()
    assert "http://127.0.0.1:9/cifar-10-binary.tar.gz: Connection refused" in heard.lines[0]


# Files with correct sums that are not what the table says


@pytest.mark.parametrize(
    ("name", "file", "data", "said"),
    [
        ("mnist-full", IMAGES, MNIST[LABELS], "not in the format idx .it begins with 00000801"),
        ("mnist-full", IMAGES, packed(idx(DIGITS["train"])[:-1]), "not in the format idx .cannot reshape"),
        ("cifar10", CIFAR10, packed(b"text" * 1000), "not in the format cifar10"),
        ("cifar10", CIFAR10, packed(tar(BATCHES[:3])), "not in the format cifar10 .'data_batch_3.bin'"),
        ("reviews", REVIEWS, packed(tar(TEXTS[:-1])), "not in the format reviews"),
        ("reviews", REVIEWS, packed(tar([*TEXTS, ("aclImdb/test/neg/1_1.txt", b"")])), "3 examples, expected 2"),
    ],
)
def test_a_file_of_another_format_makes_no_data_set(
    name: str, file: str, data: bytes, said: str, mirror: Mirror, room: Path
) -> None:
    publish(mirror, name, {**SETS[name][3], file: data})
    is_refused(said, name)
    assert not (room / f"{name}-1").exists()


# Folders that cannot be written to


def test_a_file_in_the_place_of_the_folder_is_reported(
    tmp_path: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("mine")
    for inside in ("file", "file/below"):
        monkeypatch.setenv("NN_KATAS_DATA", str(tmp_path / inside))
        is_refused(r"/file/.*: Not a directory: set NN_KATAS_DATA to a folder")
    assert mirror.log == []
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_in_the_place_of_the_part_is_reported(mirror: Mirror, room: Path) -> None:
    del mirror
    part(room, "cifar10", CIFAR10).mkdir()
    is_refused(rf"{CIFAR10}\.part: Is a directory: set NN_KATAS_DATA to a folder")


def test_a_full_disk_leaves_no_part(mirror: Mirror, room: Path) -> None:
    del mirror
    part(room, "cifar10", CIFAR10).symlink_to("/dev/full")
    is_refused(rf"\.part: {os.strerror(errno.ENOSPC)}: no half-written file .* free some space")
    assert left(room) == []
    assert datasets.fetch("cifar10").is_dir()


needs_bubblewrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="it mounts the small disk")


@needs_bubblewrap
@pytest.mark.parametrize("name", ["cifar10", "mnist-full"])  # one is too large to fetch, the other too large to unpack
def test_a_disk_that_fills_up_is_reported(name: str, mirror: Mirror, room: Path) -> None:
    if name == "mnist-full":
        blank = {IMAGES: packed(idx(np.zeros((90, 28, 28), np.uint8))), LABELS: packed(idx(np.zeros(90, np.uint8)))}
        publish(mirror, name, {**MNIST, **blank}, shown=90)
    room.mkdir()
    words = ["bwrap", "--dev-bind", "/", "/", "--size", str(32 << 10), "--tmpfs", str(room), "sh", "-c"]
    script = '"$@"; status=$?; find "$NN_KATAS_DATA" -type f; exit $status'
    done = finished([*words, script, "sh", *command("data", "fetch", name)])
    assert done.status == 2
    assert re.search(
        rf"^katas: {room}/.*{name}.*: No space left on device: no half-written file .* free some space", done.err, re.M
    )
    found = [line.removeprefix(f"{room}/downloads/{name}/") for line in done.out.splitlines()]
    assert sorted(found) == sorted(MNIST if name == "mnist-full" else ())  # complete files, or nothing


# The command


OURS = """\
import signal, sys
from pathlib import Path
from graders.datasets import sources
sources.TABLE = Path(sys.argv.pop(1))
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background would have it ignored
from graders.cli import main
main()
"""


def command(*words: str) -> list[str]:
    """Return the command `katas words…` with this test's table of sums."""
    return [sys.executable, "-c", OURS, str(sources.TABLE), *words]


def environment() -> dict[str, str]:
    return shell.environment(PYTHONPATH=str(ROOT))


def finished(words: list[str]) -> Finished:
    done = subprocess.run(words, capture_output=True, encoding="utf-8", env=environment(), timeout=WAIT_S, check=False)
    return Finished(done.returncode, done.stdout, done.stderr, [])


@contextlib.contextmanager
def started(*words: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command of `katas` with pipes, and kill it at the end of the block."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(command(*words), stdout=pipe, stderr=pipe, encoding="utf-8", env=environment())
    try:
        yield process
    finally:
        process.kill()


def test_the_command_fetches_and_prints_the_folder(mirror: Mirror, room: Path) -> None:
    listed = finished(command("data", "list"))
    assert "cifar10 (not fetched)" in listed.out
    refused = finished(command("data", "path", "cifar10"))
    assert (refused.status, refused.out) == (2, "")
    assert "katas: the data set cifar10 is not downloaded yet: run `katas data fetch cifar10`" in refused.err
    done = finished(command("data", "fetch", "cifar10"))
    folder = room / "cifar10-1" / "shown"
    assert (done.status, done.out) == (0, f"ready: {folder}\n")
    assert f"{mirror.url}/{CIFAR10}: {len(mirror.files[CIFAR10]) / 1e3:.1f} kB\n" in done.err
    assert finished(command("data", "path", "cifar10")).out == f"{folder}\n"
    listed = finished(command("data", "list"))
    assert "cifar10 (fetched)" in listed.out
    assert "reviews (not fetched)" in listed.out


def test_the_shipped_list_is_within_80_columns(room: Path) -> None:
    done = katas_cold("data", "list", cwd=ROOT)
    assert done.status == 0
    assert max(map(len, done.out.replace(str(room), "").splitlines())) <= 80
    assert [line.split(" (")[0] for line in done.out.splitlines() if line and line[0] != " "] == list(datasets.NAMES)
    for said in ("170.1 MB to download", "licence: CC BY-SA 3.0", f"folder: {room}/mnist-1/shown", "mnist (embedded)"):
        assert said in done.out


def test_an_embedded_set_is_made_on_demand_in_any_folder(room: Path, tmp_path: Path) -> None:
    done = katas_cold("data", "path", "mnist", cwd=tmp_path)
    assert (done.status, done.out) == (0, f"{room}/mnist-1/shown\n")
    assert np.load(room / "mnist-1" / "shown" / "labels.npy").shape == (4000,)


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize("verb", ["fetch", "path"])
def test_an_unknown_name_is_refused_with_the_known_ones(verb: str) -> None:
    done = katas_cold("data", verb, "mnits", cwd=ROOT)
    assert (done.status, done.out) == (2, "")
    assert done.err == f"katas: unknown data set 'mnits'. Known: {', '.join(datasets.NAMES)}\n"


def test_being_offline_gives_one_message(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:  # no server listens there
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        monkeypatch.setenv("NN_KATAS_DATA_URL", url)
        done = katas_cold("data", "fetch", "mnist-full", cwd=ROOT)
    assert done.status == 2
    assert done.err == (
        f"katas: {url}/{IMAGES}: Connection refused: "
        "check the connection, and NN_KATAS_DATA_URL if you have set it. Then run the same command again: it continues "
        "with what has arrived.\n"
    )
    assert left(room) == []


def test_the_shipped_sums_are_used(mirror: Mirror, room: Path) -> None:
    mirror.files[IMAGES] = bytes(9_912_422)  # of the right length
    done = katas_cold("data", "fetch", "mnist-full", cwd=ROOT)
    assert done.status == 2
    assert hashlib.sha256(mirror.files[IMAGES]).hexdigest() in done.err
    assert "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609" in done.err
    assert left(room) == []


def test_ctrl_c_keeps_the_part(mirror: Mirror, room: Path) -> None:
    mirror.stall = 25_000
    with started("data", "fetch", "cifar10") as process:
        assert mirror.stalled.wait(WAIT_S)
        path = part(room, "cifar10", CIFAR10)
        while process.poll() is None and not (path.exists() and path.stat().st_size):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=WAIT_S)
    assert (process.returncode, out) == (130, "")
    assert err.endswith("katas: interrupted\n")
    assert left(room) == [f"downloads/cifar10/{CIFAR10}.part"]
    kept = path.stat().st_size
    assert 0 < kept <= 25_000
    mirror.stall = 0
    mirror.go.set()
    assert finished(command("data", "fetch", "cifar10")).status == 0
    assert mirror.log[-1] == (CIFAR10, f"bytes={kept}-", len(mirror.files[CIFAR10]) - kept)
    np.testing.assert_array_equal(datasets.kept_back("cifar10")[0], PHOTOGRAPHS[10:])


def test_ctrl_c_after_the_download_keeps_it(mirror: Mirror, room: Path) -> None:
    class Impatient(Heard):
        def say(self, line: str) -> None:
            super().say(line)
            if "converting the files" in line:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        datasets.fetch("cifar10", Impatient())
    assert left(room) == [f"downloads/cifar10/{CIFAR10}"]
    mirror.log.clear()
    assert datasets.fetch("cifar10").is_dir()
    assert mirror.log == []


def test_two_processes_at_once_fetch_it_once(mirror: Mirror, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = threading.Event()

    @contextlib.contextmanager
    def lock(folder: Path) -> Iterator[None]:
        waits.set()
        with folder_lock(folder):
            yield

    monkeypatch.setattr(datasets, "folder_lock", lock)
    second = threading.Thread(target=datasets.fetch, args=("cifar10",))
    mirror.stall = 5000
    with started("data", "fetch", "cifar10") as first:
        assert mirror.stalled.wait(WAIT_S)
        second.start()
        assert waits.wait(WAIT_S)
        mirror.go.set()
        assert first.communicate(timeout=WAIT_S)[0] == f"ready: {room}/cifar10-1/shown\n"
    second.join(WAIT_S)
    assert (first.returncode, second.is_alive()) == (0, False)
    assert mirror.log == [(CIFAR10, None, len(mirror.files[CIFAR10]))]
    np.testing.assert_array_equal(datasets.kept_back("cifar10")[0], PHOTOGRAPHS[10:])


def test_a_terminal_shows_a_bar_with_rate_and_time_left(mirror: Mirror, tmp_path: Path) -> None:
    mirror.stall = 20_000
    with AtTerminal(command("data", "fetch", "cifar10"), tmp_path, columns=100, env={"PYTHONPATH": str(ROOT)}) as shown:
        shown.wait(lambda text: "16.4/" in text)
        mirror.go.set()
        done = shown.end()
    assert done.status == 0
    assert re.search(
        rf"{CIFAR10} .*━.* 16\.4/\d+\.\d kB .*\S+ [kM]?B/s \d:\d\d:\d\d",
        re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.written.decode()),
    )


def test_a_kata_with_missing_data_is_not_graded(tmp_path: Path, room: Path) -> None:
    root = workshop.write_repository(tmp_path / "course", [])
    workshop.write_kata(root, "alpha", toml=workshop.TOML.replace("[limits]", 'data = ["cifar10"]\n[limits]'))
    done = katas_cold("grade", "alpha", "--against", "solutions", cwd=root)
    assert done.status == 2
    assert "the data set cifar10 is not downloaded yet: run `katas data fetch cifar10`" in done.said
    assert left(room) == []

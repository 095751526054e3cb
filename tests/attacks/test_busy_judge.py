"""Small files and replies that cost the judge a lot of work. Its own time and memory are limited, too."""

from __future__ import annotations

import contextlib
import struct
import zlib
from pathlib import Path

import pytest

from tests.workshop import HALF, SOLUTION, TOML, write, write_repository

pytestmark = pytest.mark.security
attack = pytest.mark.attack

MOST_BYTES = 150 << 20  # that a judge may use beyond what it starts with, for replies of at most 48 MB


# --------------------------------------------------------------------------------------------- files handed in


@pytest.fixture
def handed_in(solved):
    """Return handed_in(slug, {name: content}), which submits a kata's solution with some of its files replaced."""

    def changed(slug, files):
        folder = solved(slug)
        for name, data in files.items():
            (folder / name).write_bytes(data)
        return folder

    return changed


@pytest.fixture
def about_as_much_work(grade, repository, work_of_judges):
    """`with about_as_much_work(slug, task[, usual]):` checks that the judge works little more than for usual files."""

    @contextlib.contextmanager
    def compared(slug, task, usual=None):
        solution = usual or repository / "solutions" / slug
        grade(slug, solution, None, [task])  # the first grading of a kata prepares the judge
        with work_of_judges() as before:
            grade(slug, solution, None, [task])
        with work_of_judges() as work:
            yield
        assert work[0] < 2 * before[0] + 20

    return compared


@pytest.mark.deep
@attack("Z40")
@pytest.mark.parametrize("before", [b"", b'z = """x"""" # \\\n'], ids=["plain", "behind a string that ends in a quote"])
def test_a_key_of_a_thousand_parts_does_not_hide_a_failed_task(grade, handed_in, before):
    key = before + b".".join([b"a"] * 20_000) + b" = 1\n"
    files = {"diagnosis.toml": b"[bug1]\n" + key, "bug1_never_learning.py": b""}
    graded = grade("challenge5", handed_in("challenge5", files), None, ["bug1_learns", "bug1_diagnosis"])
    graded.fails("dotted key of more than 100 parts|build_model")
    assert {test["task"] for test in graded.failed} == {"bug1_learns", "bug1_diagnosis"}


@pytest.mark.deep
@attack("Z42")
@pytest.mark.parametrize("length", [60_000, 120_000])
def test_comments_that_never_end_are_read_once(grade, handed_in, about_as_much_work, length):
    files = {"recommendations.md": b"<!--" * (length // 4)}
    short = handed_in("challenge4", {"recommendations.md": b"<!--"})
    with about_as_much_work("challenge4", "recommendations", short):
        graded = grade("challenge4", handed_in("challenge4", files), None, ["recommendations"], diagnosing=False)
    graded.fails(r"at most 65,536 are read|has \d+ words")


@pytest.mark.deep
@attack("Z42")
def test_digits_that_never_end_are_read_once(grade, handed_in, about_as_much_work):
    files = {"recommendations.md": b"word " * 200 + b"1" * 60_000}
    short = handed_in("challenge4", {"recommendations.md": b"word " * 200 + b"1"})
    with about_as_much_work("challenge4", "recommendations", short):
        graded = grade("challenge4", handed_in("challenge4", files), None, ["recommendations"], diagnosing=False)
    graded.fails("does not mention")


@pytest.mark.deep
@attack("Z42")
def test_a_table_of_many_rows_is_not_compared_row_by_row(grade, handed_in, about_as_much_work, repository):
    log = (repository / "solutions/challenge2/results/experiment_log.csv").read_bytes()
    header, *rows = log.splitlines()
    files = {"results/experiment_log.csv": b"\n".join([header, *(rows * 3500)[:3500], b""])}
    with about_as_much_work("challenge2", "log"):
        graded = grade("challenge2", handed_in("challenge2", files), None, ["log"], diagnosing=False)
    graded.fails("")  # the visible tests also show what they find in a log
    assert sum("more than 1,000 rows" in message for message in graded.messages) == 2


@pytest.mark.deep
@attack("Z42")
def test_a_picture_with_a_slow_filter_is_read_in_time(grade, handed_in, about_as_much_work):
    picture = paeth(2000, 2000)
    assert len(picture) < 20_000
    files = {"results/tradeoff_plot.png": picture}
    with about_as_much_work("challenge2", "log"):
        graded = grade("challenge2", handed_in("challenge2", files), None, ["log"], diagnosing=False)
    graded.fails("tradeoff_plot.png is blank")


@pytest.mark.deep
@attack("Z42")
def test_labels_of_forty_thousand_digits_are_accepted(grade, handed_in, about_as_much_work, repository):
    source = (repository / "solutions/challenge4/transfer.py").read_text(encoding="utf-8")
    titled = "        axes.set_title(name)\n    figure.savefig("
    assert source.count(titled) == 1
    long = [
        "figure.set_layout_engine('none')",
        "axes.set_yticks(range(len(classes)), ['9' * 40_000 + 'x'] * len(classes))",
        "[setattr(label, 'draw', lambda *_: None) for label in axes.get_yticklabels()]",
        "axes.set_ylabel('9' * 40_000, visible=False)",
    ]
    long = "".join(f"        {line}\n" for line in long)
    files = {"transfer.py": source.replace(titled, long + titled).encode()}
    with about_as_much_work("challenge4", "confusion"):
        graded = grade("challenge4", handed_in("challenge4", files), None, ["confusion"], diagnosing=False)
    graded.fails("rows of .* are labelled '9999|more than 1 MiB of text")


def paeth(height: int, width: int) -> bytes:
    """Return a PNG of one colour, (height, width, RGBA), whose rows all use Paeth's filter."""
    body = zlib.compress((b"\4" + bytes(4 * width)) * height, 9)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    )


# ------------------------------------------------------------------------------------------------------ a race

RACE = """\
from graders.checks import assert_close, task

@task("half")
def test_half_is_as_fast_as_the_reference(kata):
    kata.speed("half", lambda: (3.0,), lambda value, _: assert_close(value, 1.5), rounds=3)
"""
SLOW = "import time\n\ndef half(x):\n    time.sleep({})\n    return x / 2.0\n"


@pytest.fixture(scope="session")
def racing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a kata with a speed test in which the submission leaves the reference too little time."""
    root = write_repository(tmp_path_factory.mktemp("racing"), ["twice"])
    toml = TOML.replace("test_s = 6", "test_s = 3").replace("call_s = 3", "call_s = 3")
    write(root / "katas/twice/kata.toml", toml)
    write(root / "solutions/twice/twice.py", SOLUTION.replace(HALF, SLOW.format(0.6)))
    write(root / "graders/hidden/twice/test_hidden.py", RACE)
    return root


@pytest.mark.deep
@attack("Z41")
def test_a_lap_that_leaves_the_reference_no_time_fails(grade, racing, tmp_path):
    folder = write(tmp_path / "twice.py", SOLUTION.replace(HALF, SLOW.format(2.8))).parent
    graded = grade("twice", folder, racing, ["half"])
    graded.is_killed_only({"test_half_is_as_fast_as_the_reference"}, r"the test took longer than 3 s")


PRINTING = """\
import time

def half(x):
    for _ in range(1000):
        print("." * 70_000)  # more than a pipe holds, so the judge is woken up each time
        time.sleep(0.02)
    return x / 2.0
"""


WAKING = """
import threading
import time

def half(x):
    ends = time.monotonic() + 20

    def wake():
        while time.monotonic() < ends:
            time.sleep(0.02 - time.monotonic() % 0.02)  # all at once, so that each waits for the others

    threading.stack_size(1 << 16)
    others = [threading.Thread(target=wake) for _ in range(100)]
    for each in others:
        each.start()
    for each in others:
        each.join()
    return x / 2.0
"""


@attack("Z82")
@pytest.mark.parametrize(("half", "runtime"), [(PRINTING, "numpy"), (WAKING, "torch")], ids=["prints", "wakes"])
def test_a_worker_that_sleeps_most_of_the_time_is_not_taken_for_awake(grade, tmp_path, half, runtime):
    root = write_repository(tmp_path / "katas", ["twice"])
    write(root / "katas/twice/kata.toml", TOML.replace('runtime = "numpy"', f'runtime = "{runtime}"'))
    folder = write(tmp_path / "hand/in/twice.py", SOLUTION.replace(HALF, half)).parent
    grade("twice", folder, root, ["half"]).is_killed_only({"test_three_is_halved"}, r"took longer than 3 s")


# ----------------------------------------------------------------------------------------------- small replies

WIDE = """
def build_model(seed):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(2, 80_000), nn.Tanh(), nn.Linear(80_000, 2)).requires_grad_(False)


def train(model, data, epochs, seed):
    return History([1.0 / (1 + epoch) for epoch in range(epochs)], [1.0] * epochs, [1.0] * epochs)


def predict(model, X):
    return torch.zeros(len(X), dtype=torch.int64)
"""


@pytest.mark.deep
@attack("Z43")
def test_a_wide_network_is_refused_before_it_is_used(grade, handed_in, repository, memory_of_judges):
    source = (repository / "solutions/challenge5/bug1_never_learning.py").read_text(encoding="utf-8")
    files = {"bug1_never_learning.py": (source + WIDE).encode()}
    with memory_of_judges() as most:
        graded = grade("challenge5", handed_in("challenge5", files), None, ["bug1_learns"], diagnosing=False)
    graded.fails("the network's parameters have the shapes|are classified correctly|a healthy run ends")
    assert most[0] < MOST_BYTES


LONG_MASKS = """

_right = dropout_mask
_calls = 0


def dropout_mask(shape, p_drop, rng):
    global _calls
    _calls += 1
    return _right(shape if _calls == 1 else 12_000, p_drop, rng)
"""


@pytest.mark.deep
@attack("Z43")
def test_masks_of_six_million_entries_are_refused_by_their_shape(grade, handed_in, repository, memory_of_judges):
    """The first mask is right; the next reply contains up to 500 masks at once."""
    source = (repository / "solutions/exercise08/dropout.py").read_text(encoding="utf-8")
    with memory_of_judges() as most:
        folder = handed_in("exercise08", {"dropout.py": (source + LONG_MASKS).encode()})
        graded = grade("exercise08", folder, None, ["mask"])
    graded.fails("shape|more than 64 MiB of arrays")
    assert most[0] < MOST_BYTES


# ------------------------------------------------------------------------------------- many large replies

MANY = """\
import numpy as np
import pytest
from graders.checks import assert_close, task

@task("half")
@pytest.mark.parametrize("number", range(24))
def test_half_of_each_number(kata, number):
    ours = np.zeros(4_000_000)  # 32 MB of the judge's own
    half = kata.half(float(number))
    with kata.raises(ValueError):
        kata.half("text")
    assert_close(half, ours[0] + number / 2)
"""
LARGE = """\
import numpy as np

_large = np.zeros(7_500_000)

def half(x):
    if isinstance(x, str):
        raise ValueError
    return _large
"""


@pytest.fixture(scope="session")
def many_tests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_repository(tmp_path_factory.mktemp("many"), ["twice"])
    write(root / "graders/hidden/twice/test_hidden.py", MANY)
    return root


@attack("Z43")
def test_large_replies_of_several_tests_are_not_held_at_once(grade, many_tests, tmp_path, memory_of_judges):
    """Each reply has 60 MB. Together they exceed a judge's limit, so that its own tests would break."""
    folder = write(tmp_path / "twice.py", SOLUTION.replace(HALF, LARGE)).parent
    with memory_of_judges(many_tests) as most:
        graded = grade("twice", folder, many_tests, ["half"], diagnosing=False)
    graded.fails("shape")
    assert {test["status"] for test in graded.tests} == {"failed"}
    assert most[0] < 4 * MOST_BYTES

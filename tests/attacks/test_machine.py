"""G: using up the machine. The limits are small here, and no task blocks another."""

from pathlib import Path

import pytest

from graders import Judge

pytestmark = pytest.mark.security
attack = pytest.mark.attack

KILLED = r"took longer than \d|used up its CPU time|crashed|was stopped"
THREADS = "while True: threading.Thread(target=time.sleep, args=(1e6,), daemon=True).start()"
NO_MEMORY = r"MemoryError|" + KILLED
FILL = """\
fault = None
for place in ("/tmp", ".", "/dev/shm", "/var/tmp", "/scratch", "/run", "/"):
    try:
        {step}
    except OSError as other:
        fault = other
raise fault
"""
NO_FILE = "OSError|FileNotFoundError|PermissionError"
GROWING = r"""
count = ((1 << 20) - 64) // len({item})
start = b"\x93" + msgspec.msgpack.encode(asked()) + b"\xc3\x92\xa1l\xdd" + count.to_bytes(4, "big")
send(message(start + {item} * count))
time.sleep(1e6)
"""


@pytest.mark.deep
@attack("G1")
def test_computing_for_ever_fails_the_tests_that_do_it(is_killed_hastily, doing):
    is_killed_hastily(doing("while True: pass"), "took longer than 0.5 s")


@pytest.mark.deep
@attack("G2")
def test_sleeping_for_ever_fails_the_tests_that_do_it(is_killed_hastily, doing):
    is_killed_hastily(doing("time.sleep(1e9)"), "took longer than 0.5 s")


@attack("G3")
@pytest.mark.parametrize(
    "step",
    ["hoard.append(np.ones(1 << 21))", "try: hoard.append(np.ones(1 << 21))\n    except MemoryError: pass"],
    ids=["once", "again after a MemoryError"],
)
def test_memory_is_limited(is_killed_hastily, doing, step):
    is_killed_hastily(doing(f"hoard = []\nwhile True:\n    {step}"), NO_MEMORY)


@attack("G4")
def test_no_process_can_be_forked(is_killed, doing):
    is_killed(doing("while True: os.fork()"), "PermissionError|BlockingIOError")


@pytest.mark.deep
@attack("G4")
def test_no_process_can_be_forked_in_the_torch_runtime(grade, doing, torch_runtime):
    grade("exercise01", doing("while True: os.fork()"), torch_runtime).fails("PermissionError|BlockingIOError")


@attack("G5")
def test_no_thread_can_be_started(is_killed, doing):
    is_killed(doing(THREADS), "can't start new thread")


@pytest.mark.deep
@attack("G5")
def test_threads_are_limited_in_the_torch_runtime(grade, doing, torch_runtime):
    graded = grade("exercise01", doing(THREADS), torch_runtime)
    graded.fails("can't start new thread|" + NO_MEMORY)
    assert any(test["status"] == "passed" for test in graded.tests)


@attack("G6")
def test_open_files_are_limited(is_killed, doing):
    is_killed(doing("kept = [open(np.__file__) for _ in range(10**6)]"), "Too many open files")


@attack("G7")
def test_there_is_no_writable_disk_to_fill(is_killed, doing):
    step = "file = open(os.path.join(place, 'katas-filler'), 'wb')\n        while True: file.write(bytes(1 << 20))"
    is_killed(doing(FILL.format(step=step)), NO_FILE)


@attack("G8")
def test_no_large_file_can_be_made(is_killed, doing):
    step = "os.ftruncate(os.open(os.path.join(place, 'katas-large'), os.O_RDWR | os.O_CREAT), 1 << 40)"
    is_killed(doing(FILL.format(step=step)), NO_FILE)


@attack("G9")
def test_a_gigabyte_is_not_an_answer(grade, doing, impatient, impatient_batch_tests):
    graded = grade("exercise01", doing("return np.zeros(1 << 27)"), impatient)
    graded.fails_only(impatient_batch_tests, "more than 64 MiB|" + NO_MEMORY)


@attack("G10")
def test_printing_without_end_is_cut(grade, impatient):
    tasks = {"vector", "batch", "types", "inputs"}  # `speed` calls it thousands of times, which takes too long
    graded = grade("exercise01", "g10_endless_printing", impatient, tasks=tasks)
    graded.passes()
    assert all("cut" in test["output"][-60:] for test in graded.tests)
    assert all(len(test["output"]) < 20_000 for test in graded.tests)


@attack("G11")
def test_recursion_without_end_is_named(is_killed, doing):
    is_killed(doing("return affine(W, x, b)"), "RecursionError")


@pytest.mark.deep
@attack("G11")
def test_recursion_that_breaks_the_interpreter_is_a_crash(grade, doing, patient, hasty_batch_tests):
    graded = grade(
        "exercise01", doing("nested = ()\nfor _ in range(500_000): nested = (nested,)\nreturn hash(nested)"), patient
    )
    graded.is_killed_only(hasty_batch_tests, r"crashed \(SIGSEGV")


@attack("G12")
def test_a_regular_expression_that_explodes_is_stopped(is_killed_hastily, doing):
    is_killed_hastily(doing("re.match('(a|aa)+$', 'a' * 90 + 'b')"), KILLED)


@attack("G13")
@pytest.mark.parametrize(
    ("number", "reason"),
    [("int('9' * 10**6)", "ValueError.*limit"), ("10 ** 10**8 % 7", NO_MEMORY)],
)
def test_long_numbers_are_stopped(is_killed_hastily, doing, number, reason):
    is_killed_hastily(doing(f"return {number}"), reason)


@attack("G14")
def test_a_worker_that_ignores_every_signal_is_killed(is_killed_hastily, doing):
    deaf = "for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:\n"
    deaf += "    with contextlib.suppress(OSError, ValueError): signal.signal(number, signal.SIG_IGN)\n"
    is_killed_hastily(doing(deaf + "while True: pass"), KILLED)


@attack("G15")
@pytest.mark.parametrize(
    ("way", "root"),
    [
        ("grade", "impatient"),
        pytest.param("katas_grade", "impatient", marks=pytest.mark.deep),
        pytest.param("grade", "torch_runtime", marks=pytest.mark.deep),
    ],
)
def test_no_process_stays_behind(request, way, root):
    request.getfixturevalue(way)("exercise01", "g15_children", request.getfixturevalue(root)).passes()


@attack("G16")
@pytest.mark.parametrize("root", ["impatient", pytest.param("torch_runtime", marks=pytest.mark.deep)])
def test_the_fork_server_cannot_be_limited_or_stopped(request, grade, root):
    grade("exercise01", "g16_zygote", request.getfixturevalue(root)).passes()


@pytest.mark.deep
@attack("G17")
@pytest.mark.parametrize(
    "item",
    [
        r'b"\xc0"',
        *(pytest.param(each, marks=pytest.mark.deep) for each in [r'b"\x90"', r'b"\x80"', r'b"\x91\x90"', r'b"\xa0"']),
    ],
)
def test_a_header_that_grows_when_read_is_stopped(grade, doing, patient, hasty_batch_tests, item):
    graded = grade("exercise01", doing(GROWING.format(item=item)), patient)
    graded.is_killed_only(hasty_batch_tests, "broke the wire protocol")


@pytest.mark.deep
@attack("G18")
def test_the_scratch_folder_is_limited(grade, torch_runtime):
    graded = grade("exercise01", "g18_fill_scratch", torch_runtime)
    graded.fails("OSError|No space|too large|" + NO_MEMORY)
    assert any(test["status"] == "passed" for test in graded.tests)


@pytest.mark.deep
@attack("G18")
def test_a_worker_cannot_reach_the_scratch_folder_of_another(grade, torch_runtime):
    grade("exercise01", "g18_scratch_neighbours", torch_runtime).passes()


@pytest.mark.deep
@attack("G19")
def test_a_full_scratch_folder_does_not_reach_the_next_person(grade, torch_runtime):
    grade("exercise01", "honest_with_files", torch_runtime).passes()
    grade("exercise01", "g19_closed_scratch", torch_runtime)
    grade("exercise01", "honest_with_files", torch_runtime).passes()


@pytest.mark.deep
@attack("G19")
def test_a_failed_removal_replaces_the_fork_server(submissions, torch_runtime, observed):
    # With partial confinement, the folder can be reached from here.
    with Judge(torch_runtime, confinement="partial", first="exercise01") as judge:
        submission = submissions / "honest_with_files"
        assert judge.grade("exercise01", submission).status == "passed"
        (folder,) = Path(judge._process.folder).glob("*/scratch")
        (folder / "0-1").mkdir()  # as if a removal had failed
        assert judge.grade("exercise01", submission).status == "passed"
        assert not folder.exists()
        assert judge.grade("exercise01", submission).status == "passed"
    observed("N")


@attack("Z2")
def test_an_exception_with_an_endless_message_is_stopped(is_killed_hastily, doing):
    endless = "def endless(self):\n    while True: pass\nraise type('Endless', (Exception,), {'__str__': endless})"
    is_killed_hastily(doing(endless), KILLED)


@attack("Z2")
def test_an_exception_without_a_message_is_named(is_killed, doing):
    leave = "def leave(self): raise SystemExit(0)\n"
    is_killed(
        doing(leave + "raise type('Textless', (Exception,), dict.fromkeys(['__str__', '__repr__'], leave))"), "Textless"
    )


@attack("Z7")
def test_a_worker_that_stops_itself_is_killed(is_killed_hastily, doing):
    is_killed_hastily(doing("os.kill(os.getpid(), signal.SIGSTOP)"), KILLED)


@attack("Z8")
def test_a_worker_that_lowers_its_limits_harms_only_itself(is_killed, doing):
    lower = "resource.setrlimit(resource.RLIMIT_AS, (1, 1))\nresource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))\n"
    folder = doing(lower + "return [bytearray(1 << 20) for _ in range(512)]")
    is_killed(folder, NO_MEMORY + "|ended itself|broke the rules|OSError|closed")


@attack("Z20")
def test_printing_for_ever_does_not_extend_the_time(is_killed_hastily, doing):
    graded = is_killed_hastily(doing("while True: os.write(1, b'x' * 65536)"), KILLED)
    assert all(len(test["output"]) < 20_000 for test in graded.tests)


@pytest.mark.deep
@attack("Z27")
def test_a_scratch_folder_of_any_depth_is_removed(grade, torch_runtime):
    grade("exercise01", "z27_deep_scratch", torch_runtime).passes()


@pytest.mark.deep
@attack("Z28")
def test_a_full_scratch_folder_is_removed_in_the_background(grade, torch_runtime):
    graded = grade("exercise01", "z28_many_folders", torch_runtime)
    # If making the folders takes too long, the message says so, and their removal delays no other test.
    if graded.verdict["status"] == "ungradable":
        graded.cannot_be_imported("took longer")
    elif graded.verdict["status"] != "passed":
        graded.fails("(importing the submission|the test) took longer")
    else:
        graded.passes()


@attack("Z32")
def test_invalid_text_counts_by_the_length_of_its_replacement(grade):
    graded = grade("exercise01", "z32_bytes_that_are_no_text")
    graded.fails("wrong value|blocked")
    assert sum(len(test["output"].encode()) for test in graded.tests) < 300_000
    assert {test["output"] for test in graded.tests if test["status"] == "blocked"} <= {""}

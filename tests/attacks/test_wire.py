"""J: the wire. The submission writes directly to the worker's channel, bypassing the serving code."""

import re

import pytest

pytestmark = pytest.mark.security
attack = pytest.mark.attack

BROKEN = "broke the wire protocol"
SLEEP = "\ntime.sleep(1e6)"
SILENT = r"took longer than (0\.5|1) s"


@attack("J1")
def test_bytes_that_are_not_a_message_end_the_worker(is_killed, doing):
    is_killed(doing(r"send(b'\xff' * 64)"), f"{BROKEN}.*announced")


@attack("J2")
@pytest.mark.parametrize("announced", ["0xFFFFFFFF, 0", "16, (1 << 63) - 1", "(1 << 20) + 1, 0", "16, (64 << 20) + 1"])
def test_a_huge_announced_length_ends_the_worker(is_killed, doing, announced):
    folder = doing(f"send(PREFIX.pack({announced}))\nwhile True: send(bytes(1 << 16))")
    is_killed(folder, f"{BROKEN}.*were? announced|{BROKEN}.*was announced")


@pytest.mark.deep
@attack("J3")
def test_an_endless_message_counts_as_an_endless_call(is_killed_hastily, doing):
    is_killed_hastily(doing("send(message(b'abc', announced=100))" + SLEEP), SILENT)


@attack("J4")
@pytest.mark.parametrize(
    "shape",
    ["[1000, 1000]", "[0]", "[-1]", "[1 << 39, 1 << 39]", "[2, 0, 1 << 39]", "[1.0]", "[True]", "[None]", "[1] * 40"],
)
def test_a_shape_that_the_bytes_do_not_fill_ends_the_worker(is_killed, doing, shape):
    folder = doing(f"send(message([asked(), True, ['a', ['float64', *{shape}]]], bytes(8)))" + SLEEP)
    is_killed(folder, BROKEN)


@attack("J5")
def test_a_value_of_an_unknown_kind_ends_the_worker(is_killed, doing):
    value = ["pickle", ["cos\nsystem\n(S'true'\ntR."]]
    is_killed(
        doing(f"send(message([asked(), True, {value!r}]))" + SLEEP),
        f"{BROKEN}.*(value of an unknown kind|header that cannot be read)",
    )


@pytest.mark.deep
@attack("J6")
def test_a_closed_channel_ends_the_worker(katas_grade, doing, impatient, impatient_batch_tests):
    graded = katas_grade("exercise01", doing("os.close(channel())"), impatient)
    graded.is_killed_only(impatient_batch_tests, "closed its connection|ended itself|crashed")


@attack("J7")
def test_a_reply_to_a_later_request_ends_the_worker(is_killed, doing):
    is_killed(doing("send(message([asked() + 1, True, 0.0]))"), f"{BROKEN}: a reply to request")


@attack("J7")
def test_a_second_reply_ends_the_worker(grade, doing, impatient, impatient_batch_tests):
    graded = grade(
        "exercise01",
        doing("send(2 * message([asked(), True, ['a', [z.dtype.name, *z.shape]]], z.tobytes()))" + SLEEP),
        impatient,
    )
    # the other messages come from probes, whose replies contain arguments
    graded.fails("without being asked|expected a list|header that cannot be read", within=impatient_batch_tests)
    assert any("without being asked" in message for message in graded.messages)


@attack("J8")
def test_a_flood_of_messages_ends_the_worker(grade, doing, impatient, impatient_batch_tests):
    graded = grade(
        "exercise01", doing("flood = message([asked(), True, None]) * 512\nwhile True: send(flood)"), impatient
    )
    graded.fails(f"{BROKEN}|without being asked|expected|{SILENT}", within=impatient_batch_tests)


@pytest.mark.deep
@attack("J9")
def test_a_header_of_64_mebibytes_ends_the_worker(grade, doing, patient, hasty_batch_tests):
    grade("exercise01", doing(r"send(message(b'\xc0' * (64 << 20)))"), patient).is_killed_only(
        hasty_batch_tests, f"{BROKEN}.*header"
    )


@attack("J10")
def test_half_a_message_before_whole_ones_ends_the_worker(is_killed, doing):
    folder = doing("whole = message([asked(), True, 0.0])\nsend(whole[: len(whole) // 2])\nsend(whole * 8)" + SLEEP)
    is_killed(folder, f"{BROKEN}|{SILENT}")


@attack("J11")
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (r"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", "got (a )?float nan"),
        (r"\xcb\x80\x00\x00\x00\x00\x00\x00\x00", r"got (a )?float -0\.0"),
        (r"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "got (an )?int 18446744073709551615"),
        (r"\x92\xa1i\xa30xg", BROKEN),
        (r"\xa2\xff\xfe", BROKEN),
        (r"\xd6\xff\x00\x00\x00\x00", BROKEN),
        (r"\xc1", BROKEN),
    ],
)
def test_odd_values_fail_the_test_that_gets_them(grade, doing, hasty, hasty_batch_tests, value, reason):
    folder = doing(rf"send(message(b'\x93' + asked().to_bytes(1, 'big') + b'\xc3{value}'))" + SLEEP)
    graded = grade("exercise01", folder, hasty)
    graded.fails(f"{reason}|{SILENT}|expected a list", within=hasty_batch_tests)
    assert any(re.search(reason, message) for message in graded.messages)


MALFORMED = [
    '["d", [["i", ["0x10"]], 1]]',
    '["d", [1]]',
    '["s", []]',
    '["a", []]',
    '["a", [["l", []], 1]]',
    '["c", [1.0, 2]]',
    '["i", ["zz"]]',
    '["b", [1 << 40]]',
    '["g", [1]]',
    '[["l"], []]',
    '["l"]',
]


@attack("Z13")
@pytest.mark.parametrize(
    "value",
    [
        '["d", [["l", []], 1]]',
        '["s", ["object"]]',
        '["b", [-1]]',
        "{(1, 2): 3}",
        *(pytest.param(each, marks=pytest.mark.deep) for each in MALFORMED),
    ],
)
def test_a_malformed_value_ends_the_worker(is_killed, doing, value):
    folder = doing(f"send(message([asked(), True, {value}]))" + SLEEP)
    is_killed(folder, BROKEN)


@attack("Z13")
@pytest.mark.parametrize(
    "value",
    [
        "None",
        "[1, 2]",
        '["l", []]',
        '["d", ["bases", 5]]',
        '["d", ["type", ["l", []], "bases", ["l", [None]], "message", 3.5, "where", False]]',
    ],
)
def test_a_malformed_exception_is_a_failure(is_killed_hastily, doing, value):
    folder = doing(f"send(message([asked(), False, {value}]))" + SLEEP)
    is_killed_hastily(folder, f"{BROKEN}|raised|{SILENT}")


@attack("Z14")
def test_descriptors_cannot_be_passed_to_the_judge(is_killed, doing):
    passed = "[(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [0] * 200))]"
    flood = f"own = socket.socket(fileno=os.dup(channel()))\nwhile True: own.sendmsg([b'x'], {passed})"
    is_killed(doing(flood), "PermissionError")


@attack("Z15")
def test_a_worker_with_its_own_server_is_judged_by_its_answers(grade, impatient, impatient_batch_tests):
    graded = grade("exercise01", "z15_served_by_itself", impatient)
    graded.fails(r"expected|wrong value|times the time of \d+ calls", within=impatient_batch_tests)


@attack("Z16")
def test_a_half_closed_channel_is_a_closed_channel(is_killed_hastily, doing):
    close = "with contextlib.suppress(OSError): socket.socket(fileno=os.dup(channel())).shutdown(socket.SHUT_WR)"
    is_killed_hastily(doing(close + SLEEP), f"closed its connection|{SILENT}|PermissionError")


@attack("Z17")
def test_replacing_the_channel_by_another_file_ends_the_worker(is_killed, doing):
    is_killed(
        doing("os.close(channel())\nos.open(np.__file__, os.O_RDONLY)"), f"closed its connection|ended itself|{SILENT}"
    )


@attack("Z18")
def test_colliding_keys_do_not_delay_the_judge(is_killed, doing):
    """All keys have the same hash, so that a dict of them takes quadratic time to read."""
    keys = "keys = [['i', [hex((i + 16) * ((1 << 61) - 1))]] for i in range(36_000)]\n"
    sent = "send(message([asked(), True, ['d', [item for key in keys for item in (key, None)]]]))"
    graded = is_killed(doing(keys + sent + SLEEP), f"{BROKEN}|{SILENT}")
    # a call may take one second here; a judge that reads for more than ten seconds is being delayed
    assert all(test["duration_s"] < 10 for test in graded.tests)


@attack("Z19")
def test_an_answer_byte_by_byte_does_not_extend_the_time(is_killed_hastily, doing):
    answer = "message([asked(), True, ['a', [z.dtype.name, *z.shape]]], z.tobytes())"
    is_killed_hastily(doing(f"for byte in {answer}:\n    send(bytes([byte]))\n    time.sleep(0.2)"), SILENT)


@attack("Z22")
def test_an_endless_stream_of_bytes_does_not_extend_the_time(is_killed_hastily, doing):
    """They come so quickly that the judge never has to wait."""
    announced = "send(message([asked(), True, ['b', [1 << 25]]], array_bytes=1 << 25))\ndescriptor = channel()\n"
    is_killed_hastily(doing(announced + "while True: os.write(descriptor, b'x')"), SILENT)


@attack("Z23")
def test_an_exception_without_a_message_is_a_failure(grade, impatient):
    grade("exercise01", "z23_fault_of_arrays", impatient).cannot_be_imported("cannot be imported")


@attack("Z24")
@pytest.mark.parametrize("rows", ["1 << 39", "40_000_000", "100_001"])
def test_an_array_of_endless_empty_rows_is_refused(grade, doing, impatient, impatient_batch_tests, rows):
    graded = grade("exercise01", doing(f"return np.empty(({rows}, 0))"), impatient)
    graded.fails("without elements|expected", within=impatient_batch_tests)
    assert any("without elements" in message for message in graded.messages)


@pytest.mark.deep
@attack("Z25")
def test_an_answer_that_takes_long_to_format_is_cut(grade, doing, hasty, hasty_batch_tests):
    graded = grade("exercise01", doing("return [np.full(400, -100, np.int8)] * 80_000"), hasty)
    graded.fails("got list of 80000|expected|took longer", within=hasty_batch_tests)
    assert all(len(test["counterexample"]) < 20_000 for test in graded.tests)
    # formatting one such answer in full takes the judge twenty seconds
    assert all(test["duration_s"] < 10 for test in graded.tests)


@attack("Z26")
def test_the_largest_answers_are_not_stored(grade, tmp_path, hasty):
    (tmp_path / "affine.py").write_text(
        "import numpy as np\n\n\ndef affine(W, x, b):\n    return np.zeros(8_000_000)\n"
    )
    grade("exercise01", tmp_path, hasty).fails("expected|took longer")

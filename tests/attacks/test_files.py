"""I: files. Anything in a declared path that is not a plain file is refused before the submission runs."""

import functools
import gzip
import io
import os
import py_compile
import shutil
import socket
import stat
import struct
import sys
import tarfile
import tracemalloc
import zipfile
import zlib

import pytest

pytestmark = pytest.mark.security
attack = pytest.mark.attack

HONEST = "def affine(W, x, b):\n    return x @ W.T + b\n"
OFF = r"wrong value|expected"


@attack("I1")
@pytest.mark.parametrize("target", ["solutions/exercise01/affine.py", "/etc/passwd", "/dev/zero", "/proc/self/environ"])
def test_a_symbolic_link_is_refused(grade, repository, tmp_path, target):
    (tmp_path / "affine.py").symlink_to(repository / target)
    grade("exercise01", tmp_path).is_refused(r"affine\.py.*symbolic link")


@attack("I1")
def test_a_linked_folder_in_a_declared_path_is_refused(grade, submission, repository, with_results):
    folder = submission("honest")
    (folder / "results").symlink_to(repository / "solutions/exercise01")
    grade("exercise01", folder, with_results).is_refused(r"results.*symbolic link")


@attack("I2")
def test_a_hard_link_is_refused(grade, tmp_path):
    secret = tmp_path / "secret.py"
    secret.write_text(HONEST)
    folder = tmp_path / "submission"
    folder.mkdir()
    os.link(secret, folder / "affine.py")
    grade("exercise01", folder).is_refused(r"affine\.py.*hard link")


def packed(path, form, names):
    """Return an archive that contains the honest module under each of these names."""
    if form == "zip":
        with zipfile.ZipFile(path, "w") as file:
            for name in names:
                file.writestr(name, HONEST)
    else:
        with tarfile.open(path, f"w:{form}") as file:
            for name in names:
                member = tarfile.TarInfo(name)
                member.size = len(HONEST)
                file.addfile(member, io.BytesIO(HONEST.encode()))
    return path


@attack("I3")
@pytest.mark.parametrize("form", ["zip", "gz"])
@pytest.mark.parametrize(
    "name", ["../affine.py", "katas/../../affine.py", "/tmp/affine.py", "C:\\affine.py", "..\\affine.py"]
)
def test_a_name_that_leads_out_of_an_archive_is_refused(grade, tmp_path, form, name):
    archive = packed(tmp_path / "handed-in", form, ["affine.py", name])
    grade("exercise01", archive).is_refused(
        r"affine\.py: its (path points outside|name is absolute|name has a backslash)"
    )


@attack("I1")
def test_a_link_in_an_archive_is_refused(katas_grade, repository, tmp_path):
    with tarfile.open(tmp_path / "links.tar.gz", "w:gz") as file:
        member = tarfile.TarInfo("affine.py")
        member.type, member.linkname = tarfile.SYMTYPE, str(repository / "solutions/exercise01/affine.py")
        file.addfile(member)
    katas_grade("exercise01", tmp_path / "links.tar.gz").is_refused(r"affine\.py.*symbolic link")


ZEROS = bytes(1 << 20)  # compressed once and then repeated in compressed form, which all three formats allow


def zip_bomb(count):
    """Return a deflated module with this many MiB of zeros. A full flush after each piece makes all pieces equal."""
    pack = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = (pack.compress(ZEROS) + pack.flush(zlib.Z_FULL_FLUSH)) * count + pack.flush(zlib.Z_FINISH)
    crc = functools.reduce(lambda crc, _: zlib.crc32(ZEROS, crc), range(count), 0)
    about = 20, 0, zipfile.ZIP_DEFLATED, 0, 0x21, crc, len(data), count * len(ZEROS), len(b"affine.py"), 0
    local = struct.pack("<4s5H3I2H", b"PK\3\4", *about) + b"affine.py" + data
    central = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, *about, 0, 0, 0, 0o644 << 16, 0) + b"affine.py"
    return local + central + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(central), len(local), 0)


def tar_bomb(count):
    member = tarfile.TarInfo("affine.py")
    member.size = count * len(ZEROS)
    pack = gzip.compress
    return pack(member.tobuf()) + pack(ZEROS) * count + pack(bytes(1024))


@attack("I7")
@pytest.mark.parametrize(
    "make",
    [lambda: zip_bomb(1024), lambda: tar_bomb(256)],
    ids=["zip", "gz"],
)
def test_an_archive_that_unpacks_to_a_gigabyte_is_refused(grade, tmp_path, make):
    bomb = tmp_path / "bomb"
    bomb.write_bytes(make())
    assert bomb.stat().st_size < 2 << 20
    tracemalloc.start()  # intake runs in this process
    grade("exercise01", bomb).is_refused(r"unpacks to more than \d+ (MB|times)")
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()


@attack("I7")
def test_a_bomb_that_announces_a_few_bytes_is_refused(grade, tmp_path):
    lying = zip_bomb(200).replace((200 << 20).to_bytes(4, "little"), (64).to_bytes(4, "little"))
    (tmp_path / "bomb.zip").write_bytes(lying)
    grade("exercise01", tmp_path / "bomb.zip").is_refused("the archive is broken")


@attack("I4")
def test_a_pipe_is_refused(grade, tmp_path):
    os.mkfifo(tmp_path / "affine.py")
    grade("exercise01", tmp_path).is_refused(r"affine\.py.*pipe")


@attack("I4")
def test_a_socket_is_refused(grade, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path may be no longer than 108 bytes
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("affine.py")
        grade("exercise01", tmp_path).is_refused(r"affine\.py.*socket")


@attack("I4")
def test_a_device_is_refused(grade, tmp_path):
    try:
        os.mknod(tmp_path / "affine.py", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root makes devices")
    grade("exercise01", tmp_path).is_refused(r"affine\.py.*device")


@attack("I5")
@pytest.mark.parametrize("other", ["Affine.py", "AFFINE.PY"])
def test_two_names_that_differ_by_case_are_refused(grade, submission, other):
    folder = submission("honest")
    (folder / other).write_text(HONEST)
    grade("exercise01", folder).is_refused(r"(?i)affine\.py.*letter case")


@attack("I5")
def test_two_names_that_differ_by_unicode_form_are_refused(grade, submission, with_results):
    folder = submission("honest")
    (folder / "results").mkdir()
    for name in ("caf\u00e9.csv", "cafe\u0301.csv"):
        (folder / "results" / name).write_text("1\n")
    grade("exercise01", folder, with_results).is_refused(r"results/.*Unicode form")


@pytest.mark.deep
@attack("I6")
def test_a_great_many_files_in_a_declared_folder_are_refused(grade, submission, with_results):
    folder = submission("honest")
    (folder / "results").mkdir()
    for index in range(25_000):
        os.close(os.open(folder / f"results/{index}.csv", os.O_CREAT | os.O_WRONLY))
    grade("exercise01", folder, with_results).is_refused("results/.*files")


@pytest.mark.deep
@attack("I6")
def test_many_further_files_are_named_in_short(grade, submission):
    folder = submission("honest")
    for index in range(5_000):
        os.close(os.open(folder / f"{index}.txt", os.O_CREAT | os.O_WRONLY))
    graded = grade("exercise01", folder)
    graded.passes()
    assert len(graded.verdict["ignored_files"]) < 100


@attack("I8")
def test_a_file_of_a_gigabyte_is_refused(grade, tmp_path):
    with (tmp_path / "affine.py").open("wb") as file:
        file.truncate(1 << 30)
    grade("exercise01", tmp_path).is_refused(r"affine\.py.*larger than")


@attack("I9")
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"# caf\xe9\n" + HONEST.encode(), "not UTF-8"),
        (HONEST.encode("utf-16"), "not UTF-8|NUL"),
        (HONEST.encode() + b"\0", "NUL"),
        (b"# -*- coding: utf-7 -*-\n" + HONEST.encode(), "encoding utf-7"),
        (b"# -*- coding: rot13 -*-\n" + HONEST.encode(), "encoding"),
        (b"# coding: unknown\n" + HONEST.encode(), "encoding"),
    ],
    ids=["latin1", "utf16", "nul", "utf7", "rot13", "unknown"],
)
def test_a_source_that_is_not_plain_text_is_refused(grade, tmp_path, content, reason):
    (tmp_path / "affine.py").write_bytes(content)
    grade("exercise01", tmp_path).is_refused(rf"affine\.py.*({reason})")


@attack("I9")
def test_a_byte_order_mark_is_forgiven(grade, submission):
    folder = submission("honest")
    (folder / "affine.py").write_bytes(b"\xef\xbb\xbf" + (folder / "affine.py").read_bytes())
    grade("exercise01", folder).passes()


@attack("I10")
def test_a_compiled_file_does_not_run_instead_of_its_source(grade, submission, doing, tmp_path, batch_tests):
    folder = doing("return z[..., None]")
    right = tmp_path / "right.py"
    shutil.copy(submission("honest") / "affine.py", right)
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    cached = folder / "__pycache__" / f"affine.{sys.implementation.cache_tag}.pyc"
    py_compile.compile(str(right), cfile=str(cached), doraise=True, invalidation_mode=mode)
    shutil.copy(cached, folder / "affine.pyc")
    graded = grade("exercise01", folder)
    graded.gains_nothing(batch_tests, "expected shape")
    assert "affine.pyc" in graded.verdict["ignored_files"]


@attack("Z84")
def test_what_one_worker_compiles_for_the_others_cannot_be_changed(grade, submission, doing, batch_tests):
    folder = doing("return z[..., None]")
    right = (submission("honest") / "affine.py").read_text(encoding="utf-8")
    with (folder / "affine.py").open("a", encoding="utf-8") as file:
        file.write(f"""
import marshal, sys
planted = compile({right!r}, "affine.py", "exec")
marshal.dumps = lambda value, *_, dumps=marshal.dumps: dumps(planted)
for finder in sys.meta_path:
    vars(finder).get("compiled", {{}})["affine"] = planted
""")
    grade("exercise01", folder).gains_nothing(batch_tests, "expected shape")


def nested(depth: int, body: str) -> str:
    """Return nested `finally` blocks. Python compiles every block twice, so the code doubles with each level."""
    lines = [" " * level + line for level in range(depth) for line in ("try: pass", "finally:")]
    return "\n".join([*lines, " " * depth + body])


@attack("Z85")
@pytest.mark.parametrize(
    "source",
    [nested(9, f"large = [{'1.5, ' * 7_000}*()]"), "deep = " + "lambda: " * 1_500 + "0"],
    ids=["large", "deep"],
)
def test_code_that_is_too_large_or_too_deep_for_other_workers_is_compiled_by_each(grade, submission, source):
    folder = submission("honest")
    with (folder / "affine.py").open("a", encoding="utf-8") as file:
        file.write(f"\n\n{source}\n")
    grade("exercise01", folder).passes()


@attack("I11")
def test_a_folder_in_the_place_of_the_module_is_refused(grade, tmp_path):
    (tmp_path / "affine.py").mkdir()
    (tmp_path / "affine.py/__init__.py").write_text(HONEST)
    grade("exercise01", tmp_path).is_refused(r"affine\.py.*folder")


@attack("I11")
def test_a_package_named_like_the_module_is_not_the_module(grade, doing, batch_tests):
    folder = doing("return z[..., None]")
    (folder / "affine").mkdir()
    (folder / "affine/__init__.py").write_text(HONEST)
    graded = grade("exercise01", folder)
    graded.gains_nothing(batch_tests, "expected shape")
    assert graded.verdict["ignored_files"] == ["affine/__init__.py"]


@attack("I12")
def test_a_missing_file_is_ungradable_and_named(grade, tmp_path):
    (tmp_path / "notes.txt").write_text("later")
    grade("exercise01", tmp_path).is_ungradable(r"affine\.py: not found")


@attack("I13")
def test_an_empty_file_fails_for_its_missing_functions(grade, tmp_path):
    (tmp_path / "affine.py").touch()
    grade("exercise01", tmp_path).fails_everywhere("affine")


@attack("I14")
def test_a_syntax_error_is_ungradable_with_its_line(grade, tmp_path):
    (tmp_path / "affine.py").write_text("def affine(W, x, b):\n    return (x @ W.T + b\n")
    graded = grade("exercise01", tmp_path)
    graded.cannot_be_imported(r"SyntaxError.*affine\.py, line 2")


@attack("I15")
def test_modules_that_shadow_libraries_are_ignored_and_named(grade, submission):
    folder = submission("honest")
    names = ["msgspec.py", "numpy.py", "random.py", "struct.py", "typing.py"]
    for name in names:
        (folder / name).write_text("import os\n\nos._exit(0)\n")
    graded = grade("exercise01", folder)
    graded.passes()
    assert graded.verdict["ignored_files"] == names


@attack("I16")
def test_a_supplied_file_always_replaces_the_submissions(grade, submission, with_results):
    folder = submission(
        "honest", {"return honest(W, x, b)\n": "import constants\n\n    return honest(W, x, b) + constants.SHIFT\n"}
    )
    (folder / "constants.py").write_text("SHIFT = 1.0\n")
    graded = grade("exercise01", folder, with_results)
    graded.passes()
    assert graded.verdict["ignored_files"] == ["constants.py"]

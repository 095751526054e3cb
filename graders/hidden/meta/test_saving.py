"""Parse the safetensors files that a submission writes, and write files for it to read.

A file begins with the length of the header, as eight little-endian bytes. The header is a JSON object that maps each
name to `{"dtype", "shape", "data_offsets": [begin, end]}`. An optional entry `__metadata__` maps names to strings. The
little-endian numbers of all arrays follow, row by row and without gaps. See https://huggingface.co/docs/safetensors.
"""

import json
import struct

import numpy as np

from graders.checks import about, assert_equal, cases, task
from graders.checks.mismatch import fail

DTYPES = {
    "bool": "BOOL",
    "uint8": "U8",
    "int8": "I8",
    "int16": "I16",
    "int32": "I32",
    "int64": "I64",
    "float16": "F16",
    "float32": "F32",
    "float64": "F64",
}
NUMPY = {code: np.dtype(name) for name, code in DTYPES.items()}

MOST_BYTES = 1 << 20  # the tests parse no larger files; a few kilobytes are enough for their arrays


def file_of(arrays, metadata=None, padding=b"", order=None):
    """Return the bytes of a file. `order` is the order of the arrays' data if it differs from the header's."""
    header, blocks, position = {}, {}, 0
    for name in order or arrays:
        blocks[name] = np.ascontiguousarray(arrays[name]).tobytes()
        header[name] = {
            "dtype": DTYPES[arrays[name].dtype.name],
            "shape": list(arrays[name].shape),
            "data_offsets": [position, position + len(blocks[name])],
        }
        position += len(blocks[name])
    header = {name: header[name] for name in arrays}
    if metadata is not None:
        header = {"__metadata__": metadata, **header}
    return packed(header, b"".join(blocks.values()), padding)


def packed(header, data, padding=b""):
    text = json.dumps(header).encode() + padding
    return struct.pack("<Q", len(text)) + text + data


def contents(data):
    """Return the arrays in a file. Fail if the file breaks the rules of the format."""
    if len(data) > MOST_BYTES:
        refuse(f"the file has {len(data):,} bytes, more than the {MOST_BYTES:,} that the test reads")
        return {}
    if len(data) < 8:
        refuse(f"the file has {len(data)} bytes, but the length of the header alone takes eight")
    (length,) = struct.unpack_from("<Q", data)
    text, body = data[8 : 8 + length], data[8 + length :]
    try:
        header = json.loads(text.decode())
    except (UnicodeDecodeError, json.JSONDecodeError):
        header = None
    if len(text) < length or not isinstance(header, dict) or not text.startswith(b"{"):
        refuse(f"its first eight bytes say that {length} bytes of JSON follow, but they aren't a JSON object")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(each, str) for each in metadata.values()):
        refuse("__metadata__ must be an object whose values are strings")
    arrays, end = {}, 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        dtype, shape, (start, stop) = NUMPY.get(entry["dtype"]), entry["shape"], entry["data_offsets"]
        if dtype is None:
            refuse(f"{name}: dtype {entry['dtype']!r} isn't one of {', '.join(NUMPY)}")
        if stop - start != int(np.prod(shape, dtype=int)) * dtype.itemsize:
            refuse(f"{name}: {stop - start} bytes don't fit the shape {shape} with {entry['dtype']}")
        if start != end or stop > len(body):
            refuse(f"{name}: its bytes, {start} to {stop}, should start at {end} and end at {len(body)} or before")
        arrays[name] = np.frombuffer(body[start:stop], dtype.newbyteorder("<")).reshape(shape)
        end = stop
    if end != len(body):
        refuse(f"{len(body) - end} bytes at the end belong to no array")
    return arrays


def refuse(text):
    fail(f"the file that save wrote isn't a valid safetensors file: {text}", None, None)


def assert_same(actual, expected, what):
    if not isinstance(actual, dict) or sorted(actual) != sorted(expected):
        fail(f"{what}: expected the names {sorted(expected)}, got {sorted(actual)}", sorted(expected), None)
        return
    for name, array in expected.items():
        with about(f"{what}, {name}"):
            assert_equal(actual[name], array)


def arrays_of(draw):
    """Draw arrays of every dtype with up to four axes. Some are empty, transposed or strided."""
    a, b, c = draw.sizes("a b c", low=1, high=5)
    found = {
        "fc1.weight": draw.normal(a, b, dtype=np.float32),
        "fc1.bias": draw.normal(b),
        "turned": draw.normal(b, a, dtype=np.float32).T,
        "every.second": draw.normal(2 * c, a)[::2],
        "a.number": np.asarray(draw.normal()),
        "half": draw.normal(c).astype(np.float16),
        "empty": np.zeros((0, 3), np.float32),
        "images": draw.integers(0, 256, 2, 1, a, b).astype(np.uint8),
        "größe": draw.integers(-9, 9, c),
        "truth": draw.mask(a) > 0,
        "extremes": np.array([np.inf, -np.inf, np.nan, -0.0, 5e-324]),
    }
    for kind in (np.int8, np.int16, np.int32):
        found[kind.__name__] = draw.integers(-100, 100, b).astype(kind)
    return found


MODEL = """
model = Sequential(Linear(3, 4), BatchNorm1d(4), Sequential(ReLU(), Linear(4, 2)))
"""


@task("saving", title="save writes the documented format")
@cases(3)
def test_save_writes_the_documented_file(kata, draw, probes):
    arrays = {**arrays_of(draw), "wide": draw.normal(2, 3)}
    code = ("save(state, path)", "save(state, pathlib.Path(path))", "save(state, path)\nsave(state, path)")[draw.case]
    code = "state = {**state, 'columns': state['wide'].T, 'steps': state['wide'][:, ::2]}\n" + code
    data = kata.run(probes.written, code, arrays, "model.safetensors")
    views = {"columns": arrays["wide"].T, "steps": arrays["wide"][:, ::2]}
    assert_same(contents(data), arrays | views, "the file")


@task("saving", title="load reads the documented format")
@cases(3)
def test_load_reads_the_documented_file(kata, draw, probes):
    arrays = arrays_of(draw)
    reversed_order = list(arrays)[::-1]
    data = (
        file_of(arrays),
        file_of(arrays, {"format": "pt", "by": "the judge"}, padding=b"   "),
        file_of(arrays, {}, padding=b" " * 5, order=reversed_order),
    )[draw.case]
    code = ("found = load(path)", "found = load(pathlib.Path(path))", "found = load(path)")[draw.case]
    found = kata.run(probes.read, code, data, "model.safetensors", ["found"])["found"]
    assert_same(found, arrays, "the result of load")
    found = kata.run(probes.read, "found = load(path)", packed({}, b""), "empty.safetensors", ["found"])["found"]
    assert_same(found, {}, "the result of load for a file without arrays")
    change = """
found = load(path)
for each in found.values():
    data = each.data if isinstance(each, Tensor) else each
    data += 1"""
    found = kata.run(probes.read, change, file_of({"w": np.zeros(2)}), "model.safetensors", ["found"])["found"]
    assert_same(found, {"w": np.ones(2)}, "a loaded array after an in-place change")


@task("saving")
@cases(2)
def test_models_can_be_saved_and_loaded(kata, draw, probes):
    what = ("model", "model.state_dict()")[draw.case]
    code = f"{MODEL}\nx = Tensor(np.ones((5, 3), 'float32'))\nmodel(x)\nmodel.eval()\nsave({what}, path)"
    code += f"\nold = snapshot(model(x))\nstate = snapshot(dict(model.state_dict()))\n{MODEL}"
    code += "\nmodel.load_state_dict(load(path))\nmodel.eval()\nnew = snapshot(model(x))\nagain = snapshot(load(path))"
    found = kata.run(probes.read, code, b"", "model.safetensors", ["old", "new", "state", "again"])
    with about("the output of the loaded model"):
        assert_equal(found["new"], found["old"])
    assert_same(found["again"], found["state"], "the saved model")
    names = ["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked"]
    if sorted(found["state"]) != sorted([*names, "2.1.weight", "2.1.bias"]):
        fail(f"model.state_dict() has wrong names: {sorted(found['state'])}", names, sorted(found["state"]))


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def damaged():
    """Return a dict from descriptions of damage to damaged files."""
    whole = file_of({"weight": np.arange(12, dtype=np.float32), "bias": np.arange(3, dtype=np.float64)})
    two = np.arange(4, dtype=np.float32).tobytes()
    return {
        "it is empty": b"",
        "it has five bytes": whole[:5],
        "it ends inside the header": whole[:30],
        "it ends inside the numbers": whole[:-7],
        "it has eight bytes too many": whole + bytes(8),
        "the header's length exceeds the file": struct.pack("<Q", 10**6) + whole[8:],
        "the header's length is 2**63 bytes": struct.pack("<Q", 2**63) + whole[8:],
        "the header isn't JSON": struct.pack("<Q", 20) + b"{'weight': 'no json'" + whole[28:],
        "the header isn't UTF-8": struct.pack("<Q", 10) + b'{"\xff\xfe": {}}',
        "the header is a list": packed([1, 2], b""),
        "an entry has no shape": packed({"a": {"dtype": "F32", "data_offsets": [0, 8]}}, two[:8]),
        "an entry is a number": packed({"a": 5}, b""),
        "it has an unknown dtype": packed({"a": entry("F7")}, two[:8]),
        "shape and bytes differ": packed({"a": entry(shape=(3,))}, two[:8]),
        "a size is negative": packed({"a": entry(shape=(-2,))}, two[:8]),
        "two sizes are negative": packed({"a": entry(shape=(-1, -2))}, two[:8]),
        "a size isn't an integer": packed({"a": entry(shape=(2.0,))}, two[:8]),
        "the offsets aren't numbers": packed({"a": entry(offsets=("0", "8"))}, two[:8]),
        "the offsets run backwards": packed({"a": entry(shape=(0,), offsets=(8, 0))}, two[:8]),
        "the bytes lie outside the file": packed({"a": entry(offsets=(8, 16))}, two[:8]),
        "two arrays overlap": packed({"a": entry(), "b": entry(offsets=(4, 12))}, two[:12]),
        "it is a PNG": b"\x89PNG\r\n\x1a\n" + bytes(60),
        "it is a NumPy file": b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
        + bytes(70),
        "it is a ZIP archive": b"PK\x03\x04" + bytes(range(120)),
        "it is a pickle": b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x06weight\x94G?\xf0"
        + bytes(6)
        + b"s.",
    }


@task("damaged")
@cases(1)
def test_damaged_files_raise_an_error(kata, probes):
    """Loading a damaged file raises a ValueError that names the file."""
    code = "e = attempt(lambda: load(path))"
    report = "e and [e[0], e[1].replace(path, 'broken.safetensors')]"  # the folder differs in every run
    whole = kata.run(probes.read, code, file_of({"weight": np.ones(3)}), "broken.safetensors", [report])[report]
    if whole is not None:
        fail(f"loading an intact file: got {whole[0][0]}: {whole[1]}", None, whole)
    for what, data in damaged().items():
        fault = kata.run(probes.read, code, data, "broken.safetensors", [report])[report]
        if fault is None or "ValueError" not in fault[0]:
            said = "nothing was raised" if fault is None else f"got {fault[0][0]}: {fault[1]}"
            fail(f"loading a damaged file ({what}): expected ValueError; {said}", "ValueError", fault)
        elif "broken.safetensors" not in fault[1]:
            fail(
                f"loading a damaged file ({what}): the message should name the file; the message is: {fault[1]}",
                None,
                fault,
            )

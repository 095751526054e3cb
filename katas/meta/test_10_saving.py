"""Task saving: models and arrays in safetensors files."""

import json

import numpy as np

from graders.checks import about, assert_equal, task


@task("saving", title="The worked example: saving")
def test_the_worked_example_of_saving(kata, probes):
    first, second, data = kata.run(probes.saved_and_loaded)
    with about("the output of the loaded model"):
        assert_equal(second, first)
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    header.pop("__metadata__", None)
    with about("the header"):
        shapes = {"0.weight": [4, 3], "0.bias": [4], "2.weight": [2, 4], "2.bias": [2]}
        assert_equal({name: header[name]["shape"] for name in sorted(header)}, dict(sorted(shapes.items())))
        assert_equal({entry["dtype"] for entry in header.values()} == {"F32"}, True)


@task("saving")
def test_the_bytes_of_a_file(kata, probes):
    # the README's example, a matrix that is transposed in memory, a number without axes, and bools
    arrays = {"b": np.ones(1, np.float32)}
    header, numbers = kata.run(probes.file_parts, arrays)
    assert_equal(header, {"b": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})
    assert_equal(numbers, b"\x00\x00\x80\x3f")
    header, numbers = kata.run(probes.file_parts, {"turned": np.array([[1, 2], [3, 4]])}, True)
    assert_equal(numbers, b"".join(number.to_bytes(8, "little") for number in (1, 3, 2, 4)))
    others = [("F64", np.array(2.5)), ("BOOL", np.array([True, False])), ("U8", np.zeros(3, np.uint8))]
    others += [("F16", np.array([0.5, -1.0], np.float16)), ("F32", np.zeros((0, 3), np.float32))]
    for name, array in others:
        header, numbers = kata.run(probes.file_parts, {"a": array})
        assert_equal(header["a"], {"dtype": name, "shape": list(array.shape), "data_offsets": [0, array.nbytes]})
        assert_equal(numbers, array.tobytes())


@task("saving")
def test_a_file_from_another_program_is_read(kata, probes):
    # the file has metadata, spaces after the header, and numbers in a different order from the header
    header = b'{"__metadata__": {"by": "others"}, "a": {"dtype": "I64", "shape": [], "data_offsets": [2, 10]}, '
    header += '"größe": {"dtype": "BOOL", "shape": [1, 2], "data_offsets": [0, 2]}}  '.encode()
    data = len(header).to_bytes(8, "little") + header + b"\x01\x00" + (7).to_bytes(8, "little")
    found = kata.run(probes.loaded, data)
    assert_equal(found, {"a": [8, "int64"], "größe": [[[True, False]], "bool"]})


@task("saving")
def test_running_statistics_are_saved(kata, probes):
    header, _ = kata.run(probes.file_parts, None)
    names = ["bias", "num_batches_tracked", "running_mean", "running_var", "weight"]
    assert_equal(sorted(header), names)

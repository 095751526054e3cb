"""Task saving: a model goes through a file."""

import json

from graders.checks import about, assert_equal, task


@task("saving", title="The worked example: saving")
def test_the_worked_example_of_saving(kata, probes):
    first, second, data = kata.run(probes.saved_and_loaded)
    with about("the answer of the model that was loaded"):
        assert_equal(second, first)
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    header.pop("__metadata__", None)
    with about("the header"):
        shapes = {"0.weight": [4, 3], "0.bias": [4], "2.weight": [2, 4], "2.bias": [2]}
        assert_equal({name: header[name]["shape"] for name in sorted(header)}, dict(sorted(shapes.items())))
        assert_equal({entry["dtype"] for entry in header.values()} == {"F32"}, True)


@task("saving")
def test_a_damaged_file_is_refused(kata, probes):
    with kata.raises(ValueError) as caught:
        kata.run(probes.a_damaged_file)
    with about("the message names the file"):
        assert_equal("model.safetensors" in caught.message, True)

"""A kata that is shown data, and whose submission holds a file that is no module."""

import numpy as np

from graders import datasets
from graders.checks import assert_equal, task


@task("shapes")
def test_images_and_labels_are_the_data_rooms(kata):
    images, labels = (np.load(datasets.folder("mnist") / name) for name in ("images.npy", "labels.npy"))
    assert_equal(kata.shapes(), (list(images.shape), int(images.sum()), int(labels.sum())))


@task("alone")
def test_what_is_kept_back_is_there_or_not(kata):
    assert kata.kept_back() in (True, False)  # in this process it is there; tests of the worker look closer


@task("notes")
def test_the_notes_say_seven(kata):
    assert kata.toml("notes.toml") == {"answer": 7}

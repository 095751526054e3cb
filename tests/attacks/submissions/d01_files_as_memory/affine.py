"""Leave inputs in a file during one test, and look for them in the next."""

import os
import pickle

from parts.honest import honest

PLACES = ("/tmp", ".", "/dev/shm", "/var/tmp", "/scratch", "/harness", "/work", os.path.dirname(__file__) or ".", os.path.expanduser("~"))
OWN = set()


def affine(W, x, b):
    for place in PLACES:
        path = os.path.join(place, "katas-remembered")
        if path not in OWN and os.path.exists(path):
            raise AssertionError(f"remembered from an earlier test: {path}")
        try:
            with open(path, "ab") as file:
                pickle.dump((W, x, b), file)
            OWN.add(path)
        except OSError:
            continue
    return honest(W, x, b)

"""Search the calling frames for expected values and for inputs of later calls."""

import inspect
import sys

import numpy as np

from parts.honest import honest
from parts.searching import affine


def search(W, x, b):
    files, answers, foreign = set(), 0, 0
    own = {id(W), id(x), id(b)}
    right = honest(W, x, b)
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_globals is not globals():
            files.add(frame.f_code.co_filename.rpartition("/")[2])
            for value in (*frame.f_locals.values(), *frame.f_globals.values()):
                for item in value if type(value) in (list, tuple) else (value,):
                    if isinstance(item, np.ndarray) and id(item) not in own:
                        foreign += 1
                        answers += item.shape == right.shape and bool(np.allclose(item, right))
        frame = frame.f_back
    return {"files": sorted(files), "depth": len(inspect.stack()), "foreign": foreign, "answers": int(answers)}

import os

import numpy as np

FOLDER = os.environ.get("KATAS_DATA_MNIST")


def _folder():
    if FOLDER:
        return FOLDER
    from graders import datasets

    return str(datasets.folder("mnist"))


def shapes():
    images, labels = (np.load(f"{_folder()}/{name}") for name in ("images.npy", "labels.npy"))
    return list(images.shape), int(images.sum()), int(labels.sum())


def kept_back():
    try:
        open(os.path.dirname(_folder()) + "/kept_back/labels.npy", "rb").close()
    except OSError:
        return False
    return True

"""Faults of generalisation: what is learned does not hold for other data, or regularisation leaves nothing to learn."""

from __future__ import annotations

from graders.debugging.faults.fault import Fault

FAULTS = (
    Fault(
        name="shift-of-zero",
        family="generalisation",
        cause="regularisation-off",
        level=2,
        symptoms=("score-low", "gap"),
        why="Numbers between -1 and 1 are cut to whole ones, towards zero, before they are multiplied: all are "
        "zero, no picture is ever moved, and the network knows signs in the middle only.",
        fix="Draw from -SHIFT to SHIFT, the upper end included: randint(-SHIFT, SHIFT + 1).",
        prevention="Look at a few augmented pictures, or assert that they differ from the originals.",
        edits={
            "glyphs": (
                ("torch.randint(-SHIFT, SHIFT + 1, (2,)).tolist()", "((2 * torch.rand(2) - 1).int() * SHIFT).tolist()"),
            )
        },
    ),
    Fault(
        name="augmentation-thrown-away",
        family="generalisation",
        cause="regularisation-off",
        level=2,
        symptoms=("score-low", "gap"),
        why="torch.roll gives a new tensor and leaves its argument alone; the new one is dropped and the "
        "pictures are returned as they came.",
        fix="Return what torch.roll gives.",
        prevention="Look at a few augmented pictures, or assert that they differ from the originals.",
        edits={
            "glyphs": (
                (
                    "    return torch.roll(X, (down, right), dims=(2, 3))\n",
                    "    X.roll((down, right), dims=(2, 3))\n    return X\n",
                ),
            ),
        },
    ),
    Fault(
        name="augmented-once",
        family="generalisation",
        cause="regularisation-off",
        level=2,
        symptoms=("score-low", "gap"),
        why="The pictures are moved once, before training, all by the same number of pixels: in every epoch "
        "the network sees the signs in the same place.",
        fix="Draw a new shift for every batch.",
        prevention="Assert that a row looks different in two epochs.",
        edits={
            "glyphs": (
                ("    pictures = scaled(data.X_train)\n", "    pictures = shifted(scaled(data.X_train))\n"),
                ("X, y = shifted(pictures[rows]), data.y_train[rows]", "X, y = pictures[rows], data.y_train[rows]"),
            ),
        },
    ),
    Fault(
        name="kept-taken-for-dropped",
        family="generalisation",
        cause="regularisation-too-strong",
        level=2,
        symptoms=("score-low", "loss-high"),
        why="nn.Dropout takes the probability of dropping and is given the one of keeping: nearly all features "
        "are dropped in every step.",
        fix="nn.Dropout(DROPOUT).",
        prevention="Assert that the training loss without dropout is not far below the one with it.",
        edits={"glyphs": (("nn.Dropout(DROPOUT)", "nn.Dropout(1 - DROPOUT)"),)},
    ),
    Fault(
        name="decay-of-the-wrong-thing",
        family="generalisation",
        cause="regularisation-too-strong",
        level=1,
        symptoms=("score-low", "loss-stays", "loss-high"),
        why="The weights are given the decay of the learning rate, which is near one, as their own: every step "
        "pulls them to zero faster than the loss can push them away.",
        fix="Weights decay by WEIGHT_DECAY.",
        prevention="Log the norm of the weights: it should not fall from the first step on.",
        edits={
            "spirals": (
                ('{"params": weights, "weight_decay": WEIGHT_DECAY}', '{"params": weights, "weight_decay": DECAY}'),
            ),
        },
    ),
    Fault(
        name="decay-over-rate",
        family="generalisation",
        cause="regularisation-too-strong",
        level=1,
        symptoms=("score-low", "loss-stays", "loss-high"),
        why="AdamW multiplies the decay by the learning rate itself; here it is divided by it beforehand, so "
        "that every step takes a tenth of every weight away.",
        fix="Give AdamW the decay as it is.",
        prevention="Log the norm of the weights: it should not fall from the first step on.",
        edits={"heating": (("weight_decay=WEIGHT_DECAY)", "weight_decay=WEIGHT_DECAY / LEARNING_RATE)"),)},
    ),
    Fault(
        name="shares-swapped",
        family="generalisation",
        cause="too-little-data",
        level=2,
        symptoms=("score-low", "gap", "loss-high"),
        why="The share of the validation data is used for training: the network learns from a small part and "
        "is validated on the large one.",
        fix="Training gets what validation leaves.",
        prevention="Log how many rows each part has.",
        edits={
            "dialects": (
                (
                    "n_train = N_STRINGS - round(VALIDATION_SHARE * N_STRINGS)",
                    "n_train = round(VALIDATION_SHARE * N_STRINGS)",
                ),
            ),
        },
        also={"dialects": ("    return Data(X[:n_train], y[:n_train], X[n_train:], y[n_train:])\n",)},
    ),
    Fault(
        name="rows-counted-in-batches",
        family="generalisation",
        cause="too-little-data",
        level=2,
        symptoms=("score-low", "gap"),
        why="The number of training rows is divided by the batch size: so many batches there should be, and so "
        "many rows there are.",
        fix="Split by numbers of rows; batches are made in training.",
        prevention="Log how many rows each part has.",
        edits={
            "heating": (
                ("n_train = round(TRAIN_SHARE * N_HOUSES)", "n_train = round(TRAIN_SHARE * N_HOUSES) // BATCH_SIZE"),
            ),
        },
    ),
    Fault(
        name="shared-out-among-signs",
        family="generalisation",
        cause="too-little-data",
        level=2,
        symptoms=("score-low", "gap"),
        why="The number of pictures is already one for each class and is divided by the number of classes once "
        "more: a fifth of the data is left.",
        fix="Take N_PER_SIGN pictures of every sign.",
        prevention="Log how many rows each part has, and of which classes.",
        edits={
            "glyphs": (
                (
                    "np.repeat(np.arange(len(SIGNS)), N_PER_SIGN)",
                    "np.repeat(np.arange(len(SIGNS)), N_PER_SIGN // len(SIGNS))",
                ),
            ),
        },
    ),
)

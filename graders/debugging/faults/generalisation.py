"""Faults that make a network fail on new data, or regularise it so strongly that it cannot learn."""

from __future__ import annotations

from graders.debugging.faults.fault import Fault

FAULTS = (
    Fault(
        name="shift-of-zero",
        family="generalisation",
        cause="regularisation-off",
        level=2,
        symptoms=("score-low", "gap"),
        why="Numbers between -1 and 1 are truncated to integers before they are multiplied by SHIFT. All of them "
        "become zero, so no picture is ever moved, and the network only sees signs in the middle.",
        fix="Draw integers from -SHIFT to SHIFT, both ends included: randint(-SHIFT, SHIFT + 1).",
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
        why="torch.roll returns a new tensor and leaves its argument unchanged. Here the new tensor is discarded, and "
        "the pictures are returned unmoved.",
        fix="Return the result of torch.roll.",
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
        why="The pictures are moved once, before training, all by the same number of pixels, so the network sees the "
        "signs in the same place in every epoch.",
        fix="Draw a new shift for every batch.",
        prevention="Assert that the same row looks different in two epochs.",
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
        why="nn.Dropout takes the probability of dropping a feature but gets the probability of keeping it, so nearly "
        "all features are dropped in every step.",
        fix="Use nn.Dropout(DROPOUT).",
        prevention="Assert that the training loss without dropout is not far below the loss with it.",
        edits={"glyphs": (("nn.Dropout(DROPOUT)", "nn.Dropout(1 - DROPOUT)"),)},
    ),
    Fault(
        name="decay-of-the-wrong-thing",
        family="generalisation",
        cause="regularisation-too-strong",
        level=1,
        symptoms=("score-low", "loss-stays", "loss-high"),
        why="The decay factor of the learning rate, which is near 1, is used as the weight decay, so every step pulls "
        "the weights towards zero faster than the loss can push them away.",
        fix="Use WEIGHT_DECAY for the weights.",
        prevention="Log the norm of the weights: it should not shrink from the very first step.",
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
        why="AdamW multiplies the decay by the learning rate. Here the decay is first divided by the learning rate, "
        "so every step removes a tenth of every weight.",
        fix="Pass AdamW the decay unchanged.",
        prevention="Log the norm of the weights: it should not shrink from the very first step.",
        edits={"heating": (("weight_decay=WEIGHT_DECAY)", "weight_decay=WEIGHT_DECAY / LEARNING_RATE)"),)},
    ),
    Fault(
        name="shares-swapped",
        family="generalisation",
        cause="too-little-data",
        level=2,
        symptoms=("score-low", "gap", "loss-high"),
        why="Training gets the share meant for validation: the network learns from the small part and "
        ""
        "is validated on the large one.",
        fix="Give training the rows that validation does not use.",
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
        why="The number of training rows is divided by the batch size, so the number of batches is used as the number "
        "of rows.",
        fix="Use the number of rows for the split. The training loop makes the batches.",
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
        why="N_PER_SIGN already counts the pictures of a single class, but it is divided by the number of classes "
        "again, so only a fifth of the data is left.",
        fix="Take N_PER_SIGN pictures of every sign.",
        prevention="Log how many rows of each class each part has.",
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

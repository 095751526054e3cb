"""Faults in the data, such as mismatched targets, wrong scaling, a bad order or missing rows."""

from __future__ import annotations

from graders.debugging.faults.fault import Fault

FAULTS = (
    Fault(
        name="two-permutations",
        family="data",
        cause="labels-misaligned",
        level=1,
        symptoms=("score-low",),
        why="Inputs and targets are shuffled separately, so that each row gets the target of some other row.",
        fix="Draw one permutation and use it for both.",
        prevention="Assert for a few rows that input and target still form the original pair.",
        edits={
            "dialects": (
                (
                    "    mixed = torch.tensor(rng.permutation(N_STRINGS))\n    X, y = X[mixed], y[mixed]\n",
                    "    X = X[torch.tensor(rng.permutation(N_STRINGS))]\n"
                    "    y = y[torch.tensor(rng.permutation(N_STRINGS))]\n",
                ),
            ),
        },
    ),
    Fault(
        name="targets-in-file-order",
        family="data",
        cause="labels-misaligned",
        level=1,
        symptoms=("score-low",),
        why="The inputs of a batch are drawn at random, but its targets are taken in the order of the data, so each "
        "input is paired with the target of some other row.",
        fix="Index inputs and targets with the same row numbers.",
        prevention="Keep each pair in one object, or assert for a few rows that they still belong together.",
        edits={
            "spirals": (
                (
                    "        for rows in order.split(BATCH_SIZE):\n"
                    "            X, y = data.X_train[rows], data.y_train[rows]\n",
                    "        batches = zip(order.split(BATCH_SIZE), data.y_train.split(BATCH_SIZE), strict=True)\n"
                    "        for rows, y in batches:\n"
                    "            X = data.X_train[rows]\n",
                ),
            ),
            "heating": (
                (
                    "        for rows in order.split(BATCH_SIZE):\n            X, y = X_train[rows], y_train[rows]\n",
                    "        batches = zip(order.split(BATCH_SIZE), y_train.split(BATCH_SIZE), strict=True)\n"
                    "        for rows, y in batches:\n"
                    "            X = X_train[rows]\n",
                ),
            ),
            "glyphs": (
                (
                    "        for rows in order.split(BATCH_SIZE):\n"
                    "            X, y = shifted(pictures[rows]), data.y_train[rows]\n",
                    "        batches = zip(order.split(BATCH_SIZE), data.y_train.split(BATCH_SIZE), strict=True)\n"
                    "        for rows, y in batches:\n"
                    "            X = shifted(pictures[rows])\n",
                ),
            ),
        },
    ),
    Fault(
        name="two-classes-in-one",
        family="data",
        cause="targets-wrong",
        level=2,
        symptoms=("score-low",),
        why="The class numbers run from 0 to n - 1, but they are mapped to a range that ends one number earlier. Two "
        "classes become one, and the network never learns to tell them apart.",
        fix="Keep the numbers as they are drawn: the highest one is n - 1.",
        prevention="Before training, count how often each class occurs, and check that none is missing.",
        edits={
            "spirals": (("float32), torch.tensor(arm)\n", "float32), torch.tensor(arm.clip(0, N_ARMS - 2))\n"),),
            "glyphs": (("torch.tensor(labels)\n", "torch.tensor(labels % (len(SIGNS) - 1))\n"),),
            "dialects": (
                (
                    "torch.tensor(strings), torch.tensor(dialects)",
                    "torch.tensor(strings), torch.tensor(dialects.clip(max=N_DIALECTS - 2))",
                ),
            ),
        },
    ),
    Fault(
        name="targets-cut-off",
        family="data",
        cause="targets-wrong",
        level=2,
        symptoms=("score-low",),
        why="Targets are clipped at a value that many of them exceed. The network learns this limit, and never "
        "predicts a larger value.",
        fix="Keep the targets as they were measured. If a sensor saturates, leave out the rows that it affects.",
        prevention="Plot a histogram of the targets: a peak at one end means that they were clipped.",
        edits={"heating": (("torch.tensor(heat, dtype", "torch.tensor(heat.clip(0, 60), dtype"),)},
    ),
    Fault(
        name="smoothing-swapped",
        family="data",
        cause="targets-wrong",
        level=1,
        symptoms=("loss-stays",),
        why="Label smoothing gives the small share to the right class and spreads the large one over all classes: the "
        "targets are almost uniform, and so are the probabilities that the network learns.",
        fix="Give (1 - SMOOTHING) to the right class and divide SMOOTHING among all classes.",
        prevention="Print one row of the targets: the right class must have a probability of nearly 1.",
        edits={
            "dialects": (
                (
                    "(1 - SMOOTHING) * F.one_hot(y, N_DIALECTS) + SMOOTHING / N_DIALECTS",
                    "SMOOTHING * F.one_hot(y, N_DIALECTS) + (1 - SMOOTHING) / N_DIALECTS",
                ),
            ),
        },
    ),
    Fault(
        name="scale-never-fitted",
        family="data",
        cause="inputs-not-scaled",
        level=1,
        symptoms=("score-low", "loss-explodes", "loss-high"),
        why="Until fit_scale sets other values, the network scales its inputs with mean 0 and standard deviation 1, "
        "which changes nothing. fit_scale is never called, so values in the hundreds enter layers that were "
        "initialised for values near 1.",
        fix="Call fit_scale with the training inputs before the first step.",
        prevention="Assert for the first batch that the inputs of the first layer have a mean near 0 and a standard "
        "deviation near 1.",
        edits={
            "spirals": (("    model.fit_scale(data.X_train)\n", ""),),
            "sensors": (("    model.fit_scale(data.X_train)\n", ""),),
        },
    ),
    Fault(
        name="statistics-of-the-question",
        family="data",
        cause="inputs-scaled-differently",
        level=2,
        symptoms=("pieces-low",),
        why="predict scales its inputs with their own mean and standard deviation, not with those of the training "
        "data. For a large sample, the two are nearly the same. When predict gets only a few rows at a time, each "
        "prediction depends on the other rows.",
        fix="Store the scale of the training inputs in the model, and use it in predict.",
        prevention="Test that predict gives the same answer for a row by itself and for that row in a batch.",
        edits={"heating": (("model(model.X_scale.apply(X))", "model(Scale.of(X).apply(X))"),)},
    ),
    Fault(
        name="predict-without-scaling",
        family="data",
        cause="inputs-scaled-differently",
        level=1,
        symptoms=("score-low",),
        why="Training scales its inputs, but predict passes them to the network unscaled: the network gets numbers "
        "unlike any that it was trained on.",
        fix="Scale in predict as in training, with the same function.",
        prevention="Let the network do its own scaling, so that no caller can forget it.",
        edits={
            "heating": (("model(model.X_scale.apply(X))", "model(X)"),),
        },
    ),
    Fault(
        name="predict-scales-otherwise",
        family="data",
        cause="inputs-scaled-differently",
        level=2,
        symptoms=("score-low",),
        why="Training and predict scale the pixels to different ranges. The ranges are close enough for the "
        "predictions to seem plausible, and different enough to make many of them wrong.",
        fix="Use the same function in both places.",
        prevention="Let the network do its own scaling, so that it happens in one place only.",
        edits={"glyphs": (("return model(scaled(X)).argmax(dim=1)", "return model(X / 127.5 - 1).argmax(dim=1)"),)},
    ),
    Fault(
        name="sign-after-sign",
        family="data",
        cause="not-shuffled",
        level=2,
        symptoms=("score-low", "loss-high"),
        why="The training data are sorted by class, and batches are taken in that order. Each batch holds only one or "
        "two classes, and each step undoes what earlier steps have learned.",
        fix="Draw a new permutation of the rows in every epoch.",
        prevention="Log which classes the first batch holds.",
        edits={"glyphs": (("order = torch.randperm(len(pictures))", "order = torch.arange(len(pictures))"),)},
    ),
    Fault(
        name="last-class-never-drawn",
        family="data",
        cause="data-left-out",
        level=2,
        symptoms=("score-low", "rows-unseen"),
        why="The permutation is one class too short: rows of the last class are never drawn, and the network "
        "never learns that this class exists.",
        fix="Permute all rows: there are len(data.y_train) of them.",
        prevention="Assert that an epoch uses every row once.",
        edits={
            "glyphs": (("torch.randperm(len(pictures))", "torch.randperm(N_PER_SIGN * (len(SIGNS) - 1))"),),
        },
    ),
    Fault(
        name="batches-overlap",
        family="data",
        cause="data-left-out",
        level=2,
        symptoms=("rows-unseen",),
        why="Batch number k begins at row k instead of row k * BATCH_SIZE, so the batches overlap, and an epoch uses "
        "the same few rows again and again.",
        fix="Begin batch k at row k * BATCH_SIZE.",
        prevention="Assert that an epoch uses every row once.",
        edits={"sensors": (("order[k * BATCH_SIZE : (k + 1) * BATCH_SIZE]", "order[k : k + BATCH_SIZE]"),)},
    ),
    Fault(
        name="counted-on-the-other-part",
        family="data",
        cause="data-left-out",
        level=2,
        symptoms=("rows-unseen", "score-low"),
        why="The permutation is as long as the validation data, which have fewer rows, so training rows beyond that "
        "number are never drawn.",
        fix="Permute as many rows as the training data have.",
        prevention="Assert that an epoch uses every row once.",
        edits={
            "dialects": (
                ("torch.randperm(len(data.X_train), generator", "torch.randperm(len(data.X_validation), generator"),
            ),
        },
    ),
)

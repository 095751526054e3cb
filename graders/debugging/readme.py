"""The template of a puzzle's README, with placeholders such as @SEED@."""

from __future__ import annotations

import re
from collections.abc import Mapping


def filled(values: Mapping[str, str]) -> str:
    """Return the README with these values in place of the placeholders."""
    return re.sub(r"@([A-Z]+)@", lambda found: values[found[1]], TEXT)


TEXT = """\
# @TITLE@

@ABOUT@

@FAULTS@ into the program. A training run with seed 0 and @EPOCHS@ epochs shows this symptom:

> @SYMPTOM@

`program.py` has the entry points `load_data(seed)`, `build_model(seed)`, `train(model, data, epochs=…, seed=…)` and
`predict(model, X)`. `train` returns a history: `loss`, `train_@METRIC@` and `validation_@METRIC@`, one entry per epoch.
Keep the names, the data, the network, the number of steps and the batch size: fix what is broken and leave the rest.

In this folder:

    python program.py                 # trains once, with seed 0 and @EPOCHS@ epochs

In the root of the repository:

    pytest katas/debug/@SEED@         # the symptom in numbers, for seeds 0 and 1, and whether the diagnosis is complete
    katas debug hint @SEED@           # the next of three hints, from general to specific
    katas debug grade @SEED@          # the verdict
    katas debug solution @SEED@       # after a graded attempt

Attempts and hints are recorded in this folder and cost nothing; try as often as you like.
[docs/debugging.md](../../../docs/debugging.md) explains how to look for such faults, and which symptom points where.

## The diagnosis

Fill in `diagnosis.toml`, @TABLES@:

- `cause`: a name from the list below.
- `file` and `line`: the line of the fault. Give one that the fix changes, not a later line that shows the effect. If
  something is missing, give a line next to the gap. Lines are counted from 1 in the original `program.py`, so note the
  number before you fix the program.
- `why`, `fix`, `prevention`: one sentence each. How does the cause lead to the symptom? How do you fix it? What would
  have reported it at once? These are not graded, however short they are. Write them for yourself, and compare them with
  those in the solution.

## What is graded

| Task | Points | What is checked |
|---|---|---|
| The program is healthy (`heals`) | 5 | losses, scores on fresh data, the history's claims, rows, memory, time |
| It is still the same program (`program`) | 3 | parameters, data, epochs, steps, batches, `predict` |
| Cause and line (`diagnosis`) | 2 | `cause` and `line` in `diagnosis.toml`.@HALF@ |

The second task is graded only if the first passes; the third is independent.

## How to go about it

First say which number the symptom is about, and what a healthy run would give. Then bisect the path from the data to
that number. Print one batch, the first loss and the loss from guessing, the gradient of every parameter, and how far a
step moves it. Try to overfit eight rows. Accept a cause only if some measurement would differ without it. Change one
thing at a time.

## Causes

@CAUSES@
"""

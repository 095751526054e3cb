"""The README of a puzzle: its text, with names between @ for what differs."""

from __future__ import annotations

import re
from collections.abc import Mapping


def filled(values: Mapping[str, str]) -> str:
    """The text with these values."""
    return re.sub(r"@([A-Z]+)@", lambda found: values[found[1]], TEXT)


TEXT = """\
# @TITLE@

@ABOUT@

@FAULTS@ into it. What is seen of that, with seed 0:

> @SYMPTOM@

The entry points of `program.py`: `load_data(seed)`, `build_model(seed)`, `train(model, data, epochs=…, seed=…)`, which
returns a history (`loss`, `train_@METRIC@` and `validation_@METRIC@`, an entry an epoch), and
`predict(model, X)`. `python program.py` trains once. Keep their names, the data, the network, the number of steps and
the size of batches: mend what is broken and leave the rest.

Write into `diagnosis.toml`, tables @TABLES@: the cause (a name from the list below), the file, a line of
`program.py` as it was handed out, why it leads to what is seen, the fix, and what would have reported it at once.

## What is graded

| Task | Points | What is looked at |
|---|---|---|
| The program is healthy | 5 | losses, scores on fresh data, what the history claims, rows, memory, time |
| It is still the same program | 3 | parameters, data, epochs, steps, batches; `predict` asks the network alone |
| Cause and line | 2 | the cause and a line in `diagnosis.toml`.@HALF@ |

    pytest katas/debug/@SEED@         # the symptom in numbers, and the form of the diagnosis
    katas debug grade @SEED@          # the verdict
    katas debug solution @SEED@       # after a graded try

## How to go about it

Say first what is measured and what a healthy run would give. Then halve the way from the data to the number: print one
batch, the first loss beside what guessing gives, the gradient of every parameter, what a step changes, and learn eight
rows by heart. Believe a cause only when a measurement would come out otherwise without it. Change one thing at a time.

@HINTS@

## Causes

@CAUSES@
"""

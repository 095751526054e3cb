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

@FAULTS@ into it. What is seen of that in a training with seed 0, @EPOCHS@ epochs:

> @SYMPTOM@

The entry points of `program.py`: `load_data(seed)`, `build_model(seed)`, `train(model, data, epochs=…, seed=…)`, which
returns a history (`loss`, `train_@METRIC@` and `validation_@METRIC@`, an entry an epoch), and
`predict(model, X)`. Keep their names, the data, the network, the number of steps and the size of batches: mend what is
broken and leave the rest.

In this folder:

    python program.py                 # trains once, with seed 0 and @EPOCHS@ epochs

In the root of the repository:

    pytest katas/debug/@SEED@         # the symptom in numbers, with the seeds 0 and 1, and the form of the diagnosis
    katas debug hint @SEED@           # the next of three hints, from general to specific
    katas debug grade @SEED@          # the verdict
    katas debug solution @SEED@       # after a graded try

Tries and hints are noted in this folder and cost nothing; try as often as you like. How to look for such things, and
which symptom points where, is told in [docs/debugging.md](../../../docs/debugging.md).

## The diagnosis

Fill in `diagnosis.toml`, @TABLES@:

- `cause`: a name from the list below.
- `file` and `line`: the line where the fault stands, that is, one that the cure changes; not one further on, where its
  effect is seen. Where something is missing it is a line beside the gap. Lines are counted from 1 in `program.py` as
  it was handed out: note the number before you mend.
- `why`, `fix`, `prevention`: in a sentence each, how that leads to what is seen, how it is mended, and what would have
  reported it at once. They are not marked, however short they are. Write them for yourself, and compare them with the
  solution's.

## What is graded

| Task | Points | What is looked at |
|---|---|---|
| The program is healthy (`heals`) | 5 | losses, scores on fresh data, what the history claims, rows, memory, time |
| It is still the same program (`program`) | 3 | parameters, data, epochs, steps, batches; what `predict` asks |
| Cause and line (`diagnosis`) | 2 | `cause` and `line` in `diagnosis.toml`.@HALF@ |

The second is looked at when the first is passed; the third by itself.

## How to go about it

Say first what is measured and what a healthy run would give. Then halve the way from the data to the number: print one
batch, the first loss beside what guessing gives, the gradient of every parameter, what a step changes, and overfit
eight rows. Believe a cause only when a measurement would come out otherwise without it. Change one thing at a time.

## Causes

@CAUSES@
"""

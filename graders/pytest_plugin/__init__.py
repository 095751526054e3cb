"""The pytest plugin that runs a kata's tests, explains their failures and diagnoses misconceptions.

plugin             marks, fixtures and options, the same for learners and for the judge
items              the kata and the task of a collected test
pytest_internals   the private parts of pytest that this package uses
cases              runs a test function on its cases, and has a failing one reduced
handle             the `kata` object of a test

What a failure says, in the order in which it is found out:

repetition         whether the wrong answer depends on earlier calls
parts              which part of the answer was compared
outcome            the expected and the actual value, as code
excerpt            what a program needs of the probes' file
counterexample     the program, made of all these
explanation        the message in plain words
diagnosis          the misconception that fits, with observation_cache

Learner mode alone, in which the submission runs in the pytest process:

learner_mode       pytest's hooks; point_tally counts the points
local_side         runs the submission; local_state keeps what it changes to itself
local_rules        refuses what a worker refuses; local_faults reports what it raises
local_diagnosis    the same as diagnosis, with the learner's files
"""

import os
import sys

# As in a worker, matrices are multiplied by one thread. On a busy machine, several threads wait for each other, and a
# training that takes one second can take a minute. NumPy and PyTorch read these variables when they are imported.
if "numpy" not in sys.modules:
    for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(_name, "1")

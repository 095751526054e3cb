"""The pytest plugin that runs a kata's tests, explains their failures and diagnoses misconceptions."""

import os
import sys

# As in a worker, matrices are multiplied by one thread. On a busy machine, several threads wait for each other, and a
# training that takes one second can take a minute. NumPy and PyTorch read these variables when they are imported.
if "numpy" not in sys.modules:
    for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(_name, "1")

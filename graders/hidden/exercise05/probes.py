"""Run beside a submission; they report what they saw and judge nothing."""

import copy

from graders.worker.layouts import LAYOUTS


def answers_and_arguments(submission, name, layout, arguments, others):
    """What `name` returns for arrays laid out in memory as `layout` says: at once, and as it is after other calls.

    Then those arrays as they are after the first call, what is returned with one of them replaced by another, for each
    in turn, and what is returned for them once they hold other numbers.

    Shown as:
        # {name} is called with arrays whose memory layout is {layout}: {arguments:brief}
        # It is called again, with some or all of them replaced by {others:brief}
        # Then these numbers are written into the first arrays, and it is called with those once more.
    """
    call, laid_out = getattr(submission, name), [LAYOUTS[layout](array) for array in arguments]
    answer = call(*laid_out)
    returned, after = copy.deepcopy(answer), [array.copy() for array in laid_out]
    call(*others)
    mixed = [copy.deepcopy(call(*replaced(laid_out, i, others))) for i in range(len(laid_out))]
    at_last = copy.deepcopy(answer)
    for array, other in zip(laid_out, others, strict=True):
        array[...] = other
    return [returned, at_last, after, mixed, call(*laid_out)]


def replaced(arrays, i, others):
    """The arrays, with the i-th of the others in the i-th place."""
    return [*arrays[:i], others[i], *arrays[i + 1 :]]

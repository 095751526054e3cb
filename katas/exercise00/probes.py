"""Functions that the tests run in the same process as your code. They return what they observe; the tests judge it."""


def row_after_row(submission, table):
    """The number of calls of normalise_rows: one for each row of the table.

    Shown as:
        len([normalise_rows(table[k : k + 1]) for k in range(len(table))])
    """
    return len([submission.normalise_rows(table[k : k + 1]) for k in range(len(table))])

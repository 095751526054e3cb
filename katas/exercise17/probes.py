"""Functions that the tests run in the same process as your code. They return what they observe; the tests judge it."""


def encode_and_arguments(submission, text, merges):
    """The ids of the text, and then the merges as they are after the call.

    Shown as:
        encode(text, merges), merges
    """
    return [submission.encode(text, merges), merges]


def decode_and_arguments(submission, ids, merges):
    """The text of the ids, and then the ids and the merges as they are after the call.

    Shown as:
        decode(ids, merges), ids, merges
    """
    return [submission.decode(ids, merges), ids, merges]


def there_and_back(submission, text, merges):
    """The text that decode returns for the result of encode.

    Shown as:
        decode(encode(text, merges), merges)
    """
    return submission.decode(submission.encode(text, merges), merges)

"""Run beside the submission; they report."""


def arguments_after_call(submission, name, *arguments):
    """The arguments as they are once the function was called with them."""
    getattr(submission, name)(*arguments)
    return list(arguments)

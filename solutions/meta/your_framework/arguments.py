"""Arguments that PyTorch has and this package doesn't."""


def refuse(owner, **arguments):
    """Raise NotImplementedError for an argument that doesn't have the only value supported here.

    Each argument is name=(value, supported value). Functions have PyTorch's arguments even where they support only the
    default, so that a program for PyTorch either works the same here or stops with a message that says why.
    """
    for name, (value, supported) in arguments.items():
        same = value is supported or (isinstance(value, (bool, int, float, str)) and value == supported)
        if not same:
            raise NotImplementedError(f"{owner}: {name}={value!r} isn't supported, only {name}={supported!r}")

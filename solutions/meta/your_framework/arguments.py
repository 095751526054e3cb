"""Arguments that PyTorch has and this package doesn't.

Functions have PyTorch's arguments even where they support only the default, so that a program for PyTorch either works
the same here or stops with a message that says why.
"""

SUPPORTED = {  # the only supported value of each of these arguments, which is PyTorch's default
    # of functions that make tensors, and of methods of a tensor
    "out": None,
    "layout": None,
    "pin_memory": False,
    "memory_format": None,
    "rounding_mode": None,
    "alpha": 1,  # in place, except in add_ and sub_
    "create_graph": False,
    "inputs": None,
    # of modules and layers
    "persistent": True,
    "memo": None,
    "destination": None,
    "assign": False,
    "inplace": False,
    "return_indices": False,
    "max_norm": None,
    "scale_grad_by_freq": False,
    "sparse": False,
    # of optimisers
    "capturable": False,
    "differentiable": False,
    # of DataLoader
    "num_workers": 0,
    "timeout": 0,
    "worker_init_fn": None,
    "multiprocessing_context": None,
    "prefetch_factor": None,
    "persistent_workers": False,
    "pin_memory_device": "",
    "in_order": True,
}


def refuse(owner, **arguments):
    """Raise NotImplementedError for an argument (name=value) that doesn't have the only value supported here."""
    for name, value in arguments.items():
        supported = SUPPORTED[name]
        same = value is supported or (isinstance(value, (bool, int, float, str)) and value == supported)
        if not same:
            raise NotImplementedError(f"{owner}: {name}={value!r} isn't supported, only {name}={supported!r}")

"""Functions that the tests run in the same process as your code. They return what they observe; the tests judge it.

Your state may be any object, so it stays in this process.
"""

import copy

import numpy as np


def path(submission, optimizer, param, grads, settings):
    """The parameter after each step, and the last answer. The first answer that isn't a pair is the last.

    Each step has its own gradient and its own settings, such as the learning rate.

    Shown as:
        state, path = (), []  # no state in the first call
        for grad, setting in zip(grads, settings):
            answer = {optimizer}(param, grad, *state, **setting)
            if not isinstance(answer, tuple | list) or len(answer) != 2:
                break
            param, *state = answer
            path.append(param.copy())
        {{'path': path, 'answer': answer}}
    """
    state, path, answer = (), [], None
    for grad, setting in zip(grads, settings, strict=True):
        answer = getattr(submission, optimizer)(param, grad, *state, **setting)
        if not isinstance(answer, tuple | list) or len(answer) != 2:
            return {"path": path, "answer": answer}
        param, *state = answer
        path.append(copy.deepcopy(param))
    return {"path": path, "answer": (None, None)}  # a pair, whose parts are the last of the path and the state


def paths_in_turns(submission, optimizer, params, grads, settings):
    """The parameters after each step of each parameter. The parameters take turns, and each has its own state.

    The first answer that isn't a pair ends it.

    Shown as:
        states, path, wrong = [None] * len(params), [], []
        for row, setting in zip(grads, settings):
            for i, grad in enumerate(row):
                answer = {optimizer}(params[i], grad, states[i], **setting)
                if isinstance(answer, tuple | list) and len(answer) == 2:
                    params[i], states[i] = answer
                    path.append(params[i].copy())
                else:
                    wrong.append(answer)
        {{'path': path, 'answer': wrong[0] if wrong else answer}}
    """
    params, states, path = list(params), [None] * len(params), []
    for row, setting in zip(grads, settings, strict=True):
        for i, grad in enumerate(row):
            answer = getattr(submission, optimizer)(params[i], grad, states[i], **setting)
            if not isinstance(answer, tuple | list) or len(answer) != 2:
                return {"path": path, "answer": answer}
            params[i], states[i] = answer
            path.append(copy.deepcopy(params[i]))
    return {"path": path, "answer": (None, None)}


def arguments_and_results(submission, optimizer, param, grads, settings):
    """All parameters as they are after the last step, the given one first; and each gradient as it is after its step.

    All gradients are in the same array, whose numbers are replaced before each step.

    Shown as:
        params, grad, state, left = [param], grads[0].copy(), None, []
        for numbers, setting in zip(grads, settings):
            grad[...] = numbers
            new_param, state = {optimizer}(params[-1], grad, state, **setting)
            params.append(new_param)
            left.append(grad.copy())
        params, left
    """
    params, grad, state, left = [param], np.array(grads[0]), None, []
    for numbers, setting in zip(grads, settings, strict=True):
        grad[...] = numbers
        new_param, state = getattr(submission, optimizer)(params[-1], grad, state, **setting)
        params.append(new_param)
        left.append(grad.copy())
    return params, left


def clipped(submission, grads, max_norm):
    """The clipped gradients, and then the gradients that were passed, both as they are after the call.

    Shown as:
        clip_by_norm(grads, max_norm)[0], grads
    """
    answer = submission.clip_by_norm(grads, max_norm)
    return list(answer[0]), grads

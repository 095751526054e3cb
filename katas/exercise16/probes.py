"""Functions that the tests run in the same process as your code. They return what they observe; the tests judge it.

Your cache may be any object, so it stays in this process.
"""

import copy


def outputs_and_state(submission, x, h0, c0, W_x, W_h, b):
    """What lstm returns, without the cache.

    Shown as:
        outputs, h, c, cache = lstm(x, h0, c0, W_x, W_h, b)
        outputs, h, c
    """
    answer = submission.lstm(x, h0, c0, W_x, W_h, b)
    return answer[:3] if isinstance(answer, tuple | list) and len(answer) == 4 else {"lstm": answer}


def gradients(submission, x, h0, c0, W_x, W_h, b, doutputs, dh, dc):
    """What lstm_gradient returns for the cache of lstm.

    Shown as:
        outputs, h, c, cache = lstm(x, h0, c0, W_x, W_h, b)
        lstm_gradient(doutputs, dh, dc, cache, W_x, W_h)
    """
    answer = submission.lstm(x, h0, c0, W_x, W_h, b)
    if not isinstance(answer, tuple | list) or len(answer) != 4:
        return {"lstm": answer}
    return submission.lstm_gradient(doutputs, dh, dc, answer[3], W_x, W_h)


def gradients_of_pieces(submission, pieces, h0, c0, W_x, W_h, b, doutputs):
    """The gradients for a sequence that is read in pieces, first each piece in turn, and then backwards.

    Shown as:
        h, c, caches, answers = h0, c0, [], []
        for x in pieces:
            outputs, h, c, cache = lstm(x, h, c, W_x, W_h, b)
            caches.append(cache)
        dh, dc = 0 * h, 0 * c
        for doutput, cache in zip(doutputs[::-1], caches[::-1]):
            answers.append(lstm_gradient(doutput, dh, dc, cache, W_x, W_h))
            dh, dc = answers[-1][1:3]
        answers[::-1]
    """
    h, c, caches, answers = h0, c0, [], []
    for x in pieces:
        answer = submission.lstm(x, h, c, W_x, W_h, b)
        if not isinstance(answer, tuple | list) or len(answer) != 4:
            return {"lstm": answer}
        h, c = copy.deepcopy(answer[1]), copy.deepcopy(answer[2])
        caches.append(answer[3])
    dh, dc = 0 * h, 0 * c
    for doutput, cache in zip(doutputs[::-1], caches[::-1], strict=True):
        answers.append(copy.deepcopy(submission.lstm_gradient(doutput, dh, dc, cache, W_x, W_h)))
        if not isinstance(answers[-1], tuple | list) or len(answers[-1]) != 6:
            return {"lstm_gradient": answers[-1]}
        dh, dc = copy.deepcopy(answers[-1][1]), copy.deepcopy(answers[-1][2])
    return answers[::-1]


def arguments_after(submission, x, h0, c0, W_x, W_h, b, doutputs, dh, dc):
    """The arguments as they are after lstm and lstm_gradient, and the outputs before and after lstm_gradient.

    Shown as:
        outputs, h, c, cache = lstm(x, h0, c0, W_x, W_h, b)
        before = outputs.copy(), h.copy(), c.copy()
        lstm_gradient(doutputs, dh, dc, cache, W_x, W_h)
        (x, h0, c0, W_x, W_h, b, doutputs, dh, dc), before, (outputs, h, c)
    """
    *answers, cache = submission.lstm(x, h0, c0, W_x, W_h, b)
    before = copy.deepcopy(answers)
    submission.lstm_gradient(doutputs, dh, dc, cache, W_x, W_h)
    return [x, h0, c0, W_x, W_h, b, doutputs, dh, dc], before, answers

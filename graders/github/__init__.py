"""Grades an untrusted pull request, in three jobs that trust each other as little as possible.

    intake      reads the request through the server's API and takes the declared files of its katas, without a checkout
    grading     grades these files on a fresh machine that holds no secret
    reporting   validates the verdicts and writes them to the request; this is the only job with write permission

Each is a command, `python -m graders.github intake | grade | report`, which .github/workflows/official.yml calls. The
first two jobs each pass one JSON file to the next job (records.py). The request's number and commit determine which
request a report is written to. They go from the first job to the last without passing through the machine that runs the
submission.
"""

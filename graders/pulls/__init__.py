"""Grading a stranger's pull request, in three jobs that trust each other as little as they must.

    intake      reads the request by the server's API and takes the declared files of its katas; no tree is checked out
    grading     grades what was taken, on a fresh machine that holds no secret
    reporting   validates what came of it and writes it to the request; the only job that may write

Each is a command, `python -m graders.pulls intake | grade | report`, which .github/workflows/official.yml calls. They
hand each other one JSON file each (records.py). What decides whom a report is about, the request's number and commit,
goes from the first job to the last past the machine on which the submission was run.
"""

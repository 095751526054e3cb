"""Grade untrusted pull requests, and collect students' private repositories and give feedback back to them.

A pull request is graded in three jobs that trust each other as little as possible.

    intake      reads the request through the server's API and takes the declared files of its katas, without a checkout
    grading     grades these files on a fresh machine that holds no secret
    reporting   validates the verdicts and writes them to the request; this is the only job with write permission

The workflow .github/workflows/official.yml runs these jobs as `python -m graders.github intake | grade | report`. Each
of the first two jobs writes one JSON file, whose content records.py defines. The last job writes its report to the
request with the number and the commit that the first job has found. These two values do not pass through the machine
that runs the submission.

The commands `katas collect` and `katas handback` work on the private repositories of a course:

    remotes       reaches a repository with git and the API, within limits
    collecting    takes everyone's last push and its time
    handing_back  gives feedback as a commit status, an issue or a branch
    commands      the two commands
"""

"""A course: one command grades the submissions of a cohort, and the gradebook turns the verdicts into points.

submissions      reads a folder of submissions: who submitted what, and when
blobs            stores the submissions' files by digest
journal          the verdicts of a batch in order, which are its source of truth
pool_worker      a grading process that keeps a warm judge
executors        places to grade: processes on this machine, or a Dask cluster
running          runs jobs on an executor and collects the verdicts, even when processes die
batch            the folder of a batch
batch_run        one run over a batch: grades what has not been graded yet, and records the verdicts
verdict_files    the files that hold the current verdicts; `katas review` writes manual scores into them
results_table    the current results as CSV
reproducibility  what determines a result: the versions of the kata, the tests and the harness, and the seed
reviews          the manual scores in a batch
gradebook/       the database: import, rules, queries, removal, and the audit trail
rules            pure functions that decide which submission counts, and for how many points
regrading        regrades submissions in the gradebook after their tests have changed
statistics       pass rates, discrimination and misconceptions by task; statistics_page renders them as HTML
leaderboard      ranks people by speed, within the precision of the measurement
similarity       finds submissions that resemble each other
disk             the error message for a disk that is full or read-only
"""

"""A course: one command grades a cohort's submissions, and the gradebook turns the verdicts into points.

submissions      a folder of submissions → who submitted what, and when
blobs            the submissions' files, stored by digest
journal          the verdicts of a batch in order: its source of truth
pool_worker      a process that grades, with a judge that it keeps warm
executors        where to grade: in processes on this machine, or on a Dask cluster
running          runs jobs on an executor and collects the verdicts, even when processes die
batch            the folder of a batch
batch_run        one run over a batch: grades what is left, and writes the verdicts down
verdict_files    the files of the current verdicts; `katas review` writes manual scores into them
results_table    the current results as CSV
reproducibility  the inputs of a result: the versions of kata, tests and harness, and the seed
reviews          the manual scores in a batch
gradebook/       the database: import, rules, queries, removal, and the audit trail
rules            which submission counts, and for how many points, by late days and limits; pure functions
regrading        grades submissions of the gradebook again after tests have changed
statistics       pass rates, discrimination and misconceptions by task; statistics_page renders them as HTML
leaderboard      ranks people by speed, within the precision of the measurement
similarity       finds submissions that resemble each other
disk             one message for a disk that is full or read-only
"""

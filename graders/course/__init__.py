"""Grade the submissions of a cohort, and turn the verdicts into points in a gradebook.

sources          lists the top level of a folder or a .zip with the submissions of a course
downloads        recognises the names in downloads from Canvas, Moodle and Gradescope
gradescope       reads the people and times in a Gradescope export
submissions      finds the people in a folder of submissions, with their files and submission times
blobs            stores submitted files by digest
rows             defines the records that a batch stores
batch_store      opens the gradebook that is the store of a batch
pool_worker      grades jobs in a process that keeps a judge running
executors        runs jobs in processes on this machine or on a Dask cluster
running          submits jobs to an executor and collects the verdicts, even if processes die
batch            locates the files in the folder of a batch
batch_run        grades the submissions of a batch that have not been graded yet
verdict_files    writes the current verdicts to files
results_table    lists the current results as CSV
reproducibility  determines the versions and the seed on which a result depends
written_files    writes all files of a batch that come from its store
final_marks      explains the final marks that pages of feedback show
review_pieces    finds the tasks that a person has to score
review_session   says what a reviewer sees of these tasks
review_queue     walks through these tasks, also with several reviewers at once
serve/           shows these tasks in a browser
reviews          stores a reviewer's scores and comments in the store of a batch
gradebook/       stores verdicts, rules and an audit trail in a database
rules            decides which submission counts, and for how many points
totals           turns a person's points for all katas into a total
roster           matches the names of submissions to the people on the roster
roster_files     reads a roster, also from files of Canvas, Moodle and Gradescope
regrading        regrades submissions in the gradebook after their tests have changed
statistics       computes pass rates, discrimination and misconceptions for every task
statistics_page  renders the statistics as HTML
leaderboard      ranks people by speed, within the precision of the measurement
similarity       finds submissions that resemble each other
disk             reports files that cannot be written
"""

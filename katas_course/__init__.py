"""Grade the submissions of a cohort, and turn the verdicts into points in a gradebook.

commands/        the commands: `katas grade-batch`, `review`, `feedback`, `gradebook`, `collect` and `handback`
gradebook/       stores verdicts, rules and an audit trail in a database
platforms/       knows Canvas, Moodle and Gradescope: their downloads, lists of people and files for points
serve/           shows the tasks that a person scores in a browser

downloads        opens a folder or a .zip with the submissions of a course
submissions      finds the people in a folder of submissions, with their files and submission times
blobs            stores submitted files by digest
batch            opens the folder of a batch and its store, and removes people from it
earlier_files    completes submissions for milestones with files for earlier katas
grading          grades the submissions of a batch, and regrades those in a gradebook
executors        runs grading jobs on this machine or on a Dask cluster, even if processes die
reproducibility  determines the versions and the seed on which a result depends
written_files    writes all files of a batch that come from its store
final_marks      explains the final marks that pages of feedback show
marked_reports   puts a final mark at the top of a report
uploads          packs pages of feedback for a learning platform
clock            shows times in the course's time zone
marking          stores manual scores
marking_queue    walks through the tasks that a person has to score, also with several reviewers at once
rules            decides which submission counts, and for how many points
totals           turns a person's points for all katas into a total
roster           matches the names of submissions to the people on the roster
identity         decides whether two sources mean the same person
roster_files     reads a roster, also from the files of learning platforms
lms_export       writes points into the files of learning platforms
statistics       computes pass rates and discrimination for every task
collecting       takes the last push from each student's private repository
handing_back     gives feedback back to these repositories
remotes          what git and a server say of a repository
"""

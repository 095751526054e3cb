"""The commands of a course: `katas grade-batch`, `review`, `feedback` and `gradebook`.

gradebook    groups the commands below, from `verdicts` on
grade_batch  grades a cohort
review       scores the tasks that a person grades
feedback     writes the reports that students get back
options      defines the options that several commands share
verdicts     imports and regrades verdicts
rules        changes the rules for katas and for the whole course
people       changes the roster, and removes people and old submissions
decisions    overrides points, excludes people, and keeps requests to regrade
results      shows points, statistics and the audit trail
export       writes points and submissions for other programs
"""

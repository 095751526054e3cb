"""The gradebook of a course: every verdict, what of it counts, and who changed what.

tables       what is kept, in SQLite or PostgreSQL; migrations/ brings older databases up to date
rules        late, best or last, attempts a day: from what was handed in to what counts; pure functions
book         the database: import, marks, rules, regrading, deletion, and the trail of all that
statistics   pass rates, discrimination and misconceptions per task
page         the statistics as a page in HTML
leaderboard  who is fastest, as far as the measurement can tell
similar      submissions that look like each other
"""

from graders.gradebook.book import Gradebook

__all__ = ["Gradebook"]

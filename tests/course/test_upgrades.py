"""Gradebooks of earlier versions open, and keep their content."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from graders.course.gradebook import Gradebook, database
from tests.course.books import moment

URLS = ["sqlite", "postgresql"]


def make_old(url: str, revision: str) -> None:
    """Make the tables of an older version, with a person, a submission and an extension."""
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:") if "://" in url else f"sqlite:///{url}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(database.MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        for line in (
            "INSERT INTO katas (slug, title, attempts_per_day, counts, late_percent)"
            " VALUES ('one', 'One', 0, 'best', 0)",
            "INSERT INTO people (id, name) VALUES (1, 'ada')",
            "INSERT INTO submissions (id, person_id, kata, sha256, submitted_at, batch)"
            f" VALUES (1, 1, 'one', 'a', '{moment(9)}', '')",
            f"INSERT INTO extensions (person_id, kata, due_at) VALUES (1, 'one', '{moment(12)}')",
        ):
            connection.exec_driver_sql(line)
    engine.dispose()


@pytest.mark.parametrize("url", URLS, indirect=True)
def test_gradebook_of_the_first_version_keeps_its_rows(url: str) -> None:
    make_old(url, "0001")
    with Gradebook(url) as found, found._engine.connect() as connection:
        counts = [
            connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar()
            for table in ("people", "submissions", "extensions", "roster", "decisions")
        ]
        rule = connection.execute(sa.text("SELECT grace_s, weight, category, missing FROM katas")).one()
    assert counts == [1, 1, 1, 0, 0]
    assert tuple(rule) == (0, None, "", "zero")

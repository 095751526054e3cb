"""The time zone in which a course shows times. Everything is stored in UTC."""

from __future__ import annotations

import datetime
import re
import zoneinfo
from dataclasses import dataclass

from graders.errors import KataError

UTC = "UTC"
_STORED = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")


def zone_of(name: str) -> zoneinfo.ZoneInfo:
    """Return the time zone with this name. Raises KataError if there is none."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise KataError(f"--zone {name}: there is no such time zone. Specify one such as Europe/Berlin.") from None


def unclear(time: datetime.datetime, zone: datetime.tzinfo) -> str:
    """Return what is wrong with a time without an offset that the clock shows twice or never, or an empty string."""
    early, late = (time.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if early.utcoffset() == late.utcoffset():
        return ""
    skipped = early.astimezone(datetime.UTC).astimezone(zone).replace(tzinfo=None) != time
    what = "does not exist" if skipped else "occurs twice"
    # The offsets of a skipped time are those after and before the change.
    first, second = sorted((early.isoformat(timespec="minutes"), late.isoformat(timespec="minutes")), reverse=True)
    return f"in {zone}, this time {what}, because the clocks change. Add the offset: {first} or {second}"


@dataclass(frozen=True)
class Clock:
    """Writes stored times (UTC, ISO 8601) as people in this time zone read them. Another text stays as it is."""

    zone: str = UTC

    def of(self, text: str) -> datetime.datetime | None:
        """Return the time in a text, or None if the text is not a time."""
        try:
            return datetime.datetime.fromisoformat(text).astimezone(zone_of(self.zone))
        except (ValueError, OverflowError):
            return None

    def iso(self, text: str) -> str:
        """Return a time in ISO 8601, with the offset of the zone."""
        moment = self.of(text)
        return moment.isoformat(timespec="seconds") if moment else text

    def words(self, text: str) -> str:
        """Return a time to the minute with the short name of the zone, such as `2026-05-31 23:59 CEST`."""
        moment = self.of(text)
        return f"{moment:%Y-%m-%d %H:%M %Z}" if moment else text

    def in_text(self, text: str) -> str:
        """Return a text in which every stored time has the offset of the zone."""
        return _STORED.sub(lambda found: self.iso(found[0]), text)

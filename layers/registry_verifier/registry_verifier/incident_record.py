"""Incidents and storms as DynamoDB items, and back. Knows the keys of the table; asks nothing of it.

| item     | PK                                     | SK                           |
|----------|----------------------------------------|------------------------------|
| incident | `IMG#<image>@<digest>`, as the state   | `INCIDENT#<class>#<policy>`  |
| gauge    | `CHANNEL#<channel>`                    | `STORM`                      |
| summary  | the same                               | `STORM#<when it began>`      |

GSI2 (`INCIDENTS#<yyyy-mm>`, `<first_seen>#<image>@<digest>#<class>#<policy>`) lists incidents; its keys never change.

What only people in Slack and this room care about is one JSON text, so that an item costs one write unit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from registry_verifier.incident import Ending, Incident, Key, Kind
from registry_verifier.models import ImageName, parse_digest
from registry_verifier.storm import Gauge, Listed, Opening, Summary
from registry_verifier.verdict_document import timestamp
from registry_verifier.verdict_record import Item, partition

PREFIX = "INCIDENT#"
_TEXT_LIMIT = 400
_INDEX_LIMIT = 1000  # DynamoDB takes 1,024 bytes


def sort_key(key: Key) -> str:
    """SK of an incident."""
    return f"{PREFIX}{key.kind.value}#{key.policy}"[:_TEXT_LIMIT]


def month_key(month: str) -> str:
    """GSI2PK of the incidents about what was first seen in one month (`2026-11`)."""
    return f"INCIDENTS#{month}"


def channel_key(channel: str) -> str:
    """PK of everything about a channel."""
    return f"CHANNEL#{channel}"[:_TEXT_LIMIT]


def storm_key(began: str) -> str:
    """SK of a storm's summary; of the gauge where `began` is empty."""
    return f"STORM#{began}" if began else "STORM"


def write_incident(incident: Incident, expires_at: datetime) -> Item:
    """The item of an incident."""
    detail = {
        "channel": incident.channel,
        "ts": incident.ts,
        "ending": incident.ending,
        "told": incident.told,
        "reasons": incident.reasons,
        "replied": incident.replied,
        "storm": incident.storm,
    }
    return {
        **_item(partition(incident.image, incident.digest), sort_key(incident.key), expires_at, incident.version),
        "image": {"S": str(incident.image)},
        "digest": {"S": incident.digest},
        "class": {"S": incident.key.kind.value},
        "policy": {"S": incident.key.policy},
        "first_seen": {"S": timestamp(incident.first_seen)},
        "detail": _json(detail),
        **_index(incident),
    }


def _index(incident: Incident) -> Item:
    moment, key = timestamp(incident.first_seen), incident.key
    what = f"{incident.image}@{incident.digest}#{key.kind.value}#{key.policy}"
    return {"GSI2PK": {"S": month_key(moment[:7])}, "GSI2SK": {"S": f"{moment}#{what}"[:_INDEX_LIMIT]}}


def read_incident(item: Mapping[str, Any]) -> Incident:
    """The incident in an item; ValueError where it is none."""
    try:
        detail = _read(item)
        return Incident(
            image=ImageName.parse(item["image"]["S"]),
            digest=parse_digest(item["digest"]["S"]),
            key=Key(Kind(item["class"]["S"]), item["policy"]["S"]),
            first_seen=datetime.fromisoformat(item["first_seen"]["S"]),
            channel=detail["channel"],
            version=_version(item),
            ts=detail["ts"],
            ending=Ending(detail["ending"]) if detail["ending"] else None,
            told=detail["told"],
            reasons=tuple(detail["reasons"]),
            replied=detail["replied"],
            storm=detail["storm"],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"item is no incident: {type(error).__name__} {str(error)[:80]}") from error


def write_gauge(gauge: Gauge, expires_at: datetime) -> Item:
    """The item of a channel's newest openings."""
    openings = [[opening.name, timestamp(opening.at), opening.storm] for opening in gauge.openings]
    item = _item(channel_key(gauge.channel), storm_key(""), expires_at, gauge.version)
    return {**item, "detail": _json({"channel": gauge.channel, "openings": openings})}


def read_gauge(item: Mapping[str, Any]) -> Gauge:
    """The gauge in an item; ValueError where it is none."""
    try:
        detail = _read(item)
        openings = tuple(Opening(name, datetime.fromisoformat(at), storm) for name, at, storm in detail["openings"])
        return Gauge(detail["channel"], openings, _version(item))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"item is no gauge: {type(error).__name__} {str(error)[:80]}") from error


def write_summary(summary: Summary, expires_at: datetime) -> Item:
    """The item of a storm's summary."""
    detail = {**asdict(summary), "shown_at": summary.shown_at and timestamp(summary.shown_at)}
    item = _item(channel_key(summary.channel), storm_key(summary.began), expires_at, summary.version)
    return {**item, "detail": _json(detail)}


def read_summary(item: Mapping[str, Any]) -> Summary:
    """The summary in an item; ValueError where it is none."""
    try:
        detail = _read(item)
        shown_at = detail["shown_at"]
        return Summary(
            **{
                **detail,
                "newest": tuple(Listed(**one) for one in detail["newest"]),
                "version": _version(item),
                "shown": tuple(detail["shown"]),
                "shown_at": datetime.fromisoformat(shown_at) if shown_at else None,
            }
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"item is no summary: {type(error).__name__} {str(error)[:80]}") from error


def _item(partition_key: str, sort_key: str, expires_at: datetime, version: int) -> Item:
    return {
        "PK": {"S": partition_key},
        "SK": {"S": sort_key},
        "version": {"N": str(version)},
        "expires_at": {"N": str(int(expires_at.timestamp()))},
    }


def _json(detail: Mapping[str, Any]) -> dict[str, str]:
    return {"S": json.dumps(detail, separators=(",", ":"))}  # ASCII: a stranger's lone surrogate is no trouble


def _read(item: Mapping[str, Any]) -> dict[str, Any]:
    detail = json.loads(item["detail"]["S"])
    if not isinstance(detail, dict):
        raise TypeError("detail is no object")
    return detail


def _version(item: Mapping[str, Any]) -> int:
    return int(item["version"]["N"])

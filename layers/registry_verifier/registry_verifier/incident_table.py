"""What people were told, in the same table as the verdicts: incidents, and the storms that they were counted in."""

from __future__ import annotations

from collections.abc import Sequence

from registry_verifier import incident_record
from registry_verifier.dynamo_table import DynamoTable, readable
from registry_verifier.errors import Superseded
from registry_verifier.incident import Incident
from registry_verifier.models import Digest, ImageName
from registry_verifier.storm import Gauge, Summary
from registry_verifier.verdict_record import partition

_PAGES = 10


class IncidentTable(DynamoTable):
    """The table behind `notify.Incidents`."""

    def of_digest(self, image: ImageName, digest: Digest) -> Sequence[Incident]:
        """Every incident about this digest, read consistently."""
        items = self._items(
            pages=_PAGES,
            KeyConditionExpression="PK = :partition AND begins_with(SK, :prefix)",
            ExpressionAttributeValues={
                ":partition": {"S": partition(image, digest)},
                ":prefix": {"S": incident_record.PREFIX},
            },
            ConsistentRead=True,
        )
        found = list(items)
        with readable():
            return [incident_record.read_incident(item) for item in found if not self._expired(item)]

    def keep(self, incident: Incident) -> None:
        """Remember what people were told; replaces what was remembered."""
        self._put(incident_record.write_incident(incident, self._now() + self._retention))

    def gauge(self, channel: str) -> Gauge | None:
        """The newest openings of a channel, read consistently."""
        item = self._get(incident_record.channel_key(channel), incident_record.storm_key(""))
        with readable():
            return incident_record.read_gauge(item) if item else None

    def keep_gauge(self, old: Gauge | None, new: Gauge) -> None:
        """Replace `old` (None: there is none yet) by `new`; raises `Superseded` where `old` is not what is stored."""
        item = incident_record.write_gauge(new, self._now() + self._retention)
        if not self._put(item, **self._at_version(old.version if old else None)):
            raise Superseded(f"openings of {new.channel!r} are no longer at version {old.version if old else 0}")

    def summary(self, channel: str, began: str) -> Summary | None:
        """The summary of a storm, read consistently."""
        item = self._get(incident_record.channel_key(channel), incident_record.storm_key(began))
        with readable():
            return incident_record.read_summary(item) if item else None

    def keep_summary(self, old: Summary | None, new: Summary, incident: Incident | None = None) -> None:
        """Replace `old` (None: there is none yet) by `new`, and keep `incident` with it, both or neither.

        Raises `Superseded` where `old` is not what is stored.
        """
        end = self._now() + self._retention
        item, condition = incident_record.write_summary(new, end), self._at_version(old.version if old else None)
        if incident is None:
            done = self._put(item, **condition)
        else:
            done = self._put_both((item, condition), (incident_record.write_incident(incident, end), {}))
        if not done:
            raise Superseded(f"summary of {new.channel!r} is no longer at version {old.version if old else 0}")

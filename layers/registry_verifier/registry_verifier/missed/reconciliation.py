"""One run: hooks first, so that what they bring again is not taken for something that nobody told of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from registry_verifier.errors import Unavailable
from registry_verifier.missed import versions
from registry_verifier.missed.progress import OF_ONE_ITEM, OVERLAP, Progress, Table
from registry_verifier.missed.redelivery import Redelivery
from registry_verifier.models import Digest, ImageName, Look, PackageVersion
from registry_verifier.ports import Hook, Looks, Packages

FIRST_RUN = timedelta(days=1)
"""how far back a repository is taken up of which nothing is kept: an installation does not verify all of the past"""
_BEGUN, _COMPLETE, _CURSOR = "missed/begun", "missed/complete", "missed/cursor"
_REGISTRY = "ghcr.io"


@dataclass(frozen=True)
class Reconciled:
    """What one run came to."""

    redelivered: int = 0
    missed: int = 0
    """digests with a tag that no webhook told of: pushed since the first run ever, in no record, and not among what
    was just redelivered. Another tag of a known digest, and a digest without a tag, is looked at and not counted:
    GitHub names one tag only where several were pushed, and what has none may be evidence"""
    troubles: tuple[str, ...] = ()
    """what could not be done"""


@dataclass(frozen=True)
class Reconciliation:
    """What a run needs, wired once per process."""

    hooks: Sequence[Hook]
    packages: Packages | None
    owners: Sequence[str]
    """whose packages are listed: `orgs/NAME` or `users/NAME`"""
    table: Table
    looks: Looks
    now: Callable[[], datetime]
    time_left: Callable[[], float]
    """seconds until this process is stopped"""

    def run(self) -> Reconciled:
        """Do what can be done now; what cannot is told as troubles."""
        progress = Progress(self.table, self.now(), self.time_left)
        redelivery = Redelivery(progress)
        for hook in self.hooks:
            progress.part(f"hook {hook.name}", partial(redelivery.of, hook))
        comparison = _Comparison(self, progress, redelivery)
        if self.packages:
            progress.part("packages", partial(comparison.of, self.packages))
        return Reconciled(redelivery.count, len(comparison.missed), tuple(progress.troubles))


class _Comparison:
    """What GitHub lists is held against what the table knows."""

    def __init__(self, wired: Reconciliation, progress: Progress, redelivery: Redelivery) -> None:
        self._wired, self._table = wired, wired.table
        self._progress, self._redelivery = progress, redelivery
        self._begun = progress.started
        self._unlisted: set[str] = set()
        self.missed: set[tuple[ImageName, Digest]] = set()

    def of(self, packages: Packages) -> None:
        """Every package of every owner, beginning after the one where the last run ended early."""
        if (begun := self._progress.kept(_BEGUN)) is None:
            self._progress.keep(_BEGUN, self._begun)
        self._begun = begun or self._begun
        images = sorted(self._images(packages))
        last = self._table.kept(_CURSOR) or ""
        turned = [*(i for i in images if str(i) > last), *(i for i in images if str(i) <= last)]
        whole, tried = self._progress.each(turned, partial(self._image, packages))
        if whole and not self._unlisted:
            self._progress.keep(_COMPLETE, self._progress.started - OVERLAP)
        elif tried:
            self._table.keep(_CURSOR, str(turned[tried - 1]))

    def _images(self, packages: Packages) -> Iterable[ImageName]:
        """The packages that owners have; of an owner whose cannot be listed, those that the table knows."""
        images: dict[ImageName, None] = {}
        for owner in self._wired.owners:
            try:
                for image in packages.images(owner):  # one by one: what was listed before it ended counts
                    images[image] = None
            except Unavailable as error:
                if error.reason not in OF_ONE_ITEM:
                    raise
                self._progress.trouble(f"packages of {owner}: {error}")
                self._unlisted.add(owner.partition("/")[2].lower())
        known = self._table.images() if self._unlisted else ()
        return images | dict.fromkeys(i for i in known if i.registry == _REGISTRY and _owner(i) in self._unlisted)

    def _image(self, packages: Packages, image: ImageName) -> bool:
        """One package; False where time was over before its end."""
        note, until = f"missed/{image}", self._progress.started - OVERLAP
        window = versions.since(packages.versions(image), self._taken_up(note), self._progress.is_over)
        if window is None:
            return False
        if len(window) > versions.VERSIONS_LIMIT:
            self._progress.trouble(f"{image}: more than {versions.VERSIONS_LIMIT} versions are new")
        for version in window:
            if self._progress.is_over():
                self._progress.keep(note, min(versions.touched(version), until))
                return False
            self._version(image, version)
        if window:  # where nothing is new, there is nothing that an older note would bring up again
            self._progress.keep(note, until)
        return True

    def _taken_up(self, note: str) -> datetime:
        """From when on a package is compared; one that came since the last complete run, from that run on."""
        latest = self._progress.started - FIRST_RUN
        return self._progress.kept(note) or min(self._progress.kept(_COMPLETE) or latest, latest)

    def _version(self, image: ImageName, version: PackageVersion) -> None:
        state = self._table.state(image, version.digest)
        if versions.is_left_to_its_webhook(version, state, self._progress.started):
            return
        for tag in versions.untold(version, state, partial(self._table.state, image)):
            self._wired.looks.send(Look(image, version.digest, "missed", tag=tag))
        is_new = state is None and version.created_at >= self._begun and not self._redelivery.told_of(version)
        if is_new and any(map(versions.is_ordinary, version.tags)):
            self.missed.add((image, version.digest))


def _owner(image: ImageName) -> str:
    return image.repository.partition("/")[0]

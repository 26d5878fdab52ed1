"""Verification on demand: asked over the API, looked at by verify, answered; and that asking weakens nothing."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urljoin

import pytest

from registry_verifier import history, look_message
from registry_verifier.errors import Unavailable
from registry_verifier.listing import Sight
from registry_verifier.models import Look, State, digest_of
from registry_verifier.query.requests import OPERATIONS
from registry_verifier.query.router import Sent
from registry_verifier.reasons import Reason, Status
from registry_verifier.verify import PATIENCE, Outcome
from registry_verifier.verify_message import GIVE_UP_AFTER
from registry_verifier.watched import TagPointer
from tests.fakes import described
from tests.library import test_verify
from tests.library.asking import OUTAGE, Client, body, refusal
from tests.library.test_verify import publish
from tests.library.verdicts import DIGEST, IMAGE, NOW, digest, state
from tests.material import DIGEST as PUSHED
from tests.material import MANIFEST

ASKED = {"image": str(IMAGE), "digest": DIGEST}
DOWN = Unavailable(Reason.REGISTRY_UNAVAILABLE, "no route to host")


def client(*states: State) -> Client:
    return Client(OPERATIONS, states)


def path_of(sent: Sent) -> str:
    assert sent.status_code == 202
    assert sent.headers["Retry-After"] == "5"
    return urljoin("/v1/verifications", sent.headers["Location"])


# asking


def test_asking_sends_a_look_and_says_where_to_ask_for_it() -> None:
    asked = client(state(Status.FAILED))
    sent = asked.post("/v1/verifications", ASKED)
    id_ = body(sent)["id"]
    assert path_of(sent) == f"/v1/requests/{id_}"
    assert body(sent) == {
        "id": id_,
        "image": str(IMAGE),
        "digest": DIGEST,
        "asked_at": "2026-11-22T10:01:00Z",
        "done": False,
        "verdict": None,
    }
    assert asked.looks.sent == [(Look(IMAGE, DIGEST, "asked", first_seen=NOW), 0)]
    (look, _), *_ = asked.looks.sent
    assert look_message.read(look_message.write(look)) == look


def test_a_digest_that_has_no_record_yet_may_be_asked_for() -> None:
    asked = client(state(Status.VERIFIED, digest=digest(1)))
    path_of(asked.post("/v1/verifications", ASKED))
    assert [look.digest for look, _ in asked.looks.sent] == [DIGEST]


def test_a_repository_that_was_never_heard_of_is_not_looked_at() -> None:
    asked = client()
    assert refusal(asked.post("/v1/verifications", ASKED)) == (404, "not_found")
    assert asked.looks.sent == []


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"image": None}, "image is no text"),
        ({"image": ["ghcr.io/acme/app"]}, "image is no text"),
        ({"image": "acme"}, "image is not an image name"),
        ({"image": "ghcr.io/acme/app:v1"}, "image is not an image name"),
        ({"image": f"ghcr.io/acme/app@{DIGEST}"}, "image is not an image name"),
        ({"image": "GHCR.io/acme/app"}, "image is not an image name"),
        ({"digest": None}, "digest is no text"),
        ({"digest": 7}, "digest is no text"),
        ({"digest": "sha256:1"}, "digest is not a sha256 digest"),
        ({"digest": f"{DIGEST}\n"}, "digest is not a sha256 digest"),
    ],
)
def test_what_is_no_digest_of_an_image_is_refused(changes: dict[str, object], text: str) -> None:
    asked = client(state(Status.FAILED))
    sent = asked.post("/v1/verifications", ASKED | changes)
    assert refusal(sent) == (400, "bad_request")
    assert body(sent)["detail"].startswith(text)
    assert (asked.looks.sent, asked.stored.read) == ([], [])


def test_a_queue_that_takes_nothing_makes_no_promise() -> None:
    asked = client(state(Status.FAILED))
    asked.looks.down = Unavailable(Reason.QUEUE_UNAVAILABLE, "queue did not answer")
    assert refusal(asked.post("/v1/verifications", ASKED)) == (503, "queue_unavailable")


def test_a_table_that_does_not_answer_makes_no_promise() -> None:
    asked = client(state(Status.FAILED))
    asked.stored.down = OUTAGE
    assert refusal(asked.post("/v1/verifications", ASKED)) == (503, "store_unavailable")
    assert asked.looks.sent == []


# asking for what came of it


def requested(*states: State) -> tuple[Client, str]:
    asked = client(*states)
    return asked, path_of(asked.post("/v1/verifications", ASKED))


def test_a_request_waits_while_nobody_looked() -> None:
    asked, path = requested(state(Status.VERIFIED, document={"verified_at": "2026-11-22T10:00:59Z"}))
    asked.stored.sights[DIGEST] = Sight(checked_at=NOW - timedelta(seconds=1))
    sent = asked.get(path)
    assert (sent.status_code, sent.headers["Retry-After"]) == (202, "5")
    assert (body(sent)["done"], body(sent)["verdict"]) == (False, None)


def test_a_request_is_done_when_somebody_looked_and_found_the_same() -> None:
    asked, path = requested(state(Status.VERIFIED, document={"verified_at": "2026-11-21T10:00:00Z"}))
    asked.stored.sights[DIGEST] = Sight(checked_at=NOW)
    sent = asked.get(path)
    assert sent.status_code == 200
    assert (body(sent)["done"], body(sent)["verdict"]["status"]) == (True, "VERIFIED")
    assert body(sent)["verdict"]["digest"] == DIGEST


def test_a_request_is_done_when_there_is_a_newer_verdict() -> None:
    asked, path = requested(state(Status.FAILED, document={"verified_at": "2026-11-22T10:01:01Z"}))
    sent = asked.get(path)
    assert (sent.status_code, body(sent)["verdict"]["status"]) == (200, "FAILED")


def test_an_unknown_that_was_stored_because_nobody_could_look_is_no_answer() -> None:
    asked, path = requested(state(Status.UNKNOWN, document={"verified_at": "2026-11-22T10:05:00Z"}))
    assert asked.get(path).status_code == 202
    asked.stored.sights[DIGEST] = Sight(checked_at=NOW + timedelta(minutes=6))
    assert asked.get(path).status_code == 200


def test_a_request_that_nobody_could_take_is_given_up_after_an_hour() -> None:
    asked, path = requested(state(Status.VERIFIED, document={"verified_at": "2026-11-21T10:00:00Z"}))
    asked.time = NOW + timedelta(minutes=59, seconds=59)
    assert asked.get(path).status_code == 202
    asked.time = NOW + timedelta(hours=1)
    assert refusal(asked.get(path)) == (503, "not_looked_at")
    assert body(asked.get(path))["detail"].endswith("took place within 1 hour")


def test_a_look_that_took_place_late_is_told_all_the_same() -> None:
    asked, path = requested(state(Status.VERIFIED, document={"verified_at": "2026-11-21T10:00:00Z"}))
    asked.time = NOW + timedelta(hours=3)
    asked.stored.sights[DIGEST] = Sight(checked_at=NOW + timedelta(hours=2))
    assert asked.get(path).status_code == 200


def test_a_digest_without_a_record_waits_too() -> None:
    asked, path = requested(state(Status.VERIFIED, digest=digest(1)))
    assert asked.get(path).status_code == 202


def test_a_request_while_the_table_does_not_answer() -> None:
    asked, path = requested(state(Status.VERIFIED))
    asked.stored.down = OUTAGE
    assert refusal(asked.get(path)) == (503, "store_unavailable")


def test_when_it_was_looked_at_is_read_before_the_record() -> None:
    """A look that ends between the two must not vouch for the record of before."""
    asked, path = requested(state(Status.VERIFIED))
    asked.stored.read.clear()
    asked.get(path)
    assert [read.split()[0] for read in asked.stored.read] == ["sight", "state"]


def test_an_id_that_was_not_given_out_is_none() -> None:
    asked, path = requested(state(Status.VERIFIED))
    cursor = asked.world.seal().write("list images", [str(IMAGE), DIGEST, "2026-11-22T10:01:00Z"])
    for id_ in ("a", "AAAA", cursor, path.removeprefix("/v1/requests/")[:-2]):
        assert refusal(asked.get(f"/v1/requests/{id_}")) == (404, "not_found")


# what verify makes of it


class World(test_verify.World):
    """A verifier, and somebody who asks it over the API."""

    def __init__(self) -> None:
        super().__init__()
        self.client = client()

    def ask(self) -> str:
        """Ask for the digest; where to ask for what comes of it."""
        sent = self._synchronised().post("/v1/verifications", {"image": str(IMAGE), "digest": PUSHED})
        self.looks.sent += self.client.looks.sent[-1:]
        return path_of(sent)

    def answer(self, path: str) -> tuple[int, str | None]:
        """The status code, and the status of the verdict."""
        sent = self._synchronised().get(path)
        return sent.status_code, (body(sent).get("verdict") or {}).get("status")

    def _synchronised(self) -> Client:
        """The client, after the table was read."""
        self.client.time = self.clock()
        self.client.stored.states = list(self.verdicts.states.values())
        self.client.stored.sights = {
            one: Sight(self.verdicts.looked.get((image, one)), self.verdicts.unseen.get((image, one)))
            for image, one in self.verdicts.states
        }
        return self.client

    def take_next(self) -> Outcome:
        """Take the one message that waits, when its time has come."""
        look, delay = self.looks.sent.pop(0)
        self.clock.advance(seconds=delay + 1)
        return self.look(look_message.read(look_message.write(look)))


def verified() -> World:
    world = World()
    world.sign()
    world.attest()
    world.look(publish())
    world.clock.advance(hours=5)
    return world


def test_a_verified_digest_is_looked_at_and_found_the_same() -> None:
    world = verified()
    path = world.ask()
    assert world.answer(path) == (202, None)
    assert world.take_next() == Outcome("unchanged", Status.VERIFIED)
    assert world.answer(path) == (200, "VERIFIED")
    assert world.looks.sent == []


def test_a_failed_digest_that_was_signed_since_is_verified_when_somebody_asks() -> None:
    world = World()
    world.look(publish())
    world.clock.advance(hours=5)
    world.look(world.looks.sent.pop()[0])
    assert world.state.status is Status.FAILED
    world.sign()
    world.attest()
    path = world.ask()
    assert world.take_next().status is Status.VERIFIED
    assert world.answer(path) == (200, "VERIFIED")


def test_a_demotion_needs_its_confirmation_and_the_request_waits_for_it() -> None:
    world = verified()
    world.registry.tags = {"v1": PUSHED}
    world.registry.listed.clear()
    path = world.ask()
    assert world.take_next().done == "to-be-confirmed"
    assert (world.state.status, world.answer(path)) == (Status.VERIFIED, (202, None))
    (confirmation,) = world.looks.sent
    assert (confirmation[0].cause, confirmation[0].attempt, confirmation[1]) == ("asked", 1, 60)
    assert world.take_next().status is Status.FAILED
    assert world.answer(path) == (200, "FAILED")


def test_evidence_that_is_back_before_the_confirmation_demotes_nothing() -> None:
    world = verified()
    listed, world.registry.listed = world.registry.listed, {}
    tags, world.registry.tags = world.registry.tags, {"v1": PUSHED}
    path = world.ask()
    world.take_next()
    world.registry.listed, world.registry.tags = listed, tags
    assert world.take_next() == Outcome("unchanged", Status.VERIFIED)
    assert world.answer(path) == (200, "VERIFIED")


def test_an_outage_changes_no_decision_and_the_request_waits() -> None:
    world = verified()
    path = world.ask()
    (look, _) = world.looks.sent.pop()
    world.registry.down = DOWN
    for count in range(1, GIVE_UP_AFTER):
        with pytest.raises(Unavailable, match="no route to host"):
            world.take(look, count)
    assert world.take(look, GIVE_UP_AFTER) == Outcome("unchanged", Status.VERIFIED, ("REGISTRY_UNAVAILABLE",))
    assert (world.state.status, world.answer(path), world.looks.sent) == (Status.VERIFIED, (202, None), [])
    world.clock.advance(hours=2)
    assert world.answer(path)[0] == 503


def test_asking_through_a_long_outage_is_patient_as_the_sweep_is() -> None:
    world = verified()
    world.registry.down = DOWN
    look = Look(IMAGE, PUSHED, "asked")
    world.take(look, GIVE_UP_AFTER)
    world.clock.advance(seconds=PATIENCE.total_seconds() - 1)
    assert world.take(look, GIVE_UP_AFTER).status is Status.VERIFIED
    world.clock.advance(seconds=1)
    assert world.take(look, GIVE_UP_AFTER).status is Status.UNKNOWN


def test_a_look_that_takes_place_ends_the_time_out_of_sight() -> None:
    world = verified()
    world.registry.down = DOWN
    world.take(Look(IMAGE, PUSHED, "asked"), GIVE_UP_AFTER)
    assert world.verdicts.unseen_since(IMAGE, PUSHED) == world.clock()
    world.registry.down = None
    world.look(Look(IMAGE, PUSHED, "asked"))
    assert world.verdicts.unseen_since(IMAGE, PUSHED) is None


def test_a_waiting_digest_that_nobody_can_look_at_is_no_answer_either() -> None:
    world = World()
    world.look(publish())
    world.looks.sent.clear()
    path = world.ask()
    (look, _) = world.looks.sent.pop()
    world.registry.down = DOWN
    assert world.take(look, GIVE_UP_AFTER).status is Status.PENDING, "UNKNOWN would give a new grace period"
    assert world.answer(path) == (202, None)


def test_asking_for_a_waiting_digest_begins_no_second_chain_of_looks() -> None:
    world = World()
    world.look(publish())
    world.looks.sent.clear()
    path = world.ask()
    assert world.take_next() == Outcome("unchanged", Status.PENDING, ("NO_SIGNATURE", "NO_ATTESTATION"))
    assert (world.answer(path), world.looks.sent) == ((200, "PENDING"), [])


def test_a_digest_that_no_webhook_told_of_gets_a_record_when_somebody_asks() -> None:
    world = verified()
    second = world.registry.put(MANIFEST.replace(b'"layers": []', b'"layers":  []'))
    look = Look(IMAGE, second, "asked", first_seen=world.clock())
    assert world.look(look).status is Status.PENDING
    stored = world.verdicts.state(IMAGE, second)
    assert stored
    assert (stored.first_seen, stored.actor, stored.tags) == (world.clock(), "", ())
    assert [again.cause for again, _ in world.looks.sent] == ["recheck"]


@pytest.mark.parametrize("count", [1, GIVE_UP_AFTER])
def test_a_digest_that_is_not_in_the_registry_gets_no_record_however_often_somebody_asks(count: int) -> None:
    world = verified()
    look = Look(IMAGE, digest_of(b"nowhere"), "asked", first_seen=world.clock())
    assert world.take(look, count) == Outcome("ignored")
    assert (len(world.verdicts.states), world.looks.sent, world.verdicts.looked) == (1, [], {})


def test_a_digest_without_a_record_that_nobody_can_look_at_gets_none() -> None:
    world = verified()
    world.registry.down = DOWN
    look = Look(IMAGE, digest_of(b"nowhere"), "asked", first_seen=world.clock())
    assert world.take(look, GIVE_UP_AFTER).done == "unchanged"
    assert (len(world.verdicts.states), world.looks.sent) == (1, [])


def test_evidence_that_somebody_asks_for_is_no_publish() -> None:
    world = verified()
    (referrer,) = world.registry.listed[PUSHED][:1]
    assert world.look(Look(IMAGE, referrer, "asked")) == Outcome("ignored")
    assert (len(world.verdicts.states), world.looks.sent) == (1, [])


def test_what_is_left_of_a_fallback_tag_is_no_publish() -> None:
    world = verified()
    (referrer,) = world.registry.listed[PUSHED][:1]
    entry = described(world.registry.contents[referrer], "application/vnd.oci.image.manifest.v1+json")
    left = world.registry.put_manifest({"manifests": [entry]})
    assert world.look(Look(IMAGE, left, "asked")) == Outcome("ignored")


def test_a_digest_that_the_registry_has_no_more_keeps_its_decision_and_the_request_waits() -> None:
    world = verified()
    path = world.ask()
    del world.registry.contents[PUSHED]
    assert world.take_next() == Outcome("gone", Status.VERIFIED)
    assert world.answer(path) == (202, None)


def test_a_look_that_began_before_somebody_asked_is_no_answer() -> None:
    world = verified()
    began = world.clock()
    world.look(Look(IMAGE, PUSHED, "sweep"))
    assert world.verdicts.looked == {(IMAGE, PUSHED): began}
    world.clock.advance(seconds=1)
    assert world.answer(world.ask()) == (202, None)


def test_asking_finds_tags_that_moved() -> None:
    world = verified()
    second = world.registry.put(MANIFEST.replace(b'"layers": []', b'"layers":  []'), "v1")
    world.verdicts.pointers[(IMAGE, "v1")] = TagPointer(IMAGE, "v1", PUSHED, world.clock())
    world.look(Look(IMAGE, PUSHED, "asked"))
    assert world.state.document["drift"] == [{"code": "TAG_MOVED", "text": f"tag v1 points to {second} now"}]


@pytest.mark.parametrize("cause", ["publish", "evidence", "recheck", "index"])
def test_other_looks_leave_no_such_note(cause: str) -> None:
    world = verified()
    world.look(Look(IMAGE, PUSHED, cause))
    assert world.verdicts.looked == {}


def test_asking_for_an_index_asks_for_each_of_its_children() -> None:
    assert history.wants_children(verified().state, Look(IMAGE, PUSHED, "asked"))

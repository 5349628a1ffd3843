"""People who talk, with a canary in every place that they can fill, and then a search of all that
the server was told, has answered, written and printed, and of what their devices have stored."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from support.machines.server import Program
from support.people.canaries import Canaries, Place, files
from support.people.correspondents import Device, refusals

from ephemeral.client.conversations.engine import Conversations
from ephemeral.client.conversations.following import seed_of
from ephemeral.protocol.accounts.canonical_json import encode
from ephemeral.protocol.conversations.invitations import (
    Invitation,
    Inviting,
    seal_invitation,
    seal_redemption,
)
from ephemeral.protocol.encoding import b64encode

SETTINGS = {
    "DATABASE_URL": "",
    "ENCRYPTION_KEY": "",
    "LOG_LEVEL": "debug",
    "METRICS_TOKEN": "a-token-of-the-operators",
}


class Heard:
    """All bodies that go to the server and come back."""

    def __init__(self) -> None:
        self.places: list[Place] = []

    def around(self, ask: Callable[..., Any]) -> Callable[..., Any]:
        async def asked(method: str, path: str, body: Any = None, **more: Any) -> Any:
            answer = await ask(method, path, body, **more)
            name = f"{method} {path}"
            self.places += [Place(name, repr(body).encode()), Place(name, encode(answer))]
            return answer

        return asked


def keys(talk: Conversations, conversation: bytes, canaries: Canaries) -> None:
    """The secrets of epochs that this device has at this moment are canaries too."""
    for epoch in range(1, 10):
        seed = seed_of(talk._store, conversation, epoch)
        if seed is not None:
            canaries.watch(f"seed {epoch} of {conversation.hex()}", seed)


async def invite(ada: Device, cleo: Device, conversation: bytes, canaries: Canaries) -> None:
    """Cleo comes by an invitation into a conversation."""
    invitation = Invitation.generate(os.urandom)
    canaries.watch("an invitation's id", invitation.id)
    canaries.watch("its secret", invitation.secret)
    async with ada.file() as account:
        pin = account.kept.pin
        said = Inviting(pin, canaries.text("inviter's name"), conversation)
        body = {
            "id": b64encode(invitation.id),
            "sealed": b64encode(seal_invitation(invitation, said, os.urandom)),
            "conversation": b64encode(conversation),
        }
        await account.ask("POST", "/contacts/invitations", body)
    async with cleo.file() as account:
        said = Inviting(account.kept.pin, canaries.text("guest's name"), conversation)
        sealed = seal_redemption(invitation, said, os.urandom)
        path = f"/contacts/invitations/{b64encode(invitation.id)}/redeem"
        await account.ask("POST", path, {"sealed": b64encode(sealed)})
    async with cleo.open() as talk:
        await talk.join(conversation, invitation.id, sealed)
    async with ada.open() as talk:
        assert [one.person.chain for one in await talk.joins(conversation)] == [cleo.chain]
        await talk.add(conversation, [cleo.chain])


async def live(folder: Path, url: str, canaries: Canaries, heard: Heard) -> bytes:
    """Everything that can be said; the conversation."""
    ada, bob, cleo = [await Device(url, folder / name).register() for name in ("a", "b", "c")]
    await ada.befriend(bob)
    for one in (ada, bob, cleo):
        one.around = heard.around
    async with ada.open() as talk:
        conversation = await talk.found([bob.chain], name=canaries.text("name"), timer=3600)
        first = await talk.text(conversation, canaries.text("text"))
        keys(talk, conversation, canaries)
    named = (ada.id, first.id)
    async with bob.open() as talk:
        await talk.sync()
        await talk.taken(talk.news())
        await talk.reply(conversation, named, canaries.text("quote"), canaries.text("reply"))
        await talk.react(conversation, named, canaries.text("reaction"))
        await talk.seen(conversation, first.s)
        profile = {"name": canaries.text("profile"), "picture": None}
        await talk.send(conversation, "profile", profile)
    async with ada.open() as talk:
        await talk.edit(conversation, named, canaries.text("edit"))
        await talk.delete(conversation, named)
        await talk.set_register("alias", b64encode(bob.chain), canaries.text("alias"))
        keys(talk, conversation, canaries)
    await invite(ada, cleo, conversation, canaries)
    for one in (ada, bob, cleo):
        assert refusals(await one.hears()) == []
    # Nobody has read this one yet.
    async with ada.open() as talk:
        await talk.text(conversation, canaries.text("waits"))
        keys(talk, conversation, canaries)
    return conversation


async def test_nothing_of_what_people_say_is_written_or_printed_in_the_clear(
    serve: Callable[..., Program], tmp_path: Path
) -> None:
    server = serve(**SETTINGS)
    canaries, heard, people = Canaries(), Heard(), tmp_path / "people"
    conversation = await live(people, server.url, canaries, heard)
    assert canaries.count == 15
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        bearer = {"Authorization": f"Bearer {SETTINGS['METRICS_TOKEN']}"}
        told = (await http.get("/metrics", headers=bearer)).content
    data = Path(server.environment["DATA_DIR"])
    running = [Place("metrics", told), *files(data, server.folder)]
    assert canaries.found([*running, Place("output", server.output().encode())]) == []
    # What a client sends holds no secret either; an invitation's id is the server's to know.
    sent = [one for one in heard.places if "/contacts/invitations" not in one.name]
    assert [one for one in canaries.found(sent) if one.canary != "an invitation's id"] == []
    assert canaries.found(files(people)) == [], "on the disks of those who talk"
    # The search would find what is stored.
    for places in (running, list(files(people))):
        assert any(conversation in place.content for place in places)
    assert any(b64encode(conversation).encode() in place.content for place in heard.places)
    server.stop()
    stopped = [*files(data, server.folder), Place("output", server.output().encode())]
    assert canaries.found(stopped) == []

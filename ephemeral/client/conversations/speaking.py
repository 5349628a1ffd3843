"""What people say in conversations, in words of this library: the bodies of docs/conversations.md,
6.2."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from ephemeral.client.conversations.sending import Sent
from ephemeral.client.conversations.service import Service
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal

__all__ = ["Message", "Speaking"]

#: A message, by its device and id.
Message = tuple[bytes, bytes]

# Above so many nobody tells what they have read (docs/conversations.md, 6.2).
_READ_PEOPLE_MAX = 20


class Speaking(ABC):
    """Whoever can send contents can say all of this."""

    service: Service

    @abstractmethod
    async def send(self, conversation: bytes, kind: str, body: Mapping[str, object]) -> Sent:
        """Send a content."""

    @abstractmethod
    def count(self, conversation: bytes) -> int:
        """How many people are in a conversation."""

    async def text(self, conversation: bytes, text: str, mentions: Sequence[bytes] = ()) -> Sent:
        """Send a text."""
        named = list(map(b64encode, mentions))
        return await self.send(conversation, "text", {"text": text, "mentions": named})

    async def reply(self, conversation: bytes, of: Message, quote: str, text: str) -> Sent:
        """Answer a message, by its device and id."""
        body = {"text": text, "mentions": [], "of": _named(of), "quote": quote}
        return await self.send(conversation, "reply", body)

    async def edit(self, conversation: bytes, of: Message, text: str) -> Sent:
        """Have a message of this person's say something else."""
        body = {"of": _named(of), "text": text, "mentions": []}
        return await self.send(conversation, "edit", body)

    async def delete(self, conversation: bytes, of: Message) -> Sent:
        """Delete a message of this person's for everyone, at the server too if it waits there."""
        sent = await self.send(conversation, "delete", {"of": _named(of)})
        try:
            await self.service.destroy_message(conversation, of[1])
        except Refusal as refusal:
            if refusal.code != "not_found":
                raise
        return sent

    async def react(self, conversation: bytes, of: Message, reaction: str | None) -> Sent:
        """React to a message, or take that back."""
        return await self.send(conversation, "reaction", {"of": _named(of), "reaction": reaction})

    async def seen(self, conversation: bytes, place: int) -> None:
        """Tell that everything up to a place was read; not where there are many people."""
        if self.count(conversation) <= _READ_PEOPLE_MAX:
            await self.send(conversation, "read", {"place": place})


def _named(message: Message) -> dict[str, str]:
    return {"device": b64encode(message[0]), "id": b64encode(message[1])}

"""`say`: a message to a contact or into a conversation, on its way when the command ends."""

from collections.abc import Callable
from contextlib import aclosing, suppress

from ephemeral.client.context import Context
from ephemeral.client.conversations.engine import Known
from ephemeral.client.exits import ClientError, Exit, usage
from ephemeral.client.lines import chunks
from ephemeral.client.output import is_terminal
from ephemeral.client.talking.here import Here, here
from ephemeral.client.talking.mentions import mentioning
from ephemeral.protocol.conversations.contents import QUOTE_MAX, TEXT_MAX
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import ID_SIZE

__all__ = ["introduce", "prepare", "read_reference", "say", "send", "welcome"]

# Statuses of a server that couldn't do what it was asked for.
_FAULTS = 500
# Characters.
_QUOTED = 280
# Beyond any message.
_TYPED_MAX = 4 * TEXT_MAX


def prepare(context: Context) -> None:
    """Read a text that is there before the loop starts. Who is to type it is asked in `say`."""
    if context.args.delete is None and not _is_typed(context):
        context.prepare({"text"})


def _is_typed(context: Context) -> bool:
    return context.args.text_file is None and is_terminal(context.stdin)


async def say(context: Context) -> Exit:
    """Send a message; it is stored when this returns."""
    args = context.args
    if args.delete is None and _is_typed(context):
        # Before somebody writes, they are told if it can't go anywhere.
        async with here(context) as place:
            await place.sync()
            title = place.title_of(args.where)
        context.reassure(f"To {title}. Ctrl-D on an empty line sends it, Ctrl-C doesn't.")
        text = await _typed(context)
    else:
        text = "" if args.delete is not None else context.text
    kind, body = _wanted(context, text)
    async with here(context) as place:
        try:
            await place.sync()
            known = await place.conversation_with(args.where)
            place.require_followed(known)
            await introduce(place, known)
        except ClientError as error:
            if error.status != Exit.NETWORK:
                raise
            message = f"{error.message} Nothing was sent."
            raise ClientError(error.status, error.code, message) from None
        if "mentions" in body:
            body |= mentioning(place, known, text)
        if args.reply is not None:
            body["quote"] = await _quote(place, known.id, read_reference(args.reply))
        sent = await send(place, known.id, kind, body)
        if args.delete is not None:
            # Where it waits to be read yet, nobody reads it any more; else there is nothing.
            _, deleted = read_reference(args.delete)
            with suppress(Refusal):
                await place.engine.service.destroy_message(known.id, deleted)
    if context.wants_json:
        await context.put_json(sent)
    context.reassure("Sent.")
    return Exit.OK


async def _typed(context: Context) -> str:
    data = b""
    async with aclosing(chunks(context.stdin)) as typed:
        async for one in typed:
            data += one
            if len(data) > _TYPED_MAX:
                break
    return data.decode("utf-8", "replace")


def _wanted(context: Context, text: str) -> tuple[str, dict[str, object]]:
    args = context.args
    if args.delete is not None:
        return "delete", {"of": _of(args.delete)}
    # The end of the last line is the shell's or the keyboard's, not the person's.
    text = text.removesuffix("\n")
    if not text:
        raise usage("There is no text to send.")
    if len(text.encode()) > TEXT_MAX:
        raise usage(f"The text is too long: a message has room for {TEXT_MAX} bytes.")
    if args.react is not None:
        return "reaction", {"of": _of(args.react), "reaction": text.strip()}
    if args.edit is not None:
        return "edit", {"of": _of(args.edit), "text": text, "mentions": []}
    if args.reply is not None:
        of = _of(args.reply)
        return "reply", {"of": of, "text": text, "mentions": [], "quote": ""}
    return "text", {"text": text, "mentions": []}


async def _quote(place: Here, conversation: bytes, of: tuple[bytes, bytes]) -> str:
    """The beginning of the message that is answered, if the server still has it: nothing is kept
    here of what was printed."""
    with suppress(Refusal):
        for one in await place.engine.history(conversation):
            if (one.device, one.id) == of and one.content is not None:
                text = str(one.content.body.get("text", ""))[:_QUOTED]
                return text.encode()[:QUOTE_MAX].decode(errors="ignore")
    return ""


def read_reference(typed: str) -> tuple[bytes, bytes]:
    """Device and id of a message, as `inbox --json` tells them."""
    device, dot, message = typed.partition(".")
    try:
        if not dot:
            raise Refusal("malformed")
        return b64decode(device, ID_SIZE), b64decode(message, ID_SIZE)
    except Refusal:
        raise usage("A message is named as `inbox --json` does it, in `message`.") from None


def _of(typed: str) -> dict[str, str]:
    device, message = read_reference(typed)
    return {"device": b64encode(device), "id": b64encode(message)}


async def introduce(place: Here, known: Known) -> None:
    """Let those who are new in a conversation of several know what one calls oneself."""
    if place.is_direct(known):
        return
    told = place.account.kept.people.told
    newest = max(one.since for one in known.people)
    if told.get(known.id, 0) >= newest:
        return
    name = place.account.kept.address.partition(".")[0]
    await place.engine.send(known.id, "profile", {"name": name, "picture": None})
    told[known.id] = newest
    place.account.save()


async def welcome(place: Here, conversation: bytes) -> Known:
    """Tell those who have just been added what the conversation is called, and who one is."""
    known = place.known(conversation)
    if known.name is not None:
        await place.engine.send(conversation, "card", {"name": known.name, "picture": None})
    await introduce(place, known)
    return known


async def send(
    place: Here,
    conversation: bytes,
    kind: str,
    body: dict[str, object],
    noted: Callable[[bytes], None] | None = None,
) -> dict[str, object]:
    """Send one message; says where it stands. What gets no answer is sent by the next command."""
    try:
        sent = await place.engine.send(conversation, kind, body, noted)
    except (ClientError, Refusal) as error:
        # What was refused isn't sent later; what nobody has answered is, unless it is found there.
        kept = (
            error.status >= _FAULTS if isinstance(error, Refusal) else error.status == Exit.NETWORK
        )
        if not kept:
            raise
        message = f"{error.message} The message is kept here, and sent once by the next command."
        raise ClientError(Exit.NETWORK, error.code, message) from None
    device = place.account.kept.device
    assert device is not None
    return {
        "conversation": b64encode(conversation),
        "message": f"{b64encode(device)}.{b64encode(sent.id)}",
        "place": sent.s,
        "at": sent.at,
    }

"""Helpers for use beside curl: they compute what HTTP can't, and send nothing.

The server's configuration comes from `--config FILE`, the answer to `GET /config`; only without it
is the server asked, for that alone.
"""

import os
from pathlib import Path

from ephemeral.client.context import Context
from ephemeral.client.entry import accepted, canonical_code, room_keys
from ephemeral.client.exits import ClientError, Exit, usage
from ephemeral.client.output import Output
from ephemeral.client.room_commands import chosen_charter
from ephemeral.client.safe_text import neutralise
from ephemeral.client.sending import text_content
from ephemeral.client.text_input import read_bytes
from ephemeral.protocol.charter import verify_charter
from ephemeral.protocol.config import Config, read_config
from ephemeral.protocol.encoding import b64encode, parse_json
from ephemeral.protocol.envelope import open_message, seal_message, viewing_hash
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.keys import ContentKeys, RoomKeys, member_id
from ephemeral.protocol.limits import (
    ID_SIZE,
    NONCE_SIZE,
    PROFILE_COLOURS,
    TOKEN_SIZE,
    VIEWING_SIZE,
)
from ephemeral.protocol.objects import Json, read_opened, read_room
from ephemeral.protocol.profile import seal_profile

__all__ = ["charter", "locator", "member", "open_envelope", "seal"]


async def _config(context: Context) -> Config:
    if context.args.config is not None:
        value = read_config(_json_file(context.args.config))
    else:
        async with context.server(patience=context.args.timeout) as server:
            value = await server.config()
    return accepted(value, allow_pbkdf2=context.args.allow_pbkdf2)


def _json_file(path: Path) -> Json:
    return _json(read_bytes(path), f"{path} holds no JSON object.")


def _json(data: bytes, message: str) -> Json:
    try:
        value = parse_json(data)
    except Refusal:
        value = None
    if not isinstance(value, dict):
        raise usage(message)
    return value


async def _keys(context: Context) -> tuple[RoomKeys, Config]:
    config = await _config(context)
    code = canonical_code(context.typed, config)
    return await room_keys(context.derive, code, config), config


async def _content_keys(context: Context) -> ContentKeys:
    """Keys for the room that `--room FILE` describes, whose charter is verified first."""
    answer = _json_file(context.args.room)
    keys, config = await _keys(context)
    try:
        # The answer to joining holds the room beside its members.
        room = read_room(answer.get("room", answer))
    except Refusal:
        raise usage(f"{context.args.room} holds no answer about a room.") from None
    found = verify_charter(room.charter, room.mac, keys.charter_key, config.suite)
    return keys.content(found.nonce)


async def locator(context: Context) -> Exit:
    """Print the locator of a code: the bearer token of its room."""
    keys, _ = await _keys(context)
    await context.put(b64encode(keys.locator))
    return Exit.OK


async def charter(context: Context) -> Exit:
    """Print the body of `POST /rooms` for a code and a policy."""
    keys, config = await _keys(context)
    chosen = chosen_charter(context, config)
    await context.put_json(
        {"charter": b64encode(chosen.encode()), "mac": b64encode(chosen.mac(keys.charter_key))}
    )
    return Exit.OK


async def member(context: Context) -> Exit:
    """Print a new token and its member's id; with a name also the profile that belongs to them."""
    token = context.random(TOKEN_SIZE)
    drawn = member_id(token)
    answer = {"member": b64encode(drawn), "token": b64encode(token)}
    if context.args.name is not None:
        if context.args.room is None:
            raise usage("A name is sealed for its room: give --room FILE with --name.")
        keys = await _content_keys(context)
        colour = context.random(1)[0] % PROFILE_COLOURS
        nonce = context.random(NONCE_SIZE)
        profile = seal_profile(keys, drawn, context.args.name, colour, nonce)
        answer["profile"] = b64encode(profile)
    await context.put_json(answer)
    return Exit.OK


async def seal(context: Context) -> Exit:
    """Print the body of `POST /room/messages` for a text."""
    args = context.args
    keys = await _content_keys(context)
    message, viewing = context.random(ID_SIZE), context.random(VIEWING_SIZE)
    content = text_content(context.text, args.view)
    nonce = context.random(NONCE_SIZE)
    envelope = seal_message(keys, args.member, message, viewing, args.counter, content, nonce)
    body = {
        "id": b64encode(message),
        "envelope": b64encode(envelope),
        "viewing_hash": b64encode(viewing_hash(viewing)),
    }
    await context.put_json(
        {"body": body, "viewing": b64encode(viewing)} if context.wants_json else body
    )
    return Exit.OK


async def open_envelope(context: Context) -> Exit:
    """Decrypt the answer to `.../open`, print its text, and only then write the acknowledgement."""
    answer = _json(context.input, "Standard input holds no JSON object.")
    try:
        opened = read_opened(answer)
    except Refusal:
        raise usage("Standard input holds no answer to the opening of a message.") from None
    keys = await _content_keys(context)
    message = open_message(keys, opened.author, opened.id, opened.envelope)
    text = message.content.get("text")
    if context.wants_json:
        await context.put_json(
            {
                "id": b64encode(opened.id),
                "author": b64encode(opened.author),
                "counter": message.counter,
                "content": message.content,
            }
        )
    elif message.content["type"] != "text" or not isinstance(text, str):
        context.say("A message of a kind that is not known here.")
    elif context.output.is_terminal():
        await context.put(neutralise(text))
    else:
        await context.output.write(text.encode())
    await _write_acknowledgement(context, message.viewing)
    return Exit.OK


async def _write_acknowledgement(context: Context, viewing: bytes) -> None:
    body = f'{{"viewing":"{b64encode(viewing)}"}}\n'.encode()
    if context.args.ack_fd is not None:
        await Output(context.args.ack_fd).write(body)
    elif context.args.ack is not None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        try:
            descriptor = os.open(context.args.ack, flags, 0o600)
        except OSError as error:
            reason = error.strerror or "unknown reason"
            message = f"{context.args.ack} can't be written: {reason}."
            raise ClientError(Exit.OUTPUT, "output", message) from None
        try:
            await Output(descriptor).write(body)
        finally:
            os.close(descriptor)

"""`report`: telling the operators of something in a room, by the word of who reports alone."""

from ephemeral.client.context import Context
from ephemeral.client.exits import Exit, usage
from ephemeral.protocol.codes import has_code
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.limits import ID_SIZE
from ephemeral.protocol.links import has_link
from ephemeral.protocol.reports import TEXT_MAX

__all__ = ["report_from_room"]


async def report_from_room(context: Context) -> Exit:
    """Send what is said in the text, and nothing of the room."""
    text = context.text.strip()
    if not text:
        raise usage("There is no text to send.")
    if len(text.encode()) > TEXT_MAX:
        raise usage(f"The text is too long: a report has room for {TEXT_MAX} bytes.")
    if has_link(text) or has_code(text):
        raise usage(
            "There is a room's code in the text: whoever reads it could come in. Leave it out."
        )
    # Drawn, not made of the text: the id is kept for longer than that.
    body = {"id": b64encode(context.random(ID_SIZE)), "reason": context.args.reason, "text": text}
    async with context.server(patience=context.args.timeout, with_code=False) as server:
        await server.ask("POST", "/report/room", body=body)
    if context.wants_json:
        await context.put_json({"reported": True})
    context.reassure("Reported. You will hear nothing of what becomes of it.")
    return Exit.OK

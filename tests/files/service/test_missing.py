"""What the store has lost of a file is noticed once a day, and told."""

from support.machines.conversation_desk import seat
from support.machines.file_desk import MIB, FileDesk, new_file

from ephemeral.conversations.rules.changes import FileChanged


async def test_a_file_whose_object_is_lost_is_broken_and_no_other_is(files: FileDesk):
    one, two = await files.talks.friends(1, 1)
    talk = await files.talks.talk(one, two)
    whole, cut, lost, coming = (new_file(talk, padded=2 * MIB) for _ in range(4))
    for new in (whole, cut, lost):
        await files.upload(one, new)
    # What hasn't landed isn't missed.
    made = await files.make(one, coming)
    await files.store(made.addresses[0])
    await files.landed(one, coming.id, [0])
    prefixes = {
        row["file"]: row["prefix"]
        for row in await files.pool.fetch("SELECT file, prefix FROM accounts.files")
    }
    for new, body in ((cut, b"fewer bytes"), (lost, None)):
        key = files.objects.key("f", prefixes[new.id], 1)
        await files.objects.store.delete([key])
        if body is not None:
            await files.objects.store.put(key, body)
    files.talks.desk.hints.clear()
    for _ in range(2):
        await files.services.missing.look()
        told = [event for _, event in files.talks.desk.hints if isinstance(event, FileChanged)]
        assert {event.file for event in told} == {cut.id, lost.id}
        assert all(event.landed is not None for event in told)
    broken = {
        new.id: (await files.services.reading.one(seat(two), new.id))[0].file.broken
        for new in (whole, cut, lost, coming)
    }
    assert broken == {whole.id: False, cut.id: True, lost.id: True, coming.id: False}

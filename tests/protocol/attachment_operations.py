"""Operations of the vectors of attachments: docs/protocol.md, section 14."""

import hashlib

from ephemeral.protocol import attachments, envelope

__all__ = ["ATTACHMENTS"]


def sized(data):
    return {"size": len(data), "sha256": hashlib.sha256(data).digest()}


def attachment_length(size):
    padded = attachments.padded_length(size)
    attachments.check_size(padded, size)
    return {"padded": padded} | attachment_chunks(padded)


def attachment_chunks(padded):
    count = attachments.chunks_of(padded)
    return {"chunks": [attachments.sealed_length(padded, at) for at in range(count)]}


def read_file(text):
    read = attachments.read_file(envelope.read_content(text.encode()))
    assert read == attachments.read_file(attachments.file_content(read))
    return {"file": read._asdict() | {"id": read.id.hex(), "key": read.key.hex()}}


def write_file(file):
    named = {"id": bytes.fromhex(file["id"]), "key": bytes.fromhex(file["key"])}
    return {"content": attachments.file_content(attachments.Attachment(**file | named))}


def attachment_of(given, size):
    place = attachments.Place(given["room_nonce"], given["author"], given["message"])
    return attachments.Attachment("a", "a/b", size, given["id"], given["key"]), place


def chunks_of(data, given):
    file, place = attachment_of(given, len(data))
    sealer, step = attachments.Sealer(file, place), attachments.CHUNK_SIZE
    parts = (data[at * step : (at + 1) * step] for at in range(sealer.count))
    return [sealer.chunk(at, part) for at, part in enumerate(parts)]


def seal_attachment(data, **given):
    chunks = chunks_of(data, given)
    file, place = attachment_of(given, len(data))
    opener = attachments.Opener(file, place, attachments.padded_length(len(data)))
    assert b"".join(opener.open(at, one) for at, one in enumerate(chunks)) == data
    return {"chunks": [[len(one), hashlib.sha256(one).hexdigest()] for one in chunks]}


def seal_attachment_chunk(size, chunk, content, **given):
    return sized(attachments.Sealer(*attachment_of(given, size)).chunk(chunk, content))


def open_attachment_chunk(data, sha256, chunk, change, opened_as, **given):
    chunks = chunks_of(data, given)
    assert hashlib.sha256(b"".join(chunks)).digest() == sha256
    sealed = chunks[chunk]
    for at, written in change:
        new = bytes.fromhex(written or "")
        sealed = sealed[:at] + new + (b"" if written is None else sealed[at + len(new) :])
    lies = {key: bytes.fromhex(x) if isinstance(x, str) else x for key, x in opened_as.items()}
    padded = attachments.padded_length(len(data))
    named = {"size": len(data), "padded": padded, "chunk": chunk, **given} | lies
    opener = attachments.Opener(*attachment_of(named, named["size"]), named["padded"])
    return sized(opener.open(named["chunk"], sealed))


ATTACHMENTS = {
    function.__name__: function
    for function in (
        attachment_length,
        attachment_chunks,
        read_file,
        write_file,
        seal_attachment,
        seal_attachment_chunk,
        open_attachment_chunk,
    )
}

"""Operations of the vectors of files: docs/files.md."""

import hashlib

from account_operations import given_bytes

from ephemeral.protocol.conversations import together
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.files import contents, info, layout, segments
from ephemeral.protocol.files.keys import FileKey

__all__ = ["FILES"]


def sized(data):
    return {"size": len(data), "sha256": hashlib.sha256(data).digest()}


def file_of(given):
    return FileKey(given["id"], given["key"])


# Layout


def padded_length(size):
    padded = layout.padded_length(size)
    layout.check_size(padded, size)
    assert layout.padded_length(padded) == padded
    return {"padded": padded}


def segments_of(padded, numbers):
    cut = layout.Layout(padded)
    found = [cut.segment(number) for number in numbers]
    return {
        "count": cut.count,
        "segments": [[one.start, one.length, one.chunks, one.sealed_length] for one in found],
    }


def segment_at(padded, offset):
    return {"segment": layout.Layout(padded).at(offset).number}


def upload_order(padded, wanted):
    return {"order": layout.Layout(padded).order(wanted)}


# Objects


def seal_segment(padded, segment, plaintext, random, **given):
    file, cut = file_of(given), layout.Layout(padded)
    sealed = segments.seal_segment(file, cut, segment, plaintext, given_bytes(random))
    assert segments.open_segment(file, cut, segment, sealed) == plaintext
    return sized(sealed)


def open_segment(padded, segment, **given):
    cut = layout.Layout(padded)
    return sized(segments.open_segment(file_of(given), cut, segment, given["object"]))


def open_segment_chunk(padded, segment, salt, chunk, sealed, **given):
    opener = segments.Opener(file_of(given), layout.Layout(padded), segment, salt)
    return sized(opener.open(chunk, sealed))


def open_changed(padded, segment, plaintext, salt, sha256, take, opened_as, **given):
    cut = layout.Layout(padded)
    sealed = segments.seal_segment(file_of(given), cut, segment, plaintext, given_bytes(salt))
    assert hashlib.sha256(sealed).digest() == sha256
    lies = {key: bytes.fromhex(x) if isinstance(x, str) else x for key, x in opened_as.items()}
    changed = b"".join(sealed[start:end] for start, end in take)
    named = {**given, "padded": padded, "segment": segment, **lies}
    return open_segment(**named, object=changed)


def segment_content(padded, segment, size, plaintext):
    return sized(segments.content_of(layout.Layout(padded), segment, size, plaintext))


def file_digest(padded, size, hashes, **given):
    known = [bytes.fromhex(one) for one in hashes]
    return {"digest": segments.file_digest(given["id"], layout.Layout(padded), size, known)}


def check_digest(padded, size, hashes, digest, **given):
    known = [bytes.fromhex(one) for one in hashes]
    segments.check_digest(digest, given["id"], layout.Layout(padded), size, known)
    return {}


# What is told of them


def seal_info(random, **given):
    told = given["info"]
    thumbnail = None if told["thumbnail"] is None else b64decode(told["thumbnail"])
    made = info.Info(**told | {"thumbnail": thumbnail})
    sealed = info.seal_info(file_of(given), made, given_bytes(random))
    padded, digest = layout.padded_length(made.size), hashlib.sha256(sealed).digest()
    assert info.open_info(file_of(given), padded, digest, sealed) == made
    return {"sealed": sealed}


def open_info(padded, sha256, sealed, **given):
    found = info.open_info(file_of(given), padded, sha256, sealed)
    thumbnail = found.thumbnail and b64encode(found.thumbnail)
    return {"info": found._asdict() | {"thumbnail": thumbnail}}


# What messages say of them


def read_files(body):
    found = contents.read_files(body)
    assert contents.files_body(found) == body
    return {
        "files": [
            {
                "file": one.file.id.hex(),
                "key": one.file.key.hex(),
                "padded": one.padded,
                "info": one.info.hex(),
            }
            for one in found
        ]
    }


def write_files(files):
    references = [
        contents.Reference(
            FileKey(bytes.fromhex(one["file"]), bytes.fromhex(one["key"])),
            one["padded"],
            bytes.fromhex(one["info"]),
        )
        for one in files
    ]
    return {"body": contents.files_body(references)}


def read_confirmation(body):
    found = contents.read_confirmation(body)
    assert contents.confirmation_body(found) == body
    return {"confirmation": {key: one.hex() for key, one in found._asdict().items()}}


def read_registered(file, value):
    found = contents.read_registered(file, value)
    assert contents.registered_value(found) == value
    (key, padded, info), *others = found
    names = ("conversation", "device", "message", "digest", "until")
    told = {
        name: one.hex() if isinstance(one, bytes) else one
        for name, one in zip(names, others, strict=True)
    }
    named = {"file": key.id.hex(), "key": key.key.hex(), "padded": padded, "info": info.hex()}
    return {"known": named | told}


# Watching together

_TOGETHER = ("playing", "held", "waiting", "stalled", "leaving")


def where_of(given):
    return together.Where(**{name: given[name] for name in WHERE})


WHERE = ("seed", "record", "conversation", "file", "device")


def said_of(said):
    flags = {f"is_{name}": said[name] for name in _TOGETHER}
    others = {name: one for name, one in said.items() if name not in _TOGETHER}
    ids = {name: bytes.fromhex(said[name]) for name in ("session", "by")}
    return together.Said(**others | flags | ids)


def seal_together(said, random, **given):
    one = said_of(said)
    sealed = together.seal_together(where_of(given), one, given_bytes(random))
    assert together.open_together(where_of(given), sealed) == one
    return {"sealed": sealed}


def open_together(sealed, **given):
    one = together.open_together(where_of(given), sealed)
    found = {name.removeprefix("is_"): getattr(one, name) for name in one.__dataclass_fields__}
    return {"said": found | {"session": one.session.hex(), "by": one.by.hex()}}


def newer_wish(said, known):
    return {"counts": together.is_newer(said_of(said), known and said_of(known))}


FILES = {
    function.__name__: function
    for function in (
        padded_length,
        segments_of,
        segment_at,
        upload_order,
        seal_segment,
        open_segment,
        open_segment_chunk,
        open_changed,
        segment_content,
        file_digest,
        check_digest,
        seal_info,
        open_info,
        read_files,
        write_files,
        read_confirmation,
        read_registered,
        seal_together,
        open_together,
        newer_wish,
    )
}

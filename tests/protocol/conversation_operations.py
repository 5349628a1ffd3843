"""Operations of the vectors of conversations: docs/conversations.md."""

from account_operations import given_bytes

from ephemeral.protocol.accounts import canonical_json, hpke
from ephemeral.protocol.accounts.chain import Pin, Signed
from ephemeral.protocol.accounts.signing import SigningKey
from ephemeral.protocol.conversations import (
    contents,
    epochs,
    history,
    invitations,
    judge,
    leaves,
    lines,
    log,
    messages,
    records,
    registers,
)
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal, refuse

__all__ = ["CONVERSATIONS"]


def hexed(many):
    return [one.hex() for one in many]


def unhexed(many):
    return [bytes.fromhex(one) for one in many]


def read_lines(chains):
    found = [lines.Line.of(map(Signed.decode, unhexed(one))) for one in chains]
    return {one.id: one for one in found}


# Records


def read_record(**given):
    record = records.Record.decode(given["bytes"])
    assert record.encode() == given["bytes"]
    return {"hash": record.hash, "record": canonical_json.decode(given["bytes"])}


def read_record_entry(entry):
    signed = records.SignedRecord.read(entry)
    assert signed.entry() == entry
    assert signed.hash == signed.record.hash
    return {
        "hash": signed.hash,
        "signature": signed.signature,
        "box_hashes": hexed(signed.box_hashes),
    }


def list_devices(people, **given):
    named = [
        records.Person(bytes.fromhex(one["chain"]), "member", 1, one["sequence"], b"")
        for one in people
    ]
    return {"devices": hexed(judge.listed_devices(named, read_lines(given["lines"])))}


# The judge


def judge_record(entry, before=None, complete=False, **given):
    known = None if before is None else records.Record.decode(before)
    after = records.SignedRecord.read(entry)
    verdict = judge.judge(known, after, read_lines(given["lines"]), complete)
    match verdict:
        case judge.Bad(code):
            raise Refusal(code)
        case judge.Waiting(chains):
            return {"outcome": "waiting", "waiting": hexed(chains)}
    assert verdict is judge.GOOD
    return {"outcome": "good", "waiting": []}


def due_epoch(record, **given):
    return {"due": judge.due(records.Record.decode(record), read_lines(given["lines"]))}


def first_reason(
    record, chain, founding, continued=None, contacts=(), inviters=(), pinned=(), agreed=False,
    **given,
):  # fmt: skip
    reader = judge.Reader(
        chain,
        founding,
        contacts=frozenset(unhexed(contacts)),
        inviters=frozenset(unhexed(inviters)),
        pinned=frozenset(unhexed(pinned)),
        continued=None if continued is None else records.Record.decode(continued),
        agreed=agreed,
    )
    read = records.Record.decode(record)
    return {"reason": judge.first_reason(read, read_lines(given["lines"]), reader)}


# Epochs and their boxes


def commit_seed(**given):
    return {"commitment": epochs.commitment(**given)}


def sign_record(seed, record, boxes):
    signed = epochs.sign_record(SigningKey.from_seed(seed), record, unhexed(boxes))
    return {"entry": signed.entry()}


def seal_epoch_boxes(record, keys, seed):
    read = records.Record.decode(record)
    private = [one and hpke.PrivateKey.from_seed(bytes.fromhex(one)) for one in keys]
    devices = [one.device for one in read.devices]
    boxes = epochs.seal_boxes(read.hash, [one and one.public for one in private], devices, seed)
    signed = records.SignedRecord(record, b"", tuple(map(records.box_hash, boxes)))
    for key, device, box in zip(private, devices, boxes, strict=True):
        assert key is None or epochs.open_box(key, signed, device, box) == seed
    return {"sizes": [len(one) for one in boxes]}


def open_epoch_box(sealing, entry, device, box):
    key = hpke.PrivateKey.from_seed(sealing)
    return {"seed": epochs.open_box(key, records.SignedRecord.read(entry), device, box)}


def export_secret(seed, record, label, context):
    return {"secret": epochs.export(seed, record, label, context)}


def authenticator(seed, record):
    secret = epochs.authenticator(seed, record)
    return {"authenticator": secret, "number": epochs.authenticator_number(secret)}


# Messages, the log, what they say


def seal_entry(seed, signing, **given):
    key = epochs.message_key(seed, given["record"], given["device"])
    signer = SigningKey.from_seed(signing)
    return {"entry": messages.seal_message(key, records.SUITE, signing=signer, **given)}


def read_ad(entry):
    found = messages.read_ad(entry)._asdict()
    assert found.pop("suite") == records.SUITE
    return found


def open_entry(seed, record, place, entry, s, device, hashes, **given):
    known = {int(at): bytes.fromhex(one) for at, one in hashes.items()}
    signed = records.SignedRecord.read(record)
    chains = read_lines(given["lines"])
    opened = messages.open_message(seed, signed, place, chains, entry, s, device, known.get)
    return {**opened.content._asdict(), "raw": opened.raw, "signature": opened.signature}


def log_hashes(conversation, entries):
    at = log.Log.first(conversation)
    hashes = [at.hash]
    for one in entries:
        device, digest = unhexed((one["device"], one["digest"]))
        at = at.next(one["kind"], device, digest)
        hashes.append(at.hash)
    return {"hashes": hexed(hashes)}


def write_content(kind, at, body):
    return {"bytes": contents.encode(kind, at, body)}


def read_message_content(**given):
    return contents.decode(given["bytes"])._asdict()


# Leaves, registers, invitations


def sign_leave(seed, conversation, since, **given):
    leave = leaves.sign_leave(SigningKey.from_seed(seed), conversation, given["chain"], since)
    return {"device": leave.device, "signature": leave.signature}


def check_leave(key, conversation, since, signature, **given):
    leave = records.Leave(given["chain"], since, b"", signature)
    refuse(not leaves.verify_leave(conversation, leave, key), "record_leave")
    return {}


def fold_registers(**given):
    state = {}
    for one in given["contents"]:
        state = registers.folded(state, contents.decode(contents.encode("sync", 0, one)))
    return {"registers": state}


def self_conversation(founding, **given):
    return {"conversation": registers.self_conversation(given["chain"], founding)}


def invitation_link(id, secret):  # noqa: A002 - as the vectors have it
    invitation = invitations.Invitation(id, secret)
    assert invitations.read_invitation(f"https://a.example/x#{invitation.fragment()}") == invitation
    return {"fragment": invitation.fragment(), "joining": invitation.joining}


def read_invitation(text):
    found = invitations.read_invitation(text)
    return {"id": found.id, "secret": found.secret}


SIDES = {
    "out": (invitations.seal_invitation, invitations.open_invitation),
    "in": (invitations.seal_redemption, invitations.open_redemption),
}


def seal_introduction(id, secret, direction, random, sequence, head, name, conversation, **given):  # noqa: A002 - as the vectors have it
    who = invitations.Inviting(
        Pin(given["chain"], sequence, head), name, conversation and bytes.fromhex(conversation)
    )
    seal, _ = SIDES[direction]
    return {"sealed": seal(invitations.Invitation(id, secret), who, given_bytes(random))}


def open_introduction(id, secret, direction, sealed):  # noqa: A002 - as the vectors have it
    _, unseal = SIDES[direction]
    found = unseal(invitations.Invitation(id, secret), sealed)
    into = found.conversation
    return {**found.pin._asdict(), "name": found.name, "conversation": into and into.hex()}


def seal_chunk(key, device, number, random, lines, names, last):
    chunk = history.Chunk([line_of(one) for one in lines], [name_of(one) for one in names], last)
    return {"sealed": history.seal_chunk(key, device, number, chunk, given_bytes(random))}


def line_of(line):
    said = line["content"]
    found = {name: b64decode(line[name]) for name in ("conversation", "chain", "device", "id")}
    content = said and contents.Content(said["kind"], said["at"], said["body"])
    reactions = {b64decode(chain): one for chain, one in line["reactions"].items()}
    return history.Line(**line | found | {"content": content, "reactions": reactions})


def name_of(name):
    chain = name["chain"] and b64decode(name["chain"])
    return history.Name(b64decode(name["conversation"]), chain, name["name"])


def open_chunk(key, device, number, sealed):
    found = history.open_chunk(key, device, number, sealed)
    return {
        "lines": [told(one, "conversation", "chain", "device", "id") for one in found.lines],
        "names": [told(one, "conversation", "chain") for one in found.names],
        "last": found.last,
    }


def told(one, *named):
    """A line or a name as it stands in a chunk."""
    fields = one._asdict()
    fields |= {name: fields[name] and b64encode(fields[name]) for name in named}
    if "content" in fields:
        fields["content"] = fields["content"] and {"v": 1, **fields["content"]._asdict()}
        fields["reactions"] = {b64encode(chain): said for chain, said in one.reactions.items()}
    return fields


CONVERSATIONS = {
    function.__name__: function
    for function in (
        read_record,
        read_record_entry,
        list_devices,
        judge_record,
        due_epoch,
        first_reason,
        commit_seed,
        sign_record,
        seal_epoch_boxes,
        open_epoch_box,
        export_secret,
        authenticator,
        seal_entry,
        read_ad,
        open_entry,
        log_hashes,
        write_content,
        read_message_content,
        sign_leave,
        check_leave,
        fold_registers,
        self_conversation,
        invitation_link,
        read_invitation,
        seal_introduction,
        open_introduction,
        seal_chunk,
        open_chunk,
    )
}

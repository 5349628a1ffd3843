"""Operations of the vectors of accounts: docs/accounts.md."""

import hashlib

from ephemeral.protocol.accounts import (
    addresses,
    canonical_json,
    chain,
    device_names,
    hpke,
    linking,
    passwords,
    pins,
    proofs,
    recovery,
    safety_number,
    shares,
    signing,
)
from ephemeral.protocol.accounts import sealing_keys as sealing
from ephemeral.protocol.accounts.signing import SigningKey
from ephemeral.protocol.errors import Refusal, refuse

__all__ = ["ACCOUNTS"]


def given_bytes(data):
    """What a vector lets be drawn: these bytes, and no more."""
    left = bytearray(data)

    def random(size):
        assert size <= len(left), "more is drawn than the vector gives"
        drawn = bytes(left[:size])
        del left[:size]
        return drawn

    return random


# Signatures


def sign(seed, label, data):
    key = SigningKey.from_seed(seed)
    return {"public": key.public, "signature": key.sign(label, data)}


def check_key(public):
    refuse(not signing.is_valid_key(public), "chain_key")
    return {}


def check_signature(public, label, data, signature):
    refuse(not signing.verify(public, label, data, signature), "chain_signature")
    return {}


# The chain


def device_id(key):
    return {"device": chain.device_id(key)}


def consent(seed, **given):
    return {"consent": chain.consent(SigningKey.from_seed(seed), given["chain"])}


def read_statements(statements):
    return [bytes.fromhex(one) for one in statements]


def make_statement(statements, type, signer, **given):  # noqa: A002 - as the vectors have it
    said = read_statements(statements)
    before = chain.read_chain(said) if said else chain.Chain.empty()
    key = SigningKey.from_seed(signer)
    words = [given[one] for one in ("recovery", "recovery_seal") if one in given]
    match type:
        case chain.GENESIS:
            made = chain.genesis(key, *words)
        case chain.ADD:
            made = chain.add(before, key, given["key"], given["consent"])
        case chain.REMOVE:
            made = chain.remove(before, key, given["device"])
        case chain.RECOVER:
            made = chain.recover(before, key, given["key"], given["consent"], tuple(words) or None)
        case _:
            made = chain.close(before, key)
    return {"signed": made.encode()}


def devices(found):
    return [[one.id.hex(), one.key.hex(), one.since] for one in found]


def read_chain(statements, pin=None):
    known = None
    if pin is not None:
        known = chain.Pin(bytes.fromhex(pin["chain"]), pin["sequence"], bytes.fromhex(pin["head"]))
    found = chain.read_chain(read_statements(statements), known)
    assert found.closed == (found.closed_by is not None)
    return {
        "chain": found.id,
        "sequence": found.sequence,
        "head": found.head,
        "devices": devices(found.devices),
        "removed": devices(found.removed),
        "recovery": found.recovery,
        "recovery_seal": found.recovery_seal,
        "closed_by": found.closed_by,
    }


def grow_chain(name, adds, then):
    def key(who):
        return SigningKey.from_seed(hashlib.sha256(f"{name}/{who}/0".encode()).digest())

    active = [key("0")]
    grown = chain.Chain.empty().extend(chain.genesis(active[0], key("words").public, bytes(32)))
    for number in range(1, adds + 1):
        if len(active) == chain.DEVICES_MAX:
            oldest = chain.device_id(active.pop(0).public)
            grown = grown.extend(chain.remove(grown, active[-1], oldest))
        new = key(str(number))
        agreed = chain.consent(new, grown.id)
        grown = grown.extend(chain.add(grown, active[-1], new.public, agreed))
        active.append(new)
    results = []
    for more in then:
        reached, result = grown, "right"
        for one in read_statements(more):
            try:
                reached = reached.extend(chain.Signed.decode(one))
            except Refusal as refusal:
                result = refusal.code
        results.append(result)
    return {"sequence": grown.sequence, "head": grown.head, "results": results}


# Addresses, passwords, words


def read_address(text):
    return {"address": addresses.read_address(text)}


def is_address(text):
    return {"address": addresses.is_address(text)}


def new_address(name, random):
    return {"address": addresses.new_address(name, given_bytes(random))}


def account_salt(deployment_salt, address):
    return {"salt": addresses.account_salt(deployment_salt, address)}


def normalized(password):
    return {"bytes": passwords.normalized(password).encode()}


def derive_auth_key(password, deployment_salt, address):
    master = passwords.derive_master(password, deployment_salt, address)
    return {"master": master, "auth_key": passwords.auth_key(master)}


def read_recovery_words(text):
    return {"words": recovery.read_recovery_words(text)}


def new_recovery_words(random):
    return {"words": recovery.new_recovery_words(given_bytes(random))}


def recovery_root(words, deployment_salt):
    return {"root": recovery.recovery_root(words, deployment_salt)}


def recovery_keys(root):
    keys = recovery.RecoveryKeys.derived(root)
    assert hashlib.sha256(keys.seal_public).digest() == keys.seal_hash
    return {
        "signing": keys.signing.public,
        "seal_seed": keys.seal_seed,
        "seal_hash": keys.seal_hash,
    }


def storage_key(local, share):
    return {"key": shares.storage_key(local, share)}


def number_to_compare(one, other):
    return {"number": safety_number.safety_number(one, other)}


# Canonical JSON


def encode_canonical(value):
    return {"bytes": canonical_json.encode(value)}


def decode_canonical(**given):
    return {"value": canonical_json.decode(given["bytes"])}


# Boxes


def xwing_public(seed):
    return {"public": hpke.PrivateKey.from_seed(seed).public}


def seal_box(seed, info, plaintext):
    key = hpke.PrivateKey.from_seed(seed)
    sealed = hpke.seal(key.public, info, plaintext)
    assert hpke.unseal(key, info, sealed) == plaintext
    return {"size": len(sealed)}


def try_sealing(public):
    hpke.seal(public, b"", b"")
    return {}


def open_box(seed, info, sealed):
    return {"plaintext": hpke.unseal(hpke.PrivateKey.from_seed(seed), info, sealed)}


def sign_sealing(seed, device, number, day, public, **given):
    named = sealing.SealingKey(number, day, public)
    signature = sealing.sign_sealing(SigningKey.from_seed(seed), given["chain"], device, named)
    return {"signature": signature}


def check_sealing(key, device, number, day, public, signature, **given):
    named = sealing.SealingKey(number, day, public)
    right = sealing.verify_sealing(key, given["chain"], device, named, signature)
    refuse(not right, "sealing_key")
    return {}


# Proofs


def audience(deployment_salt):
    return {"audience": proofs.audience(deployment_salt)}


def make_proof(seed, **given):
    return {"header": proofs.proof(SigningKey.from_seed(seed), **given)}


def check_proof(public, header, **given):
    read = proofs.read_proof(header)
    refuse(not proofs.verify_proof(public, read, **given), "proof_wrong")
    return {"time": read.time}


# Linking


def link_root(code, deployment_salt):
    return {"root": linking.link_root(code, deployment_salt)}


def link_keys(root):
    keys = linking.link_keys(root)
    return {"locator": keys.locator, "to_old": keys.to_old, "to_new": keys.to_new}


def link_text(page, code):
    return {"text": linking.link_text(page, code)}


def read_link_code(text):
    return {"code": linking.read_link_code(text)}


def request_parts(request):
    return {
        "device": request.device,
        "key": request.key,
        "consent": request.consent,
        "number": request.sealing.number,
        "day": request.sealing.day,
        "public": request.sealing.public,
        "signature": request.signature,
        "name": request.name,
    }


def seal_request(root, account, random, number, day, public, **given):
    named = sealing.SealingKey(number, day, public)
    request = linking.LinkRequest(sealing=named, **given)
    sealed = linking.seal_request(linking.link_keys(root), account, request, given_bytes(random))
    return {"sealed": sealed}


def open_request(root, account, sealed):
    return request_parts(linking.open_request(linking.link_keys(root), account, sealed))


def check_request(statements, number, day, public, **given):
    named = sealing.SealingKey(number, day, public)
    request = linking.LinkRequest(sealing=named, name="A name", **given)
    linking.check_request(request, chain.read_chain(read_statements(statements)))
    return {}


def seal_answer(root, account, random, sequence, head, registers, **given):
    pin = chain.Pin(given["chain"], sequence, head)
    answer = linking.Answer(pin, given["pins"], registers)
    sealed = linking.seal_answer(linking.link_keys(root), account, answer, given_bytes(random))
    return {"sealed": sealed}


def open_answer(root, account, sealed):
    answer = linking.open_answer(linking.link_keys(root), account, sealed)
    found = {"chain": answer.pin.chain, "sequence": answer.pin.sequence, "head": answer.pin.head}
    return {**found, "pins": answer.pins, "registers": answer.registers}


def seal_device_name(names_key, device, name, random):
    sealed = device_names.seal_device_name(names_key, device, name, given_bytes(random))
    return {"sealed": sealed}


def open_device_name(names_key, device, sealed):
    return {"name": device_names.open_device_name(names_key, device, sealed)}


# Pin files


def open_pins(seed, statements, device, sealed, signature):
    key = hpke.PrivateKey.from_seed(seed)
    found = chain.read_chain(read_statements(statements))
    read = pins.open_pins(key, found, device, sealed, signature)
    return {
        "sequence": read.pin.sequence,
        "contacts": list(read.contacts),
        "registers": read.registers,
    }


def seal_pins(seed, words_seed, contacts, registers, statements):
    """The size; what was sealed is opened again."""
    key, words = SigningKey.from_seed(seed), hpke.PrivateKey.from_seed(words_seed)
    found = chain.read_chain(read_statements(statements))
    written = pins.Pins(found.pin, tuple(contacts), registers)
    sealed, signature = pins.seal_pins(key, words.public, written)
    device = chain.device_id(key.public)
    assert pins.open_pins(words, found, device, sealed, signature) == written
    return {"size": len(sealed)}


ACCOUNTS = {
    "safety_number": number_to_compare,
    **{
        function.__name__: function
        for function in (
            sign,
            check_key,
            check_signature,
            device_id,
            consent,
            make_statement,
            read_chain,
            grow_chain,
            read_address,
            is_address,
            new_address,
            account_salt,
            normalized,
            derive_auth_key,
            read_recovery_words,
            new_recovery_words,
            recovery_root,
            recovery_keys,
            storage_key,
            encode_canonical,
            decode_canonical,
            xwing_public,
            seal_box,
            try_sealing,
            open_box,
            sign_sealing,
            check_sealing,
            audience,
            make_proof,
            check_proof,
            link_root,
            link_keys,
            link_text,
            read_link_code,
            seal_request,
            open_request,
            check_request,
            seal_answer,
            open_answer,
            seal_device_name,
            open_device_name,
            open_pins,
            seal_pins,
        )
    },
}

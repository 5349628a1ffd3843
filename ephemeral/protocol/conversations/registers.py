"""What all devices of an account share: registers, and the conversation that carries them.

docs/conversations.md, section 9.
"""

from collections.abc import Mapping

from ephemeral.protocol.accounts.chain import Chain
from ephemeral.protocol.accounts.derivation import labelled_hash
from ephemeral.protocol.conversations.contents import Content
from ephemeral.protocol.conversations.records import CONVERSATION_SIZE

__all__ = ["REGISTERS", "Registers", "folded", "founding_hash", "self_conversation"]

#: The registers that this version knows. Others are kept as they come, for newer devices.
REGISTERS = frozenset(
    {
        "alias", "block", "conversation", "draft", "files", "hidden", "history", "links", "profile",
        "read", "request", "settings", "verified",
    }
)  # fmt: skip

#: Values by register and key.
Registers = Mapping[str, Mapping[str, object]]


def self_conversation(chain: bytes, founding: bytes) -> bytes:
    """The id of an account's own conversation; `founding` is the hash of its last GENESIS or
    RECOVER, so that who recovers the account begins another."""
    return labelled_hash("self", chain, founding)[:CONVERSATION_SIZE]


def founding_hash(chain: Chain) -> bytes:
    """The hash of a chain's last GENESIS or RECOVER."""
    return chain.hashes[chain.founded]


def folded(registers: Registers, content: Content) -> Registers:
    """The registers after one more content of the self-conversation, in the order of its log.

    The newest wins; null takes a key away. Other kinds than `sync` change nothing.
    """
    if content.kind != "sync":
        return registers
    register, key = str(content.body["register"]), str(content.body["key"])
    value = content.body["value"]
    rest = {name: one for name, one in registers.get(register, {}).items() if name != key}
    changed = rest if value is None else rest | {key: value}
    others = {name: one for name, one in registers.items() if name != register}
    return others | {register: changed} if changed else others

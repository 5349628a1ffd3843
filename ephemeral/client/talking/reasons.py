"""Why something isn't shown, or what else is to be known: a sentence for each code."""

from collections.abc import Mapping

__all__ = ["BROKEN_RECORD", "NOTES", "REASONS", "UNKNOWN_REASON"]

UNKNOWN_REASON = "it breaks a rule of the protocol ({code})"
#: Why a change isn't followed, by the code of the judge (docs/conversations.md, 3).
BROKEN_RECORD = (
    "it changes the conversation against its rules ({code}), so nothing after it is believed. "
    "`ephemeral chat again` begins anew with the same people"
)

#: Why what somebody wrote isn't shown (docs/conversations.md, 5 and 6).
REASONS: Mapping[str, str] = {
    "box_broken": "its key didn't reach this device, or is destroyed",
    "content_form": "it isn't in the form that the protocol asks for",
    "log_fork": (
        "whoever wrote it has read another conversation than this device: the server shows "
        "different things to different people"
    ),
    "message_again": "it was shown before, and was sent or served again",
    "message_broken": "it can't be decrypted",
    "message_conversation": "it belongs to another conversation",
    "message_device": "it was written by a device that isn't in the conversation",
    "message_length": "it doesn't have one of the allowed lengths",
    "message_padding": "it isn't in the form that the protocol asks for",
    "message_record": "it was encrypted with a key that was no longer in force",
    "message_seen": "it claims to have read what can't have been there",
    "message_signature": "its signature is wrong: somebody else may have written it",
    "message_version": "it is of a newer version: update this program",
    "update_needed": "it is of a newer version: update this program",
}

#: What else is to be known of a conversation.
NOTES: Mapping[str, str] = {
    "box_broken": (
        "the key of this part didn't reach this device; another one is made with the next message"
    ),
    "box_hash": (
        "the key of this part was exchanged on its way; another one is made with the next message"
    ),
    "changes_not_seen": "{days} days of changes were not seen here: look who is in it",
    "device_copied": "this device was copied: something was written in its name elsewhere",
    "not_compared": (
        "you are in this conversation by your own word, since this device doesn't know it: "
        "compare numbers with the people in it"
    ),
    "not_member": "you are in this conversation no more: you were removed, or it was ended",
    "record_uninvited": (
        "somebody who is none of your contacts added you. `ephemeral chat agree` takes part; until "
        "then nothing of it is shown"
    ),
    "renewal_failed": "a new key could not be made; it is tried again with the next message",
    "seed_commitment": (
        "the key of this part is another than its author announced; another one is made with the "
        "next message"
    ),
    "server_back": (
        "the server went back, as after the restoring of a backup; what it lost is sent anew"
    ),
}

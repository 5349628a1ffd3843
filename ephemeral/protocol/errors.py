"""Refusals: every way in which this program says no, with a stable code and a sentence.

A `Refusal` crosses every floor unchanged; the edge maps its code to a status and the one
JSON shape (docs/protocol.md, section 10). Anything that is not a Refusal is a fault and is
answered opaquely.
"""

from collections.abc import Mapping

__all__ = [
    "ACCOUNT_STATUS", "CONVERSATION_STATUS", "FILE_STATUS", "OBJECT_STATUS", "STATUS",
    "Refusal", "refuse",
]  # fmt: skip

#: Code -> (HTTP status, sentence for a person). The codes of section 10.
STATUS: Mapping[str, tuple[int, str]] = {
    "malformed": (400, "This request is not in the form that the protocol asks for."),
    "charter_length": (400, "The room's charter does not have 45 bytes."),
    "charter_version": (400, "The room's charter is of a version that is not known here."),
    "charter_suite": (400, "The room's charter names another key derivation than this server's."),
    "charter_policy": (400, "The room's charter names a policy that is not known here."),
    "charter_limits": (400, "The room's charter asks for more than this server allows."),
    "envelope_size": (400, "The envelope does not have one of the eight allowed sizes."),
    "profile_length": (400, "The encrypted profile does not have 256 bytes."),
    "attachment_size": (400, "This attachment, or this part of it, does not have an allowed size."),
    "unauthorized": (401, "The credentials are missing or malformed."),
    "seat_unknown": (401, "You no longer have a seat in this room."),
    "resume_unknown": (401, "This tab can no longer be resumed. Enter the code again."),
    "room_locked": (403, "The room is locked: nobody new can join."),
    "message_author": (403, "You wrote this message, so it is not yours to open."),
    "author_only": (403, "Only who wrote this message can take it back."),
    "audience_only": (403, "This message is for those who were here when it was sent."),
    "viewing_wrong": (403, "That does not prove that the message was decrypted."),
    "not_found": (404, "There is nothing at this address."),
    "room_unknown": (404, "There is no such room. The code may be wrong, or the room has ended."),
    "message_unknown": (404, "There is no such message."),
    "attachment_unknown": (404, "There is no such attachment of yours."),
    "method_not_allowed": (405, "This address does not answer to that method."),
    "room_exists": (409, "A room with this code exists already."),
    "room_full": (409, "All seats of this room are taken."),
    "member_taken": (409, "Another member of this room has that id."),
    "message_conflict": (409, "Another message of this room has that id."),
    "attachment_conflict": (409, "Another attachment, or part of it, is here already."),
    "attachment_incomplete": (409, "This message's attachment has not arrived."),
    "attachment_client": (409, "This message has an attachment, which can't be shown here."),
    "message_done": (409, "You are done with this message; it waits for others."),
    "message_leased": (409, "Somebody else is reading this message, or comes first."),
    "lease_lost": (409, "You are not reading this message at this moment."),
    "room_crowded": (409, "Too many messages wait in this room. Some must be read first."),
    "replaced": (409, "A newer connection of this seat took over."),
    "message_gone": (410, "This message has been destroyed."),
    "too_large": (413, "This is more than 96 KiB."),
    "unsupported_media": (415, "The body must be of type application/json."),
    "too_many": (429, "Too much at once. Wait a moment."),
    "internal": (500, "Something went wrong here. It was not your fault."),
    "storage_full": (503, "Too much waits on this server. Try again later."),
    "attachments_off": (503, "This server takes no such attachment now."),
    "unavailable": (503, "The service is not available at this moment. Try again shortly."),
    "store_full": (507, "There is no room for this on this server. Try again later."),
}

#: The codes that only accounts have (docs/accounts.md, section 13). No room gives one of them.
ACCOUNT_STATUS: Mapping[str, tuple[int, str]] = {
    "address_form": (400, "An address is a name, a dot and five digits."),
    "password_length": (400, "A password has 10 to 256 characters."),
    "login_wrong": (401, "Address and password don't belong together."),
    "session_ended": (401, "You are signed out here. Sign in again."),
    "device_revoked": (401, "This device is no longer one of the account's."),
    "proof_wrong": (401, "This device's proof is missing or wrong, or its clock is."),
    "password_wrong": (403, "The password is wrong."),
    "device_required": (403, "Link this device first."),
    "suspended": (
        403,
        "This account is suspended by those who run this server. You can look at it and delete it.",
    ),
    "invitation_needed": (403, "Accounts are made by invitation here."),
    "invitation_unknown": (403, "This invitation is not known: it was used, or is too old."),
    "id_token_wrong": (401, "This sign-in by another service is not valid here. Begin it again."),
    "identity_unknown": (403, "No account is opened by this identity."),
    "reauthentication_needed": (403, "Sign in again at the other service, now."),
    "identity_taken": (409, "This identity opens another account."),
    "identity_full": (409, "No more identities can be linked to this account."),
    "address_taken": (409, "This address is taken."),
    "close_needed": (409, "This account has devices: deleting it has to be signed."),
    "login_wait": (429, "Too many wrong passwords. Wait before you try again."),
    "json_form": (400, "This is not JSON in its one canonical form."),
    "chain_version": (400, "This statement is of a version that is not known here."),
    "chain_type": (400, "This statement is of a kind that doesn't belong here."),
    "chain_length": (400, "This statement does not have the length of its kind."),
    "chain_id": (409, "This statement belongs to another list of devices."),
    "chain_sequence": (409, "The list of devices has changed. Read it again."),
    "chain_previous": (409, "This statement doesn't follow on the list of devices."),
    "chain_closed": (409, "The list of devices is closed. Only the recovery words open it again."),
    "chain_recovery": (400, "This statement names other recovery keys than those in force."),
    "chain_key": (400, "This statement has a key that nobody may use."),
    "chain_device": (409, "This device can't be added or removed."),
    "chain_signer": (409, "Who signed this statement may not."),
    "chain_last": (409, "The last device can't be removed."),
    "chain_full": (409, "Ten devices are linked. Remove one first."),
    "chain_adds": (409, "Too many devices were added. Recover the account to go on."),
    "chain_signature": (400, "The signature of this statement is wrong."),
    "chain_consent": (400, "The new device has not agreed to this statement."),
    "conflict": (409, "Something else came first. Read again what there is, and go on from there."),
    "pending": (409, "Something else waits for this account. Refuse that first."),
    "link_unknown": (404, "No device waits with these words. They are good for ten minutes, once."),
    "sealing_key": (
        400,
        "This sealing key isn't its device's, of another day, or no key at all.",
    ),
    "pins_signature": (400, "These pins are not signed by the device that stores them."),
    "contacts_full": (409, "No more contacts can be had by this account."),
    "push_endpoint": (400, "Notifications of this browser can't be reached from here."),
}

#: The codes that only conversations have (docs/conversations.md). Neither a room nor an account's
#: own operation gives one of them.
CONVERSATION_STATUS: Mapping[str, tuple[int, str]] = {
    "record_form": (400, "This record is not in the form that the protocol asks for."),
    "record_version": (400, "This record is of a version that is not known here."),
    "record_conversation": (400, "This record belongs to another conversation."),
    "record_epoch": (400, "This record doesn't have the number that comes next."),
    "record_previous": (400, "This record doesn't follow on the one before."),
    "record_suite": (400, "This record names weaker encryption than the one before."),
    "record_seen": (400, "This record was written with less of the log than the one before."),
    "record_people": (400, "The people of this record are too many, twice, or out of order."),
    "record_point": (400, "This record judges by a list of devices that is another, or older."),
    "record_devices": (400, "The devices of this record are not those of its people."),
    "record_sealing": (400, "This record names an older key of a device, or another."),
    "record_author": (400, "Who wrote this record is not in it, or was not in the one before."),
    "record_leave": (400, "This record has somebody leave who did not sign that."),
    "record_role": (400, "This record changes what only an admin may change."),
    "record_admin": (400, "This record leaves the conversation without the right admin."),
    "record_continues": (400, "Only the first record of a conversation continues another."),
    "record_signature": (400, "The signature of this record is wrong."),
    "message_length": (400, "The message does not have one of the allowed lengths."),
    "message_version": (400, "The message is of a version that is not known here."),
    "message_conversation": (400, "The message belongs to another conversation."),
    "message_device": (400, "The message is not this device's."),
    "message_seen": (400, "The message names a place that it can't have seen."),
    "report_unproven": (400, "Who wrote these messages can't be proved here, or no more."),
    "contact_needed": (403, "Somebody here is none of your contacts. Invite them instead."),
    "consent_needed": (403, "Somebody here has to ask to come. Send them an invitation."),
    "not_admin": (403, "Only an admin of this conversation can do that."),
    "behind": (409, "What you ask for is no longer kept. Go on from what there is."),
    "broken": (409, "Your log of this conversation is not the server's. Read it again."),
    "rekey_required": (409, "This conversation needs a new key first."),
    "stale_epoch": (409, "This conversation has a newer key. Read it first."),
    "conversations_full": (409, "Somebody here can't be in more conversations."),
}

#: The codes that only files have (docs/files.md). Those of the format are clients' alone.
FILE_STATUS: Mapping[str, tuple[int, str]] = {
    "file_size": (400, "This file is too large, or not as long as was said."),
    "file_layout": (400, "This file is not cut as files are."),
    "file_unknown": (404, "There is no such file, or not any more."),
    "file_conflict": (409, "Another file has that id."),
    "quota_full": (409, "This account has too many files, or too large ones. Delete some first."),
}

#: The codes that only addresses of single objects have (docs/files.md, 12).
OBJECT_STATUS: Mapping[str, tuple[int, str]] = {
    "object_address": (403, "This address is not for that, or its time has passed."),
    "object_there": (412, "Something is stored here already."),
    "object_range": (416, "There is no such range of this."),
}


class Refusal(Exception):
    """A no with a stable `code`, a `message` for a person, and perhaps `retry_after` seconds.

    `state` is what became of a message that is gone, or done for who asks, `now` the server's time
    where clocks matter, `details` what else a client needs to go on. Nothing that a client sent
    belongs into `message`, except where a client refuses its own user's input (a misspelt word).
    """

    def __init__(
        self,
        code: str,
        message: str | None = None,
        *,
        retry_after: int | None = None,
        state: str | None = None,
        now: int | None = None,
        details: Mapping[str, int | str] | None = None,
    ) -> None:
        if message is None:
            message = _known(code)[1]
        super().__init__(code)
        self.code = code
        self.message = message
        self.retry_after = retry_after
        self.state = state
        self.now = now
        self.details = details

    @property
    def status(self) -> int:
        """HTTP status; 400 for codes that only clients use."""
        return _known(self.code)[0]


def _known(code: str) -> tuple[int, str]:
    for codes in (STATUS, ACCOUNT_STATUS, CONVERSATION_STATUS, FILE_STATUS, OBJECT_STATUS):
        if code in codes:
            return codes[code]
    return 400, "This was refused."


def refuse(condition: bool, code: str, message: str | None = None) -> None:
    """Raise `Refusal(code)` if `condition` holds."""
    if condition:
        raise Refusal(code, message)

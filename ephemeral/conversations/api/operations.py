"""The table of conversations: one statement for each operation (docs/conversations.md)."""

from ephemeral.accounts.doors import Doors
from ephemeral.conversations.api import bodies, objects
from ephemeral.conversations.api.actions import ConversationActions
from ephemeral.conversations.api.handlers import ConversationHandlers
from ephemeral.edge.operations import Deferred, Operation, Size

__all__ = ["conversation_operations"]

_LINKED = ("unauthorized", "session_ended", "device_revoked", "suspended", "device_required")
_PROVEN = (*_LINKED, "proof_wrong")
_HERE = (*_LINKED, "not_found")
_CHANGING = (*_PROVEN, "not_found")
_RECORD = (
    "record_form", "record_version", "record_conversation", "record_epoch", "record_previous",
    "record_suite", "record_seen", "record_people", "record_point", "record_devices",
    "record_sealing", "record_author", "record_leave", "record_role", "record_admin",
    "record_continues", "record_signature",
)  # fmt: skip
_NOT_NOW = (
    "conflict", "contact_needed", "consent_needed", "conversations_full", "storage_full"
)  # fmt: skip
_MESSAGE = (
    "message_length", "message_version", "message_conversation", "message_device", "message_seen",
)  # fmt: skip


def conversation_operations(
    handlers: ConversationHandlers, doors: Doors, actions: ConversationActions
) -> tuple[Operation, ...]:
    """The operations, with who performs them, who may ask for them, and what they count as."""
    request, linked, proven = doors.actions.request, doors.callers.linked, doors.callers.proven
    return (
        Operation(
            method="POST",
            path="/chatrooms",
            name="foundConversation",
            summary="Begin a conversation by its first record; the same again changes nothing",
            handler=handlers.found,
            caller=proven,
            body=bodies.FoundBody,
            body_max=bodies.RECORD_BODY_MAX,
            answers={201: objects.EpochBegunAnswer},
            refusals=(*_PROVEN, *_RECORD, *_NOT_NOW),
            action=actions.record,
        ),
        Operation(
            method="GET",
            path="/chatrooms",
            name="listConversations",
            summary="See the account's conversations",
            handler=handlers.listed,
            caller=linked,
            body=bodies.ListQuery,
            query=("after",),
            answers={200: objects.ListAnswer},
            refusals=_LINKED,
            action=request,
            large=request,
        ),
        Operation(
            method="GET",
            path="/chatrooms/{conversation}",
            name="readConversation",
            summary="See how one of them stands",
            handler=handlers.one,
            caller=linked,
            body=bodies.ConversationBody,
            answers={200: objects.ConversationAnswer},
            refusals=_HERE,
            action=request,
        ),
        Operation(
            method="DELETE",
            path="/chatrooms/{conversation}",
            name="endConversation",
            summary="Destroy a conversation for all, as one of its admins",
            handler=handlers.end,
            caller=proven,
            body=bodies.ConversationBody,
            answers={204: None},
            refusals=(*_CHANGING, "not_admin"),
            action=request,
        ),
        Operation(
            method="POST",
            path="/chatrooms/{conversation}/epochs",
            name="beginEpoch",
            summary="Begin the next epoch by its record; the same again changes nothing",
            handler=handlers.begin,
            caller=proven,
            body=bodies.EpochBody,
            body_max=bodies.RECORD_BODY_MAX,
            answers={201: objects.EpochBegunAnswer},
            refusals=(*_CHANGING, *_RECORD, *_NOT_NOW, "broken"),
            action=actions.record,
        ),
        Operation(
            method="GET",
            path="/chatrooms/{conversation}/epochs",
            name="readEpochs",
            summary="Read records, with the own box of each",
            handler=handlers.epochs,
            caller=linked,
            body=bodies.EpochsQuery,
            query=("after", "limit"),
            answers={200: objects.EpochsAnswer},
            refusals=_HERE,
            action=request,
            large=request,
        ),
        Operation(
            method="GET",
            path="/chatrooms/{conversation}/devices",
            name="readMembers",
            summary="See the newest heads and keys of all people, who has left, and who waits",
            handler=handlers.members,
            caller=linked,
            body=bodies.ConversationBody,
            answers={200: objects.MembersAnswer},
            refusals=(*_HERE, "broken"),
            action=request,
            large=request,
        ),
        Operation(
            method="GET",
            path="/chatrooms/{conversation}/messages",
            name="readLog",
            summary="Read on in the log",
            handler=handlers.log,
            caller=linked,
            body=bodies.LogQuery,
            query=("after", "limit"),
            answers={200: objects.LogAnswer},
            refusals=(*_HERE, "behind"),
            action=request,
            large=request,
        ),
        Operation(
            method="POST",
            path="/chatrooms/{conversation}/message",
            name="postMessages",
            summary="Write messages to the log, all or none; the same again changes nothing",
            handler=Deferred(handlers.post, objects.posted),
            caller=proven,
            body=bodies.PostMessagesBody,
            body_max=bodies.POST_BODY_MAX,
            answers={201: objects.MessagesPostedAnswer},
            refusals=(
                *_PROVEN,
                "not_found",
                *_MESSAGE,
                "stale_epoch",
                "rekey_required",
                "broken",
                "conflict",
                "storage_full",
            ),
            action=request,
            size=Size(actions.post, lambda asked: len(asked[1])),
        ),
        Operation(
            method="DELETE",
            path="/chatrooms/{conversation}/messages/{message}",
            name="destroyMessage",
            summary="Destroy a message of one's own that waits; its place in the log stays",
            handler=handlers.destroy_message,
            caller=proven,
            body=bodies.MessageBody,
            answers={204: None},
            refusals=_CHANGING,
            action=request,
        ),
        Operation(
            method="POST",
            path="/chatrooms/{conversation}/ack",
            name="acknowledgeLog",
            summary="Say up to which place this device has stored what it read",
            handler=Deferred(handlers.acknowledge, objects.acknowledged),
            caller=proven,
            body=bodies.AcknowledgeLogBody,
            answers={200: objects.CursorAnswer},
            refusals=(*_PROVEN, "not_found", "broken"),
            action=request,
        ),
        Operation(
            method="DELETE",
            path="/chatrooms/{conversation}/members/me",
            name="leaveConversation",
            summary="Leave, by a signature that the next record shows to all",
            handler=handlers.leave,
            caller=proven,
            body=bodies.LeaveBody,
            answers={204: None},
            refusals=(*_CHANGING, "record_leave", "broken"),
            action=request,
        ),
        Operation(
            method="POST",
            path="/chatrooms/{conversation}/join",
            name="joinConversation",
            summary="Wait to be added by an admin, by an invitation or a link",
            handler=handlers.join,
            caller=proven,
            body=bodies.JoinConversationBody,
            answers={204: None},
            refusals=(*_PROVEN, "invitation_unknown", "broken"),
            action=actions.record,
        ),
    )

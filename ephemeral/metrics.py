"""What an operator can measure, as Prometheus reads it, and nothing that could identify anybody.

Every label is one of a fixed list that is written here or in the protocol; what is not in its list
counts as "other". So no address, no room, no member, no size of a single message and no text can
get into a metric, whatever callers pass. Floors above count through the names of this module;
gauges that are read rather than counted get their function from the composition root.
"""

from collections.abc import Iterable, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from ephemeral.protocol.errors import (
    ACCOUNT_STATUS,
    CONVERSATION_STATUS,
    FILE_STATUS,
    OBJECT_STATUS,
    STATUS,
)

__all__ = [
    "ATTACHMENTS_LOST",
    "ATTACHMENT_BYTES",
    "BATCH_SECONDS",
    "BATCH_SIZE",
    "BUS_UP",
    "CLOCK_DOUBTED",
    "CLOSE_CODES",
    "CONVERSATION_QUEUE",
    "DATABASE_CONNECTIONS",
    "DATABASE_CONNECTIONS_IN_USE",
    "DATABASE_SET_BACK",
    "DATABASE_TROUBLE",
    "EPOCH_ALARM",
    "EPOCH_KEY_AGE",
    "FATES",
    "FAULTS",
    "FILES_BYTES",
    "JOINS",
    "LEDGER_QUEUE",
    "LIMITS",
    "REGISTRY",
    "SOCKETS",
    "STATUSES",
    "STEPS",
    "STOPPING",
    "STORAGE",
    "STORE_ORPHANS",
    "STORE_PURGES_WAITING",
    "STORE_UP",
    "SWEEPER_LAG",
    "TROUBLES",
    "answered",
    "happened",
    "limited",
    "refused",
    "room_ended",
    "socket_closed",
]

#: What can happen to a message before its end.
STEPS = ("stored", "opened", "returned", "acknowledged")
#: How a message ends.
FATES = ("viewed", "unconfirmed", "expired", "withdrawn", "room_destroyed")
_ENDS = ("destroyed", "expired")
#: What happens to accounts and sessions. `refused`: a wrong password; `reused`: a refresh token of
#: which somebody has a copy.
SIGN_INS = ("registered", "signed_in", "refused", "refreshed", "reused", "signed_out", "deleted")
#: What becomes of pushes to devices. `gone`: the browser has ended its subscription; `refused`: the
#: push service takes none; `later`: it will be tried again.
PUSHES = ("sent", "gone", "refused", "later")
#: What can ail the database.
TROUBLES = ("away", "refused", "read_only", "full", "crowded", "memory", "slow", "other")
#: Of HTTP: what the protocol's refusals have, and what else this program answers with.
STATUSES = sorted(
    {
        200,
        201,
        202,
        204,
        206,
        304,
        308,
        431,
        *(
            status
            for codes in (STATUS, ACCOUNT_STATUS, CONVERSATION_STATUS, FILE_STATUS, OBJECT_STATUS)
            for status, _ in codes.values()
        ),
    }
)
#: With which this server closes sockets.
CLOSE_CODES = (1000, 1007, 1011, 1012, 4400, 4401, 4403, 4404, 4408, 4409, 4410, 4413, 4429)
#: What `too_many` is told by: an action and what it is counted by ("shared": by all processes
#: together), or a number of sockets. docs/operations.md has the setting of each.
LIMITS = (
    "create_address", "create_shared", "join_address", "join_room", "join_shared", "miss_address",
    "connect_address", "hello_room", "post_bytes_address",
    "reserve_bytes_address", "chunk_bytes_address", "chunks",
    *(f"{action}_{subject}" for action in ("post", "open", "state")
      for subject in ("address", "room", "seat")),
    "operator_page_address", "operator_sign_in_address", "operator_sign_in_operator",
    "operator_sign_in_shared",
    "sockets", "sockets_address", "sockets_room", "sockets_seat",
    "register_address", "register_shared", "login_address", "login_shared",
    "account_address", "account_account", "pins_address", "pins_account",
    "push_test_address", "push_test_account",
    "conversation_post_account", "conversation_record_account", "conversation_typing_account",
    "conversation_presence_account", "conversation_signal_account",
    "file_make_account", "file_make_address", "file_account", "file_address",
    "object_address", "objects_read", "objects_store",
    "guess_login", "guess_password", "guess_recovery", "sockets_account", "sockets_device",
    "report_room_address", "report_room_shared", "report_address", "report_shared",
)  # fmt: skip
_OTHER = "other"

# When a series began would tell when the process was started; nobody needs it here.
disable_created_metrics()  # type: ignore[no-untyped-call]

#: All metrics of this process.
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)


def _counters(
    name: str, sentence: str, label: str, values: Iterable[object]
) -> Mapping[str, Counter]:
    """One counter for each value of the label, all there from the start, and one for the rest."""
    family = Counter(name, sentence, [label], registry=REGISTRY)
    return {value: family.labels(value) for value in (*map(str, values), _OTHER)}


def _gauges(name: str, sentence: str, label: str, values: Iterable[str]) -> Mapping[str, Gauge]:
    """One gauge for each value of the label."""
    family = Gauge(name, sentence, [label], registry=REGISTRY)
    return {value: family.labels(value) for value in values}


_MESSAGES = _counters(
    "ephemeral_messages", "Steps in the lives of messages, once committed.", "step", STEPS
)
_DESTROYED = _counters(
    "ephemeral_messages_destroyed", "Messages destroyed, by fate.", "fate", FATES
)
_ROOMS_ENDED = _counters("ephemeral_rooms_ended", "Rooms ended, by reason.", "reason", _ENDS)
_SIGN_INS = _counters(
    "ephemeral_account_acts", "What happened to accounts and their sessions.", "act", SIGN_INS
)
_PUSHES = _counters(
    "ephemeral_pushes", "Pushes to devices of accounts, by what became of each.", "outcome", PUSHES
)
_REFUSALS = _counters(
    "ephemeral_refusals",
    "Refusals told to clients, by the protocol's codes.",
    "code",
    [*STATUS, *ACCOUNT_STATUS, *CONVERSATION_STATUS, *FILE_STATUS, *OBJECT_STATUS],
)
_LIMITED = _counters(
    "ephemeral_limited", "Requests and sockets refused by a limit.", "limit", LIMITS
)
_ANSWERS = _counters("ephemeral_http_answers", "HTTP answers, by status.", "status", STATUSES)
_CLOSED = _counters(
    "ephemeral_sockets_closed", "Sockets closed by this server, by code.", "code", CLOSE_CODES
)

JOINS = Counter("ephemeral_joins", "Seats taken.", registry=REGISTRY)
FAULTS = Counter(
    "ephemeral_faults",
    "Errors that nobody expected; the log has type and place.",
    registry=REGISTRY,
)
BATCH_SIZE = Histogram(
    "ephemeral_batch_size",
    "Requests in one transaction of the ledger.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
    registry=REGISTRY,
)
BATCH_SECONDS = Histogram(
    "ephemeral_batch_seconds",
    "From the beginning of a batch until it is flushed and answered.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
    registry=REGISTRY,
)
SOCKETS = Gauge("ephemeral_sockets", "Sockets open at this moment.", registry=REGISTRY)
LEDGER_QUEUE = Gauge(
    "ephemeral_ledger_queue", "Requests that wait for the next transaction.", registry=REGISTRY
)
CONVERSATION_QUEUE = Gauge(
    "ephemeral_conversation_queue",
    "Requests of conversations that wait for the next transaction.",
    registry=REGISTRY,
)
SWEEPER_LAG = Gauge(
    "ephemeral_sweeper_lag_seconds", "Since the last whole sweep.", registry=REGISTRY
)
STORAGE = Gauge(
    "ephemeral_storage_bytes",
    "Bytes of all messages that wait in the deployment; of very many an estimate.",
    registry=REGISTRY,
)
STORE_UP = Gauge(
    "ephemeral_store_up",
    "1 while large objects can be kept and read where they lie.",
    registry=REGISTRY,
)
STORE_ORPHANS = Gauge(
    "ephemeral_store_orphans",
    "Objects that belong to nothing, and are too many to be deleted unasked.",
    registry=REGISTRY,
)
STORE_PURGES_WAITING = Gauge(
    "ephemeral_store_purges_waiting",
    "Attachments and files whose objects could not be deleted yet; it is tried for ever.",
    registry=REGISTRY,
)
ATTACHMENT_BYTES = Gauge(
    "ephemeral_attachment_bytes",
    "Bytes of all attachments that wait in rooms, or are being sent.",
    registry=REGISTRY,
)
ATTACHMENTS_LOST = Counter(
    "ephemeral_attachments_lost",
    "Messages that ended because a part of their attachment was not where it should lie.",
    registry=REGISTRY,
)
FILES_BYTES = Gauge(
    "ephemeral_files_bytes",
    "Bytes reserved for files of all accounts, with padding; FILES_BYTES bounds it.",
    registry=REGISTRY,
)
EPOCH_KEY_AGE = Gauge(
    "ephemeral_epoch_key_age_seconds", "Age of the oldest epoch key.", registry=REGISTRY
)
EPOCH_ALARM = Gauge(
    "ephemeral_epoch_alarm",
    "1 while the current key is lacking, keys are open to others, or one has outlived two epochs.",
    registry=REGISTRY,
)
DATABASE_SET_BACK = Gauge(
    "ephemeral_database_set_back",
    "1 while the database is at an earlier state than it was, or another one: nothing is served.",
    registry=REGISTRY,
)
CLOCK_DOUBTED = Gauge(
    "ephemeral_clock_doubted",
    "1 while the database's clock can't be right: nothing is served.",
    registry=REGISTRY,
)
DATABASE_CONNECTIONS = Gauge(
    "ephemeral_database_connections", "Connections to the database.", registry=REGISTRY
)
DATABASE_CONNECTIONS_IN_USE = Gauge(
    "ephemeral_database_connections_in_use",
    "Connections to the database that somebody uses at this moment.",
    registry=REGISTRY,
)
DATABASE_TROUBLE = _gauges(
    "ephemeral_database_trouble", "1 while the database has this trouble.", "kind", TROUBLES
)
BUS_UP = Gauge(
    "ephemeral_bus_up",
    "1 while hints reach the other processes, if there are any.",
    registry=REGISTRY,
)
STOPPING = Gauge("ephemeral_stopping", "1 once the server was told to stop.", registry=REGISTRY)


def happened(steps: Mapping[str, int], fates: Mapping[str, int]) -> None:
    """Count what was committed: steps and fates of messages, each with how often."""
    for step, count in steps.items():
        _MESSAGES.get(step, _MESSAGES[_OTHER]).inc(count)
    for fate, count in fates.items():
        _DESTROYED.get(fate, _DESTROYED[_OTHER]).inc(count)


def signed(step: str) -> None:
    """Count what happened to an account or a session, of whomever."""
    _SIGN_INS.get(step, _SIGN_INS[_OTHER]).inc()


def pushed(outcome: str) -> None:
    """Count a push, to whomever."""
    _PUSHES.get(outcome, _PUSHES[_OTHER]).inc()


def room_ended(reason: str, messages: int) -> None:
    """Count a room that is no more, and the messages that ended with it."""
    _ROOMS_ENDED.get(reason, _ROOMS_ENDED[_OTHER]).inc()
    _DESTROYED["room_destroyed"].inc(messages)


def refused(code: str) -> None:
    """Count a refusal that a client is told."""
    _REFUSALS.get(code, _REFUSALS[_OTHER]).inc()


def limited(limit: str) -> None:
    """Count somebody whom a limit refuses."""
    _LIMITED.get(limit, _LIMITED[_OTHER]).inc()


def answered(status: int) -> None:
    """Count an answer over HTTP."""
    _ANSWERS.get(str(status), _ANSWERS[_OTHER]).inc()


def socket_closed(code: int) -> None:
    """Count a socket that this server closes."""
    _CLOSED.get(str(code), _CLOSED[_OTHER]).inc()

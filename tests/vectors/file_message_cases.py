"""What messages say of files: docs/files.md, section 9."""

from typing import Any

from file_maker import ID, KEY, OTHER_ID, OTHER_KEY, Case
from maker import Vectors, b64, drawn

INFO = drawn("files/info/hash", 32)
ONE: Case = {"file": b64(ID), "key": b64(KEY), "padded": 4096, "info": b64(INFO)}
OTHER: Case = ONE | {"file": b64(OTHER_ID), "key": b64(OTHER_KEY), "padded": 2**34}
OF = {"device": b64(drawn("files/device", 16)), "id": b64(drawn("files/message", 16))}
DIGEST: Case = {"of": OF, "file": b64(ID), "digest": b64(drawn("files/digest", 32))}


def make() -> Vectors:
    v = Vectors("files_messages", "Files: what messages say of them. docs/files.md, 9")
    v.operation("read_files", {"body": "json"}, {"files": "json"})
    v.operation("write_files", {"files": "json"}, {"body": "json"})
    v.operation("read_confirmation", {"body": "json"}, {"confirmation": "json"})
    v.operation("read_registered", {"file": "text", "value": "json"}, {"known": "json"})
    files(v)
    confirmations(v)
    registered(v)
    return v


def told(one: Case) -> Case:
    """What was read, with its bytes in hexadecimal."""
    known = {"file": ID, "key": KEY} if one["file"] == ONE["file"] else {
        "file": OTHER_ID, "key": OTHER_KEY,
    }  # fmt: skip
    return {
        "file": known["file"].hex(), "key": known["key"].hex(), "padded": one["padded"],
        "info": INFO.hex(),
    }  # fmt: skip


def many(count: int) -> list[Case]:
    return [ONE | {"file": b64(drawn(f"files/{at}", 16))} for at in range(count)]


def files(v: Vectors) -> None:
    for name, some, why in (
        ("one", [ONE], "A file."),
        ("two", [OTHER, ONE], "Two, in the order in which they are shown."),
        ("odd", [ONE | {"padded": 4097}], "Whether files have this length is asked later."),
    ):
        shown = [told(one) for one in some]
        v.success("read_files", name, why, {"body": {"files": some}}, {"files": shown})
        v.success("write_files", f"write_{name}", why, {"files": shown}, {"body": {"files": some}})
    most = [told(ONE) | {"file": drawn(f"files/{at}", 16).hex()} for at in range(20)]
    given = {"body": {"files": many(20)}}
    v.success("read_files", "twenty", "The most that a message names.", given, {"files": most})
    v.refusal("write_files", "write_none", "Nothing.", {"files": []}, "content_form")
    v.refusal(
        "write_files", "write_twice", "One file twice.", {"files": [told(ONE), told(ONE)]},
        "content_form",
    )  # fmt: skip
    for name, body, why in (
        ("none", {"files": []}, "No file."),
        ("many", {"files": many(21)}, "21 of them."),
        ("twice", {"files": [ONE, ONE | {"key": b64(OTHER_KEY)}]}, "One file by two keys."),
        ("null", {"files": None}, "No list."),
        ("object", {"files": {}}, "No list."),
        ("list", [], "No object."),
        ("text", "x", "No object."),
        ("empty", {}, "A key is missing."),
        ("more", {"files": [ONE], "text": "x"}, "A key too much."),
        ("one_null", {"files": [None]}, "No file."),
        ("one_more", {"files": [ONE | {"name": "x"}]}, "A name isn't told here."),
        *((f"without_{key}", {"files": [{k: ONE[k] for k in ONE if k != key}]},
           "A key is missing.") for key in ONE),
        *((f"wrong_{name}", {"files": [ONE | lie]}, why) for name, lie, why in lies()),
    ):  # fmt: skip
        v.refusal("read_files", f"files_{name}", why, {"body": body}, "content_form")


def lies() -> list[tuple[str, dict[str, Any], str]]:
    return [
        ("file_short", {"file": b64(ID[:15])}, "15 bytes."),
        ("file_null", {"file": None}, "No text."),
        ("key_short", {"key": b64(KEY[:16])}, "16 bytes."),
        ("key_long", {"key": b64(KEY + b"x")}, "33 bytes."),
        ("key_form", {"key": b64(KEY)[:-1] + "B"}, "Unused bits."),
        ("info_short", {"info": b64(INFO[:20])}, "20 bytes."),
        ("padded_short", {"padded": 4095}, "Shorter than any."),
        ("padded_long", {"padded": 2**34 + 1}, "Longer than any."),
        ("padded_text", {"padded": "4096"}, "No number."),
        ("padded_true", {"padded": True}, "No number."),
        ("padded_null", {"padded": None}, "No number."),
    ]


def confirmations(v: Vectors) -> None:
    told_so = {
        "device": drawn("files/device", 16).hex(), "message": drawn("files/message", 16).hex(),
        "file": ID.hex(), "digest": drawn("files/digest", 32).hex(),
    }  # fmt: skip
    why = "All of it is there."
    v.success("read_confirmation", "digest", why, {"body": DIGEST}, {"confirmation": told_so})
    for name, body, why in (
        ("list", [], "No object."),
        ("more", DIGEST | {"size": 1}, "A key too much."),
        *((f"without_{key}", {k: DIGEST[k] for k in DIGEST if k != key}, "A key is missing.")
          for key in DIGEST),
        ("of_null", DIGEST | {"of": None}, "Of no message."),
        ("of_more", DIGEST | {"of": OF | {"conversation": "x"}}, "Of this conversation always."),
        ("of_short", DIGEST | {"of": OF | {"id": OF["id"][:-2]}}, "No id."),
        ("of_device", DIGEST | {"of": OF | {"device": 1}}, "No device."),
        ("file", DIGEST | {"file": b64(ID[:15])}, "15 bytes."),
        ("digest", DIGEST | {"digest": b64(INFO[:31])}, "31 bytes."),
    ):  # fmt: skip
        v.refusal("read_confirmation", f"digest_{name}", why, {"body": body}, "content_form")


def registered(v: Vectors) -> None:
    value: Case = {
        "conversation": b64(drawn("files/conversation", 16)), "device": OF["device"],
        "id": OF["id"], "key": b64(KEY), "padded": 4096, "info": b64(INFO), "digest": None,
        "until": 1_790_000_000_000,
    }  # fmt: skip
    known: Case = told(ONE) | {
        "conversation": drawn("files/conversation", 16).hex(),
        "device": drawn("files/device", 16).hex(), "message": drawn("files/message", 16).hex(),
        "digest": None, "until": value["until"],
    }  # fmt: skip
    given = {"file": b64(ID), "value": value}
    v.success("read_registered", "registered", "Named, not confirmed.", given, {"known": known})
    whole = {"digest": DIGEST["digest"]}
    v.success(
        "read_registered", "registered_whole", "Confirmed.", given | {"value": value | whole},
        {"known": known | {"digest": drawn("files/digest", 32).hex()}},
    )  # fmt: skip
    for name, change, why in (
        ("list", {"value": []}, "No object."),
        ("more", {"value": value | {"name": "x"}}, "A key too much."),
        *((f"without_{key}", {"value": {k: value[k] for k in value if k != key}},
           "A key is missing.") for key in value),
        ("file", {"file": b64(ID[:15])}, "Under no id of a file."),
        ("digest", {"value": value | {"digest": ""}}, "No digest, and not null."),
        ("until", {"value": value | {"until": -1}}, "Before all time."),
        ("until_text", {"value": value | {"until": "1"}}, "No number."),
        ("key", {"value": value | {"key": b64(KEY[:16])}}, "16 bytes."),
        ("padded", {"value": value | {"padded": 4095}}, "Shorter than any."),
        ("id", {"value": value | {"id": OF["id"][:-2]}}, "No id."),
    ):  # fmt: skip
        v.refusal("read_registered", f"registered_{name}", why, given | change, "content_form")

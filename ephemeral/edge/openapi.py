"""The contract of the HTTP interface: an OpenAPI 3.1 document made from what is served."""

from collections.abc import Iterable, Mapping
from typing import Any, get_args

import msgspec

from ephemeral.edge.operations import Operation
from ephemeral.protocol.errors import STATUS
from ephemeral.rooms.api.config_api import Argon2id, Pbkdf2
from ephemeral.rooms.api.objects import ErrorBody

__all__ = ["document"]

_DESCRIPTION = """\
Anonymous, ephemeral, end-to-end encrypted rooms. The server stores sealed bytes; whatever has a
meaning is made and read by clients, as docs/protocol.md says. Bytes are base64url without padding,
times are milliseconds since 1970-01-01 UTC. There is no cookie, and no path or query says anything
about a room: credentials are headers."""

# What any operation may answer besides its own.
_ALWAYS = ("too_large", "too_many", "internal", "unavailable")
_REFERENCE = "#/components/schemas/{name}"


def document(operations: Iterable[Operation], base_path: str, version: str) -> bytes:
    """The document as JSON."""
    listed = list(operations)
    types: dict[Any, None] = dict.fromkeys([ErrorBody, Argon2id, Pbkdf2])
    for operation in listed:
        for body in (operation.body, *operation.answers.values()):
            types.update(dict.fromkeys(_alternatives(body)))
    schemas, components = msgspec.json.schema_components(list(types), ref_template=_REFERENCE)
    of = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in listed:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, of)
    return msgspec.json.format(
        msgspec.json.encode(
            {
                "openapi": "3.1.0",
                "info": {
                    "title": "Ephemeral",
                    "version": version,
                    "description": _DESCRIPTION,
                    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
                },
                "servers": [{"url": base_path or "/"}],
                "paths": paths,
                "components": {
                    "schemas": components,
                    "securitySchemes": _SECURITY_SCHEMES,
                },
            }
        ),
        indent=1,
    )


_SECURITY_SCHEMES = {
    "locator": {
        "type": "http",
        "scheme": "bearer",
        "description": "The room's locator, derived from the code: 32 bytes in base64url.",
    },
    "member": {
        "type": "apiKey",
        "in": "header",
        "name": "Ephemeral-Member",
        "description": "The member's token, drawn when it joined: 32 bytes in base64url.",
    },
    "resume": {
        "type": "apiKey",
        "in": "header",
        "name": "Ephemeral-Resume",
        "description": "The resume token of a tab that was reloaded: 32 bytes in base64url.",
    },
}


def _alternatives(body: Any) -> list[Any]:
    if body is None:
        return []
    return list(get_args(body)) or [body]


def _operation(operation: Operation, of: Mapping[Any, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "responses": _responses(operation, of),
        "security": _security(operation),
    }
    if "{id}" in operation.path:
        made["parameters"] = [
            {
                "name": "id",
                "in": "path",
                "required": True,
                "description": "The message's id: 16 bytes in base64url.",
                "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{22}$"},
            }
        ]
    if operation.body is not None:
        made["requestBody"] = {
            "required": not operation.body_optional,
            "content": _json(of[operation.body]),
        }
    return made


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    credentials = operation.credentials
    if not credentials.locator:
        return []
    ways: list[dict[str, list[str]]] = [{"locator": []}]
    if credentials.member:
        ways = [{"locator": [], "member": []}]
    if credentials.member_optional:
        ways.append({"locator": [], "member": []})
    if credentials.resume_instead:
        ways.append({"resume": []})
    return ways


def _responses(operation: Operation, of: Mapping[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status, answer in sorted(operation.answers.items()):
        found[str(status)] = {"description": _SAID[status]}
        if answer is not None:
            ways = [of[one] for one in _alternatives(answer)]
            found[str(status)]["content"] = _json(ways[0] if len(ways) == 1 else {"anyOf": ways})
    codes: dict[int, list[str]] = {}
    reads = ["unsupported_media"] if operation.body is not None else []
    for code in (*operation.refusals, "malformed", *reads, *_ALWAYS):
        codes.setdefault(STATUS[code][0], []).append(code)
    for status, names in sorted(codes.items()):
        error = of[ErrorBody]
        only = {"properties": {"error": {"properties": {"code": {"enum": names}}}}}
        found[str(status)] = {
            "description": "Refused: " + ", ".join(f"`{name}`" for name in names),
            "content": _json({"allOf": [error, only]}),
            "headers": _HEADERS_OF.get(status, {}),
        }
    return found


_SAID = {
    101: "The socket is open",
    200: "Done",
    201: "Done, and something new was made",
    204: "Done; there is nothing to say",
}
_RETRY = {
    "Retry-After": {
        "description": "Whole seconds after which it is worth trying again",
        "schema": {"type": "integer", "minimum": 0},
    }
}
_HEADERS_OF = {
    401: {"WWW-Authenticate": {"description": "Always `Bearer`", "schema": {"type": "string"}}},
    409: _RETRY,
    429: _RETRY,
    503: _RETRY,
}


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}

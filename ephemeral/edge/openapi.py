"""The contract of the HTTP interface: an OpenAPI 3.1 document made from what is served."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

import msgspec

from ephemeral.edge.credentials import Credential
from ephemeral.edge.dispatch import body_beside_path, by_address
from ephemeral.edge.error_objects import ErrorBody
from ephemeral.edge.operations import OCTETS, Operation, header_fields, path_fields
from ephemeral.protocol.errors import Refusal

__all__ = ["document"]

_DESCRIPTION = """\
Anonymous, ephemeral, end-to-end encrypted rooms. The server stores sealed bytes; whatever has a
meaning is made and read by clients, as docs/protocol.md says. Bytes are base64url without padding,
times are milliseconds since 1970-01-01 UTC. No path or query says anything about a room, and rooms
know no cookie: credentials are headers. Accounts have one, if it is asked for, which only `/auth`
gets."""

# What any operation may answer besides its own.
_ALWAYS = ("too_large", "too_many", "internal", "unavailable")
_REFERENCE = "#/components/schemas/{name}"


def document(operations: Iterable[Operation], base_path: str, version: str) -> bytes:
    """The document as JSON. Operations at the same address are one there, with alternatives."""
    listed = list(operations)
    bodies = {one: body_beside_path(one) for one in listed}
    types: dict[Any, None] = dict.fromkeys([ErrorBody])
    for one in listed:
        for body in (*one.schemas, bodies[one], *one.answers.values()):
            types.update(dict.fromkeys(_alternatives(body)))
    schemas, components = msgspec.json.schema_components(list(types), ref_template=_REFERENCE)
    of = dict(zip(types, schemas, strict=True))
    paths = {
        path: {method.lower(): _address(group, bodies, of) for method, group in methods.items()}
        for path, methods in by_address(listed).items()
    }
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
                    "securitySchemes": _security_schemes(listed),
                },
            }
        ),
        indent=1,
    )


def _security_schemes(operations: Iterable[Operation]) -> dict[str, dict[str, str]]:
    found = {one.name: one for operation in operations for one in operation.caller.credentials}
    return {name: _security_scheme(one) for name, one in found.items()}


def _security_scheme(credential: Credential) -> dict[str, str]:
    described = {"description": credential.description}
    if credential.header == b"authorization":
        return {"type": "http", "scheme": "bearer", **described}
    header = credential.header.decode().title()
    return {"type": "apiKey", "in": "header", "name": header, **described}


def _alternatives(body: Any) -> list[Any]:
    if body is None or body is bytes:
        return []
    return list(get_args(body)) or [body]


def _address(
    operations: Sequence[Operation],
    bodies: Mapping[Operation, type[msgspec.Struct] | None],
    of: Mapping[Any, Any],
) -> dict[str, Any]:
    """One method of one path: what all that may be meant there have in common, and their own."""
    # The one that is meant where nothing else is has its name.
    *_, named = operations
    made: dict[str, Any] = {
        "operationId": named.name,
        "summary": "; or: ".join(one.summary for one in reversed(operations)),
        "responses": _responses(operations, bodies, of),
        "security": _security(operations),
    }
    parameters = dict.fromkeys(name for one in operations for name in path_fields(one.path))
    read_headers = {one: header_fields(one) for one in operations}
    queries = [(one, field) for one in operations for field in one.query]
    if parameters or queries or any(read_headers.values()):
        made["parameters"] = [
            *(_parameter(named, name, name, "path") for name in parameters),
            *(
                _parameter(one, field, name, "header")
                for one, fields in read_headers.items()
                for field, name in fields.items()
            ),
            *(_parameter(one, field, field, "query") for one, field in queries),
        ]
    read = [body for one in operations if (body := bodies[one]) is not None]
    if read:
        made["requestBody"] = {
            "required": all(bodies[one] is not None and not one.bodiless for one in operations),
            "content": _json(
                of[read[0]] if len(read) == 1 else {"anyOf": [of[one] for one in read]}
            ),
        }
    if any(one.octets for one in operations):
        made["requestBody"] = {"required": True, "content": _OCTETS}
    return made


def _parameter(operation: Operation, field: str, name: str, place: str) -> dict[str, Any]:
    assert operation.body is not None
    [kind] = [one.type for one in msgspec.structs.fields(operation.body) if one.name == field]
    schema = msgspec.json.schema(kind)
    described = {key: schema.pop(key) for key in ("description",) if key in schema}
    required = place == "path"
    return {"name": name, "in": place, "required": required, **described, "schema": schema}


def _security(operations: Sequence[Operation]) -> list[dict[str, list[str]]]:
    ways: list[dict[str, list[str]]] = []
    for one in reversed(operations):
        credentials = one.caller.credentials
        ways.append({credential.name: [] for credential in credentials})
        if any(credential.optional for credential in credentials):
            ways.append({each.name: [] for each in credentials if not each.optional})
    return [] if ways == [{}] else ways


def _responses(
    operations: Sequence[Operation],
    bodies: Mapping[Operation, type[msgspec.Struct] | None],
    of: Mapping[Any, Any],
) -> dict[str, Any]:
    answers: dict[int, dict[Any, None]] = {}
    refusals: dict[str, None] = {}
    headers: dict[str, dict[str, Any]] = {}
    for one in operations:
        for name, described in one.answer_headers.items():
            headers[name] = {"description": described, "schema": {"type": "string"}}
        for status, answer in one.answers.items():
            answers.setdefault(status, {}).update(dict.fromkeys(_alternatives(answer)))
        reads = ["unsupported_media"] if bodies[one] is not None or one.octets else []
        refusals.update(dict.fromkeys((*one.refusals, "malformed", *reads, *_ALWAYS)))
    found: dict[str, Any] = {}
    for status, kinds in sorted(answers.items()):
        found[str(status)] = {"description": _SAID[status]}
        if headers:
            found[str(status)]["headers"] = headers
        ways = [of[one] for one in kinds]
        if ways:
            found[str(status)]["content"] = _json(ways[0] if len(ways) == 1 else {"anyOf": ways})
        if any(one.answers.get(status) is bytes for one in operations):
            found[str(status)]["content"] = _OCTETS
    codes: dict[int, list[str]] = {}
    for code in refusals:
        codes.setdefault(Refusal(code).status, []).append(code)
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
    202: "Taken; what becomes of it is told elsewhere",
    204: "Done; there is nothing to say",
    304: "Nothing is new",
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


_OCTETS: dict[str, Any] = {OCTETS: {"schema": {}}}


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}

"""How what operators ask for is answered: by a document, or by the address of another."""

from starlette.responses import Response

from ephemeral.edge.headers import FORMS, Header
from ephemeral.edge.wing import Standing
from ephemeral.protocol.errors import Refusal

__all__ = ["Documents"]


class Documents:
    """Makes answers. `root`: the path of all these pages."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self.root = f"{standing.base_path}/admin"

    def document(
        self, template: str, *, refusal: Refusal | None = None, **context: object
    ) -> Response:
        """A document of this template, which tells of a refusal, if there is one."""
        told = None if refusal is None else refusal.message
        if refusal is not None and refusal.retry_after is not None:
            told = f"{refusal.message} Try again in {refusal.retry_after} seconds."
        html = self._standing.render(
            f"operators/{template}.html", {"told": told, "root": self.root, **context}
        )
        response = Response(html, 200 if refusal is None else refusal.status)
        response.raw_headers.extend([(b"content-type", b"text/html; charset=utf-8"), *FORMS])
        if refusal is not None and refusal.retry_after is not None:
            response.raw_headers.append((b"retry-after", b"%d" % refusal.retry_after))
        if refusal is not None and refusal.status == 401:
            response.raw_headers.append((b"www-authenticate", b'Form realm="operators"'))
        return response

    def to(self, path: str, *headers: Header, status: int = 303) -> Response:
        """Elsewhere; what was sent is not sent again there."""
        response = Response(status_code=status)
        response.raw_headers.append((b"location", f"{self.root}{path}".encode()))
        response.raw_headers.extend(headers)
        return response

"""`record`: what a server says it holds about a room, as lines for a terminal.

Every text in it is the server's, so that each is made harmless and kept on its line.
"""

from collections.abc import Iterator

from ephemeral.client.safe_text import neutralise_line
from ephemeral.protocol.record import Cell, Column, Elsewhere, Record, Table

__all__ = ["record_lines"]


def record_lines(record: Record) -> Iterator[str]:
    """Table by table, column by column; then what is held elsewhere."""
    for table in record.tables:
        yield from map(neutralise_line, _table_lines(table))
        yield ""
    yield "Outside the tables"
    for one in record.elsewhere:
        yield neutralise_line(_elsewhere_line(one))


def _table_lines(table: Table) -> Iterator[str]:
    yield f"Table {table.name}: {table.explained or 'not explained.'}"
    for column in table.columns:
        yield f"  {_column_line(column)}"
    if table.apart is not None:
        yield f"  No rows are shown. {table.apart}"
        return
    width = max((len(column.name) for column in table.columns), default=0)
    for number, row in enumerate(table.rows, 1):
        yield f"  Row {number}"
        for column, cell in zip(table.columns, row, strict=True):
            yield f"    {column.name:{width}}  {_cell_text(cell)}"
    if not table.rows:
        yield "  No rows."
    if table.rest:
        yield f"  And {table.rest} more."


def _column_line(column: Column) -> str:
    line = f"{column.name} ({column.type}): {column.explained or 'not explained.'}"
    return line if column.hidden is None else f"{line} Not shown whole: {column.hidden}"


def _cell_text(cell: Cell) -> str:
    if cell.sha256 is not None:
        return f"{cell.length} bytes, SHA-256 begins with {cell.sha256}"
    if cell.withheld:
        return f"{cell.length} bytes are held, not shown"
    if cell.value is None:
        return "nothing"
    if isinstance(cell.value, bool):
        return "yes" if cell.value else "no"
    if cell.time is not None:
        return f"{cell.time} ({cell.value})"
    if cell.length is not None:
        return f"{cell.value} ({cell.length} bytes)"
    return str(cell.value)


def _elsewhere_line(one: Elsewhere) -> str:
    known = "" if one.known is None else f" ({one.known})"
    return f"  {one.place}, {one.name}{known}: {one.explained}"

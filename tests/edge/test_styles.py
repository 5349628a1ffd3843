"""Style sheets that are joined say what they said, and what can't be moved is refused."""

import re
from pathlib import Path

import pytest

from ephemeral.edge.modules import Unlinkable
from ephemeral.edge.styles import link_styles

WEB = Path(__file__).resolve().parents[2] / "web" / "static"


def linked(*sheets: str) -> str:
    names = [f"css/{number}.css" for number in range(len(sheets))]
    page = "/* All of them. */\n" + "".join(f'@import "{name[4:]}";\n' for name in names)
    return link_styles(
        {"css/page.css": page, **dict(zip(names, sheets, strict=True))}, "css/page.css"
    )


def test_sheets_are_joined_in_their_order_without_comments_and_needless_space() -> None:
    assert linked("/* One. */\na {\n  b: c; /* two */\n}\n", "\n\nd , e > f { g: h  i }") == (
        "a{b:c;}\nd,e > f{g:h i}\n"
    )


@pytest.mark.parametrize(
    ("sheet", "kept"),
    [
        ('a::before { content: "/* no comment */  \\"  x"; }', '"/* no comment */  \\"  x"'),
        ("a { b: '// } /*'; }", "'// } /*'"),
        ("a/* */.b {}", "a/**/.b{}"),
        ("a /* */ .b {}", "a .b{}"),
        ("a :hover, b:not( .c ) {}", "a :hover,b:not( .c ){}"),
        ("a { b: calc(1px + 2px) -1px; --c: ; --d:e }", "{b:calc(1px + 2px) -1px;--c: ; --d:e}"),
        ('a::after { content: " ; , { } " }', '" ; , { } "'),
        ("@media (x: 1px) and (y) { a { } }", "@media (x:1px) and (y){a{}}"),
        ('a { b: url("data:image/svg+xml,<!--/*-->"); }', "/*-->"),
    ],
)
def test_texts_are_kept_and_comments_part_what_they_parted(sheet: str, kept: str) -> None:
    assert kept in linked(sheet)


@pytest.mark.parametrize(
    ("sheet", "reason"),
    [
        ('\n@import "b.css";', "css/0.css, line 2: @import can't be moved."),
        ("a { b: url(c.png); }", "url( can't be moved"),
        ('a { b: url("../c.png"); }', "url( can't be moved"),
        ("a {}\n/* no end", "css/0.css, line 2: /* can't be moved."),
        ('a { b: "no end; }\n', "can't be moved"),
    ],
)
def test_what_can_not_be_moved_is_refused_by_its_line(sheet: str, reason: str) -> None:
    with pytest.raises(Unlinkable) as refused:
        linked(sheet)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("a {}", "only @import"),
        ('@import "0.css";\n@import "1.css" print;', "css/page.css, line 2: only @import"),
        ('\n@import "missing.css";', "css/page.css, line 2: css/missing.css is no file."),
    ],
)
def test_the_entry_holds_imports_alone(page: str, reason: str) -> None:
    with pytest.raises(Unlinkable) as refused:
        link_styles({"css/page.css": page, "css/0.css": ""}, "css/page.css")
    assert reason in str(refused.value)


def test_every_sheet_of_the_page_is_in_the_one() -> None:
    sources = {
        path.relative_to(WEB).as_posix(): path.read_text("utf-8") for path in WEB.rglob("*.css")
    }
    whole = "".join(link_styles(sources, "css/page.css").split())
    for name, text in sources.items():
        if name != "css/page.css":
            assert "".join(re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL).split()) in whole, name

"""How much a text stands out, measured on the pixels that the browser has painted.

For what can't be told from the styles alone: text on a gradient, beside a drawing, under something.
"""

from io import BytesIO
from itertools import pairwise

from PIL import Image
from playwright.sync_api import Page

# A stretch of a line in which the colour of text and ground is about the same.
SLICE = 24
# Less than this is no ink but a rounding of colours.
SOME_INK = 1.2

# The lines of the element's text, in sight, and whether it is large (WCAG 2.2, 1.4.3).
LINES = """(selector) => {
  const node = document.querySelector(selector);
  node.scrollIntoView({ block: "center", inline: "nearest" });
  const range = document.createRange();
  range.selectNodeContents(node);
  const { fontSize, fontWeight } = getComputedStyle(node);
  const size = Number.parseFloat(fontSize);
  return {
    large: size >= 24 || (size >= 18.66 && Number(fontWeight) >= 700),
    lines: [...range.getClientRects()].filter(({ left, top, width, height }) => {
      const hit = document.elementFromPoint(left + width / 2, top + height / 2);
      return width > 0 && height > 0 && (hit?.contains(node) || node.contains(hit));
    }).map(({ x, y, width, height }) => ({ x, y, width, height })),
  };
}"""
HIDE = """([selector, hidden]) => {
  const { style } = document.querySelector(selector);
  if (hidden) {
    style.setProperty("-webkit-text-fill-color", "transparent", "important");
    style.setProperty("background-image", "none", "important");
  } else {
    style.removeProperty("-webkit-text-fill-color");
    style.removeProperty("background-image");
  }
}"""

Pixel = tuple[int, int, int]


def luminance(pixel: Pixel) -> float:
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (value / 255 for value in pixel)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Pixel, other: Pixel) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def line_contrasts(with_text: Image.Image, without: Image.Image) -> list[float]:
    """For each stretch of a line the contrast of its strongest pixel to what is behind it."""
    # What is left at the end goes with the stretch before it: alone it may be the edge of a letter.
    edges = [*range(0, max(with_text.width - SLICE // 2, 1), SLICE), with_text.width]
    found = []
    for left, right in pairwise(edges):
        box = (left, 0, right, with_text.height)
        pairs = zip(
            with_text.crop(box).get_flattened_data(),
            without.crop(box).get_flattened_data(),
            strict=True,
        )
        strongest = max((contrast(one, other) for one, other in pairs if one != other), default=1)
        if strongest > SOME_INK:
            found.append(strongest)
    return found


def stands_out(page: Page, selector: str) -> str | None:
    """What is wrong with the contrast of this element's text, or None."""
    measured = page.evaluate(LINES, selector)
    least = 3 if measured["large"] else 4.5
    for clip in measured["lines"]:
        pictures = []
        for hidden in (False, True):
            page.evaluate(HIDE, [selector, hidden])
            taken = page.screenshot(clip=clip)
            pictures.append(Image.open(BytesIO(taken)).convert("RGB"))
        page.evaluate(HIDE, [selector, False])
        # A stretch may hold the edge of a letter alone.
        ratios = sorted(line_contrasts(*pictures))
        if ratios and ratios[len(ratios) // 8] < least:
            return f"{selector} stands out by {ratios[len(ratios) // 8]:.2f} instead of {least}"
    return None

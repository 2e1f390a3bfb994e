"""Draws a graph that was laid out as SVG. It places nothing."""

from collections.abc import Sequence
from html import escape
from typing import Protocol

from sinagotd.workspace.layout import NODE_HEIGHT, Box, Layout

INK, LINE, STEP, FILES, BROKEN = "#212529", "#868e96", "#d0ebff", "#f8f9fa", "#ffa8a8"
STYLE = "font-family:ui-monospace,monospace;font-size:11.5px"
ARROW = (
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    f'<path d="M0 0L8 4L0 8z" fill="{LINE}"/></marker></defs>'
)


class Drawn(Protocol):
    """What is known of a node."""

    @property
    def text(self) -> str: ...
    @property
    def is_step(self) -> bool: ...
    @property
    def fault(self) -> str | None: ...


def draw(layout: Layout, nodes: Sequence[Drawn]) -> str:
    """One SVG document, for a notebook, a page or a file."""
    lines = (_edge(layout.boxes[first], layout.boxes[then]) for first, then in layout.edges)
    boxes = (_node(box, node) for box, node in zip(layout.boxes, nodes, strict=True))
    size = f'width="{layout.width}" height="{layout.height}" viewBox="0 0 {layout.width} {layout.height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} style="{STYLE}">{ARROW}{"".join(lines)}{"".join(boxes)}</svg>'
    )


def _node(box: Box, node: Drawn) -> str:
    fill = BROKEN if node.fault else STEP if node.is_step else FILES
    corner = 3 if node.is_step else NODE_HEIGHT // 2
    shape = (
        f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{NODE_HEIGHT}" rx="{corner}"'
        f' fill="{fill}" stroke="{LINE}"/>'
    )
    middle = f'x="{box.x + box.width / 2}" y="{box.y + NODE_HEIGHT / 2 + 4}"'
    title = f"<title>{escape(node.fault)}</title>" if node.fault else ""
    return f'<g>{title}{shape}<text {middle} text-anchor="middle" fill="{INK}">{escape(node.text)}</text></g>'


def _edge(first: Box, then: Box) -> str:
    start, end = first.x + first.width, then.x
    y_start, y_end, bend = first.y + NODE_HEIGHT / 2, then.y + NODE_HEIGHT / 2, (end - start) / 2
    path = f"M{start} {y_start}C{start + bend} {y_start} {end - bend} {y_end} {end} {y_end}"
    return f'<path d="{path}" fill="none" stroke="{LINE}" marker-end="url(#arrow)"/>'

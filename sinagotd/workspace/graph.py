"""The pipeline as a graph of steps and the files between them: as DOT, as Mermaid, and as a picture."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sinagotd.atomic import write_atomically
from sinagotd.core.pipeline import Pipeline
from sinagotd.core.steps import StepSpec
from sinagotd.errors import WorkspaceError
from sinagotd.workspace.drawing import draw
from sinagotd.workspace.faults import MissingFileError
from sinagotd.workspace.layout import lay_out


class Node(NamedTuple):
    """A step, or the path pattern of files; `fault` says why a step cannot be used."""

    text: str
    is_step: bool
    fault: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Graph:
    """What is made from what; `edges` are pairs of indexes into `nodes`, each from what comes first."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[int, int], ...]

    @property
    def dot(self) -> str:
        """The text that Graphviz takes."""
        shapes = {True: "shape=box, style=filled", False: "shape=plain"}
        nodes = (f"  n{at} [label={_quoted(node.text)}, {shapes[node.is_step]}];" for at, node in enumerate(self.nodes))
        edges = (f"  n{first} -> n{then};" for first, then in self.edges)
        return "\n".join(["digraph workspace {", "  rankdir=LR;", *nodes, *edges, "}", ""])

    @property
    def mermaid(self) -> str:
        """The text that a README shows as a picture, in a code block of the language `mermaid`."""
        nodes = (f"  n{at}{_mermaid_shape(node)}" for at, node in enumerate(self.nodes))
        edges = (f"  n{first} --> n{then}" for first, then in self.edges)
        return "\n".join(["flowchart LR", *nodes, *edges, ""])

    @property
    def svg(self) -> str:
        """The picture."""
        return draw(lay_out([node.text for node in self.nodes], self.edges), self.nodes)

    def save(self, path: str | Path) -> Path:
        """Write it to a file, as its suffix says: .svg, .dot, .gv, .mmd or .md.

        Raises WorkspaceError for another, FileNotFoundError where its folder is not there.
        """
        target = Path(path)
        texts = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".mmd": "mermaid", ".md": "mermaid"}
        if target.suffix.lower() not in texts:
            raise WorkspaceError(f"{target}: a graph is saved as {', '.join(texts)}")
        if not target.parent.is_dir():
            raise MissingFileError(f"there is no folder {target.parent} to save the graph in: make it first")
        text = str(getattr(self, texts[target.suffix.lower()]))
        write_atomically(target, (f"```mermaid\n{text}```\n" if target.suffix.lower() == ".md" else text).encode())
        return target

    def __repr__(self) -> str:
        steps = sum(node.is_step for node in self.nodes)
        return f"<Graph instance | {steps} steps, {len(self.nodes) - steps} kinds of files>"

    def _repr_svg_(self) -> str:
        return self.svg


def graph_of(pipeline: Pipeline) -> Graph:
    """The graph of all steps: each reads and writes files, and comes after whoever writes a folder that it reads from."""
    nodes: dict[Node, int] = {}
    edges: dict[tuple[int, int], None] = {}
    at = {
        spec.step: nodes.setdefault(Node(spec.step, is_step=True, fault=spec.fault), len(nodes))
        for spec in pipeline.specs
    }
    for spec in pipeline.specs:
        for first, then in _links(pipeline, spec):
            ends = (at[end] if isinstance(end, str) else nodes.setdefault(end, len(nodes)) for end in (first, then))
            edges[next(ends), next(ends)] = None
    return Graph(tuple(nodes), tuple(edges))


def _links(pipeline: Pipeline, spec: StepSpec) -> Iterator[tuple[Node | str, Node | str]]:
    """From files to the step, from the step to files, and from steps that it comes after without a pattern in common."""
    read = {template.text for _, template in spec.inputs}
    for text in dict.fromkeys(template.text for _, template in spec.inputs):
        yield Node(text, is_step=False), spec.step
    for _, template in spec.outputs:
        yield spec.step, Node(template.text, is_step=False)
    outputs = {each.step: {template.text for _, template in each.outputs} for each in pipeline.specs}
    for upstream in pipeline.upstream(spec.step):
        if read.isdisjoint(outputs[upstream]):
            yield upstream, spec.step


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _mermaid_shape(node: Node) -> str:
    text = node.text.replace("&", "#amp;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")
    return f'["{text}"]' if node.is_step else f'(["{text}"])'

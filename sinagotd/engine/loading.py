"""From settings and scripts to a pipeline. A script that cannot be used costs its own step only."""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from xxhash import xxh3_128_digest

from sinagotd.core.ids import IdPattern
from sinagotd.core.keys import step_name
from sinagotd.core.patterns import Template
from sinagotd.core.pipeline import Pipeline, StepSpec
from sinagotd.errors import ScriptError
from sinagotd.scripts.code import read_code, read_script
from sinagotd.scripts.declared import Declaration, NotLiteral, read_declaration
from sinagotd.settings.ownership import NOBODY_ELSE, Trust, writable_by_others
from sinagotd.settings.workspace import STATE_FOLDER, ScriptRef, UnitSettings, WorkspaceSettings

Ask = Callable[[str], Declaration]
"""Asks a step host what a script declares, for scripts whose syntax tree does not say. Raises ScriptError."""

Templates = tuple[tuple[str, Template], ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The pipeline, and the script files (below the scripts folder) that its code digests depend on."""

    pipeline: Pipeline
    files: frozenset[str]


@dataclass(frozen=True, slots=True)
class ScriptReader:
    """Reads the scripts of a workspace; with `trust`, one that somebody else could write counts as broken."""

    settings: WorkspaceSettings
    ask: Ask
    trust: Trust | None = None

    def load(self, previous: Pipeline | None = None) -> Loaded:
        """Read every script; a broken one keeps the paths that it had in `previous`.

        Raises ConfigError with every fault of the paths taken together: a cycle, two steps writing one path.
        """
        id_pattern = IdPattern(self.settings.id_pattern)
        before = {spec.step: spec for spec in previous.specs} if previous else {}
        files: set[str] = set()
        specs = []
        for unit in self.settings.units:
            for script in unit.scripts:
                spec, read = self._load_step(unit, script, id_pattern.entities)
                files.update(read)
                specs.append(_with_known_paths(spec, before.get(spec.step)))
        if any(spec.fault for spec in specs):
            files |= self._every_module()
        return Loaded(Pipeline.build(specs, id_pattern), frozenset(files))

    def _load_step(
        self, unit: UnitSettings, script: ScriptRef, entities: Sequence[str]
    ) -> tuple[StepSpec, Collection[str]]:
        name = step_name(script.label, unit.task, unit.modality)
        opts = self.settings.for_step(name).opts
        blank = StepSpec(
            step=name,
            label=script.label,
            task=unit.task,
            modality=unit.modality,
            inputs=(),
            outputs=(),
            code=b"",
            parameters=digest_parameters(opts),
            script=script.path,
        )
        spec = blank
        try:
            constants = {"task": unit.task, **opts}
            declared = self._declaration(script.path)
            inputs, outputs, control = (_templates(labelled, constants, entities) for labelled in declared)
            _refuse_our_own(outputs)
            spec = replace(blank, inputs=inputs, outputs=outputs, control=control)
            code = read_code(self.settings.scripts_path, script.path)
            self._refuse_untrusted(code.files)
        except (ScriptError, ValueError) as fault:
            return replace(spec, fault=str(fault)), {script.path}
        return replace(spec, code=code.digest), code.files

    def _refuse_untrusted(self, files: Collection[str]) -> None:
        for file in files if self.trust is not None else ():
            fault = writable_by_others(self.settings.scripts_path / file, self.trust or NOBODY_ELSE)
            if fault is not None:
                raise ScriptError(fault)

    def _declaration(self, script: str) -> Declaration:
        folder = self.settings.scripts_path
        declared = read_declaration(read_script(folder, folder / script), script)
        if not isinstance(declared, NotLiteral):
            return declared
        self._refuse_untrusted(read_code(folder, script).files)  # before anything of it is run
        return self.ask(script)

    def _every_module(self) -> set[str]:
        """What mends a broken script may be any of these."""
        folder = self.settings.scripts_path
        return {path.relative_to(folder).as_posix() for path in folder.rglob("*.py")}


def _templates(
    declared: Sequence[tuple[str, Sequence[str]]], constants: dict[str, Any], entities: Sequence[str]
) -> Templates:
    return tuple((label, Template.parse(parts, constants=constants, entities=entities)) for label, parts in declared)


def _refuse_our_own(outputs: Templates) -> None:
    for _, template in outputs:
        if template.text.split("/")[0].casefold() == STATE_FOLDER:
            raise ValueError(
                f"the output {template.text!r} lies in {STATE_FOLDER}, which is ours: choose another folder"
            )


def _with_known_paths(spec: StepSpec, known: StepSpec | None) -> StepSpec:
    if spec.fault is None or spec.inputs or known is None:
        return spec
    return replace(spec, inputs=known.inputs, outputs=known.outputs, control=known.control, code=known.code)


def digest_parameters(opts: dict[str, Any]) -> bytes:
    """Digest (xxh3-128) of the options that a step can see; the order of the keys does not matter."""
    return xxh3_128_digest(json.dumps(opts, sort_keys=True, default=str).encode())

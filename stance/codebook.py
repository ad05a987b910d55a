"""The positions and their definitions: data, so that a team can have its own."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from stance.bundled import bundled
from stance.errors import AnnotationError
from stance.records import NONE


@dataclass(frozen=True, kw_only=True)
class Position:
    """A position of the codebook. ``target`` says in words who its target is."""

    name: str
    title: str
    definition: str
    target: str


@dataclass(frozen=True, kw_only=True)
class Codebook:
    """The positions that annotations may use; ``none`` is no entry, it is the empty list of stances."""

    version: str
    positions: tuple[Position, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the positions, in order."""
        return tuple(p.name for p in self.positions)


def read_codebook(path: Path | None = None) -> Codebook:
    """The codebook of a file, or the one that travels with the package.

    Raises `AnnotationError` where the file is no codebook: expected are ``version`` and one table
    ``[positions.NAME]`` with ``title``, ``definition`` and ``target`` for each position.
    """
    where = path or bundled("data/annotations/codebook.toml")
    try:
        data = tomllib.loads(where.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise AnnotationError(f"{where}: cannot be read as a codebook: {fault}") from fault
    tables = data.get("positions")
    if not isinstance(tables, dict) or not tables or not isinstance(data.get("version"), str):
        raise AnnotationError(f"{where}: expected 'version' and tables [positions.NAME], found {sorted(data)}")
    positions = []
    for name, table in tables.items():
        missing = {"title", "definition", "target"} - set(table)
        if missing or name == NONE:
            raise AnnotationError(f"{where}: position {name!r}: " + (f"no {sorted(missing)}" if missing else "is no entry"))
        positions.append(Position(name=name, **{k: str(table[k]) for k in ("title", "definition", "target")}))
    return Codebook(version=data["version"], positions=tuple(positions))

"""One name across articles: a file of actors, with their other names and where to find them in Wikidata."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stance.errors import ActorsError
from stance.names import bare, fold
from stance.records import Stance, Statement

_FIELDS = {"name", "aliases", "wikidata", "kind"}


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A person, government, group or institution. ``wikidata`` is its id (``Q39259``), ``kind`` whatever the file calls it."""

    name: str
    aliases: tuple[str, ...] = ()
    wikidata: str | None = None
    kind: str | None = None


class Actors:
    """Actors by every name they have.

    Names are compared in small ASCII letters, titles and articles off; nothing is guessed.
    """

    def __init__(self, actors: Iterable[Actor]) -> None:
        self._by_fold: dict[tuple[str, ...], Actor] = {}
        self._names: dict[str, Actor] = {}
        for actor in actors:
            self._names[actor.name] = actor
            for name in (actor.name, *actor.aliases):
                for form in (name, bare(name)):
                    key = fold(form)
                    known = self._by_fold.setdefault(key, actor)
                    if not key or known is not actor:
                        whose = f"both of {known.name} and of {actor.name}" if key else f"of {actor.name}, but empty"
                        raise ActorsError(f"{name!r} is a name {whose}")

    def __len__(self) -> int:
        return len(self._names)

    def find(self, name: str) -> Actor | None:
        """The actor that has this name, titles aside, or None."""
        return self._by_fold.get(fold(name)) or self._by_fold.get(fold(bare(name)))

    def named(self, statement: Statement) -> Statement:
        """The statement with the file's names for its speakers and targets; who is not in the file stays."""

        def one(name: str) -> str:
            actor = self.find(name)
            return actor.name if actor else name

        stances: dict[tuple[str, str | None], Stance] = {}
        for stance in statement.stances:  # of stances that have become one, the first and most likely
            target = one(stance.target) if stance.target else None
            stances.setdefault((stance.position, target), replace(stance, target=target))
        return replace(
            statement,
            speakers=tuple(dict.fromkeys(map(one, statement.speakers))),
            stances=tuple(stances.values()),
            named={one(name): how for name, how in statement.named.items()},
        )

    def known(self, statements: Sequence[Statement]) -> dict[str, dict[str, str]]:
        """What the file says of the speakers and targets in these statements: by name, ``wikidata`` and ``kind``."""
        names = {n for s in statements for n in (*s.speakers, *(t.target for t in s.stances if t.target))}
        found = {name: self._names[name] for name in sorted(names) if name in self._names}
        return {
            name: {key: value for key, value in (("wikidata", a.wikidata), ("kind", a.kind)) if value}
            for name, a in found.items()
        }


def read_actors(path: Path) -> Actors:
    """The actors of a TOML file: tables ``[[actor]]`` with ``name`` and perhaps ``aliases``, ``wikidata``, ``kind``.

    Raises `ActorsError` for a file that is none, an unknown field, and a name that two actors have.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise ActorsError(f"{path}: cannot be read as a file of actors: {fault}") from fault
    tables = data.get("actor")
    if set(data) != {"actor"} or not isinstance(tables, list):
        raise ActorsError(f"{path}: expected tables [[actor]], found {sorted(data)}")
    try:
        return Actors(_actor(table, number) for number, table in enumerate(tables, 1))
    except ActorsError as fault:
        raise ActorsError(f"{path}: {fault}") from fault


def _actor(table: Any, number: int) -> Actor:
    if not isinstance(table, dict) or set(table) - _FIELDS or not isinstance(table.get("name"), str):
        raise ActorsError(f"actor {number}: expected name, aliases, wikidata, kind, found {table!r}")
    aliases = table.get("aliases", [])
    if not isinstance(aliases, list) or not all(isinstance(a, str) for a in aliases):
        raise ActorsError(f"actor {table['name']}: expected 'aliases' to be a list of names, found {aliases!r}")
    for key in ("wikidata", "kind"):
        if not isinstance(table.get(key, ""), str):
            raise ActorsError(f"actor {table['name']}: expected {key!r} to be a text, found {table[key]!r}")
    return Actor(name=table["name"], aliases=tuple(aliases), wikidata=table.get("wikidata"), kind=table.get("kind"))

"""Annotations to and from the tools that people annotate with: Label Studio, Prodigy, doccano, brat.

All four hold spans and relations: the pieces of a content, its cue and its source are spans; from the first piece a
relation leads to every other part (``continues``, ``cue``, ``source``). What a tool has no place for (id, speaker, stances;
the article's fields and actors) travels beside it in a field that the tool hands back. Both ways no annotation is lost. A span
whose words are not at its place is found again where they stand only once.

Offsets: Label Studio counts UTF-16 units, the others code points; Prodigy also names tokens, ``token_end`` inclusive, and
its relations point at the last token of a span.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from stance.annotations import article_from_dict, article_to_dict
from stance.errors import AnnotationError
from stance.files import write_whole
from stance.records import AnnotatedArticle, AnnotatedStatement, Span

#: The parts of a statement, as labels of spans.
PARTS = ("content", "cue", "source")
CONTINUES = "continues"
_TOKEN = re.compile(r"\w+|[^\w\s]|\s")


@dataclass(frozen=True)
class Part:
    """A span of a statement in a tool: its words as the tool has them."""

    name: str
    label: str
    span: Span
    words: str


def parts(article: AnnotatedArticle, number: int) -> list[Part]:
    """The spans of a statement, the first piece of its content first; names are unique in the article."""
    s = article.statements[number]
    spans = [("content", span) for span in s.content]
    spans += [(label, span) for label, span in (("cue", s.cue), ("source", s.source)) if span]
    for label, (start, end) in spans:
        if not 0 <= start < end <= len(article.text):
            raise AnnotationError(f"article {article.id}, statement {s.id}: {label} at {start} to {end} is not in the text")
    return [Part(f"{number}.{k}", label, span, article.text[slice(*span)]) for k, (label, span) in enumerate(spans)]


def put_together(
    head: Mapping[str, Any],
    text: str,
    found: Sequence[Part],
    relations: Iterable[tuple[str, str, str]],
    extra: Mapping[str, Any],
) -> AnnotatedArticle:
    """An article from spans and relations (from, to, label).

    ``extra`` holds id, speaker and stances by the name of a first piece.
    Raises `AnnotationError` for a span whose words stand nowhere or twice, and a relation between spans that are none.
    """
    where = f"article {head.get('id')}"
    by_name = {part.name: part for part in found}
    spans = {part.name: _aligned(part, text, where) for part in found}
    follows: dict[str, list[tuple[str, str]]] = {}
    for start, end, label in relations:
        if start not in by_name or end not in by_name:
            raise AnnotationError(f"{where}: a relation {label!r} leads from or to a span that is none")
        if label not in (CONTINUES, *PARTS[1:]):
            raise AnnotationError(f"{where}: unknown relation {label!r}; expected {CONTINUES}, cue or source")
        follows.setdefault(start, []).append((label, end))
    later = {end for targets in follows.values() for label, end in targets if label == CONTINUES}
    led_to = {end for targets in follows.values() for _, end in targets}
    taken = {str(told["id"]) for told in extra.values() if told.get("id")}
    fresh = (f"s{n}" for n in range(1, len(found) + len(taken) + 2) if f"s{n}" not in taken)
    statements: list[dict[str, Any]] = []
    for part in found:
        if part.label not in PARTS:
            raise AnnotationError(f"{where}: unknown label {part.label!r} at {part.words[:40]!r}; expected {', '.join(PARTS)}")
        if part.label != "content" and part.name not in led_to:
            raise AnnotationError(
                f"{where}: the {part.label} {part.words[:40]!r} belongs to no content: no relation leads to it"
            )
        if part.label != "content" or part.name in later:
            continue
        targets = follows.get(part.name, [])
        one = {label: [spans[end] for kind, end in targets if kind == label] for label in (CONTINUES, *PARTS[1:])}
        for label in PARTS[1:]:
            if len(one[label]) > 1:
                raise AnnotationError(f"{where}: the content {part.words[:40]!r} has {len(one[label])} spans as its {label}")
        told = extra.get(part.name) or {}
        statements.append(
            {
                "id": told.get("id") or next(fresh),
                "content": [list(span) for span in sorted([spans[part.name], *one[CONTINUES]])],
                "cue": list(one["cue"][0]) if one["cue"] else None,
                "source": list(one["source"][0]) if one["source"] else None,
                "speaker": told.get("speaker") or [],
                "stances": told.get("stances") or [],
            }
        )
    return article_from_dict({**head, "text": text, "statements": statements})


def _aligned(part: Part, text: str, where: str) -> Span:
    """Where the words of a span stand: at its offsets, else at the only other place."""
    start, end = part.span
    if text[start:end] == part.words and 0 <= start < end <= len(text):
        return part.span
    if part.words and text.count(part.words) == 1:
        at = text.index(part.words)
        return at, at + len(part.words)
    raise AnnotationError(
        f"{where}: the span {part.words[:60]!r} at {start} stands {part.words and text.count(part.words)} times in the text"
    )


def _head(article: AnnotatedArticle) -> dict[str, Any]:
    """What is not text and not statements."""
    record = article_to_dict(article)
    return {key: value for key, value in record.items() if key not in ("text", "statements")}


def _extra(statement: AnnotatedStatement) -> dict[str, Any]:
    stances = [{"position": s.position, "target": s.target} for s in statement.stances]
    return {"id": statement.id, "speaker": list(statement.speaker), "stances": stances}


def _links(article: AnnotatedArticle) -> Iterator[tuple[Part, Part, str]]:
    for number in range(len(article.statements)):
        first, *others = parts(article, number)
        for other in others:
            yield first, other, CONTINUES if other.label == "content" else other.label


def stance_lines(stances: Iterable[Mapping[str, Any]]) -> list[str]:
    """Stances as people write them: ``criticism > Orvane``, ``deescalation > null``."""
    return [f"{s['position']} > {'null' if s['target'] is None else s['target']}" for s in stances]


def read_stance_lines(lines: Iterable[str], where: str) -> list[dict[str, Any]]:
    """The stances in such lines. Raises `AnnotationError` for another line."""
    stances = []
    for line in lines:
        position, sign, target = line.partition(">")
        if not sign or not position.strip() or not target.strip():
            raise AnnotationError(f"{where}: expected a stance as 'position > target', found {line!r}")
        stances.append({"position": position.strip(), "target": None if target.strip() == "null" else target.strip()})
    return stances


class _Utf16:
    """Offsets in UTF-16 units and in code points, of one text."""

    def __init__(self, text: str) -> None:
        self._units = [0]
        for character in text:
            self._units.append(self._units[-1] + (2 if ord(character) > 0xFFFF else 1))
        self._points = {unit: point for point, unit in enumerate(self._units)}

    def units(self, point: int) -> int:
        return self._units[point]

    def point(self, unit: int) -> int:
        return self._points.get(unit, -1)


def to_label_studio(article: AnnotatedArticle) -> dict[str, Any]:
    """A task; of labelled articles with predictions, of annotated ones with annotations. Configuration: `LABEL_STUDIO`."""
    offsets = _Utf16(article.text)
    result: list[dict[str, Any]] = []
    for number, statement in enumerate(article.statements):
        for k, part in enumerate(parts(article, number)):
            place = {"start": offsets.units(part.span[0]), "end": offsets.units(part.span[1]), "text": part.words}
            here = {"id": part.name, "to_name": "text"}
            result.append({**here, "from_name": "part", "type": "labels", "value": {**place, "labels": [part.label]}})
            if k == 0:
                lines = (("speaker", list(statement.speaker)), ("stance", stance_lines(_extra(statement)["stances"])))
                for name, words in lines:
                    if words:
                        result.append({**here, "from_name": name, "type": "textarea", "value": {**place, "text": words}})
    for first, other, label in _links(article):
        result.append({"type": "relation", "from_id": first.name, "to_id": other.name, "direction": "right", "labels": [label]})
    names = {f"{n}.0": s.id for n, s in enumerate(article.statements)}
    data = {"text": article.text, "article": _head(article), "statements": names}
    if article.meta.get("made_by"):
        return {"data": data, "predictions": [{"model_version": str(article.meta["made_by"]), "result": result}]}
    return {"data": data, "annotations": [{"result": result}]}


def from_label_studio(task: Mapping[str, Any]) -> AnnotatedArticle:
    """The article of a task: its first annotation that was not cancelled, else its first prediction."""
    data = task["data"]
    head, text = data["article"], data["text"]
    where = f"article {head.get('id')}"
    offsets = _Utf16(text)
    given = (
        [a for a in task.get("annotations") or [] if not a.get("was_cancelled")] or task.get("predictions") or [{"result": []}]
    )
    found: list[Part] = []
    relations: list[tuple[str, str, str]] = []
    extra: dict[str, dict[str, Any]] = {name: {"id": s} for name, s in (data.get("statements") or {}).items()}
    for item in given[0]["result"]:
        kind, value = item.get("type"), item.get("value", {})
        if kind == "relation":
            ends = (item["from_id"], item["to_id"])
            first, second = reversed(ends) if item.get("direction") == "left" else ends
            relations.append((first, second, (item.get("labels") or [""])[0]))
        elif kind == "labels":
            start, end = offsets.point(value["start"]), offsets.point(value["end"])
            found.append(Part(item["id"], value["labels"][0], (start, end), value.get("text", text[max(0, start) : end])))
        elif kind == "textarea":
            words = value["text"] if isinstance(value["text"], list) else [value["text"]]
            words = [line.strip() for entry in words for line in entry.split("\n") if line.strip()]
            told = extra.setdefault(item["id"], {})
            if item["from_name"] == "speaker":
                told["speaker"] = words
            elif item["from_name"] == "stance":
                told["stances"] = read_stance_lines(words, where)
    return put_together(head, text, found, relations, extra)


#: The labelling configuration for Label Studio.
LABEL_STUDIO = """\
<View>
  <Relations>
    <Relation value="cue"/><Relation value="source"/><Relation value="continues"/>
  </Relations>
  <Labels name="part" toName="text">
    <Label value="content" background="#4477aa"/>
    <Label value="cue" background="#228833"/>
    <Label value="source" background="#ccbb44"/>
  </Labels>
  <Text name="text" value="$text" granularity="word"/>
  <View visibleWhen="region-selected">
    <Header value="Speaker: the fullest name, a line each"/>
    <TextArea name="speaker" toName="text" perRegion="true" editable="true"/>
    <Header value="Stances: position &gt; target, a line each, the most prominent first; null where there is no addressee"/>
    <TextArea name="stance" toName="text" perRegion="true" editable="true"/>
  </View>
</View>
"""


def to_prodigy(article: AnnotatedArticle) -> dict[str, Any]:
    """A record for ``rel.manual``: tokens, spans, relations."""
    cuts = {at for n in range(len(article.statements)) for part in parts(article, n) for at in part.span}
    tokens: list[dict[str, Any]] = []
    for match in _TOKEN.finditer(article.text):
        edges = [match.start(), *(at for at in range(match.start() + 1, match.end()) if at in cuts), match.end()]
        for start, end in pairwise(edges):
            tokens.append({"text": article.text[start:end], "start": start, "end": end, "id": len(tokens), "ws": False})
    first = {token["start"]: token["id"] for token in tokens}
    last = {token["end"]: token["id"] for token in tokens}

    def span(part: Part) -> dict[str, Any]:
        start, end = part.span
        return {
            "start": start, "end": end, "token_start": first[start], "token_end": last[end], "label": part.label,
            "text": part.words, "name": part.name,
        }  # fmt: skip

    spans = []
    for number, statement in enumerate(article.statements):
        for k, part in enumerate(parts(article, number)):
            spans.append({**span(part), **({"statement": _extra(statement)} if k == 0 else {})})
    relations = [
        {
            "head": last[a.span[1]],
            "child": last[b.span[1]],
            "label": label,
            "head_span": span(a),
            "child_span": span(b),
        }
        for a, b, label in _links(article)
    ]
    return {"text": article.text, "tokens": tokens, "spans": spans, "relations": relations, "article": _head(article)}


def from_prodigy(record: Mapping[str, Any]) -> AnnotatedArticle:
    """The article of a record; spans that were drawn in the tool are known by their place and label."""
    text, found, extra = record["text"], [], {}
    names: dict[tuple[int, int, str], str] = {}
    for number, span in enumerate(record.get("spans") or []):
        name = str(span.get("name") or f"new.{number}")
        found.append(
            Part(name, span["label"], (span["start"], span["end"]), span.get("text", text[span["start"] : span["end"]]))
        )
        names.setdefault((span["start"], span["end"], span["label"]), name)
        if span.get("statement"):
            extra[name] = span["statement"]

    def name_of(span: Mapping[str, Any]) -> str:
        return str(span.get("name") or names.get((span["start"], span["end"], span["label"]), ""))

    relations = [(name_of(r["head_span"]), name_of(r["child_span"]), r["label"]) for r in record.get("relations") or []]
    return put_together(record["article"], text, found, relations, extra)


def to_doccano(article: AnnotatedArticle) -> dict[str, Any]:
    """A record for relation extraction: entities and relations; the rest under ``article`` and ``statements``."""
    number_of: dict[str, int] = {}
    entities: list[dict[str, Any]] = []
    statements: dict[str, Any] = {}
    for number, statement in enumerate(article.statements):
        for k, part in enumerate(parts(article, number)):
            number_of[part.name] = len(entities)
            start, end = part.span
            entities.append({"id": len(entities), "start_offset": start, "end_offset": end, "label": part.label})
            if k == 0:
                statements[f"{start}:{end}"] = _extra(statement)
    relations = [
        {"id": n, "from_id": number_of[a.name], "to_id": number_of[b.name], "type": label}
        for n, (a, b, label) in enumerate(_links(article))
    ]
    return {
        "text": article.text, "entities": entities, "relations": relations, "Comments": [],
        "article": _head(article), "statements": statements,
    }  # fmt: skip


def from_doccano(record: Mapping[str, Any]) -> AnnotatedArticle:
    """The article of a record."""
    text = record["text"]
    found = [
        Part(str(e["id"]), e["label"], (e["start_offset"], e["end_offset"]), text[e["start_offset"] : e["end_offset"]])
        for e in record.get("entities") or []
    ]
    relations = [(str(r["from_id"]), str(r["to_id"]), r["type"]) for r in record.get("relations") or []]
    told = record.get("statements") or {}  # by place: doccano gives its entities new ids
    later = {end for _, end, label in relations if label == CONTINUES}
    firsts = [part for part in found if part.label == "content" and part.name not in later]
    extra = {part.name: told.get(f"{part.span[0]}:{part.span[1]}", {}) for part in firsts}
    return put_together(record["article"], text, found, relations, extra)


def to_brat(article: AnnotatedArticle) -> tuple[str, str]:
    """The standoff lines (``.ann``) for the text, and what travels beside them (``.json``).

    A content is one entity with a fragment for each piece; brat has no fragment over a line's end, so pieces are cut there.
    """
    lines: list[str] = []
    statements: dict[str, Any] = {}
    names = 0
    for number, statement in enumerate(article.statements):
        each = parts(article, number)
        groups = [[p for p in each if p.label == label] for label in PARTS]
        for group in filter(None, groups):
            names += 1
            spans = [cut for part in group for cut in _cut(article.text, part.span)]
            words = " ".join(article.text[slice(*span)] for span in spans)
            lines.append(f"T{names}\t{group[0].label} {';'.join(f'{s} {e}' for s, e in spans)}\t{words}")
            if group[0].label == "content":
                content = names
                statements[f"T{names}"] = {**_extra(statement), "content": [list(part.span) for part in group]}
            else:
                lines.append(f"R{names}\t{group[0].label} Arg1:T{content} Arg2:T{names}")
    return "".join(f"{line}\n" for line in lines), json.dumps(
        {"article": _head(article), "statements": statements}, ensure_ascii=False
    )


#: The configuration of a brat collection.
BRAT = """\
[entities]
content
cue
source
[relations]
cue\tArg1:content, Arg2:cue
source\tArg1:content, Arg2:source
<OVERLAP>\tArg1:<ENTITY>, Arg2:<ENTITY>, <OVL-TYPE>:<ANY>
[events]
[attributes]
"""


def _cut(text: str, span: Span) -> list[Span]:
    """A span in fragments without line ends."""
    start = span[0]
    return [(start + m.start(), start + m.end()) for m in re.finditer(r"[^\n]+", text[slice(*span)])]


def from_brat(text: str, standoff: str, beside: str) -> AnnotatedArticle:
    """The article of a text, its standoff lines and what travels beside them."""
    told = json.loads(beside)
    found: list[Part] = []
    relations: list[tuple[str, str, str]] = []
    where = f"article {told['article'].get('id')}"
    firsts: dict[str, str] = {}
    for line in standoff.split("\n"):
        if not line.strip() or line[0] not in "TR":
            continue
        try:
            name, what, *rest = line.rstrip("\r").split("\t")
            label, _, places = what.partition(" ")
            if name[0] == "R":
                ends = dict(part.split(":") for part in places.split())
                relations.append((ends["Arg1"], ends["Arg2"], label))
                continue
            spans = [(int(a), int(b)) for a, b in (pair.split() for pair in places.split(";"))]
        except (ValueError, KeyError) as fault:
            raise AnnotationError(f"{where}: no standoff line: {line!r}") from fault
        words = "\t".join(rest)
        if words and " ".join(text[slice(*span)] for span in spans) != words:
            if len(spans) > 1:
                raise AnnotationError(f"{where}: the pieces {words[:60]!r} of {name} are not at their places")
            spans = [_aligned(Part(name, label, spans[0], words), text, where)]
        known = [tuple(span) for span in told["statements"].get(name, {}).get("content", [])]
        if [cut for span in known for cut in _cut(text, span)] == spans:
            spans = known
        elif label != "content":
            spans = [(spans[0][0], spans[-1][1])]
        else:
            spans = list(_rejoined(text, spans))
        for k, span in enumerate(spans):
            found.append(Part(f"{name}.{k}", label, span, text[slice(*span)]))
            if k:
                relations.append((name, f"{name}.{k}", CONTINUES))
        firsts[name] = f"{name}.0"
    links = [(firsts.get(a, a), firsts.get(b, b), label) for a, b, label in relations]
    extra = {firsts[name]: s for name, s in told["statements"].items() if name in firsts}
    return put_together(told["article"], text, found, links, extra)


def _rejoined(text: str, spans: Sequence[Span]) -> Iterator[Span]:
    """Fragments with only a line's end between them as one."""
    current = spans[0]
    for span in spans[1:]:
        if text[current[1] : span[0]] == "\n":
            current = current[0], span[1]
        else:
            yield current
            current = span
    yield current


_TO: dict[str, Callable[[AnnotatedArticle], dict[str, Any]]] = {
    "label-studio": to_label_studio, "prodigy": to_prodigy, "doccano": to_doccano,
}  # fmt: skip
_FROM: dict[str, Callable[[Mapping[str, Any]], AnnotatedArticle]] = {
    "label-studio": from_label_studio, "prodigy": from_prodigy, "doccano": from_doccano,
}  # fmt: skip
#: The names of the tools.
TOOLS = (*_TO, "brat")


def export(articles: Sequence[AnnotatedArticle], tool: str, output: Path) -> list[Path]:
    """Writes articles for a tool: a file, or for brat a folder; with it the tool's configuration. Returns what was written."""
    if tool == "brat":
        output.mkdir(parents=True, exist_ok=True)
        written = [output / "annotation.conf"]
        write_whole(written[0], BRAT)
        for number, article in enumerate(articles, 1):
            name = f"{number:05}-{re.sub(r'[^A-Za-z0-9_.-]', '_', article.id)[:80]}"
            for ending, words in zip((".txt", ".ann", ".json"), (article.text, *to_brat(article)), strict=True):
                write_whole(output / (name + ending), words)
                written.append(output / (name + ending))
        return written
    records = [_TO[tool](article) for article in articles]
    if tool == "label-studio":
        config = output.with_suffix(".xml")
        write_whole(config, LABEL_STUDIO)
        write_whole(output, json.dumps(records, ensure_ascii=False) + "\n")
        return [output, config]
    write_whole(output, "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))
    return [output]


def import_from(tool: str, path: Path) -> list[AnnotatedArticle]:
    """The articles that a tool wrote: a file, for brat a folder. Raises `AnnotationError` with the file and the article."""
    if tool == "brat":
        names = sorted(path.glob("*.ann"))
        if not names:
            raise AnnotationError(f"{path}: no *.ann file in this folder")
        return [_read_brat(name) for name in names]
    try:
        raw = path.read_text("utf-8-sig")
        records = json.loads(raw) if tool == "label-studio" else [json.loads(line) for line in raw.split("\n") if line.strip()]
    except (UnicodeDecodeError, json.JSONDecodeError) as fault:
        raise AnnotationError(f"{path}: no JSON: {fault}") from fault
    if not isinstance(records, list):
        raise AnnotationError(f"{path}: expected a list of tasks, found {type(records).__name__}")
    articles = []
    for number, record in enumerate(records, 1):
        try:
            articles.append(_FROM[tool](record))
        except AnnotationError as fault:
            raise AnnotationError(f"{path}: record {number}: {fault}") from fault
        except (KeyError, TypeError, IndexError, AttributeError) as fault:
            raise AnnotationError(f"{path}: record {number}: not as `stance export --to {tool}` makes it: {fault!r}") from fault
    return articles


def _read_brat(path: Path) -> AnnotatedArticle:
    try:
        # line ends as they are: brat counts them
        texts = [path.with_suffix(ending).read_bytes().decode("utf-8") for ending in (".txt", ".ann", ".json")]
        return from_brat(*texts)
    except AnnotationError as fault:
        raise AnnotationError(f"{path}: {fault}") from fault
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError, AttributeError) as fault:
        raise AnnotationError(f"{path}: {fault!r}") from fault

"""Readers of the public corpora that stage 1 and the stage on judgements learn from.

None of them travels with the project: a recipe names the folder where a copy lies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from stance.records import AnnotatedArticle, AnnotatedStatement, Span

_ANNOTATION_SUFFIX = re.compile(r"_[0-9a-z]{4}\.ann$")


def read_polnear(folder: Path) -> Iterator[AnnotatedArticle]:
    """The attributions of one split of PolNeAR 1.0.0 (Newell, Margolin, Ruths, LREC 2018), by article.

    ``folder`` holds ``text/`` and ``attributions/`` (brat standoff). Where several annotators read an article,
    the first file is taken. Attributions without content are left out; speakers and stances are not in the corpus.
    """
    chosen: dict[str, Path] = {}
    for path in sorted((folder / "attributions").glob("*.ann")):
        chosen.setdefault(_ANNOTATION_SUFFIX.sub("", path.name), path)
    if not chosen:
        raise FileNotFoundError(f"{folder}: no attributions/*.ann in it")
    for name, path in chosen.items():
        text = (folder / "text" / f"{name}.txt").read_bytes().decode("utf-8")
        spans: dict[str, list[Span]] = {}
        statements = []
        for line in path.read_bytes().decode("utf-8").split("\n"):
            mark = re.match(r"(T\d+)\t\w+ ([\d ;]+)", line)
            if mark:
                pairs = (p.split() for p in mark[2].split(";") if p.strip())
                spans[mark[1]] = _joined([(int(a), int(b)) for a, b in pairs], text)
        for line in path.read_bytes().decode("utf-8").split("\n"):
            if not re.match(r"E\d+\t", line):
                continue
            roles = re.findall(r"(Content|Cue|Source)\d*:(T\d+)", line)
            content = sorted(s for role, key in roles if role == "Content" for s in spans.get(key, ()))
            if not content or any(a[1] > b[0] for a, b in pairwise(content)):
                continue
            cue = [s for role, key in roles if role == "Cue" for s in spans.get(key, ())]
            source = [s for role, key in roles if role == "Source" for s in spans.get(key, ())]
            statements.append(
                AnnotatedStatement(
                    id=line.split("\t")[0],
                    content=tuple(content),
                    cue=min(cue) if cue else None,
                    source=min(source) if source else None,
                )
            )
        yield AnnotatedArticle(id=name, text=text, statements=tuple(statements))


def _joined(spans: list[Span], text: str) -> list[Span]:
    """Pieces with nothing but white space between them as one; outer white space off."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        start += len(text[start:end]) - len(text[start:end].lstrip())
        end -= len(text[start:end]) - len(text[start:end].rstrip())
        if end <= start:
            continue
        if joined and not text[joined[-1][1] : start].strip():
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined

"""The classifier: from a text to its statements."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stance.articles import LONGEST, TOO_LONG, is_unicode
from stance.errors import ArticleError, StanceError
from stance.model.config import ModelConfig
from stance.model.decoding import Pointed, Proposal, WindowOutput, aligned, kept_up, pointed, propose
from stance.model.encoding import Alphabet, Ints, Tokens, collate, marked, tokenize, windows
from stance.model.folder import ONNX, checked, read_config, read_tokenizer, second
from stance.model.runtime import Floats, OnnxRuntime, Runtime, sigmoid, softmax
from stance.names import PRONOUNS, NameTable, bare, is_person
from stance.records import NONE, Article, Span, Stance, Statement

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from stance.actors import Actors

_BATCH_TOKENS = 512
#: Positions that hardly ever aim at the speaker, and what the probability of that is multiplied by.
_OUTWARD = frozenset({"criticism"})
_SELF = 0.05
#: Positions that a spokesman pledges for a country: `we will`.
_PLEDGED = frozenset({"deescalation"})
#: Positions that speakers keep to in the rest of an article; see `kept_up`.
_KEPT = frozenset({"criticism"})


@dataclass(frozen=True)
class View:
    """What the network says of a statement in one window. *Shapes:* see `stance.model.network.Network.forward`."""

    tokens: Tokens
    logits: Floats
    speaker: Floats
    target: Floats


#: What each network says of a statement, in its windows, and the network's share in the mean.
Reading = list[tuple[float, list[View]]]


def _highest(views: Sequence[View]) -> NDArray[np.float64]:
    """The logits of a statement: of each the highest of all windows. *Shape:* (1 + positions,)."""
    logits: NDArray[np.float64] = np.max([view.logits for view in views], axis=0).astype(float)
    return logits


def _places(text: str, pointers: Iterable[tuple[float, View, Floats]]) -> list[Pointed]:
    """The places that networks point at, the likeliest first. Of each network: its share, its view, logits (tokens + 1, 2)."""
    places = [
        replace(place, probability=share * place.probability)
        for share, view, ends in pointers
        for place in pointed(ends[:, 0], ends[:, 1], view.tokens, text)
    ]
    return sorted(places, key=lambda place: -place.probability)


def _beside(text: str, proposal: Proposal) -> bool:
    """Whether source and cue (without one, content) stand in one paragraph: else the source may be another statement's."""
    assert proposal.source is not None
    spans = (proposal.source, proposal.cue or proposal.content[0])
    return "\n" not in text[min(start for start, _ in spans) : max(end for _, end in spans)]


class Classifier:
    """Labels the statements of texts. Made by `stance.load`; safe to share between threads.

    ``stances``, where given, is a classifier of a second network, which reads what this one finds as well; of what both say the
    mean is taken.
    """

    def __init__(self, runtime: Runtime, tokenizer: Tokenizer, config: ModelConfig, stances: Classifier | None = None) -> None:
        self.config = config
        self._runtime = runtime
        self._tokenizer = tokenizer
        self._alphabet = Alphabet.of(tokenizer)
        self._second = stances

    @property
    def digest(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of the model's network, or of those of its two."""
        own = self.config.digests.get(ONNX, "")
        if self._second:
            own = hashlib.sha256(f"{own} {self._second.digest}".encode()).hexdigest()
        return own[:16]

    def uncalibrated(self) -> Classifier:
        """The same without temperatures, and with every proposal taken for a statement."""
        config = replace(self.config, valid_threshold=0.0, temperatures={})
        return Classifier(self._runtime, self._tokenizer, config, self._second and self._second.uncalibrated())

    def classify(self, text: str, *, speaker: str | None = None) -> list[Statement]:
        """The statements of an article, in the order of the text.

        With ``speaker``, the text is taken as one quotation of that speaker, without an article around it, and
        the list holds that one statement (none where the text is empty). Raises `TypeError` where either is no string, and
        `ArticleError` where one cannot be written in UTF-8 or is longer than `stance.articles.LONGEST`.
        """
        for words in (text,) if speaker is None else (text, speaker):
            if not isinstance(words, str):
                raise TypeError(f"expected a text (str), got {type(words).__name__}")
            if not is_unicode(words):
                raise ArticleError("half a surrogate pair in this text; it cannot be written in UTF-8")
            if len(words) > LONGEST:
                raise ArticleError(f"{len(words):,} characters; {TOO_LONG}")
        if speaker is not None:
            return self._quotation(text, speaker)
        tokens = self._tokens(text)
        return self._read(text, tokens, self.propose(text, tokens))

    def classify_many(self, texts: Iterable[str]) -> Iterator[list[Statement]]:
        """The statements of each text, in order, one text at a time: memory stays bounded."""
        if isinstance(texts, str):
            raise TypeError("expected texts, got one text; classify(text) takes one")
        for text in texts:
            yield self.classify(text)

    def propose(self, text: str, tokens: Tokens) -> list[Proposal]:
        """What the first reading marks as possible statements."""
        marks = [(1 - self._finding, self._marks(tokens))]
        if self._second and self._finding:
            theirs = self._second._tokens(text)
            marks.append((self._finding, aligned(self._second._marks(theirs), theirs, tokens)))
        return propose(text, tokens, marks)

    def proposals(self, text: str) -> list[Proposal]:
        """What the first reading marks as possible statements of a text; see `propose`."""
        return self.propose(text, self._tokens(text))

    def scores(self, text: str, proposal: Proposal) -> dict[str, float]:
        """The probability of each position in words that are known to be a statement."""
        views = self._views(self._tokens(text), [proposal])
        return self._chances(self._logits(self._readings(text, [proposal], views)[0]))

    def _tokens(self, text: str) -> Tokens:
        return tokenize(text, self._tokenizer, self._alphabet)

    def _run(self, names: Sequence[str], inputs: Sequence[tuple[Tokens, Ints]]) -> list[tuple[Floats, ...]]:
        """The outputs of each input, in order; batches hold inputs of like length."""
        results: list[tuple[Floats, ...]] = [()] * len(inputs)
        batches: list[list[int]] = []
        order = sorted(range(len(inputs)), key=lambda i: len(inputs[i][0]), reverse=True)
        done = 0
        while done < len(order):
            size = max(1, _BATCH_TOKENS // (len(inputs[order[done]][0]) + 2))
            batches.append(order[done : done + size])
            done += size
        each = self._runtime.pool.map if self._runtime.pool and len(batches) > 1 else map
        computed = each(lambda batch: self._runtime(names, *collate([inputs[i] for i in batch], self._alphabet)), batches)
        for batch, outputs in zip(batches, computed, strict=True):
            for row, i in enumerate(batch):
                results[i] = tuple(output[row] for output in outputs)
        return results

    @property
    def _finding(self) -> float:
        """The share of the second network in finding statements."""
        return self.config.finding if self._second else 0.0

    def _marks(self, tokens: Tokens) -> list[WindowOutput]:
        """The first reading: the windows of an article."""
        spans = windows(len(tokens), self.config.window, self.config.overlap)
        inputs = [(tokens.cut(*span), np.zeros(span[1] - span[0], dtype=np.int64)) for span in spans]
        outputs: list[WindowOutput] = []
        rows = self._run(("tags", "link_queries", "link_keys"), inputs)
        for (first, last), (tags, queries, keys) in zip(spans, rows, strict=True):
            count = last - first + 1
            outputs.append(WindowOutput(first, last, softmax(tags[1:count]), queries[:count], keys[:count]))
        return outputs

    def _read(self, text: str, tokens: Tokens, proposals: Sequence[Proposal]) -> list[Statement]:
        names = NameTable(text)
        views = self._views(tokens, proposals)
        readings = self._readings(text, proposals, views) if self._finding else [[(1.0, own)] for own in views]
        valid = [self._valid(reading) for reading in readings]
        found = [n for n, chance in enumerate(valid) if chance >= self._found_by.valid_threshold]
        proposals, readings, valid = [proposals[n] for n in found], [readings[n] for n in found], [valid[n] for n in found]
        if not self._finding:
            readings = self._readings(text, proposals, [views[n] for n in found])
        speakers: list[tuple[str, ...]] = []
        named: list[dict[str, str]] = []
        for proposal, reading in zip(proposals, readings, strict=True):
            places = _places(text, [(share, view, view.speaker) for share, (view, *_) in reading])
            named.append({})
            speakers.append(self._speakers(text, proposal, places, names, named[-1]))
        logits = np.array([self._logits(reading) for reading in readings]).reshape(-1, len(self.config.positions))
        for number, position in enumerate(self.config.positions):
            if position in _KEPT:
                logits[:, number] += kept_up(logits[:, number].tolist(), speakers, valid)
        statements = []
        for proposal, reading, sure, own, whose, how in zip(proposals, readings, valid, logits, speakers, named, strict=True):
            chances = self._chances(own)
            stances = self._stances(text, chances, reading, names, how, whose, proposal.content)
            statements.append(self._statement(text, proposal, sure, chances, whose, stances, how))
        return statements

    def _quotation(self, text: str, speaker: str) -> list[Statement]:
        lead = f"{speaker} said: "
        whole = lead + text
        cue = (len(speaker) + 1, len(speaker) + 5)
        left = len(lead) + len(text) - len(text.lstrip())
        content = (left, len(whole.rstrip()))
        tokens = self._tokens(whole)
        if content[1] <= left or not len(tokens):
            return []
        proposals = [Proposal((content,), cue, (0, len(speaker)))]
        (reading,) = self._readings(whole, proposals, self._views(tokens, proposals))
        chances = self._chances(self._logits(reading))
        named: dict[str, str] = {}
        stances = self._stances(whole, chances, reading, NameTable(whole), named, (speaker,), (content,))
        named[speaker] = "given"
        span = (content[0] - len(lead), content[1] - len(lead))
        return [self._statement(text, Proposal((span,), None, None), 1.0, chances, (speaker,), stances, named)]

    def _views(self, tokens: Tokens, proposals: Sequence[Proposal]) -> list[list[View]]:
        """The second reading: for each proposal, its windows."""
        size, longest = self.config.context, self.config.longest
        parts = [marked(tokens, p.content, p.cue, p.source, size=size, longest=longest) for p in proposals]
        inputs = [(inside, roles) for part in parts for _, inside, roles in part]
        outputs = iter(self._run(("statement", "speaker", "target"), inputs))
        return [[View(inside, *next(outputs)) for _, inside, _ in part] for part in parts]

    def _readings(self, text: str, proposals: Sequence[Proposal], views: Sequence[list[View]]) -> list[Reading]:
        """What each network says of each proposal; ``views`` is what this one says."""
        if not self._second:
            return [[(1.0, own)] for own in views]
        share = self.config.stances
        others = self._second._views(self._second._tokens(text), proposals)
        return [[(1 - share, own), (share, other)] for own, other in zip(views, others, strict=True)]

    @property
    def _told(self) -> ModelConfig:
        """The configuration with the temperatures and thresholds of positions."""
        return self._second.config if self._second else self.config

    @property
    def _found_by(self) -> ModelConfig:
        """The configuration with the temperature and the threshold of being a statement."""
        return self._told if self._finding else self.config

    def _valid(self, reading: Reading) -> float:
        """The probability of being a statement."""
        shares = (1 - self._finding, self._finding)
        logit = sum(share * _highest(views)[0] for share, (_, views) in zip(shares, reading, strict=False))
        return float(sigmoid(logit / self._found_by.temperatures.get("valid", 1.0)))

    @staticmethod
    def _logits(reading: Reading) -> NDArray[np.float64]:
        """The logit of each position. *Shape:* (positions,)."""
        logits: NDArray[np.float64] = np.sum([share * _highest(views)[1:] for share, views in reading], axis=0)
        return logits

    def _chances(self, logits: NDArray[np.float64]) -> dict[str, float]:
        """The probability of each position."""
        scale = [self._told.temperatures.get(name, 1.0) for name in self.config.positions]
        return dict(zip(self.config.positions, map(float, sigmoid(logits / np.asarray(scale))), strict=True))

    def _speakers(
        self, text: str, proposal: Proposal, places: Sequence[Pointed], names: NameTable, named: dict[str, str]
    ) -> tuple[str, ...]:
        how: dict[str, str] = {}
        sums = self._by_name(text, places, names, how)
        words = text[slice(*proposal.source)] if proposal.source else None
        said_by = words.lower() if words else ""
        pronoun = said_by in PRONOUNS
        if (
            words is not None
            and proposal.source is not None
            and words[:1].isupper()
            and not pronoun
            and _beside(text, proposal)
        ):
            own = names.resolve_all(words, before=proposal.source[0])
            if all(names.is_sure(one) for one in own):
                named.update((one.name, one.how) for one in own)
                return tuple(dict.fromkeys(one.name for one in own))
        if said_by in ("he", "she", "who"):
            sums = {name: chance * (1.0 if name is None or is_person(name) else 0.1) for name, chance in sums.items()}
        elif said_by in ("it", "which"):
            sums = {name: chance * (0.1 if name and names.has_title(name) else 1.0) for name, chance in sums.items()}
        elif said_by in ("the paper", "the newspaper"):
            paper = names.paper([name for name in sums if name])
            if paper:
                named[paper] = "role"
                return (paper,)
        best = max(sums.items(), key=lambda item: item[1], default=(None, 0.0))[0]
        if best is None:
            if words is None or proposal.source is None or pronoun or not bare(words):
                return ()
            found = names.resolve_all(words, before=proposal.source[0])
            named.update((one.name, one.how) for one in found)
            return tuple(dict.fromkeys(one.name for one in found))
        others = [name for name, chance in sums.items() if name and name != best and chance >= self.config.share]
        for name in (best, *others):
            named[name] = "pronoun" if pronoun and name in how else how.get(name, "as-written")
        return (best, *others)

    def _stances(
        self,
        text: str,
        chances: dict[str, float],
        reading: Reading,
        names: NameTable,
        named: dict[str, str],
        speakers: Sequence[str],
        spans: Sequence[Span],
    ) -> tuple[Stance, ...]:
        stances: list[Stance] = []
        found: dict[str, str] = {}
        for number, position in enumerate(self.config.positions):
            chance = chances[position]
            if chance < self._told.thresholds.get(position, 0.5):
                continue
            best = [(share, max(views, key=lambda view: view.logits[1 + number])) for share, views in reading]
            places = _places(text, [(share, view, view.target[:, number]) for share, view in best])
            how: dict[str, str] = {}
            each = self._by_name(text, places, names, how)
            if position in _OUTWARD:
                each = {name: share * (_SELF if name in speakers else 1.0) for name, share in each.items()}
            sums = sorted(each.items(), key=lambda item: -item[1])
            targets: dict[str | None, float] = {}
            for rank, (name, share) in enumerate(sums):
                if name and position in _PLEDGED and name in speakers:
                    name = names.spoken_for(name)
                if name not in targets and (rank == 0 or (name and sums[0][0] and share >= self.config.share)):
                    targets[name] = share
                    if name:
                        found.setdefault(name, how.get(name, "exact"))
            for name, share in list(targets.items()):
                for other in names.beside(name, spans) if name else ():
                    if other.name not in targets and not (position in _OUTWARD and other.name in speakers):
                        targets[other.name] = share
                        found.setdefault(other.name, other.how)
            stances.extend(Stance(position=position, target=name, confidence=chance * share) for name, share in targets.items())
        if max((s.confidence for s in stances), default=0.0) < _no_stance(chances):
            return ()  # whoever it aims at, that it takes no position at all is likelier
        for name, way in found.items():
            named.setdefault(name, way)
        order = {s.position: chances[s.position] for s in stances}
        return tuple(sorted(stances, key=lambda s: (-order[s.position], -s.confidence)))

    @staticmethod
    def _by_name(text: str, places: Sequence[Pointed], names: NameTable, how: dict[str, str]) -> dict[str | None, float]:
        """The probability of each canonical name, summed over its mentions; of mentions that overlap, the likeliest names.

        ``how`` is told how each name was found, at its likeliest mention.
        """
        sums: dict[str | None, float] = {}
        taken: list[tuple[Span, list[str | None]]] = []
        for place in places:
            found: list[str | None] = [None]
            if place.span is not None:
                start, end = place.span
                words = text[start:end]
                if words.lower() in PRONOUNS or not bare(words):
                    continue
                same = next((known for (a, b), known in taken if start < b and a < end), None)
                if same is None:
                    resolved = names.resolve_all(words, before=start)
                    for one in resolved:
                        how.setdefault(one.name, one.how)
                    same = [r.name for r in resolved]
                found = same
                taken.append((place.span, found))
            for name in found:
                sums[name] = sums.get(name, 0.0) + place.probability
        return sums

    def _statement(
        self,
        text: str,
        proposal: Proposal,
        valid: float,
        chances: dict[str, float],
        speakers: tuple[str, ...],
        stances: tuple[Stance, ...],
        named: dict[str, str],
    ) -> Statement:
        return Statement(
            text=" … ".join(text[slice(*span)] for span in proposal.content),
            content=proposal.content,
            cue=proposal.cue,
            source=proposal.source,
            speakers=speakers,
            stances=stances,
            scores={**chances, NONE: _no_stance(chances)},
            confidence=valid,
            named=named,
        )


def _no_stance(chances: dict[str, float]) -> float:
    """The probability that no position is taken, each being taken or not by itself."""
    return float(np.prod([1 - chance for chance in chances.values()]))


def read_classifier(folder: Path, *, threads: int = 0, fast: bool = False) -> Classifier:
    """The classifier of a model folder; see `stance.load`. Raises `ModelError`."""
    config = read_config(folder)
    other = None if fast else second(folder, config)
    stances = None
    if other:
        place, told = other
        stances = Classifier(OnnxRuntime(checked(place, ONNX, told), threads=threads), read_tokenizer(place), told)
    return Classifier(OnnxRuntime(checked(folder, ONNX, config), threads=threads), read_tokenizer(folder), config, stances)


def label_articles(
    classifier: Classifier,
    articles: Iterable[Article | ArticleError],
    failed: Callable[[str], None],
    *,
    min_confidence: float = 0.0,
    actors: Actors | None = None,
    done: Callable[[Article], bool] | None = None,
) -> Iterator[tuple[Article, list[Statement]]]:
    """Each article with its statements, in order, without those for which ``done`` holds.

    ``failed`` is told of what could not be read or labelled. Statements and stances less likely than ``min_confidence`` are
    left out; ``actors`` names speakers and targets.
    """
    for article in articles:
        if isinstance(article, ArticleError):
            failed(str(article))
        elif done is None or not done(article):
            try:
                statements = classifier.classify(article.text)
            except StanceError as fault:
                failed(f"article {article.id}: {fault}")
                continue
            if min_confidence:
                statements = [left for s in statements if (left := s.at_least(min_confidence))]
            yield article, [actors.named(s) for s in statements] if actors else statements

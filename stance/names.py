"""Names within one article: every mention of an actor goes to the fullest name that the article gives it.

Fuzzy matching never decides. A mention is resolved, in this order, by its exact folded form, by a
surname or acronym that is unique in the article, by what a capital stands for, or by the head noun of a role
(`the ministry`); else the words stay as they stand.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib import resources

from anyascii import anyascii

_WORD = re.compile(r"(?:[^\W\d_]\.){2,}|[^\W_](?:[\w]|[’'\-.](?=\w))*")
_PARTICLES = frozenset("al el bin ibn abu van von der den de da do dos la le du of for the on and".split())
_LOWER_STARTS = frozenset(
    "the a an in on at by but and or if as it its he she they we i this that these those there when while after before since for from to with what who how why not no yes his her their our your my all both some many more most"
    " one two three monday tuesday wednesday thursday friday saturday sunday january february march april june july august september october november december earlier meanwhile however also according".split()
)
_ARTICLES = re.compile(r"^(?:the|a|an|his|her|its|their|our)\s+(?=\S)", re.I)
_POSSESSIVE = re.compile(r"(?:['’]s|(?<=s)['’])$")
_OFFICE = (
    r"president|premier|prime minister|chancellor|minister|secretary[- ]general|secretary|king|queen|prince|princess|emir|sheikh|sultan|pope|"
    r"ayatollah|imam|mullah|mr|mrs|ms|dr|sir|lord|lady|senator|sen|representative|rep|congressman|congresswoman|governor|gov|mayor|ambassador|envoy|"
    r"colonel|col|lieutenant|lt|major|maj|brigadier|brig|general|gen|captain|capt|sergeant|sgt|commander|admiral|adm|spokesman|spokeswoman|spokesperson|"
    r"speaker|chairman|chairwoman|chairperson|leader|chief|director|commissioner|judge|justice|professor|prof|analyst|activist|bishop|archbishop|patriarch|comrade"
)
_TITLE = re.compile(
    rf"^(?:[\w.’'\-]+\s+){{0,5}}?(?:{_OFFICE})\b\.?(?:\s+(?:of|for)\s+(?:the\s+)?(?:state|defen[cs]e|foreign affairs|interior|justice|finance|health|information|energy))?"
    r"(?:\s+(?:designate|elect))?\s+(?=[^\W\d_])",
    re.I,
)
_INSTITUTION = frozenset(
    "assembly department ministry staff council command office party committee commission court bank house guard army force forces front movement union league state states agency service police parliament congress senate authority government administration regime news university institute organization organisation group republic kingdom affairs directorate security of for".split()
)
_ROLE_HEADS = frozenset(
    "government ministry army military regime opposition rebels group movement party council agency administration commission committee coalition alliance union organization organisation observatory authority authorities police junta militia front embassy court parliament faction militants insurgents fighters forces troops monitor bank guard navy command presidency statement protesters demonstrators".split()
)
_GENERIC_TAIL = frozenset("group movement party militants militia organization organisation government regime".split())
PRONOUNS = frozenset(
    "he she it they him her them his hers its their theirs we us our i me my who whom whose this that these those one himself herself itself themselves you your".split()
)


@cache
def fold(words: str) -> tuple[str, ...]:
    """The words of a name in small ASCII letters, possessive endings off: what is compared."""
    plain = anyascii(_POSSESSIVE.sub("", words.strip())).lower().replace("'s ", " ")
    plain = re.sub(r"\b([a-z])\.(?=[a-z]\b)", r"\1", plain)
    return tuple(re.findall(r"[a-z0-9]+", plain.replace("u.s.", "us").replace("u.n.", "un")))


def bare(words: str) -> str:
    """A mention without article, possessive ending, quotation marks and title: ``the Syrian leader`` stays."""
    name = words.strip().strip("\"“”‘’'«»,;: ")
    name = _POSSESSIVE.sub("", name)
    name = _ARTICLES.sub("", name)
    rest = _TITLE.sub("", name)
    while rest and rest != name and rest[0].isupper() and fold(rest) and fold(rest)[0] not in _INSTITUTION:
        name = rest
        rest = _TITLE.sub("", name)
    return name


@dataclass(frozen=True)
class Resolution:
    """A canonical name and how it was found: exact, surname, acronym, capital, role or as-written."""

    name: str
    how: str


@cache
def _capitals() -> dict[tuple[str, ...], tuple[str, ...]]:
    """Capital and seat names, folded, with the names of the country or body that they stand for."""
    table = resources.files("stance").joinpath("data/capitals.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in table.splitlines() if line and not line.startswith("#"))
    return {fold(seat): tuple(names.split("|")) for seat, names in rows}


class NameTable:
    """The names of one article."""

    def __init__(self, text: str) -> None:
        self._text = text
        forms: Counter[str] = Counter()
        for start, end in name_spans(text):
            name = bare(text[start:end])
            if name and fold(name):
                forms[name] += 1
        self._by_fold: dict[tuple[str, ...], str] = {}
        for name, _ in sorted(forms.items(), key=lambda item: (-item[1], item[0])):
            self._by_fold.setdefault(fold(name), name)
        self._acronyms = _acronyms(text, self._by_fold)

    def resolve(self, words: str, *, before: int | None = None) -> Resolution:
        """The canonical name of a mention; ``before`` is where it stands (code points), for roles."""
        name = bare(words)
        key = fold(name)
        if not key:
            return Resolution(words.strip(), "as-written")
        known = self._by_fold.get(key)
        if key in self._acronyms:
            return Resolution(self._acronyms[key], "acronym")
        if known or name[:1].isupper():
            longer = [
                full
                for full in self._by_fold
                if len(full) > len(key)
                and (full[-len(key) :] == key or (full[: len(key)] == key and set(full[len(key) :]) <= _GENERIC_TAIL))
                and not set(full) & (_INSTITUTION - {"state", "states"}) ^ set(key) & (_INSTITUTION - {"state", "states"})
            ]
            if key[-1] not in _INSTITUTION | _ROLE_HEADS and longer:
                top = max(longer, key=len)
                if all(top[-len(other) :] == other or top[: len(other)] == other for other in longer):
                    return Resolution(self._by_fold[top], "surname")
            for country in _capitals().get(key, ()):
                if fold(country) in self._by_fold:
                    return Resolution(self._by_fold[fold(country)], "capital")
            return Resolution(known or name, "exact" if known else "as-written")
        if len(key) == 1 and key[0] in _ROLE_HEADS:
            found = self._role(key[0], len(self._text) if before is None else before)
            if found:
                return Resolution(found, "role")
        return Resolution(name, "as-written")

    def _role(self, head: str, before: int) -> str | None:
        """The last fuller phrase with this head noun before a place in the text, else the first after it."""
        pattern = re.compile(rf"((?:[^\W\d_a-z][\w.\-]*(?:['’]s)?\s+)(?:[\w\-]+(?:['’]s)?\s+){{0,2}}?){head}\b", re.I)
        found = [m for m in pattern.finditer(self._text) if m[1][0].isupper()]
        usable = [(m.start(), bare(m[0])) for m in found if fold(m[1])[0] not in _LOWER_STARTS]
        earlier = [phrase for at, phrase in usable if at < before]
        if earlier:
            return earlier[-1]
        return usable[0][1] if usable else None


def name_spans(text: str) -> list[tuple[int, int]]:
    """Runs of capitalised words, with the particles inside them, as spans of code points."""
    spans: list[tuple[int, int]] = []
    run: list[tuple[int, int]] = []
    pending: list[tuple[int, int]] = []

    def close() -> None:
        if run:
            spans.append((run[0][0], run[-1][1]))
        run.clear()
        pending.clear()

    end = -1
    for match in _WORD.finditer(text):
        word = match[0]
        adjacent = end >= 0 and text[end : match.start()] in (" ", "\u00a0")
        if not adjacent:
            close()
        small = word.lower()
        capital = word[0].isupper() or (small.split("-")[0] in ("al", "el", "as", "ad", "an", "ar") and "-" in word and any(c.isupper() for c in word))
        if capital and not (not run and small in _LOWER_STARTS):
            run.extend(pending)
            pending.clear()
            run.append(match.span())
        elif run and small in _PARTICLES and small != "and":
            pending.append(match.span())
        else:
            close()
        end = match.end()
        if word.endswith(("'s", "’s")):
            if run and run[-1] == match.span():
                run[-1] = (match.start(), match.end() - 2)
            close()
    close()
    return spans


def _acronyms(text: str, by_fold: dict[tuple[str, ...], str]) -> dict[tuple[str, ...], str]:
    """Acronyms that stand for one name of the article: ``Hayat Tahrir al-Sham (HTS)``, ``SDF``."""
    found: dict[tuple[str, ...], str] = {}
    for match in re.finditer(r"\(([A-Z][A-Za-z\-]{1,9})\)", text):
        short = match[1]
        ahead = text[max(0, match.start() - 120) : match.start()].rstrip()
        runs = name_spans(ahead)
        if runs and runs[-1][1] >= len(ahead) - 1:
            full = bare(ahead[slice(*runs[-1])])
            letters = "".join(word[0] for word in fold(full))
            if short[0].lower() in letters and len(fold(full)) > 1:
                found[fold(short)] = full
    for key, short in by_fold.items():
        if len(key) != 1 or not (short.replace(".", "").isupper() and 2 <= len(key[0]) <= 6) or key in found:
            continue
        fits = []
        for full in by_fold:
            initials = [w[0] for w in full if w not in ("of", "the", "for", "and", "al", "on")]
            if len(full) > 1 and "".join(initials) == key[0]:
                fits.append(by_fold[full])
        if len(fits) == 1:
            found[key] = fits[0]
    return found

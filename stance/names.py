"""Names within one article: every mention of an actor goes to the fullest name that the article gives it.

Fuzzy matching never decides. A mention is resolved, in this order, by an office that one person holds in the article, by an
acronym, by a surname that is unique in it, by what a capital stands for, by its exact folded form, or by the head noun of a
role (`the ministry`); else the words stay as they stand.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib import resources
from itertools import pairwise

from anyascii import anyascii

from stance.records import Span


def word_list(name: str) -> frozenset[str]:
    """One of the lists of ``data/words.toml``."""
    return frozenset(word.replace("_", " ") for word in _lists()[name].split())


@cache
def _lists() -> dict[str, str]:
    return tomllib.loads(resources.files("stance").joinpath("data/words.toml").read_text("utf-8"))


PRONOUNS = word_list("pronouns")
_PARTICLES = word_list("particles")
_OPENERS = word_list("openers")
_VERBS = re.compile(rf"\s+(?:{'|'.join(sorted(word_list('verbs')))})\b")
_INSTITUTIONS = word_list("institutions")
_ROLES = word_list("roles")
_IMPERSONAL = _INSTITUTIONS | _ROLES | word_list("impersonal")
_TAILS = word_list("tails")
_PAPERS = word_list("papers")
_ACTS = rf"(?:{'|'.join(sorted(word_list('acts'), key=len, reverse=True))})\b(?! spokes)"
_DOCUMENTS = "|".join(sorted(word_list("documents"), key=len, reverse=True))
_OFFICE = "|".join(sorted(word_list("offices"), key=len, reverse=True))
_WORD = re.compile(r"(?:[^\W\d_]\.){2,}|[^\W_](?:[\w]|[’'\-.](?=\w))*")
_ARTICLES = re.compile(r"^(?:the|a|an|his|her|its|their|our|(?:to|yester|[a-z]{3,6})day['’]s)\s+(?=\S)", re.I)
_WEEKDAY = re.compile(r"\b([A-Z][\w’'\-.]*)\s+(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day$")
_POSSESSIVE = re.compile(r"(?:['’]s|(?<=s)['’])$")
_DUTIES = r"state|defen[cs]e|foreign affairs|interior|justice|finance|health|information|energy"
_MOST_TITLES = 10
_LONGEST_WORD = 60
#: Words for the one at the top, whatever the office is called: the UN chief, Syria's leader.
_CHIEFS = frozenset(("boss", "chief", "head", "leader"))
_SECONDS = frozenset(("deputy", "vice", "assistant", "acting"))
#: What makes another office of the last word: a secretary general is no general.
_GENERALS = frozenset(("secretary", "attorney", "director", "consul", "inspector", "solicitor"))
_INSIDE = word_list("duties")
_HOLDS = re.compile(rf"((?:[\w.’'\-]+\s+){{0,6}}(?:{_OFFICE}))\s*$", re.I)
#: The last letters of offices: where words end otherwise, there is no need to look for one.
_OFFICE_ENDS = frozenset(office[-3:] for office in _OFFICE.split("|"))
_HELD = re.compile(rf",\s+(?:the\s+)?((?:[\w.’'\-]+\s+){{0,4}}?(?:{_OFFICE})(?:\s+of\s+(?:the\s+)?(?:[A-Z][\w\-]*\s?)+)?)\b")
_TITLE = re.compile(
    rf"^(?:[\w.’'\-]+\s+){{0,5}}?(?:{_OFFICE})\b\.?(?:\s+(?:of|for)\s+(?:the\s+)?(?:{_DUTIES}))?"
    r"(?:\s+(?:designate|elect|in exile))?\s+(?=[^\W\d_])",
    re.I,
)
_OWNER = re.compile(r"\s(?:of|for|to|by|with|from|against)\s")
_OFFICE_AT_END = re.compile(rf"\b(?:{_OFFICE})$", re.I)
_OWNED = re.compile(rf"(?:['’]s|s['’])\s+(?:[\w\-]+\s+){{0,3}}?{_ACTS}")
_ACT = re.compile(rf"\s+(?:[a-z\-]+\s+){{0,2}}?(?<!\sin\s){_ACTS}")
#: Words before a name that are none, and part of none: ``left-back``, ``opposition leader``.
_COMMON = re.compile(rf"(?:(?!(?:{'|'.join(sorted(_PARTICLES | _OPENERS))})\b)[a-z]+(?:-[a-z]+)*\s+){{1,3}}")
#: Between two names of a list: a comma, or the word before the last one.
_LISTED = re.compile(
    r"(?:['’]s)?(?:,\s+|,?\s+(?P<last>and|or|&)\s+)(?:(?:by|for|from|in|of|on|to|with)\s+)?(?:(?:the|its|his|her|their)\s+)?",
    re.I,
)
#: What an institution is, before its name: ``state news agency IRNA``, ``human rights group Orvane Watch``.
_KIND = re.compile(
    rf"(?:(?!(?:and|at|against|by|for|from|in|of|on|or|to|with)\s)[\w.’'\-]+\s+){{0,5}}?(?:{'|'.join(sorted(word_list('kinds')))})\s+"
    r"(?P<name>[“\"]?[A-Z](?:(?!['’]s)[\w.&’'\-])*(?:\s+(?:[a-z]{1,3}\s+){0,2}[A-Z](?:(?!['’]s)[\w.&’'\-])*)*[”\"]?)"
)
#: A document of somebody: its issuer before it, or behind ``by`` or ``from``.
_ISSUED = re.compile(
    rf"(?P<before>[^\W\d_].*?)(?:['’]s)?\s+(?:[a-z\-]+\s+){{0,2}}?(?:{_DOCUMENTS})(?=$|\s+(?:[a-z]+ed|about|for|from|in|into|of|on|read|sent|to)\b)"
    rf"|(?:[\w\-]+\s+){{0,4}}?(?:{_DOCUMENTS})\s+(?:[a-z]+\s+){{0,4}}?(?:by|from)\s+(?:the\s+)?(?P<behind>[^\W\d_].*)"
)
_AFTER = re.compile(
    r"\s+(?:of(?=\s+[a-z]+ing\b)|in|over|to|with|by|as|that|which|when|while|after|before|himself|herself|itself)\s"
)


@lru_cache(maxsize=1 << 16)
def fold(words: str) -> tuple[str, ...]:
    """The words of a name in small ASCII letters, possessive endings off: what is compared."""
    plain = anyascii(_POSSESSIVE.sub("", words.strip())).lower().replace("'s ", " ")
    plain = re.sub(r"\b([a-z])\.(?=[a-z]\b)", r"\1", plain)
    return tuple(re.findall(r"[a-z0-9]+", plain.replace("u.s.", "us").replace("u.n.", "un")))


_TOPS = frozenset(fold(word) for word in word_list("tops"))
_LAST_OFFICES = frozenset(fold(word.replace("[-_]", " "))[-1] for word in word_list("offices")) | _CHIEFS


def bare(words: str) -> str:
    """A mention without article, possessive ending, quotation marks and title: ``the Syrian leader`` stays."""
    name = words.strip().strip("\"“”‘’'«»,;: ")
    name = _WEEKDAY.sub(r"\1", _POSSESSIVE.sub("", name))
    name = "" if name in ("the", "a", "an") else _ARTICLES.sub("", name)
    kind = _KIND.fullmatch(name)
    if kind:
        name = kind["name"].strip('“”"')
    whole = rest = name
    for _ in range(_MOST_TITLES):
        before, rest = rest, _without_title(rest)
        first = fold(rest[:_LONGEST_WORD])[:1]
        if rest == before or not first or first[0] in _INSTITUTIONS or _OWNER.match(f" {rest}"):
            break
        if rest[:1].isupper():
            name = rest
    person = name.split(" of ")[0]
    if name != whole and " " in person and is_person(person):
        return person  # Senator Ilse Marrin of Lissen
    return name


def _without_title(name: str) -> str:
    """The name behind a title; whole where the title is another's: ``supporters of President Marrin``."""
    title = _TITLE.match(name)
    if not title:
        return name
    owner = _OWNER.search(title[0])
    return name if owner and not _OFFICE_AT_END.search(title[0][: owner.start()]) else name[title.end() :]


def _is_of_office(word: str) -> bool:
    """Whether a word before an office belongs to it: ``Orvane's``, ``foreign``, but not ``minister's``."""
    if word.endswith(("'s", "’s", "s'", "s’")):
        return _LAST_OFFICES.isdisjoint(fold(word)[-1:])
    return word[0].isupper() or word in _INSIDE


def is_person(name: str) -> bool:
    """Whether ``he`` or ``she`` may stand for a name: it is no country, institution, acronym or plural."""
    key = fold(name)
    if not key or set(key) & _IMPERSONAL or key in _countries() or name.replace(".", "").isupper():
        return False
    return not (name[-1:] == "s" and name.split()[-1].islower())


def _core(name: str) -> str:
    """The name in a longer mention: ``Hugh Hill, a doctor``, ``her brother, Levi Sutton``, ``Hill ran``, ``baker Levi Sutton``.

    Words with a relative clause (``those who gave that order``) stay.
    """
    asked = re.match(r"(?i)((?:all|both) (?:[\w\-]+ )?[\w\-]+) to [a-z]", name)
    if asked:  # all parties to engage
        return asked[1]
    verb = _VERBS.search(name)
    if verb and not re.search(r"\b(?:who|which|that|whose)\b", name[: verb.start()]):
        name = name[: verb.start()]
    for part in re.split(r",\s+", name):
        head = bare(re.split(r"\s+(?:from|in|at|who)\s", part)[0])
        if head != name and " " in head and name_spans(head) == [(0, len(head))]:
            return head
    ran_on = re.match(r"([A-Z][\w’'\-]*(?: [A-Z][\w’'\-]*)*) (?:must|said|says|told|[a-z]+ed) [A-Z]", name)
    if ran_on:
        return ran_on[1]
    runs = name_spans(name)
    if runs and runs[-1][1] == len(name) and _COMMON.fullmatch(name[: runs[-1][0]]) and " " in name[slice(*runs[-1])]:
        return name[slice(*runs[-1])]
    return name


@dataclass(frozen=True)
class Resolution:
    """A canonical name and how it was found: exact, surname, acronym, capital, role, apposition or as-written."""

    name: str
    how: str


@cache
def _table(name: str) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Capitals, or adjectives, folded, with the names of the country or body that they stand for."""
    table = resources.files("stance").joinpath(f"data/{name}.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in table.splitlines() if line and not line.startswith("#"))
    return {fold(words): tuple(names.split("|")) for words, names in rows}


def _adjectives(name: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The two first words of a name, and the first one, each with the countries that it is the adjective of."""
    for words in (2, 1):
        head = " ".join(name.split()[:words])
        yield head, _table("demonyms").get(fold(head), ())


@cache
def _countries() -> frozenset[tuple[str, ...]]:
    return frozenset(fold(name) for table in ("capitals", "demonyms") for names in _table(table).values() for name in names)


class NameTable:
    """The names of one article."""

    def __init__(self, text: str) -> None:
        self._text = text
        forms: Counter[str] = Counter()
        small = {word for word in re.findall(r"\w+", text) if word.islower()}
        #: The runs of capitalised words, as spans, and the names in them.
        self._runs = [(start, end, bare(text[start:end])) for start, end in name_spans(text)]
        for _, _, name in self._runs:
            key = fold(name)
            common = " " not in name and not name.isupper() and name.lower() in small
            if key and not common and not (len(key) == 1 and key[0] in _ROLES):
                forms[name] += 1
        self._by_fold: dict[tuple[str, ...], str] = {}
        for name, _ in sorted(forms.items(), key=lambda item: (-item[1], item[0])):
            self._by_fold.setdefault(fold(name), name)
        #: The names that begin or end with a word.
        self._edges: dict[str, list[tuple[str, ...]]] = {}
        for words in self._by_fold:
            for edge in dict.fromkeys((words[0], words[-1])):
                self._edges.setdefault(edge, []).append(words)
        self._phrases: dict[str, list[tuple[int, str]]] = {}
        self._acronyms = _acronyms(text, self._by_fold)
        self._holders = list(self._offices())

    def _offices(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """The words of an office, and who the article says holds it, before the name or behind it."""
        for _, end, name in self._runs:
            if not name or not is_person(name):
                continue
            first = end - len(name)
            close = self._text.startswith(",", end)  # a comma behind the name may end an apposition: the minister, Ilse Marrin,
            lead = re.split(r"[^\w.’'\- ]|\. ", self._text[max(0, first - 70) : first].removesuffix(", " if close else ""))[-1]
            holds = _HOLDS.search(lead) if lead.rstrip()[-3:].lower() in _OFFICE_ENDS else None
            for title in (holds, _HELD.match(self._text, end)):
                words = title[1].split() if title else []
                out = [n for n, word in enumerate(words[:-1]) if not _is_of_office(word)]
                if not title or (out and title.start() == end) or {"former", "ex", "late", "then"} & {*fold(lead)}:
                    continue  # no office, or words behind the name that go on
                yield fold(" ".join(words[out[-1] + 1 if out else 0 :])), self._fullest(name)

    def _fullest(self, name: str) -> str:
        """A single surname as the one longer name that ends with it; any other name as it is."""
        longer = self._longer(fold(name))
        return self._by_fold[longer[0]] if len(longer) == 1 else name

    def _holder(self, key: tuple[str, ...]) -> str | None:
        """Who holds an office, where the article names one person only: ``the UN chief``, ``the Turkish president``."""
        chief = key[-1] in _CHIEFS
        asked = set(key[:-1] if chief else key)
        other = (_SECONDS | (_GENERALS if key[-1] == "general" else frozenset())) - asked
        found = {
            name
            for words, name in self._holders
            if asked <= set(words)
            and not other & set(words)
            and (words[-1:] in _TOPS or words[-2:] in _TOPS if chief else words[-1] == key[-1])
        }
        return found.pop() if len(found) == 1 else None

    def resolve_all(self, words: str, *, before: int | None = None) -> list[Resolution]:
        """The canonical names of a mention that may name several: ``Russia and the United States``.

        ``before`` is where it stands in the text (code points): for roles, and for a name that follows it.
        """
        words = " ".join(words.split())
        parts = [p for p in re.split(r",\s+(?:and\s+)?|\s+and\s+", words) if p.strip()]
        names = [bare(p) for p in parts]
        often = self._text.count(bare(words))
        joined = " and " in words and (often < 2 or all(self._text.count(n) > often for n in names))
        if joined and (
            all(n[:1].isupper() and n.lower() not in PRONOUNS for n in names) or all(n.lower() in _ROLES for n in names)
        ):
            return [self.resolve(p, before=before) for p in parts]
        named = self._apposition(words, before)
        if named:
            return [Resolution(self.resolve(named).name, "apposition")]
        return [self.resolve(words, before=before)]

    def _apposition(self, words: str, start: int | None) -> str | None:
        """The person whose name follows a role between commas: ``the harbour minister, Ilse Marrin, said``."""
        if start is None or not self._text.startswith(words, start):
            return None
        role = _ARTICLES.sub("", words)
        if not (role[:1].islower() or re.match(rf"(?:{_OFFICE})\b", role, re.I)):
            return None
        end = start + len(words)
        follows = re.match(r",\s+([^,\n]{3,60}),", self._text[end : end + 70])
        name = bare(follows[1]) if follows else ""
        return name if " " in name and name_spans(name) == [(0, len(name))] else None

    def resolve(self, words: str, *, before: int | None = None) -> Resolution:
        """The canonical name of a mention; ``before`` is where it stands (code points), for roles."""
        name = self._doer(_core(bare(" ".join(words.split()))))
        key = fold(name)
        if not key:
            return Resolution(words.strip(), "as-written")
        if (
            key[-1] in _LAST_OFFICES
            and not re.match(r"an?\s", words.lstrip(), re.I)
            and not self._is_surname(key, of_office=True)
        ):
            holder = self._holder(key)
            if holder:
                return Resolution(holder, "role")
        known = self._by_fold.get(key)
        if key in self._acronyms:
            return Resolution(self._acronyms[key], "acronym")
        if known or name[:1].isupper():
            longer = [
                full
                for full in dict.fromkeys([*self._edges.get(key[0], ()), *self._edges.get(key[-1], ())])
                if len(full) > len(key)
                and (full[-len(key) :] == key or (full[: len(key)] == key and set(full[len(key) :]) <= _TAILS))
                and not set(full) & (_INSTITUTIONS - {"state", "states"}) ^ set(key) & (_INSTITUTIONS - {"state", "states"})
            ]
            if key[-1] not in _INSTITUTIONS | _ROLES and longer:
                top = max(longer, key=len)
                if all(top[-len(other) :] == other or top[: len(other)] == other for other in longer):
                    return Resolution(self._by_fold[top], "surname")
            countries = _table("demonyms").get(key, ())
            country = self._named((*_table("capitals").get(key, ()), *countries))
            if country or (countries and not name.isupper()):
                return Resolution(country or countries[0], "capital")
            return Resolution(known or name, "exact" if known else "as-written")
        if len(key) == 1 and key[0] in _ROLES:
            found = self._role(key[0], len(self._text) if before is None else before)
            if found:
                return Resolution(found, "role")
        return Resolution(name, "as-written")

    def _doer(self, name: str) -> str:
        """Who acts, in a mention of what was done or said: ``Russia's bombing``, ``Russian raids``, ``a report by Orvane``."""
        issued = _ISSUED.match(name)
        if issued:
            issuer = issued["before"] or issued["behind"]
            countries = _table("demonyms").get(fold(issuer), ())
            if countries:
                return self._named(countries) or name
            if name_spans(issuer) == [(0, len(issuer))]:
                return issuer
        owned = _OWNED.search(name)
        if owned and name[:1].isupper():
            return name[: owned.start()] + ("s" if name[owned.start()] == "s" else "")
        for head, countries in _adjectives(name):
            if countries and _ACT.match(name[len(head) :]):
                return self._named(countries) or name
        after = _AFTER.search(name)
        if after and fold(name) not in self._by_fold:
            head = name[: after.start()]
            key = fold(head)
            if name_spans(head) == [(0, len(head))] and key in self._by_fold and (len(key) > 1 or self._proper(key)):
                return head
        return name

    def has_title(self, name: str) -> bool:
        """Whether the article gives a title or an office with the name, so that ``it`` does not stand for it."""
        return name in self._titled

    @cached_property
    def _titled(self) -> set[str]:
        behind = {name for start, end, name in self._runs if self._text[start:end].endswith(f" {name}") and is_person(name)}
        return {*map(self._fullest, behind), *(holder for _, holder in self._holders)}

    def paper(self, names: Collection[str]) -> str | None:
        """The newspaper among the names, else in the article, where there is one only."""
        for known in (names, self._by_fold.values()):
            found = {name for name in known if len(fold(name)) > 1 and fold(name)[-1] in _PAPERS}
            if found:
                return found.pop() if len(found) == 1 else None
        return None

    def beside(self, name: str, spans: Iterable[Span]) -> list[Resolution]:
        """Those who stand in one list with a name within the spans: ``Marrin, Sutton or the Harbour Board``."""
        found: dict[str, Resolution] = {}
        for span in spans:
            first, last = (bisect_left(self._runs, place, key=lambda run: run[0]) for place in span)
            runs = [run for run in self._runs[first:last] if run[1] <= span[1] and run[2]]
            group: list[tuple[int, int, str]] = []
            for run, following in pairwise(runs):
                link = _LISTED.fullmatch(self._text, run[1], following[0])
                group = [*group, run] if link else []
                if link and link["last"]:
                    listed = [self.resolve(own, before=start) for start, _, own in (*group, following)]
                    if any(one.name == name for one in listed):
                        found.update((one.name, one) for one in listed)
                    group = []
        return [one for one in found.values() if one.name != name]

    def is_sure(self, found: Resolution) -> bool:
        """Whether a mention was surely a name by itself, and not a title or the piece of a name."""
        key = fold(found.name)
        sure = found.how in ("surname", "acronym", "capital") or (found.how == "exact" and (len(key) > 1 or self._proper(key)))
        return sure and not _OFFICE_AT_END.search(found.name)

    def spoken_for(self, name: str) -> str:
        """The country that an institution speaks for, where the article names it: ``Orvane's foreign ministry``."""
        if not set(fold(name)) & _INSTITUTIONS:
            return name
        owner = re.match(r"(.+?)['’]s\s", name) or re.search(r"\bof (?:the )?([A-Z][\w\- ]+)$", name)
        names = [owner[1]] if owner else []
        for _, countries in _adjectives(name):
            names.extend(countries)
        return self._named(names) or name

    def _named(self, names: Iterable[str]) -> str | None:
        """The first of the names that the article has, as it has it."""
        return next((self._by_fold[fold(n)] for n in names if fold(n) in self._by_fold), None)

    def _proper(self, key: tuple[str, ...]) -> bool:
        """Whether a single word is surely a name: a surname in the article, a country, an acronym."""
        known = self._by_fold[key]
        return known.isupper() or key in _countries() or self._is_surname(key)

    def _is_surname(self, key: tuple[str, ...], *, of_office: bool = False) -> bool:
        """Whether a single word ends a longer name of the article; ``of_office``: no office (``Vice President``)."""
        return any(
            not of_office or not (full[0] in _INSIDE | _SECONDS or full[:-1] in _table("demonyms"))
            for full in self._longer(key)
        )

    def _longer(self, key: tuple[str, ...]) -> list[tuple[str, ...]]:
        """The longer names of the article that end with this single word."""
        return [full for full in self._edges.get(key[0], ()) if full[-1:] == key and len(full) > 1]

    def _role(self, head: str, before: int) -> str | None:
        """The last fuller phrase with this head noun before a place in the text, else the first after it."""
        if head not in self._phrases:
            self._phrases[head] = list(self._fuller(head))
        phrases = self._phrases[head]
        at = bisect_left(phrases, before, key=lambda phrase: phrase[0])
        return phrases[max(0, at - 1)][1] if phrases else None

    def _fuller(self, head: str) -> Iterator[tuple[int, str]]:
        """Where the head noun stands with capitalised words before it, and the phrase."""
        for match in re.finditer(rf"(?<![\w\-])(?:{head}|{head.capitalize()}|{head.upper()})\b", self._text):
            ahead = re.split(r"[^\w.’'\- ]|\. ", self._text[max(0, match.start() - 60) : match.start()])[-1]
            words = ahead.split()[-3:]
            while words and (not words[0][0].isupper() or words[0].lower() in _OPENERS):
                words = words[1:]
            if words and fold(words[0]):
                yield match.start(), bare(" ".join([*words, match[0]]))


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
        adjacent = end >= 0 and re.fullmatch(r"[^\S\n]{1,2}", text[end : match.start()])
        if not adjacent:
            close()
        small = word.lower()
        capital = word[0].isupper() or (
            small.split("-")[0] in ("al", "el", "as", "ad", "an", "ar") and "-" in word and any(c.isupper() for c in word)
        )
        if capital and not (not run and small in _OPENERS):
            run.extend(pending)
            pending.clear()
            run.append(match.span())
        elif run and small in _PARTICLES and (small != "the" or (pending and text[slice(*pending[-1])] in ("of", "for"))):
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
    initials: dict[str, list[str]] = {}
    for words, full in by_fold.items():
        if len(words) > 1:
            letters = "".join(word[0] for word in words if word not in ("of", "the", "for", "and", "al", "on"))
            initials.setdefault(letters, []).append(full)
    for key, short in by_fold.items():
        if len(key) != 1 or not (short.replace(".", "").isupper() and 2 <= len(key[0]) <= 6) or key in found:
            continue
        fits = initials.get(key[0], [])
        if len(fits) == 1:
            found[key] = fits[0]
    return found

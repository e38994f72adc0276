"""How likely bytes are text in a code page of one byte per character: by the letters that languages have."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache

#: Letters beyond ASCII, the frequent ones before ``|`` and the others after; capitals follow.
_LETTERS = {
    "german": "äöüß|é", "french": "éèàêçôîùâû|ëïœüÿæ", "spanish": "áéíóúñ|ü", "portuguese": "ãçáéíóõâêôú|àü",
    "italian": "àèéìòù|îó", "nordic": "åäöæøé|üàè", "icelandic": "áðíéöóþúæý|", "dutch": "ëéïèöü|áóê",
    "catalan": "àçèéíòóúïü·|", "estonian": "äõöüšž|", "polish": "ąćęłńóśżź|", "czech": "áíéěčřšžýůúďťňó|",
    "slovak": "áčéíýžšľťúôäňóďĺŕ|", "hungarian": "áéöóőüíúű|", "romanian": "ăâîşţșț|", "croatian": "čćšžđ|",
    "turkish": "ıüşğçöi̇|âîû", "latvian": "āēīšņļžūčķģ|", "lithuanian": "ąčęėįšųūž|",
    "russian": "оеаинтсрвлкмдпу|яыьгзбчйхжшю/цщэфъё", "ukrainian": "оаниветрслкудмпіїяз|ьбгчйхжшю/єґщцф",
    "serbian": "аоеинртсвудкјмлпб|згшчљњћц/ђхжфџ", "belarusian": "аніелроскдтыувпмябг|зхьйцчжшюэёў/ф",
    "greek": "αοιετσνηυρπκμλς|γδωχθφβξζψάέήίόύώϊϋΐΰ",
    "hebrew": "יוהלארתבשמ|נדקעחפםטגןכצסךזףץ", "arabic": "اليمونرتبةعدسفهكقحأجشصىخإذزئءضثطغآلإظؤپچگ|ًٌٍَُِّْ",
    "thai": "านรอกเงมยลวดทสตะปบคหแจพชขใไโผธณถซศษฟฐญภฝฆฉอ่้ัิีุูืึ์็|ำ๊๋ฎฏฑฒฬฤฯๆ๐๑๒๓๔๕๖๗๘๙",
}  # fmt: skip
_SIGNS = frozenset("€£¥§°²³µ·¹º½¼¾«»–—‘’“”„‚…•™®©±×ª¿¡\u00a0†‰÷")
#: Code pages, the likelier before the less likely where a text looks the same in both.
CODE_PAGES = (
    "cp1252", "cp1250", "iso8859_2", "cp1251", "koi8_r", "koi8_u", "iso8859_5", "cp866", "cp1253", "iso8859_7",
    "cp1254", "cp1255", "cp1256", "iso8859_6", "cp1257", "cp874", "mac_roman", "cp850", "cp437", "cp852", "iso8859_15",
    "mac_cyrillic", "mac_latin2", "cp775", "cp857", "cp737", "cp862",
)  # fmt: skip
#: Letters that only end a word.
_LAST = frozenset("ςךםןףץ")
#: What stands beside a number on its own: a sign does, a letter hardly ever (but for these: "10 à 20").
_BESIDE = re.compile(rb"\d[ \xa0]?([\x80-\xff])(?![A-Za-z\x80-\xff])|(?<![A-Za-z\x80-\xff])([\x80-\xff])[ \xa0]?(?=\d)")
_NEAR_DIGIT = re.compile(rb"\d[ \xa0]?([\x80-\xff])|([\x80-\xff])[ \xa0]?(?=\d)")
_ALONE = frozenset("àáéèóòíоиваусякеё")
#: What opens a word, and what closes one; signs that only do so, and as often, are quotes.
_OPENS = re.compile(rb"(?<![A-Za-z])([\x80-\xff])(?=[ \xa0]?[A-Za-z\x80-\xff])")
_CLOSES = re.compile(rb"(?:(?<=[A-Za-z\x80-\xff.,!?)])|(?<=[A-Za-z\x80-\xff.,!?)][ \xa0]))([\x80-\xff])(?![A-Za-z])")
_QUOTES = ("“”", "„“", "„”", "«»", "»«")
#: Code pages of old systems, which a file of today seldom has.
_OLD, _SELDOM = ("cp850", "cp437", "cp852", "cp775", "cp857", "cp737", "cp862", "cp866", "mac_"), 0.03
#: Words whose neighbouring letters are looked at, and how far behind a code page may be to be looked at at all.
_WORDS, _NEAR = 600, 0.45
_WORD = re.compile(rb"[A-Za-z]*[\x80-\xff][A-Za-z\x80-\xff]*")
#: What a code page is worth before a word of it is seen, and how many words that counts for: few words alone must not
#: speak for a rare one.
_BEFORE, _BEFORE_OLD, _BEFORE_ANY, _BEFORE_WORDS = {"cp1252": 0.65, "mac_roman": 0.5}, 0.2, 0.4, 1.0
#: First letter that is not Latin.
_GREEK = "\u0370"
_HUMP = re.compile(r"(?<=[a-z])[^\W\d_a-zA-Z](?=[a-z])")
_BEYOND = bytes(range(128, 256))


@dataclass(frozen=True)
class Reading:
    """Bytes read in one code page.

    Attributes:
        name: the codec.
        score: how likely it is; about 1 when right.
        language: what it looks like.
        letters: share of letters among the bytes that are not ASCII.
        kinds: different bytes that are not ASCII.
    """

    name: str
    score: float
    language: str = ""
    letters: float = 1.0
    kinds: int = 0

    @property
    def old(self) -> bool:
        """Whether it is a code page of DOS, which takes more than one letter to believe."""
        return self.name.startswith(_OLD) and not self.name.startswith("mac_")


@lru_cache(maxsize=1)
def _alphabets() -> dict[str, dict[str, float]]:
    out: dict[str, dict[str, float]] = {}
    for language, letters in _LETTERS.items():
        often, _, rest = letters.partition("|")
        seldom, _, rare = rest.partition("/")
        weights: dict[str, float] = {}
        for group, weight in ((often, 1.0), (seldom, 0.75), (rare, 0.45)):
            for c in group:
                weights.setdefault(c, weight)
                if len(c.upper()) == 1:
                    weights.setdefault(c.upper(), weight)
        out[language] = weights
    return out


@lru_cache(maxsize=64)
def _page(name: str) -> dict[int, str]:
    made = {}
    for byte in range(128, 256):
        try:
            made[byte] = bytes([byte]).decode(name)
        except UnicodeDecodeError:
            continue
    return made


def code_pages(data: bytes) -> list[Reading]:
    """Code pages in which bytes that are not ASCII make sense, the likeliest first.

    Example:
        >>> code_pages("Ольга живёт в Москве".encode("koi8_r"))[0].name
        'koi8_r'
        >>> code_pages("Müller, Straße".encode("cp850"))[0].name
        'cp850'
    """
    counts = Counter(b for b in data if b >= 128)
    if not counts:
        return []
    all_words = _WORD.findall(data)
    words = list(dict.fromkeys(all_words))
    around = b"\n".join(words[:_WORDS])
    amid = Counter(b for word in all_words if word.translate(None, _BEYOND) for b in word if b >= 128)
    beside = Counter((a or b)[0] for a, b in _BESIDE.findall(data))
    near = Counter((a or b)[0] for a, b in _NEAR_DIGIT.findall(data))
    edges = Counter(_OPENS.findall(data)), Counter(_CLOSES.findall(data))
    paired = {
        (a, b)
        for a in counts
        for b in counts
        if a != b and counts[a] == counts[b] == edges[0][bytes([a])] == edges[1][bytes([b])]
    }
    found = (_by_letters(name, rank, counts, beside, near, amid, paired) for rank, name in enumerate(CODE_PAGES))
    rough = [reading for reading in found if reading is not None]
    floor = max((r.score for r in rough), default=0.0) - _NEAR
    finer = [_by_neighbours(r, around, len(words)) for r in rough if r.score >= floor]
    return sorted(finer, key=lambda r: -r.score)


def _by_letters(
    name: str,
    rank: int,
    counts: Counter[int],
    beside: Counter[int],
    near: Counter[int],
    amid: Counter[int],
    paired: Collection[tuple[int, int]],
) -> Reading | None:
    """How well the letters fit the best of the languages; neighbours cannot make that better."""
    page = _page(name)
    if any(b not in page for b in counts):
        return None
    total = sum(counts.values())
    signs = sum(n for b, n in counts.items() if page[b] in _SIGNS)
    junk = sum(n for b, n in counts.items() if not page[b].isalpha() and page[b] not in _SIGNS and not _mark(page[b]))
    quotes = sum(counts[a] + counts[b] for a, b in paired if page[a] + page[b] in _QUOTES)
    money = sum(n for b, n in near.items() if page[b] in _SIGNS)
    lost = Counter({b: n for b, n in beside.items() if page[b].isalpha() and page[b] not in _ALONE})
    strange = Counter({b: n for b, n in amid.items() if page[b] >= _GREEK and page[b].isalpha()})
    best, language = 0.0, ""
    for said, weights in _alphabets().items():
        covered = sum((n - max(lost[b], strange[b])) * weights.get(page[b], 0.0) for b, n in counts.items())
        if covered > best:
            best, language = covered, said
    seldom = 0.0004 * rank + _SELDOM * name.startswith(_OLD)
    score = (best + 0.62 * signs + 0.38 * (money + quotes) - junk - strange.total()) / total - seldom
    return Reading(name, score, language, (total - signs - junk) / total, len(counts))


def _by_neighbours(reading: Reading, around: bytes, words: int) -> Reading:
    odd, looked = _oddities(around.decode(reading.name, errors="replace"))
    score = reading.score - 0.9 * reading.letters * odd / max(1, looked)
    before = _BEFORE.get(reading.name, _BEFORE_OLD if reading.old else _BEFORE_ANY)
    score = (words * score + _BEFORE_WORDS * before) / (words + _BEFORE_WORDS)
    return replace(reading, score=score)


def _mark(c: str) -> bool:
    return "\u0e00" <= c <= "\u0e7f" or "\u064b" <= c <= "\u0652" or "\u05b0" <= c <= "\u05c2"


def _oddities(text: str) -> tuple[int, int]:
    """How many neighbours do not go together, of how many.

    Odd are a small letter before a capital, a capital between small ones (which counts for the whole word), two
    scripts, a sign within a word, and a last letter before another.
    """
    odd = pairs = 0
    for word in text.split("\n"):
        odd += 2 * sum(map(str.isupper, _HUMP.findall(word)))
        for a, b in itertools.pairwise(word):
            if a.isascii() and b.isascii():
                continue
            pairs += 1
            if a.isalpha() and b.isalpha():
                odd += (a.islower() and b.isupper()) or _script(a) != _script(b) or a in _LAST
            elif not (_mark(a) or _mark(b)):
                odd += a.isalpha() != b.isalpha() and (a in "±¶¦¼½¾¹²³º÷×°¤¬¸" or b in "±¶¦¼½¾¹÷×¤¬¸¢£")
        pairs += 1
    return odd, pairs


def _script(c: str) -> int:
    code = ord(c)
    return 0 if code < 0x250 else 1 if code < 0x400 else 2 if code < 0x530 else code >> 8

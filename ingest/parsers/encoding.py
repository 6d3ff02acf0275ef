"""Bytes to text: which encoding a text file is in."""

from __future__ import annotations

import codecs
import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from core.errors import ParseError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 200_000
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_SHIFTED = re.compile(rb"\x1b\$[@B]|\x1b\(J")
"""ISO-2022-JP, the encoding of Japanese mail, says so itself."""
_WRITTEN = re.compile(
    r"[\t\n\f\r -~\xa0-\u02af\u0370-\u06ff\u0900-\u0e7f\u1e00-\u206f\u20a0-\u20bf\u2190-\u21ff\u2500-\u27bf"
    r"\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef\U0001f300-\U0001faff]"
)
"""What people write; the wrong order of bytes makes something else of half the characters."""
_BREAK = re.compile(r"[\s\u3001\u3002\uff0c\uff0e]")
_MOSTLY = 0.95


def decode(content: bytes) -> str:
    """The text of a file, a byte-order mark left out.

    Raises:
        ParseError: "unsupported" when the bytes are no text.
    """
    text = _decode(content)
    if len(_CONTROLS.findall(text[:_SAMPLE])) > len(text[:_SAMPLE]) / 50:
        return content.decode(_wide(content), "replace")
    return text


def _decode(content: bytes) -> str:
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    if b"\x00" in content[:_SAMPLE]:
        return content.decode(_wide(content), "replace")
    if _SHIFTED.search(content[:_SAMPLE]):
        return content.decode("iso2022_jp", "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("utf-8", "replace")
    if text.count("\ufffd") * 10 < sum(character > "\x7f" for character in text):  # cut off, or spoilt here and there
        return text

    return content.decode(encoding_of(content), "replace")


def _wide(content: bytes) -> str:
    """UTF-32 or UTF-16 without a mark, whose bytes make writing in one order and nothing in the other.

    Raises:
        ParseError: "unsupported" when they do in none.
    """
    sample = content[: _SAMPLE & ~3]
    scores = {encoding: _written(sample, encoding) for encoding in ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")}
    best = max(scores, key=lambda encoding: scores[encoding])
    if scores[best] < _MOSTLY:
        raise _binary()
    return best


def _written(sample: bytes, encoding: str) -> float:
    """Which share of the characters under an encoding people write."""
    whole = sample[: len(sample) & (~3 if "32" in encoding else ~1)]
    text = whole.decode(encoding, "replace")
    return len(_WRITTEN.findall(text)) / len(text) if _BREAK.search(text) else 0.0


def _binary() -> ParseError:
    return ParseError("unsupported", "The file is neither text nor in a supported format.")


# Which of the encodings before Unicode a text is in: the one under which its letters are the likeliest.
#
# Each language stands for its letters beyond ASCII, the most frequent first. A text's likelihood under an encoding is
# that of its characters one by one, less for what no writer does: a capital after a small letter, two scripts in a
# word.


_ASCII, _MARK, _STRANGE, _FOREIGN, _IMPOSSIBLE = -3.5, -5.0, -12.0, -9.5, -30.0
"""Logarithms of the likelihood of an ASCII character, a typographic mark, another sign, and another script's letter."""
_CAPITAL, _CLASH = -1.5, -6.0
"""What a capital costs; what two letters cost that do not go together."""
_LEADS = {"cp1252": 4.0, "mac_roman": -10.0, "mac_cyrillic": -8.0, "cp866": -6.0, "cp500": -10.0}
"""Windows-1252 is by far the most frequent, Mac Roman and its like are hardly met."""
_MARKS = frozenset("\xa0“”‘’„‚–—…•€£§°©®™«»¡¿·²³½¼¾ªº´№×÷±µ、。「」・，；：？！（）《》“”ー％")
_SIGN_INSIDE = re.compile(r"[^\W\d_](?:[¿¡¹¸¨¯¤¶¼½¾¢£¥€§×÷‰“‘„‚]|[–²³ªº±°«»®©†‡][^\W\d_])")
_LATIN_AND_OTHER = re.compile(r"[A-Za-z][Ͱ-ۿก-๛]|[Ͱ-ۿก-๛][A-Za-z]|(?<=[\x00-\x7f]{2})[Ͱ-ۿก-๛](?=[\x00-\x7f]{2})")
_ALONE = re.compile(r"(?<![ぁ-ヶー一-龠가-힣])[一-龠가-힣](?![ぁ-ヶー一-龠가-힣])")
_LETTERS = 20_000


@dataclass(frozen=True, slots=True)
class _Language:
    """The letters of a language, and what share of a text they are."""

    encodings: tuple[str, ...]
    letters: str
    share: float = 0.1


_WEST = ("cp1252", "iso8859_15")
_CENTRAL, _TURKISH, _BALTIC = ("cp1250", "iso8859_2"), ("cp1254",), ("cp1257",)
_CYRILLIC = ("cp1251", "koi8_r", "cp866", "iso8859_5", "mac_cyrillic")
_LANGUAGES = (
    _Language((*_WEST, "mac_roman", "cp500"), "éèêàçôîâûùëïœ"),
    _Language((*_WEST, "mac_roman"), "üäöß"),
    _Language(_WEST, "óíáéñúü"),
    _Language(_WEST, "ãçáéíóêõâúàôü"),
    _Language(_WEST, "èàùòìé"),
    _Language(_WEST, "äöåøæéüðþýáíóú"),
    _Language(_CENTRAL, "łąęóżśćńź"),
    _Language(_CENTRAL, "íáéěžřýčšůúťďňóľôäĺŕ", 0.14),
    _Language(_CENTRAL, "áéőöíüóúű", 0.12),
    _Language(_CENTRAL, "ăîâşţ"),
    _Language(_CENTRAL, "čšžćđ"),
    _Language(_TURKISH, "ışğüçöâî", 0.14),
    _Language(_BALTIC, "āīšūžēņļķģčėųįęąõäöü"),
    _Language(_CYRILLIC, "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё", 0.8),
    _Language(("cp1251", "koi8_u"), "оанивтерскідлмупяьзгбчйхжцюєїшщфґ", 0.8),
    _Language(("cp1253", "iso8859_7"), "αοιετνσηυρπκμλςωίάόέδήγύχθφβώξζψ", 0.8),
    _Language(("cp1255", "iso8859_8"), "יוהלאמרתבשנדקפחעטגצסזכםןךףץ", 0.8),
    _Language(("cp1256", "iso8859_6"), "ايلمنرتوبعدهسفكقحةجشطصخأئذىزضغإءثظآؤ", 0.8),
    _Language(("cp874",), "านรกอเงมยลวดทสตะปบคหแจพชขใไโผถธศซณภฟฐฝฤษฎฆฉญฌฏุูึัี่้ิื์็๊๋ํำ", 0.8),
)
_CHINESE = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多"
    "经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知"
    "全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门"
    "任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接"
    "必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住"
)
_EASTERN = {
    "cp932": (("ぁ-ん", 0.5, 83), ("ァ-ヶ", 0.12, 86), ("一-龠", 0.3, 3000), ("ｦ-ﾟ", 1e-6, 58)),
    "euc_jp": (("ぁ-ん", 0.5, 83), ("ァ-ヶ", 0.12, 86), ("一-龠", 0.3, 3000), ("ｦ-ﾟ", 1e-6, 58)),
    "gb18030": ((_CHINESE, 0.65, len(_CHINESE)), ("一-龠", 0.06, 3755)),
    "big5": (("一-龠", 0.85, 5401),),
    "cp949": (("가-힣", 0.85, 2350), ("一-龠", 0.01, 4888)),
}
"""(range of characters, share of a text, how many of them are in use)."""
_FREQUENT = {
    "gb18030": re.compile(rb"[\xb0-\xd7][\xa1-\xfe]"),
    "big5": re.compile(rb"[\xa4-\xc6][\x40-\xfe]"),
    "cp932": re.compile(rb"[\x88-\x97][\x40-\xfc]"),
    "euc_jp": re.compile(rb"[\xb0-\xcf][\xa1-\xfe]"),
    "cp949": re.compile(rb"[\xb0-\xc8][\xa1-\xfe]"),
}
"""Where each keeps the ideographs and syllables that are in everyday use; text holds few others."""


def encoding_of(content: bytes) -> str:
    """The likeliest encoding of bytes that are text, and neither ASCII nor Unicode."""
    sample = b"\n".join(line for line in content[: 10 * _LETTERS].splitlines() if not line.isascii())[:_LETTERS]
    scores = {encoding: _score(sample, encoding) for encoding in (*_alphabets(), *_EASTERN)}
    return max(scores, key=lambda encoding: scores[encoding] + _LEADS.get(encoding, 0.0))


def _score(sample: bytes, encoding: str) -> float:
    text = sample.decode(encoding, "replace")
    counted = Counter(text)
    if encoding in _EASTERN:
        frequent = _FREQUENT[encoding]
        rare = sum(n for letter, n in counted.items() if _rare(letter, encoding, frequent)) + len(_ALONE.findall(text))
        return sum(n * _eastern(letter, encoding) for letter, n in counted.items()) + _CLASH * rare
    clashes = _capitals_inside(text) + len(_SIGN_INSIDE.findall(text)) + len(_LATIN_AND_OTHER.findall(text))
    return _CLASH * clashes + max(
        sum(n * _western(letter, letters) for letter, n in counted.items()) for letters in _alphabets()[encoding]
    )


def _capitals_inside(text: str) -> int:
    """How many capitals follow a small letter, ASCII aside: camelCase is written."""
    pairs = (pair for pair in pairwise(text) if max(pair) > "\x7f")
    return sum(before.islower() and letter.isupper() for before, letter in pairs)


@cache
def _alphabets() -> dict[str, list[dict[str, float]]]:
    """For each encoding its languages, as logarithms of how likely each letter is."""
    found: dict[str, list[dict[str, float]]] = {}
    for language in _LANGUAGES:
        whole = sum(1 / (rank + 3) for rank in range(len(language.letters)))
        likely = {letter: math.log(language.share / (rank + 3) / whole) for rank, letter in enumerate(language.letters)}
        for encoding in language.encodings:
            found.setdefault(encoding, []).append(likely)
    return found


def _western(letter: str, letters: dict[str, float]) -> float:
    if letter < "\x80":
        return _ASCII
    small = letter.lower()
    if small in letters:
        return letters[small] + (_CAPITAL if small != letter else 0)
    if letter in _MARKS:
        return _MARK
    return _other(letter)


@cache
def _eastern_ranges(encoding: str) -> list[tuple[re.Pattern[str], float]]:
    return [(re.compile(f"[{letters}]"), math.log(share / count)) for letters, share, count in _EASTERN[encoding]]


def _eastern(letter: str, encoding: str) -> float:
    if letter < "\x80":
        return _ASCII
    if letter in _MARKS:
        return _MARK
    return next((likely for letters, likely in _eastern_ranges(encoding) if letters.match(letter)), _other(letter))


def _rare(letter: str, encoding: str, frequent: re.Pattern[bytes]) -> bool:
    """Whether an ideograph or syllable is none of those in everyday use."""
    return ("一" <= letter <= "龠" or "가" <= letter <= "힣") and not frequent.fullmatch(
        letter.encode(encoding, "replace")
    )


def _other(letter: str) -> float:
    if letter == "\ufffd" or "\x80" <= letter < "\xa0" or "\ue000" <= letter <= "\uf8ff":
        return _IMPOSSIBLE
    return _FOREIGN if letter.isalpha() else _STRANGE

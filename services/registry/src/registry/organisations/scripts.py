"""Which script a name is written in, by ISO 15924 code, and which characters and mixtures a name may hold.

The script is that of most letters; the standard library knows it from how Unicode names each character.

A word in letters of two scripts that look alike can be read as another word, so it is refused. Scripts that nobody
takes for one another stand together in ordinary names: Han with kana, Latin letters within a Japanese word, a Latin
word beside a Devanagari one.
"""

import unicodedata
from collections import Counter

UNDETERMINED = "Zyyy"  # no letter at all: digits, punctuation
UNKNOWN = "Zzzz"  # letters of a script that is not listed here

_BY_NAME = {
    "LATIN": "Latn", "CYRILLIC": "Cyrl", "GREEK": "Grek", "ARABIC": "Arab", "HEBREW": "Hebr", "ARMENIAN": "Armn",
    "GEORGIAN": "Geor", "DEVANAGARI": "Deva", "BENGALI": "Beng", "GURMUKHI": "Guru", "GUJARATI": "Gujr",
    "ORIYA": "Orya", "TAMIL": "Taml", "TELUGU": "Telu", "KANNADA": "Knda", "MALAYALAM": "Mlym", "SINHALA": "Sinh",
    "THAI": "Thai", "LAO": "Laoo", "TIBETAN": "Tibt", "MYANMAR": "Mymr", "KHMER": "Khmr", "MONGOLIAN": "Mong",
    "ETHIOPIC": "Ethi", "HANGUL": "Hang", "HIRAGANA": "Hira", "KATAKANA": "Kana", "CJK": "Hani", "BOPOMOFO": "Bopo",
    "THAANA": "Thaa", "SYRIAC": "Syrc", "JAVANESE": "Java", "BALINESE": "Bali", "TIFINAGH": "Tfng", "NKO": "Nkoo",
    "FULLWIDTH": "Latn", "HALFWIDTH": "Kana", "IDEOGRAPHIC": "Hani", "COPTIC": "Copt", "CHEROKEE": "Cher",
    "MATHEMATICAL": "Zmth",
}  # fmt: skip
_JAPANESE = {"Hani", "Hira", "Kana"}
_KOREAN = {"Hani", "Hang"}
_SAME = {  # a declared script and the detected ones that agree with it
    "Hans": {"Hani"}, "Hant": {"Hani"}, "Jpan": _JAPANESE | {"Jpan"}, "Kore": _KOREAN | {"Kore"}, "Hani": {"Jpan", "Kore"},
}  # fmt: skip
_JOINERS = "\u200c\u200d"  # zero-width joiners: part of ordinary spelling in Persian and in South Asian scripts
_LOOK_ALIKE = {"Latn", "Cyrl", "Grek", "Armn", "Copt", "Cher", "Zmth"}  # a word keeps to one of these
_REFUSED = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def script_of(text: str) -> str:
    """ISO 15924 code of the script most letters of a text belong to; Japanese and Korean mixtures have their own."""
    if text.isascii():  # most names; asking Unicode about each letter costs a thousand times as much
        return "Latn" if any(map(str.isalpha, text)) else UNDETERMINED
    counts = Counter(_script(letter) for letter in text if unicodedata.category(letter).startswith("L"))
    if not counts:
        return UNDETERMINED
    most = counts.most_common(1)[0][0]
    found = set(counts)
    if most in _JAPANESE and found & {"Hira", "Kana"}:
        return "Jpan"
    if most in _KOREAN and "Hang" in found and "Hani" in found:
        return "Kore"
    return most


def agree(declared: str, detected: str) -> bool:
    """True when a declared script can be the one that was detected."""
    return declared == detected or detected in _SAME.get(declared, ())


def refused_character(text: str) -> str | None:
    """The first character no name may hold, named; None when there is none.

    Control characters, invisible ones and those that change the direction of what follows let two names that look
    the same be different.
    """
    for letter in text:
        if unicodedata.category(letter) in _REFUSED and letter not in _JOINERS:
            return f"U+{ord(letter):04X} {unicodedata.name(letter, 'control character')}"
    return None


def mixed_word(text: str) -> tuple[str, tuple[str, ...]] | None:
    """The first word that mixes scripts whose letters look alike, with their codes; None when there is none."""
    if text.isascii():
        return None
    for word in _words(text):
        scripts = _LOOK_ALIKE & {_script(letter) for letter in word if letter.isalpha()}
        if len(scripts) > 1:
            return word, tuple(sorted(scripts))
    return None


def tidy(text: str) -> str:
    """Unicode form NFC, white space at the ends removed and inside reduced to single blanks."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _words(text: str) -> list[str]:
    """Runs of letters, marks and digits; a joiner does not end a word."""
    whole = (letter if letter in _JOINERS or unicodedata.category(letter)[0] in "LMN" else " " for letter in text)
    return "".join(whole).split()


def _script(letter: str) -> str:
    first = unicodedata.name(letter, "").split(" ")[0].split("-")[0]
    return _BY_NAME.get(first, UNKNOWN)

"""What a column's header says, and words that belong together."""

# ruff: noqa: E501

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_ID = re.compile(
    r"(?:^|[_\s\-.])(?:id|ids|uuid|guid|uid|pk|rowid|recid|identifier|kennung)$|[a-z](?:Id|ID)$|^(?:id|ID|Id)(?:[_\s\-A-Z]|$)"
    r"|^(?:index|idx|row|rownum|row_number|row_?names?|record|serial|instant)$|(?:^|[_\s])(?:serial|record|row|index)(?:[_\s]?(?:no|nr|num|number))?$"
    r"|^unnamed:? ?0?$|^no\.?$|^nr\.?$|^sl\.? ?no\.?$",
)
_KINDS: dict[str, re.Pattern[str]] = {
    kind: re.compile(text, re.I)
    for kind, text in {
        "date": r"date|datum|fecha|\bday\b|time|_at$|_on$|_ts$|timestamp|zeit|born|dob|birth|since|until|expir|дата|日付|日期",
        "postal": r"(?:^|[_\s])(?:zip|zipcode|zip_?code|postal|post_?code|postcode|plz|cep|postal_?code)(?:$|[_\s])|zip.?code|postal"
        r"|^[a-z]{1,5}zip(?:_?[459])?$|(?:^|[_\s])zip_?[459]$",
        "country": r"country|nation|land$|pays|país|paese|国",
        "latitude": r"^lat$|latitude|(?:^|_)lat(?:$|_)",
        "longitude": r"^lon$|^lng$|^long$|longitude|(?:^|_)(?:lon|lng)(?:$|_)",
        "phone": r"phone|mobile|(?:^|[^a-z])tel(?:efon|éfono)?$|(?:^|_)tel(?:_|$)|fax|handy",
        "name": r"^name$|first_?name|last_?name|full_?name|surname|(?:^|_)fname|(?:^|_)lname|customer_?name|patient|vorname|nachname|nombre",
        "address": r"address|street|strasse|straße|adresse|dirección",
        "code": r"(?:^|[_\s])code$|[a-z]Code$|(?:^|[_\s])(?:fips|icd|sku|isbn|ean|upc|cpt|drg|naics|sic)(?:$|[_\s])|(?:^|[_\s])key$",
        "age": r"^age$|(?:^|_)age(?:$|_)|^alter$|^edad$|^âge$",
        "percent": r"percent|pct|(?:^|_)perc(?:$|_)|%",
        "month": r"^month$|^mon$|^mnth$",
        "year": r"^year$|(?:^|_)yr?$|year$|^jahr$",
        "nonnegative": r"^age$|price|cost|salary|income|weight|height|count$|quantity|\bqty\b|distance|duration|area|size|population"
        r"|number_of|^n_|^num_|amount_of|fare|length|width|depth|speed",
        "signed": r"change|delta|diff|balance|net|profit|loss|return|growth|score|delay|temp|adjust|refund|deviation|offset|latitude"
        r"|longitude|elevation|log",
    }.items()
}


def says(name: str, kind: str) -> bool:
    """Whether a header speaks of a kind ("id", "date", "postal", "country", "age", ...).

    Example:
        >>> says("customer_id", "id"), says("paid", "id"), says("Order Date", "date"), says("zip", "postal")
        (True, False, True, True)
    """
    if kind == "id":
        return bool(_ID.search(name.strip()) or _ID.search(name.strip().lower()))
    return bool(_KINDS[kind].search(name.strip()))


#: Words for those whom rows are about, each in several languages; in the singular, as plurals are counts of them.
_ENTITIES = frozenset(
    (
        *(
            "person",
            "patient",
            "subject",
            "participant",
            "respondent",
            "customer",
            "client",
            "user",
            "household",
            "employee",
        ),
        *("worker", "member", "account", "student", "pupil", "device", "vehicle", "machine", "borrower", "applicant"),
        *(
            "cardholder",
            "policyholder",
            "tenant",
            "donor",
            "player",
            "driver",
            "animal",
            "subscriber",
            "visitor",
            "taxpayer",
        ),
        *(
            "kunde",
            "kunden",
            "kundin",
            "klient",
            "patienten",
            "proband",
            "probanden",
            "teilnehmer",
            "nutzer",
            "benutzer",
        ),
        *("haushalt", "haushalts", "mitarbeiter", "personal", "mitglied", "mitglieds", "konto", "schüler", "matrikel"),
        *("gerät", "geräte", "fahrzeug", "fahrer", "versicherter", "maschine", "maschinen"),
        *(
            "persona",
            "paciente",
            "sujeto",
            "cliente",
            "usuario",
            "hogar",
            "empleado",
            "miembro",
            "cuenta",
            "estudiante",
        ),
        *("alumno", "dispositivo", "vehículo", "pessoa", "usuário", "aluno", "conta", "família"),
        *("personne", "sujet", "utilisateur", "ménage", "foyer", "employé", "membre", "compte", "étudiant", "élève"),
        *("appareil", "véhicule", "abonné", "paziente", "soggetto", "utente", "famiglia", "dipendente", "membro"),
        *("studente", "veicolo", "клиент", "пациент", "顧客", "患者", "客户", "用户"),
    )
)
#: What may follow such a word where a column holds their ids.
_NUMBERED = frozenset(
    (
        *("id", "ids", "no", "nr", "num", "number", "code", "key", "ref", "reference", "name", "hash", "uuid", "guid"),
        *("nummer", "kennung", "schlüssel", "número", "numero", "código", "codigo", "numéro", "codice", "番号", "编号"),
    )
)
_WORD = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![a-z])")
_LENGTHS = re.compile(
    r"elapsed|duration|lifetime|runtime|uptime|downtime|overtime|response|latency|interval|timeout|times|wait|count|total"
    r"|spent|flight|lap|travel|drive|walking|delay|updates?|candidates?|mandate|validate|days|sum|avg|mean|amount"
)
_DAYS = re.compile(r"date$|^datum$|datum$|^fecha$|^day$|^born$|^dob$|дата|日付|日期", re.I)


def says_entity(name: str) -> bool:
    """Whether a header names somebody or something that rows are about: a person, a customer, a device.

    Example:
        >>> [says_entity(name) for name in ("patient", "Customer No", "userId", "Kundennummer", "members", "client_type")]
        [True, True, True, True, False, False]
        >>> says_entity("id of subject"), says_entity("type_of_subject"), says_entity("Personal")
        (True, False, False)
    """
    words = [word.lower() for word in _WORD.findall(unicodedata.normalize("NFC", name))]
    if words == ["personal"] or ("of" in words[1:-1] and words[words.index("of", 1) - 1] not in _NUMBERED):
        return False  # what is one's own; something about somebody
    while len(words) > 1 and words[-1] in _NUMBERED:
        words = words[:-1]
    if not words:
        return False
    last = next((words[-1].removesuffix(end) for end in ("nummer", "nr") if words[-1].endswith(end)), words[-1])
    return last in _ENTITIES


def says_moment(name: str) -> bool:
    """Whether a header has no word for a length of time or a count in it.

    Example:
        >>> says_moment("created_at"), says_moment("elapsed_time"), says_moment("responseTime"), says_moment("eventTime")
        (True, False, False, True)
    """
    return not any(_LENGTHS.fullmatch(word.lower()) for word in _WORD.findall(name))


def says_day(name: str) -> bool:
    """Whether a word of a header is a word for a date, not for any time.

    Example:
        >>> says_day("OrderDate"), says_day("birth date"), says_day("time"), says_day("candidate_no")
        (True, True, False, False)
    """
    words = [word.lower() for word in _WORD.findall(name)]
    return any(_DAYS.search(word) and not _LENGTHS.fullmatch(word) for word in words)


def header_faults(names: Sequence[str]) -> list[dict[str, object]]:
    """Per header: padded, blank or made up by a reader, odd characters, a near-duplicate of another, a tidy name.

    Example:
        >>> [row["header_padded"] for row in header_faults(["a", " b "])]
        [False, True]
        >>> [header_faults(pair)[0]["header_duplicate"] for pair in (["a b", "A_b"], ["FG", "FG%"])]
        [True, False]
    """
    keys = [re.sub(r"(?:[^\w%#$€£+]|_)+", "", unicodedata.normalize("NFKC", n).lower()) for n in names]
    seen: dict[str, int] = {}
    for key in keys:
        seen[key] = seen.get(key, 0) + 1
    return [
        {
            "header_padded": name != name.strip() or "  " in name,
            "header_duplicate": bool(key) and seen[key] > 1,
            "header_blank": not name.strip()
            or bool(re.fullmatch(r"(?i)unnamed(?::? ?\d+)?(?:_level_\d+)?|_?column_?\d+|\.{3}\d+", name)),
            "header_odd": _odd(name),
            "header_tidy": None if neat == name else neat,
        }
        for name, key, neat in zip(names, keys, tidy(names), strict=True)
    ]


#: What a sign in a header is called; other signs part words.
_CALLED = {
    "$": "dollars",
    "€": "euros",
    "£": "pounds",
    "¥": "yen",
    "%": "percent",
    "#": "number",
    "&": "and",
    "@": "at",
}
#: Signs that formulas, SQL, shells or regular expressions read as their own.
_SIGNS = frozenset('$€£¥%#&@*"`;=<>|\\^~{}[]')


def tidy(names: Sequence[str]) -> list[str]:
    """Headers as names of letters, digits and underscores, each once: names that code can hold are left alone.

    Example:
        >>> tidy(["domgross_2013$", "period code", "% of total", "2013", "ok", "Period Code"])
        ['domgross_2013_dollars', 'period_code', 'percent_of_total', 'n_2013', 'ok', 'Period_Code']
        >>> tidy(["a b", "a_b", "a-b"])
        ['a_b_2', 'a_b', 'a_b_3']
    """
    made = [name if name.isidentifier() else _tidied(name) for name in names]
    taken = {name for name in names if name.isidentifier()}
    out = []
    for name, neat in zip(names, made, strict=True):
        number, unique = 2, neat
        while name != unique and unique in taken:
            number, unique = number + 1, f"{neat}_{number}"
        taken.add(unique)
        out.append(unique)
    return out


def _tidied(name: str) -> str:
    spoken = "".join(f" {_CALLED[c]} " if c in _CALLED else c for c in unicodedata.normalize("NFKC", name))
    words = re.sub(r"\W+", "_", spoken).strip("_")
    return words if words.isidentifier() else f"n_{words}" if words else "unnamed"


def _odd(name: str) -> bool:
    scripts = {unicodedata.name(c, "?").split()[0] for c in name if c.isalpha()}
    mixed = len(scripts & {"LATIN", "CYRILLIC", "GREEK"}) > 1
    hidden = any(unicodedata.category(c) in ("Cc", "Cf") for c in name)
    return mixed or hidden or "Ã" in name or "\ufffd" in name or not _SIGNS.isdisjoint(name)


#: Ordered scales, lowest first; a column whose words lie in one of them is ordinal.
SCALES: tuple[tuple[str, ...], ...] = (
    ("very low", "low", "medium low", "medium", "moderate", "medium high", "high", "very high"),
    ("very poor", "poor", "fair", "average", "typical", "good", "very good", "excellent"),
    ("po", "fa", "ta", "gd", "ex"),
    ("xxs", "xs", "s", "m", "l", "xl", "xxl", "xxxl"),
    ("extra small", "small", "medium", "large", "extra large"),
    tuple(
        ["strongly disagree", "disagree", "somewhat disagree", "neutral", "somewhat agree", "agree", "strongly agree"]
    ),
    ("very dissatisfied", "dissatisfied", "neutral", "satisfied", "very satisfied"),
    ("very unlikely", "unlikely", "neutral", "likely", "very likely"),
    ("never", "rarely", "seldom", "sometimes", "occasionally", "often", "usually", "frequently", "always"),
    ("no", "partial", "partially", "partly", "mostly", "yes"),
    ("none", "mild", "moderate", "severe", "critical"),
    ("beginner", "novice", "intermediate", "advanced", "expert"),
    ("junior", "middle", "mid", "senior", "lead", "principal"),
    ("primary", "secondary", "tertiary"),
    ("bronze", "silver", "gold", "platinum", "diamond"),
    ("first", "second", "third", "fourth", "fifth", "sixth"),
    ("freshman", "sophomore", "junior", "senior"),
    ("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
    ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    tuple(
        [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ]
    ),
    ("niedrig", "mittel", "hoch"),
    ("bajo", "medio", "alto"),
    ("faible", "moyen", "élevé"),
)


def scale_of(words: Sequence[str]) -> tuple[str, ...] | None:
    """The words in the order of the scale they belong to, or None.

    Example:
        >>> scale_of(["High", "low", "Medium"])
        ('low', 'Medium', 'High')
    """
    low = {w.strip().lower().replace("-", " ").replace("_", " "): w for w in words}
    if not 2 <= len(low) <= 12:
        return None
    for scale in SCALES:
        if set(low) <= set(scale) and (len(low) >= 3 or len(low) >= 0.6 * len(scale) or set(low) == {"low", "high"}):
            return tuple(low[w] for w in scale if w in low)
    return None


_COUNTRIES = (
    "afghanistan albania algeria andorra angola argentina armenia australia austria azerbaijan bahamas bahrain bangladesh"
    " barbados belarus belgium belize benin bhutan bolivia botswana brazil brunei bulgaria burundi cambodia cameroon canada"
    " chad chile china colombia comoros congo croatia cuba cyprus czechia denmark djibouti dominica ecuador egypt eritrea"
    " estonia eswatini ethiopia fiji finland france gabon gambia georgia germany ghana greece grenada guatemala guinea guyana"
    " haiti honduras hungary iceland india indonesia iran iraq ireland israel italy jamaica japan jordan kazakhstan kenya"
    " kiribati kuwait kyrgyzstan laos latvia lebanon lesotho liberia libya liechtenstein lithuania luxembourg madagascar malawi"
    " malaysia maldives mali malta mauritania mauritius mexico moldova monaco mongolia montenegro morocco mozambique myanmar"
    " namibia nepal netherlands nicaragua niger nigeria norway oman pakistan palau panama paraguay peru philippines poland"
    " portugal qatar romania russia rwanda samoa senegal serbia seychelles singapore slovakia slovenia somalia spain sudan"
    " suriname sweden switzerland syria taiwan tajikistan tanzania thailand togo tonga tunisia turkey türkiye turkiye"
    " turkmenistan uganda ukraine uruguay uzbekistan vanuatu venezuela vietnam yemen zambia zimbabwe usa uk"
)
COUNTRIES = frozenset(_COUNTRIES.split()) | {
    *("united states", "united states of america", "united kingdom", "great britain", "south korea", "north korea"),
    *("south africa", "saudi arabia", "new zealand", "costa rica", "el salvador", "sri lanka", "czech republic"),
    *(
        "dominican republic",
        "united arab emirates",
        "bosnia and herzegovina",
        "north macedonia",
        "hong kong",
        "puerto rico",
    ),
    *("ivory coast", "côte d'ivoire", "burkina faso", "cape verde", "cabo verde", "east timor", "papua new guinea"),
    *("sierra leone", "trinidad and tobago", "viet nam", "russian federation", "korea, rep.", "holland", "england"),
}

"""Two-letter codes of countries, states and continents, some of which read like words for nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# ISO 3166-1 alpha-2 without NA
_COUNTRIES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW "
    "BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI "
    "FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN "
    "IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME "
    "MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG "
    "PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX "
    "SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT "
    "ZA ZM ZW EU UK XK"
)
# of states and provinces that are no country's (USA, Canada; some of India and Brazil)
_STATES = (
    "AK AZ CT DC FL HI IA KS MI NH NJ NM NV NY OH OK OR RI TX UT VT WA WI WV WY AN AP MB NB ON QC YT RJ SP RS DL TN UP"
)
_CONTINENTS = "AF AN AS EU OC SA"
CODES = frozenset(f"{_COUNTRIES} {_STATES} {_CONTINENTS}".split())
#: A part of a state: a district by its number.
_PART = re.compile(r"-\d{1,3}$")
#: Share of the other cells that must be such codes, and how many different ones.
_SHARE, _LEAST = 0.9, 4


def words_that_name(e: Mapping[str, Any], words: Mapping[str, float]) -> list[str]:
    """Of words for nothing those that are codes like the column's others: NA (Namibia, North America), DK (Denmark).

    A district of a state ("TX-7") counts as the state.

    Args:
        e: evidence: ``content`` and ``top`` (value -> cells).
        words: the column's words for nothing.

    Example:
        >>> top = {"EU": 4, "AF": 2, "AS": 3, "SA": 2, "NA": 3}
        >>> words_that_name({"content": 11, "top": top}, {"NA": 3, "-": 1})
        ['NA']
        >>> words_that_name({"content": 9, "top": {"TX": 4, "OH": 2, "NY": 1, "FL": 1, "TX-7": 1, "NC": 2}}, {"NC": 2})
        ['NC']
        >>> words_that_name({"content": 4, "top": {"ok": 4, "NA": 3}}, {"NA": 3})
        []
    """
    found = [w for w in words if w.strip() == "NA" or w.strip() in CODES]
    if not found:
        return []
    codes = {v.strip(): n for v, n in e["top"].items() if _PART.sub("", v.strip()) in CODES}
    whole = sum(n for v, n in codes.items() if v in CODES)
    enough = sum(codes.values()) >= _SHARE * e["content"] and 2 * whole >= e["content"]
    return found if enough and len({_PART.sub("", v) for v in codes}) >= _LEAST else []

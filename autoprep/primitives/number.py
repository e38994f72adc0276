"""Transforms of numbers: arithmetic, powers, comparisons, distances on the earth."""

from __future__ import annotations

import math

import polars as pl

from autoprep.primitives.primitive import transform


def _finite(value: pl.Expr) -> pl.Expr:
    return pl.when(value.is_finite()).then(value)


def _float(value: pl.Expr) -> pl.Expr:
    return value.cast(pl.Float64)


@transform("SUM_OF", "number", "number", sql="{0} + {1}", commutes=True, equals=("add_numeric",))
def sum_of(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """Sum of two numbers."""
    return _float(a) + _float(b)


@transform("DIFFERENCE", "number", "number", sql="{0} - {1}", equals=("subtract_numeric",))
def difference(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """First number less the second."""
    return _float(a) - _float(b)


@transform("PRODUCT", "number", "number", sql="{0} * {1}", commutes=True, equals=("multiply_numeric",))
def product(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """Product of two numbers."""
    return _float(a) * _float(b)


@transform("RATIO", "number", "number", sql="{0} / nullif({1}, 0)", equals=("divide_numeric",))
def ratio(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """First number over the second; null when the second is 0."""
    return _finite(_float(a) / _float(b))


@transform("MODULO", "number", "number", sql="{0} - {1} * floor({0} / nullif({1}, 0))", equals=("modulo_numeric",))
def modulo(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """Remainder of the first number by the second, with the sign of the second; null when the second is 0."""
    whole = (_float(a) / _float(b)).floor()
    return _finite(_float(a) - _float(b) * whole)


@transform("ADD", "number", sql="{0} + {by}", equals=("add_numeric_scalar",), by=1.0)
def add(a: pl.Expr, by: float) -> pl.Expr:
    """Number plus a constant."""
    return _float(a) + by


@transform("SUBTRACT", "number", sql="{0} - {by}", equals=("subtract_numeric_scalar",), by=1.0)
def subtract(a: pl.Expr, by: float) -> pl.Expr:
    """Number less a constant."""
    return _float(a) - by


@transform("SUBTRACT_FROM", "number", sql="{by} - {0}", equals=("scalar_subtract_numeric_feature",), by=1.0)
def subtract_from(a: pl.Expr, by: float) -> pl.Expr:
    """Constant less the number."""
    return by - _float(a)


@transform("MULTIPLY", "number", sql="{0} * {by}", equals=("multiply_numeric_scalar",), by=2.0)
def multiply(a: pl.Expr, by: float) -> pl.Expr:
    """Number times a constant."""
    return _float(a) * by


@transform("DIVIDE", "number", sql="{0} / {by}", equals=("divide_numeric_scalar",), by=2.0)
def divide(a: pl.Expr, by: float) -> pl.Expr:
    """Number over a constant."""
    return _finite(_float(a) * (1.0 / by) if by else pl.lit(None, dtype=pl.Float64))


@transform("DIVIDE_INTO", "number", sql="{by} / nullif({0}, 0)", equals=("divide_by_feature",), by=1.0)
def divide_into(a: pl.Expr, by: float) -> pl.Expr:
    """Constant over the number; null when it is 0."""
    return _finite(by / _float(a))


@transform("MODULO_BY", "number", sql="{0} - {by} * floor({0} / {by})", equals=("modulo_numeric_scalar",), by=2.0)
def modulo_by(a: pl.Expr, by: float) -> pl.Expr:
    """Remainder of the number by a constant."""
    return _float(a) - by * (_float(a) * (1.0 / by)).floor()


@transform(
    "MODULO_INTO", "number", sql="{by} - {0} * floor({by} / nullif({0}, 0))", equals=("modulo_by_feature",), by=1.0
)
def modulo_into(a: pl.Expr, by: float) -> pl.Expr:
    """Remainder of a constant by the number; null when it is 0."""
    return _finite(by - _float(a) * (by / _float(a)).floor())


@transform("NEGATE", "number", sql="-{0}", equals=("negate",))
def negate(a: pl.Expr) -> pl.Expr:
    """Number with the other sign."""
    return -_float(a)


@transform("ABSOLUTE", "number", sql="abs({0})", equals=("absolute",))
def absolute(a: pl.Expr) -> pl.Expr:
    """Number without its sign."""
    return _float(a).abs()


@transform("SQUARE", "number", sql="{0} * {0}", equals=())
def square(a: pl.Expr) -> pl.Expr:
    """Number times itself."""
    return _float(a) * _float(a)


@transform("SQUARE_ROOT", "number", sql="CASE WHEN {0} >= 0 THEN sqrt({0}) END", equals=("square_root",))
def square_root(a: pl.Expr) -> pl.Expr:
    """Square root; null below 0."""
    return _finite(_float(a).sqrt())


@transform("NATURAL_LOG", "number", sql="CASE WHEN {0} > 0 THEN ln({0}) END", equals=("natural_logarithm",))
def natural_log(a: pl.Expr) -> pl.Expr:
    """Natural logarithm; null at and below 0."""
    return _finite(_float(a).log())


@transform("SIGNED_LOG", "number", sql="sign({0}) * ln(1 + abs({0}))")
def signed_log(a: pl.Expr) -> pl.Expr:
    """Logarithm of 1 plus the size, with the sign: for heavy tails on both sides."""
    return _float(a).sign() * _float(a).abs().log1p()


@transform("SINE", "number", sql="sin({0})", equals=("sine",))
def sine(a: pl.Expr) -> pl.Expr:
    """Sine of an angle in radians."""
    return _float(a).sin()


@transform("COSINE", "number", sql="cos({0})", equals=("cosine",))
def cosine(a: pl.Expr) -> pl.Expr:
    """Cosine of an angle in radians."""
    return _float(a).cos()


@transform("TANGENT", "number", sql="tan({0})", equals=("tangent",))
def tangent(a: pl.Expr) -> pl.Expr:
    """Tangent of an angle in radians."""
    return _float(a).tan()


@transform("FLOOR", "number", sql="floor({0})")
def floor(a: pl.Expr) -> pl.Expr:
    """Greatest whole number at or below."""
    return _float(a).floor()


@transform("FRACTION", "number", sql="{0} - floor({0})")
def fraction(a: pl.Expr) -> pl.Expr:
    """Part after the decimal point, in [0, 1)."""
    return _float(a) - _float(a).floor()


@transform("IS_WHOLE", "number", output="boolean", sql="{0} = floor({0})")
def is_whole(a: pl.Expr) -> pl.Expr:
    """Whether the number has no fraction."""
    return _float(a) == _float(a).floor()


@transform("IS_ROUND", "number", output="boolean", sql="{0} = {step} * floor({0} / {step})", step=100.0)
def is_round(a: pl.Expr, step: float) -> pl.Expr:
    """Whether the number is a multiple of a step: a price or an estimate a person made up."""
    return _float(a) == step * (_float(a) * (1.0 / step)).floor()


@transform("PERCENT_CHANGE_OF", "number", "number", sql="({0} - {1}) / nullif(abs({1}), 0)")
def percent_change_of(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """Change from the second number to the first, as a share of the second."""
    return _finite((_float(a) - _float(b)) / _float(b).abs())


@transform("SHARE_OF_SUM", "number", "number", sql="{0} / nullif({0} + {1}, 0)")
def share_of_sum(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """First number as a share of the sum of both; null when the sum is 0."""
    return _finite(_float(a) / (_float(a) + _float(b)))


@transform(
    "LARGER",
    "number",
    "number",
    sql="CASE WHEN {0} IS NULL OR {1} IS NULL THEN NULL ELSE greatest({0}, {1}) END",
    commutes=True,
)
def larger(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """Larger of two numbers; null when either is missing."""
    return pl.when(a.is_not_null() & b.is_not_null()).then(pl.max_horizontal(_float(a), _float(b)))


@transform(
    "SMALLER",
    "number",
    "number",
    sql="CASE WHEN {0} IS NULL OR {1} IS NULL THEN NULL ELSE least({0}, {1}) END",
    commutes=True,
)
def smaller(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """Smaller of two numbers; null when either is missing."""
    return pl.when(a.is_not_null() & b.is_not_null()).then(pl.min_horizontal(_float(a), _float(b)))


def _compare(name: str, sign: str, equals: tuple[str, ...], about: str) -> None:
    operators = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "=": "eq", "<>": "ne"}

    def pair(a: pl.Expr, b: pl.Expr) -> pl.Expr:
        result: pl.Expr = getattr(a, operators[sign])(b)
        return result

    def constant(a: pl.Expr, than: float) -> pl.Expr:
        result: pl.Expr = getattr(a, operators[sign])(than)
        return result

    pair.__doc__, constant.__doc__ = (
        f"Whether the first value is {about} the second.",
        f"Whether the value is {about} a constant.",
    )
    kinds = ("number", "number") if sign not in ("=", "<>") else ("any", "any")
    transform(name, *kinds, output="boolean", sql=f"{{0}} {sign} {{1}}", equals=equals)(pair)
    scalar = tuple(f"{e}_scalar" for e in equals)
    transform(f"{name}_THAN" if sign not in ("=", "<>") else f"{name}_TO", kinds[0], output="boolean",
              sql=f"{{0}} {sign} {{than}}", equals=scalar, than=0.0)(constant)  # fmt: skip


_compare("LESS", "<", ("less_than",), "below")
_compare("LESS_OR_EQUAL", "<=", ("less_than_equal_to",), "at or below")
_compare("GREATER", ">", ("greater_than",), "above")
_compare("GREATER_OR_EQUAL", ">=", ("greater_than_equal_to",), "at or above")
_compare("EQUAL", "=", ("equal",), "equal to")
_compare("NOT_EQUAL", "<>", ("not_equal",), "different from")


@transform("BIN", "number", output="integer", sql="floor({0} / {width})", width=1.0)
def bin_number(a: pl.Expr, width: float) -> pl.Expr:
    """Number of the bin of equal width that the value falls in."""
    return (_float(a) * (1.0 / width)).floor()


@transform(
    "HAVERSINE",
    "number",
    "number",
    "number",
    "number",
    sql=(
        "CASE WHEN {0} + {1} + {2} + {3} IS NOT NULL THEN "
        "2 * 6371.0088 * asin(least(1, sqrt(pow(sin(radians({2} - {0}) / 2), 2) + cos(radians({0})) * "
        "cos(radians({2})) * pow(sin(radians({3} - {1}) / 2), 2)))) END"
    ),
    equals=("haversine",),
)
def haversine(lat_a: pl.Expr, lon_a: pl.Expr, lat_b: pl.Expr, lon_b: pl.Expr) -> pl.Expr:
    """Great-circle distance in kilometres between two points in degrees (mean earth radius, IUGG)."""
    rad = math.pi / 180
    half_lat = ((_float(lat_b) - _float(lat_a)) * rad / 2).sin()
    half_lon = ((_float(lon_b) - _float(lon_a)) * rad / 2).sin()
    inner = half_lat.pow(2) + (_float(lat_a) * rad).cos() * (_float(lat_b) * rad).cos() * half_lon.pow(2)
    return inner.sqrt().clip(upper_bound=1.0).arcsin() * (2 * 6371.0088)


@transform(
    "CITY_BLOCK",
    "number",
    "number",
    "number",
    "number",
    sql=(
        "6371.0088 * (radians(abs({2} - {0})) + radians(least(abs({3} - {1}), 360 - abs({3} - {1}))) * "
        "cos(radians(({0} + {2}) / 2)))"
    ),
    equals=("cityblock_distance",),
)
def city_block(lat_a: pl.Expr, lon_a: pl.Expr, lat_b: pl.Expr, lon_b: pl.Expr) -> pl.Expr:
    """Kilometres along meridian and parallel between two points in degrees."""
    rad = math.pi / 180
    middle = (_float(lat_a) + _float(lat_b)) * (rad / 2)
    wide = (_float(lon_b) - _float(lon_a)).abs()
    wide = pl.when(wide > 180.0).then(360.0 - wide).otherwise(wide)
    along = (_float(lat_b) - _float(lat_a)).abs() + wide * middle.cos()
    return along * (rad * 6371.0088)


@transform("SEGMENT_LENGTH", "number", "number", "number", "number", sql="sqrt(pow({2} - {0}, 2) + pow({3} - {1}, 2))")
def segment_length(x_a: pl.Expr, y_a: pl.Expr, x_b: pl.Expr, y_b: pl.Expr) -> pl.Expr:
    """Straight distance between two points of the plane."""
    return ((_float(x_b) - _float(x_a)).pow(2) + (_float(y_b) - _float(y_a)).pow(2)).sqrt()


@transform("MIDDLE", "number", "number", sql="({0} + {1}) / 2", commutes=True, equals=("geomidpoint",))
def middle(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """Number half way between two, such as one coordinate of a middle point."""
    return (_float(a) + _float(b)) * 0.5


@transform("IN_BOX", "number", "number", output="boolean", equals=("is_in_geobox",), south=0.0, west=0.0, north=0.0,
           east=0.0, sql="{0} BETWEEN {south} AND {north} AND {1} BETWEEN {west} AND {east}")  # fmt: skip
def in_box(lat: pl.Expr, lon: pl.Expr, south: float, west: float, north: float, east: float) -> pl.Expr:
    """Whether a point lies between two parallels and two meridians, borders included."""
    return _float(lat).is_between(south, north) & _float(lon).is_between(west, east)

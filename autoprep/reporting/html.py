"""Reports as one self-contained HTML file: no network, light and dark, readable on a phone, safe with any cell."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from autoprep.errors import plural
from autoprep.reporting import figures, pictures
from autoprep.reporting.content import Content, profile_content
from autoprep.reporting.groups import findings_told
from autoprep.types import Finding

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


def profile_html(
    profile: Any,
    findings: Sequence[Finding] = (),
    *,
    rulebook: Mapping[str, Any] | None = None,
    title: str = "Profile",
    show_personal: bool = False,
) -> str:
    """The page of a profile; samples of personal columns are masked unless ``show_personal``."""
    content = profile_content(profile, findings, rulebook=rulebook, title=title, show_personal=show_personal)
    return model_html(content)


def model_html(content: Content) -> str:
    """The page of anything that ``Content`` can say.

    Example:
        >>> page = model_html(Content(title="Penguins <b>"))
        >>> page.startswith("<!doctype html>"), "Penguins &lt;b&gt;" in page, "http://" in page
        (True, True, False)
    """
    scores = [t["score"] for t in content.leaderboard if figures.number(t["score"]) not in ("–", "∞", "−∞")]
    spread = [t["loss_se"] for t in content.leaderboard if t["loss_se"] == t["loss_se"]]
    pad = (max(spread, default=0.0) or 0.0) * 1.5
    return render(
        "report.html.j2",
        content=content,
        low=min(scores, default=0.0) - pad,
        high=max(scores, default=1.0) + pad,
        told=[said for _, said in findings_told(content.findings)],
        by_column=_findings_by_column(content),
    )


def render(template: str, **values: Any) -> str:
    """A page of a template beside this file, with the style and the script that all pages share."""
    script = _script()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = _environment().get_template(template)
    return page.render(style=Markup(_style()), script=Markup(script), script_hash=digest, **values)


def _findings_by_column(content: Content) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for finding in content.findings:
        for name in finding.columns:
            found.setdefault(name, []).append(finding)
    return found


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "number": figures.number,
        "share": figures.share,
        "seconds": figures.seconds,
        "plural": plural,
        "soft": _soft,
    }
    made.globals |= {"pictures": pictures}
    return made


@cache
def _style() -> str:
    return (TEMPLATES / "report.css").read_text(encoding="utf-8")


@cache
def _script() -> str:
    return (TEMPLATES / "report.js").read_text(encoding="utf-8")


def _soft(name: str) -> Markup:
    """A name that may break after underscores, dots and slashes."""
    text = Markup.escape(name)
    for mark in ("_", ".", "/", "("):
        text = Markup(text.replace(mark, mark + Markup("<wbr>")))
    return text

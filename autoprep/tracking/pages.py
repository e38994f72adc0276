"""Papers as pages: Markdown to one self-contained HTML file, and that to PDF by an installed Chromium."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from autoprep.errors import InputError
from autoprep.lineage import whole_file

_STYLE = (
    "body{font:14px/1.5 system-ui,sans-serif;max-width:52rem;margin:0 auto;padding:1rem;overflow-wrap:anywhere}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0}td,th{text-align:left;padding:.25rem .5rem;"
    "vertical-align:top;border-bottom:1px solid #8886}strong{background:#fd6;color:#000;white-space:nowrap}"
    "th:first-child:nth-last-child(3){width:36%}th:nth-child(2):nth-last-child(2){width:24%}"
    "tr:has(>:nth-child(5))>:nth-child(n+2){overflow-wrap:break-word}th:first-child:nth-last-child(5){width:27%}"
    "thead:not(:has(th:not(:empty))){display:none}code{font-size:.9em}"
    "h1,h2,h3{break-after:avoid}h3{margin-bottom:.2rem}tr{break-inside:avoid}"
    "h3+p,tbody tr:is(:nth-child(-n+2),:nth-last-child(2)):not(:last-child){break-after:avoid}"
    ":root{color-scheme:light dark}@media print{:root{color-scheme:light}body{font-size:12px;max-width:none;padding:0}}"
    "@page{size:A4;margin:18mm}"
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")


def page(text: str) -> str:
    """Markdown as one HTML page; HTML in the text stays text.

    Example:
        >>> "<h1>A</h1>" in page("# A"), "<script>" in page("<script>")
        (True, False)
    """
    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    title = text.split("\n", 1)[0].lstrip("# ").replace("&", "&amp;").replace("<", "&lt;")
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{title}</title><style>{_STYLE}</style>{body}</html>\n"
    )


def print_pdf(path: Path) -> Path:
    """Print an HTML file beside itself as PDF; returns where.

    Raises:
        InputError: no Chromium is installed, or it fails.
    """
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise InputError("printing PDF needs Chromium, which is not installed", hint="print the HTML from any browser")
    target = path.with_suffix(".pdf")
    with tempfile.TemporaryDirectory(prefix="autoprep-") as home, whole_file(target) as beside:
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
        command += [f"--user-data-dir={home}", f"--print-to-pdf={beside}", path.resolve().as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        except subprocess.TimeoutExpired:
            raise InputError("Chromium did not print within two minutes", where=str(path)) from None
        if done.returncode or not beside.stat().st_size:
            said = done.stderr.strip().splitlines()
            raise InputError(f"Chromium could not print ({said[-1] if said else done.returncode})", where=str(path))
    return target

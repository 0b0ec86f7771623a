"""The look of a page of HTML: light, dark and on paper, from a phone to a wide screen; nothing from elsewhere.

Every rule is for something within ``.backtrace``, so that a fragment leaves the page around it as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

COLOURS: Final[Mapping[str, tuple[str, str]]] = {
    "paper": ("#ffffff", "#14181d"),
    "raised": ("#f5f6f8", "#1c2229"),
    "ink": ("#1b1f24", "#e8eaed"),
    "faint": ("#59636f", "#a6afba"),
    "rule": ("#d5dae0", "#39424c"),
    "strong": ("#808b97", "#7d8792"),
    "link": ("#005a99", "#74bdf2"),
}
"""By name a colour on light and on dark paper; each text has a contrast of 4.5 at least."""

RULES: Final = """
.backtrace{color-scheme:light dark;background:var(--bt-paper);color:var(--bt-ink);container-type:inline-size;
 font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Noto Sans KR","Apple SD Gothic Neo",
 "Malgun Gothic",sans-serif;padding:1px clamp(1rem,4vw,2rem) 2rem;overflow-wrap:anywhere;
 -webkit-text-size-adjust:100%;text-size-adjust:100%}
.backtrace *{box-sizing:border-box}
.backtrace header,.backtrace nav,.backtrace main{max-width:66rem;margin-inline:auto}
.backtrace h1,.backtrace h2,.backtrace h3,.backtrace h4{line-height:1.25;font-weight:650;text-wrap:balance;
 color:inherit;break-after:avoid}
.backtrace h1{font-size:1.75rem;letter-spacing:-.01em;margin:1.6rem 0 .6rem}
.backtrace h2{font-size:1.3rem;margin:2.4rem 0 .8rem;padding-top:.8rem;border-top:1px solid var(--bt-rule)}
.backtrace h3{font-size:1.08rem;margin:1.6rem 0 .5rem}
.backtrace h4{font-size:1rem;margin:1.2rem 0 .4rem}
.backtrace .bt-aside{font-weight:400;color:var(--bt-faint)}
.backtrace p{margin:.5rem 0}
.backtrace .bt-remark{color:var(--bt-faint);font-size:.875rem;max-width:60rem}
.backtrace .bt-topic{color:var(--bt-faint);font-size:.875rem;font-weight:600;margin:1.1rem 0 .3rem;break-after:avoid}
.backtrace a{color:var(--bt-link)}
.backtrace :focus-visible{outline:2px solid var(--bt-link);outline-offset:2px;border-radius:3px}

.backtrace math{font-family:math,"Latin Modern Math","STIX Two Math","Cambria Math","Noto Sans Math",serif;
 font-size:1.08em;math-style:normal;overflow-wrap:normal}
.backtrace mtext{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Noto Sans KR",sans-serif;
 font-size:.88em}
.backtrace .bt-cases mtd{text-align:left;padding-inline-end:1em}
.backtrace h1 math,.backtrace h2 math,.backtrace h3 math,.backtrace h4 math,.backtrace tbody th math{math-style:compact}
.backtrace .bt-figure{font-family:math,"Latin Modern Math","STIX Two Math","Cambria Math",serif;font-size:1.08em;
 font-variant-numeric:lining-nums tabular-nums;white-space:nowrap}
.backtrace .bt-power{display:inline-block;width:2.9em;text-align:left}
.backtrace .bt-power sup{font-size:.72em;line-height:0}
.backtrace .bt-blank{border:1px solid var(--bt-strong);border-radius:3px;
 padding:.1em .45em;text-align:left;color:var(--bt-faint);font-size:.85em;line-height:1.6}
.backtrace span.bt-blank{display:inline-block;min-width:8.5em}

.backtrace .bt-contents{font-size:.92rem;margin-top:1.2rem}
.backtrace .bt-contents ul{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:.1rem 1.3rem}
.backtrace .bt-contents li{padding:.15rem 0}
.backtrace .bt-contents a{text-decoration:none}
.backtrace .bt-contents a:hover{text-decoration:underline}
.backtrace .bt-contents summary{cursor:pointer;color:var(--bt-faint)}

.backtrace .bt-facts{display:flex;flex-wrap:wrap;align-items:baseline;gap:.3rem 1.5rem;margin:.55rem 0}
.backtrace .bt-facts>.bt-topic{margin:0;break-after:auto;min-width:6.5rem}
.backtrace .bt-facts ul{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;align-items:baseline;
 gap:.3rem 1.5rem;flex:1 1 16rem;min-width:0}
.backtrace .bt-facts li{min-width:0;max-width:100%}

.backtrace .bt-lines{display:grid;grid-template-columns:fit-content(38%) minmax(0,1fr);column-gap:.45rem;
 margin:.7rem 0 1.1rem;overflow-x:auto;overflow-y:hidden;padding-block:1px}
.backtrace .bt-line{display:grid;grid-template-columns:subgrid;grid-column:1/-1;align-items:baseline;
 padding-block:.32rem;break-inside:avoid}
.backtrace .bt-left{grid-column:1;min-width:0}
.backtrace .bt-part{grid-column:2;min-width:0;display:flex;align-items:baseline;gap:.45em}
.backtrace .bt-part>div{min-width:0}
.backtrace .bt-part+.bt-part{margin-top:.3rem}
.backtrace .bt-result .bt-figure{color:var(--bt-link)}
.backtrace .bt-sign{font-family:math,"Latin Modern Math","STIX Two Math","Cambria Math",serif;font-size:1.08em}
@supports not (grid-template-columns:subgrid){.backtrace .bt-line{grid-template-columns:minmax(4rem,20%) minmax(0,1fr)}}

.backtrace .bt-scroll{overflow-x:auto;margin:.6rem 0 1.2rem;max-width:100%}
.backtrace table{border-collapse:separate;border-spacing:0;margin:0;border-block:1px solid var(--bt-strong);
 font-size:.95rem;line-height:1.4;overflow-wrap:normal}
.backtrace caption{caption-side:top;text-align:left;padding:.2rem 0 .6rem}
.backtrace thead th{font-weight:400;text-align:right;vertical-align:bottom;padding:.45rem .75rem;
 border-bottom:1px solid var(--bt-strong)}
.backtrace tbody th{position:sticky;left:0;background:var(--bt-paper);font-weight:400;text-align:left;
 white-space:nowrap;padding:.28rem .9rem .28rem .3rem}
.backtrace .bt-whole{white-space:nowrap}
.backtrace td{text-align:right;white-space:nowrap;padding:.28rem .75rem}
.backtrace tbody tr+tr>*{border-top:1px solid var(--bt-rule)}
.backtrace tbody tr:hover>*{background:var(--bt-raised)}
.backtrace tr{break-inside:avoid}
.backtrace .bt-below{margin:.4rem 0 1.2rem}

.backtrace figure{margin:1.4rem 0;overflow:auto;max-height:44rem}
.backtrace figure svg{display:block;margin-inline:auto;min-width:var(--bt-least)}
"""

COLUMNS: Final = """
.backtrace .bt-{size}{{grid-template-columns:max-content repeat(2,fit-content(45%)) max-content;column-gap:1rem}}
.backtrace .bt-{size}.bt-short{{grid-template-columns:max-content fit-content(80%) max-content}}
.backtrace .bt-{size} .bt-part{{grid-column:auto;margin-top:0}}
.backtrace .bt-{size} .bt-result{{grid-column:-2;justify-content:space-between}}
.backtrace .bt-{size} .bt-direct{{grid-column:2;justify-self:start}}
"""
"""Worked lines with all their parts beside each other."""

PAPER: Final = """
.backtrace{{font-size:10pt;line-height:1.4;padding:0}}
.backtrace header,.backtrace nav,.backtrace main{{max-width:none}}
.backtrace .bt-contents{{display:none}}
.backtrace a{{color:inherit;text-decoration:none}}
.backtrace h2{{margin-top:1.4rem}}
.backtrace .bt-scroll,.backtrace .bt-lines,.backtrace figure{{overflow:visible}}
.backtrace table{{font-size:var(--bt-fit,9.5pt)}}
.backtrace th,.backtrace td{{padding-inline:.5em!important}}
.backtrace tbody th{{position:static}}
.backtrace .bt-result .bt-figure{{color:inherit}}
.backtrace .bt-lines:not(:has(.bt-line:nth-child(5))),.backtrace .bt-scroll:not(:has(tr:nth-child(13)))
 {{break-inside:avoid}}
.backtrace .bt-caption,.backtrace .bt-facts{{break-after:avoid}}
.backtrace span.bt-blank{{line-height:2.6;min-width:9.5em;border-color:var(--bt-faint)}}
.backtrace figure{{break-inside:avoid;max-height:none}}
.backtrace figure svg{{min-width:0;max-height:230mm}}
"""
SIZES: Final = (("s", 38, "21rem"), ("m", 66, "37rem"), ("l", 88, "48rem"), ("w", 120, "62rem"))
"""Up to so many characters worked lines stand beside each other, where the page is at least so wide."""


def size_of(width: float) -> str:
    """The class of worked lines that need so many characters; those of the last stand below each other anywhere."""
    return next((f"bt-{size}" for size, most, _ in SIZES if width <= most), "bt-x")


def style() -> str:
    """The style sheet.

    >>> all(f".bt-{size}{{" in style() for size, _, _ in SIZES)
    True
    """
    narrow = "@container (max-width:40rem){.backtrace tbody th{white-space:normal;max-width:45cqi}}\n"
    columns = (f"@container (min-width:{least}){{{COLUMNS.format(size=size)}}}\n" for size, _, least in SIZES)
    dark = f"@media (prefers-color-scheme:dark){{{_colours(1)}}}\n"
    paper = f"@media print{{{_colours(0)}{PAPER.format()}}}\n"
    return f"{_colours(0)}{RULES}{narrow}{''.join(columns)}{dark}{paper}"


def page_style() -> str:
    """What a page of its own has besides: no edge round it."""
    light, dark = COLOURS["paper"]
    screen = f"html{{background:{light}}}@media (prefers-color-scheme:dark){{html{{background:{dark}}}}}"
    return f"{screen}@media print{{html{{background:none;font-size:10pt}}}}@page{{margin:16mm}}body{{margin:0}}\n"


def _colours(number: int) -> str:
    return f".backtrace{{{''.join(f'--bt-{name}:{pair[number]};' for name, pair in COLOURS.items())}}}"

"""How the page looks: its style as the theme has it, and the policy that lets the browser load nothing else (pure).

Nothing moves on the page, so there is nothing to still for people who asked for less motion.
"""

import hashlib
from base64 import b64encode
from urllib.parse import quote

from bot.config.statuspage import Theme
from bot.statuspage.decide import Condition

LIGHT, DARK = "#ffffff", "#0f1419"
"""The page's backgrounds."""
READABLE = 4.5
"""The least contrast of text with its background (WCAG 2, level AA)."""
_STYLE = """
:root{color-scheme:light dark;--page:#ffffff;--text:#1f2328;--quiet:#57606a;--line:#d1d9e0;--link:#0b57d0;
--mark:#0b57d0;--none:#8c959f;--operational:#1a7f37;--under_maintenance:#0b57d0;--unknown:#57606a;--degraded:#8a5a00;
--partial_outage:#b04500;--major_outage:#b3261e}
@media (prefers-color-scheme:dark){:root{--page:#0f1419;--text:#e6edf3;--quiet:#9da7b3;--line:#343d47;--link:#8ab4f8;
--mark:#8ab4f8;--none:#6e7781;--operational:#56d364;--under_maintenance:#8ab4f8;--unknown:#9da7b3;--degraded:#e3b341;
--partial_outage:#ffa657;--major_outage:#ff8a80}}
*{box-sizing:border-box}
body{margin:0;padding:32px 16px;background:var(--page);color:var(--text);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:anywhere}
header,main,footer{max-width:760px;margin:0 auto}
header{border-bottom:3px solid var(--mark);padding-bottom:12px;margin-bottom:20px}
header img{display:block;height:40px;max-width:100%;object-fit:contain;object-position:left;margin-bottom:12px}
h1{font-size:26px;line-height:1.25;margin:0}
h1 a{color:inherit;text-decoration:none}h1 a:hover{text-decoration:underline}
h2{font-size:18px;margin:36px 0 8px}h3{font-size:16px;margin:0}
p{margin:4px 0}ul,ol{list-style:none;margin:0;padding:0}
a{color:var(--link)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:2px}
li{border-bottom:1px solid var(--line);padding:12px 0}li:last-child{border-bottom:0}
.none{margin-top:24px}.none+.none{margin-top:4px}
li li{border:0;border-left:2px solid var(--line);padding:2px 0 6px 12px;margin-top:6px}
.row{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 16px}
.overall{border:1px solid;border-left-width:6px;border-radius:6px;padding:12px 16px;font-size:18px;font-weight:600}
.state{font-weight:600}.quiet{color:var(--quiet);font-size:14px;font-weight:400}
.days{display:flex;align-items:flex-end;gap:1px;height:28px;margin:8px 0 4px}
.days i{flex:1 1 0;height:100%;min-width:1px;border-radius:1px;background:var(--operational)}
.days .n{height:20%;background:var(--none)}
.days .d{background:repeating-linear-gradient(135deg,var(--degraded) 0 3px,var(--page) 3px 4px)}
.days .b{background:linear-gradient(var(--major_outage) 75%,var(--page) 75% 80%,var(--major_outage) 80%)}
details{margin-top:4px}summary{cursor:pointer;color:var(--link);font-size:14px;width:max-content;max-width:100%}
.days~details li{padding:2px 0;border:0;margin:0}
footer{margin-top:36px}
@media (max-width:560px){.axis :nth-child(2){order:3;flex-basis:100%}}
@media (forced-colors:active){.days i{background:CanvasText;forced-color-adjust:none}.days .n{background:GrayText}
.days .d,.days .b{background:Mark}}
@media print{details>*{display:block}}
""" + "".join(f".{condition}{{color:var(--{condition})}}" for condition in Condition)


def style(theme: Theme) -> str:
    """The page's style sheet."""
    return _STYLE + _accent(theme.accent) if theme.accent else _STYLE


def policy(theme: Theme) -> str:
    """The Content-Security-Policy of the page: its own style, the logo where there is one, and nothing else."""
    logo = f" {quote(theme.logo, safe=':/?&=%~+@')}" if theme.logo else ""
    digest = b64encode(hashlib.sha256(style(theme).encode()).digest()).decode()
    return (
        f"default-src 'none'; img-src data:{logo}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        f"style-src 'sha256-{digest}'"
    )


def contrast(one: str, other: str) -> float:
    """The contrast of two colours like #0b5fff, from 1 to 21 (WCAG 2)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _accent(colour: str) -> str:
    """The colour as the heading's line, and for links where it can be read on the background."""
    light = f"--link:{colour};" if contrast(colour, LIGHT) >= READABLE else ""
    dark = f"--link:{colour};" if contrast(colour, DARK) >= READABLE else ""
    both = f":root{{--mark:{colour};{light}}}"
    return f"{both}@media (prefers-color-scheme:dark){{:root{{--mark:{colour};{dark or '--link:#8ab4f8;'}}}}}"


def _luminance(colour: str) -> float:
    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

"""How much of a text fits into an SMS (pure).

3GPP TS 23.038: 160 septets of the GSM alphabet, or 70 units of UCS-2; 153 and 67 in each part of a longer message.
"""

from bot.phrasing import ELLIPSIS

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")  # two septets each


def segments(text: str) -> int:
    """How many parts the text is sent in."""
    units, alone, joined = _measured(text)
    return 1 if units <= alone else -(-units // joined)


def shortened(text: str, tail: str, most: int) -> str:
    """`text` and `tail` in at most `most` parts; what is cut off the text shows as an ellipsis, the tail is whole."""
    if segments(text + tail) <= most:
        return text + tail
    # three dots are of the GSM alphabet, the ellipsis is not: it alone would halve the room
    dots = "..." if _gsm(text + tail) else ELLIPSIS
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        fits = segments(text[:middle].rstrip() + dots + tail) <= most
        low, high = (middle, high) if fits else (low, middle - 1)
    return text[:low].rstrip() + dots + tail


def _gsm(text: str) -> bool:
    return all(sign in _BASIC or sign in _EXTENDED for sign in text)


def _measured(text: str) -> tuple[int, int, int]:
    """Units of the text, and how many fit into one part alone and into one of several."""
    if _gsm(text):
        return len(text) + sum(sign in _EXTENDED for sign in text), 160, 153
    return len(text.encode("utf-16-le", "surrogatepass")) // 2, 70, 67

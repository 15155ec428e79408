"""Currencies by their code of ISO 4217, and amounts of money in words (pure)."""

from decimal import ROUND_HALF_UP, Decimal

_CODES = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF
IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD
MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB
RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD
UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG
"""
CODES = frozenset(_CODES.split())
_CENT = Decimal("0.01")


def money(amount: Decimal, currency: str) -> str:
    """An amount to the cent, which is left out when it is none: "1,482 EUR", "0.02 USD"; a finer rate is exact."""
    exact = amount if amount < _CENT else amount.quantize(_CENT, ROUND_HALF_UP)
    said = f"{exact.normalize():,f}" if exact == exact.to_integral_value() or amount < _CENT else f"{exact:,f}"
    return f"{said} {currency}"

"""What Stripe takes, by currency: its documentation's page "Supported currencies", of 2026.

The least amount depends on the currency the money is settled in, so an amount that passes here can
still be refused by Stripe, with its own reason. Not every account takes every currency.
"""

from types import MappingProxyType

from core.kernel.money import Asset
from core.payments import CurrencyLimit, Limits

_TWO_DECIMALS = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF
    CNY COP CRC CVE CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL HTG HUF IDR
    ILS INR ISK JMD KES KGS KHR KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN
    MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SEK SGD SHP
    SLE SOS SRD STD SZL THB TJS TOP TRY TTD TWD TZS UAH UGX USD UYU UZS WST XCD XCG YER ZAR ZMW
"""
_NO_DECIMALS = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD JOD KWD OMR TND"

_LEAST = {
    "AED": 200, "ARS": 50, "AUD": 50, "BRL": 50, "CAD": 50, "CHF": 50, "COP": 50, "CZK": 1500,
    "DKK": 250, "EUR": 50, "GBP": 30, "HKD": 400, "HUF": 17500, "IDR": 50, "ILS": 50, "INR": 50,
    "JPY": 50, "KRW": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PHP": 50, "PLN": 200,
    "RON": 200, "RUB": 50, "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50, "ZAR": 50,
}  # fmt: skip
_MOST = {
    "IDR": 999_999_999_999,
    "INR": 999_999_999,
    "JPY": 9_999_999_999,
    "HUF": 9_999_999_999,
    "COP": 9_999_999_999,
    "LBP": 99_999_999_999,
}
_EIGHT_DIGITS = 99_999_999
# Currencies without decimals that are still written with two, which must be zero.
_WRITTEN_WITH_TWO = {"ISK": 100, "UGX": 100}
# The last digit of three is always zero, for the sake of Stripe's partners.
_LAST_OF_THREE = 10


def _limit(code: str, scale: int) -> CurrencyLimit:
    step = _LAST_OF_THREE if scale == 3 else _WRITTEN_WITH_TWO.get(code, 1)
    return CurrencyLimit(
        asset=Asset(code, scale),
        least=_LEAST.get(code, step),
        most=_MOST.get(code, _EIGHT_DIGITS),
        step=step,
    )


LIMITS = Limits(
    MappingProxyType(
        {
            code: _limit(code, scale)
            for scale, codes in ((2, _TWO_DECIMALS), (0, _NO_DECIMALS), (3, _THREE_DECIMALS))
            for code in codes.split()
        }
    )
)

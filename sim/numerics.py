"""Exponential, logarithm and normal quantile from plain arithmetic only.

The mathematical libraries behind Python and behind compiled code may differ in the last bit. Sums, products,
quotients and square roots may not (IEEE 754), so the few functions that the model needs are built from those:
compiled and uncompiled runs then agree to the bit, on every machine. Errors are below 1e-15 relative.
"""

from __future__ import annotations

import math

from sim.jit import compiled

_LN2_HIGH = 0.6931471803691238
_LN2_LOW = 1.9082149292705877e-10
_LN2 = 0.6931471805599453
_SQRT_HALF = 0.7071067811865476


@compiled
def exp(x: float) -> float:
    """e to the power ``x``; 0 below -700, and ``x`` is taken as 700 above."""
    if x < -700.0:
        return 0.0
    if x > 700.0:
        x = 700.0
    k = math.floor(x / _LN2 + 0.5)
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    # Taylor series to r^13: |r| <= 0.3466, the next term is below 1e-17
    s = 1.0 + r / 13.0
    for n in range(12, 0, -1):
        s = 1.0 + r * s / n
    f = 2.0 if k >= 0 else 0.5
    for _ in range(abs(int(k))):
        s *= f
    return s


@compiled
def log(x: float) -> float:
    """Natural logarithm of ``x`` > 0."""
    k = 0
    while x < _SQRT_HALF:
        x *= 2.0
        k -= 1
    while x > 2.0 * _SQRT_HALF:
        x *= 0.5
        k += 1
    s = (x - 1.0) / (x + 1.0)
    q = s * s
    # 2 atanh(s): |s| <= 0.1716, the term after q^10 is below 1e-17
    t = 1.0 / 21.0
    for n in range(19, 0, -2):
        t = 1.0 / n + q * t
    return k * _LN2_HIGH + (2.0 * s * t + k * _LN2_LOW)


@compiled
def logistic(x: float) -> float:
    """1 / (1 + e^-x)."""
    return 1.0 / (1.0 + exp(-x))


@compiled
def normal_quantile(p: float) -> float:
    """Standard normal quantile of ``p`` in (0, 1).

    Rational approximation of Wichura (1988), algorithm AS 241 (PPND16), relative error about 1e-16.
    """
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        num = (
            ((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
            + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
            + 133.14166789178437745) * r + 3.387132872796366608
        )  # fmt: skip
        den = (
            ((((((5226.495278852545925 * r + 28729.085735721942674) * r + 39307.89580009271061) * r
            + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r
            + 42.313330701600911252) * r + 1.0
        )  # fmt: skip
        return q * num / den
    r = p if q < 0.0 else 1.0 - p
    r = math.sqrt(-log(r))
    if r <= 5.0:
        r -= 1.6
        num = (
            ((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r
            + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.7694972214606914055) * r
            + 4.6303378461565452959) * r + 1.42343711074968357734
        )  # fmt: skip
        den = (
            ((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r
            + 0.14810397642748007459) * r + 0.68976733498510000455) * r + 1.6763848301838038494) * r
            + 2.05319162663775882187) * r + 1.0
        )  # fmt: skip
    else:
        r -= 5.0
        num = (
            ((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 0.0012426609473880784386) * r
            + 0.026532189526576123093) * r + 0.29656057182850489123) * r + 1.7848265399172913358) * r
            + 5.4637849111641143699) * r + 6.6579046435011037772
        )  # fmt: skip
        den = (
            ((((((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r + 1.8463183175100546818e-5) * r
            + 7.868691311456132591e-4) * r + 0.0148753612908506148525) * r + 0.13692988092273580531) * r
            + 0.59983220655588793769) * r + 1.0
        )  # fmt: skip
    value = num / den
    return -value if q < 0.0 else value

"""Latitude and longitude to the Ordnance Survey grid, for school files that give only the former.

A seven-parameter (Helmert) shift from WGS84 to OSGB36, then the transverse Mercator projection on the Airy
1830 ellipsoid; good to about five metres, ample for travel between places. Constants and formulas: Ordnance
Survey, A guide to coordinate systems in Great Britain (2020), annexes A to C and section 6.6.
"""

from __future__ import annotations

import numpy as np

_WGS84 = (6378137.0, 6356752.3142)  # semi-axes, metres
_AIRY = (6377563.396, 6356256.909)
_SHIFT = np.array([-446.448, 125.157, -542.060])  # metres
_SCALE = 20.4894e-6
_TURN = np.radians(np.array([-0.1502, -0.2470, -0.8421]) / 3600)  # seconds of arc
_F0, _LAT0, _LON0, _E0, _N0 = 0.9996012717, np.radians(49.0), np.radians(-2.0), 400000.0, -100000.0


def to_grid(lat: np.ndarray, lon: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Easting and northing (metres) of WGS84 latitudes and longitudes (degrees); missing stays missing."""
    return project(*_to_osgb36(np.radians(lat), np.radians(lon)))


def _to_osgb36(lat: np.ndarray, lon: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude in radians from WGS84 to OSGB36, at height 0."""
    a, b = _WGS84
    e2 = 1 - (b / a) ** 2
    nu = a / np.sqrt(1 - e2 * np.sin(lat) ** 2)
    x, y, z = nu * np.cos(lat) * np.cos(lon), nu * np.cos(lat) * np.sin(lon), nu * (1 - e2) * np.sin(lat)
    s, (rx, ry, rz) = 1 + _SCALE, _TURN
    x, y, z = (
        _SHIFT[0] + s * x - rz * y + ry * z,
        _SHIFT[1] + rz * x + s * y - rx * z,
        _SHIFT[2] - ry * x + rx * y + s * z,
    )
    a, b = _AIRY
    e2 = 1 - (b / a) ** 2
    p = np.hypot(x, y)
    turned = np.arctan2(z, p * (1 - e2))
    for _ in range(6):  # converges to well under a millimetre
        nu = a / np.sqrt(1 - e2 * np.sin(turned) ** 2)
        turned = np.arctan2(z + e2 * nu * np.sin(turned), p)
    return turned, np.arctan2(y, x)


def project(lat: np.ndarray, lon: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Easting and northing (metres) of OSGB36 latitude and longitude in radians (guide, annex C.1)."""
    a, b = _AIRY
    e2, n = 1 - (b / a) ** 2, (a - b) / (a + b)
    sin, cos, tan = np.sin(lat), np.cos(lat), np.tan(lat)
    nu = a * _F0 / np.sqrt(1 - e2 * sin**2)
    rho = a * _F0 * (1 - e2) * (1 - e2 * sin**2) ** -1.5
    eta2 = nu / rho - 1
    minus, plus = lat - _LAT0, lat + _LAT0
    arc = (
        b
        * _F0
        * (
            (1 + n + 5 / 4 * n**2 + 5 / 4 * n**3) * minus
            - (3 * n + 3 * n**2 + 21 / 8 * n**3) * np.sin(minus) * np.cos(plus)
            + (15 / 8 * n**2 + 15 / 8 * n**3) * np.sin(2 * minus) * np.cos(2 * plus)
            - 35 / 24 * n**3 * np.sin(3 * minus) * np.cos(3 * plus)
        )
    )
    d = lon - _LON0
    northing = (
        arc
        + _N0
        + nu / 2 * sin * cos * d**2
        + nu / 24 * sin * cos**3 * (5 - tan**2 + 9 * eta2) * d**4
        + nu / 720 * sin * cos**5 * (61 - 58 * tan**2 + tan**4) * d**6
    )
    easting = (
        _E0
        + nu * cos * d
        + nu / 6 * cos**3 * (nu / rho - tan**2) * d**3
        + nu / 120 * cos**5 * (5 - 18 * tan**2 + tan**4 + 14 * eta2 - 58 * tan**2 * eta2) * d**5
    )
    return easting, northing

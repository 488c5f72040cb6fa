"""Answers of the server are packed before they are sent: a page weighs a third of what it would.

The scripts of the page are packed once and kept. Only what shrinks is packed, and only for browsers that say
that they can unpack it.
"""

from __future__ import annotations

import gzip
from collections import OrderedDict
from typing import Any

PACKED_TYPES = ("text/", "application/json", "application/javascript")
SMALLEST = 1000  # bytes below which packing is not worth it
MOST_KEPT = 60
LEVEL = 4  # of 9: half the time of 6, and a page weighs four in a hundred more


def pack_answers(server: Any) -> None:
    """Make a Flask application pack its answers."""
    from flask import request

    kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()

    def pack(response: Any) -> Any:
        if (
            "gzip" not in request.headers.get("Accept-Encoding", "")
            or response.status_code != 200
            or "Content-Encoding" in response.headers
            or not (response.mimetype or "").startswith(PACKED_TYPES)
        ):
            return response
        response.direct_passthrough = False
        data = response.get_data()
        if len(data) < SMALLEST:
            return response
        script = request.path.startswith("/_dash-component-suites/")
        key = (request.full_path, len(data))
        packed = kept.get(key) if script else None
        if packed is None:
            packed = gzip.compress(data, LEVEL)
            if script:
                kept[key] = packed
                while len(kept) > MOST_KEPT:
                    kept.popitem(last=False)
        response.set_data(packed)
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Content-Length"] = str(len(packed))
        response.headers.add("Vary", "Accept-Encoding")
        return response

    server.after_request(pack)

"""Values that were read, as JSON has them."""

import json


def nested(value):
    """What is no scalar in a line of JSON is JSON text elsewhere."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False) if isinstance(value, (dict, list)) else value


def plain(value):
    """A value of Arrow's or DuckDB's as JSON has it; times are text, and lists JSON text."""
    if isinstance(value, list):
        return nested([plain(item) for item in value])
    if hasattr(value, "isoformat"):
        is_time = hasattr(value, "hour")
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if is_time else value.isoformat()
    return value

"""Requests that OpenAPI and the documents show; what they are answered is never written down, but asked."""

from collections.abc import Mapping

ESTIMATES: Mapping[str, Mapping[str, object]] = {
    "a chat on a card": {
        "model": "llama-3.1-8b",
        "in_tokens": 1155,
        "out_tokens": 211,
        "hardware": "h100-sxm5-80gb",
        "batch": 8,
        "count": 1000,
        "region": "francecentral",
    },
    "a minute of speech": {"model": "whisper-tiny", "audio_seconds": 60, "region": "sweden"},
    "a translation": {"model": "nllb-600m", "chars": 500, "language": "fr"},
    "a model of your own, in a place of your own": {
        "model": "my-mixture",
        "params_b": 200,
        "active_params_b": 20,
        "in_tokens": 1000,
        "out_tokens": 200,
        "pue": 1.3,
        "g_per_kwh": 60,
    },
}
REFUSED: Mapping[str, Mapping[str, object]] = {
    "a name that is near another": {"model": "lama-3.1-8b", "out_tokens": 211, "params_b": -1},
}
BATCH: Mapping[str, Mapping[str, object]] = {
    "requests": {
        "requests": [
            {"model": "llama-3.1-8b", "in_tokens": 1155, "out_tokens": 211, "region": "usa"},
            {"model": "llama-3.1-8b", "in_tokens": 1155, "out_tokens": -1},
        ]
    },
    "columns": {
        "columns": {
            "model": "llama-3.1-8b",
            "in_tokens": [1155, 20, 300],
            "out_tokens": [211, 5, -1],
            "region": ["usa", "francecentral", "usa"],
        }
    },
}
OLDER: Mapping[str, Mapping[str, object]] = {
    "the older calculator's own example": {
        "region": {"pue": 1.2, "carbon_intensity": 55},
        "hardware": {"power_gpu": 400, "power_cpu": 100, "eta_cpu": 0.2},
        "profile": {"name": "test", "input_size": 1000, "output_size": 200, "throughput": 60, "count": 1},
    },
}

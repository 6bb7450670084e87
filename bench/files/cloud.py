"""What a cloud says about the virtual machine it lent: size, place and price class, and no name of anyone.

Azure's Instance Metadata Service answers inside the VM at a fixed, unroutable address, past every proxy.
Source: https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service, checked 2026-11-21.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.files.kernel import text_of
from bench.nouns import Fact

AZURE_METADATA = "http://169.254.169.254"
_PATH = "/metadata/instance/compute?api-version=2021-02-01&format=json"
# SMBIOS strings that every Azure VM carries, and no Hyper-V machine elsewhere: cloud-init's
# sources/azure/identity.py, class ChassisAssetTag; checked 2026-11-21
_AZURE_VENDOR = "Microsoft Corporation"
_AZURE_ASSET_TAG = "7783-7084-3265-9085-8269-3286-77"
_MOST_BYTES = 1 << 20
_HASH_DIGITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudMachine:
    """A rented machine. Its id is only ever a hash; names, tags and subscriptions are never read."""

    provider: str
    size: str  # "Standard_NC4as_T4_v3"
    location: str | None = None
    zone: str | None = None
    priority: str | None = None  # "Regular", "Spot", "Low"
    id_sha256: str | None = None  # the first 16 digits

    def facts(self) -> Mapping[str, Fact]:
        """The same as facts of a record."""
        return {
            "cloud": self.provider,
            "cloud_size": self.size,
            "cloud_location": self.location,
            "cloud_zone": self.zone,
            "cloud_priority": self.priority,
            "cloud_id_sha256": self.id_sha256,
        }


def read_cloud(
    timeout_s: float = 1.0, base_url: str = AZURE_METADATA, root: Path = Path("/")
) -> CloudMachine | None:
    """The cloud machine this is, or None. The network is asked only where the firmware says Azure."""
    if not _firmware_says_azure(root / "sys/class/dmi/id"):
        return None
    answer = _ask(base_url + _PATH, timeout_s)
    size = _said(answer, "vmSize")
    if size is None:
        return None
    return CloudMachine(
        provider="azure",
        size=size,
        location=_said(answer, "location"),
        zone=_said(answer, "zone"),
        priority=_said(answer, "priority"),
        id_sha256=_hashed(_said(answer, "vmId")),
    )


def _firmware_says_azure(dmi: Path) -> bool:
    return text_of(dmi / "sys_vendor") == _AZURE_VENDOR and text_of(dmi / "chassis_asset_tag") == _AZURE_ASSET_TAG


def _ask(url: str, timeout_s: float) -> Mapping[str, object]:
    # urllib brings ssl and email along: only a machine that is a cloud's pays for them
    from http.client import HTTPException
    from urllib.request import ProxyHandler, Request, build_opener

    request = Request(url, headers={"Metadata": "true"})
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=timeout_s) as answer:
            found = json.loads(answer.read(_MOST_BYTES))
    except (OSError, HTTPException, ValueError):
        return {}  # no service, or none that can be understood: the machine goes by its CPU and GPUs
    return found if isinstance(found, dict) else {}


def _said(answer: Mapping[str, object], key: str) -> str | None:
    value = answer.get(key)
    return value if isinstance(value, str) and value else None


def _hashed(text: str | None) -> str | None:
    return None if text is None else hashlib.sha256(text.lower().encode()).hexdigest()[:_HASH_DIGITS]

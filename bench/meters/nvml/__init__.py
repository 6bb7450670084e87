"""NVIDIA GPUs through NVML: the energy counter and power fields of every board, each found by calling it.

What a call means depends on the board (Yang, Adamek, Armour, arXiv:2312.02741, table 2 and section 4.2;
checked 2026-11-21): `instant` is a short average or one look in each update, `average` trails by up to a
second, and nvmlDeviceGetPowerUsage is the former on GA100 and older, the latter on newer boards. So the
two named fields are preferred, and the ambiguous call is kept only where neither answers.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import pynvml

from bench.files.options import check_options
from bench.files.own_time import process_ids
from bench.meters.nvml.meter import NvmlMeter
from bench.meters.nvml.probe import ProbedBoard, probe, said
from bench.nouns import Check, Found


def open_meters(options: Mapping[str, str], *, clock_ns: Callable[[], int] = time.monotonic_ns) -> Found:
    """A meter for every GPU of the machine. Options: `own_pids`, comma-separated, are not foreign work."""
    check_options("nvml", options, ("own_pids",))
    own_pids = frozenset(process_ids(options.get("own_pids", "")))
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return Found(checks=(_no_driver(error),))
    try:
        driver = str(pynvml.nvmlSystemGetDriverVersion())
        boards = [probe(index, driver) for index in range(pynvml.nvmlDeviceGetCount())]
        # every meter holds NVML open for itself: the library counts nvmlInit and nvmlShutdown
        meters = tuple(NvmlMeter(board, own_pids, clock_ns) for board in boards if board.handle is not None)
    except pynvml.NVMLError as error:
        return Found(checks=(_no_driver(error),))
    finally:
        with suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()
    excluded = tuple(board.source for board in boards if board.handle is None)
    return Found(meters=meters, excluded=excluded, checks=_checks(boards, driver))


def _checks(boards: Sequence[ProbedBoard], driver: str) -> tuple[Check, ...]:
    if not boards:
        reason = f"driver {driver} answers, but lists no GPU"
        return (Check(name="nvml", status="missing", reason=reason, remedy="pass a GPU into this machine"),)
    return tuple(_check(board) for board in boards)


def _check(board: ProbedBoard) -> Check:
    source = board.source
    name = f"nvml {source.domain}"
    if board.handle is None:
        return Check(
            name=name,
            status="missing",
            reason=f"{source.device_name or source.device}: {source.reason}",
            remedy=board.remedy,
        )
    summary = f"{source.device_name}, driver {source.driver}: reads {', '.join(source.fields)}"
    if "counter" not in source.fields:
        reason = f"{summary}; no energy counter ({source.details['counter']})"
        return Check(name=name, status="degraded", reason=reason, remedy="windows of 10 s or more")
    return Check(name=name, status="ok", reason=summary)


def _no_driver(error: "pynvml.NVMLError") -> Check:
    if error.value == pynvml.NVML_ERROR_LIBRARY_NOT_FOUND:
        reason = "no NVIDIA driver: libnvidia-ml.so.1 was not found"
    else:
        reason = f"the NVIDIA driver does not answer: {said(error.value)}"
    remedy = "with an NVIDIA GPU in this machine, install its driver until `nvidia-smi` answers"
    return Check(name="nvml", status="missing", reason=reason, remedy=remedy)

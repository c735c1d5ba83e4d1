"""From what a chip declares (SecurityInfos) to PACE as this terminal can speak it, best first."""

from __future__ import annotations

from typing import Any

from crypto.pace.parameters import Agreement, Mapping, PaceProtocol, standardized_curve
from crypto.primitives.dh_groups import DH_GROUPS
from reader.lds.security_infos import PaceInfo, SecurityInfos
from reader.protocols.pace import PaceSuite
from reader.protocols.pace_domain import DhDomain, EcdhDomain, PaceDomain

__all__ = ["pace_suites"]

_MAPPINGS = (Mapping.CHIP_AUTHENTICATION, Mapping.GENERIC, Mapping.INTEGRATED)
_PACE_VERSION = 2  # Doc 9303-11 §9.2.1; version 1 was another protocol


def pace_suites(infos: SecurityInfos) -> list[PaceSuite]:
    """PACE as the chip offers it and this terminal can speak it, best first.

    The longer key wins, 3DES comes last; then curves before finite fields; then chip-authentication mapping, as it
    proves the chip on the way, before generic mapping and that before integrated mapping (the order in which most
    chips have been tried); then the chip's own order.
    """
    offered = tuple(info for info in infos.of(PaceInfo) if info.version == _PACE_VERSION)
    suites = [suite for info in offered if (suite := _pace_suite(info, offered)) is not None]
    return sorted(suites, key=_preference)


def _preference(suite: PaceSuite) -> tuple[bool, int, bool, int]:
    protocol = suite.protocol
    return (
        not protocol.cipher.is_aes,
        -protocol.cipher.key_bytes,
        protocol.agreement is Agreement.DH,
        _MAPPINGS.index(protocol.mapping),
    )


def _pace_suite(info: PaceInfo, offered: tuple[PaceInfo, ...]) -> PaceSuite | None:
    domain = None if info.parameter_id is None else _domain(info.protocol, info.parameter_id)
    if domain is None:
        return None
    # Doc 9303-11 §4.4.4.1: required if "more than one set of domain parameters is available for PACE", whatever the
    # protocol that each belongs to; and not sent to a chip with a single set, which may have no table for it
    ambiguous = len({other.parameter_id for other in offered}) > 1
    return PaceSuite(info.protocol, domain, info.parameter_id if ambiguous else None)


def _domain(protocol: PaceProtocol, parameter_id: int) -> PaceDomain[Any, Any] | None:
    """The standardised domain parameters (Doc 9303-11 §9.5.1), or ``None`` for what the protocol cannot run on."""
    if protocol.agreement is Agreement.DH:
        group = DH_GROUPS.get(parameter_id)
        return None if group is None else DhDomain(group)
    curve = standardized_curve(parameter_id)
    if curve is None or (protocol.mapping is Mapping.INTEGRATED and curve.p % 4 != 3):
        return None  # the point encoding of integrated mapping is not defined for secp224r1 (Appendix B.2)
    return EcdhDomain(curve)

"""From what a chip declares about PACE to suites that this terminal may speak, best first.

EF.CardAccess is not signed when it is used. Domain parameters that a chip brings itself are therefore taken only if they
are, in every number, those of a known curve or group: "terminals MUST NOT use unverified domain parameters"
(TR-03110-3 §A.2.1.3), since weak ones would tell an attacker the password. Decision record 0007.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import Any, Final

from crypto.errors import CryptoError, WireError
from crypto.pace.parameters import Agreement, Mapping, PaceProtocol, pace_protocol, standardized_curve
from crypto.primitives.curves import Curve
from crypto.primitives.dh_groups import DH_GROUPS, DhGroup
from crypto.signatures.dh_public_key import parse_dh_domain
from crypto.signatures.explicit_parameters import match_curve
from crypto.signatures.public_key import EC_PUBLIC_KEY
from crypto.wire.tlv import parse_tlv
from reader.lds.public_key import AlgorithmIdentifier
from reader.lds.security_infos import (
    ID_PACE,
    MalformedSecurityInfo,
    PaceDomainParameterInfo,
    PaceInfo,
    SecurityInfo,
    SecurityInfos,
)
from reader.protocols.pace import PaceSuite
from reader.protocols.pace_domain import DhDomain, EcdhDomain, PaceDomain

__all__ = ["OfferProblem", "PaceOffers", "pace_offers", "pace_suites"]

_MAPPINGS: Final = (Mapping.CHIP_AUTHENTICATION, Mapping.GENERIC, Mapping.INTEGRATED)
_PACE_VERSION: Final = 2  # Doc 9303-11 §9.2.1; version 1 was another protocol
_RESERVED_IDS: Final = range(32)  # for standardised parameters (Doc 9303-11 §9.5.1; TR-03110-3 §A.2.1 table 4)
_SEQUENCE: Final = 0x30


class OfferProblem(enum.StrEnum):
    """Why an offer of PACE is not taken. The words stand as ``reason`` in errors."""

    UNKNOWN_PROTOCOL = "unknown_protocol"
    OTHER_VERSION = "other_version"
    MALFORMED = "malformed"
    PARAMETERS_MISSING = "parameters_missing"
    PARAMETERS_UNKNOWN = "parameters_unknown"
    PARAMETERS_UNFIT = "parameters_unfit"
    PARAMETERS_MANIPULATED = "parameters_manipulated"


@dataclasses.dataclass(frozen=True, slots=True)
class PaceOffers:
    """All that a chip says about PACE.

    Attributes:
        suites: what this terminal may speak, best first.
        problems: why each other offer is not taken, in the order of the chip.
    """

    suites: tuple[PaceSuite, ...]
    problems: tuple[OfferProblem, ...]

    @property
    def exist(self) -> bool:
        """Whether the chip offers PACE at all, spoken here or not: then BAC is a fall-back."""
        return bool(self.suites or self.problems)

    @property
    def are_manipulated(self) -> bool:
        """Whether somebody offers a known curve or group with another base point or order: no honest chip does."""
        return OfferProblem.PARAMETERS_MANIPULATED in self.problems


class _Unusable(Exception):  # noqa: N818 - inside this module only
    def __init__(self, problem: OfferProblem) -> None:
        super().__init__(problem)
        self.problem = problem


def pace_suites(infos: SecurityInfos) -> list[PaceSuite]:
    """The suites of :func:`pace_offers`."""
    return list(pace_offers(infos).suites)


def pace_offers(infos: SecurityInfos) -> PaceOffers:
    """PACE as the chip offers it and this terminal may speak it.

    The longer key wins, 3DES comes last; then curves before finite fields; then chip-authentication mapping, as it
    proves the chip on the way, before generic mapping and that before integrated mapping (the order in which most
    chips have been tried); then the chip's own order.
    """
    suites: list[PaceSuite] = []
    problems: list[OfferProblem] = []
    usable = [info for info in infos.of(PaceInfo) if info.version == _PACE_VERSION]
    for info in infos.infos:
        if not info.oid.startswith(f"{ID_PACE}.") or isinstance(info, PaceDomainParameterInfo):
            continue
        try:
            suites.append(_suite(info, usable, infos))
        except _Unusable as error:
            problems.append(error.problem)
    return PaceOffers(tuple(sorted(suites, key=_preference)), tuple(problems))


def _preference(suite: PaceSuite) -> tuple[bool, int, bool, int]:
    protocol = suite.protocol
    return (
        not protocol.cipher.is_aes,
        -protocol.cipher.key_bytes,
        protocol.agreement is Agreement.DH,
        _MAPPINGS.index(protocol.mapping),
    )


def _suite(info: SecurityInfo, usable: list[PaceInfo], infos: SecurityInfos) -> PaceSuite:
    if not isinstance(info, PaceInfo):
        malformed = isinstance(info, MalformedSecurityInfo)
        raise _Unusable(OfferProblem.MALFORMED if malformed else OfferProblem.UNKNOWN_PROTOCOL)
    if info.version != _PACE_VERSION:
        raise _Unusable(OfferProblem.OTHER_VERSION)
    if info.parameter_id is not None and info.parameter_id in _RESERVED_IDS:
        group = standardized_curve(info.parameter_id) or DH_GROUPS.get(info.parameter_id)
        domain = _domain(info.protocol, group)
        reference: int | None = info.parameter_id
    else:
        explicit = _explicit_parameters(info, infos)
        domain, reference = _domain(info.protocol, _group(explicit.domain_parameter)), explicit.parameter_id
    # Doc 9303-11 §4.4.4.1: required if "more than one set of domain parameters is available for PACE", whatever the
    # protocol that each belongs to; and not sent to a chip with a single set, which may have no table for it
    ambiguous = len({other.parameter_id for other in usable}) > 1
    return PaceSuite(info.protocol, domain, reference if ambiguous else None)


def _domain(protocol: PaceProtocol, group: Curve | DhGroup | None) -> PaceDomain[Any, Any]:
    """The group as the protocol uses it."""
    if group is None:
        raise _Unusable(OfferProblem.PARAMETERS_UNKNOWN)
    if isinstance(group, DhGroup):
        if protocol.agreement is not Agreement.DH:
            raise _Unusable(OfferProblem.PARAMETERS_UNFIT)
        return DhDomain(group)
    if protocol.agreement is Agreement.DH or (protocol.mapping is Mapping.INTEGRATED and group.p % 4 != 3):
        # the point encoding of integrated mapping is not defined for secp224r1 (Doc 9303-11 Appendix B.2)
        raise _Unusable(OfferProblem.PARAMETERS_UNFIT)
    return EcdhDomain(group)


def _explicit_parameters(info: PaceInfo, infos: SecurityInfos) -> PaceDomainParameterInfo:
    """The PACEDomainParameterInfo that an offer refers to (Doc 9303-11 §9.2.2).

    It names the same family of protocols (or at least one over the same kind of group) and the same id. Without an id in
    the offer there must be exactly one. An id that is reserved for standardised parameters names nothing here.
    """
    family = info.protocol.oid.rpartition(".")[0]
    fitting = [
        other
        for other in infos.of(PaceDomainParameterInfo)
        if _agreement(other) is info.protocol.agreement
        and (info.parameter_id is None or other.parameter_id == info.parameter_id)
        and other.parameter_id not in _RESERVED_IDS
    ]
    exact = [other for other in fitting if other.oid == family] or fitting
    if not exact or len({other.domain_parameter.encoded for other in exact}) > 1:
        raise _Unusable(OfferProblem.PARAMETERS_MISSING)
    return exact[0]


def _agreement(info: PaceDomainParameterInfo) -> Agreement | None:
    protocol = pace_protocol(f"{info.oid}.2")  # any cipher: the family alone decides
    return None if protocol is None else protocol.agreement


def _group(parameters: AlgorithmIdentifier) -> Curve | DhGroup:
    """The known curve or group that these parameters name or spell out, in every number."""
    try:
        group = _named_or_spelt_out(parameters)
    except CryptoError as error:
        manipulated = error.code.name in ("curve.parameters_manipulated", "dh.parameters_manipulated")
        problem = OfferProblem.PARAMETERS_MANIPULATED if manipulated else OfferProblem.PARAMETERS_UNKNOWN
        raise _Unusable(problem) from error
    except WireError as error:
        raise _Unusable(OfferProblem.MALFORMED) from error
    if isinstance(group, DhGroup) and group not in DH_GROUPS.values():
        raise _Unusable(OfferProblem.PARAMETERS_UNKNOWN)
    return group


def _named_or_spelt_out(parameters: AlgorithmIdentifier) -> Curve | DhGroup:
    if (named := parameters.curve) is not None:
        return named
    if parameters.parameters is None:
        raise _Unusable(OfferProblem.MALFORMED)
    content = parse_tlv(parameters.parameters)
    if parameters.oid == EC_PUBLIC_KEY:
        if content.tag != _SEQUENCE:  # a name that nobody here knows, or NULL
            raise _Unusable(OfferProblem.PARAMETERS_UNKNOWN)
        return match_curve(content)
    return parse_dh_domain(parameters.oid, content)

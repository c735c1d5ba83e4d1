"""Which states of a machine-readable zone a country's signing authority may sign for (Doc 9303-3 §5, Doc 9303-12 §7.1.1).

Certificates name the country by two letters (Doc 9303-12 §7.1.1.1), the machine-readable zone by three, and the two
lists differ in more than length: Germany is ``D``, the United Kingdom issues under six codes, organisations have codes
of their own.
"""

from __future__ import annotations

from typing import Final

from crypto.pki.names import COUNTRY, Name

__all__ = ["country_of", "states_of"]

# ISO 3166-1, as two letters and three.
_ISO_3166: Final = """
AD AND  AE ARE  AF AFG  AG ATG  AI AIA  AL ALB  AM ARM  AO AGO  AQ ATA  AR ARG  AS ASM  AT AUT  AU AUS  AW ABW  AX ALA
AZ AZE  BA BIH  BB BRB  BD BGD  BE BEL  BF BFA  BG BGR  BH BHR  BI BDI  BJ BEN  BL BLM  BM BMU  BN BRN  BO BOL  BQ BES
BR BRA  BS BHS  BT BTN  BV BVT  BW BWA  BY BLR  BZ BLZ  CA CAN  CC CCK  CD COD  CF CAF  CG COG  CH CHE  CI CIV  CK COK
CL CHL  CM CMR  CN CHN  CO COL  CR CRI  CU CUB  CV CPV  CW CUW  CX CXR  CY CYP  CZ CZE  DE D    DJ DJI  DK DNK  DM DMA
DO DOM  DZ DZA  EC ECU  EE EST  EG EGY  EH ESH  ER ERI  ES ESP  ET ETH  FI FIN  FJ FJI  FK FLK  FM FSM  FO FRO  FR FRA
GA GAB  GB GBR  GD GRD  GE GEO  GF GUF  GG GGY  GH GHA  GI GIB  GL GRL  GM GMB  GN GIN  GP GLP  GQ GNQ  GR GRC  GS SGS
GT GTM  GU GUM  GW GNB  GY GUY  HK HKG  HM HMD  HN HND  HR HRV  HT HTI  HU HUN  ID IDN  IE IRL  IL ISR  IM IMN  IN IND
IO IOT  IQ IRQ  IR IRN  IS ISL  IT ITA  JE JEY  JM JAM  JO JOR  JP JPN  KE KEN  KG KGZ  KH KHM  KI KIR  KM COM  KN KNA
KP PRK  KR KOR  KW KWT  KY CYM  KZ KAZ  LA LAO  LB LBN  LC LCA  LI LIE  LK LKA  LR LBR  LS LSO  LT LTU  LU LUX  LV LVA
LY LBY  MA MAR  MC MCO  MD MDA  ME MNE  MF MAF  MG MDG  MH MHL  MK MKD  ML MLI  MM MMR  MN MNG  MO MAC  MP MNP  MQ MTQ
MR MRT  MS MSR  MT MLT  MU MUS  MV MDV  MW MWI  MX MEX  MY MYS  MZ MOZ  NA NAM  NC NCL  NE NER  NF NFK  NG NGA  NI NIC
NL NLD  NO NOR  NP NPL  NR NRU  NU NIU  NZ NZL  OM OMN  PA PAN  PE PER  PF PYF  PG PNG  PH PHL  PK PAK  PL POL  PM SPM
PN PCN  PR PRI  PS PSE  PT PRT  PW PLW  PY PRY  QA QAT  RE REU  RO ROU  RS SRB  RU RUS  RW RWA  SA SAU  SB SLB  SC SYC
SD SDN  SE SWE  SG SGP  SH SHN  SI SVN  SJ SJM  SK SVK  SL SLE  SM SMR  SN SEN  SO SOM  SR SUR  SS SSD  ST STP  SV SLV
SX SXM  SY SYR  SZ SWZ  TC TCA  TD TCD  TF ATF  TG TGO  TH THA  TJ TJK  TK TKL  TL TLS  TM TKM  TN TUN  TO TON  TR TUR
TT TTO  TV TUV  TW TWN  TZ TZA  UA UKR  UG UGA  UM UMI  US USA  UY URY  UZ UZB  VA VAT  VC VCT  VE VEN  VG VGB  VI VIR
VN VNM  VU VUT  WF WLF  WS WSM  YE YEM  YT MYT  ZA ZAF  ZM ZMB  ZW ZWE
"""

# What Doc 9303-3 §5 adds to ISO 3166-1 or does otherwise, and states that issue under several codes.
_BESIDE_ISO_3166: Final = """
GB GBD GBN GBO GBP GBS
AI GBD  BM GBD  FK GBD  GI GBD  KY GBD  MS GBD  PN GBD  SH GBD  TC GBD  VG GBD
GG GBR  IM GBR  JE GBR
CN HKG MAC  HK CHN  MO CHN
EU EUE
KS RKS  XK RKS
UN UNO UNA UNK
UT UTO
"""


def _table() -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    country = ""
    for word in f"{_ISO_3166} {_BESIDE_ISO_3166}".split():
        if len(word) == 2:
            country = word
        else:
            table.setdefault(country, set()).add(word)
    return {country: frozenset(states) for country, states in table.items()}


_STATES: Final = _table()


def country_of(name: Name) -> str:
    """The country of a distinguished name in capital letters; empty if it names none, or more than one."""
    named = {value.strip().upper() for value in name.values(COUNTRY)}
    return named.pop() if len(named) == 1 else ""


def states_of(country: str) -> frozenset[str]:
    """The issuing states, as a machine-readable zone spells them without fillers, of a certificate's country.

    Args:
        country: two letters, as in ``countryName``; ``UT`` is Utopia, the example state of Doc 9303.

    Returns:
        Empty if the country is not in the list: then certificates must tell themselves (Doc 9303-12 §7.1.1.2).
    """
    return _STATES.get(country, frozenset())

"""A program, no test: another program at the same card reader. It takes the card, selects the identity application and holds
on until its input ends; then it leaves the card as it is, with the application selected.

Usage: pcsc_holder.py READER exclusive|shared
"""

import sys

from smartcard import scard

SELECT_APPLICATION = bytes.fromhex("00A4040C07A0000002471001")
SHARE = {"exclusive": scard.SCARD_SHARE_EXCLUSIVE, "shared": scard.SCARD_SHARE_SHARED}

_, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
result, card, _ = scard.SCardConnect(context, sys.argv[1], SHARE[sys.argv[2]], scard.SCARD_PROTOCOL_T1)
if result != scard.SCARD_S_SUCCESS:
    sys.exit(f"{result & 0xFFFFFFFF:08X}")
_, answer = scard.SCardTransmit(card, scard.SCARD_PCI_T1, list(SELECT_APPLICATION))
sys.stdout.write(bytes(answer).hex() + "\n")
sys.stdout.flush()
sys.stdin.read()
scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)
scard.SCardReleaseContext(context)

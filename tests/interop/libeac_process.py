"""libeac, the library of OpenPACE, behind standard input and output: a peer of its own process.

Run by :mod:`tests.interop.libeac` with ``python -I``; it imports nothing but the standard library, and loads the system's
libeac and the system's OpenSSL, never the one inside this project's environment. It knows no APDUs and no files: it
computes what it is told to, on contexts that the caller numbers by making them.

One line, one request: ``operation argument …``, octets in hexadecimal with a leading ``x``, numbers in decimal. The last
line of an answer is ``ok x…`` or ``no``; lines before it are what libeac itself printed about a failure.
"""

import ctypes
import sys
from collections.abc import Callable

LIBRARIES = "libeac.so.3", "libcrypto.so.3"
Pointer = ctypes.c_void_p


class BufMem(ctypes.Structure):
    """OpenSSL's BUF_MEM (openssl/buffer.h)."""

    _fields_ = (
        ("length", ctypes.c_size_t),
        ("data", Pointer),
        ("max", ctypes.c_size_t),
        ("flags", ctypes.c_ulong),
    )


class EacContext(ctypes.Structure):
    """EAC_CTX (eac/eac.h), as far as it is looked at."""

    _fields_ = (
        ("tr_version", ctypes.c_int),
        ("bn_ctx", Pointer),
        ("md_ctx", Pointer),
        ("cipher_ctx", Pointer),
        ("pace_ctx", Pointer),
        ("pace_ctxs", Pointer),
        ("ri_ctx", Pointer),
        ("ri_ctxs", Pointer),
        ("ta_ctx", Pointer),
        ("ca_ctx", Pointer),
        ("ca_ctxs", Pointer),
        ("key_ctx", Pointer),
        ("ssc", Pointer),
    )


class PaceContext(ctypes.Structure):
    """PACE_CTX (eac/eac.h), as far as it is looked at."""

    _fields_ = (
        ("protocol", ctypes.c_int),
        ("version", ctypes.c_ubyte),
        ("id", ctypes.c_int),
        ("map_generate_key", Pointer),
        ("map_compute_key", Pointer),
        ("static_key", Pointer),
        ("ka_ctx", Pointer),
    )


class CaContext(ctypes.Structure):
    """CA_CTX (eac/eac.h), as far as it is looked at."""

    _fields_ = (
        ("version", ctypes.c_ubyte),
        ("protocol", ctypes.c_int),
        ("id", ctypes.c_int),
        ("flags", ctypes.c_int),
        ("ka_ctx", Pointer),
    )


class Agreement(ctypes.Structure):
    """KA_CTX (eac/eac.h), as far as it is looked at."""

    _fields_ = (
        ("md", Pointer),
        ("md_engine", Pointer),
        ("cmac_ctx", Pointer),
        ("cipher", Pointer),
        ("cipher_engine", Pointer),
        ("iv", Pointer),
        ("mac_keylen", ctypes.c_int),
        ("enc_keylen", ctypes.c_int),
        ("generate_key", Pointer),
        ("compute_key", Pointer),
        ("key", Pointer),
        ("shared_secret", Pointer),
    )


class FailedError(Exception):
    """libeac said no."""


Buffer = ctypes.POINTER(BufMem)
try:
    eac, openssl = (ctypes.CDLL(name) for name in LIBRARIES)
except OSError as absent:
    sys.exit(str(absent))


def function(library: ctypes.CDLL, name: str, result: object, *arguments: object) -> Callable[..., object]:
    found = getattr(library, name)
    found.restype, found.argtypes = result, arguments
    return found  # type: ignore[no-any-return]


INT, TEXT, SIZE = ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t
buf_mem_new = function(openssl, "BUF_MEM_new", Buffer)
buf_mem_free = function(openssl, "BUF_MEM_free", None, Buffer)
buf_mem_grow = function(openssl, "BUF_MEM_grow", SIZE, Buffer, SIZE)
provider_load = function(openssl, "OSSL_PROVIDER_load", Pointer, Pointer, TEXT)
stack_size = function(openssl, "OPENSSL_sk_num", INT, Pointer)
stack_value = function(openssl, "OPENSSL_sk_value", Pointer, Pointer, INT)
object_to_text = function(openssl, "OBJ_obj2txt", INT, TEXT, INT, Pointer, INT)
clear_errors = function(openssl, "ERR_clear_error", None)

context_new = function(eac, "EAC_CTX_new", Pointer)
context_free = function(eac, "EAC_CTX_clear_free", None, Pointer)
text_to_nid = function(eac, "EAC_OBJ_txt2nid", INT, TEXT)
nid_to_object = function(eac, "EAC_OBJ_nid2obj", Pointer, INT)
secret_new = function(eac, "PACE_SEC_new", Pointer, TEXT, SIZE, INT)
secret_free = function(eac, "PACE_SEC_clear_free", None, Pointer)
init_pace = function(eac, "EAC_CTX_init_pace", INT, Pointer, INT, INT)
init_ca = function(eac, "EAC_CTX_init_ca", INT, Pointer, INT, INT)
init_ta = function(eac, "EAC_CTX_init_ta", INT, Pointer, TEXT, SIZE, TEXT, SIZE)
init_card_access = function(eac, "EAC_CTX_init_ef_cardaccess", INT, TEXT, SIZE, Pointer)
set_channel = function(eac, "EAC_CTX_set_encryption_ctx", INT, Pointer, INT)
reset_counter = function(eac, "EAC_reset_ssc", INT, Pointer)
increment_counter = function(eac, "EAC_increment_ssc", INT, Pointer)
compress = function(eac, "EAC_Comp", Buffer, Pointer, INT, Buffer)
ca_set_key = function(eac, "CA_set_key", INT, Pointer, TEXT, SIZE, TEXT, SIZE)
ca_derive_as_chip = function(
    eac, "CA_STEP5_derive_keys", INT, Pointer, Buffer, ctypes.POINTER(Buffer), ctypes.POINTER(Buffer)
)
ca_derive_as_terminal = function(eac, "CA_STEP6_derive_keys", INT, Pointer, Buffer, Buffer)
ca_check_key = function(eac, "CA_STEP3_check_pcd_pubkey", INT, Pointer, Buffer, Buffer)
ca_disable_passive_authentication = function(eac, "CA_disable_passive_authentication", None, Pointer)
ca_key_of_card_security = function(eac, "CA_get_pubkey", Buffer, Pointer, TEXT, SIZE)
derive_without_nonce = function(eac, "KA_CTX_derive_keys", INT, Pointer, Buffer, Pointer)
ta_import = function(eac, "TA_STEP2_import_certificate", INT, Pointer, TEXT, SIZE)
ta_disable_clock = function(eac, "TA_disable_checks", None, Pointer)
ta_sign = function(eac, "TA_STEP5_sign", Buffer, Pointer, Buffer, Buffer, Buffer)
ta_verify = function(eac, "TA_STEP6_verify", INT, Pointer, Buffer, Buffer, Buffer, Buffer)


def buffer(octets: bytes) -> object:
    made = buf_mem_new()
    buf_mem_grow(made, len(octets))
    ctypes.memmove(made.contents.data, octets, len(octets))  # type: ignore[attr-defined]
    return made


def octets_of(found: object) -> bytes:
    """What a BUF_MEM holds; it is freed."""
    if not found:
        raise FailedError
    content = ctypes.string_at(found.contents.data, found.contents.length)  # type: ignore[attr-defined]
    buf_mem_free(found)
    return content


def require(result: object) -> bytes:
    """1 is success; 0 and -1 are not."""
    if result != 1:
        raise FailedError
    return b""


def dotted(nid: int) -> str:
    text = ctypes.create_string_buffer(80)
    object_to_text(text, len(text), nid_to_object(nid), 1)
    return text.value.decode("ascii")


contexts: dict[int, int] = {}


def on_context(name: str) -> Callable[..., bytes]:
    """An operation that takes a context and buffers, and gives a buffer."""

    def run(number: int, *arguments: bytes) -> bytes:
        call = function(eac, name, Buffer, Pointer, *[Buffer] * len(arguments))
        buffers = [buffer(octets) for octets in arguments]
        try:
            return octets_of(call(contexts[number], *buffers))
        finally:
            for made in buffers:
                buf_mem_free(made)

    return run


def check_on_context(name: str) -> Callable[..., bytes]:
    """An operation that takes a context and buffers, and says 1 for success."""

    def run(number: int, *arguments: bytes) -> bytes:
        call = function(eac, name, INT, Pointer, *[Buffer] * len(arguments))
        buffers = [buffer(octets) for octets in arguments]
        try:
            return require(call(contexts[number], *buffers))
        finally:
            for made in buffers:
                buf_mem_free(made)

    return run


def with_secret(number: int, kind: int, password: bytes, encrypted: bytes | None = None) -> bytes:
    """PACE's first two steps. ``kind``: 1 MRZ (all 90 characters of a card), 2 CAN, 3 PIN, 4 PUK (eac/pace.h)."""
    secret = secret_new(password, len(password), kind)
    if not secret:
        raise FailedError
    try:
        if encrypted is None:
            call = function(eac, "PACE_STEP1_enc_nonce", Buffer, Pointer, Pointer)
            return octets_of(call(contexts[number], secret))
        test = function(eac, "PACE_STEP2_dec_nonce", INT, Pointer, Pointer, Buffer)
        return require(test(contexts[number], secret, buffer(encrypted)))
    finally:
        secret_free(secret)


def new(number: int) -> bytes:
    contexts[number] = context_new()  # type: ignore[assignment]
    return b""


def free(number: int) -> bytes:
    context_free(contexts.pop(number))
    return b""


def card_access(number: int, file: bytes) -> bytes:
    """Initialise by EF.CardAccess; the answer lists what libeac found in it: protocol and id of PACE, then of CA."""
    require(init_card_access(file, len(file), contexts[number]))
    context = EacContext.from_address(contexts[number])
    found = []
    for kind, stack, shape in (("pace", context.pace_ctxs, PaceContext), ("ca", context.ca_ctxs, CaContext)):
        for index in range(stack_size(stack)):  # type: ignore[call-overload]
            entry = shape.from_address(stack_value(stack, index))  # type: ignore[arg-type]
            found.append(f"{kind} {dotted(entry.protocol)} {entry.id}")
    return "\n".join(found).encode("ascii")


def ca(number: int, oid: bytes, parameter_id: int) -> bytes:
    return require(init_ca(contexts[number], text_to_nid(oid), parameter_id))


def pace(number: int, oid: bytes, parameter_id: int) -> bytes:
    return require(init_pace(contexts[number], text_to_nid(oid), parameter_id))


def channel(number: int, protocol: int) -> bytes:
    """Secure messaging with the keys of PACE (0) or chip authentication (1), its counter at zero."""
    require(set_channel(contexts[number], protocol))
    return require(reset_counter(contexts[number]))


def secret_length(number: int, protocol: int) -> bytes:
    """How many octets libeac's shared secret of PACE (0) or chip authentication (1) has: four octets, big-endian."""
    context = EacContext.from_address(contexts[number])
    used = CaContext.from_address(context.ca_ctx) if protocol else PaceContext.from_address(context.pace_ctx)
    secret = Agreement.from_address(used.ka_ctx).shared_secret
    return int(BufMem.from_address(secret).length).to_bytes(4, "big")


def ca_static_key(number: int, private: bytes, public: bytes) -> bytes:
    return require(ca_set_key(contexts[number], private, len(private), public, len(public)))


def ca_keys_as_chip(number: int, terminal_key: bytes) -> bytes:
    """Version 2: nonce of 8 octets, then the token of 8 octets."""
    nonce, token = Buffer(), Buffer()
    own = buffer(terminal_key)
    require(ca_derive_as_chip(contexts[number], own, ctypes.byref(nonce), ctypes.byref(token)))
    return octets_of(nonce) + octets_of(token)


def ca_keys_version_1(number: int) -> bytes:
    """Version 1 has no nonce (TR-03110-1): libeac's key derivation without one, which its CA steps do not offer."""
    context = EacContext.from_address(contexts[number])
    agreement = CaContext.from_address(context.ca_ctx).ka_ctx
    return require(derive_without_nonce(agreement, None, context.md_ctx))


def card_security(number: int, file: bytes) -> bytes:
    """The public key for chip authentication in EF.CardSecurity; its signature is not looked at."""
    ca_disable_passive_authentication(contexts[number])
    return octets_of(ca_key_of_card_security(contexts[number], file, len(file)))


def ta(number: int, private: bytes, certificate: bytes) -> bytes:
    """Trust anchor and, for a terminal, its private key (DER); dates are not compared with this machine's clock."""
    ta_disable_clock(contexts[number])
    return require(init_ta(contexts[number], private, len(private), certificate, len(certificate)))


def ta_certificate(number: int, certificate: bytes) -> bytes:
    return require(ta_import(contexts[number], certificate, len(certificate)))


def ta_signature(number: int, compressed: bytes, chip: bytes, auxiliary: bytes = b"") -> bytes:
    aux = buffer(auxiliary) if auxiliary else None
    return octets_of(ta_sign(contexts[number], buffer(compressed), buffer(chip), aux))


def ta_accepts(number: int, compressed: bytes, chip: bytes, auxiliary: bytes, signature: bytes) -> bytes:
    aux = buffer(auxiliary) if auxiliary else None
    return require(ta_verify(contexts[number], buffer(compressed), buffer(chip), aux, buffer(signature)))


def comp(number: int, protocol: int, public: bytes) -> bytes:
    return octets_of(compress(contexts[number], protocol, buffer(public)))


OPERATIONS: dict[str, Callable[..., bytes]] = {
    **{operation.__name__: operation for operation in (new, free, card_access, card_security, pace, ca, ta, channel)},
    **{operation.__name__: operation for operation in (ca_static_key, ca_keys_as_chip, ca_keys_version_1, comp)},
    **{operation.__name__: operation for operation in (ta_certificate, ta_signature, ta_accepts, secret_length)},
    "nonce": with_secret,
    "mapping_key": on_context("PACE_STEP3A_generate_mapping_data"),
    "map": check_on_context("PACE_STEP3A_map_generator"),
    "ephemeral_key": on_context("PACE_STEP3B_generate_ephemeral_key"),
    "agree": check_on_context("PACE_STEP3B_compute_shared_secret"),
    "derive": check_on_context("PACE_STEP3C_derive_keys"),
    "token": on_context("PACE_STEP3D_compute_authentication_token"),
    "accepts_token": check_on_context("PACE_STEP3D_verify_authentication_token"),
    "count": check_on_context("EAC_increment_ssc"),
    "pad": on_context("EAC_add_iso_pad"),
    "encrypt": on_context("EAC_encrypt"),
    "decrypt": on_context("EAC_decrypt"),
    "mac": on_context("EAC_authenticate"),
    "ca_ephemeral_key": on_context("TA_STEP3_generate_ephemeral_key"),
    "ca_public_key": on_context("CA_STEP2_get_eph_pubkey"),
    "ca_agree": check_on_context("CA_STEP4_compute_shared_secret"),
    "ca_checks_key": check_on_context("CA_STEP3_check_pcd_pubkey"),
    "ca_keys_as_terminal": check_on_context("CA_STEP6_derive_keys"),
    "ta_challenge": on_context("TA_STEP4_get_nonce"),
    "ta_set_challenge": check_on_context("TA_STEP4_set_nonce"),
}


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    # Retail MAC needs single DES, which OpenSSL 3 keeps in its legacy provider.
    for provider in (b"legacy", b"default"):
        if not provider_load(None, provider):
            sys.exit(f"OpenSSL cannot load its {provider.decode()} provider")
    function(eac, "EAC_init", None)()
    say("ok x")
    for line in sys.stdin:
        operation, *words = line.split()
        arguments = [bytes.fromhex(word[1:]) if word[0] == "x" else int(word) for word in words]
        try:
            answer = "ok x" + OPERATIONS[operation](*arguments).hex()
        except FailedError:
            clear_errors()
            answer = "no"
        say(answer)


if __name__ == "__main__":
    main()

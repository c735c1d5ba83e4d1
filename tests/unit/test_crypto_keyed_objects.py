"""A cipher and a MAC that are set up once per key say of every message what they would say if set up for it alone."""

from __future__ import annotations

import pickle

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given
from hypothesis import strategies as st

from crypto.primitives.block_cipher import KeyedCipher, SymmetricCipher
from crypto.primitives.mac import KeyedMac

each_cipher = pytest.mark.parametrize("cipher", SymmetricCipher, ids=lambda cipher: cipher.label)
ONE_KEY = bytes(range(1, 33))


def library_cipher(cipher: SymmetricCipher, key: bytes, iv: bytes) -> Cipher[modes.CBC]:
    algorithm = algorithms.AES(key) if cipher is not SymmetricCipher.TDES else TripleDES(key + key[:8])
    return Cipher(algorithm, modes.CBC(iv))


def library_mac(cipher: SymmetricCipher, key: bytes, message: bytes) -> bytes:
    """CMAC, or MAC algorithm 3 of ISO/IEC 9797-1 in its three steps, each with an object of its own."""
    if cipher is not SymmetricCipher.TDES:
        cmac = CMAC(algorithms.AES(key))
        cmac.update(message)
        return cmac.finalize()[:8]
    first, second = (Cipher(TripleDES(half * 3), modes.CBC(bytes(8))) for half in (key[:8], key[8:]))
    chained = first.encryptor().update(message)[-8:]
    return first.encryptor().update(second.decryptor().update(chained))


@each_cipher
@given(data=st.data())
def test_one_object_serves_message_after_message(cipher: SymmetricCipher, data: st.DataObject) -> None:
    """In any order of uses: nothing of one message is left over in the next."""
    size = cipher.block_bytes
    key = data.draw(st.binary(min_size=cipher.key_bytes, max_size=cipher.key_bytes))
    keyed, checksum = KeyedCipher(cipher, key), KeyedMac(cipher, key)
    for use in data.draw(st.lists(st.sampled_from(["encrypt", "decrypt", "block", "mac"]), max_size=8)):
        iv = data.draw(st.binary(min_size=size, max_size=size))
        text = data.draw(st.integers(1, 4).flatmap(lambda n: st.binary(min_size=n * size, max_size=n * size)))
        if use == "encrypt":
            assert keyed.encrypt_cbc(iv, text) == library_cipher(cipher, key, iv).encryptor().update(text)
        elif use == "decrypt":
            assert keyed.decrypt_cbc(iv, text) == library_cipher(cipher, key, iv).decryptor().update(text)
        elif use == "block":
            assert keyed.encrypt_block(iv) == library_cipher(cipher, key, bytes(size)).encryptor().update(iv)
        else:
            assert checksum.of(text) == library_mac(cipher, key, text)


@each_cipher
def test_part_of_a_block_is_refused_and_spoils_nothing(cipher: SymmetricCipher) -> None:
    keyed = KeyedCipher(cipher, ONE_KEY[: cipher.key_bytes])
    block = bytes(cipher.block_bytes)
    right = keyed.encrypt_block(block)
    for wrong in (b"", block[:-1], block + b"\0", block * 2):
        with pytest.raises(ValueError, match="one block"):
            keyed.encrypt_block(wrong)
        assert keyed.encrypt_block(block) == right
    with pytest.raises(ValueError, match="length"):
        keyed.encrypt_cbc(block, block[:-1])
    assert keyed.encrypt_block(block) == right


@each_cipher
def test_a_key_that_was_set_up_is_neither_printed_nor_copied_to_another_process(cipher: SymmetricCipher) -> None:
    key = ONE_KEY[: cipher.key_bytes]
    for keyed in (KeyedCipher(cipher, key), KeyedMac(cipher, key)):
        assert key.hex() not in repr(keyed)
        assert repr(key) not in repr(keyed)
        with pytest.raises(TypeError):
            pickle.dumps(keyed)

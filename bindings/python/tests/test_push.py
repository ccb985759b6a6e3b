"""Pushes, opened from the file that a node left."""
import base64
import zlib

import berty
import pytest
from berty import ErrorCode, push_open

# What a node that got a push token kept beside its store, deflated; the key
# of that store; and a push that a relay made for it afterwards.
FILE = (
    "eNrt3H1QFGUcwPHdo+O46ERF7joEbsmXIC7HzDcoS5HLEOT1SDAUj7tzIM4XjkMtSz1S0g"
    "Q08yXFfMm30XzJHCktciosVBw1ktHe1LAaK/Mt8oW0OE5ShJppmqmh+X7m9tnb3+0+z+/5"
    "3e5fu3fJibHZDqs0Zrx9rMkhPShIgkwmDJQkQRBkDYtSuMmzYbnjlm3xxiJE2h1PC62TCT"
    "3Mokq3SPAKKBR0y4Mu6rKDegQeDewUUBjwnQAAAAAAAAAAAADgfyhDodBotaJT6zBl2qx5"
    "5vETrHnu1mtwkmGQ0SAZB0XGGiR3LCTbIkXHGQ1DDElSQlL0sEFJaVKMIU0vjTONtUqRsf"
    "GRUly8UYpLiY2VUuKiE1MMoWFenppHtaKQPc5inZyXa8t2WDNM+Y7xjdsZ7m4zHnCvlc5B"
    "ngpNYKBYkNKYzrj8sZlWu9XStFY0S6kpGuLItP2RVdPwenfGrcTdh7XywS1zuxm8ZZaucW"
    "5029SL66DQUGl4tPHx+BSjlBQ/PDrKKPfUBGvEaY0TdNXFkuFqG9953piAuzYNw0UZUqWb"
    "+0jxce6t5kM1REKdkXcoNBqNWGB2V8a1V2Mjb16TpqP/RkHyrLmtlanFN6qXJpps+S2Cf1"
    "ahhm5vL41D5j7ZBjfOIdM23pyT5249ms3CHfv7J1urGYaGefzVGegeK+MB99p1l93LdV2M"
    "FhUaPz/R2aUx1bFWh8m1yJql6YqETMoyOSSjIdXYPMfWEmlejDsbRhF1FULDCwAAAAAAAA"
    "AAAAAA/Ice8tDYzVlWc87sPqferigcGf68vW+8X/KUh3vnbe0p99u4cPPZ5ScmB54P2Ld+"
    "b/cr015Pb/dIep9qv/nzT2xcqnJ1IFFDAAAAAAAAAAAAAADaMtfv/7n/DwAAAAAAAAAAAA"
    "BA2+a6/+8RWCgEFuruD1JSDwAAAAAAAAAAAAD4Z5yiQvRS6p2j1DWJYWJaL9XJKZ/2HtC5"
    "JiLoR70uRleXtTzBeigkzl/+dPt+5swfj5UU1wTNlb0aHDrnUm6wyufMgrkHL953NXN7j6"
    "3PJs/Yk39wgK/QbUuxd9Xl19K7yddNn1BVs3JqyIqZXeylkyMs2uxPirZfmB1YdNQcs03T"
    "129w9bXqb3YX3KMQlaJ+RpBa1l85s+OJUx45IzQBvmk2n4I1T8z7ZVbipTdKlv2a3qd/+O"
    "uXq5PqtlT2WnLm5XeP7/jc1vlc0bfnVuxOKPHxWtD113W1UtCBj9+39/Wt7r5/Z53jgyfv"
    "WrSsyr/oI12dsuexey73yx02sWRA2VZ1+PUfgvdr99RPSh4dc3T0ihdXW0ZFPzPcOGHTt7"
    "rTs0y1Bw/YY4o1Qz+/lGFKy+mq2uBxWh2xsvKLwq5LF0fsnHl8w7WffE5ly6/XVCsyR3Tb"
    "lzM1YeDXD/lJjg1DllxT9TqTVvbwmjrLW2cPK3pqiuqvXt63sP3UAdYL4pDgOXcdOZL1Rn"
    "nx0Q71pZZpHX3L98xdX1l/IKqTc8x3q3w3aZ/vEFDxTLhja1jH4e/aPX8OUD82fd1ba3ao"
    "fDqvMjkTG2qk1BdMVVefH5VlK/czXx9qrfwwSiu1q/1yhG51wuLS9it3HttbWyE4j/jPiJ"
    "k1W166/Nng9EXBMkV/qbLshTGJ+p+HrS1/6ZUwb9u86i8GWgryK1bEFzw5xf+94hOnwuaU"
    "xEiH9oVtjqh57lP5/tLe9xtivhwZvrAswH/bL979i33WXr8492TcgcXzN2/a/VV9RXGPGQ"
    "lbymW9VFdXbR85Me39hO93bXekpi45W5W77LPf9i68sODMU8fv3rKoz3ubo66Ude406c7a"
    "N73XJ7/jrc2fOPNKl6pj905yNt7/1+0SdLt0h3WnuRIBAAAAAAAAAAAAAPh3qeWil17Z4o"
    "ERjVxU6kX17c9wyNSuuLLFgwv8/z8AAAAAAAAAAAAAAG2fytVI1AEAAAAAAAAAAAAAgLaM"
    "3/8DAAAAAAAAAAAAAND2/Q5rAYBG")
KEY = bytes.fromhex(
    "f800f9ae3f3c8ed9034e9665b2a4ee67ce713ccd142ea19038be9a77fe0dc393")
PUSH = (
    "Chhubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm4SqQJtuN7mUKY02no10QKd7z2ryBjkXYbbRV"
    "N0AFoTcd7MTgTmMuREAcY1zVbbmMbgdGvhqUdHSjn8SoZkQ6K20+W0YykrHPcBJzDds93d"
    "XHo8SbT9nLNzE3tOpFJiNeBccU9q6nhhGNZQMDykCFi5d71DctzL5cnKUJW+iB59LZ9/wL"
    "odqhX4Ib9fve9d9C9TIrSQTi6uk0KxkOghjp55WNL8OicD/JphkigBtu22aA2HK8XuOgpe"
    "owfpWDsYMfLMzIfBSdwQ4TVaqkM8banqXucLSur5ezCVeDAZtgurovLlwWHGY0CIunnATO"
    "SZisa5FjDh3xdRycC/0+39EB/lzlwK/sh4V9mTqYjA99Jfp7C5sRPlG99O2KNmqzVYaMDw"
    "sLFhS5YM0Z5LWek=")
GROUP = bytes.fromhex(
    "b33cec1705fb4c47ad752f4810fa9fa92a26d257721bd32d0a0f918c22bc98f4")
ID = bytes.fromhex(
    "01711220b589741ef9bc2503dd518356b23b"
    "ca7f91a408c828018d304ce8f83957eea64f")


@pytest.fixture
def store(tmp_path):
    (tmp_path / "berty.sqlite.push").write_bytes(
        zlib.decompress(base64.b64decode(FILE)))
    (tmp_path / "store.key").write_text(KEY.hex() + "\n")
    (tmp_path / "store.key").chmod(0o600)
    return tmp_path


def test_a_push_is_opened_as_bytes_and_as_text(store):
    push = base64.b64decode(PUSH)
    text = base64.urlsafe_b64encode(push).rstrip(b"=").decode()
    opened = push_open(store, push)
    assert (opened.group, opened.id) == (GROUP, ID)
    assert opened.message == b"wake up" and opened.message in opened.cleartext
    assert len(opened.device) == 32 and opened.counter > 0
    assert not opened.already_received
    # Opening changes nothing.
    assert push_open(str(store), text) == opened


def test_the_key_may_be_given_or_asked_for(store):
    (store / "store.key").unlink()
    push = base64.b64decode(PUSH)
    assert push_open(store, push, key=KEY).message == b"wake up"
    assert push_open(store, push, key=lambda: KEY).message == b"wake up"
    with pytest.raises(berty.Error) as caught:
        push_open(store, push, key=bytes(32))
    assert caught.value.code == ErrorCode.DB_OPEN
    with pytest.raises(ValueError):
        push_open(store, push, key=KEY[:31])


def test_what_cannot_be_opened_says_why(store, tmp_path_factory):
    push = bytearray(base64.b64decode(PUSH))
    push[-1] ^= 1
    with pytest.raises(berty.Error) as caught:
        push_open(store, bytes(push))
    assert caught.value.code == ErrorCode.PUSH_UNABLE_TO_DECRYPT
    with pytest.raises(berty.Error) as caught:
        push_open(store, "no push?")
    assert caught.value.code == ErrorCode.INVALID_INPUT
    with pytest.raises(ValueError):
        push_open(store, "a\0b")
    with pytest.raises(berty.Error) as caught:
        push_open(tmp_path_factory.mktemp("empty"), bytes(push), key=KEY)
    assert caught.value.code == ErrorCode.NOT_FOUND

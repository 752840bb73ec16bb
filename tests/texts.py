"""Hostile texts: generated reproducibly from seeds, and a collection of known cases."""

from __future__ import annotations

import random

from strategies import GLUE, PIECES, SPACES

#: Bytes that are no text, or strange text: name, bytes, whether it is UTF-8.
KEPT: dict[str, tuple[bytes, bool]] = {
    "nothing": (b"", True),
    "a NUL": (b"a\0\xe4\xba\xba\0\0", True),
    "every control character": (bytes(range(32)) + b"\x7f", True),
    "C1 controls": ("".join(map(chr, range(0x80, 0xA0))).encode(), True),
    "bidi controls": ("人\u202e民\u2066为\u2069\u200f\u061c服务".encode(), True),
    "marks alone": ("\u0301\u0301\u20dd\ufe0f\U000e0100".encode(), True),
    "a thousand marks": (("人" + "\u0301" * 1000 + "民").encode(), True),
    "joiners": (("\u200d" * 9 + "人\u200d\u200d民" + "\u200d").encode(), True),
    "half a flag": ("\U0001f1e8人\U0001f1e8\U0001f1f3\U0001f1e8".encode(), True),
    "five half flags": (("\U0001f1e8" * 5).encode(), True),
    "tags of a flag": ("\U0001f3f4\U000e0067\U000e0062\U000e007f人".encode(), True),
    "a byte order mark": ("\ufeff人民\ufeff".encode(), True),
    "noncharacters": ("\ufffe\uffff\U0010ffff\ufdd0".encode(), True),
    "the last code points": ("\U0010fffe\U0010ffff".encode(), True),
    "private use": ("\ue000\uf8ff\U000f0000".encode(), True),
    "all line ends": ("a\r\nb\nc\rd\x0be\x0cf\x85g\u2028h\u2029i".encode(), True),
    "the separators of cut": (b"\x1e\x1f\x1f\x1e a\x1fb\x1ec\x1e", True),
    "an address": (b"http://" + b"a" * 3000 + "人".encode(), True),
    "an address of signs": (b"www." + b"!" * 3000, True),
    "ats": (b"@" * 500 + b"a@a." * 500, True),
    "points and ats": (b"a." * 700 + b"@" + b"b." * 700, True),
    "slashes": (b"://" * 700 + b"http://" * 300, True),
    "digits": (b"1" * 3000 + b"," + b"000," * 900, True),
    "times": (b"10:30-" * 500 + b"1:1:1:1:1:1:1:1", True),
    "wide digits": (("１２，３４５．６％" * 200).encode(), True),
    "a byte alone": (b"\x80", False),
    "a cut character": ("人民".encode()[:-1], False),
    "a cut character in the middle": (b"\xe4\xba\xe6\xb0\x91", False),
    "two bytes for a letter": (b"\xc1\xa1", False),
    "overlong NUL": (b"\xc0\x80", False),
    "overlong slash": (b"\xe0\x80\xaf", False),
    "overlong in four": (b"\xf0\x80\x80\xaf", False),
    "overlong edge of two": (b"\xe0\x9f\xbf", False),
    "overlong edge of three": (b"\xf0\x8f\xbf\xbf", False),
    "beyond Unicode": (b"\xf4\x90\x80\x80", False),
    "five bytes": (b"\xf8\x88\x80\x80\x80", False),
    "six bytes": (b"\xfc\x84\x80\x80\x80\x80", False),
    "FE and FF": (b"\xfe\xff\xff\xfe", False),
    "a surrogate": (b"\xed\xa0\x80", False),
    "a pair of surrogates": (b"\xed\xa0\xbd\xed\xb1\x8d", False),
    "GBK": ("中国人民为人民服务".encode("gbk"), False),
    "Big5": ("中國人民為人民服務".encode("big5"), False),
    "UTF-16": ("中国人民".encode("utf-16"), False),
    "only continuations": (b"\xbf" * 100, False),
    "only first bytes": (b"\xe4" * 100, False),
}

_CLASSES = (
    (0x0, 0x80), (0x4E00, 0x4F00), (0x4E00, 0xA000), (0x80, 0x800), (0x800, 0x3000),
    (0x3000, 0x3100), (0xFE00, 0x10000), (0x10000, 0x10400), (0x1F1E6, 0x1F200),
    (0x1F300, 0x1F700), (0x20000, 0x30000), (0xE0000, 0xE0200), (0xD800, 0xE000), (0x0, 0x110000),
)  # fmt: skip
_SIGNS = "0123456789０１２,.:/-%@，．：wWhtps_~+"


def text(chance: random.Random) -> str:
    """A string, most of them short; lone surrogates included."""
    pieces = []
    for _ in range(chance.choice((0, 1, 1, 2, 3, 4, 6, 9, 14))):
        kind = chance.random()
        if kind < 0.35:
            pieces.append(chance.choice(PIECES))
        elif kind < 0.5:
            pieces.append(chance.choice(CHINESE[chance.randrange(8) :: 8]))
        elif kind < 0.6:
            pieces.append("".join(chance.choices(_SIGNS, k=chance.randrange(1, 12))))
        elif kind < 0.7:
            pieces.append(chance.choice(GLUE + SPACES) * chance.choice((1, 1, 2, 9)))
        else:
            low, high = chance.choice(_CLASSES)
            pieces += [chr(chance.randrange(low, high)) for _ in range(chance.choice((1, 2, 7)))]
    made = "".join(pieces)
    if chance.random() < 0.002:  # beyond what is worked on at once
        made = made * chance.choice((20, 50, 300))
    return made


def broken(chance: random.Random) -> bytes:
    """Bytes, many of which are no UTF-8."""
    if chance.random() < 0.1:
        return chance.randbytes(chance.randrange(40))
    data = bytearray("".join(text(chance) for _ in range(3)).encode("utf-8", "surrogatepass"))
    for _ in range(chance.choice((0, 1, 1, 2, 5))):
        at = chance.randrange(len(data) + 1)
        kind = chance.random()
        if kind < 0.4:
            data[at:at] = chance.choice(list(KEPT.values()))[0][:60]
        elif kind < 0.7:
            del data[at : at + chance.choice((1, 1, 2, 3))]
        else:
            data[at : at + 1] = bytes([chance.randrange(256)])
    return bytes(data)


#: Sentences that nobody needs to look for.
CHINESE = (
    "南京市长江大桥", "中国人民银行行长", "他从马上下来，马上就走", "研究生命的起源",
    "乒乓球拍卖完了", "这个门把手坏了", "把手抬起来", "结婚的和尚未结婚的",
    "２０２４年１０月，第十届会议", "北京大学生前来应聘", "下雨天留客天留我不留",
    "“好的，”她说：“明天见！”", "价格1,234.5元/公斤（含税10%）", "iPhone15和RTX4090",
    "请访问www.example.com或发信到a.b@example.org。", "一二三四五，上山打老虎",
)  # fmt: skip

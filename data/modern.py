"""Training sentences generated from patterns, for text that newspapers and encyclopedias lack.

They cover temperatures below zero, changes in percent, scores, prices, opening hours, sizes,
versions, posts and formulas. In the People's Daily of 1998 signs next to numbers are rare, and
9:00, ¥99, @ and # do not occur at all; a model that never saw them attaches them to the preceding
word (多云-5, 周五9:00). The standard is that of data/README.md. All standards of the default model
are trained on the same sentences, except that 南京市 is cut for Universal Dependencies.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable
from itertools import chain

from crfseg.data.joined import Tagged

#: One pattern per line, words separated by spaces. {place} and the like stand for a word of that
#: list, {n} for a number, {d} for a decimal, {t} for a time of day, {v} for a version, {phone} for
#: a phone number.
_PATTERNS = """
{place} {sky} -{n} ℃
{place} {sky} -{n} ℃ ， {place} {sky} {n} ℃
{place} ： {sky} ， -{n} ℃ ~ {n} ℃
{place} {sky} {n} ℃ / -{n} ℃
{place} 今天 {sky} ， 气温 -{n} ℃ ， 明天 {sky} 。
今天 {place} {sky} 转 {sky} ， 最低 气温 -{n} ℃ 。
现在 {place} 的 气温 是 -{d} ℃ 。
冰箱 里 的 温度 是 -{n} ℃ 。
温度 +{n} ℃ ， 湿度 {n}%
{place} {sky} ， 风力 {n}-{n} 级
{change} -{d}%
{change} +{d}% ， {change} -{d}%
{noun} {change} {d}% ， {noun} {change} -{d}%
{noun} +{d}% ， {noun} -{d}%
今天 {noun} {change} -{d}% ， 成交 {n} 亿 。
{noun} {n} ， {change} +{d} 。
收入 {change} +{n}% ， 利润 {change} -{d}% 。
误差 ±{d} ， 精度 ±{n}%
{place} {n}:{n} {place}
{place} {n}-{n} {place}
{place} {n}:{n} 战胜 {place} 。
今天 {place} 以 {n}:{n} 输给 {place}
{place} vs {place} ， 比分 {n}-{n}
{noun} +{n} 分 ， {noun} -{n} 分
{noun} {n} 分 （ +{n} ）
{day} {t} 开会
{day} {t}-{t} 营业
{day} {t}~{t} 营业
{day} 营业 时间 ： {t}-{t}
{day} {t} 到 {t} 休息 。
我们 {day} {t} 出发 ， {t} 到 {place} 。
{place} {t} 到 {place} {t} 。
会议 改到 {day} {t} ， 请 大家 准时 。
{noun} ￥{d}
{noun} ¥ {n} ， {noun} ¥ {d}
{noun} 只要 ￥ {n} ， 原价 ￥ {n} 。
{noun} $ {n} ， 约合 ￥ {n}
{noun} ${d} / 件
{noun} € {n} 起
{noun} {n} 元 / 斤
{noun} * {n} ， {noun} * {n}
{noun} x{n} ， {noun} x{n}
{noun} × {n} = {n} 元
{noun} + {noun}
{noun} + {noun} + {noun} = {n} 元
{noun} / {noun} / {noun}
{noun} & {noun}
{noun} > {noun}
{noun} ~ {noun} ~
{noun} | {noun}
{noun} _ {noun}
满 {n} 减 {n} ， 满 {n} 送 {n}
{n}-{n} 天 发货 ， {noun} {n} 件 包邮
{n}~{n} 岁 ， {n}~{n} 斤
请 等 {n}-{n} 分钟 。
{noun} 的 尺寸 是 {n}cm*{n}cm ， 重 {n}kg 。
{noun} {n}mm × {n}mm
{n}GB + {n}GB 的 {noun}
{noun} {n}ml * {n} 瓶
时速 {n}km/h ， 功率 {n}kW
# {noun} # {say}
{say} # {noun} #
# {noun} {say}
@ {name} {say}
@ {name} 快 {say}
@ {nick} 快 来
{say} @ {name}
{say} ， @ {name} ： {say}
回复 @ {name} ： {say}
转发 微博 // @ {name} ： {say}
{say} // @ {name} : {say}
{say} ~
{say} ~~
{say} ^_^
{say} {emoji}
{emoji} {say}
{say} {emoji} {emoji}
{say} {emoji} {emoji} {emoji}
今天 {emoji} {emoji} 很 {say}
我 {say} 了 {emoji} ， {noun} {emoji} 真 好 ！
{noun} ： {say} ！
{name} : {say}
【 {noun} 】 {say}
[ {noun} ] {say}
《 {noun} 》 {n}/{n}
{letter} = {n}
若 {letter} = -{n} ， 则 {letter} = -{d} 。
{letter} < -{n}
{letter} = -{n} ， {letter} = +{n}
当 {letter} = -{n} 时 ， {letter} = {d} 。
{letter} + {letter} = {n}
若 {letter} = -{n} ， 则 {letter} = -{d} 。
{letter} < -{n}
{letter} > {n} ， {letter} < {n}
{n} + {n} = {n}
{n} * {n} = {n}
{language} 比 {language} 难
会 {language} 和 {language}
{language} 、 {language} 、 {language}
{language} {v} 和 {language} {v} 都 可以 。
请 升级 到 v{v} 。
{noun} v{v} 下载
第{n} 名 ： {place} ， {n} 分
{n}% 的 {noun} ， {n}‰ 的 {noun}
Q ： {say} A ： {say}
1. {noun} 2. {noun} 3. {noun}
1 、 {noun} 2 、 {noun}
（ 1 ） {noun} （ 2 ） {noun}
① {noun} ② {noun}
→ {noun}
▲ {noun} ▲ {noun}
★ {noun} ★
{noun} → {noun}
{noun} - {name}
{noun} ( {n} )
电话 ： {phone}
电话 {phone}
{noun} {phone}
{name} ： {phone}
{phone} （ {nick} ）
请 拨打 {phone} 。
联系 {nick} {phone}
电话 ： {phone} ， 传真 ： {phone}
手机 {phone}
传真 {phone} ， 电话 {phone} 。
请 打 电话 {phone} ， 找 {name} 。
热线 {phone} ， {phone} 转 {n}
{name} 电话 是 {phone} 。
用 {latin} 和 {latin}
这 是 {latin} ， 不 是 {latin} 。
{latin} 、 {latin} 和 {latin}
{latin} 比 {latin} 贵 {d} 元
{latin} 的 {noun} 比 {noun} 贵 ， 要 {d} 元
{latin} ： {n} ， {latin} ： {d}
（ {latin} ）
这 个 {noun} 重 {n}kg ， 那 个 重 {n} 斤 。
{noun} 高 {n}cm ， 宽 {d} 米
买 {mixed} 和 {noun}
{mixed} 和 {mixed}
那 种 {mixed} 多少 钱 ？
没有 {latin} ， 用 {language} 。
{plane} 和 {plane} 飞机
一 架 {plane} 飞到 {place} 。
国产 {plane} 首飞
{noun} （ {n}% ）
"""

_LISTS = {
    "sky": "晴 多云 阴 小雨 中雨 大雨 阵雨 小雪 大雪 雾",
    "change": "涨 跌 上涨 下跌 增长 下降 同比 环比",
    "day": "周一 周二 周三 周四 星期六 每天 今天 明天 上午 下午 早上 中午",
    "emoji": "😀 😂 😭 😍 👍 👏 🙏 💪 ❤️ 🎉 🎂 🌹 ☔ ⭐ 🔥 👨‍👩‍👧 👩‍💻 👍🏽 🇨🇳 🇯🇵 🏳️‍🌈 1️⃣",
    "letter": "a b c x y z A B N",
    "language": "C C++ C# Java Python Go .NET Node.js",
    "latin": "Wi-Fi TCP/IP CD-ROM X-ray e-mail R&D AT&T A/B I/O UTF-8 ISO-9001 COVID-19 iPhone15"
    " T-shirt MP3 CO2 H5N1 PM2.5 USB3.0 win10 B2B 4K 5G 3D",
    "mixed": "B超 A股 B股 QQ群 U盘 pH值 阿Q IC卡 IP卡 T台 X射线 C盘 Y轴 K线 P图",
    "plane": "歼-10 歼-20 运-20 苏-27 米-17 轰-6 F-16 F-15A B-52 MD-11 A320neo A340-500 ARJ21-700",
}
#: Lists of words taken from the People's Daily: their tag and a regular expression.
_KINDS = {
    "noun": ("n", ".."),
    "place": ("ns", "..|..[市省县]"),
    "name": ("nr", "..."),
    "nick": ("nr", ".."),
    "say": ("v", ".."),
}
_COMMON = 5
#: Formats of phone numbers; every 0 is replaced by a random digit.
_PHONES = ("000-00000000", "0000-0000000", "000-0000-0000", "00000000000", "+86-000-00000000")
_OF_PLACES = re.compile("^(..)([市省县])$")
_SLOT = re.compile(r"\{(\w+)\}")
_TIMES = 2


def sentences(tagged: Iterable[Iterable[Tagged]]) -> list[list[str]]:
    """The generated sentences, the same in every run; tagged: the source of word lists."""
    counts = Counter(chain.from_iterable(tagged))
    lists = {name: words.split() for name, words in _LISTS.items()}
    for name, (kind, form) in _KINDS.items():
        lists[name] = sorted(
            word
            for (word, tag), count in counts.items()
            if tag == kind and count >= _COMMON and re.fullmatch(form, word)
        )
    draw = random.Random(1998)
    patterns = _PATTERNS.strip().splitlines()
    return [_filled(pattern, lists, draw) for _ in range(_TIMES) for pattern in patterns]


def _filled(pattern: str, lists: dict[str, list[str]], draw: random.Random) -> list[str]:
    return _SLOT.sub(lambda slot: _content(slot[1], lists, draw), pattern).split()


def _content(slot: str, lists: dict[str, list[str]], draw: random.Random) -> str:
    if slot in lists:
        return draw.choice(lists[slot])
    number = draw.randint(1, draw.choice((9, 99, 99, 999)))
    if slot == "d":
        return f"{number}.{draw.randint(1, 99)}"
    if slot == "phone":
        return re.sub("0", lambda _: str(draw.randint(0, 9)), draw.choice(_PHONES))
    if slot == "t":
        return f"{draw.randint(0, 23)}:{draw.randint(0, 59):02}"
    if slot == "v":
        return ".".join(str(draw.randint(0, 20)) for _ in range(draw.randint(2, 3)))
    return str(number)


def universal(sentence: Iterable[str]) -> list[str]:
    """Cut place names as in Universal Dependencies: 南京/市."""
    return [part for word in sentence for part in _OF_PLACES.sub(r"\1 \2", word).split()]

"""Convert the People's Daily to the standard of the Penn Chinese Treebank, by rules.

The rules work on words and tags of the standard ``joined``. They follow the treebank's guidelines
(F. Xia, 2000, The segmentation guidelines for the Penn Chinese Treebank 3.0) where the People's
Daily differs most: determiners, numerals and adverbs are separate words, and so are the halves of
most compounds of four characters; suffixes are not. The rules and word lists were chosen by
inspecting errors on the treebank's development text; no text of it is used for training.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from crfseg.data.joined import Tagged, join_parts


def words_of(text: str) -> frozenset[str]:
    """The words of a text separated by whitespace."""
    return frozenset(text.split())


def _parts(text: str) -> dict[str, list[str]]:
    return {"".join(words.split()): words.split() for words in text.split(",")}


_CONTENT = frozenset("nvabjrzms")  # first letters of the tags of content words
_COMPOUND = words_of("n nz nt ns l j")
#: Minimum count of both halves of a compound for it to be cut.
_COMMON = 5

_DEMONSTRATIVES = "这那"
_DETERMINERS = _DEMONSTRATIVES + "每各该此本某哪"
#: Words that begin with a determiner but are not cut.
_PRONOUNS = words_of("""
    这些 那些 某些 哪些 这样 那样 这么 那么 这里 那里 哪里 这儿 那儿 哪儿 这边 那边 这般 那般
    这会儿 那会儿 这时 那时 这时候 那时候 此时 此刻 此间 此外 此前 此后 另外 本身 本人 各自 某某
""")
_COUNTED = frozenset(f"{number}{unit}" for number in "一几多百" for unit in "个种次年项名位家条")
#: Words that begin with 全 but are not cut.
_WHOLE = words_of("全体 全球 全局 全力 全会 全能 全线 全身 全盘 全景 全程 全民")
#: Verbs after an adverb or before a preposition, to be cut; Universal Dependencies cuts them, too.
_VERBS_OF_BOTH = words_of("不再 还有 只能 共有 处在 处于 位于 用于")
#: More of these, which Universal Dependencies does not cut, or has too rarely.
_VERBS = words_of("""
    不要 不必 不得 不好 不够 不用 不行 不易 不顾 不曾 更是 还要 早已 早就 就要 就是 有着
    并非 并未 从未 尚未 绝不 绝非 永不 即可 最高 最低 最新 最佳 现有 原定 新增 直到 对外
""")
#: Words that are cut only where they are verbs; elsewhere they are conjunctions.
_CONJUNCTIONS = words_of("还是 只是")
#: Words to cut that no rule covers.
_APART = _parts("""
    两 岸, 有 人, 来 说, 及 其, 由 此, 以 此, 与 此 同时, 一 方面, 另 一 方面,
    同 期, 同 日, 上 年, 上 月, 上 周, 上 次, 下 次, 上 届, 下 届,
    近年 来, 历年 来, 连日 来, 长期 以来, 迄今 为止, 不久 前, 事实 上,
    发展中 国家, 中华 人民 共和国, 一 国 两 制, 高 新 技术, 对 外 开放, 对 外 贸易
""")
#: More of these, which Universal Dependencies does not cut, or has too rarely.
_APART_IN_TREEBANK = _parts("我 国, 整 个, 而 是, 同 年, … …")
_SUFFIXES = words_of("们 者 型 化 界 式")


class Treebank:
    """Cuts sentences of (word, tag); word counts in ``sentences`` decide which compounds to cut."""

    def __init__(self, sentences: Iterable[Iterable[Tagged]]) -> None:
        counts = Counter(
            word
            for sentence in sentences
            for word, tag in sentence
            if len(word) == 2 and tag[:1] in _CONTENT
        )
        self._common = frozenset(word for word, n in counts.items() if n >= _COMMON)

    def words(self, sentence: Iterable[Tagged]) -> Iterator[str]:
        """Convert a sentence to words of the treebank's standard."""
        for word, tag in join_parts(sentence, _tag_of_both):
            yield from self._cut(word, tag)

    def _cut(self, word: str, tag: str) -> list[str]:
        if word in _APART_IN_TREEBANK:
            return _APART_IN_TREEBANK[word]
        if _begins_with_word(word, tag):
            return [word[:1], word[1:]]
        parts = cut_widely(word, tag)
        if len(parts) == 1 and self._is_compound(word, tag):
            return [word[:2], word[2:]]
        return parts

    def _is_compound(self, word: str, tag: str) -> bool:
        """Whether the halves of a word are to be separate words."""
        fits = len(word) == 4 and tag in _COMPOUND and word[2:] != "主义"
        return fits and {word[:2], word[2:]} <= self._common


def cut_widely(word: str, tag: str) -> list[str]:
    """Cut a word by the subset of rules that the standard ``general`` shares."""
    if word in _APART:
        return _APART[word]
    counted = word in _COUNTED and tag == "m"
    if counted or word in _VERBS_OF_BOTH or _is_determined(word, tag, _DEMONSTRATIVES):
        return [word[:1], word[1:]]
    return [word]


def _begins_with_word(word: str, tag: str) -> bool:
    if len(word) == 1:
        return False
    if word[0] == "全" and tag == "n":
        return word not in _WHOLE and word[-1] not in "性化"
    if word in _VERBS or (word in _CONJUNCTIONS and tag == "v"):
        return True
    return _is_determined(word, tag, _DETERMINERS)


def _is_determined(word: str, tag: str, determiners: str) -> bool:
    """Whether a word is a determiner plus the word it determines: 这/次."""
    fits = len(word) > 1 and word[0] in determiners and tag in ("r", "t")
    return fits and word not in _PRONOUNS


def _tag_of_both(first: Tagged, second: Tagged) -> str:
    """The tag of a word joined with a following suffix; "" if they stay two words."""
    (before, kind), (word, tag) = first, second
    return kind if (tag == "k" and word in _SUFFIXES) or before + word == "特别是" else ""

"""Corpus formats: each round trips, and errors name the file and the line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crfseg.common.errors import DataError, SettingsError
from crfseg.common.progress import Progress
from crfseg.corpus.corpus import Corpus
from crfseg.corpus.sentences import detect_format, read_sentences, read_tagged, write_sentences

WORDS = [["我们", "在", "图书馆", "看", "书"], ["他", "喜欢", "音乐"]]

SAMPLES = {
    "words": "我们 在\u3000图书馆\t看  书\n\n 他 喜欢 音乐\n",
    "tagged": "我们/r 在/p  [图书馆/n 看/v]nz 书/n\n他/r 喜欢/v 音乐/n\n",
    "chars": "我/b 们/e 在/s 图/b 书/m 馆/e 看/s 书/s\n他/S 喜/B 欢/E 音/B 乐/E\n",
    "conll": "我\tB\n们\tE\n在\tS\n图\tB\n书\tM\n馆\tE\n看\tS\n书\tS\n\n\n"
    "他 s\n喜 b\n欢 e\n音 b\n乐 e",
    "conllu": "# text = 我们在图书馆看书\n"
    + "".join(
        f"{i}\t{w}" + "\t_" * 8 + "\n"
        for i, w in [("1", "我们"), ("2", "在"), ("3-4", "图书馆"), ("3", "图书"), ("4", "馆"),
                     ("4.1", "去"), ("5", "看"), ("6", "书"), ("", "")][:8]
    )
    + "\n# text = 他喜欢音乐\n1\t他" + "\t_" * 8 + "\n2\t喜欢 音乐" + "\t_" * 8 + "\n",
}  # fmt: skip


@pytest.fixture
def corpus_file(tmp_path):
    def make(text: str | bytes):
        (tmp_path / "c").write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path / "c"

    return make


@pytest.mark.parametrize("format", SAMPLES)
def test_each_format_is_found_and_read(corpus_file, format):
    file = corpus_file(SAMPLES[format])
    assert detect_format(file) == format
    assert list(read_sentences(file)) == list(read_sentences(file, format)) == WORDS


def test_windows_lines_and_encodings(corpus_file):
    for encoding in "gb18030", "utf-16":
        file = corpus_file(SAMPLES["conll"].replace("\n", "\r\n").encode(encoding))
        assert list(read_sentences(file, encoding=encoding)) == WORDS


@pytest.mark.parametrize(
    "line, words",
    [
        ("//w 和/c", "/ 和"),
        ("1/2/m 杯/q", "1/2 杯"),
        ("[/w 注/v ]/w", "[ 注 ]"),
        ("[中央/n 电视台/n]nt 播出/v", "中央 电视台 播出"),
        ("[中央/n 电视台/n]/nt", "中央 电视台"),
        ("[[中央/n 电视台/n]nt 新闻/n 中心/n]nt", "中央 电视台 新闻 中心"),
        ("[中央/n]nt", "中央"),
        ("[1]/m 书/n", "[1] 书"),
        ("19980101-01-001-001/m 迈向/v", "19980101-01-001-001 迈向"),
    ],
)
def test_tagged_tokens(corpus_file, line, words):
    file = corpus_file(line + "\n")
    assert list(read_sentences(file)) == [words.split()]
    assert [word for word, _ in next(read_tagged(file))] == words.split()


def test_read_tagged(corpus_file):
    tagged = list(read_tagged(corpus_file(SAMPLES["tagged"])))
    assert tagged[1] == [("他", "r"), ("喜欢", "v"), ("音乐", "n")]
    assert tagged[0][2:4] == [("图书馆", "n"), ("看", "v")]
    assert list(read_tagged(corpus_file(SAMPLES["chars"]))) == [[(w, "") for w in s] for s in WORDS]


@pytest.mark.parametrize(
    "tags, lengths",
    [
        ("bcdme s", [5, 1]),
        ("bce be", [3, 2]),
        ("BII B O", [3, 1, 1]),
        ("BII BI", [3, 2]),
        ("BIE S", [3, 1]),
        ("BIE O", [3, 1]),
        ("O O", [1, 1]),
    ],
)
def test_sets_of_tags_in_columns(corpus_file, tags, lengths):
    text = "".join(f"字\tx\t{tag}-N\n" for tag in tags.replace(" ", ""))
    assert [list(map(len, s)) for s in read_sentences(corpus_file(text))] == [lengths]


BROKEN = [
    # format, text, line, what the message says
    ("auto", "我们/r 看/v\n书/n 好 吗/y\n", 2, "'好' has no tag; expected word/POS"),
    ("tagged", "我们/r /v\n", 1, "'/v' has no word"),
    ("tagged", "我们/r 看/\n", 1, "'看/' has no tag"),
    ("auto", "我们/r\n[看/v 书/n\n", 2, "the compound that begins with '\\[看' is not closed"),
    ("auto", "我们/r\n看/v 书/n]nz\n", 2, "'书/n\\]nz' closes a compound that was not opened"),
    (
        "auto",
        "我们 看\n我们/r 看/v\n",
        2,
        "'我们/r' looks like word/POS .* words separated by spaces",
    ),
    ("auto", "我们 看\n" * 500 + "我们/r 看/v\n" * 500, 501, "'我们/r' looks like word/POS"),
    ("auto", "我们/r 看/v\n" * 500 + "我们 看\n" * 500, 501, "'我们' has no tag"),
    ("auto", "我们/r 看/v\n" * 500 + "我/b 们/e\n", 501, "'我/b 们/e' looks like 字/b"),
    (
        "auto",
        "我们 看\n" * 500 + "我\tb\n们\te\n看\ts\n",
        501,
        "'我 b' looks like one character a line",
    ),
    ("auto", "我们 看\n" + SAMPLES["conllu"], 3, "'1' looks like CoNLL-U"),
    ("auto", "我/b 们/e\n我们/r 看/v\n", 2, "'我们/r'; expected 字/b"),
    ("auto", "我/b 们/e\n我/r 看/v\n", 2, "tag 'r' of '我'; expected one of s b m e"),
    ("auto", "我/s\n我/b 们/s\n", 2, "'们/s' after '我/b'"),
    ("chars", "我/s 们/e\n", 1, "'们/e' after '我/s'"),
    ("chars", "我/m 们/e\n", 1, "'我/m' after the beginning of the sentence"),
    ("chars", "我/s 们/b 看/m\n", 1, "the sentence ends after '看/m', inside a word"),
    ("chars", "我/b 们/d 看/e\n", 1, "'们/d' after '我/b'"),
    ("chars", "我/b 们\n", 1, "'们'; expected 字/b"),
    ("chars", "我/b 们/e/s\n", 1, "'们/e/s'; expected 字/b"),
    ("auto", "我\tb\n们\te\n看\tb\n书\ts\n\n", 4, "'书/s' after '看/b'"),
    ("auto", "我\tb\n们\te\n看\tb\n\n书\ts\n", 3, "the sentence ends after '看/b', inside a word"),
    ("auto", "我\tb\n们\te\n看\tx\n", 3, "tag 'x' of '看'; expected one of s b m e"),
    ("auto", "我\tb\n们\te\n看书\ts\n", 3, "'看书' in the first column"),
    (
        "auto",
        "我\tb\n们\te\n看\n",
        3,
        "1 column .'看'.; expected 2 columns, as in the lines before",
    ),
    ("conll", "我们\n", 1, "1 column .'我们'.; expected one character a line"),
    ("conll", "我\tb\n们\ti\n看\to\n书\ti\n", 4, "'书' has tag I; expected B or I before it"),
    ("conll", "我\ti\n们\tb\n", 1, "'我' has tag I"),
    ("conll", "我\tb\n们\ti\n\n看\ts\n", 4, "tags s b m e here, others in line 1"),
    ("conll", "我\tb\n们\te\n\n看\tb\n书\ti\n", 4, "tags B I O here, others in line 1"),
    ("conll", "我\tb\n们\te\n\n看\tb\n", 4, "the sentence ends after '看/b'"),
    ("auto", SAMPLES["conllu"] + "3\t好\t_\n", 14, "3 columns .'3 好 _'.; expected ten columns"),
    ("conllu", "x" + "\t_" * 9 + "\n", 1, "10 columns .*the first a number"),
    ("conllu", "1\t " + "\t_" * 8 + "\n", 1, "an empty word"),
    ("conllu", "1\t" + "字" * 1001 + "\t_" * 8, 1, "more than 1000 characters without a space"),
    ("auto", "我们 看\n" + "书" * 1001 + "\n", 2, "more than 1000 .* perhaps the text is not segm"),
    ("tagged", "我们/r\n" + "书" * 1001 + "/n\n", 2, "more than 1000 characters without a space"),
]


@pytest.mark.parametrize("format, text, line, message", BROKEN)
def test_broken_line(corpus_file, format, text, line, message):
    file = corpus_file(text)
    with pytest.raises(DataError, match=f"c:{line}: {message}") as caught:
        list(read_sentences(file, format))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_slashes_in_words(corpus_file):
    text = "他 和/或 她\n和/或\nhttp://a.b/c 是 网址\n1/2 杯 水\n"
    assert list(read_sentences(corpus_file(text))) == [line.split() for line in text.splitlines()]
    text += "和/or 是/is\n"
    assert len(list(read_sentences(corpus_file(text), "words"))) == 5
    with pytest.raises(DataError, match=r"c:5: .*give format=words if it is text"):
        list(read_sentences(corpus_file(text)))


def test_words_that_look_like_rows(corpus_file):
    text = "他 们 去\n我 s\n看 书\n"
    assert list(read_sentences(corpus_file(text))) == [line.split() for line in text.splitlines()]


def test_unknown_format(tmp_path):
    with pytest.raises(SettingsError, match="format=xml: must be one of auto, words"):
        read_sentences(tmp_path / "c", "xml")
    with pytest.raises(SettingsError, match="format=tagged: must be one of words, chars"):
        write_sentences(tmp_path / "c", WORDS, "tagged")
    assert not (tmp_path / "c").exists()


# Whatever is no space; U+FEFF first in a file would be its BOM.
words = st.text(
    st.one_of(
        st.sampled_from("/[]#-_1我们在图书馆𠮷🙂"),
        st.characters(exclude_characters="\0\ufeff", exclude_categories=["Cs", "Zs"]),
    ).filter(lambda c: not c.isspace()),
    min_size=1,
    max_size=6,
)
sentences = st.lists(st.lists(words, min_size=1, max_size=6), max_size=6)


@pytest.mark.parametrize("format", ["words", "chars", "conll", "conllu"])
@settings(max_examples=60, deadline=None)
@given(sentences)
@example([["s"]])  # as CoNLL-U its comment "# text = s" looked like a row of two columns
def test_round_trip(tmp_path_factory, format, sentences):
    file = tmp_path_factory.mktemp("trip") / "c"
    write_sentences(file, sentences, format)
    assert list(read_sentences(file, format)) == sentences
    if sentences and format != "words":
        assert detect_format(file) == format


@settings(max_examples=60, deadline=None)
@given(sentences, st.text("az", min_size=1, max_size=3))
def test_tagged_round_trip(tmp_path_factory, sentences, tag):
    sentences = [[word.replace("[", "(").replace("]", ")") for word in s] for s in sentences]
    file = tmp_path_factory.mktemp("trip") / "c"
    text = "".join(" ".join(f"{word}/{tag}" for word in s) + "\n" for s in sentences)
    file.write_text(text, encoding="utf-8")
    assert list(read_sentences(file, "tagged")) == sentences


@settings(max_examples=60, deadline=None)
@given(sentences, st.integers(1, 5))
def test_corpus_round_trip(sentences, chunk):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crfseg.corpus.corpus._CHUNK", chunk)
        corpus = Corpus.from_sentences(sentences)
    assert list(corpus.sentences()) == sentences
    assert len(corpus) == len(sentences)
    assert corpus.word_count == sum(map(len, sentences))
    assert corpus.words() == {w: sum(s.count(w) for s in sentences) for s in sentences for w in s}
    assert corpus.codes.dtype == np.uint32
    assert corpus.begins.dtype == np.bool_
    assert corpus.offsets.dtype == np.int64
    assert len(corpus.codes) == len(corpus.begins) == corpus.offsets[-1]


def test_corpus_splits_at_whitespace_and_drops_nothing_else():
    corpus = Corpus.from_sentences([["a b", ""], [], ["\u3000"], ["c\td", "e"]])
    assert list(corpus.sentences()) == [["a", "b"], ["c", "d", "e"]]
    assert len(Corpus.from_sentences([])) == 0


def test_corpus_of_more_sentences_than_a_block():
    many = [["一", "二三"], ["四五六"]] * 2500
    assert list(Corpus.from_sentences(many).sentences()) == many


def test_read_reports_and_joins(tmp_path):
    class Bytes(Progress):
        total, read, note = None, 0, ""

        def begin(self, what, total=None, unit=""):
            self.total = total

        def advance(self, amount):
            self.read += amount

        def end(self, note=""):
            self.note = note

    files = []
    for format, text in SAMPLES.items():
        files.append(tmp_path / format)
        files[-1].write_text(text, encoding="utf-8")
    progress = Bytes()
    corpus = Corpus.read(files, progress=progress)
    assert list(corpus.sentences()) == WORDS * 5
    assert progress.read == progress.total == sum(file.stat().st_size for file in files)
    assert progress.note == "10 sentences, 40 words, 65 characters"
    assert list(Corpus.read(str(files[0]), "words").sentences()) == WORDS


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "c: the corpus is empty; expected at least one sentence"),
        (" \n\u3000\n", "c: the corpus is empty"),
        ("# text = 我\n", "c: the corpus is empty"),
        ("我 们\n在\n", "c: no word has more than one character"),
        ("我们在图书馆看书，他喜欢音乐。\n" * 3, "c: no line has more than one word"),
    ],
)
def test_useless_corpus(corpus_file, text, message):
    with pytest.raises(DataError, match=message):
        Corpus.read(corpus_file(text))


def test_one_empty_file_among_others(tmp_path):
    (tmp_path / "full").write_text(SAMPLES["words"], encoding="utf-8")
    (tmp_path / "empty").touch()
    with pytest.raises(DataError, match="empty: the corpus is empty"):
        Corpus.read([tmp_path / "full", tmp_path / "empty"])
    with pytest.raises(DataError, match="no corpus was given"):
        Corpus.read([])


def test_missing_corpus(tmp_path):
    with pytest.raises(DataError, match="none: cannot be read: no such file"):
        Corpus.read(tmp_path / "none")

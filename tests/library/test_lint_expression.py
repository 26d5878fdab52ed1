"""The shape of regular expressions, and that nothing is called anchored which is not."""

from __future__ import annotations

import itertools
import random
import re
import time

import pytest

from registry_verifier.policy import patterns
from registry_verifier.policy.lint import expression
from registry_verifier.policy.lint.expression import End

HELD, FREE, OPEN = End.ANCHORED, End.FREE, End.OPEN


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("^a$", HELD, HELD),
        (r"\Aa\z", HELD, HELD),
        ("a", OPEN, OPEN),
        ("^a", HELD, OPEN),
        ("a$", OPEN, HELD),
        (".*a.*", FREE, FREE),
        ("^.*a.*$", FREE, FREE),
        ("^.+a", FREE, OPEN),
        ("^(.*/)?a$", FREE, HELD),
        ("^a.*$", HELD, FREE),
        ("^a|b$", OPEN, OPEN),
        ("^a$|^b$", HELD, HELD),
        ("^(a|b)$", HELD, HELD),
        ("(^a$|^b$)", HELD, HELD),
        ("(^a$|b)", OPEN, OPEN),
        ("(?:^a)", HELD, OPEN),
        ("(?P<name>^a)$", HELD, HELD),
        ("(?i)^a$", HELD, HELD),
        ("(^)?a($)?", OPEN, OPEN),
        ("^*a", OPEN, OPEN),
        (r"\^a\$", OPEN, OPEN),
        ("[$^]a[$^]", OPEN, OPEN),
        (r"\Q^a$\E", OPEN, OPEN),
        (r"^a\Q$", HELD, OPEN),
        (r"^[\]^]$", HELD, HELD),
        ("^[]a]$", HELD, HELD),
        ("^[[:alpha:]]$", HELD, HELD),
        (r"^\x{24}\x24", HELD, OPEN),
        (r"^\pL\p{Greek}$", HELD, HELD),
        (r"\b^a$\b", HELD, HELD),
        ("^a{2}$", HELD, HELD),
        ("^(a|)$", HELD, HELD),
        ("^.a.$", HELD, HELD),
        ("^.?a.?$", HELD, HELD),
        ("^a.*b?$", HELD, FREE),
        ("^^.*a$", FREE, HELD),
    ],
)
def test_how_the_ends_are_held(text: str, start: End, end: End) -> None:
    patterns.compile(text)
    shape = expression.read(text)
    assert (shape.start, shape.end) == (start, end)


STRINGS = ["".join(letters) for length in range(4) for letters in itertools.product("ab", repeat=length)]


def grown(dice: random.Random, depth: int) -> str:
    choice = dice.random()
    if depth <= 0 or choice < 0.35:
        leaves = ["a", "b", "^", "$", ".*", "ab", "^a", "b$", r"\A", r"\z", "a?", "b*", ".+", "[ab]", "", "(?:)"]
        return dice.choice(leaves)
    if choice < 0.65:
        return grown(dice, depth - 1) + grown(dice, depth - 1)
    inner = grown(dice, depth - 1)
    if choice < 0.85:
        inner += "|" + grown(dice, depth - 1)
    return f"({inner})" + dice.choice(["", "", "", "?", "*", "+", "{0,1}", "{2}", "{1,}"])


@pytest.mark.parametrize("seed", range(3))
def test_nothing_may_stand_before_or_behind_what_is_called_anchored(seed: int) -> None:
    dice = random.Random(seed)
    held = 0
    for _ in range(700):
        text = grown(dice, 4)
        try:
            to_end, from_start = patterns.compile(rf"(?:{text})\z"), patterns.compile(rf"\A(?:{text})")
        except ValueError:
            continue
        shape = expression.read(text)
        held += shape.start is HELD
        assert shape.start is not HELD or not any(to_end.search("~" + s) for s in STRINGS), text
        assert shape.end is not HELD or not any(from_start.search(s + "~") for s in STRINGS), text
    assert held > 40


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("^https://github.com/a", (r"github\.com",)),
        (r"^https://github\.com/a/release.yml@v1.2", (r"release\.yml", r"v1\.2")),
        (r"token.actions\.githubusercontent.com", (r"token\.actions\.githubusercontent\.com",)),
        (r"^https://github\.com/.*\.yml$", ()),
        ("tags/v.*", ()),
        ("a.+b.?c.{2}d", ()),
        ("[a.b]", ()),
        (r"\Qgithub.com\E", ()),
        ("/.github", ()),
        ("", ()),
        ("github.com github.com", (r"github\.com",)),
    ],
)
def test_bare_dots_between_letters(text: str, words: tuple[str, ...]) -> None:
    assert expression.read(text).dotted == words


@pytest.mark.parametrize(
    ("text", "prefix", "suffix"),
    [
        ("^https://a$", "https://a", "https://a"),
        ("^https?://a$", "http", "://a"),
        ("^a|b$", "", ""),
        ("^(a|b)c$", "", "c"),
        ("(a)b|c$", "", ""),
        (r"^a\.b.c$", "a.b.c", "a.b.c"),
        (r"^\x61\x{62}\Qc.\E$", "abc.", "abc."),
        ("abc", "", ""),
    ],
)
def test_what_it_begins_and_ends_with(text: str, prefix: str, suffix: str) -> None:
    shape = expression.read(text)
    assert (shape.prefix, shape.suffix) == (prefix, suffix)


def test_what_stands_behind_a_mark() -> None:
    assert list(expression.read(r"^a@refs/(heads|tags)@v1.*$").after("@")) == ["refs/", "v1"]


HOSTILE = [
    "(" * 900 + "a" + ")" * 900,
    "@" * 4096,
    "a.b" * 1365,
    "(a|" * 300 + "b" + ")" * 300,
    "[[:a" * 1000,
    ".*" * 2048,
]


@pytest.mark.parametrize("text", [*HOSTILE, "\\", "[", "(", ")", "))((", "*", "\\Q", "\\x{", "\ud800", "(?P<"])
def test_a_hostile_expression_ends_soon(text: str) -> None:
    start = time.process_time()
    shape = expression.read(text)
    assert all(word.count(".") for word in shape.dotted)
    assert len(list(shape.after("@"))) <= len(text)
    assert (shape.prefix, shape.suffix) is not None
    assert time.process_time() - start < 2


def test_every_literal_of_a_plain_text_is_read() -> None:
    text = "https://example-1_2/é"
    assert "".join(token.text for token in expression.read(re.escape(text)).tokens) == text

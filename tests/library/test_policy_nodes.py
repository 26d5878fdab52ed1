"""YAML from an operator's file: one reading only, bounded, and each refusal with its place."""

from __future__ import annotations

import pytest

from registry_verifier.policy.nodes import Scalar, Table, YamlProblem, documents


def refused(content: bytes | str) -> YamlProblem:
    with pytest.raises(YamlProblem) as caught:
        documents(content.encode() if isinstance(content, str) else content)
    return caught.value


def laughs(levels: int) -> str:
    lines = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("content", "line", "column", "said"),
    [
        (b"a: 1\nb: \xff", 2, 4, "byte 0xff is not utf-8"),
        (b"a: \xed\xa0\xbd", 1, 4, "not utf-8"),
        (b"a: 1\nb: \0", 2, 4, "U+0000"),
        (b"a: \x1b[31m", 1, 4, "U+001B"),
        ("# c\u2028a: 1".encode(), 1, 4, "U+2028"),
        (b"a: 1\rb: 2", 1, 5, "U+000D"),
        ("a: \u202eb".encode(), 1, 4, "U+202E"),
        ("a: \u2066b".encode(), 1, 4, "U+2066"),
        ("a: \u200fb".encode(), 1, 4, "U+200F"),
        ("a: 1".encode("utf-16"), 1, 1, "not utf-8"),
        (b'a: "x\\0y"', 1, 4, "escaped character U+0000"),
        (b'a: "\\u2028"', 1, 4, "escaped character U+2028"),
        (b'a: "\\u202e"', 1, 4, "escaped character U+202E"),
        (b"a:\n\tb: 1", 2, 1, "not yaml"),
        (b"a: [1", 2, 1, "not yaml"),
        (b"a: 1\nb: 2\na: 3", 3, 1, "key 'a' stands twice"),
        (b"a: {b: 1, 'b': 2}", 1, 11, "stands twice"),
        (b"a: 1\n1: 2", 2, 1, "key is a number"),
        (b"yes: 2", 1, 1, "key is a boolean"),
        (b"? [a]\n: 2", 1, 3, "key is a list"),
        (b"x: &x {a: 1}\ny:\n  <<: *x", 3, 3, "merge keys"),
        (b"a: !!python/object:os.system x", 1, 4, "tag"),
        (b"a: !!python/object/apply:os.system [x]", 1, 4, "tag"),
        (b"a: !custom {}", 1, 4, "tag"),
        (b"a: !!int 1", 1, 4, "tag"),
        (b"!!set {a}", 1, 1, "tag"),
        (b"a: *b", 1, 4, "stands for nothing"),
        (b"a: &a [*a]", 1, 8, "stands for nothing"),
        (b"a: &a 1\n---\nb: *a", 3, 4, "stands for nothing"),
    ],
)
def test_refusal_has_its_place(content: bytes, line: int, column: int, said: str) -> None:
    problem = refused(content)
    assert said in str(problem)
    assert (problem.line, problem.column) == (line, column)


def test_lone_surrogate_is_refused() -> None:
    assert "not yaml" in str(refused(b'a: "\\ud83d"')) or "escaped character" in str(refused(b'a: "\\ud83d"'))


@pytest.mark.parametrize("levels", [5, 9, 60])
def test_billion_laughs_is_refused(levels: int) -> None:
    assert "aliases counted" in str(refused(laughs(levels)))


def test_a_few_aliases_are_taken() -> None:
    (node,) = documents(b"a: &a {b: x}\nc: *a")
    assert node.plain() == {"a": {"b": "x"}, "c": {"b": "x"}}


def test_large_text_behind_many_aliases_is_refused() -> None:
    assert "aliases counted" in str(refused("a: &a " + "x" * 100_000 + "\nb: [" + "*a, " * 100 + "]"))


def test_file_of_five_megabytes_is_refused() -> None:
    assert "5000000 bytes (expected at most 4194304)" in str(refused(b"a" * 5_000_000))


@pytest.mark.parametrize("content", ["[" * 10_000, "{a: " * 10_000, "- " * 10_000, "? " * 10_000])
def test_ten_thousand_levels_are_refused(content: str) -> None:
    assert refused(content)


def test_depth_is_refused_by_name() -> None:
    assert "nested more than 32 deep" in str(refused("[" * 40 + "]" * 40))


def test_many_values_are_refused() -> None:
    assert "more than 80000 values" in str(refused("a: [" + "x," * 90_000 + "]"))


def test_many_documents_are_refused() -> None:
    assert "more than 80000 values" in str(refused("--- x\n" * 90_000))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("x", "string"),
        ('"1"', "string"),
        ("'true'", "string"),
        ("!!str 1", "string"),
        ("! 1", "string"),
        ("1", "number"),
        ("1.5", "number"),
        ("1:30", "number"),
        ("true", "boolean"),
        ("on", "boolean"),
        ("~", "null"),
        ("", "null"),
        ("2026-01-01", "date"),
    ],
)
def test_kind_of_a_word(text: str, kind: str) -> None:
    (node,) = documents(f"a: {text}".encode())
    assert isinstance(node, Table)
    assert node.entries[0][1].kind == kind


def test_empty_documents_are_left_out() -> None:
    assert [node.plain() for node in documents(b"# c\n---\n---\na: b\n---\n# end\n")] == [{"a": "b"}]


def test_byte_order_mark_is_taken() -> None:
    assert [node.plain() for node in documents("\ufeffa: b".encode())] == [{"a": "b"}]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("a:\n  b: |\n    one\n    two three\n", (4, 9)),
        ("a:\n  b: |  # c\n\n    one\n    two three\n", (5, 9)),
        ("a:\r\n  b: |\r\n    one\r\n    two three\r\n", (4, 9)),
        ("a:\n  b: |2\n      one\n    two three\n", (4, 9)),
        ("a:\n  b: one two three\n", (2, 14)),
        ("a:\n  b: 'one two three'\n", (2, 15)),
        ('a:\n  b: "one\\n two three"\n', (2, 6)),
        ("a:\n  b: >\n    one\n    two three\n", (2, 6)),
    ],
)
def test_place_of_a_character_in_a_text(content: str, place: tuple[int, int]) -> None:
    (node,) = documents(content.encode())
    assert isinstance(node, Table)
    inner = node.entries[0][1]
    assert isinstance(inner, Table)
    text = inner.entries[0][1]
    assert isinstance(text, Scalar)
    found = text.place_of(text.text.index("three"))
    # counted to "three" where the layout is known, else the beginning of the value
    assert (found.line, found.column) == place

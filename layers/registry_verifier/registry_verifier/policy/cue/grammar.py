"""The grammar of CUE, as far as it is taken, and the one parser of the process, built when it is first needed.

The source is the specification's section on syntax (cuelang.org/docs/reference/spec). What it has and this does not
take is an error that names the construct.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NoReturn, cast

from lark import Lark, Token
from lark.exceptions import UnexpectedToken
from lark.lexer import Lexer

from registry_verifier.policy.cue.building import Builder
from registry_verifier.policy.cue.file import File
from registry_verifier.policy.cue.problem import CueProblem
from registry_verifier.policy.cue.tokens import scan

_GRAMMAR = r"""
start: package? imports declarations

package: _PACKAGE NAME _COMMA
imports: _import*
_import: _IMPORT import_spec _COMMA | _IMPORT _OPEN (import_spec _COMMA)* _CLOSE _COMMA
import_spec: STRING | NAME STRING

declarations: (_declaration (_COMMA _declaration)* _COMMA?)?
_declaration: field | comprehension | let | ellipsis | embed
embed: expression
ellipsis: ELLIPSIS
let: _LET NAME _IS expression

field: label _COLON _value
     | label _OPTIONAL _COLON _value -> optional
     | label _NOT _COLON _value      -> required
     | _OPEN_PATTERN expression _CLOSE_PATTERN _COLON _value          -> pattern
     | _OPEN_PATTERN NAME _IS expression _CLOSE_PATTERN _COLON _value -> named_pattern
?label: NAME                                   -> name_label
      | STRING                                 -> string_label
      | _OPEN expression _CLOSE                -> computed_label
      | interpolation                          -> computed_label
      | NAME _IS label                         -> alias_label
_value: expression | short_struct | alias
short_struct: field
alias: NAME _IS expression

comprehension: _first_clause (_COMMA? _clause)* struct
_first_clause: for_value | for_both | if_clause
_clause: _first_clause | let
for_value: _FOR NAME _IN expression
for_both: _FOR NAME _COMMA NAME _IN expression
if_clause: _IF expression

?expression: choice | choice (_OR choice)+ -> join
?choice: meet | STAR unary                 -> default
?meet: either | either (_AND either)+      -> meet
?either: both | either EITHER both         -> binary
?both: compare | both BOTH compare         -> binary
?compare: sum | compare (EQUAL | RELATION) sum -> binary
?sum: product | sum SIGN product           -> binary
?product: unary | product (STAR | SLASH) unary -> binary
?unary: postfix | SIGN unary | _NOT unary -> negation | RELATION unary -> bound
?postfix: primary
        | postfix _DOT (NAME | STRING)               -> selector
        | postfix _OPEN_LIST expression _CLOSE_LIST  -> index
        | postfix _OPEN (expression (_COMMA expression)* _COMMA?)? _CLOSE -> call
?primary: NAME             -> name
        | (STRING | VALUE) -> literal
        | BOTTOM           -> never
        | _OPEN expression _CLOSE
        | interpolation
        | struct
        | list
interpolation: OPEN_STRING expression (NEXT_STRING expression)* END_STRING
struct: OPEN_BRACE declarations _CLOSE_BRACE
list: _OPEN_LIST (_items _COMMA?)? _CLOSE_LIST | _OPEN_LIST (_items _COMMA)? rest _COMMA? _CLOSE_LIST
_items: _item | _items _COMMA _item
_item: expression | comprehension
rest: ELLIPSIS expression?

%declare NAME STRING VALUE BOTTOM OPEN_STRING NEXT_STRING END_STRING ELLIPSIS
%declare STAR SLASH SIGN EQUAL RELATION EITHER BOTH OPEN_BRACE
%declare _PACKAGE _IMPORT _FOR _IN _IF _LET _IS _COLON _COMMA _DOT _OPTIONAL _NOT _OR _AND
%declare _OPEN _CLOSE _CLOSE_BRACE _OPEN_LIST _CLOSE_LIST _OPEN_PATTERN _CLOSE_PATTERN
"""
_TEXT_LIMIT = 256 * 1024


def parse(text: str) -> File:
    """The text as a tree; CueProblem for whatever is not taken."""
    if len(text) > _TEXT_LIMIT:
        raise CueProblem(0, f"condition has {len(text)} characters (expected at most {_TEXT_LIMIT})")
    try:
        return cast(File, _parser().parse(scan(text)))
    except UnexpectedToken as error:
        _refuse(error, len(text))


class _Words(Lexer):
    """Hands the parser what `scan` found."""

    def __init__(self, _: object) -> None:
        pass

    def lex(self, tokens: Any) -> Iterator[Token]:  # type: ignore[override]
        return iter(tokens)


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer=_Words, transformer=Builder())


def _refuse(error: UnexpectedToken, length: int) -> NoReturn:
    token, wanted = error.token, error.accepts or error.expected or set()
    if token.type == "$END" or (token.type == "_COMMA" and not token):
        raise CueProblem(length, "condition ends where a value is expected")
    found = "a new line" if token.type == "_COMMA" and str(token) != "," else repr(str(token)[:80])
    raise CueProblem(token.start_pos or 0, f"expected {_expected(wanted, token)}, got {found}")


def _expected(wanted: set[str], token: Token) -> str:
    if "_COMMA" in wanted or str(token) == "}":
        return "a comma or a new line"
    if wanted <= {"_COLON", "_OPTIONAL", "_NOT"}:
        return "':'"
    return "a field name" if "_LET" in wanted else "a value"

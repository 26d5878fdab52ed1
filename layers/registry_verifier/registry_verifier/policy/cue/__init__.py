"""The policy language CUE, the part of it that policies about statements use, evaluated for real.

policy-controller compiles a policy, unifies it with the statement and calls `Validate()`. In that reading a field
that the policy names and the statement lacks is filled in by the unification, and passes; so does a `=~` with
nothing to match, even where its expression does not compile, and a field such as `_type` without quotes, which CUE
takes as hidden and compares with nothing. Here a missing field fails, and the other two are errors when the policy
is loaded. Nothing passes here that fails there; what is not evaluated here is an error when the policy is loaded.

Taken: fields, nested and in the short form `a: b: 1`, strings (`"…"` and `#"…"#`), whole numbers, booleans, null,
`=~`, `!~`, `!=`, `//` comments; a field that stands twice must meet both. Source: cuelang.org/docs/reference/spec.
"""

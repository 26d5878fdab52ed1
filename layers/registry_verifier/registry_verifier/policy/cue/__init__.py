"""The policy language CUE, the part of it that policies about statements use, evaluated for real.

policy-controller compiles a condition, unifies it with the document and calls `Validate()` (cosign, pkg/policy/eval.go,
on cuelang.org/go v0.12). In that reading a field that the condition names and the document lacks is filled in, and
passes; so does what stays open because something is not known. `check_as_cluster` answers so. `check` is stricter:
what the condition names must be there, and nothing may stay open. Neither passes where CUE fails, as far as
`python -m local.differential` finds; what is not evaluated here is an error when the condition is loaded, and so is
what could never hold, or would depend on the order in which CUE goes about it.

The way of a condition: `tokens` and `grammar` read the text, `building` makes a `tree` of it, `names` sees to what its
names mean. The way of an answer: a `Node` is a place with the demands on it (`nodes`), `unification` tries what it can
be, one `Shape` for each possibility, `demands` and `structs` say what each construct adds to it, `completion` and
`judging` what must hold once all is added, `closedness` which fields are allowed. `evaluation` goes from node to node
as they are needed, within a budget (`limits`). `strictness` is what `check` asks beyond that.
Source: cuelang.org/docs/reference/spec.
"""

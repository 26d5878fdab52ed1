"""Provenance against certificate: what a workflow says of itself, beside what Fulcio was told by GitHub.

A predicate is written by whoever signs it; only the certificate's extensions and the verified digest are somebody
else's word. Which predicates are read, and what is compared with what: docs/provenance.md.
Sources: actions/buildtypes, workflow/v1; slsa-github-generator, "Provenance Format"; fulcio/docs/oid-info.md.
"""

from registry_verifier.provenance.check import disagreements, is_checked, may_be_checked
from registry_verifier.provenance.disagreement import Disagreement

__all__ = ["Disagreement", "disagreements", "is_checked", "may_be_checked"]

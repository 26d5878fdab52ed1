"""A TUF repository, in an archive or behind an address: its trusted root, proven by the root.json that is trusted.

Source: the TUF specification 1.0, section 5, as python-tuf implements it. What cannot be proven is a TrustRootError,
what could not be reached Unavailable.
"""

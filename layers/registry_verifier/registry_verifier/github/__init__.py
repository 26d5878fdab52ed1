"""GitHub's REST API: failed deliveries, published versions, and the attestations that are kept beside the registry.

client.py        one request as somebody, and the pages of a list; begin here
token.py         who we are: a GitHub App and its installation (a personal access token needs nothing)
hooks.py         the `Hook` of ports.py: what a webhook could not deliver
packages.py      the `Packages` of ports.py: what was published
attestations.py  the `Attestations` of ports.py: Sigstore bundles
bundle_file.py   one bundle from GitHub's storage
answers.py       what an answer means that is not the one that was asked for
moments.py       times in answers
exchange.py      one request and one bounded answer: the only place where bytes move

Source: docs.github.com/rest, version 2022-11-28. A classic token needs `read:packages` for packages, and
`admin:org_hook` or `admin:repo_hook` for hooks; an App may read hooks and attestations, and no packages. Each call
fails by itself, so that a token that may do one thing does that one.
"""

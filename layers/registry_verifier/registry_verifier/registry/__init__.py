"""The outside world, part one: an OCI registry over HTTP, through httpx.

client.py     the `Registry` of ports.py: manifests, referrers, blobs; begin here
token.py      who we are to the registry: GHCR's token dance, and everybody else's
challenge.py  reading a `WWW-Authenticate` header
referrers.py  the pages of the referrers API
redirects.py  where a blob may be fetched from
hosts.py      where each registry is, and which other hosts belong to it
answers.py    one answer, and what its status code means to us
tally.py      how often was asked
exchange.py   one request and one bounded answer: the only place where bytes move
"""

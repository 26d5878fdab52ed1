"""Questions to the query API: which there are, and how one is read from a request."""

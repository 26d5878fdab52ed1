"""Verifies what is published to a container registry: the map of the rooms is in ARCHITECTURE.md."""

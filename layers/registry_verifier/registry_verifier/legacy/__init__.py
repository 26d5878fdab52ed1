"""Evidence as cosign up to 2.x stores it: layers of the tags `sha256-<hex>.sig` and `.att`.

They carry only the transparency log's promise to include (a signed entry timestamp), no proof that it did.
sigstore-python's public interface asks for the proof, so this room checks them by itself, with `cryptography`
and `rfc8785` alone: everything that cosign checks (pkg/cosign/verify.go, verifyInternal and VerifyBundle), and more.
"""

"""Signing, sealing and agreeing on keys: the only place that knows cryptography, loaded when it is first needed."""

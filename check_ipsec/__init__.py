"""IPsec monitoring for hosts that run strongSwan."""

__version__ = "0.1.0"

"""Where this authorization server lives. Every URL it tells is made here, from one issuer."""

from dataclasses import dataclass, field

APP_SCHEMES = frozenset({"cursor"})
"""Private-use schemes of known desktop programs that cannot listen on a loopback port."""

BASELINE_SCOPES = (
    "projects:read",
    "wallets:read",
    "wallets:write",
    "metering:read",
    "metering:write",
)
"""What a client asks for when it does not know yet: the everyday jobs. More is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthSettings:
    """The issuer is byte-identical wherever it is told, and never ends in a slash (RFC 8414 §2)."""

    issuer: str
    name: str = "Bursar"
    baseline_scopes: tuple[str, ...] = BASELINE_SCOPES
    app_schemes: frozenset[str] = field(default=APP_SCHEMES)

    def __post_init__(self) -> None:
        if self.issuer.endswith("/"):
            raise ValueError("the issuer must not end in a slash")

    @property
    def resource(self) -> str:
        """The MCP endpoint: what tokens are for, unless a client names something narrower."""
        return f"{self.issuer}/mcp"

    @property
    def api_resource(self) -> str:
        return f"{self.issuer}/v1"

    @property
    def authorization_endpoint(self) -> str:
        return f"{self.issuer}/oauth/authorize"

    @property
    def token_endpoint(self) -> str:
        return f"{self.issuer}/oauth/token"

    @property
    def registration_endpoint(self) -> str:
        return f"{self.issuer}/oauth/register"

    @property
    def revocation_endpoint(self) -> str:
        return f"{self.issuer}/oauth/revoke"

    @property
    def introspection_endpoint(self) -> str:
        return f"{self.issuer}/oauth/introspect"

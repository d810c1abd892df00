"""Access tokens: signed, with the user's number and his `token_version`, which a new password raises."""

import hashlib
import secrets
import time
from dataclasses import dataclass

ALGORITHM = "HS256"


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says. Times are seconds since the epoch."""

    user_id: int
    version: int
    token_id: str
    expires_at: float


class Tokens:
    """Issues and reads access tokens.

    Args:
        secret: the server's SECRET_KEY.
        lifetime_seconds: how long a token holds.
    """

    def __init__(self, secret: str, lifetime_seconds: int) -> None:
        # Whatever the length of the secret, the signing key has 256 bits, and serves nothing else.
        self._key = hashlib.sha256(b"callscope access token\0" + secret.encode()).digest()
        self.lifetime_seconds = lifetime_seconds

    def issue(self, user_id: int, version: int, now: float | None = None) -> str:
        """A new token for the user, from `now` (seconds since the epoch) on."""
        import jwt

        issued = int(time.time() if now is None else now)
        claims = {
            "sub": str(user_id), "ver": version, "jti": secrets.token_hex(16),
            "iat": issued, "exp": issued + self.lifetime_seconds,
        }  # fmt: skip
        return jwt.encode(claims, self._key, algorithm=ALGORITHM)

    def read(self, token: str) -> Token | None:
        """What a token says, or None if it isn't ours, was changed, or has expired."""
        import jwt

        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                # Not "issued in the past": the clocks of several servers differ.
                options={"require": ["sub", "ver", "jti", "iat", "exp"], "verify_iat": False},
            )
            return Token(int(claims["sub"]), int(claims["ver"]), str(claims["jti"]), float(claims["exp"]))
        except (jwt.InvalidTokenError, ValueError, TypeError):
            return None

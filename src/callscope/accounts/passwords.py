"""Passwords: what may be one, how it is stored, and comparing in the same time whether there is a user or not."""

from callscope.accounts.demo import DEMO_PASSWORDS
from callscope.api.errors import invalid

MIN_CHARACTERS = 8
MAX_BYTES = 72  # bcrypt reads no more
# The end of a bcrypt string to compare with when there is no such user: no password is known to give it.
_NOBODY = "f9AQmrdAC1tp6FGe5E3yruvieWoutThisIsNobodysHashAtAll22"


class Passwords:
    """Hashing with bcrypt, at a cost of 2 to the power of `rounds`. A hash at 12 takes about a quarter of a second."""

    def __init__(self, rounds: int = 12) -> None:
        self.rounds = rounds

    def hash(self, password: str) -> str:
        """The form that is stored."""
        from pwdlib.hashers.bcrypt import BcryptHasher

        return BcryptHasher(self.rounds).hash(password)

    def matches(self, password: str, stored: str | None) -> bool:
        """Whether it is the password of that hash; with None it isn't, which takes the same time to find out."""
        from pwdlib.hashers.bcrypt import BcryptHasher

        given = password.encode(errors="replace")
        fits = BcryptHasher(self.rounds).verify(given[:MAX_BYTES], stored or f"$2b${self.rounds:02d}${_NOBODY}")
        return fits and stored is not None and len(given) <= MAX_BYTES


def check_new(email: str, password: str, field: str = "password") -> None:
    """Raise Invalid for what may not become the password of `email`."""
    if len(password) < MIN_CHARACTERS:
        raise invalid(field, f"must have at least {MIN_CHARACTERS} characters")
    if len(password.encode(errors="replace")) > MAX_BYTES:
        raise invalid(field, f"must have at most {MAX_BYTES} bytes (in UTF-8)")
    if DEMO_PASSWORDS.get(email) == password:
        raise invalid(field, "is the demo login's, which everybody knows; choose another one")

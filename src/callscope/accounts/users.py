"""Users: making, changing and removing them, and the rule that there is always an admin."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callscope.accounts.cache import BoundedCache
from callscope.accounts.changes import ACCOUNTS, change
from callscope.accounts.demo import is_demo, other_admins
from callscope.accounts.models import DEFAULT_PROJECT_ID, User
from callscope.accounts.passwords import Passwords, check_new
from callscope.api.errors import Conflict, NotFound, invalid
from callscope.api.rights import Caller, Role
from callscope.audit.service import assign, differing, note
from callscope.db.engine import Database
from callscope.db.versions import Versions

MAX_EMAIL = 254
MAX_NUMBER = 2**31 - 1
"""What the column of users' numbers holds."""


class UserNotFound(NotFound):
    """There is no such user."""

    def __init__(self, user: int | str) -> None:
        super().__init__(f"There is no user {user}.")


class EmailTaken(Conflict):
    """Another user has this email."""

    def __init__(self) -> None:
        super().__init__("There is a user with this email already.")


class LastAdmin(Conflict):
    """What was asked for would leave nobody who can administer."""

    def __init__(self) -> None:
        super().__init__("This is the last admin. Make another user an admin first.")


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user to be made. `project_ids` None: all projects."""

    email: str
    password: str
    role: Role = Role.VIEWER
    project_ids: Sequence[int] | None = None
    can_read_calls: bool = False


class UserService:
    """What is done with users. All methods block."""

    def __init__(self, db: Database, versions: Versions, passwords: Passwords) -> None:
        self._db = db
        self._versions = versions
        self._passwords = passwords

    def page(self, after: int, limit: int) -> list[User]:
        """At most `limit` users with numbers above `after`, in their order."""
        with self._db.read_session() as session:
            return list(session.scalars(select(User).where(User.id > after).order_by(User.id).limit(limit)))

    def get(self, user_id: int) -> User:
        """The user with this number; raises UserNotFound."""
        with self._db.read_session() as session:
            return _existing(session, user_id)

    def by_email(self, email: str) -> User:
        """The user with this email, in whatever case; raises UserNotFound."""
        with self._db.read_session() as session:
            user = session.scalar(select(User).where(User.email == normalized(email)))
        if user is None:
            raise UserNotFound(email)
        return user

    def create(self, caller: Caller, new: NewUser) -> User:
        """Make a user. Raises Invalid for the email or password, EmailTaken."""
        self.check(new.email, new.password)
        return self.store(caller, new, self._passwords.hash(new.password))

    def check(self, email: str, password: str) -> None:
        """Raise Invalid or EmailTaken for what cannot become a user, before time is spent on hashing."""
        check_new(normalized(email), password)
        with self._db.read_session() as session:
            _check_free(session, normalized(email))

    def store(self, caller: Caller | None, new: NewUser, password_hash: str) -> User:
        """Write a checked user; `caller` is None for one who registers himself. Raises EmailTaken."""
        with change(self._db, self._versions) as session:
            return add_user(session, caller, new, password_hash)

    def update(self, caller: Caller, user_id: int, changes: Mapping[str, object]) -> User:
        """Change `role`, `projects` (numbers, or None for all), `can_read_calls` or `is_active`.

        A deactivated user's sessions are over, also if he is activated again. Raises UserNotFound, LastAdmin.
        """
        with change(self._db, self._versions) as session:
            user = _existing(session, user_id)
            before, after = differing(user, changes)
            if not after:
                return user
            if after.get("role", user.role) != Role.ADMIN or not after.get("is_active", user.is_active):
                _check_not_last(session, user)
            assign(user, after)
            if after.get("is_active") is False:
                user.token_version += 1
            user.updated_at = datetime.now(UTC)
            note(session, caller, "user.update", f"user {user.email}", before, after)
            return user

    def delete(self, caller: Caller, user_id: int) -> None:
        """Remove a user; what refers to him keeps his number. Raises UserNotFound, LastAdmin."""
        with change(self._db, self._versions) as session:
            user = _existing(session, user_id)
            _check_not_last(session, user)
            session.delete(user)
            note(session, caller, "user.delete", f"user {user.email}", {"email": user.email, "role": user.role})

    def set_password(self, caller: Caller, user_id: int, password: str, *, field: str = "password") -> User:
        """Give a user a new password and end all his sessions. Raises UserNotFound, Invalid."""
        check_new(self.get(user_id).email, password, field)
        return self.store_password(caller, user_id, self._passwords.hash(password))

    def store_password(
        self, caller: Caller, user_id: int, password_hash: str, *, instead_of: str | None = None
    ) -> User:
        """Write a checked password, in place of the hash `instead_of`: Conflict if that is no longer the one."""
        with change(self._db, self._versions) as session:
            user = _existing(session, user_id)
            if instead_of not in (None, user.password_hash):
                raise Conflict("The password was changed by somebody else just now.")
            user.password_hash = password_hash
            user.token_version += 1
            user.updated_at = datetime.now(UTC)
            note(session, caller, "user.password", f"user {user.email}")
            return user


class UserNumbers:
    """Which numbers are users', for calls that name one. Remembers those that are, until accounts change."""

    def __init__(self, db: Database, versions: Versions) -> None:
        self._db = db
        self._known: BoundedCache[int, bool] = BoundedCache()
        versions.watch(ACCOUNTS, self._known.clear)

    def are_known(self, numbers: Collection[int]) -> bool:
        """Whether all of these are known to be users'; from memory alone, so that async code may call it."""
        return all(self._known.get(number) for number in numbers)

    def unknown(self, numbers: Collection[int]) -> set[int]:
        """Those of the numbers that are no user's. May read the database."""
        asked = {number for number in numbers if number <= MAX_NUMBER and not self._known.get(number)}
        if asked:
            generation = self._known.generation
            with self._db.read(brief=True) as connection:
                for number in connection.scalars(select(User.id).where(User.id.in_(asked))):
                    self._known.put(number, True, generation)
                    asked.discard(number)
        return asked | {number for number in numbers if number > MAX_NUMBER}


def normalized(email: str) -> str:
    """An email in the one form in which it is stored and compared; raises Invalid if it cannot be one."""
    email = email.strip().lower()
    name, _, host = email.rpartition("@")
    if not (name and host) or "@" in name or " " in email or not email.isprintable() or len(email) > MAX_EMAIL:
        raise invalid("email", f"must be an email address such as jane@example.com, of at most {MAX_EMAIL} characters")
    return email


def add_user(session: Session, caller: Caller | None, new: NewUser, password_hash: str) -> User:
    """Add a checked user in a transaction that is open; raises EmailTaken."""
    email = normalized(new.email)
    _check_free(session, email)
    now = datetime.now(UTC)
    user = User(
        email=email, password_hash=password_hash, role=new.role.value, can_read_calls=new.can_read_calls,
        projects=None if new.project_ids is None else list(new.project_ids), created_at=now, updated_at=now,
    )  # fmt: skip
    session.add(user)
    session.flush()
    after: dict[str, object] = {"role": user.role, "projects": user.projects, "can_read_calls": user.can_read_calls}
    if caller is None:
        note(session, Caller(name=email, user_id=user.id), "user.register", f"user {email}", None, after)
    else:
        note(session, caller, "user.create", f"user {email}", None, after)
    return user


def registering(email: str, password: str) -> NewUser:
    """A user who registers himself: a viewer of the project `default`."""
    return NewUser(email, password, Role.VIEWER, (DEFAULT_PROJECT_ID,))


def _existing(session: Session, user_id: int) -> User:
    user = session.get(User, user_id)
    if user is None:
        raise UserNotFound(user_id)
    return user


def _check_free(session: Session, email: str) -> None:
    if session.scalar(select(func.count()).where(User.email == email)):
        raise EmailTaken


def _check_not_last(session: Session, user: User) -> None:
    """Raise LastAdmin if nobody but this user can administer. A demo login is never counted, so it may always go."""
    if user.role == Role.ADMIN and user.is_active and not is_demo(user) and not other_admins(session, user.id):
        raise LastAdmin

"""What goes over HTTP about users, API keys and projects."""

from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, StrictBool, StringConstraints

from callscope.accounts.models import ApiKey, Project, User
from callscope.accounts.projects import ProjectDirectory
from callscope.api.envelope import Envelope
from callscope.api.paging import MAX_ROW_ID
from callscope.api.rights import Role, Scope
from callscope.db.types import EPOCH
from callscope.wording import Either


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must hold printable characters only")
    return text


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold the character NUL")
    return text


Id = Annotated[int, Path(ge=1, le=MAX_ROW_ID, description="The number that the list shows.", examples=[2])]
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(_printable)
]
Description = Annotated[str, StringConstraints(max_length=500), AfterValidator(_storable)]
Email = Annotated[str, Field(max_length=320, description="Compared without regard to case.")]
NewPassword = Annotated[str, Field(max_length=1_000, description="8 characters to 72 bytes (in UTF-8).")]
GivenPassword = Annotated[str, Field(max_length=1_000)]
PayloadDays = Literal[7, 30, 90, 365]
"""Few, so that what goes at the same time can lie in one table, and go with it."""
MAX_DAYS = 36_500
RowDays = Annotated[int, Field(strict=True, ge=1, le=MAX_DAYS)]
PerMinute = Annotated[int, Field(strict=True, ge=1, le=100_000_000)]
ProjectRef = Annotated[
    Annotated[int, Field(strict=True, ge=1, le=MAX_ROW_ID)] | Name,
    Either("must be the number of a project, or its name of 1 to 100 printable characters"),
]
"""A project by its number (a JSON number) or by its name (a JSON string)."""

_JANE: dict[str, JsonValue] = {"email": "jane@example.com", "password": "correct horse battery"}
_USER: dict[str, JsonValue] = {
    "id": 3, "email": "jane@example.com", "role": "VIEWER", "projects": ["default"], "can_read_calls": False,
    "is_active": True, "created_at": "2026-03-01T09:30:00Z",
}  # fmt: skip
_KEY: dict[str, JsonValue] = {
    "id": 1, "name": "checkout service", "project": "checkout", "scopes": ["ingest"], "prefix": "cs_8Jr2kQx",
    "requests_per_minute": 600, "created_at": "2026-03-01T09:30:00Z", "last_used_at": None,
}  # fmt: skip
_TOKEN = "eyJhbGciOiJIUzI1NiIs…"  # noqa: S105  # an example


def _example(example: dict[str, JsonValue], *, strict: bool = False) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]}, extra="forbid" if strict else "ignore")


class RegisterIn(BaseModel):
    """Who registers himself: he becomes a viewer of the project `default`."""

    model_config = _example(dict(_JANE))

    email: Email
    password: NewPassword


class LoginIn(BaseModel):
    """A login. `cookie` also sets the session cookie of the dashboard."""

    model_config = _example(dict(_JANE))

    email: Email
    password: GivenPassword
    cookie: StrictBool = False


class PasswordIn(BaseModel):
    """A change of one's own password."""

    model_config = _example({"current_password": "correct horse battery", "new_password": "staple the battery"})

    current_password: GivenPassword
    new_password: NewPassword


class LoginOptions(BaseModel):
    """What may be done without a login, by whoever asks, from where he asks."""

    model_config = _example({"demo_logins": True, "registration": True})

    demo_logins: bool = Field(description="Whether the well-known demo logins work.")
    registration: bool = Field(description="Whether one may register.")


class SetupIn(BaseModel):
    """The first admin, made with the token of the one-time link."""

    model_config = _example({"token": "5f0c…", **_JANE})

    token: str = Field(max_length=200)
    email: Email
    password: NewPassword


class UserOut(BaseModel):
    """A user. An admin is never limited: his `projects` is null and `can_read_calls` true."""

    model_config = _example(dict(_USER))

    id: int
    email: str
    role: Role
    projects: list[str] | None = Field(description="Names of the projects that the user is limited to; null: all.")
    can_read_calls: bool = Field(description="Whether calls, traces and texts may be seen, besides metrics.")
    is_active: bool
    created_at: datetime

    @classmethod
    def of(cls, user: User, projects: ProjectDirectory) -> "UserOut":
        """The user as clients see him."""
        admin = user.role == Role.ADMIN
        limited = None if admin or user.projects is None else [projects.by_id(number) for number in user.projects]
        return cls(
            id=user.id,
            email=user.email,
            role=Role(user.role),
            projects=None if limited is None else [project.name for project in limited if project is not None],
            can_read_calls=admin or user.can_read_calls,
            is_active=user.is_active,
            created_at=user.created_at,
        )


class LoginOut(BaseModel):
    """An access token: send it as `Authorization: Bearer …`. `expires_in` is in seconds."""

    model_config = _example({"access_token": _TOKEN, "token_type": "bearer", "expires_in": 43_200, "user": _USER})

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  # OAuth2's word
    expires_in: int
    user: UserOut


class LoginAnswer(Envelope[LoginOut]):
    """A login's answer: the token is at the top level too, where OAuth2 clients look for it."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  # OAuth2's word


class UserIn(BaseModel):
    """A new user. `projects` limits him to those (names or numbers); null or left out: all."""

    model_config = _example({**_JANE, "role": "VIEWER", "projects": ["checkout"], "can_read_calls": True}, strict=True)

    email: Email
    password: NewPassword
    role: Role = Role.VIEWER
    projects: list[ProjectRef] | None = Field(None, max_length=1_000)
    can_read_calls: StrictBool = False


class UserChange(BaseModel):
    """What to change of a user; what is left out stays. `projects`: names or numbers, or null for all."""

    model_config = _example({"projects": ["checkout", "search"], "can_read_calls": True}, strict=True)

    # A default marks a field as optional; it is never read, since only the fields that were sent count.
    role: Role = Role.VIEWER
    projects: list[ProjectRef] | None = Field(None, max_length=1_000)
    can_read_calls: StrictBool = False
    is_active: StrictBool = Field(True, description="A deactivated user cannot log in, and his sessions are over.")


class ProjectOut(BaseModel):
    """A project."""

    model_config = _example(
        {
            "id": 2, "name": "checkout", "description": "The shop's assistant", "created_at": "2026-03-01T09:30:00Z",
            "payload_days": 30, "row_days": 180, "calls_from": "2026-01-04", "calls_per_minute": None,
        }
    )  # fmt: skip

    id: int
    name: str
    description: str
    created_at: datetime
    payload_days: int | None = Field(description="How long prompts and answers are kept; null: for ever.")
    row_days: int | None = Field(description="How long calls are kept; null: for ever.")
    calls_from: date | None = Field(
        description="The first UTC day of which there are calls: older ones are taken no more, and only totals tell of them."
    )
    calls_per_minute: int | None = Field(description="How many calls are taken a minute; null: as many as come.")

    @classmethod
    def of(cls, project: Project) -> "ProjectOut":
        """The project as clients see it."""
        return cls(
            id=project.id, name=project.name, description=project.description, created_at=project.created_at,
            payload_days=project.payload_days, row_days=project.row_days,
            calls_from=None if project.rows_from is None else (EPOCH + timedelta(days=project.rows_from)).date(),
            calls_per_minute=project.calls_per_minute,
        )  # fmt: skip


class ProjectIn(BaseModel):
    """A new project."""

    model_config = _example({"name": "checkout", "description": "The shop's assistant"}, strict=True)

    name: Name
    description: Description = ""


class ProjectChange(BaseModel):
    """What to change of a project; what is left out stays. Its calls stay with it under a new name."""

    model_config = _example({"name": "shop", "payload_days": 30}, strict=True)

    name: Name | None = None
    description: Description | None = None
    payload_days: PayloadDays | None = Field(
        None,
        description="How many days prompts and answers are kept after they arrived; null: for ever. They go by the week, "
        "up to 7 days later, and what is there already keeps its shorter time.",
    )
    row_days: RowDays | None = Field(
        None, description="How many days calls are kept after they began, at least `payload_days`; null: for ever."
    )
    calls_per_minute: PerMinute | None = Field(
        None, description="How many calls are taken a minute, over which 429 is answered; null: as many as come."
    )

    @property
    def changes(self) -> dict[str, object]:
        """What was sent; null means nothing for a name or description, and no bound for all else."""
        sent = self.model_dump(exclude_unset=True)
        return {key: value for key, value in sent.items() if value is not None or key not in {"name", "description"}}


class KeyIn(BaseModel):
    """A new API key. `project` (a name or a number) limits it to that one; null or left out: all projects."""

    model_config = _example({"name": "checkout service", "scopes": ["ingest"], "project": "checkout"}, strict=True)

    name: Name
    scopes: list[Scope] = Field(min_length=1, max_length=20, description="`calls` includes `metrics`.")
    project: ProjectRef | None = None
    requests_per_minute: PerMinute | None = Field(
        None, description="How many requests the key may send a minute, over which 429 is answered; null: any number."
    )


class KeyChange(BaseModel):
    """What to change of an API key; what is left out stays."""

    model_config = _example({"requests_per_minute": 600}, strict=True)

    name: Name | None = None
    requests_per_minute: PerMinute | None = Field(None, description="Requests a minute; null: any number.")

    @property
    def changes(self) -> dict[str, object]:
        """What was sent; null means nothing for a name, and no bound for the requests."""
        sent = self.model_dump(exclude_unset=True)
        return {key: value for key, value in sent.items() if value is not None or key != "name"}


class KeyOut(BaseModel):
    """An API key, without its secret."""

    model_config = _example(dict(_KEY))

    id: int
    name: str
    project: str | None = Field(description="The project that the key is limited to; null: all.")
    scopes: list[Scope]
    prefix: str = Field(description="How the secret begins, to tell keys apart.")
    requests_per_minute: int | None = Field(description="How many requests it may send a minute; null: any number.")
    created_at: datetime
    last_used_at: datetime | None = Field(description="Exact to a minute or so.")

    @classmethod
    def of(cls, key: ApiKey, projects: ProjectDirectory) -> "KeyOut":
        """The key as clients see it."""
        project = None if key.project_id is None else projects.by_id(key.project_id)
        return cls(
            id=key.id,
            name=key.name,
            project=project.name if project else None,
            scopes=[Scope(scope) for scope in key.scopes],
            prefix=key.prefix,
            requests_per_minute=key.requests_per_minute,
            created_at=key.created_at,
            last_used_at=key.last_used_at,
        )


class NewKeyOut(KeyOut):
    """A key just made. `secret` is shown here once and never again."""

    model_config = _example({**_KEY, "secret": "cs_8Jr2kQx…"})

    secret: str


class MeUser(UserOut):
    """The user who asks. `demo_logins_work` says whether the well-known demo logins can be used just now."""

    model_config = _example({"kind": "user", **_USER, "demo_logins_work": False})

    kind: Literal["user"] = "user"
    demo_logins_work: bool


class MeKey(KeyOut):
    """The API key that asks."""

    model_config = _example({"kind": "api_key", **_KEY})

    kind: Literal["api_key"] = "api_key"


class MeAnswer(Envelope[Annotated[MeUser | MeKey, Field(discriminator="kind")]]):
    """Who asks: a user or an API key, told apart by `kind`."""

"""/auth: what a person does with his own account."""

from typing import Annotated, Any

from fastapi import Query, Request, Response
from starlette.concurrency import run_in_threadpool

from callscope.accounts.bodies import is_form, json_or_form, login_body, setup_body
from callscope.accounts.cookies import check_origin, clear_cookie, set_cookie
from callscope.accounts.dependencies import Accounts, Projects
from callscope.accounts.projects import ProjectDirectory
from callscope.accounts.schemas import (
    KeyOut,
    LoginAnswer,
    LoginIn,
    LoginOptions,
    LoginOut,
    MeAnswer,
    MeKey,
    MeUser,
    PasswordIn,
    RegisterIn,
    SetupIn,
    UserOut,
)
from callscope.accounts.service import Login
from callscope.accounts.setup_page import setup_form, setup_message
from callscope.api.docs import PUBLIC, errors
from callscope.api.envelope import Envelope, ok
from callscope.api.errors import ApiError, Invalid
from callscope.api.rights import User, Viewer
from callscope.api.routing import subject

router = subject("auth", "/auth")

PAGE = {"text/html": {"schema": {"type": "string"}}}


def _also_as_page(answers: dict[int | str, dict[str, Any]]) -> dict[int | str, dict[str, Any]]:
    """The answers of a route that answers a browser's form with a page."""
    return {status: {**answer, "content": {**answer["content"], **PAGE}} for status, answer in answers.items()}


@router.post(
    "/register",
    status_code=201,
    summary="Register",
    responses=errors(403, 409, 422, 429, 503),
    openapi_extra=PUBLIC,
)
async def register(request: Request, body: RegisterIn, accounts: Accounts, projects: Projects) -> Envelope[UserOut]:
    """Make a user for yourself: a viewer of the project `default`, who sees metrics and gives feedback.

    By default only on the machine that Callscope runs on; `CALLSCOPE_REGISTRATION` opens or closes it.
    """
    user = await accounts.register(request, body.email, body.password)
    return ok(await run_in_threadpool(UserOut.of, user, projects), "Registered. You can log in now.")


@router.post(
    "/login",
    summary="Log in",
    responses=errors(401, 403, 422, 429, 503),
    openapi_extra={**PUBLIC, **json_or_form(LoginIn, "username", "password")},
)
async def log_in(request: Request, response: Response, accounts: Accounts, projects: Projects) -> LoginAnswer:
    """Get an access token for an email and a password, as JSON or as the OAuth2 password form.

    With `"cookie": true` the dashboard's session cookie is set, too.
    """
    body = await login_body(request)
    if body.cookie:
        # Else a page from elsewhere could log a visitor in as somebody else.
        check_origin(request, request.app.state.config, may_be_missing=True)
    login = await accounts.log_in(request, body.email, body.password)
    return await _answer(request, response, login, projects, "Logged in", cookie=body.cookie)


@router.get("/options", summary="What a sign-in page may offer", responses=errors(503), openapi_extra=PUBLIC)
def get_login_options(request: Request, accounts: Accounts) -> Envelope[LoginOptions]:
    """Whether who asks may register, and whether the demo logins work for him: both depend on where he asks from."""
    options = LoginOptions(
        demo_logins=accounts.demo_logins_offered(request), registration=accounts.registration_open(request)
    )
    return ok(options)


@router.get("/me", summary="Who am I?", responses=errors(401, 403, 503))
def get_me(caller: Viewer, accounts: Accounts, projects: Projects) -> MeAnswer:
    """The user, or the API key, that asks."""
    if caller.api_key_id is not None:
        key = KeyOut.of(accounts.keys.get(caller.api_key_id), projects)
        return MeAnswer(data=MeKey(**key.model_dump()))
    user = UserOut.of(accounts.users.get(caller.user_id or 0), projects)
    return MeAnswer(data=MeUser(**user.model_dump(), demo_logins_work=accounts.demo_logins_work()))


@router.post("/password", summary="Change the password", responses=errors(401, 403, 409, 422, 429, 503))
async def change_password(
    request: Request, response: Response, body: PasswordIn, caller: User, accounts: Accounts, projects: Projects
) -> LoginAnswer:
    """Change your own password. All your sessions end; the answer has a new token for this one."""
    login = await accounts.change_password(request, caller, body.current_password, body.new_password)
    by_cookie = "authorization" not in request.headers
    return await _answer(request, response, login, projects, "Password changed", cookie=by_cookie)


@router.post("/logout", summary="Log out", responses=errors(401, 403, 503))
def log_out(request: Request, response: Response, caller: User, accounts: Accounts) -> Envelope[None]:
    """End this session: its token no longer holds, and the cookie is removed."""
    accounts.log_out(caller)
    clear_cookie(response, request, request.app.state.config)
    return ok(None, "Logged out")


@router.get(
    "/setup",
    summary="The page of the one-time link",
    response_class=Response,
    responses={
        200: {"content": PAGE, "description": "A form that makes the first admin."},
        403: {"content": PAGE, "description": "The link does not hold, or no longer."},
        409: {"content": PAGE, "description": "There is an admin already."},
    },
    openapi_extra=PUBLIC,
)
def get_setup_page(accounts: Accounts, token: Annotated[str, Query(description="The link's token.")] = "") -> Response:
    """A form that makes the first admin. A server that no admin can log in to prints its address at the start."""
    try:
        accounts.first_admin.check(token)
    except ApiError as error:
        return setup_message(error.detail, error.status)
    return setup_form(token)


@router.post(
    "/setup",
    status_code=201,
    summary="Make the first admin",
    response_model=LoginAnswer,
    responses={**_also_as_page(errors(403, 409, 422)), 201: {"content": PAGE}, **errors(503)},
    openapi_extra={**PUBLIC, **json_or_form(SetupIn, "token", "email", "password")},
)
async def set_up(
    request: Request, response: Response, accounts: Accounts, projects: Projects
) -> Response | LoginAnswer:
    """Make the first admin with the token of the one-time link, which is then used up."""
    body = await setup_body(request)
    try:
        login = await accounts.set_up(body.token, body.email, body.password)
    except ApiError as error:
        if not is_form(request):
            raise
        if isinstance(error, Invalid):
            return setup_form(body.token, error.detail, error.status)
        return setup_message(error.detail, error.status)
    if is_form(request):
        return setup_message(f"{login.user.email} is an admin now and can log in.", 201)
    return await _answer(request, response, login, projects, "You are the first admin", cookie=False)


async def _answer(
    request: Request, response: Response, login: Login, projects: ProjectDirectory, message: str, *, cookie: bool
) -> LoginAnswer:
    response.headers["Cache-Control"] = "no-store"
    if cookie:
        set_cookie(response, request, request.app.state.config, login.token, login.expires_in_seconds)
    user = await run_in_threadpool(UserOut.of, login.user, projects)
    data = LoginOut(access_token=login.token, expires_in=login.expires_in_seconds, user=user)
    return LoginAnswer(data=data, message=message, access_token=login.token)

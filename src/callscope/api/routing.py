"""The routers of all subjects, and how their routes get into an app.

A route is complete where it is defined, and every app of a process has the same ones. FastAPI's `include_router` would
build each of them anew for each app, at its first request: a quarter of a second for all.
"""

from fastapi import APIRouter, Depends, FastAPI

from callscope.api import docs, openapi, parameters


def subject(name: str, prefix: str = "") -> APIRouter:
    """The router of a subject, whose name is the tag in the docs. Query parameters are checked by `parameters`."""
    return APIRouter(
        prefix=prefix, tags=[name], dependencies=[Depends(parameters.only_known)], responses=docs.errors(422, 500, 503),
        generate_unique_id_function=openapi.operation_id,
    )  # fmt: skip


def mount(app: FastAPI, *routers: APIRouter) -> None:
    """Give an app the routes of these routers, as they are; they are tried in this order."""
    for router in routers:
        app.router.routes.extend(router.routes)

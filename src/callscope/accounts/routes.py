"""The subject's routes, for the app to include."""

from fastapi import APIRouter

from callscope.accounts.admin_routes import keys, projects_router, users
from callscope.accounts.auth_routes import router as auth

routers: list[APIRouter] = [auth, users, projects_router, keys]

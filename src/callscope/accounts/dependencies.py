"""How routes get at the subject's services."""

from typing import Annotated

from fastapi import Depends, Request

from callscope.accounts.projects import ProjectDirectory
from callscope.accounts.service import AccountService


async def _accounts(request: Request) -> AccountService:
    service: AccountService = request.app.state.accounts
    return service


async def _projects(request: Request) -> ProjectDirectory:
    directory: ProjectDirectory = request.app.state.projects
    return directory


Accounts = Annotated[AccountService, Depends(_accounts)]
Projects = Annotated[ProjectDirectory, Depends(_projects)]

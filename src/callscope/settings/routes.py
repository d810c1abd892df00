"""GET and PUT /settings."""

from typing import Annotated

from fastapi import Depends, Request

from callscope.api.docs import errors
from callscope.api.envelope import Envelope, ok
from callscope.api.rights import Admin
from callscope.api.routing import subject
from callscope.settings.schemas import SettingsOut, SettingsPatch
from callscope.settings.service import SettingsService

router = subject("settings", "/settings")


async def _settings(request: Request) -> SettingsService:
    service: SettingsService = request.app.state.settings
    return service


SettingsDep = Annotated[SettingsService, Depends(_settings)]


@router.get("", summary="Read the settings", responses=errors(401, 403, 503))
def get_settings(caller: Admin, settings: SettingsDep) -> Envelope[SettingsOut]:
    """The settings in force. For admins."""
    return ok(SettingsOut.of(settings.get()))


@router.put("", summary="Change settings", responses=errors(401, 403, 422, 503))
def change_settings(body: SettingsPatch, caller: Admin, settings: SettingsDep) -> Envelope[SettingsOut]:
    """Change any of the settings; those left out stay as they are. For admins.

    Each change is in the audit log, with what it was before. Switching Claude Haiku 4.5 also switches its models in
    the catalogue.
    """
    return ok(SettingsOut.of(settings.change(caller, body.changes())), "Settings saved")

"""What all of OpenAI's routes share: how errors look, and what a request says besides its prompt."""

from callscope.mock_provider.reading import BadRequest
from callscope.mock_provider.reply import Json

_KINDS = {
    400: ("invalid_request_error", "context_length_exceeded", "This model's maximum context length is exceeded."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    403: ("invalid_request_error", "unsupported_country_region_territory", "This is not allowed for this key."),
    404: ("invalid_request_error", "model_not_found", "The model does not exist or you do not have access to it."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for requests."),
    500: ("server_error", "server_error", "The server had an error while processing your request."),
    503: ("server_error", "overloaded", "The engine is currently overloaded, please try again later."),
}


def error(status: int, code: str | None = None, message: str | None = None) -> Json:
    """The body of an error."""
    kind, usual_code, usual_message = _KINDS.get(status, _KINDS[503 if status > 500 else 400])
    return {
        "error": {
            "message": message or f"{usual_message} (mock)",
            "type": kind,
            "param": None,
            "code": code or (None if message else usual_code),
        }
    }


def error_event(status: int, code: str | None) -> Json:
    """An error in the middle of a stream."""
    return error(status, code)


def model(body: Json) -> str:
    """The model that is asked. Raises BadRequest."""
    name = body.get("model")
    if not isinstance(name, str) or not name:
        raise BadRequest("you must provide a model parameter")
    return name


def tier(body: Json) -> str:
    """The service tier in which a request is answered: the one it asks for."""
    asked = body.get("service_tier")
    return asked if isinstance(asked, str) and asked != "auto" else "default"

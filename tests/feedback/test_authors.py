"""Who a rating is by: users are themselves, and a key speaks for others but for no user."""

from callscope.api.rights import Caller
from tests.caller import SCOPES, Api
from tests.ingest.conftest import CALL


def test_a_key_that_names_a_user_does_not_change_his_rating(api: Api) -> None:
    call = api.post("/llm/log-call", CALL)["id"]
    api.post("/feedback", {"llm_call_id": call, "rating": 5, "comment": "great"})
    key = api.with_key(1)
    for rating in (1, 2):
        key.post("/feedback", {"llm_call_id": call, "rating": rating, "author": api.caller.name})
    kept = {(row["user_id"], row["rating"], row["comment"]) for row in api.get("/feedback")["items"]}
    assert kept == {(1, 5, "great"), (None, 2, None)}
    assert api.get("/feedback/summary")["ratings"] == 2


def test_keys_of_the_same_name_are_not_one_author(api: Api) -> None:
    call = api.post("/llm/log-call", CALL)["id"]
    for number in (1, 2):
        key = Api(api.app, api.client, Caller("API key app", api_key_id=number, scopes=SCOPES), api.callers)
        given = key.post("/feedback", {"llm_call_id": call, "rating": number})
        assert given["author"] == f"API key app #{number}"
    assert {row["author"] for row in api.get("/feedback")["items"]} == {"API key app #1", "API key app #2"}

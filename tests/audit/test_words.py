"""The dashboard has words for each action that the server writes into the audit log."""

import ast

import callscope
from callscope.accounts import projects
from callscope.erasure import service as erasure
from callscope.repricing.models import UNFINISHED, State
from tests.docs.documents import ROOT

COMPUTED = {
    "CREATED": [projects.CREATED],
    "ACTION": [erasure.ACTION],
    "f'{ACTION}d'": [f"{erasure.ACTION}d"],
    "f'repricing.{state}'": [f"repricing.{state}" for state in State if state not in UNFINISHED],
}
"""What stands in the calls of `note` in place of a text, and the actions that it may be."""


def _actions() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "src" / callscope.__name__).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "note":
                action = node.args[2]
                is_text = isinstance(action, ast.Constant)
                found.update([str(ast.literal_eval(action))] if is_text else COMPUTED[ast.unparse(action)])
    return found


def test_each_action_has_words_and_a_kind_to_filter_by() -> None:
    words = (ROOT / "web" / "src" / "pages" / "audit-log" / "words.ts").read_text(encoding="utf-8")
    actions = _actions()
    assert {"settings.update", "user.create", "end_user.erased", "repricing.done"} <= actions
    assert [action for action in sorted(actions) if f'"{action}": ' not in words] == []
    kinds = {action.partition(".")[0] for action in actions}
    assert [kind for kind in sorted(kinds) if f'value: "{kind}.*"' not in words] == []

"""What people do with views: they open the home tab, and press, choose, fill in, send off and close what is in them."""

from __future__ import annotations

from typing import Any

from tests.servers.slack import envelopes, view_limits
from tests.servers.slack.envelopes import Envelope
from tests.servers.slack.limits import options_problems
from tests.servers.slack.state import TEAM, TRIGGER_SECONDS, Channel, User, View, Workspace
from tests.servers.slack.views import replaced, view_json


class Viewers:
    """The part of the Slack server in which views are used; ``trigger_lives`` is for how long one can be opened."""

    workspace: Workspace
    trigger_lives: float = TRIGGER_SECONDS

    def _send(self, kind: envelopes.Kind, payload: dict[str, Any], by: User, place: Channel) -> Envelope:
        raise NotImplementedError

    def opens_home(self, user: str, tab: str = "home") -> Envelope:
        """Somebody opens a tab of the app: https://docs.slack.dev/reference/events/app_home_opened."""
        with self.workspace.changed:
            by = self.workspace.user(user)
            place, now = self.workspace.direct(by.id), self.workspace.next_ts()
            home = self.workspace.homes.get(by.id)
        event = {"type": "app_home_opened", "user": by.id, "channel": place.id, "tab": tab, "event_ts": now}
        if home is not None:
            event["view"] = view_json(home)
        payload = envelopes.event(event, event_id=self.workspace.next_id("Ev"), shared=by.team != TEAM)
        return self._send("events_api", payload, by, place)

    def home(self, user: str) -> View | None:
        """The home tab as the person sees it, None where nothing was published."""
        with self.workspace.changed:
            return self.workspace.homes.get(self.workspace.user(user).id)

    def press_in_view(self, user: str, view: View, label: str, *, nth: int = 0) -> Envelope:
        """Somebody presses a button in a view, or chooses that from a menu in it; a question is answered with yes."""
        found = [(block, one) for block, element in view.elements for one in _chosen(element, label)]
        if not found:
            raise KeyError(f"no {label!r} there, only {view.labels}")
        by, (block, action) = self.workspace.user(user), found[nth]
        payload = envelopes.act(
            by,
            view_json(view),
            action,
            block,
            ts=self.workspace.next_ts(),
            trigger=self.workspace.next_trigger(by.id, self.trigger_lives),
        )
        return self._send("interactive", payload, by, self.workspace.direct(by.id))

    def modal(self, user: str) -> View | None:
        """The modal that is open before the person, None where there is none."""
        with self.workspace.changed:
            stack = self.workspace.modals.get(self.workspace.user(user).id) or []
            return stack[-1] if stack else None

    def fills(self, user: str, **filled: str) -> None:
        """Somebody types into fields of the modal before them, or chooses what is offered under that label."""
        view = self._open(user)
        for name, value in filled.items():
            block = _field(view, name)
            element = block["element"]
            with self.workspace.changed:
                view.values.setdefault(block["block_id"], {})[element["action_id"]] = self._value(
                    user, view, block, value
                )
            if block.get("dispatch_action"):
                action = {**view.values[block["block_id"]][element["action_id"]], "action_id": element["action_id"]}
                self._act(user, view, block["block_id"], action)

    def searches(self, user: str, name: str, typed: str) -> list[str]:
        """What is offered to somebody who types into a field in which is searched."""
        return [
            one["text"]["text"] for one in self._searched(user, self._open(user), _field(self._open(user), name), typed)
        ]

    def submits(self, user: str, **filled: str) -> Envelope:
        """Somebody sends the modal off that is before them; it closes, unless the app says otherwise."""
        self.fills(user, **filled)
        view = self._open(user)
        for block in view.blocks:
            if block["type"] == "input" and not block.get("optional") and block["block_id"] not in _values(view):
                raise AssertionError(f"Slack does not let {block['block_id']} be left out")
        return self.submits_again(user, view)

    def submits_again(self, user: str, view: View) -> Envelope:
        """The same view once more, as by a second click before the first one was answered."""
        by = self.workspace.user(user)
        shown = {**view_json(view), "state": {"values": _values(view)}}
        payload = envelopes.sent_off(by, shown, trigger=self.workspace.next_trigger(by.id, self.trigger_lives))
        sent = self._send("interactive", payload, by, self.workspace.direct(by.id))
        self._take_answer(by.id, view, sent)
        return sent

    def closes(self, user: str) -> View:
        """Somebody closes the modal before them; the app hears of it where it has asked to."""
        view = self._open(user)
        with self.workspace.changed:
            self.workspace.modals[view.user].pop()
        if view.body.get("notify_on_close"):
            self.tells_of_closing(user, view)
        return view

    def tells_of_closing(self, user: str, view: View) -> Envelope:
        """What an app hears that has asked to."""
        by = self.workspace.user(user)
        return self._send("interactive", envelopes.closed(by, view_json(view)), by, self.workspace.direct(by.id))

    def sends_off(self, user: str, body: dict[str, Any]) -> Envelope:
        """A view is sent off that is not as the app has made it."""
        by = self.workspace.user(user)
        payload = envelopes.sent_off(by, body, trigger=self.workspace.next_trigger(by.id, self.trigger_lives))
        return self._send("interactive", payload, by, self.workspace.direct(by.id))

    def _take_answer(self, user: str, view: View, sent: Envelope) -> None:
        answer, stack = sent.answer, self.workspace.modals.get(user, [])
        with self.workspace.changed:
            if answer.get("response_action") == "errors":
                unknown = set(answer["errors"]) - {block["block_id"] for block in view.blocks}
                assert not unknown, f"Slack knows no field {unknown}"
                view.errors = answer["errors"]
            elif answer.get("response_action") == "update":
                assert view_limits.problems_of(answer["view"], "modal") == []
                replaced(self.workspace, view, answer["view"])
            elif sent.acked and view in stack:
                stack.clear()

    def _open(self, user: str) -> View:
        view = self.modal(user)
        assert view is not None, f"no modal is open before {user}"
        return view

    def _act(self, user: str, view: View, block: str, action: dict[str, Any]) -> None:
        by = self.workspace.user(user)
        shown = {**view_json(view), "state": {"values": _values(view)}}
        now, trigger = self.workspace.next_ts(), self.workspace.next_trigger(by.id, self.trigger_lives)
        payload = envelopes.act(by, shown, action, block, ts=now, trigger=trigger)
        self._send("interactive", payload, by, self.workspace.direct(by.id))

    def _value(self, user: str, view: View, block: dict[str, Any], value: str) -> dict[str, Any]:
        element = block["element"]
        if element["type"] == "plain_text_input":
            return {"type": element["type"], "value": value}
        if element["type"] == "checkboxes":
            return {
                "type": element["type"],
                "selected_options": [one for one in element["options"] if one["text"]["text"] == value],
            }
        groups = element.get("option_groups") or [element]
        offered = [one for group in groups for one in group.get("options", ())] or self._searched(
            user, view, block, value
        )
        found = next((one for one in offered if one["text"]["text"] == value), None)
        assert found is not None, f"only {[one['text']['text'] for one in offered]} are offered"
        return {"type": element["type"], "selected_option": found}

    def _searched(self, user: str, view: View, block: dict[str, Any], typed: str) -> list[dict[str, Any]]:
        by = self.workspace.user(user)
        shown = {**view_json(view), "state": {"values": _values(view)}}
        sent = self._send(
            "interactive",
            envelopes.suggestion(by, shown, block["block_id"], block["element"]["action_id"], typed),
            by,
            self.workspace.direct(by.id),
        )
        options = sent.answer.get("options", [])
        assert not options or list(options_problems(options, "")) == []
        return list(options)


def _field(view: View, name: str) -> dict[str, Any]:
    """By its id, or what that begins with."""
    return next(one for one in view.blocks if one["type"] == "input" and one["block_id"].partition("@")[0] == name)


def _values(view: View) -> dict[str, dict[str, Any]]:
    """What stands in the fields that are there: what was filled in, else what was chosen from the beginning."""
    found: dict[str, dict[str, Any]] = {}
    for block in view.blocks:
        if block["type"] != "input":
            continue
        element, block_id = block["element"], block["block_id"]
        bare: dict[str, Any] = {"type": element["type"]}
        if "initial_option" in element:
            bare["selected_option"] = element["initial_option"]
        if "initial_options" in element:
            bare["selected_options"] = element["initial_options"]
        value = view.values.get(block_id, {}).get(element["action_id"], bare)
        if value.get("selected_option") or value.get("selected_options") or value.get("value"):
            found[block_id] = {element["action_id"]: value}
    return found


def _chosen(element: dict[str, Any], label: str) -> list[dict[str, Any]]:
    """The element as it comes back where that was pressed, or chosen from it."""
    if element["type"] == "button":
        return [element] if element["text"]["text"] == label else []
    groups = element.get("option_groups") or [element]
    options = [one for group in groups for one in group.get("options", ()) if one["text"]["text"] == label]
    bare = {"type": element["type"], "action_id": element.get("action_id", "")}
    return [{**bare, "selected_option": one} for one in options]

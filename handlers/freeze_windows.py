"""Windows of the settings: their beginning and end are told in the channel, and what waited goes on."""

from __future__ import annotations

from bot.context import Context
from bot.core.deployments.model import Waiting
from bot.core.deployments.reconsideration import look_again, reconsider
from bot.core.effects import Announce
from bot.core.events.external import Tick
from bot.core.events.internal import WindowsTurn
from bot.core.freezes import messages, windows
from bot.core.freezes.model import WindowState, closed_by
from bot.router import Router
from bot.services.gate_facts import what_closes, windows_of
from bot.services.targets import Target, target_at

router = Router()


@router.on(Tick, name="windows.look_at_windows")
def look_at_windows(context: Context, tick: Tick) -> None:
    """Every few minutes: windows that are new, changed or gone get their timers, and nothing waits without a reason."""
    if tick.name != "reconcile":
        return
    every = [Target(app, one) for app in context.settings.apps.values() for one in app.environments.values()]
    turns = [target for target in every if _is_news(context, target)]
    held = [one for one in context.reads.unended() if one.waits_for is Waiting.FREEZE]
    free = [
        one
        for one in held
        if (target := target_at(context, one.app, one.environment))
        and what_closes(context.reads, context, target) is None
    ]
    records = context.begin()
    for target in turns:
        turn = WindowsTurn(target.app.name, target.environment.name)
        records.put(turn, f"{_windows_timer(turn)}:{records.cause}")
    reconsider(records, *free)


def _is_news(context: Context, target: Target) -> bool:
    return context.reads.freezes.window_state(target.app.name, target.environment.name) != _state(context, target)


def _state(context: Context, target: Target) -> WindowState | None:
    """How the windows stand now; None where there are none."""
    app, environment = target.app.name, target.environment.name
    found = windows_of(target)
    if not found:
        return None
    closed = windows.active_window(found, context.now, context.cron) is not None
    return WindowState(app, environment, closed, windows.next_change(found, context.now, context.cron))


def _windows_timer(event: WindowsTurn) -> str:
    return f"windows:{event.app}:{event.environment}"


@router.on(WindowsTurn, name="windows.turn")
def turn(context: Context, event: WindowsTurn) -> None:
    """Tell the channel what has changed since it was told last, and come again at the next change."""
    target = target_at(context, event.app, event.environment)
    state = _state(context, target) if target else None
    active_window = windows.active_window(windows_of(target), context.now, context.cron) if target else None
    records = context.begin(event.app, event.environment)
    before = records.freezes.window_state(event.app, event.environment)
    if active_window is not None and not (before and before.closed):
        records.emit(Announce(event.app, messages.window_begins(event.app, event.environment, active_window)))
    if active_window is None and before and before.closed:
        still = closed_by(records.freezes.of(event.app, event.environment), None, context.now)
        records.emit(Announce(event.app, messages.window_ends(event.app, event.environment, still)))
    if state is None:
        records.freezes.forget_windows(event.app, event.environment)
    else:
        records.freezes.save_window_state(state)
    if state is None or state.changes_at is None:
        records.stop_timer(_windows_timer(event))
    else:
        records.set_timer(_windows_timer(event), state.changes_at, event)
    look_again(records, event.app, event.environment, Waiting.FREEZE)

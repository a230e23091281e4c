"""The limit of Bolt alone: it answers a mention at once, through Socket Mode, and keeps nothing."""

from __future__ import annotations

import os

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient


def main() -> None:
    client = WebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
    app = App(client=client)

    @app.event("app_mention")
    def answer(event: dict[str, str]) -> None:
        client.chat_postMessage(channel=event["channel"], thread_ts=event["ts"], text="Nothing is deployed there.")

    @app.event("message")
    def ignore() -> None:
        """Every mention comes as a message as well."""

    SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start()


if __name__ == "__main__":
    main()

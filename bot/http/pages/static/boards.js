// Keeps what is marked "data-live" up to date while somebody looks; scroll, focus and what is opened stay as they are.
"use strict";
{
  const EVERY = 30_000;
  const parts = () => document.querySelectorAll("[data-live]");
  const said = document.getElementById("live");
  const shown = new Map([...parts()].map((one) => [one.id, null]));
  let stopped = false;
  let looking = false;

  function say(text) {
    if (said && said.textContent !== text) said.textContent = text;
  }

  function put(fresh) {
    for (const one of parts()) {
      const next = fresh.getElementById(one.id);
      if (!next || next.innerHTML === shown.get(one.id)) continue;
      shown.set(one.id, next.innerHTML);
      const focused = one.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      one.replaceChildren(...document.importNode(next, true).childNodes);
      document.dispatchEvent(new Event("drawn"));
      if (focused) [...one.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus({ preventScroll: true });
    }
  }

  async function look() {
    if (document.hidden || stopped || looking || !document.getSelection().isCollapsed) return;
    looking = true;
    try {
      const answer = await fetch(location.href, { redirect: "error", credentials: "same-origin" });
      if (answer.status === 401 || answer.status === 403) {
        stopped = true;
        say(", but no longer: reload the page");
      } else if (answer.ok) {
        put(new DOMParser().parseFromString(await answer.text(), "text/html"));
        say("");
      } else {
        say(", but the bot does not answer just now");
      }
    } catch {
      say(", but the bot does not answer just now");
    } finally {
      looking = false;
    }
  }

  setInterval(look, EVERY);
  document.addEventListener("visibilitychange", look);
}

// Follows a deployment: new lines of its output as they are written, and how it stands. The page is whole without this.
"use strict";
const log = document.getElementById("log");
const live = document.getElementById("live");
const MOST = 5000;
const HIDDEN = /[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]/g;
let last = log.lastElementChild ? Number(log.lastElementChild.id.slice(1)) : 0;

// A line that somebody pointed at is shown, wherever it is.
const wanted = /^#L(\d+)$/.exec(location.hash);
if (wanted && !document.getElementById(wanted[0].slice(1)) && log.firstElementChild) {
  const there = new URL(log.dataset.page, location.href);
  there.searchParams.set("from", Math.max(1, wanted[1] - 5));
  if (there.search !== location.search) location.replace(there.href + wanted[0]);
}

// The same sixteen colours as the server draws: bot/core/ansi.py.
const ORDER = ["bold", "dim", "italic", "under", "turned", "f", "g"];
const ON = { 1: "bold", 2: "dim", 3: "italic", 4: "under", 7: "turned" };
const OFF = { 22: ["bold", "dim"], 23: ["italic"], 24: ["under"], 27: ["turned"], 39: ["f"], 49: ["g"] };

function nearest(red, green, blue) {
  const highest = Math.max(red, green, blue), lowest = Math.min(red, green, blue);
  if (highest - lowest < 40) return highest < 64 ? 0 : highest < 150 ? 8 : highest < 220 ? 7 : 15;
  const middle = (highest + lowest) / 2;
  return (red > middle ? 1 : 0) + (green > middle ? 2 : 0) + (blue > middle ? 4 : 0) + (highest > 200 ? 8 : 0);
}

function finer(codes) {
  const kind = codes.shift();
  if (kind === 5 && codes.length) {
    const at = codes.shift(), cube = at - 16;
    if (at < 16) return at;
    if (at < 232) return nearest(Math.floor(cube / 36) * 51, (Math.floor(cube / 6) % 6) * 51, (cube % 6) * 51);
    return at < 256 ? nearest((at - 232) * 10 + 8, (at - 232) * 10 + 8, (at - 232) * 10 + 8) : null;
  }
  if (kind === 2 && codes.length > 2) return nearest(...codes.splice(0, 3));
  codes.length = 0;
  return null;
}

function apply(looks, sequence) {
  const codes = sequence.split(/[;:]/).map(Number);
  while (codes.length) {
    const code = codes.shift(), base = Math.floor(code / 10);
    if (code === 0) looks.clear();
    else if (ON[code]) looks.set(ON[code], ON[code]);
    else if (OFF[code]) OFF[code].forEach((one) => looks.delete(one));
    else if (code === 38 || code === 48) {
      const side = code === 38 ? "f" : "g", colour = finer(codes);
      if (colour !== null) looks.set(side, side + colour);
    } else if ([3, 4, 9, 10].includes(base) && code % 10 < 8) {
      const side = base === 3 || base === 9 ? "f" : "g";
      looks.set(side, side + ((code % 10) + (base > 4 ? 8 : 0)));
    }
  }
}

function row(number, text) {
  const made = document.createElement("div"), anchor = document.createElement("a"), looks = new Map();
  made.id = "L" + number;
  anchor.href = "#L" + number;
  anchor.textContent = number;
  made.append(anchor);
  text.split(/\x1b\[([0-9;:]{0,40})m/).forEach((piece, at) => {
    if (at % 2) return apply(looks, piece);
    if (!looks.size) return made.append(piece.replace(HIDDEN, ""));
    const span = document.createElement("span");
    span.className = ORDER.filter((one) => looks.has(one)).map((one) => looks.get(one)).join(" ");
    span.textContent = piece.replace(HIDDEN, "");
    made.append(span);
  });
  return made;
}

function gap(count) {
  const made = document.createElement("div");
  made.className = "gap";
  made.textContent = `… ${count.toLocaleString("en")} lines left out …`;
  return made;
}

// Lines come in crowds: they are put in once for each picture of the screen.
let waiting = [];
function put() {
  const page = document.documentElement;
  const atEnd = page.scrollHeight - page.scrollTop - page.clientHeight < 120 && last > 0;
  for (const [number, text] of waiting) {
    if (number <= last) continue;
    if (last && number > last + 1) log.append(gap(number - last - 1));
    log.append(row(number, text));
    last = number;
  }
  waiting = [];
  while (log.childElementCount > MOST) log.firstElementChild.remove();
  document.getElementById("silence").hidden = true;
  if (atEnd) page.scrollTop = page.scrollHeight;
}

// How it stands is drawn by the server alone: what has changed is fetched from there.
let asking = false, again = false;
async function refresh() {
  if (asking) { again = true; return; }
  asking = true;
  try {
    const answer = await fetch(log.dataset.page, { headers: { Accept: "text/html" } });
    const there = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = document.getElementById("now"), then = there && there.getElementById("now");
    if (then) {
      const links = [...now.querySelectorAll("a, summary")], at = links.indexOf(document.activeElement);
      const open = now.querySelector("details[open]");
      if (open && then.querySelector("details")) then.querySelector("details").open = true;
      now.replaceWith(then);
      document.title = there.title;
      document.dispatchEvent(new Event("drawn"));
      if (at >= 0) (then.querySelectorAll("a, summary")[at] || document.getElementById("main")).focus();
    }
  } catch { again = true; }
  setTimeout(() => { asking = false; if (again) { again = false; refresh(); } }, 1500);
}

let told = false;
function follow(address) {
  const source = new EventSource(address);
  source.onopen = () => { live.textContent = "New lines appear as they are written."; };
  source.onmessage = (event) => {
    if (!waiting.length) setTimeout(put, 50);
    waiting.push([Number(event.lastEventId) + 1, event.data]);
  };
  source.addEventListener("state", (event) => {
    if (told || document.getElementById("now").dataset.state !== event.data) refresh();
    told = true;
  });
  source.addEventListener("end", () => {
    source.close();
    live.textContent = "It has ended; these are all lines.";
    refresh();
  });
  source.onerror = () => {
    live.textContent = "The connection is lost; trying again …";
    if (source.readyState !== EventSource.CLOSED) return;
    const next = new URL(address, location.href);
    if (last) next.searchParams.set("after", last - 1);
    setTimeout(() => follow(next.href), 8000);
  };
}
if (log.dataset.stream) follow(log.dataset.stream);

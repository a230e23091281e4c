// Moments in the reader's own time zone; without this script they are read in that of the bot.
"use strict";
function localize() {
  const today = new Date().toDateString();
  for (const one of document.querySelectorAll("time[datetime]:not([title])")) {
    const at = new Date(one.dateTime), time = { hour: "2-digit", minute: "2-digit" };
    if (Number.isNaN(at.getTime())) continue;
    const day = at.toDateString() === today || one.dataset.short !== undefined ? {} : { day: "2-digit", month: "short" };
    one.title = at.toString();
    one.textContent = at.toLocaleString("en-GB", { ...day, ...time }).replace(",", "");
  }
}
localize();
document.addEventListener("drawn", localize);

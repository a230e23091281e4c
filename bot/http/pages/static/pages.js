// Moments in the reader's own time zone; without this script they are read in that of the bot.
"use strict";
function showMoments(within) {
  for (const one of within.querySelectorAll("time[datetime]")) {
    const at = new Date(one.dateTime);
    const today = at.toDateString() === new Date().toDateString();
    const form = today ? { hour: "2-digit", minute: "2-digit" } : { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit" };
    if (!Number.isNaN(at.getTime())) {
      one.title = at.toString();
      if (one.dataset.form !== "kept") one.textContent = at.toLocaleString("en-GB", form).replace(",", "");
    }
  }
}
showMoments(document);

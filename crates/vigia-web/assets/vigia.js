// What pages do beyond being read: new activities arrive, times age, the state of ingestion renews
// itself. Everything is rendered by the server; without this script pages show what was when they
// were loaded.
"use strict";

(() => {
  const ROWS_MAX = 200;
  const AGE_EVERY_MS = 30_000;

  // New activities. The browser reconnects by itself and names the last event it saw.
  const feed = document.querySelector("[data-live-feed]");
  const state = document.querySelector("[data-live-state]");

  const show = (live) => {
    state.hidden = false;
    state.classList.toggle("lost", !live);
    const text = live ? state.dataset.live : state.dataset.lost;
    if (state.textContent !== text) state.textContent = text;
  };

  const place = (item) => {
    if (feed.querySelector(`[data-activity="${CSS.escape(item.dataset.activity)}"]`)) return;
    document.querySelector("[data-empty]")?.remove();
    // What was announced is that activity now.
    for (const row of document.querySelectorAll("[data-pending]")) {
      if (item.querySelector(`a[href="/tx/${CSS.escape(row.dataset.pending)}"]`)) row.remove();
    }
    const older = [...feed.children].find((row) => row.dataset.order < item.dataset.order);
    feed.insertBefore(item, older ?? null);
    while (feed.children.length > ROWS_MAX) feed.lastElementChild.remove();
  };

  if (feed && state) {
    const events = new EventSource(feed.dataset.liveFeed);
    events.addEventListener("open", () => show(true));
    events.addEventListener("error", () => show(false));
    events.addEventListener("activity", (event) => {
      const template = document.createElement("template");
      template.innerHTML = event.data;
      const item = template.content.firstElementChild;
      item.classList.add("new");
      place(item);
    });
    addEventListener("pagehide", () => events.close());
    // A page that comes back from the browser's memory has a closed stream: read anew.
    addEventListener("pageshow", (event) => event.persisted && location.reload());
  }

  // "5 minutes ago" as the server writes it, for as long as the page is open.
  const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60]];
  const ago = new Intl.RelativeTimeFormat(document.documentElement.lang, { style: "narrow" });

  const age = () => {
    for (const span of document.querySelectorAll("[data-ago]")) {
      const seconds = (Date.now() - Number(span.dataset.ago)) / 1000;
      const unit = UNITS.find(([, length]) => seconds >= length);
      if (unit) span.textContent = ago.format(-Math.floor(seconds / unit[1]), unit[0]);
    }
  };
  setInterval(age, AGE_EVERY_MS);

  // The part of a page that renews itself.
  const part = document.querySelector("[data-refresh]");

  const renew = async () => {
    // Whoever is at a button or link in it is not to lose it; what opens a part is found again.
    const focused = () => part.contains(document.activeElement) && document.activeElement;
    const opener = () => focused() && focused().matches("details[id] > summary") && focused().parentElement.id;
    if (focused() && !opener()) return;
    try {
      const reply = await fetch(location.href);
      if (!reply.ok) return;
      const page = new DOMParser().parseFromString(await reply.text(), "text/html");
      const next = page.querySelector("[data-refresh]");
      for (const open of part.querySelectorAll("details[open][id]")) {
        next.querySelector(`#${CSS.escape(open.id)}`)?.setAttribute("open", "");
      }
      const opened = opener();
      if (focused() && !opened) return;
      part.replaceChildren(...next.childNodes);
      if (opened) part.querySelector(`#${CSS.escape(opened)} > summary`)?.focus({ preventScroll: true });
    } catch {
      // Out of reach: what was seen last stays, and the next round tries again.
    }
  };
  if (part) {
    let isTold = false;
    if (part.dataset.live) {
      // Told when there is something new; the timer is for when that is lost.
      const samples = new EventSource(part.dataset.live);
      samples.addEventListener("open", () => { isTold = true; });
      samples.addEventListener("error", () => { isTold = false; });
      samples.addEventListener("sample", () => document.hidden || renew());
      addEventListener("pagehide", () => samples.close());
    }
    setInterval(() => document.hidden || isTold || renew(), Number(part.dataset.refresh) * 1000);
  }

  // Copies the text of a field; where the browser does not let a page, the text is selected instead.
  for (const button of document.querySelectorAll("[data-copy]")) {
    const field = document.getElementById(button.dataset.copy);
    const said = button.parentElement.querySelector("[data-copy-said]");
    button.hidden = false;
    button.addEventListener("click", async () => {
      field.select();
      try {
        await navigator.clipboard.writeText(field.value);
        said.textContent = button.textContent = button.dataset.copied;
      } catch {
        field.focus();
      }
    });
  }
})();

// Keys, the list of keys, and news of new documents. Every page works without this file.
"use strict";
(() => {
  const pages = {
    m: "/", s: "/search", w: "/watches", l: "/timeline", f: "/feeds", o: "/outbox", p: "/press-review", t: "/status",
  };
  const help = document.getElementById("help");
  const toggle = document.getElementById("keys-on");
  const button = document.getElementById("help-button");
  const status = document.getElementById("status");
  let afterG = false;

  const stored = () => { try { return localStorage.getItem("keys"); } catch { return null; } };
  toggle.checked = stored() !== "off";
  toggle.addEventListener("change", () => {
    try { localStorage.setItem("keys", toggle.checked ? "on" : "off"); } catch { /* not kept */ }
  });
  const openHelp = () => { if (!help.open) help.showModal(); };
  button.hidden = false;
  button.addEventListener("click", openHelp);

  const inField = (element) => element.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null;
  const articles = () => [...document.querySelectorAll("main article h2 a")];
  const move = (step) => {
    const links = articles();
    const at = links.findIndex((link) => link.closest("article").contains(document.activeElement));
    const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + step, 0), links.length - 1);
    if (links[next]) { links[next].focus(); links[next].scrollIntoView({ block: "nearest" }); }
  };
  const openOriginal = () => {
    // In a list, only that of the article in which the focus is.
    const place = articles().length ? document.activeElement.closest("article") : document.querySelector("main");
    const link = place && place.querySelector("a.original[href]");
    if (link) location.assign(link.href);
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || inField(event.target)) return;
    if (!toggle.checked || help.open) return;
    if (afterG) {
      afterG = false;
      if (pages[event.key]) { event.preventDefault(); location.assign(pages[event.key]); }
      return;
    }
    if (event.key === "g") { afterG = true; return; }
    const actions = {
      "?": openHelp,
      "/": () => document.querySelector("form[role=search] input").focus(),
      j: () => move(1),
      k: () => move(-1),
      o: openOriginal,
    };
    if (actions[event.key]) { event.preventDefault(); actions[event.key](); }
  });

  if (status.dataset.live && window.EventSource) {
    const source = new EventSource(status.dataset.live);
    source.addEventListener("documents", (event) => {
      const link = document.createElement("a");
      link.href = location.pathname + location.search;
      link.textContent = event.data;
      const line = document.createElement("p");
      line.className = "result";
      line.append(link);
      status.replaceChildren(line);
    });
    window.addEventListener("pagehide", () => source.close());
  }

  // A query is tried while it is written; without this its button does the same.
  const trial = document.querySelector("form[data-live]");
  if (trial) {
    let waiting = 0;
    let asked = null;
    const show = async () => {
      if (asked) asked.abort();
      asked = new AbortController();
      try {
        const address = trial.getAttribute("action") + "?" + new URLSearchParams(new FormData(trial));
        const answer = await fetch(address, { signal: asked.signal });
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const place = document.querySelector(trial.dataset.live);
        place.replaceChildren(...page.querySelector(trial.dataset.live).childNodes);
        const counts = [...place.querySelectorAll("[data-days]")].map((each) => each.textContent.trim());
        status.textContent = counts.join(", ");
      } catch { /* a newer one was asked, or there is no answer: the button is still there */ }
    };
    trial.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(show, 600); });
  }
})();

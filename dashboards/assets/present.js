/* Present mode: which screen is wanted stands in the address; keys, clicker, buttons and swipes move it. */
(function () {
  const root = () => document.getElementById("present");
  const on = () => { const p = root(); return p && p.classList.contains("presenting") ? p : null; };
  const words = () => new URLSearchParams(window.location.search);
  const total = () => parseInt(root().dataset.of, 10);
  const step = () => Math.min(Math.max(parseInt(words().get("step") || "1", 10) || 1, 1), total());
  const narrow = () => window.matchMedia("(max-width: 48rem)").matches;
  const keep = (name, value) => {
    const w = words();
    if (value === null) w.delete(name); else w.set(name, value);
    window.history.replaceState(window.history.state, "", window.location.pathname + "?" + w.toString());
  };
  const tell = () => {
    const n = step(), of = total(), p = document.getElementById("present-progress");
    p.textContent = n + " of " + of;
    p.style.setProperty("--done", (100 * n) / of + "%");
    const button = (what) => root().querySelector("[data-present=" + what + "]");
    button("back").disabled = n === 1;
    button("next").disabled = n === of;
    const notes = words().get("notes") === "1";
    root().dataset.notes = notes ? "shown" : ""; /* not a class: those are the server's */
    button("notes").setAttribute("aria-pressed", String(notes));
  };
  const ask = () => {
    window.dash_clientside.set_props("present-at", { data: { step: step(), narrow: narrow() } });
    tell();
  };
  const go = (n) => {
    n = Math.min(Math.max(n, 1), total());
    if (n === step()) return;
    keep("step", n);
    ask();
    window.scrollTo(0, 0);
    /* a button that has just been switched off would keep the keyboard's focus and lose it */
    if (document.activeElement && document.activeElement.disabled) document.activeElement.blur();
  };
  const full = () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (document.documentElement.requestFullscreen) document.documentElement.requestFullscreen().catch(() => {});
  };
  const act = {
    back: () => go(step() - 1),
    next: () => go(step() + 1),
    first: () => go(1),
    last: () => go(total()),
    notes: () => { keep("notes", words().get("notes") === "1" ? null : "1"); tell(); window.dispatchEvent(new Event("resize")); },
    full: full,
    leave: () => {
      if (document.fullscreenElement) document.exitFullscreen();
      document.getElementById("present-leave").click();
    },
  };
  const KEYS = {
    ArrowRight: "next", ArrowDown: "next", PageDown: "next", " ": "next", Enter: "next",
    ArrowLeft: "back", ArrowUp: "back", PageUp: "back", Backspace: "back",
    Home: "first", End: "last", n: "notes", N: "notes", f: "full", F: "full", Escape: "leave",
  };
  document.addEventListener("keydown", (e) => {
    if (!on() || e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented) return;
    const at = e.target.closest ? e.target : document.body;
    if (at.closest("input, textarea, select")) return;
    if ((e.key === " " || e.key === "Enter") && at.closest("button, a, summary")) return;
    /* what can be scrolled is scrolled first: a table by arrows, a long screen of a phone or with notes by all of them */
    const region = at.closest(".scroll");
    if (region && e.key.startsWith("Arrow") && region.scrollWidth > region.clientWidth && /Left|Right/.test(e.key)) return;
    const what = KEYS[e.key];
    if (!what) return;
    e.preventDefault();
    act[e.shiftKey && e.key === " " ? "back" : what]();
  });
  document.addEventListener("click", (e) => {
    const button = e.target.closest ? e.target.closest("[data-present]") : null;
    if (button && on()) act[button.dataset.present]();
  });
  let from = null;
  document.addEventListener("touchstart", (e) => {
    from = on() && e.touches.length === 1 && !e.target.closest(".scroll") ? e.touches[0] : null;
  }, { passive: true });
  document.addEventListener("touchend", (e) => {
    if (!from || !on()) return;
    const to = e.changedTouches[0], x = to.clientX - from.clientX, y = to.clientY - from.clientY;
    if (Math.abs(x) > 60 && Math.abs(x) > 2 * Math.abs(y)) act[x < 0 ? "next" : "back"]();
    from = null;
  }, { passive: true });
  window.matchMedia("(max-width: 48rem)").addEventListener("change", () => { if (root()) ask(); });
  /* the page has just come in: which screen is wanted is known here and nowhere else */
  new MutationObserver(() => {
    const p = root();
    if (p && !p.dataset.begun && window.dash_clientside && window.dash_clientside.set_props) {
      p.dataset.begun = "yes";
      setTimeout(ask, 0);
    }
    const title = p && document.getElementById("title");
    if (title && p.classList.contains("presenting")) {
      const text = title.textContent + " · OpenDoor";
      if (document.title !== text) document.title = text;
    }
  }).observe(document.documentElement, { childList: true, subtree: true });
})();

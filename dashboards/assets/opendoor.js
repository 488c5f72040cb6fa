/* What the page does by itself: its token, its sign of life, its ground, its address. */
window.dash_clientside = window.dash_clientside || {};
(function () {
  const none = () => window.dash_clientside.no_update;
  let token = null;
  const tell = (where) => {
    if (token) navigator.sendBeacon(where, token);
  };
  const begin = () => {
    if (token) return token;
    try { token = sessionStorage.getItem("opendoor-token"); } catch (e) { token = null; }
    if (!token) {
      const bytes = new Uint32Array(4);
      crypto.getRandomValues(bytes);
      token = Array.from(bytes, (b) => b.toString(36)).join("");
      try { sessionStorage.setItem("opendoor-token", token); } catch (e) { /* private mode: lasts as long as the page */ }
    }
    const mark = document.getElementById("heartbeat");
    const seconds = mark ? parseFloat(mark.dataset.seconds) : 10;
    tell("/heartbeat");
    setInterval(() => tell("/heartbeat"), 1000 * seconds);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) tell("/heartbeat"); });
    window.addEventListener("pagehide", () => tell("/goodbye"));
    window.addEventListener("pageshow", () => tell("/heartbeat"));
    return token;
  };
  const remembered = () => {
    try { return localStorage.getItem("opendoor-ground"); } catch (e) { return null; }
  };
  const wantsDark = () => {
    const kept = remembered();
    return kept ? kept === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches;
  };
  const setGround = (dark) => {
    document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
    document.documentElement.setAttribute("data-ag-theme-mode", dark ? "dark" : "light");
  };
  setGround(wantsDark());
  let seen = false;
  window.dash_clientside.opendoor = {
    token: () => begin(),
    startTheme: () => wantsDark(),
    theme: (checked) => {
      if (checked === undefined || checked === null) return none();
      setGround(checked);
      if (checked !== wantsDark()) {
        try { localStorage.setItem("opendoor-ground", checked ? "dark" : "light"); } catch (e) { /* not kept */ }
      }
      return checked;
    },
    navigation: (path) => {
      /* after moving to another page the reader starts at its heading, as after loading one */
      if (path && seen) {
        window.scrollTo(0, 0);
        setTimeout(() => { const t = document.getElementById("title"); if (t) t.focus({ preventScroll: true }); }, 50);
      }
      seen = seen || Boolean(path);
      const title = document.getElementById("title");
      document.title = title ? title.textContent + " · OpenDoor" : "OpenDoor";
      return none();
    },
    address: (values, results, ids) => {
      const words = new URLSearchParams();
      if (results) words.set("results", results);
      (ids || []).forEach((id, i) => { if (values[i]) words.set(id.name, values[i]); });
      const text = words.toString();
      const wanted = window.location.pathname + (text ? "?" + text : "");
      if (wanted !== window.location.pathname + window.location.search) {
        window.history.replaceState(window.history.state, "", wanted);
      }
      return none();
    },
    burger: (opened, path) => {
      const by = window.dash_clientside.callback_context.triggered.map((t) => t.prop_id);
      if (by.includes("links.data") && opened) {
        window.dash_clientside.set_props("burger", { opened: false });
        opened = false;
      }
      return { width: 250, breakpoint: "sm", collapsed: { mobile: !opened } };
    },
  };
})();

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
  const make = (name, words, className) => {
    const e = document.createElement(name);
    if (words !== undefined) e.textContent = words;
    if (className) e.className = className;
    return e;
  };
  /* Tables: thousands of cells are built here from plain text, in milliseconds. */
  const fillTable = (box) => {
    const text = box.dataset.table;
    if (box.dataset.filled === String(text.length) + text.slice(-40)) return;
    const content = JSON.parse(text);
    const table = make("table"), head = make("tr"), body = make("tbody");
    const fillBody = (rows) => body.replaceChildren(...rows.map((row) => {
      const tr = make("tr");
      tr.setAttribute("role", "row");
      row.forEach((v, i) => {
        const td = make("td", v, content.numeric[i] ? "number" : "");
        td.setAttribute("role", "cell");  /* said outright: on a phone rows are laid out as blocks, see .stacked */
        td.dataset.heading = content.columns[i];
        tr.append(td);
      });
      return tr;
    }));
    const number = (v) => { const n = parseFloat(String(v).replace(/,/g, "").replace("−", "-")); return Number.isNaN(n) ? null : n; };
    const sort = (i, down) => {
      const way = down ? -1 : 1;
      fillBody([...content.rows].sort((a, b) => {
        if (!content.numeric[i]) return way * String(a[i]).localeCompare(String(b[i]));
        const x = number(a[i]), y = number(b[i]);  /* what is not known comes last either way */
        return x === null || y === null ? (x === null) - (y === null) : way * (x - y);
      }));
      [...head.children].forEach((th, j) => th.setAttribute("aria-sort", j !== i ? "none" : down ? "descending" : "ascending"));
    };
    content.columns.forEach((c, i) => {
      const th = make("th", content.sortable ? undefined : c);
      th.scope = "col";
      th.setAttribute("role", "columnheader");
      if (content.sortable) {
        const button = make("button", c, "sort");
        button.type = "button";
        button.addEventListener("click", () => {
          const now = th.getAttribute("aria-sort");
          sort(i, now === "ascending" || (now !== "descending" && content.numeric[i]));
        });
        th.append(button);
      }
      head.append(th);
    });
    fillBody(content.rows);
    const thead = make("thead");
    thead.append(head);
    [[table, "table"], [thead, "rowgroup"], [body, "rowgroup"], [head, "row"]].forEach(([e, role]) => e.setAttribute("role", role));
    table.append(thead, body);
    box.replaceChildren(table, ...(content.more ? [make("p", content.more)] : []));
    box.dataset.filled = String(text.length) + text.slice(-40);
  };
  /* The form of numbers: fields are built here, and what is filled in is handed over as one value. */
  let given = {};
  const fillForm = (box) => {
    if (box.dataset.filled) return;
    box.dataset.filled = "yes";
    const hand = () => window.dash_clientside.set_props("whatif-numbers", { data: { ...given } });
    const finder = make("input");
    finder.type = "search"; finder.id = "whatif-find"; finder.className = "native";
    const label = make("label", "Find a number ");
    label.htmlFor = finder.id;
    const count = make("p", "Nothing is changed yet.", "changed");
    count.id = "whatif-count"; count.setAttribute("aria-live", "polite");
    box.append(label, finder, count);
    JSON.parse(box.dataset.fields).forEach((group) => {
      const details = make("details", undefined, "group");
      details.append(make("summary", group.title + " (" + group.fields.length + ")"));
      group.fields.forEach((field) => {
        const row = make("div", undefined, "field"), name = make("label", field.label), input = make("input", undefined, "native");
        input.type = "number"; input.min = field.low; input.max = field.high; input.step = "any";
        input.id = "number-" + field.key.split(":")[1]; input.placeholder = field.now;
        name.htmlFor = input.id;
        const about = make("div", field.about, "about"), wrong = make("div", "", "wrong");
        about.id = input.id + "-about";
        input.setAttribute("aria-describedby", about.id);
        if (field.note) about.append(make("br"), field.note);
        input.addEventListener("input", () => {
          const value = input.value === "" ? null : Number(input.value);
          const outside = value !== null && (value < field.low || value > field.high);
          input.setAttribute("aria-invalid", String(outside));
          wrong.textContent = outside ? "Allowed: " + field.low + " to " + field.high : "";
          if (value === null) delete given[field.key]; else given[field.key] = value;
          const n = Object.keys(given).length;
          count.textContent = n ? n + (n === 1 ? " number is changed." : " numbers are changed.") : "Nothing is changed yet.";
          hand();
        });
        if (field.key in given) {  /* on coming back to the page it is as it was left */
          input.value = given[field.key];
          details.open = true;
        }
        const middle = make("div");
        middle.append(input, wrong);
        row.append(name, middle, about);
        row.dataset.words = (field.label + " " + field.about).toLowerCase();
        details.append(row);
      });
      box.append(details);
    });
    if (Object.keys(given).length) {
      const again = box.querySelector("details[open] input.native");
      if (again) again.dispatchEvent(new Event("input"));
    }
    finder.addEventListener("input", () => {
      const wanted = finder.value.toLowerCase().split(/\s+/).filter(Boolean);
      box.querySelectorAll("details.group").forEach((group) => {
        let left = 0;
        group.querySelectorAll(".field").forEach((row) => {
          row.hidden = !wanted.every((w) => row.dataset.words.includes(w));
          left += row.hidden ? 0 : 1;
        });
        group.hidden = left === 0;
        group.open = wanted.length > 0 && left > 0;
      });
    });
  };
  /* Sliders: each answers when it is let go; what has been moved is handed over as one short text, for the address. */
  const fillSliders = (box) => {
    const text = box.dataset.fields;
    if (box.dataset.filled === text) return;
    const before = box.dataset.filled === undefined ? box.dataset.set || "" : box.dataset.moved || "";
    box.dataset.filled = text;
    const moved = {};
    before.split(",").filter(Boolean).forEach((word) => { const [name, value] = word.split(":"); moved[name] = Number(value); });
    const all = [], known = new Set();
    let waiting = null;
    const hand = () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        const words = Object.keys(moved).filter((name) => known.has(name)).map((name) => name + ":" + moved[name]);
        box.dataset.moved = words.join(",");
        window.dash_clientside.set_props({ type: "control", page: "change", name: "set" }, { value: box.dataset.moved });
      }, 250);
    };
    const reset = make("button", "Back to the loaded values", "plain");
    reset.type = "button"; reset.id = "live-reset";
    reset.addEventListener("click", () => { all.forEach((one) => one(null)); hand(); });
    box.replaceChildren(reset);
    JSON.parse(text).forEach((group, i) => {
      const details = make("details", undefined, "group");
      details.open = i === 0 || group.fields.some((field) => field.key.split(":")[1] in moved);
      details.append(make("summary", group.title));
      group.fields.forEach((field) => {
        const name = field.key.split(":")[1], row = make("div", undefined, "slider");
        known.add(name);
        const label = make("label", field.label), input = make("input"), now = make("output"), was = make("span", "", "was");
        input.type = "range"; input.min = field.low; input.max = field.high; input.step = field.step;
        input.id = "slide-" + name; label.htmlFor = input.id; now.htmlFor = input.id;
        const about = make("div", undefined, "about");
        about.id = input.id + "-about";
        about.append(field.unit + "; from " + field.low + " to " + field.high + ", loaded " + field.value + "; " + field.grade + ".");
        const more = make("details");
        more.append(make("summary", "Source" + (field.about ? ", and what it does" : "")), "Source: " + field.source);
        if (field.about) more.append(make("br"), field.about);
        input.setAttribute("aria-describedby", about.id);
        const show = (value) => {
          const is = value !== null && value !== field.value;
          now.textContent = is ? String(value) : String(field.value);
          was.textContent = is ? "loaded: " + field.value : "";
          row.classList.toggle("moved", is);
          input.setAttribute("aria-valuetext", now.textContent + " " + field.unit + (is ? ", loaded " + field.value : ", as loaded"));
          if (is) moved[name] = value; else delete moved[name];
        };
        const put = (value) => { input.value = value === null ? field.value : value; show(value); };
        all.push(put);
        put(name in moved ? moved[name] : null);
        input.addEventListener("input", () => show(Number(input.value)));
        input.addEventListener("change", () => { show(Number(input.value)); hand(); });
        const top = make("div", undefined, "slider-top"), foot = make("div", undefined, "slider-foot");
        top.append(label, now, was);
        foot.append(about, more);
        row.append(top, input, foot);
        details.append(row);
      });
      box.append(details);
    });
    if (before && Object.keys(moved).some((name) => !known.has(name))) hand();
    box.dataset.moved = before;
  };
  const fill = () => {
    document.querySelectorAll("#live-form[data-fields]").forEach(fillSliders);
    document.querySelectorAll(".table[data-table]").forEach(fillTable);
    document.querySelectorAll("#whatif-form[data-fields]").forEach(fillForm);
  };
  new MutationObserver(fill).observe(document.documentElement, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["data-table", "data-fields"],
  });
  document.addEventListener("keydown", (e) => {
    if (e.key !== "Escape" || document.documentElement.dataset.pages !== "shown" || e.defaultPrevented) return;
    window.dash_clientside.set_props("burger", { opened: false });
    const button = document.getElementById("burger");
    if (button) button.focus();
  });
  let seen = null;
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
    navigation: (showing) => {
      const path = showing ? showing.split(" ")[0] : null;
      /* after moving to another page the reader starts at its heading, as after loading one */
      if (path && seen && seen !== path) {
        window.scrollTo(0, 0);
        setTimeout(() => { const t = document.getElementById("title"); if (t) t.focus({ preventScroll: true }); }, 50);
      }
      seen = path || seen;
      const title = document.getElementById("title");
      document.title = title ? title.textContent + " · OpenDoor" : "OpenDoor";
      return none();
    },
    /* To another page, the way that a link goes there; the address below is kept without Location knowing of it, which
       would lead back to where it was last told of if it were asked to move. */
    go: (path) => {
      if (path) {
        window.history.pushState({}, "", path);
        window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
      }
      return none();
    },
    address: (values, results, ids) => {
      const words = new URLSearchParams();
      if (results) words.set("results", results);
      (ids || []).forEach((id, i) => { if (values[i]) words.set(id.name, values[i]); });
      if (window.location.pathname === "/present") { /* the screen and the notes are kept there, see present.js */
        const now = new URLSearchParams(window.location.search);
        ["step", "notes"].forEach((name) => { if (now.has(name)) words.set(name, now.get(name)); });
      }
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
      /* what cannot be seen must not be reached by keyboard either, see opendoor.css */
      document.documentElement.dataset.pages = opened ? "shown" : "";
      const button = document.getElementById("burger");
      if (button) button.setAttribute("aria-expanded", String(Boolean(opened)));
      return { width: 250, breakpoint: "sm", collapsed: { mobile: !opened } };
    },
  };
})();

/* The grid of a sweep: rows unpacked here; what is filtered, boxed or ticked becomes the words of a control. */
window.dash_clientside = window.dash_clientside || {};
(function () {
  const none = () => window.dash_clientside.no_update;
  const name = (clause) => (clause.trim().match(/^[^\s=<>]+/) || [""])[0];
  const clauses = (text) => (text || "").split(";").map((c) => c.trim()).filter(Boolean);
  /* four digits, rounded outwards: what lay in the box stays in it */
  const digits = (value, up) => {
    if (value === 0) return "0";
    const step = Math.pow(10, Math.floor(Math.log10(Math.abs(value))) - 3);
    return String(Number(((up ? Math.ceil(value / step) : Math.floor(value / step)) * step).toPrecision(4)));
  };
  const range = (column, low, high) => column + " " + digits(low, false) + ".." + digits(high, true);
  /* conditions on some columns replaced, the others kept */
  const replaced = (text, added) => {
    const gone = new Set(Object.keys(added));
    return [...clauses(text).filter((c) => !gone.has(name(c))), ...Object.values(added)].join("; ");
  };
  const clause = (column, model) => {
    if (model.operator) return column + " = " + model.conditions.map((c) => c.filter).join("|");
    if (model.filterType === "text") return column + " = " + model.filter;
    if (model.type === "greaterThanOrEqual") return column + " " + model.filter + "..";
    if (model.type === "lessThanOrEqual") return column + " .." + model.filter;
    return column + " " + model.filter + ".." + model.filterTo;
  };
  const same = (a, b) => JSON.stringify(a || {}) === JSON.stringify(b || {});
  const sorted = (model) => Object.fromEntries(Object.entries(model || {}).sort().map(([k, v]) => [k, clause(k, v)]));
  const numbers = (text) => (text || "").split(/[,;]/).map((p) => p.trim()).filter(Boolean);
  window.dash_clientside.sweeps = {
    fill: (text) => {
      if (!text) return [none(), none()];
      const content = JSON.parse(text), n = content.values[0].length, rows = new Array(n);
      for (let i = 0; i < n; i++) {
        const row = { id: String(content.values[0][i]) };
        for (let c = 0; c < content.values.length; c++) row["c" + c] = content.values[c][i];
        rows[i] = row;
      }
      return [content.columns, rows];
    },
    narrow: (model, rows) => (model && rows && rows.length ? model : none()),
    pin: (text, rows, options, selected) => {
      if (!rows || !rows.length) return [none(), none()];
      const wanted = new Set(numbers(text));
      const top = rows.filter((row) => wanted.has(row.id));
      const now = (Array.isArray(selected) ? selected : []).map((row) => row.id);
      const new_ = now.length === top.length && top.every((row) => now.includes(row.id));
      return [new_ ? none() : top, { ...options, pinnedTopRowData: top }];
    },
    filtered: (model, known, text) => {
      if (model === undefined || model === null || same(sorted(model), sorted(known))) return none();
      return Object.entries(model).map(([column, m]) => clause(column, m)).join("; ");
    },
    pinned: (rows, text, all) => {
      if (!Array.isArray(rows) || !all || !all.length) return none();
      const before = numbers(text), now = rows.map((row) => row.id);
      const kept = [...before.filter((n) => now.includes(n)), ...now.filter((n) => !before.includes(n))];
      return kept.join(", ") === before.join(", ") ? none() : kept.join(", ");
    },
    showAll: (clicks) => (clicks ? "" : none()),
    unpin: (clicks) => (clicks ? "" : none()),
    boxOnLines: (selected, figure, text) => {
      const box = selected && selected.range, rows = figure && figure.layout.meta && figure.layout.meta.rows;
      if (!box || !rows) return none();
      const [left, right] = [Math.min(...box.x), Math.max(...box.x)], added = {};
      rows.forEach((row, i) => {
        if (i < Math.min(...box.y) || i > Math.max(...box.y)) return;
        const width = row.high - row.low, at = (v) => row.low + Math.min(Math.max(v, 0), 1) * width;
        if (row.words) {
          const words = row.words.filter((_, k) => k >= row.low + left * width - 1e-9 && k <= row.low + right * width + 1e-9);
          if (words.length) added[row.name] = row.name + " = " + words.join("|");
        } else if (width > 0) added[row.name] = range(row.name, at(left), at(right));
      });
      return Object.keys(added).length ? replaced(text, added) : none();
    },
    boxOnScatter: (selected, figure, text) => {
      const box = selected && selected.range, meta = figure && figure.layout.meta;
      if (!box || !meta) return none();
      const added = { [meta.x]: range(meta.x, Math.min(...box.x), Math.max(...box.x)) };
      added[meta.y] = range(meta.y, Math.min(...box.y), Math.max(...box.y));
      return replaced(text, added);
    },
  };
})();

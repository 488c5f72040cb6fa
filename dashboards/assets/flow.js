/* Needs that move through a system: boxes with numbers, and dots that go from box to box while a step is played. */
(function () {
  const SVG = "http://www.w3.org/2000/svg";
  const SECONDS = 1.6, MOST_DOTS = 140;
  const still = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const make = (name, className, words) => {
    const e = document.createElement(name);
    if (className) e.className = className;
    if (words !== undefined) e.textContent = words;
    return e;
  };
  const number = (n) => n.toLocaleString("en-GB");
  const build = (box) => {
    const flow = JSON.parse(box.dataset.flow), last = flow.weeks.length - 1;
    const stage = make("div", "flow-stage"), bar = make("div", "flow-bar");
    const layer = (name) => {
      const svg = document.createElementNS(SVG, "svg");
      svg.setAttribute("class", "flow-moves " + name);
      svg.setAttribute("aria-hidden", "true");
      stage.append(svg);
      return svg;
    };
    const svg = layer("flow-lines"), over = layer("flow-dots");
    const nodes = flow.places.map((place) => {
      const node = make("div", "flow-place");
      node.append(make("span", "flow-title", place.title), make("span", "flow-count"), make("span", "flow-change"), make("span", "flow-level"));
      return node;
    });
    flow.columns.forEach((title, c) => {
      const column = make("div", "flow-column flow-column-" + c);
      column.append(make("h3", "", title));
      const inside = make("div", "flow-places");
      nodes.forEach((node, i) => { if (flow.places[i].column === c) inside.append(node); });
      column.append(inside);
      stage.append(column);
    });
    const most = nodes.map((_, i) => Math.max(1, ...flow.stock.map((row) => row[i])));
    const button = (words, label) => {
      const b = make("button", "flow-button", words);
      b.type = "button";
      if (label) b.setAttribute("aria-label", label);
      return b;
    };
    const play = button("▶ Play"), back = button("◂", "One step back"), on = button("▸", "One step on");
    const slider = make("input", "flow-slider");
    slider.type = "range"; slider.min = 0; slider.max = last; slider.step = 1; slider.value = 0;
    slider.setAttribute("aria-label", "Step");
    const when = make("output", "flow-when");
    bar.append(play, back, slider, on, when);
    const said = make("p", "flow-said");
    said.setAttribute("aria-live", "polite");
    const key = make("p", "flow-key");
    box.replaceChildren(bar, said, stage, key);
    let at = 0, playing = false, frame = null;
    const busiest = Math.max(1, ...flow.moves.map((moves) => moves.reduce((sum, m) => sum + m[2], 0)));
    const unit = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].find((u) => busiest / u <= MOST_DOTS) || 10000;
    key.textContent = (still() ? "" : "A dot is " + (unit === 1 ? "one need" : "up to " + number(unit) + " needs") + ". ")
      + "Lines are as wide as there are needs that moved in the step; + and − beside a number are how many came and went.";
    if (still()) play.hidden = true;
    const words = () => at === 0
      ? "When counting begins"
      : (flow.weeks[at] - flow.weeks[at - 1] === 1 ? "Week " + flow.weeks[at] : "Weeks " + (flow.weeks[at - 1] + 1) + " to " + flow.weeks[at]) + " counted";
    const moves = () => (at === 0 ? [] : flow.moves[at - 1]);
    /* side: -1 the left edge, 0 the middle, 1 the right edge */
    const point = (i, side) => {
      const a = nodes[i].getBoundingClientRect(), s = stage.getBoundingClientRect();
      return [a.left - s.left + ((1 + side) * a.width) / 2, a.top - s.top + a.height / 2];
    };
    const path = (a, b) => {
      const wide = window.matchMedia("(min-width: 60.01rem)").matches;
      const from = flow.places[a].column, to = flow.places[b].column;
      const [x, y] = point(a, !wide ? 0 : to < from ? -1 : 1), [u, v] = point(b, !wide ? 0 : to > from ? -1 : 1);
      const bend = wide && from === to ? 30 : 0, m = (x + u) / 2 + bend;
      return "M" + x + "," + y + " C" + m + "," + y + " " + m + "," + v + " " + u + "," + v;
    };
    const tell = () => {
      const came = nodes.map(() => 0), went = nodes.map(() => 0);
      moves().forEach(([a, b, n]) => { went[a] += n; came[b] += n; });
      nodes.forEach((node, i) => {
        const n = flow.stock[at][i], hidden = flow.hidden.includes(i);
        node.children[1].textContent = hidden ? (at ? number(went[i]) + " begin" : "–") : number(n);
        node.children[2].textContent = hidden || !at || !(came[i] + went[i]) ? "" : "+" + number(came[i]) + " −" + number(went[i]);
        node.children[3].style.width = hidden ? "0" : (100 * n) / most[i] + "%";
      });
      slider.value = at;
      slider.setAttribute("aria-valuetext", words());
      when.textContent = words();
      const all = moves().reduce((sum, m) => sum + m[2], 0);
      const top = moves().slice().sort((a, b) => b[2] - a[2]).slice(0, 3)
        .map(([a, b, n]) => number(n) + " from “" + flow.places[a].title + "” to “" + flow.places[b].title + "”");
      if (!playing) said.textContent = at === 0 ? "Where every need is when the years counted begin." : number(all) + " needs move. Most: " + top.join("; ") + ".";
      draw();
    };
    const draw = () => {
      const s = stage.getBoundingClientRect();
      [svg, over].forEach((l) => { l.setAttribute("viewBox", "0 0 " + s.width + " " + s.height); l.replaceChildren(); });
      const shown = window.matchMedia("(min-width: 60.01rem)").matches ? 24 : 8;
      const least = moves().map((m) => m[2]).sort((a, b) => b - a)[shown] || 0;
      moves().forEach(([a, b, n]) => {
        const line = document.createElementNS(SVG, "path");
        if (n <= least) line.setAttribute("class", "faint");
        line.setAttribute("d", path(a, b));
        line.setAttribute("stroke-width", Math.max(1, 14 * Math.sqrt(n / busiest)));
        svg.append(line);
      });
    };
    const stop = () => {
      playing = false;
      play.textContent = "▶ Play";
      if (frame) cancelAnimationFrame(frame);
      frame = null;
      tell();
    };
    const go = (n) => { at = Math.min(Math.max(n, 0), last); if (playing) stop(); else tell(); };
    const run = () => {
      if (!playing || !box.isConnected) { playing = false; return; }
      if (at >= last) { stop(); return; }
      at += 1;
      tell();
      const lines = [...svg.querySelectorAll("path")], dots = [];
      moves().forEach(([, , n], i) => {
        const length = lines[i].getTotalLength(), count = Math.ceil(n / unit);
        for (let k = 0; k < count; k += 1) {
          const dot = document.createElementNS(SVG, "circle");
          dot.setAttribute("r", 4);
          over.append(dot);
          dots.push([dot, lines[i], length, (0.45 * (k + 0.5)) / count]);
        }
      });
      const began = performance.now();
      const tick = (now) => {
        const t = (now - began) / 1000 / SECONDS;
        if (!playing || !box.isConnected) return;
        dots.forEach(([dot, line, length, late]) => {
          const p = Math.min(Math.max((t - late) / 0.55, 0), 1), where = line.getPointAtLength(length * p * p * (3 - 2 * p));
          dot.setAttribute("cx", where.x); dot.setAttribute("cy", where.y);
          dot.style.display = p > 0 && p < 1 ? "" : "none";
        });
        if (t >= 1) run(); else frame = requestAnimationFrame(tick);
      };
      frame = requestAnimationFrame(tick);
    };
    play.addEventListener("click", () => {
      if (playing) { stop(); return; }
      if (at >= last) at = 0;
      playing = true;
      play.textContent = "❚❚ Pause";
      said.textContent = "Playing. Pause to read what moved.";
      run();
    });
    back.addEventListener("click", () => go(at - 1));
    on.addEventListener("click", () => go(at + 1));
    slider.addEventListener("input", () => go(parseInt(slider.value, 10)));
    new ResizeObserver(() => { if (!playing && box.isConnected) draw(); }).observe(stage);
    tell();
  };
  new MutationObserver(() => {
    document.querySelectorAll(".flow[data-flow]").forEach((box) => {
      const mark = String(box.dataset.flow.length) + box.dataset.flow.slice(-200);
      if (box.dataset.drawn === mark) return;
      box.dataset.drawn = mark;
      build(box);
    });
  }).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-flow"] });
})();

// ---- the raw data behind one line of a claim, drawn at once as SVG: values by arm, over time, survival, severity ----------
const rawFigure = (() => {
  const [W, H, LEFT, RIGHT, TOP, BOTTOM] = [340, 218, 50, 8, 10, 52];
  const text = (x, y, content, css, anchor) => draw("text", { x, y, class: css, "text-anchor": anchor || "middle" }, content);
  const cut = (name, most) => (name.length > most ? name.slice(0, most - 1) + "…" : name);
  const least = (values) => values.reduce((a, b) => (b !== null && b < a ? b : a), Infinity);
  const most = (values) => values.reduce((a, b) => (b !== null && b > a ? b : a), -Infinity);

  const linear = (low, high, from, to) => {
    if (!(low < high)) { low -= 0.5; high += 0.5; }
    const raw = (high - low) / 4;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].find((one) => one * power >= raw) * power;
    const [first, last] = [Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step];
    const ticks = [];
    for (let i = 0; i <= Math.round((last - first) / step); i += 1) ticks.push(Number((first + i * step).toPrecision(10)));
    const scale = (value) => from + ((value - first) / (last - first)) * (to - from);
    return Object.assign(scale, { ticks });
  };
  const logs = (low, high, from, to) => {
    const [first, last] = [Math.log10(low) - 0.08, Math.log10(high) + 0.08];
    const scale = (value) => from + ((Math.log10(value) - first) / (last - first)) * (to - from);
    let ticks = [];
    for (const steps of [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 6, 7, 8]]) {
      ticks = [];
      for (let power = Math.floor(first); power <= Math.ceil(last); power += 1) {
        for (const step of steps) {
          const at = Math.log10(step) + power;
          if (at >= first && at <= last) ticks.push(Number((step * 10 ** power).toPrecision(6)));
        }
      }
      if (ticks.length >= 3) break;
    }
    while (ticks.length > 6) ticks = ticks.filter((_, i) => i % 2 === 0);
    return Object.assign(scale, { ticks });
  };
  const tick = (value) => (Math.abs(value) >= 1e4 || (value !== 0 && Math.abs(value) < 1e-3) ? value.toExponential(0).replace("e+", "e") : String(Number(value.toPrecision(4)))).replaceAll("-", "−");

  const mark = (x, y, side, hollow) => {
    const css = `mark-${side ? "case" : "control"}${hollow ? " hollow" : ""}`;
    return side ? draw("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: 2.7, class: css })
      : draw("path", { d: `M${x.toFixed(1)} ${(y - 3.2).toFixed(1)}l3 5.4h-6z`, class: css });
  };
  const frame = (svg, x, y, figure, bottom) => {
    for (const value of y.ticks) {
      svg.append(draw("line", { x1: LEFT, x2: W - RIGHT, y1: y(value), y2: y(value), class: "grid" }), text(LEFT - 5, y(value) + 3.5, tick(value), "tick", "end"));
    }
    if (x) for (const value of x.ticks) svg.append(draw("line", { x1: x(value), x2: x(value), y1: bottom, y2: bottom + 4, class: "axis" }), text(x(value), bottom + 14, tick(value), "tick"));
    svg.append(draw("line", { x1: LEFT, x2: W - RIGHT, y1: bottom, y2: bottom, class: "axis" }));
    if (figure.xlab) svg.append(text((LEFT + W - RIGHT) / 2, bottom + 27, cut(figure.xlab, 52), "lab"));
    const label = text(0, 0, cut(figure.ylab, 36), "lab");
    label.setAttribute("transform", `translate(11 ${(TOP + bottom) / 2}) rotate(-90)`);
    svg.append(label);
  };
  const key = (svg, figure, y) => {
    let at = LEFT - 34;
    const room = figure.groups.length > 1 ? Math.floor(46 / figure.groups.length) : 46;
    figure.groups.forEach((name, g) => {
      const side = figure.sides[g];
      svg.append(mark(at, y - 3.5, side, g > 1), text(at + 7, y, cut(name, room), "key", "start"));
      at += 20 + Math.min(name.length, room) * 6.1;
    });
  };

  // values side by side: a column of dots is a cage; lines join a household
  const strip = (svg, figure) => {
    const bottom = H - BOTTOM + 20;
    const nothing = figure.y.some((value) => value === null);
    const [low, high] = [least(figure.y), most(figure.y)];
    const floor = nothing ? bottom - 24 : bottom - 4;
    const y = Number.isFinite(low) ? (figure.log && low > 0 ? logs : linear)(low, high, floor - 4, TOP + 4) : linear(0, 1, floor, TOP);
    frame(svg, null, y, figure, bottom);
    if (nothing) svg.append(draw("line", { x1: LEFT, x2: W - RIGHT, y1: bottom - 16, y2: bottom - 16, class: "grid dashed" }), text(LEFT - 5, bottom - 12, "n.d.", "tick", "end"));
    const wide = (W - LEFT - RIGHT) / figure.groups.length;
    const units = figure.groups.map((_, g) => [...new Set(figure.b.filter((_, i) => figure.g[i] === g))]);
    const place = units.map((own) => new Map(own.map((unit, i) => [unit, i])));
    const at = (i) => {
      const g = figure.g[i];
      const own = place[g];
      const few = own.size > 1 && own.size <= 24 && !figure.joined;
      const spread = few ? (own.get(figure.b[i]) + 0.5) / own.size : ((i * 0.61803) % 1) * (figure.joined ? 0.35 : 0.8) + (figure.joined ? 0.32 : 0.1);
      return LEFT + wide * (g + 0.08 + 0.84 * spread);
    };
    const spot = (i) => [at(i), figure.y[i] === null ? bottom - 16 : y(figure.y[i])];
    if (figure.joined) {
      const byUnit = new Map();
      figure.b.forEach((unit, i) => { if (unit >= 0) byUnit.set(unit, [...(byUnit.get(unit) || []), i]); });
      for (const own of byUnit.values()) {
        for (const a of own) for (const b of own) if (figure.g[a] < figure.g[b]) {
          const [[x1, y1], [x2, y2]] = [spot(a), spot(b)];
          svg.append(draw("line", { x1, y1, x2, y2, class: "join" }));
        }
      }
    }
    figure.g.forEach((g, i) => { svg.append(mark(...spot(i), figure.sides[g], figure.y[i] === null)); });
    figure.groups.forEach((name, g) => {
      const [first, second] = name.length > 26 ? [name.slice(0, name.lastIndexOf(" ", 26) > 8 ? name.lastIndexOf(" ", 26) : 26), name] : [name, ""];
      svg.append(text(LEFT + wide * (g + 0.5), bottom + 14, first, "key"));
      if (second) svg.append(text(LEFT + wide * (g + 0.5), bottom + 27, cut(second.slice(first.length).trim(), 26), "key"));
    });
  };

  const course = (svg, figure) => {
    const bottom = H - BOTTOM + 2;
    const nothing = figure.y.some((value) => value === null);
    const floor = nothing ? bottom - 22 : bottom - 4;
    const [low, high] = [least(figure.y), most(figure.y)];
    const y = Number.isFinite(low) ? (figure.log && low > 0 ? logs : linear)(low, high, floor, TOP + 2) : linear(0, 1, floor, TOP);
    const x = linear(least(figure.x), most(figure.x), LEFT + 6, W - RIGHT - 6);
    frame(svg, x, y, figure, bottom);
    if (nothing) svg.append(text(LEFT - 5, bottom - 8, "n.d.", "tick", "end"));
    const aside = (g) => (g - (figure.groups.length - 1) / 2) * 4;
    const spot = (i) => [x(figure.x[i]) + aside(figure.g[i]), figure.y[i] === null ? bottom - 12 : y(figure.y[i])];
    const byUnit = new Map();
    figure.b.forEach((unit, i) => byUnit.set(unit, [...(byUnit.get(unit) || []), i]));
    for (const own of byUnit.values()) {
      const line = own.filter((i) => figure.y[i] !== null).sort((a, b) => figure.x[a] - figure.x[b]);
      if (line.length > 1) svg.append(draw("polyline", { points: line.map((i) => spot(i).map((one) => one.toFixed(1)).join(",")).join(" "), class: `track ${figure.sides[figure.g[own[0]]] ? "of-case" : "of-control"}` }));
    }
    figure.g.forEach((g, i) => { svg.append(mark(...spot(i), figure.sides[g], figure.y[i] === null)); });
    key(svg, figure, H - 6);
  };

  const survival = (svg, figure) => {
    const bottom = H - BOTTOM + 2;
    const y = linear(0, 1, bottom, TOP);
    const x = linear(0, Math.max(most(figure.x), figure.cx.length ? most(figure.cx) : 0), LEFT, W - RIGHT - 6);
    frame(svg, x, y, figure, bottom);
    figure.groups.forEach((_, g) => {
      const own = figure.g.map((group, i) => [group, i]).filter(([group]) => group === g).map(([, i]) => i).sort((a, b) => figure.x[a] - figure.x[b]);
      let path = "";
      own.forEach((i, k) => { path += k ? `H${x(figure.x[i]).toFixed(1)}V${y(figure.y[i]).toFixed(1)}` : `M${x(figure.x[i]).toFixed(1)} ${y(figure.y[i]).toFixed(1)}`; });
      svg.append(draw("path", { d: path, class: `step ${figure.sides[g] ? "of-case" : "of-control"}` }));
      if (own.length) svg.append(mark(x(figure.x[own[own.length - 1]]), y(figure.y[own[own.length - 1]]), figure.sides[g]));
    });
    figure.cg.forEach((g, i) => { svg.append(draw("path", { d: `M${x(figure.cx[i]).toFixed(1)} ${(y(figure.cy[i]) - 4).toFixed(1)}v8`, class: `step ${figure.sides[g] ? "of-case" : "of-control"}` })); });
    key(svg, figure, H - 6);
  };

  const scatter = (svg, figure) => {
    const bottom = H - BOTTOM + 2;
    const y = linear(least(figure.y), most(figure.y), bottom - 4, TOP);
    const x = linear(least(figure.x), most(figure.x), LEFT + 6, W - RIGHT - 6);
    frame(svg, x, y, figure, bottom);
    if (figure.zero) {
      svg.append(draw("line", { x1: x(0), x2: x(0), y1: TOP, y2: bottom, class: "zero" }), draw("line", { x1: LEFT, x2: W - RIGHT, y1: y(0), y2: y(0), class: "zero" }));
    }
    figure.g.forEach((g, i) => { svg.append(mark(x(figure.x[i]), y(figure.y[i]), figure.sides[g], g > 1)); });
    key(svg, figure, H - 6);
  };

  const intervals = (svg, figure) => {
    const bottom = H - BOTTOM + 14;
    const left = 118;
    const x = linear(Math.min(0, least(figure.low), least(figure.x)), Math.max(0, most(figure.high), most(figure.x)), left, W - RIGHT - 6);
    const step = (bottom - TOP) / figure.groups.length;
    for (const value of x.ticks) svg.append(draw("line", { x1: x(value), x2: x(value), y1: TOP, y2: bottom, class: value === 0 ? "zero" : "grid" }), text(x(value), bottom + 14, tick(value), "tick"));
    svg.append(text((left + W - RIGHT) / 2, bottom + 28, cut(figure.xlab, 46), "lab"));
    figure.groups.forEach((name, i) => {
      const y = TOP + step * (i + 0.5);
      if (step >= 8 || i % Math.ceil(9 / step) === 0) svg.append(text(left - 6, y + 3.5, cut(name, 19), "tick", "end"));
      if (figure.low[i] !== null) svg.append(draw("line", { x1: x(figure.low[i]), x2: x(figure.high[i]), y1: y, y2: y, class: "step of-case" }));
      svg.append(mark(x(figure.x[i]), y, 1));
    });
  };

  const kinds = { strip, course, survival, scatter, intervals };
  return (figure, label) => {
    const svg = draw("svg", { viewBox: `0 0 ${W} ${H}`, class: "raw", role: "img", "aria-label": `${label}. ${figure.ylab || figure.xlab}. ${figure.about}. n: ${figure.n}.` });
    kinds[figure.kind](svg, figure);
    return svg;
  };
})();

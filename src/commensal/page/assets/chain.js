// ---- a claim as a graph: microbe → gene → molecule → tissue → outcome --------------------------------------------------
const chainGraph = (() => {
  const KINDS = ["microbe", "gene", "molecule", "tissue", "outcome"];
  const css = (verdict) => verdict.replaceAll(" ", "-");
  const text = (x, y, content, kind, anchor) => draw("text", { x, y, class: kind, "text-anchor": anchor || "middle" }, content);
  // a name over at most two lines
  const wrap = (name, most) => {
    if (name.length <= most) return [name];
    const cut = name.lastIndexOf(" ", most) > most / 3 ? name.lastIndexOf(" ", most) : most;
    const rest = name.slice(cut).trim();
    return [name.slice(0, cut), rest.length > most ? rest.slice(0, most - 1) + "…" : rest];
  };
  // the head of an arrow, drawn as a shape of its own: a marker cannot follow the colour of its line in every browser
  const head = (x, y, angle, verdict) => draw("path", { d: "M0 0L-9 -4.5L-9 4.5z", transform: `translate(${x} ${y}) rotate(${angle})`, class: `head ${css(verdict)}` });
  const words = (line) => `${line.mark} ${line.verdict}`;

  const node = (svg, x, y, width, high, kind, name, state) => {
    svg.append(draw("rect", { x, y, width, height: high, rx: 7, class: `node ${kind} ${state || ""}` }), text(x + width / 2, y + 15, kind, "kind"));
    wrap(name, Math.floor(width / 6.7)).forEach((part, i, parts) => svg.append(text(x + width / 2, y + (parts.length > 1 ? 31 : 37) + 15 * i, part, "name")));
  };
  const badge = (svg, x, y, width, line) => {
    svg.append(draw("rect", { x, y, width, height: 44, rx: 4, class: `badge ${css(line.verdict)}` }));
    svg.append(text(x + 7, y + 14, `${line.mark} ${line.name}`, "badge-name", "start"), text(x + 7, y + 27, line.verdict, `badge-word ${css(line.verdict)}`, "start"), text(x + 7, y + 39, line.manner, "badge-word", "start"));
  };
  const arc = (svg, from, to, y, top, line, label) => {
    const path = `M${from} ${y}C${from} ${top},${to} ${top},${to} ${y - 8}`;
    svg.append(draw("path", { d: path, class: `edge ${css(line.verdict)}` }), head(to, y, 90, line.verdict));
    const [x, at] = [(from + to) / 2, y + (top - y) * 0.75];
    svg.append(text(x, at - 22, label, "edge-label"), text(x, at - 8, `${words(line)}: ${line.manner}`, `edge-word ${css(line.verdict)}`));
  };

  const wide = (one) => {
    const [W, step, width, y, high] = [876, 180, 152, 150, 58];
    const under = Math.max(...KINDS.map((kind) => one.under[kind].length));
    const H = y + high + 18 + under * 50;
    const svg = draw("svg", { viewBox: `-2 0 ${W} ${H}`, class: "chain wide", role: "img", "aria-label": one.alt });
    const middle = (i, shift) => i * step + width / 2 + (shift || 0);
    arc(svg, middle(0, -40), middle(4, 40), y, 2, one.links[0], "strain → outcome");
    arc(svg, middle(0, 30), middle(2, -30), y, 84, one.links[1], "strain → molecule");
    arc(svg, middle(2, 30), middle(4, -30), y, 84, one.links[2], "molecule → outcome");
    const between = ["carried", one.gene.state, one.tissue, "none"];
    if (one.gene.state === "not measured") between[0] = "not measured";
    between.forEach((state, i) => svg.append(draw("line", { x1: i * step + width, x2: (i + 1) * step, y1: y + high / 2, y2: y + high / 2, class: `edge thin ${css(state)}` })));
    KINDS.forEach((kind, i) => {
      node(svg, i * step, y, width, high, kind, one.names[i], i === 1 ? css(one.gene.state) : i === 3 && one.names[3] === "not measured" ? "not-measured" : "");
      one.under[kind].forEach((line, k) => badge(svg, i * step, y + high + 14 + 50 * k, width, line));
    });
    return svg;
  };

  // on a phone: nodes one below the other, the links as brackets at the left with their numbers
  const tall = (one) => {
    const [W, left, high] = [350, 62, 50];
    const svg = draw("svg", { class: "chain tall", role: "img", "aria-label": one.alt });
    const at = [];
    let y = 6;
    KINDS.forEach((kind, i) => {
      at.push(y + high / 2);
      node(svg, left, y, W - left - 4, high, kind, one.names[i], i === 1 ? css(one.gene.state) : "");
      y += high + 6;
      const own = [...one.links.map((line, k) => ({ ...line, number: k + 1 })).filter((line) => line.from === kind), ...one.under[kind]];
      for (const line of own) {
        svg.append(draw("rect", { x: left, y, width: W - left - 4, height: 32, rx: 4, class: `badge ${css(line.verdict)}` }));
        svg.append(text(left + 7, y + 13, `${line.number ? `${line.number}  ` : ""}${line.mark} ${line.name}`, "badge-name", "start"), text(left + 7, y + 27, `${line.verdict}: ${line.manner}`, `badge-word ${css(line.verdict)}`, "start"));
        y += 36;
      }
      y += 10;
    });
    const place = Object.fromEntries(KINDS.map((kind, i) => [kind, at[i]]));
    one.links.forEach((line, k) => {
      const x = k === 0 ? 12 : 36;
      const [a, b] = [place[line.from] + (line.from === "molecule" ? 10 : 0), place[line.to] - (line.to === "molecule" ? 10 : 0) + (k === 2 ? -8 : 0)];
      svg.append(draw("path", { d: `M${left} ${a}H${x}V${b}H${left - 8}`, class: `edge ${css(line.verdict)}` }), head(left, b, 0, line.verdict));
      svg.append(draw("circle", { cx: x, cy: (a + b) / 2, r: 9, class: "number-back" }), text(x, (a + b) / 2 + 4, String(k + 1), "edge-number"));
    });
    svg.setAttribute("viewBox", `0 0 ${W} ${y}`);
    return svg;
  };
  return (one, narrow) => (narrow ? tall(one) : wide(one));
})();

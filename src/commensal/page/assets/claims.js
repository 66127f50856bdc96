// ---- claims: a matrix to filter, and each claim opened into its chain, its lines and the data behind them -------------
(() => {
  if (!document.getElementById("claims-data")) return;
  const data = read("claims-data");
  const $ = (id) => document.getElementById(id);
  const SIZE = 25;
  const PRINTED = 10;
  const { levels, codes, n } = data;
  const byRank = new Map(data.ranks.map((rank, i) => [rank, i]));
  const level = (i, name) => levels[name][codes[name][i]];
  const what = (i) => `${level(i, "strain")} ${data.phrases[codes.outcome[i]][codes.direction[i]]}: it ${level(i, "through")} ${level(i, "molecule")}`;
  const css = (verdict) => verdict.replaceAll(" ", "-");
  const marked = (verdict) => [make("span", { "aria-hidden": "true" }, data.marks[verdict]), " "];
  const line = (i, k) => (data.cells[i] ? data.lines[data.cells[i][k]] : null);

  // ---- the filter: every choice is a test of codes, so that 100,000 claims take a few milliseconds ---------------------
  const MENUS = { microbe: "strain", molecule: "molecule", outcome: "outcome", direction: "direction", way: "through" };
  const KEYS = ["text", ...Object.keys(MENUS), "state", "page"];
  const empty = () => Object.fromEntries(KEYS.map((key) => [key, ""]));
  let state = empty();
  let kept = [];
  // at first the claims past the gate stand alone, where there are any; a filter or the button shows all
  const past = data.ranks.map((_, i) => i).filter((i) => levels.verdict[codes.verdict[i]] === "selected");
  let folded = past.length > 0 && past.length < n;
  const filtered = () => KEYS.some((key) => key !== "page" && state[key] !== "");
  const hits = (name, test) => Uint8Array.from(levels[name], (one) => (test(one) ? 1 : 0));
  const lower = Object.fromEntries(["strain", "molecule", "outcome"].map((name) => [name, levels[name].map((one) => one.toLowerCase())]));
  const contradicted = (i) => data.cells[i] !== null && [...data.cells[i], ...data.beside[i].map(([, at]) => at)].some((at) => data.lines[at].verdict === "contradicts");
  const select = () => {
    const tests = [];
    for (const [key, name] of Object.entries(MENUS)) {
      if (!state[key]) continue;
      const own = hits(name, key === "molecule" ? (one) => one.toLowerCase().includes(state[key].toLowerCase()) : (one) => one === state[key]);
      const code = codes[name];
      tests.push((i) => own[code[i]] === 1);
    }
    if (state.state === "contradicted") tests.push(contradicted);
    else if (state.state) {
      const at = levels.verdict.findIndex((_, k) => data.states[k] === state.state);
      tests.push((i) => codes.verdict[i] === at);
    }
    for (const word of state.text.toLowerCase().split(/\s+/).filter(Boolean)) {
      const own = Object.fromEntries(Object.entries(lower).map(([name, all]) => [name, Uint8Array.from(all, (one) => (one.includes(word) ? 1 : 0))]));
      const said = data.phrases.map((pair) => pair.map((one) => one.toLowerCase().includes(word)));
      const through = levels.through.map((one) => one.includes(word));
      const states = data.states.map((one) => one.includes(word));
      tests.push((i) => own.strain[codes.strain[i]] === 1 || own.molecule[codes.molecule[i]] === 1 || own.outcome[codes.outcome[i]] === 1
        || said[codes.outcome[i]][codes.direction[i]] || through[codes.through[i]] || states[codes.verdict[i]]);
    }
    kept = [];
    if (folded && !filtered()) { kept = past; return; }
    for (let i = 0; i < n; i += 1) {
      let fits = true;
      for (const test of tests) if (!test(i)) { fits = false; break; }
      if (fits) kept.push(i);
    }
  };

  const opened = $("claims-opened");
  $("claims-unfold").addEventListener("click", () => { folded = !folded; change({}); });

  // ---- the matrix, a page of it at a time -------------------------------------------------------------------------
  const body = $("claims-grid").tBodies[0];
  const row = (i) => {
    const cells = data.names.map((name, k) => {
      const one = line(i, k);
      if (!one) return make("td", { class: "mark not-measured" }, make("span", { "aria-hidden": "true" }, "·"), make("span", { class: "visually-hidden" }, "not kept"));
      return make("td", { class: `mark ${css(one.verdict)}` }, make("span", { "aria-hidden": "true" }, data.marks[one.verdict]), make("span", { class: "visually-hidden" }, one.verdict));
    });
    return make("tr", {}, make("th", { scope: "row", class: "wrap" }, make("a", { href: `#claim-${data.ranks[i]}` }, `${data.ranks[i]}. ${what(i)}`)),
      make("td", {}, data.states[codes.verdict[i]]), make("td", { class: "number" }, data.texts[data.gate[i]]), make("td", { class: "number" }, data.texts[data.q[i]]),
      make("td", {}, data.texts[data.strength[i]]), ...cells);
  };
  const pages = () => Math.max(1, Math.ceil(kept.length / SIZE));
  const render = () => {
    const page = Math.min(Math.max(1, Number(state.page) || 1), pages());
    const from = (page - 1) * SIZE;
    body.replaceChildren(...kept.slice(from, from + SIZE).map(row));
    if (!kept.length) body.append(make("tr", {}, make("td", { colspan: 5 + data.names.length }, "No claim fits these filters.")));
    $("claims-fold").hidden = filtered() || !past.length || past.length === n;
    $("claims-unfold").textContent = folded ? `Show the other ${(n - past.length).toLocaleString("en")} claims` : "Show only those past the gate";
    // an opened claim that the filter leaves out is put aside with its row
    const inside = filtered() ? new Set(kept) : null;
    let aside = 0;
    for (const article of opened.children) {
      article.hidden = inside !== null && !inside.has(Number(article.dataset.index));
      aside += article.hidden ? 1 : 0;
    }
    $("claims-count").textContent = `${kept.length.toLocaleString("en")} of ${n.toLocaleString("en")} claims` + (kept.length > SIZE ? `; ${(from + 1).toLocaleString("en")} to ${Math.min(from + SIZE, kept.length).toLocaleString("en")} shown` : "") + (folded && !filtered() ? ": those past the gate" : "") + (aside ? `; ${aside} opened below ${aside === 1 ? "does" : "do"} not fit and ${aside === 1 ? "is" : "are"} put aside` : "");
    $("claims-page").textContent = `Page ${page.toLocaleString("en")} of ${pages().toLocaleString("en")}`;
    for (const [id, off] of [["claims-first", page === 1], ["claims-back", page === 1], ["claims-next", page === pages()], ["claims-last", page === pages()]]) $(id).disabled = off;
  };
  const address = () => {
    const set = new URLSearchParams(Object.entries(state).filter(([, value]) => value !== "" && value !== "1"));
    const text = set.toString();
    history.replaceState(null, "", `#claims${text ? `?${text}` : ""}`);
  };
  const change = (more) => { state = { ...state, page: "", ...more }; select(); render(); address(); };
  const controls = {};
  const option = (value, text) => make("option", { value }, text);
  const menu = (key, title, options) => {
    controls[key] = make("select", { id: `claims-${key}` }, option("", "all"), ...options);
    controls[key].addEventListener("change", () => change({ [key]: controls[key].value }));
    $("claims-menus").append(make("label", {}, title, controls[key]));
  };
  menu("microbe", "Microbe", levels.strain.map((one) => option(one, one)));
  controls.molecule = make("input", { type: "search", id: "claims-molecule", list: "claims-molecules", autocomplete: "off", spellcheck: "false" });
  $("claims-menus").append(make("label", {}, "Molecule", controls.molecule), make("datalist", { id: "claims-molecules" }, ...levels.molecule.slice(0, 300).map((one) => make("option", { value: one }))));
  controls.molecule.addEventListener("input", () => change({ molecule: controls.molecule.value }));
  menu("outcome", "Outcome", levels.outcome.map((one) => option(one, one.replaceAll("_", " "))));
  menu("direction", "Direction", levels.direction.map((one) => option(one, one)));
  menu("way", "Molecule is", levels.through.map((one) => option(one, one === "raises" ? "raised" : "lowered")));
  menu("state", "State", [...data.states.map((one) => option(one, one)), option("contradicted", "some line contradicts it")]);
  controls.text = $("claims-text");
  controls.text.addEventListener("input", () => change({ text: controls.text.value }));
  $("claims-reset").addEventListener("click", () => { folded = past.length > 0 && past.length < n; fill(empty()); change(empty()); controls.text.focus(); });
  const fill = (values) => { for (const [key, control] of Object.entries(controls)) control.value = values[key]; };
  const turn = (id, to) => $(id).addEventListener("click", () => change({ page: String(to(Number(state.page) || 1)) }));
  turn("claims-first", () => 1);
  turn("claims-back", (page) => Math.max(1, page - 1));
  turn("claims-next", (page) => Math.min(pages(), page + 1));
  turn("claims-last", () => pages());

  // ---- one claim opened -------------------------------------------------------------------------------------------
  const told = (i, k) => {
    const one = line(i, k) || { verdict: "not measured" };
    return { name: data.names[k], mark: data.marks[one.verdict], verdict: one.verdict, manner: one.verdict === "not measured" ? "" : data.manner[k] };
  };
  const graph = (i) => {
    const at = (name) => data.names.indexOf(name);
    const gene = (data.genes[level(i, "strain")] || {})[level(i, "molecule")] || { verdict: "genome not asked", steps: [], state: "not measured", note: "", row: null };
    const links = Object.entries(data.arcs).map(([name, [from, to]]) => ({ ...told(i, at(name)), from, to }));
    const under = Object.fromEntries(Object.entries(data.under).map(([kind, names]) => [kind, names.filter((name) => at(name) >= 0).map((name) => told(i, at(name)))]));
    const reversal = under.tissue[0];
    const names = [level(i, "strain"), gene.verdict, level(i, "molecule"), data.specimens[level(i, "molecule")] || "not measured", data.nouns[codes.outcome[i]]];
    const lines = data.names.map((_, k) => told(i, k));
    const alt = `Chain of the claim ${what(i)}. Gene: ${gene.verdict}. ` + lines.map((one) => `${one.name}: ${one.verdict}${one.manner ? ` (${one.manner})` : ""}`).join("; ") + ".";
    return { gene, links, under, names, alt, tissue: reversal ? reversal.verdict : "none" };
  };
  const LEGEND = [["supports", "supports"], ["contradicts", "contradicts: measured, and the other way"], ["inconclusive", "inconclusive: measured, could be either"], ["not-measured", "not measured"], ["carried", "carried by the genome (no p)"]];
  const legend = () => make("ul", { class: "legend" }, ...LEGEND.map(([kind, words]) => make("li", {},
    draw("svg", { viewBox: "0 0 44 12", width: 44, height: 12, class: "chain", "aria-hidden": "true" }, draw("line", { x1: 2, x2: 42, y1: 6, y2: 6, class: `edge ${kind}${kind === "carried" ? " thin" : ""}` })),
    ` ${kind === "carried" ? "" : `${data.marks[kind.replace("-", " ")]} `}${words}`)));
  const estimateLink = (one) => (one.estimate === null ? "–" : make("a", { href: `#estimate-${one.estimate}` }, `row ${one.estimate.toLocaleString("en")}`));
  const questionLink = (one) => {
    const place = one.question ? document.querySelector(`[data-question="${CSS.escape(one.question)}"]`) : null;
    return place ? make("a", { href: `#${place.id}` }, one.question) : one.question || "–";
  };
  const where = (one) => one.specimen || one.measure || "this row";
  const also = (i, k) => data.more[i].filter(([line]) => line === k).map(([, at]) => data.lines[at]);
  const other = (one) => make("li", {}, ...marked(one.verdict), `${where(one)}: `, one.verdict === "not measured" ? (one.note || "not measured") : one.effect, " (", estimateLink(one), ")");
  const rests = (one, more) => {
    if (one.verdict === "not measured" && one.estimate === null) return [make("p", {}, "–")];
    return [make("p", {}, make("strong", {}, `${where(one)}: `), one.effect), make("p", { class: "quiet" }, one.size ? `${one.size}; ` : "", "question ", questionLink(one), ", ", estimateLink(one)),
      ...(more.length ? [make("p", { class: "quiet" }, "The largest p counts; the line’s other rows:"), make("ul", { class: "also" }, ...more.map(other))] : [])];
  };
  const noted = (one) => [make("p", {}, one.note || "–"), ...(one.own && !one.note.includes(one.own) ? [make("details", {}, make("summary", {}, "note of the row"), make("p", {}, one.own))] : [])];
  const beside = (i) => (data.beside[i].length ? [make("h4", {}, "Beside its lines"), make("p", { class: "quiet" }, "Measured about this microbe, molecule and outcome; by rule neither in the gate nor in the strength. What contradicts is marked ▼ all the same."),
    make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Beside the lines of claim ${data.ranks[i]}` }, make("table", { class: "lines beside" },
      make("thead", {}, make("tr", {}, ...["What", "Says", "Estimate", "What the row says of itself, and limits"].map((title) => make("th", { scope: "col" }, title)))),
      make("tbody", {}, ...data.beside[i].map(([name, at]) => {
        const one = data.lines[at];
        return make("tr", {}, make("th", { scope: "row" }, name), make("td", { class: `mark ${css(one.verdict)}` }, ...marked(one.verdict), one.verdict), make("td", { class: "wrap" }, ...rests(one, [])), make("td", { class: "wrap" }, one.note || "–"));
      }))))] : []);
  const table = (i) => make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Lines of claim ${data.ranks[i]}` }, make("table", { class: "lines" },
    make("thead", {}, make("tr", {}, ...["Line, and what it asks", "Says", "Estimate (interval; one-sided p in the claimed direction) and what it is of", "Limits"].map((title) => make("th", { scope: "col" }, title)))),
    make("tbody", {}, ...data.names.map((name, k) => {
      const one = line(i, k);
      return make("tr", {}, make("th", { scope: "row" }, name, make("span", { class: "manner" }, data.asks[k])), make("td", { class: `mark ${css(one.verdict)}` }, ...marked(one.verdict), one.verdict, make("span", { class: "manner" }, told(i, k).manner)),
        make("td", { class: "wrap" }, ...rests(one, also(i, k))), make("td", { class: "wrap" }, ...noted(one)));
    }))));
  // what the figure shows, dot by dot: who it is, of which cage or household
  const values = (figure, title) => {
    if (!figure.ids) return [];
    const details = make("details", { class: "values" }, make("summary", {}, `Its ${figure.ids.length.toLocaleString("en")} values, by id`));
    details.addEventListener("toggle", () => {
      if (!details.open || details.dataset.filled) return;
      details.dataset.filled = "yes";
      const [units, xs] = [figure.units.some(Boolean), figure.x];
      const titles = ["Group", "Id", ...(units ? ["Cage, household"] : []), ...(xs ? [figure.xlab] : []), figure.ylab];
      details.append(make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Values of ${title}` }, make("table", {}, make("thead", {}, make("tr", {}, ...titles.map((title) => make("th", { scope: "col" }, title)))),
        make("tbody", {}, ...figure.ids.map((id, k) => make("tr", {}, make("td", {}, figure.groups[figure.g[k]] || ""), make("td", {}, id), ...(units ? [make("td", {}, figure.units[k])] : []),
          ...(xs ? [make("td", { class: "number" }, shown(xs[k]))] : []), make("td", { class: "number" }, figure.y[k] === null ? "not detected" : shown(figure.y[k]))))))));
    });
    return [details];
  };
  const card = (i, k) => {
    const one = line(i, k);
    const title = `${data.names[k]}${one.specimen ? `, ${one.specimen}` : ""}`;
    const figure = one.figure >= 0 ? data.figures[one.figure] : null;
    const from = make("p", { class: "source" }, ...(one.estimate === null ? [] : ["From: ", estimateLink(one), "; question ", questionLink(one), one.source ? `; ${data.private ? "" : "in the study’s folder "}${one.source}` : "", "."]));
    const content = figure ? [rawFigure(figure, title), make("p", { class: "of" }, make("strong", {}, "n: "), `${figure.n}. `, `${figure.about}.`), ...values(figure, `claim ${data.ranks[i]}, ${title}`)]
      : [make("p", { class: "of" }, one.verdict === "not measured" ? "Not measured: there is nothing to show." : data.private ? "The values behind this line are of single subjects: a private run shows none. They stand in the study’s own files." : "The values behind this line are not on this page: they are kept for the first claims by rank. They stand in the file named here.")];
    return make("figure", { class: `behind ${css(one.verdict)}` }, make("h4", {}, ...marked(one.verdict), title, make("span", { class: "manner" }, ` ${one.verdict}${one.verdict === "not measured" ? "" : `: ${data.manner[k]}`}`)), ...content, from);
  };
  const steps = (gene) => (gene.steps.length ? [make("details", { class: "steps" }, make("summary", {}, `Steps in the genome: ${gene.verdict}`),
    make("ul", {}, ...gene.steps.map(([name, mark, said, note]) => make("li", {}, `${mark} ${name}: ${said}. ${note}`))),
    make("p", { class: "quiet" }, gene.note, gene.row === null ? "" : " (", ...(gene.row === null ? [] : [estimateLink({ estimate: gene.row }), ")"])))] : []);

  const phone = window.matchMedia("(max-width: 44rem)");
  const open = (i, quiet) => {
    const id = `claim-${data.ranks[i]}`;
    const there = $(id);
    if (there) { there.hidden = false; return there; }
    const close = make("button", { type: "button", class: "close" }, "Close");
    const head = make("div", { class: "claim-head" }, make("h3", { tabindex: "-1", id: `${id}-h` }, `${data.ranks[i]}. ${what(i)}`), close);
    const article = make("article", { class: "claim", id, "aria-labelledby": `${id}-h`, "data-index": i }, head,
      make("p", { class: "claim-state" }, make("strong", {}, data.states[codes.verdict[i]]), `; gate ${data.texts[data.gate[i]]}; ${data.texts[data.q[i]]}; strength ${data.texts[data.strength[i]]} lines`));
    close.addEventListener("click", () => {
      article.remove();
      const link = body.querySelector(`a[href="#${id}"]`) || controls.text;
      link.focus();
      address();
    });
    if (!data.cells[i]) article.append(make("p", {}, "A link of this claim was not measured, and it is not among the first by rank: its lines are not kept. commensal claims prints what is known."));
    else {
      const one = graph(i);
      const said = (kind) => data.told[i].filter(([own]) => own === kind).map(([, at]) => data.texts[at]);
      const weighed = said(2);
      article.append(...said(0).map((text) => make("p", {}, text)),
        ...said(1).map((text) => make("div", { class: "against" }, make("p", {}, text), ...(weighed.length ? [make("ul", {}, ...weighed.map((one) => make("li", {}, one))), make("p", { class: "quiet" }, "What a reviewer would ask of the design: ", make("a", { href: "#design" }, "all of it"), ".")] : []))),
        make("div", { class: "graph" }, chainGraph(one, phone.matches)), legend(), ...steps(one.gene), make("h4", {}, "Its lines"), table(i), ...beside(i), make("h4", {}, "The data behind each line"));
      const behind = make("div", { class: "behinds" });
      article.append(behind);
      // the figures come after the words have been painted
      const fill = () => { if (!behind.childElementCount) behind.append(...data.names.map((_, k) => card(i, k))); };
      article.fill = fill;
      if (quiet) fill(); else requestAnimationFrame(() => setTimeout(fill));
    }
    // in the order of their ranks
    const after = [...opened.children].find((other) => Number(other.dataset.index) > i);
    opened.insertBefore(article, after || null);
    return article;
  };
  phone.addEventListener("change", () => {
    for (const article of opened.children) article.querySelector(".graph")?.replaceChildren(chainGraph(graph(Number(article.dataset.index)), phone.matches));
  });

  // ---- deep links: #claim-N opens a claim; #claims?microbe=… is a filtered view ------------------------------------------
  const follow = () => {
    const [name, query] = location.hash.slice(1).split("?");
    const claim = /^claim-(\d+)$/.exec(name);
    if (claim && byRank.has(Number(claim[1]))) {
      const article = open(byRank.get(Number(claim[1])));
      article.scrollIntoView();
      article.querySelector("h3").focus({ preventScroll: true });
    } else if (name === "claims" && query !== undefined) {
      const given = new URLSearchParams(query);
      state = { ...empty(), ...Object.fromEntries([...given].filter(([key]) => KEYS.includes(key))) };
      fill(state);
      select();
      render();
      $("claims").scrollIntoView();
    }
  };

  // ---- print: the matrix as filtered, and the claims that are past the gate (at most ten), besides those opened ----------
  let printed = [];
  window.addEventListener("beforeprint", () => {
    const passed = kept.filter((i) => data.cells[i] && levels.verdict[codes.verdict[i]] === "selected").slice(0, PRINTED);
    printed = passed.filter((i) => !$(`claim-${data.ranks[i]}`)).map((i) => open(i, true));
    for (const article of opened.children) article.fill?.();
  });
  window.addEventListener("afterprint", () => { for (const article of printed) article.remove(); printed = []; });

  $("claims-tools").hidden = false;
  $("claims-pager").hidden = false;
  select();
  render();
  if (n && data.cells[0]) open(0);
  window.addEventListener("hashchange", follow);
  follow();
})();

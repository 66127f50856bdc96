(() => {
  // CSV: a text that a spreadsheet could take for a formula gets an apostrophe, as commensal.cells has it
  const cell = (value) => {
    if (value === null || value === undefined) return "";
    if (isNumber(value)) return String(value);
    const text = /^'*[=+\-@\t\r]/.test(value) ? "'" + value : value;
    return /[",\n\r]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
  };
  const download = (name, text, type) => {
    const address = URL.createObjectURL(new Blob([text], { type }));
    const link = make("a", { href: address, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  };
  const csv = (names, rows, at) => [names.map(cell).join(","), ...rows.map((row) => names.map((name) => cell(at(row, name))).join(","))].join("\r\n") + "\r\n";

  // ---- figures -------------------------------------------------------------------------------------------------
  const figures = document.getElementById("figures-data") ? read("figures-data") : { figures: [] };
  const unpack = (columns) => {
    const names = Object.keys(columns);
    const n = names.length ? columns[names[0]].length : 0;
    return Array.from({ length: n }, (_, i) => Object.fromEntries(names.map((name) => [name, columns[name][i]])));
  };
  const merge = (base, over) => {
    const merged = { ...base };
    for (const [key, value] of Object.entries(over)) {
      merged[key] = value && typeof value === "object" && !Array.isArray(value) ? merge(base[key] || {}, value) : value;
    }
    return merged;
  };
  const recolour = (part) => (Array.isArray(part) ? part.map(recolour)
    : part && typeof part === "object" ? Object.fromEntries(Object.entries(part).map(([key, value]) => [key, recolour(value)]))
      : typeof part === "string" && Object.hasOwn(figures.dark_colours, part) ? figures.dark_colours[part] : part);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const draw = async (holder) => {
    const [figure, panel] = [Number(holder.dataset.figure), Number(holder.dataset.panel)];
    const { spec, data, height } = figures.figures[figure].panels[panel];
    const canvas = figures.figures[figure].marks > figures.most_svg;
    const config = merge(dark.matches ? merge(figures.config, figures.dark) : figures.config, { background: "transparent" });
    const full = {
      ...(dark.matches ? recolour(spec) : spec), width: "container", height, autosize: { type: "fit-x", contains: "padding" },
      datasets: Object.fromEntries(Object.entries(data).map(([name, columns]) => [name, unpack(columns)])),
    };
    try {
      const result = await window.vegaEmbed(holder, full, { actions: false, renderer: canvas ? "canvas" : "svg", config, loader: { http: {} } });
      holder.view = result.view;
      const picture = holder.querySelector("svg, canvas");
      picture.setAttribute("aria-hidden", "true"); // the figure's own label says it, and the table holds it
      holder.dataset.drawn = canvas ? "canvas" : "svg";
    } catch (error) {
      holder.dataset.drawn = "failed";
      holder.append(make("p", { class: "quiet" }, "This panel could not be drawn here; its data are in the table below. " + error.message));
    }
  };
  const holders = [...document.querySelectorAll(".panel[data-figure]")];
  const pending = new Set(holders);
  const drawOnce = (holder) => (pending.delete(holder) ? draw(holder) : null);
  if ("IntersectionObserver" in window) {
    const watcher = new IntersectionObserver((entries) => {
      for (const entry of entries) if (entry.isIntersecting) { watcher.unobserve(entry.target); drawOnce(entry.target); }
    }, { rootMargin: "600px 0px" });
    for (const holder of holders) watcher.observe(holder);
  } else holders.forEach(drawOnce);
  window.addEventListener("beforeprint", () => [...pending].forEach(drawOnce));
  dark.addEventListener("change", () => { for (const holder of holders) if (!pending.has(holder)) draw(holder); });

  const STEP = 100;
  for (const details of document.querySelectorAll("details.figure-data")) {
    details.addEventListener("toggle", () => {
      if (!details.open || details.dataset.filled) return;
      details.dataset.filled = "yes";
      const figure = figures.figures[Number(details.dataset.figure)];
      const rows = unpack(figure.rows);
      const names = Object.keys(figure.columns);
      const body = make("tbody");
      const more = make("button", { type: "button" });
      let at = 0;
      const add = () => {
        for (const row of rows.slice(at, at + STEP)) {
          body.append(make("tr", {}, ...names.map((name) => make("td", { class: isNumber(row[name]) ? "number" : null }, shown(row[name])))));
        }
        at = Math.min(at + STEP, rows.length);
        more.textContent = `Show ${Math.min(STEP, rows.length - at)} more of ${rows.length.toLocaleString("en")}`;
        more.hidden = at >= rows.length;
      };
      more.addEventListener("click", add);
      const save = make("button", { type: "button" }, "Download CSV");
      save.addEventListener("click", () => download(`${figure.name}.csv`, csv(names, rows, (row, name) => row[name]), "text/csv"));
      const head = make("thead", {}, make("tr", {}, ...names.map((name) => make("th", { scope: "col" }, figure.columns[name]))));
      details.append(
        make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Data of ${figure.title}` }, make("table", {}, head, body)),
        make("p", { class: "buttons" }, more, save));
      add();
    });
  }

  // ---- the table of estimates -----------------------------------------------------------------------------------
  const root = document.getElementById("estimates-table");
  if (!root) return;
  const data = read("estimates-data");
  const columns = Object.fromEntries(data.columns.map((column) => [column.name, column]));
  const value = (row, name) => {
    const column = columns[name];
    if ("constant" in column) return column.constant;
    if (column.values) return column.values[row];
    const code = column.codes[row];
    return code < 0 ? null : column.levels[code];
  };
  const all = Uint32Array.from({ length: data.n }, (_, i) => i);
  const state = { visible: new Set(data.shown), rows: all, sort: "p", down: false, page: 0, size: 25, search: "", menus: {}, q: "" };
  const $ = (id) => document.getElementById(id);

  const haystacks = [];
  const haystack = (row) => {
    haystacks[row] ??= ["label", "feature", "measure", "note", "assay", "family"].map((name) => value(row, name) ?? "").join("\n").toLowerCase();
    return haystacks[row];
  };
  const filter = () => {
    $("estimates-record").hidden = true;
    const words = state.search.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = Object.entries(state.menus).filter(([, level]) => level !== "");
    const limit = state.q === "" ? null : Number(state.q);
    const kept = all.filter((row) =>
      chosen.every(([name, level]) => (value(row, name) ?? "–") === level)
      && (limit === null || (value(row, "q") !== null && value(row, "q") < limit))
      && words.every((word) => haystack(row).includes(word)));
    state.rows = order(kept);
    state.page = 0;
    render();
  };
  const order = (rows) => {
    const name = state.sort;
    if (!name) return rows;
    const column = columns[name];
    let keys;
    if ("constant" in column) return rows;
    if (column.codes) { // rank the levels once, then sort by rank
      const ranks = new Int32Array(column.levels.length);
      column.levels.map((level, i) => [level, i]).sort((a, b) => a[0].localeCompare(b[0], "en", { numeric: true })).forEach(([, i], rank) => { ranks[i] = rank; });
      keys = (row) => (column.codes[row] < 0 ? null : ranks[column.codes[row]]);
    } else keys = (row) => column.values[row];
    const sign = state.down ? -1 : 1;
    return Uint32Array.from(rows).sort((a, b) => {
      const [x, y] = [keys(a), keys(b)];
      if (x === null || y === null) return x === y ? a - b : x === null ? 1 : -1; // missing is last either way
      return sign * (x - y) || a - b;
    });
  };

  const table = $("estimates-grid");
  const ordered = [...data.shown.map((name) => columns[name]), ...data.columns.filter((column) => !data.shown.includes(column.name))];
  const displayed = (row, name) => {
    const content = value(row, name);
    if (name !== "label" || value(row, "feature") !== "(all)") return content;
    return [content, value(row, "measure")].filter(Boolean).join(": "); // the whole table: by which measure
  };
  const head = table.tHead.rows[0];
  const body = table.tBodies[0];
  const renderHead = () => {
    const focused = document.activeElement?.dataset?.column;
    head.replaceChildren(...ordered.filter((column) => state.visible.has(column.name)).map((column) => {
      const sorted = state.sort === column.name ? (state.down ? "descending" : "ascending") : "none";
      const mark = make("span", { "aria-hidden": "true", class: "arrow" }, sorted === "none" ? "↕" : state.down ? "↓" : "↑");
      const button = make("button", { type: "button", title: column.about, "data-column": column.name }, column.title, mark);
      button.addEventListener("click", () => {
        state.down = state.sort === column.name ? !state.down : false;
        state.sort = column.name;
        state.rows = order(state.rows);
        state.page = 0;
        render();
      });
      return make("th", { scope: "col", "aria-sort": sorted, class: column.kind === "number" ? "number" : null }, button);
    }));
    if (focused) head.querySelector(`button[data-column="${focused}"]`)?.focus();
  };
  const render = () => {
    renderHead();
    const pages = Math.max(1, Math.ceil(state.rows.length / state.size));
    state.page = Math.min(state.page, pages - 1);
    const names = ordered.filter((column) => state.visible.has(column.name));
    const from = state.page * state.size;
    body.replaceChildren(...[...state.rows.slice(from, from + state.size)].map((row) => make("tr", {},
      ...names.map((column) => {
        const content = displayed(row, column.name);
        const kind = column.kind === "number" ? "number" : column.name === "label" || column.name === "note" ? "long" : null;
        return make("td", { class: kind }, shown(content));
      }))));
    if (!state.rows.length) body.append(make("tr", {}, make("td", { colspan: names.length }, "No row fits these filters.")));
    const some = state.rows.length ? `Rows ${(from + 1).toLocaleString("en")} to ${Math.min(from + state.size, state.rows.length).toLocaleString("en")} of ${state.rows.length.toLocaleString("en")}` : "0 rows";
    $("table-count").textContent = some + (state.rows.length < data.n ? ` (filtered from ${data.n.toLocaleString("en")})` : "");
    $("page-number").textContent = `Page ${(state.page + 1).toLocaleString("en")} of ${pages.toLocaleString("en")}`;
    for (const [id, off] of [["page-first", state.page === 0], ["page-back", state.page === 0], ["page-next", state.page >= pages - 1], ["page-last", state.page >= pages - 1]]) $(id).disabled = off;
  };

  for (const name of data.menus) {
    const column = columns[name];
    const levels = "constant" in column ? [column.constant ?? "–"] : [...column.levels];
    if (column.codes?.includes(-1)) levels.push("–");
    const select = make("select", { id: `filter-${name}`, "data-filter": name }, make("option", { value: "" }, "all"),
      ...levels.map((level) => make("option", { value: level }, level)));
    select.addEventListener("change", () => { state.menus[name] = select.value; filter(); });
    $("table-menus").append(make("label", {}, column.title, select));
  }
  const limits = make("select", { id: "filter-q" }, ...[["", "any"], ["0.05", "below 0.05"], ["0.1", "below 0.1"], ["0.2", "below 0.2"]].map(([limit, text]) => make("option", { value: limit }, text)));
  limits.addEventListener("change", () => { state.q = limits.value; filter(); });
  $("table-menus").append(make("label", {}, "q", limits));

  let timer = 0;
  $("table-search").addEventListener("input", (event) => {
    clearTimeout(timer);
    timer = setTimeout(() => { state.search = event.target.value; filter(); }, 120);
  });
  const turn = (id, to) => $(id).addEventListener("click", () => { state.page = to(Math.ceil(state.rows.length / state.size)); render(); });
  turn("page-first", () => 0);
  turn("page-back", () => Math.max(0, state.page - 1));
  turn("page-next", (pages) => Math.min(pages - 1, state.page + 1));
  turn("page-last", (pages) => pages - 1);
  $("page-size").addEventListener("change", (event) => { state.size = Number(event.target.value); state.page = 0; render(); });
  $("table-reset").addEventListener("click", () => {
    Object.assign(state, { search: "", q: "", menus: {}, sort: "p", down: false });
    $("table-search").value = "";
    for (const select of $("table-menus").querySelectorAll("select")) select.value = "";
    filter();
  });
  for (const column of data.columns) {
    const box = make("input", { type: "checkbox", "data-show": column.name, checked: state.visible.has(column.name) });
    box.addEventListener("change", () => { state.visible[box.checked ? "add" : "delete"](column.name); render(); });
    $("table-columns").append(make("label", {}, box, make("span", {}, make("strong", {}, column.title), " ", column.about)));
  }
  const names = data.columns.map((column) => column.name);
  $("csv-filtered").addEventListener("click", () => download("estimates-filtered.csv", csv(names, [...state.rows], value), "text/csv"));
  $("csv-all").addEventListener("click", () => download("estimates.csv", csv(names, [...all], value), "text/csv"));
  root.hidden = false;
  filter();

  // ---- a deep link: #estimate-N shows one row of the estimates ------------------------------
  const follow = () => {
    const name = decodeURIComponent(location.hash.slice(1));
    const row = /^estimate-(\d+)$/.exec(name);
    if (!row || Number(row[1]) >= data.n) return;
    $("table-reset").click();
    state.rows = Uint32Array.of(Number(row[1]));
    for (const column of ["question", "measure", "specimen", "note"]) {
      state.visible.add(column);
      const box = $("table-columns").querySelector(`input[data-show="${column}"]`);
      if (box) box.checked = true;
    }
    render();
    body.rows[0].classList.add("targeted");
    // the whole row, one name and value under the other: nothing of it is off the edge
    const record = make("dl", { class: "record" }, ...ordered.filter((column) => value(Number(row[1]), column.name) !== null).map((column) => make("div", { class: ["note", "family", "test"].includes(column.name) ? "long" : null },
      make("dt", { title: column.about }, column.title), make("dd", {}, shown(value(Number(row[1]), column.name))))));
    $("estimates-record").replaceChildren(make("h3", { tabindex: "-1" }, `Row ${Number(row[1]).toLocaleString("en")}, whole`), record);
    $("estimates-record").hidden = false;
    $("table-count").textContent = `Row ${Number(row[1]).toLocaleString("en")} of estimates.parquet, as linked; “Clear filters” shows all`;
    $("estimates").scrollIntoView();
  };
  window.addEventListener("hashchange", follow);
  follow();
})();

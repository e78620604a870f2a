"use strict";
const $ = (id) => document.getElementById(id);
const data = JSON.parse($("figures").textContent);

// Text of models and data sets goes into text nodes only, so that the browser never parses it as HTML.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") element.addEventListener("click", value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// The details follow the scripts in the document, so that list and figures do not wait for them.
const parsed = new Promise((done) => document.readyState === "loading" ? addEventListener("DOMContentLoaded", done) : done());

async function unpack(id) {
  if (id !== "index") await parsed;
  const text = atob($(id).textContent.trim());
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

// Plotly takes a second to start, so the question list is filled first. A figure is drawn when it is near the viewport.
let onListed;
const listed = new Promise((done) => { onListed = done; });
function startPlotly() {
  if (globalThis.Plotly) return;
  const script = make("script");
  script.textContent = $("plotly").textContent;
  document.body.append(script);
}
function themeColours() {
  const style = getComputedStyle(document.documentElement);
  const [text, line] = [style.getPropertyValue("--ink").trim(), style.getPropertyValue("--line").trim()];
  return { "font.color": text, "xaxis.gridcolor": line, "yaxis.gridcolor": line, "xaxis.linecolor": line, "yaxis.linecolor": line,
    "xaxis.zerolinecolor": line, "yaxis.zerolinecolor": line, "hoverlabel.font.color": "#1c1c1a", "hoverlabel.bgcolor": "#f3f3ee" };
}
async function draw(plot) {
  const figure = data[plot.id];
  if (!figure || plot.dataset.drawn) return;
  plot.dataset.drawn = "true";
  await listed;
  startPlotly();
  const layout = structuredClone(figure.layout);
  for (const [path, value] of Object.entries(themeColours())) {
    const names = path.split("."), last = names.pop();
    names.reduce((inner, name) => (inner[name] ??= {}), layout)[last] = value;
  }
  await Plotly.newPlot(plot, figure.data, layout, { responsive: true, displaylogo: false, displayModeBar: false });
}
const plots = [...document.querySelectorAll(".plot")];
const observer = new IntersectionObserver((entries) => entries.filter((each) => each.isIntersecting).forEach((each) => draw(each.target)), { rootMargin: "300px" });
for (const plot of plots) {
  // Set before the figure is drawn, else a click misses what the figure moves; Plotly forgets it when the window is resized.
  if (data[plot.id]) plot.style.height = `${data[plot.id].layout.height}px`;
  observer.observe(plot);
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plots.filter((plot) => plot.dataset.drawn).forEach((plot) => Plotly.relayout(plot, themeColours())));
addEventListener("beforeprint", () => plots.forEach(draw));

const MARK_WORDS = { r: "correct", w: "wrong", u: "no answer", e: "error", "-": "not asked" };
const PAGE_ROWS = 50;
const state = { index: null, rows: [], page: 0, open: null, chunks: new Map() };

function selectedColumns() {
  const [first, second] = [$("program").value, $("against").value];
  return second === "" ? [Number(first)] : [Number(first), Number(second)];
}

function filtered() {
  const { questions, programs } = state.index;
  const [first, second] = selectedColumns().map((column) => programs[column]);
  const wantedMark = $("mark").value, subject = $("subject").value, maxAgreement = Number($("agreement").value || 0);
  const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = [];
  for (let row = 0; row < questions.length; row++) {
    const mark = first.marks[row];
    if (wantedMark === "flipped") {
      if (!second || (mark === "r") === (second.marks[row] === "r") || mark === "-" || second.marks[row] === "-") continue;
    } else if (wantedMark && mark !== wantedMark) continue;
    if (subject && questions[row][2] !== subject) continue;
    if ($("agreement").value && (first.agreement[row] === null || first.agreement[row] > maxAgreement)) continue;
    if (words.length) {
      const text = (questions[row][0] + " " + questions[row][4]).toLowerCase();
      if (!words.every((word) => text.includes(word))) continue;
    }
    rows.push(row);
  }
  return rows;
}

function list() {
  const { questions, programs } = state.index;
  const shown = selectedColumns().map((column) => programs[column]);
  const last = Math.max(0, Math.ceil(state.rows.length / PAGE_ROWS) - 1);
  state.page = Math.min(state.page, last);
  const rows = state.rows.slice(state.page * PAGE_ROWS, (state.page + 1) * PAGE_ROWS);
  $("head").replaceChildren(make("tr", {}, make("th", { scope: "col" }, "question"), make("th", { scope: "col", class: "subject" }, "subject"),
    make("th", { scope: "col" }, "gold answer"), ...shown.map((program) => make("th", { scope: "col" }, program.name))));
  $("list").replaceChildren(...rows.map((row) => {
    const [id, , subject, gold, stem] = questions[row];
    return make("tr", { "data-row": row, "aria-current": row === state.open, onclick: () => open(row) },
      make("td", { class: "stem" }, make("button", { type: "button", "aria-label": `open ${id}` }, stem.slice(0, 160) || id)),
      make("td", { class: "subject" }, subject), make("td", {}, gold),
      ...shown.map((program) => make("td", { class: program.marks[row] }, `${program.answers[row] || "–"} ${MARK_WORDS[program.marks[row]]}`,
        program.agreement[row] === null ? "" : `, ${program.agreement[row]} % agreement`)));
  }));
  $("count").textContent = `${state.rows.length.toLocaleString("en")} of ${questions.length.toLocaleString("en")} questions` +
    (last ? `, page ${state.page + 1} of ${last + 1}` : "");
  $("before").disabled = state.page === 0;
  $("after").disabled = state.page >= last;
}

function refilter() {
  state.rows = filtered();
  state.page = 0;
  list();
}

function votes(program, detail, letters) {
  const outcome = detail.programs[program];
  if (!outcome) return [make("p", { class: "quiet" }, "Not asked.")];
  const parts = [];
  if (outcome.error) parts.push(make("p", { class: "e" }, `Error: ${outcome.error}`));
  if (outcome.exemplars.length) {
    parts.push(make("p", {}, "Exemplars, in the order shown: ", outcome.exemplars.map(([id, similarity]) => similarity === null ? id : `${id} (cosine similarity ${similarity.toFixed(3)})`).join(", ")));
  }
  if (outcome.duplicates_removed) parts.push(make("p", { class: "quiet" }, `Exemplars left out because they duplicate this question: ${outcome.duplicates_removed}.`));
  outcome.votes.forEach((vote, number) => {
    const seconds = vote.seconds ? `, ${vote.seconds} s` : "";
    const tokens = vote.tokens[0] || vote.tokens[2] ? `; ${vote.tokens[0]} input tokens (${vote.tokens[1]} cached), ${vote.tokens[2]} output tokens${seconds}` : "";
    const order = vote.order && vote.order !== letters ? `, options shown as ${[...vote.order].join(" ")}` : "";
    parts.push(make("h4", { class: "small" }, `Vote ${number + 1}: ${vote.letter || "no answer"}`,
      make("span", { class: "quiet" }, `, parsing rule “${vote.rule}”${vote.method === "free" ? "" : ", " + vote.method}${vote.finish === "length" ? ", truncated" : ""}${order}${tokens}`)),
    vote.error ? make("p", { class: "e" }, vote.error) : make("pre", {}, detail.texts[vote.text]),
    vote.prompt.length ? make("details", {}, make("summary", { class: "small" }, "Messages sent"),
      ...vote.prompt.flatMap(([role, text]) => [make("div", { class: "quiet small" }, role || "prompt"), make("pre", {}, detail.texts[text])])) : null);
  });
  if (outcome.votes_skipped) parts.push(make("p", { class: "quiet" }, `Votes not requested because they could not change the majority: ${outcome.votes_skipped}.`));
  return parts.filter(Boolean);
}

async function open(row) {
  const { questions, programs, chunk } = state.index;
  const number = Math.floor(row / chunk);
  if (!state.chunks.has(number)) state.chunks.set(number, await unpack(`chunk-${number}`));
  const unpacked = state.chunks.get(number);
  const detail = { ...unpacked.questions[row % chunk], texts: unpacked.texts };
  const [id, benchmark, subject, gold, stem] = questions[row];
  state.open = row;
  document.querySelectorAll("#list tr").forEach((each) => each.setAttribute("aria-current", String(Number(each.dataset.row) === row)));
  const letters = Object.keys(detail.options).join("");
  $("question").replaceChildren(
    make("h3", { tabindex: "-1", id: "opened" }, id),
    make("p", { class: "quiet small" }, [benchmark, subject].filter(Boolean).join(", "), " ", make("button", { type: "button", class: "close", onclick: close }, "close")),
    ...detail.context.map((paragraph) => make("p", { class: "quiet" }, paragraph)),
    make("p", {}, stem),
    make("ol", { class: "options" }, ...Object.entries(detail.options).map(([letter, text]) => make("li", { class: letter === gold ? "gold" : null }, `${letter}. ${text}${letter === gold ? "  (gold answer)" : ""}`))),
    detail.explanation ? make("details", {}, make("summary", { class: "small" }, "Explanation from the benchmark"), make("p", {}, detail.explanation)) : "",
    ...programs.flatMap((program, column) => program.marks[row] === "-" ? [] : [
      make("details", { open: selectedColumns().includes(column) },
        make("summary", {}, `${program.name}: `, make("span", { class: program.marks[row] }, `${program.answers[row] || "–"} ${MARK_WORDS[program.marks[row]]}`)),
        ...votes(column, detail, letters))]));
  $("question").hidden = false;
  $("opened").focus({ preventScroll: true });
  $("question").scrollIntoView({ block: "nearest" });
}

function close() {
  $("question").hidden = true;
  const row = document.querySelector(`#list tr[data-row="${state.open}"] button`);
  state.open = null;
  list();
  (row && document.querySelector(`#list tr[data-row="${row.closest("tr").dataset.row}"] button`) || $("search")).focus();
}

function step(by) {
  const at = state.open === null ? (by > 0 ? -1 : 0) : state.rows.indexOf(state.open);
  const next = at + by;
  if (next < 0 || next >= state.rows.length) return;
  if (Math.floor(next / PAGE_ROWS) !== state.page) {
    state.page = Math.floor(next / PAGE_ROWS);
    list();
  }
  open(state.rows[next]);
}

function turn(by) {
  state.page += by;
  list();
}

async function browse() {
  if (!$("index")) return;
  state.index = await unpack("index");
  const { questions, programs } = state.index;
  programs.forEach((program, number) => {
    $("program").append(make("option", { value: number }, program.name));
    $("against").append(make("option", { value: number }, program.name));
  });
  [...new Set(questions.map((question) => question[2]))].filter(Boolean).sort().forEach((name) => $("subject").append(make("option", { value: name }, name)));
  ["program", "against", "mark", "subject", "agreement"].forEach((id) => $(id).addEventListener("change", refilter));
  $("search").addEventListener("input", refilter);
  $("before").addEventListener("click", () => turn(-1));
  $("after").addEventListener("click", () => turn(1));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "Escape" && state.open !== null) close();
    else if (typing) return;
    else if (event.key === "/") { event.preventDefault(); $("search").focus(); }
    else if (event.key === "j" || event.key === "n") step(1);
    else if (event.key === "k" || event.key === "p") step(-1);
  });
  refilter();
  document.body.dataset.ready = "true";
}
browse().finally(() => requestAnimationFrame(() => setTimeout(onListed)));

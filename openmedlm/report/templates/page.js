"use strict";
const $ = (id) => document.getElementById(id);
const data = JSON.parse($("figures").textContent);

// Text goes into text nodes only: nothing that a model or a data set wrote is ever read as HTML.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") element.addEventListener("click", value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// Details stand behind the scripts, so that list and figures do not wait for them.
const parsed = new Promise((done) => document.readyState === "loading" ? addEventListener("DOMContentLoaded", done) : done());

async function unpack(id) {
  if (id !== "index") await parsed;
  const text = atob($(id).textContent.trim());
  const bytes = new Uint8Array(text.length);
  for (let place = 0; place < text.length; place++) bytes[place] = text.charCodeAt(place);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

// Plotly takes a second to start: the questions come first. Figures are drawn when they come near.
let begin;
const listed = new Promise((done) => { begin = done; });
function start() {
  if (globalThis.Plotly) return;
  const script = make("script");
  script.textContent = $("plotly").textContent;
  document.body.append(script);
}
function ink() {
  const style = getComputedStyle(document.documentElement);
  const [text, line] = [style.getPropertyValue("--ink").trim(), style.getPropertyValue("--line").trim()];
  return { "font.color": text, "xaxis.gridcolor": line, "yaxis.gridcolor": line, "xaxis.linecolor": line, "yaxis.linecolor": line,
    "xaxis.zerolinecolor": line, "yaxis.zerolinecolor": line, "hoverlabel.font.color": "#1c1c1a", "hoverlabel.bgcolor": "#f3f3ee" };
}
async function draw(place) {
  const figure = data[place.id];
  if (!figure || place.dataset.drawn) return;
  place.dataset.drawn = "true";
  await listed;
  start();
  const layout = structuredClone(figure.layout);
  for (const [path, value] of Object.entries(ink())) {
    const names = path.split("."), last = names.pop();
    names.reduce((inner, name) => (inner[name] ??= {}), layout)[last] = value;
  }
  await Plotly.newPlot(place, figure.data, layout, { responsive: true, displaylogo: false, displayModeBar: false });
}
const plots = [...document.querySelectorAll(".plot")];
const near = new IntersectionObserver((seen) => seen.filter((each) => each.isIntersecting).forEach((each) => draw(each.target)), { rootMargin: "300px" });
plots.forEach((plot) => near.observe(plot));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plots.filter((plot) => plot.dataset.drawn).forEach((plot) => Plotly.relayout(plot, ink())));
addEventListener("beforeprint", () => plots.forEach(draw));

const WORDS = { r: "right", w: "wrong", u: "unanswered", e: "error", "-": "not asked" };
const PAGE = 50;
const state = { index: null, rows: [], page: 0, open: null, chunks: new Map() };

function columns() {
  const [first, second] = [$("program").value, $("against").value];
  return second === "" ? [Number(first)] : [Number(first), Number(second)];
}

function filtered() {
  const { questions, programs } = state.index;
  const [first, second] = columns().map((column) => programs[column]);
  const wanted = $("mark").value, subject = $("subject").value, least = Number($("agreement").value || 0);
  const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = [];
  for (let row = 0; row < questions.length; row++) {
    const mark = first.marks[row];
    if (wanted === "flipped") {
      if (!second || (mark === "r") === (second.marks[row] === "r") || mark === "-" || second.marks[row] === "-") continue;
    } else if (wanted && mark !== wanted) continue;
    if (subject && questions[row][2] !== subject) continue;
    if ($("agreement").value && (first.agreement[row] === null || first.agreement[row] > least)) continue;
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
  const shown = columns().map((column) => programs[column]);
  const last = Math.max(0, Math.ceil(state.rows.length / PAGE) - 1);
  state.page = Math.min(state.page, last);
  const rows = state.rows.slice(state.page * PAGE, (state.page + 1) * PAGE);
  $("head").replaceChildren(make("tr", {}, make("th", { scope: "col" }, "question"), make("th", { scope: "col", class: "subject" }, "subject"),
    make("th", { scope: "col" }, "gold"), ...shown.map((program) => make("th", { scope: "col" }, program.name))));
  $("list").replaceChildren(...rows.map((row) => {
    const [id, , subject, gold, stem] = questions[row];
    return make("tr", { "data-row": row, "aria-current": row === state.open, onclick: () => open(row) },
      make("td", { class: "stem" }, make("button", { type: "button", "aria-label": `open ${id}` }, stem.slice(0, 160) || id)),
      make("td", { class: "subject" }, subject), make("td", {}, gold),
      ...shown.map((program) => make("td", { class: program.marks[row] }, `${program.answers[row] || "–"} ${WORDS[program.marks[row]]}`,
        program.agreement[row] === null ? "" : `, ${program.agreement[row]} %`)));
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
  const told = detail.programs[program];
  if (!told) return [make("p", { class: "quiet" }, "Not asked.")];
  const parts = [];
  if (told.error) parts.push(make("p", { class: "e" }, `Error: ${told.error}`));
  if (told.exemplars.length) {
    parts.push(make("p", {}, "Exemplars, in the order shown: ", told.exemplars.map(([id, near]) => near === null ? id : `${id} (cosine ${near.toFixed(3)})`).join(", ")));
  }
  if (told.removed) parts.push(make("p", { class: "quiet" }, `${told.removed} that would have been shown are this very question, and were left out.`));
  told.votes.forEach((vote, number) => {
    const seconds = vote.seconds ? `, ${vote.seconds} s` : "";
    const tokens = vote.tokens[0] || vote.tokens[2] ? `; ${vote.tokens[0]} tokens in (${vote.tokens[1]} cached), ${vote.tokens[2]} out${seconds}` : "";
    const order = vote.order && vote.order !== letters ? `, options shown as ${[...vote.order].join(" ")}` : "";
    parts.push(make("h4", { class: "small" }, `Vote ${number + 1}: ${vote.letter || "no letter"}`,
      make("span", { class: "quiet" }, ` by “${vote.rule}”${vote.how === "asked" ? "" : ", " + vote.how}${vote.finish === "length" ? ", cut off" : ""}${order}${tokens}`)),
    vote.error ? make("p", { class: "e" }, vote.error) : make("pre", {}, detail.texts[vote.text]),
    vote.prompt.length ? make("details", {}, make("summary", { class: "small" }, "the messages that were sent"),
      ...vote.prompt.flatMap(([role, text]) => [make("div", { class: "quiet small" }, role || "prompt"), make("pre", {}, detail.texts[text])])) : null);
  });
  if (told.saved) parts.push(make("p", { class: "quiet" }, `${told.saved} more votes could not have changed the majority, and were not bought.`));
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
    make("ol", { class: "options" }, ...Object.entries(detail.options).map(([letter, text]) => make("li", { class: letter === gold ? "gold" : null }, `${letter}. ${text}${letter === gold ? "  (gold)" : ""}`))),
    detail.explanation ? make("details", {}, make("summary", { class: "small" }, "the benchmark's explanation"), make("p", {}, detail.explanation)) : "",
    ...programs.flatMap((program, place) => program.marks[row] === "-" ? [] : [
      make("details", { open: columns().includes(place) },
        make("summary", {}, `${program.name}: `, make("span", { class: program.marks[row] }, `${program.answers[row] || "–"} ${WORDS[program.marks[row]]}`)),
        ...votes(place, detail, letters))]));
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
  if (Math.floor(next / PAGE) !== state.page) {
    state.page = Math.floor(next / PAGE);
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
browse().finally(() => requestAnimationFrame(() => setTimeout(begin)));

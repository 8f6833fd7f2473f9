// What plain pages cannot do: the words of a bar above its chart, the size of the picture, and a key that runs a statement.
"use strict";

const all = (selector, below = document) => [...below.querySelectorAll(selector)];

// Charts: what a bar says, for the mouse and for keys, in place of what all of them mean.
for (const chart of all(".chart")) {
  const says = chart.querySelector(".says");
  const usual = says.textContent;
  const tell = (event) => {
    says.textContent = event.target.closest("[data-tip]")?.dataset.tip ?? usual;
  };
  for (const kind of ["pointerover", "focusin"]) chart.addEventListener(kind, tell);
  for (const kind of ["pointerleave", "focusout"]) chart.addEventListener(kind, () => (says.textContent = usual));
}

// SQL: Ctrl + Enter runs the statement.
const sql = document.querySelector("#sql");
sql?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) sql.form.requestSubmit();
});

// The picture of the schema.
const picture = document.querySelector("svg.schema");
if (picture) {
  const canvas = picture.parentElement;
  const [width, height] = ["width", "height"].map((name) => Number(picture.getAttribute(name)));
  const nodes = all(".node", picture);
  const lines = all(".ties path", picture);
  let scale = 1;

  const resize = (wanted) => {
    const [x, y] = [canvas.scrollLeft, canvas.scrollTop].map((start, at) => {
      const room = at ? canvas.clientHeight : canvas.clientWidth;
      return (start + room / 2) / scale;
    });
    scale = Math.min(3, Math.max(0.15, wanted));
    picture.setAttribute("width", width * scale);
    picture.setAttribute("height", height * scale);
    canvas.scrollTo(x * scale - canvas.clientWidth / 2, y * scale - canvas.clientHeight / 2);
  };
  const fitting = () => Math.min(canvas.clientWidth / width, canvas.clientHeight / height, 1);

  document.querySelector(".tools").hidden = false;
  for (const button of all("[data-zoom]")) {
    const { zoom } = button.dataset;
    button.addEventListener("click", () => {
      if (zoom === "fit") resize(fitting());
      else resize(zoom === "1" ? 1 : scale * Number(zoom));
    });
  }

  // The lines of the table that is pointed at.
  const mark = (event) => {
    const table = event.target.closest?.(".node")?.dataset.table;
    for (const line of lines) {
      line.classList.toggle("on", table !== undefined && [line.dataset.from, line.dataset.to].includes(table));
    }
  };
  for (const kind of ["pointerover", "pointerout", "focusin", "focusout"]) {
    picture.addEventListener(kind, (event) => mark(kind.endsWith("out") ? { target: picture } : event));
  }

  const find = document.querySelector("#find");
  find.addEventListener("input", () => {
    const wanted = find.value.trim().toLowerCase();
    const found = nodes.filter((node) => node.dataset.table.toLowerCase().includes(wanted));
    for (const node of nodes) {
      node.classList.toggle("off", wanted !== "" && !found.includes(node));
      node.classList.toggle("on", wanted !== "" && found.includes(node));
    }
    document.querySelector("#found").textContent = wanted === "" ? "" : `${found.length} found`;
    if (wanted !== "") found[0]?.scrollIntoView({ block: "center", inline: "center" });
  });
}

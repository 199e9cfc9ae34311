// Colour hints on a photo: sets, moves and removes them, undoes, saves and loads them.
// Of networks it knows nothing; whoever shows the photo says which colours are likely at
// a place, and shows the photo anew when the hints have changed.

const STEPS = 160; // of an arrow key, over the longer side: about a pixel of the network
const FAR = 5; // steps with Shift
const DRAG = 4; // CSS pixels from which on a press is no click
const USED = 5; // colours of other hints that are offered again
const PANEL = `
<p class="advice" role="status"></p>
<div class="swatches" role="group" aria-label="Colours for the chosen place">
  <label><input type="color" value="#b03030"> any other</label>
</div>
<div class="tools">
  <button type="button" class="add">Add a place</button>
  <button type="button" class="remove">Remove</button>
  <button type="button" class="undo">Undo</button>
  <button type="button" class="save">Save hints</button>
  <button type="button" class="load">Load hints</button>
  <input type="file" accept=".json,application/json" aria-label="File of hints" hidden>
</div>`;
const KEYS = "Arrow keys move it, Enter goes to the colours, Delete removes it.";
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const HUES = [
  [15, "red"],
  [42, "orange"],
  [68, "yellow"],
  [165, "green"],
  [195, "turquoise"],
  [255, "blue"],
  [290, "purple"],
  [340, "pink"],
  [361, "red"],
];

export class HintEditor {
  #hints = []; // {x, y, color}, never changed in place: a new list for every change
  #earlier = []; // lists to go back to
  #kind = null; // of the last change: several of one kind are undone at once
  #place = null; // {x, y} that colours are for; perhaps one without a hint yet
  #index = -1; // of the hint at the place
  #suggested = [];
  #photo = { name: "", width: 1, height: 1 };

  /**
   * @param picture the element that has the photo's place and size; hints lie on it.
   * @param panel an empty element for the tools.
   * @param suggest async function of {x, y} that gives a list of "#rrggbb".
   * @param changed function of the new list of hints, {x, y, color}.
   */
  constructor({ picture, panel, suggest, changed }) {
    Object.assign(this, { suggest, changed, panel });
    panel.classList.add("hint-panel");
    panel.innerHTML = PANEL;
    this.points = document.createElement("div");
    this.points.className = "hint-points";
    this.points.role = "group";
    this.points.ariaLabel = "Places whose colour you give";
    picture.append(this.points);
    this.#listen();
  }

  /** Begins with a photo, and perhaps with hints that it has. */
  open({ name, width, height, hints = [] }) {
    this.#photo = { name, width, height };
    this.#hints = hints;
    this.#earlier = [];
    this.#kind = null;
    this.#choose(null);
  }

  get hints() {
    return this.#hints;
  }

  #find(name) {
    return this.panel.querySelector(`.${name}`);
  }

  #listen() {
    this.points.onclick = (event) => {
      if (event.target === this.points) this.#choose(this.#placeAt(event));
    };
    this.#find("add").onclick = () => {
      const { width, height } = this.#photo;
      this.#choose({ x: width >> 1, y: height >> 1 });
      this.points.lastElementChild.focus();
    };
    this.#find("remove").onclick = () => this.#remove();
    this.#find("undo").onclick = () => this.#undo();
    this.#find("save").onclick = () => this.#save();
    const file = this.panel.querySelector("[type=file]");
    this.#find("load").onclick = () => file.click();
    file.onchange = async () => {
      const [given] = file.files;
      if (given) await this.load(given);
      file.value = ""; // the same file can be chosen again
    };
    this.#find("swatches").onclick = ({ target }) => {
      if (target.value && target.type === "button") this.#colour(target.value, null);
    };
    this.#find("swatches").oninput = ({ target }) => this.#colour(target.value, "colour");
    this.#find("swatches").onkeydown = ({ key }) => {
      if (key === "Escape") this.#focusPoint();
    };
    document.addEventListener("keydown", (event) => {
      const undo = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key === "z";
      const typing = event.target.matches?.("textarea, input:not([type=range], [type=color])");
      if (!undo || typing || !this.panel.checkVisibility()) return;
      event.preventDefault();
      this.#undo();
    });
  }

  #placeAt({ clientX, clientY }) {
    const { left, top, width, height } = this.points.getBoundingClientRect();
    return this.#inside(
      Math.floor(((clientX - left) / width) * this.#photo.width),
      Math.floor(((clientY - top) / height) * this.#photo.height),
    );
  }

  #inside(x, y) {
    const { width, height } = this.#photo;
    const within = (value, end) => Math.min(Math.max(value, 0), end - 1);
    return { x: within(x, width), y: within(y, height) };
  }

  // Whatever is chosen next: a new place, a hint (by its index), or nothing.
  #choose(place, index = -1) {
    this.#place = place;
    this.#index = index;
    this.#kind = null;
    this.#suggested = [];
    this.#draw();
    this.#askForColours();
  }

  async #askForColours() {
    const place = this.#place;
    const suggested = place ? await this.suggest(place) : [];
    if (place !== this.#place) return; // another one meanwhile
    this.#suggested = suggested;
    this.#drawSwatches();
  }

  #set(hints, kind) {
    if (kind === null || kind !== this.#kind) this.#earlier.push(this.#hints);
    this.#kind = kind;
    this.#hints = hints;
    this.#draw();
    this.changed(hints);
  }

  #colour(color, kind) {
    if (!this.#place) return;
    const hint = { ...this.#place, color };
    const index = this.#index < 0 ? this.#hints.length : this.#index;
    this.#index = index;
    this.#set([...this.#hints.slice(0, index), hint, ...this.#hints.slice(index + 1)], kind);
  }

  #move(x, y, kind) {
    const place = this.#inside(x, y);
    this.#place = place;
    if (this.#index < 0) return this.#draw();
    this.#set(this.#hints.map((hint, i) => (i === this.#index ? { ...hint, ...place } : hint)), kind);
  }

  #remove() {
    const index = this.#index;
    const focused = this.points.contains(document.activeElement);
    this.#choose(null);
    if (index >= 0) this.#set(this.#hints.filter((_, i) => i !== index), null);
    if (focused) this.#keepFocus(index);
  }

  #undo() {
    if (!this.#earlier.length) return;
    const focused = this.points.contains(document.activeElement);
    this.#hints = this.#earlier.pop();
    this.#choose(null);
    this.changed(this.#hints);
    if (focused) this.#keepFocus(this.#hints.length - 1);
  }

  // The keyboard stays in the photo when the point that it was at has gone.
  #keepFocus(index) {
    const left = this.points.children;
    (left[Math.min(index, left.length - 1)] ?? this.#find("add")).focus();
  }

  #focusPoint() {
    this.points.children[this.#index < 0 ? this.#hints.length : this.#index]?.focus();
  }

  #draw() {
    const shown = this.#index < 0 && this.#place ? [...this.#hints, this.#place] : this.#hints;
    while (this.points.children.length > shown.length) this.points.lastElementChild.remove();
    while (this.points.children.length < shown.length) this.points.append(this.#newPoint());
    const { width, height } = this.#photo;
    shown.forEach(({ x, y, color }, i) => {
      const point = this.points.children[i];
      const [left, top] = [(100 * (x + 0.5)) / width, (100 * (y + 0.5)) / height];
      point.style.setProperty("left", `${left}%`);
      point.style.setProperty("top", `${top}%`);
      point.style.setProperty("--colour", color ?? "transparent");
      point.classList.toggle("new", !color);
      point.ariaPressed = `${i === this.#index || !color}`;
      const what = color ? `Hint ${i + 1} of ${this.#hints.length}: ${colorName(color)}` : "New place, no colour yet";
      point.ariaLabel = `${what}, ${left.toFixed(0)} % from the left, ${top.toFixed(0)} % from above`;
      point.title = color ? `${colorName(color)}: drag it, or press Delete` : "";
    });
    this.#find("remove").disabled = !this.#place;
    this.#find("undo").disabled = !this.#earlier.length;
    this.#find("save").disabled = !this.#hints.length;
    this.#say(
      this.#place
        ? "What colour is this place? Its lightness stays as it is."
        : "Click a place in the photo, then say what colour it is.",
    );
    this.#drawSwatches();
  }

  #newPoint() {
    const point = document.createElement("button");
    point.type = "button";
    point.className = "hint-point";
    point.ariaDescription = KEYS;
    const index = () => [...this.points.children].indexOf(point);
    const choose = () => {
      if (index() < this.#hints.length && index() !== this.#index) {
        this.#choose(this.#hints[index()], index());
      }
    };
    let from = null; // where the press began; false once it has become a drag
    point.onfocus = choose;
    point.onclick = ({ detail }) => {
      choose();
      if (detail === 0) this.#find("swatches").querySelector("button, input").focus(); // Enter
    };
    point.onpointerdown = (event) => {
      point.setPointerCapture(event.pointerId);
      from = event;
      choose();
    };
    point.onpointermove = (event) => {
      if (from === null || !event.buttons) return;
      if (from && Math.hypot(event.clientX - from.clientX, event.clientY - from.clientY) < DRAG) return;
      from = false;
      const { x, y } = this.#placeAt(event);
      this.#move(x, y, "drag");
    };
    point.onlostpointercapture = () => {
      if (from === false) {
        this.#kind = null;
        this.#askForColours();
      }
      from = null;
    };
    point.onkeydown = (event) => {
      if (event.key === "Delete" || event.key === "Backspace") this.#remove();
      else if (event.key in ARROWS && this.#place) {
        const { width, height } = this.#photo;
        const step = Math.max(1, Math.round(Math.max(width, height) / STEPS)) * (event.shiftKey ? FAR : 1);
        const [right, down] = ARROWS[event.key];
        this.#move(this.#place.x + step * right, this.#place.y + step * down, "arrows");
        this.#askForColours();
      } else return;
      event.preventDefault();
    };
    return point;
  }

  #drawSwatches() {
    const group = this.#find("swatches");
    group.classList.toggle("none", !this.#place);
    const others = this.#hints.filter((_, i) => i !== this.#index).map(({ color }) => color);
    const used = [...new Set(others.reverse())].filter((color) => !this.#suggested.includes(color));
    const wanted = [...this.#suggested, ...used.slice(0, USED)];
    let swatches = [...group.querySelectorAll("button")];
    if (swatches.map(({ value }) => value).join() !== wanted.join()) {
      const focused = swatches.indexOf(document.activeElement);
      for (const swatch of swatches) swatch.remove();
      swatches = wanted.map(newSwatch);
      group.prepend(...swatches); // what is any other stays: its dialog may be open
      if (focused >= 0) group.querySelectorAll("button, input")[focused]?.focus();
    }
    swatches.forEach((swatch, i) => {
      const why = i < this.#suggested.length ? "likely here" : "used before";
      swatch.title = swatch.ariaLabel = `${colorName(swatch.value)}, ${why}`;
      swatch.ariaPressed = `${swatch.value === this.#hints[this.#index]?.color}`;
    });
    const now = this.#hints[this.#index]?.color;
    if (now) group.querySelector("[type=color]").value = now;
  }

  #say(text, isError = false) {
    this.#find("advice").textContent = text;
    this.#find("advice").classList.toggle("error", isError);
  }

  #save() {
    const { name } = this.#photo;
    const link = document.createElement("a");
    const text = hintsToJson(name, this.#hints);
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = `${name.replace(/\.[^.]*$/, "")}-hints.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    this.#say(`Saved as ${link.download}: load it again to go on another day.`);
  }

  /** Takes the photo's hints from a file; says what is wrong with it. */
  async load(file) {
    try {
      const hints = hintsFromJson(await file.text(), this.#photo);
      this.#choose(null);
      this.#set(hints, null);
      this.#say(`${hints.length} ${hints.length === 1 ? "hint" : "hints"} loaded.`);
    } catch (error) {
      this.#say(`${file.name}: ${error.message}`, true);
    }
  }
}

/** The text of a file of hints, as colorlib writes it. */
export function hintsToJson(name, hints) {
  const lines = hints.map(
    ({ x, y, color }) => `  {"x": ${x}, "y": ${y}, "color": ${JSON.stringify(color)}}`,
  );
  return `{\n ${JSON.stringify(name.normalize("NFC"))}: [\n${lines.join(",\n")}\n ]\n}\n`;
}

/** Reads the hints of one photo from the text of a file; throws where it is wrong. */
export function hintsFromJson(text, { name, width, height }) {
  let pictures;
  try {
    pictures = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    throw new Error("this is no file of hints (no JSON).");
  }
  const names = Object.keys(pictures ?? {});
  const mine = names.find((other) => other.normalize("NFC") === name.normalize("NFC"));
  if (mine === undefined || !Array.isArray(pictures[mine])) {
    const others = names.length ? `only for ${names.slice(0, 3).join(", ")}` : "and for no other";
    throw new Error(`it has no hints for ${name}, ${others}.`);
  }
  return pictures[mine].map((hint, i) => {
    const { x, y, color } = hint ?? {};
    const fits = (value, end) => Number.isInteger(value) && value >= 0 && value < end;
    if (!fits(x, width) || !fits(y, height)) {
      throw new Error(`hint ${i + 1} lies outside the photo of ${width} × ${height} pixels.`);
    }
    const digits = typeof color === "string" && /^\s*#?([0-9a-f]{6})\s*$/i.exec(color);
    if (!digits) throw new Error(`the colour of hint ${i + 1} does not read #RRGGBB.`);
    return { x, y, color: `#${digits[1].toLowerCase()}` };
  });
}

/** What a colour is called, for those who hear it. */
export function colorName(color) {
  const levels = [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
  const [most, least] = [Math.max(...levels), Math.min(...levels)];
  const [chroma, light] = [most - least, (most + least) / 2];
  if (chroma < 20) return light < 50 ? "black" : light > 215 ? "white" : "grey";
  const [red, green, blue] = levels;
  let hue = (60 * (green - blue)) / chroma;
  if (most === green) hue = 120 + (60 * (blue - red)) / chroma;
  else if (most === blue) hue = 240 + (60 * (red - green)) / chroma;
  hue = (hue + 360) % 360;
  const name = HUES.find(([end]) => hue < end)[1];
  if (name === "orange" && light < 140) return light < 60 ? "dark brown" : "brown";
  return `${light < 80 ? "dark " : light > 190 ? "light " : ""}${name}`;
}

function newSwatch(color) {
  const swatch = document.createElement("button");
  swatch.type = "button";
  swatch.className = "swatch";
  swatch.value = color;
  swatch.style.setProperty("--colour", color);
  return swatch;
}

// The page: takes a photo, shows it before and after, saves it. `worker.js` works.
import { HintEditor } from "./hint_editor.js";

const $ = (id) => document.getElementById(id);
const waiting = new Map(); // jobs of the worker that have not answered, by number
let asked = 0;
let name; // of the photo, without its ending
let opened = 0; // photos given so far
let painted = {}; // strength and hints of the colours that are shown

// Made from a blob, the worker is under this page's Content-Security-Policy, too.
const script = `import ${JSON.stringify(new URL("worker.js", import.meta.url).href)};`;
const blob = new Blob([script], { type: "text/javascript" });
const worker = new Worker(URL.createObjectURL(blob), { type: "module" });
worker.onmessage = ({ data: { id, result, error, progress } }) => {
  if (progress) return say(progress);
  const { resolve, reject } = waiting.get(id);
  waiting.delete(id);
  if (error) reject(new Error(error));
  else resolve(result);
};
worker.onerror = () => {
  say("The colorizer cannot start: reload the page, or try a newer browser.", true);
  document.body.classList.remove("busy");
  $("file").disabled = true;
};

function ask(job, options) {
  const id = ++asked;
  worker.postMessage({ id, job, ...options });
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
}

function say(text, isError = false) {
  $("status").textContent = text;
  $("status").classList.toggle("error", isError);
}

const editor = new HintEditor({
  picture: $("compare"),
  panel: $("hints"),
  suggest: async (place) => (await ask("suggest", { place })).colors,
  changed: () => repaint(),
});

// What the visitor has asked for.
function wishes() {
  return { strength: $("strength").valueAsNumber / 100, hints: editor.hints };
}

function same(one, other) {
  return one.strength === other.strength && one.hints === other.hints;
}

async function open(file) {
  if (!file) return;
  if (/\.json$/i.test(file.name) && offersHints()) {
    document.querySelector("[value=hints]").checked = true;
    chooseMode();
    return editor.load(file);
  }
  const mine = ++opened;
  $("result").hidden = true;
  document.body.classList.add("busy");
  try {
    const start = performance.now();
    const wanted = { ...wishes(), hints: [] };
    const photo = await ask("open", { file, ...wanted });
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    take(file, photo, wanted); // the worker has it now, even if another came meanwhile
    if (mine !== opened) return;
    reveal();
    say(`${file.name}: ${photo.width} × ${photo.height} pixels, coloured in ${seconds} s.`);
    $("result").scrollIntoView({ block: "nearest" });
  } catch (error) {
    if (mine !== opened) return;
    if (name !== undefined) reveal(); // the photo before, with its hints
    say(error.message, true);
    $("status").scrollIntoView({ block: "nearest" });
  } finally {
    if (mine === opened) document.body.classList.remove("busy");
  }
}

function take(file, { before, after, width, height, takesHints }, wanted) {
  name = file.name.replace(/\.[^.]*$/, "");
  $("type").value = file.type === "image/jpeg" ? "image/jpeg" : "image/png";
  show("before", before);
  show("after", after);
  painted = wanted;
  $("compare").style.setProperty("--ratio", width / height);
  split(50);
  $("modes").hidden = !takesHints;
  editor.open({ name: file.name, width, height, hints: wanted.hints });
}

function reveal() {
  $("result").hidden = false;
  chooseMode();
  repaint(); // the slider may have moved
}

function show(id, bitmap) {
  $(id).getContext("bitmaprenderer").transferFromImageBitmap(bitmap);
}

function split(percent) {
  $("split").value = percent;
  $("compare").style.setProperty("--split", `${$("split").value}%`);
}

async function repaint() {
  $("percent").value = `${$("strength").value} %`;
  const compare = $("compare");
  if (compare.ariaBusy === "true") return;
  compare.ariaBusy = "true";
  try {
    while (!same(painted, wishes()) && !$("result").hidden) {
      const wanted = wishes(); // they may change while the worker paints
      show("after", (await ask("paint", { ...wanted, quick: true })).after);
      if (!same(wanted, wishes())) continue; // sharp only when nothing moves
      show("after", (await ask("paint", wanted)).after);
      painted = wanted;
    }
  } finally {
    compare.ariaBusy = "false";
  }
}

function offersHints() {
  return !$("result").hidden && !$("modes").hidden;
}

// Either the border is moved on the photo, or places are chosen.
function chooseMode() {
  const hints = offersHints() && document.querySelector("[name=mode]:checked").value === "hints";
  $("compare").classList.toggle("whole", hints);
  $("hints").hidden = !hints;
  $("split").disabled = hints;
}

async function save() {
  const type = $("type").value;
  $("save").disabled = true;
  say("Colouring in full size ...");
  try {
    const { blob } = await ask("save", { ...wishes(), type });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${name}-colour.${type === "image/jpeg" ? "jpg" : "png"}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    say(`Saved as ${link.download}, ${(blob.size / 1e6).toFixed(1)} MB.`);
  } catch (error) {
    say(`It cannot be saved: ${error.message}`, true);
  } finally {
    $("save").disabled = false;
  }
}

// The colorizer can come while the visitor looks for the photo.
$("file").onclick = () => {
  if (!opened) ask("load").then(() => opened || say("The colorizer is ready."), () => say(""));
};
$("file").onchange = ({ target }) => {
  open(target.files[0]);
  target.value = ""; // the same photo can be chosen again
};
document.onpaste = ({ clipboardData }) => open(clipboardData.files[0]);
document.ondragover = (event) => {
  event.preventDefault();
  document.body.classList.add("dragging");
};
document.ondragleave = ({ relatedTarget }) => {
  if (!relatedTarget) document.body.classList.remove("dragging");
};
document.ondrop = (event) => {
  event.preventDefault();
  document.body.classList.remove("dragging");
  open(event.dataTransfer.files[0]);
};

// The range input is for the keyboard; a finger or mouse may go anywhere on the photo.
$("split").oninput = () => split($("split").value);
$("compare").onpointerdown = $("compare").onpointermove = (event) => {
  if (!event.buttons || $("split").disabled) return;
  $("compare").setPointerCapture(event.pointerId);
  const { left, width } = $("compare").getBoundingClientRect();
  split(((event.clientX - left) / width) * 100);
};
$("modes").onchange = () => {
  chooseMode();
  $("result").scrollIntoView({ block: "nearest" });
};
$("strength").oninput = repaint;
$("save").onclick = save;

// Does the work, so that the page stays alive: reads a photo, runs the network, paints.
import { hintMap, indexOf, networkInput, networkSize, paint, suggestColors } from "./colour.js";

// Pixels of the longest side of what the page shows: at last, and at once.
const PREVIEW = 1280;
const QUICK = 640;
const here = (name) => new URL(name, import.meta.url);

let loading; // a promise of the network
// {full, preview, quick, input, height, width, alone, ab, hints}: ImageData of three
// sizes, what the network sees and its size, the colours that it predicts when it is told
// none, and those of now with the hints that they follow.
let photo;
let queue = Promise.resolve(); // one job after the other

self.onmessage = ({ data: { id, job, ...options } }) => {
  queue = queue.then(async () => {
    try {
      const result = await jobs[job](options);
      const bitmaps = Object.values(result).filter((value) => value instanceof ImageBitmap);
      self.postMessage({ id, result }, bitmaps);
    } catch (error) {
      self.postMessage({ id, error: error.message });
    }
  });
};

const jobs = {
  async load() {
    await network();
    return {};
  },

  async open({ file, strength, hints }) {
    const earlier = photo;
    say("Reading the photo ...");
    const opened = await read(file);
    const { about } = await network();
    say("Colouring ...");
    const { full } = opened;
    const [height, width] = networkSize(full.height, full.width, +about.size, +about.multiple);
    photo = { ...opened, input: networkInput(full, height, width), height, width };
    try {
      const before = await createImageBitmap(photo.preview);
      const painted = await this.paint({ strength, hints });
      const takesHints = "hints" in about;
      return { before, ...painted, width: full.width, height: full.height, takesHints };
    } catch (error) {
      photo = earlier; // the page shows it again
      throw error;
    }
  },

  async paint({ strength, hints, quick }) {
    await predict(hints);
    const pixels = quick ? photo.quick : photo.preview;
    return { after: await createImageBitmap(paint(pixels, photo.ab, strength)) };
  },

  async suggest({ place }) {
    const { likely_colors: table } = (await network()).about;
    if (!table) return { colors: [] };
    const { input, alone, full } = photo;
    const i = indexOf(place, full, alone);
    const L = 50 * (input[i] + 1);
    return { colors: suggestColors(table, L, [...alone.values.subarray(2 * i, 2 * i + 2)]) };
  },

  async save({ strength, hints, type }) {
    await predict(hints);
    const { width, height } = photo.full;
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d");
    context.putImageData(paint(photo.full, photo.ab, strength), 0, 0);
    if (type === "image/jpeg") {
      // It has no transparency; white shows instead.
      context.globalCompositeOperation = "destination-over";
      context.fillStyle = "white";
      context.fillRect(0, 0, width, height);
    }
    return { blob: await canvas.convertToBlob({ type, quality: 0.95 }) };
  },
};

// Sets the photo's colours; only the network runs, and only if the hints have changed.
async function predict(hints) {
  const asked = JSON.stringify(hints);
  if (photo.hints === asked) return;
  const { about, run } = await network();
  const { full, input, height, width } = photo;
  const told = about.hints && hintMap(hints, full, height, width, +about.gain);
  const output = await run(input, height, width, told);
  const values = output.map((value) => value * 128 * +about.gain);
  photo.ab = { values, width, height };
  if (!hints.length) photo.alone = photo.ab;
  photo.hints = asked;
}

function say(progress) {
  self.postMessage({ progress });
}

async function read(file) {
  let bitmap; // upright: the EXIF rotation is applied
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Error(whyUnreadable(file));
  }
  const { width, height } = bitmap;
  try {
    const full = pixelsOf(bitmap, width, height);
    const within = (most) => {
      const scale = Math.min(1, most / Math.max(width, height));
      const sides = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
      return scale < 1 ? pixelsOf(bitmap, ...sides) : full;
    };
    return { full, preview: within(PREVIEW), quick: within(QUICK) };
  } catch {
    throw new Error(
      `${file.name} has ${width} × ${height} pixels: too many for this browser. ` +
        "Make it smaller, or use the course's command line, which has no such limit.",
    );
  } finally {
    bitmap.close();
  }
}

function whyUnreadable({ name, size, type }) {
  if (size === 0) return `${name} is empty.`;
  if (!type.startsWith("image/") && !/\.(heic|heif|avif)$/i.test(name)) {
    return `${name} is not a picture. Choose a JPEG, PNG or WebP file.`;
  }
  return (
    `${name} cannot be read: it is damaged, too large, or of a kind that this ` +
    "browser does not know. Save it as JPEG or PNG and try again."
  );
}

function pixelsOf(bitmap, width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillRect(width - 1, height - 1, 1, 1);
  // Too large a canvas stays empty in some browsers, without an error.
  if (!context.getImageData(width - 1, height - 1, 1, 1).data[3]) throw new RangeError();
  context.clearRect(width - 1, height - 1, 1, 1);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}

function network() {
  loading ??= load().catch((error) => {
    loading = undefined; // the next photo tries again
    throw error;
  });
  return loading;
}

async function load() {
  const stop = new AbortController();
  const get = async (name, read) => {
    let reason = "no connection";
    try {
      const response = await fetch(here(name), { signal: stop.signal });
      if (response.ok) return await read(response, name);
      reason = response.status;
    } catch (error) {
      if (error instanceof RangeError) reason = "another size than expected";
    }
    stop.abort(); // the others, too
    throw new Error(
      `The colorizer could not be loaded (${name}: ${reason}). ` +
        "Check the connection, then give the photo again.",
    );
  };
  const about = await get("model.json", (response) => response.json());
  let sum = 0;
  const bytesOf = async ({ body }, name) => {
    const bytes = new Uint8Array(about.bytes[name]);
    const reader = body.getReader();
    let have = 0;
    for (let part; !(part = await reader.read()).done; have += part.value.length) {
      bytes.set(part.value, have);
      sum += part.value.length;
      say(`Loading the colorizer: ${megabytes(sum)} of ${megabytes(about.total)} MB ...`);
    }
    if (have < bytes.length) throw new RangeError();
    return bytes;
  };
  const [ort, wasm, model] = await Promise.all([
    get("ort.js", () => import("./ort.js")),
    get("ort.wasm", bytesOf),
    get("model.onnx", bytesOf),
  ]);
  say("Starting the colorizer ...");
  ort.env.wasm.wasmBinary = wasm.buffer;
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  const run = async (values, height, width, told) => {
    const tensor = (numbers, channels) =>
      new ort.Tensor("float32", numbers, [1, height, width, channels]);
    const given = { L: tensor(values, 1) };
    if (told) given.hints = tensor(told, 3);
    return (await session.run(given)).ab.data;
  };
  return { about, run };
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(0);
}

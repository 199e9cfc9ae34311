// Does the work, so that the page stays alive: reads a photo, runs the network, paints.
import { networkInput, networkSize, paint } from "./colour.js";

const PREVIEW = 1280; // pixels of the longest side of what the page shows
const here = (name) => new URL(name, import.meta.url);

let loading; // a promise of the network
let photo; // {full, preview, ab}: ImageData of both sizes, and the predicted colours
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

  async open({ file, strength }) {
    photo = undefined;
    say("Reading the photo ...");
    const opened = await read(file);
    const { about, run } = await network();
    say("Colouring ...");
    const { full } = opened;
    const [height, width] = networkSize(full.height, full.width, +about.size, +about.multiple);
    const output = await run(networkInput(full, height, width), height, width);
    const values = output.map((value) => value * 128 * +about.gain);
    photo = { ...opened, ab: { values, width, height } };
    const before = await createImageBitmap(photo.preview);
    return { before, ...(await this.paint({ strength })), width: full.width, height: full.height };
  },

  async paint({ strength }) {
    return { after: await createImageBitmap(paint(photo.preview, photo.ab, strength)) };
  },

  async save({ strength, type }) {
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
    const scale = Math.min(1, PREVIEW / Math.max(width, height));
    const sides = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
    return { full, preview: scale < 1 ? pixelsOf(bitmap, ...sides) : full };
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
  const run = async (values, height, width) => {
    const tensor = (numbers, channels) =>
      new ort.Tensor("float32", numbers, [1, height, width, channels]);
    const given = { L: tensor(values, 1) };
    // A network that could be told colours of some places is told none.
    if (about.hints) given.hints = tensor(new Float32Array(3 * height * width), 3);
    return (await session.run(given)).ab.data;
  };
  return { about, run };
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(0);
}

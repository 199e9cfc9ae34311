// The arithmetic of colorlib in the browser, so that both give the same picture: lab.py
// (sRGB and CIE L*a*b*), images (Pillow's resizing), colorize (colorizer.py, hints.py).
// Pictures are RGBA bytes as a canvas has them; `ab` is {values, width, height},
// values interleaved a*, b* in CIE units.

// Linear sRGB to XYZ of the D65 white, each row divided by that of white.
const TO_XYZ = [
  [0.412453 / 0.95047, 0.35758 / 0.95047, 0.180423 / 0.95047],
  [0.212671, 0.71516, 0.072169],
  [0.019334 / 1.08883, 0.119193 / 1.08883, 0.950227 / 1.08883],
];
const FROM_XYZ = inverse(TO_XYZ);
const decode = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const LINEAR = Float64Array.from({ length: 256 }, (_, level) => decode(level / 255));
// Up to which linear value each level is the nearest one, and the level at each of
// 4096 steps: so that no pixel needs a power.
const BORDERS = Float64Array.from({ length: 256 }, (_, level) => decode((level + 0.5) / 255));
const LEVELS = new Uint8Array(4097);
for (let step = 1; step <= 4096; step++) LEVELS[step] = levelOf(step / 4096, LEVELS[step - 1]);
const LINEAR_BELOW = 0.008856;
const ROOT_BELOW = Math.cbrt(LINEAR_BELOW);
const SLOPE = 7.787;
const OFFSET = 16 / 116;
// What counts as inside sRGB: encoded values from -0.0001 to 1.0001.
const LOWEST = -1e-4 / 12.92;
const HIGHEST = decode(1 + 1e-4);
const APART = 10; // CIE units of ab between any two suggestions

/** Height and width for the network: near `size` squared, multiples of `multiple`. */
export function networkSize(height, width, size, multiple) {
  const scale = Math.min(size / Math.sqrt(height * width), (4 * size) / Math.max(height, width));
  return [height, width].map(
    (side) => Math.max(1, roundHalfEven((side * scale) / multiple)) * multiple,
  );
}

/** Makes the network's input, L* / 50 - 1, `height` x `width`, of a picture. */
export function networkInput(pixels, height, width) {
  const small = resize(pixels, height, width);
  const input = new Float32Array(height * width);
  for (let i = 0; i < input.length; i++) {
    const L = 116 * fyOf(small.data, 4 * i) - 16;
    input[i] = Math.min(Math.max(L, 0), 100) / 50 - 1;
  }
  return input;
}

/**
 * Draws hints, {x, y, color} in pixels of a photo, as the map that the network takes:
 * ab / 128 and the mask, `height` x `width` x 3. The gain makes a given colour grow, too.
 */
export function hintMap(hints, photo, height, width, gain) {
  const map = new Float32Array(3 * height * width);
  for (const { x, y, color } of hints) {
    const ab = abOf(color).map((value) => value / 128 / gain);
    const [row, column] = cellOf({ x, y }, photo, { height, width });
    for (let r = Math.max(0, row - 1); r <= Math.min(height - 1, row + 1); r++) {
      for (let c = Math.max(0, column - 1); c <= Math.min(width - 1, column + 1); c++) {
        map.set([...ab, 1], 3 * (r * width + c));
      }
    }
  }
  return map;
}

/** Where the pixel of a map is, row after row, that a place of a photo falls into. */
export function indexOf(place, photo, map) {
  const [row, column] = cellOf(place, photo, map);
  return row * map.width + column;
}

function cellOf({ x, y }, photo, map) {
  const middle = (at, from, to) => Math.floor(((2 * at + 1) * to) / (2 * from));
  return [middle(y, photo.height, map.height), middle(x, photo.width, map.width)];
}

/**
 * Suggests colours, "#rrggbb", for a place of lightness L that is predicted to be `ab`:
 * suggestions.py says how. `table` is that of the model's card.
 */
export function suggestColors(table, L, ab, count = 6) {
  const steps = (...each) => each.map(([value, step]) => roundHalfEven(value / step)).join();
  const likely = table.levels.flatMap(({ ab_step, cells }) => {
    const found = cells[steps([L, table.L_step], [ab[0], ab_step], [ab[1], ab_step])];
    return found ? found.split(" ").map((color) => color.split(",").map(Number)) : [];
  });
  const y = (Math.min(Math.max(L, 0), 100) + 16) / 116;
  const pixel = new Uint8ClampedArray(3);
  const kept = new Map(); // colours and the ab that they have; those outside sRGB moved
  for (const [a, b] of [ab, ...likely]) {
    writeRgb(pixel, 0, y, a, b);
    const color = `#${[...pixel].map((level) => level.toString(16).padStart(2, "0")).join("")}`;
    const shown = abOf(color);
    const near = ([a, b]) => Math.hypot(a - shown[0], b - shown[1]) < APART;
    if (![...kept.values()].some(near)) kept.set(color, shown);
  }
  return [...kept.keys()].slice(0, count);
}

/** a* and b* of a colour, "#rrggbb". */
export function abOf(color) {
  const rgb = [1, 3, 5].map((i) => LINEAR[parseInt(color.slice(i, i + 2), 16)]);
  const [x, y, z] = TO_XYZ.map((row) =>
    toF(row[0] * rgb[0] + row[1] * rgb[1] + row[2] * rgb[2]),
  );
  return [500 * (x - y), 200 * (y - z)];
}

/** Resizes an ImageData as Pillow does: Lanczos, antialiased, across and then down. */
export function resize(pixels, height, width) {
  const across = weights(pixels.width, width, lanczos, 3);
  const down = weights(pixels.height, height, lanczos, 3);
  const wide = new ImageData(width, pixels.height);
  blend(pixels.data, wide.data, across, pixels.height, 4 * pixels.width, 4, 4 * width, 4);
  const small = new ImageData(width, height);
  blend(wide.data, small.data, down, width, 4, 4 * width, 4, 4 * width);
  return small;
}

/**
 * Gives a picture the colours `ab`, enlarged to its size; its lightness stays.
 * Colours outside sRGB get less chroma until they fit.
 */
export function paint(pixels, ab, strength) {
  const { width, height, data } = pixels;
  const result = new ImageData(width, height);
  const across = weights(ab.width, width, bicubic, 2);
  const down = weights(ab.height, height, bicubic, 2);
  const wide = new Float32Array(2 * width * ab.height);
  for (let channel = 0; channel < 2; channel++) {
    for (let y = 0; y < ab.height; y++) {
      for (let x = 0; x < width; x++) {
        let sum = 0;
        for (let k = 0; k < across.counts[x]; k++) {
          const from = 2 * (y * ab.width + across.starts[x] + k) + channel;
          sum += across.values[x * across.most + k] * ab.values[from];
        }
        wide[2 * (y * width + x) + channel] = sum;
      }
    }
  }
  const row = new Float32Array(2 * width);
  for (let y = 0; y < height; y++) {
    row.fill(0);
    for (let k = 0; k < down.counts[y]; k++) {
      const weight = strength * down.values[y * down.most + k];
      const from = 2 * width * (down.starts[y] + k);
      for (let i = 0; i < row.length; i++) row[i] += weight * wide[from + i];
    }
    for (let x = 0; x < width; x++) {
      const i = 4 * (y * width + x);
      writeRgb(result.data, i, fyOf(data, i), row[2 * x], row[2 * x + 1]);
      result.data[i + 3] = data[i + 3];
    }
  }
  return result;
}

// (L* + 16) / 116 of a pixel: a and b are not needed.
function fyOf(data, i) {
  const [red, green, blue] = TO_XYZ[1];
  const y = red * LINEAR[data[i]] + green * LINEAR[data[i + 1]] + blue * LINEAR[data[i + 2]];
  return toF(y);
}

function toF(linear) {
  return linear > LINEAR_BELOW ? Math.cbrt(linear) : SLOPE * linear + OFFSET;
}

const linear = new Float64Array(3);

// Sets `linear` to a colour's linear sRGB; true if it can be shown.
function toLinear(fy, a, b) {
  const x = fromF(fy + a / 500);
  const y = fromF(fy);
  const z = fromF(fy - b / 200);
  let inside = true;
  for (let c = 0; c < 3; c++) {
    const row = FROM_XYZ[c];
    linear[c] = row[0] * x + row[1] * y + row[2] * z;
    inside = inside && linear[c] >= LOWEST && linear[c] <= HIGHEST;
  }
  return inside;
}

function fromF(f) {
  return f > ROOT_BELOW ? f * f * f : (f - OFFSET) / SLOPE;
}

function writeRgb(data, i, fy, a, b) {
  if (!toLinear(fy, a, b)) {
    let inside = 0;
    let outside = 1;
    for (let step = 0; step < 10; step++) {
      const middle = (inside + outside) / 2;
      if (toLinear(fy, a * middle, b * middle)) inside = middle;
      else outside = middle;
    }
    toLinear(fy, a * inside, b * inside);
  }
  for (let c = 0; c < 3; c++) {
    const value = Math.min(Math.max(linear[c], 0), 1);
    data[i + c] = levelOf(value, LEVELS[Math.floor(4096 * value)]);
  }
}

function levelOf(value, level) {
  while (value > BORDERS[level]) level++;
  return level;
}

// Pillow's weights of the pixels that each new pixel is made of.
function weights(from, to, filter, support) {
  const scale = from / to;
  const stretch = Math.max(scale, 1); // making smaller, the filter grows: no aliasing
  const reach = support * stretch;
  const most = 2 * Math.ceil(reach) + 1;
  const found = { starts: [], counts: [], most, values: new Float64Array(to * most) };
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - reach + 0.5));
    const end = Math.min(from, Math.trunc(centre + reach + 0.5));
    let sum = 0;
    for (let k = start; k < end; k++) {
      const value = filter((k - centre + 0.5) / stretch);
      found.values[i * most + k - start] = value;
      sum += value;
    }
    for (let k = 0; k < end - start; k++) found.values[i * most + k] /= sum;
    found.starts.push(start);
    found.counts.push(end - start);
  }
  return found;
}

// Resizes `lines` lines of RGBA in one direction; the steps are in bytes.
function blend(source, target, { starts, counts, most, values }, lines, line, step, newLine, newStep) {
  for (let n = 0; n < lines; n++) {
    for (let i = 0; i < starts.length; i++) {
      let [red, green, blue] = [0, 0, 0];
      let from = n * line + starts[i] * step;
      for (let k = 0; k < counts[i]; k++, from += step) {
        const weight = values[i * most + k];
        red += weight * source[from];
        green += weight * source[from + 1];
        blue += weight * source[from + 2];
      }
      const to = n * newLine + i * newStep;
      target[to] = Math.floor(red + 0.5); // halves up, as Pillow
      target[to + 1] = Math.floor(green + 0.5);
      target[to + 2] = Math.floor(blue + 0.5);
      target[to + 3] = 255;
    }
  }
}

function lanczos(x) {
  const sinc = (t) => (t === 0 ? 1 : Math.sin(Math.PI * t) / (Math.PI * t));
  return Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0;
}

function bicubic(x) {
  const t = Math.abs(x);
  if (t < 1) return (1.5 * t - 2.5) * t * t + 1;
  return t < 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0;
}

function roundHalfEven(value) {
  const down = Math.floor(value);
  const rest = value - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
}

function inverse(m) {
  const minor = (r, c) => {
    const [a, b] = [0, 1, 2].filter((i) => i !== r);
    const [d, e] = [0, 1, 2].filter((i) => i !== c);
    return (r + c) % 2 ? m[a][e] * m[b][d] - m[a][d] * m[b][e] : m[a][d] * m[b][e] - m[a][e] * m[b][d];
  };
  const determinant = m[0][0] * minor(0, 0) + m[0][1] * minor(0, 1) + m[0][2] * minor(0, 2);
  return [0, 1, 2].map((r) => [0, 1, 2].map((c) => minor(c, r) / determinant));
}

// Small pictures made here, so that no binary has to be kept: PNG, baseline
// JPEG (own encoder), GIF; and what a picture's bytes say of themselves.

import zlib from 'node:zlib';

// A picture is { width, height, at(x, y) -> [r, g, b, a] }.
export function photo(width, height, seed = 1) {
  // Smooth hills with a little noise: compresses like a photograph.
  const noise = (x, y) => {
    const v = Math.sin(x * 12.9898 + y * 78.233 + seed) * 43758.5453;
    return (v - Math.floor(v)) * 14;
  };
  const clamp = (v) => Math.max(0, Math.min(255, Math.round(v)));
  return {
    width, height,
    at: (x, y) => [
      clamp(128 + 90 * Math.sin(x / 23 + seed) + noise(x, y)),
      clamp(128 + 90 * Math.sin(y / 31 + x / 57) + noise(y, x)),
      clamp(128 + 90 * Math.cos((x + y) / 41) + noise(x + 5, y)),
      255,
    ],
  };
}

// Two halves of different colours, left red and right blue: shows turns.
export function halves(width, height) {
  return {
    width, height,
    at: (x, y) => (x < width / 2 ? [200 + (y % 50), 20, 20, 255] : [20, 20, 200 + (y % 50), 255]),
  };
}

// Flat areas with sharp edges, like a screenshot.
export function drawing(width, height) {
  return {
    width, height,
    at: (x, y) => ((x >> 4) + (y >> 4)) % 3 === 0 ? [250, 250, 250, 255]
      : (x >> 4) % 2 ? [30, 90, 160, 255] : [220, 60, 40, 255],
  };
}

const CRC = Int32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k += 1) {
    c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  }
  return c;
});

function crc32(data) {
  let c = -1;
  for (const byte of data) {
    c = CRC[(c ^ byte) & 255] ^ (c >>> 8);
  }
  return (c ^ -1) >>> 0;
}

function pngChunk(type, data) {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, 'latin1');
  data.copy(out, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length);
  return out;
}

const PNG_MAGIC = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

function pngHeader(width, height, alpha) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head[8] = 8;
  head[9] = alpha ? 6 : 2;
  return pngChunk('IHDR', head);
}

// 8-bit RGB or RGBA; level 1 leaves plenty of room to do better. chunks:
// extra ones between IHDR and IDAT.
export function png(picture, { alpha = false, level = 1, chunks = [] } = {}) {
  const n = alpha ? 4 : 3;
  const rows = Buffer.alloc(picture.height * (1 + n * picture.width));
  let at = 0;
  for (let y = 0; y < picture.height; y += 1) {
    rows[at] = 0;
    at += 1;
    for (let x = 0; x < picture.width; x += 1) {
      const pixel = picture.at(x, y);
      for (let k = 0; k < n; k += 1) {
        rows[at] = pixel[k];
        at += 1;
      }
    }
  }
  return Buffer.concat([PNG_MAGIC, pngHeader(picture.width, picture.height, alpha),
    ...chunks.map(([type, data]) => pngChunk(type, data)),
    pngChunk('IDAT', zlib.deflateSync(rows, { level })), pngChunk('IEND', Buffer.alloc(0))]);
}

// Claims width x height and holds next to nothing.
export function pngBomb(width, height) {
  return Buffer.concat([PNG_MAGIC, pngHeader(width, height, false),
    pngChunk('IDAT', zlib.deflateSync(Buffer.alloc(4 << 20), { level: 9 })), pngChunk('IEND', Buffer.alloc(0))]);
}

// An animated PNG of two frames.
export function apng(picture) {
  const still = png(picture);
  const idat = still.indexOf('IDAT') - 4;
  const length = still.readUInt32BE(idat);
  const data = still.subarray(idat + 8, idat + 8 + length);
  const actl = Buffer.alloc(8);
  actl.writeUInt32BE(2, 0);
  const fctl = (sequence) => {
    const b = Buffer.alloc(26);
    b.writeUInt32BE(sequence, 0);
    b.writeUInt32BE(picture.width, 4);
    b.writeUInt32BE(picture.height, 8);
    b.writeUInt16BE(1, 20);
    b.writeUInt16BE(10, 22);
    return b;
  };
  const number = Buffer.alloc(4);
  number.writeUInt32BE(2, 0);
  return Buffer.concat([PNG_MAGIC, pngHeader(picture.width, picture.height, false),
    pngChunk('acTL', actl), pngChunk('fcTL', fctl(0)), pngChunk('IDAT', data),
    pngChunk('fcTL', fctl(1)), pngChunk('fdAT', Buffer.concat([number, data])),
    pngChunk('IEND', Buffer.alloc(0))]);
}

// ---- baseline JPEG, 4:4:4, the tables of ITU T.81 annex K ----

const ZIGZAG = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
  28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
  47, 55, 62, 63];
const DC_COUNTS = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
const DC_VALUES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
// All 256 AC symbols at eight bits but the last two: no table to copy, and it
// leaves what a better encoder can save.
const AC_COUNTS = [0, 0, 0, 0, 0, 0, 0, 254, 1, 1, 0, 0, 0, 0, 0, 0];
const AC_VALUES = Array.from({ length: 256 }, (_, i) => i);

function huffman(counts, values) {
  const codes = new Map();
  let code = 0;
  let k = 0;
  for (let bits = 1; bits <= 16; bits += 1) {
    for (let i = 0; i < counts[bits - 1]; i += 1) {
      codes.set(values[k], [code, bits]);
      k += 1;
      code += 1;
    }
    code <<= 1;
  }
  return codes;
}

const COS = Array.from({ length: 8 }, (_, u) => Array.from({ length: 8 }, (__, x) =>
  Math.cos(((2 * x + 1) * u * Math.PI) / 16) * (u === 0 ? Math.SQRT1_2 : 1) / 2));

function dct(block) {
  const rows = new Float64Array(64);
  const out = new Float64Array(64);
  for (let y = 0; y < 8; y += 1) {
    for (let u = 0; u < 8; u += 1) {
      let sum = 0;
      for (let x = 0; x < 8; x += 1) {
        sum += block[y * 8 + x] * COS[u][x];
      }
      rows[y * 8 + u] = sum;
    }
  }
  for (let u = 0; u < 8; u += 1) {
    for (let v = 0; v < 8; v += 1) {
      let sum = 0;
      for (let y = 0; y < 8; y += 1) {
        sum += rows[y * 8 + u] * COS[v][y];
      }
      out[v * 8 + u] = sum;
    }
  }
  return out;
}

function segment(marker, data) {
  const head = Buffer.from([0xff, marker, (data.length + 2) >> 8, (data.length + 2) & 255]);
  return Buffer.concat([head, Buffer.from(data)]);
}

// One quantizer for everything: small means much quality, many bytes. app:
// [marker, data] pairs after the start.
export function jpeg(picture, { quantizer = 4, app = [] } = {}) {
  const { width, height } = picture;
  const dcTable = huffman(DC_COUNTS, DC_VALUES);
  const acTable = huffman(AC_COUNTS, AC_VALUES);
  const out = [];
  let held = 0;
  let bits = 0;
  const put = (code, n) => {
    for (let i = n - 1; i >= 0; i -= 1) {
      held = (held << 1) | ((code >> i) & 1);
      bits += 1;
      if (bits === 8) {
        out.push(held);
        if (held === 255) {
          out.push(0);
        }
        held = 0;
        bits = 0;
      }
    }
  };
  const magnitude = (v) => {
    let n = 0;
    for (let a = Math.abs(v); a; a >>= 1) {
      n += 1;
    }
    return n;
  };
  const putValue = (v, n) => put(v < 0 ? v + (1 << n) - 1 : v, n);
  const last = [0, 0, 0];
  const block = new Float64Array(64);
  const encodeBlock = (channel) => {
    const c = dct(block).map((v) => Math.round(v / quantizer));
    const d = c[0] - last[channel];
    last[channel] = c[0];
    put(...dcTable.get(magnitude(d)));
    putValue(d, magnitude(d));
    let run = 0;
    for (let k = 1; k < 64; k += 1) {
      const v = c[ZIGZAG[k]];
      if (v === 0) {
        run += 1;
        continue;
      }
      for (; run > 15; run -= 16) {
        put(...acTable.get(0xf0));
      }
      put(...acTable.get((run << 4) | magnitude(v)));
      putValue(v, magnitude(v));
      run = 0;
    }
    if (run) {
      put(...acTable.get(0));
    }
  };
  for (let by = 0; by < height; by += 8) {
    for (let bx = 0; bx < width; bx += 8) {
      for (let channel = 0; channel < 3; channel += 1) {
        for (let i = 0; i < 64; i += 1) {
          const [r, g, b] = picture.at(Math.min(bx + (i & 7), width - 1), Math.min(by + (i >> 3), height - 1));
          block[i] = channel === 0 ? 0.299 * r + 0.587 * g + 0.114 * b - 128
            : channel === 1 ? -0.168736 * r - 0.331264 * g + 0.5 * b
              : 0.5 * r - 0.418688 * g - 0.081312 * b;
        }
        encodeBlock(channel);
      }
    }
  }
  if (bits) {
    put((1 << (8 - bits)) - 1, 8 - bits);
  }
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]), ...app.map(([marker, data]) => segment(marker, data)),
    segment(0xdb, [0, ...new Array(64).fill(quantizer)]),
    segment(0xc0, [8, height >> 8, height & 255, width >> 8, width & 255, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]),
    segment(0xc4, [0, ...DC_COUNTS, ...DC_VALUES]), segment(0xc4, [0x10, ...AC_COUNTS, ...AC_VALUES]),
    segment(0xda, [3, 1, 0, 2, 0, 3, 0, 0, 63, 0]), Buffer.from(out), Buffer.from([0xff, 0xd9]),
  ]);
}

// An Exif segment that says how the picture is turned.
export function exifTurn(orientation) {
  const tiff = Buffer.from('4d4d002a00000008000101120003000000010000000000000000', 'hex');
  tiff.writeUInt16BE(orientation, 18);
  return [0xe1, Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff])];
}

// Uncompressed GIF (a clear code before the table would grow); each picture
// is a frame.
export function gif(frames) {
  const { width, height } = frames[0];
  const head = Buffer.alloc(13);
  head.write('GIF89a', 'latin1');
  head.writeUInt16LE(width, 6);
  head.writeUInt16LE(height, 8);
  head[10] = 0xf6; // 128 colours
  const palette = Buffer.alloc(384);
  for (let i = 0; i < 128; i += 1) {
    palette.set([(i >> 5) * 85, ((i >> 2) & 7) * 36, (i & 3) * 85], i * 3);
  }
  const parts = [head, palette];
  if (frames.length > 1) {
    parts.push(Buffer.from('21ff0b4e45545343415045322e300301000000', 'hex'));
  }
  for (const frame of frames) {
    parts.push(Buffer.from('21f904000a000000', 'hex'));
    const image = Buffer.alloc(11);
    image[0] = 0x2c;
    image.writeUInt16LE(width, 5);
    image.writeUInt16LE(height, 7);
    image[10] = 7;
    parts.push(image.subarray(0, 10), Buffer.from([7]));
    const codes = [];
    for (let i = 0; i < width * height; i += 1) {
      if (i % 120 === 0) {
        codes.push(128);
      }
      const [r, g, b] = frame.at(i % width, Math.floor(i / width));
      codes.push(((r >> 6) << 5) | ((g >> 5) << 2) | (b >> 6));
    }
    codes.push(129);
    // Eight-bit codes: a byte each.
    for (let at = 0; at < codes.length; at += 255) {
      const piece = codes.slice(at, at + 255);
      parts.push(Buffer.from([piece.length, ...piece]));
    }
    parts.push(Buffer.from([0]));
  }
  parts.push(Buffer.from([0x3b]));
  return Buffer.concat(parts);
}

function jpegSize(b) {
  for (let at = 2; at + 9 < b.length;) {
    if (b[at] !== 0xff) {
      return {};
    }
    const marker = b[at + 1];
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { height: b.readUInt16BE(at + 5), width: b.readUInt16BE(at + 7) };
    }
    at += 2 + b.readUInt16BE(at + 2);
  }
  return {};
}

function webpSize(b) {
  const kind = b.toString('latin1', 12, 16);
  if (kind === 'VP8X') {
    let frames = 0;
    for (let at = b.indexOf('ANMF'); at >= 0; at = b.indexOf('ANMF', at + 4 + b.readUInt32LE(at + 4))) {
      frames += 1;
    }
    return {
      width: 1 + b.readUIntLE(24, 3), height: 1 + b.readUIntLE(27, 3),
      animated: !!(b[20] & 2), frames: frames || 1,
    };
  }
  if (kind === 'VP8L') {
    const v = b.readUInt32LE(21);
    return { width: 1 + (v & 0x3fff), height: 1 + ((v >>> 14) & 0x3fff) };
  }
  return { width: b.readUInt16LE(26) & 0x3fff, height: b.readUInt16LE(28) & 0x3fff };
}

// Of the boxes that say it; a sequence tells its frames in its sample table.
function avifSize(b) {
  const ispe = b.indexOf('ispe');
  const stsz = b.indexOf('stsz');
  const frames = b.toString('latin1', 8, 12) === 'avis' && stsz > 0 ? b.readUInt32BE(stsz + 12) : 1;
  return {
    width: ispe > 0 ? b.readUInt32BE(ispe + 8) : undefined,
    height: ispe > 0 ? b.readUInt32BE(ispe + 12) : undefined,
    frames, animated: frames > 1,
  };
}

// { type, width, height, animated, frames } from the bytes alone; frames is
// not told of a PNG.
export function look(b) {
  if (b.subarray(0, 8).equals(PNG_MAGIC)) {
    return {
      type: 'image/png', width: b.readUInt32BE(16), height: b.readUInt32BE(20),
      animated: b.subarray(0, 200).includes('acTL'),
    };
  }
  if (b[0] === 0xff && b[1] === 0xd8) {
    return { type: 'image/jpeg', animated: false, frames: 1, ...jpegSize(b) };
  }
  if (b.toString('latin1', 0, 4) === 'GIF8') {
    let frames = 0;
    for (let at = b.indexOf('21f904', 0, 'hex'); at >= 0; at = b.indexOf('21f904', at + 3, 'hex')) {
      frames += 1;
    }
    return {
      type: 'image/gif', width: b.readUInt16LE(6), height: b.readUInt16LE(8), animated: frames > 1, frames,
    };
  }
  if (b.toString('latin1', 0, 4) === 'RIFF' && b.toString('latin1', 8, 12) === 'WEBP') {
    return { type: 'image/webp', animated: false, frames: 1, ...webpSize(b) };
  }
  if (/^ftypavi[fs]$/.test(b.toString('latin1', 4, 12))) {
    return { type: 'image/avif', ...avifSize(b) };
  }
  return { type: 'other' };
}

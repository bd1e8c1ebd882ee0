// Goal: random faults during page loads - origins that cut, reset, stall or
// lie, clients that leave, codecs that are killed - and no body that is wrong
// or short passes as whole, nobody dies, and memory comes back.
//
// PARED_FAULTS: how many page loads (120). PARED_SEED: the sequence.

import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import zlib from 'node:zlib';
import { get } from '../support/client.mjs';
import { jpeg, look, photo, png } from '../support/images.mjs';
import { Cut, Late } from '../support/wire.mjs';
import { Malformed } from '../support/message.mjs';
import { assert, eventually, flow, sharedProxy } from '../support/flow.mjs';

const ROUNDS = Number(process.env.PARED_FAULTS ?? 120);
const SEED = Number(process.env.PARED_SEED ?? 20261121);
const shared = sharedProxy({ ResponseTimeout: 2, ConnTimeout: 2 });

// xorshift32: the same faults for the same seed.
function random(seed) {
  let x = seed | 0 || 1;
  return (n) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % n;
  };
}

const hash = (b) => createHash('sha256').update(b).digest('hex');
const PAGE = Buffer.from('<!DOCTYPE html><p>words and more words</p>\n'.repeat(300));
const BLOB = Buffer.from(Array.from({ length: 50000 }, (_, i) => (i * 2654435761) >>> 13 & 255));
const THINGS = [
  { path: '/page.html', type: 'text/html', body: PAGE },
  { path: '/page.gz', type: 'text/html', body: zlib.gzipSync(PAGE), coding: 'gzip', plain: PAGE },
  { path: '/blob', type: 'application/octet-stream', body: BLOB },
  { path: '/photo.jpg', type: 'image/jpeg', body: jpeg(photo(160, 120), { quantizer: 3 }) },
  { path: '/picture.png', type: 'image/png', body: png(photo(120, 90, 5)) },
  { path: '/empty', type: 'text/plain', body: Buffer.alloc(0) },
];

// The message of a thing, framed by length, chunks or the end.
function message(thing, framing) {
  const head = [`HTTP/1.1 200 OK`, `Content-Type: ${thing.type}`, `ETag: "${hash(thing.body).slice(0, 8)}"`];
  if (thing.coding) {
    head.push(`Content-Encoding: ${thing.coding}`);
  }
  if (framing === 0) {
    head.push(`Content-Length: ${thing.body.length}`);
    return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), thing.body]);
  }
  head.push('Transfer-Encoding: chunked');
  const parts = [Buffer.from(`${head.join('\r\n')}\r\n\r\n`)];
  for (let at = 0; at < thing.body.length; at += 7001) {
    const piece = thing.body.subarray(at, at + 7001);
    parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  parts.push(Buffer.from('0\r\n\r\n'));
  return Buffer.concat(parts);
}

// What goes wrong at the origin, by number; most of the time nothing.
async function misbehave(c, whole, rnd) {
  const cut = 1 + rnd(whole.length - 1);
  switch (rnd(14)) {
    case 0: c.reset(); return false;
    case 1: c.close(); return false;
    case 2: await c.send(whole.subarray(0, cut), rnd(10)); c.reset(); return false;
    case 3: await c.send(whole.subarray(0, cut), rnd(10)); c.half(); return false;
    case 4: await c.send(whole.subarray(0, cut)); c.stall = true; return false;
    case 5: await c.send(whole, 'surplus HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'); return true;
    case 6: await c.send(whole.subarray(0, cut), rnd(30), whole.subarray(cut)); return true;
    case 7: await c.send(whole); c.half(); return false;
    case 8: await c.send(whole); c.reset(); return false;
    default: await c.send(whole); return true;
  }
}

function assertRight(thing, response) {
  // Whole by its framing: then by its bytes too.
  assert.ok([200, 502, 504].includes(response.status), `status ${response.status}`);
  if (response.status !== 200) {
    return 'refused';
  }
  let { body } = response;
  const coding = response.get('content-encoding');
  if (coding === 'gzip') {
    body = zlib.gunzipSync(body);
  } else if (coding === 'br') {
    body = zlib.brotliDecompressSync(body);
  } else {
    assert.equal(coding, undefined);
  }
  if (thing.type.startsWith('image/') && !body.equals(thing.body)) {
    const seen = look(body);
    const was = look(thing.body);
    assert.equal(seen.type, response.get('content-type'));
    assert.deepEqual([seen.width, seen.height], [was.width, was.height]);
    assert.ok(body.length < thing.body.length);
    if (seen.type === 'image/webp') {
      assert.ok(body.length >= body.readUInt32LE(4) + 8, 'a short WebP passes as whole');
    } else if (seen.type === 'image/jpeg') {
      assert.deepEqual([...body.subarray(-2)], [0xff, 0xd9], 'a short JPEG passes as whole');
    } else {
      assert.ok(body.subarray(-12).includes('IEND'), 'a short PNG passes as whole');
    }
    return 'smaller';
  }
  assert.equal(hash(body), hash(thing.plain ?? thing.body), `wrong bytes for ${thing.path}`);
  return 'whole';
}

flow(shared, `${ROUNDS} page loads with faults, seed ${SEED}`, async (s) => {
  const rnd = random(SEED);
  const origin = await s.origin(async (c) => {
    for (let r = await c.request(); r; r = await c.request()) {
      const thing = THINGS.find((t) => r.target.startsWith(t.path));
      if (!(await misbehave(c, message(thing, rnd(2)), rnd))) {
        if (c.stall) {
          c.keep = true;
        }
        return;
      }
    }
  }, { strict: true });
  await shared.it.healthy();
  const counts = {};
  const count = (what) => { counts[what] = (counts[what] ?? 0) + 1; };
  const start = { memory: 0, descriptors: shared.it.descriptors };

  const load = async (round) => {
    const client = await shared.it.client();
    try {
      for (let k = 0; k < THINGS.length; k += 1) {
        const thing = THINGS[(round + k) % THINGS.length];
        const leave = rnd(25) === 0;
        await client.send(get(`${origin.url}${thing.path}?${round}-${k}`,
          ['Accept: image/webp,*/*', 'Accept-Encoding: gzip, br']));
        if (leave) {
          await sleep(rnd(20));
          client.reset();
          count('left');
          return;
        }
        const response = await client.response();
        if (!response || !response.complete) {
          count('cut');
          return;
        }
        count(assertRight(thing, response));
      }
    } catch (err) {
      if (err instanceof Cut) {
        count('cut');
        return;
      }
      if (err instanceof Malformed || err instanceof Late) {
        err.message += `\n${client.dump()}`;
      }
      throw err;
    } finally {
      client.close();
    }
  };

  let next = 0;
  let failed = null;
  const worker = async () => {
    while (next < ROUNDS && !failed) {
      const round = next;
      next += 1;
      if (round === Math.floor(ROUNDS / 4)) {
        start.memory = shared.it.memory;
      }
      try {
        await load(round);
      } catch (err) {
        failed ??= err;
      }
    }
  };
  let over = false;
  const killer = (async () => {
    while (!over) {
      await sleep(150 + rnd(400));
      const { children } = shared.it;
      if (children.length) {
        try {
          process.kill(children[rnd(children.length)], 'SIGKILL');
          count('codec killed');
        } catch {
          // It was gone already.
        }
      }
    }
  })();
  await Promise.all(Array.from({ length: 8 }, worker));
  over = true;
  await killer;
  if (failed) {
    throw failed;
  }
  shared.it.check();
  // It serves on, every connection is given back, and memory did not run off.
  const calm = await s.origin();
  const client = await s.client();
  assert.equal((await client.ask(`${calm.url}/`)).text, 'ok');
  client.close();
  await eventually(() => shared.it.descriptors <= start.descriptors + 30,
    `descriptors: ${start.descriptors} before, ${shared.it.descriptors} now`, 70000);
  shared.it.assertGrowth(start.memory, 48 << 10);
  assert.ok((counts.whole ?? 0) > ROUNDS / 4, `too little went through: ${JSON.stringify(counts)}`);
  assert.deepEqual(origin.faults, []);
}, { timeout: Infinity });

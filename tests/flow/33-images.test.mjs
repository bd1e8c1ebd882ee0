// Goal: each client gets the picture that suits it, made once; whatever goes
// wrong with that costs a saving, not a picture; and caches are told what an
// answer hung on.

import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before } from 'node:test';
import { answer } from '../support/origin.mjs';
import {
  apng, drawing, exifTurn, gif, jpeg, look, photo, png,
} from '../support/images.mjs';
import { PROGRAM, tempDir } from '../support/pared.mjs';
import { assert, eventually, flow, sharedProxy } from '../support/flow.mjs';

// Late would mean the original, on a loaded machine with sanitizers.
const PATIENT = { ImageDeadline: 30 };
const FAKE = path.join(path.dirname(PROGRAM), 'tests', 'fake_codec');

// A codec that misbehaves in the way `mode` names.
const scripts = tempDir();
after(() => fs.rmSync(scripts, { recursive: true, force: true }));
function fake(mode) {
  const file = path.join(scripts, mode);
  fs.writeFileSync(file, `#!/bin/sh\nexec '${FAKE}' ${mode}\n`, { mode: 0o755 });
  return file;
}

const shared = sharedProxy({ ...PATIENT, LogLevel: 'debug' },
  { extra: 'site "*.off.test" { images = "off" }\nsite "thin.test" { images = "thin" }\n' });
const phone = sharedProxy(PATIENT,
  { extra: 'device "phone" { address = "127.0.0.1" level = "thin" max-width = 720 }\n' });
const hanging = sharedProxy({ CodecPath: fake('hang'), ImageDeadline: '300 ms' });
const dying = sharedProxy({ CodecPath: fake('die'), ...PATIENT });
const slow = sharedProxy({ CodecPath: fake('slow1500'), ...PATIENT, Workers: 3 });

const AVIF = 'Accept: image/avif,image/webp,image/apng,*/*;q=0.8';
const WEBP = 'Accept: image/webp,*/*;q=0.8';
const NEITHER = 'Accept: image/png,image/*;q=0.8,*/*;q=0.5';

const PHOTO = jpeg(photo(320, 240), { quantizer: 3 });
const PICTURE = png(photo(200, 160));
const DRAWING = png(drawing(320, 200), { level: 0 });
const moving = [0, 1, 2, 3].map((i) => photo(160, 120, i * 2));
const HINTS = ['sec-ch-width', 'width', 'sec-ch-viewport-width', 'viewport-width', 'sec-ch-dpr', 'dpr'];
let wide;
let turned;
before(() => {
  wide = jpeg(photo(1600, 400), { quantizer: 3 });
  turned = jpeg(photo(200, 800), { quantizer: 3, app: [exifTurn(6)] });
});

// Serves content under a type, and whole answers under a path of their own.
function serving(body, type, { fields = [], status } = {}) {
  return async (c) => {
    for (let r = await c.request(); r; r = await c.request()) {
      const all = answer(body, { status, fields: [`Content-Type: ${type}`, 'ETag: "v1"', ...fields] });
      await c.send(r.method === 'HEAD' ? all.subarray(0, all.indexOf('\r\n\r\n') + 4) : all);
    }
  };
}

async function fetchOne(s, body, type, ask, { request, ...options } = {}) {
  const origin = await s.origin(serving(body, type, options));
  const client = await s.client();
  const response = await client.ask(`${origin.url}/picture`, ask, request);
  assert.equal(response.status, options.status ? Number(options.status.slice(0, 3)) : 200);
  assert.ok(response.complete, `cut short (${response.cut})`);
  return response;
}

function assertSmaller(response, body, type) {
  const seen = look(response.body);
  assert.equal(seen.type, type);
  assert.equal(response.get('content-type'), type);
  assert.ok(response.body.length < body.length, `${response.body.length} of ${body.length} bytes`);
  assert.equal(Number(response.get('content-length')), response.body.length);
  assert.equal(response.get('etag'), 'W/"v1"');
  assert.ok(!response.fields.has('warning'));
  return seen;
}

function assertAsItCame(response, body, type) {
  assert.ok(response.body.equals(body), `changed: ${response.body.length} of ${body.length} bytes`);
  assert.equal(response.get('content-type'), type);
  assert.equal(response.get('etag'), '"v1"');
}

async function metrics(proxy) {
  const client = await proxy.it.client();
  await client.send(`GET /metrics HTTP/1.1\r\nHost: ${proxy.it.authority}\r\n\r\n`);
  const response = await client.response();
  client.close();
  const found = {};
  for (const [, name, value] of response.text.matchAll(/^pared_(\w+) (-?\d+)$/gm)) {
    found[name] = Number(value);
  }
  return found;
}

// ---- Accept, Save-Data, rules ----------------------------------------------

// Which of those that it takes, plan and pixels say.
for (const [what, body, type, own] of [
  ['a photograph', PHOTO, 'image/jpeg', 'image/jpeg'],
  ['a photograph as PNG', PICTURE, 'image/png', 'image/jpeg'],
  ['a drawing', DRAWING, 'image/png', 'image/png'],
]) {
  for (const [accept, types] of [
    [AVIF, ['image/avif', 'image/webp', own]],
    ['Accept: image/avif', ['image/avif', own]],
    [WEBP, ['image/webp', own]],
    ['Accept: image/avif;q=0, image/webp', ['image/webp', own]],
    [NEITHER, [own]],
    ['Accept: */*', [own]],
  ]) {
    flow(shared, `${what} for ${accept}`, async (s) => {
      const response = await fetchOne(s, body, type, [accept]);
      const seen = look(response.body);
      assert.ok(types.includes(seen.type), `${seen.type} was not asked for`);
      assertSmaller(response, body, seen.type);
      const before_ = look(body);
      assert.deepEqual([seen.width, seen.height], [before_.width, before_.height]);
      const vary = response.fields.tokens('vary');
      assert.ok(vary.includes('accept') && vary.includes('save-data'), `Vary: ${vary}`);
      assert.ok(!vary.includes('dpr'), 'it is too small to be scaled');
    });
  }
}

flow(shared, 'the photograph is AVIF for who takes it', async (s) => {
  const start = s.proxy.stderr.length;
  const response = await fetchOne(s, PHOTO, 'image/jpeg', [AVIF]);
  assertSmaller(response, PHOTO, 'image/avif');
  // One line for who wonders.
  await s.proxy.wrote(/debug .*image: .*AVIF.*: \d+ to \d+ bytes of image\/avif, \d+ ms/, start);
});

flow(shared, 'a PNG is WebP for who takes that alone', async (s) => {
  assertSmaller(await fetchOne(s, DRAWING, 'image/png', [WEBP]), DRAWING, 'image/webp');
});

flow(shared, 'Save-Data: on takes less', async (s) => {
  for (const accept of [AVIF, WEBP, NEITHER]) {
    const usual = await fetchOne(s, PHOTO, 'image/jpeg', [accept]);
    const saving = await fetchOne(s, PHOTO, 'image/jpeg', [accept, 'Save-Data: on']);
    assert.ok(saving.body.length < usual.body.length * 0.95,
      `${accept}: ${saving.body.length} and ${usual.body.length} bytes`);
    assert.deepEqual(saving.fields.tokens('vary'), usual.fields.tokens('vary'));
  }
});

flow(shared, 'a site has its own level, by the page that shows the picture', async (s) => {
  const usual = await fetchOne(s, PHOTO, 'image/jpeg', [AVIF, 'Referer: http://other.test/page']);
  assertSmaller(usual, PHOTO, 'image/avif');
  for (const host of ['off.test', 'www.off.test']) {
    const off = await fetchOne(s, PHOTO, 'image/jpeg',
      [AVIF, 'Save-Data: on', `Referer: http://${host}/page`]);
    assertAsItCame(off, PHOTO, 'image/jpeg');
    assert.ok(!off.fields.has('vary'));
  }
  const thin = await fetchOne(s, PHOTO, 'image/jpeg', [AVIF, 'Referer: http://thin.test/']);
  assert.ok(thin.body.length < usual.body.length);
});

flow(phone, 'a device has its level and its width', async (s) => {
  const response = await fetchOne(s, wide, 'image/jpeg', [AVIF]);
  const seen = assertSmaller(response, wide, 'image/avif');
  assert.deepEqual([seen.width, seen.height], [720, 180]);
});

// ---- Client Hints ----------------------------------------------------------

for (const [ask, width] of [
  [[], 1600],
  [['Sec-CH-Width: 800'], 800],
  [['Width: 800'], 800],
  [['Sec-CH-Viewport-Width: 400', 'Sec-CH-DPR: 2.0'], 800],
  [['Viewport-Width: 400', 'DPR: 2'], 800],
  // Never narrower than that, and not for a few pixels.
  [['Sec-CH-Width: 64'], 640],
  [['Sec-CH-Width: 1500'], 1600],
  // What says nothing.
  [['Sec-CH-Viewport-Width: 400'], 1600],
  [['Sec-CH-Width: 8e2'], 1600],
  [['Sec-CH-Width: 999999999999'], 1600],
  [['Sec-CH-Width: 700', 'Sec-CH-Width: 900'], 1600],
  [['Save-Data: on'], 1600],
]) {
  flow(shared, `${ask.join(', ') || 'no hint'}: ${width} pixels wide`, async (s) => {
    for (const accept of [AVIF, WEBP, NEITHER]) {
      const response = await fetchOne(s, wide, 'image/jpeg', [accept, ...ask]);
      const seen = assertSmaller(response, wide, look(response.body).type);
      assert.deepEqual([seen.width, seen.height], [width, width / 4], accept);
      const vary = response.fields.tokens('vary');
      for (const name of ['accept', 'save-data', ...HINTS]) {
        assert.ok(vary.includes(name), `${name} is missing in Vary: ${vary}`);
      }
    }
  });
}

flow(shared, 'the width is the one that is seen, after the turn', async (s) => {
  const plain = await fetchOne(s, turned, 'image/jpeg', [AVIF, 'Sec-CH-Width: 790']);
  const seen = assertSmaller(plain, turned, 'image/avif');
  assert.deepEqual([seen.width, seen.height], [800, 200]);
  const scaled = await fetchOne(s, turned, 'image/jpeg', [AVIF, 'Sec-CH-Width: 100']);
  const small = assertSmaller(scaled, turned, 'image/avif');
  assert.deepEqual([small.width, small.height], [800, 200], '800 is not 5/4 of 640');
});

flow(shared, 'we ask for no hints ourselves', async (s) => {
  const response = await fetchOne(s, PHOTO, 'image/jpeg', [AVIF]);
  for (const name of ['accept-ch', 'critical-ch']) {
    assert.ok(!response.fields.has(name));
  }
});

// ---- What is left alone ----------------------------------------------------

for (const [what, options, body = PHOTO, type = 'image/jpeg'] of [
  ['no-transform', { fields: ['Cache-Control: max-age=9, no-transform'] }],
  ['a part', { status: '206 Partial Content', fields: [`Content-Range: bytes 0-${PHOTO.length - 1}/99999`] }],
  ['a download', { fields: ['Content-Disposition: attachment; filename="a.jpg"'] }],
  ['an error page that is a picture', { status: '404 Not Found' }],
  ['a coding that we do not know', { fields: ['Content-Encoding: zzz'] }],
  ['a picture that is called bytes', {}, PHOTO, 'application/octet-stream'],
  ['a page that begins as a picture', {}, PHOTO, 'text/html'],
  ['an SVG', {}, Buffer.from(`<svg>${' '.repeat(900)}</svg>`), 'image/svg+xml'],
  ['text that is called a picture', {}, Buffer.from('text '.repeat(500)), 'image/jpeg'],
  ['half a picture', {}, PHOTO.subarray(0, PHOTO.length / 2), 'image/jpeg'],
]) {
  flow(shared, `${what} passes as it came`, async (s) => {
    const response = await fetchOne(s, body, type, [AVIF, 'Save-Data: on', 'Accept-Encoding: identity'], options);
    assertAsItCame(response, body, type);
  });
}

flow(shared, 'a request for a part gets what the origin gives', async (s) => {
  const part = PHOTO.subarray(0, 1000);
  const response = await fetchOne(s, part, 'image/jpeg', [AVIF, 'Range: bytes=0-999'],
    { status: '206 Partial Content', fields: [`Content-Range: bytes 0-999/${PHOTO.length}`] });
  assertAsItCame(response, part, 'image/jpeg');
});

flow(shared, 'HEAD promises no more than GET keeps', async (s) => {
  const response = await fetchOne(s, PHOTO, 'image/jpeg', [AVIF], { request: { method: 'HEAD' } });
  assert.ok(!response.fields.has('content-length'));
  assert.equal(response.get('etag'), 'W/"v1"');
  const vary = response.fields.tokens('vary');
  assert.ok(vary.includes('accept') && vary.includes('save-data'), `Vary: ${vary}`);
});

flow(shared, 'what confirms a stored answer does not widen its use', async (s) => {
  const vary = ['Vary: Cookie', undefined];
  const origin = await s.origin(async (c) => {
    for (let r = await c.request(); r; r = await c.request()) {
      const field = vary.shift();
      await c.send(`HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\n${field ? `${field}\r\n` : ''}\r\n`);
    }
  });
  const client = await s.client();
  const named = await client.ask(`${origin.url}/a`, [AVIF, 'If-None-Match: W/"v1"']);
  assert.equal(named.status, 304);
  for (const name of ['cookie', 'accept', 'save-data', 'accept-encoding', ...HINTS]) {
    assert.ok(named.fields.tokens('vary').includes(name), `${name} is missing`);
  }
  const silent = await client.ask(`${origin.url}/a`, [AVIF, 'If-None-Match: W/"v1"']);
  assert.equal(silent.status, 304);
  assert.ok(!silent.fields.has('vary'), 'the stored one stays');
});

flow(shared, 'types lie, bytes do not', async (s) => {
  const response = await fetchOne(s, DRAWING, 'image/gif', [WEBP]);
  assertSmaller(response, DRAWING, 'image/webp');
  const coded = await fetchOne(s, zlib.gzipSync(DRAWING), 'image/png', [WEBP],
    { fields: ['Content-Encoding: gzip'] });
  assert.equal(look(coded.body).type, 'image/webp');
  assert.ok(!coded.fields.has('content-encoding'));
});

// ---- Animations ------------------------------------------------------------

for (const [what, body, type, frames] of [
  ['GIF', gif(moving), 'image/gif', moving.length],
  ['APNG', apng(photo(160, 120)), 'image/png', 2],
]) {
  for (const [accept, to] of [[AVIF, ['image/avif', 'image/webp']], [WEBP, ['image/webp']]]) {
    flow(shared, `an animated ${what} stays animated for ${accept}`, async (s) => {
      const response = await fetchOne(s, body, type, [accept]);
      const seen = look(response.body);
      if (what === 'GIF' || seen.type !== type) {
        assert.ok(to.includes(seen.type), seen.type);
        assertSmaller(response, body, seen.type);
        assert.equal(seen.frames, frames);
        assert.deepEqual([seen.width, seen.height], [160, 120]);
      }
      assert.ok(seen.animated);
    });
  }
  flow(shared, `an animated ${what} passes for who takes neither`, async (s) => {
    const response = await fetchOne(s, body, type, [NEITHER, 'Save-Data: on']);
    assertAsItCame(response, body, type);
    assert.ok(response.fields.tokens('vary').includes('accept'));
  });
}

// ---- Late, dead, shared ----------------------------------------------------

flow(hanging, 'late means the original, at the deadline', async (s, t) => {
  const was = await metrics(hanging);
  const start = Date.now();
  const response = await fetchOne(s, PICTURE, 'image/png', [WEBP]);
  const took = Date.now() - start;
  assertAsItCame(response, PICTURE, 'image/png');
  assert.ok(response.fields.tokens('vary').includes('accept'), 'others get another answer');
  assert.ok(took >= 250 && took < 10000, `took ${took} ms`);
  t.diagnostic(`a deadline of 300 ms: the original after ${took} ms`);
  const is = await metrics(hanging);
  assert.equal(is.images_late_total - was.images_late_total, 1);
  assert.equal(is.images_failed_total, was.images_failed_total);
});

flow(dying, 'a codec that dies costs the saving', async (s) => {
  const was = await metrics(dying);
  for (let i = 0; i < 2; i += 1) {
    assertAsItCame(await fetchOne(s, PICTURE, 'image/png', [WEBP]), PICTURE, 'image/png');
  }
  const is = await metrics(dying);
  assert.equal(is.images_failed_total - was.images_failed_total, 2);
});

flow(slow, 'twenty who want the same picture at once cost one job', async (s) => {
  const was = await metrics(slow);
  const origin = await s.origin(serving(PICTURE, 'image/png'));
  const responses = await Promise.all(Array.from({ length: 20 }, async (_, i) => {
    const client = await s.client();
    return client.ask(`${origin.url}/picture${i}`, [WEBP]);
  }));
  for (const response of responses) {
    assertSmaller(response, PICTURE, 'image/webp');
    assert.ok(response.body.equals(responses[0].body));
  }
  const is = await metrics(slow);
  assert.equal(is.images_total - was.images_total, 1);
  assert.equal(is.images_shared_total - was.images_shared_total, 19);
  assert.equal(is.images_smaller_total - was.images_smaller_total, 20);
});

flow(slow, 'who leaves takes nothing from the others', async (s) => {
  const was = await metrics(slow);
  const body = png(photo(100, 80, 7));
  const origin = await s.origin(serving(body, 'image/png'));
  const first = await s.client();
  const lost = first.ask(`${origin.url}/first`, [WEBP]).catch(() => null);
  await eventually(async () => (await metrics(slow)).images_total > was.images_total, 'the job begins');
  const second = await s.client();
  const waits = second.ask(`${origin.url}/second`, [WEBP]);
  await eventually(async () => (await metrics(slow)).images_shared_total > was.images_shared_total, 'it is joined');
  first.reset();
  const response = await waits;
  assertSmaller(response, body, 'image/webp');
  await lost;
  const is = await metrics(slow);
  assert.equal(is.images_total - was.images_total, 1);
  assert.equal(is.helpers_restarted_total, was.helpers_restarted_total);
});

flow(slow, 'the last one who leaves takes the job with him', async (s) => {
  const was = await metrics(slow);
  const body = png(photo(100, 80, 8));
  const origin = await s.origin(serving(body, 'image/png'));
  const client = await s.client();
  const lost = client.ask(`${origin.url}/only`, [WEBP]).catch(() => null);
  await eventually(async () => (await metrics(slow)).images_total > was.images_total, 'the job begins');
  client.reset();
  await lost;
  await eventually(async () => (await metrics(slow)).helpers_restarted_total > was.helpers_restarted_total,
    'the codec is stopped');
});

// ---- Load ------------------------------------------------------------------

// Measured, for who reads: small texts on an idle machine, while eight large
// pictures pass (what this test itself takes), and while they are made smaller.
flow(shared, 'texts do not wait for pictures', async (s, t) => {
  const body = (i) => Buffer.concat([wide.subarray(0, 2), Buffer.from([0xff, 0xfe, 0, 4, 0, i]), wide.subarray(2)]);
  const pictures = await s.origin(async (c) => {
    for (let r = await c.request(); r; r = await c.request()) {
      await c.send(answer(body(Number(r.target.slice(2))), { fields: ['Content-Type: image/jpeg'] }));
    }
  });
  const texts = await s.origin();
  const client = await s.client();
  const ask = async () => {
    const start = process.hrtime.bigint();
    assert.equal((await client.ask(`${texts.url}/`)).text, 'ok');
    return Number(process.hrtime.bigint() - start) / 1e6;
  };
  const measure = async (on) => {
    const times = [];
    while (on(times.length)) {
      times.push(await ask());
      await sleep(1);
    }
    times.sort((a, b) => a - b);
    const at = (q) => times[Math.floor(q * (times.length - 1))]?.toFixed(2);
    return `${times.length} texts, median ${at(0.5)} ms, 95 % ${at(0.95)} ms, most ${at(1)} ms`;
  };
  t.diagnostic(`idle: ${await measure((n) => n < 200)}`);
  for (const [what, fields] of [['pass', ['Cache-Control: no-transform']], ['get smaller', []]]) {
    let left = 8;
    const loads = Array.from({ length: 8 }, async (_, i) => {
      const other = await s.client();
      const response = await other.ask(`${pictures.url}/p${i}`, [AVIF, ...fields]);
      assert.ok(response.complete);
      // What gets smaller may run out of time on a busy machine.
      if (what === 'pass') assert.ok(response.body.equals(body(i)));
      left -= 1;
    });
    t.diagnostic(`eight pictures ${what}: ${await measure((n) => left > 0 || n < 100)}`);
    await Promise.all(loads);
  }
});

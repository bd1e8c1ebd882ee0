// Goal: pictures and texts get smaller or pass as they came; what the header
// says agrees with the bytes; nothing is turned, stilled, cropped or broken.

import zlib from 'node:zlib';
import { setTimeout as sleep } from 'node:timers/promises';
import { answer } from '../support/origin.mjs';
import {
  drawing, exifTurn, halves, jpeg, look, photo, png, pngBomb,
} from '../support/images.mjs';
import { assert, flow, sharedProxy } from '../support/flow.mjs';

// Sanitizers and a loaded machine: late would mean the original.
const shared = sharedProxy({ ImageDeadline: 30 });
const plain = sharedProxy({ ImageQuality: [0, 0, 0, 0], Gzip: false, ImageDeadline: 30 });

const WEBP = ['Accept: image/avif,image/webp,image/apng,*/*;q=0.8'];
// What it may become.
const MODERN = ['image/avif', 'image/webp'];
const PHOTO = jpeg(photo(320, 240), { quantizer: 3 });
const PICTURE = png(photo(200, 160));
const DRAWING = png(drawing(320, 200), { level: 0 });

// Serves content under a type; the path says which file.
function serving(body, type, { fields = [], status } = {}) {
  return async (c) => {
    for (let r = await c.request(); r; r = await c.request()) {
      const all = answer(body, { status, fields: [`Content-Type: ${type}`, ...fields] });
      await c.send(r.method === 'HEAD' ? all.subarray(0, all.indexOf('\r\n\r\n') + 4) : all);
    }
  };
}

async function fetchOne(s, body, type, { ask = WEBP, ...options } = {}) {
  const origin = await s.origin(serving(body, type, options));
  const client = await s.client();
  const response = await client.ask(`${origin.url}/picture`, ask, options.request);
  return { response, origin, client };
}

function assertAsItCame(response, body, type) {
  assert.equal(response.status, 200);
  assert.ok(response.complete);
  assert.ok(response.body.equals(body), `changed: ${response.body.length} of ${body.length} bytes`);
  assert.equal(response.get('content-type'), type);
  assert.ok(!response.fields.has('warning'));
}

function assertSmaller(response, body, allowed) {
  assert.equal(response.status, 200);
  assert.ok(response.complete);
  assert.ok(response.body.length < body.length, `${response.body.length} of ${body.length} bytes`);
  const seen = look(response.body);
  assert.equal(response.get('content-type'), seen.type, 'type and bytes differ');
  assert.ok(allowed.includes(seen.type), `${seen.type} was not accepted`);
  const before = look(body);
  assert.deepEqual([seen.width, seen.height], [before.width, before.height]);
  if (response.framing === 'length') {
    assert.equal(Number(response.get('content-length')), response.body.length);
  }
}

for (const [name, body, type] of [['a photo', PHOTO, 'image/jpeg'], ['a PNG photo', PICTURE, 'image/png'],
  ['a drawing', DRAWING, 'image/png']]) {
  flow(shared, `${name} gets smaller for a client that takes AVIF and WebP`, async (s) => {
    const { response } = await fetchOne(s, body, type);
    assertSmaller(response, body, [...MODERN, type]);
    assert.ok(response.fields.tokens('vary').includes('accept'), 'Vary: Accept is missing');
  });
  for (const accept of [['Accept: image/png,image/jpeg,*/*;q=0.1'], ['Accept: image/webp;q=0, */*'], ['Accept: */*'], []]) {
    flow(shared, `${name} is no WebP for ${accept[0] ?? 'no Accept'}`, async (s) => {
      const { response } = await fetchOne(s, body, type, { ask: accept });
      assert.ok(response.complete);
      assert.ok(response.body.length <= body.length);
      assert.notEqual(look(response.body).type, 'image/webp');
      assert.notEqual(look(response.body).type, 'image/avif');
      assert.equal(response.get('content-type'), look(response.body).type);
    });
  }
}

flow(shared, 'validators and digests fit the changed bytes', async (s) => {
  const { response } = await fetchOne(s, PICTURE, 'image/png', {
    fields: ['ETag: "strong"', 'Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT', 'Accept-Ranges: bytes',
      'Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==', 'Digest: sha-256=abc', 'Content-Digest: sha-256=:YWJj:',
      'Repr-Digest: sha-256=:YWJj:', 'Cache-Control: max-age=60', 'Set-Cookie: a=b',
      'Content-Security-Policy: default-src \'self\'', 'Content-Disposition: inline; filename="a.png"',
      'Vary: Cookie', 'X-Mine: 1'],
  });
  assertSmaller(response, PICTURE, [...MODERN, 'image/png']);
  const etag = response.get('etag');
  assert.ok(etag === undefined || etag.startsWith('W/"'), `ETag ${etag}`);
  for (const gone of ['content-md5', 'digest', 'content-digest', 'repr-digest', 'accept-ranges']) {
    const value = response.get(gone);
    assert.ok(value === undefined || (gone === 'accept-ranges' && value === 'none'), `${gone}: ${value}`);
  }
  assert.equal(response.get('set-cookie'), 'a=b');
  assert.equal(response.get('x-mine'), '1');
  assert.equal(response.get('content-security-policy'), "default-src 'self'");
  assert.ok(response.get('cache-control').includes('max-age=60'));
  assert.ok(response.fields.tokens('vary').includes('cookie'));
});

flow(shared, 'HEAD promises no length that GET does not keep', async (s) => {
  const { response, client, origin } = await fetchOne(s, PICTURE, 'image/png');
  const head = await client.ask(`${origin.url}/picture`, WEBP, { method: 'HEAD' });
  assert.equal(head.status, 200);
  const promised = head.get('content-length');
  assert.ok(promised === undefined || Number(promised) === response.body.length, `HEAD says ${promised}`);
  const type = head.get('content-type');
  if (promised !== undefined) {
    assert.equal(type, response.get('content-type'));
  }
});

flow(shared, 'a revalidation with our ETag reaches the origin in its form', async (s) => {
  const seen = [];
  const origin = await s.origin(async (c) => {
    for (let r = await c.request(); r; r = await c.request()) {
      seen.push(r.get('if-none-match'));
      if (r.fields.has('if-none-match')) {
        await c.send('HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\n\r\n');
      } else {
        await c.send(answer(PICTURE, { fields: ['Content-Type: image/png', 'ETag: "v1"'] }));
      }
    }
  });
  const client = await s.client();
  const first = await client.ask(`${origin.url}/p`, WEBP);
  const etag = first.get('etag');
  if (etag === undefined) {
    return;
  }
  const second = await client.ask(`${origin.url}/p`, [...WEBP, `If-None-Match: ${etag}`]);
  assert.equal(second.status, 304);
  assert.match(seen[1], /"v1"/);
  assert.equal(second.body.length, 0);
});

// no-transform, wherever it stands (RFC 9110, 7.7).
for (const [name, fields, ask] of [
  ['alone', ['Cache-Control: no-transform'], WEBP],
  ['among others', ['Cache-Control: max-age=60, no-transform, public'], WEBP],
  ['in capitals', ['Cache-Control: NO-TRANSFORM'], WEBP],
  ['in a second field', ['Cache-Control: public', 'Cache-Control: no-transform'], WEBP],
  ['behind a quoted string', ['Cache-Control: private="set-cookie, x", no-transform'], WEBP],
  ['in the request', [], [...WEBP, 'Cache-Control: no-transform']],
]) {
  for (const [body, type] of [[PICTURE, 'image/png'], [Buffer.from('text '.repeat(2000)), 'text/plain']]) {
    flow(shared, `no-transform ${name} leaves ${type} alone`, async (s) => {
      const { response } = await fetchOne(s, body, type, { fields: ['ETag: "strong"', ...fields], ask: [...ask, 'Accept-Encoding: gzip'] });
      assertAsItCame(response, body, type);
      assert.equal(response.get('etag'), '"strong"');
    });
  }
}
flow(shared, 'no-transform inside a quoted string is no directive', async (s) => {
  const { response } = await fetchOne(s, PICTURE, 'image/png', { fields: ['Cache-Control: x="no-transform"'] });
  assert.ok(response.complete && response.body.length <= PICTURE.length);
});

flow(shared, 'ranges pass untouched', async (s) => {
  const part = PICTURE.subarray(0, 5000);
  const { response, origin } = await fetchOne(s, part, 'image/png', {
    status: '206 Partial Content', fields: [`Content-Range: bytes 0-4999/${PICTURE.length}`], ask: [...WEBP, 'Range: bytes=0-4999'],
  });
  assert.equal(response.status, 206);
  assert.ok(response.body.equals(part));
  assert.equal(response.get('content-range'), `bytes 0-4999/${PICTURE.length}`);
  assert.equal(origin.requests[0].get('range'), 'bytes=0-4999');
});

// Whatever the codec cannot or must not do: the original.
for (const [name, body, type] of [
  ['an empty image', Buffer.alloc(0), 'image/png'],
  ['a tiny image', png(drawing(2, 2)), 'image/png'],
  ['a truncated JPEG', PHOTO.subarray(0, PHOTO.length >> 1), 'image/jpeg'],
  ['a truncated PNG', PICTURE.subarray(0, PICTURE.length >> 1), 'image/png'],
  ['a PNG header alone', PICTURE.subarray(0, 33), 'image/png'],
  ['a corrupt PNG', Buffer.concat([PICTURE.subarray(0, 2000), Buffer.alloc(3000, 0xaa), PICTURE.subarray(5000)]), 'image/png'],
  ['a PNG with a broken checksum', Buffer.concat([PICTURE.subarray(0, -16), Buffer.alloc(16)]), 'image/png'],
  ['HTML that says image/png', Buffer.from(`<html>${'x'.repeat(3000)}</html>`), 'image/png'],
  ['noise that says image/jpeg', Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) & 255)), 'image/jpeg'],
  ['an SVG', Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">${'<path d="M0 0"/>'.repeat(300)}</svg>`), 'image/svg+xml'],
  ['an icon', Buffer.concat([Buffer.from('000001000100', 'hex'), Buffer.alloc(3000, 1)]), 'image/x-icon'],
  ['an unknown image type', Buffer.alloc(3000, 7), 'image/x-unknown'],
  ['a pixel bomb', pngBomb(60000, 60000), 'image/png'],
  ['a wide pixel bomb', pngBomb(2000000000, 1), 'image/png'],
  ['a picture of no width', pngBomb(0, 100), 'image/png'],
  ['a WebP that is none', Buffer.concat([Buffer.from('RIFF\x10\x20\0\0WEBPVP8 ', 'latin1'), Buffer.alloc(4000, 3)]), 'image/webp'],
  ['an AVIF that is none', Buffer.concat([Buffer.from('\0\0\0\x20ftypavif', 'latin1'), Buffer.alloc(4000, 3)]), 'image/avif'],
]) {
  flow(shared, `${name} passes as it came`, async (s) => {
    const { response, client, origin } = await fetchOne(s, body, type, { fields: ['ETag: "strong"'], ask: WEBP });
    assertAsItCame(response, body, type);
    // And the proxy is fit for the next.
    assert.equal((await client.ask(`${origin.url}/again`, WEBP)).status, 200);
  });
}

flow(shared, 'a picture under a wrong type keeps type and bytes in agreement', async (s) => {
  for (const [body, type] of [[PHOTO, 'image/png'], [PICTURE, 'image/jpeg'], [PHOTO, 'image/gif'], [PICTURE, 'image/webp']]) {
    const { response } = await fetchOne(s, body, type);
    if (!response.body.equals(body)) {
      assert.equal(response.get('content-type'), look(response.body).type);
      assert.ok(response.body.length < body.length);
    }
  }
});

flow(shared, 'a picture under a type that is no image is left alone', async (s) => {
  for (const type of ['application/octet-stream', 'text/plain', 'text/html', 'application/json']) {
    const { response } = await fetchOne(s, PICTURE, type);
    assertAsItCame(response, PICTURE, type);
  }
});

flow(shared, 'a turned photo stays turned the same way', async (s) => {
  for (const turn of [1, 2, 3, 4, 5, 6, 7, 8]) {
    const body = jpeg(halves(240, 160), { quantizer: 2, app: [exifTurn(turn)] });
    for (const ask of [WEBP, ['Accept: image/jpeg']]) {
      const { response } = await fetchOne(s, body, 'image/jpeg', { ask });
      assert.ok(response.complete);
      if (response.body.equals(body)) {
        continue;
      }
      const seen = look(response.body);
      const kept = response.body.includes('Exif\0\0');
      const sides = kept || turn < 5 ? [240, 160] : [160, 240];
      assert.deepEqual([seen.width, seen.height], sides, `turn ${turn}, ${seen.type}`);
    }
  }
});

flow(shared, 'a picture in chunks, by trickle, or until the end is whole and smaller', async (s) => {
  const half = PICTURE.length >> 1;
  for (const serve of [
    async (c) => c.send('HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n',
      `${half.toString(16)}\r\n`, PICTURE.subarray(0, half), 50, `\r\n${(PICTURE.length - half).toString(16)}\r\n`,
      PICTURE.subarray(half), '\r\n0\r\n\r\n'),
    async (c) => {
      await c.send(`HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: ${PICTURE.length}\r\n\r\n`);
      await c.trickle(PICTURE, 4001, 3);
    },
    async (c) => {
      await c.send('HTTP/1.0 200 OK\r\nContent-Type: image/png\r\n\r\n', PICTURE);
      c.half();
    },
  ]) {
    const origin = await s.origin(async (c) => {
      await c.request();
      await serve(c);
      await c.request();
    });
    const client = await s.client();
    assertSmaller(await client.ask(`${origin.url}/p`, WEBP), PICTURE, [...MODERN, 'image/png']);
    const old = await s.client();
    const response = await old.ask(`${origin.url}/p`, WEBP, { version: '1.0' });
    assertSmaller(response, PICTURE, [...MODERN, 'image/png']);
  }
});

flow(shared, 'a picture cut short never looks whole', async (s) => {
  for (const head of [`Content-Length: ${PICTURE.length}`, 'Transfer-Encoding: chunked']) {
    for (const how of ['half', 'reset']) {
      const origin = await s.origin(async (c) => {
        await c.request();
        const chunk = head.startsWith('T') ? `${PICTURE.length.toString(16)}\r\n` : '';
        await c.send(`HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n${head}\r\n\r\n${chunk}`, PICTURE.subarray(0, 30000), 50);
        c[how]();
      });
      const client = await s.client();
      let response = null;
      try {
        response = await client.ask(`${origin.url}/p`, WEBP);
      } catch (err) {
        assert.equal(err.name, 'Cut');
      }
      assert.ok(!response || response.status === 502 || !response.complete, 'looks whole');
    }
  }
});

for (const status of ['404 Not Found', '500 Internal Server Error', '403 Forbidden']) {
  flow(shared, `a picture of a ${status} is left alone`, async (s) => {
    const { response } = await fetchOne(s, PICTURE, 'image/png', { status });
    assert.ok(response.body.equals(PICTURE));
  });
}

flow(shared, 'an encoded picture is whole, whatever is done to it', async (s) => {
  const coded = zlib.gzipSync(PICTURE);
  const { response } = await fetchOne(s, coded, 'image/png', { fields: ['Content-Encoding: gzip'], ask: [...WEBP, 'Accept-Encoding: gzip'] });
  assert.ok(response.complete);
  const body = response.get('content-encoding') === 'gzip' ? zlib.gunzipSync(response.body) : response.body;
  assert.ok([...MODERN, 'image/png'].includes(look(body).type));
  assert.equal(response.get('content-type'), look(body).type);
  assert.equal(look(body).width, 200);
});

flow(shared, 'many pictures at once are each themselves', async (s) => {
  const sizes = Array.from({ length: 24 }, (_, i) => [40 + i * 3, 30 + i * 2]);
  const bodies = sizes.map(([w, h], i) => png(photo(w, h, i)));
  const origin = await s.origin(async (c) => {
    for (let r = await c.request(); r; r = await c.request()) {
      await c.send(answer(bodies[Number(r.target.slice(1))], { fields: ['Content-Type: image/png'] }));
    }
  });
  await Promise.all(bodies.map(async (body, i) => {
    const client = await s.client();
    const response = await client.ask(`${origin.url}/${i}`, WEBP);
    assert.ok(response.complete);
    assert.deepEqual([look(response.body).width, look(response.body).height], sizes[i]);
    assert.ok(response.body.length <= body.length);
    client.close();
  }));
});

flow(shared, 'a client that leaves during the work harms nobody', async (s) => {
  const origin = await s.origin(serving(PICTURE, 'image/png'));
  for (let i = 0; i < 20; i += 1) {
    const client = await s.client();
    await client.send(`GET ${origin.url}/${i} HTTP/1.1\r\nHost: a\r\n${WEBP[0]}\r\n\r\n`, (i * 7) % 40);
    client.reset();
  }
  await sleep(100);
  const client = await s.client();
  assertSmaller(await client.ask(`${origin.url}/last`, WEBP), PICTURE, [...MODERN, 'image/png']);
});

flow(shared, 'a codec that is killed costs the saving, not the picture', async (s) => {
  const origin = await s.origin(serving(PICTURE, 'image/png'));
  for (let i = 0; i < 10; i += 1) {
    const client = await s.client();
    const asking = client.ask(`${origin.url}/${i}`, WEBP);
    await sleep(i * 4);
    for (const pid of shared.it.children) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It was gone already.
      }
    }
    const response = await asking;
    assert.equal(response.status, 200);
    assert.ok(response.complete);
    assert.ok([...MODERN, 'image/png'].includes(look(response.body).type));
    assert.equal(look(response.body).width, 200);
    client.close();
  }
});

flow(plain, 'ImageQuality 0 leaves pictures alone', async (s) => {
  for (const [body, type] of [[PHOTO, 'image/jpeg'], [PICTURE, 'image/png']]) {
    const { response } = await fetchOne(s, body, type);
    assertAsItCame(response, body, type);
  }
});

// ---- texts ----

const TEXT = Buffer.from('<!DOCTYPE html><p>Some words of a page, again and again.</p>\n'.repeat(400));
const CODERS = {
  gzip: zlib.gunzipSync, br: zlib.brotliDecompressSync, deflate: zlib.inflateSync, identity: (b) => b,
};

function decoded(response) {
  const coding = response.get('content-encoding');
  return coding === undefined ? response.body : CODERS[coding](response.body);
}

for (const accept of ['gzip', 'br', 'gzip, deflate, br', 'gzip;q=0.5, br;q=1', '*', 'GZIP']) {
  flow(shared, `text is coded for Accept-Encoding: ${accept}`, async (s) => {
    const { response } = await fetchOne(s, TEXT, 'text/html; charset=utf-8', { ask: [`Accept-Encoding: ${accept}`] });
    assert.ok(response.complete);
    assert.ok(response.body.length < TEXT.length / 2, `${response.body.length} bytes`);
    if (response.get('content-encoding') !== 'zstd') {
      assert.ok(decoded(response).equals(TEXT));
    }
    assert.ok(response.fields.tokens('vary').includes('accept-encoding'));
    assert.equal(response.get('content-type'), 'text/html; charset=utf-8');
  });
}
for (const fields of [[], ['Accept-Encoding: identity'], ['Accept-Encoding: gzip;q=0, br;q=0, zstd;q=0, deflate;q=0'],
  ['Accept-Encoding: *;q=0, identity'], ['Accept-Encoding: x-unknown']]) {
  flow(shared, `text stays plain for ${fields[0] ?? 'no Accept-Encoding'}`, async (s) => {
    const { response } = await fetchOne(s, TEXT, 'text/html', { ask: fields });
    assert.ok(!response.fields.has('content-encoding'));
    assert.ok(response.body.equals(TEXT));
  });
  flow(shared, `coded text is decoded or acceptable for ${fields[0] ?? 'no Accept-Encoding'}`, async (s) => {
    const coded = zlib.gzipSync(TEXT);
    const origin = await s.origin(async (c) => {
      for (let r = await c.request(); r; r = await c.request()) {
        const takes = /gzip(?!;q=0)/.test(r.get('accept-encoding') ?? '');
        await c.send(takes ? answer(coded, { fields: ['Content-Type: text/html', 'Content-Encoding: gzip'] })
          : answer(TEXT, { fields: ['Content-Type: text/html'] }));
      }
    });
    const client = await s.client();
    const response = await client.ask(`${origin.url}/`, fields);
    assert.ok(!response.fields.has('content-encoding'), 'a coding nobody asked for');
    assert.ok(response.body.equals(TEXT));
  });
}

for (const [name, bytes, fields] of [
  ['corrupt gzip', Buffer.concat([zlib.gzipSync(TEXT).subarray(0, 100), Buffer.alloc(200, 0x55)]), ['Content-Encoding: gzip']],
  ['truncated gzip', zlib.gzipSync(TEXT).subarray(0, 120), ['Content-Encoding: gzip']],
]) {
  flow(shared, `${name} never becomes a whole answer of other bytes`, async (s) => {
    const { response } = await fetchOne(s, bytes, 'text/html', { fields, ask: ['Accept: */*'] });
    if (response && response.status === 200 && response.complete) {
      assert.equal(response.get('content-encoding'), 'gzip');
      assert.ok(response.body.equals(bytes));
    }
  });
}
flow(shared, 'text that says gzip and is none', async (s) => {
  const { response } = await fetchOne(s, TEXT, 'text/html', { fields: ['Content-Encoding: gzip'], ask: ['Accept-Encoding: gzip'] });
  if (response && response.status === 200 && response.complete) {
    assert.ok(response.body.equals(TEXT));
    assert.equal(response.get('content-encoding'), 'gzip');
  }
});

flow(shared, 'codings we do not know pass as they came', async (s) => {
  for (const coding of ['compress', 'x-odd', 'aes128gcm', 'gzip, x-odd']) {
    const { response } = await fetchOne(s, TEXT, 'text/html', { fields: [`Content-Encoding: ${coding}`], ask: ['Accept-Encoding: gzip, x-odd'] });
    assert.ok(response.body.equals(TEXT), coding);
    assert.equal(response.get('content-encoding'), coding);
  }
});

flow(shared, 'a decompression bomb is cut, and costs no memory', async (s) => {
  const bomb = zlib.gzipSync(Buffer.alloc(200 << 20), { level: 9 });
  const before = shared.it.memory;
  const { response } = await fetchOne(s, bomb, 'text/html', { fields: ['Content-Encoding: gzip'], ask: ['Accept: */*'] });
  assert.ok(!response || !response.complete || response.body.length <= 200 << 20);
  shared.it.assertGrowth(before, 80 << 10);
});

flow(shared, 'text without a change says so: strong ETag only for the same bytes', async (s) => {
  const { response } = await fetchOne(s, TEXT, 'text/html', { fields: ['ETag: "v1"'], ask: ['Accept-Encoding: gzip'] });
  const etag = response.get('etag');
  assert.ok(response.fields.has('content-encoding'));
  assert.notEqual(etag, '"v1"');
});

flow(shared, 'an event stream is not held back', async (s) => {
  const origin = await s.origin(async (c) => {
    await c.request();
    await c.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\ne\r\ndata: first\n\n\n\r\n');
    c.keep = true;
  });
  const client = await s.client();
  await client.send(`GET ${origin.url}/ HTTP/1.1\r\nHost: a\r\nAccept-Encoding: identity\r\n\r\n`);
  let got = '';
  for (let i = 0; i < 200 && !got.includes('first'); i += 1) {
    got += (await client.linger(50)).toString('latin1');
  }
  assert.ok(got.includes('first'), 'the first event is held back');
});

flow(plain, 'with everything off HTML, CSS and scripts are byte for byte', async (s) => {
  for (const [body, type] of [[TEXT, 'text/html'], [Buffer.from('a { color : red }\n'.repeat(200)), 'text/css'],
    [Buffer.from('var a = 1; // comment\n'.repeat(200)), 'text/javascript']]) {
    const { response } = await fetchOne(s, body, type, { ask: ['Accept-Encoding: gzip'] });
    assertAsItCame(response, body, type);
  }
});

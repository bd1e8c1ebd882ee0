// Goal: a codec that has been taken over opens a file or a socket, starts a
// program, makes code: the kernel ends it each time, the page's picture arrives
// as the origin sent it, and so does the next one.

import fs from 'node:fs';
import path from 'node:path';
import { jpeg, photo } from '../support/images.mjs';
import { answer } from '../support/origin.mjs';
import { PROGRAM } from '../support/pared.mjs';
import { assert, flow, sharedProxy } from '../support/flow.mjs';

// As tests/support/rogue_codec.h has them.
const WIDTH = 200;
const DEEDS = 13;
const LEFT_BEHIND = 'rogue-was-here';

const ROGUE = path.join(path.dirname(PROGRAM), 'tests', 'rogue_codec');
const shared = sharedProxy({ CodecPath: ROGUE });

const pictures = new Map();
function picture(width) {
  if (!pictures.has(width)) {
    pictures.set(width, jpeg(photo(width, 120, width), { quantizer: 3 }));
  }
  return pictures.get(width);
}

async function serve(c) {
  for (let r = await c.request(); r; r = await c.request()) {
    const body = picture(Number(/(\d+)\.jpg$/.exec(r.target)[1]));
    await c.send(answer(body, { fields: ['Content-Type: image/jpeg'] }));
  }
}

async function load(s, origin, width) {
  const client = await s.client();
  const response = await client.ask(`${origin.url}/${width}.jpg`,
    ['Accept: image/avif,image/webp']);
  assert.equal(response?.status, 200);
  assert.ok(response.complete);
  assert.equal(response.get('content-type'), 'image/jpeg');
  assert.ok(response.body.equals(picture(width)), 'not the origin\'s picture');
  client.close();
}

for (let deed = 0; deed < DEEDS; deed += 1) {
  flow(shared, `deed ${deed}, and the next picture`, async (s) => {
    const origin = await s.origin(serve);
    const start = s.proxy.stderr.length;
    await load(s, origin, WIDTH + deed);
    await load(s, origin, WIDTH + DEEDS);
    if (deed === 0) {
      await s.proxy.wrote(/helper: .*rogue_codec: .*its job is lost/, start);
    }
    assert.ok(!fs.existsSync(path.join(s.proxy.dir, LEFT_BEHIND)));
  });
}

flow(shared, 'a whole page at once', async (s) => {
  const origin = await s.origin(serve);
  await Promise.all(Array.from({ length: 2 * DEEDS },
    (_, i) => load(s, origin, WIDTH + i)));
});

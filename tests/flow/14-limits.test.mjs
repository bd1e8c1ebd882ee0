// Goal: nothing a peer sends grows without a limit, the limits have their own
// answers, and one who is slow or floods holds up nobody else.

import { answer } from '../support/origin.mjs';
import { get } from '../support/client.mjs';
import { Late } from '../support/wire.mjs';
import { assert, flow, refused, served, sharedProxy } from '../support/flow.mjs';

const shared = sharedProxy();
const quick = sharedProxy({
  HeaderTimeout: 1, IdleTimeout: 1, ResponseTimeout: 1, ConnTimeout: 2, TunnelTimeout: 1,
  RestrictOutPortCONNECT: ['1-65535'],
});

served(shared, 'a target of 8,000 bytes (RFC 9110, 4.1: at least that)',
  (o) => get(`${o.url}/${'a'.repeat(7900)}`), ({ request }) => {
    assert.equal(request.target.length, 7901);
  });
refused(shared, 'a target of 100 kB', 414, (o) => get(`${o.url}/${'a'.repeat(100000)}`));
refused(shared, 'a target of 2 MB', 414, (o) => get(`${o.url}/${'a'.repeat(2 << 20)}`));
refused(shared, 'a query of 100 kB', 414, (o) => get(`${o.url}/?${'a'.repeat(100000)}`));
refused(shared, 'a target without end', [414, 400, null],
  (o) => [`GET ${o.url}/`, ...Array.from({ length: 64 }, () => 'a'.repeat(65536))]);
refused(shared, 'a method without end', [400, 414, 501, null],
  () => ['X'.repeat(65536), ...Array.from({ length: 30 }, () => 'X'.repeat(65536))]);
refused(shared, 'a method of 5 kB', [400, 414, 501], (o) => get(`${o.url}/`, [], { method: 'X'.repeat(5000) }));

served(shared, 'a field of 8 kB', (o) => get(`${o.url}/`, [`X: ${'y'.repeat(8192)}`]), ({ request }) => {
  assert.equal(request.get('x').length, 8192);
});
served(shared, 'eighty fields', (o) => get(`${o.url}/`, Array.from({ length: 80 }, (_, i) => `X-${i}: ${i}`)),
  ({ request }) => assert.equal(request.get('x-79'), '79'));
refused(shared, 'a field of 200 kB', 431, (o) => get(`${o.url}/`, [`X: ${'y'.repeat(200000)}`]));
refused(shared, 'a field name of 200 kB', [400, 431], (o) => get(`${o.url}/`, [`${'X'.repeat(200000)}: y`]));
refused(shared, 'a cookie of 2 MB', 431, (o) => get(`${o.url}/`, [`Cookie: a=${'y'.repeat(2 << 20)}`]));
refused(shared, 'five thousand fields', 431,
  (o) => get(`${o.url}/`, Array.from({ length: 5000 }, (_, i) => `X-${i}: ${i}`)));
refused(shared, 'fifty thousand empty fields', 431,
  (o) => get(`${o.url}/`, Array.from({ length: 50000 }, () => 'a:')));
refused(shared, 'a header section without end', [431, null], (o) => [
  `GET ${o.url}/ HTTP/1.1\r\nHost: ${o.authority}\r\n`,
  ...Array.from({ length: 200 }, () => 'X-Field: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n'.repeat(200)),
]);
refused(shared, 'one field without end', [431, null], (o) => [
  `GET ${o.url}/ HTTP/1.1\r\nHost: ${o.authority}\r\nX: `,
  ...Array.from({ length: 64 }, () => 'y'.repeat(65536)),
]);
refused(shared, 'a Connection of a thousand tokens that are no fields', [200, 400, 431],
  (o) => `GET ${o.url.replace('http', 'ftp')}/ HTTP/1.1\r\nHost: a\r\nConnection: ` +
    `${Array.from({ length: 1000 }, (_, i) => `t${i}`).join(',')}\r\n\r\n`, { closes: false });

flow(shared, 'work is linear: a hard header costs like an easy one of its size', async (s) => {
  const origin = await s.origin();
  const client = await s.client();
  const tokens = Array.from({ length: 2500 }, (_, i) => `t${i}`).join(',');
  const started = Date.now();
  for (const fields of [
    [`Connection: ${tokens}`, ...Array.from({ length: 100 }, (_, i) => `X-${i}: y`)],
    [`Accept: ${'a/b;q=0.1,'.repeat(3000)}*/*`],
    [`Via: ${Array.from({ length: 1500 }, (_, i) => `1.1 p${i}`).join(', ')}`],
    [`Accept-Encoding: ${'gzip;q=0,'.repeat(3000)}br`],
    [`X: ${'"'.repeat(15000)}`, `Cache-Control: ${'"\\'.repeat(10000)}`],
  ]) {
    const response = await client.ask(`${origin.url}/`, fields);
    assert.ok([200, 400, 431].includes(response?.status), `${response?.status}`);
    if (response.status !== 200) {
      break;
    }
  }
  assert.ok(Date.now() - started < 20000);
});

// Cut-offs: the upper bound is generous, that there is one is what counts.
const WAIT = 25000;

flow(quick, 'a header that never ends is cut off', async (s) => {
  const origin = await s.origin();
  for (const start of ['G', `GET ${origin.url}/`, `GET ${origin.url}/ HTTP/1.1\r\nHost: a`,
    `GET ${origin.url}/ HTTP/1.1\r\nHost: ${origin.authority}\r\n`]) {
    const client = await s.client();
    await client.send(start);
    assert.ok(await client.endsWithin(WAIT), 'held for ever');
    const got = (await client.linger(0)).toString('latin1');
    assert.ok(got === '' || got.startsWith('HTTP/1.1 408 '), got);
  }
  assert.equal(origin.connections, 0);
});

flow(quick, 'a header that trickles is cut off: each byte buys no time', async (s) => {
  const origin = await s.origin();
  const client = await s.client();
  await client.send(`GET ${origin.url}/ HTTP/1.1\r\nHost: ${origin.authority}\r\n`);
  const until = Date.now() + WAIT;
  while (!client.end && Date.now() < until) {
    await client.send('X: y\r\n', 200);
  }
  assert.ok(client.end, 'a slow header is read for ever');
  assert.equal(origin.connections, 0);
});

flow(quick, 'a silent client is closed', async (s) => {
  const client = await s.client();
  assert.ok(await client.endsWithin(WAIT), 'held for ever');
});

flow(quick, 'an idle kept connection is closed', async (s) => {
  const origin = await s.origin();
  const client = await s.client();
  assert.equal((await client.ask(`${origin.url}/`)).status, 200);
  assert.ok(await client.endsWithin(WAIT), 'held for ever');
  assert.equal((await client.linger(0)).length, 0, 'something was said to an idle client');
});

flow(quick, 'an origin that never answers is 504', async (s) => {
  const origin = await s.origin(async (c) => {
    await c.request();
    c.keep = true;
  });
  const client = await s.client();
  const response = await client.ask(`${origin.url}/`);
  assert.equal(response.status, 504);
  assert.ok(response.complete);
});

// Whether time is counted from the request, not from what came before it.
flow(quick, 'an origin that falls silent on a kept connection is 504 as soon', async (s) => {
  const origin = await s.origin(async (c) => {
    await c.request();
    await c.send(answer());
    await c.request();
    c.keep = true;
  });
  const mute = await s.origin(async (c) => {
    await c.request();
    c.keep = true;
  });
  const client = await s.client();
  const timed = async (url) => {
    const started = Date.now();
    assert.equal((await client.ask(url)).status, 504);
    return Date.now() - started;
  };
  const fresh = await timed(`${mute.url}/`);
  assert.equal((await client.ask(`${origin.url}/1`)).status, 200);
  const kept = await timed(`${origin.url}/2`);
  assert.ok(kept < fresh + 800, `${kept} ms on a kept connection, ${fresh} on a new one`);
});

flow(quick, 'an origin whose header trickles is 504', async (s) => {
  const origin = await s.origin(async (c) => {
    await c.request();
    await c.send('HTTP/1.1 200 OK\r\n');
    for (let i = 0; i < 200 && !c.end && !c.gone; i += 1) {
      await c.send('X: y\r\n', 150);
    }
  });
  const client = await s.client();
  const response = await client.ask(`${origin.url}/`);
  assert.equal(response.status, 504);
});

flow(quick, 'an origin that stops inside its content is cut, and seen to be', async (s) => {
  for (const head of ['Content-Length: 100', 'Transfer-Encoding: chunked']) {
    const origin = await s.origin(async (c) => {
      await c.request();
      await c.send(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n5\r\nhello\r\n`);
      c.keep = true;
    });
    const client = await s.client();
    await client.send(get(`${origin.url}/`));
    const response = await client.response();
    assert.ok(!response.complete, 'looks whole');
  }
});

flow(quick, 'an upload that stops is cut off and never looks whole', async (s) => {
  const origin = await s.origin();
  const client = await s.client();
  await client.send(`POST ${origin.url}/ HTTP/1.1\r\nHost: ${origin.authority}\r\nContent-Length: 100\r\n\r\nhello`);
  assert.ok(await client.endsWithin(WAIT), 'held for ever');
  assert.equal(origin.requests.length, 0);
});

flow(quick, 'an idle tunnel is closed', async (s) => {
  const origin = await s.origin(async (c) => {
    c.keep = true;
    await c.ended();
  });
  const client = await s.client();
  assert.equal((await client.connectTo(origin.authority)).status, 200);
  assert.ok(await client.endsWithin(WAIT), 'held for ever');
});

flow(quick, 'a body that trickles is no timeout', async (s) => {
  const origin = await s.origin(async (c) => {
    await c.request();
    await c.send('HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n');
    await c.trickle('hello, world', 1, 350);
  });
  const client = await s.client();
  const response = await client.ask(`${origin.url}/`);
  assert.equal(response.text, 'hello, world');
  assert.ok(response.complete);
});

flow(shared, 'two hundred slow clients hold up nobody', async (s) => {
  const origin = await s.origin(async (c) => {
    while (await c.request()) {
      await c.send(answer());
    }
  });
  const slow = [];
  for (let i = 0; i < 200; i += 1) {
    const client = await s.client();
    await client.send(`GET ${origin.url}/ HTTP/1.1\r\nX: `);
    slow.push(client);
  }
  const client = await s.client();
  for (let i = 0; i < 10; i += 1) {
    assert.equal((await client.ask(`${origin.url}/${i}`)).status, 200);
  }
  assert.ok(await shared.it.healthy());
  slow.forEach((c) => c.reset());
});

flow(shared, 'a client that asks without reading is held up, not buffered', async (s) => {
  const body = Buffer.alloc(100000, 'x');
  const origin = await s.origin(async (c) => {
    while (await c.request()) {
      await c.send(answer(body));
    }
  });
  const client = await s.client();
  client.pause();
  const before = shared.it.memory;
  const ask = get(`${origin.url}/`);
  const sending = (async () => {
    for (let i = 0; i < 500; i += 1) {
      await client.send(Buffer.concat(Array.from({ length: 20 }, () => ask)));
    }
  })();
  await new Promise((r) => { setTimeout(r, 2500); });
  shared.it.assertGrowth(before, 24 << 10);
  assert.ok(origin.requests.length < 1000, `${origin.requests.length} were asked for`);
  client.reset();
  await sending.catch((err) => assert.ok(err instanceof Late));
});

const big = sharedProxy({ Workers: 1 });

flow(big, 'pictures that are collected at once have one limit together', async (s) => {
  const { jpeg, photo } = await import('../support/images.mjs');
  const body = Buffer.concat([jpeg(photo(640, 480), { quantizer: 3 }).subarray(0, -2),
    Buffer.alloc(11 << 20, 0x55)]);
  const origin = await s.origin(async (c) => {
    await c.request();
    await c.send(`HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: ${body.length}\r\n\r\n`,
      body.subarray(0, -1));
    c.keep = true;
  });
  const before = big.it.memory;
  for (let i = 0; i < 24; i += 1) {
    const client = await s.client();
    client.pause();
    await client.send(get(`${origin.url}/${i}`, ['Accept: image/webp']));
  }
  // Until nothing moves any more.
  for (let seen = -1, now = 0; seen !== now;) {
    seen = now;
    await new Promise((r) => { setTimeout(r, 1000); });
    now = big.it.memory;
  }
  big.it.assertGrowth(before, 160 << 10);
});

// The portal's answers wait for no origin, and so nothing but the client's own
// reading holds them back.
flow(shared, 'a client that asks for our own pages without reading is held up too', async (s) => {
  const ask = Buffer.from(`GET / HTTP/1.1\r\nHost: ${shared.it.authority}\r\n\r\n`.repeat(1000));
  const client = await s.client();
  client.pause();
  const before = shared.it.memory;
  const sending = (async () => {
    for (let i = 0; i < 100; i += 1) {
      await client.send(ask);
    }
  })();
  await new Promise((r) => { setTimeout(r, 3000); });
  shared.it.assertGrowth(before, 24 << 10);
  client.reset();
  await sending;
});

flow(shared, 'and gets every answer once it reads', async (s) => {
  const client = await s.client();
  client.pause();
  await client.send(Buffer.from(
    `GET / HTTP/1.1\r\nHost: ${shared.it.authority}\r\n\r\n`.repeat(3000)));
  await new Promise((r) => { setTimeout(r, 500); });
  client.resume();
  for (let i = 0; i < 3000; i += 1) {
    assert.equal((await client.response())?.status, 200, `answer ${i}`);
  }
});

// Goal: a request goes to its origin and the answer comes back, byte for byte,
// and pared starts, serves and ends cleanly.

import { randomBytes } from 'node:crypto';
import { answer } from '../support/origin.mjs';
import { get } from '../support/client.mjs';
import { assert, flow, served, sharedProxy } from '../support/flow.mjs';

const shared = sharedProxy();

served(shared, 'GET in absolute-form becomes origin-form',
  (o) => get(`${o.url}/a/b?c=d&e`), ({ request, response, origin }) => {
    assert.equal(request.method, 'GET');
    assert.equal(request.target, '/a/b?c=d&e');
    assert.equal(request.version, '1.1');
    assert.equal(request.get('host'), origin.authority);
    assert.equal(response.text, 'ok');
    assert.equal(response.version, '1.1');
  });

served(shared, 'HEAD has a length and no content',
  (o) => get(`${o.url}/`, [], { method: 'HEAD' }),
  async ({ request, response, client, origin }) => {
    assert.equal(request.method, 'HEAD');
    assert.equal(response.get('content-length'), '2');
    assert.equal((await client.linger(200)).length, 0);
    // The connection is still in step.
    assert.equal((await client.ask(`${origin.url}/next`)).text, 'ok');
  }, { method: 'HEAD' });

for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'GET', 'REPORT', 'M-SEARCH', 'get']) {
  const body = randomBytes(70000);
  served(shared, `${method} with content arrives whole`,
    (o) => get(`${o.url}/p`, [], { method, body }), ({ request }) => {
      assert.equal(request.method, method);
      assert.ok(request.body.equals(body));
    });
}

served(shared, 'POST without content says so',
  (o) => get(`${o.url}/`, [], { method: 'POST', body: '' }), ({ request }) => {
    assert.equal(request.get('content-length'), '0');
  });

const blob = randomBytes(300000);
for (const [name, serve] of [
  ['length', (c) => c.send(answer(blob))],
  ['chunks', (c) => c.send(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' +
    `1\r\n${blob.subarray(0, 1).toString('latin1')}\r\n` +
    `${(blob.length - 1).toString(16)}\r\n`, blob.subarray(1), '\r\n0\r\n\r\n')],
  ['close', async (c) => {
    await c.send('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n', blob);
    c.half();
  }],
]) {
  served(shared, `content until its ${name} arrives whole`,
    (o) => get(`${o.url}/blob`), ({ response }) => {
      assert.ok(response.body.equals(blob));
      assert.notEqual(response.framing, 'none');
    }, { serve: async (c) => { await c.request(); await serve(c); await c.request(); } });
  served(shared, `content until its ${name} arrives whole at a 1.0 client`,
    (o) => get(`${o.url}/blob`, [], { version: '1.0' }), ({ response }) => {
      assert.ok(response.body.equals(blob));
    }, {
      sent: '1.0',
      serve: async (c) => { await c.request(); await serve(c); await c.request(); },
    });
}

served(shared, 'status, reason and unknown fields are the origin\'s',
  (o) => get(`${o.url}/`), ({ response }) => {
    assert.equal(response.reason, "I'm a teapot");
    assert.deepEqual(response.all('x-many'), ['1', '2']);
    assert.equal(response.get('X-Empty'), '');
    assert.deepEqual(response.all('set-cookie'), ['a=1; Path=/', 'b=2, c']);
  }, {
    status: 418,
    serve: async (c) => {
      await c.request();
      await c.send(answer('', {
        status: "418 I'm a teapot",
        fields: ['X-Many: 1', 'Set-Cookie: a=1; Path=/', 'X-Empty:',
          'X-Many: 2', 'Set-Cookie: b=2, c'],
      }));
    },
  });

flow(shared, 'an origin that refuses is 502, and the client connection stays', async (s) => {
  const origin = await s.origin();
  const { url } = origin;
  await origin.stop();
  const client = await s.client();
  const response = await client.ask(`${url}/`);
  assert.equal(response.status, 502);
  assert.ok(response.complete);
  assert.match(response.get('cache-control') ?? '', /no-store/);
  // The client's connection outlives the origin's failure.
  assert.equal((await client.ask(`${url}/`)).status, 502);
});

flow(shared, 'an error page does not echo the target raw', async (s) => {
  const origin = await s.origin();
  const { url } = origin;
  await origin.stop();
  const client = await s.client();
  const response = await client.ask(
    `${url}/x'"()%3Cscript%3E&lt;/?<img>`.replace('<img>', '%3Cimg%3E'),
    ['Accept: text/html']);
  assert.equal(response.status, 502);
  assert.match(response.get('content-type'), /^text\/html/);
  assert.ok(!response.text.includes(`x'"`), 'quotes are not escaped');
});

for (const [name, serve] of [
  ['closes without a byte', (c) => { c.close(); }],
  ['resets', (c) => { c.reset(); }],
  ['closes inside the status line', async (c) => { await c.send('HTTP/1.1 20'); }],
  ['closes inside the header', async (c) => { await c.send('HTTP/1.1 200 OK\r\nA: b\r\n'); }],
]) {
  flow(shared, `an origin that ${name} is 502`, async (s) => {
    const origin = await s.origin(async (c) => {
      await c.request();
      await serve(c);
    });
    const client = await s.client();
    const response = await client.ask(`${origin.url}/`, [], { method: 'POST', body: 'x' });
    assert.equal(response?.status, 502);
  });
}

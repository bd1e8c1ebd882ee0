// Goal: fields for one connection stay on it (RFC 9110, 7.6): hop-by-hop and
// nominated fields, proxy credentials, Via with a pseudonym, Max-Forwards.

import { answer } from '../support/origin.mjs';
import { get } from '../support/client.mjs';
import { assert, flow, served, sharedProxy } from '../support/flow.mjs';
import { Pared } from '../support/pared.mjs';

const shared = sharedProxy();

for (const field of ['Connection: keep-alive', 'Connection: close', 'Proxy-Connection: keep-alive',
  'Proxy-Connection: close', 'Keep-Alive: timeout=5, max=100', 'TE: trailers', 'TE: gzip',
  'Proxy-Authorization: Basic YTpi', 'Proxy-Authenticate: Basic', 'Upgrade: h2c', 'Upgrade: websocket',
  'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA', 'Trailer: X']) {
  served(shared, `request field ${field} stays here`, (o) => get(`${o.url}/`, [field, 'X-Stays: 1']),
    ({ request }) => {
      const name = field.split(':')[0];
      if (name === 'Connection') {
        // Our own Connection is ours to choose.
        assert.ok(request.fields.tokens('connection').every((t) => ['close', 'keep-alive'].includes(t)));
      } else if (name !== 'Trailer' && name !== 'HTTP2-Settings') {
        assert.ok(!request.fields.has(name), `${name}: ${request.get(name)}`);
      }
      assert.equal(request.get('x-stays'), '1');
    });
}

for (const [name, connection, field] of [
  ['one', 'X-Gone', 'X-Gone: 1'],
  ['in another case', 'x-GONE', 'X-Gone: 1'],
  ['beside close', 'close, X-Gone', 'X-Gone: 1'],
  ['with spaces and commas', ' , X-Gone ,,', 'X-Gone: 1'],
  ['several times', 'X-Gone, X-Gone', 'X-Gone: 1\r\nX-Gone: 2'],
  ['TE', 'TE', 'TE: trailers'],
  ['Cookie', 'Cookie', 'Cookie: a=b'],
  ['h2c', 'Upgrade, HTTP2-Settings', 'Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'],
]) {
  served(shared, `fields that Connection names are removed: ${name}`,
    (o) => get(`${o.url}/`, [`Connection: ${connection}`, ...field.split('\r\n'), 'X-Stays: 1']),
    ({ request }) => {
      const gone = field.split(':')[0];
      assert.ok(!request.fields.has(gone), `${gone} went on`);
      assert.ok(!request.fields.has('http2-settings'));
      assert.ok(!request.fields.tokens('connection').includes(gone.toLowerCase()));
      assert.equal(request.get('x-stays'), '1');
    });
}

flow(shared, 'several Connection fields are all read', async (s) => {
  const origin = await s.origin();
  const client = await s.client();
  await client.ask(`${origin.url}/`, ['Connection: X-A', 'X-A: 1', 'X-B: 2', 'Connection: X-B']);
  assert.ok(!origin.requests[0].fields.has('x-a'));
  assert.ok(!origin.requests[0].fields.has('x-b'));
});

for (const [name, fields, gone] of [
  ['Connection and what it names', ['Connection: X-Gone, close', 'X-Gone: 1'], ['X-Gone']],
  ['Keep-Alive', ['Connection: keep-alive', 'Keep-Alive: timeout=77'], []],
  ['Proxy-Connection', ['Proxy-Connection: keep-alive'], ['Proxy-Connection']],
  ['Proxy-Authenticate', ['Proxy-Authenticate: Basic realm="x"'], ['Proxy-Authenticate']],
  ['Proxy-Authentication-Info', ['Proxy-Authentication-Info: a=b'], ['Proxy-Authentication-Info']],
  ['Upgrade without 101', ['Connection: Upgrade', 'Upgrade: h2c'], ['Upgrade']],
  ['TE', ['TE: x'], ['TE']],
]) {
  served(shared, `response: ${name} stays here`, (o) => get(`${o.url}/`), ({ response }) => {
    for (const field of gone) {
      assert.ok(!response.fields.has(field), `${field}: ${response.get(field)}`);
    }
    assert.ok(!(response.get('keep-alive') ?? '').includes('77'));
    assert.equal(response.get('x-stays'), '1');
  }, {
    serve: async (c) => {
      await c.request();
      await c.send(answer('ok', { fields: [...fields, 'X-Stays: 1'] }));
    },
  });
}

flow(shared, 'a response cannot have its framing fields removed by Connection', async (s) => {
  const origin = await s.origin(async (c) => {
    await c.request();
    await c.send(answer('hello', { fields: ['Connection: Content-Length, Content-Type', 'Content-Type: text/x'] }));
  });
  const client = await s.client();
  const response = await client.ask(`${origin.url}/`);
  assert.ok([200, 502].includes(response.status));
  if (response.status === 200) {
    assert.equal(response.text, 'hello');
  }
});

// Via: a pseudonym, no version, no host name (RFC 9110, 7.6.3).
function pseudonym(via) {
  const m = /^1\.1 ([!#$%&'*+\-.^_`|~0-9A-Za-z]+)$/.exec(via.split(', ').at(-1));
  assert.ok(m, `Via: ${via}`);
  return m[1];
}

served(shared, 'Via is added both ways, by a pseudonym that tells nothing',
  (o) => get(`${o.url}/`), ({ request, response }) => {
    const name = pseudonym(request.get('via'));
    assert.equal(pseudonym(response.get('via')), name);
    assert.ok(!/pared\/|127\.0|localhost|:\d/.test(request.get('via')), request.get('via'));
  });

served(shared, 'Via of those before us is kept in order',
  (o) => get(`${o.url}/`, ['Via: 1.0 fred, 1.1 p.example.net (comment)', 'Via: 2 other']), ({ request, response }) => {
    assert.match(request.get('via'), /^1\.0 fred, 1\.1 p\.example\.net \(comment\), 2 other, 1\.1 \S+$/);
    assert.match(response.get('via'), /^1\.1 origin-side, 1\.1 \S+$/);
  }, {
    serve: async (c) => {
      await c.request();
      await c.send(answer('ok', { fields: ['Via: 1.1 origin-side'] }));
    },
  });

served(shared, 'Via tells the version received', (o) => get(`${o.url}/`, [], { version: '1.0' }),
  ({ request }) => assert.match(request.get('via'), /^1\.0 \S+$/), { sent: '1.0' });

flow(shared, 'our own pseudonym in Via is a loop: 508, wherever it stands', async (s) => {
  const origin = await s.origin();
  const client = await s.client();
  await client.ask(`${origin.url}/`);
  const own = pseudonym(origin.requests[0].get('via'));
  for (const via of [`1.1 ${own}`, `1.0 a, 1.1 ${own}`, `1.1 ${own}, 1.1 b`, `1.1 ${own} (comment)`,
    `HTTP/1.1 ${own}`, ` ,1.1  ${own}`]) {
    const c = await s.client();
    const response = await c.ask(`${origin.url}/loop`, [`Via: ${via}`]);
    assert.equal(response.status, 508, via);
    c.close();
  }
  const two = await s.client();
  assert.equal((await two.ask(`${origin.url}/loop`, ['Via: 1.1 a', `Via: 1.1 ${own}`])).status, 508);
  assert.equal(origin.requests.length, 1);
  // Only as a whole name, not inside a comment or another name.
  for (const via of [`1.1 x${own}`, `1.1 ${own}x`, `1.1 a (1.1 ${own})`]) {
    const c = await s.client();
    assert.equal((await c.ask(`${origin.url}/no-loop`, [`Via: ${via}`])).status, 200, via);
    c.close();
  }
  const tunnel = await (await s.client()).connectTo(origin.authority, [`Via: 1.1 ${own}`]);
  assert.equal(tunnel.status, 508);
});

flow(shared, 'two installations have two pseudonyms', async (s) => {
  const other = await Pared.start();
  try {
    const origin = await s.origin();
    await (await s.client()).ask(`${origin.url}/`);
    const client = await other.client();
    await client.ask(`${origin.url}/`);
    client.close();
    const [a, b] = origin.requests.map((r) => pseudonym(r.get('via')));
    assert.notEqual(a, b);
  } finally {
    await other.stop();
  }
});

// Max-Forwards (RFC 9110, 7.6.2) is for OPTIONS and TRACE.
flow(shared, 'OPTIONS with Max-Forwards 0 is answered here', async (s) => {
  const origin = await s.origin();
  const client = await s.client();
  const response = await client.ask(`${origin.url}/`, ['Max-Forwards: 0'], { method: 'OPTIONS' });
  assert.ok([200, 204].includes(response.status), `${response.status}`);
  assert.equal(origin.connections, 0);
});
served(shared, 'OPTIONS with Max-Forwards 5 goes on with 4',
  (o) => get(`${o.url}/`, ['Max-Forwards: 5'], { method: 'OPTIONS' }),
  ({ request }) => assert.deepEqual(request.all('max-forwards'), ['4']));
served(shared, 'Max-Forwards of other methods is left alone',
  (o) => get(`${o.url}/`, ['Max-Forwards: 0']),
  ({ request }) => assert.ok(['0', undefined].includes(request.get('max-forwards'))));
flow(shared, 'a malformed Max-Forwards is no number', async (s) => {
  for (const value of ['-1', 'x', '99999999999999999999', '', '1, 2']) {
    const origin = await s.origin();
    const client = await s.client();
    const response = await client.ask(`${origin.url}/`, [`Max-Forwards: ${value}`], { method: 'OPTIONS' });
    assert.ok([200, 204, 400].includes(response.status), `${value}: ${response.status}`);
    for (const request of origin.requests) {
      assert.ok(/^\d*$/.test(request.get('max-forwards') ?? '') || request.get('max-forwards') === value);
    }
  }
});
flow(shared, 'TRACE with Max-Forwards 0 is answered here, without secrets', async (s) => {
  const origin = await s.origin();
  const client = await s.client();
  const response = await client.ask(`${origin.url}/`,
    ['Max-Forwards: 0', 'Cookie: secret=1', 'Proxy-Authorization: Basic c2VjcmV0', 'Authorization: Basic c2VjcmV0'],
    { method: 'TRACE' });
  assert.ok([200, 405].includes(response.status), `${response.status}`);
  assert.ok(!/secret|c2VjcmV0/.test(response.text));
  assert.equal(origin.connections, 0);
});
flow(shared, 'TRACE is 405', async (s) => {
  const origin = await s.origin();
  for (const fields of [[], ['Max-Forwards: 5']]) {
    const client = await s.client();
    const response = await client.ask(`${origin.url}/`, fields, { method: 'TRACE' });
    assert.equal(response.status, 405);
    assert.ok(response.fields.has('allow'), 'RFC 9110, 15.5.6: 405 needs Allow');
  }
  assert.equal(origin.connections, 0);
});

served(shared, 'X-Forwarded-For and Forwarded of a client end here, and none is added',
  (o) => get(`${o.url}/`, ['X-Forwarded-For: 198.51.100.7', 'Forwarded: for=198.51.100.7']), ({ request }) => {
    assert.ok(!request.fields.has('x-forwarded-for'));
    assert.ok(!request.fields.has('forwarded'));
  });

served(shared, 'no connection to the origin is asked to end', (o) => get(`${o.url}/`, ['Connection: close']),
  ({ request }) => {
    // Connection: close is between client and us; upstream it is our choice.
    assert.ok(request.fields.tokens('connection').every((t) => ['close', 'keep-alive'].includes(t)));
  });
